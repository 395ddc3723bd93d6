"""The server's end of TLS by pyOpenSSL, in the event loop of the test; it notes what the client did."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from tests.certificates import Identity
from tests.transport.byte_server import Peer
from vpnprobe.wire.tls.registry import Version

PHONE_SUITES = "AES256-SHA:AES128-SHA"


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """How the server behaves. `asks_for` are the CAs that it names in its CertificateRequest, None for no request.

    With `asks_later` it asks only in a second handshake, see `TlsPeer.renegotiate`.
    """

    identity: Identity
    minimum: int = Version.TLS1_0
    maximum: int = Version.TLS1_2
    ciphers: str = PHONE_SUITES
    asks_for: Sequence[Identity] | None = None
    accepts: Callable[[bytes], bool] = lambda der: True
    requires: bool = False
    asks_later: bool = False
    options: int = 0

    def context(self) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(self.minimum)
        context.set_max_proto_version(self.maximum)
        context.set_cipher_list(f"{self.ciphers}:@SECLEVEL=0".encode())
        context.set_options(self.options)
        context.use_certificate(x509.load_der_x509_certificate(self.identity.der))
        context.use_privatekey(self.identity.key)
        for issuer in self.identity.chain_der[1:]:
            context.add_extra_chain_cert(x509.load_der_x509_certificate(issuer))
        if self.asks_later:
            context.set_session_id(b"test")
            context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
            context.set_options(SSL.OP_NO_TICKET)
        if self.asks_for is not None:
            mode = SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if self.requires else 0)
            context.set_verify(mode, lambda connection, shown, error, depth, ok: self._judge(shown, depth))
            for authority in self.asks_for:
                context.add_client_ca(x509.load_der_x509_certificate(authority.der))
        return context

    def _judge(self, shown: object, depth: int) -> bool:
        certificate = shown.to_cryptography()  # type: ignore[attr-defined]  # pyOpenSSL gives its X509
        return depth > 0 or self.accepts(certificate.public_bytes(Encoding.DER))


class TlsPeer:
    """One connection of the server."""

    def __init__(self, peer: Peer, gateway: Gateway) -> None:
        self._peer = peer
        self.alerts: list[int] = []
        context = gateway.context()
        context.set_info_callback(self._note)
        self.connection = SSL.Connection(context, None)
        if gateway.asks_later:
            self.connection.set_verify(SSL.VERIFY_NONE, lambda *_: True)
        self.connection.set_accept_state()

    def _note(self, connection: SSL.Connection, where: int, value: int) -> None:
        if where == SSL.SSL_CB_READ_ALERT:
            self.alerts.append(value & 0xFF)

    @property
    def client_certificate(self) -> bytes | None:
        """The DER of the certificate that the client sent."""
        shown = self.connection.get_peer_certificate(as_cryptography=True)
        return None if shown is None else shown.public_bytes(Encoding.DER)

    async def handshake(self) -> None:
        """Raises `SSL.Error` when it fails; the alert has been sent then."""
        while True:
            try:
                self.connection.do_handshake()
            except SSL.WantReadError:
                await self.flush()
                await self._fetch()
            except SSL.Error:
                await self.flush()
                raise
            else:
                await self.flush()
                return

    async def renegotiate(self, leaf: Identity | None = None) -> None:
        """Make a second handshake that asks for a client certificate; raises `SSL.Error` when it fails."""
        self.connection.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        if leaf is not None:
            self.connection.use_certificate(x509.load_der_x509_certificate(leaf.der))
            self.connection.use_privatekey(leaf.key)
        self.connection.renegotiate()
        self.connection.do_handshake()
        while self.connection.renegotiate_pending():
            await self.flush()
            await self._fetch()
            with contextlib.suppress(SSL.WantReadError):
                self.connection.recv(65536)

    async def hear(self) -> bytes:
        """Return the next clear text, b"" at the end."""
        while True:
            try:
                return self.connection.recv(65536)
            except SSL.WantReadError:
                await self._fetch()
            except (SSL.ZeroReturnError, SSL.SysCallError):
                return b""

    async def send(self, data: bytes) -> None:
        self.connection.sendall(data)
        await self.flush()

    async def goodbye(self) -> None:
        self.connection.shutdown()
        await self.flush()

    async def flush(self) -> None:
        while True:
            try:
                data = self.connection.bio_read(65536)
            except SSL.WantReadError:
                return
            await self._peer.send(data)

    async def _fetch(self) -> None:
        if data := await self._peer.hear():
            self.connection.bio_write(data)
        else:
            self.connection.bio_shutdown()
