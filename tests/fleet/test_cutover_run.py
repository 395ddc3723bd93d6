"""The cut-over of a lab fleet in each step of the procedure, and of a run that was cut off."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.fleet.cutting import URL, config, plan
from vpnprobe.fleet.cutover_plan import CutoverPlan, given_by_file
from vpnprobe.fleet.cutover_remarks import CutoverRemarks
from vpnprobe.fleet.cutover_run import CutoverJudge, cutover
from vpnprobe.fleet.journal import Journal
from vpnprobe.fleet.lines import FleetLines
from vpnprobe.fleet.missing_step import MissingStep
from vpnprobe.fleet.options import CollectOptions, RunOptions
from vpnprobe.fleet.summary import SummaryCounter
from vpnprobe.lab.fleet import NEW, OLD, Fleet, FleetGateway, FleetLab, PhoneKind, phones_of, running_fleet
from vpnprobe.lab.scenario import Certificate, Configuration, Gateway
from vpnprobe.model.fleet import CutoverPhone, FleetLine, FleetStart, FleetSummary, GatewaySight, Phone
from vpnprobe.model.target import parse_group_url
from vpnprobe.phones import load_profile
from vpnprobe.probes.options import NetworkOptions
from vpnprobe.probes.recorder import TOOL

SECOND_NAME = "vpn-2.lab.example"
SECOND = Certificate(common_name=SECOND_NAME)


@dataclass
class Cut:
    """What one run said."""

    lines: list[FleetLine]
    summary: FleetSummary

    @property
    def phones(self) -> dict[str, CutoverPhone]:
        """Every phone's line; fails where one has two."""
        found = [line for line in self.lines if isinstance(line, CutoverPhone)]
        assert len({line.mac for line in found}) == len(found)
        return {line.mac: line for line in found}

    @property
    def missing(self) -> Mapping[str, int]:
        return self.summary.counts.causes


def options(lab: FleetLab) -> RunOptions:
    return RunOptions(
        collect=CollectOptions(
            servers=(lab.tftp_endpoint,), http_port=lab.http_endpoint.port, rate=0, timeout=0.3, retries=0
        ),
        profile=load_profile("7962G"),
        network=NetworkOptions(resolvers=(lab.dns_endpoint,), timeout=2),
    )


def plan_of(lab: FleetLab, *, after: bool = False, at: datetime | None = None, host: str | None = None) -> CutoverPlan:
    now = datetime.now(UTC)
    return CutoverPlan(new=(given_by_file(lab.pem(NEW), host),), now=now, at=at or now, after=after)


async def cut(
    lab: FleetLab,
    change: CutoverPlan,
    phones: Iterable[Phone] | None = None,
    *,
    group_by: Sequence[str] = (),
    journal: Path | None = None,
    most: float = math.inf,
) -> Cut:
    """Run over the phones, all of the lab's unless some are named; with `most` the run is killed after so many."""
    wanted = list(phones) if phones is not None else [Phone(mac=phone.mac) for phone in lab.fleet.phones]
    lines: list[FleetLine] = []
    start = FleetStart(tool=TOOL, command="cutover", started_at=change.now)
    kept = Journal(journal, start) if journal is not None else None
    counter = SummaryCounter(group_by, CutoverRemarks(change))
    passing = FleetLines(start, counter, lines.append, kept, MissingStep())

    def take(line: FleetLine) -> None:
        if passing.finished >= most:
            raise KeyError("killed")
        passing.take(line)

    try:
        run = cutover(options(lab), change, take)
        end = await run.run(passing.waiting(wanted))
        rest = sum(1 for _ in passing.waiting(wanted))
        summary = passing.finish(end, not_reached=rest, row_problems=0, duplicates=0, notes=run.notes(wanted))
    finally:
        if kept is not None:
            kept.close()
    return Cut(lines, summary)


def fleet(mix: Mapping[PhoneKind, int], *shown: Certificate, **changes: object) -> Fleet:
    """A fleet of this mix behind one gateway with these certificates at its addresses."""
    addresses = tuple(Gateway(certificate=one) for one in shown)
    phones = tuple(phone for phone, _ in phones_of(mix).values())
    return msgspec.structs.replace(Fleet(phones=phones, gateways=(FleetGateway(addresses=addresses),)), **changes)


