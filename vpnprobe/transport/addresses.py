"""IP literals as the socket module wants them."""

from __future__ import annotations

import socket
from typing import cast

SocketAddress = tuple[str, int] | tuple[str, int, int, int]
"""(host, port), or for IPv6 (host, port, flow, scope)."""


def socket_address(host: str, port: int) -> tuple[socket.AddressFamily, SocketAddress]:
    """Return family and address of an IP literal (v6 with its scope where it has one); raises `OSError`."""
    if ":" not in host:
        socket.inet_pton(socket.AF_INET, host)
        return socket.AF_INET, (host, port)
    # Only this call knows about scopes, be they names or numbers.
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)[0]
    return family, cast(SocketAddress, address)
