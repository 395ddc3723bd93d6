"""Which files a sweep asks of whom, how often, how many at once, and what it says of each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.probes.networks import BootServer, boot_server, needs_second_address, nothing_left_behind
from tests.stand_ins import LOOPBACK, SECOND, listening_udp, name_server
from vpnprobe.fleet.collect import Collected, ConfigCollector
from vpnprobe.fleet.options import CollectOptions
from vpnprobe.lab.config_server import tftp_side
from vpnprobe.lab.configuration import configuration_file
from vpnprobe.lab.listening import DATAGRAM, Address, DatagramServer, bound_sockets
from vpnprobe.lab.scenario import ConfigServer, Configuration
from vpnprobe.model.fleet import Phone
from vpnprobe.model.target import Endpoint
from vpnprobe.phones import load_profile
from vpnprobe.transport.names import Resolver

MACS = [f"001AE200{number:04X}" for number in range(40)]
URL = "https://vpn.example.com/VPNPhone"
HASH = "5X6B6plUwUSXZnjQ4kGM33mpMXY="
ITL = "ITLFile.tlv"


def config(form: Any = "full") -> bytes:
    return configuration_file(Configuration(form=form), model="7962G", group_url=URL, cert_hashes=(HASH,))


def plain(mac: str = MACS[0]) -> str:
    return f"SEP{mac}.cnf.xml"


def signed(mac: str = MACS[0]) -> str:
    return f"SEP{mac}.cnf.xml.sgn"


class Shelf(Mapping[str, bytes]):
    """Files that note who was asked for them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> bytes:
        self.asked.append(name)
        return self._files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def collector(*servers: Endpoint, **changes: Any) -> ConfigCollector:
    resolver = Resolver(changes.pop("resolvers", ()), timeout=1)
    wanted: dict[str, Any] = {"rate": 0, "timeout": 0.3, "retries": 0, "back_off": 0.01} | changes
    return ConfigCollector(CollectOptions(servers=servers, **wanted), resolver)


def at(boot: BootServer, **changes: Any) -> ConfigCollector:
    return collector(boot.tftp.endpoint, http_port=boot.http_port, **changes)


async def collect(one: ConfigCollector, *macs: str, model: str = "7962G") -> list[Collected]:
    boot = load_profile(model).boot
    assert boot is not None
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.collect(Phone(mac=mac), boot)) for mac in macs or (MACS[0],)]
    return [task.result() for task in tasks]


# --- which files ---


async def test_without_a_trust_list_one_plain_file_for_each_phone() -> None:
    shelf = Shelf({plain(mac): config() for mac in MACS[:3]})
    async with boot_server(shelf) as boot:
        found = await collect(at(boot), *MACS[:3])
    assert Counter(shelf.asked) == Counter([ITL, *map(plain, MACS[:3])])
    assert [one.sight.outcome for one in found] == ["received"] * 3
    assert [one.sight.file for one in found] == [plain(mac) for mac in MACS[:3]]


async def test_with_a_trust_list_the_signed_ones_and_the_list_is_asked_for_once() -> None:
    shelf = Shelf({ITL: b"list"} | {signed(mac): config() for mac in MACS[:3]})
    async with boot_server(shelf) as boot:
        found = await collect(at(boot), *MACS[:3])
    assert Counter(shelf.asked) == Counter([ITL, *map(signed, MACS[:3])])
    assert [one.sight.file for one in found] == [signed(mac) for mac in MACS[:3]]


async def test_where_the_signed_one_is_missing_the_plain_one_is_next() -> None:
    shelf = Shelf({ITL: b"list", plain(): config()})
    async with boot_server(shelf) as boot:
        [found] = await collect(at(boot))
    assert shelf.asked == [ITL, signed(), plain()]
    assert (found.sight.outcome, found.sight.file) == ("received", plain())
    assert [file.outcome for file in found.boot_files] == ["not-found", "received"]


