"""Observe and apply at Brivo Access.

Every change begins with a look-up by the person's external id, so that it can be repeated after a crash at any point:
who exists is adopted, what is gone is done. Membership is put and deleted without a look: both may be repeated.
"""

from collections.abc import Collection, Sequence

from adapters.brivo.client import BrivoClient
from adapters.brivo.groups import Groups, ids_by_name
from adapters.brivo.mapping import external_id, kept_user
from adapters.brivo.options import BrivoOptions, TargetsBy
from adapters.brivo.visit import Visit, find
from bridge.sdk import (
    AdapterContext,
    BridgeError,
    Change,
    Checkpoint,
    EntryState,
    Finding,
    Kind,
    Observed,
    Person,
    Ref,
    Target,
    TargetId,
    Unauthorized,
    Verdict,
    inert,
    is_safe_target,
)


class BrivoAdapter:
    def __init__(self, options: BrivoOptions, context: AdapterContext) -> None:
        self._options = options
        self._brivo = BrivoClient(options, context)
        self._site = context.site

    async def check(self) -> Sequence[Finding]:
        subject = f"Brivo account of site {self._site}"
        try:
            groups = await self._brivo.groups()
            users = await self._brivo.count_users()
        except Unauthorized as error:
            advice = "Correct options.client_id, client_secret, username, password and api_key, or the user's rights."
            return [Finding(subject=subject, verdict=Verdict.FAILED, text=str(error), advice=advice)]
        except BridgeError as error:
            advice = "Try again; if it stays so, correct options.region, or auth_url and api_url where they are set."
            return [Finding(subject=subject, verdict=Verdict.FAILED, text=str(error), advice=advice)]
        text = (
            f"answers; it has {users} users and {len(groups)} groups. Its PIN length cannot be read: "
            f"options.code_length is {self._options.code_length}"
        )
        findings = [Finding(subject=subject, verdict=Verdict.OK, text=text)]
        if not groups:
            advice = "Make one group for each unit at Brivo, and give it its doors."
            text = "it has no group, so no unit can be mapped"
            findings.append(Finding(subject=subject, verdict=Verdict.WARNING, text=text, advice=advice))
        twice = [name for name, ids in ids_by_name(groups).items() if len(ids) > 1]
        if twice and self._options.targets is TargetsBy.NAME:
            text = (
                f"{len(twice)} names are those of several groups, so no unit can have them: {inert(twice[0], 40)} ..."
            )
            advice = "Rename all but one of each at Brivo, or set options.targets to id."
            findings.append(Finding(subject=subject, verdict=Verdict.WARNING, text=text, advice=advice))
        return findings

    async def targets(self) -> Sequence[Target]:
        groups = await self._brivo.groups()
        if self._options.targets is TargetsBy.ID:
            return [Target(id=TargetId(group.id), name=inert(group.name, 80), kind="group") for group in groups]
        names = [name for name, ids in ids_by_name(groups).items() if len(ids) == 1 and is_safe_target(name)]
        return [Target(id=TargetId(name), name=name, kind="group") for name in names]

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        brivo = self._brivo.discreet(person.tenant)
        user = await find(brivo, external_id(person.key, self._options.external_id_length), ref)
        if user is None and kept_user(ref) is None:
            return Observed()
        groups = await Groups.known_to(brivo, self._options.targets, ref)
        if user is None:
            await groups.recognise(targets)
            return Observed()
        state = EntryState.SUSPENDED if user.seen.suspended else EntryState.ACTIVE
        entries = {}
        for target, ids in groups.to_look_at(targets).items():
            for group in ids:
                if target not in entries and await brivo.is_member(user.seen.id, group):
                    entries[target] = state
        # Without a PIN nothing opens: doubt has a code set, where "not shown" would have it believed.
        return Observed(exists=True, code=user.seen.pin, code_in_doubt=user.seen.pin is None, entries=entries)

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        brivo = self._brivo.discreet(person.tenant)
        groups = await Groups.known_to(brivo, self._options.targets, ref)
        visit = Visit(brivo, groups, person, self._options, checkpoint)
        await visit.meet(ref, () if change.target is None else (change.target,))
        match change:
            case Change(kind=Kind.GRANT, target=str(target)):
                await visit.open(target, change.code)
            case Change(kind=Kind.REVOKE, target=str(target)):
                await visit.revoke(target)
            case Change(kind=Kind.CHANGE_CODE):
                await visit.change_code(change.code)
            case Change(kind=Kind.UPDATE_PERSON):
                await visit.update_profile()
            case Change(kind=Kind.SUSPEND):
                await visit.suspend()
            case Change(kind=Kind.RESUME):
                await visit.resume(change.code)
            case Change(kind=Kind.REMOVE_PERSON):
                await visit.remove()
        return visit.ref
