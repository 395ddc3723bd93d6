"""A whole sweep against the lab: the right verdict for every phone, once, whatever happens to the server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.lab.accuracy import options_for
from tests.stand_ins import in_background
from vpnprobe.checks.evaluate import judge
from vpnprobe.fleet.options import CollectOptions, RunOptions
from vpnprobe.fleet.silence import MIN_HELD
from vpnprobe.fleet.sweep import sweep
from vpnprobe.lab.catalogue import all_scenarios
from vpnprobe.lab.fleet import NEW, OLD, Fleet, FleetGateway, FleetLab, FleetPhone, PhoneKind, phones_of, running_fleet
from vpnprobe.lab.listening import DATAGRAM, Address, DatagramServer, bound_sockets, udp_server
from vpnprobe.lab.network import running_lab
from vpnprobe.lab.scenario import CertHash, Configuration, Gateway, Scenario
from vpnprobe.model.fleet import FleetInterruption, FleetLine, GatewaySight, Phone, SweptPhone
from vpnprobe.model.target import Endpoint, parse_group_url
from vpnprobe.phones import load_profile
from vpnprobe.probes.options import NetworkOptions
from vpnprobe.probes.phone import PhoneProbe

MIX: dict[PhoneKind, int] = {
    "ready": 12,
    "both-hashes": 3,
    "old-hash": 5,
    "no-vpn-group": 3,
    "missing": 4,
    "encrypted": 2,
    "malformed": 2,
    "silent": 2,
    "web-page": 1,
}
# Verdict, cause and outcome of the file for each kind of phone.
DUE: dict[PhoneKind, tuple[str, str | None, str]] = {
    "ready": ("pass", None, "received"),
    "both-hashes": ("pass", None, "received"),
    "old-hash": ("fail", "PIN001", "received"),
    "no-vpn-group": ("fail", "CFG003", "no-vpn-group"),
    "missing": ("fail", "TFT003", "not-found"),
    "encrypted": ("inconclusive", None, "encrypted"),
    "malformed": ("fail", "CFG001", "malformed-config"),
    "silent": ("fail", "TFT002", "timeout"),
    "web-page": ("fail", "CFG001", "malformed-config"),
}


@dataclass
class Swept:
    """The lines of a run, and how it ended."""

    lines: list[FleetLine] = field(default_factory=list)
    end: FleetInterruption | None = None

    @property
    def phones(self) -> dict[str, SweptPhone]:
        """Every phone's line; fails where one has two."""
        found = [line for line in self.lines if isinstance(line, SweptPhone)]
        assert len({line.mac for line in found}) == len(found)
        return {line.mac: line for line in found}

    @property
    def gateways(self) -> list[GatewaySight]:
        return [line for line in self.lines if isinstance(line, GatewaySight)]


def options(lab: FleetLab, **changes: Any) -> RunOptions:
    collect: dict[str, Any] = {"rate": 0, "timeout": 0.3, "retries": 1, "back_off": 0.01}
    run: dict[str, Any] = {"profile": load_profile("7962G")}
    for name, value in changes.items():
        (collect if hasattr(CollectOptions(servers=()), name) else run)[name] = value
    return RunOptions(
        collect=CollectOptions(servers=(lab.tftp_endpoint,), http_port=lab.http_endpoint.port, **collect),
        network=NetworkOptions(resolvers=(lab.dns_endpoint,), timeout=2),
        **run,
    )


async def swept(wanted: RunOptions, phones: Iterable[Phone], take: Callable[[FleetLine], None] | None = None) -> Swept:
    found = Swept()

    def both(line: FleetLine) -> None:
        found.lines.append(line)
        if take is not None:
            take(line)

    found.end = await sweep(wanted, both).run(phones)
    return found


@asynccontextmanager
async def fleet_of(phones: Iterable[FleetPhone], **changes: Any) -> AsyncIterator[FleetLab]:
    async with running_fleet(Fleet(phones=tuple(phones), **changes)) as lab:
        yield lab


def inventory(macs: Iterable[str]) -> list[Phone]:
    return [Phone(mac=mac) for mac in macs]


# --- verdicts ---


@pytest.mark.parametrize("is_signed", [False, True], ids=["plain", "signed"])
async def test_every_phone_of_a_known_mix(is_signed: bool) -> None:
    mix = phones_of(MIX)
    async with fleet_of((phone for phone, _ in mix.values()), is_signed=is_signed) as lab:
        found = await swept(options(lab), inventory(mix))
    said = {mac: (line.verdict, line.cause, line.config.outcome) for mac, line in found.phones.items()}
    assert said == {mac: DUE[kind] for mac, (_, kind) in mix.items()}
    assert found.end is None
    # The one gateway is told before the first phone that dials it, and once.
    [gateway] = found.gateways
    first = next(i for i, line in enumerate(found.lines) if isinstance(line, SweptPhone) and line.gateways)
    assert found.lines.index(gateway) < first
    assert gateway.cert_hashes[next(iter(gateway.cert_hashes))] == lab.cert_hash(NEW)


