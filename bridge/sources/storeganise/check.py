"""What an operator should know of the account before the first event comes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bridge.sdk import BridgeError, Finding, SourceSite, TemporaryError, Unauthorized, Verdict, inert
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.fields import FieldCodes
from bridge.sources.storeganise.keyring import Keyring
from bridge.sources.storeganise.units import NOT_FOR_RENT
from bridge.sources.storeganise.wire import UnitRow

FIRST_FEW: Final = 5
MAX_NAME: Final = 40

_KEY_ADVICE: Final = "Use a key with the admin role, made in this business under Settings > Developer."
_URL_ADVICE: Final = "Check the business code in base_url."
_LATER_ADVICE: Final = "Try again when the platform answers."


class AccountCheck:
    """Reads, changes nothing, and turns each failure into a finding that says what to do."""

    def __init__(self, *, sites: Sequence[SourceSite], api: StoreganiseApi, keyring: Keyring, secrets: int) -> None:
        self._sites = sites
        self._api = api
        self._keyring = keyring
        self._secrets = secrets

    async def findings(self) -> Sequence[Finding]:
        """Return findings on the key, the webhook secrets, and each site; no site is asked with a key that fails."""
        key = await self._key()
        found = [key, self._webhook()]
        if key.verdict is not Verdict.OK:
            return found
        for site in self._sites:
            found += await self._site(site)
        return found

    async def _key(self) -> Finding:
        subject = "API key" if self._keyring.has_api_key else "add-on key"
        try:
            settings = await self._api.settings(self._keyring.of_account())
        except BridgeError as error:
            return _failed(subject, str(error), _advice(error))
        if settings is None:
            return _failed(subject, "the platform has no settings under base_url", _URL_ADVICE)
        return Finding(subject=subject, verdict=Verdict.OK, text="accepted")

    def _webhook(self) -> Finding:
        count = "1 secret is" if self._secrets == 1 else f"{self._secrets} secrets are"
        return Finding(subject="webhook secret", verdict=Verdict.OK, text=f"{count} set; the first delivery proves it")

    async def _site(self, site: SourceSite) -> list[Finding]:
        subject = f"site {site.id}"
        try:
            key = self._keyring.of_site(site.id)
            answer = await self._api.site(site.id, key)
            problem = _site_problem(site, answer)
            if problem is not None:
                return [problem]
            units = await self._api.units_at(site.id, key)
            rentals = await self._api.some_rentals_at(site.id, key)
        except BridgeError as error:
            return [_failed(subject, str(error), _advice(error))]
        fields: set[str] = {code for row in rentals for code in row.custom_fields or {}}
        return [
            Finding(subject=subject, verdict=Verdict.OK, text="found"),
            _mapping(site, units),
            _rental(site, fields),
        ]


def _site_problem(site: SourceSite, answer: Mapping[str, Any] | None) -> Finding | None:
    subject = f"site {site.id}"
    if answer is None:
        return _failed(subject, "the platform does not know it", "Copy the site's id from the platform's address bar.")
    if answer.get("id") != site.id:
        return _failed(subject, "this is the site's code, not its id", "Configure the id: codes can be renamed.")
    return None


def _mapping(site: SourceSite, units: Sequence[UnitRow]) -> Finding:
    codes = FieldCodes(prefix=site.field_prefix)
    mapped, opted_out, missing = 0, 0, []
    for unit in units:
        if unit.state in NOT_FOR_RENT:
            continue
        try:
            mapping = codes.read_unit(unit.custom_fields or {}, f"units/{unit.id}")
        except BridgeError:
            missing.append(inert(unit.name or unit.id, MAX_NAME))
            continue
        if mapping.opted_out:
            opted_out += 1
        elif mapping.target is not None:
            mapped += 1
        else:
            missing.append(inert(unit.name or unit.id, MAX_NAME))
    text = f"{mapped} of {mapped + opted_out + len(missing)} units have {codes.target}, {opted_out} are NONE"
    subject = f"site {site.id} units"
    if not missing:
        return Finding(subject=subject, verdict=Verdict.OK, text=text)
    names = ", ".join(missing[:FIRST_FEW]) + (", ..." if len(missing) > FIRST_FEW else "")
    return Finding(
        subject=subject,
        verdict=Verdict.WARNING,
        text=f"{text}, {len(missing)} have none that can be used: {names}",
        advice=f"Write the gate system's name of each unit into {codes.target}, or NONE to leave it out.",
    )


def _rental(site: SourceSite, seen: set[str]) -> Finding:
    """Tell whether our rental fields were seen: the platform has no documented way to list their definitions."""
    codes = FieldCodes(prefix=site.field_prefix)
    unseen = [code for code in (codes.code, codes.overlocked, codes.status) if code not in seen]
    subject = f"site {site.id} rental fields"
    if not unseen:
        return Finding(subject=subject, verdict=Verdict.OK, text="all are in use")
    return Finding(
        subject=subject,
        verdict=Verdict.WARNING,
        text=f"not seen on any rental yet: {', '.join(unseen)}",
        advice="Make sure that they exist as custom fields of the rental; they show here once one is filled.",
    )


def _advice(error: BridgeError) -> str:
    if isinstance(error, Unauthorized):
        return _KEY_ADVICE
    return _LATER_ADVICE if isinstance(error, TemporaryError) else _URL_ADVICE


def _failed(subject: str, text: str, advice: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.FAILED, text=text, advice=advice)
