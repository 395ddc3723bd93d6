"""CRLs (RFC 5280 section 5) and OCSP (RFC 6960) as far as one certificate's status goes, by `cryptography`.

Nothing is believed that the certificate's issuer, or a responder with its leave, did not sign. Dates are given, not
judged. What cannot be used is a `Failure`: MALFORMED where the answer is to blame, LOCAL where the library is.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, Protocol

import msgspec

from vpnprobe.model.failure import Failure, FailureKind

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import HashAlgorithm
    from cryptography.x509.ocsp import OCSPResponse, OCSPSingleResponse

Status = Literal["good", "revoked", "unknown"]

# A responder sends its own certificate and answers for the one that was asked about.
_MAX_RESPONDERS: Final = 4
_MAX_SINGLE_RESPONSES: Final = 64


class RevocationReading(msgspec.Struct, frozen=True):
    """What a CRL or an OCSP responder says, and until when it says so."""

    status: Status
    next_update: datetime | None


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its issuer's, as the library holds them."""

    certificate: x509.Certificate
    issuer: x509.Certificate


def load_issued(certificate: bytes, issuer: bytes) -> Issued | Failure:
    """Load both DERs; LOCAL where the library, which is stricter than a peer, takes one of them for broken."""
    from cryptography import x509

    try:
        with warnings.catch_warnings(action="ignore"):
            pair = Issued(x509.load_der_x509_certificate(certificate), x509.load_der_x509_certificate(issuer))
            is_negative = pair.certificate.serial_number < 0
    except (ValueError, x509.InvalidVersion) as error:
        return Failure(kind=FailureKind.LOCAL, detail=f"not asked: cryptography cannot read the certificate: {error}")
    if is_negative:
        return Failure(kind=FailureKind.LOCAL, detail="not asked: cryptography looks up no negative serial number")
    return pair


def read_crl(data: bytes, issued: Issued) -> RevocationReading | Failure:
    """Look the certificate up in a DER CRL. Never raises.

    Only a full CRL of the issuer itself says "good"; one for other kinds of certificates or reasons, an indirect or a
    delta CRL is no answer.
    """
    from cryptography import x509

    try:
        try:
            crl = x509.load_der_x509_crl(data)
        except ValueError:
            return _malformed("it is no CRL")
        if not _is_signed(crl, signed_part(data), issued.issuer):
            return _malformed("the CRL is not signed by the certificate's issuer")
        if other := _other_scope(crl, issued.certificate):
            return _malformed(f"the CRL does not cover the certificate: {other}")
        entry = crl.get_revoked_certificate_by_serial_number(issued.certificate.serial_number)
        return RevocationReading("good" if entry is None else "revoked", crl.next_update_utc)
    except Exception:  # which ones reading a CRL can raise is not documented
        return _malformed("the CRL has a part that cannot be read")


def signed_part(data: bytes) -> bytes:
    """Return what the signature of a DER CRL is over, its first member, which the library has read without a fault.

    The library would encode it anew: of ten megabytes that is most of the time, and nothing else runs meanwhile.
    """
    begin, _ = _contents(data, 0)
    _, end = _contents(data, begin)
    return data[begin:end]


def _contents(data: bytes, offset: int) -> tuple[int, int]:
    """Return where the contents of the DER element at `offset` begin and end (X.690 section 8.1.3)."""
    begin, length = offset + 2, data[offset + 1]
    if length & 0x80:
        begin += length & 0x7F
        length = int.from_bytes(data[offset + 2 : begin], "big")
    return begin, begin + length


def build_ocsp_request(issued: Issued) -> bytes:
    """Return the DER request for the certificate: SHA-1 in its CertID, as responders expect, and no nonce."""
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.ocsp import OCSPRequestBuilder

    request = OCSPRequestBuilder().add_certificate(issued.certificate, issued.issuer, SHA1()).build()
    return request.public_bytes(Encoding.DER)


