"""pyOpenSSL over memory BIOs: bytes in, bytes out, no socket. Import it only when there is a handshake to make.

The answer is read twice, by OpenSSL and by our own first-flight codec. OpenSSL proves that the session completes;
the codec says what was on the wire, also when OpenSSL gives up, and so whose fault that was.
"""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from OpenSSL import SSL, crypto
from OpenSSL.version import __version__ as pyopenssl_version

from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.target import is_address
from vpnprobe.transport.tcp import READ_BYTES
from vpnprobe.transport.tls_settings import ClientCredential, HandshakeFacts, TlsSettings
from vpnprobe.wire.tls.empty_fragments import DataRecords
from vpnprobe.wire.tls.flight import FirstFlight
from vpnprobe.wire.tls.hello import ClientHello, parse_client_hello
from vpnprobe.wire.tls.outcome import BreachKind
from vpnprobe.wire.tls.record import HEADER_BYTES, MESSAGE_HEADER_BYTES
from vpnprobe.wire.tls.registry import AlertDescription, AlertLevel, Version, alert_name, version_name
from vpnprobe.wire.tls.suites import suite, suite_name

OPENSSL: Final = " ".join(SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode().split()[:2])
ENGINE: Final = f"pyOpenSSL {pyopenssl_version} / {OPENSSL}"

# SSL_OP_NO_EXTENDED_MASTER_SECRET and SSL_OP_NO_ENCRYPT_THEN_MAC of openssl/ssl.h, which pyOpenSSL does not name. The
# libraries of the phones' years know neither.
_NO_EXTENDED_MASTER_SECRET: Final = 1 << 0
_NO_ENCRYPT_THEN_MAC: Final = 1 << 19
_OPTIONS: Final = (
    SSL.OP_LEGACY_SERVER_CONNECT
    | SSL.OP_DONT_INSERT_EMPTY_FRAGMENTS
    | SSL.OP_NO_TICKET
    | SSL.OP_NO_COMPRESSION
    | _NO_EXTENDED_MASTER_SECRET
    | _NO_ENCRYPT_THEN_MAC
)
_CLIENT_HELLO_AT: Final = HEADER_BYTES + MESSAGE_HEADER_BYTES

# What OpenSSL says to a peer whose bytes break the format.
_PEER_AT_FAULT: Final = frozenset(
    {
        AlertDescription.unexpected_message,
        AlertDescription.bad_record_mac,
        AlertDescription.record_overflow,
        AlertDescription.illegal_parameter,
        AlertDescription.decode_error,
        AlertDescription.decrypt_error,
    }
)
# What a server says that finds no common suite: ours to explain where OpenSSL left suites out.
_NO_COMMON_SUITE: Final = frozenset({AlertDescription.handshake_failure, AlertDescription.insufficient_security})


