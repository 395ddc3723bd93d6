"""Profiles: what they say, that each fact has a source, and how an operator may name one."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnprobe.model.errors import UsageError
from vpnprobe.phones import (
    PhoneProfile,
    Source,
    all_profiles,
    edge_hellos,
    guess_profile,
    load_profile,
    matrix_hellos,
    profiles,
)
from vpnprobe.phones.profile import _index, _read_profile

DEVICE = "SEP8CB64F576113"
IDS = ["7962G", "7945-65-75", "8811", "8811-pre12.5", "modern"]
# What a file must name a source for; the rest of a profile is from the index.
UNSOURCED = {"id", "title", "model", "facts"}


def fields(struct: msgspec.Struct, prefix: str = "") -> Iterator[str]:
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, msgspec.Struct):
            yield from fields(value, f"{name}.")
        elif prefix + name not in UNSOURCED:
            yield prefix + name


NOT_OF_A_CLIENT = {"boot", "username", "mic_issuer", "min_vpn_firmware", "limits"}


def test_the_profiles_there_are() -> None:
    assert [summary.id for summary in profiles()] == IDS
    assert [profile.id for profile in all_profiles()] == IDS


@pytest.mark.parametrize("profile", all_profiles(), ids=IDS)
def test_every_fact_has_a_source_and_every_source_a_fact(profile: PhoneProfile) -> None:
    sourced = {name for fact in profile.facts for name in fact.about}
    assert sourced == set(fields(profile)) - (NOT_OF_A_CLIENT if profile.id == "modern" else set())
    assert all(fact.reference for fact in profile.facts)


@pytest.mark.parametrize("profile", all_profiles(), ids=IDS)
def test_what_no_one_captured_is_marked_as_assumed(profile: PhoneProfile) -> None:
    assumed = {name for fact in profile.facts if fact.source is Source.ASSUMPTION for name in fact.about}
    captured = {name for fact in profile.facts if fact.source is Source.CAPTURE for name in fact.about}
    assert {"hello.extensions", "hello.server_name", "hello.compression", "hello.suites"} <= assumed
    assert not any(name.startswith("hello.") for name in captured)


def test_a_client_that_is_no_phone_has_nothing_of_a_phone() -> None:
    modern = load_profile("modern")
    assert all(getattr(modern, name) is None for name in NOT_OF_A_CLIENT)


SUITES = {
    "7962G": (0x0035, 0x002F),
    "7945-65-75": (0x0035, 0x002F),
    "8811": (0xC02C, 0xC030, 0xC02B, 0xC02F, 0x0035, 0x002F, 0x000A),
    "8811-pre12.5": (0x0035, 0x002F, 0x000A),
}


@pytest.mark.parametrize(("name", "suites"), SUITES.items(), ids=SUITES.keys())
def test_suites(name: str, suites: tuple[int, ...]) -> None:
    assert load_profile(name).hello.suites == suites


def test_the_8811_offers_the_seven_documented_suites() -> None:
    documented = {0x000A, 0x002F, 0x0035, 0xC02F, 0xC02B, 0xC030, 0xC02C}
    assert set(load_profile("8811").hello.suites) == documented


HELLOS = {
    "7962G": (0x0301, 0x0301, 0x0301, None, False),
    "7945-65-75": (0x0301, 0x0301, 0x0301, None, False),
    "8811": (0x0301, 0x0303, 0x0301, [10, 11, 13], False),
    "8811-pre12.5": (0x0301, 0x0303, 0x0301, [13], False),
    "modern": (0x0301, 0x0303, 0x0303, [23, 0xFF01, 10, 11, 13, 43, 45, 51], True),
}


@pytest.mark.parametrize(("name", "expected"), HELLOS.items(), ids=HELLOS.keys())
def test_hellos(name: str, expected: tuple[object, ...]) -> None:
    profile = load_profile(name)
    hello = profile.hello
    types = None if hello.extensions is None else [kind for kind, _ in hello.extensions]
    found = (hello.record_version, hello.client_version, profile.minimum_version, types, hello.server_name)
    assert found == expected
    assert hello.compression == (0,)


@pytest.mark.parametrize("profile", all_profiles(), ids=IDS)
def test_a_phone_with_ec_suites_is_ec_capable(profile: PhoneProfile) -> None:
    ecdsa = {0xC02C, 0xC02B, 0xC024, 0xC023, 0xC00A, 0xC009, 0xCCA9}
    assert profile.ec_capable is bool(ecdsa.intersection(profile.hello.suites))


def test_matrix_hellos() -> None:
    """VP-08: three clients that differ in the certificates they can take, and in nothing else."""
    hellos = matrix_hellos()
    assert list(hellos) == ["rsa-only", "ec-only", "both"]
    rsa, ec, both = (set(hello.suites) for hello in hellos.values())
    assert not rsa & ec
    assert both == rsa | ec
    assert {0x0035, 0x002F} <= rsa
    assert {0xC02C, 0xC02B} <= ec
    signatures = [dict(hello.extensions or ())[13] for hello in hellos.values()]
    ecdsa = bytes.fromhex("0403 0503 0603")
    assert ecdsa not in signatures[0]
    assert signatures[1].startswith(bytes.fromhex("0008") + ecdsa)
    assert ecdsa in signatures[2]
    for hello in hellos.values():
        assert (hello.record_version, hello.client_version) == (0x0301, 0x0303)
        assert (hello.server_name, hello.compression) == (False, (0,))


def test_edge_hellos() -> None:
    """The edge's own hello first, then one for each question; all name the target of the record."""
    hellos = edge_hellos()
    assert list(hellos) == ["microsoft-edge", "tls12-rsa", "tls12-ecdhe", "tls10", "ec-only", "3des-only"]
    assert all(hello.server_name for hello in hellos.values())
    assert {name for name, hello in hellos.items() if hello.client_version < 0x0303} == {"tls10"}
    # 3DES is what Microsoft's registry file turns off (M-10).
    assert [name for name, hello in hellos.items() if 0x000A in hello.suites] == ["3des-only"]
    assert hellos["3des-only"].suites == (0x000A,)
    rsa, ecdhe, ec = (set(hellos[name].suites) for name in ("tls12-rsa", "tls12-ecdhe", "ec-only"))
    assert not rsa & ecdhe
    assert ec < ecdhe
    assert rsa | ecdhe < set(hellos["microsoft-edge"].suites)


