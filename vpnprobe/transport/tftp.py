"""TFTP downloads on asyncio: one UDP socket, hence one new source port, for each file, as phones do.

The sockets stay unconnected: an answer comes from a port of its own (RFC 1350 section 4), and datagrams of
strangers are to be counted, which a connected socket would hide. ICMP errors are read from the socket's error
queue where the system has one (Linux); elsewhere a closed port is only seen as silence. Needs an event loop
that watches sockets (any but the proactor loop of Windows).
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct

from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.transport.addresses import socket_address
from vpnprobe.transport.client_ports import ClientPorts
from vpnprobe.transport.readiness import readiness_watch
from vpnprobe.wire.tftp import (
    DEFAULT_LIMITS,
    NO_OPTIONS,
    Address,
    TftpDownload,
    TftpLimits,
    TftpOptions,
    TftpResult,
)

# The largest UDP payload, so that nothing arrives cut.
_MAX_DATAGRAM = 65535

_ERROR_QUEUE: int | None = getattr(socket, "MSG_ERRQUEUE", None)
# IP_RECVERR and IPV6_RECVERR of linux/in.h and linux/in6.h; the socket module does not name them.
_RECEIVE_ERRORS = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
# The head of struct sock_extended_err (linux/errqueue.h): errno, origin, ICMP type, ICMP code.
_EXTENDED_ERROR = struct.Struct("=IBBB")
_ANCILLARY_SIZE = 512

# A datagram that the kernel had no room for is as good as lost on the way.
_LOST_ON_THE_WAY = {errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM, errno.EINTR}
_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}


async def fetch_tftp(
    host: str,
    port: int,
    filename: str,
    *,
    timeout: float,
    deadline: float,
    options: TftpOptions = NO_OPTIONS,
    limits: TftpLimits = DEFAULT_LIMITS,
    ports: ClientPorts | None = None,
) -> TftpResult:
    """Read one file from the TFTP server at an IP address (v6 with its scope where it needs one).

    `timeout` is how many seconds the server may stay silent, `deadline` the time of the running loop's clock
    at which the transfer ends in any case. Whatever the network, the server or this machine does is in the
    result; raises only `UsageError`, for a file name that no request can hold. Many may run at once, each
    with one open file; `ports`, shared by many transfers, keeps late datagrams for one from the next.
    """
    try:
        family, server = socket_address(host, port)
        sock = socket.socket(family, socket.SOCK_DGRAM) if ports is None else ports.open(family)
    except OSError as error:
        return TftpResult(outcome="unreachable", failure=_local_failure(error))
    with sock:
        sock.setblocking(False)
        if _ERROR_QUEUE is not None:
            sock.setsockopt(*_RECEIVE_ERRORS[family], 1)
        download = TftpDownload(server, filename, timeout=timeout, deadline=deadline, options=options, limits=limits)
        return await _Transfer(sock, download).run()


class _Transfer:
    """Moves datagrams and time between one socket and one download."""

    __slots__ = ("_download", "_loop", "_now", "_result", "_sock", "_timer")

    def __init__(self, sock: socket.socket, download: TftpDownload) -> None:
        self._sock = sock
        self._download = download
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time
        self._result: asyncio.Future[TftpResult] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> TftpResult:
        watch = readiness_watch()
        try:
            watch.add(self._sock.fileno(), self._readable)
        except OSError as error:
            return TftpResult(outcome="unreachable", failure=_local_failure(error))
        try:
            self._send([(self._download.start(self._now()), self._download.peer)])
            self._wake()
            return await self._result
        finally:
            watch.remove(self._sock.fileno())
            if self._timer is not None:
                self._timer.cancel()

    def _readable(self) -> None:
        try:
            datagram, sender = self._sock.recvfrom(_MAX_DATAGRAM)
        except OSError:
            # Whatever it was, an ICMP message left its trace in the error queue.
            self._read_errors()
        else:
            self._download.receive(datagram, sender, self._now())
        self._settle()

    def _wake(self) -> None:
        """The one timer. It goes off too early as a rule, as each block of the file puts the deadline off."""
        self._download.timer(self._now())
        self._settle()
        deadline = self._download.deadline()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._wake)

    def _settle(self) -> None:
        download = self._download
        self._send(download.to_send())
        if download.result is not None and not self._result.done():
            self._result.set_result(download.result)

    def _send(self, datagrams: list[tuple[bytes, Address]]) -> None:
        for datagram, receiver in datagrams:
            try:
                self._sock.sendto(datagram, receiver)
            except OSError as error:
                # A trace in the error queue means that it is about an earlier datagram, perhaps to a stranger.
                if self._read_errors() or error.errno in _LOST_ON_THE_WAY:
                    continue
                if receiver == self._download.peer:
                    self._download.unreachable(_local_failure(error))

    def _read_errors(self) -> bool:
        """Take what waits in the error queue; whether there was anything."""
        found = False
        while _ERROR_QUEUE is not None:
            try:
                _, ancillary, _, destination = self._sock.recvmsg(0, _ANCILLARY_SIZE, _ERROR_QUEUE)
            except OSError:
                break
            found = True
            if destination == self._download.peer:
                for _level, _kind, extended in ancillary:
                    self._download.unreachable(_icmp_failure(extended))
        return found


def _local_failure(error: OSError) -> Failure:
    kind = FailureKind.UNREACHABLE if error.errno in _NO_ROUTE else FailureKind.LOCAL
    return Failure(kind=kind, detail=error.strerror or str(error))


def _icmp_failure(extended: bytes) -> Failure:
    number, _origin, icmp_type, icmp_code = _EXTENDED_ERROR.unpack_from(extended)
    kind = FailureKind.REFUSED if number == errno.ECONNREFUSED else FailureKind.UNREACHABLE
    return Failure(kind=kind, detail=f"{os.strerror(number)} (ICMP type {icmp_type} code {icmp_code})")
