"""Certificate requests, those of cryptography and damaged ones."""

from __future__ import annotations

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.model.errors import UsageError
from vpnprobe.pki.request import KeyRequest, load_requests

NAME = "CP-7962G-SEP8CB64F576113"
KEY = make.rsa_key(slot=22)


def request(encoding: Encoding) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    return (
        x509.CertificateSigningRequestBuilder().subject_name(subject).sign(KEY, hashes.SHA256()).public_bytes(encoding)
    )


EXPECTED = KeyRequest((NAME,), hashlib.sha256(make.public_key_der(KEY)).hexdigest())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(request(Encoding.DER), id="DER"),
        pytest.param(request(Encoding.PEM), id="PEM"),
        pytest.param(
            request(Encoding.PEM).replace(b"BEGIN C", b"BEGIN NEW C").replace(b"END C", b"END NEW C"), id="new"
        ),
        pytest.param(make.phone_certificate().pem + request(Encoding.PEM), id="behind-a-certificate"),
    ],
)
def test_key_and_name(data: bytes) -> None:
    assert load_requests(data) == [EXPECTED]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        pytest.param(b"", "no certificate request", id="empty"),
        pytest.param(make.phone_certificate().pem, "no certificate request", id="certificate"),
        pytest.param(make.phone_certificate().der, "not a certificate request", id="certificate-DER"),
        pytest.param(
            make.sequence(make.sequence(), b"\x05\x00", b"\x05\x00"), "not a certificate request", id="empty-info"
        ),
        pytest.param(request(Encoding.DER)[:-1], "not a certificate request", id="cut"),
        pytest.param(
            b"-----BEGIN CERTIFICATE REQUEST-----\nM*I\n-----END CERTIFICATE REQUEST-----", "damaged", id="star"
        ),
    ],
)
def test_what_is_none_is_told(data: bytes, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        load_requests(data)


@given(st.binary(max_size=200).map(lambda body: b"\x30" + body))
def test_any_bytes_are_requests_or_a_usage_error(data: bytes) -> None:
    try:
        assert load_requests(data)
    except UsageError:
        return
