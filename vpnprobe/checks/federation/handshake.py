"""Check of the complete handshake, and of what the target says of our certificate."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.edge import PROBE, S_CLIENT
from vpnprobe.checks.federation.mutual import TRUST_ISSUER, client_issuers, request_of
from vpnprobe.checks.federation.own_certificate import LOOK_AT_OURS, own_faults, own_leaf
from vpnprobe.checks.wording import describe_failure
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import EdgeVisit
from vpnprobe.model.finding import Fact
from vpnprobe.model.observation import Handshake
from vpnprobe.pki.edgename import decide_edge_name
from vpnprobe.wire.tls.registry import AlertDescription, version_name

_HANGS_UP = frozenset({FailureKind.CLOSED, FailureKind.RESET})
# Alerts by which servers say that they want a certificate and got none, or got one that they do not take.
_CERTIFICATE_ALERTS = frozenset(
    {
        AlertDescription.handshake_failure,
        AlertDescription.no_certificate,
        AlertDescription.bad_certificate,
        AlertDescription.unsupported_certificate,
        AlertDescription.certificate_unknown,
        AlertDescription.unknown_ca,
        AlertDescription.access_denied,
        AlertDescription.certificate_required,
    }
)


def _judge_completes(case: Case, known: tuple[tuple[Handshake, ...], EdgeVisit]) -> Result:
    attempts, visit = known
    ours = next((one for one in attempts if one.client_certificate is not None), None)
    plain = next((one for one in attempts if one.client_certificate is None), None)
    attempt = ours or attempts[0]
    facts: dict[str, Fact] = {
        "engine": attempt.engine,
        "failure": attempt.failure.kind.value if attempt.failure else None,
        "alert": attempt.failure.alert if attempt.failure else None,
    }
    is_asked = request_of(visit) is not None
    if attempt.completed:
        how = "with the client certificate" if ours else _without(is_asked)
        version = "" if attempt.version is None else f"{version_name(attempt.version)} "
        return passed(f"complete {how}: {version}{attempt.suite_name or ''}", **facts)
    failure = attempt.failure
    words = "no reason was recorded" if failure is None else describe_failure(failure)
    if failure is None or failure.kind in needs.OURS:
        return unclear(f"not completed: {words}", **facts)
    if ours is None and is_asked:
        return _judge_without(case, visit, failure, facts)
    if ours is None:
        return failed(f"the first flight was right, the handshake is not completed: {words}", **facts)
    if plain is not None and ours.leaf not in (None, plain.leaf):
        return unclear("ended by this probe: the certificate changed between two connections", **facts)
    variant, why = _refusal(failure)
    leaf = own_leaf(case.evidence)
    if variant != _UNKNOWN_CA and leaf is not None and (faults := own_faults(leaf, case.now)):
        faulty = f"it is at fault itself (EDG011): {'; '.join(faults)}"
        return unclear(f"the client certificate is refused: {words}; {faulty}", **facts)
    issuers = list(client_issuers(case.evidence).values())
    return failed(
        f"the client certificate is refused: {words}; {why}", variant, issuer=issuers[-1] if issuers else None, **facts
    )


def _without(is_asked: bool) -> str:
    return "without a client certificate, though one is asked for" if is_asked else "without a client certificate"


def _judge_without(case: Case, visit: EdgeVisit, failure: Failure, facts: dict[str, Fact]) -> Result:
    """Judge a handshake that ended as no certificate of ours came."""
    words = describe_failure(failure)
    if failure.kind not in _HANGS_UP and failure.alert not in _CERTIFICATE_ALERTS:
        return unclear(f"ended without a client certificate, and not with a word of one: {words}", **facts)
    if not case.evidence.client_chain:
        return passed(
            f"wants our certificate ({words}); up to there the handshake is right. --client-cert would show the rest",
            **facts,
        )
    chain = needs.find_edge_chain(case, visit)
    if chain is not None and decide_edge_name(visit.target, chain.leaf).accepts is not True:
        return not_applicable(
            "the client certificate was withheld: the leaf does not name the target (FCR001)", **facts
        )
    return unclear(f"wants our certificate ({words}), and the run did not send it", **facts)


_UNKNOWN_CA: Final = "unknown-ca"
_REFUSALS: Final = {
    AlertDescription.unknown_ca: (_UNKNOWN_CA, "the target does not trust its issuer"),
    AlertDescription.certificate_expired: ("client-dates", "the target calls it expired"),
    AlertDescription.certificate_revoked: ("client-renewal", "the target calls it revoked"),
    AlertDescription.unsupported_certificate: ("client-renewal", "the target does not take its kind or its purpose"),
    AlertDescription.bad_certificate: ("client-refused", "the target finds a fault in it, and does not say which"),
    AlertDescription.certificate_unknown: ("client-refused", "the target does not say why"),
    AlertDescription.access_denied: ("client-refused", "it is valid, and its names are not allowed"),
}


def _refusal(failure: Failure) -> tuple[str, str]:
    """Return the variant, and what the alert says."""
    unsaid = ("client-refused", "the target does not say why")
    alert = failure.alert
    return unsaid if alert is None else next((said for one, said in _REFUSALS.items() if one == alert), unsaid)


EDG010 = Check(
    id="EDG010",
    slug="mutual-tls-completes",
    title="The mutual TLS handshake completes",
    stage="mutual-tls",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.handshakes & needs.visit,
    judge=_judge_completes,
    covers=("M-12",),
    rationale="A first flight can be right and the session still fail: a private key that does not belong to the "
    "certificate, or a client certificate that is refused. A target that only wants a certificate is not at fault.",
    guide=Guide(
        fix=(
            fix(
                "Expressway",
                "Maintenance > Security > Server certificate: upload certificate and private key together.",
            ),
            fix(
                "ASA",
                """
                show crypto ca certificates
                show logging | include 725
                If key and certificate do not belong together, import both again:
                configure terminal
                crypto ca import <trustpoint> pkcs12 <passphrase>
                """,
            ),
        ),
        next=(S_CLIENT, PROBE),
    ),
    variants={
        _UNKNOWN_CA: Guide(fix=TRUST_ISSUER, next=(S_CLIENT, LOOK_AT_OURS)),
        "client-dates": Guide(
            fix=(
                fix("CA", "Renew the client certificate if its dates are over."),
                fix(
                    "Expressway", "If they are not, the target's clock is wrong: System > Time, check the NTP servers."
                ),
                fix("ASA", "show clock detail"),
            ),
            next=(LOOK_AT_OURS, PROBE),
        ),
        "client-renewal": Guide(
            fix=(
                fix(
                    "CA",
                    """
                    Have the client certificate issued anew, with both purposes: serverAuth 1.3.6.1.5.5.7.3.1 and \
                      clientAuth 1.3.6.1.5.5.7.3.2.
                    """,
                ),
            ),
            next=(LOOK_AT_OURS, PROBE),
        ),
        "client-refused": Guide(
            fix=(
                *TRUST_ISSUER,
                fix(
                    "IM and Presence",
                    """
                    System > Security > TLS Peer Subjects: the subject's common name of the client certificate must be \
                      there, and selected in the TLS context.
                    """,
                ),
            ),
            next=(LOOK_AT_OURS, S_CLIENT),
        ),
    },
    yields_to=("EDG001", "EDG002", "EDG003", "EDG008"),
)

CHECKS: Final = (EDG010,)
