"""One read request from the first datagram to its end, without sockets and clocks.

The caller sends what `start` returned to the server, hands over each datagram with the address it came
from, sends what `to_send` gives, and calls `timer` when `deadline` has come. Times are seconds of one
monotonic clock of the caller.
"""

from __future__ import annotations

import msgspec

from vpnprobe.model.errors import Malformed, UsageError, WireError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import BootFileOutcome
from vpnprobe.wire.tftp.options import DEFAULT_BLOCK_SIZE, NO_OPTIONS, TftpOptions, accept
from vpnprobe.wire.tftp.packet import (
    HEADER_SIZE,
    Data,
    ErrorCode,
    OptionAck,
    ServerError,
    build_ack,
    build_error,
    build_read_request,
    data_header,
    is_error,
    is_opening,
    parse_answer,
)
from vpnprobe.wire.tftp.result import Address, TftpResult

# Configuration files are about 10 kB and trust lists under 100 kB; nothing that we read comes near this.
MAX_FILE_BYTES = 4 * 1024 * 1024
# How often one packet is sent before the server counts as silent. The waits double and add up to the step's
# timeout: 0.7, 1.4 and 2.9 s of 5 s.
DEFAULT_TRIES = 3
# Foreign datagrams answered with ERROR 5; the rest is dropped in silence, lest we take part in a flood.
MAX_FOREIGN_REPLIES = 3
# Duplicates of one block that are acknowledged again. A server repeats a block a handful of times; one that
# repeats it at every ACK would play ping-pong with us until the deadline.
MAX_REPEATED_ACKS = 16

_BLOCK_NUMBERS = 0x10000

_ERROR_OUTCOMES: dict[int, BootFileOutcome] = {
    ErrorCode.FILE_NOT_FOUND: "not-found",
    ErrorCode.ACCESS_VIOLATION: "refused",
}


class TftpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much a download may take: `max_bytes` of file, `tries` of each packet."""

    max_bytes: int = MAX_FILE_BYTES
    tries: int = DEFAULT_TRIES


DEFAULT_LIMITS = TftpLimits()


class TftpDownload:
    """A client's side of one transfer.

    `server` is the address that the request goes to: the answer must come from its host, from any port (RFC
    1350 section 4). `timeout` is how many seconds the server may stay silent, all retransmissions included;
    `deadline` is the point in time at which the transfer ends in any case. Raises `UsageError` for a file
    name that no request can hold.

    `result` is None until the transfer has ended. `peer` is where our packets go: the port asked, then the
    server's transfer ID.
    """

    def __init__(
        self,
        server: Address,
        filename: str,
        *,
        timeout: float,
        deadline: float,
        options: TftpOptions = NO_OPTIONS,
        limits: TftpLimits = DEFAULT_LIMITS,
    ) -> None:
        if timeout <= 0 or limits.tries < 1:
            raise UsageError("a TFTP transfer needs a timeout above 0 and at least one try")
        self.result: TftpResult | None = None
        self.peer = server
        self._is_peer_known = False
        self._server = server
        self._offer = options
        self._request = build_read_request(filename, self._offer.as_text())
        self._max_bytes = limits.max_bytes
        self._tries = limits.tries
        self._first_wait = timeout / (2**limits.tries - 1)
        self._deadline = deadline

        self._agreed = NO_OPTIONS
        self._block_size = DEFAULT_BLOCK_SIZE
        self._window = 1

        self._data = bytearray()
        self._blocks = 0
        self._last_block = 0  # numbers on the wire: of the last block that came in order
        self._due_block = 1  # and of the one due now
        self._due_header = data_header(1)
        self._unacknowledged = 0

        self._resend_at = deadline
        self._sent = 0  # how often the current packet went out
        self._repeated_acks = 0  # since the last progress
        self._breach = ""  # why the server's datagrams were dropped since then
        self._retransmissions = 0
        self._request_repeated = False
        self._foreign = 0
        self._foreign_same_host = 0
        self._foreign_replies = 0
        self._outbox: list[tuple[bytes, Address]] = []

    @property
    def done(self) -> bool:
        """Whether `result` is there; what `to_send` still holds should go out."""
        return self.result is not None

    def deadline(self) -> float | None:
        """When `timer` wants to be called, if nothing happens before; None when done."""
        return None if self.result is not None else min(self._resend_at, self._deadline)

    def to_send(self) -> list[tuple[bytes, Address]]:
        """Datagrams to send now and where to; each is given out once."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def start(self, now: float) -> bytes:
        """Begin; returns the read request, to be sent to the server."""
        self._progress(now)
        return self._request

    def receive(self, datagram: bytes, addr: Address, now: float) -> None:
        """Take one datagram from the address it came from."""
        if self.result is not None:
            return
        if now >= self._deadline:
            self.timer(now)
            return
        opening = not self._is_peer_known
        if addr != self.peer and not (opening and self._is_host_asked(addr)):
            self._dismiss(datagram, addr)
            return
        if datagram[:HEADER_SIZE] == self._due_header and not opening:
            # Nearly every datagram of a sweep; nothing is left to parse.
            self._take(self._due_block, datagram[HEADER_SIZE:], now)
            return
        try:
            packet = parse_answer(datagram)
        except WireError as error:
            self._reject(str(error))
            return
        if opening:
            if isinstance(packet, Data) and packet.block != 1:
                # Perhaps a late datagram for an earlier user of our port.
                self._reject(f"block {packet.block} where the first was due")
                return
            self.peer = addr
            self._is_peer_known = True
        if isinstance(packet, Data):
            self._take(packet.block, packet.payload, now)
        elif isinstance(packet, OptionAck):
            self._negotiate(packet, opening, now)
        else:
            failure = Failure(kind=FailureKind.SERVER_ERROR, code=packet.code, detail=packet.text)
            self._finish(_ERROR_OUTCOMES.get(packet.code, "server-error"), failure, error=packet)

    def timer(self, now: float) -> None:
        """Retransmit or give up, if it is time to."""
        if self.result is not None or now < min(self._resend_at, self._deadline):
            return
        if now >= self._deadline:
            self._finish(self._silence(), Failure(kind=FailureKind.DEADLINE))
        elif self._sent < self._tries:
            self._resend_at = now + self._first_wait * 2**self._sent
            self._sent += 1
            self._retransmissions += 1
            if self._is_peer_known:
                self._acknowledge()
            else:
                self._request_repeated = True
                self._outbox.append((self._request, self._server))
        elif self._breach:
            self._finish("malformed", Failure(kind=FailureKind.MALFORMED, detail=self._breach))
        else:
            self._finish(self._silence(), Failure(kind=FailureKind.TIMEOUT))

    def unreachable(self, failure: Failure) -> None:
        """End because nothing can be sent to `peer`: an ICMP message, or this machine's own refusal."""
        if self.result is None:
            self._finish("truncated" if self._is_peer_known else "unreachable", failure)

    def _is_host_asked(self, addr: Address) -> bool:
        # An IPv6 address has a scope too: the same link-local address on another link is another host.
        return addr[0] == self._server[0] and addr[2:] == self._server[2:]

    def _dismiss(self, datagram: bytes, addr: Address) -> None:
        """A datagram of somebody else: never looked into, told so a few times (RFC 1350 section 4)."""
        # A request that we had to repeat may be answered twice, each time from a new port.
        if not (self._request_repeated and self._is_host_asked(addr) and is_opening(datagram)):
            self._foreign += 1
            self._foreign_same_host += self._is_host_asked(addr)
        if self._foreign_replies < MAX_FOREIGN_REPLIES and not is_error(datagram):
            self._foreign_replies += 1
            self._outbox.append((build_error(ErrorCode.UNKNOWN_TRANSFER_ID), addr))

    def _reject(self, reason: str) -> None:
        """Bytes that break the format: fatal from the transfer ID, before it is known only remembered."""
        if self._is_peer_known:
            self._refuse(ErrorCode.ILLEGAL_OPERATION, reason)
        else:
            self._breach = reason

    def _negotiate(self, packet: OptionAck, opening: bool, now: float) -> None:
        if not opening:
            if not self._blocks:
                self._acknowledge_again("OACK")
            return
        try:
            self._agreed = accept(self._offer, packet)
        except Malformed as error:
            self._refuse(ErrorCode.OPTION_NEGOTIATION, str(error))
            return
        if (self._agreed.tsize or 0) > self._max_bytes:
            self._overflow(f"the server announces {self._agreed.tsize} bytes")
            return
        self._block_size = self._agreed.blksize or DEFAULT_BLOCK_SIZE
        self._window = self._agreed.windowsize or 1
        self._progress(now)
        self._acknowledge()

    def _take(self, block: int, payload: bytes, now: float) -> None:
        length = len(payload)
        if length > self._block_size:
            detail = f"{length} bytes in a block of at most {self._block_size}"
            self._refuse(ErrorCode.ILLEGAL_OPERATION, detail)
        elif block != self._due_block and not self._rolls_over(block):
            self._out_of_order(block)
        elif len(self._data) + length > self._max_bytes:
            self._overflow("the file goes on")
        else:
            self._data += payload
            self._blocks += 1
            self._last_block = block
            self._due_block = (block + 1) % _BLOCK_NUMBERS
            self._due_header = data_header(self._due_block)
            self._unacknowledged += 1
            self._progress(now)
            if length < self._block_size:
                # No dallying for a lost last ACK: the closed port answers the server's repetition by ICMP.
                self._acknowledge()
                self._finish("received", data=bytes(self._data))
            elif self._unacknowledged >= self._window:
                self._acknowledge()

    def _rolls_over(self, block: int) -> bool:
        """After 65535 comes 0, with some servers 1; in a window 1 could as well mean that 0 was lost."""
        return block == 1 and self._last_block == _BLOCK_NUMBERS - 1 and self._window == 1

    def _out_of_order(self, block: int) -> None:
        ahead = (block - self._last_block) % _BLOCK_NUMBERS
        if ahead == 0 and self._blocks:
            # The server did not get our ACK.
            self._acknowledge_again(f"block {block}")
        elif 0 < ahead <= self._window:
            # RFC 7440 section 4: say at once where the gap begins; but once, as the rest of the window
            # comes too.
            if not self._repeated_acks:
                self._acknowledge_again(f"block {block}")
        elif ahead < _BLOCK_NUMBERS // 2:
            self._breach = f"block {block} where {self._due_block} was due"
        # Older blocks are stragglers. To acknowledge them too would double every following block with a
        # server that answers each ACK (RFC 1123 section 4.2.3.1).

    def _acknowledge_again(self, what: str) -> None:
        if self._repeated_acks < MAX_REPEATED_ACKS:
            self._repeated_acks += 1
            self._acknowledge()
        else:
            self._breach = f"{what} over and over"

    def _acknowledge(self) -> None:
        self._unacknowledged = 0
        self._outbox.append((build_ack(self._last_block), self.peer))

    def _progress(self, now: float) -> None:
        self._sent = 1
        self._resend_at = now + self._first_wait
        self._repeated_acks = 0
        self._breach = ""

    def _silence(self) -> BootFileOutcome:
        return "truncated" if self._is_peer_known else "timeout"

    def _overflow(self, reason: str) -> None:
        # RFC 2349 names this code for a file that the client cannot hold.
        self._outbox.append((build_error(ErrorCode.DISK_FULL), self.peer))
        detail = f"{reason}, we take {self._max_bytes}"
        self._finish("too-large", Failure(kind=FailureKind.TOO_MUCH, detail=detail))

    def _refuse(self, code: ErrorCode, detail: str) -> None:
        self._outbox.append((build_error(code), self.peer))
        self._finish("malformed", Failure(kind=FailureKind.MALFORMED, detail=detail))

    def _finish(
        self,
        outcome: BootFileOutcome,
        failure: Failure | None = None,
        *,
        data: bytes | None = None,
        error: ServerError | None = None,
    ) -> None:
        self.result = TftpResult(
            outcome=outcome,
            data=data,
            failure=failure,
            error_code=error.code if error else None,
            error_text=error.text if error else "",
            options=self._agreed,
            peer=(self.peer[0], self.peer[1]) if self._is_peer_known else None,
            foreign=self._foreign,
            foreign_same_host=self._foreign_same_host,
            retransmissions=self._retransmissions,
            size=len(self._data),
            blocks=self._blocks,
        )
