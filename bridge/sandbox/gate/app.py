"""The simulated gate, assembled."""

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from bridge.ports.clock import Clock, SystemClock
from bridge.sandbox.gate.api import VendorApi, refused
from bridge.sandbox.gate.control import Control
from bridge.sandbox.gate.faults import FaultBook
from bridge.sandbox.gate.keypad import Keypad
from bridge.sandbox.gate.people import Controller
from bridge.sandbox.gate.refusals import GateRefused
from bridge.sandbox.gate.settings import GateSettings
from bridge.sandbox.gate.traffic import CallLog, Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A controller, its keypads, and the app that answers for both."""

    app: Starlette
    controller: Controller
    keypad: Keypad


def build_gate(settings: GateSettings | None = None, clock: Clock | None = None) -> Starlette:
    """Return the app of a controller of its own, empty and in memory."""
    return open_gate(settings, clock).app


def open_gate(settings: GateSettings | None = None, clock: Clock | None = None) -> Gate:
    """Return a controller of its own, empty and in memory.

    `/v1/sites/{site}/` is the vendor's API, with key, latency and faults. `/sandbox/sites/{site}/` is the same by hand,
    at the controller itself: people added there have no external key unless one is given, and may be given a code
    whoever makes the codes.
    """
    settings, clock = settings or GateSettings(), clock or SystemClock()
    controller, calls = Controller(settings), CallLog(clock)
    faults = FaultBook(settings.latency, settings.faults)
    keypad = Keypad(controller, clock)
    control = Control(controller=controller, keypad=keypad, faults=faults, calls=calls)
    api = VendorApi(controller, page_size=settings.page_size)
    by_hand = VendorApi(controller, page_size=settings.page_size, takes_any_code=True)
    traffic = Middleware(Traffic, calls=calls, faults=faults, api_key=settings.api_key)
    app = Starlette(
        routes=[
            *control.routes(),
            Mount("/sandbox/sites/{site}", routes=list(by_hand.routes())),
            Mount("/v1/sites/{site}", routes=list(api.routes()), middleware=[traffic]),
        ],
        exception_handlers={GateRefused: refused},
    )
    return Gate(app=app, controller=controller, keypad=keypad)
