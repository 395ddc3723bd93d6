"""The first flight as a state machine: feed what the server sends until `done`, then read `result`.

It is liberal on purpose. A probe must see what an endpoint would refuse, so a broken rule is recorded as a
breach and reading goes on as long as the bytes can be understood. No bytes make it raise. The result does not
depend on how the stream was cut into pieces.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from vpnprobe.model.errors import LimitExceeded, Malformed
from vpnprobe.wire.tls.alert import Alert
from vpnprobe.wire.tls.extensions import read_supported_versions
from vpnprobe.wire.tls.handshake import (
    CertificateRequest,
    CertificateStatus,
    ServerHello,
    ServerKeyExchange,
    parse_certificate,
    parse_certificate_request,
    parse_certificate_status,
    parse_server_hello,
    parse_server_key_exchange,
)
from vpnprobe.wire.tls.hello import ClientHello
from vpnprobe.wire.tls.outcome import (
    DEFAULT_LIMITS,
    Breach,
    BreachKind,
    Ended,
    FlightResult,
    Limits,
    NotTls,
    Problem,
    not_tls_kind,
)
from vpnprobe.wire.tls.record import Message, MessageReader, Record, RecordReader
from vpnprobe.wire.tls.registry import (
    AlertDescription,
    ContentType,
    ExtensionType,
    HandshakeType,
    Version,
    content_type_name,
    handshake_type_name,
)
from vpnprobe.wire.tls.suites import EMPTY_RENEGOTIATION_INFO_SCSV

EXCERPT_BYTES: Final = 160
"""How much of an answer that is not TLS is kept: a status line or a banner, not a page."""

# Place of each message in the flight (RFC 5246 section 7.3, RFC 4680 section 3, RFC 6066 section 8).
_PLACES: Final[dict[int, int]] = {
    HandshakeType.server_hello: 1,
    HandshakeType.supplemental_data: 2,
    HandshakeType.certificate: 3,
    HandshakeType.certificate_status: 4,
    HandshakeType.server_key_exchange: 5,
    HandshakeType.certificate_request: 6,
    HandshakeType.server_hello_done: 7,
}
_SKIPPED: Final = frozenset({int(HandshakeType.hello_request), int(HandshakeType.new_session_ticket)})
_LINE_STARTS: Final = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\r")


class FirstFlight:
    """Reads the answer to `offered`.

    After `done`, further bytes are ignored: the caller closes the connection. On a time-out the caller just
    reads `result`, which always holds what was seen so far. Only our own `offered` can make the construction
    raise `Malformed`: when its supported_versions cannot be read.
    """

    def __init__(self, offered: ClientHello, limits: Limits = DEFAULT_LIMITS) -> None:
        listed = offered.extension(ExtensionType.supported_versions)
        self._offered = offered
        self._versions: Container[int] = (
            range(Version.SSL3, offered.version + 1) if listed is None else read_supported_versions(listed)
        )
        self._limits = limits
        self._records = RecordReader()
        self._messages = MessageReader(limits.message_bytes)
        self._record_count = 0
        self._record_version: int | None = None
        self._seen: list[int] = []
        self._alert_half = b""
        self._ended: Ended | None = None
        self._problem: Problem | None = None
        self._excerpt: bytes | None = None
        self._hello: ServerHello | None = None
        self._version = offered.version
        self._suite = 0
        self._chain: tuple[bytes, ...] | None = None
        self._status: CertificateStatus | None = None
        self._key_exchange: ServerKeyExchange | None = None
        self._request: CertificateRequest | None = None
        self._alerts: list[Alert] = []
        self._breaches: list[Breach] = []

    @property
    def done(self) -> bool:
        """Whether nothing more can be learned from this connection."""
        return self._ended is not None

    @property
    def result(self) -> FlightResult:
        """What was seen so far; `ended` is OPEN while more may come."""
        not_tls = None
        ended = self._ended or Ended.OPEN
        if self._excerpt is not None:
            ended = Ended.NOT_TLS
            not_tls = NotTls(not_tls_kind(self._excerpt), self._excerpt.rstrip(b"\r\n"))
        return FlightResult(
            ended=ended,
            record_version=self._record_version,
            hello=self._hello,
            chain=self._chain,
            key_exchange=self._key_exchange,
            certificate_request=self._request,
            certificate_status=self._status,
            alerts=tuple(self._alerts),
            breaches=tuple(self._breaches),
            problem=self._problem,
            not_tls=not_tls,
            received=self._records.consumed,
        )

    def receive(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        if self._ended is not None:
            return
        if self._excerpt is not None:
            self._collect(self._excerpt + data)
            return
        self._records.feed(data)
        try:
            while not self.done and (record := self._next_record()) is not None:
                self._on_record(record)
        except Malformed as error:
            self._end(Ended.MALFORMED, Problem(error.field, error.reason, error.offset))
        except LimitExceeded as error:
            self._end(Ended.LIMIT, Problem(error.what, f"more than {error.limit}"))

    def eof(self) -> None:
        """The server closed the stream."""
        if self._ended is not None:
            return
        if self._excerpt is not None:
            self._ended = Ended.NOT_TLS
        elif self._records.pending or self._messages.pending:
            where = "record" if self._records.pending else "handshake message"
            self._end(Ended.CLOSED, Problem(where, "the stream ended inside it", self._records.consumed))
        else:
            self._ended = Ended.CLOSED

    def _end(self, ended: Ended, problem: Problem | None = None) -> None:
        self._ended = ended
        self._problem = problem

    def _next_record(self) -> Record | None:
        try:
            record = self._records.next_record()
        except Malformed:
            if self._record_count:
                raise
            self._collect(self._records.pending)
            return None
        if record is None:
            return None
        if self._records.consumed > self._limits.total_bytes:
            raise LimitExceeded("bytes in the flight", self._limits.total_bytes)
        if self._record_count == self._limits.records:
            raise LimitExceeded("records", self._limits.records)
        self._record_count += 1
        return record

    def _collect(self, seen: bytes) -> None:
        # The end must not depend on how the stream was cut, so text ends with its line, anything else with
        # the cap.
        line_end = seen.find(b"\n", 0, EXCERPT_BYTES) if seen[0] in _LINE_STARTS else -1
        self._excerpt = seen[: line_end + 1] if line_end >= 0 else seen[:EXCERPT_BYTES]
        if line_end >= 0 or len(seen) >= EXCERPT_BYTES:
            self._ended = Ended.NOT_TLS

    def _breach(self, kind: BreachKind, value: int) -> None:
        if len(self._breaches) == self._limits.breaches:
            raise LimitExceeded("protocol breaches", self._limits.breaches)
        self._breaches.append(Breach(kind, value))

    def _on_record(self, record: Record) -> None:
        if self._record_version is None:
            self._record_version = record.version
        if record.content_type == ContentType.handshake:
            if not record.fragment:
                self._breach(BreachKind.EMPTY_RECORD, record.content_type)
            self._messages.feed(record.fragment)
            while not self.done and (message := self._messages.next_message()) is not None:
                self._on_message(message)
        elif record.content_type == ContentType.alert:
            self._on_alerts(self._alert_half + record.fragment)
        else:
            self._end(
                Ended.UNEXPECTED,
                Problem(content_type_name(record.content_type), "has no place before the end of the first flight"),
            )

    def _on_alerts(self, data: bytes) -> None:
        self._alert_half = data[len(data) & ~1 :]
        for at in range(0, len(data) - 1, 2):
            if len(self._alerts) == self._limits.alerts:
                raise LimitExceeded("alerts", self._limits.alerts)
            alert = Alert(data[at], data[at + 1])
            self._alerts.append(alert)
            if alert.fatal:
                self._end(Ended.ALERT)
                return
            if alert.description == AlertDescription.close_notify:
                self._end(Ended.CLOSED)
                return

    def _on_message(self, message: Message) -> None:
        kind, body = message
        place = _PLACES.get(kind)
        if place is None:
            if kind not in _SKIPPED:
                self._end_unexpected(kind, "has no place in a server's first flight")
            return
        if self._hello is None and kind != HandshakeType.server_hello:
            self._end_unexpected(kind, "came before server_hello")
            return
        if kind in self._seen:
            self._breach(BreachKind.REPEATED_MESSAGE, kind)
            return
        if self._seen and place < _PLACES[self._seen[-1]]:
            self._breach(BreachKind.MESSAGE_OUT_OF_ORDER, kind)
        self._seen.append(kind)
        self._read(kind, body)

    def _end_unexpected(self, kind: int, reason: str) -> None:
        self._end(Ended.UNEXPECTED, Problem(handshake_type_name(kind), reason))

    def _read(self, kind: int, body: bytes) -> None:
        match kind:
            case HandshakeType.server_hello:
                self._on_server_hello(parse_server_hello(body))
            case HandshakeType.certificate:
                self._chain = parse_certificate(body, self._limits.certificates)
            case HandshakeType.certificate_status:
                self._status = parse_certificate_status(body)
            case HandshakeType.server_key_exchange:
                self._key_exchange = parse_server_key_exchange(body, self._version, self._suite)
            case HandshakeType.certificate_request:
                self._request = parse_certificate_request(body, self._version, self._limits.authorities)
            case HandshakeType.server_hello_done:
                if body:
                    raise Malformed(0, "server_hello_done", f"{len(body)} trailing bytes")
                self._ended = Ended.SERVER_HELLO_DONE

    def _on_server_hello(self, hello: ServerHello) -> None:
        self._hello = hello
        self._suite = hello.suite
        self._version = version = hello.version
        offered = self._offered
        if version not in self._versions:
            self._breach(BreachKind.VERSION_NOT_OFFERED, version)
        if hello.suite not in offered.suites:
            self._breach(BreachKind.SUITE_NOT_OFFERED, hello.suite)
        if hello.compression not in offered.compression:
            self._breach(BreachKind.COMPRESSION_NOT_OFFERED, hello.compression)
        for kind, _ in hello.extensions or ():
            if not _may_answer(offered, kind, retry=hello.is_retry):
                self._breach(BreachKind.EXTENSION_NOT_OFFERED, kind)
        if version >= Version.TLS1_3:
            self._ended = Ended.HELLO_RETRY if hello.is_retry else Ended.TLS13_SERVER_HELLO


def _may_answer(offered: ClientHello, kind: int, *, retry: bool) -> bool:
    # A server must not send an extension that was not offered, with two exceptions (RFC 5746 section 3.6, RFC
    # 8446 section 4.1.4).
    return (
        offered.extension(kind) is not None
        or (kind == ExtensionType.renegotiation_info and EMPTY_RENEGOTIATION_INFO_SCSV in offered.suites)
        or (kind == ExtensionType.cookie and retry)
    )
