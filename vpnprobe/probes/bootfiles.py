"""One phone's boot files from one address of a configuration server, in the order in which its model asks.

A server that does not answer at all is asked once, not once for each file.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec

from vpnprobe.model.config import ConfigKind, PhoneConfig
from vpnprobe.model.errors import WireError
from vpnprobe.model.observation import BootFile, ConfigReading, SignedFile
from vpnprobe.model.target import Endpoint
from vpnprobe.model.trust import Encryption
from vpnprobe.phoneconfig.sepconfig import parse_phone_config
from vpnprobe.phones.profile import Boot
from vpnprobe.transport.client_ports import ClientPorts
from vpnprobe.transport.tftp import fetch_tftp
from vpnprobe.wire.sgn import SignedHeader, SignedKind, is_signed_file, parse_signed_header
from vpnprobe.wire.sgn_items import HASH_NAMES
from vpnprobe.wire.tftp import TftpOptions

# CUCM's port for configuration files (CUCM TCP and UDP port usage guide).
HTTP_PORT = 6970

# A real configuration has some 10 kB, the largest trust lists some 100 kB.
MAX_FILE_SIZE = 4 << 20

# With these the server is as good as absent: asking it for the next file would only wait again.
ABSENT = frozenset({"timeout", "unreachable"})

# What a request for one file brought, and the bytes where all came.
Fetched = tuple[BootFile, bytes | None]
Get = Callable[[str], Awaitable[Fetched]]
# Reads a configuration as `parse_phone_config` does.
Parse = Callable[[bytes], PhoneConfig]


class Content(msgspec.Struct, frozen=True):
    """What a configuration file says, received or given. `config` None: it cannot be read, and `problem` says why."""

    name: str
    origin: Literal["tftp", "http", "file"]
    server: str | None
    config: PhoneConfig | None = None
    problem: str | None = None

    @property
    def reading(self) -> ConfigReading:
        """The same as an observation."""
        return ConfigReading(
            origin=self.origin, file=self.name, server=self.server, config=self.config, problem=self.problem
        )


def read_content(
    name: str,
    data: bytes,
    origin: Literal["tftp", "http", "file"],
    server: str | None = None,
    parse: Parse = parse_phone_config,
) -> Content:
    """Read a configuration file once."""
    config, problem = None, None
    try:
        config = parse(data)
    except WireError as error:
        problem = f"{name} cannot be read: {error}"
    return Content(name, origin, server, config, problem)


async def fetch_boot_files(boot: Boot, device: str, get: Get) -> Content | None:
    """Ask for every file in the model's order; None when no configuration came."""
    trusted = False
    for name in boot.trust_list_files(device):
        file, _ = await get(name)
        if file.outcome in ABSENT:
            return None
        trusted = trusted or file.outcome == "received"
    return await fetch_configuration(boot, device, get, trust_list=trusted)


async def fetch_configuration(
    boot: Boot, device: str, get: Get, *, trust_list: bool, parse: Parse = parse_phone_config
) -> Content | None:
    """Ask for the configuration as a phone does that has, or has not, a trust list; None when none came.

    Where it announces an encrypted one, that is asked for too, for the record.
    """
    names = boot.config_files(device, trust_list=trust_list)
    content = await _first_of(names, get, parse)
    if content is not None and content.config is not None and content.config.kind is ConfigKind.SHORT:
        asked = names[: names.index(content.name) + 1]
        encrypted = boot.config_files(device, trust_list=trust_list, encrypted=True)
        await _first_of([name for name in encrypted if name not in asked], get, parse)
    return content


async def _first_of(names: Sequence[str], get: Get, parse: Parse) -> Content | None:
    """Ask for the files in turn until one is there."""
    for name in names:
        file, data = await get(name)
        if data is not None:
            return read_content(name, data, file.protocol, file.server, parse)
        if file.outcome in ABSENT:
            break
    return None


async def fetch_by_http(where: Endpoint, name: str, *, timeout: float) -> Fetched:
    """GET one file within `timeout` seconds; the bytes are None unless all came."""
    from vpnprobe.transport.http import fetch_config_file

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


async def fetch_by_tftp(
    where: Endpoint,
    name: str,
    *,
    timeout: float,
    deadline: float,
    options: TftpOptions,
    ports: ClientPorts | None = None,
) -> Fetched:
    """Read one file by TFTP; the bytes are None unless all came."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    result = await fetch_tftp(
        where.host, where.port, name, timeout=timeout, deadline=deadline, options=options, ports=ports
    )
    file = BootFile(
        name=name,
        protocol="tftp",
        server=str(where),
        outcome=result.outcome,
        failure=result.failure,
        message=result.error_text or None,
        code=result.error_code,
        options=result.options.as_text(),
        foreign=result.foreign,
        foreign_same_host=result.foreign_same_host,
        retransmissions=result.retransmissions,
        size=result.size,
        duration_s=round(loop.time() - began, 6),
    )
    return _with_content(file, result.data), result.data


def offered(names: Sequence[str]) -> TftpOptions:
    """Return an offer of these options: `tsize` asks for the size, the others have usual values."""
    values = {"blksize": 1428, "tsize": 0, "timeout": 1, "windowsize": 4}
    return TftpOptions(**{name: values[name] for name in names})


def _with_content(file: BootFile, data: bytes | None) -> BootFile:
    """Add what the content itself shows: size, digest, and the header of a signed file."""
    if data is None:
        return file
    return msgspec.structs.replace(
        file, size=len(data), sha256=hashlib.sha256(data).hexdigest(), signed=signed_file(data)
    )


def signed_file(data: bytes) -> SignedFile | None:
    """Read the header of a signed file; its signature is another matter (`vpnprobe.probes.trust`)."""
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
        serial=header.signer_serial,
        hash_algorithm=header.hash_name,
        key_bits=header.key_bits,
        file_name=header.file_name,
        timestamp=header.timestamp,
        encrypted=header.kind is SignedKind.ENCRYPTED,
        encryption=_encryption(header),
    )


def _encryption(header: SignedHeader) -> Encryption | None:
    found = header.encryption
    if found is None:
        return None
    return Encryption(
        iv_length=found.iv_length,
        key_bits=found.key_bits,
        key_algorithm=found.key_algorithm,
        wrapped_key_length=found.wrapped_key_length,
        hash_algorithm=HASH_NAMES.get(found.hash_algorithm) if found.hash_algorithm is not None else None,
    )
