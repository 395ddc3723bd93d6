"""The servers of this suite, each started once, on a network of its own."""

from __future__ import annotations

import functools
import os
import socket
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.containers import podman
from tests.containers.federation_servers import PUBLIC, PUBLIC_NET, Partners, start_partners
from tests.containers.podman import RECIPES, Container, Transport
from tests.containers.tls_servers import TlsServer

DHCP_CONFIG = """\
authoritative;
option tftp-servers code 150 = array of ip-address;
option tftp-servers {address};
option tftp-server-name "tftp.vpnprobe.test";
subnet 0.0.0.0 netmask 0.0.0.0 {{}}
"""

TUNNEL_DEVICE = ("--device", "/dev/net/tun", "--cap-add", "NET_ADMIN")


class Start(Protocol):
    """Starts a container on the test network; it lives to the end of the session."""

    def __call__(
        self, image: str, *command: str, listens: tuple[Transport, int] | None, options: tuple[str, ...] = ()
    ) -> Container: ...


@pytest.fixture(scope="session")
def network() -> Iterator[str]:
    if os.geteuid() != 0 or not podman.available():
        pytest.fail("run containers/prepare as root first; these tests need podman and its images", pytrace=False)
    with podman.network(f"vpnprobe-test-{os.getpid()}") as name:
        yield name


@pytest.fixture(scope="session")
def bridge(network: str) -> str:
    """This machine's interface on the test network."""
    return podman.podman("network", "inspect", "--format", "{{.NetworkInterface}}", network).strip()


@pytest.fixture(scope="session")
def start(network: str) -> Iterator[Start]:
    with ExitStack() as session:

        def start_one(
            image: str, *command: str, listens: tuple[Transport, int] | None, options: tuple[str, ...] = ()
        ) -> Container:
            return session.enter_context(
                podman.container(image, *command, network=network, listens=listens, options=options)
            )

        yield start_one


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows the log of every server it used."""
    report = yield
    if report.failed:
        for fixture, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Container):
                report.sections.append((f"log of {fixture}", value.log()))
    return report


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificates of `containers/make-pki`, as PEM files."""
    directory = tmp_path_factory.mktemp("pki")
    subprocess.run([RECIPES / "make-pki", directory], capture_output=True, timeout=60, check=True)
    return directory


@pytest.fixture(scope="session")
def with_pki(pki: Path) -> tuple[str, ...]:
    """The options that give a container the certificates."""
    return ("--volume", f"{pki}:/pki:ro")


@pytest.fixture(scope="session")
def certificate_gateway(start: Start, with_pki: tuple[str, ...]) -> Container:
    """ocserv, TLS 1.0 and AES-SHA only, login with a certificate of the CAPF."""
    return start("ocserv", listens=("tcp", 443), options=(*with_pki, *TUNNEL_DEVICE))


@pytest.fixture(scope="session")
def password_gateway(start: Start, with_pki: tuple[str, ...]) -> Container:
    """ocserv, TLS 1.0 and AES-SHA only, login with user name and password."""
    command = ("ocserv", "--foreground", "--debug=3", "--config=/etc/vpnprobe/password.conf")
    return start("ocserv", *command, listens=("tcp", 443), options=(*with_pki, *TUNNEL_DEVICE))


@pytest.fixture(scope="session")
def boot_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the TFTP and HTTP servers serve; they run as users of their own, so everybody may read it."""
    directory = tmp_path_factory.mktemp("boot")
    directory.chmod(0o755)
    return directory


@pytest.fixture(scope="session")
def tftp_server(start: Start, boot_directory: Path) -> Container:
    server = start("tftpd", listens=("udp", 69), options=("--volume", f"{boot_directory}:/srv/tftp:ro"))
    for address in (server.address, server.address6):
        podman.wait_until(functools.partial(_answers_tftp, address), server)
    return server


def _answers_tftp(address: str) -> bool:
    """Whether a read request gets an answer; tftpd-hpa loses the first one after its start on each socket."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.2)
        asker.sendto(b"\0\1ready\0octet\0", (address, 69))
        try:
            return bool(asker.recv(600))
        except TimeoutError:
            return False


