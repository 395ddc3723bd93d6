"""Check of CAPF's certificate against what phones have of it in their trust lists."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Lack, Need, Result, failed, fix, passed, unclear
from vpnprobe.checks.capf import needs
from vpnprobe.checks.capf.needs import CapfCertificate
from vpnprobe.checks.capf.reaching import PROBE
from vpnprobe.checks.needs import certificate_facts, not_reached
from vpnprobe.checks.wording import listing, listing_of_names
from vpnprobe.model.finding import Fact
from vpnprobe.model.trust import TrustRecord

_CAPF_ROLE: Final = 4


def _read_given(case: Case) -> tuple[str, ...] | Lack:
    """Return the names of the CAPF certificates that were given, none where trust lists were given without one."""
    seen = case.evidence.capf
    stage = next((one for one in case.evidence.stages if one.name == "trust-list"), None)
    if seen is None or stage is None:
        return not_reached(case.evidence, "trust-list")
    if seen.ca_certificates or case.evidence.trust_lists:
        return seen.ca_certificates
    if stage.because is not None and stage.because.startswith("neither"):
        return Lack(f"{stage.because}: compare with show cert own CAPF", "not-applicable")
    return not_reached(case.evidence, "trust-list")


_given: Final = Need(("CAPF certificates of a trust list or of a file",), _read_given)


def _judge_listed(case: Case, known: tuple[CapfCertificate, tuple[str, ...]]) -> Result:
    shown, given = known
    lists = case.evidence.trust_lists
    held = [case.evidence.certificates[name] for name in given if name in case.evidence.certificates]
    facts: dict[str, Fact] = {"subject": shown.leaf.subject, "sha256": shown.leaf.sha256}
    if shown.ders[0] in held:
        return passed("the certificate that is shown is the one that phones know", **facts)
    records = [record for held_list in lists for record in held_list.having(_CAPF_ROLE)]
    if any(_names_by_hash(record, shown) for record in records):
        return passed("the trust list has the hash of the certificate that is shown", **facts)
    broken = [held_list for held_list in lists if held_list.problem is not None]
    if broken and not given:
        return unclear(f"{listing(one.name for one in broken)} cannot be read: {broken[0].problem}", **facts)
    unread = [record for record in records if record.certificate is None and _hash_of(record, shown) is None]
    if unread:
        return unclear("a record of CAPF in the trust list names its certificate in a way that cannot be read", **facts)
    if not records and not given:
        return failed(f"{listing(one.name for one in lists)} has no record of a CAPF", "no-record", **facts)
    others = [certificate_facts(der) for der in held]
    said = listing_of_names(f"{one.subject} (serial {one.serial})" for one in others) or "a hash of another one"
    return failed(
        f"phones know another certificate: {said}; shown is {shown.leaf.subject} (serial {shown.leaf.serial})", **facts
    )


def _hash_of(record: TrustRecord, shown: CapfCertificate) -> str | None:
    """Return the hash of the shown certificate by the record's algorithm, None where the record has no usable hash."""
    digests = {"sha1": shown.leaf.sha1, "sha256": shown.leaf.sha256}
    digest = digests.get(record.hash_algorithm or "")
    return None if record.certificate_hash is None or digest is None else digest.replace(":", "").lower()


def _names_by_hash(record: TrustRecord, shown: CapfCertificate) -> bool:
    return record.certificate_hash is not None and record.certificate_hash == _hash_of(record, shown)


_REBUILD: Final = fix(
    "CUCM",
    """
    show cert own CAPF
    show ctl
    show itl
    Write the trust lists anew with the present certificate:
    utils ctl update CTLFile
    utils service restart Cisco Trust Verification Service
    utils service restart Cisco Tftp
    Reset the phones, so that they fetch the lists.
    """,
)

CPF021 = Check(
    id="CPF021",
    slug="capf-same-certificate",
    title="CAPF shows the certificate that the phones' trust list has of it",
    stage="trust-list",
    severity="critical",
    probes=("capf",),
    subjects=needs.leaves,
    needs=needs.certificate & _given,
    judge=_judge_listed,
    covers=("CA-03",),
    rationale="CAPF's certificate is made at installation and copied into the trust list, by which phones know it. "
    "After it was made anew, or when the phone comes from another cluster, the list must be written anew.",
    guide=Guide(fix=(_REBUILD,), next=(PROBE,)),
    variants={
        "no-record": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    A cluster in non-secure mode has no CTL; its ITL lists CAPF where the service is activated.
                    utils service list
                    """,
                ),
                _REBUILD,
            ),
            next=("vpnprobe config <device> --tftp <tftp-server> --show", PROBE),
        )
    },
)
