"""A site as the core works on it."""

from dataclasses import dataclass, field

from bridge.domain.budgets import SiteBudgets
from bridge.domain.capabilities import Capabilities
from bridge.domain.ids import ConnectionName, SiteId
from bridge.domain.policy import SitePolicy
from bridge.ports.adapter import Adapter


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedSite:
    """What brings one site in step: its rules, and the vendor that holds its doors."""

    connection: ConnectionName
    id: SiteId
    policy: SitePolicy
    adapter: Adapter
    adapter_key: str
    capabilities: Capabilities
    field_prefix: str
    budgets: SiteBudgets = field(default_factory=SiteBudgets)
    """Without any, nothing is held."""
    is_shadow: bool = False
    """Everything is read and planned, and nothing is written."""
