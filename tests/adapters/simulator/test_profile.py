"""Name, e-mail and phone at the gate follow the tenant."""

from dataclasses import replace
from typing import Any

import pytest

from adapters.simulator.wire import WirePerson
from bridge.domain.changes import Kind
from bridge.domain.errors import OutcomeUnknown
from bridge.domain.tenancy import Tenant
from bridge.ports.adapter import Person
from bridge.testing.hands import somebody
from tests.adapters.simulator.rig import CODE, SITE, Rig, rig

pytestmark = pytest.mark.anyio

MIRA = Tenant(name="Mira Okafor", email="mira@example.org", phone="+44 20 7946 0123")


def _person(tenant: Tenant = MIRA) -> Person:
    return replace(somebody(site=SITE), tenant=tenant)


async def _profile(bench: Rig) -> tuple[Any, ...]:
    (person,) = await bench.ours()
    return person["name"], person["email"], person["phone"]


async def test_a_new_person_comes_with_name_email_and_phone() -> None:
    async with rig(person=_person()) as bench:
        await bench.grant()
        assert await _profile(bench) == ("Mira Okafor", "mira@example.org", "+44 20 7946 0123")


async def test_a_person_is_brought_up_to_the_tenant_once() -> None:
    async with rig(person=_person()) as bench:
        await bench.grant()
        bench.hands.person = _person(Tenant(name="Mira Lind", email="lind@example.org"))
        await bench.hands.apply(Kind.UPDATE_PERSON)
        assert await _profile(bench) == ("Mira Lind", "lind@example.org", "")
        assert await bench.type_code(CODE.reveal()) == "ok"
        bench.wire.requests.clear()
        await bench.hands.apply(Kind.UPDATE_PERSON)
        assert bench.wire.calls == ["GET"]


async def test_a_suspended_entry_and_the_reference_outlive_a_new_name() -> None:
    async with rig(person=_person()) as bench:
        await bench.grant()
        ref = bench.hands.ref
        bench.hands.person = _person(replace(MIRA, name="Mira Lind"))
        await bench.fault(kind="after_write", method="PATCH")
        with pytest.raises(OutcomeUnknown):
            await bench.hands.apply(Kind.UPDATE_PERSON)
        await bench.hands.apply(Kind.UPDATE_PERSON)
        assert bench.hands.ref == ref


@pytest.mark.parametrize("contact", ["", "x" * 121, "  "])
async def test_a_contact_that_does_not_fit_is_left_out(contact: str) -> None:
    async with rig(person=_person(Tenant(name="Mira", email=contact, phone=contact))) as bench:
        await bench.grant()
        assert await _profile(bench) == ("Mira", "", "")


async def test_contacts_are_inert_at_the_gate() -> None:
    async with rig(person=_person(Tenant(name="Mira", email="a\x1b[31m@b", phone="+44\n20"))) as bench:
        await bench.grant()
        assert await _profile(bench) == ("Mira", "a [31m@b", "+44 20")


async def test_somebody_who_is_not_there_is_not_made_for_their_name() -> None:
    async with rig(person=_person()) as bench:
        await bench.hands.apply(Kind.UPDATE_PERSON)
        assert (await bench.people(), bench.hands.ref) == ([], None)


def test_a_person_on_the_wire_shows_nobodys_name() -> None:
    told = {"name": MIRA.name, "email": MIRA.email, "phone": MIRA.phone, "suspended": False, "code": "048213"}
    person = WirePerson.model_validate({"id": 7, "external_key": "k", "access": [], **told})
    assert not [text for text in ("Mira", "mira@", "7946", "048213") if text in repr(person)]
