"""The configuration of one phone after the other from a configuration server that others need, too.

Each address of a server has a ration: so many files at once, so many begun in a second. What was lost on the way is
asked for again after a pause that doubles; an answer is never asked for twice.

Only the configuration itself is fetched for each phone. Whether phones ask for the signed one depends on their having
a trust list, and that is asked once of each address, by the cluster's own (`ITLFile.tlv`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vpnprobe.fleet.once import end, shared
from vpnprobe.fleet.options import CollectOptions
from vpnprobe.model.config import ConfigKind, PhoneConfig
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.fleet import Phone, PhoneConfigSight
from vpnprobe.model.observation import BootFile, BootFileOutcome, TftpServer
from vpnprobe.model.target import Endpoint, device_name
from vpnprobe.phoneconfig.recurring import RecurringConfigs
from vpnprobe.phones.profile import Boot
from vpnprobe.probes.bootfiles import (
    ABSENT,
    HTTP_PORT,
    Content,
    Fetched,
    Parse,
    fetch_by_http,
    fetch_by_tftp,
    fetch_configuration,
)
from vpnprobe.probes.phoneconfig import locate_server
from vpnprobe.probes.ration import Ration
from vpnprobe.transport.client_ports import ClientPorts
from vpnprobe.transport.names import Resolver
from vpnprobe.wire.tftp import NO_OPTIONS, TftpOptions

# Large blocks that fit an Ethernet frame, and a window: a third of the packets, and a tenth of the waiting for them.
SWEEP_TFTP_OPTIONS = TftpOptions(blksize=1428, windowsize=8)

# A file of 10 kB that takes longer than this is dripped.
_FILE_LIMIT_S = 60.0

# Silences in a row after which a server counts as one that does not speak HTTP.
_HTTP_SILENCES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What came for one phone: the short form for its line, and what the judgement needs.

    `boot_files` has the last attempt of each request. `problem` says why a file that came cannot be read.
    """

    sight: PhoneConfigSight
    server: TftpServer
    boot_files: tuple[BootFile, ...]
    content: Content | None

    @property
    def config(self) -> PhoneConfig | None:
        """The configuration, where it can be read."""
        return self.content.config if self.content else None

    @property
    def is_answered(self) -> bool:
        """Whether a server answered at all, be it that there is no such file."""
        return _is_answered(self.boot_files)


class ConfigCollector:
    """Fetches configurations, many at once, each server within its ration."""

    def __init__(self, options: CollectOptions, resolver: Resolver) -> None:
        self._options = options
        self._resolver = resolver
        self._located: asyncio.Task[tuple[TftpServer, ...]] | None = None
        self._addresses: dict[Endpoint, _Address] = {}
        self._configs = RecurringConfigs()

    async def collect(self, phone: Phone, boot: Boot) -> Collected:
        """Ask for one phone's configuration. Failures of the network are in the result; nothing is raised for them."""
        began = asyncio.get_running_loop().time()
        request = _Request(boot, device_name(phone.mac))
        content = None
        answered: TftpServer | None = None
        servers = await self._servers()
        for server in servers:
            content = await self._ask(server, request)
            if content is not None or request.was_answered:
                answered = server
                break
        took = asyncio.get_running_loop().time() - began
        return Collected(
            sight=_sight(request, content, servers, took),
            server=answered or servers[0],
            boot_files=tuple(request.files),
            content=content,
        )

    async def close(self) -> None:
        """End what nobody waits for any more."""
        await end((self._located, *(address.asking for address in self._addresses.values())))

    async def _ask(self, server: TftpServer, request: _Request) -> Content | None:
        """Ask each address of a server until one answers."""
        if server.endpoint is None:
            return None
        for host in server.addresses:
            address = self._address(Endpoint(host, server.endpoint.port))
            content = await address.configuration(request)
            if content is not None or request.was_answered:
                return content
        return None

    def _address(self, where: Endpoint) -> _Address:
        known = self._addresses.get(where)
        if known is None:
            known = self._addresses[where] = _Address(where, self._options, self._configs.parse)
        return known

    async def _servers(self) -> tuple[TftpServer, ...]:
        """Look the servers up, once."""
        if self._located is None:
            self._located = asyncio.ensure_future(self._locate())
        return await shared(self._located)

    async def _locate(self) -> tuple[TftpServer, ...]:
        found = [
            await locate_server(self._resolver, self._options.families, "option", server)
            for server in self._options.servers
        ]
        return tuple(found)


