"""A network that loses, doubles, delays and reorders, and a TFTP server at its other end. No clock, no sockets.

The server follows RFC 1350, 1123 section 4.2.3.1 (a repeated ACK is not answered) and 7440.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

from vpnprobe.wire.tftp import Address, TftpDownload, TftpResult

CLIENT = ("192.0.2.100", 50000)
SERVER = ("192.0.2.1", 69)
_RESEND_AFTER = 1.0


@dataclass
class Weather:
    """Chances from 0 to 1 for each datagram; delays in seconds. Delays that differ reorder."""

    loss: float = 0.0
    duplication: float = 0.0
    shortest_delay: float = 0.01
    longest_delay: float = 0.01


class ServerTransfer:
    """The server's side of one read request."""

    def __init__(self, request: bytes, content: bytes) -> None:
        fields = request[2:-1].split(b"\0")
        offered = {name.decode(): int(value) for name, value in zip(fields[2::2], fields[3::2], strict=True)}
        self.block_size = offered.get("blksize", 512)
        self.window = offered.get("windowsize", 1)
        self.blocks = [content[at : at + self.block_size] for at in range(0, len(content) + 1, self.block_size)]
        self.acked = 0 if not offered else -1
        self.options = b"\0\6" + b"".join(f"{name}\0{value}\0".encode() for name, value in offered.items())
        self.sent_blocks = 0
        self.ended = False

    def burst(self) -> list[bytes]:
        """Everything that may be under way now: the OACK, or a window of blocks from the last ACK on."""
        if self.acked < 0:
            return [self.options]
        numbers = range(self.acked + 1, min(self.acked + self.window, len(self.blocks)) + 1)
        self.sent_blocks += len(numbers)
        return [b"\0\3" + (number & 0xFFFF).to_bytes(2, "big") + self.blocks[number - 1] for number in numbers]

    def receive(self, datagram: bytes) -> list[bytes]:
        if datagram[1] != 4:
            self.ended = True
            return []
        # The absolute number: the one nearest to what may be acknowledged now.
        ahead = (int.from_bytes(datagram[2:4], "big") - self.acked) & 0xFFFF
        if ahead == 0 or ahead > self.window or (self.acked < 0 and ahead != 1):
            return []
        self.acked += ahead
        self.ended = self.acked == len(self.blocks)
        return [] if self.ended else self.burst()


@dataclass
class Network:
    """Carries datagrams between one download and the server until the download has ended."""

    weather: Weather
    content: bytes
    seed: int
    now: float = 0.0
    transfers: dict[Address, ServerTransfer] = field(default_factory=dict)
    resend_at: dict[Address, float] = field(default_factory=dict)
    under_way: list[tuple[float, int, bytes, Address, Address]] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def send(self, datagram: bytes, sender: Address, receiver: Address) -> None:
        copies = 1 + (self.random.random() < self.weather.duplication)
        for _ in range(copies):
            self.sent += 1
            if self.random.random() >= self.weather.loss:
                delay = self.random.uniform(self.weather.shortest_delay, self.weather.longest_delay)
                heapq.heappush(self.under_way, (self.now + delay, self.sent, datagram, sender, receiver))

    def run(self, download: TftpDownload) -> TftpResult:
        self.send(download.start(self.now), CLIENT, SERVER)
        while (wake_at := download.deadline()) is not None:
            arrival = self.under_way[0][0] if self.under_way else wake_at
            resend = min(self.resend_at.values(), default=wake_at)
            self.now = min(arrival, wake_at, resend)
            if self.now == wake_at:
                download.timer(self.now)
            elif self.now == resend:
                self.resend()
            else:
                _, _, datagram, sender, receiver = heapq.heappop(self.under_way)
                if receiver == CLIENT:
                    download.receive(datagram, sender, self.now)
                else:
                    self.serve(datagram, receiver)
            for datagram, receiver in download.to_send():
                self.send(datagram, CLIENT, receiver)
        assert download.result
        return download.result

    def serve(self, datagram: bytes, receiver: Address) -> None:
        if receiver == SERVER:
            receiver = (SERVER[0], 40000 + len(self.transfers))
            self.transfers[receiver] = ServerTransfer(datagram, self.content)
            self.reply(receiver, self.transfers[receiver].burst())
        else:
            self.reply(receiver, self.transfers[receiver].receive(datagram))

    def reply(self, transfer_id: Address, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self.send(datagram, transfer_id, CLIENT)
        if self.transfers[transfer_id].ended:
            self.resend_at.pop(transfer_id, None)
        elif datagrams:
            self.resend_at[transfer_id] = self.now + _RESEND_AFTER

    def resend(self) -> None:
        transfer_id = min(self.resend_at, key=lambda key: self.resend_at[key])
        self.reply(transfer_id, self.transfers[transfer_id].burst())
