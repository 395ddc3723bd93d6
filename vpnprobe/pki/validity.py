"""Whether a phone goes on with a certificate outside of its dates.

Source: VP-42 treats an expired certificate of the gateway as an outage that cuts phones off. That the phone itself
reads the dates was not observed, and nothing is said of a certificate before its time: an inference.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from vpnprobe.model.observation import Validity
from vpnprobe.pki.basis import Basis
from vpnprobe.pki.certificate import CertificateFacts


class ValidityDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the phone is taken to go on. `accepts` is None where the dates cannot be read."""

    accepts: bool | None
    validity: Validity
    basis: Basis


def decide_validity(facts: CertificateFacts, at: datetime) -> ValidityDecision:
    """Decide for the moment `at` (with time zone); the certificate has ended once notAfter is reached."""
    if facts.not_before is None or facts.not_after is None:
        return ValidityDecision(accepts=None, validity="unreadable", basis=Basis.UNKNOWN)
    validity: Validity = "valid"
    if at < facts.not_before:
        validity = "not-yet-valid"
    elif at >= facts.not_after:
        validity = "expired"
    return ValidityDecision(accepts=validity == "valid", validity=validity, basis=Basis.INFERENCE)
