"""What `gatebridge check` tells of an access system behind Seam."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from adapters.seam_acs.client import AcsClient
from adapters.seam_acs.options import TargetsBy
from adapters.seam_acs.profile import AcsProfile
from adapters.seam_acs.standing import is_level, is_target, target_of
from adapters.seam_acs.wire import WireGroup, WireSystem
from bridge.sdk import BridgeError, Finding, SiteId, Unauthorized, Verdict, inert

NOBODY: Final = "check"
"""The key of a person who never is."""
KEY_ADVICE: Final = "Set the site's options.api_key to a key of the workspace in Seam's console, under API keys."
SYSTEM_ADVICE: Final = (
    "Compare the site's options.url and acs_system_id with the access system's page in Seam's console."
)
REPORTED_ADVICE: Final = "Open the access system's page in Seam's console; it says what to do."
PTI_SYSTEM: Final = "pti_site"


async def findings(client: AcsClient, profile: AcsProfile, site: SiteId) -> Sequence[Finding]:
    """Return what is right and wrong with the account. Changes nothing, and fails by a finding only."""
    desk = _Desk(f"access system of site {site}", client, profile)
    try:
        return await desk.findings()
    except Unauthorized as error:
        return [desk.failed(str(error), KEY_ADVICE)]
    except BridgeError as error:
        return [desk.failed(str(error), SYSTEM_ADVICE)]


class _Desk:
    def __init__(self, subject: str, client: AcsClient, profile: AcsProfile) -> None:
        self._subject = subject
        self._client = client
        self._profile = profile

    def failed(self, text: str, advice: str) -> Finding:
        return Finding(subject=self._subject, verdict=Verdict.FAILED, text=text, advice=advice)

    def _warning(self, text: str, advice: str) -> Finding:
        return Finding(subject=self._subject, verdict=Verdict.WARNING, text=text, advice=advice)

    async def findings(self) -> list[Finding]:
        system = await self._client.system()
        groups = await self._client.groups()
        units = [group for group in groups if is_target(group, self._profile)]
        text = (
            f"answers; {inert(system.name, 60)} ({inert(system.external_type, 40)}) has {len(units)} groups for units"
        )
        return [
            Finding(subject=self._subject, verdict=Verdict.OK, text=text),
            *self._of_the_system(system),
            *self._of_the_groups(groups, units),
            *await self._of_the_codes(),
            *await self._of_the_people(),
        ]

    def _of_the_system(self, system: WireSystem) -> list[Finding]:
        found = [self.failed(f"Seam reports {inert(word, 60)}", REPORTED_ADVICE) for word in system.errors]
        found += [self._warning(f"Seam reports {inert(word, 60)}", REPORTED_ADVICE) for word in system.warnings]
        wanted = self._profile.system_type
        if wanted is not None and system.external_type != wanted:
            text = f"this is no {self._profile.brand} site: Seam calls it {inert(system.external_type, 40)}"
            found.append(
                self.failed(text, "Set options.acs_system_id to the right system, or the adapter to seam_acs.")
            )
        if wanted is None and system.external_type == PTI_SYSTEM:
            text = "this is a PTI site, where a unit alone opens nothing"
            found.append(self._warning(text, "Use the adapter pti: it adds the access level."))
        return found

    def _of_the_groups(self, groups: Sequence[WireGroup], units: Sequence[WireGroup]) -> list[Finding]:
        found = []
        if not units:
            advice = "Make units or groups in the access system, and wait until Seam has read them."
            found.append(self._warning("there is no group that a unit could be mapped to", advice))
        if self._profile.targets is TargetsBy.NAME:
            names = Counter(target_of(group, self._profile) for group in units)
            doubles = sorted(name for name, times in names.items() if times > 1)
            if doubles:
                text = f"{len(doubles)} names belong to several units, {inert(doubles[0], 60)} for one"
                found.append(self._warning(text, "Give each unit a name of its own in the access system."))
        level = self._profile.level
        if level is not None:
            named = self._profile.named()
            levels = [group for group in groups if is_level(group, self._profile)]
            meant = [one for one in levels if level in {one.acs_access_group_id, target_of(one, named)}]
            if len(meant) != 1:
                there = ", ".join(sorted(inert(one.name, 40) for one in levels)[:10]) or "none"
                text = f"options.access_level fits {len(meant)} of the access levels ({there})"
                found.append(self.failed(text, "Set options.access_level to the name or id of one of them."))
        return found

    async def _of_the_codes(self) -> list[Finding]:
        """Compare `shows_codes` with the codes that are there already; without any, nothing is known."""
        shown = {code.code is not None for code in await self._client.some_codes()}
        if len(shown) != 1 or self._profile.shows_codes in shown:
            return []
        says, does = ("shows", "hides") if self._profile.shows_codes else ("hides", "shows")
        text = f"options.shows_codes says that Seam {says} the codes of this system, and it {does} them"
        return [self._warning(text, f"Set options.shows_codes to {str(not self._profile.shows_codes).lower()}.")]

    async def _of_the_people(self) -> list[Finding]:
        """Ask for somebody who is not there: how Seam says so is the one answer that everything stands on."""
        try:
            await self._client.identity(NOBODY)
        except Unauthorized:
            raise
        except BridgeError as error:
            text = f"a look-up of nobody is not answered as expected: {error}"
            return [self.failed(text, "Do not go live; report this text to the makers of Gatebridge.")]
        return []
