"""What an operator configures for a PTI site, beside the account at Seam."""

from typing import Annotated

from pydantic import Field

from adapters.seam_acs.options import AccessSystemOptions, TargetsBy


class PtiOptions(AccessSystemOptions):
    targets: TargetsBy = TargetsBy.NAME
    access_level: Annotated[str, Field(min_length=1)]
    """The name or Seam's id of the access level (doors and hours) that every tenant gets beside the unit."""
