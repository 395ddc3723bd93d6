from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.pki.signature import SignatureCheck, verify_signature
from vpnprobe.pki.structure import CertificateParts, split_certificate


def self_check(der: bytes) -> SignatureCheck:
    parts = split_certificate(der)
    return verify_signature(parts, parts.public_key)


@pytest.mark.parametrize("hash_name", ["md5", "sha1", "sha256", "sha384", "sha512"])
def test_rsa(hash_name: str) -> None:
    assert self_check(make.issue(hash_name=hash_name, key=make.rsa_key(1024)).der) == SignatureCheck(
        valid=True, engine="cryptography"
    )


@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("curve", ["secp256r1", "secp521r1", "brainpoolP256r1"])
def test_ecdsa(hash_name: str, curve: str) -> None:
    assert self_check(make.issue(hash_name=hash_name, key=make.ec_key(curve)).der).valid is True


@pytest.mark.parametrize(
    ("bits", "exponent", "valid"),
    [
        pytest.param(2048, 65537, False, id="of an authority"),
        pytest.param(8192, 2**64 - 1, False, id="at the limits"),
        pytest.param(8200, 65537, None, id="long modulus"),
        pytest.param(2048, 2**64 + 1, None, id="long exponent"),
    ],
)
def test_a_key_that_is_slow_to_check_with_is_not_used(bits: int, exponent: int, valid: bool | None) -> None:
    parts = split_certificate(make.issue(key=make.rsa_key(2048)).der)
    key = rsa.RSAPublicNumbers(exponent, 2 ** (bits - 1) + 1).public_key()
    check = verify_signature(parts, key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert (check.valid, bool(check.detail)) == (valid, True)


def build(
    key: rsa.RSAPrivateKey | dsa.DSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey,
    algorithm: hashes.SHA256 | None,
    rsa_padding: padding.PSS | None = None,
) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=datetime(2024, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(2044, 1, 1, tzinfo=UTC),
    )
    return builder.sign(key, algorithm, rsa_padding=rsa_padding).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    "der",
    [
        pytest.param(lambda: build(dsa.generate_private_key(1024), hashes.SHA256()), id="DSA"),
        pytest.param(lambda: build(ed25519.Ed25519PrivateKey.generate(), None), id="Ed25519"),
        pytest.param(lambda: build(ed448.Ed448PrivateKey.generate(), None), id="Ed448"),
        pytest.param(
            lambda: build(make.rsa_key(1024), hashes.SHA256(), padding.PSS(padding.MGF1(hashes.SHA256()), 20)),
            id="RSA-PSS",
        ),
    ],
)
def test_certificates_made_by_cryptography(der: object) -> None:
    assert callable(der)
    assert self_check(der()).valid is True


def parts_of(identity: make.Identity) -> CertificateParts:
    return split_certificate(identity.der)


def test_the_wrong_key() -> None:
    leaf = make.issue(cn="leaf", key=make.rsa_key(1024))
    check = verify_signature(parts_of(leaf), make.public_key_der(make.rsa_key(1024, slot=1)))
    assert (check.valid, check.detail) == (False, "signature does not verify")


def test_a_key_of_another_kind() -> None:
    leaf = make.issue(cn="leaf", key=make.rsa_key(1024))
    check = verify_signature(parts_of(leaf), make.public_key_der(make.ec_key()))
    assert (check.valid, check.detail) == (False, "sha256WithRSAEncryption does not fit the issuer's key")


@pytest.mark.parametrize(
    ("algorithm", "detail"),
    [
        pytest.param(make.sequence(make.oid("1.2.3")), "signature algorithm 1.2.3 is not known", id="unknown"),
        pytest.param(make.sequence(), "signatureAlgorithm at byte 0: empty", id="unreadable"),
        pytest.param(make.sequence(make.oid("1.2.840.113549.1.1.2")), "hash md2 is not supported", id="MD2"),
    ],
)
def test_what_the_engine_cannot_check(algorithm: bytes, detail: str) -> None:
    leaf = msgspec.structs.replace(parts_of(make.issue(cn="leaf")), algorithm=algorithm)
    assert verify_signature(leaf, leaf.public_key) == SignatureCheck(valid=None, detail=detail)


def test_a_key_that_the_engine_refuses() -> None:
    leaf = parts_of(make.issue(cn="leaf"))
    assert verify_signature(leaf, b"no key").valid is None


@given(st.binary(max_size=200), st.binary(max_size=80))
def test_any_key_and_signature(key: bytes, signature: bytes) -> None:
    leaf = parts_of(make.issue(cn="leaf", key=make.ec_key()))
    assert verify_signature(leaf, key).valid is None
    assert verify_signature(msgspec.structs.replace(leaf, signature=signature), leaf.public_key).valid is False
