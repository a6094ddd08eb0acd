"""PTI is an access system behind Seam like others, with rules of its own: all of them are in its profile."""

from adapters.pti.mapping import profile_of
from adapters.pti.options import PtiOptions
from adapters.seam_acs.adapter import AccessSystem
from bridge.sdk import AdapterContext


class PtiAdapter(AccessSystem):
    def __init__(self, options: PtiOptions, context: AdapterContext) -> None:
        super().__init__(options, profile_of(options), context)