@pytest.mark.parametrize(
    ("mix", "shown", "after", "verdict", "ready", "missing", "note"),
    [
        pytest.param(
            {"old-hash": 3}, [OLD, OLD], False, "fail", 0, {"import-phone-vpn-trust": 3}, "CSCuh19734", id="1: issued"
        ),
        pytest.param(
            {"old-hash": 1, "both-hashes": 3},
            [OLD],
            False,
            "fail",
            3,
            {"apply-config": 1},
            None,
            id="5: applied to some",
        ),
        pytest.param({"both-hashes": 4}, [OLD, OLD], False, "pass", 4, {}, None, id="6: verified"),
        pytest.param(
            {"both-hashes": 2, "missing": 1},
            [OLD],
            False,
            "inconclusive",
            2,
            {"fetch-config": 1},
            None,
            id="6: one unread",
        ),
        pytest.param(
            {"ready": 1, "both-hashes": 2},
            [OLD],
            False,
            "fail",
            2,
            {"keep-old-hash": 1},
            None,
            id="4: old one taken out",
        ),
        pytest.param(
            {"old-hash": 2, "both-hashes": 2},
            [NEW],
            False,
            "fail",
            2,
            {"apply-config": 2},
            "already",
            id="7: too early",
        ),
        pytest.param(
            {"both-hashes": 2}, [OLD, NEW], False, "warn", 2, {}, "127.0.0.2", id="7: begun, and nobody is cut off"
        ),
        pytest.param({"both-hashes": 2, "ready": 1}, [NEW, NEW], True, "pass", 3, {}, None, id="after: done"),
        pytest.param(
            {"both-hashes": 2},
            [NEW, OLD],
            True,
            "fail",
            2,
            {"swap-trustpoint": 2},
            "127.0.0.2",
            id="after: one address",
        ),
        pytest.param(
            {"ready": 2},
            [NEW, OLD],
            True,
            "fail",
            0,
            {"swap-trustpoint": 2},
            "still shows",
            id="after: one, old hash gone",
        ),
        pytest.param(
            {"old-hash": 1, "ready": 1},
            [NEW],
            True,
            "fail",
            1,
            {"apply-config": 1},
            None,
            id="after: a phone left behind",
        ),
    ],
)
async def test_the_fleet_in_each_step_of_the_procedure(
    mix: Mapping[PhoneKind, int],
    shown: list[Certificate],
    after: bool,
    verdict: str,
    ready: int,
    missing: dict[str, int],
    note: str | None,
) -> None:
    async with running_fleet(fleet(mix, *shown)) as lab:
        found = await cut(lab, plan_of(lab, after=after))
    assert found.summary.verdict == verdict
    assert found.summary.counts.by_result.get("ready", 0) == ready
    assert found.missing == missing
    assert found.summary.counts.total == sum(mix.values())
    if note is None:
        assert found.summary.notes == ()
    else:
        [text] = found.summary.notes
        assert note in text


async def test_after_the_swap_each_address_that_has_the_old_one_is_named() -> None:
    async with running_fleet(fleet({"both-hashes": 2}, NEW, OLD)) as lab:
        found = await cut(lab, plan_of(lab, after=True))
        [text] = found.summary.notes
        assert "127.0.0.2" in text
        assert "127.0.0.1" not in text
        assert lab.cert_hash(OLD) in text


async def test_an_address_that_does_not_answer_after_the_swap() -> None:
    dead = FleetGateway(addresses=(Gateway(certificate=NEW), Gateway(listens="refuses")))
    async with running_fleet(fleet({"both-hashes": 2}, gateways=(dead,))) as lab:
        found = await cut(lab, plan_of(lab, after=True))
    assert (found.summary.verdict, found.summary.counts.by_result) == ("inconclusive", {"unknown": 2})
    assert "connection refused" in found.summary.notes[0]


async def test_a_known_mix() -> None:
    due = {
        "both-hashes": "ready",
        "ready": "cut-off",
        "old-hash": "cut-off",
        "no-vpn-group": "unknown",
        "missing": "unknown",
        "encrypted": "unknown",
        "malformed": "unknown",
        "silent": "unknown",
        "web-page": "unknown",
    }
    mix = phones_of(dict.fromkeys(due, 2))  # type: ignore[arg-type]  # the keys are all kinds there are
    async with running_fleet(fleet({}, OLD, phones=tuple(phone for phone, _ in mix.values()))) as lab:
        found = await cut(lab, plan_of(lab))
    assert {mac: line.readiness for mac, line in found.phones.items()} == {
        mac: due[kind] for mac, (_, kind) in mix.items()
    }
    assert all(line.reasons for line in found.phones.values() if line.readiness != "ready")
    assert all(line.missing for line in found.phones.values() if line.readiness != "ready")


