"""Purposes and dates of the target's certificate."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.certificates import Identity, extension, issue, rsa_key
from tests.checks.evidence_builder import NOW, alarms, certificate_name, finding
from tests.checks.federation.builder import (
    ISSUING,
    ROOT,
    TARGET,
    edge_certificate,
    flight,
    path,
    run,
    sent,
    shown,
    unpublished,
    visit,
)
from tests.checks.federation.test_names import UNREADABLE
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Status

DAY = timedelta(days=1)


def valid(first: timedelta, last: timedelta, issuer: Identity = ISSUING) -> Identity:
    return edge_certificate(TARGET, not_before=NOW + first, not_after=NOW + last, issuer=issuer)


def purposes(*usages: str) -> Evidence:
    return run(**shown(edge_certificate(TARGET, extended_key_usage=usages)))


def issued_by(issuer: Identity, **path: object) -> Evidence:
    return run(**shown(edge_certificate(TARGET, issuer=issuer), **path))


EXPIRED = valid(-400 * DAY, -3 * DAY)
FUTURE = valid(5 * DAY, 400 * DAY)
SOON = valid(-400 * DAY, 20 * DAY)
NO_DATES = edge_certificate(TARGET, not_after="never")
BROKEN_USAGE = edge_certificate(TARGET, extended_key_usage=(), extensions=[extension("2.5.29.37", b"\xff")])

OLD_ISSUING = issue(cn="Old Issuing CA", issuer=ROOT, ca=True, key=rsa_key(slot=31), not_after=NOW - DAY, serial=21)
NEW_ISSUING = issue(cn="Old Issuing CA", issuer=ROOT, ca=True, key=rsa_key(slot=31), not_before=NOW + DAY, serial=24)
PATH_OF_OLD = (f"CN={TARGET}", "CN=Old Issuing CA", "CN=Example Public Root")
# As AddTrust's root was: sent along under the name of a root that peers hold anew.
OLD_CROSS = issue(cn="Example Public Root", issuer=OLD_ISSUING, ca=True, key=rsa_key(slot=30), not_after=NOW - DAY)
BELOW_CROSS = issue(cn="Example Public Issuing CA", issuer=OLD_CROSS, ca=True, key=rsa_key(slot=31), serial=22)
PRIVATE_ROOT = issue(cn="Private Root", ca=True, key=rsa_key(slot=35), not_after=NOW - DAY)
RENEWED_ROOT = issue(cn="Private Root", ca=True, key=rsa_key(slot=35), serial=23)
PRIVATE_PATH = (f"CN={TARGET}", "CN=Private Root")


def below_private_root(*given: Identity) -> Evidence:
    """A chain to a private root that expired; `given` are those of --ca."""
    leaf = edge_certificate(TARGET, issuer=PRIVATE_ROOT)
    fields = shown(leaf, end="given-root", subjects=PRIVATE_PATH)
    fields["identities"] = (leaf, *given)
    return run(given_roots=tuple(certificate_name(one.der) for one in given), **fields)


def limited(*usages: str, serial: int = 40) -> Identity:
    """An issuing authority with these purposes."""
    return issue(cn="Limited CA", issuer=ROOT, ca=True, key=rsa_key(slot=31), extended_key_usage=usages, serial=serial)


PATH_OF_LIMITED = (f"CN={TARGET}", "CN=Limited CA", "CN=Example Public Root")


def below(issuer: Identity, *sent_too: Identity, **leaf: Any) -> Evidence:
    """A certificate of an issuing authority; `sent_too` are sent along."""
    edge = edge_certificate(TARGET, issuer=issuer, **leaf)
    fields = shown(edge, subjects=PATH_OF_LIMITED)
    chain = (*sent(edge), *(one.der for one in sent_too))
    fields["visits"] = (visit(flights=(flight(shown=chain),), path=path(subjects=PATH_OF_LIMITED)),)
    fields["identities"] = (edge, *sent_too)
    return run(**fields)


CODE_ONLY = limited("1.3.6.1.5.5.7.3.3")
UNPUBLISHED = run(**unpublished())

ROWS = (
    Row("FCR005", "both", run(), "pass", "serverAuth, clientAuth"),
    Row("FCR005", "no-extension", purposes(), "pass", "every purpose"),
    Row("FCR005", "any", purposes("2.5.29.37.0"), "pass", "any purpose"),
    Row("FCR005", "client-only", purposes("clientAuth"), "fail", "serverAuth is not among its purposes: clientAuth"),
    Row("FCR005", "broken", run(**shown(BROKEN_USAGE)), "inconclusive", "cannot all be read"),
    Row("FCR005", "unreadable", UNREADABLE, "inconclusive", "FCR014"),
    Row("FCR006", "both", run(), "pass"),
    Row("FCR006", "server-only", purposes("serverAuth"), "fail", "clientAuth is not among its purposes: serverAuth"),
    Row("FCR006", "neither", purposes("ipsecEndSystem"), "inconclusive", "a consequence of FCR005"),
    Row("FCR006", "unreadable", UNREADABLE, "inconclusive"),
    Row("FCR019", "no-limit", run(), "pass", "limited to other purposes"),
    Row("FCR019", "both", below(limited("serverAuth", "clientAuth")), "pass"),
    Row("FCR019", "any", below(limited("2.5.29.37.0")), "pass"),
    Row("FCR019", "other", below(CODE_ONLY), "fail", "limited to codeSigning, without serverAuth, clientAuth; Windows"),
    Row("FCR019", "server-only", below(limited("serverAuth")), "fail", "limited to serverAuth, without clientAuth"),
    Row(
        "FCR019",
        "server-only-as-the-leaf",
        below(limited("serverAuth"), extended_key_usage=["serverAuth"]),
        "pass",
    ),
    Row("FCR019", "another-of-its-name", below(CODE_ONLY, limited("serverAuth", "clientAuth", serial=41)), "pass"),
    Row(
        "FCR019",
        "leaf-for-neither",
        below(CODE_ONLY, extended_key_usage=["1.3.6.1.5.5.7.3.3"]),
        "not-applicable",
        "FCR005",
    ),
    Row("FCR019", "no-path", run(visits=(visit(path=None),)), "inconclusive"),
    Row("FCR019", "unreadable", UNREADABLE, "inconclusive"),
    Row("FCR007", "valid", run(), "pass", "valid from 2024-01-01"),
    Row("FCR007", "expired", run(**shown(EXPIRED)), "fail", "expired on 2026-11-18 12:00 UTC; this machine's clock"),
    Row("FCR007", "future", run(**shown(FUTURE)), "fail", "not valid before 2026-11-26"),
    Row(
        "FCR007", "issuer", issued_by(OLD_ISSUING, subjects=PATH_OF_OLD), "fail", "its issuer CN=Old Issuing CA expired"
    ),
    Row(
        "FCR007",
        "issuer-future",
        issued_by(NEW_ISSUING, subjects=PATH_OF_OLD),
        "fail",
        "CA is not valid before 2026-11",
    ),
    Row("FCR007", "old-cross-certificate", issued_by(BELOW_CROSS), "pass"),
    Row("FCR007", "given-root-expired", below_private_root(PRIVATE_ROOT), "fail", "CN=Private Root expired"),
    Row("FCR007", "given-root-renewed", below_private_root(RENEWED_ROOT), "pass"),
    Row("FCR007", "no-dates", run(**shown(NO_DATES)), "inconclusive", "cannot be read"),
    Row("FCR007", "unpublished", UNPUBLISHED, "inconclusive"),
    Row("FCR008", "long", run(), "pass"),
    Row("FCR008", "soon", run(**shown(SOON)), "fail", "20 days from the run"),
    Row("FCR008", "expired", run(**shown(EXPIRED)), "not-applicable", "FCR007"),
    Row("FCR008", "no-dates", run(**shown(NO_DATES)), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(run(**shown(EXPIRED)), {"FCR007"}, "fail", id="expired"),
        pytest.param(run(**shown(FUTURE)), {"FCR007"}, "fail", id="future"),
        pytest.param(run(**shown(SOON)), {"FCR008"}, "warn", id="soon"),
        pytest.param(purposes("clientAuth"), {"FCR005"}, "fail", id="client-only"),
        pytest.param(purposes("serverAuth"), {"FCR006"}, "warn", id="server-only"),
        pytest.param(purposes("ipsecEndSystem"), {"FCR005"}, "fail", id="neither"),
        pytest.param(issued_by(OLD_ISSUING, subjects=PATH_OF_OLD), {"FCR007"}, "fail", id="issuer-expired"),
        pytest.param(below(CODE_ONLY), {"FCR019"}, "warn", id="issuer-limited"),
        pytest.param(issued_by(NEW_ISSUING, subjects=PATH_OF_OLD), {"FCR007"}, "fail", id="issuer-future"),
    ],
)
def test_one_fault_of_the_certificate_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


@pytest.mark.parametrize(
    ("after", "dates", "soon"),
    [
        (timedelta(seconds=0), "fail", "not-applicable"),
        (timedelta(seconds=-1), "pass", "fail"),
        (-30 * DAY, "pass", "pass"),
        (-30 * DAY + timedelta(seconds=1), "pass", "fail"),
    ],
)
def test_the_moment_of_judging_can_be_given(after: timedelta, dates: Status, soon: Status) -> None:
    """notAfter itself is no longer valid; thirty days are enough."""
    report = judge(run(**shown(SOON)), now=NOW + 20 * DAY + after)
    found = {item.id: item.status for item in report.findings}
    assert (found["FCR007"], found["FCR008"]) == (dates, soon)


def test_a_renewal_asks_for_the_names_that_are_there() -> None:
    renewed = finding(run(**shown(edge_certificate(TARGET, "more.example.com", not_after=NOW + DAY))), "FCR008")
    assert renewed.facts["san"] == f"{TARGET},more.example.com"


def test_a_certificate_of_tomorrow_is_first_of_all_a_matter_of_clocks() -> None:
    found = finding(run(**shown(FUTURE)), "FCR007")
    assert [fix.platform for fix in found.fix] == ["Expressway", "ASA", "IM and Presence", "CA"]
    assert found.logs.edge[0].startswith('ms-diagnostics: 1010; reason="Certificate trust with another server')
    assert f'tls-target="{TARGET}"' in found.logs.edge[0]
