"""Configurations in an engineer's words, and what differs between two of them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnprobe.model.config import (
    CallManager,
    CapfServer,
    CertHashText,
    ConfigKind,
    NtpServer,
    PhoneConfig,
    TvsServer,
    VpnGroup,
    VpnUrl,
)
from vpnprobe.phoneconfig.difference import Difference, differences
from vpnprobe.phoneconfig.meaning import MEANINGS
from vpnprobe.phoneconfig.sepconfig import parse_phone_config
from vpnprobe.phoneconfig.settings import SECTIONS, Setting, describe_settings

FIXTURE = parse_phone_config((Path(__file__).parent / "data" / "SEP8CB64F576113.cnf.xml").read_bytes())
NOTHING = PhoneConfig(kind=ConfigKind.FULL)


def shown(config: PhoneConfig) -> list[str]:
    return [
        f"{one.key} = {one.value}" + (f" <{one.element}>" if one.element else "") for one in describe_settings(config)
    ]


def test_a_whole_configuration() -> None:
    assert shown(FIXTURE) == [
        "Device: Configuration = full",
        "Device: Protocol = SIP",
        "Device: Load = SIP42.9-4-2SR3-1S",
        "Device: Version stamp = 1700000000-9a8b7c6d-0000-4000-8000-1a2b3c4d5e6f",
        "Device: IP address mode = 0",
        "Device: User locale = English_United_States",
        "VPN: VPN group = present",
        "VPN: url1 = https://10.198.16.140/VPNPhone",
        "VPN: certHash1 = 5X6B6plUwUSXZnjQ4kGM33mpMXY=",
        "VPN: hashAlg = 0",
        "VPN: Authentication = 2 = certificate (LSC if installed, else MIC)",
        "VPN: Password persistence = 0 = off",
        "VPN: Auto network detect = 0 = off",
        "VPN: Host ID check = 0 = off",
        "VPN: MTU = 1290 bytes",
        "VPN: Fail to connect = 30 s",
        (
            "CallManager: 1 = cucm-sub1.lab.example (cucm-sub1), SCCP 2000, SIP 5060, SIP over TLS 5061, "
            "SIP OAuth 5090, SIP OAuth over MRA 5091"
        ),
        "CallManager: 2 = 192.0.2.10 (cucm-pub), SCCP 2000, SIP 5060, SIP over TLS 5061",
        "Security: Device security mode = 1 = non-secure",
        "Security: Transport = 4 = unknown",
        "Security: Encrypted configuration = no",
        "Security: TLS resumption timer = 3600 s",
        "CAPF: Authentication mode = 0 = none",
        "CAPF: Server 1 = 192.0.2.10:3804",
        "CAPF: certHash = 0cc175b9c0f1b6a831c399e269772661",
        "TVS: Server 1 = 192.0.2.10:2445",
        "NTP: Server 1 = 192.0.2.123, Unicast",
        "Options: Web access = 0 = enabled <vendorConfig>",
        "Options: Web protocol = 0 = HTTP and HTTPS <enterpriseConfig>",
        "Options: SSH access = 1 = disabled <commonConfig>",
        "Options: PC port = 0 = enabled <vendorConfig>",
        "Options: Span to PC port = 1 = disabled <vendorConfig>",
        "Options: Disable TLS ciphers = 1 <enterpriseConfig>",
        "Options: Load server = 192.0.2.30 <commonConfig>",
        "Secrets: sshPassword = present, not shown",
        "Secrets: authPassword = present, not shown",
        "Secrets: adminPassword = present, not shown",
    ]


KINDS = {
    ConfigKind.FULL: ["Device: Configuration = full", "VPN: VPN group = none"],
    ConfigKind.SHORT: ["Device: Configuration = short: the settings are in an encrypted file of their own"],
    ConfigKind.ENCRYPTED: ["Device: Configuration = encrypted: only the phone can read it"],
    ConfigKind.EMPTY: ["Device: Configuration = empty"],
    ConfigKind.NOT_A_CONFIG: ["Device: Configuration = not a configuration, root element html"],
}


@pytest.mark.parametrize("kind", ConfigKind)
def test_only_a_full_configuration_shows_that_there_is_no_vpn(kind: ConfigKind) -> None:
    root = "html" if kind is ConfigKind.NOT_A_CONFIG else None
    assert shown(PhoneConfig(kind=kind, root=root)) == KINDS[kind]


def test_what_is_no_xml_has_no_root_element() -> None:
    assert shown(parse_phone_config(b"root:x:0:0")) == ["Device: Configuration = not a configuration, no root element"]


CALL_MANAGERS = {
    "by priority": (
        (CallManager(priority=2, name="c"), CallManager(priority=0, name="a"), CallManager(priority=1, name="b")),
        ["a", "b", "c"],
    ),
    "without priority last": ((CallManager(name="last"), CallManager(priority=9, name="first")), ["first", "last"]),
    "same priority, as written": ((CallManager(priority=0, name="a"), CallManager(priority=0, name="b")), ["a", "b"]),
    "one name for both": ((CallManager(name="cucm1", process_node_name="cucm1", sip_port=5060),), ["cucm1, SIP 5060"]),
    "no name": ((CallManager(priority=0, secured_sip_port=5061),), ["no host, SIP over TLS 5061"]),
    "nothing": ((CallManager(),), ["no host"]),
}


@pytest.mark.parametrize(("managers", "expected"), CALL_MANAGERS.values(), ids=CALL_MANAGERS.keys())
def test_call_managers_in_the_order_in_which_they_are_tried(
    managers: tuple[CallManager, ...], expected: list[str]
) -> None:
    config = PhoneConfig(kind=ConfigKind.FULL, call_managers=managers)
    settings_ = [one for one in describe_settings(config) if one.section == "CallManager"]
    assert [one.value for one in settings_] == expected
    assert [one.name for one in settings_] == [str(place) for place in range(1, len(expected) + 1)]


def test_servers() -> None:
    config = PhoneConfig(
        kind=ConfigKind.SHORT,
        capf=(CapfServer(host="2001:db8::1", port=3804), CapfServer(host="capf"), CapfServer(port=3804), CapfServer()),
        tvs=(TvsServer(priority=1, address="b", port=2445), TvsServer(priority=0, address="a", port=2445)),
        ntp=(NtpServer(), NtpServer(name="ntp")),
    )
    assert shown(config)[1:] == [
        "CAPF: Server 1 = [2001:db8::1]:3804",
        "CAPF: Server 2 = capf",
        "CAPF: Server 3 = no host:3804",
        "CAPF: Server 4 = no host",
        "TVS: Server 1 = a:2445",
        "TVS: Server 2 = b:2445",
        "NTP: Server 1 = no host",
        "NTP: Server 2 = ntp",
    ]


NUMBERS = [(field, value) for field, values in MEANINGS.items() for value in (*values, 97)]


@pytest.mark.parametrize(("field", "value"), NUMBERS)
def test_every_number_with_a_meaning_is_shown_by_name(field: str, value: int) -> None:
    if field in VpnGroup.__struct_fields__:
        config = PhoneConfig(kind=ConfigKind.SHORT, vpn_group=msgspec.convert({field: value}, VpnGroup))
    else:
        config = msgspec.convert({"kind": "short", field: value}, PhoneConfig)
    expected = f"{value} = {MEANINGS[field].get(value, 'unknown')}"
    assert [one.value for one in describe_settings(config)].count(expected) == 1


def test_keys_are_unique_and_sections_in_order() -> None:
    found = describe_settings(FIXTURE)
    assert len({one.key for one in found}) == len(found)
    places = [SECTIONS.index(one.section) for one in found]
    assert places == sorted(places)
    assert set(places) == set(range(len(SECTIONS)))


def test_secrets_are_named_only() -> None:
    assert "not-for-reports" not in repr(describe_settings(FIXTURE))


def group(*urls: str, **fields: object) -> PhoneConfig:
    listed = tuple(VpnUrl(place, url) for place, url in enumerate(urls, 1))
    return msgspec.structs.replace(NOTHING, vpn_group=msgspec.structs.replace(VpnGroup(urls=listed), **fields))


DIFFERENCES: dict[str, tuple[PhoneConfig, PhoneConfig, list[tuple[str, str | None, str | None]]]] = {
    "the same": (FIXTURE, FIXTURE, []),
    "a number": (
        group(auth_method=0),
        group(auth_method=2),
        [("VPN: Authentication", "0 = user name and password", "2 = certificate (LSC if installed, else MIC)")],
    ),
    "a url more": (group("https://a"), group("https://a", "https://b"), [("VPN: url2", None, "https://b")]),
    "a url less": (group("https://a", "https://b"), group("https://a"), [("VPN: url2", "https://b", None)]),
    "a blank in a url": (group("https://a"), group("https://a "), [("VPN: url1", "https://a", "https://a ")]),
    "the VPN gone": (
        group("https://a"),
        NOTHING,
        [("VPN: VPN group", "present", "none"), ("VPN: url1", "https://a", None)],
    ),
    "another certHash": (
        group(cert_hashes=(CertHashText(1, "AA"),)),
        group(cert_hashes=(CertHashText(1, "BB"),)),
        [("VPN: certHash1", "AA", "BB")],
    ),
    "another place": (
        PhoneConfig(kind=ConfigKind.FULL, web_access=0, sections={"web_access": "vendorConfig"}),
        PhoneConfig(kind=ConfigKind.FULL, web_access=0, sections={"web_access": "commonConfig"}),
        [],
    ),
    "a secret set": (
        NOTHING,
        PhoneConfig(kind=ConfigKind.FULL, secrets=("sshPassword",)),
        [("Secrets: sshPassword", None, "present, not shown")],
    ),
    "the order of sections is that of the view": (
        PhoneConfig(kind=ConfigKind.FULL, web_access=0, load_information="old"),
        PhoneConfig(kind=ConfigKind.FULL, device_security_mode=3),
        [
            ("Device: Load", "old", None),
            ("Security: Device security mode", None, "3 = encrypted"),
            ("Options: Web access", "0 = enabled", None),
        ],
    ),
    "another kind": (
        PhoneConfig(kind=ConfigKind.ENCRYPTED),
        PhoneConfig(kind=ConfigKind.EMPTY),
        [("Device: Configuration", "encrypted: only the phone can read it", "empty")],
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_differences(old: PhoneConfig, new: PhoneConfig, expected: list[tuple[str, str | None, str | None]]) -> None:
    assert differences(old, new) == tuple(Difference(*one) for one in expected)
    back = {(one.field, one.new, one.old) for one in differences(new, old)}
    assert back == set(expected)


texts = st.none() | st.text(max_size=5)
numbers = st.none() | st.integers(-5, 9)
configs = st.builds(
    PhoneConfig,
    kind=st.sampled_from(ConfigKind),
    load_information=texts,
    web_access=numbers,
    capf_auth_mode=numbers,
    call_managers=st.lists(st.builds(CallManager, priority=numbers, name=texts, sip_port=numbers), max_size=3).map(
        tuple
    ),
    tvs=st.lists(st.builds(TvsServer, priority=numbers, address=texts, port=numbers), max_size=3).map(tuple),
    ntp=st.lists(st.builds(NtpServer, name=texts, mode=texts), max_size=2).map(tuple),
)


@settings(deadline=None)
@given(configs, configs)
def test_differences_are_what_is_shown_differently(old: PhoneConfig, new: PhoneConfig) -> None:
    before, after = (dict(map(_pair, describe_settings(config))) for config in (old, new))
    for one in differences(old, new):
        assert (one.old, one.new) == (before.pop(one.field, None), after.pop(one.field, None))
        assert one.old != one.new
    assert before == after


def _pair(setting: Setting) -> tuple[str, str]:
    return setting.key, setting.value
