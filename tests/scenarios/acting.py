"""What happens: each verb of a step, done to the simulated platform, the simulated gate or the bridge."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from bridge.domain.errors import Refused
from bridge.sandbox.platform import ApiFault, ApiFaultKind, BatchForm, EventType
from bridge.sandbox.platform.envelope import sign
from bridge.sandbox.platform.records import UnitState
from tests.scenarios import verbs
from tests.scenarios.names import CROWD, place
from tests.scenarios.stage import Stage
from tests.scenarios.story import BadScenario
from tests.service.cutting_off import cut_off
from tests.service.house import CONNECTION, SECRET
from tests.service.wire import Spoil

PATIENCE = 10.0
ADMIN = "/api/v1/admin/"


class OnPlatform:
    """What staff, tenants and the platform itself do there."""

    def __init__(self, stage: Stage) -> None:
        self._names = stage.names
        self._house = stage.house
        self._world = stage.house.world

    def move_in(self, said: verbs.MoveIn) -> None:
        tenant, unit = self._names.tenant(said.tenant), self._names.unit(said.unit)
        alone = said.completes == "by itself"
        self._names.call(said.rental, self._world.move_in(tenant.id, unit.id, said.start, auto_complete=alone).id)

    def complete_move_in(self, rental: str) -> None:
        self._world.complete_move_in(self._names.rental_id(rental))

    def cancel_move_in(self, rental: str) -> None:
        self._world.cancel_move_in(self._names.rental_id(rental))

    def change_start(self, said: verbs.OnDay) -> None:
        self._world.edit_rental(self._names.rental_id(said.rental), {}, start_date=said.on)

    def schedule_move_out(self, said: verbs.OnDay) -> None:
        self._world.schedule_move_out(self._names.rental_id(said.rental), said.on)

    def cancel_move_out(self, rental: str) -> None:
        self._world.cancel_move_out(self._names.rental_id(rental))

    def confirm_move_out(self, rental: str) -> None:
        self._world.confirm_move_out(self._names.rental_id(rental))

    def transfer(self, said: verbs.Transfer) -> None:
        rental, unit = self._names.rental_id(said.rental), self._names.unit(said.unit)
        self._names.call(said.becomes, self._world.transfer(rental, unit.id, said.on).id)

    def mark_overdue(self, rental: str) -> None:
        self._world.mark_overdue_batch(self._names.each(rental))

    def mark_overdue_together(self, rentals: tuple[str, ...]) -> None:
        self._world.mark_overdue_batch([self._names.rental_id(name) for name in rentals], BatchForm.ONE_EVENT)

    def pay(self, rental: str) -> None:
        for rental_id in self._names.each(rental):
            self._world.pay(rental_id)

    def owe(self, said: verbs.OnDay) -> None:
        for rental_id in self._names.each(said.rental):
            self._world.owe(rental_id, said.on)

    def edit(self, said: verbs.Edit) -> None:
        self._house.edit(self._names.rental_id(said.rental), **said.set, **dict.fromkeys(said.clear))

    def map_unit(self, said: verbs.MapUnit) -> None:
        self._world.edit_unit(self._names.unit(said.unit).id, {"gate_id": said.target or None})

    def block_unit(self, unit: str) -> None:
        """Take a unit out of letting; one that is rented is only marked, as it is for repairs."""
        found = self._names.unit(unit)
        if found.state is UnitState.AVAILABLE:
            self._world.block_unit(found.id, "repairs")
            return
        self._world.books.units.change(found.id, state=UnitState.BLOCKED)
        self._world.books.publish(EventType.UNIT_BLOCKED, unit=found.id)

    def unblock_unit(self, unit: str) -> None:
        found = self._names.unit(unit)
        if found.rental_id is None:
            self._world.unblock_unit(found.id)
            return
        self._world.books.units.change(found.id, state=UnitState.OCCUPIED)
        self._world.books.publish(EventType.UNIT_UNBLOCKED, unit=found.id)

    def edit_tenant(self, said: verbs.EditTenant) -> None:
        changes = said.model_dump(exclude={"tenant"}, exclude_none=True)
        self._world.edit_tenant(self._names.tenant(said.tenant).id, changes)

    def forget(self, rental: str) -> None:
        """Let the platform know nothing of the rental any more: it answers 404."""
        del self._world.books.rentals._rows[self._names.rental_id(rental)]

    def crowd(self, size: int) -> None:
        """Let many tenants move in, each into a unit of their own: rentals crowd-1, crowd-2 and so on."""
        site = self._names.unit("B-014").site_id
        for number in range(1, size + 1):
            unit = self._world.create_unit(site, f"C-{number:03}", fields={"gate_id": f"C-{number:03}"})
            tenant = self._world.create_tenant(
                first_name=f"Crowd{number}", last_name="Member", email=f"crowd{number}@example.net"
            )
            self._names.call(f"{CROWD}-{number}", self._world.move_in(tenant.id, unit.id).id)

    def daily_sign(self, _: bool) -> None:  # noqa: FBT001 - the file's own word
        self._world.tell_daily()

    def fault_platform(self, said: verbs.PlatformFault) -> None:
        fault = ApiFault(
            kind=ApiFaultKind(said.kind),
            remaining=said.calls,
            status=said.status,
            retry_after=said.retry_after,
            path=self._names.filled(said.path),
            method=said.method or "",
        )
        self._house.fault_platform(fault)

    def platform_answers(self, said: verbs.Answers) -> None:
        put = {key: self._names.filled(value) if isinstance(value, str) else value for key, value in said.put.items()}
        dropped = {self._names.rental_id(name) for name in said.drop}
        self._house.platform.spoil = _changing(said, put, dropped)

    def mend_platform(self, _: bool) -> None:  # noqa: FBT001 - the file's own word
        self._house.fault_platform(None)
        self._house.platform.spoil = None


class ElsewhereDone:
    """What happens to deliveries, at the gate, and to the bridge."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._house = stage.house

    async def redeliver(self, event_type: str) -> None:
        """Post the last event of this type once more, with the id that it had."""
        await self._stage.post(self._house.body(self._stage.last_told(event_type)))

    async def replay(self, event_type: str) -> None:
        """Let an operator replay the last delivery of this type."""
        for row in await self._house.bridge.desk.deliveries(limit=500):
            if row.event_type == event_type:
                await self._house.bridge.desk.replay(row.id, who="staff")
                return
        raise BadScenario(f"no delivery of {event_type} is stored")

    async def post(self, said: verbs.Post) -> None:
        body = self._stage.names.filled(said.body).encode()
        proof = {"good": sign(SECRET, body), "bad": sign(SECRET, body + b" "), "none": None}[said.signature]
        headers = {} if proof is None else {"sg-signature": proof}
        try:
            answer = await self._house.bridge.receiver.receive(CONNECTION, headers, body)
        except Refused:
            answer = "refused"
        self._stage.answers.append(answer)

    async def fault_gate(self, said: verbs.GateFault) -> None:
        filled = {key: self._stage.names.filled(word) if isinstance(word, str) else word for key, word in said.items()}
        await self._house.fault_gate(**filled)

    async def mend_gate(self, _: bool) -> None:  # noqa: FBT001 - the file's own word
        await self._house.mend_gate()

    async def stranger(self, said: verbs.Stranger) -> None:
        await self._house.stranger(said.code, *said.doors)

    async def remove_at_gate(self, tenant: str) -> None:
        """Remove a tenant by hand, at the controller itself."""
        site, _ = place("")
        anchor = f"{CONNECTION}:{site}:{self._stage.names.tenant(tenant).id}"
        for person in await self._house.people():
            if person["external_key"] == anchor:
                await self._house.hands.delete(f"/sandbox/sites/{site}/people/{person['id']}")

    async def toggle_overlock(self, said: verbs.Toggle) -> None:
        rental = self._stage.names.rental_id(said.rental)
        for _ in range(said.times):
            self._house.edit(rental, overlocked=self._house.fields(rental).get("overlocked") is not True)
            await self._stage.settle()

    async def sweep(self, _: bool) -> None:  # noqa: FBT001 - the file's own word
        await self._house.bridge.sweeper.sweep()

    async def restart(self, _: bool) -> None:  # noqa: FBT001 - the file's own word
        await self._house.restart()

    async def crash(self, said: verbs.Crash) -> None:
        async with asyncio.timeout(PATIENCE):
            await cut_off(self._house, at=said.during, of=said.of)
        await self._house.restart()


def _changing(said: verbs.Answers, put: Mapping[str, str | bool], dropped: set[str]) -> Spoil:
    def change(request: httpx.Request, answer: Any) -> Any:
        if request.method != "GET" or not request.url.path.removeprefix(ADMIN).startswith(said.to):
            return answer
        if isinstance(answer, list):
            return [_changed(row, said.without, put) for row in answer if row.get("id") not in dropped]
        return _changed(answer, said.without, put)

    return change


def _changed(row: dict[str, Any], without: tuple[str, ...], put: Mapping[str, str | bool]) -> dict[str, Any]:
    changed = dict(row)
    for key in without:
        changed = _with(changed, key.split("."), None)
    for key, value in put.items():
        changed = _with(changed, key.split("."), value)
    return changed


def _with(row: dict[str, Any], path: list[str], value: str | bool | None) -> dict[str, Any]:  # noqa: FBT001 - a value
    head, *rest = path
    if rest:
        inner = row.get(head)
        return {**row, head: _with(inner, rest, value)} if isinstance(inner, dict) else row
    return {k: v for k, v in row.items() if k != head} if value is None else {**row, head: value}
