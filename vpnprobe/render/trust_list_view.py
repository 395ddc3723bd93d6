"""A trust list as lines for a terminal: its signature, and its records. Shows, judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from vpnprobe.model.trust import SignatureReading, SignatureStatus, TrustList, TrustRecord
from vpnprobe.pki.certificate import CertificateFacts, describe
from vpnprobe.render.escape import printable
from vpnprobe.render.wrapping import Line, Row
from vpnprobe.wire.trust_records import ROLE_NAMES

_NAME = 120  # characters of a distinguished name; the longest seen has under 200, and its start tells whose it is
_RECORD_HEAD = 16  # columns of the margin and the longest usual role; what follows is wrapped behind them

_STATUS: Mapping[SignatureStatus, str] = {
    "valid": "valid",
    "invalid": "WRONG",
    "unknown-signer": "not checked, the signer's certificate is not at hand",
    "unsigned": "there is none",
    "unsupported": "cannot be checked here",
    "unreadable": "cannot be read",
}


def trust_list_lines(trust_list: TrustList) -> Iterator[Line]:
    """Yield what the list as a whole says: its name, signer and signatures."""
    yield Row("  ", _title(trust_list))
    if trust_list.problem is not None:
        yield Row("    problem    ", printable(trust_list.problem))
    if trust_list.signer is not None or trust_list.serial is not None:
        serial = f", serial {printable(trust_list.serial, _NAME)}" if trust_list.serial is not None else ""
        yield Row("    signer     ", f"{printable(trust_list.signer or 'no name', _NAME)}{serial}")
    for label, reading in (("itself", trust_list.own_signature), ("held list", trust_list.signature)):
        if reading is not None:
            yield Row("    signature  ", f"by {label}: {signature_words(reading)}")


def signature_words(reading: SignatureReading) -> str:
    """Return for instance `valid, SHA1 with 2048 bits, signer is CCM+TFTP in ITLFile.tlv`."""
    parts = [_STATUS[reading.status]]
    if reading.hash_algorithm is not None:
        bits = f" with {reading.key_bits} bits" if reading.key_bits is not None else ""
        parts.append(printable(reading.hash_algorithm, 20).upper() + bits)
    if reading.taken_from is not None:
        roles = f"{', '.join(map(role_name, reading.roles))} in " if reading.roles else "in "
        parts.append(f"signer is {roles}{printable(reading.taken_from, 60)}")
    if reading.problem is not None:
        parts.append(printable(reading.problem))
    return ", ".join(parts)


def record_lines(record: TrustRecord, certificates: Mapping[str, bytes]) -> Iterator[Line]:
    """Yield one record: role, subject, issuer, serial number, validity, address, and below them the fingerprints.

    `certificates` maps names (SHA-256, hex) to DER; what is only in the record is told from what its certificate says.
    """
    der = certificates.get(record.certificate or "")
    facts = describe(der) if der is not None else None
    parts = list(_identity(record, facts))
    if record.name is not None or record.addresses:
        where = [printable(one, 60) for one in (record.name, *record.addresses) if one]
        parts.append(f"at {', '.join(where)}")
    if record.unknown:
        parts.append(f"unknown items {', '.join(map(str, record.unknown[:8]))}")
    if record.problem is not None:
        parts.append(f"problem: {printable(record.problem, 200)}")
    yield Row(f"    {role_name(record.role)}  ".ljust(_RECORD_HEAD), "  ".join(parts))
    # Fingerprints are copied: each has a line of its own, short enough for 80 columns.
    if facts is not None:
        yield f"      SHA-1   {facts.sha1}"
        yield f"      SHA-256 {facts.sha256.replace(':', '').lower()}"
    elif record.certificate_hash is not None:
        algorithm = printable((record.hash_algorithm or "hash").upper(), 20)
        yield f"      {algorithm:7} {printable(record.certificate_hash, 128)}"


def role_name(role: int | None) -> str:
    """Return the name of a role, or its number where no source names it."""
    return "no role" if role is None else ROLE_NAMES.get(role, f"role {role}")


def _title(trust_list: TrustList) -> str:
    parts = [f"{printable(trust_list.name, 80)}: {trust_list.kind}, {trust_list.origin}"]
    if trust_list.signer_version is not None:
        parts.append(f"signer version {printable(trust_list.signer_version, 10)}")
    if trust_list.timestamp is not None:
        parts.append(f"made {datetime.fromtimestamp(trust_list.timestamp, UTC):%Y-%m-%d %H:%M} UTC")
    count = len(trust_list.records)
    return ", ".join([*parts, f"{count} record{'' if count == 1 else 's'}"])


def _identity(record: TrustRecord, facts: CertificateFacts | None) -> Iterator[str]:
    if facts is None or facts.parse_error is not None:
        yield printable(record.subject or "no subject", _NAME)
        if record.issuer is not None:
            yield f"issuer {printable(record.issuer, _NAME)}"
        if record.serial is not None:
            yield f"serial {printable(record.serial, _NAME)}"
        yield f"certificate unreadable: {printable(facts.parse_error or '', _NAME)}" if facts else "no certificate"
        return
    subject = next(iter(facts.common_names), facts.subject) or "no subject"
    issuer = next(iter(facts.issuer_common_names), facts.issuer) or "no issuer"
    yield printable(subject, _NAME)
    yield "issued by itself" if facts.subject == facts.issuer else f"issuer {printable(issuer, _NAME)}"
    yield f"serial {printable(facts.serial or 'unreadable', _NAME)}"
    yield f"{_day(facts.not_before)} to {_day(facts.not_after)}"


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment is not None else "unreadable"
