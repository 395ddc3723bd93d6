"""Checks of who answers at the target's addresses: a TCP connection, and TLS on it."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import differential, needs, subjects
from vpnprobe.checks.wording import describe_failure
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import FirstFlight
from vpnprobe.wire.tls.registry import version_name

S_CLIENT: Final = "openssl s_client -connect {address} -servername {target} -showcerts"
PROBE: Final = "vpnprobe federation {domain}"


def _judge_reachable(case: Case, flights: tuple[FirstFlight, ...]) -> Result:
    reached = next(filter(needs.is_connected, flights), None)
    if reached is not None:
        return passed(f"TCP connection in {reached.connect_s * 1000:.0f} ms", connect_s=round(reached.connect_s, 6))
    failure = next((flight.failure for flight in flights if flight.failure is not None), None)
    if failure is None:
        return unclear("the run does not say how the connection ended")
    words = describe_failure(failure)
    if needs.is_foreign_family(case.evidence.federation, flights[0]):
        return not_applicable(f"this machine does not reach IPv6 ({words}); an IPv4 address answers")
    if needs.is_without_ipv6(case.evidence.federation, flights[0]):
        words = f"no IPv6 address was reached in this run, so this machine may have no IPv6: {words}"
        return unclear(words, failure=failure.kind.value)
    if failure.kind in needs.OURS:
        return unclear(f"no connection was tried: {words}", failure=failure.kind.value)
    return failed(f"no TCP connection: {words}", failure.kind.value, failure=failure.kind.value)


EDG001 = Check(
    id="EDG001",
    slug="edge-reachable",
    title="Each address of the target accepts a TCP connection",
    stage="first-flight",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.flights,
    judge=_judge_reachable,
    covers=("F3-08",),
    rationale="The partner's edge dials the addresses that the DNS gives it. That a closed port comes from a service "
    "that did not start is one cause of several, and cannot be told from outside.",
    guide=Guide(
        fix=(
            fix(
                "path",
                """
                Nothing came back from {address}: look for a firewall or a missing address translation in front of \
                  {target}.
                If the address no longer belongs to {target}, delete its record from the DNS.
                """,
            ),
            fix(
                "Expressway",
                """
                Status > Search history: calls of the partner are not there, since none arrives.
                Configuration > Protocols > SIP: TLS mode On, TLS port 5061.
                """,
            ),
            fix(
                "ASA",
                """
                show run nat
                show run access-list
                show conn address {ip}
                """,
            ),
        ),
        next=("traceroute --tcp --port={port} {ip}", PROBE),
    ),
    variants={
        FailureKind.REFUSED.value: Guide(
            fix=(
                fix(
                    "Expressway",
                    """
                    Configuration > Protocols > SIP: TLS mode On, TLS port 5061.
                    """,
                ),
                fix(
                    "IM and Presence",
                    """
                    Cisco Unified Serviceability > Tools > Control Center - Feature Services: Cisco SIP Proxy must run.
                    """,
                ),
                fix(
                    "path",
                    """
                    A firewall that rejects, or an address translation that leads to another host, looks the same.
                    """,
                ),
                fix("DNS", "If the address no longer belongs to {target}, delete its record."),
                *differential.guide("closed").fix,
            ),
            next=(S_CLIENT, PROBE),
        )
    },
)


def _judge_speaks_tls(_case: Case, flights: tuple[FirstFlight, ...]) -> Result:
    good = next((flight for flight in flights if needs.is_connected(flight) and needs.speaks_tls(flight)), None)
    if good is not None:
        if good.version is not None:
            return passed(f"answers in {version_name(good.version)}", version=version_name(good.version))
        return passed("answers with a TLS alert")
    failure = next((flight.failure for flight in flights if needs.is_connected(flight) and flight.failure), None)
    if failure is None or failure.kind in needs.OURS:
        words = describe_failure(failure) if failure is not None else "the run does not say why"
        return unclear(f"no whole answer was read: {words}")
    excerpt = next((flight.excerpt for flight in flights if flight.excerpt), None)
    began = f"; it begins {excerpt.strip()!r}" if excerpt else ""
    return failed(
        f"takes connections, but gives no whole TLS answer: {describe_failure(failure)}{began}",
        failure.kind.value,
        failure=failure.kind.value,
        excerpt=excerpt,
    )


EDG002 = Check(
    id="EDG002",
    slug="edge-speaks-tls",
    title="The target's port answers in TLS",
    stage="first-flight",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.connection,
    judge=_judge_speaks_tls,
    rationale="A Microsoft edge speaks SIP over mutual TLS to its partners and nothing else.",
    guide=Guide(
        fix=(
            fix(
                "path",
                "Look for a firewall, a proxy or an inspection of SIP in front of {target} that ends or cuts TLS.",
            ),
            fix(
                "ASA",
                """
                show run policy-map
                show run tls-proxy
                show asp table socket
                """,
            ),
        ),
        next=(S_CLIENT, PROBE),
    ),
    variants={
        FailureKind.NOT_TLS.value: Guide(
            fix=(
                fix(
                    "Expressway",
                    """
                    What answers on port {port} does not speak TLS. Configuration > Protocols > SIP: the TCP port \
                      and the TLS port must not be exchanged.
                    """,
                ),
                fix(
                    "DNS",
                    """
                    If the record names the wrong port, partners expect 5061:
                    _sipfederationtls._tcp.{domain}. 3600 IN SRV 0 0 5061 {target}.
                    """,
                ),
            ),
            next=("curl -v --max-time 5 telnet://{address}", S_CLIENT),
        )
    },
    yields_to=("EDG001",),
)


CHECKS: Final = (EDG001, EDG002)
