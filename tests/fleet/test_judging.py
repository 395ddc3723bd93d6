"""The verdict of a phone, made once for all phones that differ in their names only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.checks import evidence_builder as build
from vpnprobe.checks.evaluate import judge
from vpnprobe.fleet import judging
from vpnprobe.fleet.collect import Collected
from vpnprobe.fleet.gateways import GatewayLook
from vpnprobe.fleet.judging import PhoneJudge
from vpnprobe.model.config import ConfigKind, PhoneConfig, VpnUrl
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.finding import Report
from vpnprobe.model.fleet import GatewaySight, Phone, PhoneConfigSight, SweptPhone
from vpnprobe.model.observation import BootFile, SignedFile, TftpServer
from vpnprobe.model.target import Endpoint, GroupUrl, device_name, parse_group_url
from vpnprobe.phones import load_profile
from vpnprobe.probes.bootfiles import Content

MACS = [f"001AE200{number:04X}" for number in range(200)]
SERVER = TftpServer(origin="option", endpoint=Endpoint(build.SERVER, 69), addresses=(build.SERVER,))
OTHER_URL = "https://backup.example.com/VPNPhone"


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Evidence]:
    """What was judged in the test."""
    seen: list[Evidence] = []

    def noting(evidence: Evidence) -> Report:
        seen.append(evidence)
        return judge(evidence)

    monkeypatch.setattr(judging, "judge", noting)
    return seen


def config(**changes: Any) -> PhoneConfig:
    whole = build.run().config
    assert whole is not None
    assert whole.config is not None
    return msgspec.structs.replace(whole.config, **changes)


def dialling(*urls: str, **changes: Any) -> PhoneConfig:
    texts = tuple(VpnUrl(number, text) for number, text in enumerate(urls, 1))
    return config(vpn_group=msgspec.structs.replace(build.GROUP, urls=texts, **changes))


def came(mac: str = MACS[0], what: PhoneConfig | None = None, **file: Any) -> Collected:
    name = f"{device_name(mac)}.cnf.xml"
    what = what or config()
    fetched = build.boot_file(name=name, sha256=mac * 5, size=int(mac, 16) % 9999, duration_s=0.1, **file)
    return Collected(
        sight=PhoneConfigSight(outcome="received", file=name),
        server=SERVER,
        boot_files=(fetched,),
        content=Content(name, "tftp", build.SERVER, what),
    )


def lost(mac: str = MACS[0], outcome: Any = "not-found") -> Collected:
    name = f"{device_name(mac)}.cnf.xml"
    file = BootFile(name=name, protocol="tftp", server=f"{build.SERVER}:69", outcome=outcome)
    return Collected(
        sight=PhoneConfigSight(outcome=outcome, file=name), server=SERVER, boot_files=(file,), content=None
    )


def look(url: str = build.URL, **changes: Any) -> tuple[GroupUrl, GatewayLook]:
    parsed = parse_group_url(url)
    evidence = build.run(
        **{
            "config": None,
            "boot_files": (),
            "tftp_server": None,
            "credential": "none",
            "client_chain": (),
            "logins": (),
            "login_wanted": False,
        }
        | changes
    )
    return parsed, GatewayLook(GatewaySight(key=f"{parsed.endpoint} 7962G", profile="7962G"), evidence)


REFUSING: dict[str, Any] = {
    "first_flights": (build.flight(failure=build.REFUSED, shown=None),),
    "handshakes": (),
}
RENEWED: dict[str, Any] = {"first_flights": build.flights(rsa=build.RENEWED, both=build.RENEWED)}


def line(
    judge_: PhoneJudge,
    collected: Collected,
    looks: Sequence[tuple[GroupUrl, GatewayLook | None]] | None = None,
    mac: str = MACS[0],
    model: str = "7962G",
) -> SweptPhone:
    looks = (look(),) if looks is None else looks
    return judge_.judge(Phone(mac=mac, labels={"Site": "Bern"}), load_profile(model), collected, looks, build.NOW)


def fresh() -> PhoneJudge:
    return PhoneJudge(build.NOW)


# --- verdicts ---


def test_a_phone_that_would_connect() -> None:
    found = line(fresh(), came())
    assert (found.verdict, found.cause, found.alarms, found.summary) == ("pass", None, (), "")
    assert (found.mac, found.device, found.profile) == (MACS[0], f"SEP{MACS[0]}", "7962G")
    assert found.labels == {"Site": "Bern"}
    assert found.gateways == ("vpn.example.com:443 7962G",)
    assert found.finished_at == build.NOW


def test_a_certificate_that_nobody_announced() -> None:
    found = line(fresh(), came(), (look(**RENEWED),))
    assert (found.verdict, found.cause) == ("fail", "PIN001")
    assert build.cert_hash(build.RENEWED) in found.summary


def test_the_summary_names_this_phone() -> None:
    judge_ = fresh()
    told = [line(judge_, lost(mac), (), mac).summary for mac in MACS[:2]]
    assert [f"SEP{mac}.cnf.xml" in text for mac, text in zip(MACS[:2], told, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("outcome", "verdict", "cause"),
    [("not-found", "fail", "TFT003"), ("timeout", "fail", "TFT002"), ("truncated", "fail", "TFT004")],
)
def test_a_file_that_did_not_come(outcome: str, verdict: str, cause: str) -> None:
    found = line(fresh(), lost(outcome=outcome), ())
    assert (found.verdict, found.cause, found.gateways) == (verdict, cause, ())


def test_what_only_the_phone_can_read_is_not_known() -> None:
    found = line(fresh(), came(what=PhoneConfig(kind=ConfigKind.SHORT)), ())
    assert (found.verdict, found.cause, found.alarms) == ("inconclusive", None, ("CFG002",))
    assert "encrypted" in found.summary


def test_a_server_without_a_name() -> None:
    nameless = TftpServer(
        origin="option", endpoint=Endpoint("cucm.example.com", 69), failure=build.fail(FailureKind.NAME_NOT_FOUND)
    )
    sight = PhoneConfigSight(outcome="unreachable")
    found = line(fresh(), Collected(sight=sight, server=nameless, boot_files=(), content=None), ())
    assert (found.verdict, found.cause) == ("fail", "TFT002")


def test_the_configuration_of_another_phone_under_this_one_s_name() -> None:
    signed = SignedFile(header_length=300, file_name=f"SEP{MACS[7]}.cnf.xml.sgn")
    file = came().boot_files[0]
    name = f"SEP{MACS[0]}.cnf.xml.sgn"
    collected = Collected(
        sight=PhoneConfigSight(outcome="received"),
        server=SERVER,
        boot_files=(msgspec.structs.replace(file, name=name, signed=signed),),
        content=Content(name, "tftp", build.SERVER, config()),
    )
    found = line(fresh(), collected)
    assert (found.verdict, found.cause) == ("fail", "TFT006")
    assert f"SEP{MACS[7]}" in found.summary


# --- several gateways ---


GATEWAYS: dict[str, tuple[list[dict[str, Any]], str, str | None]] = {
    "both good": ([{}, {}], "pass", None),
    "the second is closed": ([{}, REFUSING], "warn", "NET002"),
    "the first is closed": ([REFUSING, {}], "warn", "NET002"),
    "the first has another certificate": ([RENEWED, {}], "warn", "PIN001"),
    "neither": ([RENEWED, REFUSING], "fail", "PIN001"),
}


@pytest.mark.parametrize(("changes", "verdict", "cause"), GATEWAYS.values(), ids=GATEWAYS.keys())
def test_a_phone_takes_the_gateway_that_lets_it_in(
    changes: list[dict[str, Any]], verdict: str, cause: str | None
) -> None:
    both = dialling(build.URL, OTHER_URL)
    looks = [look(build.URL, **changes[0]), look(OTHER_URL, **changes[1])]
    found = line(fresh(), came(what=both), looks)
    assert (found.verdict, found.cause) == (verdict, cause)
    assert len(found.gateways) == 2


def test_a_url_that_cannot_be_dialled_is_not_judged() -> None:
    odd = GroupUrl("http://vpn.example.com/VPNPhone", "", 0, "")
    found = line(fresh(), came(what=dialling(odd.text)), [(odd, None)])
    assert (found.verdict, found.cause, found.gateways) == ("inconclusive", None, ())
    assert "'http://vpn.example.com/VPNPhone' is no URL that a phone dials" in found.summary


def test_a_group_without_a_url_leads_nowhere() -> None:
    found = line(fresh(), came(what=dialling()), [(GroupUrl("", "", 0, ""), None)])
    assert (found.verdict, found.cause, found.summary) == ("fail", "CFG004", "the vpnGroup holds no url")


# --- datagrams of others ---


@pytest.mark.parametrize(("same_host", "alarms"), [(0, ("TFT005",)), (2, ("TFT005",)), (3, ())])
def test_a_late_repetition_of_the_asked_server_is_no_intruder(same_host: int, alarms: tuple[str, ...]) -> None:
    """A sweep reuses its ports while the server may still repeat what an earlier phone was sent there."""
    found = line(fresh(), came(foreign=3, foreign_same_host=same_host))
    assert (found.alarms, found.verdict) == (alarms, "warn" if alarms else "pass")


# --- the memory ---


def test_thousands_of_phones_cost_one_judgement(judged: list[Evidence]) -> None:
    judge_ = fresh()
    looks = (look(),)
    stamps = (config(version_stamp=f"1700000000-{mac}") for mac in MACS)
    verdicts = {line(judge_, came(mac, what), looks, mac).verdict for mac, what in zip(MACS, stamps, strict=True)}
    assert (verdicts, len(judged)) == ({"pass"}, 1)
    # Nothing of a single phone is in what is kept.
    assert not any(mac.encode() in msgspec.json.encode(judged[0]) for mac in MACS)


def test_a_server_that_repeats_the_name_costs_one_judgement_too(judged: list[Evidence]) -> None:
    judge_ = fresh()
    told = []
    for mac in MACS:
        collected = lost(mac)
        message = f"no file SEP{mac}.cnf.xml here"
        file = msgspec.structs.replace(
            collected.boot_files[0], message=message, failure=build.fail(FailureKind.SERVER_ERROR, detail=message)
        )
        told.append(line(judge_, replace(collected, boot_files=(file,)), (), mac).summary)
    assert len(judged) == 1
    assert all(f"no file SEP{mac}.cnf.xml here" in text for mac, text in zip(MACS, told, strict=True))


DIFFERENT: dict[str, Any] = {
    "another hash": lambda judge_: line(judge_, came(what=dialling(build.URL, cert_hashes=()))),
    "another load": lambda judge_: line(judge_, came(what=config(load_information="sip88xx.12-8-1-0001-455"))),
    "strangers": lambda judge_: line(judge_, came(foreign=3)),
    "a missing file": lambda judge_: line(judge_, lost()),
    "another model": lambda judge_: line(judge_, came(), model="7942G"),
    "another URL": lambda judge_: line(judge_, came(), (look("https://vpn.example.com/Other"),)),
    "another gateway": lambda judge_: line(judge_, came(), (look(OTHER_URL),)),
    "no gateway": lambda judge_: line(judge_, came(), ()),
}


@pytest.mark.parametrize("other", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_what_matters_is_judged_apart(judged: list[Evidence], other: Any) -> None:
    judge_ = fresh()
    line(judge_, came())
    other(judge_)
    assert len(judged) == 2


def test_memory_stays_bounded(judged: list[Evidence], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "_REMEMBERED", 3)
    judge_ = fresh()
    for number in (1, 2, 3, 1, 4, 1):
        line(judge_, came(what=config(load_information=f"SIP42.9-4-{number}")), ())
    assert len(judged) == 4
    line(judge_, came(what=config(load_information="SIP42.9-4-2")), ())
    assert len(judged) == 5


def test_all_phones_are_judged_for_the_same_moment() -> None:
    later = PhoneJudge(build.NOW + timedelta(days=10_000))
    found = line(later, came())
    assert (found.verdict, found.cause) == ("fail", "CRT001")
