"""Every test of this package gives its sockets back; one that asks DNS may choose what the machine is set up with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path

import dns.name
import dns.resolver
import pytest

from vpnprobe.model.target import Endpoint

Machine = Callable[[Endpoint | None], None]

_DESCRIPTORS = Path("/proc/self/fd")


def _open_sockets() -> int:
    count = 0
    for one in _DESCRIPTORS.iterdir() if _DESCRIPTORS.exists() else ():
        with contextlib.suppress(OSError):
            count += str(one.readlink()).startswith("socket:")
    return count


@pytest.fixture(autouse=True)
def no_socket_is_left() -> Generator[None]:
    """Compare the open sockets before and after; one that waits for the garbage collector counts as open."""
    before = _open_sockets()
    yield
    assert _open_sockets() <= before


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Make dnspython believe in another resolv.conf."""

    def use(server: Endpoint | None) -> None:
        def read(self: dns.resolver.BaseResolver, path: object) -> None:
            if server is None:
                raise dns.resolver.NoResolverConfiguration
            self.nameservers = [server.host]
            self.port = server.port
            self.search = [dns.name.from_text("corp.example.com.")]

        monkeypatch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", read)

    return use
