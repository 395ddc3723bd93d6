"""Asking the network's DHCP server which TFTP server it gives to phones, by one DHCPINFORM (Linux).

No lease is asked for or changed.
"""

from __future__ import annotations

import asyncio
import errno
import secrets
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from vpnprobe.model.errors import TransportError, UsageError, WireError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.wire.dhcp import CLIENT_PORT, SERVER_PORT, DhcpReply, MessageType, build_inform, parse_reply

_MAX_DATAGRAM = 65535
_BROADCAST = "255.255.255.255"
# The question is sent this often; the waits double and add up to the timeout.
_TRIES = 3

_ROUTES = Path("/proc/net/route")
_ROUTE_IS_UP = 1  # RTF_UP of linux/route.h

# linux/sockios.h, linux/if.h and linux/if_arp.h.
_GET_ADDRESS = 0x8915
_GET_HARDWARE_ADDRESS = 0x8927
_NAME_SIZE = 16
_REQUEST = struct.Struct(f"{_NAME_SIZE}s24s")
_ETHERNET = 1


class DhcpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What DHCP says about TFTP servers.

    `interface` is where it was asked, None if none could be found. `server` is the DHCP server. `tftp_addresses` is
    option 150, `tftp_name` option 66: a name or an address, raw. `failure` says why there was no answer.
    """

    interface: str | None = None
    server: str | None = None
    tftp_addresses: tuple[str, ...] = ()
    tftp_name: str | None = None
    failure: Failure | None = None


async def inform(interface: str | None, *, timeout: float) -> DhcpAnswer:
    """Ask on an Ethernet interface that has an IPv4 address; None means the one of the default route.

    `timeout` is in seconds. The first server that acknowledges is taken. Raises only `UsageError`, for an interface
    that does not exist.
    """
    try:
        interface = interface or _default_interface()
        with _client_socket(interface) as sock:
            reply = await _ask(sock, *_own_addresses(sock, interface), timeout)
    except TransportError as error:
        return DhcpAnswer(interface=interface, failure=error.failure)
    return DhcpAnswer(
        interface=interface, server=reply.server, tftp_addresses=reply.tftp_addresses, tftp_name=reply.tftp_name
    )


def _local(detail: str) -> TransportError:
    return TransportError(Failure(kind=FailureKind.LOCAL, detail=detail))


def _default_interface() -> str:
    if not _ROUTES.exists():
        raise _local("the default route is only known on Linux; name the interface: --tftp dhcp:INTERFACE")
    candidates = sorted(_default_routes(_ROUTES.read_text(encoding="ascii")))
    if not candidates:
        raise _local("no default route; name the interface: --tftp dhcp:INTERFACE")
    return candidates[0][1]


def _default_routes(table: str) -> Iterator[tuple[int, str]]:
    """Metric and interface of each default route that is up."""
    for line in table.splitlines()[1:]:
        name, destination, _gateway, flags, _, _, metric, mask = line.split()[:8]
        if int(destination, 16) == int(mask, 16) == 0 and int(flags, 16) & _ROUTE_IS_UP:
            yield int(metric), name


def _client_socket(interface: str) -> socket.socket:
    """A socket on the client's port of this interface."""
    names = [name for _, name in socket.if_nameindex()]
    if interface not in names:
        raise UsageError(f"there is no network interface {interface!r}; use one of {', '.join(names)}")
    if sys.platform != "linux":
        raise _local("DHCP can only be asked on Linux; name the TFTP server with --tftp")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        # This machine's own DHCP client may hold the port; Linux gives the datagram to the socket that is bound
        # to the interface.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        sock.bind(("", CLIENT_PORT))
    except OSError as error:
        sock.close()
        raise _local(_why_no_port(error)) from error
    return sock


def _why_no_port(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"UDP port {CLIENT_PORT} needs privilege: run with sudo, or give the interpreter the capabilities "
            "cap_net_bind_service and cap_net_raw, or name the TFTP server with --tftp"
        )
    if error.errno == errno.EADDRINUSE:
        return f"this machine's DHCP client keeps UDP port {CLIENT_PORT} to itself; name the TFTP server with --tftp"
    return f"UDP port {CLIENT_PORT}: {error.strerror}"


def _own_addresses(sock: socket.socket, interface: str) -> tuple[str, bytes]:
    """IPv4 address and Ethernet address of the interface."""
    family, hardware_address = _interface_value(sock, interface, _GET_HARDWARE_ADDRESS, "no hardware address")
    if family != _ETHERNET:
        raise _local(f"{interface} is not Ethernet")
    _, address = _interface_value(sock, interface, _GET_ADDRESS, "no IPv4 address, which an INFORM needs")
    return socket.inet_ntoa(address[2:6]), hardware_address[:6]


def _interface_value(sock: socket.socket, interface: str, request: int, without: str) -> tuple[int, bytes]:
    """Family and bytes of the socket address that an interface request gives."""
    import fcntl  # not there on every system that imports this module

    try:
        answer = fcntl.ioctl(sock, request, _REQUEST.pack(interface.encode(), b""))
    except OSError as error:
        raise _local(f"{interface} has {without}") from error
    family: int
    (family,) = struct.unpack_from("=H", answer, _NAME_SIZE)
    return family, answer[_NAME_SIZE + 2 :]


async def _ask(sock: socket.socket, address: str, hardware_address: bytes, timeout: float) -> DhcpReply:
    transaction_id = secrets.randbits(32)
    question = build_inform(transaction_id, address, hardware_address)
    breaches: list[str] = []
    for attempt in range(_TRIES):
        try:
            sock.sendto(question, (_BROADCAST, SERVER_PORT))
            async with asyncio.timeout(timeout * 2**attempt / (2**_TRIES - 1)):
                return await _acknowledgement(sock, transaction_id, hardware_address, breaches)
        except TimeoutError:
            continue
        except OSError as error:
            raise _local(f"DHCP: {error.strerror}") from error
    if breaches:
        raise TransportError(Failure(kind=FailureKind.MALFORMED, detail=breaches[0]))
    raise TransportError(Failure(kind=FailureKind.TIMEOUT, detail="no DHCP server answers an INFORM"))


async def _acknowledgement(
    sock: socket.socket, transaction_id: int, hardware_address: bytes, breaches: list[str]
) -> DhcpReply:
    """The first DHCPACK for us. What is for others is passed over; the last breach of the format is kept."""
    loop = asyncio.get_running_loop()
    while True:
        # Where datagrams come faster than they are read, reading never waits, and the timeout would never come.
        await asyncio.sleep(0)
        datagram, (_, port) = await loop.sock_recvfrom(sock, _MAX_DATAGRAM)
        if port != SERVER_PORT:
            continue
        try:
            reply = parse_reply(datagram)
        except WireError as error:
            breaches[:] = [str(error)]
            continue
        if (
            reply.message_type == MessageType.ACK
            and reply.transaction_id == transaction_id
            and reply.hardware_address == hardware_address
        ):
            return reply
