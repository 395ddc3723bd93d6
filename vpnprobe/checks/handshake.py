"""Checks of the complete handshake."""

from __future__ import annotations

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.wording import S_CLIENT, describe_failure
from vpnprobe.model.finding import Fact
from vpnprobe.model.observation import Handshake
from vpnprobe.pki.pin import PinReason, decide_pin
from vpnprobe.wire.tls.registry import AlertDescription, version_name


def _judge_completes(case: Case, attempt: Handshake) -> Result:
    if attempt.completed:
        version = "" if attempt.version is None else f"{version_name(attempt.version)} "
        sent = ", client certificate sent" if attempt.client_certificate else ""
        return passed(f"complete: {version}{attempt.suite_name or ''}{sent}", engine=attempt.engine)
    words = "no reason was recorded" if attempt.failure is None else describe_failure(attempt.failure)
    facts: dict[str, Fact] = {
        "engine": attempt.engine,
        "failure": attempt.failure.kind.value if attempt.failure else None,
        "alert": attempt.failure.alert if attempt.failure else None,
    }
    in_vain = needs.withheld_certificate(case, attempt)
    if in_vain is not None:
        return unclear(f"{in_vain.why} ({words})", **facts)
    first = _first_leaf(case)
    if first is not None and attempt.leaf not in (None, first):
        return unclear("ended by this probe: the certificate is not the one of the first flight (HSK002)", **facts)
    if attempt.failure is None or attempt.failure.kind in needs.OURS:
        return unclear(f"not completed: {words}", **facts)
    if attempt.client_certificate is not None:
        return failed(f"broken off after the client certificate was sent: {words}", _refusal(attempt), **facts)
    return failed(f"the first flight was right, the handshake is not completed: {words}", **facts)


def _refusal(attempt: Handshake) -> str:
    alert = None if attempt.failure is None else attempt.failure.alert
    return "unknown-ca" if alert == AlertDescription.unknown_ca else "client-certificate"


def _first_leaf(case: Case) -> str | None:
    profile = case.evidence.persona.profile
    flights = (f for f in case.evidence.flights(profile) if f.address == case.subject.address and f.chain)
    return next((flight.chain[0] for flight in flights), None)


HSK001 = Check(
    id="HSK001",
    slug="handshake-completes",
    title="The TLS handshake completes",
    stage="handshake",
    severity="critical",
    probes=("phone",),
    subjects=subjects.handshakes,
    needs=needs.handshake,
    judge=_judge_completes,
    rationale="A first flight can be right and the session still fail: a private key that does not belong to the "
    "certificate, a client certificate that is refused, a middlebox.",
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                show crypto ca certificates
                show crypto key mypubkey rsa
                show logging | include 725
                If key and certificate do not belong together, import both again: crypto ca import <trustpoint> \
                  pkcs12 <passphrase>
                """,
            ),
        ),
        next=(
            S_CLIENT,
            "ASA# show logging | include 725",
        ),
    ),
    variants={
        "client-certificate": Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    show crypto ca certificates
                    show run crypto ca trustpoint
                    show clock detail
                    The certificate is refused: look at its dates, at the revocation check and at its purpose in \
                      the trustpoint.
                    configure terminal
                    crypto ca trustpoint <client-ca>
                     validation-usage ssl-client
                    Where the log blames the revocation check: make the CA's revocation server reachable from the \
                      ASA. The command revocation-check none would turn the check off, and with it every stolen or \
                      withdrawn phone certificate of this CA gets in until it expires.
                    """,
                ),
            ),
            next=("ASA# show logging | include 725|717", "ASA# debug crypto ca 3"),
        ),
        "unknown-ca": Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    The ASA holds no CA certificate that verifies the phone's certificate: none of that name, or one \
                      of the same name with another key, as after CAPF was regenerated.
                    show crypto ca certificates
                    show run crypto ca trustpoint
                    """,
                ),
                fix(
                    "CUCM",
                    """
                    Cisco Unified OS Administration > Security > Certificate Management: compare the serial number of \
                      CAPF (for LSCs) or Cisco_Manufacturing_CA (for MICs) with the one on the ASA, and download it.
                    """,
                ),
                fix(
                    "ASA",
                    """
                    configure terminal
                    crypto ca trustpoint <client-ca>
                     enrollment terminal
                     validation-usage ssl-client
                     exit
                    crypto ca authenticate <client-ca>
                    Paste the PEM, then quit.
                    write memory
                    """,
                ),
            ),
            next=("ASA# show crypto ca certificates", "ASA# show logging | include 725|717"),
        ),
    },
    yields_to=("TLS001", "TLS004", "HSK004"),
)


def _judge_same_leaf(case: Case, known: tuple[Handshake, needs.Chain]) -> Result:
    attempt, chain = known
    if attempt.leaf is None:
        return unclear("the handshake showed no certificate")
    if attempt.leaf == chain.flight.chain[0]:
        return passed("the same certificate as in the first flight", leaf=attempt.leaf)
    der = case.evidence.certificates.get(attempt.leaf)
    pins = needs.find_pins(case)
    if der is None or pins is None:
        return unclear("another certificate than in the first flight; without a certHash it cannot be judged")
    other = needs.certificate_facts(der)
    facts: dict[str, Fact] = {
        "first_cert_hash": chain.leaf.cert_hash,
        "cert_hash": other.cert_hash,
        "subject": other.subject,
    }
    if decide_pin(pins.hashes, (der,), pins.hash_alg).accepts:
        return passed("another certificate than in the first flight, and a certHash names it too", **facts)
    if decide_pin(pins.hashes, chain.ders, pins.hash_alg).reason is PinReason.ISSUER_MATCHES:
        return unclear("another certificate than in the first flight; whether the pinned issuer sends it is not known")
    return failed("another certificate than in the first flight, and no certHash names it", **facts)


HSK002 = Check(
    id="HSK002",
    slug="same-leaf",
    title="The certificate does not change from one connection to the next",
    stage="handshake",
    severity="critical",
    probes=("phone",),
    subjects=subjects.handshakes,
    needs=needs.handshake & needs.chain,
    judge=_judge_same_leaf,
    covers=("VP-13",),
    rationale=(
        "A balancer below TLS, or two ASAs behind one address, show one certificate now and another one "
        "later. The phone connects by luck."
    ),
    guide=Guide(
        fix=(
            fix(
                "path",
                """
                Let the balancer keep a phone at one gateway, or give each gateway an address and a group-url of \
                  its own.
                """,
            ),
            fix(
                "ASA",
                """
                show run ssl
                show failover
                Give both the same certificate, key included (pkcs12).
                """,
            ),
            fix(
                "CUCM",
                """
                Or upload the second certificate as Phone-VPN-trust and add it to the VPN gateway; its certHash is \
                  {cert_hash}.
                """,
            ),
        ),
        next=("vpnprobe gateway {gateway}", "vpnprobe hash {first_cert_hash} {cert_hash}"),
    ),
    yields_to=("PIN001", "TLS002"),
)


CHECKS = (HSK001, HSK002)
