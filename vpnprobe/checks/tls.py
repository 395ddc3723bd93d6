"""Checks of the first flight: whether the gateway speaks TLS, and finds a version and a suite with this phone."""

from __future__ import annotations

from collections.abc import Iterator

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import BOTH_PROBES, Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.wording import describe_failure, describe_suite, listing
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.finding import Fact, Logs
from vpnprobe.model.observation import FirstFlight
from vpnprobe.wire.tls.registry import AlertDescription, version_name
from vpnprobe.wire.tls.suites import suite_name


def _judge_speaks_tls(_case: Case, flights: tuple[FirstFlight, ...]) -> Result:
    good = next(filter(needs.speaks_tls, flights), None)
    if good is not None:
        if good.version is not None:
            return passed(f"answers in {version_name(good.version)}", version=version_name(good.version))
        return passed("answers with a TLS alert")
    failure = next(flight.failure for flight in flights if needs.is_connected(flight) and flight.failure)
    excerpt = next((flight.excerpt for flight in flights if flight.excerpt), None)
    words = describe_failure(failure)
    if failure.kind in needs.OURS:
        return unclear(f"no whole answer was read: {words}", failure=failure.kind.value)
    began = f"; it begins {excerpt.strip()!r}" if excerpt else ""
    return failed(
        f"takes connections, but gives no whole TLS answer: {words}{began}",
        failure.kind.value,
        failure=failure.kind.value,
        excerpt=excerpt,
    )


TLS004 = Check(
    id="TLS004",
    slug="gateway-speaks-tls",
    title="The gateway's port answers in TLS",
    stage="first-flight",
    severity="critical",
    probes=BOTH_PROBES,
    subjects=subjects.addresses,
    needs=needs.connection,
    judge=_judge_speaks_tls,
    rationale="What answers on the port must be the SSL VPN; a web server without TLS, a stalled process or a "
    "middlebox that cuts the answer looks to the phone like no gateway.",
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                show run webvpn
                show asp table socket
                show processes cpu-usage non-zero
                show conn port {port}
                """,
            ),
            fix(
                "path",
                """
                Look for a proxy, balancer or firewall in front of the gateway that ends or cuts TLS.
                """,
            ),
        ),
        next=("openssl s_client -connect {address}", "vpnprobe gateway {address}"),
    ),
    variants={
        FailureKind.NOT_TLS.value: Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    show run webvpn
                    show run http
                    show run nat
                    Whatever answers on port {port} does not speak TLS: find it by the socket table and by NAT, \
                      and give the port to webvpn.
                    """,
                ),
            ),
            next=("curl -v http://{address}/", "ASA# show asp table socket"),
        )
    },
)


def _taken_instead(evidence: Evidence, flight: FirstFlight) -> Iterator[str]:
    """Yield the versions and suites that the gateway is known to take at this address."""
    for enumeration in evidence.enumerations:
        if enumeration.address == flight.address:
            for accepted in enumeration.accepted:
                yield describe_suite(accepted.version, accepted.suite)
    for other in evidence.first_flights:
        if (
            other.address == flight.address
            and other is not flight
            and other.version is not None
            and other.suite is not None
            and other.suite in other.offered_suites
        ):
            yield describe_suite(other.version, other.suite)


def _is_unoffered(breach: str) -> bool:
    return breach.startswith(("version not offered", "suite not offered"))


def _judge_common_suite(case: Case, flight: FirstFlight) -> Result:
    offered = [suite_name(code) for code in flight.offered_suites]
    instead = list(dict.fromkeys(_taken_instead(case.evidence, flight)))
    takes = f"; it does take {listing(instead)}" if instead else ""
    facts: dict[str, Fact] = {
        "offered_version": version_name(flight.offered_version),
        "offered": offered,
        "offered_count": len(offered),
        "accepted_from_others": instead,
    }
    failure = flight.failure
    if failure is not None:
        words = describe_failure(failure)
        if failure.kind in needs.OURS:
            return unclear(f"the hello of {flight.hello} got no answer: {words}")
        variant = "version" if failure.alert == AlertDescription.protocol_version else ""
        return failed(
            f"refuses the hello of {flight.hello} ({version_name(flight.offered_version)}; {listing(offered)}): "
            f"{words}{takes}",
            variant,
            failure=failure.kind.value,
            alert=failure.alert,
            **facts,
        )
    if flight.version is None or flight.suite is None:
        return unclear(f"the hello of {flight.hello} got no ServerHello", **facts)
    chosen = describe_suite(flight.version, flight.suite)
    if flight.suite not in flight.offered_suites or any(map(_is_unoffered, flight.breaches)):
        return failed(
            f"answers with {chosen}, which {flight.hello} did not offer; the phone breaks off",
            "breach",
            chosen=chosen,
            **facts,
        )
    return passed(
        f"agrees with {flight.hello} on {chosen}", version=version_name(flight.version), suite=suite_name(flight.suite)
    )


