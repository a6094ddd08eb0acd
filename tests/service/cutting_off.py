"""A bridge that dies in the middle of a run, as far as one process can show it."""

import asyncio

from tests.service.house import House


async def cut_off(house: House, *, at: str, of: str) -> None:
    """Kill the next run of a subject when `of` ("gate", "platform") has worked on a call with the method `at`."""
    await house.deliver()
    await house.resolve_due()
    (claim,) = await house.bridge.store.claim_subjects(1)
    wire = house.gate if of == "gate" else house.platform
    wire.hold_answers(at)
    run = asyncio.create_task(house.bridge.converger.run(claim))
    await wire.held.wait()
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    wire.release()
