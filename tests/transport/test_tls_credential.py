"""Reading the phone's certificate and key: what is wrong is said with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from tests.certificates import Identity, capf, ec_key, issue, phone_certificate, rsa_key
from vpnprobe.model.errors import UsageError
from vpnprobe.transport.tls import load_client_credential

PHONE = phone_certificate()
EC_PHONE = issue(cn="CP-8841-SEP8CB64F576113", key=ec_key(), issuer=capf())


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("identity", [PHONE, EC_PHONE], ids=["RSA", "EC"])
@pytest.mark.parametrize("one_file", [True, False], ids=["one file", "two files"])
def test_a_chain_and_its_key(identity: Identity, one_file: bool, tmp_path: Path) -> None:
    text = identity.chain_pem + (identity.key_pem if one_file else b"")
    certificate = write(tmp_path / "phone.pem", b"Bag Attributes\r\n" + text)
    key = None if one_file else write(tmp_path / "phone.key", identity.key_pem)
    credential = load_client_credential(certificate, key)
    assert credential.chain == identity.chain_der
    loaded = load_pem_private_key(credential.key_pem, None)
    assert loaded.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) == identity.key.private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )


PLAIN_KEY = PHONE.key_pem
LOCKED_KEY = PHONE.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
PKCS12 = pkcs12.serialize_key_and_certificates(
    b"phone", rsa_key(slot=22), x509.load_der_x509_certificate(PHONE.der), None, BestAvailableEncryption(b"secret")
)


ED25519_KEY = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("certificate", "key", "advice"),
    [
        pytest.param(None, PLAIN_KEY, "No such file", id="no certificate file"),
        pytest.param(PHONE.pem, ED25519_KEY, "RSA or EC", id="a key that no phone has"),
        pytest.param(PHONE.pem, None, "No such file", id="no key file"),
        pytest.param(PHONE.der, PLAIN_KEY, "openssl x509 -inform der", id="DER"),
        pytest.param(PKCS12, PLAIN_KEY, "openssl pkcs12", id="PKCS#12"),
        pytest.param(b"", PLAIN_KEY, "-----BEGIN", id="empty"),
        pytest.param(PLAIN_KEY, PLAIN_KEY, "no certificate", id="a key for a certificate"),
        pytest.param(PHONE.pem.replace(b"MII", b"AAA", 1), PLAIN_KEY, "no certificate", id="a damaged certificate"),
        pytest.param(PHONE.pem, PHONE.pem, "no private key", id="a certificate for a key"),
        pytest.param(PHONE.pem, LOCKED_KEY, "openssl pkey", id="a key with a password"),
        pytest.param(PHONE.pem, EC_PHONE.key_pem, "does not belong", id="another's key"),
        pytest.param(capf().pem + PHONE.pem, PLAIN_KEY, "client's own certificate first", id="the issuer first"),
    ],
)
def test_what_cannot_be_used(certificate: bytes | None, key: bytes | None, advice: str, tmp_path: Path) -> None:
    certificate_path, key_path = tmp_path / "phone.pem", tmp_path / "phone.key"
    if certificate is not None:
        certificate_path.write_bytes(certificate)
    if key is not None:
        key_path.write_bytes(key)
    with pytest.raises(UsageError) as caught:
        load_client_credential(certificate_path, key_path)
    assert advice in str(caught.value)
    assert "phone." in str(caught.value), "the file is named"


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="directory"):
        load_client_credential(tmp_path)