@pytest.mark.parametrize("model", ["Cisco 8841", "Cisco 7962"])
async def test_by_http_and_by_tftp(model: str) -> None:
    mix = phones_of({"ready": 4, "old-hash": 2, "missing": 2, "silent": 1})
    async with fleet_of(phone for phone, _ in mix.values()) as lab:
        found = await swept(options(lab), [Phone(mac=mac, model=model) for mac in mix])
    assert {mac: line.verdict for mac, line in found.phones.items()} == {
        mac: DUE[kind][0] if kind != "ready" or model == "Cisco 7962" else "warn" for mac, (_, kind) in mix.items()
    }
    protocols = {line.config.protocol for line in found.phones.values() if line.config.outcome == "received"}
    assert protocols == {"http" if model == "Cisco 8841" else "tftp"}


# Verdict, cause and alarms.
Told = tuple[str, str | None, tuple[str, ...]]


async def test_the_same_as_a_probe_of_each_phone() -> None:
    """For every fault of the lab: verdict, cause and alarms are those of `vpnprobe phone --no-login`."""
    wanted = [
        scenario
        for scenario in all_scenarios()
        if isinstance(scenario, Scenario)
        and scenario.options.config_server
        and not scenario.options.cert_hashes
        # The certificate of the one depends on how often one has looked; the stranger of the other shares the server's
        # host, where a sweep takes it for the server.
        and scenario.name not in ("leaf-changes-between", "tftp-foreign-datagrams")
    ]
    places = asyncio.Semaphore(8)

    async def one(scenario: Scenario) -> tuple[str, Told, Told]:
        async with places, running_lab(scenario) as lab:
            probe = replace(options_for(lab), login=False, client=None, password=None)
            report = judge(await PhoneProbe(probe).run())
            run = RunOptions(
                collect=CollectOptions(
                    servers=(lab.tftp_endpoint,), http_port=lab.http_endpoint.port, timeout=2, retries=0
                ),
                profile=load_profile(scenario.model),
                chosen=True,
                group_url=parse_group_url(lab.group_url),
                network=probe.network,
            )
            [line] = (await swept(run, [Phone(mac=lab.mac)])).phones.values()
        alarms = tuple(dict.fromkeys(finding.id for finding in report.findings if finding.is_alarm))
        return scenario.name, (str(report.verdict), report.cause, alarms), (line.verdict, line.cause, line.alarms)

    outcomes = await asyncio.gather(*map(one, wanted))
    assert len(outcomes) > 100
    # A sweep fetches no phone's own trust list, so that it verifies no signature (`SGN`).
    differ = {name for name, phone, swept_as in outcomes if phone != swept_as}
    assert differ == {"sgn-changed", "sgn-signer-not-listed-8841"}


# --- gateways ---


SITES = (
    FleetGateway(name="bern.lab.example", addresses=(Gateway(certificate=NEW),)),
    FleetGateway(name="chur.lab.example", addresses=(Gateway(certificate=OLD),)),
)
NEW_HASH = Configuration(cert_hashes=(CertHash(of=NEW),))


async def test_each_phone_dials_its_own_gateways() -> None:
    bern, chur = (site.name for site in SITES)
    phones = [
        FleetPhone(mac="001AE2000000", configuration=NEW_HASH, gateways=(bern,)),
        FleetPhone(mac="001AE2000001", configuration=NEW_HASH, gateways=(chur,)),
        FleetPhone(mac="001AE2000002", configuration=NEW_HASH, gateways=(chur, bern)),
    ]
    async with fleet_of(phones, gateways=SITES) as lab:
        found = await swept(options(lab), inventory(phone.mac for phone in phones))
    said = [(line.verdict, line.cause, len(line.gateways)) for _, line in sorted(found.phones.items())]
    assert said == [("pass", None, 1), ("fail", "PIN001", 1), ("warn", "PIN001", 2)]
    assert len(found.gateways) == 2


async def test_a_group_url_that_all_phones_ought_to_dial() -> None:
    bern, chur = (site.name for site in SITES)
    phones = [
        FleetPhone(mac="001AE2000000", configuration=NEW_HASH, gateways=(bern,)),
        FleetPhone(mac="001AE2000001", configuration=NEW_HASH, gateways=(chur,)),
    ]
    async with fleet_of(phones, gateways=SITES) as lab:
        url = parse_group_url(lab.group_urls[bern])
        found = await swept(options(lab, group_url=url), inventory(phone.mac for phone in phones))
    assert [(line.verdict, line.cause) for _, line in sorted(found.phones.items())] == [
        ("pass", None),
        ("fail", "CFG004"),
    ]
    assert len(found.gateways) == 1


# --- the end of a run ---