@pytest.mark.parametrize(
    ("model", "readiness", "verdict", "words"),
    [
        ("Cisco 7962", "ready", "pass", None),
        ("Cisco 8841", "unknown", "inconclusive", "calls it Cisco 8841, and its firmware load (SIP42.9-4-2SR3-1S) is"),
        # It was judged as another model, so nobody knows what it is shown, nor whether it can take that.
        ("Cisco 9971", "unknown", "inconclusive", "No profile is known for its model (Cisco 9971)"),
        # The lab's configurations name a firmware load of a 7962G.
        (None, "ready", "pass", None),
    ],
)
async def test_a_model_that_nobody_knows(model: str | None, readiness: str, verdict: str, words: str | None) -> None:
    async with running_fleet(fleet({"both-hashes": 2}, OLD)) as lab:
        found = await cut(lab, plan_of(lab), [Phone(mac=one.mac, model=model) for one in lab.fleet.phones])
    assert {line.readiness for line in found.phones.values()} == {readiness}
    assert found.summary.verdict == verdict
    assert all(words is None or words in " ".join(line.reasons) for line in found.phones.values())


async def test_a_firmware_load_that_tells_no_model_is_a_reservation() -> None:
    phones = tuple(
        msgspec.structs.replace(phone, configuration=msgspec.structs.replace(phone.configuration, load="unheard.1-2"))
        for phone, _ in phones_of({"both-hashes": 2}).values()
    )
    async with running_fleet(fleet({}, OLD, phones=phones)) as lab:
        found = await cut(lab, plan_of(lab))
    assert found.summary.verdict == "warn"
    assert {line.readiness for line in found.phones.values()} == {"ready"}
    assert all("judged as a 7962G" in " ".join(line.reasons) for line in found.phones.values())


async def test_a_signed_file_of_another_phone_is_refused_by_this_one() -> None:
    """So the phone goes on with what it has, and nobody saw the new hash in that."""
    phones = [phone for phone, _ in phones_of({"both-hashes": 2}).values()]
    other = msgspec.structs.replace(phones[1].configuration, signed_name="other")
    phones[1] = msgspec.structs.replace(phones[1], configuration=other)
    async with running_fleet(fleet({}, OLD, phones=tuple(phones), is_signed=True)) as lab:
        found = await cut(lab, plan_of(lab))
    assert [line.config.file for line in found.phones.values()] == [f"{phone.device}.cnf.xml.sgn" for phone in phones]
    assert [found.phones[phone.mac].readiness for phone in phones] == ["ready", "cut-off"]
    assert found.phones[phones[1].mac].missing == ("apply-config",)


async def test_a_url_beyond_the_third_saves_no_phone() -> None:
    phones = tuple(
        msgspec.structs.replace(phone, gateways=(*[SECOND_NAME] * 3, "vpn.lab.example"))
        for phone, _ in phones_of({"both-hashes": 1}).values()
    )
    gateways = (
        FleetGateway(addresses=(Gateway(certificate=OLD),)),
        FleetGateway(name=SECOND_NAME, addresses=(Gateway(certificate=SECOND),)),
    )
    async with running_fleet(Fleet(phones=phones, gateways=gateways)) as lab:
        found = await cut(lab, plan_of(lab))
    assert found.summary.counts.by_result == {"cut-off": 1}
    assert [key.partition(":")[0] for key in found.summary.by_gateway] == [SECOND_NAME]


async def test_only_one_of_two_gateways_is_renewed() -> None:
    phones = tuple(
        msgspec.structs.replace(phone, gateways=("vpn.lab.example", SECOND_NAME))
        for phone, _ in phones_of({"both-hashes": 2}).values()
    )
    gateways = (
        FleetGateway(addresses=(Gateway(certificate=OLD),)),
        FleetGateway(name=SECOND_NAME, addresses=(Gateway(certificate=OLD),)),
    )
    async with running_fleet(Fleet(phones=phones, gateways=gateways)) as lab:
        found = await cut(lab, plan_of(lab, host="vpn.lab.example"))
        assert found.summary.counts.by_result == {"ready": 2}
        assert len(found.summary.by_gateway) == 2
        # The other one shows the same certificate, which perhaps is to go there, too.
        assert found.summary.verdict == "warn"
        assert found.summary.notes[0].startswith(f"{SECOND_NAME}:")
        assert found.summary.notes[1].startswith(f"No new certificate is given for {SECOND_NAME}")


