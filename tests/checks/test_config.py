"""Checks of the configuration file and of its VPN group."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.evidence_builder import (
    CONFIG_NAME,
    GATEWAY,
    HOST,
    URL,
    alarms,
    boot_file,
    cert_hash,
    configured,
    finding,
    given_hash,
    group,
    reading,
    run,
    without_config,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.config import (
    CertHashText,
    ConfigKind,
    ConfigProblem,
    PhoneConfig,
    ProblemKind,
    VpnUrl,
)
from vpnprobe.model.evidence import Evidence

GIVEN = run(**given_hash(GATEWAY))
MISSING = run(boot_files=(boot_file("not-found"),), config=reading(None, origin="none", file=None, server=None))
MALFORMED = run(config=reading(None, problem="mismatched tag at line 3"))
SHORT = run(config=reading(PhoneConfig(kind=ConfigKind.SHORT, root="device", full_config=False)))
ENCRYPTED = run(config=reading(PhoneConfig(kind=ConfigKind.ENCRYPTED)))
HTML = run(config=reading(PhoneConfig(kind=ConfigKind.NOT_A_CONFIG, root="html")))
EMPTY = run(config=reading(PhoneConfig(kind=ConfigKind.EMPTY)))
NO_GROUP = run(**configured(vpn_group=None))
RIGHT = cert_hash(GATEWAY)


def hashes(*texts: str) -> dict[str, Any]:
    return group(cert_hashes=tuple(CertHashText(index, text) for index, text in enumerate(texts, 1)))


def urls(*texts: str) -> dict[str, Any]:
    return group(urls=tuple(VpnUrl(index, text) for index, text in enumerate(texts, 1)))


def problem(kind: ProblemKind, element: str, value: str = "") -> dict[str, Any]:
    return {"problems": (ConfigProblem(kind=kind, element=element, value=value),)}


GAP_AND_MTU = (
    ConfigProblem(kind=ProblemKind.GAP, element="url3"),
    ConfigProblem(kind=ProblemKind.OUT_OF_RANGE, element="mtu", value="9000"),
)

ROWS = (
    Row("CFG001", "readable", run(), "pass", CONFIG_NAME),
    Row("CFG001", "malformed", MALFORMED, "fail", "mismatched tag"),
    Row("CFG001", "html", HTML, "fail", "html"),
    Row("CFG001", "empty", EMPTY, "fail", "empty"),
    Row("CFG001", "encrypted", ENCRYPTED, "not-applicable"),
    Row("CFG001", "missing", MISSING, "inconclusive", "not found"),
    Row(
        "CFG001", "cut-before-reading", run(config=None, interrupted="deadline", stages=()), "inconclusive", "deadline"
    ),
    Row("CFG001", "no-server", run(**without_config()), "inconclusive", "TFT001"),
    Row("CFG001", "hash-given", GIVEN, "not-applicable", "--cert-hash"),
    Row("CFG002", "clear", run(), "pass"),
    Row("CFG002", "short", SHORT, "fail", "short form"),
    Row("CFG002", "encrypted", ENCRYPTED, "fail", "encrypted"),
    Row("CFG002", "malformed", MALFORMED, "inconclusive", "CFG001"),
    Row("CFG002", "hash-given", GIVEN, "not-applicable"),
    Row("CFG003", "present", run(), "pass", "1 url and 1 certHash"),
    Row("CFG003", "absent", NO_GROUP, "fail", "no vpnGroup"),
    Row(
        "CFG003",
        "misplaced",
        run(**configured(vpn_group=None, **problem(ProblemKind.MISPLACED, "vpnGroup"))),
        "fail",
        "wrong place",
    ),
    Row("CFG003", "encrypted", SHORT, "inconclusive", "CFG002"),
    Row("CFG003", "hash-given", GIVEN, "not-applicable"),
    Row("CFG004", "exact", run(**urls("https://other.example.com/x", URL)), "pass", "url2"),
    Row("CFG004", "slash", run(**urls(f"{URL}/")), "fail", "a slash at the end"),
    Row("CFG004", "case", run(**urls(URL.lower())), "fail", "upper and lower case"),
    Row("CFG004", "blank", run(**urls(f" {URL}")), "fail", "blanks around it"),
    Row("CFG004", "other-host", run(**urls("https://other.example.com/VPNPhone")), "fail", "another URL"),
    Row("CFG004", "none", run(**group(urls=())), "fail", "no url"),
    Row("CFG004", "no-group", NO_GROUP, "inconclusive", "CFG003"),
    Row("CFG004", "hash-given", GIVEN, "not-applicable"),
    Row("CFG005", "present", run(), "pass", "1 certHash"),
    Row("CFG005", "absent", run(**hashes()), "fail", "trusts no gateway"),
    Row("CFG005", "no-group", NO_GROUP, "inconclusive", "CFG003"),
    Row("CFG005", "hash-given", GIVEN, "not-applicable"),
    Row("CFG006", "canonical", run(), "pass"),
    Row("CFG006", "unused-bits", run(**hashes(RIGHT, "5X6B6plUwUSXZnjQ4kGM33mpMXy=")), "fail", "certHash2"),
    Row("CFG006", "hex", run(**hashes("E5" * 20)), "fail", "hex, not base64"),
    Row("CFG006", "none", run(**hashes()), "not-applicable", "CFG005"),
    Row("CFG006", "no-group", NO_GROUP, "inconclusive"),
    Row("CFG007", "zero", run(), "pass"),
    Row("CFG007", "absent", run(**group(hash_alg=None)), "pass", "absent"),
    Row("CFG007", "one", run(**group(hash_alg="1")), "fail", "'1'"),
    Row("CFG007", "no-group", NO_GROUP, "inconclusive"),
    Row("CFG007", "hash-given", GIVEN, "not-applicable"),
    Row("CFG008", "in-range", run(), "pass"),
    Row(
        "CFG008",
        "mtu",
        run(**group(mtu=9000, **problem(ProblemKind.OUT_OF_RANGE, "mtu", "9000"))),
        "fail",
        "mtu 9000 is outside 256..1406",
    ),
    Row("CFG008", "gap", run(**group(**problem(ProblemKind.GAP, "url3"))), "fail", "gap"),
    Row("CFG008", "eleventh", run(**group(**problem(ProblemKind.TOO_MANY, "certHash11", "1"))), "fail", "number 10"),
    Row("CFG008", "gap-and-mtu", run(**group(problems=GAP_AND_MTU)), "fail", "url3 leaves a gap"),
    Row("CFG008", "duplicate", run(**group(**problem(ProblemKind.DUPLICATE, "certHash2"))), "pass"),
    Row("CFG008", "auth-method-elsewhere", run(**group(**problem(ProblemKind.OUT_OF_RANGE, "authMethod"))), "pass"),
    Row("CFG008", "no-group", NO_GROUP, "inconclusive"),
    Row("CFG008", "hash-given", GIVEN, "not-applicable"),
    Row("CFG009", "fits", run(), "pass", "SIP42"),
    Row("CFG009", "other-model", run(**configured(load_information="sip88xx.12-8-1-0001-455")), "fail", "8811"),
    Row("CFG009", "unknown", run(**configured(load_information="whatever")), "inconclusive", "not known"),
    Row("CFG009", "absent", run(**configured(load_information=None)), "inconclusive", "no firmware load"),
    Row("CFG009", "hash-given", GIVEN, "not-applicable"),
    Row("CFG010", "certificate", run(), "pass", "certificate"),
    Row(
        "CFG010",
        "password-asks-again",
        run(credential="none", client_chain=(), **group(auth_method=0)),
        "pass",
        "asked again",
    ),
    Row("CFG010", "other-credential", run(**group(auth_method=0)), "fail", "given a certificate"),
    Row(
        "CFG010",
        "unknown",
        run(**group(auth_method=7, **problem(ProblemKind.OUT_OF_RANGE, "authMethod", "7"))),
        "fail",
        "authMethod is 7",
    ),
    Row("CFG010", "absent", run(**group(auth_method=None)), "inconclusive", "absent"),
    Row("CFG010", "hash-given", GIVEN, "not-applicable"),
    Row("CFG011", "on", run(), "pass", "enabled"),
    Row("CFG011", "read-only", run(**configured(web_access=2)), "pass", "read-only"),
    Row("CFG011", "off", run(**configured(web_access=1)), "fail", "console logs"),
    Row("CFG011", "unknown", run(**configured(web_access=None)), "inconclusive"),
    Row("CFG011", "hash-given", GIVEN, "not-applicable"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(MALFORMED, {"CFG001"}, "fail", id="malformed"),
        pytest.param(SHORT, {"CFG002"}, "inconclusive", id="short"),
        pytest.param(NO_GROUP, {"CFG003"}, "fail", id="no-group"),
        pytest.param(run(**urls(f"{URL}/")), {"CFG004"}, "fail", id="url"),
        pytest.param(run(**hashes()), {"CFG005"}, "fail", id="no-hash"),
        pytest.param(run(**hashes("5X6B6plUwUSXZnjQ4kGM33mpMXy=", RIGHT)), {"CFG006"}, "warn", id="form"),
        pytest.param(run(**group(hash_alg="1")), {"CFG007"}, "inconclusive", id="hash-alg"),
        pytest.param(run(**group(auth_method=0)), {"CFG010"}, "inconclusive", id="credential"),
        pytest.param(run(**configured(web_access=1)), set(), "pass", id="web-access"),
    ],
)
def test_one_fault_of_the_configuration_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


def test_a_near_miss_of_the_url_gives_the_command_that_takes_it() -> None:
    found = finding(run(**urls(f"{URL}/")), "CFG004")
    assert found.facts["differences"] == ["trailing-slash"]
    asa = next(fix for fix in found.fix if fix.platform == "ASA")
    assert asa.steps == (
        "configure terminal",
        "tunnel-group <tunnel-group> webvpn-attributes",
        f" group-url https://{HOST}/VPNPhone/ enable",
    )


def test_a_missing_group_sends_to_the_common_phone_profile() -> None:
    found = finding(NO_GROUP, "CFG003")
    assert any("Common Phone Profile" in step for step in found.fix[0].steps)
    assert {"VP-03", "VP-04", "VP-25"} <= set(found.covers)
