"""What an operator configures for a Storeganise account."""

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from bridge.sdk import ConfigurationError, HeaderKey, Options, SecretText, base_url

MIN_PAGE: Final = 20
MAX_PAGE: Final = 1000
_TAILS: Final = ("/api/v1/admin", "/api/v1", "/api")


def api_root(text: str) -> str:
    """Return the account's API root, ending in `/api/`, of any of the spellings that people copy from somewhere.

    With or without a trailing slash, `/api`, `/api/v1` or `/api/v1/admin` (reference, section 1). Raises `ValueError`.
    """
    try:
        url = base_url(text, key="")
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    path = url.path.rstrip("/")
    for tail in _TAILS:
        if path.endswith(tail):
            path = path.removesuffix(tail)
            break
    return str(url.copy_with(path=f"{path}/api/"))


class CloseTasks(StrEnum):
    """What becomes of a task for staff when what it asks for is done."""

    COMPLETE_STEPS = "complete_steps"
    """Its open steps are completed; not proved on a live account."""
    LEAVE = "leave"
    """Staff close it."""


class CatchUpBy(StrEnum):
    """How what has changed is asked for. What `updatedAfter` covers is not documented."""

    ENDED_APART = "ended_apart"
    """Ended rentals have a list of their own, since one that asks for no state may hide them."""
    ONE_LIST = "one_list"
    """One list shows the ended ones too: a call less."""
    OFF = "off"
    """Nothing is asked; the sweep finds what was missed."""


class StoreganiseOptions(Options):
    """One account. Keys travel to `base_url` only, whatever a delivery says."""

    base_url: Annotated[str, AfterValidator(api_root)]
    api_key: HeaderKey | None = None
    """Made in Settings > Developer by a manager, with the admin role."""
    addon_key: HeaderKey | None = None
    """The add-on's secret key, where the bridge is installed as an add-on."""
    webhook_secrets: Annotated[tuple[SecretText, ...], Field(min_length=1)]
    """Several while one is being rotated; any of them is accepted."""
    close_tasks: CloseTasks = CloseTasks.COMPLETE_STEPS
    catch_up: CatchUpBy = CatchUpBy.ENDED_APART
    list_page: Annotated[int, Field(ge=MIN_PAGE, le=MAX_PAGE)] = 100
    """So many rentals, each with unit and tenant, are asked for with one call of a sweep or a plan of a whole site. The
    platform asks for fewer than 50 in such lists; others who do so ask for 1000."""

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.api_key is None and self.addon_key is None:
            raise ValueError("api_key or addon_key is needed")
        return self
