"""Checks of the TLS session with CAPF: that it is TLS, that the model's hello is taken, that the session completes."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.capf import needs
from vpnprobe.checks.capf.differential import SERVICE
from vpnprobe.checks.capf.reaching import PROBE
from vpnprobe.checks.needs import is_connected, speaks_tls
from vpnprobe.checks.wording import S_CLIENT, describe_failure, describe_suite
from vpnprobe.model.capf import CapfVisit
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.finding import Fact
from vpnprobe.model.observation import FirstFlight, Handshake
from vpnprobe.wire.tls.registry import version_name

TRACES: Final = fix(
    "CUCM",
    f"""
    file list activelog cm/trace/capf/sdi date
    file tail activelog cm/trace/capf/sdi/<newest-file>
    utils service restart {SERVICE}
    """,
)

_HANGS_UP: Final = frozenset({FailureKind.CLOSED, FailureKind.RESET})


def _flights_at(case: Case, visit: CapfVisit) -> list[FirstFlight]:
    return [flight for flight in case.evidence.first_flights if flight.address == visit.address]


def _judge_speaks_tls(case: Case, visit: CapfVisit) -> Result:
    flights = [flight for flight in _flights_at(case, visit) if is_connected(flight)]
    good = next((flight for flight in reversed(flights) if speaks_tls(flight)), None)
    if good is not None:
        return passed("answers in TLS" if good.version is None else f"answers in {version_name(good.version)}")
    failure = visit.failure
    if failure is None or failure.kind in needs.OURS:
        return unclear("the run does not say how the answer ended")
    if failure.kind is FailureKind.TIMEOUT:
        return failed(
            "takes connections, and gives a TLS hello no whole answer in time", "silent", failure=failure.kind.value
        )
    if visit.spoke == "plain":
        began = f"; it begins {visit.excerpt.strip()!r}" if visit.excerpt else ""
        said = visit.problem or f"{describe_failure(failure)}{began}"
        return failed(f"speaks without TLS: {said}", "plain", failure=failure.kind.value, excerpt=visit.excerpt)
    return failed(f"gives no whole TLS answer: {describe_failure(failure)}", failure=failure.kind.value)


CPF005 = Check(
    id="CPF005",
    slug="capf-speaks-tls",
    title="CAPF's port answers in TLS",
    stage="connect",
    severity="critical",
    probes=("capf",),
    subjects=needs.dialled,
    needs=needs.taken,
    judge=_judge_speaks_tls,
    rationale="CAPF speaks its protocol within TLS. What hangs up at a hello may be a filter that has taken the "
    "connection itself, or a service that is starting or stuck.",
    guide=Guide(
        fix=(
            TRACES,
            fix("path", "Look for a proxy or an inspection between phones and publisher that ends or cuts TLS."),
        ),
        next=(S_CLIENT, PROBE),
    ),
    variants={
        "silent": Guide(
            fix=(
                TRACES,
                fix(
                    "path",
                    """
                    A firewall that answers TCP by itself (SYN proxy) and cannot reach the publisher looks the same.
                    """,
                ),
            ),
            next=(S_CLIENT, "openssl s_client -connect {address}"),
        ),
        "plain": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    Another program listens at {address}, or a filter answers in its place. CAPF's port is 3804:
                    show open ports regexp 3804
                    """,
                ),
                fix("path", "Look for a redirection of TCP {port} on the way to {host}."),
            ),
            next=("curl -v --max-time 5 telnet://{address}", PROBE),
        ),
    },
)