class Moody(DatagramServer):
    """Answers in one block or says that there is nothing; `ignores` are files that it is silent about."""

    def __init__(self, files: Mapping[str, bytes], *ignores: str) -> None:
        super().__init__()
        self._files = files
        self.ignores = set(ignores)
        self.asked: list[str] = []
        self.ports: list[int] = []

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if data[:2] != b"\0\1":
            return
        self.ports.append(addr[1])
        name = data[2:].split(b"\0")[0].decode()
        self.asked.append(name)
        if name not in self.ignores:
            file = self._files.get(name)
            self.send(b"\0\5\0\1none\0" if file is None else b"\0\3\0\1" + file[:500], addr)


async def test_a_server_that_is_silent_about_the_trust_list_alone() -> None:
    server = Moody(dict.fromkeys(map(plain, MACS), b"<device/>"), ITL)
    async with listening_udp(server) as port:
        one = collector(Endpoint(LOOPBACK, port), timeout=0.1)
        found = [sight for mac in MACS[:4] for sight in await collect(one, mac)]
    assert [one.sight.outcome for one in found] == ["no-vpn-group"] * 4
    # The three tries of one request.
    assert server.asked.count(ITL) == 3


async def test_no_port_comes_back_soon() -> None:
    """Or a late packet for one phone would be taken for the beginning of another one's file."""
    macs = [f"001AE201{number:04X}" for number in range(800)]
    server = Moody({})
    async with listening_udp(server) as port:
        one = collector(Endpoint(LOOPBACK, port), timeout=5)
        for mac in macs:
            await collect(one, mac)
    # By chance alone, ten of them would.
    assert len(set(server.ports)) == len(server.ports) > len(macs)


async def test_silence_says_nothing_of_a_trust_list() -> None:
    server = Moody({ITL: b"list", signed(MACS[1]): b"<device/>"}, ITL, plain())
    async with listening_udp(server) as port:
        one = collector(Endpoint(LOOPBACK, port), timeout=0.1)
        [first] = await collect(one)
        server.ignores.clear()
        [second] = await collect(one, MACS[1])
    assert (first.sight.outcome, first.sight.file) == ("timeout", plain())
    assert (second.sight.outcome, second.sight.file) == ("no-vpn-group", signed(MACS[1]))


async def test_large_blocks_are_asked_for() -> None:
    async with boot_server({plain(): config() * 2}) as boot:
        [found] = await collect(at(boot))
    assert found.boot_files[0].options == {"blksize": "1428"}


# --- what is said of each ---


SAID: dict[str, tuple[bytes, str, str | None]] = {
    "full": (config(), "received", None),
    "no vpn": (config("no-vpn"), "no-vpn-group", None),
    "short": (config("short"), "encrypted", None),
    "html": (config("html"), "malformed-config", "not-a-config"),
    "empty": (b"", "malformed-config", "empty"),
    "broken": (b"<device><vpnGroup>", "malformed-config", f"{plain()} cannot be read: xml at byte 18: "),
}


@pytest.mark.parametrize(("data", "outcome", "problem"), SAID.values(), ids=SAID.keys())
async def test_a_file_that_came(data: bytes, outcome: str, problem: str | None) -> None:
    async with boot_server({plain(): data}) as boot:
        [found] = await collect(at(boot))
    assert (found.sight.outcome, found.sight.protocol, found.sight.server) == (outcome, "tftp", str(boot.tftp.endpoint))
    assert (found.sight.problem or "").startswith(problem or "")
    assert found.is_answered


async def test_what_a_line_says_of_the_configuration() -> None:
    async with boot_server({plain(): config()}) as boot:
        [found] = await collect(at(boot))
    assert found.sight.urls == {"url1": URL}
    assert found.sight.cert_hashes == {"certHash1": HASH}
    assert (found.sight.hash_alg, found.sight.auth_method, found.sight.host_id_check) == ("0", 2, 0)
    assert found.sight.load == "SIP42.9-4-2SR3-1S"
    assert len(found.sight.sha256 or "") == 64


FAULTS = {
    "not-found": ("not-found", "File not found", 1),
    "access-denied": ("refused", "Access violation", 1),
    "server-error": ("server-error", "Max serving count reached", 1),
    "silent": ("timeout", None, 3),
    "refuses": ("unreachable", "Connection refused (ICMP type 3 code 3)", 1),
    "truncates": ("truncated", None, 3),
    "dies": ("truncated", "Connection refused (ICMP type 3 code 3)", 1),
}


