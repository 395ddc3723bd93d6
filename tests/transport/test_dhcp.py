"""Asking DHCP: on this machine as far as that goes without privilege, and in network namespaces of our own."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from vpnprobe.model.errors import UsageError
from vpnprobe.model.failure import FailureKind
from vpnprobe.transport.dhcp import DhcpAnswer, inform

ROUTES_HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


async def test_an_interface_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match=r"no network interface 'nosuch0'; use one of .*lo"):
        await inform("nosuch0", timeout=1.0)


@pytest.mark.parametrize(
    ("routes", "interface"),
    [
        pytest.param(
            "slow0\t00000000\t1\t0003\t0\t0\t600\t00000000\nfast0\t00000000\t1\t0003\t0\t0\t100\t00000000\n", "fast0"
        ),
        pytest.param("down0\t00000000\t1\t0002\t0\t0\t0\t00000000\nup0\t00000000\t1\t0003\t0\t0\t9\t00000000\n", "up0"),
        pytest.param(
            "half0\t00000000\t1\t0003\t0\t0\t0\t00000080\nwhole0\t00000000\t1\t0003\t0\t0\t9\t00000000\n", "whole0"
        ),
    ],
    ids=["least-metric", "up", "whole"],
)
async def test_the_default_routes_interface(
    routes: str, interface: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "route"
    table.write_text(ROUTES_HEAD + routes)
    monkeypatch.setattr("vpnprobe.transport.dhcp._ROUTES", table)
    with pytest.raises(UsageError, match=f"no network interface '{interface}'"):
        await inform(None, timeout=1.0)


class _Flood(socket.socket):
    """A socket at which datagrams of others always wait; they end before a test would hang."""

    left = 100_000

    def recvfrom(self, size: int, flags: int = 0) -> tuple[bytes, tuple[str, int]]:
        self.left -= 1
        if not self.left:
            raise OSError(errno.EIO, "the flood outran the time limit")
        return b"", ("192.0.2.1", 9)

    def sendto(self, *_arguments: object) -> int:
        return 0


async def test_a_flood_does_not_outrun_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def flood(_interface: str) -> socket.socket:
        sock = _Flood(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        return sock

    monkeypatch.setattr("vpnprobe.transport.dhcp._client_socket", flood)
    monkeypatch.setattr("vpnprobe.transport.dhcp._own_addresses", lambda *_: ("192.0.2.2", bytes(6)))
    answer = await inform("any0", timeout=0.05)
    assert answer.failure
    assert answer.failure.kind is FailureKind.TIMEOUT


@pytest.mark.parametrize("routes", [ROUTES_HEAD, None], ids=["none", "no-table"])
async def test_no_default_route(routes: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "route"
    if routes is not None:
        table.write_text(routes)
    monkeypatch.setattr("vpnprobe.transport.dhcp._ROUTES", table)
    answer = await inform(None, timeout=1.0)
    assert answer.interface is None
    assert answer.failure
    assert answer.failure.kind is FailureKind.LOCAL
    assert "--tftp dhcp:INTERFACE" in answer.failure.detail


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EACCES, "run with sudo, or give the interpreter the capabilities cap_net_bind_service"),
        (errno.EADDRINUSE, "DHCP client keeps UDP port 68 to itself; name the TFTP server with --tftp"),
        (errno.EADDRNOTAVAIL, "UDP port 68: "),
    ],
    ids=["privilege", "in-use", "other"],
)
async def test_a_port_that_cannot_be_had(number: int, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "setsockopt", lambda *_: None)
    monkeypatch.setattr(socket.socket, "bind", refuse)
    answer = await inform("lo", timeout=1.0)
    assert answer.failure
    assert answer.failure.kind is FailureKind.LOCAL
    assert advice in answer.failure.detail


# In network namespaces: two ends of one cable, a server at one, our question at the other.

SERVER, CLIENT = "192.0.2.1", "192.0.2.7"
DHCPD = shutil.which("dhcpd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
DNSMASQ = shutil.which("dnsmasq", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

DHCPD_CONFIG = """
authoritative;
option tftp-servers code 150 = array of ip-address;
subnet 192.0.2.0 netmask 255.255.255.0 {
    option tftp-servers 192.0.2.5, 192.0.2.6;
    option tftp-server-name "tftp.example.test";
}
"""

ASK = """
import asyncio, msgspec, sys
from vpnprobe.transport.dhcp import inform
answer = asyncio.run(inform(sys.argv[1] or None, timeout=float(sys.argv[2])))
print(msgspec.json.encode(answer).decode())
"""

# Answers each INFORM with the messages given in hex; XXXXXXXX and MMMMMMMMMMMM stand for its xid and chaddr.
ANSWER = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
sock.bind(("", int(sys.argv[1])))
listener = sock
if sys.argv[1] != "67":
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("", 67))
print("ready", flush=True)
while True:
    question, client = listener.recvfrom(2000)
    for message in sys.argv[2:]:
        message = message.replace("X" * 8, question[4:8].hex()).replace("M" * 12, question[28:34].hex())
        sock.sendto(bytes.fromhex(message), client)
"""

HEADER = "02010600 {xid} 00000000 00000000 00000000 00000000 00000000 {mac}" + "00" * (10 + 192) + "63825363"
GOOD_HEADER = HEADER.format(xid="X" * 8, mac="M" * 12)
OPTIONS = "350105 9604c0000205 ff"


