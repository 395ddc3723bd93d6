"""Facts of the handshake, the login and the client certificate."""

from __future__ import annotations

from vpnprobe.checks.base import Case, Lack, Need
from vpnprobe.checks.needs.gateway import certificate_facts
from vpnprobe.checks.needs.stages import not_reached
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import Handshake, Login
from vpnprobe.pki.certificate import CertificateFacts

_BROKEN_OFF_BY_PEER = frozenset({FailureKind.TLS_ALERT, FailureKind.CLOSED, FailureKind.RESET})


def find_handshake(case: Case) -> Handshake | None:
    """Return the handshake at the subject's address."""
    found = (item for item in case.evidence.handshakes if item.address == case.subject.address)
    return next(found, None)


def _read_handshake(case: Case) -> Handshake | Lack:
    return find_handshake(case) or not_reached(case.evidence, "handshake")


handshake = Need(("a handshake",), _read_handshake)


# Which check tells of each of the phone's decisions.
_TOLD_BY = {"pin": "PIN001", "validity": "CRT001", "host-id": "HID001"}


def withheld(case: Case, secret: str) -> str:
    """Say that a secret was not sent, and which checks tell why the phone would not have gone on."""
    checks = (
        _TOLD_BY[decision.rule]
        for decision in case.evidence.decisions
        if decision.address == case.subject.address and decision.goes_on is not True and decision.rule in _TOLD_BY
    )
    told = ", ".join(dict.fromkeys(checks))
    return f"{secret} was withheld: the phone would not have gone on here{f' ({told})' if told else ''}"


def withheld_certificate(case: Case, attempt: Handshake) -> Lack | None:
    """Say why a handshake that failed proves nothing: the gateway wants a client certificate and got none."""
    asked_in_vain = attempt.client_certificate_requested and attempt.client_certificate is None
    if not asked_in_vain or attempt.failure is None or attempt.failure.kind not in _BROKEN_OFF_BY_PEER:
        return None
    if case.evidence.credential == "certificate":
        return Lack(withheld(case, "the client certificate"))
    return Lack("the gateway insists on a client certificate; give --client-cert")


def _read_login(case: Case) -> Login | Lack:
    if not case.evidence.login_wanted:
        return Lack("--no-login was given", "not-applicable")
    found = next((item for item in case.evidence.logins if item.address == case.subject.address), None)
    if found is not None:
        return found
    attempts = case.evidence.handshakes
    if attempts and not any(attempt.completed for attempt in attempts):
        attempt = find_handshake(case) or attempts[0]
        return withheld_certificate(case, attempt) or Lack("the handshake did not complete (HSK001)")
    return not_reached(case.evidence, "login")


login = Need(("an answer to the login",), _read_login)


def is_certificate_accepted(case: Case) -> bool:
    """Whether the gateway accepted a login by the given certificate at the subject's address."""
    return any(
        item.answer == "accepted" and item.credential == "certificate"
        for item in case.evidence.logins
        if item.address == case.subject.address
    )


def _read_client_certificate(case: Case) -> CertificateFacts | Lack:
    evidence = case.evidence
    if not evidence.client_chain:
        return Lack("no client certificate was given", "not-applicable")
    der = evidence.certificates.get(evidence.client_chain[0])
    return Lack("the Evidence does not hold the client certificate") if der is None else certificate_facts(der)


client_certificate = Need(("the client certificate that was given",), _read_client_certificate)
