"""Which files are asked of whom, in which order, and what is read of them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.probes.networks import DEVICE, MAC, boot_server, needs_second_address, probe, stage_ends
from tests.stand_ins import LOOPBACK, SECOND, listening_udp, name_server
from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.config_server import http_side, tftp_side
from vpnprobe.lab.configuration import configuration_file
from vpnprobe.lab.listening import DATAGRAM, STREAM, Address, DatagramServer, bound_sockets
from vpnprobe.lab.scenario import ConfigServer, Configuration
from vpnprobe.lab.signed_files import encrypted_file, signed_file
from vpnprobe.model.config import ConfigKind
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.target import Endpoint
from vpnprobe.probes.options import AskDhcp, GivenConfig, GivenServer, NetworkOptions
from vpnprobe.transport.dhcp import DhcpAnswer

NOW = datetime.now(UTC)
SIGNER = LabPki(NOW).authority("capf")
URL = "https://127.0.0.1:9/VPNPhone"
HASHES = ("5X6B6plUwUSXZnjQ4kGM33mpMXY=",)

CTL, ITL, CLUSTER = f"CTL{DEVICE}.tlv", f"ITL{DEVICE}.tlv", "ITLFile.tlv"
PLAIN, SIGNED, ENCRYPTED = f"{DEVICE}.cnf.xml", f"{DEVICE}.cnf.xml.sgn", f"{DEVICE}.cnf.xml.enc.sgn"


def config(form: Any = "full", mtu: str = "1290") -> bytes:
    wanted = Configuration(form=form, mtu=mtu)
    return configuration_file(wanted, model="7962G", group_url=URL, cert_hashes=HASHES)


def signed(payload: bytes, name: str = SIGNED) -> bytes:
    return signed_file(payload, name, SIGNER, NOW)


TRUST = {ITL: signed(b"", ITL), CLUSTER: signed(b"", CLUSTER)}
ALL = TRUST | {SIGNED: signed(config(mtu="1291")), PLAIN: config(mtu="1290")}


async def fetch(
    files: dict[str, bytes], server: ConfigServer | None = None, *, model: str = "7962G", **changes: Any
) -> Evidence:
    async with boot_server(files, server) as boot:
        return await probe(model=model, **boot.options | changes)


def asked(evidence: Evidence) -> list[tuple[str, str, str]]:
    return [(file.protocol, file.name, file.outcome) for file in evidence.boot_files]


def mtu(evidence: Evidence) -> int | None:
    assert evidence.config
    assert evidence.config.config
    assert evidence.config.config.vpn_group
    return evidence.config.config.vpn_group.mtu


# --- order ---


async def test_a_phone_with_a_trust_list_takes_the_signed_configuration() -> None:
    evidence = await fetch(ALL)
    assert asked(evidence) == [
        ("tftp", CTL, "not-found"),
        ("tftp", ITL, "received"),
        ("tftp", CLUSTER, "received"),
        ("tftp", SIGNED, "received"),
    ]
    assert mtu(evidence) == 1291
    assert evidence.config
    assert (evidence.config.origin, evidence.config.file) == ("tftp", SIGNED)
    last = evidence.boot_files[-1]
    assert last.signed
    assert last.signed.file_name == SIGNED
    assert (last.size, len(last.sha256 or "")) == (len(ALL[SIGNED]), 64)


async def test_a_phone_without_a_trust_list_takes_the_plain_one() -> None:
    evidence = await fetch({PLAIN: ALL[PLAIN], SIGNED: ALL[SIGNED]})
    assert [name for _, name, _ in asked(evidence)] == [CTL, ITL, CLUSTER, PLAIN]
    assert mtu(evidence) == 1290


async def test_where_the_signed_one_is_missing_the_plain_one_is_next() -> None:
    evidence = await fetch(TRUST | {PLAIN: ALL[PLAIN]})
    assert asked(evidence)[-2:] == [("tftp", SIGNED, "not-found"), ("tftp", PLAIN, "received")]
    assert mtu(evidence) == 1290


async def test_an_encrypted_configuration_that_is_announced_is_asked_for() -> None:
    short = config("short")
    files = TRUST | {SIGNED: signed(short), ENCRYPTED: encrypted_file(512, ENCRYPTED, SIGNER, NOW)}
    evidence = await fetch(files)
    assert asked(evidence)[-2:] == [("tftp", SIGNED, "received"), ("tftp", ENCRYPTED, "received")]
    assert evidence.boot_files[-1].signed
    assert evidence.boot_files[-1].signed.encrypted
    # What the phone alone can read is not what the rest of the run relies on.
    assert evidence.config
    assert evidence.config.config
    assert evidence.config.config.kind is ConfigKind.SHORT


async def test_a_full_configuration_announces_nothing() -> None:
    names = [name for _, name, _ in asked(await fetch(ALL))]
    assert ENCRYPTED not in names


# --- protocols ---


async def test_an_8841_asks_by_http() -> None:
    evidence = await fetch(ALL, model="8841")
    assert {protocol for protocol, _, _ in asked(evidence)} == {"http"}
    assert asked(evidence)[0] == ("http", CTL, "not-found")
    assert mtu(evidence) == 1291
    assert evidence.config
    assert evidence.config.origin == "http"


async def test_an_8841_falls_back_to_tftp_and_asks_a_closed_port_once() -> None:
    evidence = await fetch(ALL, ConfigServer(http="refuses"), model="8841")
    assert asked(evidence) == [
        ("http", CTL, "unreachable"),
        ("tftp", CTL, "not-found"),
        ("tftp", ITL, "received"),
        ("tftp", CLUSTER, "received"),
        ("tftp", SIGNED, "received"),
    ]


async def test_not_there_is_an_answer_and_no_reason_to_fall_back() -> None:
    evidence = await fetch(ALL, ConfigServer(http="not-found"), model="8841")
    assert {protocol for protocol, _, _ in asked(evidence)} == {"http"}
    assert stage_ends(evidence)["boot-files"] == ("failed", "no configuration file")


@pytest.mark.parametrize(("fault", "outcome"), [("silent", "timeout"), ("refuses", "unreachable")])
async def test_an_absent_server_is_asked_once(fault: Any, outcome: str) -> None:
    evidence = await fetch(ALL, ConfigServer(tftp=fault))
    assert asked(evidence) == [("tftp", CTL, outcome)]
    assert stage_ends(evidence)["boot-files"] == ("failed", "no configuration file")


async def test_a_7962_never_asks_by_http() -> None:
    assert {protocol for protocol, _, _ in asked(await fetch(ALL, ConfigServer(tftp="refuses")))} == {"tftp"}


class Requests(DatagramServer):
    """Notes read requests and says that there is nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[bytes, Address]] = []

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Answer one."""
        self.seen.append((data, addr))
        self.send(b"\x00\x05\x00\x01File not found\x00", addr)


async def test_requests_look_like_a_phone_s() -> None:
    """Octet mode, no options, another port for each file, as the captures of both models show."""
    server = Requests()
    async with listening_udp(server) as port:
        await probe(server=GivenServer(endpoint=Endpoint(LOOPBACK, port)))
    assert [data for data, _ in server.seen] == [
        b"\x00\x01" + name.encode() + b"\x00octet\x00" for name in (CTL, ITL, CLUSTER, PLAIN)
    ]
    assert len({address for _, address in server.seen}) == 4


class Dripping(Requests):
    """Sends the configuration block by block for ever, each just before the client would ask again."""

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Answer late."""
        opcode, block = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
        if opcode == 1 and b"cnf.xml" not in data:
            super().datagram_received(data, addr)
            return
        number = 1 if opcode == 1 else block + 1
        answer = b"\x00\x03" + number.to_bytes(2, "big") + bytes(512)
        asyncio.get_running_loop().call_later(0.02, self.send, answer, addr)


