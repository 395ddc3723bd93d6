"""Words for what a step came to: a failure, and the answer to one hello."""

from __future__ import annotations

from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import FirstFlight
from vpnprobe.render.escape import printable
from vpnprobe.wire.tls.registry import alert_name, version_name
from vpnprobe.wire.tls.suites import suite_name


def describe_failure(failure: Failure) -> str:
    """Name a failure in words, with the peer's own text escaped."""
    if failure.kind is FailureKind.TLS_ALERT and failure.alert is not None:
        return f"alert {alert_name(failure.alert)}"
    words = _FAILURES.get(failure.kind, failure.kind.value.replace("-", " "))
    if failure.is_dns_refusal:
        words = "the DNS server refuses to answer us"
    return f"{words} ({printable(failure.detail, 80)})" if failure.detail else words


_FAILURES = {
    FailureKind.NAME_NOT_FOUND: "no such name",
    FailureKind.NO_ADDRESS: "the name has no address",
    FailureKind.NO_RECORD: "the name has no such record",
    FailureKind.SERVFAIL: "the DNS server failed",
    FailureKind.DNS_TIMEOUT: "no DNS server answered",
    FailureKind.REFUSED: "connection refused",
    FailureKind.TIMEOUT: "no answer in time",
    FailureKind.CLOSED: "closed by the peer",
    FailureKind.RESET: "reset by the peer",
    FailureKind.NOT_TLS: "the answer is not TLS",
    FailureKind.TOO_MUCH: "the peer sends without end",
    FailureKind.TLS_LOCAL: "our own TLS library cannot do it",
}


def describe_flight(flight: FirstFlight) -> str:
    """Say in a clause what one hello was answered."""
    if flight.failure is not None:
        return f"{flight.address}: {describe_failure(flight.failure)}"
    if flight.version is None or flight.suite is None:
        return f"{flight.address}: no ServerHello"
    extra = ", client certificate asked" if flight.certificate_request else ""
    return f"{version_name(flight.version)} {suite_name(flight.suite).partition(' ')[0]}{extra}"
