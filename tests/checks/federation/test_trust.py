"""The certification path of the target."""

from __future__ import annotations

from typing import Any

import pytest

from tests.certificates import Identity, issue, rsa_key
from tests.checks.evidence_builder import alarms, certificate_name, finding
from tests.checks.federation.builder import (
    EDGE,
    ISSUING,
    ROOT,
    TARGET,
    edge_certificate,
    flights,
    path,
    run,
    sent,
    unpublished,
    visit,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.federation import PathEnd, PathReading
from vpnprobe.model.observation import FirstFlight
from vpnprobe.model.target import Expectation, Partner

PRIVATE_ROOT = issue(cn="Private Root", ca=True, key=rsa_key(slot=35))
PRIVATE = edge_certificate(TARGET, issuer=PRIVATE_ROOT)
SELF_SIGNED = edge_certificate(TARGET, issuer=None)
STRANGER = issue(cn="Stranger", key=rsa_key(slot=36))
# A second certificate of the issuing authority, by another root.
CROSS = issue(cn="Example Public Issuing CA", issuer=PRIVATE_ROOT, ca=True, key=rsa_key(slot=31), serial=24)

LEAF = f"CN={TARGET}"
ISSUER = "CN=Example Public Issuing CA"
SHORT = (LEAF, ISSUER)
PRIVATE_PATH = {"end": "self-signed", "subjects": (LEAF, "CN=Private Root"), "store_refusal": "self-signed certificate"}


def ending(end: PathEnd, ders: tuple[bytes, ...] = sent(EDGE), partner: Partner = "any", **fields: Any) -> Evidence:
    """A run whose path ends so; the certificates sent are `ders`."""
    reading = PathReading(
        **{"engine": "cryptography", "end": end, "subjects": SHORT, "roots": "certifi 2026.01.01"} | fields
    )
    return run(
        visits=(visit(flights=with_chain(ders), path=reading),),
        certificates=run().certificates | {certificate_name(der): der for der in ders},
        expectation=Expectation(partner=partner),
    )


def with_chain(ders: tuple[bytes, ...]) -> tuple[FirstFlight, ...]:
    refused = ("tls10", "ec-only", "3des-only")
    return flights(refused=refused, chain=tuple(map(certificate_name, ders)))


def private(identity: Identity = PRIVATE, **fields: Any) -> Evidence:
    return ending(ders=identity.chain_der, **PRIVATE_PATH | fields)


def self_signed(**fields: Any) -> Evidence:
    return ending("self-signed-leaf", SELF_SIGNED.chain_der, subjects=(LEAF,), **fields)


MISSING = ending("issuer-missing", missing_issuer="CN=Example Public Root")
LEAF_ONLY = ending("issuer-missing", (EDGE.der,), subjects=(LEAF,), missing_issuer=ISSUER)
WRONG = ending("signature-wrong", missing_issuer="CN=Example Public Root")
NOT_CA = ending("issuer-not-ca", obstacle=f"{ISSUER} is no certificate authority")
UNCHECKED = ending("signature-unchecked", obstacle=f"{ISSUER}: hash md2 is not supported")
UNREADABLE = ending("unreadable")
GIVEN = private(end="given-root", store_refusal=None)
REFUSED_BY_STORE = run(visits=(visit(path=path(store_refusal="certificate has expired at depth 1")),))
NOT_READ = run(visits=(visit(path=None),))
UNORDERED = ending("public-root", (EDGE.der, ROOT.der, ISSUING.der), in_order=False, subjects=path().subjects)
TWICE = ending("public-root", (EDGE.der, ISSUING.der, ISSUING.der), duplicates=1, subjects=path().subjects)
STRANGE = ending("public-root", (EDGE.der, ISSUING.der, STRANGER.der), unused=1, subjects=path().subjects)
CROSSED = ending("public-root", (EDGE.der, ISSUING.der, CROSS.der), unused=1, subjects=path().subjects)
UNPUBLISHED = run(**unpublished())

ROWS = (
    Row("FCR009", "public", run(), "pass", "3 certificates up to CN=Example Public Root (judged by cryptography"),
    Row(
        "FCR009", "store-refuses", REFUSED_BY_STORE, "pass", "the store of OpenSSL 3.0.19 refuses: certificate has exp"
    ),
    Row("FCR009", "private", private(), "pass", "up to CN=Private Root"),
    Row("FCR009", "missing", MISSING, "fail", f"CN=Example Public Root is missing: {ISSUER} has no issuer"),
    Row("FCR009", "leaf-only", LEAF_ONLY, "fail", "the leaf is all there is"),
    Row("FCR009", "wrong", WRONG, "fail", "was not signed by the certificate that bears its"),
    Row("FCR009", "not-a-ca", NOT_CA, "fail", f"{ISSUER} is no certificate authority (judged by"),
    Row("FCR009", "unchecked", UNCHECKED, "inconclusive", "md2 is not supported"),
    Row("FCR009", "self-signed", self_signed(), "not-applicable", "self-signed"),
    Row("FCR009", "unreadable", UNREADABLE, "inconclusive", "cannot be read"),
    Row("FCR009", "not-read", NOT_READ, "inconclusive", "no certification path was built"),
    Row("FCR009", "unpublished", UNPUBLISHED, "inconclusive"),
    Row("FCR010", "public", run(), "pass", "a root of certifi 2026.01.01"),
    Row("FCR010", "given", GIVEN, "pass", "a root that was given by --ca"),
    Row("FCR010", "private", private(), "fail", "CN=Private Root, which is no public root; the partner must import it"),
    Row("FCR010", "self-signed", self_signed(), "fail", "the certificate is self-signed; the partner must import it"),
    Row("FCR010", "missing", MISSING, "inconclusive", "FCR009"),
    Row("FCR010", "no-list", private(roots=""), "inconclusive", "no list of public roots"),
    Row("FCR010", "office-365", private(partner="office-365"), "not-applicable", "FCR011"),
    Row("FCR011", "other-partner", private(), "not-applicable", "--partner office-365"),
    Row("FCR011", "public", ending("public-root", partner="office-365"), "pass", "a root of certifi"),
    Row("FCR011", "private", private(partner="office-365"), "fail", "CN=Private Root, which is no public root; Office"),
    Row("FCR011", "given", private(end="given-root", partner="office-365"), "fail", "a private root; Office 365"),
    Row("FCR011", "self-signed", self_signed(partner="office-365"), "fail", "self-signed; Office 365 imports none"),
    Row("FCR011", "missing", ending("issuer-missing", partner="office-365"), "inconclusive", "FCR009"),
    Row("FCR011", "no-list", private(partner="office-365", roots=""), "inconclusive", "no list"),
    Row("FCR012", "in-order", run(), "pass", "2 certificates in order"),
    Row("FCR012", "out-of-order", UNORDERED, "fail", "out of order"),
    Row("FCR012", "twice", TWICE, "fail", "1 certificate sent twice"),
    Row("FCR012", "stranger", STRANGE, "fail", "CN=Stranger does not belong"),
    Row("FCR012", "cross-signed", CROSSED, "pass", "3 certificates"),
    Row("FCR012", "unreadable", UNREADABLE, "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(MISSING, {"FCR009"}, "fail", id="missing"),
        pytest.param(WRONG, {"FCR009"}, "fail", id="wrong"),
        pytest.param(NOT_CA, {"FCR009"}, "fail", id="not-a-ca"),
        pytest.param(private(), {"FCR010"}, "warn", id="private"),
        pytest.param(self_signed(), {"FCR010"}, "warn", id="self-signed"),
        pytest.param(private(partner="office-365"), {"FCR011"}, "fail", id="private-for-office-365"),
        pytest.param(UNORDERED, {"FCR012"}, "warn", id="out-of-order"),
        pytest.param(CROSSED, set(), "pass", id="cross-signed"),
        pytest.param(REFUSED_BY_STORE, set(), "pass", id="store-refuses"),
    ],
)
def test_one_fault_of_the_path_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


def test_the_engines_are_facts_and_words() -> None:
    found = finding(private(store_engine="OpenSSL 3.0.19", strict_engine=None), "FCR010")
    assert found.facts["engine"] == "cryptography"
    assert found.facts["store_engine"] == "OpenSSL 3.0.19"
    assert found.facts["store_refusal"] == "self-signed certificate"
    words = "(judged by cryptography; the store of OpenSSL 3.0.19 refuses: self-signed certificate)"
    assert found.summary.endswith(words)


def test_the_missing_issuer_is_named_in_the_fix() -> None:
    found = finding(LEAF_ONLY, "FCR009")
    assert any(f"Paste the PEM of {ISSUER}, then quit." in fix.steps for fix in found.fix)
    assert found.facts["path"] == [LEAF]


def test_the_private_root_is_named_for_the_partner() -> None:
    steps = [step for fix in finding(private(), "FCR010").fix for step in fix.steps]
    assert any("import CN=Private Root." in step for step in steps)


def test_the_right_order_is_given() -> None:
    steps = [step for fix in finding(UNORDERED, "FCR012").fix for step in fix.steps]
    assert any(f"{LEAF}; {ISSUER}; CN=Example Public Root" in step for step in steps)
