"""Words that several checks share. Text of a peer stays raw: whoever shows a finding escapes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus

from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import BootFile
from vpnprobe.wire.tls.registry import alert_name, version_name
from vpnprobe.wire.tls.suites import suite_name

# A hello offers some hundred suites at most; a sentence shows this many of a list.
MAX_LISTED = 8

# A handshake in the phone's own version. OpenSSL 3 speaks TLS 1.0 at security level 0 only.
S_CLIENT = "openssl s_client -connect {address} {tls_version} -cipher ALL:@SECLEVEL=0"

_FAILURES = {
    FailureKind.LOCAL: "this machine could not send it",
    FailureKind.TLS_LOCAL: "the local TLS library cannot do it",
    FailureKind.NAME_NOT_FOUND: "the name does not exist",
    FailureKind.NO_ADDRESS: "the name has no address",
    FailureKind.NO_RECORD: "the name has no such record",
    FailureKind.SERVFAIL: "the DNS server failed",
    FailureKind.DNS_TIMEOUT: "no DNS server answered",
    FailureKind.UNREACHABLE: "host or network unreachable",
    FailureKind.REFUSED: "connection refused",
    FailureKind.TIMEOUT: "no answer in time",
    FailureKind.RESET: "connection reset",
    FailureKind.CLOSED: "connection closed",
    FailureKind.NOT_TLS: "the answer is not TLS",
    FailureKind.MALFORMED: "the answer is malformed",
    FailureKind.TOO_MUCH: "the answer is longer than any honest one",
    FailureKind.SERVER_ERROR: "the server answered with an error",
    FailureKind.DEADLINE: "the deadline of the run came first",
    FailureKind.INTERRUPTED: "the operator stopped the run",
}


def describe_failure(failure: Failure) -> str:
    """Return one clause that says what ended the step."""
    if failure.kind is FailureKind.TLS_ALERT:
        return "TLS alert" if failure.alert is None else f"TLS alert {alert_name(failure.alert)}"
    words = "the DNS server refuses to answer us" if failure.is_dns_refusal else _FAILURES[failure.kind]
    detail = failure.detail
    return f"{words} ({detail})" if detail and detail.lower() not in words else words


def describe_file(file: BootFile) -> str:
    """Return what came of one request for a file, with the server's own code and text."""
    said = [file.outcome.replace("-", " ")]
    if file.code == HTTPStatus.OK:
        # The answer began well; what went wrong came later.
        return ", ".join([*said, file.failure.detail] if file.failure and file.failure.detail else said)
    if file.code is not None:
        said.append(f"code {file.code}")
    if file.message:
        said.append(repr(file.message))
    elif file.failure is not None and file.failure.detail:
        said.append(file.failure.detail)
    return ", ".join(said)


def describe_suite(version: int, suite: int) -> str:
    """Return version and suite, for instance `TLS 1.0 AES256-SHA (0x0035)`."""
    return f"{version_name(version)} {suite_name(suite)}"


def listing(texts: Iterable[str]) -> str:
    """Join texts with commas; of a long list the first ones and how many more there are."""
    return _joined(texts, ", ")


def listing_of_names(names: Iterable[str]) -> str:
    """Join distinguished names, which hold commas themselves."""
    return _joined(names, "; ")


def _joined(texts: Iterable[str], separator: str) -> str:
    items = list(dict.fromkeys(texts))
    more = len(items) - MAX_LISTED
    return separator.join(items[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")


def count(number: int, noun: str, plural: str = "") -> str:
    """Return for instance `1 address` or `2 addresses`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def day(moment: datetime) -> str:
    """Return the date and minute in UTC as the summaries write it."""
    return f"{moment.year}-{moment.month:02}-{moment.day:02} {moment.hour:02}:{moment.minute:02} UTC"
