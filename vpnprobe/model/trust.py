"""Trust lists and signatures of phone files: what CUCM signed, by whom, and whether the signature holds.

Certificates are named by the SHA-256 of their DER (64 lower-case hex digits), as in `vpnprobe.model.observation`. Text
of the peer is raw: whoever shows it escapes it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from vpnprobe.model.failure import Failure

# Seconds since 1970: u32 in the header, so that every value is a date.
Timestamp = Annotated[int, msgspec.Meta(ge=0, lt=1 << 32)]

# Both are files of records; a cluster without a CTL is the usual case (security by default since CUCM 8).
TrustListKind = Literal["CTL", "ITL"]

# "unknown-signer": no certificate at hand is the signer's, so nobody can tell; "unsupported": an algorithm or a size
# that this machine cannot compute.
SignatureStatus = Literal["valid", "invalid", "unknown-signer", "unsigned", "unsupported", "unreadable"]

# Where the phone gets its answer from when a trust list does not have the signer.
SignerSource = Literal["CTL", "ITL", "TVS", "itself"]


class SignatureReading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One signature, checked with the certificate of its signer.

    `signer` is that certificate; it was taken from the list `taken_from` (a file name), whose record gives it `roles`
    (wire numbers). `source` says which kind of list that was; "itself" is the list that is signed, which proves only
    that it is whole. `problem` is one clause where the status needs one.
    """

    status: SignatureStatus
    hash_algorithm: str | None = None
    key_bits: int | None = None
    signer: str | None = None
    source: SignerSource | None = None
    taken_from: str | None = None
    roles: tuple[int, ...] = ()
    problem: str | None = None


class Encryption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a configuration is encrypted. Lengths in bytes; the wrapped key itself is not kept.

    `decrypted` says whether a given key opened it: None where none was given; `problem` why not.
    """

    iv_length: int | None = None
    key_bits: int | None = None
    key_algorithm: int | None = None
    wrapped_key_length: int | None = None
    hash_algorithm: str | None = None
    decrypted: bool | None = None
    problem: str | None = None


class TrustRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record of a trust list.

    `role` is the wire number (0 SAST, 1 CCM, 2 CCM+TFTP, 3 TFTP, 4 CAPF, 7 application server, 21 TVS). `serial` is
    lower-case hex as the record has it. `certificate` names the DER that the record carries, `certificate_hash` (hex)
    stands alone where a list names it only by that. `addresses` are IP literals. `problem` says what in the record
    cannot be read.
    """

    role: int | None = None
    name: str | None = None
    addresses: tuple[str, ...] = ()
    subject: str | None = None
    issuer: str | None = None
    serial: str | None = None
    certificate: str | None = None
    certificate_hash: str | None = None
    hash_algorithm: str | None = None
    unknown: tuple[int, ...] = ()
    problem: str | None = None


class TrustList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A CTL or an ITL, with the signature over itself.

    `origin` is "fetched" from a server, or "held": the list that the phone already has, which the operator gave; what
    is fetched is judged by it. `sha256` is of the whole file, the name of its `BootFile` where it was fetched.
    `own_signature` is checked with the list's own records, `signature` with what the phone holds before it (absent at
    a first boot, when a phone takes the list as it comes).
    """

    kind: TrustListKind
    name: str
    origin: Literal["fetched", "held"]
    sha256: str
    signer_version: str | None = None
    signer: str | None = None
    issuer: str | None = None
    serial: str | None = None
    timestamp: Timestamp | None = None
    records: tuple[TrustRecord, ...] = ()
    own_signature: SignatureReading | None = None
    signature: SignatureReading | None = None
    problem: str | None = None

    def having(self, *roles: int) -> tuple[TrustRecord, ...]:
        """Return the records with one of these roles."""
        return tuple(record for record in self.records if record.role in roles)


# TVS answers a number: 0 is "trusted". 1 is "not-trusted" in usecallmanagernz/daemons; CUCM's own numbers are unknown.
TvsStatus = Literal["trusted", "not-trusted", "other-answer", "no-answer"]


class TvsAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one TVS server said of one certificate, or of a signer (a read-only request).

    `server` is `address:port`. `certificate` is what was asked about, or what a server that was asked for a signer
    gave back; `subject`, `issuer` and `serial` (lower-case hex) are the signer that it was asked for. `code` is the
    status number as sent, `roles` those of the certificate in CUCM's trust stores, `ttl_s` for how long a phone may
    keep the answer. `leaf` is the certificate of the TVS itself. `problem` says what an answer lacks.
    """

    server: str
    status: TvsStatus
    certificate: str | None = None
    subject: str | None = None
    issuer: str | None = None
    serial: str | None = None
    code: int | None = None
    roles: tuple[int, ...] = ()
    ttl_s: int | None = None
    leaf: str | None = None
    failure: Failure | None = None
    problem: str | None = None
    duration_s: float = 0.0
