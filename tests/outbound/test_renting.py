"""Several processes on one account: never too many calls over all, nothing lost, everybody has a share."""

from dataclasses import replace

import pytest

from bridge.domain.slots import MAX_AHEAD_SECONDS, START_SECONDS, AccountBook, Ask, fair_shares, rent
from tests.outbound.processes import ACCOUNT, LEASE, World
from tests.outbound.timers import settled


@pytest.mark.anyio
async def test_two_busy_processes_share_alike_and_never_run_too_many_at_once() -> None:
    world = World(cap=4)
    first, second = world.processes
    first.ask(20)
    await settled()
    world.look()
    assert len(first.running) == 4, "who is alone has all"
    most = await world.work(20)
    assert most == 4
    assert 0.8 < first.done / second.done < 1.25
    assert first.done + second.done > 0.85 * 4 * 20 / 0.3, "slots lay idle"
    await world.stop()
    assert world.ledger.books[ACCOUNT].booked(world.timer.time()) == 0


@pytest.mark.anyio
async def test_one_slot_goes_round() -> None:
    world = World(processes=3, cap=1)
    most = await world.work(30, call_seconds=0.2)
    assert most == 1
    done = [process.done for process in world.processes]
    assert min(done) > 0.2 * sum(done)
    await world.stop()


@pytest.mark.anyio
@pytest.mark.parametrize("rate", [1.0, 5.0, 40.0])
async def test_the_rate_of_all_together_is_kept_and_used(rate: float) -> None:
    world = World(processes=3, cap=64, rate=rate)
    await world.work(20, call_seconds=0.05, busy=25)
    done = [process.done for process in world.processes]
    assert 0.8 * rate * 20 <= sum(done) <= 1.2 * rate * 20 + 1
    assert min(done) > 0.5 * sum(done) / 3
    await world.stop()


@pytest.mark.anyio
async def test_calls_one_after_another_take_hardly_a_trip_and_silence_none() -> None:
    world = World(cap=4)
    (process, _) = world.processes
    for _ in range(100):
        process.ask()
        await world.timer.advance(0.05)
        world.look()
        process.end()
    assert process.done == 100
    assert world.ledger.trips <= 8, "100 calls in 5 s"
    await world.timer.advance(3)
    trips = world.ledger.trips
    assert world.ledger.books[ACCOUNT].booked(world.timer.time()) == 0, "what is idle goes back"
    await world.timer.advance(60)
    assert world.ledger.trips == trips
    await world.stop()


@pytest.mark.anyio
async def test_who_is_alone_and_busy_asks_about_once_a_second() -> None:
    world = World(processes=1, cap=4)
    await world.work(10, call_seconds=0.1)
    assert world.processes[0].done > 250
    assert world.ledger.trips <= 15
    await world.stop()


@pytest.mark.anyio
async def test_what_a_dead_process_had_comes_back() -> None:
    world = World(cap=4)
    dead, living = world.processes
    dead.ask(8)
    await settled()
    world.look()
    dead.kill()
    living.ask(4)
    await world.timer.advance(5)
    world.look()
    assert len(living.running) == 0
    world.processes.remove(dead)
    await living.stop()
    await world.timer.advance(LEASE - 5)
    living.ask(4)
    await world.timer.advance(1)
    world.look()
    assert len(living.running) == 4
    await world.stop()


@pytest.mark.anyio
async def test_whoever_cannot_reach_the_ledger_starts_nothing_that_others_may_have_by_then() -> None:
    world = World(cap=4)
    cut_off, _ = world.processes
    cut_off.ask(4)
    await settled()
    world.look()
    world.ledger.is_away = True
    cut_off.end(4)
    cut_off.ask(1)
    await world.timer.advance(1)
    world.look()
    assert len(cut_off.running) == 1, "what is rented is used on"
    cut_off.end()
    await world.timer.advance(START_SECONDS)
    cut_off.ask(1)
    await world.timer.advance(1)
    world.look()
    assert len(cut_off.running) == 0
    world.ledger.is_away = False
    await world.timer.advance(2)
    world.look()
    assert len(cut_off.running) == 1
    await world.stop()


