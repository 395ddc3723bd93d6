"""Signatures over files, with openssl as the judge on the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import certificates as make
from tests.signed_files import BY_NAME, SAMPLES, Sample, certificate, openssl_verifies
from vpnprobe.pki.signed_file import FileSignature, verify_file_signature
from vpnprobe.wire.sgn import split_signature

each = pytest.mark.parametrize("sample", SAMPLES, ids=[sample.file for sample in SAMPLES])


def parts(sample: Sample) -> tuple[bytes, bytes]:
    content, signature = split_signature(sample.data)
    assert signature is not None
    return content, signature


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


@each
def test_openssl_and_we_agree(sample: Sample, tmp_path: Path) -> None:
    content, signature = parts(sample)
    expected = FileSignature(status="valid", key_bits=8 * sample.signature_length)
    assert verify_file_signature(content, signature, sample.hash, sample.certificate) == expected
    assert openssl_verifies(content, signature, sample.hash, sample.certificate, tmp_path)


@each
@pytest.mark.parametrize(
    "where", ["first bit", "last bit", "signature", "header length", "another hash", "another key"]
)
def test_openssl_and_we_agree_on_what_was_changed(sample: Sample, where: str, tmp_path: Path) -> None:
    content, signature = parts(sample)
    hash_name, signer = sample.hash, sample.certificate
    if where == "first bit":
        content = flipped(content, 0)
    elif where == "last bit":
        content = flipped(content, 8 * len(content) - 1)
    elif where == "signature":
        signature = flipped(signature, 3)
    elif where == "header length":
        content = flipped(content, 8 * 9)
    elif where == "another hash":
        hash_name = "sha256" if sample.hash == "sha1" else "sha1"
    else:
        signer = certificate("tvs" if sample.signature_length == 256 else "tftp-2048")
    check = verify_file_signature(content, signature, hash_name, signer)
    assert check.status == "invalid"
    assert check.problem
    assert not openssl_verifies(content, signature, hash_name, signer, tmp_path)


def test_another_size_of_signature_is_said() -> None:
    content, signature = parts(BY_NAME["signed-1024-sha1.cnf.xml.sgn"])
    for wrong in (b"", signature[:-1], signature + b"\0", b"\0" + signature):
        check = verify_file_signature(content, wrong, "sha1", certificate("tftp-1024"))
        problem = f"the signature has {8 * len(wrong)} bits, the signer's key 1024"
        assert check == FileSignature(status="invalid", key_bits=1024, problem=problem)


def test_a_sha512_does_not_fit_into_512_bits() -> None:
    check = verify_file_signature(b"", bytes(64), "sha512", certificate("tftp-512"))
    assert check == FileSignature(status="invalid", key_bits=512, problem="a key of 512 bits cannot sign a sha512 hash")


@pytest.mark.parametrize("hash_name", [None, "", "md5", "sha384", "SHA1"])
def test_an_unknown_hash_is_unsupported(hash_name: str | None) -> None:
    check = verify_file_signature(b"", bytes(128), hash_name, certificate("tftp-1024"))
    assert check == FileSignature(status="unsupported", problem="the header names no hash that is known")


def with_key(key: rsa.RSAPublicKey) -> bytes:
    """A certificate that holds `key` and whose own signature is none."""
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    algorithm = make.sequence(make.oid("1.2.840.113549.1.1.11"))
    name = make.name([("CN", "test")])
    dates = make.sequence(make.time(make.NOT_BEFORE), make.time(make.NOT_AFTER))
    tbs = make.sequence(make.integer(1), algorithm, name, dates, name, public)
    return make.sequence(tbs, algorithm, make.tlv(0x03, b"\0"))


@pytest.mark.parametrize(
    ("bits", "exponent", "status"),
    [
        pytest.param(2048, 65537, "invalid", id="as usual"),
        pytest.param(8192, 2**64 - 1, "invalid", id="at the limits"),
        pytest.param(8200, 65537, "unsupported", id="long modulus"),
        pytest.param(2048, 2**64 + 1, "unsupported", id="long exponent"),
    ],
)
def test_a_key_that_is_slow_to_check_with_is_not_used(bits: int, exponent: int, status: str) -> None:
    der = with_key(rsa.RSAPublicNumbers(exponent, 2 ** (bits - 1) + 1).public_key())
    check = verify_file_signature(b"", bytes(bits // 8), "sha1", der)
    assert (check.status, check.key_bits) == (status, bits)


def test_an_elliptic_curve_signer_is_unsupported() -> None:
    ec = make.issue(key=make.ec_key()).der
    check = verify_file_signature(b"", bytes(64), "sha512", ec)
    assert check.status == "unsupported"
    assert check.problem == "the signer has an elliptic-curve key, whose signatures no source describes"


@pytest.mark.parametrize("der", [b"", b"\x30\x80", b"\x30\x03\x02\x01\x01", b"-----BEGIN CERTIFICATE-----"])
def test_a_certificate_that_cannot_be_read_is_unsupported(der: bytes) -> None:
    check = verify_file_signature(b"", bytes(64), "sha1", der)
    assert (check.status, check.key_bits) == ("unsupported", None)
    assert "cannot be" in (check.problem or "")


@pytest.mark.parametrize("serial", [-1, 0, 2**200], ids=["negative", "zero", "huge"])
def test_an_odd_serial_number_hinders_nothing(serial: int) -> None:
    signer = make.issue(key=make.rsa_key(1024), serial=serial)
    signature = make.sign(make.rsa_key(1024), b"content", "sha1")
    assert verify_file_signature(b"content", signature, "sha1", signer.der).status == "valid"


def test_a_key_that_is_no_key_is_unsupported() -> None:
    public = make.public_key_der(make.rsa_key(1024))
    der = make.issue(key=make.rsa_key(1024)).der.replace(public[-20:], bytes(20))
    check = verify_file_signature(b"", bytes(128), "sha1", der)
    assert (check.status, check.key_bits) == ("unsupported", None)
    assert (check.problem or "").startswith("the signer's key cannot be used")


@settings(deadline=None, max_examples=60)
@given(
    content=st.binary(max_size=20),
    signature=st.binary(max_size=80),
    hash_name=st.none() | st.sampled_from(["sha1", "sha256", "sha512", "md5"]) | st.text(max_size=5),
    der=st.binary(max_size=60)
    | st.tuples(st.integers(0, 450), st.integers(0, 255)).map(
        lambda change: (
            certificate("tftp-512")[: change[0]] + bytes([change[1]]) + certificate("tftp-512")[change[0] + 1 :]
        )
    ),
)
def test_nothing_raises(content: bytes, signature: bytes, hash_name: str | None, der: bytes) -> None:
    assert verify_file_signature(content, signature, hash_name, der).status in ("invalid", "unsupported")
