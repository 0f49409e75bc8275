"""A company's network, for pages about proxies: a proxy that looks into TLS, with an authority of its own."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["company_network"]

GATEWAY: Final = "glm.example.com"
"""The server that asks its clients for a certificate."""


@contextmanager
def company_network(url: str) -> Iterator[str]:
    """Run a proxy that leads every request for an `https` URL to one server.

    Args:
        url: the server, on this machine and without TLS.

    Yields:
        The URL of the proxy. In the current folder are `company-ca.pem`, the authority that the certificates of the
        proxy are from, and `client.pem` with `client-key.pem`, which the server `glm.example.com` asks for.
    """
    authority = _Authority()
    Path("company-ca.pem").write_bytes(authority.pem)
    authority.issue("client", Path("client.pem"), Path("client-key.pem"))
    target = urlsplit(url)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                _tunnel(self.request, authority, (target.hostname or "", target.port or 80))

    class Proxy(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Proxy(("127.0.0.1", 0), Handler) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{proxy.server_address[1]}"
        finally:
            proxy.shutdown()
            thread.join()


def _tunnel(client: socket.socket, authority: _Authority, target: tuple[str, int]) -> None:
    """Answer one `CONNECT`: speak TLS as the server that was asked for, and pass on what comes."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(4096)
    name = head.split()[1].decode().rpartition(":")[0]
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue(name, certificate := Path(f".{name}.pem"), key := Path(f".{name}-key.pem"))
    context.load_cert_chain(certificate, key)
    if name == GATEWAY:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority.pem.decode())
    with context.wrap_socket(client, server_side=True) as inside, socket.create_connection(target) as outside:
        back = threading.Thread(target=_pass_on, args=(outside, inside), daemon=True)
        back.start()
        _pass_on(inside, outside)
        back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class _Authority:
    """An authority that issues certificates for a day."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Company CA")])
        signed = self._certificate(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.pem = signed.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str, certificate: Path, key: Path) -> None:
        """Write a certificate for a name and its key into two files."""
        own = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signed = (
            self._certificate(subject, own.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        key.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def _certificate(self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )
