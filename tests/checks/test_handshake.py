"""The handshake and the client certificate."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.certificates import Identity, issue, phone_certificate
from tests.checks.evidence_builder import (
    ADDRESS,
    CAPF,
    GATEWAY,
    MANUFACTURING,
    MIC,
    NOW,
    RENEWED,
    SESSION,
    THIRD_PARTY,
    alarms,
    certificate_name,
    fail,
    finding,
    flight,
    flights,
    given_hash,
    group,
    kept,
    login,
    names,
    pinned,
    run,
    stages,
    unresolved,
    without_config,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import CertificateRequest
from vpnprobe.model.target import Persona

ALERT = fail(FailureKind.TLS_ALERT, alert=48)
NO_LOGIN: dict[str, Any] = {"logins": (), "stages": stages(login=("skipped", "handshake"))}
NO_CREDENTIAL: dict[str, Any] = {"credential": "none", "client_chain": ()}


def session(**changes: Any) -> dict[str, Any]:
    return {"handshakes": (msgspec.structs.replace(SESSION, **changes),)}


def broken(**changes: Any) -> dict[str, Any]:
    return session(completed=False, **{"failure": ALERT} | changes) | NO_LOGIN


def asking_for(*authorities: Identity, **changes: Any) -> dict[str, Any]:
    """Evidence fields for a gateway that names these CAs in its request."""
    return asking_for_bytes(*(authority.subject for authority in authorities), **changes)


def asking_for_bytes(*authorities: bytes, **changes: Any) -> dict[str, Any]:
    request = CertificateRequest(authorities=authorities)
    asked = tuple(
        msgspec.structs.replace(item, certificate_request=request) if item.certificate_request else item
        for item in flights()
    )
    return {"first_flights": asked} | session(authorities=request.authorities) | changes


def not_asking() -> dict[str, Any]:
    silent = tuple(msgspec.structs.replace(item, certificate_request=None) for item in flights())
    return {"first_flights": silent} | session(
        client_certificate_requested=False, client_certificate=None, authorities=()
    )


def given(identity: Identity) -> Evidence:
    return run(client_chain=names(identity.der), certificates=kept(identity) | run().certificates)


OTHER_CA = issue(cn="Example Laptop CA", ca=True)
EXPIRED_LSC = issue(
    subject=[("CN", "CP-7962G-SEP8CB64F576113")],
    issuer=CAPF,
    not_before=NOW - timedelta(days=400),
    not_after=NOW - timedelta(days=10),
)
FUTURE_LSC = issue(
    subject=[("CN", "CP-7962G-SEP8CB64F576113")],
    issuer=CAPF,
    not_before=NOW + timedelta(days=1),
)
UNREADABLE = run(client_chain=("0" * 64,), certificates={"0" * 64: b"\x30\x00"} | run().certificates)
PASSWORD = group(auth_method=0) | NO_CREDENTIAL | {"credential": "password"}
UNKNOWN_CA = fail(FailureKind.TLS_ALERT, alert=48)
REFUSED_CERTIFICATE = fail(FailureKind.TLS_ALERT, alert=40)

ROWS = (
    Row("HSK001", "complete", run(), "pass", "TLS 1.0 AES256-SHA"),
    Row("HSK001", "alert", run(**broken(client_certificate_requested=False, client_certificate=None)), "fail", "alert"),
    Row("HSK001", "client-certificate-refused", run(**broken()), "fail", "after the client certificate was sent"),
    Row("HSK001", "unknown-ca", run(**broken(failure=UNKNOWN_CA)), "fail", "unknown_ca(48)"),
    Row("HSK001", "refused-without-a-reason", run(**broken(failure=REFUSED_CERTIFICATE)), "fail", "(40)"),
    Row(
        "HSK001",
        "none-given",
        run(**broken(client_certificate=None) | NO_CREDENTIAL),
        "inconclusive",
        "insists on a client certificate; give --client-cert",
    ),
    Row("HSK001", "withheld", run(**broken(client_certificate=None)), "inconclusive", "withheld"),
    Row(
        "HSK001",
        "not-for-want-of-a-certificate",
        run(**broken(client_certificate=None, failure=fail(FailureKind.MALFORMED)) | NO_CREDENTIAL),
        "fail",
        "malformed",
    ),
    Row("HSK001", "local", run(**broken(failure=fail(FailureKind.TLS_LOCAL))), "inconclusive", "local TLS library"),
    Row("HSK001", "leaf-changed", run(**broken(leaf=certificate_name(RENEWED.der))), "inconclusive", "HSK002"),
    Row("HSK001", "unresolved", run(**unresolved()), "inconclusive", "the handshake was not reached"),
    Row("HSK002", "same", run(), "pass"),
    Row("HSK002", "another", run(**session(leaf=certificate_name(RENEWED.der))), "fail", "no certHash names it"),
    Row(
        "HSK002",
        "another-pinned",
        run(**session(leaf=certificate_name(RENEWED.der)) | pinned(GATEWAY, RENEWED)),
        "pass",
        "names it too",
    ),
    Row(
        "HSK002",
        "without-config",
        run(**session(leaf=certificate_name(RENEWED.der)) | without_config()),
        "inconclusive",
    ),
    Row("HSK002", "none-shown", run(**session(leaf=None)), "inconclusive"),
    Row("HSK002", "unresolved", run(**unresolved()), "inconclusive"),
    Row("HSK003", "asked", run(), "pass", "CAPF-18cf046e"),
    Row("HSK003", "asked-in-the-handshake-only", run(**not_asking() | session()), "pass"),
    Row("HSK003", "not-asked", run(**not_asking()), "fail", "asks for none"),
    Row("HSK003", "password", run(**PASSWORD), "not-applicable", "does not log in with a certificate"),
    Row(
        "HSK003",
        "password-phone-and-certificate-given",
        run(**not_asking() | group(auth_method=0)),
        "not-applicable",
        "does not log in with a certificate",
    ),
    Row("HSK003", "method-absent", run(**group(auth_method=None) | NO_CREDENTIAL), "inconclusive", "CFG010"),
    Row("HSK003", "hash-given", run(**given_hash(GATEWAY) | NO_CREDENTIAL), "not-applicable"),
    Row("HSK003", "no-config", run(**without_config() | NO_CREDENTIAL), "inconclusive", "TFT001"),
    Row("HSK004", "lsc-known", run(), "pass", "issuer of the client certificate"),
    Row("HSK004", "lsc-unknown", run(**asking_for(MANUFACTURING, **NO_LOGIN)), "fail", "CN=CAPF-18cf046e"),
    Row("HSK004", "capf-named", run(**NO_CREDENTIAL), "pass", "for LSCs and MICs"),
    Row("HSK004", "no-phone-ca", run(**asking_for(OTHER_CA) | NO_CREDENTIAL), "inconclusive", "own CA"),
    Row(
        "HSK004",
        "unreadable-names",
        run(**asking_for_bytes(b"\x30\x02zz") | NO_CREDENTIAL),
        "inconclusive",
        "#30027a7a",
    ),
    Row(
        "HSK004",
        "password-phone-and-certificate-given",
        run(**asking_for(MANUFACTURING) | group(auth_method=0)),
        "not-applicable",
        "does not log in with a certificate",
    ),
    Row("HSK004", "method-absent", run(**group(auth_method=None) | NO_CREDENTIAL), "inconclusive", "CFG010"),
    Row(
        "HSK004",
        "accepted-all-the-same",
        run(**asking_for(MANUFACTURING, logins=(login(),))),
        "pass",
        "login is accepted",
    ),
    Row("HSK004", "unreadable-certificate", UNREADABLE, "inconclusive", "cannot be read"),
    Row("HSK004", "any-ca", run(**asking_for()), "not-applicable", "names no CA"),
    Row("HSK004", "not-asked", run(**not_asking()), "not-applicable", "HSK003"),
    Row("HSK004", "password", run(**PASSWORD), "not-applicable"),
    Row("HSK004", "unresolved", run(**unresolved()), "inconclusive"),
    Row("HSK005", "lsc", run(), "pass", "LSC of this phone"),
    Row("HSK005", "mic", given(MIC), "fail", "MIC"),
    Row("HSK005", "other-phone", given(phone_certificate("001AE2BC16CB")), "fail", "SEP001AE2BC16CB"),
    Row("HSK005", "no-phone", given(THIRD_PARTY), "fail", "not that of a phone"),
    Row("HSK005", "expired", given(EXPIRED_LSC), "fail", "expired on 2026-11-11"),
    Row("HSK005", "not-yet", given(FUTURE_LSC), "fail", "not valid before"),
    Row("HSK005", "none", run(**NO_CREDENTIAL), "not-applicable"),
    Row("HSK005", "lost", run(client_chain=("0" * 64,)), "inconclusive", "does not hold"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(
            run(**asking_for(MANUFACTURING, logins=(login("refused"),))), {"HSK004"}, "fail", id="ca-missing-refused"
        ),
        pytest.param(
            run(**asking_for(MANUFACTURING) | broken(authorities=(MANUFACTURING.subject,))),
            {"HSK004"},
            "fail",
            id="ca-missing-alert",
        ),
        pytest.param(run(**broken()), {"HSK001"}, "fail", id="refused-in-handshake"),
        pytest.param(run(**not_asking() | NO_CREDENTIAL), {"HSK003"}, "warn", id="not-asked"),
        pytest.param(
            run(**broken(leaf=certificate_name(RENEWED.der), failure=fail(FailureKind.TLS_LOCAL))),
            {"HSK002"},
            "fail",
            id="leaf-changes",
        ),
        pytest.param(given(MIC), {"HSK005"}, "warn", id="mic"),
        pytest.param(run(**broken(client_certificate=None) | NO_CREDENTIAL), set(), "inconclusive", id="no-credential"),
    ],
)
def test_one_fault_of_the_handshake_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


def test_what_another_check_explains_says_so() -> None:
    found = finding(run(**asking_for(MANUFACTURING, logins=(login("refused"),))), "LOG005")
    assert found.status == "inconclusive"
    assert found.summary.endswith("(a consequence of HSK004)")
    assert found.fix == ()


def test_the_missing_ca_is_named_in_the_fix() -> None:
    found = finding(run(**asking_for(MANUFACTURING, **NO_LOGIN)), "HSK004")
    asa = next(fix for fix in found.fix if fix.platform == "ASA")
    assert asa.steps[0] == "The missing CA is CN=CAPF-18cf046e,OU=Voice,O=Example,C=US."
    assert "crypto ca authenticate <client-ca>" in asa.steps


@pytest.mark.parametrize(("profile", "version"), [("7962G", "-tls1"), ("8811", "-tls1_2")])
def test_openssl_is_told_the_version_that_the_phone_speaks(profile: str, version: str) -> None:
    alert = broken(client_certificate_requested=False, client_certificate=None)
    found = finding(run(persona=Persona(profile=profile), first_flights=flights(profile), **alert), "HSK001")
    assert found.next[0] == f"openssl s_client -connect {ADDRESS} {version} -cipher ALL:@SECLEVEL=0"


def test_an_unknown_ca_is_mended_by_the_ca_and_not_by_turning_checks_off() -> None:
    found = finding(run(**broken(failure=UNKNOWN_CA)), "HSK001")
    steps = [step for fix in found.fix for step in fix.steps]
    assert "CAPF was regenerated" in steps[0]
    assert not [step for step in steps if "revocation-check" in step]


def test_revocation_is_never_turned_off_without_a_word_of_what_is_lost() -> None:
    found = finding(run(**broken(failure=REFUSED_CERTIFICATE)), "HSK001")
    (step,) = (step for fix in found.fix for step in fix.steps if "revocation-check none" in step)
    assert "gets in until it expires" in step


def test_an_issuer_sent_with_the_certificate_counts() -> None:
    """The CA of the request may be an issuer further up, whose certificate the phone sends along."""
    sub = issue(cn="Example Sub CA", issuer=OTHER_CA, ca=True)
    leaf = issue(subject=[("CN", "CP-7962G-SEP8CB64F576113")], issuer=sub)
    evidence = run(
        **asking_for(OTHER_CA, client_chain=names(leaf.der, sub.der), certificates=kept(leaf) | run().certificates)
    )
    assert finding(evidence, "HSK004").status == "pass"


def test_a_flight_that_broke_off_does_not_say_that_nothing_was_asked() -> None:
    cut = flight(failure=fail(FailureKind.TLS_ALERT, alert=80), certificate_request=None)
    evidence = run(first_flights=(cut,), handshakes=(), **NO_LOGIN)
    assert finding(evidence, "HSK003").status == "inconclusive"
    assert finding(evidence, "HSK004").status == "inconclusive"
