"""The phone probe: its stages, what stops them, and that nothing stays behind."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from typing import Any

import msgspec
import pytest

from tests.lab.accuracy import options_for
from tests.probes.networks import (
    DEVICE,
    boot_server,
    needs_ipv6,
    needs_second_address,
    nothing_left_behind,
    options,
    probe,
    stage_ends,
    two_gateways,
)
from tests.stand_ins import LOOPBACK, RecordingGateway, listening
from vpnprobe.lab.hostile import silent
from vpnprobe.lab.network import running_lab
from vpnprobe.lab.scenario import Certificate, ConfigServer
from vpnprobe.lab.scenarios import find_scenario
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import STAGES, Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.phones import load_profile
from vpnprobe.probes.options import NetworkOptions
from vpnprobe.probes.phone import PhoneProbe

DONE = ("done", None)
SHA1 = "5X6B6plUwUSXZnjQ4kGM33mpMXY="


async def probe_scenario(name: str, **changes: Any) -> Evidence:
    async with running_lab(find_scenario(name)) as lab:
        return await PhoneProbe(dataclasses.replace(options_for(lab), **changes)).run()


# --- stages ---


async def test_all_stages_in_the_order_of_a_phone() -> None:
    begun: list[str] = []
    async with running_lab(find_scenario("healthy")) as lab:
        evidence = await PhoneProbe(options_for(lab), progress=begun.append).run()
    assert tuple(stage.name for stage in evidence.stages) == STAGES["phone"]
    assert set(stage_ends(evidence).values()) == {DONE}
    assert sorted(begun) == sorted(STAGES["phone"])
    # The gateway and the configuration server are looked at side by side; what needs both comes after both.
    order = begun.index
    for earlier, later in itertools.pairwise(("resolve", "first-flight", "pin", "host-id", "handshake", "login")):
        assert order(earlier) < order(later)
    assert order("boot-files") < order("config") < order("pin")
    assert sum(stage.duration_s for stage in evidence.stages) > 0
    assert evidence.interrupted is None


@pytest.mark.parametrize(
    ("scenario", "ends"),
    [
        (
            "name-nxdomain",
            {
                "resolve": ("failed", "no address"),
                "boot-files": DONE,
                "config": DONE,
                "first-flight": ("skipped", "resolve"),
                "pin": ("skipped", "first-flight"),
                "host-id": ("skipped", "first-flight"),
                "handshake": ("skipped", "first-flight"),
                "login": ("skipped", "handshake"),
            },
        ),
        (
            "port-closed",
            {
                "resolve": DONE,
                "config": DONE,
                "first-flight": ("failed", "no address answered this model's hello"),
                "pin": ("skipped", "first-flight"),
                "handshake": ("skipped", "first-flight"),
                "login": ("skipped", "handshake"),
            },
        ),
        (
            "tftp-not-found",
            {
                "boot-files": ("failed", "no configuration file"),
                "config": ("skipped", "no configuration"),
                "first-flight": DONE,
                "pin": ("skipped", "no certHash known"),
                "host-id": ("skipped", "config"),
                "handshake": DONE,
                "login": DONE,
            },
        ),
        (
            "config-malformed",
            {"boot-files": DONE, "pin": ("skipped", "no certHash known"), "host-id": ("skipped", "config")},
        ),
        (
            "healthy-given-hash",
            {"boot-files": ("skipped", "--cert-hash given"), "config": ("skipped", "--cert-hash given"), "pin": DONE},
        ),
        (
            "handshake-breaks-off",
            {"handshake": ("failed", "no handshake completed"), "login": ("skipped", "handshake")},
        ),
        ("gateway-certificate-replaced", dict.fromkeys(("pin", "host-id", "handshake", "login"), DONE)),
    ],
)
async def test_a_stage_that_did_not_run_names_what_stopped_it(scenario: str, ends: dict[str, Any]) -> None:
    found = stage_ends(await probe_scenario(scenario))
    assert {name: found[name] for name in ends} == ends


async def test_a_configuration_that_cannot_be_read_fails_its_stage() -> None:
    status, because = stage_ends(await probe_scenario("config-malformed"))["config"]
    assert status == "failed"
    assert because
    assert "cannot be read" in because


async def test_without_login_the_run_ends_at_the_handshake() -> None:
    gateway = RecordingGateway()
    async with gateway.at(LOOPBACK) as port:
        evidence = await probe(f"https://127.0.0.1:{port}/x", cert_hashes=(gateway.cert_hash,), login=False)
    assert stage_ends(evidence)["handshake"] == DONE
    assert stage_ends(evidence)["login"] == ("skipped", "--no-login")
    assert gateway.requests == []
    assert evidence.login_wanted is False


def test_a_profile_that_is_no_phone_is_refused() -> None:
    with pytest.raises(UsageError, match="use: vpnprobe gateway"):
        PhoneProbe(options(profile=load_profile("modern")))


# --- decisions of the phone ---


async def test_decisions_are_recorded_for_each_address() -> None:
    evidence = await probe_scenario("healthy")
    [pin, validity, host_id] = evidence.decisions
    assert (pin.rule, pin.goes_on, pin.matched) == ("pin", True, "certHash1")
    assert (host_id.rule, host_id.goes_on) == ("host-id-off", True)
    assert (validity.rule, validity.goes_on, validity.validity) == ("validity", True, "valid")
    assert pin.leaf == validity.leaf == host_id.leaf == evidence.first_flights[0].chain[0]


async def test_a_given_hash_is_named_by_its_place() -> None:
    gateway = RecordingGateway()
    async with gateway.at(LOOPBACK) as port:
        evidence = await probe(f"https://127.0.0.1:{port}/x", cert_hashes=(SHA1, gateway.cert_hash))
    decision = evidence.decisions[0]
    assert (decision.goes_on, decision.matched) == (True, "given hash 2")


async def test_without_a_hash_the_phone_s_decision_is_not_known() -> None:
    evidence = await probe_scenario("tftp-not-found")
    assert [(one.rule, one.goes_on) for one in evidence.decisions] == [("pin", None), ("validity", True)]


@pytest.mark.parametrize(
    ("scenario", "validity"),
    [("certificate-expired", "expired"), ("certificate-not-yet-valid", "not-yet-valid")],
)
async def test_a_certificate_outside_of_its_dates_stops_the_phone(scenario: str, validity: str) -> None:
    evidence = await probe_scenario(scenario)
    assert [(one.rule, one.goes_on, one.validity) for one in evidence.decisions] == [
        ("pin", True, None),
        ("validity", False, validity),
        ("host-id-off", True, None),
    ]
    assert [login.credential for login in evidence.logins] == ["none"]
    assert [handshake.client_certificate for handshake in evidence.handshakes] == [None]


@pytest.mark.parametrize("setting", ["", "7"], ids=["absent", "no known value"])
async def test_a_host_id_setting_that_is_not_known_does_not_let_a_wrong_name_pass(setting: str) -> None:
    scenario = find_scenario("host-id-wildcard")
    configuration = msgspec.structs.replace(scenario.network.configuration, host_id_check=setting)
    network = msgspec.structs.replace(scenario.network, configuration=configuration)
    async with running_lab(msgspec.structs.replace(scenario, network=network)) as lab:
        evidence = await PhoneProbe(options_for(lab)).run()
    assert [one.goes_on for one in evidence.decisions if one.rule == "host-id"] == [None]
    assert [login.credential for login in evidence.logins] == ["none"]


async def test_given_hashes_replace_those_of_the_configuration() -> None:
    evidence = await probe_scenario("healthy", cert_hashes=(SHA1,))
    assert evidence.decisions[0].goes_on is False
    assert evidence.expectation.cert_hashes == (SHA1,)


# --- both address families ---


@needs_ipv6
@pytest.mark.parametrize(
    ("families", "hosts"), [({4, 6}, ["127.0.0.1", "[::1]"]), ({4}, ["127.0.0.1"]), ({6}, ["[::1]"])]
)
async def test_addresses_of_the_wanted_families_are_dialled(families: set[int], hosts: list[str]) -> None:
    first, second = RecordingGateway(), RecordingGateway()
    async with two_gateways(first, second, (LOOPBACK, "::1")) as two:
        network = NetworkOptions(families=frozenset(families), timeout=2)
        evidence = await probe(two.url, resolver=two.resolver, network=network, cert_hashes=(SHA1,))
    dialled = dict.fromkeys(flight.address.rpartition(":")[0] for flight in evidence.first_flights)
    assert list(dialled) == hosts
    assert [handshake.address.rpartition(":")[0] for handshake in evidence.handshakes] == hosts
    assert len(evidence.flights("7962G")) == len(hosts)
    assert [bool(gateway.sessions) for gateway in (first, second)] == [4 in families, 6 in families]


@needs_second_address
async def test_one_closed_address_stops_nothing_at_the_other() -> None:
    evidence = await probe_scenario("one-address-closed")
    kinds = {flight.address: flight.failure and flight.failure.kind for flight in evidence.flights("7962G")}
    assert sorted(map(str, kinds.values())) == ["FailureKind.REFUSED", "None"]
    assert stage_ends(evidence)["login"] == DONE


# --- follow-phone ---


@pytest.mark.parametrize("follow", [True, False])
async def test_follow_phone_stops_where_the_phone_stops(follow: bool) -> None:
    gateway = RecordingGateway()
    async with gateway.at(LOOPBACK) as port:
        evidence = await probe(f"https://127.0.0.1:{port}/x", cert_hashes=(SHA1,), follow_phone=follow)
    assert bool(gateway.sessions) is not follow
    stopped = ("skipped", "--follow-phone: the phone stops before")
    for name in ("handshake", "login"):
        assert (stage_ends(evidence)[name] == stopped) is follow


@needs_second_address
async def test_follow_phone_goes_on_only_where_the_phone_would() -> None:
    good, other = RecordingGateway(), RecordingGateway(certificate=Certificate(edition=2))
    async with two_gateways(other, good) as two:
        evidence = await probe(two.url, resolver=two.resolver, cert_hashes=(good.cert_hash,), follow_phone=True)
    assert other.sessions == []
    assert len(good.sessions) == 1
    assert [handshake.address for handshake in evidence.handshakes] == [two.addresses[1]]


async def test_follow_phone_stops_where_nothing_is_known() -> None:
    gateway = RecordingGateway()
    async with gateway.at(LOOPBACK) as port, boot_server({}) as boot:
        evidence = await probe(f"https://127.0.0.1:{port}/x", follow_phone=True, **boot.options)
    assert gateway.sessions == []
    assert stage_ends(evidence)["login"][0] == "skipped"


# --- ends ---


async def test_cancelled_it_leaves_nothing_behind_and_its_evidence_is_whole() -> None:
    async with listening(silent) as port, boot_server({}, ConfigServer(tftp="silent")) as boot:
        probing = PhoneProbe(
            options(f"https://127.0.0.1:{port}/x", network=NetworkOptions(timeout=60, deadline=60), **boot.options)
        )
        with nothing_left_behind():
            task = asyncio.create_task(probing.run())
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            del task
    ends = stage_ends(probing.evidence("interrupt"))
    assert ends["resolve"] == DONE
    assert ends["boot-files"] == ends["first-flight"] == ("failed", "interrupt")
    assert ends["login"] == ("skipped", "interrupt")


@pytest.mark.parametrize("pause", [0.02, 0.08, 0.15, 0.25])
async def test_cancelled_at_any_moment(pause: float) -> None:
    async with running_lab(find_scenario("healthy")) as lab:
        wanted = options_for(lab)
        with nothing_left_behind():
            task = asyncio.create_task(PhoneProbe(wanted).run())
            await asyncio.sleep(pause)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            del task
            # The server closes its ends of what we closed.
            await asyncio.sleep(0.1)


async def test_the_deadline_ends_it() -> None:
    async with listening(silent) as port:
        with nothing_left_behind():
            evidence = await probe(
                f"https://127.0.0.1:{port}/x",
                cert_hashes=(SHA1,),
                network=NetworkOptions(timeout=60, deadline=0.3),
            )
            await asyncio.sleep(0.1)
    assert evidence.interrupted == "deadline"
    assert stage_ends(evidence)["first-flight"] == ("failed", "deadline")
    assert stage_ends(evidence)["config"] == ("skipped", "--cert-hash given")


async def test_a_whole_run_leaves_nothing_behind() -> None:
    async with running_lab(find_scenario("healthy")) as lab:
        wanted = options_for(lab)
        await PhoneProbe(wanted).run()
        with nothing_left_behind():
            await PhoneProbe(wanted).run()
            await asyncio.sleep(0.1)


async def test_who_is_probed_is_in_the_evidence() -> None:
    evidence = await probe(cert_hashes=(SHA1,), model="8841-pre12.5")
    assert (evidence.persona.device, evidence.persona.profile, evidence.persona.model) == (
        DEVICE,
        "8811-pre12.5",
        "8841",
    )
    assert evidence.target.group_url
    assert evidence.target.group_url.text == "https://127.0.0.1:9/VPNPhone"
    [flight] = evidence.first_flights
    assert flight.failure
    assert flight.failure.kind is FailureKind.REFUSED
