"""The webhook sender, with the platform's rules: 2 seconds, exactly 200, three tries, then the job has failed.

Deliveries go out independently of each other; nothing is promised about their order (reference, section 2.4).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from random import Random
from time import perf_counter
from typing import Final

import httpx
import structlog

from bridge.sandbox.platform.envelope import names_job, render, sign
from bridge.sandbox.platform.event import Event
from bridge.sandbox.platform.faults import FaultPlan, Faults
from bridge.sandbox.platform.journal import Attempt, Journal, Sending, SendingState
from bridge.sandbox.platform.settings import Hook, PlatformSettings
from bridge.sandbox.platform.world import World

CONTENT_TYPE: Final = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is posted: the same bytes at each try."""

    sending: Sending
    hook: Hook
    body: bytes


class Sender:
    """Sends every event of `world` from its making on; what happens while it does not run waits for `running`.

    `client` replaces the network in tests; it is not closed. Use from one event loop.
    """

    def __init__(self, world: World, settings: PlatformSettings, *, client: httpx.AsyncClient | None = None) -> None:
        self.faults = Faults(FaultPlan(latency=settings.latency))
        self.journal = Journal()
        self._world = world
        self._settings = settings
        self._hooks = list(settings.hooks)
        self._given = client
        self._client: httpx.AsyncClient | None = None
        self._waiting: list[Parcel] = []
        self._gathered: list[Parcel] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(settings.senders)
        self._chance = Random(settings.seed)  # noqa: S311 - simulated misfortune that can be repeated, not a secret
        self._log = structlog.get_logger()
        world.books.subscribe(self.accept)

    @property
    def hooks(self) -> Sequence[Hook]:
        return tuple(self._hooks)

    def add_hook(self, hook: Hook) -> None:
        """Send to `hook` too, from now on."""
        self._hooks.append(hook)

    def remove_hooks(self, url: str) -> int:
        """Send to `url` no more, and return how many hooks that ended."""
        kept = [hook for hook in self._hooks if hook.url != url]
        gone = len(self._hooks) - len(kept)
        self._hooks = kept
        return gone

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send while the context lasts; what is under way at its end is given up."""
        own = None if self._given is not None else httpx.AsyncClient(trust_env=False, follow_redirects=False)
        self._client = self._given or own
        waiting, self._waiting = self._waiting, []
        for parcel in waiting:
            self._dispatch(parcel)
        try:
            yield
        finally:
            self._client = None
            await self._give_up()
            if own is not None:
                await own.aclose()

    def accept(self, event: Event) -> None:
        """Send `event` to each hook that wants its type: the first one under the event's own id."""
        wanting = [hook for hook in self._hooks if event.type in hook.events]
        for place, hook in enumerate(wanting):
            event_id = event.id if place == 0 else self._world.books.ids.make()
            job_id = self._world.job_about(event) if names_job(event, hook.variant) else event.job_id
            sending = self.journal.open(
                event_id=event_id,
                event_type=event.type,
                url=hook.url,
                variant=hook.variant,
                job_id=job_id,
                created=datetime.now(UTC),
            )
            body = render(event, event_id, hook, self._settings, job_id)
            self._dispatch(Parcel(sending=sending, hook=hook, body=body))

    async def idle(self) -> None:
        """Return when nothing is under way; deliveries that were gathered to be shuffled go out at once."""
        while self._tasks or self._gathered:
            self._release()
            await asyncio.wait(set(self._tasks))

    def _dispatch(self, parcel: Parcel) -> None:
        plan = self.faults.plan
        if self._client is None:
            self._waiting.append(parcel)
        elif self._chance.random() < plan.drop:
            self.journal.settle(parcel.sending.number, SendingState.DROPPED)
            self._log.info("webhook.dropped", event_id=parcel.sending.event_id)
        elif plan.reorder > 1:
            self._gathered.append(parcel)
            if len(self._gathered) >= plan.reorder:
                self._release()
            elif self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(plan.reorder_wait, self._release)
        else:
            self._launch([parcel])

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._gathered:
            shuffled, self._gathered = self._gathered, []
            self._chance.shuffle(shuffled)
            self._launch(shuffled)

    def _launch(self, parcels: Sequence[Parcel]) -> None:
        """Send in this order, each after the other; what is launched apart runs side by side."""
        for _ in range(2 if self.faults.plan.duplicate else 1):
            task = asyncio.get_running_loop().create_task(self._send_all(parcels))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("webhook.crashed", error=type(error).__name__)

    async def _send_all(self, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            await asyncio.sleep(self.faults.plan.delay)
            await self._send(parcel)

    async def _send(self, parcel: Parcel) -> None:
        number, log = parcel.sending.number, self._log.bind(event_id=parcel.sending.event_id)
        for place in range(self._settings.tries):
            if place:
                await asyncio.sleep(self._settings.retry_spacing)
            attempt = await self._post(parcel)
            self.journal.add_attempt(number, attempt)
            if attempt.status == HTTPStatus.OK:
                self.journal.settle(number, SendingState.DELIVERED)
                return
            log.info("webhook.not_accepted", attempt=place + 1, status=attempt.status, error=attempt.error)
        if self.journal.settle(number, SendingState.FAILED) is SendingState.DELIVERED:
            return
        if parcel.sending.job_id is not None:
            self._world.fail_job(parcel.sending.job_id)
        log.warning("webhook.failed", job=parcel.sending.job_id)

    async def _post(self, parcel: Parcel) -> Attempt:
        at, began = datetime.now(UTC), perf_counter()
        status, error = None, None
        headers = {"content-type": CONTENT_TYPE, "sg-signature": sign(parcel.hook.secret, parcel.body)}
        async with self._slots:
            began = perf_counter()
            try:
                async with asyncio.timeout(self._settings.answer_within):
                    status = (
                        await self._ready().post(parcel.hook.url, content=parcel.body, headers=headers)
                    ).status_code
            except TimeoutError:
                error = "no answer in time"
            except (httpx.HTTPError, httpx.InvalidURL) as caught:
                error = type(caught).__name__
        took = (perf_counter() - began) * 1000
        return Attempt(at=at, status=status, milliseconds=round(took, 1), error=error)

    def _ready(self) -> httpx.AsyncClient:
        if self._client is None:
            raise httpx.TransportError("the sender is stopping")
        return self._client

    async def _give_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting, self._gathered = [*self._waiting, *self._gathered], []
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
