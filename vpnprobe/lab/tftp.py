"""A TFTP server (RFC 1350, blksize and tsize of RFC 2348 and 2349) on tftpy's packet classes, with faults.

tftpy's own server is not used: it runs in a thread and cannot be made to misbehave.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from tftpy.TftpPacketFactory import TftpPacketFactory
from tftpy.TftpPacketTypes import TftpPacketACK, TftpPacketDAT, TftpPacketOACK, TftpPacketRRQ
from tftpy.TftpShared import TftpException

from vpnprobe.lab.listening import Address, DatagramServer, udp_server
from vpnprobe.lab.scenario import ConfigServer

P = TypeVar("P")

_ERROR = b"\x00\x05"
_BLOCK_SIZE = 512
_RESEND_AFTER_S = 1.0
_RESENDS = 3
# A server that truncates goes silent after this many blocks, and one that dies closes its port; every configuration
# of the lab is longer.
_BLOCKS_BEFORE_THE_END = 2

_NOT_FOUND = (1, "File not found")
_ERRORS = {
    "not-found": _NOT_FOUND,
    "access-denied": (2, "Access violation"),
    "server-error": (0, "Max serving count reached"),
}


@asynccontextmanager
async def tftp_server(sock: socket.socket, files: Mapping[str, bytes], server: ConfigServer) -> AsyncIterator[None]:
    """Serve `files` on a bound UDP socket until the body ends; each transfer gets a port of its own."""
    listener = _Listener(sock.getsockname()[0], files, server)
    async with udp_server(sock, listener):
        try:
            yield
        finally:
            await listener.end()


class _Listener(DatagramServer):
    """Starts one transfer for each read request."""

    def __init__(self, host: str, files: Mapping[str, bytes], server: ConfigServer) -> None:
        super().__init__()
        self._host = host
        self._files = files
        self._fault = server.tftp
        self._ignored = server.ignores
        self._lost: set[str] = set()
        self._transfers: set[asyncio.Task[None]] = set()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        request = _parsed(data, TftpPacketRRQ)
        if self._fault == "silent" or request is None or request.filename.partition(".")[0] in self._ignored:
            return
        if self._fault == "loses-first" and request.filename not in self._lost:
            self._lost.add(request.filename)
            return
        task = asyncio.create_task(self._transfer(request, addr))
        self._transfers.add(task)
        task.add_done_callback(self._transfers.discard)

    async def end(self) -> None:
        """Cancel transfers that are still running."""
        running = tuple(self._transfers)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _transfer(self, request: TftpPacketRRQ, client: Address) -> None:
        async with _session(self._host, client) as session:
            if (error := _ERRORS.get(self._fault)) is not None:
                session.send(_error(*error))
                return
            data = self._files.get(request.filename)
            if data is None:
                session.send(_error(*_NOT_FOUND))
                return
            async with _session(self._host, client) as stranger:
                await self._send_file(session, stranger, data, request.options)

    async def _send_file(self, session: _Session, stranger: _Session, data: bytes, options: Mapping[str, str]) -> None:
        size = _BLOCK_SIZE
        agreed = {}
        if "blksize" in options and self._fault == "serves":
            size = int(options["blksize"])
            agreed["blksize"] = str(size)
        if "tsize" in options:
            agreed["tsize"] = str(len(data))
        if agreed and not await session.exchange(_options(agreed), 0):
            return
        # A file whose size is a multiple of the block's ends with an empty block.
        for number, start in enumerate(range(0, len(data) + 1, size), 1):
            if number > _BLOCKS_BEFORE_THE_END and self._fault == "dies":
                return
            if number > _BLOCKS_BEFORE_THE_END and self._fault == "truncates":
                await asyncio.Event().wait()
            if not await session.exchange(_block(number, data[start : start + size]), number):
                return
            if self._fault == "foreign-datagrams":
                # Only now does the client know whose datagrams are the right ones.
                stranger.send(_block(number + 1, b"<device>a stranger's file</device>"))


class _Session(DatagramServer):
    """One transfer's own port, connected to its client."""

    def __init__(self) -> None:
        super().__init__()
        self._received: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, _addr: Address) -> None:
        self._received.put_nowait(data)

    async def exchange(self, packet: bytes, acknowledged: int) -> bool:
        """Send `packet` until this block is acknowledged; False when the client gave up."""
        for _ in range(1 + _RESENDS):
            self.send(packet)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_RESEND_AFTER_S):
                    while True:
                        datagram = await self._received.get()
                        if datagram.startswith(_ERROR):
                            return False
                        answer = _parsed(datagram, TftpPacketACK)
                        if answer is not None and answer.blocknumber == acknowledged:
                            return True
        return False


@asynccontextmanager
async def _session(host: str, client: Address) -> AsyncIterator[_Session]:
    loop = asyncio.get_running_loop()
    transport, session = await loop.create_datagram_endpoint(
        _Session, local_addr=(host, 0), remote_addr=(client[0], client[1])
    )
    try:
        yield session
    finally:
        transport.close()


def _parsed(data: bytes, kind: type[P]) -> P | None:
    """Return tftpy's packet object of this kind; None for any other datagram."""
    # tftpy writes every ERROR that it parses to its log.
    if data.startswith(_ERROR):
        return None
    try:
        packet: object = TftpPacketFactory().parse(data)
    except (TftpException, ValueError, AssertionError):
        return None
    return packet if isinstance(packet, kind) else None


def _block(number: int, data: bytes) -> bytes:
    packet = TftpPacketDAT()
    packet.blocknumber = number
    packet.data = data
    return _encoded(packet)


def _options(agreed: Mapping[str, str]) -> bytes:
    packet = TftpPacketOACK()
    packet.options = dict(agreed)
    return _encoded(packet)


def _encoded(packet: TftpPacketDAT | TftpPacketOACK) -> bytes:
    wire: bytes = packet.encode().buffer
    return wire


def _error(code: int, text: str) -> bytes:
    # tftpy's ERROR packet has a fixed text for each code and none for 0.
    return _ERROR + code.to_bytes(2, "big") + text.encode("ascii") + b"\x00"
