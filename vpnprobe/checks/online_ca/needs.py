"""The facts that checks of the online CA ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from vpnprobe.checks.base import Case, Lack, Need, Subject
from vpnprobe.model.capf import OnlineCa
from vpnprobe.model.evidence import Evidence
from vpnprobe.pki.certificate import CertificateFacts, describe
from vpnprobe.pki.path import PathResult, build_path

NOT_ASKED: Final = "--online-ca not given"


def subjects(evidence: Evidence) -> tuple[Subject, ...]:
    """The online CA as it was named."""
    ca = evidence.capf.online_ca if evidence.capf is not None else None
    return (Subject(label="online CA" if ca is None else str(ca.endpoint)),)


def read_ca(case: Case) -> OnlineCa | Lack:
    """Return what was seen of it; not applicable where it was not asked for."""
    ca = case.evidence.capf.online_ca if case.evidence.capf is not None else None
    if ca is not None:
        return ca
    stage = next((one for one in case.evidence.stages if one.name == "online-ca"), None)
    if stage is None or stage.because in (None, NOT_ASKED):
        return Lack(NOT_ASKED, "not-applicable")
    return Lack(f"the online CA was not looked at: {stage.because}")


ca = Need(("the online CA",), read_ca)


class Shown:
    """The CA's HTTPS certificate and the path that can be built from it."""

    def __init__(self, ca: OnlineCa, evidence: Evidence, at: datetime) -> None:
        chain = evidence.chain(ca.chain)
        self.ca = ca
        self.leaf: CertificateFacts = describe(chain[0])
        self.path: PathResult = build_path(chain, evidence.chain(ca.given), at=at)


def _read_shown(case: Case) -> Shown | Lack:
    ca = read_ca(case)
    if isinstance(ca, Lack):
        return ca
    if not ca.chain or any(name not in case.evidence.certificates for name in (*ca.chain, *ca.given)):
        return Lack("the online CA showed no certificate (OCA002)")
    shown = Shown(ca, case.evidence, case.now)
    return Lack(f"its certificate cannot be read: {shown.leaf.parse_error}") if shown.leaf.parse_error else shown


shown = Need(("the HTTPS certificate of the online CA",), _read_shown)
