"""The lab's fleet: each phone's files are its own, and each kind is what it says."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.fleet import FIRST_MAC, NEW, OLD, Fleet, FleetFiles, FleetPhone, PhoneKind, phones_of, running_fleet
from vpnprobe.model.config import ConfigKind
from vpnprobe.model.errors import WireError
from vpnprobe.phoneconfig.sepconfig import parse_phone_config
from vpnprobe.transport.tftp import fetch_tftp
from vpnprobe.wire.sgn import SignedKind, parse_signed_header
from vpnprobe.wire.tftp import TftpResult

NOW = datetime.now(UTC)
PKI = LabPki(NOW)
URLS = {"vpn.lab.example": "https://vpn.lab.example:443/VPNPhone", "other": "https://other.example/VPNPhone"}
KINDS: tuple[PhoneKind, ...] = (
    "ready",
    "both-hashes",
    "old-hash",
    "no-vpn-group",
    "missing",
    "encrypted",
    "malformed",
    "silent",
    "web-page",
)


def files(*phones: FleetPhone, is_signed: bool = False) -> FleetFiles:
    return FleetFiles(Fleet(phones=phones, is_signed=is_signed), PKI, URLS, NOW)


def one_of(kind: PhoneKind) -> FleetPhone:
    [(phone, _)] = phones_of({kind: 1}).values()
    return phone


# --- the mix ---


def test_as_many_of_each_kind_as_wanted_and_spread_evenly() -> None:
    phones = phones_of({"ready": 90, "missing": 10})
    kinds = [kind for _, kind in phones.values()]
    assert (kinds.count("ready"), kinds.count("missing")) == (90, 10)
    assert all(kinds[start : start + 10].count("missing") == 1 for start in range(0, 100, 10))
    assert list(phones) == [f"{FIRST_MAC + number:012X}" for number in range(100)]
    assert all(phone.mac == mac for mac, (phone, _) in phones.items())


# --- the files ---


def test_each_phone_has_a_file_of_its_own() -> None:
    phones = [phone for phone, _ in phones_of({"ready": 20}).values()]
    served = files(*phones)
    data = {served[f"{phone.device}.cnf.xml"] for phone in phones}
    assert len(data) == len(served) == 20
    assert {f"{phone.device}.cnf.xml" for phone in phones} == set(served)
    stamps = {parse_phone_config(one).version_stamp for one in data}
    assert len(stamps) == 20


HASHES = {"ready": [NEW], "both-hashes": [OLD, NEW], "old-hash": [OLD]}


@pytest.mark.parametrize(("kind", "certificates"), HASHES.items(), ids=HASHES.keys())
def test_hashes(kind: PhoneKind, certificates: list[object]) -> None:
    phone = one_of(kind)
    group = parse_phone_config(files(phone)[f"{phone.device}.cnf.xml"]).vpn_group
    assert group is not None
    configured = [PKI.cert_hash(wanted) for wanted in phone.configuration.cert_hashes]
    assert [item.text for item in group.cert_hashes] == configured
    assert [wanted.of for wanted in phone.configuration.cert_hashes] == certificates
    assert [url.text for url in group.urls] == [URLS["vpn.lab.example"]]


def test_gateways_are_the_urls_in_their_order() -> None:
    phone = FleetPhone(mac="001AE2000000", gateways=("other", "vpn.lab.example"))
    group = parse_phone_config(files(phone)[f"{phone.device}.cnf.xml"]).vpn_group
    assert group is not None
    assert [url.text for url in group.urls] == [URLS["other"], URLS["vpn.lab.example"]]


def test_kinds_without_a_usable_configuration() -> None:
    def read(kind: PhoneKind) -> object:
        phone = one_of(kind)
        return parse_phone_config(files(phone)[f"{phone.device}.cnf.xml"])

    assert getattr(read("no-vpn-group"), "vpn_group", "") is None
    assert getattr(read("encrypted"), "kind", "") is ConfigKind.SHORT
    assert getattr(read("web-page"), "kind", "") is ConfigKind.NOT_A_CONFIG
    with pytest.raises(WireError):
        read("malformed")
    with pytest.raises(KeyError):
        read("missing")


def test_a_signed_fleet() -> None:
    phone, encrypted = one_of("ready"), one_of("encrypted")
    served = files(phone, is_signed=True)
    assert parse_signed_header(served["ITLFile.tlv"]).file_name == "ITLFile.tlv"
    name = f"{phone.device}.cnf.xml.sgn"
    assert parse_signed_header(served[name]).file_name == name
    assert parse_phone_config(served[name]) == parse_phone_config(served[f"{phone.device}.cnf.xml"])
    sealed = files(encrypted, is_signed=True)[f"{encrypted.device}.cnf.xml.enc.sgn"]
    assert parse_signed_header(sealed).kind is SignedKind.ENCRYPTED


@pytest.mark.parametrize("name", ["ITLFile.tlv", "SEP001AE2000000.cnf.xml.sgn", "SEP0000.cnf.xml", "", "SEP"])
def test_what_is_not_there(name: str) -> None:
    with pytest.raises(KeyError):
        files(one_of("ready"))[name]


# --- the servers ---


async def test_every_kind_is_served_as_it_is() -> None:
    phones = phones_of(dict.fromkeys(KINDS, 1))
    async with running_fleet(Fleet(phones=tuple(phone for phone, _ in phones.values()))) as lab:

        async def fetch(device: str) -> TftpResult:
            where = lab.tftp_endpoint
            deadline = asyncio.get_running_loop().time() + 5
            return await fetch_tftp(where.host, where.port, f"{device}.cnf.xml", timeout=0.2, deadline=deadline)

        outcomes = {kind: (await fetch(phone.device)).outcome for phone, kind in phones.values()}
        assert lab.pem(NEW) != lab.pem(OLD)
        assert lab.cert_hash(NEW) != lab.cert_hash(OLD)
    assert outcomes == dict.fromkeys(KINDS, "received") | {"missing": "not-found", "silent": "timeout"}