@pytest.mark.parametrize(("fault", "said"), FAULTS.items(), ids=FAULTS.keys())
async def test_only_what_was_lost_is_asked_for_again(fault: Any, said: tuple[str, str | None, int]) -> None:
    async with boot_server({plain(): config() * 2}, ConfigServer(tftp=fault)) as boot:
        [found] = await collect(at(boot, retries=2, timeout=0.1))
    assert (found.sight.outcome, found.sight.problem, found.sight.attempts) == said
    assert found.is_answered is (fault not in ("silent", "refuses"))
    # The last attempt stands for all.
    assert len(found.boot_files) == 1


# --- protocols ---


async def test_an_8841_asks_by_http() -> None:
    async with boot_server({plain(): config()}, ConfigServer(tftp="silent")) as boot:
        [found] = await collect(at(boot), model="8841")
    assert (found.sight.outcome, found.sight.protocol) == ("received", "http")


async def test_a_server_without_http_is_asked_for_it_once() -> None:
    async with boot_server({plain(mac): config() for mac in MACS}, ConfigServer(http="refuses")) as boot:
        one = at(boot)
        [first] = await collect(one, model="8841")
        others = await collect(one, *MACS[1:4], model="8841")
    assert [file.protocol for file in first.boot_files] == ["tftp"]
    assert {file.protocol for other in others for file in other.boot_files} == {"tftp"}


async def test_a_server_that_is_silent_by_http_is_soon_asked_by_tftp_alone() -> None:
    async with boot_server({plain(mac): config() for mac in MACS}, ConfigServer(http="silent")) as boot:
        one = at(boot, timeout=0.1)
        asked = [[file.protocol for file in (await collect(one, mac, model="8841"))[0].boot_files] for mac in MACS[:4]]
    assert asked == [["http", "tftp"], ["http", "tftp"], ["tftp"], ["tftp"]]


@pytest.mark.parametrize(("fetch", "model"), [("tftp", "8841"), ("http", "7962G")])
async def test_the_protocol_can_be_chosen(fetch: Any, model: str) -> None:
    async with boot_server({plain(): config()}) as boot:
        [found] = await collect(at(boot, fetch=fetch), model=model)
    assert {file.protocol for file in found.boot_files} == {fetch}


async def test_http_alone_stays_http_alone() -> None:
    async with boot_server({plain(): config()}, ConfigServer(http="refuses")) as boot:
        [found] = await collect(at(boot, fetch="http"))
    assert [(file.protocol, file.outcome) for file in found.boot_files] == [("http", "unreachable")]


