"""Trust lists that the operator gave as files: the records of each, as the phone that holds it has them."""

from __future__ import annotations

import hashlib

import msgspec

from vpnprobe.model.errors import WireError
from vpnprobe.model.trust import TrustList, TrustListKind, TrustRecord
from vpnprobe.probes.options import GivenFile
from vpnprobe.probes.recorder import Recorder
from vpnprobe.wire.sgn import parse_signed_header
from vpnprobe.wire.trust_records import RawTrustRecord, parse_trust_records

CAPF_ROLE = 4


def read_held_list(file: GivenFile, recorder: Recorder) -> TrustList:
    """Read one file; what cannot be read is a `problem` of the list. No signature is checked."""
    kind: TrustListKind = "CTL" if "CTL" in file.name.upper() else "ITL"
    held = TrustList(kind=kind, name=file.name, origin="held", sha256=hashlib.sha256(file.data).hexdigest())
    try:
        header = parse_signed_header(file.data)
        records = parse_trust_records(file.data)
    except WireError as error:
        return msgspec.structs.replace(held, problem=str(error))
    return msgspec.structs.replace(
        held,
        signer_version=header.signer_version,
        signer=header.signer_name,
        issuer=header.signer_issuer,
        serial=header.signer_serial,
        timestamp=header.timestamp,
        records=tuple(_record(record, recorder) for record in records),
    )


def _record(record: RawTrustRecord, recorder: Recorder) -> TrustRecord:
    return TrustRecord(
        role=record.role,
        name=next(iter(record.names), None),
        addresses=record.addresses,
        subject=record.subject,
        issuer=record.issuer,
        serial=record.serial,
        certificate=recorder.keep((record.certificate,))[0] if record.certificate else None,
        certificate_hash=record.certificate_hash.hex() if record.certificate_hash else None,
        hash_algorithm=record.hash_name,
        unknown=record.unknown,
        problem=record.problem,
    )
