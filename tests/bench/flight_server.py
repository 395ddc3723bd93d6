"""Answers every hello with the bytes given on standard input. Prints its port; runs until it is killed.

Blocking processes on one listening socket that only accept, read, send and wait for the close: a core of its own
is all it takes to be faster than any client in Python.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys

WORKERS = 4
_READ = 65536


def main() -> None:
    """Serve for ever."""
    answer = sys.stdin.buffer.read()
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        for _ in range(WORKERS - 1):
            if os.fork() == 0:
                break
        while True:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(_READ)
                connection.sendall(answer)
                connection.recv(1)


if __name__ == "__main__":
    main()
