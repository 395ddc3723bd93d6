"""The guard itself: a test that leaves loopback fails."""

from __future__ import annotations

import socket

import pytest

from tests import conftest


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"])
def test_a_connection_beyond_loopback_is_refused_and_noted(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        for send in (lambda: sender.connect((address, 9)), lambda: sender.sendto(b"x", (address, 9))):
            with pytest.raises(RuntimeError, match="left loopback"):
                send()
    assert len(conftest._guard.breaches) == 2
    conftest._guard.breaches.clear()


def test_a_name_is_not_looked_up() -> None:
    with pytest.raises(RuntimeError, match="left loopback"):
        socket.getaddrinfo("vpn.example.com", 443)
    conftest._guard.breaches.clear()


async def test_a_coroutine_is_awaited() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", 9))
    assert not conftest._guard.breaches
