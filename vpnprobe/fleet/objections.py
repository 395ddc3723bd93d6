"""What stands against a cut-over for one phone, and what it is judged by: its hashes, and a gateway as it is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vpnprobe.fleet.cutover_plan import GivenCertificate
from vpnprobe.model.fleet import RenewalStep
from vpnprobe.model.target import GroupUrl
from vpnprobe.pki.fingerprint import CertHash
from vpnprobe.pki.pin import PinDecision, decide_leaf_pin, decide_pin

# The heaviest first.
Weight = Literal["cut-off", "unknown", "reservation"]


@dataclass(frozen=True, slots=True)
class Objection:
    """A sentence about what stands against the swap, and the step of the procedure that would mend it."""

    weight: Weight
    text: str
    step: RenewalStep | None = None


@dataclass(frozen=True, slots=True)
class ShownGateway:
    """A gateway that a phone dials, as its model's hello finds it now.

    `shown` maps each address (`address:port`) to the chain that it shows, as DER, leaf first; empty where it shows
    none. A `url` without a host cannot be dialled.
    """

    url: GroupUrl
    shown: Mapping[str, tuple[bytes, ...]]

    @property
    def chains(self) -> tuple[tuple[bytes, ...], ...]:
        """The chains that are shown."""
        return tuple(chain for chain in self.shown.values() if chain)


@dataclass(frozen=True, slots=True)
class Pins:
    """The certHashes of one configuration, and its hashAlg."""

    hashes: tuple[CertHash, ...]
    hash_alg: str | None

    def at(self, chain: tuple[bytes, ...]) -> PinDecision:
        """Decide as the phone does at a gateway that shows this chain."""
        return decide_pin(self.hashes, chain, self.hash_alg)

    def on(self, certificate: GivenCertificate) -> PinDecision:
        """Decide for a certificate of which perhaps nothing but the hash is known."""
        if certificate.chain:
            return self.at(certificate.chain)
        return decide_leaf_pin(self.hashes, certificate.leaf_sha1, self.hash_alg)
