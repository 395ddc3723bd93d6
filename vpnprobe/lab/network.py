"""Starts a scenario's network on loopback and says how to probe it."""

from __future__ import annotations

import ipaddress
import shlex
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.config_server import boot_files, http_side, tftp_side
from vpnprobe.lab.directory import write_files
from vpnprobe.lab.dns import Zone, dns_server
from vpnprobe.lab.gateway import PASSWORD, USER, gateway_server
from vpnprobe.lab.listening import DATAGRAM, STREAM, Binding, bound_sockets, endpoint_of, has_address
from vpnprobe.lab.scenario import CUCM_NAME, GATEWAY_NAME, GROUP_PATH, MEMBER_NAME, PHONE_MAC, Scenario
from vpnprobe.lab.wording import wrapped
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import Endpoint, is_address, parse_mac

_SECOND_IPV4 = "127.0.0.2"
_IPV6 = "::1"

# Where the ports stand from a chosen base port.
_GATEWAY_OFFSET, _TFTP_OFFSET, _HTTP_OFFSET, _DNS_OFFSET = 0, 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A running scenario: where everything listens, and how to probe it.

    `addresses` are those behind the gateway's name, `port` is the gateway's at each of them. `directory` holds,
    for the time of the run, `client-cert.pem` and `client-key.pem` (where the probe is to have them), `password`,
    the CAs that the gateway trusts (`<name>-ca.pem`), `gateway.pem` (what the first address shows) and the boot
    files under `files/`.
    """

    scenario: Scenario
    group_url: str
    addresses: tuple[str, ...]
    port: int
    tftp_endpoint: Endpoint
    http_endpoint: Endpoint
    dns_endpoint: Endpoint
    directory: Path
    cert_hashes: tuple[str, ...]

    @property
    def mac(self) -> str:
        """The phone's MAC, 12 upper-case hex digits."""
        return parse_mac(PHONE_MAC)

    @property
    def tftp(self) -> str:
        """The TFTP server as `host:port`."""
        return str(self.tftp_endpoint)

    @property
    def resolver(self) -> str:
        """The DNS server as `host:port`."""
        return str(self.dns_endpoint)

    @property
    def arguments(self) -> list[str]:
        """The arguments of `vpnprobe` that probe this scenario."""
        options = self.scenario.options
        words = ["phone", "--group-url", self.group_url, "--mac", self.mac, "--model", self.scenario.model]
        if options.cert_hashes:
            words += [word for text in self.cert_hashes for word in ("--cert-hash", text)]
        elif options.config_server:
            words += ["--tftp", self.tftp, "--http-port", str(self.http_endpoint.port)]
        words += ["--resolver", self.resolver]
        if options.client is not None:
            words += ["--client-cert", str(self.client_certificate), "--client-key", str(self.client_key)]
        if options.password:
            words += ["--user", USER, "--password-file", str(self.password_file)]
        return words

    @property
    def client_certificate(self) -> Path:
        """The client certificate with its issuers, PEM."""
        return self.directory / "client-cert.pem"

    @property
    def client_key(self) -> Path:
        """The client certificate's key, PEM."""
        return self.directory / "client-key.pem"

    @property
    def password_file(self) -> Path:
        """The file with the password of the lab's one user."""
        return self.directory / "password"

    def describe(self, width: int = 80) -> str:
        """Say in a few lines what runs and what to type; prose is broken between words at `width` columns."""
        scenario = self.scenario
        expected = ", ".join(sorted(scenario.expect_fail)) or "no alarm"
        return "\n".join(
            (
                *wrapped(f"{scenario.name}: {scenario.title}", width),
                *(part for line in scenario.story for part in wrapped(line, width, "  ")),
                "",
                *wrapped(f"gateway  {self.group_url}  at {', '.join(self.addresses)}", width, "  "),
                f"  TFTP     {self.tftp_endpoint}",
                f"  HTTP     {self.http_endpoint}",
                f"  DNS      {self.dns_endpoint}",
                f"  files    {self.directory}",
                *wrapped(f"expected {expected} (verdict {scenario.expect_verdict})", width, "  "),
                "",
                f"  {shlex.join(('vpnprobe', *self.arguments))}",
            )
        )


