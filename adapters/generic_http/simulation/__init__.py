"""Two invented APIs of "Example Gate Co.", which exist to show and to check what configuration alone can do."""

from adapters.generic_http.simulation.people import PeopleKind, PeopleSimulation
from adapters.generic_http.simulation.units import UnitsSimulation
from adapters.generic_http.simulation.written import example

__all__ = ["PeopleKind", "PeopleSimulation", "UnitsSimulation", "example"]
