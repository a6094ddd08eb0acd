# ruff: noqa: S101 - pytest asserts
"""Nobody else's access is touched, nothing private is told, and what comes from outside stays data."""

import asyncio
import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

import pytest
from pydantic import BaseModel

from bridge.domain.changes import Kind
from bridge.domain.credential import GateCode, Secret
from bridge.domain.errors import BridgeError, Conflict, NoCapacity, NotYetConsistent, PermanentError, Rejected
from bridge.domain.ids import TargetId
from bridge.domain.tenancy import Tenant
from bridge.ports.adapter import Person
from bridge.testing import wire as faults
from bridge.testing.conformance.bench import PATIENCE, Bench, Driver, pause
from bridge.testing.conformance.suite import ACTIVE, GRANTED, NONE, SHUT, Suite
from bridge.testing.hands import Hands, somebody

MAX_CALLS: Final = 60
MAX_REF_CHARACTERS: Final = 8192
TENANT: Final = Tenant(name="Wilhelmina Quackenbush", email="quackenbush@example.org", phone="+44 20 7946 0123")
PRIVATE: Final = ("Wilhelmina", "Quackenbush", "quackenbush@", "7946 0123", "79460123")

NAMES: Final = {
    "accents": "Zoë Ångström-Łuczak",
    "another script": "محمد العلي",
    "emoji": "Ana 🚪 Lopez",
    "apostrophe": "Seán O'Brien",
    "one letter": "X",
    "blanks": "   ",
    "control characters": "Mira\r\nOkafor\x00\x1b[31m",
    "very long": "Mira " * 200,
    "markup": '<script>alert("x")</script> & {"a": 1}',
    "a formula": "=HYPERLINK(1)",
    "a query": "x&admin=true;%2e%2e/",
    "combining": "Zoe\u0308 A\u030angstro\u0308m",
}
UNSAFE: Final = ["../admin", "a/../../b", "a?b=c", "a#b", "..", "a\r\nb", ""]


