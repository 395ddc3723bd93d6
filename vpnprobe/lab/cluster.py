"""The certificates of one CUCM cluster, and the ITL that names them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from vpnprobe.lab.issuing import Issued, certificate_builder, key_usage, lab_name, rsa_key, signed
from vpnprobe.lab.signed_files import ROLE_CAPF, ROLE_CCM_AND_TFTP, ROLE_SAST, ROLE_TVS, trust_list

_ORGANIZATION = "vpnprobe lab (not Cisco)"
_DAYS = 1800


class Cluster:
    """What CUCM's own services have: CallManager.pem (TFTP too), TVS.pem, ITLRecovery.pem, all self-signed, and CAPF.

    `host` is the name of its one server. Two clusters with other hosts share neither key nor certificate. CallManager
    and ITLRecovery are there twice, the second as after a renewal; `days_left` is of the first CallManager.
    """

    def __init__(self, host: str, now: datetime, capf: Issued, *, days_left: int = _DAYS) -> None:
        self.host = host
        self._now = now
        self.capf = capf
        self.call_manager = self._issue(host, days_left)
        self.renewed_call_manager = self._issue(host)
        self.tvs = self._issue(host)
        self.recovery = self._issue(f"ITLRECOVERY_{host}")
        self.renewed_recovery = self._issue(f"ITLRECOVERY_{host}")

    @property
    def members(self) -> tuple[tuple[int, Issued], ...]:
        """Roles and certificates of the ITL, as CUCM 12 writes it."""
        return (
            (ROLE_SAST, self.recovery),
            (ROLE_SAST, self.call_manager),
            (ROLE_CCM_AND_TFTP, self.call_manager),
            (ROLE_CAPF, self.capf),
            (ROLE_TVS, self.tvs),
        )

    def trust_list(
        self,
        name: str,
        *,
        members: Sequence[tuple[int, Issued]] | None = None,
        signer: Issued | None = None,
        at: datetime | None = None,
    ) -> bytes:
        """Return an ITL of this name, signed by ITLRecovery unless another signer is given.

        As in CUCM's own, certificates stand there of those who sign, and of CAPF and TVS their hashes (`show itl` in
        Cisco document 116232).
        """
        return trust_list(
            self.members if members is None else members,
            name,
            signer or self.recovery,
            at or self._now,
            by_hash=(ROLE_CAPF, ROLE_TVS),
        )

    def _issue(self, common_name: str, days_left: int = _DAYS) -> Issued:
        name = lab_name(_ORGANIZATION, common_name)
        # One key for all of a cluster: making keys is what costs time, and serial numbers tell certificates apart.
        key = rsa_key(f"cluster {self.host}")
        builder = certificate_builder(name, name, key, now=self._now, age_days=_DAYS, days_left=days_left)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(self.host)]), critical=False
        ).add_extension(key_usage(digital_signature=True, key_encipherment=True, sign=True), critical=True)
        return signed(builder, key)
