"""Writes `.sgn` and `.tlv` files in the tag-length-value form that certutils describes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from vpnprobe.lab.issuing import Issued

_VERSION, _HEADER_LENGTH, _SIGNER, _SIGNER_NAME, _SERIAL, _ISSUER_NAME = 1, 2, 3, 4, 5, 6
_SIGNATURE_INFO, _DIGEST, _ALGORITHM_INFO, _ALGORITHM, _MODULUS, _SIGNATURE = 7, 8, 9, 10, 11, 12
_PADDING, _FILE_NAME, _TIMESTAMP = 13, 14, 15
_ENCRYPTION_INFO, _IV_INFO, _IV, _CIPHERTEXT_PADDING = 16, 17, 19, 20
_KEY_INFO, _KEY_BITS, _KEY_ALGORITHM, _WRAPPED_KEY, _PLAIN_DIGEST, _PLAIN_HASH = 21, 23, 24, 25, 26, 27

_SHA256 = 2
_RSA = 0
_MODULUS_2048 = 2
_AES = 1
_AES_BITS = 128
_AES_BLOCK = 16
_WRAPPED_KEY_SIZE = 256

_RECORD_LENGTH, _RECORD_SUBJECT, _RECORD_ROLE, _RECORD_ISSUER, _RECORD_SERIAL = 1, 3, 4, 5, 6
_RECORD_CERTIFICATE = 9
ROLE_CCM_AND_TFTP = 2
ROLE_CAPF = 4


def signed_file(payload: bytes, name: str, signer: Issued, now: datetime) -> bytes:
    """Return `payload` behind a signature header (version 1.0) that carries `name`."""
    return _signed(bytes((1, 0)), payload, name, signer, now)


def encrypted_file(size: int, name: str, signer: Issued, now: datetime) -> bytes:
    """Return `size` unreadable bytes behind the header of an encrypted file (version 2.0).

    They are random: nobody but the phone could tell them from an AES ciphertext.
    """
    encryption = _item(
        _ENCRYPTION_INFO,
        _item(_IV_INFO, _item(_IV, os.urandom(_AES_BLOCK)) + _item(_CIPHERTEXT_PADDING, bytes(2)))
        + _item(
            _KEY_INFO,
            _item(_KEY_BITS, _AES_BITS.to_bytes(2, "big"))
            + _item(_KEY_ALGORITHM, bytes((_AES,)))
            + _item(_WRAPPED_KEY, os.urandom(_WRAPPED_KEY_SIZE)),
        )
        + _item(_PLAIN_DIGEST, bytes((_SHA256,)))
        + _item(_PLAIN_HASH, os.urandom(32)),
    )
    return _signed(bytes((2, 0)), os.urandom(size - size % _AES_BLOCK), name, signer, now, encryption)


def trust_list(members: Sequence[tuple[int, Issued]], name: str, signer: Issued, now: datetime) -> bytes:
    """Return a CTL or ITL file (version 1.2) with one record for each (role, certificate)."""
    records = b"".join(_record(role, issued) for role, issued in members)
    return _signed(bytes((1, 2)), records, name, signer, now)


def _signed(version: bytes, payload: bytes, name: str, signer: Issued, now: datetime, more: bytes = b"") -> bytes:
    key = signer.key
    assert isinstance(key, rsa.RSAPrivateKey)
    certificate = signer.certificate
    signature_size = key.key_size // 8
    who = (
        _item(_SIGNER_NAME, _text(certificate.subject.rfc4514_string()))
        + _item(_ISSUER_NAME, _text(certificate.issuer.rfc4514_string()))
        + _item(_SERIAL, _serial(certificate.serial_number))
    )
    how = _item(_DIGEST, bytes((_SHA256,))) + _item(
        _ALGORITHM_INFO, _item(_ALGORITHM, bytes((_RSA,))) + _item(_MODULUS, bytes((_MODULUS_2048,)))
    )
    after = _item(_FILE_NAME, _text(name)) + _item(_TIMESTAMP, int(now.timestamp()).to_bytes(4, "big")) + more

    def header(length: int, signature: bytes, padding_size: int) -> bytes:
        return (
            _item(_VERSION, version)
            + _item(_HEADER_LENGTH, length.to_bytes(2, "big"))
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
    signature = key.sign(header(length, b"", padding_size) + payload, padding.PKCS1v15(), hashes.SHA256())
    return header(length, _item(_SIGNATURE, signature), padding_size) + payload


def _record(role: int, issued: Issued) -> bytes:
    certificate = issued.certificate
    body = (
        _item(_RECORD_SUBJECT, _text(certificate.subject.rfc4514_string()))
        + _item(_RECORD_ROLE, role.to_bytes(2, "big"))
        + _item(_RECORD_ISSUER, _text(certificate.issuer.rfc4514_string()))
        + _item(_RECORD_SERIAL, _serial(certificate.serial_number))
        + _item(_RECORD_CERTIFICATE, issued.der)
    )
    return _item(_RECORD_LENGTH, (5 + len(body)).to_bytes(2, "big")) + body


def _item(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + len(value).to_bytes(2, "big") + value


def _text(value: str) -> bytes:
    return value.encode() + b"\x00"


def _serial(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
