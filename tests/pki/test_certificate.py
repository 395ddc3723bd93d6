from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.pki.certificate import CertificateFacts, CertificateProblem, ExtendedKeyUsage, describe
from vpnprobe.pki.extensions import MAX_EXTENSIONS, MAX_NAMES
from vpnprobe.pki.structure import MAX_CERTIFICATE

HEALTHY = [
    pytest.param(lambda: make.asa_self_signed(), id="ASA"),
    pytest.param(lambda: make.asa_self_signed(key=make.ec_key()), id="ASA with EC"),
    pytest.param(lambda: make.chain(), id="third-party leaf"),
    pytest.param(lambda: make.capf(), id="CAPF"),
    pytest.param(lambda: make.phone_certificate(), id="LSC"),
    pytest.param(lambda: make.issue(cn="v1", version=1), id="version 1"),
    pytest.param(lambda: make.issue(cn="old", key=make.rsa_key(1024), hash_name="sha1"), id="RSA-1024, SHA-1"),
    pytest.param(lambda: make.issue(cn="older", key=make.rsa_key(1024), hash_name="md5"), id="RSA-1024, MD5"),
    pytest.param(lambda: make.issue(cn="p384", key=make.ec_key("secp384r1"), hash_name="sha384"), id="P-384"),
    pytest.param(
        lambda: make.issue(
            cn="names", dns=["a.example", "*.example"], ips=["192.0.2.1", "2001:db8::1"], uris=["sip:example"]
        ),
        id="alternative names",
    ),
    pytest.param(lambda: make.issue(cn="late", not_after=datetime(2050, 1, 1, tzinfo=UTC)), id="2050"),
    pytest.param(lambda: make.issue(cn="endless", not_after="99991231235959Z"), id="9999"),
    pytest.param(lambda: make.issue(subject=[("O", "x"), ("CN", "one"), ("CN", "two")]), id="two common names"),
]


@pytest.mark.parametrize("issue", HEALTHY)
def test_agreement_with_cryptography(issue: Callable[[], make.Identity]) -> None:
    der = issue().der
    facts = describe(der)
    judge = x509.load_der_x509_certificate(der)
    assert facts.parse_error is None
    assert facts.problems == ()
    assert facts.version == judge.version.value + 1
    assert facts.serial is not None
    assert int(facts.serial, 16) == judge.serial_number
    assert facts.not_before == judge.not_valid_before_utc
    assert facts.not_after == judge.not_valid_after_utc
    assert facts.common_names == tuple(
        attribute.value for attribute in judge.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    )
    assert judge.signature_hash_algorithm is not None
    assert facts.signature_hash == judge.signature_hash_algorithm.name
    key = judge.public_key()
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    assert facts.key_bits == key.key_size
    assert facts.curve == (key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else None)
    assert facts.self_signed is (judge.subject == judge.issuer)
    check_extensions(facts, judge.extensions)


