"""TLS with CAPF and its greeting: what a phone would meet there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.capf.builder import (
    BOTH_WAYS,
    CAPF,
    ONLY_V6,
    V4,
    V6,
    configured,
    flights,
    greeting,
    handshake,
    no_connection,
    run,
    two_ways,
    unreached,
    unresolved,
    visit,
)
from tests.checks.evidence_builder import HANDSHAKE_FAILURE, fail, finding, names
from tests.checks.table import Row, params
from vpnprobe.model.capf import CapfVisit
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import CertificateRequest, ConfigReading

NOWHERE = unresolved(fail(FailureKind.NAME_NOT_FOUND))
TIMEOUT, CLOSED = fail(FailureKind.TIMEOUT), fail(FailureKind.CLOSED)
NOT_TLS, LOCAL = fail(FailureKind.NOT_TLS), fail(FailureKind.TLS_LOCAL)
DEADLINE = fail(FailureKind.DEADLINE)
CHAIN = names(CAPF.der)


def before_tls(spoke: str, failure: Failure, *, modern: Failure | None = None, **fields: Any) -> Evidence:
    """An answer to the hello that is no TLS to its end."""
    return unreached(visit(spoke=spoke, failure=failure, **fields), first_flights=flights(failure, modern))


def in_tls(**fields: Any) -> Evidence:
    """A whole session, in which something else came than a greeting."""
    return run(visits=(visit(**{"chain": CHAIN} | fields),))


REFUSED_HELLO = before_tls("tls-failed", HANDSHAKE_FAILURE, modern=HANDSHAKE_FAILURE)
NEWER = unreached(visit(spoke="tls-failed", failure=HANDSHAKE_FAILURE), first_flights=flights(HANDSHAKE_FAILURE, CAPF))
HANGS_UP_AT_OLD = unreached(visit(spoke="closed", failure=CLOSED), first_flights=flights(CLOSED, CAPF))
NOT_TAKEN = run(
    row=ONLY_V6, visits=(visit(V6), visit(spoke="silent", failure=TIMEOUT)), first_flights=flights(address=V6)
)


def ended(failure: Failure | None, **fields: Any) -> Evidence:
    """A handshake that did not come to its end."""
    return run(
        visits=(visit(spoke="tls-failed", failure=failure, chain=CHAIN, **fields),),
        handshakes=(handshake(completed=False, failure=failure, version=None, suite_name=None),),
    )


def greets(**fields: Any) -> Evidence:
    return run(visits=(visit(greeting=greeting(**fields)),))


def asks(auth_type: int | None, mode: int | None) -> Evidence:
    return run(visits=(visit(greeting=greeting(auth_type=auth_type)),), **configured(capf_auth_mode=mode))


def tried(*spoke: str, retries: int = 3) -> Evidence:
    def one(attempt: int, said: str) -> CapfVisit:
        return visit(spoke=said, attempt=attempt, failure=None if said == "capf" else CLOSED)

    return run(visits=tuple(one(number, said) for number, said in enumerate(spoke, 1)), retries=retries)


UNREADABLE = ConfigReading(origin="file", file="SEP.cnf.xml", problem="it is a page")

ROWS = (
    Row("CPF005", "tls", run(), "pass", "answers in TLS 1.0"),
    Row("CPF005", "an-alert-is-tls", REFUSED_HELLO, "pass", "answers in TLS"),
    Row("CPF005", "another-hello-is-answered", HANGS_UP_AT_OLD, "pass", "TLS 1.2"),
    Row("CPF005", "silent", before_tls("silent", TIMEOUT), "fail", "no whole answer in time"),
    Row("CPF005", "hangs-up", before_tls("closed", CLOSED, modern=CLOSED), "fail", "connection closed"),
    Row("CPF005", "plain", before_tls("plain", NOT_TLS, excerpt="220 mail"), "fail", "it begins '220 mail'"),
    Row("CPF005", "unwrapped", before_tls("plain", NOT_TLS, problem="CAPF without"), "fail", "TLS: CAPF without"),
    Row("CPF005", "deadline", before_tls("tls-failed", DEADLINE), "inconclusive", "does not say"),
    Row("CPF005", "no-connection", unreached(no_connection()), "inconclusive", "connection refused"),
    Row("CPF005", "not-visited", NOWHERE, "inconclusive", "the name does not exist"),
    Row("CPF005", "not-the-way", NOT_TAKEN, "not-applicable", "does not take IPv4", subject=V4),
    Row("CPF005", "second-way", two_ways(visit(V6), visit(spoke="silent")), "not-applicable", "CPF010", subject=V4),
    Row("CPF007", "accepted", run(), "pass", "the hello of a 7962G: TLS 1.0 AES256-SHA"),
    Row("CPF007", "refused", REFUSED_HELLO, "fail", "so is a modern one"),
    Row("CPF007", "newer", NEWER, "fail", "another client is given TLS 1.2"),
    Row("CPF007", "newer-hangs-up", HANGS_UP_AT_OLD, "fail", "(connection closed); another client"),
    Row("CPF007", "no-tls", before_tls("plain", NOT_TLS), "inconclusive", "CPF005"),
    Row("CPF007", "local", before_tls("tls-failed", LOCAL), "inconclusive", "not known"),
    Row("CPF007", "no-connection", unreached(no_connection()), "inconclusive", "connection refused"),
    Row("CPF007", "not-sent", run(first_flights=()), "inconclusive", "no connection was tried"),
    Row("CPF008", "complete", run(), "pass", "complete: TLS 1.0 AES256-SHA"),
    Row("CPF008", "breaks-off", ended(CLOSED), "fail", "is not completed: connection closed"),
    Row("CPF008", "local", ended(LOCAL), "inconclusive", "local TLS library"),
    Row("CPF008", "no-reason", ended(None), "inconclusive", "no reason"),
    Row(
        "CPF008",
        "wants-ours",
        ended(HANDSHAKE_FAILURE, certificate_request=CertificateRequest()),
        "inconclusive",
        "asks",
    ),
    Row("CPF008", "not-tried", NEWER, "inconclusive", "the handshake was not reached"),
    Row("CPF009", "greets", run(), "pass", "session 42"),
    Row("CPF009", "more-behind", run(visits=(visit(problem="4 bytes follow"),)), "pass", "4 bytes follow"),
    Row("CPF009", "later", greets(command=16), "fail", "try again later"),
    Row("CPF009", "in-progress", greets(command=17), "fail", "in progress"),
    Row("CPF009", "another-command", greets(command=9), "fail", "that is no greeting"),
    Row("CPF009", "silent", in_tls(spoke="silent", failure=TIMEOUT), "fail", "CAPF speaks first"),
    Row("CPF009", "hangs-up", in_tls(spoke="closed", failure=CLOSED), "fail", "without a word"),
    Row(
        "CPF009", "stranger", in_tls(spoke="other", excerpt="220 mail", problem="why"), "fail", "(why); it begins '220"
    ),
    Row("CPF009", "damaged", in_tls(spoke="other", excerpt="U\x01", problem="why"), "fail", "breaks the format: why"),
    Row("CPF009", "nothing-known", in_tls(spoke="closed"), "inconclusive", "does not say"),
    Row("CPF009", "no-session", ended(CLOSED), "inconclusive", "no session"),
    Row("CPF009", "no-connection", unreached(no_connection()), "inconclusive", "connection refused"),
    Row("CPF010", "one-way", run(), "not-applicable", "the way that the phone takes"),
    Row("CPF010", "not-its-way", NOT_TAKEN, "not-applicable", "row 9", subject=V4),
    Row("CPF010", "both", two_ways(visit(V6), visit()), "pass", "greets over IPv4 too", subject=V4),
    Row("CPF010", "first-dead", two_ways(no_connection(V6), visit()), "fail", "IPv6 first and must wait", subject=V6),
    Row("CPF010", "second-dead", two_ways(visit(V6), no_connection()), "fail", "way out if IPv6 fails", subject=V4),
    Row("CPF010", "second-other", two_ways(visit(V6), visit(spoke="other")), "fail", subject=V4),
    Row(
        "CPF010",
        "no-ipv6-here",
        two_ways(no_connection(V6, FailureKind.UNREACHABLE), visit()),
        "inconclusive",
        "this machine",
        subject=V6,
    ),
    Row("CPF010", "none", unreached(no_connection(V6), row=BOTH_WAYS), "not-applicable", "the way"),
    Row("CPF010", "no-name", NOWHERE, "inconclusive", "the name does not exist"),
    Row("CPF011", "not-asked", run(), "not-applicable", "--retries"),
    Row("CPF011", "at-once", tried("capf"), "pass", "first try"),
    Row("CPF011", "third", tried("closed", "closed", "capf"), "pass", "at try 3; a phone gets there too, 60 s later"),
    Row("CPF011", "never", tried("closed", "closed", "closed", "closed"), "fail", "after its fourth"),
    Row("CPF011", "cut-short", tried("closed", "closed"), "inconclusive", "2 of 4 tries"),
    Row("CPF012", "three", run(), "pass", "CAPFv3"),
    Row("CPF012", "two", greets(version=2), "fail", "version 2 instead of 3"),
    Row("CPF012", "none", greets(version=None), "inconclusive", "names no version"),
    Row("CPF012", "no-greeting", in_tls(spoke="silent", failure=TIMEOUT), "inconclusive", "CPF009"),
    Row("CPF013", "no-configuration", run(), "not-applicable", "--config"),
    Row("CPF013", "nothing-asked", asks(0, 3), "pass", "existing certificate"),
    Row("CPF013", "string-and-string", asks(1, 1), "pass", "the phone is set to: authentication string"),
    Row("CPF013", "string-and-none", asks(1, 0), "pass", "none"),
    Row("CPF013", "string-and-certificate", asks(1, 3), "fail", "existing certificate"),
    Row("CPF013", "string-and-null", asks(1, 2), "fail", "null string"),
    Row("CPF013", "unknown-type", asks(7, 1), "inconclusive", "authentication 7"),
    Row("CPF013", "no-type", asks(None, 1), "inconclusive", "does not say"),
    Row("CPF013", "unknown-mode", asks(1, 9), "inconclusive", "capfAuthMode 9"),
    Row("CPF013", "no-mode", asks(1, None), "inconclusive", "no capfAuthMode"),
    Row("CPF013", "unreadable", run(config=UNREADABLE), "inconclusive", "it is a page"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_answers(row: Row) -> None:
    row.judge()


def test_the_last_attempt_counts() -> None:
    evidence = tried("closed", "capf")
    assert finding(evidence, "CPF009").status == "pass"


def test_text_of_a_stranger_is_given_as_a_literal() -> None:
    said = finding(in_tls(spoke="other", excerpt="\x1b[2J\r\n<b>", problem="why"), "CPF009").summary
    assert said.endswith(r"it begins '\x1b[2J\r\n<b>'")


def test_the_way_that_fails_yields_to_nobody_else() -> None:
    """A dead first way is told once: the checks of the session are about the way that is taken."""
    evidence = two_ways(no_connection(V6), visit())
    assert finding(evidence, "CPF009", V6).status == "not-applicable"
    assert finding(evidence, "CPF009", V4).status == "pass"