@asynccontextmanager
async def running_lab(
    scenario: Scenario, *, host: str = "127.0.0.1", port_base: int | None = None, now: datetime | None = None
) -> AsyncIterator[Lab]:
    """Run the network of `scenario` until the body ends.

    `host` is the loopback address of everything that needs only one. Ports are free ones of the system's
    choice, or `port_base` and the three after it (gateway, TFTP, HTTP, DNS); then `UsageError` is raised when
    one is taken.
    """
    if not (is_address(host) and ipaddress.ip_address(host).is_loopback):
        raise UsageError(f"the lab listens on loopback only, and {host} is none; choose 127.0.0.1 or ::1")
    now = now or datetime.now(UTC)
    network = scenario.network
    pki = LabPki(now)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vpnprobe-lab-")))

        second = _second_address(host, prefer_ipv6=network.second_is_ipv6)
        addresses = (host, second)[: len(network.gateways)]
        listeners = list(zip(addresses, network.gateways, strict=True))
        if network.member is not None:
            listeners.append((second, network.member))

        def bind(offset: int, *wanted: Binding) -> list[socket.socket]:
            sockets = bound_sockets(wanted, 0 if port_base is None else port_base + offset)
            for sock in sockets:
                stack.callback(sock.close)
            return sockets

        gateway_sockets = bind(_GATEWAY_OFFSET, *((address, STREAM) for address, _ in listeners))
        [tftp_socket] = bind(_TFTP_OFFSET, (host, DATAGRAM))
        [http_socket] = bind(_HTTP_OFFSET, (host, STREAM))
        dns_udp, dns_tcp = bind(_DNS_OFFSET, (host, DATAGRAM), (host, STREAM))

        # Read now: where TFTP is to refuse, its socket will be closed.
        tftp_at = endpoint_of(tftp_socket)
        port = gateway_sockets[0].getsockname()[1]
        shown = host if scenario.options.by_address else GATEWAY_NAME
        group_url = f"https://{Endpoint(shown, port)}{GROUP_PATH}"
        hashes = scenario.options.cert_hashes or network.configuration.cert_hashes
        cert_hashes = tuple(pki.cert_hash(wanted) for wanted in hashes)
        files = boot_files(scenario, pki, group_url=group_url, cert_hashes=cert_hashes, now=now)
        _write(directory, scenario, pki, files)

        member_url = f"https://{MEMBER_NAME}:{port}{GROUP_PATH}"
        for sock, (_, gateway) in zip(gateway_sockets, listeners, strict=True):
            await stack.enter_async_context(gateway_server(sock, gateway, pki, now, member_url))
        await stack.enter_async_context(tftp_side(tftp_socket, files, network.config_server))
        await stack.enter_async_context(http_side(http_socket, files, network.config_server))
        names = {GATEWAY_NAME: addresses, MEMBER_NAME: (second,), CUCM_NAME: (host,)}
        zone = Zone(names, faulty=GATEWAY_NAME, fault=network.dns)
        await stack.enter_async_context(dns_server(dns_udp, dns_tcp, zone))

        yield Lab(
            scenario=scenario,
            group_url=group_url,
            addresses=addresses,
            port=port,
            tftp_endpoint=tftp_at,
            http_endpoint=endpoint_of(http_socket),
            dns_endpoint=endpoint_of(dns_udp),
            directory=directory,
            cert_hashes=cert_hashes,
        )


def _second_address(host: str, *, prefer_ipv6: bool) -> str:
    """Choose another loopback address: not every system has ::1, nor any but 127.0.0.1 in IPv4."""
    candidates = (_IPV6, _SECOND_IPV4) if prefer_ipv6 else (_SECOND_IPV4, _IPV6)
    usable = [address for address in candidates if address != host and has_address(address)]
    if not usable:
        raise UsageError(f"the lab needs a second loopback address, {_SECOND_IPV4} or {_IPV6}; add one to lo")
    return usable[0]


def _write(directory: Path, scenario: Scenario, pki: LabPki, files: Mapping[str, bytes]) -> None:
    written = {f"files/{name}": data for name, data in files.items()}
    first = scenario.network.gateways[0]
    written["gateway.pem"] = pki.gateway(first.certificate).chain_pem
    written |= {f"{name}-ca.pem": pki.authority(name).pem for name in first.trusts}
    if scenario.options.client is not None:
        client = pki.client(scenario.options.client, f"CP-{scenario.model.partition('-')[0]}")
        written |= {"client-cert.pem": client.chain_pem, "client-key.pem": client.key_pem}
    if scenario.options.password:
        written["password"] = PASSWORD.encode() + b"\n"
    write_files(directory, written)
