"""Which access records a run writes when it ends."""

from bridge.domain.access import AccessRecord, AccessStatus, Certainty
from bridge.domain.credential import CodeMemory, GateCode
from bridge.domain.ids import RentalId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.ports.store import SubjectRecord
from bridge.service.converge import _to_be_kept
from bridge.service.progress import Progress
from tests.contracts.store_builders import START

ONE, OTHER = RentalId("one"), RentalId("other")
OPEN = {
    rental: AccessRecord(rental=rental, status=AccessStatus.GRANTED, certainty=Certainty.CONFIRMED)
    for rental in (ONE, OTHER)
}
READ = SubjectRecord(access=OPEN)


def progress_from(record: SubjectRecord) -> Progress:
    progress = Progress()
    progress.begin(record)
    return progress


def test_a_run_that_has_found_all_as_it_was_writes_no_record() -> None:
    assert _to_be_kept(READ, progress_from(READ)) == ()


def test_a_record_that_is_new_or_no_longer_as_it_was_is_written() -> None:
    progress = progress_from(SubjectRecord(access={ONE: OPEN[ONE]}))
    closed = AccessRecord(rental=ONE, status=AccessStatus.SUSPENDED)
    progress.access = {ONE: closed, OTHER: OPEN[OTHER]}
    assert _to_be_kept(SubjectRecord(access={ONE: OPEN[ONE]}), progress) == (closed, OPEN[OTHER])


def test_after_a_run_that_has_written_already_every_record_is_written() -> None:
    """What it wrote before is on disk; that it is as it was read at the beginning says nothing then."""
    acted = progress_from(READ)
    acted.entries.append(LedgerEntry(kind=LedgerKind.OUTCOME, at=START, what="accepted"))
    coded = progress_from(READ)
    coded.codes = CodeMemory(current=GateCode("482913"))
    for progress in (acted, coded):
        assert _to_be_kept(READ, progress) == tuple(OPEN.values())
