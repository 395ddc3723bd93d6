"""The login and the differential of a refusal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.certificates import Identity, issue, phone_certificate
from tests.checks.evidence_builder import (
    CAPF,
    GATEWAY,
    HANDSHAKE_FAILURE,
    MAC,
    MIC,
    NOW,
    RENEWED,
    SECOND,
    SESSION,
    URL,
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
    resolved,
    run,
    stages,
    unresolved,
)
from tests.checks.table import Row, params
from vpnprobe.checks.differential import CAUSES, possible_causes
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import HttpExchange, Login, LoginAnswer

DAY = timedelta(days=1)
MEMBER = "vpn-2.example.com:443"
FOREIGN = phone_certificate("001AE2BC16CB")
NO_CREDENTIAL: dict[str, Any] = {"credential": "none", "client_chain": ()}
PASSWORD = group(auth_method=0) | {"credential": "password", "client_chain": ()}
WITHHELD = msgspec.structs.replace(SESSION, client_certificate=None)


def answered(answer: LoginAnswer, *, posted: bool = False, **fields: Any) -> dict[str, Any]:
    return {"logins": (login(answer, posted=posted, **fields),)}


def redirected(shown: bool = True) -> dict[str, Any]:
    seen = flight(shown=RENEWED, address="192.0.2.9:443") if shown else None
    return answered("redirect-other-host", redirect_host=MEMBER, redirect_flight=seen)


def given_certificate(identity: Identity, **changes: Any) -> Evidence:
    """A run with this client certificate, which is what went with the handshake."""
    session = msgspec.structs.replace(SESSION, client_certificate=certificate_name(identity.der))
    changes = {"client_chain": names(identity.der), "handshakes": (session,)} | changes
    return run(certificates=kept(identity) | run().certificates, **changes)


def refused_to(identity: Identity) -> Evidence:
    return given_certificate(identity, **answered("refused", posted=True))


SILENT = answered("no-answer", last={"status": None, "reason": None, "failure": fail(FailureKind.CLOSED)})
LOCAL = answered("no-answer", last={"status": None, "failure": fail(FailureKind.DEADLINE)})
SAME_HOST = answered("redirect-same-host", last={"status": 302, "headers": (("location", "/+CSCOE+/logon.html"),)})
UNREACHED = run(**unresolved())
NO_LOGIN = run(login_wanted=False, logins=(), stages=stages(login=("skipped", "--no-login")))
BROKEN_HANDSHAKE = run(
    handshakes=(msgspec.structs.replace(SESSION, completed=False, failure=HANDSHAKE_FAILURE),),
    logins=(),
    stages=stages(login=("skipped", "handshake")),
)
NEEDS_CERTIFICATE = run(
    handshakes=(msgspec.structs.replace(WITHHELD, completed=False, failure=HANDSHAKE_FAILURE),),
    logins=(),
    **NO_CREDENTIAL,
)
PASSWORD_REFUSED = run(**answered("refused", posted=True, credential="password") | PASSWORD)
OLD_LSC = issue(
    subject=[("CN", f"CP-7962G-SEP{MAC}")], issuer=CAPF, not_before=NOW - 400 * DAY, not_after=NOW - 3 * DAY
)
EXPIRED: dict[str, Any] = answered("client-certificate-failed") | {
    "client_chain": names(OLD_LSC.der),
    "certificates": kept(OLD_LSC) | run().certificates,
}

ROWS = (
    Row("LOG001", "login", run(), "pass", "accepted"),
    Row("LOG001", "web-server", run(**answered("not-an-asa")), "fail", "nothing of it is a phone gateway's"),
    Row(
        "LOG001",
        "unavailable",
        run(**answered("unavailable", last={"status": 503, "headers": (("x-reason", "no addresses"),)})),
        "fail",
        "no addresses",
    ),
    Row("LOG001", "silent", run(**SILENT), "fail", "connection closed"),
    Row("LOG001", "nothing-sent", run(**answered("no-answer", exchanges=())), "fail", "nothing was sent"),
    Row("LOG001", "deadline", run(**LOCAL), "inconclusive", "deadline"),
    Row("LOG001", "unresolved", UNREACHED, "inconclusive", "the login was not reached"),
    Row("LOG001", "not-wanted", NO_LOGIN, "not-applicable", "--no-login"),
    Row("LOG001", "no-handshake", BROKEN_HANDSHAKE, "inconclusive", "HSK001"),
    Row("LOG001", "needs-certificate", NEEDS_CERTIFICATE, "inconclusive", "give --client-cert"),
    Row("LOG005", "needs-certificate", NEEDS_CERTIFICATE, "inconclusive", "insists on a client certificate"),
    Row("LOG002", "known", run(), "pass"),
    Row("LOG002", "unknown", run(**answered("unknown-group-url")), "fail", "no tunnel group"),
    Row("LOG002", "redirect", run(**SAME_HOST), "inconclusive", "LOG004"),
    Row("LOG002", "balanced", run(**redirected()), "not-applicable", "LOG003"),
    Row("LOG002", "web-server", run(**answered("not-an-asa")), "inconclusive", "LOG001"),
    Row("LOG002", "not-wanted", NO_LOGIN, "not-applicable"),
    Row("LOG003", "no-redirect", run(), "pass"),
    Row("LOG003", "redirect", run(**redirected()), "fail", MEMBER),
    Row("LOG003", "pinned-member", run(**redirected() | pinned(RENEWED)), "fail", "a certHash names it"),
    Row("LOG003", "unseen-member", run(**redirected(shown=False)), "fail", "was not seen"),
    Row("LOG003", "web-server", run(**answered("not-an-asa")), "inconclusive"),
    Row("LOG003", "not-wanted", NO_LOGIN, "not-applicable"),
    Row("LOG004", "no-redirect", run(), "pass"),
    Row("LOG004", "redirect", run(**SAME_HOST), "fail", "/+CSCOE+/logon.html"),
    Row("LOG004", "web-server", run(**answered("not-an-asa")), "inconclusive"),
    Row("LOG004", "not-wanted", NO_LOGIN, "not-applicable"),
    Row("LOG005", "accepted", run(), "pass"),
    Row(
        "LOG005",
        "accepted-by-another-phone-s-certificate",
        given_certificate(FOREIGN),
        "inconclusive",
        "a login with SEP001AE2BC16CB's certificate was accepted; this phone's own was not tried",
    ),
    Row("LOG005", "accepted-by-no-phone-s-certificate", given_certificate(RENEWED), "inconclusive", "is no phone's"),
    Row("LOG005", "accepted-by-mic", given_certificate(MIC), "pass"),
    Row("LOG005", "accepted-by-certificate-for-password", run(**group(auth_method=0)), "inconclusive", "user name"),
    Row(
        "LOG005",
        "accepted-by-password-for-certificate",
        run(**answered("accepted", posted=True, credential="password") | PASSWORD | group(auth_method=2)),
        "inconclusive",
        "a login by password was accepted; this phone's own, by certificate",
    ),
    Row("LOG005", "accepted-and-method-unknown", run(**group(auth_method=7)), "inconclusive", "is not known"),
    Row("LOG005", "accepted-and-method-absent", run(**group(auth_method=None)), "inconclusive", "is not known"),
    Row("LOG005", "accepted-with-a-given-hash", run(**given_hash(GATEWAY)), "pass"),
    Row(
        "LOG005",
        "accepted-without-what-was-withheld",
        run(handshakes=(WITHHELD,), **answered("accepted")),
        "inconclusive",
        "withheld",
    ),
    Row("LOG005", "refused-to-another-phone", refused_to(FOREIGN), "inconclusive", "certificate was refused"),
    Row("LOG005", "refused", run(**answered("refused", posted=True)), "fail", "refused"),
    Row("LOG005", "password-refused", PASSWORD_REFUSED, "fail", "refused"),
    Row("LOG005", "asked-again", run(**answered("wants-login", posted=True)), "fail", "same question again"),
    Row("LOG005", "certificate-failed", run(**answered("client-certificate-failed")), "fail", "certificate failed"),
    Row("LOG005", "expired", run(**EXPIRED), "fail", "it expired on 2026-11-18 12:00 UTC (HSK005)"),
    Row("LOG005", "no-credential", run(**NO_CREDENTIAL), "not-applicable"),
    Row(
        "LOG005",
        "withheld",
        run(handshakes=(WITHHELD,), **answered("client-certificate-failed")),
        "inconclusive",
        "withheld",
    ),
    Row("LOG005", "not-posted", run(**answered("wants-login")), "inconclusive", "withheld"),
    Row(
        "LOG005",
        "other-credential",
        run(**answered("refused", posted=True) | group(auth_method=0)),
        "inconclusive",
        "CFG010",
    ),
    Row("LOG005", "refused-with-a-given-hash", run(**answered("refused", posted=True) | given_hash(GATEWAY)), "fail"),
    Row("LOG005", "balanced", run(**redirected()), "not-applicable", "LOG003"),
    Row("LOG005", "redirect", run(**SAME_HOST), "inconclusive", "LOG004"),
    Row("LOG005", "redirect-without-credential", run(**SAME_HOST | NO_CREDENTIAL), "not-applicable"),
    Row("LOG005", "unknown-url", run(**answered("unknown-group-url")), "inconclusive", "LOG002"),
    Row("LOG005", "unresolved", UNREACHED, "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(run(**answered("not-an-asa")), {"LOG001"}, "fail", id="web-server"),
        pytest.param(run(**SILENT), {"LOG001"}, "fail", id="silent"),
        pytest.param(run(**answered("unknown-group-url")), {"LOG002"}, "fail", id="unknown-url"),
        pytest.param(run(**redirected()), {"LOG003"}, "fail", id="load-balancing"),
        pytest.param(run(**SAME_HOST), {"LOG004"}, "inconclusive", id="portal"),
        pytest.param(run(**answered("refused", posted=True)), {"LOG005"}, "fail", id="refused"),
        pytest.param(given_certificate(FOREIGN), {"HSK005"}, "inconclusive", id="another-phone"),
        pytest.param(run(**group(auth_method=0)), {"CFG010"}, "inconclusive", id="another-way"),
        pytest.param(NEEDS_CERTIFICATE, set(), "inconclusive", id="insists-on-a-certificate"),
    ],
)
def test_one_fault_of_the_login_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


def test_one_attempt_for_all_addresses_leaves_the_others_without_a_verdict() -> None:
    asked = HttpExchange(method="GET", path="/VPNPhone", status=200, answer="wants-login")
    second = Login(address=SECOND, credential="none", answer="wants-login", exchanges=(asked,))
    other = msgspec.structs.replace(SESSION, address=SECOND)
    evidence = run(
        resolution=resolved("192.0.2.7", "192.0.2.8"),
        first_flights=(*flights(), *flights(address=SECOND)),
        handshakes=(SESSION, other),
        logins=(login(), second),
    )
    found = finding(evidence, "LOG005", SECOND)
    assert found.status == "not-applicable"
    assert judge(evidence).verdict == "pass"


def test_a_refusal_lists_its_causes_in_order_with_what_confirms_each() -> None:
    found = finding(run(**answered("refused", posted=True)), "LOG005")
    causes = found.facts["possible_causes"]
    assert isinstance(causes, list)
    assert len(causes) == len(found.fix) == 7
    assert [fix.when for fix in found.fix][:2] == [
        "the CA of the phone's certificate is not trusted for client certificates",
        "Cisco Secure Desktop is on for this tunnel group",
    ]
    assert found.fix[1].confirm[0] == "show run webvpn"
    assert "WebVPN: CSD data not sent from client" in found.fix[1].signs
    csd = found.fix[1].steps
    assert f" group-url {URL} enable" in csd
    assert " without-csd" in csd
    assert csd[-1].startswith("What an ASA sends to a phone when it wants CSD was found in no document")
    assert found.next[0] == "ASA# show crypto ca certificates"


def test_the_user_of_the_syslog_lines_is_that_of_the_certificate() -> None:
    found = finding(run(**answered("refused", posted=True)), "LOG005")
    assert found.logs.asa[0] == (
        "%ASA-5-734002: DAP: User CP-7962G-SEP8CB64F576113, Addr <phone>: Connection terminated by the following DAP "
        "records: DfltAccessPolicy"
    )


def test_a_password_refusal_does_not_blame_client_certificates() -> None:
    found = finding(PASSWORD_REFUSED, "LOG005")
    assert not any("CA of the phone's certificate" in fix.platform for fix in found.fix)


def test_a_wrong_password_is_the_first_cause_of_a_password_refusal() -> None:
    first = finding(PASSWORD_REFUSED, "LOG005").fix[0]
    assert first.when == "the user name or the password is refused"
    assert first.signs[0].startswith("%ASA-6-113015: AAA user authentication Rejected")


def test_an_unknown_user_is_not_bracketed_twice() -> None:
    lines = finding(PASSWORD_REFUSED, "LOG005").logs.asa
    assert any("User <client-user> IP" in line for line in lines)
    assert not [line for line in lines if "<<" in line]


def test_an_expired_client_certificate_is_the_first_cause() -> None:
    first = finding(run(**EXPIRED), "LOG005").fix[0]
    assert first.when == "the phone's certificate has expired (HSK005)"
    assert first.signs == ("a time after 2026-11-18 12:00 UTC",)


def test_a_dynamic_access_policy_is_told_by_the_line_that_ends_the_session() -> None:
    (policy,) = (cause for cause in CAUSES if cause.slug == "dap-terminates")
    assert policy.signs[0].startswith("%ASA-5-734002")


def test_a_failed_client_certificate_does_not_blame_what_comes_after_it() -> None:
    slugs = [cause.slug for cause in possible_causes("certificate-failed")]
    assert slugs == ["client-ca-missing", "licence-missing", "peer-limit"]


def test_the_differential_covers_its_statements() -> None:
    named = {statement for cause in CAUSES for statement in cause.statements}
    assert {"VP-01", "VP-02", "VP-14", "VP-15", "VP-17", "VP-18", "VP-19", "VP-20", "VP-21", "VP-22"} <= named
    assert all(cause.confirm and cause.mend for cause in CAUSES)
