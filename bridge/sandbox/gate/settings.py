"""How a simulated gate behaves from its start."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.domain.credential import Secret
from bridge.sandbox.gate.faults import Fault
from bridge.sandbox.gate.kind import GateKind


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """`strict` names the only sites and targets there are; without it, both exist as soon as somebody names them.

    `capacity` is the greatest number of people at a site. `latency` is in seconds and delays every call of the API.
    """

    api_key: Secret | None = None
    strict: Mapping[str, frozenset[str]] | None = None
    kind: GateKind = field(default_factory=GateKind)
    capacity: int | None = None
    page_size: int = 50
    latency: float = 0.0
    faults: tuple[Fault, ...] = ()
