"""Questions to DNS servers, by dnspython. Import it only when there is a name to look up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Literal

import dns.asyncbackend
import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.resolver
import msgspec

from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.target import Endpoint

_TRIES: Final = 2
"""How often each server is asked within the time: a dead first server or one lost datagram is survived."""


class Lookup(msgspec.Struct, frozen=True):
    """The answer to one question, and the servers that were asked (`address:port`, in order)."""

    servers: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    canonical: str | None = None
    ttl: int | None = None
    failure: Failure | None = None


class _Log(msgspec.Struct):
    """What the servers did: who was asked, the last bad answer, the last error on the way to one."""

    asked: list[str] = []
    bad: str = ""
    error: str = ""


class _Server(dns.nameserver.Do53Nameserver):
    """A server that notes what it is asked and how it fails."""

    def __init__(self, endpoint: Endpoint, log: _Log) -> None:
        super().__init__(endpoint.host, endpoint.port)
        self._name = str(endpoint)
        self._log = log

    async def async_query(self, request: dns.message.QueryMessage, *args: Any, **kwargs: Any) -> dns.message.Message:
        if self._name not in self._log.asked:
            self._log.asked.append(self._name)
        try:
            response = await super().async_query(request, *args, **kwargs)
        except OSError as error:
            self._log.error = f"{self._name}: {error.strerror or error}"
            raise
        except (dns.exception.FormError, EOFError) as error:
            self._log.bad = f"unusable answer from {self._name}: {error}"
            raise
        if response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            self._log.bad = f"{dns.rcode.to_text(response.rcode())} from {self._name}"
        return response


async def look_up(host: str, kind: Literal["A", "AAAA"], servers: Sequence[Endpoint], timeout: float) -> Lookup:
    """Ask for the addresses of `host` within `timeout` seconds.

    With `servers`, `host` is a full name. Without, the servers and the search list of this machine count.
    """
    log = _Log()
    try:
        async with asyncio.timeout(timeout):
            answer = await _ask(host, kind, servers, timeout, log)
    except dns.resolver.NoResolverConfiguration:
        failure = Failure(kind=FailureKind.LOCAL, detail="this machine has no DNS server configured")
    except dns.resolver.NXDOMAIN:
        failure = Failure(kind=FailureKind.NAME_NOT_FOUND, detail="NXDOMAIN")
    except dns.resolver.NoAnswer:
        failure = Failure(kind=FailureKind.NO_ADDRESS, detail=f"no {kind} record")
    except (TimeoutError, dns.exception.Timeout, dns.resolver.NoNameservers) as error:
        failure = _all_failed(log, unusable=isinstance(error, dns.resolver.NoNameservers))
    except dns.exception.DNSException as error:
        failure = Failure(kind=FailureKind.LOCAL, detail=f"not a name that DNS can be asked for: {error}")
    else:
        canonical = answer.canonical_name
        return Lookup(
            servers=tuple(log.asked),
            addresses=tuple(dict.fromkeys(record.address for record in answer)),
            canonical=None if canonical == answer.qname else canonical.to_text(omit_final_dot=True),
            ttl=answer.chaining_result.minimum_ttl,
        )
    return Lookup(servers=tuple(log.asked), failure=failure)


async def _ask(host: str, kind: str, servers: Sequence[Endpoint], timeout: float, log: _Log) -> dns.resolver.Answer:
    resolver = dns.asyncresolver.Resolver(configure=not servers)
    endpoints = servers or [Endpoint(str(one), resolver.port) for one in resolver.nameservers]
    if not endpoints:
        raise dns.resolver.NoResolverConfiguration
    resolver.nameservers = [_Server(one, log) for one in endpoints]
    resolver.timeout = timeout / (_TRIES * len(endpoints))
    return await resolver.resolve(
        dns.name.from_text(host, dns.name.root if servers else None),
        kind,
        lifetime=timeout,
        search=not servers,
        backend=dns.asyncbackend.get_backend("asyncio"),
    )


def _all_failed(log: _Log, *, unusable: bool) -> Failure:
    # A server that answers, even badly, says more than one that does not.
    if log.bad or (unusable and not log.error):
        return Failure(kind=FailureKind.SERVFAIL, detail=log.bad or "unusable answer")
    return Failure(kind=FailureKind.DNS_TIMEOUT, detail=log.error or "no answer")
