"""What is remembered of a person at Seam, as the reference keeps it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bridge.sdk import Ref, TargetId


@dataclass(slots=True)
class Known:
    """What is remembered of a person: their code at each lock, empty while it is being made.

    `whole` says that there are no codes elsewhere; a reference that was lost cannot say so. Until then, the locks are
    looked through in the order of their ids, as far as `looked`: whoever is cut off goes on from there. `named` are the
    locks by which the workspace is known again: those of the reference as it was handed in, and those asked about.
    """

    codes: dict[TargetId, str] = field(default_factory=dict)
    whole: bool = False
    looked: str = ""
    named: frozenset[TargetId] = frozenset()

    @classmethod
    def of(cls, ref: Ref | None, targets: Collection[TargetId] = ()) -> "Known":
        codes = {} if ref is None else ref.get("codes")
        if ref is None or not isinstance(codes, Mapping):
            return cls()
        kept = {TargetId(device): code for device, code in codes.items() if isinstance(code, str)}
        named = kept.keys() | set(targets)
        return cls(
            codes=kept, whole=ref.get("whole") is True, looked=str(ref.get("looked", "")), named=frozenset(named)
        )

    @property
    def ref(self) -> Ref | None:
        return self.kept if self.codes or self.whole else None

    @property
    def kept(self) -> Ref:
        looked = {"looked": self.looked} if self.looked else {}
        return {"codes": dict(self.codes), "whole": self.whole, **looked}
