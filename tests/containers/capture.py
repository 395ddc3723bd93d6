"""tshark as the outside judge: what went over the wire to a server."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.containers import podman
from tests.containers.podman import Container

DISCARD_PORT = 9


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture of everything that one server sends and receives."""

    server: Container
    judge: Container
    file: Path

    def rows(self, display_filter: str, *fields: str) -> list[list[str]]:
        """What tshark decodes up to now: the fields of every packet that the filter lets through, as text."""
        self.catch_up()
        names = [argument for field in fields for argument in ("-e", field)]
        shown = podman.podman(
            "exec", self.judge.name, "sh", "-c", 'tshark "$@" 2>/dev/null', "tshark",
            "-r", f"/capture/{self.file.name}", "-Y", display_filter, "-T", "fields", *names,
        )  # fmt: skip
        return [line.split("\t") for line in shown.splitlines()]

    def catch_up(self) -> None:
        """Send a mark and wait until it is in the file: then all that went before it is."""
        mark = secrets.token_bytes(16)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:

            def written() -> bool:
                sender.sendto(mark, (self.server.address, DISCARD_PORT))
                return mark in self.file.read_bytes()

            podman.wait_until(written, self.judge)


@contextmanager
def capture(server: Container, directory: Path) -> Iterator[Capture]:
    """Capture in the server's own network, from now to the end of the block; the file goes to `directory`."""
    file = directory / "network.pcapng"
    with podman.container(
        "tshark",
        network=f"container:{server.name}",
        listens=None,
        options=("--cap-add", "NET_RAW", "--cap-add", "NET_ADMIN", "--volume", f"{directory}:/capture"),
    ) as judge:
        podman.wait_until(file.exists, judge)
        seen = Capture(server, judge, file)
        seen.catch_up()
        yield seen