def _judge_hello(case: Case, flight: FirstFlight) -> Result:
    own = case.evidence.persona.model or case.evidence.persona.profile
    failure = flight.failure
    if failure is None:
        chosen = describe_suite(flight.version, flight.suite) if flight.version and flight.suite is not None else "TLS"
        return passed(f"accepts the hello of a {own}: {chosen}")
    offered = version_name(flight.offered_version)
    words = describe_failure(failure)
    facts: dict[str, Fact] = {"offered": offered, "alert": failure.alert, "failure": failure.kind.value}
    if failure.kind in needs.OURS:
        return unclear(f"not known: {words}", **facts)
    other = next(
        (
            one
            for one in case.evidence.first_flights
            if one.address == flight.address and one.hello != flight.hello and one.failure is None and one.version
        ),
        None,
    )
    if other is not None and other.version is not None:
        taken = describe_suite(other.version, other.suite) if other.suite is not None else version_name(other.version)
        return failed(
            f"a {own} speaks {offered} at most, and is refused ({words}); another client is given {taken}",
            "newer",
            accepted=taken,
            **facts,
        )
    if failure.kind is FailureKind.TLS_ALERT:
        return failed(f"the hello of a {own} ({offered}) is refused: {words}; so is a modern one", **facts)
    return unclear(f"no whole answer in TLS (CPF005): {words}", **facts)


CPF007 = Check(
    id="CPF007",
    slug="hello-accepted",
    title="CAPF accepts the model's TLS hello",
    stage="handshake",
    severity="critical",
    probes=("capf",),
    subjects=needs.dialled,
    needs=needs.flight,
    judge=_judge_hello,
    rationale="7900 series phones speak TLS 1.0 only, and two RSA suites (VP-24). Where CUCM's minimum TLS version was "
    "raised, such a phone gets no LSC, nor a new one when the old one ends.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                show tls min-version
                System > Enterprise Parameters > Security Parameters: TLS Ciphers.
                show cert own CAPF
                """,
            ),
            TRACES,
        ),
        next=(S_CLIENT, PROBE),
    ),
    variants={
        "newer": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    show tls min-version
                    For phones that speak only {offered}, and only in a maintenance window, as all nodes restart:
                    set tls min-version 1.0
                    Or give these users newer phones: whoever asked for a higher version will ask again.
                    """,
                ),
            ),
            next=(S_CLIENT, PROBE),
        )
    },
    yields_to=("CPF005",),
)


def _judge_completes(case: Case, attempt: Handshake) -> Result:
    facts: dict[str, Fact] = {"engine": attempt.engine}
    if attempt.completed:
        version = "" if attempt.version is None else f"{version_name(attempt.version)} "
        return passed(f"complete: {version}{attempt.suite_name or ''}", **facts)
    failure = attempt.failure
    if failure is None or failure.kind in needs.OURS:
        return unclear(f"not completed: {describe_failure(failure) if failure else 'no reason was recorded'}", **facts)
    words = describe_failure(failure)
    facts["failure"] = failure.kind.value
    asked = attempt.client_certificate_requested or any(
        visit.certificate_request is not None
        for visit in needs.last_visits(case.evidence.capf)
        if visit.address == attempt.address
    )
    if asked and (failure.kind is FailureKind.TLS_ALERT or failure.kind in _HANGS_UP):
        return unclear(
            f"asks for the phone's certificate, and ended without one ({words}); none is ever sent from here, and "
            "whether a CAPF asks no source says",
            **facts,
        )
    return failed(f"the hello is accepted, the handshake is not completed: {words}", **facts)


CPF008 = Check(
    id="CPF008",
    slug="session-completes",
    title="The TLS handshake with CAPF completes",
    stage="handshake",
    severity="critical",
    probes=("capf",),
    subjects=needs.dialled,
    needs=needs.handshake,
    judge=_judge_completes,
    rationale="A first flight can be right and the session still fail: a private key that is not that of the "
    "certificate, for instance after a restore.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                show cert own CAPF
                If key and certificate do not belong together, make both anew, then the trust lists:
                set cert regen CAPF
                utils ctl update CTLFile
                Then restart Cisco CallManager, Cisco Tftp and Cisco Trust Verification Service, and reset the phones.
                """,
            ),
            TRACES,
        ),
        next=(S_CLIENT, PROBE),
    ),
    yields_to=("CPF005", "CPF007"),
)
