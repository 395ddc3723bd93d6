"""DHCP INFORM and its answer: which TFTP server the network gives its phones (RFC 2131, 2132, 3396).

Option 150 lists IPv4 addresses (RFC 5859), option 66 names one server (RFC 2132 section 9.4). The vendor class that
the phones send is not known, so none is sent.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from ipaddress import IPv4Address

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed
from vpnprobe.wire.reader import Reader

SERVER_PORT = 67
CLIENT_PORT = 68

# More TFTP or DNS servers than this no phone would ask.
MAX_ADDRESSES = 16
# RFC 1035: a name has no more than 255 bytes.
MAX_TEXT = 255

_REQUEST = 1
_REPLY = 2
_ETHERNET = 1
_HARDWARE_LENGTH = 6
_COOKIE = bytes.fromhex("63825363")
# RFC 1542 section 2.1: BOOTP messages have at least 300 bytes, and old relays drop shorter ones.
_MIN_MESSAGE = 300

_PAD = 0
_DNS_SERVERS = 6
_DOMAIN = 15
_OVERLOAD = 52
_MESSAGE_TYPE = 53
_SERVER_ID = 54
_PARAMETERS = 55
_TFTP_NAME = 66
_TFTP_ADDRESSES = 150
_END = 255

_ASKED = bytes((_TFTP_ADDRESSES, _TFTP_NAME, _DNS_SERVERS, _DOMAIN))


class MessageType(enum.IntEnum):
    """RFC 2132 section 9.6, as far as an INFORM meets them."""

    ACK = 5
    NAK = 6
    INFORM = 8


class DhcpReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a DHCP server says. Empty or None where it says nothing; texts are raw.

    `message_type` is option 53 as sent, known or not. `server` is the server identifier (option 54).
    """

    transaction_id: int
    hardware_address: bytes
    message_type: int | None = None
    server: str | None = None
    tftp_addresses: tuple[str, ...] = ()
    tftp_name: str | None = None
    dns_servers: tuple[str, ...] = ()
    domain: str | None = None


def build_inform(transaction_id: int, address: str, hardware_address: bytes) -> bytes:
    """DHCPINFORM of a host that has its IPv4 address, asking for options 150, 66, 6 and 15.

    `hardware_address` is the six bytes of the Ethernet interface.
    """
    header = b"".join(
        (
            bytes((_REQUEST, _ETHERNET, _HARDWARE_LENGTH, 0)),
            transaction_id.to_bytes(4, "big"),
            bytes(4),  # secs, flags: the answer comes by unicast to ciaddr (RFC 2131 section 4.3.5)
            IPv4Address(address).packed,
            bytes(12),  # yiaddr, siaddr, giaddr
            hardware_address.ljust(16, b"\0"),
            bytes(64 + 128),  # sname, file
            _COOKIE,
        )
    )
    options = bytes((_MESSAGE_TYPE, 1, MessageType.INFORM, _PARAMETERS, len(_ASKED))) + _ASKED + bytes((_END,))
    return (header + options).ljust(_MIN_MESSAGE, b"\0")


def parse_reply(datagram: bytes) -> DhcpReply:
    """Parse a server's message; `Malformed` or `LimitExceeded` when it is none."""
    reader = Reader(datagram)
    if (operation := reader.uint(1, "op")) != _REPLY:
        raise Malformed(0, "op", f"{operation} is no reply")
    reader.take(1, "htype")
    if (length := reader.uint(1, "hlen")) > 16:
        raise Malformed(2, "hlen", f"{length} bytes do not fit chaddr")
    reader.take(1, "hops")
    transaction_id = reader.uint(4, "xid")
    reader.take(20, "secs to giaddr")
    hardware_address = reader.take(16, "chaddr")[:length]
    server_name = reader.take(64, "sname")
    boot_file = reader.take(128, "file")
    if reader.take(4, "magic cookie") != _COOKIE:
        raise Malformed(reader.offset - 4, "magic cookie", "this is BOOTP without DHCP")
    options = _options(reader, server_name, boot_file)
    return DhcpReply(
        transaction_id=transaction_id,
        hardware_address=hardware_address,
        message_type=_byte(options, _MESSAGE_TYPE),
        server=next(iter(_addresses(options, _SERVER_ID)), None),
        tftp_addresses=_addresses(options, _TFTP_ADDRESSES),
        tftp_name=_text(options, _TFTP_NAME),
        dns_servers=_addresses(options, _DNS_SERVERS),
        domain=_text(options, _DOMAIN),
    )


def _options(reader: Reader, server_name: bytes, boot_file: bytes) -> dict[int, bytes]:
    """Option code to value, parts of one option joined in the order of RFC 3396 section 5: options, file, sname."""
    joined: dict[int, bytes] = {}
    _join(joined, reader)
    overload = _byte(joined, _OVERLOAD) or 0
    if overload > 3:
        raise Malformed(0, "option 52", f"{overload} is no overload")
    if overload & 1:
        _join(joined, Reader(boot_file))
    if overload & 2:
        _join(joined, Reader(server_name))
    return joined


def _join(joined: dict[int, bytes], reader: Reader) -> None:
    for code, value in _items(reader):
        joined[code] = joined.get(code, b"") + value


def _items(reader: Reader) -> Iterator[tuple[int, bytes]]:
    """The options of one field; the end mark may be missing."""
    while reader.remaining:
        code = reader.uint(1, "option")
        if code == _END:
            return
        if code != _PAD:
            yield code, reader.vector(1, f"option {code}")


def _byte(options: dict[int, bytes], code: int) -> int | None:
    value = options.get(code)
    if value is None:
        return None
    if len(value) != 1:
        raise Malformed(0, f"option {code}", f"{len(value)} bytes instead of one")
    return value[0]


def _addresses(options: dict[int, bytes], code: int) -> tuple[str, ...]:
    value = options.get(code, b"")
    if len(value) % 4:
        raise Malformed(0, f"option {code}", f"{len(value)} bytes are no list of IPv4 addresses")
    if len(value) > 4 * MAX_ADDRESSES:
        raise LimitExceeded(f"addresses in option {code}", MAX_ADDRESSES)
    return tuple(str(IPv4Address(value[at : at + 4])) for at in range(0, len(value), 4))


def _text(options: dict[int, bytes], code: int) -> str | None:
    """Some servers end texts with NUL, which RFC 2132 section 2 lets them."""
    value = options.get(code, b"").rstrip(b"\0")
    if len(value) > MAX_TEXT:
        raise LimitExceeded(f"bytes in option {code}", MAX_TEXT)
    return value.decode("utf-8", "backslashreplace") or None
