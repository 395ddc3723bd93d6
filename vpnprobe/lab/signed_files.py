"""Writes `.sgn` and `.tlv` files in the tag-length-value form that certutils describes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container, Sequence
from datetime import datetime
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vpnprobe.lab.issuing import Issued

_VERSION, _HEADER_LENGTH, _SIGNER, _SIGNER_NAME, _SERIAL, _ISSUER_NAME = 1, 2, 3, 4, 5, 6
_SIGNATURE_INFO, _DIGEST, _ALGORITHM_INFO, _ALGORITHM, _MODULUS, _SIGNATURE = 7, 8, 9, 10, 11, 12
_PADDING, _FILE_NAME, _TIMESTAMP, _SIGNER_VERSION = 13, 14, 15, 28
_ENCRYPTION_INFO, _IV_INFO, _IV, _CIPHERTEXT_PADDING = 16, 17, 19, 20
_KEY_INFO, _KEY_BITS, _KEY_ALGORITHM, _WRAPPED_KEY, _PLAIN_DIGEST, _PLAIN_HASH = 21, 23, 24, 25, 26, 27

_RSA = 0
_MODULI = (64, 128, 256, 512)
_AES = 1
_AES_KEY_SIZE = 16
_AES_BLOCK = 16
_RANDOM_KEY_SIZE = 256
_CARRIAGE_RETURN = b"\r"

Digest = Literal["sha1", "sha256", "sha512"]
_DIGESTS: dict[Digest, tuple[int, hashes.HashAlgorithm]] = {
    "sha1": (1, hashes.SHA1()),
    "sha256": (2, hashes.SHA256()),
    "sha512": (3, hashes.SHA512()),
}

_RECORD_LENGTH, _RECORD_SUBJECT, _RECORD_ROLE, _RECORD_ISSUER, _RECORD_SERIAL = 1, 3, 4, 5, 6
_RECORD_CERTIFICATE, _RECORD_HASH, _RECORD_HASH_ALGORITHM = 9, 11, 12
ROLE_SAST = 0
ROLE_CCM_AND_TFTP = 2
ROLE_CAPF = 4
ROLE_TVS = 21


def signed_file(payload: bytes, name: str, signer: Issued, now: datetime, digest: Digest = "sha1") -> bytes:
    """Return `payload` behind a signature header (version 1.0) that carries `name`."""
    return _signed(bytes((1, 0)), payload, name, signer, now, digest)


def encrypted_file(size: int, name: str, signer: Issued, now: datetime) -> bytes:
    """Return `size` unreadable bytes behind the header of an encrypted file (version 2.0).

    They are random: nobody but the phone could tell them from an AES ciphertext.
    """
    items = _encryption(os.urandom(_AES_BLOCK), 0, os.urandom(_RANDOM_KEY_SIZE), os.urandom(hashes.SHA1.digest_size))
    return _signed(bytes((2, 0)), os.urandom(size - size % _AES_BLOCK), name, signer, now, "sha1", items)


def file_encrypted_for(recipient: rsa.RSAPublicKey, plain: bytes, name: str, signer: Issued, now: datetime) -> bytes:
    """Return `plain` encrypted as CUCM does (AES-128-CBC, filled up with carriage returns) and signed."""
    key, iv = os.urandom(_AES_KEY_SIZE), os.urandom(_AES_BLOCK)
    filling = -len(plain) % _AES_BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(plain + _CARRIAGE_RETURN * filling) + encryptor.finalize()
    wrapped = recipient.encrypt(key, padding.PKCS1v15())
    items = _encryption(iv, filling, wrapped, hashlib.sha1(plain, usedforsecurity=False).digest())
    return _signed(bytes((2, 0)), ciphertext, name, signer, now, "sha1", items)


def trust_list(
    members: Sequence[tuple[int, Issued]],
    name: str,
    signer: Issued,
    now: datetime,
    by_hash: Container[int] = (),
) -> bytes:
    """Return a CTL or ITL file (version 1.2) with one record for each (role, certificate).

    Records of the roles `by_hash` have the SHA-1 of the certificate alone.
    """
    records = b"".join(_record(role, issued, by_hash=role in by_hash) for role, issued in members)
    return _signed(bytes((1, 2)), records, name, signer, now, "sha1", before=_item(_SIGNER_VERSION, bytes((1, 0))))


def _encryption(iv: bytes, filling: int, wrapped_key: bytes, plain_hash: bytes) -> bytes:
    return _item(
        _ENCRYPTION_INFO,
        _item(_IV_INFO, _item(_IV, iv) + _item(_CIPHERTEXT_PADDING, filling.to_bytes(2, "big")))
        + _item(
            _KEY_INFO,
            _item(_KEY_BITS, (8 * len(wrapped_key)).to_bytes(2, "big"))
            + _item(_KEY_ALGORITHM, bytes((_AES,)))
            + _item(_WRAPPED_KEY, wrapped_key),
        )
        + _item(_PLAIN_DIGEST, bytes((_DIGESTS["sha1"][0],)))
        + _item(_PLAIN_HASH, plain_hash),
    )


def _signed(
    version: bytes,
    payload: bytes,
    name: str,
    signer: Issued,
    now: datetime,
    digest: Digest,
    more: bytes = b"",
    before: bytes = b"",
) -> bytes:
    key = signer.key
    assert isinstance(key, rsa.RSAPrivateKey)
    certificate = signer.certificate
    signature_size = key.key_size // 8
    number, algorithm = _DIGESTS[digest]
    who = (
        _item(_SIGNER_NAME, _text(certificate.subject.rfc4514_string()))
        + _item(_ISSUER_NAME, _text(certificate.issuer.rfc4514_string()))
        + _item(_SERIAL, _serial(certificate.serial_number))
    )
    how = _item(_DIGEST, bytes((number,))) + _item(
        _ALGORITHM_INFO,
        _item(_ALGORITHM, bytes((_RSA,))) + _item(_MODULUS, bytes((_MODULI.index(signature_size),))),
    )
    after = _item(_FILE_NAME, _text(name)) + _item(_TIMESTAMP, int(now.timestamp()).to_bytes(4, "big")) + more

    def header(length: int, signature: bytes, padding_size: int) -> bytes:
        return (
            _item(_VERSION, version)
            + _item(_HEADER_LENGTH, length.to_bytes(2, "big"))
            + before
            + _item(_SIGNER, who)
            + _item(_SIGNATURE_INFO, how)
            + signature
            + after
            + bytes((_PADDING,)) * padding_size
        )

    unpadded = len(header(0, bytes(3 + signature_size), 0))
    padding_size = -unpadded % 4
    length = unpadded + padding_size
    # The signature covers the file without the item that holds it.
    signature = key.sign(header(length, b"", padding_size) + payload, padding.PKCS1v15(), algorithm)
    return header(length, _item(_SIGNATURE, signature), padding_size) + payload


def _record(role: int, issued: Issued, *, by_hash: bool) -> bytes:
    certificate = issued.certificate
    body = (
        _item(_RECORD_SUBJECT, _text(certificate.subject.rfc4514_string()))
        + _item(_RECORD_ROLE, role.to_bytes(2, "big"))
        + _item(_RECORD_ISSUER, _text(certificate.issuer.rfc4514_string()))
        + _item(_RECORD_SERIAL, _serial(certificate.serial_number))
    )
    if by_hash:
        digest = hashlib.sha1(issued.der, usedforsecurity=False).digest()
        body += _item(_RECORD_HASH, digest) + _item(_RECORD_HASH_ALGORITHM, bytes((_DIGESTS["sha1"][0],)))
    else:
        body += _item(_RECORD_CERTIFICATE, issued.der)
    return _item(_RECORD_LENGTH, (5 + len(body)).to_bytes(2, "big")) + body


def _item(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + len(value).to_bytes(2, "big") + value


def _text(value: str) -> bytes:
    return value.encode() + b"\x00"


def _serial(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
