"""A certificate is seen by one handshake, and refused for a reason that one line can say."""

import socket
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from bridge.domain.errors import Rejected, Unreachable
from bridge.outbound.certificate import certificate_end
from tests.outbound.tls import HERE, Authority, answering, standing

pytestmark = pytest.mark.anyio
YEAR = timedelta(days=365)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """A CA that this process trusts, as it would any that the ordinary variable names."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


async def test_the_end_of_a_good_certificate_is_seen_by_one_handshake(authority: Authority) -> None:
    certificate = authority.issue(lasts=YEAR)
    with standing(certificate) as front:
        assert await certificate_end(HERE, front.port) == certificate.ends
    assert (front.handshakes, front.heard) == (1, b"")


async def test_an_expired_one_is_refused(authority: Authority) -> None:
    with standing(authority.issue(lasts=-timedelta(days=1))) as front, pytest.raises(Rejected, match="expired"):
        await certificate_end(HERE, front.port)


async def test_one_for_another_address_is_refused(authority: Authority) -> None:
    certificate = authority.issue(lasts=YEAR, address="127.0.0.2")
    with standing(certificate) as front, pytest.raises(Rejected, match=r"127\.0\.0\.1"):
        await certificate_end(HERE, front.port)


async def test_one_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with standing(Authority(tmp_path).issue(lasts=YEAR)) as front, pytest.raises(Rejected, match="certificate"):
        await certificate_end(HERE, front.port)


async def test_where_nobody_listens_there_is_no_connection(authority: Authority) -> None:
    with standing(authority.issue(lasts=YEAR)) as front:
        port = front.port
    with pytest.raises(Unreachable, match="no connection"):
        await certificate_end(HERE, port)


async def test_a_handshake_that_never_ends_is_given_up() -> None:
    given_up = Event()
    with answering(lambda _: given_up.wait()) as port:
        with pytest.raises(Unreachable, match="no handshake"):
            await certificate_end(HERE, port, seconds=0.2)
        given_up.set()


async def test_a_port_without_tls_has_no_certificate() -> None:
    def speak_plainly(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with answering(speak_plainly) as port, pytest.raises(Unreachable, match="no TLS"):
        await certificate_end(HERE, port)


async def test_a_name_that_cannot_be_asked_for_is_no_connection() -> None:
    with pytest.raises(Unreachable, match="no connection"):
        await certificate_end("a" * 64 + ".invalid", 443)
