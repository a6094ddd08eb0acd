"""A TLS server on loopback with certificates of its own making, and the CA that made them."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Where it and its key are, and when it ends."""

    file: Path
    ends: datetime


class Authority:
    """A CA that is trusted by whoever is given its file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests' own CA")])
        self._began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
        own = self._sign(
            self._name, self._key.public_key(), timedelta(days=3650), x509.BasicConstraints(ca=True, path_length=None)
        )
        self.file = folder / "ca.pem"
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def issue(self, *, lasts: timedelta, address: str = HERE) -> Certificate:
        """Return a certificate for an address that began 30 days ago and lasts so long from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gatebridge")])
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        made = self._sign(name, key.public_key(), timedelta(days=30) + lasts, alternative)
        file = self._folder / f"{made.serial_number}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        return Certificate(file=file, ends=made.not_valid_after_utc)

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, lasts: timedelta, extension: x509.ExtensionType
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._began)
            .not_valid_after(self._began + lasts)
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        )
        return builder.sign(self._key, hashes.SHA256())


class Front:
    """What stands at the port, how many handshakes it has made, and what was said to it after one."""

    def __init__(self) -> None:
        self.port = 0
        self.handshakes = 0
        self.heard = b""


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """Yield a port at which each connection is answered so, one after another; in the end all are answered."""
    with socket.create_server((HERE, 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, suppress(OSError):  # a client that refuses what it is shown hangs up
                    answer(connection)

        server = Thread(target=serve)
        server.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join()


@contextmanager
def standing(certificate: Certificate) -> Iterator[Front]:
    front = Front()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file)

    def shake_hands(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            front.handshakes += 1
            front.heard += secured.recv(1024)

    with answering(shake_hands) as front.port:
        yield front