def read_ocsp(data: bytes, issued: Issued) -> RevocationReading | Failure:
    """Read what a DER response says of the certificate; SERVER_ERROR is the responder's own. Never raises."""
    from cryptography.x509 import ocsp

    try:
        try:
            response = ocsp.load_der_ocsp_response(data)
        except ValueError:
            return _malformed("it is no OCSP response")
        status = response.response_status
        if status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            detail = f"OCSP {status.name.lower().replace('_', ' ')}"
            return Failure(kind=FailureKind.SERVER_ERROR, code=status.value, detail=detail)
        signers = _signers(response, issued)
        if not any(_is_signed(response, response.tbs_response_bytes, signer) for signer in signers):
            return _malformed("the OCSP response is signed by nobody who may answer for the issuer")
        listed = islice(response.responses, _MAX_SINGLE_RESPONSES)
        single = next((one for one in listed if _is_about(one, issued)), None)
        if single is None:
            return _malformed("the OCSP response is about other certificates")
        return RevocationReading(_STATUSES[single.certificate_status.name], single.next_update_utc)
    except Exception:  # which ones reading a response can raise is not documented
        return _malformed("the OCSP response has a part that cannot be read")


_STATUSES: Final[dict[str, Status]] = {"GOOD": "good", "REVOKED": "revoked", "UNKNOWN": "unknown"}


def _malformed(detail: str) -> Failure:
    return Failure(kind=FailureKind.MALFORMED, detail=detail)


def _other_scope(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> str | None:
    """Say why a certificate that is not listed might be revoked all the same (RFC 5280 section 5.2)."""
    from cryptography import x509

    for extension in crl.extensions:
        value = extension.value
        if isinstance(value, x509.IssuingDistributionPoint):
            constraints = [one.value for one in certificate.extensions if isinstance(one.value, x509.BasicConstraints)]
            is_ca = any(one.ca for one in constraints)
            other_kind = value.only_contains_user_certs if is_ca else value.only_contains_ca_certs
            if other_kind or value.only_contains_attribute_certs:
                return "it is for certificates of another kind"
            if value.only_some_reasons or value.indirect_crl:
                return "it is for some reasons only" if value.only_some_reasons else "it is indirect"
        elif extension.critical:
            return f"critical extension {extension.oid.dotted_string}"
    return None


def _signers(response: OCSPResponse, issued: Issued) -> Iterator[x509.Certificate]:
    """Give the issuer, and whom it issued a certificate to answer for it (RFC 6960 section 4.2.2.2)."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    yield issued.issuer
    for one in response.certificates[:_MAX_RESPONDERS]:
        usages = [extension.value for extension in one.extensions if isinstance(extension.value, x509.ExtendedKeyUsage)]
        may_answer = any(ExtendedKeyUsageOID.OCSP_SIGNING in usage for usage in usages)
        if may_answer and _is_signed(one, one.tbs_certificate_bytes, issued.issuer):
            yield one


def _is_about(single: OCSPSingleResponse, issued: Issued) -> bool:
    from cryptography.x509.ocsp import OCSPRequestBuilder

    if single.serial_number != issued.certificate.serial_number:
        return False
    asked = OCSPRequestBuilder().add_certificate(issued.certificate, issued.issuer, single.hash_algorithm).build()
    return (asked.issuer_key_hash, asked.issuer_name_hash) == (single.issuer_key_hash, single.issuer_name_hash)


class _Signed(Protocol):
    """What CRLs, OCSP responses and certificates have in common."""

    @property
    def signature(self) -> bytes: ...
    @property
    def signature_hash_algorithm(self) -> HashAlgorithm | None: ...
    @property
    def signature_algorithm_oid(self) -> x509.ObjectIdentifier: ...


def _is_signed(signed: _Signed, data: bytes, signer: x509.Certificate) -> bool:
    """Check a signature with the signer's key: the library's own checks refuse SHA-1, which CRLs still carry."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
    from cryptography.x509.oid import SignatureAlgorithmOID

    digest = signed.signature_hash_algorithm
    try:
        match signer.public_key(), digest:
            case (ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey()) as key, None:
                key.verify(signed.signature, data)
            case rsa.RSAPublicKey() as key, digest if digest is not None:
                is_pss = signed.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS
                pss = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
                key.verify(signed.signature, data, pss if is_pss else padding.PKCS1v15(), digest)
            case ec.EllipticCurvePublicKey() as key, digest if digest is not None:
                key.verify(signed.signature, data, ec.ECDSA(digest))
            case dsa.DSAPublicKey() as key, digest if digest is not None:
                key.verify(signed.signature, data, digest)
            case _:
                return False
    except InvalidSignature:
        return False
    return True