class _Request:
    """One phone's requests, as they go on."""

    __slots__ = ("attempts", "boot", "device", "files")

    def __init__(self, boot: Boot, device: str) -> None:
        self.boot = boot
        self.device = device
        self.files: list[BootFile] = []
        self.attempts = 1

    @property
    def was_answered(self) -> bool:
        """Whether anybody answered at all."""
        return _is_answered(self.files)


class _Address:
    """One address of a server: its ration, and what is known of it."""

    def __init__(self, where: Endpoint, options: CollectOptions, parse: Parse) -> None:
        self._parse = parse
        self._where = where
        self._options = options
        self._ration = Ration(options.parallel, 1 / options.rate if options.rate else 0.0)
        self._tftp_options = SWEEP_TFTP_OPTIONS
        self._ports = ClientPorts()
        self._http_silences = 0
        self._trusts: bool | None = None
        self.asking: asyncio.Task[bool | None] | None = None

    async def configuration(self, request: _Request) -> Content | None:
        """Fetch the configuration that this phone would take here."""

        async def get(name: str) -> Fetched:
            return await self._get(request, name)

        trust_list = await self._has_trust_list(request.boot)
        content = await fetch_configuration(
            request.boot, request.device, get, trust_list=trust_list is True, parse=self._parse
        )
        if trust_list is None and request.was_answered:
            # It is silent about a file that it does not have, and answers otherwise.
            self._trusts = False
        return content

    async def _has_trust_list(self, boot: Boot) -> bool | None:
        """Whether phones here have a trust list; None where the server does not answer, which is not remembered."""
        if self._trusts is None:
            if self.asking is None:
                self.asking = asyncio.ensure_future(self._ask_trust_list(boot))
            asking = self.asking
            self._trusts = await shared(asking)
            if self._trusts is None and self.asking is asking:
                self.asking = None
        return self._trusts

    async def _ask_trust_list(self, boot: Boot) -> bool | None:
        """Ask for the trust lists that are not of one device."""
        request = _Request(boot, "")
        names = set(boot.trust_list_files("")) & set(boot.trust_list_files("-"))
        received = [(await self._get(request, name))[1] is not None for name in sorted(names)]
        return any(received) if request.was_answered else None

    async def _get(self, request: _Request, name: str) -> Fetched:
        """Fetch one file by the protocols that are wanted, and record how each ended."""
        http_port = self._options.http_port or request.boot.http_port or HTTP_PORT
        wanted = self._options.fetch
        if wanted == "http" or (wanted == "auto" and request.boot.protocols[0] == "http" and self._may_speak_http):
            fetched = await self._patiently(request, name, Endpoint(self._where.host, http_port))
            request.files.append(fetched[0])
            self._note_http(fetched[0])
            # Only a server that does not speak HTTP sends a phone to TFTP; a "not there" is an answer.
            if wanted == "http" or fetched[0].outcome not in ABSENT:
                return fetched
        fetched = await self._patiently(request, name, None)
        request.files.append(fetched[0])
        return fetched

    @property
    def _may_speak_http(self) -> bool:
        return self._http_silences < _HTTP_SILENCES

    def _note_http(self, file: BootFile) -> None:
        if file.outcome == "unreachable":
            self._http_silences = _HTTP_SILENCES
        elif file.outcome == "timeout":
            self._http_silences += 1
        else:
            self._http_silences = 0

    async def _patiently(self, request: _Request, name: str, http: Endpoint | None) -> Fetched:
        """Fetch one file, again where it was lost; the pauses between are nobody's turn."""
        pause = self._options.back_off
        for _ in range(self._options.retries):
            fetched = await self._once(name, http)
            if not _was_lost(fetched[0]):
                return fetched
            await asyncio.sleep(pause)
            pause *= 2
            request.attempts += 1
        return await self._once(name, http)

    async def _once(self, name: str, http: Endpoint | None) -> Fetched:
        async with self._ration.turn():
            timeout = self._options.timeout
            if http is not None:
                return await fetch_by_http(http, name, timeout=timeout)
            deadline = asyncio.get_running_loop().time() + max(timeout, _FILE_LIMIT_S)
            options = self._tftp_options
            fetched = await fetch_by_tftp(
                self._where, name, timeout=timeout, deadline=deadline, options=options, ports=self._ports
            )
        if options is not NO_OPTIONS and _refused_options(fetched[0]):
            # As phones ask, then; and so from now on.
            self._tftp_options = NO_OPTIONS
            return await self._once(name, http)
        return fetched


