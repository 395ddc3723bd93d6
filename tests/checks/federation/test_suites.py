"""Versions and suites that a Microsoft edge would agree on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.certificates import ec_key
from tests.checks.evidence_builder import HANDSHAKE_FAILURE, REFUSED, alarms, fail, finding
from tests.checks.federation.builder import (
    HELLOS,
    TARGET,
    TLS10,
    edge_certificate,
    flight,
    flights,
    handshake,
    run,
    silent_flights,
    unpublished,
    visit,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import FirstFlight
from vpnprobe.model.target import MICROSOFT_EDGE, Expectation

CLOSED = fail(FailureKind.CLOSED)
NOT_TLS = fail(FailureKind.NOT_TLS)
TIMEOUT = fail(FailureKind.TIMEOUT)
OLD_VERSION = fail(FailureKind.TLS_ALERT, alert=70)
LYNC_2010 = Expectation(partner="lync-2010")
EC = edge_certificate(TARGET, key=ec_key())
FAILED_HANDSHAKE = handshake(completed=False, failure=HANDSHAKE_FAILURE, leaf=None, client_certificate_requested=False)


def taking(*hellos: str, **fields: Any) -> tuple[FirstFlight, ...]:
    """Only these hellos are agreed to; the others get alert 40."""
    return flights(refused=tuple(name for name in HELLOS if name not in hellos), **fields)


def seen(shown: tuple[FirstFlight, ...], *, completes: bool = True, **changes: Any) -> Evidence:
    session: dict[str, Any] = {} if completes else {"handshakes": (FAILED_HANDSHAKE,)}
    return run(visits=(visit(flights=shown, **session),), **changes)


def without(hello: str) -> tuple[FirstFlight, ...]:
    return tuple(one for one in flights() if one.hello != hello)


def instead(*changed: FirstFlight) -> tuple[FirstFlight, ...]:
    """The usual flights, except for these."""
    by_hello = {one.hello: one for one in changed}
    return tuple(by_hello.get(one.hello, one) for one in flights())


# A server of TLS 1.0 answers a hello of TLS 1.2 in its own version, or refuses it.
OLD_SERVER = tuple(
    flight(name, version=TLS10, suite=0x002F) if 0x002F in suites else flight(name, None, failure=HANDSHAKE_FAILURE)
    for name, (_, suites) in HELLOS.items()
)
OLD_AND_STRICT = tuple(flight(name) if name == "tls10" else flight(name, None, failure=OLD_VERSION) for name in HELLOS)
ONLY_3DES = taking("3des-only")
EC_ONLY = taking("ec-only", shown=EC)
ECDHE_ONLY = taking(MICROSOFT_EDGE, "tls12-ecdhe")
EC_CERTIFICATE = tuple(
    msgspec.structs.replace(one, offered_suites=(*one.offered_suites, 0xC02C))
    for one in taking(MICROSOFT_EDGE, "ec-only", suite=0xC02C)
)
NOTHING = taking()
CLOSED_ON_OURS = instead(flight(shown=None, failure=CLOSED))
UNOFFERED = instead(flight(suite=0x0005))
NO_SERVER_HELLO = instead(flight(shown=None))
SILENT = instead(flight(shown=None, failure=TIMEOUT))
NOT_TLS_ON_OURS = instead(flight(shown=None, failure=NOT_TLS))
NO_CONNECTION = silent_flights(REFUSED)
WITH_TLS10 = taking(MICROSOFT_EDGE, "tls12-rsa", "tls12-ecdhe", "tls10")
WITH_3DES = taking(MICROSOFT_EDGE, "tls12-rsa", "tls12-ecdhe", "3des-only")
UNPUBLISHED = run(**unpublished())

ROWS = (
    Row("EDG003", "agrees", run(), "pass", "TLS 1.2 ECDHE-RSA-AES256-GCM-SHA384"),
    Row("EDG003", "tls-1.0-server", seen(OLD_SERVER), "fail", "does not speak TLS 1.2, only TLS 1.0; it does take"),
    Row("EDG003", "version-refused", seen(OLD_AND_STRICT), "fail", "does not speak TLS 1.2"),
    Row("EDG003", "tls-1.0-for-lync-2010", seen(OLD_SERVER, expectation=LYNC_2010), "pass", "Lync 2010 speaks"),
    Row("EDG003", "strict-tls-1.0-for-lync-2010", seen(OLD_AND_STRICT, expectation=LYNC_2010), "pass", "TLS 1.0"),
    Row("EDG003", "3des-only", seen(ONLY_3DES), "fail", "takes 3DES only"),
    Row("EDG003", "ec-only", seen(EC_ONLY, identities=(EC,)), "fail", "ECDSA certificate only"),
    Row("EDG003", "nothing-in-common", seen(NOTHING), "fail", "no suite in common with a Microsoft edge: TLS alert"),
    Row("EDG003", "hangs-up", seen(CLOSED_ON_OURS), "fail", "connection closed; it does take"),
    Row("EDG003", "unoffered", seen(UNOFFERED), "fail", "did not offer"),
    Row("EDG003", "not-tls", seen(NOT_TLS_ON_OURS), "fail", "not TLS"),
    Row("EDG003", "no-server-hello", seen(NO_SERVER_HELLO), "inconclusive", "no ServerHello"),
    Row("EDG003", "silent", seen(SILENT), "inconclusive", "no answer in time"),
    Row("EDG003", "not-sent", seen(without(MICROSOFT_EDGE)), "inconclusive", "was not sent"),
    Row("EDG003", "no-connection", seen(NO_CONNECTION), "inconclusive", "refused"),
    Row("EDG003", "unpublished", UNPUBLISHED, "inconclusive"),
    Row("EDG004", "both", run(), "pass", "RSA key exchange"),
    Row("EDG004", "curves-only", seen(ECDHE_ONLY), "fail", "elliptic curves only: TLS 1.2 ECDHE-RSA"),
    Row("EDG004", "ec-certificate", seen(EC_CERTIFICATE), "fail", "elliptic curves only: TLS 1.2 ECDHE-ECDSA"),
    Row("EDG004", "rsa-in-tls-1.0", seen(OLD_SERVER), "pass", "TLS 1.0"),
    Row("EDG004", "nothing", seen(NOTHING), "not-applicable", "no elliptic curves"),
    Row("EDG004", "not-asked", seen(taking(MICROSOFT_EDGE)[:1]), "inconclusive", "got no answer"),
    Row("EDG004", "unpublished", UNPUBLISHED, "inconclusive"),
    Row("EDG005", "refused", run(), "pass", "--partner"),
    Row("EDG005", "taken", seen(WITH_TLS10), "pass", "takes TLS 1.0"),
    Row("EDG005", "refused-to-lync-2010", run(expectation=LYNC_2010), "fail", "Lync 2010"),
    Row("EDG005", "taken-by-lync-2010", seen(WITH_TLS10, expectation=LYNC_2010), "pass"),
    Row("EDG005", "not-asked", seen(without("tls10")), "inconclusive", "got no answer"),
    Row("EDG005", "unpublished", UNPUBLISHED, "inconclusive"),
    Row("EDG006", "refused", run(), "pass", "refuses 3DES"),
    Row("EDG006", "taken", seen(WITH_3DES), "fail", "takes 3DES: TLS 1.2 DES-CBC3-SHA (0x000A)"),
    Row("EDG006", "taken-for-lync-2010", seen(WITH_3DES, expectation=LYNC_2010), "pass", "Cisco's guide"),
    Row("EDG006", "the-only-one", seen(ONLY_3DES), "inconclusive", "a consequence of EDG003"),
    Row("EDG006", "not-asked", seen(without("3des-only")), "inconclusive", "got no answer"),
)


def test_an_elliptic_certificate_is_not_mended_by_ciphers_alone() -> None:
    assert finding(seen(EC_CERTIFICATE), "EDG004").fix[0].platform == "CA"
    assert finding(seen(ECDHE_ONLY), "EDG004").fix[0].platform == "Expressway"


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(seen(OLD_SERVER), {"EDG003"}, "fail", id="tls-1.0"),
        pytest.param(seen(OLD_AND_STRICT), {"EDG003"}, "fail", id="tls-1.0-strict"),
        pytest.param(seen(ONLY_3DES, completes=False), {"EDG003"}, "fail", id="3des-only"),
        pytest.param(seen(EC_ONLY, completes=False, identities=(EC,)), {"EDG003"}, "fail", id="ec-only"),
        pytest.param(seen(NOTHING, completes=False), {"EDG003"}, "fail", id="nothing-in-common"),
        pytest.param(seen(ECDHE_ONLY), {"EDG004"}, "warn", id="curves-only"),
        pytest.param(run(expectation=LYNC_2010), {"EDG005"}, "warn", id="old-partner"),
        pytest.param(seen(WITH_3DES), set(), "pass", id="3des-too"),
        pytest.param(seen(OLD_SERVER, expectation=LYNC_2010), set(), "pass", id="tls-1.0-for-lync-2010"),
    ],
)
def test_one_fault_of_the_first_flight_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


def test_a_refusal_lists_what_is_taken_by_others() -> None:
    found = finding(seen(ONLY_3DES), "EDG003")
    assert found.facts["alert"] == 40
    assert found.facts["taken"] == ["3des-only: TLS 1.2 DES-CBC3-SHA (0x000A)"]
    assert "AES256-SHA (0x0035)" in str(found.facts["offered"])


def test_the_old_server_is_told_of_tls_1_2_and_the_ec_one_of_its_key() -> None:
    old = {fix.platform for fix in finding(seen(OLD_SERVER), "EDG003").fix}
    assert old == {"Expressway", "ASA", "Microsoft edge"}
    assert finding(seen(EC_ONLY, identities=(EC,)), "EDG003").fix[0].platform == "CA"


def test_the_certificate_is_judged_though_the_edge_was_shown_none() -> None:
    """What another hello was shown is still the target's certificate."""
    assert finding(seen(ONLY_3DES), "FCR001").status == "pass"
