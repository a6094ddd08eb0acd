"""The adapter that is made by configuration alone: for vendors whose documents are not public."""

from adapters.generic_http.adapter import GenericHttpAdapter
from adapters.generic_http.mapping import capabilities_of
from adapters.generic_http.options import GenericHttpOptions
from bridge.sdk import AdapterSpec

ADAPTER = AdapterSpec(
    key="generic_http",
    title="Any vendor, by configuration",
    field_prefix="access",
    options=GenericHttpOptions,
    capabilities=capabilities_of,
    open=GenericHttpAdapter,
    suite="adapters.generic_http.suite",
)

__all__ = ["ADAPTER"]