def test_boot_of_the_7962g() -> None:
    boot = load_profile("7962G").boot
    assert boot is not None
    assert (boot.protocols, boot.http_port, boot.tftp_options) == (("tftp",), None, ())
    assert boot.trust_list_files(DEVICE) == ("CTLSEP8CB64F576113.tlv", "ITLSEP8CB64F576113.tlv", "ITLFile.tlv")


def test_boot_of_the_8811() -> None:
    boot = load_profile("8811").boot
    assert boot is not None
    assert (boot.protocols, boot.http_port) == (("http", "tftp"), 6970)


@pytest.mark.parametrize("name", ["7962G", "7945-65-75", "8811", "8811-pre12.5"])
def test_configuration_files(name: str) -> None:
    boot = load_profile(name).boot
    assert boot is not None
    plain, signed = "SEP8CB64F576113.cnf.xml", "SEP8CB64F576113.cnf.xml.sgn"
    encrypted = ("SEP8CB64F576113.cnf.xml.enc.sgn", signed)
    assert boot.config_files(DEVICE, trust_list=False) == (plain,)
    assert boot.config_files(DEVICE, trust_list=True) == (signed, plain)
    assert boot.config_files(DEVICE, trust_list=True, encrypted=True) == encrypted
    assert boot.config_files(DEVICE, trust_list=False, encrypted=True) == encrypted


NAMES = [
    ("7962G", "7962G", "7962G"),
    ("7962", "7962G", "7962G"),
    (" cp-7962g ", "7962G", "7962G"),
    ("Cisco 7942G", "7962G", "7942G"),
    ("CISCO CP-7975", "7945-65-75", "7975G"),
    ("7945-65-75", "7945-65-75", "7965G"),
    ("8811", "8811", "8811"),
    ("8841", "8811", "8841"),
    ("CP-8865", "8811", "8865"),
    ("8811-pre12.5", "8811-pre12.5", "8811"),
    ("8841-PRE12.5", "8811-pre12.5", "8841"),
    ("modern", "modern", None),
]


