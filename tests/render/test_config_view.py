"""A configuration on a terminal."""

from __future__ import annotations

from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.render.reports import RAW
from vpnprobe.model.config import (
    CallManager,
    CertHashText,
    ConfigKind,
    ConfigProblem,
    PhoneConfig,
    ProblemKind,
    VpnGroup,
    VpnUrl,
)
from vpnprobe.phoneconfig.difference import Difference, differences
from vpnprobe.phoneconfig.sepconfig import parse_phone_config
from vpnprobe.render.config_view import config_view_lines, difference_lines

DATA = (Path(__file__).parents[1] / "phoneconfig" / "data" / "SEP8CB64F576113.cnf.xml").read_bytes()

VIEW = """\
Device
  Configuration    full
  Protocol         SIP
  Load             SIP42.9-4-2SR3-1S
  Version stamp    1700000000-9a8b7c6d-0000-4000-8000-1a2b3c4d5e6f
  IP address mode  0
  User locale      English_United_States

VPN
  VPN group             present
  url1                  https://10.198.16.140/VPNPhone
  certHash1             5X6B6plUwUSXZnjQ4kGM33mpMXY=
  hashAlg               0
  Authentication        2 = certificate (LSC if installed, else MIC)
  Password persistence  0 = off
  Auto network detect   0 = off
  Host ID check         0 = off
  MTU                   1290 bytes
  Fail to connect       30 s

CallManager, in the order in which they are tried
  1  cucm-sub1.lab.example (cucm-sub1), SCCP 2000, SIP 5060, SIP over TLS 5061, SIP OAuth 5090, SIP OAuth over MRA 5091
  2  192.0.2.10 (cucm-pub), SCCP 2000, SIP 5060, SIP over TLS 5061

Security
  Device security mode     1 = non-secure
  Transport                4 = unknown
  Encrypted configuration  no
  TLS resumption timer     3600 s

CAPF
  Authentication mode  0 = none
  Server 1             192.0.2.10:3804
  certHash             0cc175b9c0f1b6a831c399e269772661

TVS
  Server 1  192.0.2.10:2445

NTP
  Server 1  192.0.2.123, Unicast

Options; vendorConfig goes before commonConfig, that before enterpriseConfig
  Web access           0 = enabled  [vendorConfig, the phone's own]
  Web protocol         0 = HTTP and HTTPS  [enterpriseConfig, enterprise phone configuration]
  SSH access           1 = disabled  [commonConfig, common phone profile]
  PC port              0 = enabled  [vendorConfig, the phone's own]
  Span to PC port      1 = disabled  [vendorConfig, the phone's own]
  Disable TLS ciphers  1  [enterpriseConfig, enterprise phone configuration]
  Load server          192.0.2.30  [commonConfig, common phone profile]

Secrets, never shown
  sshPassword    present, not shown
  authPassword   present, not shown
  adminPassword  present, not shown
"""


def test_view() -> None:
    assert "".join(f"{line}\n" for line in config_view_lines(parse_phone_config(DATA))) == VIEW


def test_departures_from_the_rules() -> None:
    config = PhoneConfig(
        kind=ConfigKind.EMPTY,
        problems=(
            ConfigProblem(kind=ProblemKind.NOT_A_NUMBER, element="webAccess", value="yes"),
            ConfigProblem(kind=ProblemKind.GAP, element="url3"),
        ),
    )
    assert list(config_view_lines(config))[2:] == [
        "",
        "Departures from what CUCM writes",
        "  webAccess not a number: yes",
        "  url3 gap",
    ]


def test_a_setting_directly_under_device_has_no_other_name() -> None:
    config = parse_phone_config(b"<device><webAccess>1</webAccess></device>")
    assert list(config_view_lines(config))[-1] == "  Web access  1 = disabled  [device]"


def test_differences() -> None:
    old = parse_phone_config(DATA)
    new = parse_phone_config(DATA.replace(b"VPNPhone", b"Phones").replace(b"<authMethod>2</authMethod>", b""))
    assert list(difference_lines(differences(old, new))) == [
        "VPN: url1",
        "  - https://10.198.16.140/VPNPhone",
        "  + https://10.198.16.140/Phones",
        "VPN: Authentication",
        "  - 2 = certificate (LSC if installed, else MIC)",
        "  + (not there)",
    ]
    assert list(difference_lines(())) == []


HOSTILE = f"\x1b]0;owned\x07{RAW}\r\n\u202e<script>"


def test_text_of_the_file_is_harmless() -> None:
    group = VpnGroup(urls=(VpnUrl(1, HOSTILE),), cert_hashes=(CertHashText(1, HOSTILE),), hash_alg=HOSTILE)
    config = PhoneConfig(
        kind=ConfigKind.FULL,
        load_information=HOSTILE,
        vpn_group=group,
        call_managers=(CallManager(name=HOSTILE),),
        load_server="x",
        sections={"load_server": HOSTILE},
        secrets=(HOSTILE,),
        problems=(ConfigProblem(kind=ProblemKind.GAP, element=HOSTILE, value=HOSTILE),),
    )
    lines = [*config_view_lines(config), *difference_lines([Difference(HOSTILE, HOSTILE, None)])]
    assert len([line for line in lines if "owned" in line]) == 10
    assert all(line.isprintable() for line in lines)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_stays_on_its_line(text: str) -> None:
    config = msgspec.structs.replace(PhoneConfig(kind=ConfigKind.FULL), user_locale=text, secrets=(text,))
    lines = list(config_view_lines(config))
    assert all("\n" not in line and "\x1b" not in line for line in lines)
