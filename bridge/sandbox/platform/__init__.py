"""The simulated Storeganise: its admin API, its webhooks, its clock, and knobs to make things go wrong.

Written from the reference alone and sharing no code with the source that reads it, so that one cannot hide the other's
mistakes. Everything is in memory; nothing here is for production.
"""

from bridge.sandbox.platform.app import build_platform
from bridge.sandbox.platform.billing import BatchForm
from bridge.sandbox.platform.demo import LAKESIDE, LAKESIDE_ADDON, MIRA, demo_world
from bridge.sandbox.platform.event import RECOMMENDED_EVENTS, Event, EventType
from bridge.sandbox.platform.faults import ApiFault, ApiFaultKind, FaultPlan
from bridge.sandbox.platform.journal import Sending, SendingState
from bridge.sandbox.platform.sender import Sender
from bridge.sandbox.platform.settings import Hook, PlatformSettings, Variant
from bridge.sandbox.platform.world import World

__all__ = [
    "LAKESIDE",
    "LAKESIDE_ADDON",
    "MIRA",
    "RECOMMENDED_EVENTS",
    "ApiFault",
    "ApiFaultKind",
    "BatchForm",
    "Event",
    "EventType",
    "FaultPlan",
    "Hook",
    "PlatformSettings",
    "Sender",
    "Sending",
    "SendingState",
    "Variant",
    "World",
    "build_platform",
    "demo_world",
]
