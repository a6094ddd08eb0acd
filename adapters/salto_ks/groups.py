"""Access groups as targets: a unit's field names one by its id, or by what people call it."""

from collections.abc import Collection, Mapping
from typing import Final

from adapters.salto_ks.client import SaltoClient
from adapters.salto_ks.mapping import check_target
from adapters.salto_ks.options import TargetsBy
from bridge.sdk import Rejected, Target, TargetId, is_safe_id, is_safe_target

KIND: Final = "access group"


async def group_ids(salto: SaltoClient, by: TargetsBy, targets: Collection[TargetId]) -> Mapping[TargetId, list[str]]:
    """Return the ids of the groups that each target names: none, one, or several by a name that is not unique.

    Names are asked for each time: a group that staff gave another name must not open for the old one.
    """
    if by is TargetsBy.ID:
        return {target: [target] if is_safe_id(target) else [] for target in targets}
    groups = await salto.groups() if targets else []
    return {target: [group.id for group in groups if group.customer_reference == target] for target in targets}


async def group_id(salto: SaltoClient, by: TargetsBy, target: TargetId) -> str:
    """Return the id of the one group that a target names. Raises `Rejected` for staff to correct the unit's field."""
    ids = (await group_ids(salto, by, [check_target(target)]))[target]
    if len(ids) != 1:
        raise Rejected(f"the site has {'no' if not ids else 'more than one'} access group as the unit's field names it")
    return ids[0]


async def all_targets(salto: SaltoClient, by: TargetsBy) -> list[Target]:
    """Return the access groups; by name, each name once."""
    groups = await salto.groups()
    targets = [
        Target(
            id=TargetId(group.id if by is TargetsBy.ID else group.customer_reference),
            name=group.customer_reference or group.id,
            kind=KIND,
        )
        for group in groups
    ]
    return list({target.id: target for target in targets if is_safe_target(target.id)}.values())
