"""Certificates for tests, healthy and odd, written byte by byte so that nothing refuses to make them.

    root = issue(cn="Example Root", ca=True)
    leaf = issue(cn="vpn.example.com", dns=["vpn.example.com"], issuer=root)
    leaf.der, leaf.pem, leaf.key_pem, leaf.chain_der, leaf.chain_pem

Keys are made once per session and shared: `rsa_key(slot=1)` is another key than `rsa_key(slot=2)`.
Certificates are the same bytes in every call with the same arguments within a session (ECDSA signatures
excepted).
"""

from __future__ import annotations

import base64
import functools
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

NOT_BEFORE = datetime(2024, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2044, 1, 1, tzinfo=UTC)

UTF8 = 12
PRINTABLE = 19
TELETEX = 20
IA5 = 22
UNIVERSAL = 28
BMP = 30

# (attribute, text) or (attribute, text or bytes, string type)
Attribute = tuple[str, str] | tuple[str, str | bytes, int]

_OIDS = {
    "CN": "2.5.4.3",
    "serialNumber": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "emailAddress": "1.2.840.113549.1.9.1",
    "unstructuredName": "1.2.840.113549.1.9.2",
    "DC": "0.9.2342.19200300.100.1.25",
}
_ENCODINGS = {
    UTF8: "utf-8",
    PRINTABLE: "ascii",
    TELETEX: "latin-1",
    IA5: "ascii",
    UNIVERSAL: "utf-32-be",
    BMP: "utf-16-be",
}
_RSA_SIGNATURES = {
    "md5": "1.2.840.113549.1.1.4",
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}
_EC_SIGNATURES = {
    "sha1": "1.2.840.10045.4.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
_CURVES: dict[str, ec.EllipticCurve] = {
    curve.name: curve
    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1(), ec.BrainpoolP256R1())
}
_KEY_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
_PURPOSES = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "ipsecEndSystem": "1.3.6.1.5.5.7.3.5",
}

