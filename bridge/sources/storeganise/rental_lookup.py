"""Finding rentals by their ids, one or hundreds, without letting one that fails stop the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bridge.sdk import Anomaly, BridgeError, Rejected, RentalId, Secret, Unauthorized
from bridge.sources.storeganise.client import FIELDS, StoreganiseApi
from bridge.sources.storeganise.parallel import each
from bridge.sources.storeganise.wire import RentalRow, parse

FEW: Final = 2
BATCH: Final = 40
BATCHES_AT_ONCE: Final = 4
SINGLES_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRentals:
    """The rentals that could be read; `missing` could not."""

    rows: Mapping[RentalId, RentalRow]
    missing: tuple[RentalId, ...] = ()


class RentalLookup:
    def __init__(self, api: StoreganiseApi) -> None:
        self._api = api

    async def find(self, rental_ids: Sequence[RentalId], key: Secret) -> FoundRentals:
        """Return what can be read of `rental_ids`.

        Raises `Unauthorized` if the key was refused anywhere, and the first failure if nothing at all could be read. A
        rental that the platform does not know is an `Anomaly`: the event said that it exists.
        """
        results = await self._batches(rental_ids, key) if len(rental_ids) > FEW else {}
        rest = [rental_id for rental_id in rental_ids if rental_id not in results]
        singles = await each(lambda one: self._single(one, key), rest, at_once=SINGLES_AT_ONCE)
        results |= dict(zip(rest, singles, strict=True))

        failures = {rental_id: result for rental_id, result in results.items() if isinstance(result, BridgeError)}
        for failure in failures.values():
            if isinstance(failure, Unauthorized) or len(failures) == len(results):
                raise failure
        rows = {rental_id: result for rental_id, result in results.items() if isinstance(result, RentalRow)}
        return FoundRentals(rows=rows, missing=tuple(failures))

    async def _batches(self, rental_ids: Sequence[RentalId], key: Secret) -> dict[RentalId, RentalRow | BridgeError]:
        """Return what batches told; an id that is not in it is to be asked for alone."""
        batches = [tuple(rental_ids[start : start + BATCH]) for start in range(0, len(rental_ids), BATCH)]
        answers = await each(lambda batch: self._api.rental_rows(batch, key), batches, at_once=BATCHES_AT_ONCE)
        results: dict[RentalId, RentalRow | BridgeError] = {}
        for batch, answer in zip(batches, answers, strict=True):
            if isinstance(answer, list):
                results |= _asked_for(batch, answer)
            elif not isinstance(answer, Rejected | Anomaly):  # the platform is busy or away: no forty calls instead
                results |= dict.fromkeys(batch, answer)
        return results

    async def _single(self, rental_id: RentalId, key: Secret) -> RentalRow:
        row = await self._api.rental(rental_id, key, include=FIELDS)
        if row is None:
            raise Anomaly(f"unit-rentals/{rental_id} is not found")
        return row


def _asked_for(batch: Sequence[RentalId], rows: Sequence[Any]) -> dict[RentalId, RentalRow | BridgeError]:
    """Return the readable rows that were asked for: others are ignored, an unreadable one is its error."""
    found: dict[RentalId, RentalRow | BridgeError] = {}
    by_id = {row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)}
    for rental_id in batch:
        if rental_id in by_id:
            try:
                found[rental_id] = parse(RentalRow, by_id[rental_id], f"unit-rentals/{rental_id}")
            except Anomaly as error:
                found[rental_id] = error
    return found
