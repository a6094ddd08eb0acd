"""Brivo Access, played from its documents: sign-in, users, groups, and a hand at the console."""

from adapters.brivo.simulation.vendor import BrivoSimulation

__all__ = ["BrivoSimulation"]
