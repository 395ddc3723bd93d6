"""The issuer: known to the cluster, to the gateway, and really the one that signed."""

from __future__ import annotations

import pytest

from tests import certificates as make
from tests.checks.evidence_builder import MAC, alarms, finding
from tests.checks.lsc.builder import (
    CAPF,
    COMPANY,
    CUT_RUN,
    GATEWAY,
    LSC,
    MIC,
    OTHER_CAPF,
    RENEWED_CAPF,
    SHA1_FACTORY,
    SHA2_FACTORY,
    asked,
    flight,
    lsc,
    run,
    unread,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import Resolution

CUCM = "10.1.1.5:5061"
ISSUING = make.issue(cn="Example Issuing CA", ca=True, issuer=COMPANY, key=make.rsa_key(slot=25))
BELOW = lsc(issuer=ISSUING)
# Another name in another string type and case: the same name.
SAME_NAME = make.issue(cn="EXAMPLE  phone ca", key=make.rsa_key(slot=24), ca=True)
UNKNOWN_KEY = make.issue(
    subject=[("C", "US", 19), ("O", "Example"), ("OU", "Voice"), ("CN", "CAPF-18cf046e")],
    key=make.ec_key("secp256k1"),
    ca=True,
)
REFUSED = Failure(kind=FailureKind.REFUSED)
UNRESOLVED = Resolution(name="vpn.example.com", source="dns", failure=Failure(kind=FailureKind.NAME_NOT_FOUND))
ROOT_BY_ITSELF = make.issue(cn="Root", ca=True, key_usage=["keyCertSign"])
FORGED_ROOT = ROOT_BY_ITSELF.der[:-1] + bytes([ROOT_BY_ITSELF.der[-1] ^ 1])
# A signature algorithm that nobody knows.
UNKNOWN_ALGORITHM = LSC.der.replace(make.oid("1.2.840.113549.1.1.11"), make.oid("1.2.840.113549.1.1.99"))

ROWS = (
    Row("LSC013", "signed", run(capf=(CAPF,)), "pass", "signed by the CAPF of the trust list"),
    Row("LSC013", "one-of-two", run(capf=(OTHER_CAPF, CAPF)), "pass"),
    Row("LSC013", "foreign", run(capf=(OTHER_CAPF,)), "fail", "is not the CAPF of the trust list, which is CN=CAPF-0b"),
    Row("LSC013", "renewed", run(capf=(RENEWED_CAPF,)), "fail", "signed by an earlier CN=CAPF-18cf046e"),
    Row("LSC013", "the-capf-itself", run(CAPF, capf=(CAPF,)), "pass", "it is the CAPF"),
    Row("LSC013", "another-capf", run(CAPF, capf=(OTHER_CAPF,)), "fail", "it is not the CAPF"),
    Row("LSC013", "online-ca", run(lsc(issuer=COMPANY), capf=(CAPF,), online_ca=True), "not-applicable", "--online-ca"),
    Row("LSC013", "company", run(lsc(issuer=COMPANY), capf=(CAPF,)), "inconclusive", "a company's CA signed it"),
    Row("LSC013", "no-list", run(), "not-applicable", "--trust-list"),
    Row("LSC013", "unverifiable", run(UNKNOWN_ALGORITHM, capf=(CAPF,)), "inconclusive", "cannot be verified"),
    Row("LSC013", "mic", run(MIC, capf=(CAPF,)), "not-applicable"),
    Row("LSC013", "cut", CUT_RUN, "inconclusive"),
    Row("LSC014", "named", run(**asked(SHA1_FACTORY, CAPF)), "pass", f"{GATEWAY} names CN=CAPF-18cf046e"),
    Row("LSC014", "mic-named", run(MIC, **asked(SHA1_FACTORY)), "pass"),
    Row("LSC014", "mic-of-the-sha2-ca", run(MIC, **asked(SHA2_FACTORY)), "fail", "not among the CAs"),
    Row(
        "LSC014", "not-named", run(**asked(OTHER_CAPF)), "fail", "CN=CAPF-18cf046e,OU=Voice,O=Example,C=US is not among"
    ),
    Row("LSC014", "issuer-above", run(BELOW, chain=(ISSUING,), **asked(COMPANY)), "pass", "names CN=Example Phone CA"),
    Row("LSC014", "issuer-above-unknown", run(BELOW, **asked(COMPANY)), "fail", "not among"),
    Row("LSC014", "other-letters", run(lsc(issuer=COMPANY), **asked(SAME_NAME)), "pass"),
    Row("LSC014", "names-none", run(**asked()), "not-applicable", "names no CA"),
    Row("LSC014", "no-gateway", run(), "not-applicable", "--gateway"),
    Row(
        "LSC014", "asks-nothing", run(first_flights=(flight(certificate_request=None),)), "inconclusive", "asks for no"
    ),
    Row(
        "LSC014",
        "refused",
        run(first_flights=(flight(certificate_request=None, failure=REFUSED),)),
        "inconclusive",
        "connection refused",
    ),
    Row("LSC014", "unresolved", run(resolution=UNRESOLVED), "inconclusive", "the name does not exist"),
    Row("LSC014", "capf", run(CAPF, **asked(OTHER_CAPF)), "not-applicable"),
    Row("LSC014", "cut", CUT_RUN, "inconclusive"),
    Row("LSC015", "removed", run(**asked(CAPF, SHA2_FACTORY, address=CUCM)), "pass"),
    Row(
        "LSC015", "still-there", run(**asked(CAPF, SHA1_FACTORY, address=CUCM)), "fail", "trusts Cisco Manufacturing CA"
    ),
    Row("LSC015", "on-a-gateway", run(**asked(SHA1_FACTORY)), "not-applicable", "VP-26"),
    Row("LSC015", "not-asked", run(), "not-applicable"),
    Row("LSC015", "unread", unread(), "inconclusive"),
    Row("LSC017", "signed", run(chain=(CAPF,)), "pass", "holds"),
    Row("LSC017", "by-the-one-of-the-list", run(capf=(CAPF,)), "pass"),
    Row("LSC017", "self-signed", run(CAPF), "pass", "self-signed"),
    Row("LSC017", "forged-root", run(FORGED_ROOT), "fail", "its own key did not sign"),
    Row("LSC017", "another-key", run(chain=(RENEWED_CAPF,)), "fail", "its key did not sign"),
    Row("LSC017", "no-issuer", run(chain=(OTHER_CAPF,)), "not-applicable", "was not given"),
    Row("LSC017", "alone", run(), "not-applicable"),
    Row("LSC017", "unverifiable", run(UNKNOWN_ALGORITHM, chain=(CAPF,)), "inconclusive"),
    Row("LSC017", "wrong-kind-of-key", run(chain=(UNKNOWN_KEY,)), "fail"),
    Row("LSC017", "cut", CUT_RUN, "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param(run(capf=(RENEWED_CAPF,)), {"LSC013"}, id="renewed-capf"),
        pytest.param(run(capf=(OTHER_CAPF,)), {"LSC013"}, id="foreign-capf"),
        pytest.param(run(**asked(OTHER_CAPF)), {"LSC014"}, id="unknown-to-the-gateway"),
        pytest.param(run(**asked(CAPF, SHA1_FACTORY, address=CUCM)), {"LSC015"}, id="old-roots"),
        pytest.param(run(chain=(RENEWED_CAPF,)), {"LSC017"}, id="another-signer"),
    ],
)
def test_one_fault_is_one_alarm(evidence: Evidence, expected: set[str]) -> None:
    assert alarms(evidence) == expected


def test_the_missing_ca_is_named_for_the_asa() -> None:
    found = finding(run(**asked(OTHER_CAPF)), "LSC014")
    assert "The missing CA is CN=CAPF-18cf046e,OU=Voice,O=Example,C=US." in found.fix[1].steps


@pytest.mark.parametrize(
    "name", ["CAP-RTP-001", "CAP-RTP-002", "Cisco_Manufacturing_CA", "Cisco Root CA 2048", "Cisco_Root_CA_2048"]
)
def test_each_root_that_is_to_be_removed(name: str) -> None:
    found = finding(run(**asked(make.manufacturing_ca(name), address="[2001:db8::5]:2443")), "LSC015")
    assert found.status == "fail"
    assert found.fix[-1].steps[-1] == name.replace("_", " ")


def test_a_gateway_that_names_a_thousand_cas_stays_short() -> None:
    crowd = [make.issue(cn=f"CA {number}", key=make.rsa_key(slot=24)) for number in range(60)]
    report = judge(run(lsc(mac=MAC), **asked(*crowd)))
    assert len(next(one.summary for one in report.findings if one.id == "LSC014")) < 400