class Engine:
    """The TLS state of one connection. Methods raise `TransportError`; `facts` can be read at any time."""

    def __init__(self, settings: TlsSettings) -> None:
        self._settings = settings
        self._notes = _Notes(settings)
        self._chain: tuple[bytes, ...] = ()
        self._data_records = DataRecords()
        try:
            self._connection = self._new_connection()
            self._established = self._step()
        except SSL.Error as error:
            raise TransportError(_local(_reason(error))) from error
        self._pending = self._waiting_output()
        hello = parse_client_hello(self._pending[_CLIENT_HELLO_AT:])
        self._left_out = _left_out(settings, hello)
        self._flight = FirstFlight(hello)

    def handshake(self) -> bool:
        """Go on as far as the bytes at hand allow; return whether the session is established."""
        try:
            if not self._step():
                return False
        except SSL.Error as error:
            raise TransportError(self._failure(error)) from error
        self._chain = tuple(
            crypto.dump_certificate(crypto.FILETYPE_ASN1, one) for one in self._connection.get_peer_cert_chain() or ()
        )
        return True

    def feed(self, data: bytes) -> None:
        """Take bytes that the peer sent."""
        self._flight.receive(data)
        self._data_records.feed(data)
        self._connection.bio_write(data)

    def output(self) -> bytes:
        """Return the bytes that wait to be sent, b"" when there are none."""
        first, self._pending = self._pending, b""
        return first + self._waiting_output()

    def read(self) -> bytes | None:
        """Return the next clear text, b"" at the peer's close_notify, None when more bytes are needed."""
        try:
            text = self._connection.recv(READ_BYTES)
        except SSL.WantReadError:
            return None
        except SSL.ZeroReturnError:
            return b""
        except SSL.Error as error:
            raise TransportError(self._failure(error)) from error
        self._data_records.note_text(len(text))
        return text

    def write(self, data: bytes) -> None:
        """Encrypt all of `data`."""
        try:
            self._connection.sendall(data)
        except SSL.Error as error:
            raise TransportError(self._failure(error)) from error

    def say_goodbye(self) -> None:
        """Put a close_notify into the output, where the state of the session allows one."""
        try:
            self._connection.shutdown()
        except SSL.Error:
            return

    @property
    def facts(self) -> HandshakeFacts:
        """What is known so far."""
        flight, notes = self._flight.result, self._notes
        chosen = None if flight.suite is None else suite(flight.suite)
        request = flight.certificate_request
        return HandshakeFacts(
            engine=ENGINE,
            version=flight.version,
            suite_name=None if chosen is None else chosen.openssl_name,
            chain=self._chain or flight.chain or (),
            client_certificate_requested=notes.requested or request is not None,
            client_certificate_sent=notes.sent,
            authorities=self._authorities() if request is None else request.authorities,
            leaf_refused=notes.leaf_refused,
            left_out=self._left_out,
        )

    @property
    def empty_fragments(self) -> bool | None:
        """Whether the peer sends empty records before its data; None where that cannot be told."""
        flight = self._flight.result
        return self._data_records.has_empty(flight.version, None if flight.suite is None else suite(flight.suite))

    def _authorities(self) -> tuple[bytes, ...]:
        """The CA names of a request that came encrypted, in a second handshake."""
        return tuple(name.der() for name in self._connection.get_client_ca_list()) if self._notes.requested else ()

    def _new_connection(self) -> SSL.Connection:
        settings = self._settings
        if settings.maximum < Version.TLS1_0:
            raise TransportError(_local(f"there is no {version_name(settings.maximum)}"))
        known = [found for code in settings.suites if (found := suite(code)) and found.openssl_name]
        old = [one.openssl_name for one in known if one.key_exchange != "TLS13"]
        new = [one.openssl_name for one in known if one.key_exchange == "TLS13"]
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(max(settings.minimum, Version.TLS1_0) if old else Version.TLS1_3)
        context.set_max_proto_version(settings.maximum)
        context.set_cipher_list(":".join([*(old or ["ALL"]), "@SECLEVEL=0"]).encode())
        context.set_tls13_ciphersuites(":".join(new).encode())
        context.set_options(_OPTIONS)
        context.set_info_callback(self._notes.note)
        if settings.expected_leaf is not None:
            context.set_verify(SSL.VERIFY_PEER, self._notes.judge)
        if settings.client is not None:
            for issuer in settings.client.chain[1:]:
                context.add_extra_chain_cert(x509.load_der_x509_certificate(issuer))
        connection = SSL.Connection(context, None)
        if settings.server_name is not None and not is_address(settings.server_name):
            connection.set_tlsext_host_name(settings.server_name.removesuffix(".").encode("ascii"))
        connection.set_connect_state()
        return connection

    def _step(self) -> bool:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        return True

    def _waiting_output(self) -> bytes:
        parts = []
        while True:
            try:
                parts.append(self._connection.bio_read(READ_BYTES))
            except SSL.WantReadError:
                return b"".join(parts)

    def _failure(self, error: SSL.Error) -> Failure:
        flight, notes = self._flight.result, self._notes
        if isinstance(error, SSL.ZeroReturnError):
            return Failure(kind=FailureKind.CLOSED, detail="close_notify")
        if notes.leaf_refused:
            return Failure(kind=FailureKind.LOCAL, detail="stopped: another leaf than the one that was accepted")
        if notes.alert is not None:
            if notes.alert in _NO_COMMON_SUITE and self._left_out and flight.hello is None:
                names = ", ".join(suite_name(code) for code in self._left_out)
                return _local(f"{alert_name(notes.alert)}, but it could not offer {names}", notes.alert)
            return Failure(kind=FailureKind.TLS_ALERT, alert=notes.alert, detail=f"fatal {alert_name(notes.alert)}")
        if flight.failure is not None:
            return flight.failure
        if notes.said in _PEER_AT_FAULT or any(one.kind is BreachKind.VERSION_NOT_OFFERED for one in flight.breaches):
            return Failure(kind=FailureKind.MALFORMED, detail=f"{OPENSSL}: {_reason(error)}")
        return _local(_reason(error))


class _Notes:
    """What OpenSSL tells by callback.

    It does not hold the connection, which holds it: such a circle would keep 80 KiB of OpenSSL's after every handshake.
    """

    def __init__(self, settings: TlsSettings) -> None:
        self._settings = settings
        self.alert: int | None = None
        self.said: int | None = None
        self.requested = False
        self.sent = False
        self.leaf_refused = False

    def judge(self, connection: SSL.Connection, shown: crypto.X509, _error: int, depth: int, _ok: int) -> bool:
        """Stop at a leaf that was not accepted. Only after the right one does OpenSSL get the credential at all."""
        if depth:
            return True
        leaf = crypto.dump_certificate(crypto.FILETYPE_ASN1, shown)
        if hashlib.sha256(leaf).hexdigest() != self._settings.expected_leaf:
            self.leaf_refused = True
            return False
        if self._settings.client is not None:
            _give(connection, self._settings.client)
        return True

    def note(self, connection: SSL.Connection, where: int, value: int) -> None:
        if where == SSL.SSL_CB_CONNECT_LOOP:
            state = connection.get_state_string()
            self.requested |= b"read server certificate request" in state
            self.sent |= b"write certificate verify" in state
        elif value >> 8 == AlertLevel.fatal:
            if where == SSL.SSL_CB_READ_ALERT:
                self.alert = value & 0xFF
            elif where == SSL.SSL_CB_WRITE_ALERT:
                self.said = value & 0xFF


def _local(reason: str, alert: int | None = None) -> Failure:
    return Failure(kind=FailureKind.TLS_LOCAL, alert=alert, detail=f"{OPENSSL}: {reason}")


def _reason(error: SSL.Error) -> str:
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return ", ".join(dict.fromkeys(reason for _, _, reason in queue)) or type(error).__name__


def _left_out(settings: TlsSettings, hello: ClientHello) -> tuple[int, ...]:
    return tuple(code for code in settings.suites if suite(code) and code not in hello.suites)


def _give(connection: SSL.Connection, client: ClientCredential) -> None:
    # Proving the primes prime would hold up everything else for 35 ms and more.
    key = serialization.load_pem_private_key(client.key_pem, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    connection.use_certificate(x509.load_der_x509_certificate(client.chain[0]))
    connection.use_privatekey(key)
