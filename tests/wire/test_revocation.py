"""CRLs and OCSP responses: healthy ones, ones that others signed or that are about others, and broken ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.wire.revocation import (
    Issued,
    RevocationReading,
    build_ocsp_request,
    load_issued,
    read_crl,
    read_ocsp,
    signed_part,
)

THIS_UPDATE = datetime(2029, 12, 31, tzinfo=UTC)
NEXT_UPDATE = datetime(2030, 1, 8, tzinfo=UTC)
SERIAL = 0x1234

ROOT = make.issue(cn="Example Root CA", ca=True)
LEAF = make.issue(cn="sip.example.com", issuer=ROOT, serial=SERIAL)
STRANGER = make.issue(cn="Example Root CA", ca=True, key=make.rsa_key(slot=9))


def issued(leaf: make.Identity = LEAF) -> Issued:
    pair = load_issued(leaf.der, ROOT.der)
    assert isinstance(pair, Issued)
    return pair


def load(identity: make.Identity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.der)


def crl(
    *revoked: int,
    signer: make.Identity = ROOT,
    extensions: Sequence[x509.ExtensionType] = (),
    pss: bool = False,
) -> bytes:
    builder = x509.CertificateRevocationListBuilder(load(signer).subject, THIS_UPDATE, NEXT_UPDATE)
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder(serial, THIS_UPDATE).build()
        builder = builder.add_revoked_certificate(entry)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    rsa_padding = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else None
    return builder.sign(signer.key, hashes.SHA256(), rsa_padding=rsa_padding).public_bytes(Encoding.DER)


def scope(**flags: bool) -> x509.IssuingDistributionPoint:
    reasons = frozenset({x509.ReasonFlags.key_compromise}) if flags.pop("some_reasons", False) else None
    names = ["only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"]
    user, ca, indirect, attribute = (flags.get(name, False) for name in names)
    url = [x509.UniformResourceIdentifier("http://a.example/")]
    return x509.IssuingDistributionPoint(url, None, user, ca, reasons, indirect, attribute)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(lambda: crl(), "good", id="empty"),
        pytest.param(lambda: crl(1, 2), "good", id="others"),
        pytest.param(lambda: crl(1, SERIAL), "revoked", id="listed"),
        pytest.param(lambda: crl(pss=True), "good", id="RSA-PSS"),
        pytest.param(lambda: crl(extensions=[scope(only_contains_user_certs=True)]), "good", id="user certificates"),
    ],
)
def test_crls(data: object, status: str) -> None:
    assert callable(data)
    reading = read_crl(data(), issued())
    assert isinstance(reading, RevocationReading)
    assert (reading.status, reading.next_update) == (status, NEXT_UPDATE)


@pytest.mark.parametrize("entries", [0, 4, 300, 4000], ids=lambda entries: f"{entries} entries")
def test_what_the_signature_is_over_is_cut_out_of_the_crl(entries: int) -> None:
    data = crl(*range(1, entries + 1))
    assert signed_part(data) == x509.load_der_x509_crl(data).tbs_certlist_bytes


def sha1_crl() -> bytes:
    """What the library does not write any more, and authorities do."""
    algorithm = make.sequence(make.oid("1.2.840.113549.1.1.5"), make.tlv(0x05))
    tbs = make.sequence(make.integer(1), algorithm, ROOT.subject, make.time(THIS_UPDATE), make.time(NEXT_UPDATE))
    return make.sequence(tbs, algorithm, make.tlv(0x03, b"\0", make.sign(ROOT.key, tbs, "sha1")))


def test_a_crl_with_sha1() -> None:
    assert read_crl(sha1_crl(), issued()) == RevocationReading("good", NEXT_UPDATE)


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        pytest.param(lambda: crl(SERIAL, signer=STRANGER), "not signed by the certificate's issuer", id="forged"),
        pytest.param(
            lambda: crl(extensions=[scope(only_contains_ca_certs=True)]), "another kind", id="authorities only"
        ),
        pytest.param(
            lambda: crl(extensions=[scope(only_contains_attribute_certs=True)]), "another kind", id="attributes only"
        ),
        pytest.param(lambda: crl(extensions=[scope(some_reasons=True)]), "some reasons", id="some reasons"),
        pytest.param(lambda: crl(extensions=[scope(indirect_crl=True)]), "indirect", id="indirect"),
        pytest.param(
            lambda: crl(extensions=[x509.DeltaCRLIndicator(3)]), "critical extension 2.5.29.27", id="delta CRL"
        ),
        pytest.param(lambda: b"", "it is no CRL", id="nothing"),
        pytest.param(lambda: b"<html>", "it is no CRL", id="a page"),
        pytest.param(lambda: crl()[:-1], "it is no CRL", id="cut off"),
        pytest.param(lambda: make.to_pem(crl(), "X509 CRL"), "it is no CRL", id="PEM"),
    ],
)
def test_crls_that_say_nothing(data: object, detail: str) -> None:
    assert callable(data)
    failure = read_crl(data(), issued())
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.MALFORMED
    assert detail in failure.detail


def responder(**options: object) -> make.Identity:
    options = {"issuer": ROOT, "extended_key_usage": ["1.3.6.1.5.5.7.3.9"], "key": make.rsa_key(slot=8), **options}
    return make.issue(cn="Responder", **options)  # type: ignore[arg-type]  # passed on as they are


def response(
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    *,
    signer: make.Identity = ROOT,
    about: make.Identity = LEAF,
    issuer: make.Identity = ROOT,
    hash_algorithm: hashes.HashAlgorithm | None = None,
) -> bytes:
    revoked = THIS_UPDATE if status is ocsp.OCSPCertStatus.REVOKED else None
    builder = ocsp.OCSPResponseBuilder().add_response(
        load(about), load(issuer), hash_algorithm or hashes.SHA1(), status, THIS_UPDATE, NEXT_UPDATE, revoked, None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, load(signer))
    if signer is not ROOT:
        builder = builder.certificates([load(signer)])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(lambda: response(), "good", id="good"),
        pytest.param(lambda: response(ocsp.OCSPCertStatus.REVOKED), "revoked", id="revoked"),
        pytest.param(lambda: response(ocsp.OCSPCertStatus.UNKNOWN), "unknown", id="unknown"),
        pytest.param(lambda: response(hash_algorithm=hashes.SHA256()), "good", id="SHA-256 in the CertID"),
        pytest.param(lambda: response(signer=responder()), "good", id="a responder with the issuer's leave"),
        pytest.param(lambda: response(signer=responder(hash_name="sha1")), "good", id="a leave signed with SHA-1"),
        pytest.param(lambda: response(signer=responder(key=make.ec_key())), "good", id="a responder with an EC key"),
    ],
)
def test_responses(data: object, status: str) -> None:
    assert callable(data)
    assert read_ocsp(data(), issued()) == RevocationReading(status, NEXT_UPDATE)  # type: ignore[arg-type]  # of a table


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        pytest.param(lambda: response(signer=STRANGER), "signed by nobody", id="a stranger of the issuer's name"),
        pytest.param(
            lambda: response(signer=responder(extended_key_usage=["serverAuth"])), "signed by nobody", id="no leave"
        ),
        pytest.param(lambda: response(signer=responder(issuer=STRANGER)), "signed by nobody", id="leave of a stranger"),
        pytest.param(
            lambda: response(about=make.issue(cn="x", issuer=ROOT, serial=7)), "about other", id="another serial number"
        ),
        pytest.param(lambda: response(issuer=STRANGER), "about other", id="another issuer"),
        pytest.param(lambda: b"", "it is no OCSP response", id="nothing"),
        pytest.param(lambda: response()[:-1], "it is no OCSP response", id="cut off"),
    ],
)
def test_responses_that_say_nothing(data: object, detail: str) -> None:
    assert callable(data)
    failure = read_ocsp(data(), issued())
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.MALFORMED
    assert detail in failure.detail


def test_a_responder_that_refuses() -> None:
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    failure = read_ocsp(refusal.public_bytes(Encoding.DER), issued())
    assert failure == Failure(kind=FailureKind.SERVER_ERROR, code=3, detail="OCSP try later")


def test_the_request_names_the_certificate() -> None:
    request = ocsp.load_der_ocsp_request(build_ocsp_request(issued()))
    assert (request.serial_number, request.hash_algorithm.name) == (SERIAL, "sha1")


@pytest.mark.parametrize("algorithm", ["ed25519", "ec", "ec with the key of another kind"])
def test_keys_of_other_kinds(algorithm: str) -> None:
    key: CertificateIssuerPrivateKeyTypes
    key = ed25519.Ed25519PrivateKey.generate() if algorithm == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    digest = None if algorithm == "ed25519" else hashes.SHA256()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")])
    authority = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(make.NOT_BEFORE)
        .not_valid_after(make.NOT_AFTER)
        .sign(key, digest)
    )
    pair = Issued(load(LEAF), authority)
    listed = x509.CertificateRevocationListBuilder(name, THIS_UPDATE, NEXT_UPDATE)
    own = listed.sign(key, digest).public_bytes(Encoding.DER)
    assert read_crl(own, pair) == RevocationReading("good", NEXT_UPDATE)
    assert isinstance(read_crl(crl(), pair), Failure)
    assert isinstance(read_crl(own, issued()), Failure)


@pytest.mark.parametrize(
    ("certificate", "issuer", "detail"),
    [
        pytest.param(b"", ROOT.der, "not asked: cryptography cannot read", id="certificate"),
        pytest.param(LEAF.der, b"\x30\x00", "not asked: cryptography cannot read", id="issuer"),
        pytest.param(
            make.issue(cn="x", issuer=ROOT, serial=bytes.fromhex("dff2c450")).der,
            ROOT.der,
            "not asked: cryptography looks up no negative",
            id="negative serial number",
        ),
    ],
)
def test_certificates_that_the_library_refuses(certificate: bytes, issuer: bytes, detail: str) -> None:
    failure = load_issued(certificate, issuer)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.LOCAL
    assert failure.detail.startswith(detail)


PAIR = issued()
CRL, RESPONSE = crl(SERIAL), response(signer=responder())
Reader = Callable[[bytes, Issued], RevocationReading | Failure]


@given(st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    assert isinstance(read_crl(data, PAIR), Failure)
    assert isinstance(read_ocsp(data, PAIR), Failure)


@pytest.mark.parametrize(("whole", "read"), [(CRL, read_crl), (RESPONSE, read_ocsp)], ids=["CRL", "OCSP"])
def test_damage_never_changes_what_is_said(whole: bytes, read: Reader) -> None:
    """Each byte in turn gets another value: what is still taken says the same as before."""
    said = read(whole, PAIR)
    assert isinstance(said, RevocationReading)
    taken = 0
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        reading = read(bytes(damaged), PAIR)
        assert isinstance(reading, Failure) or reading == said
        taken += reading == said
    assert taken < len(whole) / 2
