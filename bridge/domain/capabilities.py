"""What an access-control vendor can do, as far as the bridge plans by it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bridge.domain.changes import Change, Kind
from bridge.domain.credential import CodeRules

_OF_A_TARGET: Final = frozenset({Kind.GRANT, Kind.REVOKE})
_OF_TARGET_OR_PERSON: Final = frozenset({Kind.SUSPEND, Kind.RESUME})


class CodeMaker(StrEnum):
    BRIDGE = "bridge"
    """The bridge makes the gate code, and the vendor takes it."""
    VENDOR = "vendor"
    """The vendor makes the gate code, and tells it when it does."""


class SuspendScope(StrEnum):
    TARGET = "target"
    """Each target of a person is suspended by itself."""
    PERSON = "person"
    """Only the whole person is: what should stay closed beside an open door is taken away instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """Declared by an adapter, for its options. `code_rules` also hold for what staff type."""

    code_rules: CodeRules
    reads_codes: bool = True
    """`observe` shows the gate code, so that a changed one is seen; else the code that was taken last is believed."""
    code_maker: CodeMaker = CodeMaker.BRIDGE
    suspends: SuspendScope = SuspendScope.TARGET
    one_occupant: bool = False
    """A target takes one tenant at a time: who had it before is removed before the next one is let in."""
    updates_person: bool = True
    """Name, e-mail and phone can be changed after the person was made."""
    surveys: bool = False
    """All that it has at the site can be read at once, by its list calls: the adapter has a `survey`."""

    def refusal(self, change: Change) -> str | None:
        """Return why the vendor cannot even be asked for `change`, or None."""
        by_target = change.kind in _OF_A_TARGET or (
            change.kind in _OF_TARGET_OR_PERSON and self.suspends is SuspendScope.TARGET
        )
        if by_target is (change.target is None):
            return f"{change.kind} {'needs a' if by_target else 'takes no'} target at this vendor"
        if change.kind is Kind.CHANGE_CODE and (change.code is None) is (self.code_maker is CodeMaker.BRIDGE):
            return f"{change.kind} {'needs a' if change.code is None else 'takes no'} gate code at this vendor"
        if change.kind is Kind.UPDATE_PERSON and not self.updates_person:
            return "this vendor changes no names"
        return None

    def consequences(self) -> tuple[str, ...]:
        """Return what the vendor's limits mean for staff and tenants, a sentence each; none where there are none."""
        told = {
            "the vendor makes the gate codes: one that staff type is refused": self.code_maker is CodeMaker.VENDOR,
            "gate codes cannot be read back: one that somebody changes at the vendor is not noticed": (
                not self.reads_codes
            ),
            "only a whole tenant can be suspended: a unit that closes beside an open one is taken away, and given back "
            "when it opens": self.suspends is SuspendScope.PERSON,
            "a unit takes one tenant at a time: the next one waits until the one before is removed": self.one_occupant,
            "a tenant's name, e-mail and phone stay as they were at the move-in": not self.updates_person,
        }
        return tuple(sentence for sentence, applies in told.items() if applies)