class Plain(DatagramServer):
    """A server of long ago: to options it has nothing but `answer`."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self._answer = answer
        self.requests: list[bytes] = []

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if data[:2] != b"\0\1":
            return
        self.requests.append(data)
        file = config()[:500]
        self.send(self._answer if b"blksize" in data else b"\0\3\0\1" + file, addr)


@pytest.mark.parametrize(
    "answer",
    [b"\0\5\0\x04illegal\0", b"\0\5\0\x08options\0", b"\0\6blksize\x009999\0", b"\0\6timeout\x005\0"],
    ids=["error 4", "error 8", "larger blocks", "another option"],
)
async def test_a_server_that_cannot_do_with_options_is_asked_without_from_then_on(answer: bytes) -> None:
    server = Plain(answer)
    async with listening_udp(server) as port:
        one = collector(Endpoint(LOOPBACK, port))
        for mac in MACS[:2]:
            [found] = await collect(one, mac)
            assert found.boot_files[0].outcome == "received"
    assert [b"blksize" in request for request in server.requests] == [True, False, False, False]


# --- servers ---


async def test_a_second_server_is_asked_where_the_first_is_absent() -> None:
    async with boot_server({}, ConfigServer(tftp="refuses")) as gone, boot_server({plain(): config()}) as there:
        [found] = await collect(collector(gone.tftp.endpoint, there.tftp.endpoint))
    assert (found.sight.outcome, found.sight.server) == ("received", str(there.tftp.endpoint))
    assert found.server.endpoint == there.tftp.endpoint


async def test_an_answer_of_the_first_server_ends_the_search() -> None:
    shelf = Shelf({plain(): config()})
    async with boot_server({}) as first, boot_server(shelf) as second:
        [found] = await collect(collector(first.tftp.endpoint, second.tftp.endpoint))
    assert (found.sight.outcome, shelf.asked) == ("not-found", [])


@needs_second_address
async def test_every_address_of_a_name() -> None:
    [udp] = bound_sockets([(SECOND, DATAGRAM)], 0)
    port = udp.getsockname()[1]
    async with (
        tftp_side(udp, {plain(): config()}, ConfigServer()),
        name_server({"cucm.lab.example": (LOOPBACK, SECOND)}) as resolver,
    ):
        resolvers = (Endpoint(LOOPBACK, resolver),)
        [found] = await collect(collector(Endpoint("cucm.lab.example", port), resolvers=resolvers))
    assert (found.sight.outcome, found.sight.server) == ("received", f"{SECOND}:{port}")


async def test_a_name_without_an_address() -> None:
    async with name_server({}) as resolver:
        one = collector(Endpoint("cucm.lab.example", 69), resolvers=(Endpoint(LOOPBACK, resolver),))
        [found] = await collect(one)
    assert (found.sight.outcome, found.sight.problem) == ("unreachable", "no configuration server: name-not-found")
    assert found.boot_files == ()
    assert found.server.failure is not None
    assert not found.is_answered


# --- manners ---


@dataclass
class Crowd:
    """How many were served at the same time, and when each began."""

    now: int = 0
    most: int = 0


@asynccontextmanager
async def slow_server(crowd: Crowd, pause: float) -> AsyncIterator[int]:
    class Slow(DatagramServer):
        def datagram_received(self, data: bytes, addr: Address) -> None:
            if data[:2] == b"\0\1":
                crowd.now += 1
                crowd.most = max(crowd.most, crowd.now)
                asyncio.get_running_loop().call_later(pause, self.answer, addr)

        def answer(self, addr: Address) -> None:
            crowd.now -= 1
            self.send(b"\0\5\0\1none\0", addr)

    async with listening_udp(Slow()) as port:
        yield port


async def test_never_more_at_once_than_allowed() -> None:
    crowd = Crowd()
    async with slow_server(crowd, 0.02) as port:
        await collect(collector(Endpoint(LOOPBACK, port), parallel=3, timeout=2), *MACS)
    assert crowd.most == 3


async def test_never_more_in_a_second_than_allowed() -> None:
    began = asyncio.get_running_loop().time()
    async with slow_server(Crowd(), 0) as port:
        await collect(collector(Endpoint(LOOPBACK, port), rate=100, timeout=2), *MACS)
    # One for each phone and one for the trust list, the first of them at once.
    assert asyncio.get_running_loop().time() - began >= len(MACS) / 100


async def test_a_pause_before_another_attempt_is_nobody_s_turn() -> None:
    shelf = Shelf({plain(mac): config() for mac in MACS})
    silent = ConfigServer(ignores=frozenset({f"SEP{MACS[0]}"}))
    async with boot_server(shelf, silent) as boot:
        one = at(boot, parallel=1, timeout=0.1, retries=1, back_off=1.5)
        async with asyncio.TaskGroup() as group:
            first = group.create_task(collect(one, MACS[0]))
            await asyncio.sleep(0.05)
            async with asyncio.timeout(1.4):
                await collect(one, *MACS[1:6])
            assert not first.done()
    assert first.result()[0].sight.attempts == 2


async def test_what_nobody_waits_for_ends_with_the_collector() -> None:
    async with listening_udp(Moody({}, ITL)) as port:
        one = collector(Endpoint(LOOPBACK, port), timeout=30)
        with nothing_left_behind():
            waiting = asyncio.create_task(collect(one))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await one.close()


async def test_nothing_is_left_behind() -> None:
    async with boot_server({plain(): config()}) as boot:
        with nothing_left_behind():
            await collect(at(boot), *MACS)
