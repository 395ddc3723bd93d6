"""What people give as certificates: read whole, in pieces, damaged, encrypted."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, pkcs12
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from tests.pki.test_loading import as_pkcs7
from vpnprobe.model.errors import UsageError
from vpnprobe.pki import pkcs12 as ours
from vpnprobe.pki.given import MAX_BLOCK, binary_certificates, block_certificates, pem_blocks

LEAF = make.chain()
SECRET = "top secret"


def no_password() -> str:
    raise AssertionError("nobody may be asked")


def from_pem(text: bytes) -> list[bytes]:
    return [der for label, body in pem_blocks([text]) for der in block_certificates(label, body)]


def as_pkcs12(*, password: str | None = SECRET, others: tuple[bytes, ...] = ()) -> bytes:
    certificate = x509.load_der_x509_certificate(LEAF.der)
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password.encode())
    chain = [x509.load_der_x509_certificate(der) for der in others]
    return pkcs12.serialize_key_and_certificates(b"phone", LEAF.key, certificate, chain or None, encryption)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LEAF.chain_pem, id="chain"),
        pytest.param(LEAF.key_pem + LEAF.chain_pem, id="behind-a-key"),
        pytest.param(b"show crypto ca certificates\n" + LEAF.chain_pem.replace(b"\n", b"\r\n"), id="text-before"),
        pytest.param(make.to_pem(as_pkcs7(LEAF, Encoding.DER), "PKCS7"), id="pkcs7"),
    ],
)
def test_every_certificate_of_a_text(text: bytes) -> None:
    assert sorted(from_pem(text)) == sorted(LEAF.chain_der)


def test_a_block_is_given_as_soon_as_it_ends() -> None:
    def parts() -> Iterator[bytes]:
        yield LEAF.pem
        raise AssertionError("read on")

    assert block_certificates(*next(pem_blocks(parts()))) == [LEAF.der]


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_a_text_may_come_in_pieces(size: int) -> None:
    text = b"show\n" + LEAF.key_pem + LEAF.chain_pem + b"asa# "
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    assert [der for label, body in pem_blocks(parts) for der in block_certificates(label, body)] == list(LEAF.chain_der)


def test_a_text_without_lines() -> None:
    assert from_pem(LEAF.chain_pem.replace(b"\n", b" ")) == list(LEAF.chain_der)


def test_headers_within_a_block_do_not_count() -> None:
    begin, rest = LEAF.pem.split(b"\n", 1)
    assert from_pem(begin + b"\nfriendlyName: phone\n" + rest) == [LEAF.der]


@pytest.mark.parametrize(
    "der",
    [
        pytest.param(LEAF.der[:-1], id="cut"),
        pytest.param(b"\x30\x84\xff\xff\xff\xff\x00", id="wrong-length"),
        pytest.param(b"\x30\x80\x00\x00", id="endless-length"),
        pytest.param(b"\x30\x00", id="empty"),
    ],
)
def test_what_is_damaged_is_handed_on(der: bytes) -> None:
    assert from_pem(make.to_pem(der)) == [der]
    assert binary_certificates(der, no_password) == [der]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(LEAF.pem[:300], "no END line", id="cut"),
        pytest.param(LEAF.pem[:300] + LEAF.pem, "no END line", id="cut-before-another"),
        pytest.param(LEAF.pem.replace(b"MII", b"M*I"), "base64 of a PEM block is damaged", id="star"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\n" + b"A" * (MAX_BLOCK + 1), "no END line", id="endless"),
    ],
)
def test_a_broken_block_is_named(text: bytes, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        from_pem(text)


def test_the_set_of_a_pkcs7_file() -> None:
    assert sorted(binary_certificates(as_pkcs7(LEAF, Encoding.DER), no_password)) == sorted(LEAF.chain_der)


def test_the_certificates_of_a_pkcs12_file() -> None:
    data = as_pkcs12(others=LEAF.chain_der[1:])
    assert binary_certificates(data, lambda: SECRET) == list(LEAF.chain_der)


def test_a_pkcs12_file_without_a_password_asks_nobody() -> None:
    assert binary_certificates(as_pkcs12(password=None), no_password) == [LEAF.der]


def test_a_wrong_password_is_told() -> None:
    with pytest.raises(UsageError, match="is this its password"):
        binary_certificates(as_pkcs12(), lambda: "wrong")


def test_a_pkcs12_file_may_not_keep_the_machine_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "MAX_ITERATIONS", 1)
    with pytest.raises(UsageError, match="rounds of key derivation"):
        binary_certificates(as_pkcs12(), no_password)


@pytest.mark.parametrize(
    "rounds",
    [pytest.param(1 << 31, id="31-bits"), pytest.param(b"\x7f" + bytes(5000), id="40000-bits")],
)
def test_an_endless_key_derivation_is_refused(rounds: int | bytes) -> None:
    mac = make.sequence(make.sequence(make.oid("1.2.3")), make.tlv(4, b"salt"), make.integer(rounds))
    with pytest.raises(UsageError, match="rounds of key derivation"):
        binary_certificates(make.sequence(make.integer(3), mac), no_password)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(base64.b64decode(b"".join(LEAF.key_pem.splitlines()[1:-1])), "private key", id="key"),
        pytest.param(b"<html>", "neither PEM nor DER", id="html"),
        pytest.param(make.sequence(make.oid("1.2.3")), "not a set of certificates", id="other-content"),
        pytest.param(make.sequence(make.integer(3)), "cannot be opened", id="no-pkcs12"),
    ],
)
def test_what_is_no_certificate_is_told(data: bytes, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        binary_certificates(data, lambda: "")


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda body: make.sequence(make.integer(3), body)))
def test_any_bytes_are_certificates_or_a_usage_error(data: bytes) -> None:
    try:
        assert binary_certificates(data, lambda: "x")
    except UsageError:
        return


@given(
    st.binary(max_size=200) | st.builds(make.to_pem, st.binary(max_size=60), st.sampled_from(["CERTIFICATE", "CMS"]))
)
def test_any_text_is_certificates_or_a_usage_error(text: bytes) -> None:
    try:
        assert all(isinstance(der, bytes) for der in from_pem(text))
    except UsageError:
        return
