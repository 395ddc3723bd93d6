"""Ports of this machine for thousands of short transfers, none of which comes back soon.

A server that misses the last ACK of a transfer repeats its last packet, seconds later. Where the port has another user
by then, that packet may be taken for the beginning of the other file. The system picks ports by chance out of some
28,000, so a sweep meets that; whoever watches for it has the system pick again.
"""

from __future__ import annotations

import socket
from collections import deque

# At a thousand files per second a port rests for four seconds, at the usual ration for the better part of a minute.
RESTING = 4096

# Where nearly all ports rest, one of them is better than none.
_TRIES = 16


class ClientPorts:
    """Ports by chance, but none of those that were given last."""

    def __init__(self) -> None:
        self._in_turn: deque[int] = deque()
        self._resting: set[int] = set()

    def open(self, family: socket.AddressFamily) -> socket.socket:
        """Return a UDP socket with a port of its own; raises `OSError`."""
        passed_over: list[socket.socket] = []
        try:
            for _ in range(_TRIES):
                sock = socket.socket(family, socket.SOCK_DGRAM)
                passed_over.append(sock)
                sock.bind(("", 0))
                port: int = sock.getsockname()[1]
                if port not in self._resting:
                    break
            self._rest(port)
            return passed_over.pop()
        finally:
            for sock in passed_over:
                sock.close()

    def _rest(self, port: int) -> None:
        if port in self._resting:
            return
        self._resting.add(port)
        self._in_turn.append(port)
        if len(self._in_turn) > RESTING:
            self._resting.remove(self._in_turn.popleft())
