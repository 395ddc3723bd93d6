"""The boot-files and config stages: what the phone would read before it dials.

The files are asked for in the model's own order, by HTTP first where the model does so. A server that does not answer
at all is asked once, not once for each file.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec

from vpnprobe.model.config import ConfigKind
from vpnprobe.model.errors import WireError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import BootFile, ConfigReading, SignedFile, TftpOrigin, TftpServer
from vpnprobe.model.target import TFTP_PORT, Endpoint, device_name
from vpnprobe.phoneconfig.sepconfig import parse_phone_config
from vpnprobe.phones.profile import Boot
from vpnprobe.probes.options import AskDhcp, PhoneOptions
from vpnprobe.probes.recorder import Recorder, StageOutcome
from vpnprobe.transport.names import Resolver
from vpnprobe.transport.tftp import fetch_tftp
from vpnprobe.wire.sgn import SignedKind, is_signed_file, parse_signed_header
from vpnprobe.wire.tftp import TftpOptions

# The name that phones look up when DHCP gave them no server (Cisco IP phone administration guides).
WELL_KNOWN_NAME = "CiscoCM1"

# CUCM's port for configuration files (CUCM TCP and UDP port usage guide).
HTTP_PORT = 6970

# A real configuration has some 10 kB, the largest trust lists some 100 kB.
MAX_FILE_SIZE = 4 << 20

# The part of the run's time that files may take: a server that drips must not use up what the gateway's stages need.
_SHARE_OF_DEADLINE = 0.5

# With these the server is as good as absent: asking it for the next file would only wait again.
_ABSENT = frozenset({"timeout", "unreachable"})


class _Content(msgspec.Struct, frozen=True):
    """A configuration file as received or given, container and all."""

    name: str
    data: bytes
    origin: Literal["tftp", "http", "file"]
    server: str | None


class ConfigStages:
    """The boot-files and config stages of one phone probe."""

    def __init__(self, options: PhoneOptions, boot: Boot, recorder: Recorder, resolver: Resolver) -> None:
        self._options = options
        self._boot = boot
        self._recorder = recorder
        self._resolver = resolver
        self._device = device_name(options.mac)
        self._http_gone = False
        self._deadline = 0.0

    async def run(self) -> None:
        """Run both stages."""
        self._deadline = asyncio.get_running_loop().time() + self._options.network.deadline * _SHARE_OF_DEADLINE
        with self._recorder.stage("boot-files") as outcome:
            content = await self._fetch(outcome)
        with self._recorder.stage("config") as outcome:
            self._recorder.config = reading = self._read(content)
            if reading.config is None:
                why = "--cert-hash given" if self._options.cert_hashes else "no configuration"
                (outcome.skip if reading.origin == "none" else outcome.fail)(reading.problem or why)

    async def _fetch(self, outcome: StageOutcome) -> _Content | None:
        """Get the configuration file; None where there is none to be had."""
        given = self._options.config
        if given is not None:
            outcome.skip("--config given")
            self._recorder.tftp_server = TftpServer(origin="config-file")
            return _Content(name=given.name, data=given.data, origin="file", server=None)
        if self._options.cert_hashes and self._options.server is None:
            outcome.skip("--cert-hash given")
            self._recorder.tftp_server = TftpServer(origin="config-file")
            return None
        self._recorder.tftp_server = server = await self._find_server()
        if server.endpoint is None or not server.addresses:
            outcome.fail("no configuration server")
            return None
        content = None
        asked = self._recorder.boot_files
        for address in server.addresses:
            before = len(asked)
            content = await self._fetch_from(Endpoint(address, server.endpoint.port))
            if any(file.outcome not in _ABSENT for file in asked[before:]):
                break
        if content is None:
            outcome.fail("no configuration file")
        return content

    async def _find_server(self) -> TftpServer:
        """Name the configuration server: the operator's word, DHCP where asked for, else the well-known name."""
        wanted = self._options.server
        if isinstance(wanted, AskDhcp):
            return await self._ask_dhcp(wanted)
        if wanted is None:
            return await self._located("dns-ciscocm1", Endpoint(WELL_KNOWN_NAME, TFTP_PORT))
        return await self._located(wanted.origin, wanted.endpoint)

    async def _ask_dhcp(self, wanted: AskDhcp) -> TftpServer:
        from vpnprobe.transport.dhcp import inform

        answer = await inform(wanted.interface, timeout=self._options.network.timeout)
        if answer.tftp_addresses:
            first = answer.tftp_addresses[0]
            return TftpServer(
                origin="dhcp-option-150", endpoint=Endpoint(first, TFTP_PORT), addresses=answer.tftp_addresses
            )
        if answer.tftp_name:
            return await self._located("dhcp-option-66", Endpoint(answer.tftp_name, TFTP_PORT))
        detail = "the DHCP server gives neither option 150 nor option 66"
        failure = answer.failure or Failure(kind=FailureKind.SERVER_ERROR, detail=detail)
        return TftpServer(origin="none", failure=failure)

    async def _located(self, origin: TftpOrigin, endpoint: Endpoint) -> TftpServer:
        resolution = await self._resolver.resolve(endpoint.host, self._options.network.families)
        return TftpServer(
            origin=origin,
            endpoint=endpoint,
            addresses=resolution.addresses,
            resolution=resolution,
            failure=resolution.failure,
        )

    async def _fetch_from(self, server: Endpoint) -> _Content | None:
        """Ask one address for every file in the model's order; None when no configuration came."""
        boot = self._boot
        self._http_gone = False
        trusted = False
        for name in boot.trust_list_files(self._device):
            file, _ = await self._get(server, name)
            if file.outcome in _ABSENT:
                return None
            trusted = trusted or file.outcome == "received"
        content = await self._first_of(server, boot.config_files(self._device, trust_list=trusted))
        if content is not None and self._announces_encryption(content):
            names = boot.config_files(self._device, trust_list=trusted, encrypted=True)
            known = {file.name for file in self._recorder.boot_files}
            await self._first_of(server, tuple(name for name in names if name not in known))
        return content

    async def _first_of(self, server: Endpoint, names: Sequence[str]) -> _Content | None:
        """Ask for the files in turn until one is there."""
        for name in names:
            file, data = await self._get(server, name)
            if data is not None:
                return _Content(name=name, data=data, origin=file.protocol, server=file.server)
            if file.outcome in _ABSENT:
                break
        return None

    def _announces_encryption(self, content: _Content) -> bool:
        reading = self._read(content)
        return reading.config is not None and reading.config.kind is ConfigKind.SHORT

    async def _get(self, server: Endpoint, name: str) -> tuple[BootFile, bytes | None]:
        """Fetch one file, by HTTP first where the model does, and record every attempt."""
        if self._boot.protocols[0] == "http" and not self._http_gone:
            file, data = await self._by_http(server, name)
            self._recorder.boot_files.append(file)
            # Only a server that does not speak HTTP sends a phone to TFTP; a "not there" is an answer.
            if file.outcome not in _ABSENT:
                return file, data
            self._http_gone = True
        file, data = await self._by_tftp(server, name)
        self._recorder.boot_files.append(file)
        return file, data

    async def _by_http(self, server: Endpoint, name: str) -> tuple[BootFile, bytes | None]:
        from vpnprobe.transport.http import fetch_config_file

        where = Endpoint(server.host, self._options.http_port or self._boot.http_port or HTTP_PORT)
        left = max(self._deadline - asyncio.get_running_loop().time(), 0)
        timeout = min(self._options.network.timeout, left)
        answer = await fetch_config_file(where.host, where.port, name, timeout=timeout, cap=MAX_FILE_SIZE)
        file = BootFile(
            name=name,
            protocol="http",
            server=str(where),
            outcome=answer.outcome,
            failure=answer.failure,
            message=answer.message,
            code=answer.code,
            size=answer.size,
            duration_s=round(answer.duration_s, 6),
        )
        return _with_content(file, answer.data), answer.data

    async def _by_tftp(self, server: Endpoint, name: str) -> tuple[BootFile, bytes | None]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        network = self._options.network
        result = await fetch_tftp(
            server.host,
            server.port,
            name,
            timeout=network.timeout,
            deadline=self._deadline,
            options=_offered(self._boot.tftp_options),
        )
        file = BootFile(
            name=name,
            protocol="tftp",
            server=str(server),
            outcome=result.outcome,
            failure=result.failure,
            message=result.error_text or None,
            code=result.error_code,
            options=result.options.as_text(),
            foreign=result.foreign,
            retransmissions=result.retransmissions,
            size=result.size,
            duration_s=round(loop.time() - began, 6),
        )
        return _with_content(file, result.data), result.data

    def _read(self, content: _Content | None) -> ConfigReading:
        if content is None:
            return ConfigReading(origin="none")
        problem = None
        config = None
        try:
            config = parse_phone_config(content.data)
        except WireError as error:
            problem = f"{content.name} cannot be read: {error}"
        return ConfigReading(
            origin=content.origin, file=content.name, server=content.server, config=config, problem=problem
        )


def _offered(names: Sequence[str]) -> TftpOptions:
    """The options of a model's read request: `tsize` asks for the size, the others offer usual values."""
    values = {"blksize": 1428, "tsize": 0, "timeout": 1, "windowsize": 4}
    return TftpOptions(**{name: values[name] for name in names})


def _with_content(file: BootFile, data: bytes | None) -> BootFile:
    """Add what the content itself shows: size, digest, and the header of a signed file."""
    if data is None:
        return file
    return msgspec.structs.replace(
        file, size=len(data), sha256=hashlib.sha256(data).hexdigest(), signed=_signed_file(data)
    )


def _signed_file(data: bytes) -> SignedFile | None:
    if not is_signed_file(data):
        return None
    try:
        header = parse_signed_header(data)
    except WireError as error:
        return SignedFile(header_length=0, problem=str(error))
    return SignedFile(
        header_length=header.header_length,
        signer=header.signer_name,
        issuer=header.signer_issuer,
        hash_algorithm=header.hash_name,
        file_name=header.file_name,
        timestamp=header.timestamp,
        encrypted=header.kind is SignedKind.ENCRYPTED,
    )
