"""Key, signatures, bytes, identity and subject of the target's certificate."""

from __future__ import annotations

from typing import Any

import pytest

from tests.certificates import Identity, ec_key, issue, rsa_key
from tests.checks.evidence_builder import alarms, certificate_name, finding
from tests.checks.federation.builder import (
    EDGE,
    ROOT,
    TARGET,
    edge_certificate,
    flights,
    path,
    run,
    shown,
    unpublished,
    visit,
)
from tests.checks.federation.test_names import NOT_KEPT, UNREADABLE
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.target import Expectation
from vpnprobe.pki.certificate import describe

SHORT_KEY = edge_certificate(TARGET, key=rsa_key(1024))
SHA1 = edge_certificate(TARGET, hash_name="sha1")
SHA1_ISSUING = issue(cn="Example Public Issuing CA", issuer=ROOT, ca=True, key=rsa_key(slot=31), hash_name="sha1")
SHA1_ROOT = issue(cn="Example Public Root", ca=True, key=rsa_key(slot=30), hash_name="sha1")
BELOW_SHA1_ROOT = issue(cn="Example Public Issuing CA", issuer=SHA1_ROOT, ca=True, key=rsa_key(slot=31))
EC = edge_certificate(TARGET, key=ec_key())
# As an ASA makes one for itself.
NEGATIVE = edge_certificate(TARGET, serial=-7)
NO_SUBJECT = edge_certificate(TARGET, subject=[])
OTHER = edge_certificate(TARGET, serial=12)

FULL = (
    ("C", "US"),
    ("ST", "Washington"),
    ("L", "Redmond"),
    ("O", "Example"),
    ("OU", "Voice"),
    ("CN", TARGET),
)
PRIVATE = {"end": "self-signed"}


def subject(*changes: tuple[str, str], drop: str = "", **fields: Any) -> Evidence:
    """A certificate of a private authority with this subject."""
    changed = dict(FULL) | dict(changes)
    attributes = [(name, value) for name, value in changed.items() if name != drop]
    return run(**shown(edge_certificate(TARGET, subject=attributes), **PRIVATE | fields))


def expecting(*fingerprints: str, identity: Identity = EDGE) -> Evidence:
    return run(expectation=Expectation(certificates=fingerprints), **shown(identity))


def refused(by: str, words: str) -> Evidence:
    return run(visits=(visit(path=path(**{f"{by}_refusal": words})),))


def with_root(root: Identity) -> Evidence:
    """The chain is sent up to and with its root."""
    leaf = edge_certificate(TARGET, issuer=root)
    return run(visits=(visit(flights=flights(chain=tuple(map(certificate_name, leaf.chain_der)))),), identities=(leaf,))


SHA256_OF_EDGE = certificate_name(EDGE.der)
SHA1_OF_EDGE = describe(EDGE.der).sha1

ROWS = (
    Row("FCR013", "strong", run(), "pass", "RSA 2048, sha256WithRSAEncryption"),
    Row("FCR013", "ec", run(**shown(EC)), "pass", "EC 256"),
    Row("FCR013", "short-key", run(**shown(SHORT_KEY)), "fail", "a key of 1024 bits (RSA)"),
    Row("FCR013", "sha1", run(**shown(SHA1)), "fail", "signed with sha1WithRSAEncryption"),
    Row("FCR013", "sha1-issuer", run(**shown(edge_certificate(TARGET, issuer=SHA1_ISSUING))), "fail", "Issuing CA is"),
    Row("FCR013", "sha1-root", with_root(BELOW_SHA1_ROOT), "pass"),
    Row("FCR013", "unreadable", UNREADABLE, "inconclusive", "FCR014"),
    Row("FCR014", "readable", run(), "pass", "without a problem"),
    Row("FCR014", "no-subject", run(**shown(NO_SUBJECT)), "pass"),
    Row("FCR014", "negative-serial", run(**shown(NEGATIVE)), "fail", f"CN={TARGET}: negative-serial"),
    Row("FCR014", "unreadable", UNREADABLE, "fail", "cannot be read"),
    Row(
        "FCR014",
        "verifier",
        refused("strict", "error parsing asn1 value: ParseError"),
        "fail",
        "cryptography 46.0.0: er",
    ),
    Row(
        "FCR014", "store", refused("store", "a certificate cannot be read: wrong tag"), "fail", "OpenSSL 3.0.19: a cer"
    ),
    Row("FCR014", "other-refusal", refused("strict", "leaf must have an EKU"), "pass"),
    Row("FCR014", "read-and-refused", refused("strict", "validation failed: Forbidden: asn1::x"), "pass"),
    Row("FCR014", "not-kept", NOT_KEPT, "inconclusive"),
    Row("FCR015", "not-asked", run(), "not-applicable", "--expect"),
    Row("FCR015", "sha256", expecting(SHA256_OF_EDGE), "pass", "expected"),
    Row("FCR015", "sha1", expecting(SHA1_OF_EDGE.lower()), "pass"),
    Row("FCR015", "one-of-two", expecting("00" * 20, SHA1_OF_EDGE.replace(":", "").lower()), "pass"),
    Row("FCR015", "other", expecting(SHA256_OF_EDGE, identity=OTHER), "fail", "another certificate than expected"),
    Row("FCR015", "unpublished", run(**unpublished()), "inconclusive"),
    Row("FCR016", "complete", subject(), "pass", "is complete"),
    Row("FCR016", "public", run(), "pass", "took the subject as it is"),
    Row("FCR016", "no-unit", subject(drop="OU"), "fail", "OU is missing"),
    Row("FCR016", "country", subject(("C", "USA")), "fail", "C=USA is not a country code"),
    Row("FCR016", "state", subject(("ST", "WA")), "fail", "ST=WA looks abbreviated"),
    Row("FCR016", "common-name", subject(("CN", "vcse")), "fail", "CN=vcse is not fully qualified"),
    Row("FCR016", "unreadable", UNREADABLE, "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(run(**shown(SHORT_KEY)), {"FCR013"}, "warn", id="short-key"),
        pytest.param(run(**shown(SHA1)), {"FCR013"}, "warn", id="sha1"),
        pytest.param(run(**shown(NEGATIVE)), {"FCR014"}, "warn", id="negative-serial"),
        pytest.param(expecting(SHA256_OF_EDGE, identity=OTHER), {"FCR015"}, "fail", id="stale-copy"),
        pytest.param(run(**shown(EC)), set(), "pass", id="ec"),
    ],
)
def test_one_fault_of_the_bytes_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


def test_the_subject_of_a_request_is_a_note_and_no_alarm() -> None:
    found = finding(subject(drop="OU"), "FCR016")
    assert (found.status, found.is_alarm) == ("fail", False)
    assert found.facts["missing"] == ["OU is missing"]


def test_who_refuses_a_negative_serial_is_named() -> None:
    fields = shown(NEGATIVE, strict_refusal="error parsing asn1 value: invalid serial")
    found = finding(run(**fields), "FCR014")
    assert "refused by cryptography 46.0.0: error parsing asn1 value: invalid serial" in found.summary
    assert found.facts["problems"] == [f"CN={TARGET}: negative-serial"]


def test_the_new_fingerprint_is_given_for_the_next_run() -> None:
    found = finding(expecting(SHA256_OF_EDGE, identity=OTHER), "FCR015")
    steps = [step for fix in found.fix for step in fix.steps]
    assert any(f"--expect {describe(OTHER.der).sha256}" in step for step in steps)