async def test_a_server_that_drips_leaves_time_for_the_gateway() -> None:
    async with listening_udp(Dripping()) as port:
        evidence = await probe(
            server=GivenServer(endpoint=Endpoint(LOOPBACK, port)), network=NetworkOptions(timeout=0.5, deadline=2)
        )
        await asyncio.sleep(0.05)
    assert evidence.interrupted is None
    last = evidence.boot_files[-1]
    assert (last.name, last.outcome) == (PLAIN, "truncated")
    assert last.failure
    assert last.failure.kind is FailureKind.DEADLINE
    assert last.size > 0


# --- several addresses of one server ---


@needs_second_address
@pytest.mark.parametrize("model", ["7962G", "8841"])
async def test_the_next_address_is_asked_where_one_is_absent(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address is asked anew, by HTTP first where the model does."""
    # The name server would give the addresses in any order, and the absent one is to be the first.
    monkeypatch.setattr("dns.rdataset.random.shuffle", lambda addresses: None)
    async with AsyncExitStack() as stack:
        udp = bound_sockets([(LOOPBACK, DATAGRAM), (SECOND, DATAGRAM)], 0)
        tcp = bound_sockets([(LOOPBACK, STREAM), (SECOND, STREAM)], 0)
        for number, server in enumerate((ConfigServer(), ConfigServer(tftp="refuses", http="refuses"))):
            await stack.enter_async_context(tftp_side(udp[number], ALL, server))
            await stack.enter_async_context(http_side(tcp[number], ALL, server))
        port, http_port = udp[0].getsockname()[1], tcp[0].getsockname()[1]
        resolver = await stack.enter_async_context(name_server({"cucm.lab.example": (SECOND, LOOPBACK)}))
        evidence = await probe(
            model=model,
            server=GivenServer(endpoint=Endpoint("cucm.lab.example", port)),
            http_port=http_port,
            resolver=f"{LOOPBACK}:{resolver}",
        )
    assert mtu(evidence) == 1291
    received = {file.server for file in evidence.boot_files if file.outcome == "received"}
    assert received == {f"{LOOPBACK}:{http_port if model == '8841' else port}"}
    first = [file.protocol for file in evidence.boot_files if file.server.startswith(SECOND)]
    assert first == (["http", "tftp"] if model == "8841" else ["tftp"])


@needs_second_address
async def test_an_address_that_answers_ends_the_search() -> None:
    async with AsyncExitStack() as stack:
        udp = bound_sockets([(LOOPBACK, DATAGRAM), (SECOND, DATAGRAM)], 0)
        for sock in udp:
            await stack.enter_async_context(tftp_side(sock, {}, ConfigServer()))
        resolver = await stack.enter_async_context(name_server({"cucm.lab.example": (LOOPBACK, SECOND)}))
        endpoint = Endpoint("cucm.lab.example", udp[0].getsockname()[1])
        evidence = await probe(server=GivenServer(endpoint=endpoint), resolver=f"{LOOPBACK}:{resolver}")
    assert len({file.server for file in evidence.boot_files}) == 1
    assert [name for _, name, _ in asked(evidence)] == [CTL, ITL, CLUSTER, PLAIN]


# --- who names the server ---


async def test_the_operator(tmp_path: object) -> None:
    evidence = await fetch(ALL)
    assert evidence.tftp_server
    assert evidence.tftp_server.origin == "option"
    assert evidence.tftp_server.addresses == (LOOPBACK,)


async def test_the_well_known_name() -> None:
    async with name_server({"CiscoCM1": [LOOPBACK]}) as port:
        evidence = await probe(resolver=f"{LOOPBACK}:{port}")
    assert evidence.tftp_server
    assert (evidence.tftp_server.origin, evidence.tftp_server.addresses) == ("dns-ciscocm1", (LOOPBACK,))


async def test_a_name_that_does_not_exist() -> None:
    async with name_server({}) as port:
        evidence = await probe(resolver=f"{LOOPBACK}:{port}")
    assert evidence.tftp_server
    assert evidence.tftp_server.failure
    assert evidence.tftp_server.failure.kind is FailureKind.NAME_NOT_FOUND
    assert stage_ends(evidence)["boot-files"] == ("failed", "no configuration server")
    assert stage_ends(evidence)["config"] == ("skipped", "no configuration")


@pytest.fixture
def dhcp(monkeypatch: pytest.MonkeyPatch) -> list[DhcpAnswer | Exception]:
    """What DHCP answers, in the place of a broadcast that a test must not send."""
    answers: list[DhcpAnswer | Exception] = []

    async def inform(interface: str | None, *, timeout: float) -> DhcpAnswer:
        assert (interface, timeout) == ("eth7", 0.5)
        answer = answers.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("vpnprobe.transport.dhcp.inform", inform)
    return answers


async def test_dhcp_option_150(dhcp: list[DhcpAnswer | Exception]) -> None:
    dhcp.append(DhcpAnswer(tftp_addresses=(LOOPBACK, SECOND), tftp_name="cucm.lab.example"))
    evidence = await probe(server=AskDhcp(interface="eth7"), model="7962G")
    assert evidence.tftp_server
    assert evidence.tftp_server.origin == "dhcp-option-150"
    assert evidence.tftp_server.endpoint == Endpoint(LOOPBACK, 69)
    assert evidence.tftp_server.addresses == (LOOPBACK, SECOND)


async def test_dhcp_option_66(dhcp: list[DhcpAnswer | Exception]) -> None:
    dhcp.append(DhcpAnswer(tftp_name="cucm.lab.example"))
    async with name_server({"cucm.lab.example": [LOOPBACK]}) as port:
        evidence = await probe(server=AskDhcp(interface="eth7"), resolver=f"{LOOPBACK}:{port}")
    assert evidence.tftp_server
    assert (evidence.tftp_server.origin, evidence.tftp_server.addresses) == ("dhcp-option-66", (LOOPBACK,))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (DhcpAnswer(server="10.1.1.1"), FailureKind.SERVER_ERROR),
        (DhcpAnswer(failure=Failure(kind=FailureKind.TIMEOUT)), FailureKind.TIMEOUT),
    ],
    ids=["neither option", "no answer"],
)
async def test_dhcp_without_a_server(dhcp: list[DhcpAnswer | Exception], answer: DhcpAnswer, kind: FailureKind) -> None:
    dhcp.append(answer)
    evidence = await probe(server=AskDhcp(interface="eth7"))
    assert evidence.tftp_server
    assert evidence.tftp_server.failure
    assert evidence.tftp_server.failure.kind is kind
    assert stage_ends(evidence)["boot-files"] == ("failed", "no configuration server")


async def test_an_interface_that_does_not_exist_is_the_operator_s_error(dhcp: list[DhcpAnswer | Exception]) -> None:
    dhcp.append(UsageError("there is no network interface 'eth7'"))
    with pytest.raises(UsageError, match="eth7"):
        await probe(server=AskDhcp(interface="eth7"))


# --- a configuration at hand ---


async def test_a_given_configuration_replaces_the_fetch() -> None:
    server = Requests()
    async with listening_udp(server) as port:
        evidence = await probe(
            config=GivenConfig(name="phone.xml", data=config()), server=GivenServer(endpoint=Endpoint(LOOPBACK, port))
        )
    assert server.seen == []
    assert stage_ends(evidence)["boot-files"] == ("skipped", "--config given")
    assert evidence.config
    assert (evidence.config.origin, evidence.config.file, evidence.config.server) == ("file", "phone.xml", None)
    assert evidence.expectation.config_file == "phone.xml"


@pytest.mark.parametrize("data", [signed(config()), b"\xef\xbb\xbf" + config()], ids=["signed", "byte order mark"])
async def test_a_given_configuration_may_be_wrapped(data: bytes) -> None:
    evidence = await probe(config=GivenConfig(name="phone.xml.sgn", data=data))
    assert mtu(evidence) == 1290


@pytest.mark.parametrize("data", [b"<device>", b"\x01\x00\x02garbage", b"<!DOCTYPE x><device/>"])
async def test_what_cannot_be_read_says_why(data: bytes) -> None:
    evidence = await probe(config=GivenConfig(name=f"{MAC}.xml", data=data))
    assert evidence.config
    assert evidence.config.config is None
    assert evidence.config.problem
    assert evidence.config.problem.startswith(f"{MAC}.xml cannot be read: ")
    assert stage_ends(evidence)["config"] == ("failed", evidence.config.problem)
