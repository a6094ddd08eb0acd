"""The adapter of OpenTech's INSOMNIAC CIA: units, tenants, codes and overlock as the gate itself knows them."""

from adapters.opentech_cia.adapter import CiaAdapter
from adapters.opentech_cia.mapping import capabilities_of
from adapters.opentech_cia.options import CiaOptions
from bridge.sdk import AdapterSpec

ADAPTER = AdapterSpec(
    key="opentech_cia",
    title="OpenTech INSOMNIAC CIA",
    field_prefix="opentech",
    options=CiaOptions,
    capabilities=capabilities_of,
    open=CiaAdapter,
    suite="adapters.opentech_cia.suite",
)

__all__ = ["ADAPTER"]