def _is_answered(files: Sequence[BootFile]) -> bool:
    return any(file.outcome not in ABSENT for file in files)


def _was_lost(file: BootFile) -> bool:
    """Whether packets were lost, so that another attempt may succeed."""
    return (
        file.outcome in ("timeout", "truncated")
        and file.failure is not None
        and file.failure.kind is FailureKind.TIMEOUT
    )


# TFTP error 8 (RFC 2347), and the one of RFC 1350 for a request that the server does not understand.
_ODD_REQUEST = frozenset({4, 8})


def _refused_options(file: BootFile) -> bool:
    """Whether the server could not do with our options."""
    return (file.outcome == "server-error" and file.code in _ODD_REQUEST) or file.outcome == "malformed"


def _sight(
    request: _Request, content: Content | None, servers: tuple[TftpServer, ...], took: float
) -> PhoneConfigSight:
    wanted = (file for file in reversed(request.files) if content is None or file.name == content.name)
    file = next(wanted, None)
    outcome, problem = _outcome(file, content, servers)
    config = content.config if content else None
    group = config.vpn_group if config else None
    return PhoneConfigSight(
        outcome=outcome,
        file=file.name if file else None,
        protocol=file.protocol if file and file.protocol != "file" else None,
        server=file.server if file else None,
        sha256=file.sha256 if file else None,
        problem=problem,
        urls={f"url{url.index}": url.text for url in group.urls} if group else {},
        cert_hashes={f"certHash{item.index}": item.text for item in group.cert_hashes} if group else {},
        hash_alg=group.hash_alg if group else None,
        auth_method=group.auth_method if group else None,
        host_id_check=group.enable_host_id_check if group else None,
        load=config.load_information if config else None,
        attempts=request.attempts,
        duration_s=round(took, 3),
    )


Outcome = BootFileOutcome | Literal["malformed-config", "encrypted", "no-vpn-group"]


def _outcome(
    file: BootFile | None, content: Content | None, servers: tuple[TftpServer, ...]
) -> tuple[Outcome, str | None]:
    """Name the end of the search, and why it is not better."""
    if file is None:
        failure = servers[0].failure
        return "unreachable", f"no configuration server: {failure.kind.value}" if failure else None
    if content is None:
        return file.outcome, file.message or (file.failure.detail or None if file.failure else None)
    config = content.config
    if config is None:
        return "malformed-config", content.problem
    if config.kind in (ConfigKind.SHORT, ConfigKind.ENCRYPTED):
        return "encrypted", None
    if config.kind is not ConfigKind.FULL:
        return "malformed-config", config.kind.value
    return ("received" if config.vpn_group else "no-vpn-group"), None
