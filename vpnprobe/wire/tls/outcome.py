"""What a first flight brought: the values that `FirstFlight` gives, its limits and the ways it can end."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

import msgspec

from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.wire.tls.alert import Alert
from vpnprobe.wire.tls.handshake import CertificateRequest, CertificateStatus, ServerHello, ServerKeyExchange
from vpnprobe.wire.tls.registry import content_type_name, extension_name, handshake_type_name, version_name
from vpnprobe.wire.tls.suites import suite_name


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Caps on what one flight may hold. Each default is far above what a real server sends."""

    total_bytes: int = 256 * 1024  # two full CA-name lists (64 KiB each) and a long chain still fit
    records: int = 1024  # 256 KiB in records of 256 bytes; stops a drip of tiny or empty records
    message_bytes: int = 160 * 1024  # the largest honest message is a chain; CertificateRequest ends at 64 KiB
    certificates: int = 32  # a chain has a handful; a server that sends its whole CA bundle is cut
    authorities: int = 2048  # a public CA bundle has about 150 names; 64 KiB hold 1,000 of usual length
    alerts: int = 8  # OpenSSL gives up after 5 warnings
    breaches: int = 32  # more says nothing new


DEFAULT_LIMITS: Final = Limits()


class Ended(enum.Enum):
    """How the flight ended. The set is closed."""

    OPEN = "open"  # it has not: more may come
    SERVER_HELLO_DONE = "server-hello-done"  # complete, SSL 3.0 to TLS 1.2
    TLS13_SERVER_HELLO = "tls13-server-hello"  # TLS 1.3 accepted; what follows is encrypted
    HELLO_RETRY = "hello-retry-request"  # TLS 1.3 accepted, with another group
    ALERT = "alert"  # fatal alert, the last of `alerts`
    CLOSED = "closed"  # end of stream or close_notify
    NOT_TLS = "not-tls"  # the first bytes are no TLS record
    UNEXPECTED = "unexpected"  # a record or message that has no place in a first flight
    MALFORMED = "malformed"
    LIMIT = "limit"


class BreachKind(enum.Enum):
    """A rule that the server broke while the flight could still be read."""

    VERSION_NOT_OFFERED = "version not offered"
    SUITE_NOT_OFFERED = "suite not offered"
    COMPRESSION_NOT_OFFERED = "compression method not offered"
    EXTENSION_NOT_OFFERED = "extension not offered"
    REPEATED_MESSAGE = "message sent twice"
    MESSAGE_OUT_OF_ORDER = "message out of order"
    EMPTY_RECORD = "empty record"


class Breach(msgspec.Struct, frozen=True):
    """One breach and the version, suite, method, extension, message or content type that it is about."""

    kind: BreachKind
    value: int

    def __str__(self) -> str:
        """One clause, for instance `suite not offered: RC4-SHA (0x0005)`."""
        return f"{self.kind.value}: {_VALUE_NAMES[self.kind](self.value)}"


_VALUE_NAMES: Final[dict[BreachKind, Callable[[int], str]]] = {
    BreachKind.VERSION_NOT_OFFERED: version_name,
    BreachKind.SUITE_NOT_OFFERED: suite_name,
    BreachKind.COMPRESSION_NOT_OFFERED: str,
    BreachKind.EXTENSION_NOT_OFFERED: extension_name,
    BreachKind.REPEATED_MESSAGE: handshake_type_name,
    BreachKind.MESSAGE_OUT_OF_ORDER: handshake_type_name,
    BreachKind.EMPTY_RECORD: content_type_name,
}


class Problem(msgspec.Struct, frozen=True):
    """Why reading stopped. `offset` counts bytes in the message that holds `field`, or in the stream."""

    field: str
    reason: str
    offset: int | None = None

    def __str__(self) -> str:
        """One clause."""
        where = self.field if self.offset is None else f"{self.field} at byte {self.offset}"
        return f"{where}: {self.reason}"


class NotTls(msgspec.Struct, frozen=True):
    """The start of an answer that is not TLS.

    `protocol` is a guess by the first bytes: http, html, ssh, sip, ftp-or-smtp, sslv2 or unknown. `excerpt`
    is raw: of a text the first line, else up to `EXCERPT_BYTES`.
    """

    protocol: str
    excerpt: bytes


_TEXTS: Final = (
    (b"HTTP/", "http"),
    (b"<", "html"),
    (b"SSH-", "ssh"),
    (b"SIP/", "sip"),
    (b"220", "ftp-or-smtp"),
)
_SSLV2_ANSWERS: Final = frozenset({0, 4})  # ERROR and SERVER-HELLO of SSL 2.0


def not_tls_kind(excerpt: bytes) -> str:
    """Return the protocol that the first bytes look like."""
    if len(excerpt) >= 3 and excerpt[0] & 0x80 and excerpt[2] in _SSLV2_ANSWERS:
        return "sslv2"
    return next((name for start, name in _TEXTS if excerpt.startswith(start)), "unknown")


class FlightResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one first flight brought. Whatever came before a bad end is here too.

    `chain` is None when no Certificate message came, () when it was empty; DER, in the order sent. `received`
    counts the bytes of the records that were read. `problem` is set for UNEXPECTED, MALFORMED and LIMIT, and
    for CLOSED when the stream ended inside a record or message.
    """

    ended: Ended
    record_version: int | None = None
    hello: ServerHello | None = None
    chain: tuple[bytes, ...] | None = None
    key_exchange: ServerKeyExchange | None = None
    certificate_request: CertificateRequest | None = None
    certificate_status: CertificateStatus | None = None
    alerts: tuple[Alert, ...] = ()
    breaches: tuple[Breach, ...] = ()
    problem: Problem | None = None
    not_tls: NotTls | None = None
    received: int = 0

    @property
    def version(self) -> int | None:
        """The negotiated version as a wire number."""
        return None if self.hello is None else self.hello.version

    @property
    def suite(self) -> int | None:
        """The suite that the server chose."""
        return None if self.hello is None else self.hello.suite

    @property
    def failure(self) -> Failure | None:
        """The failure this end stands for; None when the hello was accepted and while the flight is open."""
        kind = _FAILURES.get(self.ended)
        if kind is None:
            return None
        if self.ended is Ended.ALERT:
            return Failure(kind=kind, alert=self.alerts[-1].description, detail=str(self.alerts[-1]))
        if self.not_tls is not None:
            return Failure(kind=kind, detail=f"the answer looks like {self.not_tls.protocol}")
        return Failure(kind=kind, detail="" if self.problem is None else str(self.problem))


_FAILURES: Final = {
    Ended.ALERT: FailureKind.TLS_ALERT,
    Ended.CLOSED: FailureKind.CLOSED,
    Ended.NOT_TLS: FailureKind.NOT_TLS,
    Ended.UNEXPECTED: FailureKind.MALFORMED,
    Ended.MALFORMED: FailureKind.MALFORMED,
    Ended.LIMIT: FailureKind.TOO_MUCH,
}
