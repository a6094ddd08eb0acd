"""What the bridge can prove, and what it can be made to forget, in one place for those who offer it."""

from dataclasses import dataclass

from bridge.service.erasures import Erasures
from bridge.service.ledger_proof import LedgerProof
from bridge.service.who import Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    ledger: LedgerProof
    who: Who
    erasures: Erasures