@pytest.fixture(scope="module")
def cable() -> Iterator[tuple[str, str]]:
    """Names of the server's and the client's namespace. The interfaces are called `server` and `client`."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2")
    names = (f"vpnprobe-server-{os.getpid()}", f"vpnprobe-client-{os.getpid()}")
    try:
        for name in names:
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", names[0], "link", "add", "server", "type", "veth", "peer", "client", "netns", names[1])
        for name, interface, address in ((names[0], "server", SERVER), (names[1], "client", CLIENT)):
            run("ip", "-n", name, "address", "add", f"{address}/24", "dev", interface)
            run("ip", "-n", name, "link", "set", interface, "up")
        run("ip", "-n", names[1], "route", "add", "default", "via", SERVER)
        run("ip", "-n", names[1], "link", "add", "bare", "type", "veth", "peer", "name", "spare")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def ask(namespace: str, interface: str, timeout: float, *wrapper: str) -> DhcpAnswer:
    command = (*wrapper, sys.executable, "-c", ASK, interface, str(timeout))
    return msgspec.json.decode(run("ip", "netns", "exec", namespace, *command), type=DhcpAnswer)


@contextmanager
def serving(namespace: str, *command: str) -> Iterator[subprocess.Popen[str]]:
    whole = ["ip", "netns", "exec", namespace, *command]
    with subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def answering(namespace: str, *messages: str, port: int = 67) -> Iterator[None]:
    with serving(namespace, sys.executable, "-c", ANSWER, str(port), *messages) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield


@pytest.mark.netns
@pytest.mark.parametrize("interface", ["client", ""], ids=["named", "default-route"])
def test_isc_dhcpd_names_its_servers(cable: tuple[str, str], interface: str, tmp_path: Path) -> None:
    if DHCPD is None:
        pytest.skip("needs dhcpd (package isc-dhcp-server)")
    (tmp_path / "conf").write_text(DHCPD_CONFIG)
    (tmp_path / "leases").touch()
    files = ("-cf", str(tmp_path / "conf"), "-lf", str(tmp_path / "leases"), "--no-pid")
    with serving(cable[0], DHCPD, "-4", "-f", "-q", *files, "server"):
        answer = ask(cable[1], interface, 20.0)
    assert answer == DhcpAnswer(
        interface="client",
        server=SERVER,
        tftp_addresses=("192.0.2.5", "192.0.2.6"),
        tftp_name="tftp.example.test",
    )


@pytest.mark.netns
def test_dnsmasq_names_its_server(cable: tuple[str, str]) -> None:
    if DNSMASQ is None:
        pytest.skip("needs dnsmasq (package dnsmasq-base)")
    options = ("--dhcp-range=192.0.2.50,192.0.2.60", "--dhcp-option-force=66,192.0.2.9", "--dhcp-leasefile=/dev/null")
    still = ("--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--pid-file", "--user=root")
    with serving(cable[0], DNSMASQ, *still, *options):
        answer = ask(cable[1], "client", 20.0)
    assert (answer.failure, answer.tftp_addresses, answer.tftp_name) == (None, (), "192.0.2.9")


@pytest.mark.netns
def test_nobody_answers(cable: tuple[str, str]) -> None:
    answer = ask(cable[1], "client", 0.5)
    assert answer.failure
    assert answer.failure.kind is FailureKind.TIMEOUT


@pytest.mark.netns
def test_only_our_own_acknowledgement_is_taken(cable: tuple[str, str]) -> None:
    wrong = (
        HEADER.format(xid="01020304", mac="M" * 12) + "350105 9604c0000242 ff",
        HEADER.format(xid="X" * 8, mac="020304050607") + "350105 9604c0000242 ff",
        GOOD_HEADER + "350106 9604c0000242 ff",
        GOOD_HEADER + "9604c0000242 ff",
        GOOD_HEADER + "350105 9605c000024200 ff",
        "",
    )
    with answering(cable[0], *wrong, GOOD_HEADER + OPTIONS):
        answer = ask(cable[1], "client", 20.0)
    assert (answer.failure, answer.tftp_addresses) == (None, ("192.0.2.5",))


@pytest.mark.netns
def test_an_answer_from_another_port_is_not_taken(cable: tuple[str, str]) -> None:
    with answering(cable[0], GOOD_HEADER + OPTIONS, port=6767):
        answer = ask(cable[1], "client", 0.5)
    assert answer.failure
    assert answer.failure.kind is FailureKind.TIMEOUT


@pytest.mark.netns
def test_nothing_but_malformed_answers(cable: tuple[str, str]) -> None:
    with answering(cable[0], GOOD_HEADER + "350105 9605c000024200 ff"):
        answer = ask(cable[1], "client", 0.5)
    assert answer.failure
    assert answer.failure.kind is FailureKind.MALFORMED
    assert "option 150" in answer.failure.detail


@pytest.mark.netns
@pytest.mark.parametrize(("interface", "reason"), [("lo", "lo is not Ethernet"), ("bare", "bare has no IPv4 address")])
def test_an_interface_that_cannot_ask(cable: tuple[str, str], interface: str, reason: str) -> None:
    answer = ask(cable[1], interface, 1.0)
    assert answer.failure
    assert answer.failure.kind is FailureKind.LOCAL
    assert answer.failure.detail.startswith(reason)


@pytest.mark.netns
def test_without_privilege(cable: tuple[str, str]) -> None:
    if (setpriv := shutil.which("setpriv")) is None:
        pytest.skip("needs setpriv (package util-linux)")
    answer = ask(cable[1], "client", 1.0, setpriv, "--bounding-set=-net_bind_service")
    assert answer.failure
    assert answer.failure.kind is FailureKind.LOCAL
    assert "sudo" in answer.failure.detail