# --- DER ---


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER element."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def integer(value: int | bytes) -> bytes:
    """An INTEGER; bytes are taken as its octets, minimal or not."""
    if isinstance(value, bytes):
        return tlv(0x02, value)
    magnitude = value if value >= 0 else ~value
    return tlv(0x02, value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    octets = bytearray()
    for arc in (first * 40 + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(septets))
    return tlv(0x06, bytes(octets))


def name(attributes: Iterable[Attribute]) -> bytes:
    """A Name with one attribute in each relative distinguished name."""
    rdns = []
    for attribute, value, *rest in attributes:
        string_type = rest[0] if rest else UTF8
        body = value if isinstance(value, bytes) else value.encode(_ENCODINGS[string_type])
        rdns.append(tlv(0x31, sequence(oid(_OIDS.get(attribute, attribute)), tlv(string_type, body))))
    return sequence(*rdns)


def time(moment: datetime | str) -> bytes:
    """UTCTime up to 2049, GeneralizedTime after; a text is taken as a GeneralizedTime as it is."""
    if isinstance(moment, str):
        return tlv(0x18, moment.encode())
    if 1950 <= moment.year < 2050:
        return tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    return sequence(oid(dotted), tlv(0x01, b"\xff") if critical else b"", tlv(0x04, value))


# --- keys ---


@functools.cache
def rsa_key(bits: int = 2048, slot: int = 0) -> rsa.RSAPrivateKey:
    """The RSA key number `slot` of that size; 1024 bits are the least."""
    return rsa.generate_private_key(65537, bits)


@functools.cache
def ec_key(curve: str = "secp256r1", slot: int = 0) -> ec.EllipticCurvePrivateKey:
    """The EC key number `slot` on that curve (name as in SEC 2)."""
    return ec.generate_private_key(_CURVES[curve])


# --- certificates ---


@dataclass(frozen=True)
class Identity:
    """A certificate with its private key. `issuer` is None for a self-signed one."""

    der: bytes
    key: Key
    subject: bytes
    issuer: Identity | None

    @property
    def pem(self) -> bytes:
        return to_pem(self.der)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        """The certificate and all its issuers up to the self-signed one."""
        return (self.der,) if self.issuer is None else (self.der, *self.issuer.chain_der)

    @property
    def chain_pem(self) -> bytes:
        return b"".join(map(to_pem, self.chain_der))


def issue(
    *,
    cn: str | None = None,
    subject: Sequence[Attribute] | None = None,
    issuer: Identity | None = None,
    key: Key | None = None,
    dns: Sequence[str] = (),
    ips: Sequence[str] = (),
    uris: Sequence[str] = (),
    not_before: datetime | str = NOT_BEFORE,
    not_after: datetime | str = NOT_AFTER,
    ca: bool | None = None,
    path_length: int | None = None,
    key_usage: Sequence[str] = (),
    extended_key_usage: Sequence[str] = (),
    extensions: Sequence[bytes] = (),
    serial: int | bytes = 1,
    hash_name: str = "sha256",
    version: int = 3,
) -> Identity:
    """Issue a certificate.

    `subject` is used instead of `cn` when given. Without `issuer` it is self-signed. Without `key` an
    RSA-2048 key is used, another one for each nesting of issuers. `ca` None leaves basicConstraints out.
    `extended_key_usage` takes `serverAuth`, `clientAuth`, `ipsecEndSystem` or dotted identifiers.
    `extensions` are whole extra extensions, see `extension`. `serial` as bytes are the octets of the integer,
    however odd.
    """
    if key is None:
        key = rsa_key(slot=_depth(issuer))
    subject_der = name(subject if subject is not None else [("CN", cn or "test")])
    signing_key = issuer.key if issuer else key
    algorithm = _signature_algorithm(signing_key, hash_name)
    listed = [
        *_alternative_names(dns, ips, uris),
        *_basic_constraints(ca, path_length),
        *_key_usage(key_usage),
        *_extended_key_usage(extended_key_usage),
        *extensions,
    ]
    tbs = sequence(
        tlv(0xA0, integer(version - 1)) if version > 1 else b"",
        integer(serial),
        algorithm,
        issuer.subject if issuer else subject_der,
        sequence(time(not_before), time(not_after)),
        subject_der,
        public_key_der(key),
        tlv(0xA3, sequence(*listed)) if listed else b"",
    )
    der = sequence(tbs, algorithm, tlv(0x03, b"\0", sign(signing_key, tbs, hash_name)))
    return Identity(der=der, key=key, subject=subject_der, issuer=issuer)


def chain(cn: str = "vpn.example.com", *, intermediates: int = 1, dns: Sequence[str] | None = None) -> Identity:
    """A leaf below `intermediates` authorities below a root; `dns` is `[cn]` unless given."""
    authority = issue(cn="Example Root CA", ca=True, key_usage=["keyCertSign", "cRLSign"])
    for number in range(1, intermediates + 1):
        authority = issue(
            cn=f"Example Issuing CA {number}", issuer=authority, ca=True, key_usage=["keyCertSign", "cRLSign"]
        )
    return issue(
        cn=cn,
        dns=[cn] if dns is None else dns,
        issuer=authority,
        key_usage=["digitalSignature", "keyEncipherment"],
        extended_key_usage=["serverAuth"],
    )


def asa_self_signed(host: str = "10.198.16.140", key: Key | None = None) -> Identity:
    """What an ASA makes for itself, with the subject of the document's phone log."""
    return issue(subject=[("CN", host), ("unstructuredName", host, IA5)], key=key, serial=0xDFF2C450)


def capf(serial: str = "18cf046e") -> Identity:
    """A CAPF authority, which issues LSCs."""
    return issue(
        subject=[("C", "US", PRINTABLE), ("O", "Example"), ("OU", "Voice"), ("CN", f"CAPF-{serial}")],
        key=rsa_key(slot=20),
        ca=True,
        path_length=0,
        key_usage=["digitalSignature", "keyCertSign"],
    )


def manufacturing_ca(cn: str = "Cisco Manufacturing CA") -> Identity:
    """An authority with the name of one that issues MICs."""
    return issue(subject=[("O", "Cisco Systems"), ("CN", cn)], key=rsa_key(slot=21), ca=True)


def phone_certificate(mac: str = "8CB64F576113", model: str = "7962G", issuer: Identity | None = None) -> Identity:
    """A phone's certificate: an LSC of `capf()` unless another issuer is given."""
    return issue(
        subject=[("O", "Example"), ("OU", "Voice"), ("CN", f"CP-{model}-SEP{mac}")],
        issuer=issuer or capf(),
        key=rsa_key(slot=22),
        key_usage=["digitalSignature", "keyEncipherment"],
        extended_key_usage=["serverAuth", "clientAuth", "ipsecEndSystem"],
    )


def to_pem(der: bytes, label: str = "CERTIFICATE") -> bytes:
    body = base64.b64encode(der).decode()
    lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


def public_key_der(key: Key) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def sign(key: Key, data: bytes, hash_name: str) -> bytes:
    algorithm: hashes.HashAlgorithm = getattr(hashes, hash_name.upper())()
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), algorithm)
    return key.sign(data, ec.ECDSA(algorithm))


def _depth(issuer: Identity | None) -> int:
    return 0 if issuer is None else 1 + _depth(issuer.issuer)


def _signature_algorithm(key: Key, hash_name: str) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return sequence(oid(_RSA_SIGNATURES[hash_name]), tlv(0x05))
    return sequence(oid(_EC_SIGNATURES[hash_name]))


def _alternative_names(dns: Sequence[str], ips: Sequence[str], uris: Sequence[str]) -> Iterable[bytes]:
    if dns or ips or uris:
        names = [
            *(tlv(0x82, host.encode()) for host in dns),
            *(tlv(0x87, ipaddress.ip_address(address).packed) for address in ips),
            *(tlv(0x86, uri.encode()) for uri in uris),
        ]
        yield extension("2.5.29.17", sequence(*names))


def _basic_constraints(ca: bool | None, path_length: int | None) -> Iterable[bytes]:
    if ca is not None:
        fields = [tlv(0x01, b"\xff")] if ca else []
        fields += [] if path_length is None else [integer(path_length)]
        yield extension("2.5.29.19", sequence(*fields), critical=True)


def _key_usage(usages: Sequence[str]) -> Iterable[bytes]:
    if usages:
        positions = [_KEY_USAGES.index(usage) for usage in usages]
        octets = bytearray(max(positions) // 8 + 1)
        for position in positions:
            octets[position // 8] |= 0x80 >> position % 8
        yield extension("2.5.29.15", tlv(0x03, bytes([7 - max(positions) % 8]), bytes(octets)), critical=True)


def _extended_key_usage(purposes: Sequence[str]) -> Iterable[bytes]:
    if purposes:
        yield extension("2.5.29.37", sequence(*(oid(_PURPOSES.get(purpose, purpose)) for purpose in purposes)))
