"""The adapter of access systems behind Seam: Brivo, Salto KS and others; PTI has a preset of its own."""

from adapters.seam_acs.adapter import SeamAcsAdapter
from adapters.seam_acs.mapping import capabilities_of
from adapters.seam_acs.options import SeamAcsOptions
from bridge.sdk import AdapterSpec

ADAPTER = AdapterSpec(
    key="seam_acs",
    title="Access systems through Seam",
    field_prefix="acs",
    options=SeamAcsOptions,
    capabilities=capabilities_of,
    open=SeamAcsAdapter,
    suite="adapters.seam_acs.suite",
)

__all__ = ["ADAPTER"]
