"""One scenario, played to its end or to the first step that does not come out as expected."""

from pathlib import Path

from tests.scenarios.acting import ElsewhereDone, OnPlatform
from tests.scenarios.expecting import Judge, look
from tests.scenarios.stage import Stage, set_up
from tests.scenarios.story import BadScenario, Step, Story


class Unmet(AssertionError):
    """A step did not come out as the scenario says; the message names the step and every difference."""


async def play(story: Story, folder: Path) -> None:
    """Play it in a new house below `folder`. Raises `Unmet`, and `BadScenario` where a step cannot be played."""
    async with set_up(story, folder) as stage:
        strangers: dict[str, str] = {}
        for number, step in enumerate(story.step, start=1):
            if step.stranger is not None:
                strangers[step.stranger.name] = step.stranger.code
            before = await look(stage, step.expect)
            try:
                await _take(stage, step)
                differences = await Judge(stage, before, strangers).differences(step.expect)
            except BadScenario as error:
                raise BadScenario(f"step {number}: {error}") from error
            if differences:
                raise Unmet("\n".join([f"step {number} ({_said(step)})", *(f"  {line}" for line in differences)]))


async def _take(stage: Stage, step: Step) -> None:
    stage.answers.clear()
    await stage.pass_time(step)
    if step.verb is not None:
        said = getattr(step, step.verb)
        elsewhere = getattr(ElsewhereDone(stage), step.verb, None)
        if elsewhere is not None:
            await elsewhere(said)
        else:
            getattr(OnPlatform(stage), step.verb)(said)
    is_settled = step.verb is None and step.takes_time and not step.is_quiet
    if step.settle is not False and not is_settled:
        await stage.deliver(step.deliver)
        await stage.work(step.settle)
    await stage.codes.notice()


def _said(step: Step) -> str:
    when = step.at or (f"after {step.after}" if step.after else "")
    return " ".join(part for part in (when, step.verb or "nothing happens") if part)
