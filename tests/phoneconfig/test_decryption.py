"""Opening encrypted configurations: the corpus was encrypted by openssl."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import certificates as make
from tests.signed_files import BY_NAME, CORPUS
from tests.wire.test_sgn_corpus import CONFIG
from vpnprobe.model.errors import UsageError
from vpnprobe.phoneconfig.decryption import DecryptionError, decrypt_configuration
from vpnprobe.wire.sgn import strip
from vpnprobe.wire.sgn_encryption import EncryptionValues, parse_encryption_values

FILE = BY_NAME["encrypted-1024-sha1.cnf.xml.enc.sgn"].data
VALUES = parse_encryption_values(FILE)
PAYLOAD = strip(FILE)
KEY = (CORPUS / "phone-1024.pem").read_bytes()


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def encrypt(
    plain: bytes, *, key: bytes = bytes(16), fill: int = 0, hash_name: str = "sha1"
) -> tuple[EncryptionValues, bytes]:
    encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    values = EncryptionValues(
        iv=bytes(16),
        padding=fill,
        wrapped_key=make.rsa_key(1024).public_key().encrypt(key, padding.PKCS1v15()),
        plaintext_hash=hashlib.new(hash_name, plain).digest(),
        hash_algorithm={"sha1": 1, "sha256": 2, "sha512": 3}[hash_name],
    )
    return values, encryptor.update(plain + b"\r" * fill) + encryptor.finalize()


@pytest.mark.parametrize("name", ["encrypted-1024-sha1", "encrypted-2048-sha512"])
def test_what_openssl_encrypted(name: str) -> None:
    data = BY_NAME[f"{name}.cnf.xml.enc.sgn"].data
    key = (CORPUS / f"phone-{name.split('-')[1]}.pem").read_bytes()
    assert decrypt_configuration(parse_encryption_values(data), strip(data), key) == CONFIG


@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("size", [16, 24, 32])
def test_hashes_and_sizes_of_key(hash_name: str, size: int) -> None:
    values, payload = encrypt(b"<device/>", key=bytes(size), fill=7, hash_name=hash_name)
    assert decrypt_configuration(values, payload, pem(make.rsa_key(1024))) == b"<device/>"


@pytest.mark.parametrize(("length", "fill"), [(16, 0), (16, 16), (0, 16), (15, 1), (17, 15)])
def test_fill(length: int, fill: int) -> None:
    values, payload = encrypt(b"x" * length, fill=fill)
    assert decrypt_configuration(values, payload, pem(make.rsa_key(1024))) == b"x" * length


def test_a_traditional_pem_opens_too() -> None:
    values, payload = encrypt(b"x" * 16)
    traditional = make.rsa_key(1024).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert decrypt_configuration(values, payload, traditional) == b"x" * 16


UNUSABLE = {
    "password": (pem(make.rsa_key(1024), b"secret"), "protected by a password"),
    "nothing": (b"", "no PEM private key"),
    "certificate": (make.issue(key=make.rsa_key(1024)).pem, "no PEM private key"),
    "damaged": (KEY.replace(b"A", b"B"), "no PEM private key"),
    "elliptic curve": (pem(make.ec_key()), "must be an RSA key"),
}


@pytest.mark.parametrize(("key", "text"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_key_that_cannot_be_used_is_the_operators_error(key: bytes, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        decrypt_configuration(VALUES, PAYLOAD, key)


def changed(**fields: object) -> EncryptionValues:
    return msgspec.structs.replace(VALUES, **fields)


SHUT = {
    "other size of key": (VALUES, PAYLOAD, pem(make.rsa_key(2048)), "wrapped for a key of 1024 bits, not of 2048"),
    "no wrapped key": (changed(wrapped_key=b""), PAYLOAD, KEY, "wrapped for a key of 0 bits, not of 1024"),
    "number above the modulus": (changed(wrapped_key=b"\xff" * 128), PAYLOAD, KEY, "the file is for another phone"),
    "key of 5 bytes": (
        changed(wrapped_key=make.rsa_key(1024).public_key().encrypt(b"short", padding.PKCS1v15())),
        PAYLOAD,
        pem(make.rsa_key(1024)),
        "the file is for another phone",
    ),
    "key algorithm": (changed(key_algorithm=2), PAYLOAD, KEY, "key algorithm 2"),
    "hash algorithm": (changed(hash_algorithm=9), PAYLOAD, KEY, "hash algorithm 9"),
    "short vector": (changed(iv=b"\0" * 8), PAYLOAD, KEY, "has 8 bytes instead of 16"),
    "no payload": (VALUES, b"", KEY, "0 bytes are not whole blocks"),
    "cut": (VALUES, PAYLOAD[:-1], KEY, "the file was cut"),
    "block lost": (VALUES, PAYLOAD[:-16], KEY, "another hash"),
    "bit flipped": (VALUES, bytes([PAYLOAD[0] ^ 1]) + PAYLOAD[1:], KEY, "another hash"),
    "vector": (changed(iv=bytes(16)), PAYLOAD, KEY, "another hash"),
    "padding": (changed(padding=VALUES.padding - 1), PAYLOAD, KEY, "another hash"),
    "all padding": (changed(padding=0xFFFF), PAYLOAD, KEY, "65535 bytes of padding in"),
    "hash": (changed(plaintext_hash=bytes(20)), PAYLOAD, KEY, "another hash"),
    "no hash": (changed(plaintext_hash=b""), PAYLOAD, KEY, "another hash"),
}


@pytest.mark.parametrize(("values", "payload", "key", "text"), SHUT.values(), ids=SHUT.keys())
def test_a_file_that_does_not_open(values: EncryptionValues, payload: bytes, key: bytes, text: str) -> None:
    with pytest.raises(DecryptionError, match=text):
        decrypt_configuration(values, payload, key)


def test_another_phones_key_does_not_open_it() -> None:
    """OpenSSL may answer a wrong key with random bytes, so either of two clauses."""
    with pytest.raises(DecryptionError, match=r"another phone|another key"):
        decrypt_configuration(VALUES, PAYLOAD, pem(make.rsa_key(1024)))


@settings(deadline=None, max_examples=50)
@given(
    iv=st.binary(max_size=17),
    fill=st.integers(0, 65535),
    wrapped=st.binary(min_size=128, max_size=128) | st.just(VALUES.wrapped_key),
    payload=st.binary(max_size=64),
    number=st.integers(0, 255),
)
def test_only_our_errors(iv: bytes, fill: int, wrapped: bytes, payload: bytes, number: int) -> None:
    values = EncryptionValues(iv, fill, wrapped, b"", hash_algorithm=number)
    with pytest.raises(DecryptionError):
        decrypt_configuration(values, payload, KEY)
