"""Ports that do not come back soon."""

from __future__ import annotations

import socket

import pytest

from vpnprobe.transport import client_ports
from vpnprobe.transport.client_ports import RESTING, ClientPorts


def opened(ports: ClientPorts, family: socket.AddressFamily = socket.AF_INET) -> int:
    with ports.open(family) as sock:
        assert (sock.family, sock.type) == (family, socket.SOCK_DGRAM)
        port: int = sock.getsockname()[1]
    return port


def test_none_comes_back_soon() -> None:
    """By chance alone, three hundred of them would."""
    ports = ClientPorts()
    assert len({opened(ports) for _ in range(RESTING)}) == RESTING


def test_they_come_back_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_ports, "RESTING", 3)
    ports = ClientPorts()
    for _ in range(100):
        opened(ports)
    assert len(ports._resting) == len(ports._in_turn) == 3


def test_where_all_rest_one_is_given_all_the_same() -> None:
    ports = ClientPorts()
    ports._resting = set(range(65536))
    assert opened(ports) > 0


def test_ipv6() -> None:
    try:
        port = opened(ClientPorts(), socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    assert port > 0


def test_what_is_passed_over_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest takes a socket that is left open for an error; here one cannot be bound."""

    def refuse(_sock: socket.socket, _address: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(OSError, match="no"):
        ClientPorts().open(socket.AF_INET)
