"""Tasks for staff on a unit: made, and completed when what they ask for is done."""

from typing import Final

from bridge.sdk import Secret, StaffTask, inert
from bridge.sources.storeganise.client import StoreganiseApi, safe

MAX_TITLE: Final = 120
MAX_TEXT: Final = 1000
TASK: Final = "task"
COMPLETED: Final = "completed"
OVER: Final = frozenset({COMPLETED, "cancelled", "canceled", "failed"})


async def post_task(task: StaffTask, api: StoreganiseApi, key: Secret) -> str:
    """Make the task and return its id, empty where the platform's answer does not tell it (reference, section 6)."""
    data = {
        "targetType": "unit",
        "targetId": safe(task.unit, "unit"),
        "title": inert(task.title, MAX_TITLE),
        "desc": inert(task.text, MAX_TEXT),
    }
    made = await api.post_job({"type": TASK, "ownerId": None, "data": data}, key)
    return made or ""


async def complete_task(task_id: str, api: StoreganiseApi, key: Secret) -> bool:
    """Complete each open step of a task that is not over, and tell whether there was one.

    That this closes a task is inferred: the call is known from move-outs (reference, section 5), and no other is known.
    """
    task = await api.task(task_id, key)
    if task is None or task.type != TASK or task.state in OVER:
        return False
    open_steps = [step for step in task.steps if step.state not in OVER and step.id is not None]
    for step in open_steps:
        await api.complete_step(task.id, str(step.id), key)
    return bool(open_steps)
