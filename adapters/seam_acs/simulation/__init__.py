"""A workspace at Seam with one access system in it, played from Seam's documents: for the conformance kit and tests."""

from adapters.seam_acs.simulation.account import AcsSimulation
from adapters.seam_acs.simulation.system import Brand

__all__ = ["AcsSimulation", "Brand"]
