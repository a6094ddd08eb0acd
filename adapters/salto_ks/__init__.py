"""The adapter of Salto KS: tenants as site users, units as access groups, gate codes made by the vendor."""

from adapters.salto_ks.adapter import SaltoAdapter
from adapters.salto_ks.mapping import capabilities_of
from adapters.salto_ks.options import SaltoOptions
from bridge.sdk import AdapterSpec

ADAPTER = AdapterSpec(
    key="salto_ks",
    title="Salto KS",
    field_prefix="salto",
    options=SaltoOptions,
    capabilities=capabilities_of,
    open=SaltoAdapter,
    suite="adapters.salto_ks.suite",
)

__all__ = ["ADAPTER"]
