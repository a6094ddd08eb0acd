"""Tasks for staff on a unit."""

from typing import Final

from bridge.sdk import Secret, StaffTask, inert
from bridge.sources.storeganise.client import StoreganiseApi, safe

MAX_TITLE: Final = 120
MAX_TEXT: Final = 1000


async def post_task(task: StaffTask, api: StoreganiseApi, key: Secret) -> str:
    """Make the task and return its id, empty where the platform's answer does not tell it (reference, section 6)."""
    data = {
        "targetType": "unit",
        "targetId": safe(task.unit, "unit"),
        "title": inert(task.title, MAX_TITLE),
        "desc": inert(task.text, MAX_TEXT),
    }
    made = await api.post_job({"type": "task", "ownerId": None, "data": data}, key)
    return made or ""
