"""What an access-control vendor's plug-in is, and what it is handed.

An adapter observes and applies. Policy, codes, retries, pacing and redaction belong to the bridge.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import httpx
from pydantic import BaseModel

from bridge.domain.capabilities import Capabilities
from bridge.domain.changes import Change, Observed
from bridge.domain.credential import GateCode
from bridge.domain.ids import SiteId, SubjectKey, TargetId
from bridge.domain.tenancy import Tenant
from bridge.ports.feed import Feed
from bridge.ports.findings import Finding
from bridge.ports.shelf import NO_SHELF, Shelf

Ref = Mapping[str, Any]
"""What the adapter wants to find again: vendor ids, as JSON. The bridge keeps it for a subject and hands it back."""


class Checkpoint(Protocol):
    """What a change has come to, kept at once, so that a retry after a crash adopts it."""

    async def keep_ref(self, ref: Ref) -> None:
        """Keep a new reference. Called after each thing made at the vendor."""

    async def keep_code(self, code: GateCode) -> None:
        """Keep the gate code that the vendor made, before anything else is done: it may never be told again.

        Only for adapters whose vendor makes the codes. Raises `Conflict`, to be passed on, when another tenant has it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a change is for. `key` is the same for ever and unlike any other's: the anchor to find what exists."""

    key: str
    subject: SubjectKey
    tenant: Tenant


def person_key(subject: SubjectKey) -> str:
    """Return the anchor of a subject's person at the vendor: the same for ever, and no other subject's."""
    return f"{subject.connection}:{subject.site}:{subject.tenant}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A door, group, lock or unit as the vendor lists it: what a unit of the platform can be mapped to.

    `id` goes into the unit's field, `name` is what people call it at the vendor, `kind` is the vendor's word for it.
    """

    id: TargetId
    name: str
    kind: str


class Adapter(Protocol):
    """One vendor account at one site. Every method may raise any error of `bridge.domain.errors`, and no other."""

    async def check(self) -> Sequence[Finding]:
        """Return what an operator should know of the account: reachable, right key, right site. Changes nothing."""

    async def targets(self) -> Sequence[Target]:
        """Return what a unit can be mapped to. Changes nothing. Raises `Unsupported` where the vendor lists none."""

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        """Return what the vendor has for this person now. An unreadable answer is an error, never an empty one.

        `targets` are all that the bridge wants for them, has opened or may have opened: where to look, at a vendor that
        keeps its codes by door. One that lists by person looks everywhere.
        """

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        """Bring about `change` and return the reference as it now is.

        Idempotent, and resumable from any `ref` that was checkpointed, or from none: what exists already under the
        person's key is adopted, what is gone already is done. Raises `Conflict` when somebody else has the code.

        A change without a target is of the whole person. Where the vendor makes the codes, a grant to somebody new and
        a `change_code` carry none: the adapter tells the one that was made through the checkpoint.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterContext:
    """What an adapter is opened with, beside its options: the platform's site id, and clients that are ready to use.

    `client_for` makes one that is pinned to the scheme, host and port of a base URL and is closed by the bridge: one
    for the vendor's API, perhaps another for where one signs in. `shelf` is the site's part of the bridge's own store,
    for what a vendor does not keep itself.
    """

    site: SiteId
    client_for: Callable[[str], httpx.AsyncClient]
    shelf: Shelf = NO_SHELF


OptionsT = TypeVar("OptionsT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSpec(Generic[OptionsT]):
    """An adapter, declared as a value.

    `suite` is the dotted name of the module whose `Test...` classes certify it; `quality.toml` and README lie beside.
    `feed` opens what controllers fetch, where that is how they hear of the adapter's work; it has the same shelf.
    """

    key: str
    title: str
    field_prefix: str
    options: type[OptionsT]
    capabilities: Callable[[OptionsT], Capabilities]
    open: Callable[[OptionsT, AdapterContext], Adapter]
    suite: str = ""
    feed: Callable[[OptionsT, AdapterContext], Feed] | None = None
