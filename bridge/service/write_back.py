"""Writing our fields to the platform: the intent on disk first, the outcome in the ledger."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bridge.domain.access import AccessRecord, Handover
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.errors import BridgeError
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.tenancy import FieldWrites
from bridge.ports.clock import Clock
from bridge.ports.source import Platform
from bridge.ports.store import SubjectRecords
from bridge.service.progress import Progress
from bridge.telemetry import Metrics


class FieldWriter:
    def __init__(self, *, records: SubjectRecords, clock: Clock, metrics: Metrics) -> None:
        self._records = records
        self._clock = clock
        self._metrics = metrics

    async def write(
        self, claim: ClaimedSubject, platform: Platform, writes: Sequence[FieldWrites], progress: Progress
    ) -> BridgeError | None:
        """Write the fields that differ, the intent first: an echo that overtakes our commit is known as one."""
        if not writes:
            return None
        for write in writes:
            progress.access[write.rental] = _about_to_write(progress.access[write.rental], write)
        await self._records.note(claim, (), [progress.access[write.rental] for write in writes])
        with self._metrics.time_step("write_back"):
            results = await asyncio.gather(
                *(platform.write_back(write, site=claim.key.site) for write in writes), return_exceptions=True
            )
        failed: BridgeError | None = None
        for write, result in zip(writes, results, strict=True):
            if isinstance(result, BaseException) and not isinstance(result, BridgeError):
                raise result
            progress.entries.append(self._written(claim, write, result))
            failed = result or failed
            if result is None:
                progress.access[write.rental] = _after_writing(progress.access[write.rental], write)
        return failed

    def _written(self, claim: ClaimedSubject, write: FieldWrites, error: BridgeError | None) -> LedgerEntry:
        details = {
            "status": write.status or "unchanged",
            "code": "cleared" if write.clear_code else "written" if write.code is not None else "unchanged",
        }
        details |= {"overlocked": "ticked"} if write.overlock else {}
        details |= {"resync": "cleared"} if write.clear_resync else {}
        return LedgerEntry(
            kind=LedgerKind.WRITE_BACK,
            at=self._clock.now(),
            what="written" if error is None else "failed",
            subject=claim.key,
            rental=write.rental,
            details=details if error is None else details | {"why": str(error)},
        )


def _about_to_write(record: AccessRecord, write: FieldWrites) -> AccessRecord:
    return replace(
        record,
        written_status=record.written_status if write.status is None else write.status,
        handover=Handover.SENT if write.overlock else record.handover,
    )


def _after_writing(record: AccessRecord, write: FieldWrites) -> AccessRecord:
    return replace(
        record,
        rotated=record.rotated and not write.clear_resync,
        handover=Handover.DONE if write.overlock else record.handover,
    )
