"""Checks of the first flight, and of which certificate is shown to whom."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.checks.evidence_builder import (
    ADDRESS,
    EC,
    EC_THIRD_PARTY,
    GATEWAY,
    HANDSHAKE_FAILURE,
    MAC,
    REFUSED,
    TEMPORARY,
    TEMPORARY_EC,
    THIRD_PARTY,
    alarms,
    configured,
    fail,
    finding,
    findings,
    flight,
    flights,
    gateway_run,
    pinned,
    run,
    stages,
    unresolved,
    without_config,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import AcceptedSuite, Enumeration, FirstFlight
from vpnprobe.model.target import Persona

CLOSED = fail(FailureKind.CLOSED)
NOT_TLS = fail(FailureKind.NOT_TLS)
DEADLINE = fail(FailureKind.DEADLINE)
OLD_VERSION = fail(FailureKind.TLS_ALERT, alert=70)
NO_SESSION: dict[str, Any] = {"handshakes": (), "logins": (), "stages": stages(handshake=("skipped", "first-flight"))}
NO_FLIGHT = unresolved()
PHONE_8811 = {"persona": Persona(profile="8811", mac=MAC)} | configured(load_information="sip88xx.12-8-1-0001-455")


def all_fail(failure: Failure, **fields: Any) -> Evidence:
    hellos = ("7962G", "rsa-only", "ec-only", "both")
    return run(first_flights=tuple(flight(h, None, failure=failure, **fields) for h in hellos), **NO_SESSION)


def refused_to_7962(**fields: Any) -> Evidence:
    return run(first_flights=(flight(shown=None, failure=HANDSHAKE_FAILURE), *flights()[1:]), **NO_SESSION | fields)


def seen_by_8811(**kinds: Any) -> dict[str, Any]:
    shown = flights("8811", **kinds)
    session = msgspec.structs.replace(run().handshakes[0], leaf=shown[0].chain[0])
    return {**PHONE_8811, "first_flights": shown, "handshakes": (session,)}


def seen_by_7962(**kinds: Any) -> dict[str, Any]:
    return {"first_flights": flights(**kinds)}


def refused_to_8841(*others: FirstFlight) -> Evidence:
    refused = flight("8811", None, failure=HANDSHAKE_FAILURE)
    return run(persona=Persona(profile="8811", model="8841", mac=MAC), first_flights=(refused, *others), **NO_SESSION)


REFUSED_TO_7962 = flight(shown=None, failure=HANDSHAKE_FAILURE)
EC_ONLY = run(first_flights=flights(rsa=None, ec=EC, both=EC), **NO_SESSION)
NEWER_VERSION = (flight(failure=OLD_VERSION, shown=None), flight("both"))
ROGUE = flight(suite=0x0005, breaches=("suite not offered: RC4-SHA (0x0005)",))
ROGUE_VERSION = flight(version=0x0302, breaches=("version not offered: TLS 1.1",))
GATEWAY_UNRESOLVED = {"resolution": unresolved()["resolution"], "first_flights": ()}
BREACH = flight("both", breaches=("extension not offered: heartbeat (15)",))

ROWS = (
    Row("TLS004", "answers", run(), "pass", "TLS 1.0"),
    Row("TLS004", "alert-is-tls", all_fail(HANDSHAKE_FAILURE), "pass", "alert"),
    Row("TLS004", "closed", all_fail(CLOSED), "fail", "connection closed"),
    Row("TLS004", "not-tls", all_fail(NOT_TLS, excerpt="HTTP/1.1 400 Bad Request\r\n"), "fail", "HTTP/1.1 400"),
    Row("TLS004", "one-hello-closed", run(first_flights=(flight(failure=CLOSED, shown=None), flight("both"))), "pass"),
    Row("TLS004", "deadline", all_fail(DEADLINE), "inconclusive", "deadline"),
    Row("TLS004", "no-connection", all_fail(REFUSED), "inconclusive", "connection refused"),
    Row("TLS001", "agrees", run(), "pass", "TLS 1.0 AES256-SHA (0x0035)"),
    Row("TLS001", "version-not-offered", run(first_flights=(ROGUE_VERSION,)), "fail", "did not offer"),
    Row("TLS001", "no-server-hello", run(first_flights=(flight(shown=None), flight("both"))), "inconclusive"),
    Row("TLS001", "no-gateway", gateway_run(**GATEWAY_UNRESOLVED), "inconclusive"),
    Row("TLS006", "no-gateway", gateway_run(**GATEWAY_UNRESOLVED), "inconclusive"),
    Row("TLS001", "refused", refused_to_7962(), "fail", "it does take TLS 1.2"),
    Row("TLS001", "version-refused", run(first_flights=(flight(failure=OLD_VERSION, shown=None),)), "fail", "(70)"),
    Row("TLS001", "refused-by-an-unknown-release", run(first_flights=(REFUSED_TO_7962,)), "fail", "AES256-SHA"),
    Row("TLS001", "ec-only", EC_ONLY, "fail", "hellos with EC suites are given an EC certificate"),
    Row("TLS001", "8841-refused", refused_to_8841(), "fail", "the hello of 8841"),
    Row("TLS001", "8841-refused-by-a-newer-release", refused_to_8841(flight("both")), "fail", "the hello of 8841"),
    Row("TLS001", "version-refused-by-a-newer-release", run(first_flights=NEWER_VERSION), "fail", "(70)"),
    Row("TLS001", "unoffered", run(first_flights=(ROGUE,)), "fail", "did not offer"),
    Row(
        "TLS001", "deadline", run(first_flights=(flight(failure=DEADLINE, shown=None), flight("both"))), "inconclusive"
    ),
    Row("TLS001", "not-tls", all_fail(NOT_TLS), "inconclusive", "TLS004"),
    Row("TLS001", "no-hello", run(first_flights=flights()[1:]), "inconclusive", "was not sent"),
    Row("TLS002", "rsa-phone", run(), "pass", "RSA ciphers only"),
    Row("TLS002", "ec-phone-rsa-only", run(**seen_by_8811()), "pass", "RSA and EC ciphers"),
    Row("TLS002", "self-signed-ec", run(**seen_by_8811(ec=EC, both=EC)), "fail", "or an EC trustpoint"),
    Row("TLS002", "temporary-ec", run(**seen_by_8811(ec=TEMPORARY_EC, both=TEMPORARY_EC)), "fail", "(CSCuu02848)"),
    Row("TLS002", "pinned-ec", run(**seen_by_8811(ec=EC, both=EC) | pinned(GATEWAY, EC)), "pass", "names it"),
    Row("TLS002", "ec-of-a-ca", run(**seen_by_8811(ec=EC_THIRD_PARTY, both=EC_THIRD_PARTY)), "pass"),
    Row("TLS002", "no-rsa-at-all", run(**seen_by_8811(rsa=None, ec=EC, both=EC)), "pass"),
    Row("TLS002", "none-configured", run(**seen_by_8811(rsa=TEMPORARY, ec=TEMPORARY_EC, both=TEMPORARY_EC)), "pass"),
    Row("TLS002", "unresolved", run(**NO_FLIGHT), "inconclusive"),
    Row("TLS003", "same-for-all", run(), "pass", "same certificate"),
    Row("TLS003", "self-signed-ec", run(**seen_by_7962(ec=EC, both=EC)), "fail", "no certHash names"),
    Row(
        "TLS003",
        "self-signed-ec-without-config",
        run(**seen_by_7962(ec=EC, both=EC) | without_config()),
        "fail",
        "self-signed EC certificate",
    ),
    Row("TLS003", "pinned-ec", run(**seen_by_7962(ec=EC, both=EC) | pinned(GATEWAY, EC)), "pass", "names the EC"),
    Row(
        "TLS003",
        "other-rsa-is-no-matter-of-ec",
        run(**seen_by_7962(both=THIRD_PARTY)),
        "pass",
    ),
    Row("TLS003", "this-phone-is-affected", run(**seen_by_8811(ec=EC, both=EC)), "pass", "same certificate"),
    Row("TLS003", "not-asked", run(first_flights=(flight(),)), "inconclusive"),
    Row("TLS005", "keeps-rules", run(), "pass"),
    Row("TLS005", "breach", run(first_flights=(*flights()[:3], BREACH)), "fail", "both: extension not offered"),
    Row("TLS005", "no-connection", all_fail(REFUSED), "inconclusive"),
    Row("TLS006", "configured", run(), "pass"),
    Row("TLS006", "temporary", run(**seen_by_7962(rsa=TEMPORARY, both=TEMPORARY) | pinned(TEMPORARY)), "fail", "boot"),
    Row("TLS006", "unresolved", run(**NO_FLIGHT), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(all_fail(CLOSED), {"TLS004"}, "fail", id="closed"),
        pytest.param(all_fail(NOT_TLS), {"TLS004"}, "fail", id="not-tls"),
        pytest.param(refused_to_7962(), {"TLS001"}, "fail", id="no-shared-cipher"),
        pytest.param(run(first_flights=(ROGUE,), **NO_SESSION), {"TLS001"}, "fail", id="unoffered-suite"),
        pytest.param(run(**seen_by_8811(ec=EC, both=EC)), {"TLS002"}, "fail", id="ec-self-signed"),
        pytest.param(run(**seen_by_7962(ec=EC, both=EC)), {"TLS003"}, "warn", id="ec-self-signed-7962"),
        pytest.param(
            run(**seen_by_8811(ec=EC_THIRD_PARTY, both=EC_THIRD_PARTY)), {"PIN001"}, "fail", id="ec-not-in-cucm"
        ),
        pytest.param(
            run(**seen_by_8811(rsa=TEMPORARY, ec=TEMPORARY_EC, both=TEMPORARY_EC)),
            {"PIN001"},
            "fail",
            id="trustpoint-lost",
        ),
    ],
)
def test_one_fault_of_the_flight_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


def test_a_refusal_lists_what_the_gateway_takes_and_the_lines_of_the_asa() -> None:
    enumeration = Enumeration(address=ADDRESS, accepted=(AcceptedSuite(version=0x0301, suite=0x0005),))
    found = finding(refused_to_7962(enumerations=(enumeration,)), "TLS001")
    assert found.facts["alert"] == 40
    assert found.facts["offered"] == ["AES256-SHA (0x0035)", "AES128-SHA (0x002F)"]
    accepted = found.facts["accepted_from_others"]
    assert isinstance(accepted, list)
    assert accepted[0] == "TLS 1.0 RC4-SHA (0x0005)"
    assert found.logs.asa[1] == ("%ASA-7-725008: SSL client outside:<phone>/<port> proposes the following 2 cipher(s).")
    assert found.logs.asa[2].endswith("Function: SSL3_GET_CLIENT_HELLO Reason: no shared cipher")


def test_a_refused_version_has_its_own_fix() -> None:
    found = finding(run(first_flights=(flight(failure=OLD_VERSION, shown=None),), **NO_SESSION), "TLS001")
    assert any("ssl server-version tlsv1" in fix.steps for fix in found.fix)
    assert any("TLS 1.0" in step for fix in found.fix if fix.platform == "phone" for step in fix.steps)


def test_the_ec_fault_gives_the_documented_command() -> None:
    found = finding(run(**seen_by_8811(ec=EC, both=EC)), "TLS002")
    command = 'ssl cipher tlsv1.2 custom "AES256-SHA:AES128-SHA:DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA"'
    assert command in found.fix[0].steps
    assert any("Phone-VPN-trust" in step for fix in found.fix if fix.platform == "CUCM" for step in fix.steps)
    assert found.facts["matrix_column"] == "rsa-only-unfixed"
    assert finding(run(**seen_by_8811(ec=EC, both=EC)), "PIN001").summary.endswith("(a consequence of TLS002)")


OTHER_REFUSED = (flight("7962G", failure=HANDSHAKE_FAILURE), flight("8811"), *flights()[1:])


@pytest.mark.parametrize(
    ("profile", "chosen", "statuses", "verdict"),
    [
        ("7962G", False, {"7962G": "fail", "8811": "pass"}, "fail"),
        ("8811", False, {"7962G": "fail", "8811": "pass"}, "fail"),
        ("8811", True, {"7962G": "not-applicable", "8811": "pass"}, "pass"),
        ("7962G", True, {"7962G": "fail", "8811": "pass"}, "fail"),
    ],
)
def test_a_model_that_was_asked_for_is_the_one_that_counts(
    profile: str, chosen: bool, statuses: dict[str, str], verdict: str
) -> None:
    """A site that has newer phones only may run TLS 1.2 only."""
    evidence = gateway_run(persona=Persona(profile=profile, chosen=chosen), first_flights=OTHER_REFUSED)
    found = {item.subject.split()[0]: item for item in findings(evidence, "TLS001")}
    assert {hello: item.status for hello, item in found.items()} == statuses
    assert found["7962G"].facts["alert"] == 40
    assert judge(evidence).verdict == verdict


def test_a_self_signed_certificate_for_another_model_than_the_one_asked_for() -> None:
    shown = (flight("7962G"), flight("8811", EC), *flights(both=EC)[1:])
    evidence = gateway_run(persona=Persona(profile="7962G", chosen=True), first_flights=shown)
    statuses = {item.subject.split()[0]: item.status for item in findings(evidence, "TLS002")}
    assert statuses == {"7962G": "pass", "8811": "not-applicable"}


def test_a_gateway_is_judged_for_every_phone_profile() -> None:
    modern_only = gateway_run(
        first_flights=(
            flight("7962G", None, failure=HANDSHAKE_FAILURE),
            flight("8811", EC),
            flight("modern", None, failure=HANDSHAKE_FAILURE),
            *flights(ec=EC, both=EC)[1:],
        )
    )
    by_subject = {found.subject: found.status for found in findings(modern_only, "TLS001")}
    assert by_subject == {f"7962G at {ADDRESS}": "fail", f"8811 at {ADDRESS}": "pass"}
    assert {found.subject: found.status for found in findings(modern_only, "TLS002")} == {
        f"7962G at {ADDRESS}": "inconclusive",
        f"8811 at {ADDRESS}": "fail",
    }
    leaves = {found.subject for found in findings(modern_only, "CRT001")}
    assert leaves == {f"leaf shown to 8811 at {ADDRESS}", f"leaf shown to rsa-only at {ADDRESS}"}


def steps_of(evidence: Evidence, check_id: str) -> list[str]:
    return [step for fix in finding(evidence, check_id).fix for step in fix.steps]


def test_a_phone_without_tls_1_2_is_not_helped_by_its_ciphers() -> None:
    assert not [step for step in steps_of(refused_to_7962(), "TLS001") if "tlsv1.2" in step]
    assert [step for step in steps_of(refused_to_8841(), "TLS001") if "tlsv1.2" in step]


def test_an_asa_that_spoke_tls_1_2_is_no_old_one() -> None:
    assert {fix.platform for fix in finding(refused_to_7962(), "TLS001").fix} == {"ASA", "ASA from 9.3(2)"}
    old = finding(run(first_flights=(REFUSED_TO_7962,)), "TLS001")
    assert "ASA up to 9.3(1)" in {fix.platform for fix in old.fix}


def test_a_gateway_with_an_ec_certificate_only_needs_an_rsa_one() -> None:
    first = finding(EC_ONLY, "TLS001").fix[0]
    assert "ssl trust-point <rsa-trustpoint> outside" in first.steps
    assert not [step for step in first.steps if step.startswith("ssl cipher")]


@pytest.mark.parametrize("check_id", ["TLS001", "TLS002"])
def test_a_cipher_command_says_whom_it_touches_and_notes_the_present_value(check_id: str) -> None:
    evidence = refused_to_8841() if check_id == "TLS001" else run(**seen_by_8811(ec=EC, both=EC))
    (fix,) = (f for f in finding(evidence, check_id).fix if any(step.startswith("ssl cipher") for step in f.steps))
    assert "every TLS 1.2 client" in fix.steps[0]
    assert fix.steps.index("show run all ssl") < fix.steps.index("configure terminal")
