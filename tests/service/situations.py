"""What can be the case when somebody asks for a plan, none of it heard of yet; each returns the rental it is about."""

from collections.abc import Awaitable, Callable

from tests.service.house import MIRA, SITE, House

Situation = Callable[[House], Awaitable[str]]


def unheard(house: House) -> None:
    """Leave what the platform has told undelivered: only a plan's own reading can show it."""
    house.take_told()


async def move_in(house: House) -> str:
    rental = house.move_in("B-014")
    unheard(house)
    return rental


async def overdue(house: House) -> str:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    unheard(house)
    return rental


async def paid(house: House) -> str:
    rental = await overdue(house)
    await house.sweep()
    house.world.pay(rental)
    unheard(house)
    return rental


async def move_out(house: House) -> str:
    rental = house.move_in("B-014")
    await house.settle()
    house.move_out(rental)
    unheard(house)
    return rental


async def transfer(house: House) -> str:
    old = house.move_in("B-014")
    await house.settle()
    new = house.transfer(old, "B-021")
    unheard(house)
    return new


async def remapped(house: House) -> str:
    rental = house.move_in("B-014")
    await house.settle()
    house.map_unit("B-014", "B-030")
    unheard(house)
    return rental


async def rotated(house: House) -> str:
    rental = house.move_in("B-014")
    await house.settle()
    house.edit(rental, resync="rotate")
    unheard(house)
    return rental


async def typed(house: House) -> str:
    rental = house.move_in("B-014")
    await house.settle()
    house.edit(rental, pinCode="730519")
    unheard(house)
    return rental


async def renamed(house: House) -> str:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.edit_tenant(MIRA, {"email": "new@example.net"})
    unheard(house)
    return rental


async def unmapped(house: House) -> str:
    house.map_unit("B-014", None)
    return await move_in(house)


async def removed_by_hand(house: House) -> str:
    rental = house.move_in("B-014")
    await house.settle()
    (person,) = await house.people()
    root = f"/sandbox/sites/{SITE}/people/{person['id']}"
    (await house.hands.delete(f"{root}/access/B-014")).raise_for_status()
    return rental
