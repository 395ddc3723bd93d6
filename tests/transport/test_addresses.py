"""Socket addresses of IP literals."""

from __future__ import annotations

import socket

import pytest

from vpnprobe.transport.addresses import SocketAddress, socket_address

INTERFACE = socket.if_nameindex()[0]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.7", ("192.0.2.7", 69)),
        ("2001:db8::7", ("2001:db8::7", 69, 0, 0)),
        ("2001:0db8:0::7", ("2001:db8::7", 69, 0, 0)),
    ],
)
def test_a_literal(host: str, expected: SocketAddress) -> None:
    family, address = socket_address(host, 69)
    assert family is (socket.AF_INET6 if ":" in host else socket.AF_INET)
    assert address == expected


@pytest.mark.parametrize("scope", INTERFACE, ids=["number", "name"])
def test_the_scope_of_a_link_local_address_is_kept(scope: int | str) -> None:
    _, address = socket_address(f"fe80::7%{scope}", 69)
    assert address[2:] == (0, INTERFACE[0])


@pytest.mark.parametrize("host", ["vpn.example.com", "127.1", "fe80::7%nosuch0"])
def test_what_is_no_address_is_not_looked_up(host: str) -> None:
    with pytest.raises(OSError, match=r"."):
        socket_address(host, 69)