def check_extensions(facts: CertificateFacts, judge: x509.Extensions) -> None:
    present = {extension.oid: extension.value for extension in judge}
    names = present.get(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    if isinstance(names, x509.SubjectAlternativeName):
        assert facts.dns_names == tuple(names.get_values_for_type(x509.DNSName))
        assert facts.ip_addresses == tuple(map(str, names.get_values_for_type(x509.IPAddress)))
        assert facts.other_names == len(names.get_values_for_type(x509.UniformResourceIdentifier))
    else:
        assert facts.dns_names is None
    constraints = present.get(ExtensionOID.BASIC_CONSTRAINTS)
    if isinstance(constraints, x509.BasicConstraints):
        assert (facts.is_ca, facts.path_length) == (constraints.ca, constraints.path_length)
    else:
        assert (facts.is_ca, facts.path_length) == (None, None)
    usage = present.get(ExtensionOID.KEY_USAGE)
    if isinstance(usage, x509.KeyUsage):
        assert facts.key_usage is not None
        assert ("keyCertSign" in facts.key_usage) == usage.key_cert_sign
        assert ("digitalSignature" in facts.key_usage) == usage.digital_signature
        assert ("keyEncipherment" in facts.key_usage) == usage.key_encipherment
    else:
        assert facts.key_usage is None
    purposes = present.get(ExtensionOID.EXTENDED_KEY_USAGE)
    if isinstance(purposes, x509.ExtendedKeyUsage):
        assert facts.extended_key_usage is not None
        assert [usage.oid for usage in facts.extended_key_usage] == [oid.dotted_string for oid in purposes]
    else:
        assert facts.extended_key_usage is None


def test_digests() -> None:
    der = make.asa_self_signed().der
    facts = describe(der)
    assert facts.sha1 == hashlib.sha1(der).digest().hex(":").upper()
    assert facts.sha256 == hashlib.sha256(der).digest().hex(":").upper()
    assert facts.md5 == hashlib.md5(der).digest().hex(":").upper()
    assert len(facts.cert_hash) == 28
    assert facts.size == len(der)


def test_the_names_of_the_documents_asa() -> None:
    facts = describe(make.asa_self_signed("10.198.16.140").der)
    assert facts.subject_oneline == "/CN=10.198.16.140/unstructuredName=10.198.16.140"
    assert facts.subject == "unstructuredName=10.198.16.140,CN=10.198.16.140"
    assert facts.serial == "DFF2C450"
    assert (facts.self_signed, facts.self_signed_engine) == (True, "cryptography")


def test_usages_are_named() -> None:
    facts = describe(make.issue(cn="x", extended_key_usage=["serverAuth", "ipsecEndSystem", "1.2.3"]).der)
    assert facts.extended_key_usage == (
        ExtendedKeyUsage("1.3.6.1.5.5.7.3.1", "serverAuth"),
        ExtendedKeyUsage("1.3.6.1.5.5.7.3.5", "ipsecEndSystem"),
        ExtendedKeyUsage("1.2.3", None),
    )


def test_all_key_usages() -> None:
    usages = ("digitalSignature", "nonRepudiation", "keyAgreement", "cRLSign", "decipherOnly")
    assert describe(make.issue(cn="x", key_usage=usages).der).key_usage == usages


BASIC_CONSTRAINTS = make.extension("2.5.29.19", make.sequence(make.tlv(0x01, b"\xff")))
ALTERNATIVE_NAME = make.extension("2.5.29.17", make.sequence(make.tlv(0x82, b"second.example")))

ODD = [
    pytest.param({"serial": 0}, {"serial": "00"}, CertificateProblem.ZERO_SERIAL, id="zero serial"),
    pytest.param(
        {"serial": b"\x00\x00"},
        {"serial": "00"},
        CertificateProblem.NON_MINIMAL_SERIAL,
        id="zero in two octets",
    ),
    pytest.param(
        {"serial": bytes.fromhex("dff2c450")},
        {"serial": "-200D3BB0"},
        CertificateProblem.NEGATIVE_SERIAL,
        id="negative serial",
    ),
    pytest.param(
        {"serial": b"\xff\xff"},
        {"serial": "-01"},
        CertificateProblem.NON_MINIMAL_SERIAL,
        id="minus one, not minimal",
    ),
    pytest.param({"serial": b""}, {"serial": "00"}, CertificateProblem.NON_MINIMAL_SERIAL, id="no serial"),
    pytest.param({"serial": 1 << 160}, {}, CertificateProblem.LONG_SERIAL, id="serial of 21 octets"),
    pytest.param(
        {"serial": b"\x7f" * 100},
        {"serial": "7F" * 64 + "…"},
        CertificateProblem.LONG_SERIAL,
        id="endless serial",
    ),
    pytest.param({"subject": []}, {"subject": ""}, CertificateProblem.EMPTY_SUBJECT, id="empty subject"),
    pytest.param({"cn": "x" * 9000}, {}, CertificateProblem.NAME_CUT, id="huge name"),
    pytest.param(
        {"not_before": "00000101000000Z"},
        {"not_before": None},
        CertificateProblem.DATE_UNREADABLE,
        id="year 0",
    ),
    pytest.param(
        {"not_after": datetime(2023, 1, 1, tzinfo=UTC)},
        {},
        CertificateProblem.DATES_REVERSED,
        id="ends before start",
    ),
    pytest.param(
        {"dns": ["first.example"], "extensions": [ALTERNATIVE_NAME]},
        {"dns_names": ("first.example",)},
        CertificateProblem.EXTENSION_DUPLICATE,
        id="two subjectAltNames",
    ),
    pytest.param(
        {"dns": ["a.example"], "extensions": [make.extension("2.5.29.15", b"\x03")]},
        {"dns_names": ("a.example",), "key_usage": None},
        CertificateProblem.EXTENSION_UNREADABLE,
        id="one broken extension",
    ),
    pytest.param(
        {"extensions": [make.tlv(0x30)]},
        {"subject": "CN=test"},
        CertificateProblem.EXTENSION_UNREADABLE,
        id="broken extension list",
    ),
    pytest.param(
        {"extensions": [BASIC_CONSTRAINTS] * (MAX_EXTENSIONS + 1)},
        {"is_ca": None},
        CertificateProblem.EXTENSION_UNREADABLE,
        id="too many extensions",
    ),
    pytest.param(
        {"ca": True, "path_length": 1 << 40},
        {"is_ca": None, "path_length": None},
        CertificateProblem.EXTENSION_UNREADABLE,
        id="path length beyond reason",
    ),
    pytest.param(
        {"dns": [f"h{number}.example" for number in range(MAX_NAMES + 1)]},
        {},
        CertificateProblem.LIST_CUT,
        id="too many names",
    ),
    pytest.param(
        {"extended_key_usage": [f"1.2.{number}" for number in range(100)]},
        {},
        CertificateProblem.LIST_CUT,
        id="too many usages",
    ),
]


@pytest.mark.parametrize(("arguments", "expected", "problem"), ODD)
def test_odd_certificates(
    arguments: dict[str, object], expected: dict[str, object], problem: CertificateProblem
) -> None:
    der = make.issue(**arguments).der  # type: ignore[arg-type]  # the table is checked by the call itself
    facts = describe(der)
    assert facts.parse_error is None
    assert problem in facts.problems
    assert facts.self_signed is True
    for field, value in expected.items():
        assert getattr(facts, field) == value


def test_a_bmp_string_name() -> None:
    facts = describe(make.issue(subject=[("CN", "grün", make.BMP)]).der)
    assert facts.common_names == ("grün",)
    assert facts.problems == ()


def test_trailing_bytes_change_the_hash_but_hide_nothing() -> None:
    leaf = make.asa_self_signed()
    facts = describe(leaf.der + b"\0")
    assert facts.problems == (CertificateProblem.TRAILING_BYTES,)
    assert facts.cert_hash != describe(leaf.der).cert_hash
    assert facts.subject == describe(leaf.der).subject


def test_a_name_that_cannot_be_read() -> None:
    der = make.issue(subject=[("CN", "test-name")]).der
    facts = describe(der.replace(make.tlv(make.UTF8, b"test-name"), b"\x0c\x7ftest-name"))
    assert facts.subject is None
    assert CertificateProblem.NAME_UNREADABLE in facts.problems
    assert facts.not_after == make.NOT_AFTER


def test_urls() -> None:
    url = make.tlv(0x86, b"http://a.example/")
    points = make.sequence(make.sequence(make.tlv(0xA0, make.tlv(0xA0, url))))
    access = make.sequence(
        make.sequence(make.oid("1.3.6.1.5.5.7.48.1"), url), make.sequence(make.oid("1.3.6.1.5.5.7.48.2"), url)
    )
    extensions = [make.extension("2.5.29.31", points), make.extension("1.3.6.1.5.5.7.1.1", access)]
    facts = describe(make.issue(cn="test", extensions=extensions).der)
    assert facts.crl_urls == facts.ocsp_urls == facts.ca_issuer_urls == ("http://a.example/",)


def test_urls_that_were_left_out_are_a_problem() -> None:
    url = make.tlv(0x86, bytes(4000))
    points = make.sequence(make.sequence(make.tlv(0xA0, make.tlv(0xA0, url))))
    facts = describe(make.issue(cn="test", extensions=[make.extension("2.5.29.31", points)]).der)
    assert (facts.crl_urls, facts.problems) == ((), (CertificateProblem.URLS_CUT,))


def test_a_forged_self_signature() -> None:
    der = bytearray(make.asa_self_signed().der)
    der[-1] ^= 1
    assert describe(bytes(der)).self_signed is False


def test_an_algorithm_that_differs_inside_and_outside() -> None:
    leaf = make.issue(cn="test")
    inner, outer = make.oid("1.2.840.113549.1.1.11"), make.oid("1.2.840.113549.1.1.5")
    at = leaf.der.rindex(inner)
    facts = describe(leaf.der[:at] + outer + leaf.der[at + len(inner) :])
    assert facts.problems == (CertificateProblem.ALGORITHM_MISMATCH,)
    assert facts.signature_algorithm == "sha1WithRSAEncryption"


@pytest.mark.parametrize(
    ("der", "error"),
    [
        pytest.param(b"", "certificate at byte 0: ends before the length", id="empty"),
        pytest.param(b"<html>", "certificate at byte 0", id="html"),
        pytest.param(make.sequence(make.sequence()), "1 parts where 3 belong", id="one part"),
        pytest.param(
            make.sequence(make.sequence(), make.sequence(), make.tlv(3, b"\0")), "0 fields", id="empty inside"
        ),
        pytest.param(bytes(MAX_CERTIFICATE + 1), f"more than {MAX_CERTIFICATE} bytes", id="huge"),
    ],
)
def test_what_is_no_certificate_is_still_hashed(der: bytes, error: str) -> None:
    facts = describe(der)
    assert facts.parse_error is not None
    assert error in facts.parse_error
    assert facts.sha1 == hashlib.sha1(der).digest().hex(":").upper()
    assert facts.subject is None


def test_every_truncation_is_still_hashed() -> None:
    der = make.asa_self_signed().der
    for size in range(len(der)):
        assert describe(der[:size]).parse_error is not None


def test_damage_never_raises() -> None:
    """Each byte of a rich certificate in turn gets three other values."""
    der = make.issue(
        cn="rich", dns=["a.example"], ips=["192.0.2.1"], ca=True, path_length=0, key_usage=["keyCertSign"]
    ).der
    for position in range(len(der)):
        for value in (0x00, 0x80, 0xFF):
            msgspec.json.encode(describe(der[:position] + bytes([value]) + der[position + 1 :]))


@given(st.binary(max_size=300))
def test_any_bytes(der: bytes) -> None:
    facts = describe(der)
    assert msgspec.json.decode(msgspec.json.encode(facts), type=CertificateFacts) == facts


@given(
    serial=st.binary(max_size=30),
    cn=st.text(max_size=80),
    dns=st.lists(st.text(max_size=80), max_size=3),
    extensions=st.lists(
        st.builds(make.extension, st.sampled_from(["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37"]), st.binary()),
        max_size=3,
    ),
)
def test_any_contents(serial: bytes, cn: str, dns: list[str], extensions: list[bytes]) -> None:
    leaf = make.issue(
        subject=[("CN", cn.encode("utf-8", "replace"), make.UTF8)],
        dns=[name.encode("utf-8", "replace").decode() for name in dns],
        serial=serial,
        extensions=extensions,
        key=make.ec_key(),
    )
    facts = describe(leaf.der)
    assert facts.parse_error is None
    assert msgspec.json.decode(msgspec.json.encode(facts), type=CertificateFacts) == facts
