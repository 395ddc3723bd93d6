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
        for server in servers:
            if not server.is_address:
                raise UsageError(f"{server.host!r} is a name; give the DNS server by its IP address")
        self._servers = tuple(servers)
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
        listed = _of_families(addresses, families)
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
        from vpnprobe.transport.lookup import look_up

        loop = asyncio.get_running_loop()
        started = loop.time()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(look_up(host, "A" if family == 4 else "AAAA", self._servers, self._timeout))
                for family in sorted(families)
            ]
        lookups = [task.result() for task in tasks]
        addresses = tuple(address for one in lookups for address in one.addresses[:MAX_ADDRESSES])
        failure = _worst([one.failure for one in lookups])
        return Resolution(
            name=host,
            source="dns",
            addresses=addresses,
            left_out=sum(len(one.addresses) for one in lookups) - len(addresses),
            canonical=next((one.canonical for one in lookups if one.canonical), None),
            ttl=min((one.ttl for one in lookups if one.ttl is not None), default=None),
            servers=tuple(dict.fromkeys(server for one in lookups for server in one.servers)),
            failure=None if addresses else failure,
            partial=failure if addresses and failure and failure.kind is not FailureKind.NO_ADDRESS else None,
            duration_s=loop.time() - started,
        )


def _worst(failures: list[Failure | None]) -> Failure | None:
    """Return what decides: NXDOMAIN is about the whole name, a missing record only about one family."""
    order = {FailureKind.NAME_NOT_FOUND: 0, FailureKind.NO_ADDRESS: 2}
    return min((one for one in failures if one), key=lambda one: order.get(one.kind, 1), default=None)


def _from_table(
    host: str, source: Literal["literal", "hosts-file"], addresses: Sequence[str], families: frozenset[int]
) -> Resolution:
    usable = _of_families(addresses, families)
    failure = None if usable else Failure(kind=FailureKind.NO_ADDRESS, detail="not of the wanted IP version")
    return Resolution(name=host, source=source, addresses=usable, failure=failure)


def _of_families(addresses: Sequence[str], families: frozenset[int]) -> tuple[str, ...]:
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