_NO_SHARED_CIPHER = Logs(
    asa=(
        "%ASA-7-725010: Device supports the following",
        "%ASA-7-725008: SSL client outside:<phone>/<port> proposes the following {offered_count} cipher(s).",
        "%ASA-7-725014: SSL lib error. Function: SSL3_GET_CLIENT_HELLO Reason: no shared cipher",
    )
)

TLS001 = Check(
    id="TLS001",
    slug="common-suite",
    title="The gateway takes a version and a suite that this phone offers",
    stage="first-flight",
    severity="critical",
    probes=BOTH_PROBES,
    subjects=subjects.own_hellos,
    needs=needs.own_flight,
    judge=_judge_common_suite,
    covers=("VP-23", "VP-24"),
    rationale=(
        "Old phones offer little: a 7962G with firmware 9.1.1 speaks TLS 1.0 with AES256-SHA and AES128-SHA "
        "only. A gateway that was hardened, or one that only has RC4 and 3DES, has nothing in common with "
        "them."
    ),
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                show run all ssl
                show ssl
                """,
            ),
            fix(
                "ASA up to 9.3(1)",
                """
                configure terminal
                ssl server-version any
                ssl encryption aes256-sha1 aes128-sha1
                """,
            ),
            fix(
                "ASA from 9.3(2)",
                """
                configure terminal
                ssl cipher tlsv1 custom "AES256-SHA:AES128-SHA"
                ssl cipher tlsv1.2 custom "AES256-SHA:AES128-SHA:DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA"
                """,
            ),
        ),
        logs=_NO_SHARED_CIPHER,
        next=("ASA# show run all ssl", "vpnprobe gateway {address}"),
    ),
    variants={
        "version": Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    show run all ssl
                    show ssl
                    """,
                ),
                fix(
                    "ASA up to 9.3(1)",
                    """
                    configure terminal
                    ssl server-version any
                    """,
                ),
                fix(
                    "ASA from 9.3(2)",
                    """
                    configure terminal
                    ssl server-version tlsv1
                    ssl cipher tlsv1 custom "AES256-SHA:AES128-SHA"
                    """,
                ),
                fix(
                    "phone",
                    """
                    A model whose newest firmware offers no later version than {offered_version} must be replaced.
                    """,
                ),
            ),
            next=("ASA# show run all ssl", "vpnprobe gateway {address}"),
        ),
        "breach": Guide(
            fix=(
                fix(
                    "path",
                    """
                    No TLS server may answer so. Look for a middlebox in front of the gateway; dial from a place \
                      behind it and compare.
                    """,
                ),
                fix(
                    "ASA",
                    """
                    show version
                    show run all ssl
                    """,
                ),
            ),
            next=("vpnprobe gateway {address}",),
        ),
    },
    references=("Cisco document 116162, supported ciphers",),
)


def _judge_breaches(_case: Case, flights: tuple[FirstFlight, ...]) -> Result:
    breaches = [f"{flight.hello}: {breach}" for flight in flights for breach in flight.breaches]
    if breaches:
        return failed(f"breaks the rules of TLS: {listing(breaches)}", breaches=breaches)
    return passed("the answers keep to the rules of TLS")


TLS005 = Check(
    id="TLS005",
    slug="protocol-breach",
    title="The gateway's answers keep to the rules of TLS",
    stage="first-flight",
    severity="warning",
    probes=BOTH_PROBES,
    subjects=subjects.addresses,
    needs=needs.connection,
    judge=_judge_breaches,
    rationale="An answer that nobody asked for comes from a broken server or from a middlebox; phones may break off.",
    guide=Guide(
        fix=(
            fix("path", "Dial from a place behind any proxy or balancer and compare the answers."),
            fix(
                "ASA",
                """
                show version
                Look the breach up in the release notes before the next upgrade.
                """,
            ),
        ),
        next=("vpnprobe gateway {address}",),
    ),
    yields_to=("TLS001", "TLS004"),
)


CHECKS = (TLS004, TLS001, TLS005)
