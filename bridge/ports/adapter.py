"""What an access-control vendor's plug-in is, and what it is handed.

An adapter observes and applies. Policy, codes, retries, pacing and redaction belong to the bridge.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import httpx
from pydantic import BaseModel

from bridge.domain.credential import CodeRules
from bridge.domain.ids import SiteId, SubjectKey
from bridge.domain.plan import Change, Observed
from bridge.domain.tenancy import Tenant
from bridge.ports.findings import Finding

Ref = Mapping[str, Any]
"""What the adapter wants to find again: vendor ids, as JSON. The bridge keeps it for a subject and hands it back."""

Checkpoint = Callable[[Ref], Awaitable[None]]
"""Keeps a new reference at once. Called after each thing made at the vendor, so that a retry adopts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a change is for. `key` is the same for ever and unlike any other's: the anchor to find what exists."""

    key: str
    subject: SubjectKey
    tenant: Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the vendor can do, as far as the bridge acts on it."""

    code_rules: CodeRules
    reads_codes: bool
    """`observe` shows the gate code, so that a changed one is seen."""


class Adapter(Protocol):
    """One vendor account at one site. Every method may raise any error of `bridge.domain.errors`, and no other."""

    async def check(self) -> Sequence[Finding]:
        """Return what an operator should know of the account: reachable, right key, right site. Changes nothing."""

    async def observe(self, person: Person, ref: Ref | None) -> Observed:
        """Return what the vendor has for this person now. An unreadable answer is an error, never an empty one."""

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        """Bring about `change` and return the reference as it now is.

        Idempotent, and resumable from any `ref` that was checkpointed, or from none: what exists already under the
        person's key is adopted, what is gone already is done. Raises `Conflict` when somebody else has the code.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterContext:
    """What an adapter is opened with, beside its options: the platform's site id and a client that is ready to use."""

    site: SiteId
    client: httpx.AsyncClient


OptionsT = TypeVar("OptionsT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSpec(Generic[OptionsT]):
    """An adapter, declared as a value. `base_url` tells the host that its client is pinned to."""

    key: str
    title: str
    field_prefix: str
    options: type[OptionsT]
    capabilities: Capabilities
    base_url: Callable[[OptionsT], str]
    open: Callable[[OptionsT, AdapterContext], Adapter]
