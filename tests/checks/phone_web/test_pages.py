"""Checks of the pages themselves and of who the phone is."""

from __future__ import annotations

import msgspec
import pytest

from tests.checks.evidence_builder import CONFIG, reading, stages
from tests.checks.phone_web.builder import (
    DEVICE,
    PAGES,
    SEEN,
    answered,
    seeing,
    unanswered,
    web_run,
    with_page,
)
from tests.checks.table import Row, params
from vpnprobe.checks.phone_web.identity import version_of
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import Resolution
from vpnprobe.model.phoneweb import PhoneWeb
from vpnprobe.model.target import Persona

NOT_FOUND = Resolution(name="phone", source="dns", failure=Failure(kind=FailureKind.NAME_NOT_FOUND))
LEADS_AWAY = Failure(kind=FailureKind.SERVER_ERROR, code=302, detail="a redirect to https://192.0.2.40/, not followed")
NOT_READ = {"stages": stages("phone-web", pages=("skipped", "resolve"), resolve=("failed", "no address"))}
FOREIGN = {"unrecognised": tuple("abcdef"), "recognised": 2}

ROWS = (
    Row("WEB001", "served", web_run(), "pass", "answers at 192.0.2.40:80"),
    Row("WEB001", "404 is an answer", web_run(phone_web=answered(404)), "pass"),
    Row(
        "WEB001",
        "refused",
        web_run(phone_web=unanswered(FailureKind.REFUSED)),
        "fail",
        "says that web access is enabled",
    ),
    Row(
        "WEB001",
        "refused, nothing known",
        web_run(phone_web=unanswered(FailureKind.REFUSED), config=None),
        "fail",
        "off",
    ),
    Row("WEB001", "403", web_run(phone_web=answered(403)), "fail", "HTTP 403"),
    Row("WEB001", "401", web_run(phone_web=answered(401)), "fail", "HTTP 401"),
    Row("WEB001", "silent", web_run(phone_web=unanswered(FailureKind.TIMEOUT)), "fail", "does not answer"),
    Row("WEB001", "no route", web_run(phone_web=unanswered(FailureKind.UNREACHABLE)), "fail", "does not answer"),
    Row("WEB001", "elsewhere", web_run(phone_web=answered(302, failure=LEADS_AWAY)), "fail", "https://192.0.2.40/"),
    Row("WEB001", "no TLS", web_run(phone_web=unanswered(FailureKind.NOT_TLS, scheme="https")), "fail", "over HTTPS"),
    Row("WEB001", "no name", web_run(phone_web=PhoneWeb(), resolution=NOT_FOUND), "fail", "does not exist"),
    Row("WEB001", "ours", web_run(phone_web=unanswered(FailureKind.LOCAL)), "inconclusive", "was not asked"),
    Row("WEB001", "nothing asked", web_run(phone_web=PhoneWeb()), "inconclusive", "was not asked"),
    Row("WEB001", "no pages at all", web_run(phone_web=None), "inconclusive", "no page was asked for"),
    Row("WEB002", "recognised", web_run(), "pass", "CP-7962G, layout serviceability"),
    Row(
        "WEB002",
        "some labels unknown",
        seeing(pages=with_page("network", unrecognised=("New",))),
        "pass",
        "1 label not",
    ),
    Row("WEB002", "other", web_run(phone_web=answered(404)), "fail", "no page of a phone"),
    Row(
        "WEB002",
        "other with a name",
        web_run(phone_web=msgspec.structs.replace(answered(404), title="NetWidget")),
        "fail",
        "'NetWidget'",
    ),
    Row("WEB002", "foreign", seeing(pages=with_page("device-information", **FOREIGN)), "inconclusive", "'a', 'b', 'c'"),
    Row("WEB002", "front page alone", web_run(phone_web=PhoneWeb(pages=PAGES[:1])), "inconclusive", "front page"),
    Row("WEB002", "not served", web_run(phone_web=answered(403)), "inconclusive", "WEB001"),
    Row("WEB002", "leads away", web_run(phone_web=answered(302)), "inconclusive", "WEB001"),
    Row("WEB003", "whole", web_run(), "pass", "4 pages read whole"),
    Row(
        "WEB003",
        "too long",
        seeing(pages=with_page("network", failure=Failure(kind=FailureKind.TOO_MUCH))),
        "fail",
        "network: the answer is longer",
    ),
    Row(
        "WEB003", "absent", seeing(pages=with_page("status-messages", status=404)), "fail", "status-messages: HTTP 404"
    ),
    Row("WEB003", "broken", seeing(pages=with_page("network", problem="more than 8000 tags")), "fail", "8000 tags"),
    Row(
        "WEB003",
        "ours",
        seeing(pages=with_page("network", status=None, failure=Failure(kind=FailureKind.LOCAL))),
        "inconclusive",
        "not every page",
    ),
    Row("WEB004", "the one", web_run(), "pass", "SEP8CB64F576113 (CP-7962G)"),
    Row("WEB004", "by MAC address", seeing(device={"mac": "8cb6.4f57.6113"}), "pass", "model not named"),
    Row(
        "WEB004",
        "another",
        seeing(device=DEVICE | {"host_name": "SEP001AE2BC16CB"}),
        "fail",
        "--mac is SEP8CB64F576113",
    ),
    Row(
        "WEB004",
        "of the file",
        web_run(persona=Persona(profile="7962G"), config=reading(file="SEP001AE2BC16CB.cnf.xml")),
        "fail",
        "the configuration file is SEP001AE2BC16CB",
    ),
    Row(
        "WEB004",
        "another model",
        web_run(persona=Persona(profile="8811", model="8841", chosen=True)),
        "fail",
        "--model is 8841",
    ),
    Row(
        "WEB004",
        "nobody named",
        web_run(persona=Persona(profile="7962G"), config=None),
        "not-applicable",
        "no phone was",
    ),
    Row("WEB004", "no name", seeing(device={"version": "9"}), "inconclusive", "name no device"),
    Row("WEB005", "new enough", web_run(), "pass", "at least 9.0(2)"),
    Row("WEB005", "old", seeing(device=DEVICE | {"version": "SCCP42.8-5-3S"}), "fail", "older than 9.0(2)"),
    Row("WEB005", "no VPN phone", seeing(device=DEVICE | {"model": "CP-7960G"}), "fail", "a CP-7960G is no VPN phone"),
    Row("WEB005", "8800", seeing(device=DEVICE | {"model": "CP-8845"}), "not-applicable", "no first one with VPN"),
    Row("WEB005", "odd", seeing(device=DEVICE | {"version": "new"}), "inconclusive", "is not known"),
    Row("WEB005", "none", seeing(device={"model": "CP-7962G"}), "inconclusive", "no firmware"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_checks(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("SIP42.9-4-2SR3-1S", (9, 4, 2)),
        ("SCCP42.9-1-1SR1S", (9, 1, 1)),
        ("9.4(2)SR3", (9, 4, 2)),
        ("9.0(2)", (9, 0, 2)),
        ("sip8845_65.14-3-1-0201-246", (14, 3, 1)),
        ("sip88xx.12-8-1-0001-455", (12, 8, 1)),
        ("jar42sccp.9-1-1TH1-16.sbn", (9, 1, 1)),
        ("P0030801SR02", None),
        ("", None),
    ],
)
def test_version(text: str, version: tuple[int, int, int] | None) -> None:
    assert version_of(text) == version


def test_a_refused_connection_names_what_the_configuration_says() -> None:
    off = reading(msgspec.structs.replace(CONFIG, web_access=1))
    row = Row(
        "WEB001", "", web_run(phone_web=unanswered(FailureKind.REFUSED), config=off), "fail", "access is disabled"
    )
    assert row.judge().facts["web_access"] == "disabled"


def test_healthy_has_no_alarm() -> None:
    from vpnprobe.checks.evaluate import judge

    report = judge(web_run())
    assert report.verdict == "pass"
    assert {finding.status for finding in report.findings} == {"pass"}
    assert SEEN.layout is not None
