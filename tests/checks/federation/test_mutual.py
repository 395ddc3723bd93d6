"""The request for a client certificate."""

from __future__ import annotations

from typing import Any

import pytest

from tests.certificates import Identity, issue, rsa_key
from tests.checks.evidence_builder import HANDSHAKE_FAILURE, REFUSED, alarms, certificate_name, finding
from tests.checks.federation.builder import (
    ISSUING,
    ROOT,
    WANTS_OURS,
    edge_certificate,
    flights,
    handshake,
    run,
    silent_flights,
    unpublished,
    visit,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.checks.federation.mutual import LIST_LIMIT, LIST_MARGIN, is_cut, list_size
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.observation import CertificateRequest

PRIVATE_ROOT = issue(cn="Partner Root", ca=True, key=rsa_key(slot=33), serial=7)
PARTNER = edge_certificate("sip.partner.example", issuer=PRIVATE_ROOT, key=rsa_key(slot=34), serial=8)
PARTNER_PUBLIC = edge_certificate("sip.partner.example", key=rsa_key(slot=34), serial=9)

SENT_OURS = handshake(client_certificate=certificate_name(PARTNER.der))


def authority(number: int, length: int = 60) -> bytes:
    return issue(cn=f"Authority {number} ".ljust(length, "x"), ca=True, key=rsa_key(slot=33)).subject


NAME_SIZE = len(authority(1)) + 2
CUT_LIST = tuple(map(authority, range(LIST_LIMIT // NAME_SIZE)))


def naming(*authorities: bytes) -> dict[str, Any]:
    request = CertificateRequest(certificate_types=(1,), authorities=authorities)
    return {
        "flights": flights(certificate_request=request),
        "handshakes": (handshake(authorities=authorities),),
    }


def given(identity: Identity | None, **fields: Any) -> Evidence:
    """A run with a client certificate; `fields` are those of the visit."""
    chain = () if identity is None else identity.chain_der
    return run(
        visits=(visit(**fields),),
        identities=() if identity is None else (identity,),
        client_chain=tuple(map(certificate_name, chain)),
    )


NOT_ASKED: dict[str, Any] = {
    "flights": flights(certificate_request=None),
    "handshakes": (handshake(client_certificate_requested=False, authorities=()),),
}
ONLY_IN_THE_HANDSHAKE: dict[str, Any] = {"flights": flights(certificate_request=None), "handshakes": (handshake(),)}
UNSEEN = run(
    visits=(visit(flights=silent_flights(HANDSHAKE_FAILURE), handshakes=()),),
)
UNREADABLE = run(client_chain=("0" * 64,), visits=(visit(),))
UNPUBLISHED = run(**unpublished())
TAKEN_ALL_THE_SAME = given(PARTNER, flights=flights(), handshakes=(WANTS_OURS, SENT_OURS))

ROWS = (
    Row("EDG007", "asked", run(), "pass", "CN=Example Public Root"),
    Row("EDG007", "asked-of-anybody", given(None, **naming()), "pass", "naming no authority"),
    Row("EDG007", "asked-in-the-handshake", given(None, **ONLY_IN_THE_HANDSHAKE), "pass"),
    Row("EDG007", "not-asked", given(None, **NOT_ASKED), "fail", "asks for no client certificate"),
    Row("EDG007", "not-seen", UNSEEN, "inconclusive", "EDG003"),
    Row("EDG007", "no-connection", run(visits=(visit(flights=silent_flights(REFUSED)),)), "inconclusive"),
    Row("EDG008", "not-given", run(), "not-applicable", "--client-cert"),
    Row("EDG008", "named", given(PARTNER, **naming(ROOT.subject, PRIVATE_ROOT.subject)), "pass", "CN=Partner Root"),
    Row("EDG008", "root-of-the-chain", given(PARTNER_PUBLIC), "pass", "CN=Example Public Root"),
    Row("EDG008", "issuing-authority", given(PARTNER_PUBLIC, **naming(ISSUING.subject)), "pass"),
    Row("EDG008", "absent", given(PARTNER), "fail", "CN=Partner Root is not among the 1 authority"),
    Row("EDG008", "absent-and-taken", TAKEN_ALL_THE_SAME, "pass", "is taken"),
    Row("EDG008", "empty-list", given(PARTNER, **naming()), "not-applicable", "found nowhere"),
    Row("EDG008", "not-asked", given(PARTNER, **NOT_ASKED), "not-applicable", "EDG007"),
    Row("EDG008", "cut", given(PARTNER, **naming(*CUT_LIST)), "not-applicable", "EDG009"),
    Row("EDG008", "unreadable", UNREADABLE, "inconclusive", "cannot be read"),
    Row("EDG009", "short", run(), "pass", "1 authority in"),
    Row("EDG009", "cut", given(None, **naming(*CUT_LIST)), "fail", "16384 bytes"),
    Row("EDG009", "longer", given(None, **naming(*CUT_LIST, *map(authority, range(20)))), "pass", "not cut"),
    Row("EDG009", "not-asked", given(None, **NOT_ASKED), "not-applicable"),
    Row("EDG009", "unpublished", UNPUBLISHED, "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(given(None, **NOT_ASKED), set(), "pass", id="not-asked"),
        pytest.param(given(PARTNER), {"EDG008"}, "fail", id="own-issuer-absent"),
        pytest.param(given(PARTNER, **naming(*CUT_LIST)), {"EDG009"}, "warn", id="cut"),
    ],
)
def test_one_fault_of_the_request_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


def test_the_missing_issuer_is_named_in_the_fix() -> None:
    found = finding(given(PARTNER), "EDG008")
    steps = [step for fix in found.fix for step in fix.steps]
    assert any("Trusted CA certificate: append the PEM of CN=Partner Root, and" in step for step in steps)
    assert found.facts["authorities"] == ["CN=Example Public Root"]


@pytest.mark.parametrize(
    ("size", "expected"), [(-LIST_MARGIN - 1, False), (-1, True), (0, True), (LIST_MARGIN + 1, False)]
)
def test_a_list_of_about_sixteen_kilobytes_is_taken_for_a_cut_one(size: int, expected: bool) -> None:
    name = b"x" * (LIST_LIMIT + size - 2)
    assert list_size((name,)) == LIST_LIMIT + size
    assert is_cut((name,)) is expected


def test_names_that_are_no_names_are_shown_as_bytes() -> None:
    found = finding(given(PARTNER, **naming(b"\xff\xff", b"")), "EDG008")
    assert found.status == "fail"
    assert "#ffff" in found.summary
