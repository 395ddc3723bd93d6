from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.model.errors import WireError
from vpnprobe.pki.extensions import MAX_URL, MAX_URLS, Extensions, read_extensions

SAN, CONSTRAINTS, KEY_USAGE, PURPOSES = "2.5.29.17", "2.5.29.19", "2.5.29.15", "2.5.29.37"
POINTS, ACCESS = "2.5.29.31", "1.3.6.1.5.5.7.1.1"


def read(*extensions: bytes) -> Extensions:
    return read_extensions(make.sequence(*extensions))


def test_no_extensions() -> None:
    assert read_extensions(None) == read() == Extensions()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param([], Extensions(dns_names=()), id="empty list"),
        pytest.param([make.tlv(0x82, b"a\0b.example")], Extensions(dns_names=("a\0b.example",)), id="NUL inside"),
        pytest.param([make.tlv(0x82, b"\xe4.example")], Extensions(dns_names=("\\xe4.example",)), id="no ASCII"),
        pytest.param([make.tlv(0x82, b"x" * 300)], Extensions(dns_names=("x" * 255,)), id="long name"),
        pytest.param(
            [make.tlv(0x87, bytes([192, 0, 2, 1])), make.tlv(0x87, bytes(15))],
            Extensions(dns_names=(), ip_addresses=("192.0.2.1",), other_names=1),
            id="address of 15 octets",
        ),
        pytest.param(
            [make.tlv(0xA4, make.name([("CN", "x")])), make.tlv(0x86, b"sip:x")],
            Extensions(dns_names=(), other_names=2),
            id="other kinds",
        ),
    ],
)
def test_alternative_names(names: list[bytes], expected: Extensions) -> None:
    assert read(make.extension(SAN, make.sequence(*names))) == expected


@pytest.mark.parametrize(
    ("fields", "is_ca", "path_length"),
    [
        pytest.param([], False, None, id="empty"),
        pytest.param([make.tlv(0x01, b"\xff")], True, None, id="authority"),
        pytest.param([make.tlv(0x01, b"\x01")], True, None, id="true in BER"),
        pytest.param([make.tlv(0x01, b"\x00")], False, None, id="false"),
        pytest.param([make.tlv(0x01, b"\xff"), make.integer(0)], True, 0, id="path length"),
    ],
)
def test_basic_constraints(fields: list[bytes], is_ca: bool, path_length: int | None) -> None:
    extensions = read(make.extension(CONSTRAINTS, make.sequence(*fields), critical=True))
    assert (extensions.is_ca, extensions.path_length) == (is_ca, path_length)


def test_urls_as_cryptography_reads_them() -> None:
    crl = [["http://a.example/1.crl", "ldap:///CN=x?y"], ["http://a.example/2.crl"]]
    ocsp, issuers = ["http://a.example/ocsp", "https://b.example/"], ["http://a.example/ca.cer"]
    points = x509.CRLDistributionPoints(
        [x509.DistributionPoint(list(map(x509.UniformResourceIdentifier, urls)), None, None, None) for urls in crl]
    )
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
            for method, urls in (
                (AuthorityInformationAccessOID.OCSP, ocsp),
                (AuthorityInformationAccessOID.CA_ISSUERS, issuers),
            )
            for url in urls
        ]
    )
    assert read(
        make.extension(POINTS, points.public_bytes()), make.extension(ACCESS, access.public_bytes())
    ) == Extensions(
        crl_urls=tuple(url for urls in crl for url in urls), ocsp_urls=tuple(ocsp), ca_issuer_urls=tuple(issuers)
    )


def point(*general_names: bytes) -> bytes:
    return make.sequence(make.tlv(0xA0, make.tlv(0xA0, *general_names)))


URL = make.tlv(0x86, b"http://a.example/")


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param([], Extensions(), id="empty list"),
        pytest.param([make.sequence()], Extensions(), id="empty point"),
        pytest.param([make.sequence(make.tlv(0xA0))], Extensions(), id="no name in a point"),
        pytest.param([point(make.tlv(0x82, b"a.example"))], Extensions(), id="a host name"),
        pytest.param(
            [make.sequence(make.tlv(0xA0, make.tlv(0xA1, URL)))], Extensions(), id="name relative to the issuer"
        ),
        pytest.param(
            [make.sequence(make.tlv(0x81, b"\0"), make.tlv(0xA2, URL))], Extensions(), id="reasons and issuer only"
        ),
        pytest.param(
            [point(make.tlv(0x86, b"http://\xe4\x1b"))], Extensions(crl_urls=("http://\\xe4\x1b",)), id="no ASCII"
        ),
        pytest.param(
            [point(make.tlv(0x86, bytes(MAX_URL + 1)), URL)],
            Extensions(crl_urls=("http://a.example/",), urls_cut=True),
            id="a long one is left out",
        ),
        pytest.param(
            [point(URL)] * (MAX_URLS + 1),
            Extensions(crl_urls=("http://a.example/",) * MAX_URLS, urls_cut=True),
            id="too many",
        ),
    ],
)
def test_distribution_points(points: list[bytes], expected: Extensions) -> None:
    assert read(make.extension(POINTS, make.sequence(*points))) == expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        pytest.param([make.oid("1.3.6.1.5.5.7.48.5"), URL], Extensions(), id="another method"),
        pytest.param([make.oid("1.3.6.1.5.5.7.48.1"), make.tlv(0x82, b"a")], Extensions(), id="a host name"),
        pytest.param([make.oid("1.3.6.1.5.5.7.48.1")], Extensions(unreadable=[ACCESS]), id="no place"),
        pytest.param([URL, URL], Extensions(unreadable=[ACCESS]), id="no method"),
    ],
)
def test_information_access(description: list[bytes], expected: Extensions) -> None:
    assert read(make.extension(ACCESS, make.sequence(make.sequence(*description)))) == expected


@pytest.mark.parametrize("oid", [SAN, CONSTRAINTS, KEY_USAGE, POINTS, ACCESS])
@pytest.mark.parametrize("value", [b"", b"\x30", b"\x05\x00", b"\x30\x00\x00", b"\x03\x00"])
def test_a_broken_extension_costs_only_itself(oid: str, value: bytes) -> None:
    extensions = read(make.extension(oid, value), make.extension(PURPOSES, make.sequence(make.oid("1.2.3"))))
    assert extensions == Extensions(extended_key_usage=("1.2.3",), unreadable=[oid])


def test_the_first_of_two_counts() -> None:
    extensions = read(
        make.extension(KEY_USAGE, make.tlv(0x03, b"\x07\x80")), make.extension(KEY_USAGE, make.tlv(0x03, b"\x05\x20"))
    )
    assert extensions.key_usage == ("digitalSignature",)
    assert extensions.duplicate == [KEY_USAGE]


@pytest.mark.parametrize("body", [b"", b"\x31\x00", make.sequence(make.sequence()), make.sequence(make.integer(1))])
def test_a_broken_list(body: bytes) -> None:
    with pytest.raises(WireError):
        read_extensions(body)


@given(st.sampled_from([SAN, CONSTRAINTS, KEY_USAGE, PURPOSES, POINTS, ACCESS, "1.2.3"]), st.binary(max_size=60))
def test_any_value(oid: str, value: bytes) -> None:
    extensions = read(make.extension(oid, value))
    assert extensions.unreadable in ([], [oid])
