"""The records of a name by way of several servers and aliases. Import it only when there is a name to ask for."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import dns.exception
import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import msgspec

from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import Dnssec
from vpnprobe.model.target import Endpoint
from vpnprobe.transport.dns_exchange import Exchanges, Question, Turn
from vpnprobe.transport.dns_reply import Reply

MAX_ALIASES: Final = 8
"""CNAME links that are followed. A zone should need one; resolvers themselves give up between 11 and 16."""

_TRIES: Final = 2
"""How often each server is asked within the time: a dead first server or one lost datagram is survived."""

_ANSWERS: Final = frozenset((dns.rcode.NOERROR, dns.rcode.NXDOMAIN))
_ADDRESS_TYPES: Final = frozenset((dns.rdatatype.A, dns.rdatatype.AAAA))

# A server that answers, even badly, says more than one that does not.
_MOST_TELLING: Final = (
    FailureKind.SERVFAIL,
    FailureKind.TOO_MUCH,
    FailureKind.MALFORMED,
    FailureKind.DNS_TIMEOUT,
    FailureKind.LOCAL,
)
_WEAKEST_FIRST: Final[tuple[Dnssec, ...]] = ("bogus", "unknown", "unsigned", "signed", "validated")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The records of the type asked for (dnspython's class for it), or the `failure`, and how they were come by.

    `aliases` are the CNAME links that were followed; `servers` who was asked (`address:port`, in order); `ttl` is the
    least of all links, in seconds.
    """

    records: tuple[Any, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    dnssec: Dnssec = "unknown"
    servers: tuple[str, ...] = ()
    failure: Failure | None = None


class Inquiry:
    """The questions of one lookup, which share `timeout` seconds of exchanges with `servers`.

    With `dnssec` the questions carry EDNS and want signatures. `elsewhere` gives the servers of a name that `servers`
    do not hold, () where it knows none; it is for servers that are asked without `recursion`.
    """

    def __init__(
        self,
        servers: Sequence[Endpoint],
        *,
        timeout: float,
        turn: Turn | None = None,
        recursion: bool = True,
        dnssec: bool = False,
        elsewhere: Callable[[str], Awaitable[Sequence[Endpoint]]] | None = None,
    ) -> None:
        self._servers = tuple(servers)
        self._exchanges = Exchanges(timeout=timeout, longest=timeout / (_TRIES * len(servers)), turn=turn)
        self._recursion = recursion
        self._dnssec = dnssec
        self._elsewhere = elsewhere
        self._asked: dict[Endpoint, None] = {}
        self._not_held = False
        self._bogus = False

    async def find(self, name: dns.name.Name, kind: str) -> Answer:
        """Return the records of `name`, following aliases. Nothing is raised for the network."""
        trail = [name]
        ttls: list[int] = []
        states: list[Dnssec] = []
        records: tuple[Any, ...] = ()
        failure: Failure | None = None
        try:
            while not records:
                reply = await self._ask_holders(trail[-1], dns.rdatatype.from_text(kind))
                states.append(_dnssec(reply))
                records = _follow(reply, dns.rdatatype.from_text(kind), trail, ttls)
        except TransportError as error:
            failure = error.failure
            if self._bogus:
                states.append("bogus")
        return Answer(
            records=records,
            aliases=tuple(map(text_of, trail[1:])),
            ttl=min(ttls) if records else None,
            dnssec=weakest(states),
            servers=tuple(map(str, self._asked)),
            failure=failure,
        )

    async def _ask_holders(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Reply:
        """Ask the servers, and those that hold the name where these do not."""
        question = Question(name, kind, self._dnssec, self._recursion)
        try:
            return await self._ask(question)
        except TransportError:
            holders = await self._elsewhere(text_of(name)) if self._not_held and self._elsewhere else ()
            if not holders or set(holders) == set(self._servers):
                raise
        self._servers = tuple(holders)
        return await self._ask(question)

    async def _ask(self, question: Question) -> Reply:
        """Return the first answer; raises `TransportError` with the failure that says most."""
        failures: dict[Endpoint, Failure] = {}
        self._not_held = False
        for server in self._servers * _TRIES:
            known = failures.get(server)
            if self._exchanges.left <= 0 or (known and known.kind is not FailureKind.DNS_TIMEOUT):
                continue
            self._asked[server] = None
            reply = await self._exchanges.ask(question, server)
            if not isinstance(reply, Failure):
                if reply.rcode in _ANSWERS and not _is_referral(reply):
                    return reply
                reply = await self._refusal(question, server, reply)
            failures[server] = reply
        none = Failure(kind=FailureKind.DNS_TIMEOUT, detail="no time was left to ask")
        raise TransportError(min(failures.values(), key=_how_telling, default=none))

    async def _refusal(self, question: Question, server: Endpoint, reply: Reply) -> Failure:
        """Say why this is no answer, after a look at whether the server only withholds one that it cannot validate."""
        code = reply.rcode
        if code in _ANSWERS:
            self._not_held = True
            return Failure(kind=FailureKind.SERVFAIL, detail=f"{server} does not hold the name and refers to others")
        self._not_held |= code == dns.rcode.REFUSED
        if code == dns.rcode.SERVFAIL and self._dnssec and self._recursion:
            unchecked = await self._exchanges.ask(msgspec.structs.replace(question, checking=False), server)
            self._bogus |= not isinstance(unchecked, Failure) and unchecked.rcode in _ANSWERS
        because = f" ({', '.join(reply.reasons)})" if reply.reasons else ""
        return Failure(
            kind=FailureKind.SERVFAIL, code=int(code), detail=f"{dns.rcode.to_text(code)} from {server}{because}"
        )


def full_name(text: str) -> dns.name.Name:
    """Read a name as a full one, with or without its final dot; raises `TransportError`."""
    return _name(text, dns.name.root)


def relative_name(text: str) -> dns.name.Name:
    """Read a name, which is full only with its final dot; raises `TransportError`."""
    return _name(text, None)


def text_of(name: dns.name.Name) -> str:
    r"""Return a name in lower case and without its final dot, "." for the root; odd bytes are escaped as `\DDD`."""
    return name.to_text(omit_final_dot=True).lower()


def weakest(states: Iterable[Dnssec]) -> Dnssec:
    """Return the state that is worth least; a chain is worth its weakest link."""
    return min(states, key=_WEAKEST_FIRST.index, default="unknown")


def machine_resolver() -> dns.resolver.Resolver:
    """Read this machine's DNS configuration; raises `TransportError` where there is none."""
    with contextlib.suppress(dns.resolver.NoResolverConfiguration):
        resolver = dns.resolver.Resolver(configure=True)
        if resolver.nameservers:
            return resolver
    raise _failed(FailureKind.LOCAL, "this machine has no DNS server configured")


def servers_of(resolver: dns.resolver.Resolver) -> tuple[Endpoint, ...]:
    """Return the servers of a configuration."""
    return tuple(Endpoint(str(address), resolver.port) for address in resolver.nameservers)


def _name(text: str, origin: dns.name.Name | None) -> dns.name.Name:
    try:
        return dns.name.from_text(text, origin)
    except (dns.exception.DNSException, ValueError) as error:
        raise _failed(FailureKind.LOCAL, f"not a name that DNS can be asked for: {error}") from error


def _follow(
    reply: Reply, kind: dns.rdatatype.RdataType, trail: list[dns.name.Name], ttls: list[int]
) -> tuple[Any, ...]:
    """Go from the name at the end of `trail` along the aliases of an answer to the records.

    Returns () where the last alias has to be asked for; raises `TransportError` where there is nothing to come.
    """
    asked = trail[-1]
    records = reply.records
    while (found := records.get((trail[-1], kind))) is None and (trail[-1], dns.rdatatype.CNAME) in records:
        link = records[trail[-1], dns.rdatatype.CNAME]
        target = link.values[0].target
        if target in trail:
            # What a resolver that follows aliases itself answers.
            raise _failed(FailureKind.SERVFAIL, f"unusable answer: alias loop at {text_of(target)}")
        if len(trail) > MAX_ALIASES:
            raise _failed(FailureKind.TOO_MUCH, f"more than {MAX_ALIASES} aliases in a row")
        trail.append(target)
        ttls.append(link.ttl)
    place = f" for {text_of(trail[-1])}" if trail[1:] else ""
    if reply.rcode == dns.rcode.NXDOMAIN:
        if found is not None:
            raise _failed(FailureKind.MALFORMED, "unusable answer: NXDOMAIN beside records")
        raise _failed(FailureKind.NAME_NOT_FOUND, f"NXDOMAIN{place}")
    if found is not None:
        ttls.append(found.ttl)
        return found.values
    # With the SOA record an answer is complete (RFC 2308 section 2.2), without it the alias may lead elsewhere.
    if trail[-1] is not asked and dns.rdatatype.SOA not in reply.authority:
        return ()
    missing = FailureKind.NO_ADDRESS if kind in _ADDRESS_TYPES else FailureKind.NO_RECORD
    raise _failed(missing, f"no {dns.rdatatype.to_text(kind)} record{place}")


def _how_telling(failure: Failure) -> tuple[int, bool]:
    """Return the place of a failure among others, what says most first; a refusal says less than another error."""
    return _MOST_TELLING.index(failure.kind), failure.is_dns_refusal


def _failed(kind: FailureKind, detail: str) -> TransportError:
    return TransportError(Failure(kind=kind, detail=detail))


def _is_referral(reply: Reply) -> bool:
    """Whether a server that does not hold the name names others instead of answering (RFC 2308 section 2.2)."""
    holds = reply.flags & dns.flags.AA or reply.records or dns.rdatatype.SOA in reply.authority
    return reply.rcode == dns.rcode.NOERROR and not holds and dns.rdatatype.NS in reply.authority


def _dnssec(reply: Reply) -> Dnssec:
    if reply.flags & dns.flags.AD:
        return "validated"
    if reply.signed:
        return "signed"
    # Signatures are only given to who asks by EDNS; a server without it says nothing about them.
    return "unsigned" if reply.edns else "unknown"
