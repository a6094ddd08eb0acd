"""Runs what waits: claims it, leases it, hands it to the service."""

from bridge.worker.duty import Duty
from bridge.worker.worker import Worker

__all__ = ["Duty", "Worker"]
