"""A failed step as a value: what happened and who is responsible."""

from __future__ import annotations

import enum
from typing import Final, Literal

import msgspec

Who = Literal["local", "dns", "path", "peer"]


class FailureKind(enum.Enum):
    """What ended the step. The set is closed, so that reports, checks and history can rely on it."""

    LOCAL = "local"  # this machine: no permission, no route table entry, address family missing
    TLS_LOCAL = "tls-local"  # our TLS library cannot offer or accept it; never the gateway's fault
    NAME_NOT_FOUND = "name-not-found"  # DNS: NXDOMAIN
    NO_ADDRESS = "no-address"  # DNS: the name exists but has no A or AAAA record
    NO_RECORD = "no-record"  # DNS: the name exists but has no record of the type asked for
    SERVFAIL = "servfail"  # DNS: the server answered with SERVFAIL, REFUSED or another error code
    DNS_TIMEOUT = "dns-timeout"  # DNS: no server answered in time
    UNREACHABLE = "unreachable"  # ICMP or the kernel: no route to host or network
    REFUSED = "refused"  # TCP reset on connect, or ICMP port unreachable for UDP
    TIMEOUT = "timeout"  # no answer within the step's time
    RESET = "reset"  # connection reset after it was open
    CLOSED = "closed"  # end of stream where more was due
    TLS_ALERT = "tls-alert"  # the peer sent a fatal alert, see Failure.alert
    NOT_TLS = "not-tls"  # the peer answers, but not in TLS
    MALFORMED = "malformed"  # the peer's bytes break the format
    TOO_MUCH = "too-much"  # the peer sent more than our cap
    SERVER_ERROR = "server-error"  # the peer answered with an error of the protocol (TFTP ERROR, HTTP status)
    DEADLINE = "deadline"  # the deadline of the whole run came first
    INTERRUPTED = "interrupted"  # the operator stopped the run


_WHO: dict[FailureKind, Who] = {
    FailureKind.LOCAL: "local",
    FailureKind.TLS_LOCAL: "local",
    FailureKind.NAME_NOT_FOUND: "dns",
    FailureKind.NO_ADDRESS: "dns",
    FailureKind.NO_RECORD: "dns",
    FailureKind.SERVFAIL: "dns",
    FailureKind.DNS_TIMEOUT: "dns",
    FailureKind.UNREACHABLE: "path",
    FailureKind.TIMEOUT: "path",
    FailureKind.DEADLINE: "local",
    FailureKind.INTERRUPTED: "local",
}


# DNS response code (RFC 1035 section 4.1.1): the server does not answer whoever asks, for reasons of its own.
DNS_REFUSED: Final = 5


class Failure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a step gave no answer.

    `alert` is the TLS alert number (RFC 8446 section 6) where kind is TLS_ALERT. `code` is the protocol's own error
    number where kind is SERVER_ERROR (TFTP error code, HTTP status) or SERVFAIL (DNS response code). `detail` is one
    clause for a person; it may hold text of the peer and is not yet escaped for a terminal.
    """

    kind: FailureKind
    alert: int | None = None
    code: int | None = None
    detail: str = ""

    @property
    def who(self) -> Who:
        """Who failed: this machine, the DNS, the path between, or the peer itself."""
        return _WHO.get(self.kind, "peer")

    @property
    def is_dns_refusal(self) -> bool:
        """Whether a DNS server refused to answer us, which tells nothing about the name."""
        return self.kind is FailureKind.SERVFAIL and self.code == DNS_REFUSED
