"""Trust lists read, and signatures checked with them: what a phone does with the files that it was given.

Nothing is fetched here. What a phone makes of a signature is `vpnprobe.pki.trust_decision`'s to say; this is where the
facts for it are taken from bytes, and where a list that the phone would refuse keeps the older one in force.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, Literal, cast, get_args

import msgspec

from vpnprobe.model.errors import WireError
from vpnprobe.model.observation import BootFile
from vpnprobe.model.trust import SignatureReading, TrustList, TrustListKind, TrustRecord, TvsAnswer
from vpnprobe.pki.signed_file import verify_file_signature
from vpnprobe.pki.trust_decision import (
    SignedThing,
    Signer,
    TrustDecision,
    asks_signed,
    decide,
    find_signer,
    lists_after,
)
from vpnprobe.probes.recorder import Recorder
from vpnprobe.wire.sgn import SignedHeader, parse_signed_header, signed_content
from vpnprobe.wire.sgn_items import ITEM_START
from vpnprobe.wire.trust_records import RawTrustRecord, parse_trust_records

# Certificates of one issuer and serial number that are tried; an honest list has one.
_MAX_TRIED: Final = 4


class TrustFiles:
    """The trust lists and signed files of one run, and what becomes of them.

    `received` maps the place of a file in the recorder's `boot_files` to its bytes.
    """

    def __init__(self, recorder: Recorder, received: Mapping[int, bytes]) -> None:
        self._recorder = recorder
        self._received = received
        self._lists: dict[str, bytes] = {}
        self._vouched: dict[tuple[str | None, str | None], tuple[bytes, TvsAnswer]] = {}

    @property
    def held(self) -> tuple[TrustList, ...]:
        """The lists that the phone holds before anything is fetched."""
        return tuple(one for one in self._recorder.trust_lists if one.origin == "held")

    @property
    def in_force(self) -> tuple[TrustList, ...]:
        """The lists that the phone holds once it has taken or refused what the server gave."""
        # Of several of one kind the first is the phone's own, and the last one given wins.
        fetched = [one for one in reversed(self._recorder.trust_lists) if one.origin == "fetched"]
        readable = [(one, self._decision(one)) for one in fetched if one.problem is None]
        return tuple(one for one in lists_after(self.held, readable) if one.problem is None)

    def hold(self, name: str, data: bytes) -> None:
        """Take a list that the phone holds."""
        self._add(name, data, "held")

    def read_lists(self) -> None:
        """Read the lists that were fetched, and check their signatures."""
        for place, data in self._received.items():
            name = self._recorder.boot_files[place].name
            if name.lower().endswith((".tlv", ".tlv.sha512")):
                self._add(name, data, "fetched")
        self.check_lists()

    def check_lists(self) -> None:
        """Check what was fetched with what the phone holds, if it holds something."""
        holding = [one for one in self.held if one.problem is None]
        if holding:
            self._recorder.trust_lists[:] = [
                msgspec.structs.replace(one, signature=self._reading(self._lists[one.sha256], holding, "trust-list"))
                if one.origin == "fetched" and one.problem is None
                else one
                for one in self._recorder.trust_lists
            ]

    def check_files(self) -> None:
        """Check the configurations with the lists in force; where these name no TFTP server, a phone checks nothing."""
        lists = self.in_force
        if not asks_signed(lists):
            return
        for place, data in self._received.items():
            file = self._recorder.boot_files[place]
            if _is_signed_config(file):
                assert file.signed is not None
                reading = self._reading(data, lists, "configuration")
                signed = msgspec.structs.replace(file.signed, signature=reading)
                self._recorder.boot_files[place] = msgspec.structs.replace(file, signed=signed)

    def unknown_signers(self) -> tuple[Signer, ...]:
        """Return the signers that no list in force knows, each once: a phone asks a TVS about them."""
        found = [
            Signer(one.signer, one.issuer, one.serial)
            for one in self._recorder.trust_lists
            if one.signature is not None and one.signature.status == "unknown-signer"
        ]
        found += [
            Signer(file.signed.signer, file.signed.issuer, file.signed.serial)
            for file in self._recorder.boot_files
            if file.signed is not None
            and file.signed.signature is not None
            and file.signed.signature.status == "unknown-signer"
        ]
        return tuple(dict.fromkeys(found))

    def vouch(self, signer: Signer, certificate: bytes, answer: TvsAnswer) -> None:
        """Note that a TVS vouches for a signer with this certificate (DER)."""
        self._vouched[signer.issuer, signer.serial] = (certificate, answer)

    def _decision(self, one: TrustList) -> TrustDecision:
        holding = self.held
        return decide(
            "trust-list",
            one.signature if holding else one.own_signature,
            holds_list=bool(holding),
            unchanged=any(mine.sha256 == one.sha256 for mine in holding),
        )

    def _add(self, name: str, data: bytes, origin: Literal["fetched", "held"]) -> None:
        one = read_trust_list(name, data, origin, self._recorder)
        self._lists[one.sha256] = data
        self._recorder.trust_lists.append(one)

    def _reading(self, data: bytes, lists: Sequence[TrustList], thing: SignedThing) -> SignatureReading:
        reading = check_signature(data, lists, thing, self._recorder)
        if reading.status != "unknown-signer":
            return reading
        header = parse_signed_header(data)
        known = self._vouched.get((header.signer_issuer, header.signer_serial))
        if known is None:
            return reading
        certificate, answer = known
        return msgspec.structs.replace(
            _verified(data, header, certificate, self._recorder), source="TVS", roles=answer.roles
        )


def read_trust_list(name: str, data: bytes, origin: Literal["fetched", "held"], recorder: Recorder) -> TrustList:
    """Read a CTL or ITL and check it with its own records; what cannot be read is a `problem` of the list."""
    one = TrustList(kind=_kind(name), name=name, origin=origin, sha256=hashlib.sha256(data).hexdigest())
    try:
        header = parse_signed_header(data)
        if origin == "held":
            # Kept under any name; what the server calls its file is by the name that it was asked for.
            one = msgspec.structs.replace(one, kind=_kind(header.file_name or "", name))
        records = tuple(_record(raw, recorder) for raw in parse_trust_records(data))
    except WireError as error:
        return msgspec.structs.replace(one, problem=str(error))
    one = msgspec.structs.replace(
        one,
        signer_version=header.signer_version,
        signer=header.signer_name,
        issuer=header.signer_issuer,
        serial=header.signer_serial,
        timestamp=header.timestamp,
        records=records,
    )
    own = check_signature(data, (one,), "trust-list", recorder)
    if own.source is not None:
        own = msgspec.structs.replace(own, source="itself")
    return msgspec.structs.replace(one, own_signature=own)


def _kind(*names: str) -> TrustListKind:
    """Return what the first name says that says anything."""
    for name in names:
        for kind in get_args(TrustListKind):
            if kind in name.upper():
                return cast("TrustListKind", kind)
    return "ITL"


def check_signature(
    data: bytes, lists: Sequence[TrustList], thing: SignedThing, recorder: Recorder
) -> SignatureReading:
    """Check the signature of a file with the certificate that one of `lists` has of its signer."""
    try:
        header = parse_signed_header(data)
    except WireError as error:
        return SignatureReading(status="unreadable", problem=str(error))
    if header.signature_offset is None or not header.signature_length:
        return SignatureReading(status="unsigned")
    signer = Signer(header.signer_name, header.signer_issuer, header.signer_serial)
    matches = find_signer(signer, lists, thing)
    if not matches:
        return SignatureReading(status="unknown-signer", hash_algorithm=header.hash_name, key_bits=header.key_bits)
    # A record may have only the hash of the certificate that another list has whole.
    best_match = next((match for match in matches if match.fits and match.record.certificate), matches[0])
    whose = best_match.trust_list
    mine = [match.record for match in matches if match.trust_list is whose]
    names = dict.fromkeys(record.certificate for record in mine if record.certificate is not None)
    readings = [
        _verified(data, header, recorder.certificates((name,))[0], recorder) for name in list(names)[:_MAX_TRIED]
    ]
    if not readings:
        problem = "its record has no certificate, only the hash of one"
        readings = [SignatureReading(status="unsupported", hash_algorithm=header.hash_name, problem=problem)]
    best = next((reading for reading in readings if reading.status == "valid"), readings[0])
    roles = dict.fromkeys(
        record.role for record in mine if record.role is not None and record.certificate in (None, best.signer)
    )
    return msgspec.structs.replace(best, source=whose.kind, taken_from=whose.name, roles=tuple(roles))


def _verified(data: bytes, header: SignedHeader, certificate: bytes, recorder: Recorder) -> SignatureReading:
    assert header.signature_offset is not None
    assert header.signature_length is not None
    start = header.signature_offset + ITEM_START
    signature = data[start : start + header.signature_length]
    checked = verify_file_signature(signed_content(data), signature, header.hash_name, certificate)
    return SignatureReading(
        status=checked.status,
        hash_algorithm=header.hash_name,
        key_bits=checked.key_bits,
        signer=recorder.keep((certificate,))[0],
        problem=checked.problem,
    )


def _record(raw: RawTrustRecord, recorder: Recorder) -> TrustRecord:
    return TrustRecord(
        role=raw.role,
        name=next(iter(raw.names), None),
        addresses=raw.addresses,
        subject=raw.subject,
        issuer=raw.issuer,
        serial=raw.serial,
        certificate=recorder.keep((raw.certificate,))[0] if raw.certificate else None,
        certificate_hash=raw.certificate_hash.hex() if raw.certificate_hash else None,
        hash_algorithm=raw.hash_name,
        unknown=raw.unknown,
        problem=raw.problem,
    )


def _is_signed_config(file: BootFile) -> bool:
    return ".cnf.xml" in file.name and file.signed is not None and file.signed.problem is None
