"""Starts a CAPF scenario's network on loopback and says how to probe it."""

from __future__ import annotations

import shlex
import socket
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from vpnprobe.lab.capf.certificates import CapfPki
from vpnprobe.lab.capf.scenario import CAPF_NAME, CapfCertificate, CapfScenario, Network
from vpnprobe.lab.capf.server import capf_server
from vpnprobe.lab.directory import write_files
from vpnprobe.lab.dns import Zone, dns_server
from vpnprobe.lab.listening import DATAGRAM, STREAM, Binding, bound_sockets, endpoint_of, has_address
from vpnprobe.lab.online_ca import ONLINE_CA_NAME, OnlineCaPki, online_ca_server
from vpnprobe.lab.scenario import Dns
from vpnprobe.lab.signed_files import ROLE_CAPF, ROLE_CCM_AND_TFTP, trust_list
from vpnprobe.lab.wording import wrapped
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import Endpoint

_IPV4, _IPV6 = "127.0.0.1", "::1"

# Where the ports stand from a chosen base port.
_CAPF_OFFSET, _DNS_OFFSET, _CA_OFFSET = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CapfLab:
    """A running scenario: where everything listens, and how to probe it.

    `directory` holds, for the time of the run, `ITLFile.tlv` (what the phones hold), `capf.pem` (what CAPF ought to
    show), `SEP.cnf.xml` and `online-ca-root.pem`, each where the scenario gives it to the probe. `heard` are all bytes
    that clients said inside sessions with the CAPF: none, if the probe keeps its word.
    """

    scenario: CapfScenario
    port: int
    resolver: Endpoint
    online_ca: Endpoint | None
    directory: Path
    heard: bytearray = field(default_factory=bytearray)

    @property
    def server(self) -> Endpoint:
        """What is probed."""
        return Endpoint(CAPF_NAME, self.port)

    @property
    def arguments(self) -> list[str]:
        """The arguments of `vpnprobe` that probe this scenario."""
        options = self.scenario.options
        given = {
            "--model": self.scenario.model,
            "--phone-stack": None if options.stack == "dual" else options.stack,
            "--phone-addresses": options.addresses,
            "--enable-ipv6": None if options.enable_ipv6 is None else str(options.enable_ipv6).lower(),
            "--idle-timeout": None if options.idle_timeout is None else f"{options.idle_timeout:g}",
            "--keep-alive": None if options.keep_alive is None else f"{options.keep_alive:g}",
            "--trust-list": self._file("ITLFile.tlv", options.trust_list is not None),
            "--capf-cert": self._file("capf.pem", options.certificate is not None),
            "--config": self._file("SEP.cnf.xml", options.auth_mode is not None),
            "--online-ca": str(self.online_ca) if options.online_ca and self.online_ca is not None else None,
            "--ca": self._file("online-ca-root.pem", options.online_ca and options.given_root),
            "--resolver": str(self.resolver),
        }
        pairs = [(name, value) for name, value in given.items() if value is not None]
        return ["capf", str(self.server), *(word for pair in pairs for word in pair)]

    def _file(self, name: str, wanted: bool) -> str | None:
        return str(self.directory / name) if wanted else None

    def describe(self, width: int = 80) -> str:
        """Say in a few lines what runs and what to type; prose is broken between words at `width` columns."""
        scenario, network = self.scenario, self.scenario.network
        expected = ", ".join(sorted(scenario.expect_fail)) or "no alarm"
        where = [str(Endpoint(host, self.port)) for host in _hosts(network)]
        return "\n".join(
            (
                *wrapped(f"{scenario.name}: {scenario.title}", width),
                *(part for line in scenario.story for part in wrapped(line, width, "  ")),
                "",
                *wrapped(f"CAPF     {', '.join(where)}", width, "  "),
                *wrapped(f"DNS      {self.resolver}", width, "  "),
                f"  files    {self.directory}",
                *wrapped(f"expected {expected} (verdict {scenario.expect_verdict})", width, "  "),
                "",
                f"  {shlex.join(('vpnprobe', *self.arguments))}",
            )
        )


