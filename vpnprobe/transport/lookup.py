"""Addresses of the names that a phone is given. Import it only when there is a name to look up."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Literal

import dns.name
import dns.resolver
import msgspec

from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.target import Endpoint
from vpnprobe.transport.inquiry import (
    Answer,
    Inquiry,
    full_name,
    machine_resolver,
    relative_name,
    servers_of,
)

# A phone's report knows no answer of a DNS server as malformed, only the server as failing.
_UNUSABLE = {FailureKind.MALFORMED, FailureKind.TOO_MUCH}


async def look_up(host: str, kind: Literal["A", "AAAA"], servers: Sequence[Endpoint], timeout: float) -> Answer:
    """Ask for the addresses of `host` within `timeout` seconds.

    With `servers`, `host` is a full name. Without, the servers and the search list of this machine count.
    """
    try:
        if servers:
            names = [full_name(host)]
        else:
            machine = machine_resolver()
            names, servers = _names_to_try(relative_name(host), machine), servers_of(machine)
    except TransportError as error:
        return Answer(failure=error.failure)
    inquiry = Inquiry(servers, timeout=timeout)
    for name in names:
        answer = await inquiry.find(name, kind)
        if answer.failure is None or answer.failure.kind is not FailureKind.NAME_NOT_FOUND:
            break
    if answer.failure is not None and answer.failure.kind in _UNUSABLE:
        failure = Failure(kind=FailureKind.SERVFAIL, detail=answer.failure.detail)
        return msgspec.structs.replace(answer, failure=failure)
    return answer


def _names_to_try(name: dns.name.Name, machine: dns.resolver.Resolver) -> list[dns.name.Name]:
    """Return full names in the order of resolv.conf(5): a name of many labels is first tried as it is."""
    if name.is_absolute():
        return [name]
    full = name.concatenate(dns.name.root)
    searched = []
    for suffix in machine.search:
        with contextlib.suppress(dns.name.NameTooLong):
            searched.append(name.concatenate(suffix))
    enough = 1 if machine.ndots is None else machine.ndots
    return [full, *searched] if len(name) > enough else [*searched, full]