async def test_a_run_that_is_stopped_leaves_whole_lines_and_no_task() -> None:
    mix = phones_of({"ready": 60})
    lines: list[FleetLine] = []
    enough = asyncio.Event()

    def take(line: FleetLine) -> None:
        lines.append(line)
        if len(lines) == 10:
            enough.set()

    with in_background(fleet_of(phone for phone, _ in mix.values())) as lab:
        task = asyncio.create_task(sweep(options(lab, parallel=4), take).run(inventory(mix)))
        await enough.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert 10 <= len(lines) < 61


async def test_the_deadline_of_the_run() -> None:
    mix = phones_of({"ready": 40})
    async with fleet_of(phone for phone, _ in mix.values()) as lab:
        found = await swept(options(lab, rate=20.0, deadline=0.8), inventory(mix))
    assert found.end == "deadline"
    assert 0 < len(found.phones) < 40


async def test_an_error_of_ours_ends_the_run_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    mix = phones_of({"ready": 4})

    def broken(line: FleetLine) -> None:
        raise ZeroDivisionError

    async with fleet_of(phone for phone, _ in mix.values()) as lab:
        with pytest.raises(ZeroDivisionError):
            await swept(options(lab), inventory(mix), broken)


# --- a server that is there no more ---


class Fickle(DatagramServer):
    """Serves configurations in one block, until it is told to be silent."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__()
        self._files = files
        self.is_silent = False
        self.ignores: set[str] = set()
        self.asked: Counter[str] = Counter()
        self._blocks: dict[Address, bytes] = {}

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if data[:2] != b"\0\1":
            if data == b"\0\4\0\0":
                self.send(self._blocks[addr], addr)
            return
        name = data[2:].split(b"\0")[0].decode()
        self.asked[name] += 1
        if self.is_silent or name in self.ignores:
            return
        file = self._files.get(name)
        if file is None:
            self.send(b"\0\5\0\1none\0", addr)
            return
        self._blocks[addr] = b"\0\3\0\1" + file
        self.send(b"\0\6blksize\x001428\0", addr)


SMALL = b"<device><vpnGroup></vpnGroup></device>"
SILENT_FLEET = [f"001AE2{number:06X}" for number in range(3 * MIN_HELD)]


@asynccontextmanager
async def fickle() -> AsyncIterator[tuple[Fickle, RunOptions]]:
    [sock] = bound_sockets([("127.0.0.1", DATAGRAM)], 0)
    server = Fickle({f"SEP{mac}.cnf.xml": SMALL for mac in SILENT_FLEET})
    where = Endpoint("127.0.0.1", sock.getsockname()[1])
    async with udp_server(sock, server):
        collect = CollectOptions(servers=(where,), rate=0, timeout=0.15, retries=0, parallel=8)
        yield server, RunOptions(collect=collect, profile=load_profile("7962G"))


async def test_a_server_that_was_never_there_is_given_up() -> None:
    async with fickle() as (server, wanted):
        server.is_silent = True
        found = await swept(wanted, inventory(SILENT_FLEET))
    assert found.end == "server-silent"
    assert found.phones == {}
    assert len(server.asked) < len(SILENT_FLEET)


async def test_a_server_that_falls_silent_costs_no_phone_its_verdict() -> None:
    async with fickle() as (server, wanted):

        def fall_silent(_: FleetLine) -> None:
            server.is_silent = True

        first = await swept(wanted, inventory(SILENT_FLEET), fall_silent)
        assert first.end == "server-silent"
        assert {line.config.outcome for line in first.phones.values()} == {"received"}
        server.is_silent = False
        rest = await swept(wanted, inventory(mac for mac in SILENT_FLEET if mac not in first.phones))
    assert rest.end is None
    assert {line.config.outcome for line in rest.phones.values()} == {"received"}
    assert {*first.phones, *rest.phones} == {*SILENT_FLEET}


async def test_a_few_phones_of_a_silent_server_get_their_verdict() -> None:
    async with fickle() as (server, wanted):
        server.is_silent = True
        found = await swept(wanted, inventory(SILENT_FLEET[:5]))
    assert found.end is None
    assert [(line.verdict, line.cause) for line in found.phones.values()] == [("fail", "TFT002")] * 5


async def test_many_phones_that_a_living_server_does_not_answer_are_all_told() -> None:
    """All in a row: the server is asked once more for what it gave last, and gives it."""
    async with fickle() as (server, wanted):
        server.ignores = {f"SEP{mac}.cnf.xml" for mac in SILENT_FLEET[8:-4]}
        found = await swept(wanted, inventory(SILENT_FLEET))
    assert found.end is None
    outcomes = Counter(line.config.outcome for line in found.phones.values())
    assert outcomes == {"received": 12, "timeout": len(SILENT_FLEET) - 12}
    assert max(server.asked[f"SEP{mac}.cnf.xml"] for mac in SILENT_FLEET[:8]) > 1
