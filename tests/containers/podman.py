"""Servers in containers: start one, wait until it listens, read its log, remove it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

RECIPES = Path(__file__).parents[2] / "containers"
READY_WITHIN_S = 30.0
# A container that outlives its test session (a killed run) ends by itself.
LONGEST_LIFE_S = 3600
# Nobody answers there: a server that looks up its client's name fails at once and asks nobody outside.
NO_RESOLVER = ("--dns", "127.0.0.1")

Transport = Literal["tcp", "udp"]


def podman(*arguments: str, stdin: str | None = None, check: bool = True) -> str:
    """Run podman with the settings of `containers/`; return what it wrote, both streams."""
    done = subprocess.run(
        ["podman", *arguments],
        env=os.environ | {"CONTAINERS_CONF": str(RECIPES / "containers.conf")},
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
    if check and done.returncode != 0:
        raise RuntimeError(f"podman {' '.join(arguments)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def available() -> bool:
    """Whether this machine has podman and the images of `containers/`."""
    recipes = [recipe.parent.name for recipe in RECIPES.glob("*/Containerfile")]
    if shutil.which("podman") is None:
        return False
    built = podman("images", "--format", "{{.Repository}}", check=False).split()
    return {f"localhost/vpnprobe-{name}" for name in recipes} <= set(built)


@dataclass(frozen=True, slots=True)
class Container:
    """A running container. `address` and `address6` are its own on the test network, `pid` its first process.

    `gateway` is this machine's IPv4 address on that network.
    """

    name: str
    address: str
    address6: str
    gateway: str
    pid: int

    def log(self) -> str:
        """Everything the server has written."""
        return podman("logs", self.name)

    def run(self, *command: str, stdin: str | None = None) -> str:
        """Run a tool inside; return what it wrote, whatever its status."""
        return podman("exec", "--interactive", self.name, *command, stdin=stdin, check=False)

    def is_running(self) -> bool:
        return podman("inspect", "--format", "{{.State.Running}}", self.name).strip() == "true"

    def listens(self, transport: Transport, port: int) -> bool:
        """Whether a socket of this port is open inside; asked of the kernel, the server sees nothing."""
        wanted = {"tcp": "0A", "udp": "07"}[transport]
        for table in (transport, f"{transport}6"):
            for row in Path(f"/proc/{self.pid}/net/{table}").read_text().splitlines()[1:]:
                _, local, _, state, *_ = row.split()
                if state == wanted and int(local.rpartition(":")[2], 16) == port:
                    return True
        return False


@contextmanager
def network(name: str, *options: str) -> Iterator[str]:
    """A bridge network with IPv4 and IPv6 that this machine can reach; removed with all that is on it."""
    podman("network", "create", "--disable-dns", "--ipv6", *options, name)
    try:
        yield name
    finally:
        podman("network", "rm", "--force", name)


@contextmanager
def container(
    image: str,
    *command: str,
    network: str,
    listens: tuple[Transport, int] | None,
    options: tuple[str, ...] = (),
) -> Iterator[Container]:
    """One container of `localhost/vpnprobe-<image>`, given once it listens."""
    resolver = () if network.startswith("container:") else NO_RESOLVER
    identity = podman(
        "run", "--detach", "--timeout", str(LONGEST_LIFE_S), "--network", network, *resolver, *options,
        f"localhost/vpnprobe-{image}", *command,
    ).splitlines()[-1]  # fmt: skip
    try:
        where = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}} {{.Gateway}}{{end}}"
        pid, *addresses = podman("inspect", "--format", "{{.State.Pid}} " + where, identity).split()
        # A server whose network is shared may have another one beside it.
        address, address6, gateway = addresses[:3] or ("", "", "")
        server = Container(identity, address, address6, gateway, int(pid))
        if listens is not None:
            wait_until(lambda: server.listens(*listens), server)
        yield server
    finally:
        podman("rm", "--force", "--time", "0", identity)


def wait_until(condition: Callable[[], bool], server: Container) -> None:
    """Return when the condition holds; raise with the server's log when it does not come true."""
    until = time.monotonic() + READY_WITHIN_S
    while not condition():
        if time.monotonic() > until or not server.is_running():
            raise RuntimeError(f"the server is not ready; its log:\n{server.log()}")
        time.sleep(0.05)
