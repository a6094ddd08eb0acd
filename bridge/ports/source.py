"""What a platform's plug-in is: it verifies and reads deliveries, and speaks with the platform's API."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Final, Generic, Protocol, TypeVar

import httpx
from pydantic import BaseModel

from bridge.domain.credential import GateCode
from bridge.domain.deliveries import ClaimedDelivery, Sighting
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, UnitId
from bridge.domain.tenancy import FieldWrites, Resync, Snapshot, Unit
from bridge.domain.whom import Whom
from bridge.ports.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What is read of a body before it is stored. `unusable` says why nothing more can be had of it.

    `can_wait` says that nobody stands at a gate for it: in a burst, deliveries that cannot wait go ahead.
    """

    event_id: str
    event_type: str
    unusable: str | None = None
    is_test: bool = False
    can_wait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFields:
    """Our fields of a rental as an event's look-up found them, to tell an echo of our own write."""

    code: GateCode | None
    status: str | None
    resync: Resync | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a delivery is about. `ignored` says why nothing follows from it.

    `transfers` maps a left rental to its successor. `echoes` holds, for rentals of which the event says that only
    fields that we write have changed, what stands in those fields. `unresolved` are rentals that could not be read: the
    others are marked, and the delivery is tried again for these. Every tenant that is known at a site of `sweeps` is
    looked at again. `closes` says that doors are likely to be closed for it.
    """

    sightings: tuple[Sighting, ...] = ()
    transfers: Mapping[RentalId, RentalId] = field(default_factory=dict)
    echoes: Mapping[RentalId, OwnFields] = field(default_factory=dict)
    unresolved: tuple[RentalId, ...] = ()
    sweeps: tuple[SiteId, ...] = ()
    closes: bool = False
    ignored: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffTask:
    """Something for a person at the site. Plain text; no gate code."""

    site: SiteId
    unit: UnitId
    title: str
    text: str


class Verifier(Protocol):
    """The receiver's side: pure, no I/O, bounded work."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Return if the delivery proves its sender, else raise `Refused`; nothing else is ever raised.

        `headers` has lower-case names; values are as received, decoded as Latin-1.
        """

    def read_envelope(self, body: bytes) -> Envelope:
        """Return id and type of a verified body; one that cannot be read is an `unusable` envelope, never an error."""


class Reader(Protocol):
    async def resolve(self, delivery: ClaimedDelivery) -> Resolution:
        """Look up what the delivery is about. Raises `BridgeError`s only."""


NOWHERE: Final[Mapping[RentalId, SiteId]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteListing:
    """The rentals that may earn access at a site, as the pages of the platform's list have them, each once.

    `snapshots` say of a tenant what `TruthReader.snapshot` would say, as far as their listed rentals go; of a tenant
    without one the list says too little. `repeated` rows came again, so others may not have come at all. A rental that
    is missing here proves nothing: it is read by its id.
    """

    site: SiteId
    sightings: tuple[Sighting, ...]
    snapshots: Mapping[SubjectKey, Snapshot] = field(default_factory=dict)
    repeated: int = 0


class Lister(Protocol):
    async def list_site(self, site: SiteId) -> SiteListing:
        """Return every rental at the site that is occupied or in a state that is not known; never a call a tenant.

        Raises `Anomaly` where an answer contradicts the question or a row does not say whose it is, `Rejected` for a
        site that is not configured, and whatever a call raises: a part of the pages is never returned.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedJob:
    """A job that a rental's row names. `told_by` are the types of the deliveries by which it would be heard of."""

    id: str
    told_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRental:
    """A rental that the platform lists as changed. `updated` is when, by the platform's clock, in UTC.

    `may_earn`: it is occupied, or in a state that is not known.
    """

    sighting: Sighting
    updated: datetime
    may_earn: bool
    jobs: tuple[NamedJob, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveJob:
    """A move as its job tells it. `changed_at` is by the platform's clock, in UTC; None where the job does not say.

    `is_over`: its last delivery is sent, or was given up. Of a transfer, `transfers` maps the left rental to its
    successor, and `sightings` are those of the two that are at configured sites.
    """

    is_over: bool
    changed_at: datetime | None
    sightings: tuple[Sighting, ...] = ()
    transfers: Mapping[RentalId, RentalId] = field(default_factory=dict)


class ChangeLister(Protocol):
    """What was missed is looked for here. A source that cannot be asked raises `Unsupported`: its sites are swept."""

    async def list_changed(self, site: SiteId, *, after: datetime) -> Sequence[ChangedRental]:
        """Return the rentals of the site, in any state that the platform shows, changed after this time of its clock.

        Each once, in no order. Raises what `Lister.list_site` does: a part of a list is never returned.
        """

    async def read_job(self, site: SiteId, job: str) -> MoveJob | None:
        """Return what the job says, or None where it is gone or no move.

        Raises `Anomaly` or `Rejected` where it cannot be read, and whatever a call raises.
        """


class UnitLister(Protocol):
    async def list_units(self, site: SiteId) -> Sequence[Unit]:
        """Return every unit of the site that can be rented, as staff have mapped it: what an operator maps to doors.

        Raises `Anomaly` where an answer contradicts the question or a row cannot be read, `Rejected` for a site that is
        not configured, and whatever a call raises: a part of a list is never returned.
        """


class TruthReader(Protocol):
    async def snapshot(
        self,
        subject: SubjectKey,
        known: Mapping[RentalId, UnitId | None],
        elsewhere: Mapping[RentalId, SiteId] = NOWHERE,
    ) -> Snapshot:
        """Read the tenant at the site: what the platform lists, and each of `known` that it did not list, by its id.

        A rental that cannot be read, or one of `known` that is not found, is in `unreadable`, with a reason that names
        the id and nothing private; the others are told all the same. `known` tells the unit that each had: one of which
        nothing can be read, and whose unit somebody else rents now, is told as ended. One that lost its unit, in a
        state that earns nothing, is told with a unit whose id is empty.

        `elsewhere` are rentals of the tenant at other sites of the connection: those that can be read are told too.

        Raises `Anomaly` where a listed answer contradicts the question or another one, `Unreachable`, `RateLimited` or
        `Unauthorized` where any call ends so; `NeedsStaff` never.
        """


class Platform(TruthReader, Protocol):
    async def write_back(self, writes: FieldWrites, *, site: SiteId) -> None:
        """Set our fields on one rental; the caller passes only what differs."""

    async def raise_task(self, task: StaffTask) -> str:
        """Put a task before staff and return the platform's id of it."""

    async def close_task(self, task_id: str, *, site: SiteId) -> bool:
        """Complete a task that `raise_task` made and nobody has closed, and tell whether this call did so.

        Closing twice is harmless. A task that is gone or over, and anything that is no task, is left as it is.
        """

    async def check(self) -> Sequence[Finding]:
        """Return what an operator should know of key, secret, sites, fields and unit mapping. Changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Whose rentals answer a question, at configured sites. `units` are those that were asked for, by id or name.

    Where several units have the name, nobody is told.
    """

    sightings: tuple[Sighting, ...] = ()
    units: tuple[UnitId, ...] = ()


class Locator(Protocol):
    async def locate(self, whom: Whom) -> Located:
        """Ask the platform whose rentals these are now, for people; whom it does not know is an empty answer.

        What was typed need not be an id. Raises `BridgeError`s only.
        """


class Source(Verifier, Reader, Lister, ChangeLister, UnitLister, Platform, Locator, Protocol):
    """All faces of one connection. Those who use one ask for that one only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSite:
    """A site as its source needs it."""

    id: SiteId
    field_prefix: str
    zone: tzinfo
    addon_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceContext:
    """What a source is opened with, beside its options.

    `client_for` makes a client that is pinned to the scheme, host and port of a base URL and is closed by the bridge.
    """

    connection: ConnectionName
    sites: Sequence[SourceSite]
    client_for: Callable[[str], httpx.AsyncClient]


OptionsT = TypeVar("OptionsT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec(Generic[OptionsT]):
    """A source, declared as a value."""

    key: str
    title: str
    options: type[OptionsT]
    kept_headers: tuple[str, ...]
    """Lower-case names of headers that are stored with a delivery; never a signature's or a key's."""
    open: Callable[[OptionsT, SourceContext], Source]
