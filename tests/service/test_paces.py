"""How fast a plan reads, and how long it says that work takes: by the pacing in force."""

import pytest

from bridge.domain.ids import ConnectionName, RentalId, SiteId, SiteKey, SubjectKey, TenantId
from bridge.domain.proposal import PlannedRental, PlannedSubject, Standing
from bridge.domain.turns import Limits
from bridge.outbound.accounts import Account
from bridge.outbound.pacing import Pacer
from bridge.service.paces import READERS, Paces

pytestmark = pytest.mark.anyio
LAKESIDE = ConnectionName("lakeside")
SITE1, SITE2 = (LAKESIDE, SiteId("s1")), (LAKESIDE, SiteId("s2"))


def an_account(name: str, *, concurrent: int = 16, rate: float | None = None) -> Account:
    pacer = Pacer(name, Limits(concurrent=concurrent, rate=rate))
    return Account(name=name, permits=pacer, pacer=pacer)


def a_tenant(site: SiteKey = SITE1, tenant: str = "t1") -> PlannedSubject:
    """Somebody to be granted one door: two calls on the platform, three at the vendor."""
    rental = PlannedRental(
        rental=RentalId("r1"), unit=None, standing=Standing.GRANT, status="granted", fields=("status",), calls=2
    )
    key = SubjectKey(connection=site[0], site=site[1], tenant=TenantId(tenant))
    return PlannedSubject(subject=key, rentals=(rental,))


async def test_the_tightest_account_says_how_many_are_read_at_once() -> None:
    paces = Paces({LAKESIDE: an_account("platform")}, {SITE1: an_account("gate", concurrent=3)})
    assert paces.readers([LAKESIDE, SITE2]) == READERS
    assert paces.readers([LAKESIDE, SITE1]) == 3
    assert Paces(limited={SITE1: an_account("own", rate=0.1)}).readers([SITE1]) == 1


async def test_a_rate_says_how_long_it_takes() -> None:
    paces = Paces({LAKESIDE: an_account("platform")}, {SITE1: an_account("gate", rate=1.0)})
    assert paces.seconds([a_tenant(tenant=f"t{n}") for n in range(10)], {}) == pytest.approx(30.0)


async def test_sites_of_one_account_wait_for_each_other_and_others_do_not() -> None:
    shared = an_account("gate", rate=1.0)
    tenants = [a_tenant(SITE1), a_tenant(SITE2)]
    assert Paces(vendors={SITE1: shared, SITE2: shared}).seconds(tenants, {}) == pytest.approx(6.0)
    apart = Paces(vendors={SITE1: an_account("one", rate=1.0), SITE2: an_account("two", rate=1.0)})
    assert apart.seconds(tenants, {}) == pytest.approx(3.0)


async def test_without_a_rate_the_measured_answers_say_it() -> None:
    paces = Paces(vendors={SITE1: an_account("gate", concurrent=1)})
    assert paces.seconds([a_tenant()], {SITE1: 2.0}) == pytest.approx(6.0)
    assert paces.seconds([], {SITE1: 2.0}) == 0.0


async def test_an_account_that_rests_is_waited_for() -> None:
    gate = an_account("gate")
    gate.pacer.refused(sent_at=0.0, asked=100.0)
    assert 99.0 < Paces(vendors={SITE1: gate}).seconds([a_tenant()], {SITE1: 0.01}) < 110.0