class MannersChecks(Suite):
    async def test_what_the_bridge_did_not_make_outlives_everything(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver()
            bench.simulation.add_by_hand(self.strangers_code.reveal(), driver.doors[0], "Mira Okafor")
            before = bench.simulation.by_hand()
            for statuses in [(GRANTED, GRANTED), (SHUT, SHUT), (GRANTED, SHUT), (GRANTED, NONE), (NONE, NONE)]:
                self.want(driver, *statuses)
                await driver.settle()
                assert bench.simulation.by_hand() == before
                assert bench.simulation.opens(self.strangers_code.reveal(), driver.doors[0])

    async def test_names_that_staff_rewrite_at_the_vendor_open_no_second_door_and_close_none(self) -> None:
        async with self.bench() as bench:
            driver, rename = bench.driver(), getattr(bench.simulation, "rename_made", None)
            if rename is None:
                pytest.skip("not declared: this vendor shows nothing that staff could rewrite")
            await self.wish(bench, driver, GRANTED)
            rename("Corrected Byhand")
            for _ in range(3):
                with suppress(BridgeError):
                    await driver.run()
                bench.clock.advance(60)
            code, door = driver.working_code, driver.doors[0]
            assert bench.simulation.credentials(door) == 1
            assert code is not None
            assert bench.simulation.opens(code.reveal(), door)
            self.want(driver, NONE)
            try:
                is_over = not (await driver.settle()).exists
            except (AssertionError, BridgeError):
                is_over = False
            assert bench.simulation.opens(code.reveal(), door) is not is_over

    async def test_another_tenants_access_is_left_alone(self) -> None:
        async with self.bench() as bench:
            mira, ivo = bench.driver(), bench.driver(somebody("Ivo Lind", "t-2"))
            await self.wish(bench, mira, GRANTED)
            await self.wish(bench, ivo, NONE, GRANTED, code=self.other_code)
            for statuses in [(SHUT,), (GRANTED,), (NONE,)]:
                await self.wish(bench, mira, *statuses)
                await self.stands_for(ivo, bench)

    async def test_somebody_elses_code_is_a_conflict(self) -> None:
        self.only_if(not self.makes_codes, "this vendor makes the codes")
        async with self.bench() as bench:
            hands, door = bench.hands(), bench.simulation.doors[0]
            bench.simulation.add_by_hand(self.code.reveal(), door)
            before = bench.simulation.by_hand()
            with pytest.raises(Conflict):
                await self.grant(bench, hands, door)
            assert bench.simulation.by_hand() == before
            driver = bench.driver()
            driver.hands.ref = hands.ref
            await self.wish(bench, driver, GRANTED, code=self.other_code)

    async def test_a_new_code_that_is_somebody_elses_is_a_conflict_and_the_old_one_works(self) -> None:
        self.only_if(not self.makes_codes, "this vendor makes the codes")
        async with self.bench() as bench:
            hands, door = bench.hands(), bench.simulation.doors[0]
            await self.grant(bench, hands, door)
            bench.simulation.add_by_hand(self.other_code.reveal(), door)
            with pytest.raises(Conflict):
                await self.change_code(bench, hands)
            driver = bench.driver()
            driver.hands.ref = hands.ref
            await self.wish(bench, driver, GRANTED)

    async def test_a_vendor_without_room_says_so_and_nobody_is_half_let_in(self) -> None:
        async with self.bench() as bench:
            hands, door = bench.hands(), bench.simulation.doors[0]
            self.only_if(bench.simulation.fill(), "no limit is known of this vendor")
            before = bench.simulation.credentials(door)
            with pytest.raises(NoCapacity):
                await self.grant(bench, hands, door)
            assert bench.simulation.credentials(door) == before
            assert hands.code is None or not bench.simulation.opens(hands.code.reveal(), door)

    async def test_a_door_that_is_not_there_is_refused_for_good(self) -> None:
        async with self.bench() as bench:
            with pytest.raises(PermanentError):
                await self._grant_in_the_end(bench, bench.hands(), TargetId("no-such-door"))
            assert not bench.simulation.opens(self.code.reveal(), bench.simulation.doors[0])

    @pytest.mark.parametrize("target", UNSAFE)
    async def test_a_target_that_a_path_would_understand_otherwise_goes_nowhere(self, target: str) -> None:
        async with self.bench() as bench:
            with pytest.raises((Rejected, NotYetConsistent)):
                await bench.hands().apply(Kind.GRANT, TargetId(target), self.given(self.code))
            assert not [request for request in bench.wire.requests if b".." in request.url.raw_path.split(b"/")]
            assert not any(bench.simulation.opens(self.code.reveal(), door) for door in bench.simulation.doors)

    @pytest.mark.parametrize("name", NAMES)
    async def test_any_name_is_let_in(self, name: str) -> None:
        async with self.bench() as bench:
            tenant = Tenant(name=NAMES[name], email=None, phone=None)
            driver = bench.driver(replace(somebody(), tenant=tenant))
            await self.wish(bench, driver, GRANTED)
            if self.declared.updates_person:
                driver.profile_is_new = True
                await self.wish(bench, driver, GRANTED)
            await self.wish(bench, driver, NONE)

    @pytest.mark.parametrize("contact", ["not an address", "a@b", "x" * 400, "\r\nBcc: all@example.org"])
    async def test_any_contact_is_let_in(self, contact: str) -> None:
        async with self.bench() as bench:
            tenant = Tenant(name="Mira Okafor", email=contact, phone=contact)
            await self.wish(bench, bench.driver(replace(somebody(), tenant=tenant)), GRANTED)

    async def test_two_tenants_at_once_do_not_mix(self) -> None:
        async with self.bench() as bench:
            mira, ivo = bench.driver(), bench.driver(somebody("Ivo Lind", "t-2"))
            self.want(mira, GRANTED)
            self.want(ivo, NONE, GRANTED, code=self.other_code)
            await asyncio.gather(mira.settle(), ivo.settle())
            assert [bench.simulation.credentials(door) for door in mira.doors] == [1, 1, 0]
            await self.stands_for(ivo, bench)

    async def test_no_error_tells_a_code_or_a_name(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        for fault in (faults.echoes, faults.answers(200, b'{"code": "048213", "name": "Quackenbush"}')):
            for call in range(MAX_CALLS):
                told = await self._told(fault, call)
                if told is None:
                    break
                self._tells_nothing(told)
        self._tells_nothing(caplog.text)

    async def test_no_repr_or_reference_tells_a_code_or_a_name(self) -> None:
        async with self.bench() as bench:
            hands, door = bench.hands(self._private_person()), bench.simulation.doors[0]
            await self.grant(bench, hands, door)
            kept = json.dumps(hands.ref)
            assert len(kept) < MAX_REF_CHARACTERS
            self._tells_nothing(
                f"{kept} {bench.adapter!r} {vars(bench.adapter)!r} {await hands.observe()!r}", hands.code
            )

    async def test_no_address_that_is_called_holds_a_code_or_a_name(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver(self._private_person())
            for statuses in [(GRANTED,), (SHUT,), (GRANTED, GRANTED), (NONE, NONE)]:
                await self.wish(bench, driver, *statuses)
            for request in bench.wire.requests:
                self._tells_nothing(str(request.url), driver.working_code)

    async def test_no_key_shows_in_any_text(self) -> None:
        async with self.bench() as bench:
            secrets = list(_secrets(bench.options))
            told = [repr(bench.options), str(bench.options), json.dumps(bench.options.model_dump(mode="json"))]
            told += [str(finding) for finding in await bench.adapter.check()]
            bench.wire.arm(faults.answers(401, "{}"), times=None)
            bench.open()
            told += [str(finding) for finding in await bench.adapter.check()]
            assert not [secret for secret in secrets if any(secret in text for text in told)]

    async def test_only_the_configured_hosts_are_called(self) -> None:
        async with self.bench() as bench:
            await self.wish(bench, bench.driver(), GRANTED)
            configured = str(bench.options.model_dump(mode="json"))
            unknown = {request.url.host for request in bench.wire.requests if request.url.host not in configured}
            presets = self.quality().get("hosts", [])
            assert unknown <= set(presets), "name the hosts that options stand for in quality.toml: hosts = [...]"

    async def stands_for(self, ivo: Driver, bench: Bench) -> None:
        observed = await ivo.hands.observe()
        assert dict(observed.entries) == {ivo.doors[1]: ACTIVE}
        assert ivo.working_code is not None
        assert bench.simulation.opens(ivo.working_code.reveal(), ivo.doors[1])

    async def _told(self, fault: faults.Fault, call: int) -> str | None:
        """Return all that the errors say of a move-in and a new name with this call broken; None if none was."""
        async with self.bench() as bench:
            hands = bench.hands(self._private_person())
            bench.wire.arm(fault, at=call)
            said = []
            for kind in (Kind.GRANT, Kind.CHANGE_CODE, Kind.UPDATE_PERSON, Kind.SUSPEND, Kind.REMOVE_PERSON):
                target = bench.simulation.doors[0] if kind is Kind.GRANT else None
                code = self.given(self.code) if kind in {Kind.GRANT, Kind.CHANGE_CODE} else None
                if (kind is Kind.SUSPEND and self.by_target) or (
                    kind is Kind.UPDATE_PERSON and not self.declared.updates_person
                ):
                    continue
                try:
                    await hands.apply(kind, target, code)
                except BridgeError as error:
                    said.append("".join(traceback.format_exception_only(error)) + str(error.__dict__))
            return "\n".join(said) if bench.wire.mend() else None

    async def _grant_in_the_end(self, bench: Bench, hands: Hands, door: TargetId) -> None:
        for tries in range(PATIENCE):
            try:
                await hands.apply(Kind.GRANT, door, self.given(self.code))
            except NotYetConsistent:
                bench.clock.advance(pause(tries))
            else:
                return

    def _private_person(self) -> Person:
        return replace(somebody(), tenant=TENANT)

    def _tells_nothing(self, text: str, code: GateCode | None = None) -> None:
        codes = [one.reveal() for one in (self.code, self.other_code, code) if one is not None]
        assert not [word for word in (*codes, *PRIVATE) if word.lower() in text.lower()]


def _secrets(value: object) -> Iterator[str]:
    """Yield the texts of all secrets in an options model, however deep."""
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _secrets(one)
    elif isinstance(value, list | tuple | frozenset):
        for one in value:
            yield from _secrets(one)
