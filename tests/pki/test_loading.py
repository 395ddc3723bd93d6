from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs7, pkcs12
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.model.errors import UsageError
from vpnprobe.pki import loading
from vpnprobe.pki.loading import load_certificates


@pytest.fixture(scope="module")
def leaf() -> make.Identity:
    return make.chain()


def as_pkcs7(identity: make.Identity, encoding: Encoding) -> bytes:
    certificates = [x509.load_der_x509_certificate(der) for der in identity.chain_der]
    return pkcs7.serialize_certificates(certificates, encoding)


def test_pem(leaf: make.Identity) -> None:
    assert load_certificates(leaf.pem) == [leaf.der]
    assert load_certificates(leaf.chain_pem) == list(leaf.chain_der)


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda pem: b"vpn# show crypto ca certificates\n" + pem + b"\nvpn# ", id="text around"),
        pytest.param(lambda pem: pem.replace(b"\n", b"\r\n"), id="windows lines"),
        pytest.param(lambda pem: b"\xef\xbb\xbf" + pem, id="byte order mark"),
        pytest.param(lambda pem: pem.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(lambda pem: pem.replace(b"\n", b"\n  "), id="indented"),
        pytest.param(
            lambda pem: pem.replace(b"BEGIN CERT", b"BEGIN X509 CERT").replace(b"END CERT", b"END X509 CERT"), id="X509"
        ),
        pytest.param(lambda pem: b"\n" * 3 + b"".join(pem.splitlines(keepends=True)[1:-1]), id="no armour"),
    ],
)
def test_pem_as_people_save_it(wrap: object, leaf: make.Identity) -> None:
    assert callable(wrap)
    assert load_certificates(wrap(leaf.pem)) == [leaf.der]


def test_other_blocks_are_left_out(leaf: make.Identity) -> None:
    assert load_certificates(leaf.key_pem + leaf.chain_pem) == list(leaf.chain_der)


def test_a_trusted_certificate_is_stripped(leaf: make.Identity) -> None:
    pem = make.to_pem(leaf.der + make.sequence(make.integer(1)), "TRUSTED CERTIFICATE")
    assert load_certificates(pem) == [leaf.der]


def test_der(leaf: make.Identity) -> None:
    assert load_certificates(leaf.der) == [leaf.der]
    assert load_certificates(b"".join(leaf.chain_der)) == list(leaf.chain_der)


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_pkcs7(encoding: Encoding, leaf: make.Identity) -> None:
    assert sorted(load_certificates(as_pkcs7(leaf, encoding))) == sorted(leaf.chain_der)


def test_a_certificate_need_not_be_readable() -> None:
    odd = make.issue(serial=b"\x00\x00", not_before="00000101000000Z", subject=[])
    assert load_certificates(odd.der) == load_certificates(odd.pem) == [odd.der]
    assert load_certificates(make.to_pem(b"\x30\x03\x02\x01\x01")) == [b"\x30\x03\x02\x01\x01"]


def as_pkcs12(identity: make.Identity) -> bytes:
    certificate = x509.load_der_x509_certificate(identity.der)
    assert not isinstance(identity.key, str)
    return pkcs12.serialize_key_and_certificates(b"gw", identity.key, certificate, None, BestAvailableEncryption(b"x"))


@pytest.mark.parametrize(
    ("make_input", "text"),
    [
        pytest.param(lambda leaf: b"", "is empty", id="empty"),
        pytest.param(lambda leaf: b" \n", "is empty", id="blank"),
        pytest.param(lambda leaf: b"<html>", "neither PEM nor DER nor base64", id="html"),
        pytest.param(lambda leaf: leaf.key_pem, "no certificate, only: RSA PRIVATE KEY", id="key"),
        pytest.param(as_pkcs12, "openssl pkcs12 -in FILE", id="PKCS#12"),
        pytest.param(
            lambda leaf: base64.b64decode(b"".join(leaf.key_pem.splitlines()[1:-1])), "is a private key", id="DER key"
        ),
        pytest.param(lambda leaf: leaf.pem[:200], "no matching END line", id="cut PEM"),
        pytest.param(lambda leaf: leaf.pem.replace(b"MII", b"M*I"), "base64 of a certificate is damaged", id="star"),
        pytest.param(lambda leaf: make.to_pem(b"\x30\x05"), "is damaged", id="damaged DER in PEM"),
        pytest.param(lambda leaf: leaf.der[:-1], "is no certificate", id="cut DER"),
        pytest.param(lambda leaf: make.sequence(make.sequence()), "is no certificate", id="other DER"),
        pytest.param(lambda leaf: make.sequence(make.oid("1.2.3")), "not a set of certificates", id="other content"),
        pytest.param(lambda leaf: bytes(loading.MAX_INPUT + 1), "larger than 8 MiB", id="huge"),
        pytest.param(lambda leaf: make.to_pem(b"\x30\x00") * 4097, "more than 4096", id="too many"),
    ],
)
def test_the_error_says_what_to_do(make_input: object, text: str, leaf: make.Identity) -> None:
    assert callable(make_input)
    with pytest.raises(UsageError, match=text.replace("*", r"\*")) as caught:
        load_certificates(make_input(leaf))
    assert any(word in str(caught.value) for word in ("Give", "give", "Copy"))


@given(st.binary(max_size=200) | st.builds(make.to_pem, st.binary(max_size=60)))
def test_any_input_is_certificates_or_a_usage_error(data: bytes) -> None:
    try:
        certificates = load_certificates(data)
    except UsageError:
        return
    assert certificates
