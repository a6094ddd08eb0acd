"""The adapter of PTI StorLogix Cloud, through Seam: a unit and an access level for each tenant."""

from adapters.pti.adapter import PtiAdapter
from adapters.pti.mapping import capabilities_of
from adapters.pti.options import PtiOptions
from bridge.sdk import AdapterSpec

ADAPTER = AdapterSpec(
    key="pti",
    title="PTI StorLogix Cloud",
    field_prefix="pti",
    options=PtiOptions,
    capabilities=capabilities_of,
    open=PtiAdapter,
    suite="adapters.pti.suite",
)

__all__ = ["ADAPTER"]
