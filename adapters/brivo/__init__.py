"""The adapter of Brivo Access: a tenant is a user with a PIN, a unit is a group."""

from adapters.brivo.adapter import BrivoAdapter
from adapters.brivo.mapping import capabilities_of
from adapters.brivo.options import BrivoOptions
from bridge.sdk import AdapterSpec

ADAPTER = AdapterSpec(
    key="brivo",
    title="Brivo Access",
    field_prefix="brivo",
    options=BrivoOptions,
    capabilities=capabilities_of,
    open=BrivoAdapter,
    suite="adapters.brivo.suite",
)

__all__ = ["ADAPTER"]
