"""The boot-files and config stages: what the phone would read before it dials.

The files are asked for in the model's own order, by HTTP first where the model does so. A server that does not answer
at all is asked once, not once for each file.
"""

from __future__ import annotations

import asyncio

from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import ConfigReading, TftpOrigin, TftpServer
from vpnprobe.model.target import TFTP_PORT, Endpoint, device_name
from vpnprobe.phones.profile import Boot
from vpnprobe.probes.bootfiles import (
    ABSENT,
    HTTP_PORT,
    Content,
    Fetched,
    fetch_boot_files,
    fetch_by_http,
    fetch_by_tftp,
    offered,
    read_content,
)
from vpnprobe.probes.options import AskDhcp, GivenServer, NetworkOptions, PhoneOptions
from vpnprobe.probes.recorder import Recorder, StageOutcome
from vpnprobe.probes.trust import TrustFiles
from vpnprobe.transport.names import Resolver

# The name that phones look up when DHCP gave them no server (Cisco IP phone administration guides).
WELL_KNOWN_NAME = "CiscoCM1"

# The part of the run's time that files may take: a server that drips must not use up what the gateway's stages need.
_SHARE_OF_DEADLINE = 0.5


class BootFiles:
    """Finds a phone's configuration server and fetches the boot files from it, each attempt recorded.

    `wanted` None means: look for the DNS name CiscoCM1. `received` maps the place of a file in the recorder's
    `boot_files` to its bytes.
    """

    def __init__(
        self,
        boot: Boot,
        device: str,
        recorder: Recorder,
        resolver: Resolver,
        network: NetworkOptions,
        *,
        wanted: GivenServer | AskDhcp | None,
        http_port: int | None,
    ) -> None:
        self._boot = boot
        self._device = device
        self._recorder = recorder
        self._resolver = resolver
        self._network = network
        self._wanted = wanted
        self._http_port = http_port
        self._http_gone = False
        self._deadline = 0.0
        self.received: dict[int, bytes] = {}

    async def fetch(self, outcome: StageOutcome) -> Content | None:
        """Ask each address of the server until one answers; None when no configuration came."""
        self._deadline = asyncio.get_running_loop().time() + self._network.deadline * _SHARE_OF_DEADLINE
        self._recorder.tftp_server = server = await self._find_server()
        if server.endpoint is None or not server.addresses:
            outcome.fail("no configuration server")
            return None
        content = None
        asked = self._recorder.boot_files
        for address in server.addresses:
            before = len(asked)
            content = await self._fetch_from(Endpoint(address, server.endpoint.port))
            if any(file.outcome not in ABSENT for file in asked[before:]):
                break
        if content is None:
            outcome.fail("no configuration file")
        return content

    async def _find_server(self) -> TftpServer:
        """Name the configuration server: the operator's word, DHCP where asked for, else the well-known name."""
        wanted, families = self._wanted, self._network.families
        if isinstance(wanted, AskDhcp):
            return await self._ask_dhcp(wanted)
        if wanted is None:
            return await locate_server(self._resolver, families, "dns-ciscocm1", Endpoint(WELL_KNOWN_NAME, TFTP_PORT))
        return await locate_server(self._resolver, families, wanted.origin, wanted.endpoint)

    async def _ask_dhcp(self, wanted: AskDhcp) -> TftpServer:
        from vpnprobe.transport.dhcp import inform

        answer = await inform(wanted.interface, timeout=self._network.timeout)
        if answer.tftp_addresses:
            first = answer.tftp_addresses[0]
            return TftpServer(
                origin="dhcp-option-150", endpoint=Endpoint(first, TFTP_PORT), addresses=answer.tftp_addresses
            )
        if answer.tftp_name:
            return await locate_server(
                self._resolver, self._network.families, "dhcp-option-66", Endpoint(answer.tftp_name, TFTP_PORT)
            )
        detail = "the DHCP server gives neither option 150 nor option 66"
        failure = answer.failure or Failure(kind=FailureKind.SERVER_ERROR, detail=detail)
        return TftpServer(origin="none", failure=failure)

    async def _fetch_from(self, server: Endpoint) -> Content | None:
        """Ask one address for every file in the model's order; None when no configuration came."""
        self._http_gone = False

        async def get(name: str) -> Fetched:
            return await self._get(server, name)

        return await fetch_boot_files(self._boot, self._device, get)

    async def _get(self, server: Endpoint, name: str) -> Fetched:
        """Fetch one file, by HTTP first where the model does, and record every attempt."""
        timeout = self._network.timeout
        if self._boot.protocols[0] == "http" and not self._http_gone:
            where = Endpoint(server.host, self._http_port or self._boot.http_port or HTTP_PORT)
            left = max(self._deadline - asyncio.get_running_loop().time(), 0)
            fetched = await fetch_by_http(where, name, timeout=min(timeout, left))
            self._note(fetched)
            # Only a server that does not speak HTTP sends a phone to TFTP; a "not there" is an answer.
            if fetched[0].outcome not in ABSENT:
                return fetched
            self._http_gone = True
        options = offered(self._boot.tftp_options)
        fetched = await fetch_by_tftp(server, name, timeout=timeout, deadline=self._deadline, options=options)
        self._note(fetched)
        return fetched

    def _note(self, fetched: Fetched) -> None:
        file, data = fetched
        if data is not None:
            self.received[len(self._recorder.boot_files)] = data
        self._recorder.boot_files.append(file)


class ConfigStages:
    """The boot-files and config stages of one phone probe."""

    def __init__(self, options: PhoneOptions, boot: Boot, recorder: Recorder, resolver: Resolver) -> None:
        self._options = options
        self._recorder = recorder
        self._files = BootFiles(
            boot,
            device_name(options.mac),
            recorder,
            resolver,
            options.network,
            wanted=options.server,
            http_port=options.http_port,
        )

    async def run(self) -> None:
        """Run both stages."""
        with self._recorder.stage("boot-files") as outcome:
            content = await self._fetch(outcome)
            trust = TrustFiles(self._recorder, self._files.received)
            trust.read_lists()
            trust.check_files()
        with self._recorder.stage("config") as outcome:
            self._recorder.config = reading = content.reading if content else ConfigReading(origin="none")
            if reading.config is None:
                why = "--cert-hash given" if self._options.cert_hashes else "no configuration"
                (outcome.skip if reading.origin == "none" else outcome.fail)(reading.problem or why)

    async def _fetch(self, outcome: StageOutcome) -> Content | None:
        """Get the configuration file; None where there is none to be had."""
        given = self._options.config
        if given is not None:
            outcome.skip("--config given")
            self._recorder.tftp_server = TftpServer(origin="config-file")
            return read_content(given.name, given.data, "file")
        if self._options.cert_hashes and self._options.server is None:
            outcome.skip("--cert-hash given")
            self._recorder.tftp_server = TftpServer(origin="config-file")
            return None
        return await self._files.fetch(outcome)


async def locate_server(
    resolver: Resolver, families: frozenset[int], origin: TftpOrigin, endpoint: Endpoint
) -> TftpServer:
    """Look up the configuration server that `origin` named."""
    resolution = await resolver.resolve(endpoint.host, families)
    return TftpServer(
        origin=origin,
        endpoint=endpoint,
        addresses=resolution.addresses,
        resolution=resolution,
        failure=resolution.failure,
    )
