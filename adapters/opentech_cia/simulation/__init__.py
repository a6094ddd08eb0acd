"""INSOMNIAC CIA with one facility, played by a program: its HTTP API, and a hand at its console."""

from adapters.opentech_cia.simulation.account import CiaSimulation
from adapters.opentech_cia.simulation.facility import Quirks

__all__ = ["CiaSimulation", "Quirks"]
