from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x448
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.model.errors import WireError
from vpnprobe.pki import algorithms
from vpnprobe.pki.algorithms import PublicKey, SignatureAlgorithm, describe_public_key
from vpnprobe.pki.structure import read_algorithm


def rsa_spki(modulus: int, algorithm: str = algorithms.RSA) -> bytes:
    key = make.sequence(make.integer(modulus), make.integer(65537))
    return make.sequence(make.sequence(make.oid(algorithm), make.tlv(0x05)), make.tlv(0x03, b"\0", key))


def ec_spki(*parameters: bytes) -> bytes:
    point = make.tlv(0x03, b"\0\x04", bytes(64))
    return make.sequence(make.sequence(make.oid(algorithms.EC), *parameters), point)


def explicit_curve(field_type: str, field: bytes) -> bytes:
    return make.sequence(make.integer(1), make.sequence(make.oid(field_type), field))


@pytest.mark.parametrize(
    ("spki", "key"),
    [
        pytest.param(rsa_spki((1 << 511) + 1), PublicKey("RSA", 512), id="RSA-512"),
        pytest.param(rsa_spki((1 << 16383) + 1), PublicKey("RSA", 16384), id="RSA-16384"),
        pytest.param(rsa_spki((1 << 2047) + 1, algorithms.RSA_PSS), PublicKey("RSA", 2048), id="RSA-PSS key"),
        pytest.param(ec_spki(make.oid("1.3.132.0.10")), PublicKey("EC", 256, "secp256k1"), id="secp256k1"),
        pytest.param(ec_spki(make.oid("1.2.3.4")), PublicKey("EC", None, "1.2.3.4"), id="unknown curve"),
        pytest.param(
            ec_spki(explicit_curve(algorithms.PRIME_FIELD, make.integer((1 << 255) + 1))),
            PublicKey("EC", 256, "explicit"),
            id="explicit prime curve",
        ),
        pytest.param(
            ec_spki(explicit_curve("1.2.840.10045.1.2", make.sequence())),
            PublicKey("EC", None, "explicit"),
            id="explicit binary curve",
        ),
        pytest.param(
            make.sequence(make.sequence(make.oid("1.2.3")), make.tlv(0x03, b"\0")),
            PublicKey("1.2.3"),
            id="unknown type",
        ),
    ],
)
def test_odd_keys(spki: bytes, key: PublicKey) -> None:
    assert describe_public_key(spki) == key


@pytest.mark.parametrize(
    ("public", "key"),
    [
        pytest.param(lambda: rsa.generate_private_key(65537, 1024).public_key(), PublicKey("RSA", 1024), id="RSA"),
        pytest.param(
            lambda: ed25519.Ed25519PrivateKey.generate().public_key(), PublicKey("Ed25519", 256), id="Ed25519"
        ),
        pytest.param(lambda: x448.X448PrivateKey.generate().public_key(), PublicKey("X448", 448), id="X448"),
        pytest.param(lambda: dsa.generate_private_key(1024).public_key(), PublicKey("DSA", 1024), id="DSA"),
        *(
            pytest.param(
                lambda curve=curve: ec.generate_private_key(curve()).public_key(),
                PublicKey("EC", curve.key_size, curve.name),
                id=curve.name,
            )
            for curve in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.BrainpoolP256R1, ec.SECP256K1)
        ),
    ],
)
def test_agreement_with_cryptography(public: object, key: PublicKey) -> None:
    assert callable(public)
    spki = public().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert describe_public_key(spki) == key


@pytest.mark.parametrize(
    "spki",
    [
        pytest.param(b"", id="empty"),
        pytest.param(make.sequence(make.sequence(make.oid("1.2.3"))), id="no key"),
        pytest.param(make.sequence(make.sequence(), make.tlv(0x03, b"\0")), id="no type"),
        pytest.param(
            make.sequence(make.sequence(make.oid(algorithms.RSA)), make.tlv(0x03, b"\0", make.sequence())),
            id="empty RSA key",
        ),
        pytest.param(ec_spki(), id="EC without curve"),
        pytest.param(ec_spki(make.sequence()), id="empty explicit curve"),
        pytest.param(rsa_spki(1 << 16384), id="modulus beyond OpenSSL's"),
    ],
)
def test_broken_keys(spki: bytes) -> None:
    with pytest.raises(WireError):
        describe_public_key(spki)


def pss(*fields: bytes) -> bytes:
    return make.sequence(make.oid(algorithms.RSA_PSS), make.sequence(*fields))


@pytest.mark.parametrize(
    ("der", "expected"),
    [
        pytest.param(
            make.sequence(make.oid("1.2.840.113549.1.1.5"), make.tlv(0x05)),
            SignatureAlgorithm("sha1WithRSAEncryption", "sha1", "rsa"),
            id="RSA with SHA-1",
        ),
        pytest.param(
            make.sequence(make.oid("1.2.840.10045.4.3.2")),
            SignatureAlgorithm("ecdsa-with-SHA256", "sha256", "ecdsa"),
            id="ECDSA",
        ),
        pytest.param(
            pss(make.tlv(0xA0, make.sequence(make.oid("2.16.840.1.101.3.4.2.1")))),
            SignatureAlgorithm("rsassaPss", "sha256", "rsa-pss"),
            id="PSS with SHA-256",
        ),
        pytest.param(pss(), SignatureAlgorithm("rsassaPss", "sha1", "rsa-pss"), id="PSS with its default"),
        pytest.param(
            pss(make.tlv(0xA0, make.sequence())), SignatureAlgorithm("rsassaPss", None, "rsa-pss"), id="broken PSS"
        ),
        pytest.param(
            make.sequence(make.oid(algorithms.RSA_PSS)),
            SignatureAlgorithm("rsassaPss", None, "rsa-pss"),
            id="PSS without parameters",
        ),
        pytest.param(make.sequence(make.oid("1.2.3")), SignatureAlgorithm("1.2.3", None, None), id="unknown"),
    ],
)
def test_signature_algorithms(der: bytes, expected: SignatureAlgorithm) -> None:
    assert algorithms.describe_signature_algorithm(read_algorithm(der, "test")) == expected


@given(st.sampled_from([algorithms.RSA, algorithms.EC, algorithms.DSA, algorithms.RSA_PSS]), st.binary(), st.binary())
def test_any_parameters(oid: str, parameters: bytes, key: bytes) -> None:
    spki = make.sequence(make.sequence(make.oid(oid), parameters), make.tlv(0x03, b"\0", key))
    try:
        described = describe_public_key(spki)
    except WireError:
        return
    assert described.key_type in ("RSA", "EC", "DSA")
