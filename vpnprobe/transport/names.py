"""Names to addresses as a probe needs them: every way to fail is a different fact."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from vpnprobe.model.errors import UsageError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import Resolution
from vpnprobe.model.target import Endpoint, is_address

BOTH_FAMILIES: Final = frozenset((4, 6))
"""IPv4 and IPv6."""
MAX_ADDRESSES: Final = 8
"""Addresses of one name and IP version that are dialled. One DNS answer can hold 4,000."""
HOSTS_FILE: Final = (
    Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / r"System32\drivers\etc\hosts"
    if os.name == "nt"
    else Path("/etc/hosts")
)

_LOOPBACK: Final = ("127.0.0.1", "::1")


class Resolver:
    """Looks names up, A and AAAA in parallel.

    With `servers` exactly these are asked, names are full names, and nothing else is consulted. Without, it
    is this machine's configuration: its servers, its search list, and its hosts file for a name that DNS
    does not have. `timeout` is the limit of one `resolve` in seconds. Raises `UsageError` for a server that
    is not an IP address.
    """

    def __init__(self, servers: Sequence[Endpoint] = (), *, timeout: float, hosts_file: Path = HOSTS_FILE) -> None:
        self._servers = checked_servers(servers)
        self._timeout = timeout
        self._hosts_file = hosts_file

    async def resolve(self, host: str, families: frozenset[int] = BOTH_FAMILIES) -> Resolution:
        """Look `host` up. Failures of the network are in the result; nothing is raised for them.

        When DNS has no address and the hosts file has one, `partial` is what DNS said.
        """
        if is_address(host):
            return _from_table(host, "literal", (host,), families)
        bare = host.removesuffix(".").lower()
        if bare == "localhost" or bare.endswith(".localhost"):  # RFC 6761 section 6.3
            return _from_table(host, "hosts-file", _LOOPBACK, families)
        asked = await self._ask(host, families)
        if asked.addresses or self._servers:
            return asked
        addresses = await asyncio.to_thread(_hosts_entries, self._hosts_file, bare)
        listed = of_families(addresses, families)
        if not listed:
            return asked
        return Resolution(
            name=host,
            source="hosts-file",
            addresses=listed,
            servers=asked.servers,
            partial=asked.failure,
            duration_s=asked.duration_s,
        )

    async def _ask(self, host: str, families: frozenset[int]) -> Resolution:
        from vpnprobe.transport.families import find_addresses
        from vpnprobe.transport.lookup import look_up

        loop = asyncio.get_running_loop()
        started = loop.time()
        found = await find_addresses(
            lambda kind: look_up(host, kind, self._servers, self._timeout), families, keep=MAX_ADDRESSES
        )
        return Resolution(
            name=host,
            source="dns",
            addresses=found.addresses,
            left_out=found.left_out,
            canonical=found.aliases[-1] if found.addresses and found.aliases else None,
            ttl=found.ttl,
            servers=found.servers,
            failure=found.failure,
            partial=found.partial,
            duration_s=loop.time() - started,
        )


def checked_servers(servers: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """Return the servers; raises `UsageError` for one that is not an IP address."""
    for server in servers:
        if not server.is_address:
            raise UsageError(f"{server.host!r} is a name; give the DNS server by its IP address")
    return tuple(servers)


def _from_table(
    host: str, source: Literal["literal", "hosts-file"], addresses: Sequence[str], families: frozenset[int]
) -> Resolution:
    usable = of_families(addresses, families)
    failure = None if usable else Failure(kind=FailureKind.NO_ADDRESS, detail="not of the wanted IP version")
    return Resolution(name=host, source=source, addresses=usable, failure=failure)


def of_families(addresses: Sequence[str], families: frozenset[int]) -> tuple[str, ...]:
    """Return the addresses of the wanted IP versions."""
    return tuple(one for one in addresses if ipaddress.ip_address(one).version in families)


def _hosts_entries(path: Path, name: str) -> list[str]:
    """Return the addresses that the hosts file gives `name`, which is in lower case."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    entries = [line.partition("#")[0].split() for line in lines]
    return [
        address
        for address, *names in filter(None, entries)
        if is_address(address) and name in (one.lower().removesuffix(".") for one in names)
    ]
