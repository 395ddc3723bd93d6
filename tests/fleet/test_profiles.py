"""Which model stands for a phone: the inventory's word, else its firmware, else the operator's default."""

from __future__ import annotations

import pytest

from vpnprobe.fleet.profiles import Profiles
from vpnprobe.model.config import ConfigKind, PhoneConfig
from vpnprobe.model.fleet import Phone
from vpnprobe.phones import load_profile

OLD, NEW = "SIP42.9-4-2SR3-1S", "sip88xx.12-8-1-0001-455"
BEFORE = "sip88xx.11-7-1-17"


def profiles(*, chosen: bool = False) -> Profiles:
    return Profiles(load_profile("7962G"), chosen=chosen)


def config(load: str | None) -> PhoneConfig:
    return PhoneConfig(kind=ConfigKind.FULL, load_information=load)


def phone(model: str | None) -> Phone:
    return Phone(mac="001AE2000000", model=model)


@pytest.mark.parametrize(
    ("model", "load", "chosen", "expected"),
    [
        ("Cisco 8841", OLD, False, "8811"),
        # The inventory names the model, and the load the firmware: before 12.5 there are no elliptic curves.
        ("Cisco 8841", BEFORE, False, "8811-pre12.5"),
        ("Cisco 8841", NEW, False, "8811"),
        ("8841-pre12.5", NEW, False, "8811-pre12.5"),
        ("Cisco 7962", NEW, False, "7962G"),
        ("Cisco Unified IP Phone 7975G", None, False, "7945-65-75"),
        ("Cisco 8841 SIP", None, False, "8811"),
        ("CP-8841-K9=", None, False, "8811"),
        ("cp-7945g", None, False, "7945-65-75"),
        ("CP-8841-3PCC-K9=", None, False, "7962G"),
        ("8865NR", None, False, "7962G"),
        (None, NEW, False, "8811"),
        (None, NEW, True, "7962G"),
        (None, "unheard-of.1-2", False, "7962G"),
        (None, None, False, "7962G"),
        ("Cisco 9999", NEW, False, "7962G"),
        ("Cisco 7821", OLD, False, "7962G"),
        ("microsoft-edge", OLD, False, "7962G"),
    ],
)
def test_who_says_it(model: str | None, load: str | None, chosen: bool, expected: str) -> None:
    assert profiles(chosen=chosen).with_config(phone(model), config(load)).id == expected


@pytest.mark.parametrize(
    ("model", "load", "chosen", "doubt"),
    [
        ("Cisco 8841", None, False, None),
        ("Cisco 8841", BEFORE, False, None),
        ("Cisco 8841", "unheard-of.1-2", False, None),
        ("Cisco 8841", OLD, False, "other-load"),
        ("Cisco 9999", OLD, False, "unknown-model"),
        ("Cisco 7940", OLD, True, "unknown-model"),
        (None, OLD, False, None),
        (None, "unheard-of.1-2", False, "assumed"),
        (None, None, False, "assumed"),
        (None, None, True, None),
    ],
)
def test_whether_it_may_not_be_the_phone_s_own(
    model: str | None, load: str | None, chosen: bool, doubt: str | None
) -> None:
    assert profiles(chosen=chosen).doubt(phone(model), load) == doubt


def test_without_a_configuration() -> None:
    assert profiles().with_config(phone(None), None).id == "7962G"


def test_files_are_fetched_as_the_inventory_s_model_does() -> None:
    assert profiles().of(phone("Cisco 8841")).id == "8811"
    assert profiles().of(phone(None)).id == profiles().of(phone("Cisco 9999")).id == "7962G"


def test_the_model_itself_stays() -> None:
    assert profiles().with_config(phone("Cisco 8851"), config(BEFORE)).model == "8851"
    assert profiles().of(phone("Cisco 7942")).model == "7942G"


def test_unknown_models_are_told_once_each() -> None:
    models = ("Cisco 9999", "Cisco 8841", None, "Jabber", "Cisco 9999")
    assert profiles().notes(phone(model) for model in models) == (
        "no profile is known for the model 'Cisco 9999'; 2 of them judged as 7962G",
        "no profile is known for the model 'Jabber'; 1 of them judged as 7962G",
    )


def test_a_column_of_other_texts_does_not_fill_the_notes() -> None:
    told = profiles().notes(phone(f"Room {number}") for number in range(100))
    assert len(told) == 9
    assert told[-1] == "92 more models without a profile"