@pytest.fixture(scope="session")
def http_server(start: Start, boot_directory: Path) -> Container:
    return start("nginx", listens=("tcp", 6970), options=("--volume", f"{boot_directory}:/srv/tftp:ro"))


@pytest.fixture(scope="session")
def dhcp_server(start: Start, tftp_server: Container, tmp_path_factory: pytest.TempPathFactory) -> Container:
    """ISC DHCP that names the TFTP server by option 150 and tftp.vpnprobe.test by option 66."""
    directory = tmp_path_factory.mktemp("dhcp")
    directory.chmod(0o755)
    (directory / "dhcpd.conf").write_text(DHCP_CONFIG.format(address=tftp_server.address))
    return start("dhcp", listens=("udp", 67), options=("--volume", f"{directory}:/etc/vpnprobe:ro"))


@pytest.fixture(scope="session")
def dns_server(
    start: Start,
    certificate_gateway: Container,
    password_gateway: Container,
    tmp_path_factory: pytest.TempPathFactory,
) -> Container:
    """BIND. `one` and `six` name the certificate gateway by IPv4 and IPv6, `two` names both gateways."""
    addresses = tmp_path_factory.mktemp("dns") / "addresses"
    addresses.write_text(
        f"one A {certificate_gateway.address}\n"
        f"six AAAA {certificate_gateway.address6}\n"
        f"two A {certificate_gateway.address}\n"
        f"two A {password_gateway.address}\n"
    )
    return start("bind", listens=("udp", 53), options=("--volume", f"{addresses}:/etc/vpnprobe/addresses:ro"))


@pytest.fixture(scope="session")
def silent_dns_server(start: Start) -> Container:
    """BIND that drops every question."""
    return start("bind", "named", "-g", "-c", "/etc/vpnprobe/dead.conf", listens=("udp", 53))


@pytest.fixture(scope="session")
def tls_server(start: Start, with_pki: tuple[str, ...]) -> Callable[[TlsServer], Container]:
    """Give a server of `tls_servers`, started at its first use."""

    @functools.cache
    def running(server: TlsServer) -> Container:
        return start(server.image, *server.command, listens=("tcp", 443), options=with_pki)

    return running


@pytest.fixture(scope="session")
def client(start: Start, with_pki: tuple[str, ...]) -> Container:
    """A container with the openssl tool and curl, the clients that judge the servers."""
    return start("openssl", "sleep", "infinity", listens=None, options=with_pki)


@pytest.fixture(scope="session")
def nmap(start: Start) -> Container:
    """A container with nmap, which judges what a TLS server accepts."""
    return start("nmap", "sleep", "infinity", listens=None)


@pytest.fixture(scope="session")
def sip_pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificates of `containers/make-sip-pki` for sip.vpnprobe.test, as PEM files."""
    directory = tmp_path_factory.mktemp("sip-pki")
    subprocess.run([RECIPES / "make-sip-pki", directory], capture_output=True, timeout=60, check=True)
    return directory


@pytest.fixture(scope="session")
def sip_edge(start: Start, sip_pki: Path) -> Callable[..., Container]:
    """Give Kamailio with these settings of its kamailio.cfg and this certificate, started at its first use."""

    @functools.cache
    def running(*defines: str, certificate: str = "edge") -> Container:
        files = (f'CERTIFICATE="/pki/{certificate}.crt"', f'KEY="/pki/{certificate}.key"')
        chosen = [word for define in (*files, *defines) for word in ("-A", define)]
        command = ("kamailio", "-DD", "-E", "-f", "/etc/vpnprobe/kamailio.cfg", *chosen)
        return start("kamailio", *command, listens=("tcp", 5061), options=("--volume", f"{sip_pki}:/pki:ro"))

    return running


@pytest.fixture(scope="session")
def partners(start: Start, network: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partners]:
    """The servers of the federation tests; the edge has a second address, which counts as public."""
    directory = tmp_path_factory.mktemp("federation")
    directory.chmod(0o755)
    running = start_partners(start, network, directory)
    with podman.network(f"{network}-public", "--subnet", PUBLIC_NET) as public:
        podman.podman("network", "connect", "--ip", PUBLIC, public, running.edge.name)
        yield running