@pytest.mark.anyio
@pytest.mark.parametrize("moment", [number / 10 for number in range(5, 40)])
async def test_what_is_being_given_back_is_not_used_any_more(moment: float) -> None:
    world = World(cap=4)
    world.ledger.seconds = 0.2
    first, second = world.processes
    first.ask(4)
    await world.timer.advance(0.5)
    world.look()
    assert len(first.running) == 4
    first.end(4)
    await world.timer.advance(moment)
    first.ask(4)
    second.ask(4)
    for _ in range(20):
        await world.timer.advance(0.1)
        world.look()
        assert world.running <= 4
    assert world.running == 4
    world.ledger.seconds = 0.0
    await world.stop()


@pytest.mark.anyio
async def test_a_429_that_one_process_hears_makes_the_others_wait_too() -> None:
    world = World(cap=4)
    first, second = world.processes
    for process in world.processes:
        process.ask()
    await world.timer.advance(0.5)
    world.look()
    first.running[0][0].too_many(20)
    await world.timer.advance(2.5)
    first.end()
    second.end()
    second.ask()
    await world.timer.advance(10)
    world.look()
    assert second.running == []
    await world.timer.advance(10)
    world.look()
    assert len(second.running) == 1
    await world.stop()


@pytest.mark.anyio
@pytest.mark.parametrize("way", [0.0, 0.05, 0.5])
async def test_a_rest_that_processes_tell_each_other_does_not_grow_by_the_telling(way: float) -> None:
    world = World(cap=4)
    world.ledger.seconds = way
    for process in world.processes:
        process.ask()
    await world.timer.advance(2.5)
    world.look()
    world.processes[0].running[0][0].too_many(20)
    for process in world.processes:
        process.end()
    await world.timer.advance(3)
    for process in world.processes:
        process.ask(6)
    await world.timer.advance(16.5)
    world.look()
    assert world.running == 0
    await world.timer.advance(0.5 + 4 * way + 0.1)
    world.look()
    assert world.running > 0
    world.ledger.seconds = 0.0
    await world.stop()


@pytest.mark.anyio
async def test_turns_that_ran_out_while_every_slot_was_taken_are_rented_anew() -> None:
    world = World(processes=1, cap=1, rate=10.0)
    await world.work(20, call_seconds=2.0, busy=4)
    assert world.processes[0].done >= 8
    await world.stop()


@pytest.mark.anyio
async def test_turns_of_calls_that_were_given_up_are_rented_anew_and_the_ledger_is_left_in_peace() -> None:
    world = World(processes=1, cap=4, rate=10.0)
    (process,) = world.processes
    process.ask(6)
    await world.timer.advance(0.01)
    world.look()
    for task in process.waiting:
        task.cancel()
    process.waiting.clear()
    await world.timer.advance(5)
    process.end(4)
    trips = world.ledger.trips
    process.ask(2)
    await world.timer.advance(2)
    world.look()
    assert len(process.running) == 2
    assert world.ledger.trips - trips <= 5
    await world.stop()


def test_a_book_written_before_the_clock_went_back_stops_nobody_for_that_long() -> None:
    ask = Ask(holder="one", cap=2, keeps=0, wants=2, rate=5.0, turns=5)
    book, _ = rent(AccountBook(), ask, 10_000)
    before = book.shares["one"]
    book, granted = rent(book, replace(ask, holder="two"), 6_400)
    assert granted.turns_in <= MAX_AHEAD_SECONDS
    assert (before.until, book.shares["one"].until) == (10_000 + LEASE, 6_400 + LEASE)
    assert rent(book, replace(ask, holder="two"), 6_400 + LEASE + 1)[1].slots == 2


@pytest.mark.parametrize(
    ("cap", "wants", "shares"),
    [
        (16, {"a": 20, "b": 20}, {"a": 8, "b": 8}),
        (16, {"a": 3, "b": 20}, {"a": 3, "b": 13}),
        (16, {"a": 0, "b": 5}, {"a": 0, "b": 5}),
        (5, {"a": 9, "b": 9, "c": 1}, {"a": 2, "b": 2, "c": 1}),
        (1, {"a": 9, "b": 9}, {"a": 1, "b": 0}),
    ],
)
def test_shares_are_equal_and_what_one_leaves_is_the_others(cap: int, wants: dict[str, int], shares: object) -> None:
    assert fair_shares(cap, wants, turn=0) == shares
