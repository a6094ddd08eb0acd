"""What an operator should know of a Salto KS site before tenants depend on it. Changes nothing."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from adapters.salto_ks.account import pick_role
from adapters.salto_ks.client import SaltoClient
from adapters.salto_ks.options import SaltoOptions, TargetsBy
from adapters.salto_ks.wire import Named, Subscription, ToldState
from bridge.sdk import BridgeError, Finding, Rejected, Unauthorized, Verdict, inert, read_as

MAX_SHOWN: Final = 8


async def findings(salto: SaltoClient, options: SaltoOptions, subject: str) -> Sequence[Finding]:
    """Return what is right and wrong with sign-in, site, role and access groups."""
    found: list[Finding] = []
    try:
        found.append(await _site(salto, subject))
        if found[-1].verdict is Verdict.FAILED:
            return found
        found.append(_role(await salto.roles(), options, subject))
        found += _groups(await salto.groups(), options, subject)
        found.append(await _people(salto, subject))
    except Unauthorized as error:
        advice = "Correct client_id, client_secret, username and password; the user must be site admin of this site."
        found.append(Finding(subject=subject, verdict=Verdict.FAILED, text=str(error), advice=advice))
    except BridgeError as error:
        advice = "Correct the site's options.site and environment, or try again when Salto KS answers."
        found.append(Finding(subject=subject, verdict=Verdict.FAILED, text=str(error), advice=advice))
    return found


async def _site(salto: SaltoClient, subject: str) -> Finding:
    site = await salto.site()
    if site.casefold() in {one.casefold() for one in await salto.sites()}:
        return Finding(subject=subject, verdict=Verdict.OK, text="the sign-in works, and the account sees the site")
    return Finding(
        subject=subject,
        verdict=Verdict.FAILED,
        text="the sign-in works, but the account does not see the site",
        advice="Correct the site's options.site, or make the user a site admin there.",
    )


def _role(roles: Sequence[Named], options: SaltoOptions, subject: str) -> Finding:
    try:
        pick_role(list(roles), options.role)
    except Rejected as error:
        return Finding(
            subject=subject,
            verdict=Verdict.FAILED,
            text=f"{error}; it has: {_some([role.customer_reference or role.id for role in roles])}",
            advice="Set the site's options.role to the one that tenants should get, by its label or id.",
        )
    return Finding(subject=subject, verdict=Verdict.OK, text="the role for tenants is there")


def _groups(groups: Sequence[Named], options: SaltoOptions, subject: str) -> list[Finding]:
    if not groups:
        advice = "Make an access group for each unit and one for the gate, each with locks and a time schedule."
        text = "the site has no access groups, so no unit can be mapped"
        return [Finding(subject=subject, verdict=Verdict.WARNING, text=text, advice=advice)]
    text = (
        f"{len(groups)} access groups (whether each has locks and a time schedule is for you to see: without, no entry)"
    )
    found = [Finding(subject=subject, verdict=Verdict.OK, text=text)]
    doubles = [name for name, times in Counter(group.customer_reference for group in groups).items() if times > 1]
    if options.targets_by is TargetsBy.NAME and doubles:
        found.append(
            Finding(
                subject=subject,
                verdict=Verdict.WARNING,
                text=f"access groups of the same name cannot be told apart: {_some(doubles)}",
                advice="Give each its own name in Salto KS, or set the site's options.targets_by to id.",
            )
        )
    return found


async def _people(salto: SaltoClient, subject: str) -> Finding:
    """How many seats the licence has cannot be read; how many are taken can."""
    states = [read_as(ToldState, item, "users").subscription_state for _, item in await salto.people()]
    seated = sum(state is Subscription.SUBSCRIBED for state in states)
    text = f"{len(states)} people, {seated} of them with a seat of the licence"
    return Finding(subject=subject, verdict=Verdict.OK, text=text)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(inert(name, 40) or "(no name)" for name in names[:MAX_SHOWN])
    return f"{shown}, ..." if len(names) > MAX_SHOWN else shown or "none"
