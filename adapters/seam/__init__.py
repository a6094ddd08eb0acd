"""The adapter of Seam's access codes: stand-alone locks with a keypad, of many makes."""

from adapters.seam.adapter import SeamAdapter
from adapters.seam.mapping import capabilities_of
from adapters.seam.options import SeamCodesOptions
from bridge.sdk import AdapterSpec

ADAPTER = AdapterSpec(
    key="seam",
    title="Seam access codes",
    field_prefix="seam",
    options=SeamCodesOptions,
    capabilities=capabilities_of,
    open=SeamAdapter,
    suite="adapters.seam.suite",
)

__all__ = ["ADAPTER"]