@asynccontextmanager
async def running_capf_lab(
    scenario: CapfScenario, *, port_base: int | None = None, now: datetime | None = None
) -> AsyncIterator[CapfLab]:
    """Run the network of `scenario` until the body ends.

    Ports are free ones of the system's choice, or `port_base` and those after it (CAPF, DNS, online CA); `UsageError`
    is raised when one is taken, and where a scenario needs IPv6 on loopback and this machine has none.
    """
    started_at = now or datetime.now(UTC)
    network = scenario.network
    if network.ipv6 is not None and not has_address(_IPV6):
        raise UsageError(f"scenario {scenario.name} needs IPv6 on loopback ({_IPV6}), which this system does not have")
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vpnprobe-lab-")))

        def bind(offset: int, *wanted: Binding) -> Sequence[socket.socket]:
            sockets = bound_sockets(list(wanted), 0 if port_base is None else port_base + offset)
            for sock in sockets:
                stack.callback(sock.close)
            return sockets

        hosts = _hosts(network)
        capf_sockets = bind(_CAPF_OFFSET, *((host, STREAM) for host in hosts))
        udp, tcp = bind(_DNS_OFFSET, (_IPV4, DATAGRAM), (_IPV4, STREAM))
        pki = CapfPki(started_at)
        heard = bytearray()
        servers = [one for one in (network.ipv4, network.ipv6) if one is not None]
        for sock, wanted in zip(capf_sockets, servers, strict=True):
            await stack.enter_async_context(capf_server(sock, wanted, pki, heard))
        files = _files(scenario, pki, started_at)
        names: dict[str, Sequence[str]] = {CAPF_NAME: hosts} if network.in_dns else {}
        online_ca = None
        if network.online_ca is not None:
            ca = OnlineCaPki(network.online_ca, started_at)
            [ca_socket] = bind(_CA_OFFSET, (_IPV4, STREAM))
            online_ca = Endpoint(ONLINE_CA_NAME, endpoint_of(ca_socket).port)
            if network.online_ca.in_dns:
                names[ONLINE_CA_NAME] = (_IPV4,)
            files["online-ca-root.pem"] = ca.root.pem
            await stack.enter_async_context(online_ca_server(ca_socket, network.online_ca, ca))
        await stack.enter_async_context(dns_server(udp, tcp, Zone(names, "faulty.invalid", Dns())))
        write_files(directory, files)
        yield CapfLab(
            scenario=scenario,
            port=endpoint_of(capf_sockets[0]).port,
            resolver=endpoint_of(udp),
            online_ca=online_ca,
            directory=directory,
            heard=heard,
        )


def _hosts(network: Network) -> list[str]:
    return [host for host, wanted in ((_IPV4, network.ipv4), (_IPV6, network.ipv6)) if wanted is not None]


def _files(scenario: CapfScenario, pki: CapfPki, now: datetime) -> dict[str, bytes]:
    network, options = scenario.network, scenario.options
    first = network.ipv4 or network.ipv6
    shown = first.certificate if first is not None else CapfCertificate()
    other = msgspec.structs.replace(shown, edition=shown.edition + 1, common_name="CAPF-0badcafe")
    files: dict[str, bytes] = {}
    if options.trust_list == "broken":
        files["ITLFile.tlv"] = b"\x01\x00\x02\x01\x02\x02\x00\x02\xff\xff"
    elif options.trust_list is not None:
        members = [(ROLE_CCM_AND_TFTP, pki.signer)]
        if options.trust_list != "no-capf":
            members.append((ROLE_CAPF, pki.certificate(shown if options.trust_list == "same" else other)))
        files["ITLFile.tlv"] = trust_list(members, "ITLFile.tlv", pki.signer, now)
    if options.certificate is not None:
        files["capf.pem"] = pki.certificate(shown if options.certificate == "same" else other).pem
    if options.auth_mode is not None:
        files["SEP.cnf.xml"] = (
            "<device><fullConfig>true</fullConfig><capfAuthMode>"
            f"{options.auth_mode}</capfAuthMode><capfList><capf><phonePort>3804</phonePort>"
            f"<processNodeName>{CAPF_NAME}</processNodeName></capf></capfList></device>"
        ).encode()
    return files
