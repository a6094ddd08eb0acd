"""What is served: the receiver to the world, the operator API to a socket that only its owner may open."""

from bridge.web.operator import operator_app
from bridge.web.receiver import receiver_app

__all__ = ["operator_app", "receiver_app"]
