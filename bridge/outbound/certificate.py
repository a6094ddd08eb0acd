"""The certificate that stands at an address: seen by shaking hands, as a sender does, and by nothing else."""

import asyncio
import ssl
from datetime import UTC, datetime
from typing import Final

from bridge.domain.errors import Rejected, Unreachable

HANDSHAKE_SECONDS: Final = 10.0
GOODBYE_SECONDS: Final = 1.0


async def certificate_end(host: str, port: int, *, seconds: float = HANDSHAKE_SECONDS) -> datetime:
    """Return when the certificate at this address ends, in UTC, after a handshake on one connection.

    It is trusted as far as this machine trusts its issuer; `SSL_CERT_FILE` names others. Raises `Rejected` with the
    reason for a certificate that is refused, and `Unreachable` where there is no handshake within `seconds`.
    """
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        raise Rejected(error.verify_message or "it cannot be verified") from error
    except TimeoutError:
        raise Unreachable(f"there was no handshake within {seconds:.0f} s") from None
    except ssl.SSLError as error:
        raise Unreachable(f"no TLS is spoken there ({error.reason or 'no reason given'})") from error
    except (OSError, UnicodeError) as error:  # a name that no resolver can even be asked for
        raise Unreachable(f"no connection ({type(error).__name__})") from error
    try:
        ends: str = writer.get_extra_info("peercert")["notAfter"]
    finally:
        await _hang_up(writer)
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await writer.wait_closed()
    except OSError:  # a peer that does not say goodbye: what was to be seen has been seen
        writer.transport.abort()
