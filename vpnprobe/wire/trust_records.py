"""The records of a CTL or ITL file: one certificate each, with what a phone may trust it for.

A record begins with its own length (tag 1, the whole record counted) and goes on with items as the header has them,
without containers. Sources: the file formats of usecallmanagernz/certutils; what `show itl` and `show ctl` print for
the tags.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Callable, Iterator, Sequence

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed
from vpnprobe.wire.reader import Reader
from vpnprobe.wire.sgn_items import HASH_NAMES, MAX_NAME_BYTES, decode_name, item, read_start

MAX_RECORDS = 2000  # a trust list has one record per server and role, some dozens in a large cluster
MAX_NAMES = 64  # names, and addresses, of one record; one each is what was seen
MAX_ITEMS = 160  # of one record; some ten are what was seen, the rest is room for names and addresses

_RECORD_START = 5  # the record length item

ROLE_NAMES = {0: "SAST", 1: "CCM", 2: "CCM+TFTP", 3: "TFTP", 4: "CAPF", 7: "APP-SERVER", 21: "TVS"}


class RecordTag(enum.IntEnum):
    """Items of a record."""

    LENGTH = 1
    DNS_NAME = 2
    SUBJECT = 3
    ROLE = 4
    ISSUER = 5
    SERIAL = 6
    PUBLIC_KEY = 7
    SIGNATURE = 8  # of the certificate
    CERTIFICATE = 9
    IP_ADDRESS = 10
    CERTIFICATE_HASH = 11
    HASH_ALGORITHM = 12


class RawTrustRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record as it was sent; None where an item is absent.

    `role` and `hash_algorithm` are wire numbers. Names and addresses are in order; addresses are IP literals. `serial`
    is lower-case hex. `public_key` is what the record says beside the certificate (PKCS#1 for RSA, a point for EC).
    `unknown` are tags that no source describes, each once. `problem` says what could not be read; the rest is kept.
    Of a repeated item the last one counts, but for names and addresses.
    """

    role: int | None = None
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    subject: str | None = None
    issuer: str | None = None
    serial: str | None = None
    public_key: bytes | None = None
    signature: bytes | None = None
    certificate: bytes | None = None
    certificate_hash: bytes | None = None
    hash_algorithm: int | None = None
    unknown: tuple[int, ...] = ()
    problem: str | None = None

    @property
    def hash_name(self) -> str | None:
        """`sha1`, `sha256`, `sha512`, or None for another number."""
        return None if self.hash_algorithm is None else HASH_NAMES.get(self.hash_algorithm)


def parse_trust_records(data: bytes) -> tuple[RawTrustRecord, ...]:
    """Read the records of a whole CTL or ITL file.

    A record whose inside is damaged is a record with a `problem`. Raises `Malformed` when the header or a record runs
    past the end of the file, or something else stands where a record begins; `LimitExceeded` for MAX_RECORDS.
    """
    _, header_length = read_start(data)
    return tuple(_read_record(body) for body in _split(Reader(data[header_length:], header_length)))


def count_records(data: bytes, header_length: int) -> int:
    """Return how many records stand behind the header. Raises as `parse_trust_records` does."""
    return sum(1 for _ in _split(Reader(data[header_length:], header_length)))


def build_trust_records(records: Sequence[RawTrustRecord]) -> bytes:
    """Return the bytes to put behind a header; `unknown` and `problem` are not written.

    A record has at most 65,535 bytes; OverflowError where it would have more.
    """
    return b"".join(map(_build_record, records))


def _split(reader: Reader) -> Iterator[Reader]:
    count = 0
    while reader.remaining:
        count += 1
        if count > MAX_RECORDS:
            raise LimitExceeded("records in the trust list", MAX_RECORDS)
        offset = reader.offset
        if (reader.uint(1, "record"), reader.uint(2, "record")) != (RecordTag.LENGTH, 2):
            raise Malformed(offset, "record", "does not begin with its length")
        length = reader.uint(2, "record length")
        if length < _RECORD_START:
            raise Malformed(offset, "record length", f"{length} is less than its own item")
        yield Reader(reader.take(length - _RECORD_START, "record"), offset + _RECORD_START)


