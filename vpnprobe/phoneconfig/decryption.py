"""Opening a `.cnf.xml.enc.sgn` with the key of the phone that it was made for.

The content key is wrapped with the public key of the phone's certificate (RSA, PKCS#1 v1.5), the content is AES in CBC
mode, filled up with carriage returns. Source: usecallmanagernz/certutils (enccnf). Only who holds a phone's private key
can do this: a test installation, or an LSC whose key was made outside of the phone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from vpnprobe.model.errors import UsageError, VpnprobeError
from vpnprobe.wire.sgn_encryption import EncryptionValues

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

AES_KEY_SIZES: Final = (16, 24, 32)  # 16 is what certutils writes
_BLOCK: Final = 16
# A phone's key has 2048 bits, 4096 at most; larger ones only cost time.
MAX_KEY_BITS: Final = 8192


class DecryptionError(VpnprobeError):
    """The file does not open with this key. The text is one clause."""


def decrypt_configuration(encryption: EncryptionValues, payload: bytes, private_key_pem: bytes) -> bytes:
    """Return the configuration; `payload` is what stands behind the header.

    Raises `UsageError` when the key itself cannot be used (no PEM, a password on it, no RSA key), and `DecryptionError`
    when the file does not open with it: made for another phone, damaged, or of an algorithm that no source describes.
    """
    key = _unwrap(encryption.wrapped_key, private_key_pem)
    return _open(encryption, payload, key)


def check_private_key(private_key_pem: bytes) -> None:
    """Raise `UsageError` where `decrypt_configuration` could do nothing with this key, whatever the file."""
    _load(private_key_pem)


def _load(private_key_pem: bytes) -> RSAPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(private_key_pem, None)
    except TypeError:
        raise UsageError("the private key is protected by a password; give the key without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(
            "no PEM private key in it that can be read; it begins with -----BEGIN PRIVATE KEY-----, or with RSA in it"
        ) from None
    if not isinstance(private, rsa.RSAPrivateKey) or private.key_size > MAX_KEY_BITS:
        raise UsageError(f"the private key must be an RSA key of at most {MAX_KEY_BITS} bits, as a phone has")
    return private


def _unwrap(wrapped: bytes, private_key_pem: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import padding

    private = _load(private_key_pem)
    size = (private.key_size + 7) // 8
    if len(wrapped) != size:
        raise DecryptionError(f"the content key is wrapped for a key of {8 * len(wrapped)} bits, not of {8 * size}")
    try:
        key = private.decrypt(wrapped, padding.PKCS1v15())
    except ValueError:
        key = b""
    # OpenSSL answers a wrong padding with random bytes of a random length, so that nobody learns of it.
    if len(key) not in AES_KEY_SIZES:
        raise DecryptionError("the content key does not open with this private key: the file is for another phone")
    return key


def _open(encryption: EncryptionValues, payload: bytes, key: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if encryption.key_algorithm != 1:
        raise DecryptionError(f"key algorithm {encryption.key_algorithm} is one that no source describes")
    if encryption.hash_name is None:
        raise DecryptionError(f"hash algorithm {encryption.hash_algorithm} is one that no source describes")
    if len(encryption.iv) != _BLOCK:
        raise DecryptionError(f"the initialization vector has {len(encryption.iv)} bytes instead of {_BLOCK}")
    if not payload or len(payload) % _BLOCK:
        raise DecryptionError(f"{len(payload)} bytes are not whole blocks of {_BLOCK}: the file was cut")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(encryption.iv)).decryptor()
    filled = decryptor.update(payload) + decryptor.finalize()
    if encryption.padding > len(filled):
        raise DecryptionError(f"{encryption.padding} bytes of padding in {len(filled)}")
    plain = filled[: len(filled) - encryption.padding]
    digest = hashlib.new(encryption.hash_name, plain, usedforsecurity=False).digest()
    if digest != encryption.plaintext_hash:
        raise DecryptionError("what comes out has another hash than the header says: another key, or a damaged file")
    return plain
