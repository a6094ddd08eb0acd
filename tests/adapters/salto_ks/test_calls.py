"""Which id goes where, which header with what, and what is never sent."""

import json
from dataclasses import replace

import pytest

from adapters.salto_ks.simulation import SITE_UID, Face
from adapters.salto_ks.simulation.site import SITE_ID
from bridge.domain.changes import EntryState, Kind
from bridge.domain.errors import Anomaly, Rejected
from bridge.domain.tenancy import Tenant
from bridge.testing.wire import answers
from tests.adapters.salto_ks.rig import NOT_FOUND, only, rig

pytestmark = pytest.mark.anyio


async def test_groups_are_told_the_platform_id_and_all_else_the_id_at_the_site() -> None:
    async with rig() as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        await bench.hands.apply(Kind.REVOKE, bench.doors[0])
        person = bench.person
        (let_in,) = bench.sent("POST", f"/access_groups/{bench.doors[0]}/users")
        assert json.loads(let_in.content) == {"user_id": person.user}
        assert len(bench.sent("DELETE", f"/access_groups/{bench.doors[0]}/users/{person.user}")) == 1
        assert len(bench.sent("PUT", f"/users/{person.id}/pin")) == 1


@pytest.mark.parametrize("shown", ["both", "user", "user_id"])
async def test_a_member_is_known_by_whichever_id_a_group_shows(shown: str) -> None:
    async with rig(Face(members_show=shown)) as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        assert (await bench.hands.observe()).entries == {bench.doors[0]: EntryState.ACTIVE}


async def test_a_uid_is_looked_up_once_and_in_no_path() -> None:
    async with rig(site=SITE_UID) as bench:
        for _ in range(2):
            await bench.hands.apply(Kind.GRANT, bench.doors[0])
        assert len(bench.sent("GET", "/v1.1/sites")) == 1
        assert not [one for one in bench.bench.wire.requests if SITE_UID in one.url.path]


async def test_a_uid_that_the_account_does_not_see_is_for_staff() -> None:
    async with rig(site="DE9999999") as bench:
        with pytest.raises(Rejected, match="site_uid"):
            await bench.hands.observe()


async def test_old_lists_are_asked_for_in_their_new_form_and_new_ones_are_not() -> None:
    async with rig(site=SITE_UID) as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        for request in bench.bench.wire.requests:
            header = request.headers.get("CLP-disable-odata-v3-conversion")
            assert header == ("true" if request.url.path.startswith("/v1.1/") else None)


@pytest.mark.parametrize(
    ("invite", "email", "sent"),
    [
        (False, "mira@example.org", None),
        (True, "mira@example.org", "mira@example.org"),
        (True, "", None),
        (True, "not an address", None),
    ],
)
async def test_an_email_goes_out_only_to_invite_and_is_never_empty(
    invite: bool,  # noqa: FBT001 - pytest passes it by name
    email: str,
    sent: str | None,
) -> None:
    async with rig(invite=invite) as bench:
        bench.hands.person = replace(bench.hands.person, tenant=Tenant(name="Mira Okafor", email=email))
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        (made,) = bench.sent("POST", f"/sites/{SITE_ID}/users")
        assert json.loads(made.content).get("email", None) == sent


async def test_a_role_that_the_site_does_not_have_makes_nobody() -> None:
    async with rig(role="Caretaker") as bench:
        with pytest.raises(Rejected, match="role"):
            await bench.hands.apply(Kind.GRANT, bench.doors[0])
        assert bench.ours == []


async def test_a_unit_that_is_mapped_to_nothing_makes_nobody() -> None:
    async with rig() as bench:
        with pytest.raises(Rejected, match="access group"):
            await bench.hands.apply(Kind.GRANT, type(bench.doors[0])(SITE_ID))
        assert bench.ours == []


async def test_a_group_that_is_gone_has_nobody_and_is_no_error() -> None:
    async with rig() as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        await bench.hands.apply(Kind.GRANT, bench.doors[1])
        del bench.simulation.site.groups[bench.doors[0]]
        assert (await bench.hands.observe()).entries == {bench.doors[1]: EntryState.ACTIVE}
        await bench.hands.apply(Kind.REVOKE, bench.doors[0])


@pytest.mark.parametrize("denial", [(404, NOT_FOUND), (400, b'{"ErrorCode": "1100", "Message": "Invalid field"}')])
async def test_a_group_that_is_listed_is_not_believed_gone(denial: tuple[int, bytes]) -> None:
    async with rig() as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        bench.bench.wire.arm(only("GET", f"/access_groups/{bench.doors[0]}/users", answers(*denial)), times=None)
        with pytest.raises(Anomaly):
            await bench.hands.observe()
        with pytest.raises(Anomaly):
            await bench.hands.apply(Kind.REVOKE, bench.doors[0])


async def test_another_site_than_was_asked_for_is_not_taken() -> None:
    other = b'{"items": [{"id": "0d4b7a3e-0000-4000-8000-000000000000", "site_uid": "DE7777777"}]}'
    async with rig(site=SITE_UID) as bench:
        bench.bench.wire.arm(only("GET", "/v1.1/sites", answers(200, other)), times=None)
        with pytest.raises(Anomaly):
            await bench.hands.observe()
        assert bench.sent("GET", "/users") == []


async def test_a_name_that_two_groups_have_opens_neither() -> None:
    async with rig(targets_by="name") as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        for group in bench.simulation.site.groups.values():
            group.customer_reference = bench.doors[0]
        with pytest.raises(Rejected, match="more than one"):
            await bench.hands.apply(Kind.GRANT, bench.doors[0])
        assert (await bench.hands.observe()).entries == {bench.doors[0]: EntryState.ACTIVE}
        await bench.hands.apply(Kind.REVOKE, bench.doors[0])
        assert not bench.opens()
