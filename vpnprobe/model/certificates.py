"""Certificates that the operator gave, one by one or by the thousand, and what they are held against."""

from __future__ import annotations

from typing import Literal

import msgspec

# What a certificate is taken to be; told from subject and issuer, or said by the operator.
CertificateUse = Literal["lsc", "mic", "capf", "ca", "gateway", "unknown"]


class GivenCertificate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One certificate: where it was read (file or URL), its place there counted from 1, and what came with it.

    `certificate` names its DER in Evidence. `use_given` is what the operator says it is. `chain` are the other
    certificates of the same file or session. `request_keys` (SHA-256 of a SubjectPublicKeyInfo, hex) are keys of newer
    certificate requests of the same phone. `capf` are CAPF certificates of given trust lists, `authorities` the DER
    names of a gateway's certificate request (None: none was asked for).
    """

    source: str
    place: int = 1
    certificate: str
    use_given: CertificateUse | None = None
    online_ca: bool = False
    chain: tuple[str, ...] = ()
    request_keys: tuple[str, ...] = ()
    capf: tuple[str, ...] = ()
    authorities: tuple[bytes, ...] | None = None