async def test_models_that_cannot_take_it_and_those_that_can() -> None:
    curve = Certificate(key="ec", edition=2)
    both = Configuration(
        cert_hashes=tuple(
            msgspec.convert({"of": one}, type(Configuration().cert_hashes[0]), from_attributes=True)
            for one in (OLD, curve)
        )
    )
    # The last one's firmware knows no elliptic curves, whatever the inventory calls the phone.
    loads = (None, "sip88xx.12-8-1-0001-455", "sip88xx.11-7-1-17")
    phones = tuple(
        msgspec.structs.replace(phone, configuration=msgspec.structs.replace(both, load=load))
        for load, (phone, _) in zip(loads, phones_of({"ready": 3}).values(), strict=True)
    )
    async with running_fleet(fleet({}, OLD, phones=phones)) as lab:
        change = CutoverPlan(new=(given_by_file(lab.pem(curve)),), now=datetime.now(UTC), at=datetime.now(UTC))
        models = ("Cisco 7962", "Cisco 8841", "Cisco 8841")
        wanted = [Phone(mac=phone.mac, model=model) for phone, model in zip(phones, models, strict=True)]
        found = await cut(lab, change, wanted)
    assert [found.phones[phone.mac].readiness for phone in wanted] == ["cut-off", "ready", "cut-off"]
    assert found.missing == {"mend-certificate": 2}


async def test_sites_are_counted_apart() -> None:
    async with running_fleet(fleet({"old-hash": 2, "both-hashes": 2}, OLD)) as lab:
        phones = [
            Phone(mac=phone.mac, labels={"Site": "AB"[number % 2]}) for number, phone in enumerate(lab.fleet.phones)
        ]
        found = await cut(lab, plan_of(lab), phones, group_by=["Site"])
    assert sum(count.total for count in found.summary.by_label["Site"].values()) == 4
    [counts] = found.summary.by_gateway.values()
    assert (counts.by_result, counts.causes) == ({"cut-off": 2, "ready": 2}, {"apply-config": 2})


async def test_the_old_certificate_ends_before_the_swap() -> None:
    ending = Certificate(days_left=10)
    phones = tuple(
        msgspec.structs.replace(phone, configuration=msgspec.structs.replace(phone.configuration, cert_hashes=hashes))
        for phone, _ in phones_of({"both-hashes": 1}).values()
        for hashes in [
            (msgspec.structs.replace(phone.configuration.cert_hashes[0], of=ending), phone.configuration.cert_hashes[1])
        ]
    )
    async with running_fleet(fleet({}, ending, phones=phones)) as lab:
        soon, late = (plan_of(lab, at=datetime.now(UTC) + timedelta(days=days)) for days in (9, 11))
        assert (await cut(lab, soon)).summary.verdict == "pass"
        found = await cut(lab, late)
    assert (found.summary.verdict, found.missing) == ("fail", {"swap-trustpoint": 1})


# --- resumed, remembered ---

MIX: Mapping[PhoneKind, int] = {"old-hash": 5, "both-hashes": 1, "missing": 2, "ready": 3}


def comparable(found: Cut) -> object:
    """What of a run does not depend on the clock."""
    phones = {
        mac: msgspec.structs.replace(
            line, finished_at=found.summary.started_at, config=msgspec.structs.replace(line.config, duration_s=0.0)
        )
        for mac, line in found.phones.items()
    }
    gateways = {line.key: line for line in found.lines if isinstance(line, GatewaySight)}
    return phones, gateways, msgspec.structs.replace(found.summary, duration_s=0.0)


@pytest.mark.parametrize("killed_after", [0, 1, 5, 10])
async def test_a_run_that_was_killed_ends_as_one_that_was_not(tmp_path: Path, killed_after: int) -> None:
    async with running_fleet(fleet(MIX, OLD, OLD)) as lab:
        change = plan_of(lab)
        whole = await cut(lab, change)
        journal = tmp_path / "cutover.jsonl"
        with suppress(KeyError):
            await cut(lab, change, journal=journal, most=killed_after)
        with journal.open("ab") as torn:
            torn.write(b'{"kind":"cutover-pho')
        resumed = await cut(lab, change, journal=journal)
    assert comparable(resumed) == comparable(whole)
    # Phones that wait for others stand in the journal from the beginning.
    assert whole.missing == {"apply-config": 5, "fetch-config": 2, "keep-old-hash": 3}


def test_phones_that_are_alike_are_judged_once() -> None:
    judge = CutoverJudge(plan())
    url = parse_group_url(URL)
    lines = [
        judge.judge(Phone(mac=f"{number:012X}"), load_profile("7962G"), config(), [(url, None)], datetime.now(UTC))
        for number in range(3)
    ]
    assert len({id(line.reasons) for line in lines}) == 1
    assert [line.device for line in lines] == ["SEP000000000000", "SEP000000000001", "SEP000000000002"]
