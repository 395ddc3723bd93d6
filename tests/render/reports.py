"""Reports for tests of the renderers: one for each verdict and kind of trouble."""

from __future__ import annotations

import msgspec

from tests.checks.evidence_builder import (
    EC,
    HANDSHAKE_FAILURE,
    REFUSED,
    RENEWED,
    SECOND,
    configured,
    fail,
    flight,
    flights,
    gateway_run,
    group,
    login,
    pinned,
    resolved,
    run,
    stages,
    unresolved,
    without_config,
)
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.finding import Finding, Fix, Logs, Report
from vpnprobe.model.observation import AcceptedSuite, Enumeration, KeyExchange

# Escape sequences, a bell, ends of lines, a bidirectional override, C1 controls, markup, a bar, wide letters.
RAW = "\x1b[31mred\x07\r\n\u202e\u2028\x9b\x85<b>&\"'|\u96fb\u8a71"

ENUMERATION = Enumeration(
    address="192.0.2.7:443",
    accepted=(
        AcceptedSuite(version=0x0301, suite=0x0035),
        AcceptedSuite(version=0x0303, suite=0xC030, key_exchange=KeyExchange(kind="ecdhe", group=29)),
        AcceptedSuite(version=0x0303, suite=0x009E, key_exchange=KeyExchange(kind="dhe", bits=1024)),
    ),
    refused={"768": HANDSHAKE_FAILURE, "772": HANDSHAKE_FAILURE},
    server_order={"771": True},
    flights=9,
)

EVIDENCE: dict[str, Evidence] = {
    "healthy": run(),
    "mismatch": run(**pinned(RENEWED)),
    "no such name": run(**unresolved()),
    "no configuration": run(**without_config()),
    "no vpn": run(**configured(vpn_group=None)),
    "refused login": run(logins=(login("refused"),)),
    "closed port": run(first_flights=(flight(failure=REFUSED),), handshakes=(), logins=()),
    "second address closed": run(
        resolution=resolved("192.0.2.7", "192.0.2.8"),
        first_flights=(*flights(), flight(address=SECOND, failure=REFUSED)),
    ),
    "many faults": run(**pinned(RENEWED), logins=(login("client-certificate-failed"),), stages=stages()),
    "odd parameters": run(**group(mtu=9000, fail_connect_time=1, enable_host_id_check=7)),
    "interrupted": run(
        interrupted="interrupt",
        stages=stages(first_flight=("failed", "interrupt"), login=("skipped", "interrupt")),
        first_flights=(),
        handshakes=(),
        logins=(),
    ),
    "deadline": run(interrupted="deadline", stages=stages(login=("failed", "deadline")), logins=()),
    "gateway": gateway_run(enumerations=(ENUMERATION,)),
    "gateway with two certificates": gateway_run(first_flights=(flight("7962G"), flight("8811", EC), *flights()[1:])),
    "gateway that is closed": gateway_run(first_flights=(flight(failure=fail(FailureKind.REFUSED)),)),
}
REPORTS: dict[str, Report] = {name: judge(evidence) for name, evidence in EVIDENCE.items()}


def finding(**changes: object) -> Finding:
    """One failed finding with everything that a finding can have."""
    template = Finding(
        id="PIN001",
        name="cert-hash-match",
        stage="pin",
        status="fail",
        severity="critical",
        subject="192.0.2.7:443",
        covers=("VP-10",),
        summary="no certHash names the certificate shown",
        fix=(Fix("ASA", ("show run ssl",)), Fix("CUCM", ("Upload the certificate.", "Save."))),
        logs=Logs(phone=("SECD: Leaf cert hash = AA",), asa=("%ASA-7-725014: SSL lib error",)),
        next=("vpnprobe hash AA",),
    )
    return msgspec.structs.replace(template, **changes)


def report_of(*findings: Finding, verdict: str = "fail", cause: str | None = "PIN001", name: str = "healthy") -> Report:
    """A report with just these findings."""
    return msgspec.structs.replace(REPORTS[name], findings=findings, verdict=verdict, cause=cause)
