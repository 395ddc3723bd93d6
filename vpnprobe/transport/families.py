"""The addresses of a name: A and AAAA asked in parallel and taken together. Import it only to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import Dnssec
from vpnprobe.transport.inquiry import Answer, weakest


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """What both answers say: `failure` is set when there is no address, `partial` when only one family failed.

    That a family has no record is no failure of it. `left_out` counts the addresses beyond the cap.
    """

    addresses: tuple[str, ...]
    left_out: int
    aliases: tuple[str, ...]
    ttl: int | None
    dnssec: Dnssec
    servers: tuple[str, ...]
    failure: Failure | None
    partial: Failure | None


async def find_addresses(
    find: Callable[[Literal["A", "AAAA"]], Awaitable[Answer]], families: frozenset[int], *, keep: int
) -> Addresses:
    """Ask by `find` for the addresses of these IP versions, at least one, and keep so many of each."""

    async def ask(family: int) -> Answer:
        return await find("A" if family == 4 else "AAAA")

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(family)) for family in sorted(families)]
    answers = [task.result() for task in tasks]
    found = [tuple(dict.fromkeys(record.address for record in one.records)) for one in answers]
    kept = tuple(address for one in found for address in one[:keep])
    failure = _worst([one.failure for one in answers])
    return Addresses(
        addresses=kept,
        left_out=sum(map(len, found)) - len(kept),
        aliases=max((one.aliases for one in answers), key=len),
        ttl=min((one.ttl for one in answers if one.ttl is not None), default=None),
        dnssec=weakest(one.dnssec for one in answers),
        servers=tuple(dict.fromkeys(server for one in answers for server in one.servers)),
        failure=None if kept else failure,
        partial=failure if kept and failure and failure.kind is not FailureKind.NO_ADDRESS else None,
    )


def _worst(failures: list[Failure | None]) -> Failure | None:
    """Return what decides: NXDOMAIN is about the whole name, a missing record only about one family."""
    order = {FailureKind.NAME_NOT_FOUND: 0, FailureKind.NO_ADDRESS: 2}
    return min((one for one in failures if one), key=lambda one: order.get(one.kind, 1), default=None)
