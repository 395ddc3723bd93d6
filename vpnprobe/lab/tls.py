"""The stand-ins' side of TLS: pyOpenSSL over memory BIOs, which still speaks TLS 1.0."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeVar

from cryptography import x509
from OpenSSL import SSL, crypto

from vpnprobe.lab.issuing import Issued
from vpnprobe.lab.scenario import Gateway

T = TypeVar("T")

_READ_SIZE = 65536
Version = Literal["TLS 1.0", "TLS 1.2", "TLS 1.3"]
_VERSIONS: dict[Version, int] = {
    "TLS 1.0": SSL.TLS1_VERSION,
    "TLS 1.2": SSL.TLS1_2_VERSION,
    "TLS 1.3": SSL.TLS1_3_VERSION,
}


class PeerGoneError(ConnectionError):
    """The peer closed, or TLS with it failed; the alert that says so has been sent."""


def plain_context(
    suites: Sequence[str], certificates: Iterable[Issued], *, minimum: Version, maximum: Version
) -> SSL.Context:
    """Make a server that shows these certificates (one per key type) without their issuers and asks for none.

    `suites` are OpenSSL names in the server's order; those of TLS 1.3 are always on.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(_VERSIONS[minimum])
    context.set_max_proto_version(_VERSIONS[maximum])
    context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_TICKET)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_cipher_list(":".join((*suites, "@SECLEVEL=0")).encode())
    for issued in certificates:
        context.use_certificate(issued.certificate)
        context.use_privatekey(issued.key)
    return context


def send_also(context: SSL.Context, ders: Iterable[bytes]) -> None:
    """Send these certificates after the leaf, in this order."""
    for der in ders:
        context.add_extra_chain_cert(x509.load_der_x509_certificate(der))


def ask_for_certificate(
    context: SSL.Context, authorities: Iterable[x509.Certificate], *, insist: bool, accept: bool
) -> None:
    """Ask for a client certificate of these CAs; whether one is taken does not depend on who issued it."""
    for authority in authorities:
        context.add_client_ca(authority)
    required = SSL.VERIFY_FAIL_IF_NO_PEER_CERT if insist else 0
    context.set_verify(SSL.VERIFY_PEER | required, lambda *_: accept)


def server_context(gateway: Gateway, certificates: Sequence[Issued], authorities: Sequence[Issued]) -> SSL.Context:
    """Make the TLS side of `gateway`. `certificates` are one per key type; `authorities` its client CA names.

    A chain that is shuffled or has its root is that of the first certificate. A client certificate is asked for unless
    `gateway.asks_for` is None, and refused in the handshake only where the scenario says so.
    """
    # An ASA that serves phones speaks no TLS 1.3 to them.
    context = plain_context(gateway.suites, certificates, minimum=gateway.minimum, maximum="TLS 1.2")
    if gateway.sends in ("shuffled", "with-root"):
        issuers = certificates[0].issuers
        send_also(context, issuers if gateway.sends == "with-root" else reversed(issuers))
    elif gateway.sends == "chain":
        store = context.get_cert_store()
        assert store is not None
        # OpenSSL builds each leaf's chain from here. The root is left out: a client has it or does not believe it.
        for der in dict.fromkeys(der for issued in certificates for der in issued.issuers[:-1]):
            store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, der))
    if gateway.asks_for is not None:
        names = [authority.certificate for authority in authorities]
        ask_for_certificate(context, names, insist=gateway.insists, accept=not gateway.refuses_in_handshake)
    return context


class TlsStream:
    """One accepted connection, of which `received` was read already.

    Every method raises `PeerGoneError` when the peer leaves or breaks TLS.
    """

    def __init__(
        self,
        context: SSL.Context,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        received: bytes = b"",
    ) -> None:
        self._connection = SSL.Connection(context, None)
        self._connection.set_accept_state()
        if received:
            self._connection.bio_write(received)
        self._reader = reader
        self._writer = writer

    async def handshake(self) -> x509.Certificate | None:
        """Complete the handshake and return the client's certificate, if it sent one."""
        await self._drive(self._connection.do_handshake)
        return self._connection.get_peer_certificate(as_cryptography=True)

    async def read(self) -> bytes:
        """Return the next bytes, b"" after the peer's close_notify."""
        try:
            return await self._drive(lambda: self._connection.recv(_READ_SIZE))
        except SSL.ZeroReturnError:
            return b""

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""
        await self._drive(lambda: self._connection.sendall(data))

    async def close(self) -> None:
        """Send close_notify; the caller closes the TCP connection."""
        with contextlib.suppress(SSL.Error):
            self._connection.shutdown()
        await self._flush()

    async def _drive(self, step: Callable[[], T]) -> T:
        while True:
            try:
                result = step()
            except SSL.WantReadError:
                await self._flush()
                received = await self._reader.read(_READ_SIZE)
                if not received:
                    raise PeerGoneError("end of stream") from None
                self._connection.bio_write(received)
            except SSL.ZeroReturnError:
                raise
            except SSL.Error as error:
                await self._flush()
                raise PeerGoneError(str(error)) from error
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        with contextlib.suppress(SSL.WantReadError):
            while True:
                self._writer.write(self._connection.bio_read(_READ_SIZE))
        await self._writer.drain()
