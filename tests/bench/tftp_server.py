"""Sends one file to everybody who asks for any, as fast as Python can. Prints its port; runs until it is killed.

Nothing is remembered about a transfer: the number in an ACK says which block is due. So the ceiling is two system
calls for each block. No options, no retransmission: on loopback nothing is lost.
"""

from __future__ import annotations

import os
import socket
import sys

WORKERS = 1
_BLOCK = 512


def main() -> None:
    """Serve for ever: one process for the requests, each of the others for the transfers that it is handed."""
    data = sys.stdin.buffer.read()
    blocks = [
        b"\x00\x03" + (number + 1).to_bytes(2, "big") + data[at : at + _BLOCK]
        for number, at in enumerate(range(0, len(data) + 1, _BLOCK))
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as requests:
        requests.bind(("127.0.0.1", 0))
        sys.stdout.write(f"{requests.getsockname()[1]}\n")
        sys.stdout.flush()
        transfers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(WORKERS)]
        for transfer in transfers:
            transfer.bind(("127.0.0.1", 0))
            if os.fork() == 0:
                _answer_acknowledgements(transfer, blocks)
        while True:
            for transfer in transfers:
                _, client = requests.recvfrom(_BLOCK)
                transfer.sendto(blocks[0], client)


def _answer_acknowledgements(transfer: socket.socket, blocks: list[bytes]) -> None:
    following = dict(enumerate(blocks))
    while True:
        acknowledgement, client = transfer.recvfrom(_BLOCK)
        block = following.get(int.from_bytes(acknowledgement[2:4], "big"))
        if block is not None:
            transfer.sendto(block, client)


if __name__ == "__main__":
    main()
