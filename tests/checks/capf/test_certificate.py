"""CAPF's certificate, and what the phones' trust lists have of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.certificates import Identity, capf, ec_key, issue, rsa_key
from tests.checks.capf.builder import (
    CAPF,
    OTHER,
    held_list,
    no_connection,
    run,
    shown,
    unreached,
    unresolved,
    visit,
    with_lists,
)
from tests.checks.evidence_builder import NOW, fail, finding, names, stages
from tests.checks.table import Row, params
from vpnprobe.model.capf import CapfVisit
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.target import Persona
from vpnprobe.model.trust import TrustRecord
from vpnprobe.pki.certificate import describe

NOWHERE = unresolved(fail(FailureKind.NAME_NOT_FOUND))
NOTHING = unreached(no_connection())
USAGE = ["digitalSignature", "keyCertSign"]


def made(cn: str = "CAPF-1a2b3c4d", **fields: Any) -> Identity:
    usual: dict[str, Any] = {"ca": True, "path_length": 0, "key_usage": USAGE, "key": rsa_key(slot=40)}
    return issue(cn=cn, **usual | fields)


def showing(identity: Identity, **fields: Any) -> Evidence:
    return run(**shown(identity, **fields))


def ending(days: float) -> Evidence:
    return showing(made(not_after=NOW + timedelta(days=days)))


def raw(der: bytes) -> Evidence:
    """A run in which the bytes of the certificate are these."""
    only: CapfVisit = visit(chain=names(der))
    return run(visits=(only,), certificates={names(der)[0]: der, names(CAPF.der)[0]: CAPF.der})


ROOT = issue(cn="Example Root", ca=True, key=rsa_key(slot=41))
EC_ROOT = issue(cn="Example EC Root", ca=True, key=ec_key(slot=4))
NAMED_ROOT = issue(cn="My CAPF-Root", ca=True, key=rsa_key(slot=42))
BY_ROOT = made(issuer=ROOT)
BROKEN_DATES = made(not_after="20261399000000Z")
BROKEN_EXTENSION = made(ca=None, path_length=None, key_usage=(), extensions=(b"\x30\x06\x06\x03\x55\x1d\x13\x04\x00",))
UNREADABLE = raw(b"\x30\x03\x02\x01\x05")


def record(identity: Identity | None = None, role: int = 4, **fields: Any) -> TrustRecord:
    known: dict[str, Any] = {"certificate": names(identity.der)[0]} if identity is not None else {}
    return TrustRecord(role=role, **known | fields)


def digest(identity: Identity) -> str:
    return describe(identity.der).sha256.replace(":", "").lower()


BY_HASH = record(certificate_hash=digest(CAPF), hash_algorithm="sha256")
BY_OTHER_HASH = record(certificate_hash=digest(OTHER), hash_algorithm="sha256")
BY_STRANGE_HASH = record(certificate_hash="00", hash_algorithm="sha512")
NOT_GIVEN = run(
    ca_certificates=(), stages=stages("capf", trust_list=("skipped", "neither --trust-list nor --capf-cert given"))
)
CUT_SHORT = run(ca_certificates=(), stages=stages("capf", trust_list=("skipped", "deadline")), interrupted="deadline")

ROWS = (
    Row("CPF014", "valid", run(), "pass", "valid from 2024-01-01"),
    Row("CPF014", "expired", ending(-1), "fail", "expired on 2026-11-20"),
    Row("CPF014", "not-yet", showing(made(not_before=NOW + timedelta(days=1))), "fail", "not valid before 2026-11-22"),
    Row("CPF014", "no-dates", showing(BROKEN_DATES), "inconclusive", "cannot be read"),
    Row("CPF014", "unreadable", UNREADABLE, "inconclusive", "cannot be read"),
    Row("CPF014", "none", NOTHING, "inconclusive", "connection refused"),
    Row("CPF014", "no-name", NOWHERE, "inconclusive", "the name does not exist"),
    Row("CPF015", "long", run(), "pass", "days left"),
    Row("CPF015", "soon", ending(60), "fail", "in 60 days; every LSC ends with it"),
    Row("CPF015", "a-day-more", ending(61), "pass", "61 days"),
    Row("CPF015", "over-is-told-elsewhere", ending(-1), "inconclusive", "CPF014"),
    Row("CPF015", "no-dates", showing(BROKEN_DATES), "inconclusive", "cannot be read"),
    Row("CPF016", "as-it-ought-to-be", run(), "pass", "pathlen:0"),
    Row("CPF016", "more-usages", showing(made(key_usage=[*USAGE, "cRLSign"])), "pass", "keyCertSign"),
    Row(
        "CPF016", "no-extensions", showing(made(ca=None, path_length=None, key_usage=())), "fail", "CA:TRUE, pathlen:0"
    ),
    Row("CPF016", "no-authority", showing(made(ca=False, path_length=None)), "fail", "lacks CA:TRUE"),
    Row("CPF016", "no-path-length", showing(made(path_length=None)), "fail", "lacks pathlen:0"),
    Row("CPF016", "path-length-1", showing(made(path_length=1)), "fail", "lacks pathlen:0"),
    Row("CPF016", "no-cert-sign", showing(made(key_usage=["digitalSignature"])), "fail", "lacks keyCertSign"),
    Row("CPF016", "no-signature", showing(made(key_usage=["keyCertSign"])), "fail", "lacks digitalSignature"),
    Row("CPF016", "broken", showing(BROKEN_EXTENSION), "inconclusive", "cannot all be read"),
    Row("CPF017", "capf", run(), "pass", "CN=CAPF-18cf046e"),
    Row("CPF017", "upper-case", showing(capf("0BADCAFE")), "pass", "CN=CAPF-0BADCAFE"),
    Row("CPF017", "a-host", showing(made("cucm-pub.example.com")), "fail", "CN=cucm-pub.example.com"),
    Row("CPF017", "too-short", showing(made("CAPF-1a2b3c")), "fail", "not CN=CAPF-<8 hex digits>"),
    Row("CPF017", "no-subject", showing(issue(subject=(), ca=True, key=rsa_key(slot=40))), "fail", "empty"),
    Row("CPF017", "unreadable", UNREADABLE, "inconclusive", "cannot be read"),
    Row("CPF018", "itself", run(), "pass", "signed by itself"),
    Row("CPF018", "a-company", showing(BY_ROOT), "pass", "issued by CN=Example Root"),
    Row("CPF018", "named-capf", showing(made(issuer=NAMED_ROOT)), "fail", "is called My CAPF-Root"),
    Row("CPF018", "unreadable", UNREADABLE, "inconclusive", "cannot be read"),
    Row("CPF019", "rsa", run(), "pass", "RSA 2048, sha256WithRSAEncryption"),
    Row("CPF019", "sha1", showing(made(hash_name="sha1")), "pass", "sha1WithRSAEncryption"),
    Row("CPF019", "ec", showing(made(key=ec_key(slot=5))), "fail", "a 7962G knows RSA only"),
    Row("CPF019", "ec-signed", showing(made(issuer=EC_ROOT)), "fail", "signed with ecdsa-with-SHA256"),
    Row(
        "CPF019",
        "ec-and-a-newer-phone",
        showing(made(key=ec_key(slot=5)), persona=Persona(profile="8811", model="8841")),
        "pass",
        "8841",
    ),
    Row("CPF019", "unknown-model", run(persona=Persona(profile="9999", model="9999")), "inconclusive", "not known"),
    Row("CPF019", "unreadable", UNREADABLE, "inconclusive", "cannot be read"),
    Row("CPF020", "itself", run(), "pass", "signed by itself"),
    Row("CPF020", "a-company", showing(BY_ROOT), "fail", "signed by a third party: CN=Example Root"),
    Row("CPF020", "unreadable", UNREADABLE, "inconclusive", "cannot be read"),
    Row("CPF021", "given", run(), "pass", "is the one that phones know"),
    Row("CPF021", "listed", with_lists(held_list(record(CAPF)), certificates=(CAPF,)), "pass", "phones know"),
    Row(
        "CPF021", "among-others", with_lists(held_list(record(OTHER), record(CAPF)), certificates=(OTHER, CAPF)), "pass"
    ),
    Row("CPF021", "by-hash", with_lists(held_list(BY_HASH)), "pass", "the hash"),
    Row("CPF021", "another", with_lists(held_list(record(OTHER)), certificates=(OTHER,)), "fail", "CN=CAPF-0badcafe"),
    Row("CPF021", "another-hash", with_lists(held_list(BY_OTHER_HASH)), "fail", "a hash of another one"),
    Row("CPF021", "strange-hash", with_lists(held_list(BY_STRANGE_HASH)), "inconclusive", "cannot be read"),
    Row("CPF021", "no-capf", with_lists(held_list(record(OTHER, role=2))), "fail", "no record of a CAPF"),
    Row("CPF021", "broken-list", with_lists(held_list(problem="it ends")), "inconclusive", "it ends"),
    Row("CPF021", "not-given", NOT_GIVEN, "not-applicable", "show cert own CAPF"),
    Row("CPF021", "cut-short", CUT_SHORT, "inconclusive", "the deadline"),
    Row("CPF021", "unreadable", UNREADABLE, "inconclusive", "cannot be read"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_answers(row: Row) -> None:
    row.judge()


def test_one_certificate_at_two_addresses_is_judged_once() -> None:
    evidence = run(visits=(visit(), visit("192.0.2.11:3804")))
    assert finding(evidence, "CPF014").subject == "192.0.2.10:3804"
