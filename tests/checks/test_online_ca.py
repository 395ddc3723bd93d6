"""Checks of the online CA."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.certificates import Identity, chain, issue
from tests.checks.evidence_builder import NOW, REFUSED, fail, kept, names, resolved, run, stages
from tests.checks.table import Row, params
from vpnprobe.checks.online_ca import NOT_ASKED
from vpnprobe.model.capf import Capf, OnlineCa
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import CertificateRequest
from vpnprobe.model.target import Endpoint, Persona, Target

CA_HOST = "ca.example.com"
ADDRESS = "192.0.2.20:443"
CHAIN = chain(CA_HOST)
assert CHAIN.issuer is not None
assert CHAIN.issuer.issuer is not None
ROOT: Identity = CHAIN.issuer.issuer
SELF_SIGNED = issue(cn=CA_HOST, ca=True)
NO_CA = issue(cn=CA_HOST)
EXPIRED = issue(cn=CA_HOST, not_after=NOW - timedelta(days=1))
FUTURE = issue(cn=CA_HOST, not_before=NOW + timedelta(days=1))
OTHER_NAME = issue(cn="iis.example.com")
ALTERNATIVE = issue(cn="iis.example.com", dns=[CA_HOST])
NO_NAME = issue(cn="")
ENGLISH: dict[str, Any] = {"title": "401 - Unauthorized: Access is denied due to invalid credentials.", "status": 401}


def online_ca(shown: Identity | None = CHAIN, *, root: bool = True, sent: tuple[bytes, ...] = (), **fields: Any) -> Any:
    """An online CA that is as it ought to be, except for `fields`; its root is given with --ca."""
    ders = sent or (shown.chain_der if shown is not None else ())
    healthy: dict[str, Any] = {
        "endpoint": Endpoint(CA_HOST, 443),
        "resolution": resolved("192.0.2.20", name=CA_HOST),
        "address": ADDRESS,
        "version": 0x0303,
        "suite_name": "ECDHE-RSA-AES256-GCM-SHA384",
        "chain": names(*ders),
        "given": names(ROOT.der) if root else (),
        "asks_client_certificate": False if ders else None,
        "path": "/certsrv/",
        "server": "Microsoft-IIS/8.5",
    }
    return OnlineCa(**healthy | ENGLISH | fields)


def ca_run(ca: OnlineCa | None = None, **changes: Any) -> Evidence:
    """A run over a CAPF whose online CA was looked at."""
    everyone = (CHAIN, ROOT, SELF_SIGNED, NO_CA, EXPIRED, FUTURE, OTHER_NAME, ALTERNATIVE, NO_NAME)
    return run(
        **{
            "probe": "capf",
            "target": Target(server=Endpoint("cucm.example.com", 3804)),
            "persona": Persona(profile="7962G"),
            "stages": stages("capf"),
            "capf": Capf(server=Endpoint("cucm.example.com", 3804), online_ca=ca or online_ca()),
            "certificates": kept(*everyone),
        }
        | changes
    )


def without(because: str | None) -> Evidence:
    end = ("skipped", because or "")
    return ca_run(capf=Capf(server=Endpoint("cucm.example.com", 3804)), stages=stages("capf", online_ca=end))


UNKNOWN_NAME = online_ca(None, resolution=resolved(failure=fail(FailureKind.NAME_NOT_FOUND)), address=None, status=None)
DNS_SILENT = online_ca(None, resolution=resolved(failure=fail(FailureKind.TIMEOUT)), address=None, status=None)
LEFT_OUT = online_ca(None, address=None, status=None)
DOWN = online_ca(None, failure=REFUSED, status=None)
NOT_TLS = online_ca(None, failure=fail(FailureKind.NOT_TLS), status=None)
LOCAL = online_ca(None, failure=fail(FailureKind.LOCAL), status=None)
ASKS: dict[str, Any] = {
    "asks_client_certificate": True,
    "certificate_request": CertificateRequest(authorities=(ROOT.subject,)),
}
INSISTS = online_ca(failure=fail(FailureKind.TLS_ALERT, alert=116), status=None, **ASKS)
# What IIS says where its page of errors is not shown.
NO_PERMISSION = "You do not have permission to view this directory or page."
GERMAN = "401 - Nicht autorisiert: Der Zugriff wird aufgrund ungültiger Anmeldeinformationen verweigert."

ROWS = (
    Row("OCA001", "pass", ca_run(), "pass", "192.0.2.20"),
    Row("OCA001", "literal", ca_run(online_ca(endpoint=Endpoint("192.0.2.20", 443))), "pass", "no DNS needed"),
    Row("OCA001", "nxdomain", ca_run(UNKNOWN_NAME), "fail", "the name does not exist"),
    Row(
        "OCA001",
        "local",
        ca_run(online_ca(None, resolution=resolved(failure=fail(FailureKind.LOCAL)), address=None, status=None)),
        "inconclusive",
        "this machine",
    ),
    Row("OCA001", "no-answer", ca_run(DNS_SILENT), "inconclusive"),
    Row("OCA001", "not-asked", without(NOT_ASKED), "not-applicable", NOT_ASKED),
    Row("OCA001", "deadline", without("deadline"), "inconclusive", "deadline"),
    Row("OCA002", "pass", ca_run(), "pass", ADDRESS),
    Row("OCA002", "refused", ca_run(DOWN), "fail", "connection refused"),
    Row("OCA002", "plain", ca_run(NOT_TLS), "fail", "not TLS"),
    Row("OCA002", "insists", ca_run(INSISTS), "fail", "client certificate"),
    Row("OCA002", "local", ca_run(LOCAL), "inconclusive", "this machine"),
    Row("OCA002", "no-address", ca_run(UNKNOWN_NAME), "inconclusive", "OCA001"),
    Row("OCA002", "left-out", ca_run(LEFT_OUT), "inconclusive", "IP version"),
    Row("OCA003", "pass", ca_run(), "pass", CA_HOST),
    Row("OCA003", "case", ca_run(online_ca(endpoint=Endpoint("CA.example.com", 443))), "pass"),
    Row("OCA003", "other", ca_run(online_ca(OTHER_NAME)), "fail", "iis.example.com"),
    Row("OCA003", "alternative", ca_run(online_ca(ALTERNATIVE)), "fail", "alternative names only"),
    Row("OCA003", "nameless", ca_run(online_ca(NO_NAME)), "fail"),
    Row("OCA003", "address", ca_run(online_ca(endpoint=Endpoint("192.0.2.20", 443))), "fail", CA_HOST),
    Row("OCA003", "no-certificate", ca_run(DOWN), "inconclusive", "OCA002"),
    Row(
        "OCA003",
        "garbage",
        ca_run(online_ca(sent=(b"0\x00",)), certificates={names(b"0\x00")[0]: b"0\x00"} | kept(ROOT)),
        "inconclusive",
        "cannot be read",
    ),
    Row("OCA004", "over-intermediate", ca_run(), "pass", "over 1 intermediate"),
    Row("OCA004", "root-is-leaf", ca_run(online_ca(SELF_SIGNED, root=False)), "pass", "the root itself"),
    Row("OCA004", "root-is-leaf-given", ca_run(online_ca(SELF_SIGNED, given=names(SELF_SIGNED.der))), "pass"),
    Row("OCA004", "itself-not-given", ca_run(online_ca(SELF_SIGNED)), "fail", "none of those that were given"),
    Row("OCA004", "itself-no-ca", ca_run(online_ca(NO_CA, root=False)), "inconclusive", "not that of a CA"),
    Row("OCA004", "root-not-given", ca_run(online_ca(sent=CHAIN.chain_der[:2], root=False)), "inconclusive", "--ca"),
    Row("OCA004", "intermediate-missing", ca_run(online_ca(sent=CHAIN.chain_der[:1])), "fail", "is missing"),
    Row("OCA004", "no-certificate", ca_run(DOWN), "inconclusive", "OCA002"),
    Row("OCA005", "pass", ca_run(), "pass", "valid until"),
    Row("OCA005", "expired", ca_run(online_ca(EXPIRED)), "fail", "expired on"),
    Row("OCA005", "not-yet", ca_run(online_ca(FUTURE)), "fail", "not valid before"),
    Row("OCA005", "no-certificate", ca_run(DOWN), "inconclusive"),
    Row("OCA006", "pass", ca_run(), "pass"),
    Row("OCA006", "asks", ca_run(online_ca(**ASKS)), "fail", "naming"),
    Row("OCA006", "names-none", ca_run(online_ca(asks_client_certificate=True)), "fail", "no CA by name"),
    Row("OCA006", "no-handshake", ca_run(DOWN), "inconclusive", "OCA002"),
    Row("OCA007", "pass", ca_run(), "pass", "by its words"),
    Row("OCA007", "iis-detailed", ca_run(online_ca(title=None, excerpt=NO_PERMISSION)), "pass", "by its words"),
    Row("OCA007", "declared", ca_run(online_ca(language="en-US", title="x")), "pass", "declared"),
    Row("OCA007", "declared-german", ca_run(online_ca(language="de", title=GERMAN)), "fail", "'de'"),
    Row("OCA007", "german", ca_run(online_ca(title=GERMAN)), "fail", "none of the words"),
    Row("OCA007", "japanese", ca_run(online_ca(title="認証に失敗")), "fail", "none of the words"),
    Row("OCA007", "empty", ca_run(online_ca(title=None)), "inconclusive", "too little"),
    Row("OCA007", "no-page", ca_run(DOWN), "inconclusive", "OCA002"),
    Row("OCA008", "pass", ca_run(), "pass", "401"),
    Row("OCA008", "missing", ca_run(online_ca(status=404, server=None)), "fail", "no enrolment pages"),
    Row("OCA008", "elsewhere", ca_run(online_ca(status=302)), "inconclusive", "not followed"),
    Row("OCA008", "no-page", ca_run(online_ca(status=None, http_failure=fail(FailureKind.CLOSED))), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_each_row(row: Row) -> None:
    row.judge()


def test_what_to_upload_where_the_root_issued_the_certificate_itself() -> None:
    direct = issue(cn=CA_HOST, issuer=ROOT, serial=99)
    evidence = ca_run(online_ca(direct), certificates=kept(direct, ROOT))
    found = Row("OCA004", "direct", evidence, "pass", "directly").judge()
    assert found.facts["row"] == "CA-09b"
    assert found.facts["upload"] == ["root"]
