"""What certifies the adapter: the kit's checks over a site as it is documented, and over one that is odd."""

from adapters.salto_ks import ADAPTER
from adapters.salto_ks.simulation import SITE_UID, Face, SaltoSimulation
from bridge.testing.conformance import AdapterConformance, SimulatedClock, Simulation


class TestSaltoKs(AdapterConformance):
    """Groups by id, users as a bare array in small pages."""

    spec = ADAPTER

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return SaltoSimulation(clock)


class TestSaltoKsLate(AdapterConformance):
    """Groups by name, the site by its uid, and a minute in which Salto KS denies whom it has just made."""

    spec = ADAPTER

    def simulate(self, clock: SimulatedClock) -> Simulation:
        face = Face(late_seconds=60, bare_users=False, members_show="user", tells_new_state=False, token_seconds=300)
        return SaltoSimulation(clock, face, site=SITE_UID, targets_by="name", alias_style="mark", updates_names=False)
