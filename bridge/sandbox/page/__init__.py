"""The sandbox's one page: the platform's side beside a gate keypad."""

from bridge.sandbox.page.keypad import Keypad
from bridge.sandbox.page.page import page_routes

__all__ = ["Keypad", "page_routes"]
