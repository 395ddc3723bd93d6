"""A trust list on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests import certificates as make
from tests.render.reports import RAW
from tests.signed_files import certificate
from vpnprobe.model.trust import SignatureReading, TrustList, TrustRecord
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.fingerprint import sha256
from vpnprobe.render.trust_list_view import record_lines, role_name, signature_words, trust_list_lines
from vpnprobe.render.wrapping import Line, Row

RECOVERY = make.issue(cn="ITLRECOVERY_cucm1", serial=0xD40F)
ROOT = make.issue(cn="Example Root", ca=True)
CALL_MANAGER = make.issue(cn="cucm1.lab.example", serial=0x6B8F, issuer=ROOT)
CERTIFICATES = {sha256(one.der).hex(): one.der for one in (RECOVERY, CALL_MANAGER)}
DATES = "2024-01-01 to 2044-01-01"
RECOVERY_NAME, CALL_MANAGER_NAME = CERTIFICATES


def prints(der: bytes) -> list[Line]:
    return [f"      SHA-1   {describe(der).sha1}", f"      SHA-256 {sha256(der).hex()}"]


def texts(lines: Iterable[Line]) -> list[str]:
    return [line.head + line.text if isinstance(line, Row) else line for line in lines]


def a_list(**fields: Any) -> TrustList:
    usual: dict[str, Any] = {"kind": "ITL", "name": "ITLFile.tlv", "origin": "fetched", "sha256": "ab" * 32}
    return TrustList(**usual | fields)


def test_a_list() -> None:
    own = SignatureReading(
        status="valid", hash_algorithm="sha1", key_bits=2048, source="itself", taken_from="ITLFile.tlv", roles=(0,)
    )
    trust_list = a_list(
        signer_version="1.0",
        signer="CN=ITLRECOVERY_cucm1",
        serial="00d40f",
        timestamp=0x5F3C2A10,
        records=(
            TrustRecord(role=0, certificate=RECOVERY_NAME),
            TrustRecord(role=2, certificate=CALL_MANAGER_NAME, name="cucm1", addresses=("10.1.1.5",)),
        ),
        own_signature=own,
        signature=SignatureReading(status="unknown-signer"),
    )
    assert list(trust_list_lines(trust_list)) == [
        Row("  ", "ITLFile.tlv: ITL, fetched, signer version 1.0, made 2020-08-18 19:20 UTC, 2 records"),
        Row("    signer     ", "CN=ITLRECOVERY_cucm1, serial 00d40f"),
        Row("    signature  ", "by itself: valid, SHA1 with 2048 bits, signer is SAST in ITLFile.tlv"),
        Row("    signature  ", "by held list: not checked, the signer's certificate is not at hand"),
    ]
    recovery, call_manager = trust_list.records
    assert list(record_lines(recovery, CERTIFICATES)) == [
        Row("    SAST        ", f"ITLRECOVERY_cucm1  issued by itself  serial D40F  {DATES}"),
        *prints(RECOVERY.der),
    ]
    assert list(record_lines(call_manager, CERTIFICATES)) == [
        Row(
            "    CCM+TFTP    ",
            f"cucm1.lab.example  issuer Example Root  serial 6B8F  {DATES}  at cucm1, 10.1.1.5",
        ),
        *prints(CALL_MANAGER.der),
    ]


def test_a_list_that_cannot_be_read() -> None:
    assert texts(trust_list_lines(a_list(origin="held", problem="record at byte 7: cut"))) == [
        "  ITLFile.tlv: ITL, held, 0 records",
        "    problem    record at byte 7: cut",
    ]


def test_one_record_is_singular() -> None:
    assert texts(trust_list_lines(a_list(kind="CTL", records=(TrustRecord(),))))[0].endswith("CTL, fetched, 1 record")


def test_fingerprints_have_room_in_80_columns() -> None:
    assert max(len(line) for line in prints(RECOVERY.der) if isinstance(line, str)) <= 80


RECORDS: dict[str, tuple[TrustRecord, list[str]]] = {
    "nothing": (TrustRecord(), ["    no role     no subject  no certificate"]),
    "texts only": (
        TrustRecord(role=21, subject="CN=tvs", issuer="CN=tvs", serial="5001"),
        ["    TVS         CN=tvs  issuer CN=tvs  serial 5001  no certificate"],
    ),
    "hash of a certificate": (
        TrustRecord(role=21, certificate_hash="abcd", hash_algorithm="sha1"),
        ["    TVS         no subject  no certificate", "      SHA1    abcd"],
    ),
    "hash of an unknown kind": (
        TrustRecord(certificate_hash="abcd"),
        ["    no role     no subject  no certificate", "      HASH    abcd"],
    ),
    "unknown role, items, problem": (
        TrustRecord(role=99, unknown=(120, 121), problem="role: 1 bytes instead of 2"),
        ["    role 99     no subject  no certificate  unknown items 120, 121  problem: role: 1 bytes instead of 2"],
    ),
    "address only": (
        TrustRecord(role=3, addresses=("2001:db8::5",)),
        ["    TFTP        no subject  no certificate  at 2001:db8::5"],
    ),
}


@pytest.mark.parametrize(("record", "lines"), RECORDS.values(), ids=RECORDS.keys())
def test_records(record: TrustRecord, lines: list[str]) -> None:
    assert texts(record_lines(record, {})) == lines


def test_a_certificate_that_cannot_be_read_is_still_named() -> None:
    record = TrustRecord(role=4, subject="CN=CAPF", certificate="x")
    said, *fingerprints = texts(record_lines(record, {"x": b"\x30\x80"}))
    assert said.startswith("    CAPF        CN=CAPF  certificate unreadable: ")
    assert fingerprints == prints(b"\x30\x80")


def test_the_certificate_speaks_for_itself() -> None:
    """A record that says another subject than its certificate does not rename it."""
    record = TrustRecord(role=4, subject="CN=somebody", certificate="x")
    line = texts(record_lines(record, {"x": certificate("capf")}))[0]
    assert "CAPF-18cf046e  issued by itself  serial 77A9" in line
    assert "somebody" not in line


@pytest.mark.parametrize(
    ("role", "name"),
    [(0, "SAST"), (1, "CCM"), (2, "CCM+TFTP"), (3, "TFTP"), (4, "CAPF"), (7, "APP-SERVER"), (21, "TVS"), (5, "role 5")],
)
def test_roles(role: int, name: str) -> None:
    assert role_name(role) == name


SIGNATURES = [
    (
        SignatureReading(status="invalid", hash_algorithm="sha512", key_bits=4096, problem="it does not fit"),
        "WRONG, SHA512 with 4096 bits, it does not fit",
    ),
    (SignatureReading(status="unsigned"), "there is none"),
    (SignatureReading(status="unsupported", hash_algorithm="sha1"), "cannot be checked here, SHA1"),
    (SignatureReading(status="unreadable", problem="cut"), "cannot be read, cut"),
    (
        SignatureReading(status="valid", taken_from="CTLFile.tlv", roles=(0, 99)),
        "valid, signer is SAST, role 99 in CTLFile.tlv",
    ),
    (SignatureReading(status="valid", taken_from="CTLFile.tlv"), "valid, signer is in CTLFile.tlv"),
]


@pytest.mark.parametrize(("reading", "words"), SIGNATURES, ids=[words for _, words in SIGNATURES])
def test_signatures(reading: SignatureReading, words: str) -> None:
    assert signature_words(reading) == words


HOSTILE = f"\x1b[2J{RAW}\n\u202e"


def test_text_of_the_list_is_harmless_and_short() -> None:
    long = HOSTILE + "A" * 2000
    record = TrustRecord(
        role=0,
        name=long,
        addresses=(long,),
        subject=long,
        issuer=long,
        serial=long,
        certificate_hash=long,
        unknown=tuple(range(255)),
        problem=long,
    )
    reading = SignatureReading(status="invalid", hash_algorithm=long, taken_from=long, problem=long)
    trust_list = a_list(
        name=long,
        signer_version=long,
        signer=long,
        serial=long,
        records=(record, TrustRecord(certificate="x", role=1)),
        own_signature=reading,
        problem=long,
    )
    hostile = make.issue(cn=HOSTILE + "A" * 400)
    lines = texts(trust_list_lines(trust_list))
    lines += texts(line for one in trust_list.records for line in record_lines(one, {"x": hostile.der}))
    assert len(lines) == 4 + 2 + 3
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) < 1500
