"""Rules for every test: only loopback is spoken to, and a test may be a coroutine."""

from __future__ import annotations

import asyncio
import inspect
import ipaddress
import signal
import socket
import sys
from collections.abc import Generator
from typing import Any

import pytest

_TEST_LIMIT_S = 60.0
_BEYOND_LOOPBACK = ("container", "netns")
_LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_SENDS = ("socket.connect", "socket.sendto", "socket.sendmsg")


class _Guard:
    """An audit hook cannot be taken out, so it asks this object."""

    def __init__(self) -> None:
        self.active = True
        self.breaches: list[str] = []

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if event in _LOOKUPS:
            forbidden = not _needs_no_dns(args[0])
        elif event in _SENDS:
            forbidden = not _stays_here(*args[:2])
        else:
            return
        if forbidden:
            self.breaches.append(f"{event} {args!r}")
            raise RuntimeError(f"a test left loopback: {event} {args!r}")


_guard = _Guard()
sys.addaudithook(_guard)

# Whoever starts the tests may have these ignored (nohup, a shell in the background), and every program that a test
# starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _needs_no_dns(host: object) -> bool:
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if name in {"", "localhost", socket.gethostname()}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _stays_here(sender: socket.socket, address: object) -> bool:
    if sender.family not in {socket.AF_INET, socket.AF_INET6} or not isinstance(address, tuple):
        return True
    try:
        ip = ipaddress.ip_address(str(address[0]))
    except ValueError:
        return address[0] in {"", "localhost"}
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback or ip.is_unspecified


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tests that are marked for containers or network namespaces may leave loopback, fixtures included."""
    _guard.active = all(item.get_closest_marker(name) is None for name in _BEYOND_LOOPBACK)
    try:
        return (yield)
    finally:
        _guard.active = True


@pytest.fixture(autouse=True)
def loopback_only() -> Generator[None]:
    """Fail the test that tried to leave loopback, also when the code under test swallowed the error."""
    _guard.breaches.clear()
    yield
    assert not _guard.breaches


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    given = {name: value for name, value in pyfuncitem.funcargs.items() if name in wanted}

    async def limited() -> None:
        async with asyncio.timeout(_TEST_LIMIT_S):
            await pyfuncitem.obj(**given)

    asyncio.run(limited())
    return True
