"""Starts the servers of a config scenario on loopback and says how to probe them."""

from __future__ import annotations

import ipaddress
import shlex
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.config_server import http_side, tftp_side
from vpnprobe.lab.directory import write_files
from vpnprobe.lab.dns import Zone, dns_server
from vpnprobe.lab.listening import DATAGRAM, STREAM, Binding, bound_sockets, endpoint_of
from vpnprobe.lab.scenario import CUCM_NAME, PHONE_MAC, Dns
from vpnprobe.lab.trust.files import OLD_CUCM_NAME, PhoneFiles, phone_files
from vpnprobe.lab.trust.scenario import ConfigScenario
from vpnprobe.lab.tvs import TvsService, tvs_server
from vpnprobe.lab.wording import wrapped
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import Endpoint, is_address, parse_mac

_TFTP_OFFSET, _HTTP_OFFSET, _DNS_OFFSET, _TVS_OFFSET = 0, 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigLab:
    """A running scenario: where everything listens, and how to probe it.

    `directory` holds, for the time of the run, the served files under `files/`, `held.tlv` where the phone holds a
    list, and `phone-key.pem` where the probe is to have the phone's key.
    """

    scenario: ConfigScenario
    tftp_endpoint: Endpoint
    http_endpoint: Endpoint
    dns_endpoint: Endpoint
    tvs_endpoint: Endpoint
    directory: Path
    files: PhoneFiles

    @property
    def mac(self) -> str:
        """The phone's MAC, 12 upper-case hex digits."""
        return parse_mac(PHONE_MAC)

    @property
    def arguments(self) -> list[str]:
        """The arguments of `vpnprobe` that probe this scenario."""
        words = ["config", self.mac, "--model", self.scenario.model, "--tftp", str(self.tftp_endpoint)]
        words += ["--http-port", str(self.http_endpoint.port), "--resolver", str(self.dns_endpoint)]
        if self.files.held is not None:
            words += ["--trust-list", str(self.directory / "held.tlv")]
        if self.files.key_pem is not None:
            words += ["--key", str(self.directory / "phone-key.pem")]
        if self.scenario.tvs is not None:
            words += ["--tvs", "--tvs-port", str(self.tvs_endpoint.port)]
        return words

    def describe(self, width: int = 80) -> str:
        """Say in a few lines what runs and what to type; prose is broken between words at `width` columns."""
        scenario = self.scenario
        expected = ", ".join(sorted(scenario.expect_fail)) or "no alarm"
        return "\n".join(
            (
                *wrapped(f"{scenario.name}: {scenario.title}", width),
                *(part for line in scenario.story for part in wrapped(line, width, "  ")),
                "",
                f"  TFTP     {self.tftp_endpoint}",
                f"  HTTP     {self.http_endpoint}",
                f"  DNS      {self.dns_endpoint}",
                f"  TVS      {self.tvs_endpoint}",
                f"  files    {self.directory}",
                *wrapped(f"expected {expected} (verdict {scenario.expect_verdict})", width, "  "),
                "",
                f"  {shlex.join(('vpnprobe', *self.arguments))}",
            )
        )


@asynccontextmanager
async def running_config_lab(
    scenario: ConfigScenario, *, host: str = "127.0.0.1", port_base: int | None = None, now: datetime | None = None
) -> AsyncIterator[ConfigLab]:
    """Run the servers of `scenario` until the body ends.

    Ports are free ones of the system's choice, or `port_base` and the three after it (TFTP, HTTP, DNS, TVS); then
    `UsageError` is raised when one is taken.
    """
    if not (is_address(host) and ipaddress.ip_address(host).is_loopback):
        raise UsageError(f"the lab listens on loopback only, and {host} is none; choose 127.0.0.1 or ::1")
    now = now or datetime.now(UTC)
    files = phone_files(scenario, LabPki(now), now)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vpnprobe-lab-")))

        def bind(offset: int, *wanted: Binding) -> list[socket.socket]:
            sockets = bound_sockets(wanted, 0 if port_base is None else port_base + offset)
            for sock in sockets:
                stack.callback(sock.close)
            return sockets

        [tftp_socket] = bind(_TFTP_OFFSET, (host, DATAGRAM))
        [http_socket] = bind(_HTTP_OFFSET, (host, STREAM))
        dns_udp, dns_tcp = bind(_DNS_OFFSET, (host, DATAGRAM), (host, STREAM))
        [tvs_socket] = bind(_TVS_OFFSET, (host, STREAM))
        # Read now: where a service is to refuse, its socket will be closed.
        tftp_at, tvs_at = endpoint_of(tftp_socket), endpoint_of(tvs_socket)
        written = {f"files/{name}": data for name, data in files.served.items()}
        written |= {"held.tlv": files.held} if files.held is not None else {}
        written |= {"phone-key.pem": files.key_pem} if files.key_pem is not None else {}
        write_files(directory, written)

        await stack.enter_async_context(tftp_side(tftp_socket, files.served, scenario.server))
        await stack.enter_async_context(http_side(http_socket, files.served, scenario.server))
        await stack.enter_async_context(
            tvs_server(tvs_socket, scenario.tvs or TvsService(), files.tvs, files.vouched_for)
        )
        zone = Zone({CUCM_NAME: (host,), OLD_CUCM_NAME: (host,)}, faulty="nobody.lab.example", fault=Dns())
        await stack.enter_async_context(dns_server(dns_udp, dns_tcp, zone))
        yield ConfigLab(
            scenario=scenario,
            tftp_endpoint=tftp_at,
            http_endpoint=endpoint_of(http_socket),
            dns_endpoint=endpoint_of(dns_udp),
            tvs_endpoint=tvs_at,
            directory=directory,
            files=files,
        )
