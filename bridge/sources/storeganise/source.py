"""One Storeganise account, with the faces that the bridge asks of a source."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bridge.sdk import (
    NOWHERE,
    ChangedRental,
    ClaimedDelivery,
    Envelope,
    FieldWrites,
    Finding,
    HmacHeader,
    Located,
    MoveJob,
    Rejected,
    RentalId,
    Resolution,
    SiteId,
    SiteListing,
    Snapshot,
    SourceContext,
    StaffTask,
    SubjectKey,
    Unit,
    UnitId,
    Whom,
)
from bridge.sources.storeganise.addons import Addons
from bridge.sources.storeganise.changes import ChangeReader
from bridge.sources.storeganise.check import AccountCheck
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.envelope import read_envelope
from bridge.sources.storeganise.keyring import Keyring
from bridge.sources.storeganise.listing import SiteLister
from bridge.sources.storeganise.locate import RentalLocator
from bridge.sources.storeganise.options import CloseTasks, StoreganiseOptions
from bridge.sources.storeganise.resolve import DeliveryResolver
from bridge.sources.storeganise.snapshot import SnapshotReader
from bridge.sources.storeganise.tasks import complete_task, post_task
from bridge.sources.storeganise.units import list_units
from bridge.sources.storeganise.users import UserRentals
from bridge.sources.storeganise.write_back import write_fields

SIGNATURE_HEADER = "sg-signature"


class StoreganiseSource:
    """Raises `ConfigurationError` where options and sites cannot work together."""

    def __init__(self, options: StoreganiseOptions, context: SourceContext) -> None:
        self._connection = context.connection
        self._close_tasks = options.close_tasks
        self._sites = {site.id: site for site in context.sites}
        self._keyring = Keyring(options, context.sites, context.connection)
        self._verifier = HmacHeader(header=SIGNATURE_HEADER, secrets=options.webhook_secrets)
        self._api = StoreganiseApi(context.client_for(options.base_url))
        self._resolver = DeliveryResolver(
            connection=context.connection,
            root=options.base_url,
            sites=context.sites,
            api=self._api,
            addons=Addons(context.sites, self._keyring, self._api),
            users=UserRentals(sites=context.sites, api=self._api, keyring=self._keyring),
        )
        self._snapshots = SnapshotReader(sites=context.sites, api=self._api, keyring=self._keyring)
        self._lister = SiteLister(
            connection=context.connection, api=self._api, keyring=self._keyring, page=options.list_page
        )
        self._locator = RentalLocator(
            connection=context.connection, sites=context.sites, api=self._api, keyring=self._keyring
        )
        self._changes = ChangeReader(
            connection=context.connection,
            sites=context.sites,
            api=self._api,
            keyring=self._keyring,
            by=options.catch_up,
        )
        self._check = AccountCheck(
            sites=context.sites, api=self._api, keyring=self._keyring, secrets=len(options.webhook_secrets)
        )

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        self._verifier.verify(headers, body)

    def read_envelope(self, body: bytes) -> Envelope:
        return read_envelope(body)

    async def resolve(self, delivery: ClaimedDelivery) -> Resolution:
        return await self._resolver.resolve(delivery)

    async def list_site(self, site: SiteId) -> SiteListing:
        if site not in self._sites:
            raise Rejected(f"site {site} is not configured")
        return await self._lister.read(self._sites[site])

    async def list_changed(self, site: SiteId, *, after: datetime) -> Sequence[ChangedRental]:
        if site not in self._sites:
            raise Rejected(f"site {site} is not configured")
        return await self._changes.list_changed(site, after=after)

    async def read_job(self, site: SiteId, job: str) -> MoveJob | None:
        if site not in self._sites:
            raise Rejected(f"site {site} is not configured")
        return await self._changes.read_job(site, job)

    async def list_units(self, site: SiteId) -> Sequence[Unit]:
        if site not in self._sites:
            raise Rejected(f"site {site} is not configured")
        return await list_units(self._sites[site], self._api, self._keyring.of_site(site))

    async def snapshot(
        self,
        subject: SubjectKey,
        known: Mapping[RentalId, UnitId | None],
        elsewhere: Mapping[RentalId, SiteId] = NOWHERE,
    ) -> Snapshot:
        return await self._snapshots.read(subject, known, elsewhere)

    async def locate(self, whom: Whom) -> Located:
        return await self._locator.locate(whom)

    async def write_back(self, writes: FieldWrites, *, site: SiteId) -> None:
        if site not in self._sites:
            raise Rejected(f"site {site} is not configured")
        await write_fields(writes, site=self._sites[site], api=self._api, keyring=self._keyring)

    async def raise_task(self, task: StaffTask) -> str:
        return await post_task(task, self._api, self._keyring.of_site(task.site))

    async def close_task(self, task_id: str, *, site: SiteId) -> bool:
        if self._close_tasks is CloseTasks.LEAVE:
            return False
        return await complete_task(task_id, self._api, self._keyring.of_site(site))

    async def check(self) -> Sequence[Finding]:
        return await self._check.findings()
