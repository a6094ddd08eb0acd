"""Whether senders can trust what stands in front of the bridge, and for how long.

Only the host and port of `server.public_url` are ever asked.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from bridge.domain.errors import BridgeError, Rejected
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.outbound.certificate import certificate_end
from bridge.ports.bookmarks import Bookmarks
from bridge.ports.clock import Clock
from bridge.ports.findings import Finding, Verdict
from bridge.service.alerts import Alerts
from bridge.telemetry import get_logger

CERTIFICATE_EXPIRES: Final = "certificate_expires"
CERTIFICATE_REFUSED: Final = "certificate_refused"
SOON: Final = timedelta(days=14)
"""What renews certificates by itself has done so before that; by hand it takes days."""
LOOK_SECONDS: Final = 24 * 3600.0
SUBJECT: Final = "certificate"
_TOLD: Final = "certificate"
_HTTPS: Final = 443
_RENEW: Final = (
    "Renew it, or see why that does not happen by itself: from then on senders refuse it and nothing arrives."
)
_MEND: Final = "Senders refuse it too, and nothing arrives: mend it where TLS ends, in front of the bridge."
_LOOK: Final = "Look from outside: a server cannot always reach its own public name."
_WRITE: Final = "Write server.public_url as https:// and a host."

Ask = Callable[[str, int], Awaitable[datetime]]
"""Returns when the certificate at a host and port ends; raises what `certificate_end` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a handshake has shown; `alert` is the word for what people must be told, empty for nothing."""

    finding: Finding
    alert: str = ""


async def look_at(public_url: str | None, *, now: datetime, ask: Ask = certificate_end) -> Looked | None:
    """Shake hands with the host of this URL and judge its certificate at `now`; None for a URL that is not https."""
    try:
        url = urlsplit(public_url or "")
        host, port = url.hostname, url.port or _HTTPS
    except ValueError:
        return Looked(finding=_finding(Verdict.FAILED, "server.public_url is not a URL", _WRITE))
    if url.scheme != "https" or not host:
        return None
    name = f"the certificate of {host}:{port}"
    try:
        ends = await ask(host, port)
    except Rejected as error:
        return Looked(finding=_finding(Verdict.FAILED, f"{name} is refused: {error}", _MEND), alert=CERTIFICATE_REFUSED)
    except BridgeError as error:
        return Looked(finding=_finding(Verdict.WARNING, f"{name} was not seen: {error}", _LOOK))
    text = f"{name} ends on {ends:%Y-%m-%d}, in {max((ends - now).days, 0)} days"
    if ends - now < SOON:
        return Looked(finding=_finding(Verdict.WARNING, text, _RENEW), alert=CERTIFICATE_EXPIRES)
    return Looked(finding=_finding(Verdict.OK, text))


def _finding(verdict: Verdict, text: str, advice: str = "") -> Finding:
    return Finding(subject=SUBJECT, verdict=verdict, text=text, advice=advice)


class CertificateWatch:
    """Looks, and tells of one trouble once a day (UTC), whoever looks and how often."""

    def __init__(
        self,
        *,
        public_url: str | None,
        bookmarks: Bookmarks,
        alerts: Alerts,
        clock: Clock,
        ask: Ask = certificate_end,
    ) -> None:
        self._public_url = public_url
        self._bookmarks = bookmarks
        self._alerts = alerts
        self._clock = clock
        self._ask = ask
        self._log = get_logger()

    async def look(self) -> None:
        """Look once. What was not seen is said in the log only: the bridge may be unable to reach its public name."""
        now = self._clock.now()
        looked = await look_at(self._public_url, now=now, ask=self._ask)
        if looked is None:
            return
        if not looked.alert:
            level = self._log.info if looked.finding.verdict is Verdict.OK else self._log.warning
            level("certificate.looked_at", found=looked.finding.text)
            return
        told = f"{now:%Y-%m-%d} {looked.alert}"
        details = {"why": looked.finding.text}
        entry = LedgerEntry(kind=LedgerKind.ALERT, at=now, what=looked.alert, details=details)
        try:
            if await self._bookmarks.bookmark(_TOLD) != told:
                await self._bookmarks.keep_bookmark(_TOLD, told, [entry])
                self._alerts.say(entry)
        except BridgeError as error:
            self._log.warning("alert.not_recorded", what=looked.alert, why=str(error))