@pytest.mark.parametrize(("name", "profile_id", "model"), NAMES, ids=[name for name, _, _ in NAMES])
def test_names_of_a_profile(name: str, profile_id: str, model: str | None) -> None:
    profile = load_profile(name)
    assert (profile.id, profile.model) == (profile_id, model)


def test_every_model_finds_a_profile_that_covers_it() -> None:
    for summary in profiles():
        for model in summary.models:
            found = load_profile(model + summary.suffix)
            assert (found.id, found.model) == (summary.id, model)


def test_the_user_name_follows_the_model() -> None:
    """The name of the vendor's example, and of a model that shares the profile."""
    assert load_profile("7962G").client_username(DEVICE) == "CP-7962G-SEP8CB64F576113"
    assert load_profile("7942").client_username(DEVICE) == "CP-7942G-SEP8CB64F576113"
    assert load_profile("8861").client_username(DEVICE) == "CP-8861-SEP8CB64F576113"
    assert load_profile("modern").client_username(DEVICE) is None


@pytest.mark.parametrize("name", ["7940", "CP-7960G", "7940g"])
def test_models_without_vpn(name: str) -> None:
    """VP-27."""
    with pytest.raises(UsageError, match=r"cannot be a VPN phone.*\(MIC\).*choose one of 7962G"):
        load_profile(name)


@pytest.mark.parametrize(
    ("name", "close"), [("79622", "7962G"), ("8842", "8845"), ("moderm", "modern"), ("8811-pre", "8811-pre12.5")]
)
def test_an_unknown_name_is_told_the_closest(name: str, close: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_profile(name)
    assert f"did you mean {close}?" in str(caught.value)
    assert "8841-pre12.5, " in str(caught.value)


@pytest.mark.parametrize("name", ["", "snom", "../index", "index"])
def test_a_name_that_is_like_none(name: str) -> None:
    with pytest.raises(UsageError, match=r"no phone profile for '[^']*'; choose one of 7962G"):
        load_profile(name)


def test_only_the_file_asked_for_is_read() -> None:
    _read_profile.cache_clear()
    load_profile("8811")
    load_profile("8811")
    assert _read_profile.cache_info().currsize == 1


LOADS = {
    "SIP42.9-4-2SR3-1S": "7962G",
    "SCCP42.9-3-1SR4-1S": "7962G",
    "SCCP45.9-4-2SR3-1S": "7945-65-75",
    "SIP45.9-2-1S": "7945-65-75",
    "SIP75.9-4-2-1S": "7945-65-75",
    "sip88xx.12-5-1SR3-74": "8811",
    "sip88xx.14-0-1-0201-155": "8811",
    "sip8845_65.12-5-1SR2-2": "8811",
    "sip88xx.12-1-1SR1-4": "8811-pre12.5",
    "sip88xx.9-5-1": "8811-pre12.5",
    "sip8845_65.11-7-1-17": "8811-pre12.5",
    " SIP88XX.12-5-1 ": "8811",
    "sip88xx": None,
    "sip88xx.beta": None,
    "P0S3-8-12-00": None,
    "SIP41.9-4-2SR3-1S": None,
    "sip78xx.12-5-1-16": None,
    "": None,
}


@pytest.mark.parametrize(("load", "profile_id"), LOADS.items(), ids=LOADS.keys())
def test_guessing_by_the_load(load: str, profile_id: str | None) -> None:
    assert guess_profile(load) == profile_id


def test_every_load_rule_names_a_profile_and_a_source() -> None:
    for rule in _index().load:
        assert rule.profile in IDS
        assert rule.reference


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_name_gives_a_profile_or_a_usage_error(name: str) -> None:
    guess_profile(name)
    try:
        load_profile(name)
    except UsageError:
        return