def _read_record(reader: Reader) -> RawTrustRecord:
    found: dict[int, list[bytes]] = {}
    problems: list[str] = []
    try:
        for _ in range(MAX_ITEMS):
            if not reader.remaining:
                break
            tag = reader.uint(1, "tag of an item")
            value = reader.vector(2, f"item {tag}")
            found.setdefault(tag, []).append(value)
        if reader.remaining:
            problems.append(f"more than {MAX_ITEMS} items")
    except Malformed as error:
        problems.append(str(error))
    values: dict[str, object] = {}
    for known, (field, read) in _READERS.items():
        try:
            if known in found:
                values[field] = read(found[known])
        except LimitExceeded as error:
            problems.append(str(error))
        except Malformed as error:
            problems.append(f"{error.field}: {error.reason}")
    return msgspec.convert(
        values
        | {"unknown": tuple(tag for tag in found if tag not in _READERS), "problem": "; ".join(problems) or None},
        RawTrustRecord,
    )


def _read_names(values: list[bytes]) -> tuple[str, ...]:
    if len(values) > MAX_NAMES:
        raise LimitExceeded("names in the record", MAX_NAMES)
    return tuple(map(decode_name, values))


def _read_addresses(values: list[bytes]) -> tuple[str, ...]:
    if len(values) > MAX_NAMES:
        raise LimitExceeded("addresses in the record", MAX_NAMES)
    for value in values:
        if len(value) not in (4, 16):
            raise Malformed(0, "address", f"{len(value)} bytes instead of 4 or 16")
    return tuple(str(ipaddress.ip_address(value)) for value in values)


def _read_name(values: list[bytes]) -> str:
    return decode_name(values[-1])


def _read_serial(values: list[bytes]) -> str:
    if len(values[-1]) > MAX_NAME_BYTES:
        raise LimitExceeded("bytes in the serial number", MAX_NAME_BYTES)
    return values[-1].hex()


def _read_bytes(values: list[bytes]) -> bytes:
    return values[-1]


def _number(size: int, field: str) -> Callable[[list[bytes]], int]:
    def read(values: list[bytes]) -> int:
        if len(values[-1]) != size:
            raise Malformed(0, field, f"{len(values[-1])} bytes instead of {size}")
        return int.from_bytes(values[-1], "big")

    return read


_READERS: dict[int, tuple[str, Callable[[list[bytes]], object]]] = {
    RecordTag.DNS_NAME: ("names", _read_names),
    RecordTag.SUBJECT: ("subject", _read_name),
    RecordTag.ROLE: ("role", _number(2, "role")),
    RecordTag.ISSUER: ("issuer", _read_name),
    RecordTag.SERIAL: ("serial", _read_serial),
    RecordTag.PUBLIC_KEY: ("public_key", _read_bytes),
    RecordTag.SIGNATURE: ("signature", _read_bytes),
    RecordTag.CERTIFICATE: ("certificate", _read_bytes),
    RecordTag.IP_ADDRESS: ("addresses", _read_addresses),
    RecordTag.CERTIFICATE_HASH: ("certificate_hash", _read_bytes),
    RecordTag.HASH_ALGORITHM: ("hash_algorithm", _number(1, "hash algorithm")),
}


def _build_record(record: RawTrustRecord) -> bytes:
    def text(tag: RecordTag, value: str | None) -> bytes:
        return b"" if value is None else item(tag, value.encode() + b"\0")

    def raw(tag: RecordTag, value: bytes | None) -> bytes:
        return b"" if value is None else item(tag, value)

    def number(tag: RecordTag, value: int | None, size: int) -> bytes:
        return b"" if value is None else item(tag, value.to_bytes(size, "big"))

    body = b"".join(text(RecordTag.DNS_NAME, name) for name in record.names)
    body += text(RecordTag.SUBJECT, record.subject) + number(RecordTag.ROLE, record.role, 2)
    body += text(RecordTag.ISSUER, record.issuer)
    body += raw(RecordTag.SERIAL, None if record.serial is None else bytes.fromhex(record.serial))
    body += raw(RecordTag.PUBLIC_KEY, record.public_key) + raw(RecordTag.SIGNATURE, record.signature)
    body += raw(RecordTag.CERTIFICATE, record.certificate)
    body += b"".join(item(RecordTag.IP_ADDRESS, ipaddress.ip_address(one).packed) for one in record.addresses)
    body += raw(RecordTag.CERTIFICATE_HASH, record.certificate_hash)
    body += number(RecordTag.HASH_ALGORITHM, record.hash_algorithm, 1)
    return item(RecordTag.LENGTH, (_RECORD_START + len(body)).to_bytes(2, "big")) + body
