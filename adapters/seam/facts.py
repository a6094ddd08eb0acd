"""What an operator should know of a workspace and its locks."""

from collections.abc import Sequence
from typing import Final

from adapters.seam.mapping import MAX_READABLE, name_of, takes_codes
from adapters.seam.options import SeamCodesOptions
from adapters.seam.wire import WireLock, WireWorkspace
from bridge.sdk import Finding, Verdict, inert

MAX_NAMED: Final = 5
"""So many locks are called by name; of the others only the number is told."""

ZERO_CONSTRAINTS: Final = frozenset({"no_zeros", "cannot_contain_089", "cannot_contain_0789"})
CHOOSES_ITSELF: Final = "cannot_specify_pin_code"


def facts_of(
    subject: str, workspace: WireWorkspace, locks: Sequence[WireLock], options: SeamCodesOptions
) -> list[Finding]:
    """Return what is well, and what stands in the way of codes."""
    kind = "sandbox workspace" if workspace.is_sandbox else "workspace"
    text = (
        f"answers for the {kind} {inert(workspace.name, MAX_READABLE) or 'without a name'}; it has {len(locks)} locks"
    )
    findings = [Finding(subject=subject, verdict=Verdict.OK, text=text)]

    def warn(text: str, advice: str) -> None:
        findings.append(Finding(subject=subject, verdict=Verdict.WARNING, text=text, advice=advice))

    if workspace.is_suspended:
        warn("Seam has suspended the workspace", "Ask Seam's support why; nothing is set on locks until then.")
    if not locks:
        warn("the workspace has no locks", "Connect the locks' account in Seam's console, or use this workspace's key.")
    for lacking, text, advice in (
        (
            [lock for lock in locks if not takes_codes(lock)],
            "locks that take no codes over the air",
            "Map no unit to them, or give them their bridge or keypad; see the lock in Seam's console.",
        ),
        (
            [lock for lock in locks if not lock.properties.online],
            "locks that are offline",
            "Codes reach them when they are online again: look at their power, bridge and network.",
        ),
        (
            [lock for lock in locks if lock.errors],
            "locks with errors at Seam",
            "Look at the lock, or its connected account, in Seam's console and put right what it names.",
        ),
        (
            [lock for lock in locks if not _takes_length(lock, options.code_length)],
            f"locks that take no codes of {options.code_length} digits",
            "Set the site's options.code_length to a length that all its locks take.",
        ),
        (
            [lock for lock in locks if _constraints(lock) & ZERO_CONSTRAINTS and "0" in options.digits],
            "locks that refuse some digits",
            'Set the site\'s options.digits to those that all its locks take, for instance "123456".',
        ),
        (
            [lock for lock in locks if CHOOSES_ITSELF in _constraints(lock)],
            "locks that choose their codes themselves",
            "Map no unit to them: this adapter gives the codes.",
        ),
    ):
        if lacking:
            warn(f"{text}: {_named(lacking)}", advice)
    return findings


def _takes_length(lock: WireLock, length: int) -> bool:
    lengths = lock.properties.supported_code_lengths
    return not lengths or length in lengths


def _constraints(lock: WireLock) -> set[str]:
    return {constraint.constraint_type for constraint in lock.properties.code_constraints}


def _named(locks: Sequence[WireLock]) -> str:
    names = ", ".join(name_of(lock) for lock in locks[:MAX_NAMED])
    return names if len(locks) <= MAX_NAMED else f"{names} and {len(locks) - MAX_NAMED} more"
