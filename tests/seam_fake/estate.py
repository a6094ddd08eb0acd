"""A platform, Seam's own server and a bridge between them: all of them processes."""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.flow.house import ADDON, SITE, Bridge, House, sandboxed, until
from tests.seam_fake.fake import KEY, Fake

CONFIGURATION = """
[store]
url = "sqlite:///{folder}/gatebridge.db"
key = "env:FLOW_STORE_KEY"
[log]
level = "debug"
format = "json"
[connections.lakeside]
source = "storeganise"
base_url = "{platform}"
api_key = "env:FLOW_API_KEY"
webhook_secrets = ["env:FLOW_WEBHOOK_SECRET"]
timezone = "Europe/London"
[[sites]]
connection = "lakeside"
id = "{site}"
addon_id = "{addon}"
adapter = "seam"
[sites.options]
url = "{seam}"
api_key = "{key}"
confirm = "accepted"
[sites.budget]
removals_percent_per_day = 100
"""

_numbers = itertools.count(1)


@dataclass(kw_only=True)
class Rental:
    """A unit behind a lock, and who rents it."""

    id: str
    tenant: str
    device: str
    move_in: str


@dataclass(kw_only=True)
class Estate:
    """What staff and tenants do on the platform, and what its webhooks tell the bridge."""

    house: House
    bridge: Bridge

    def rent(self, device: str) -> Rental:
        """Move a new tenant into a new unit behind the lock, without telling the bridge."""
        number = next(_numbers)
        who = {"firstName": "Nora", "lastName": f"Ek{number}", "email": f"nora{number}@example.net"}
        tenant = self.house.act("tenants", who)
        rental = self.house.act("move-ins", {"tenantId": tenant["id"], "unitId": self.unit(device)})
        return Rental(id=rental["id"], tenant=f"Nora Ek{number}", device=device, move_in=rental["moveInJobId"])

    def unit(self, device: str) -> str:
        unit = {"siteId": SITE, "name": f"S-{next(_numbers)}", "customFields": {"seam_id": device}}
        return str(self.house.act("units", unit)["id"])

    def tell(self, type: str, **data: Any) -> None:  # noqa: A002 - the sender's word
        body = {
            "id": f"66f1a0c2b7d4e90015e{next(_numbers):05x}",
            "type": type,
            "data": data,
            "created": "2026-03-04T12:00:07.412Z",
            "businessCode": "lakesidebox",
        }
        assert self.house.post(self.bridge, body).status_code == 200

    def tell_move_in(self, rental: Rental) -> None:
        self.tell("job.unit_moveIn.completed", jobId=rental.move_in)

    def edit(self, rental: Rental, **fields: Any) -> None:
        self.house.act(f"rentals/{rental.id}/edit", {"customFields": fields})

    def field(self, rental: Rental, name: str) -> Any:
        return self.house.fields(rental.id).get(name)

    def until_status(self, rental: Rental, status: str) -> None:
        until(lambda: self.field(rental, "seam_status") == status)


def configure(house: House, fake: Fake, key: str = KEY) -> None:
    house.file.write_text(
        CONFIGURATION.format(
            folder=house.folder, platform=house.platform, seam=fake.url, site=SITE, addon=ADDON, key=key
        )
    )


@contextlib.contextmanager
def opened(folder: Path, fake: Fake) -> Iterator[Estate]:
    """Run a platform and a bridge inside the block."""
    with sandboxed(folder) as house:
        configure(house, fake)
        with house.serving() as bridge:
            yield Estate(house=house, bridge=bridge)
