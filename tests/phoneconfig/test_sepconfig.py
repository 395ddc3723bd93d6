"""Whole configuration files. The fixture is written from the facts, in CUCM's own manner of writing."""

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
    ConfigProblem,
    NtpServer,
    PhoneConfig,
    ProblemKind,
    TvsServer,
    VpnGroup,
    VpnUrl,
)
from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.phoneconfig.decode import MAX_FILE_BYTES
from vpnprobe.phoneconfig.sepconfig import parse_phone_config
from vpnprobe.wire.sgn import build_signed_header
from vpnprobe.wire.sgn_encryption import EncryptionValues

FIXTURE = (Path(__file__).parent / "data" / "SEP8CB64F576113.cnf.xml").read_bytes()


def read(text: str) -> PhoneConfig:
    return parse_phone_config(text.encode())


def header(encryption: EncryptionValues | None = None) -> bytes:
    return build_signed_header(
        file_name="SEP8CB64F576113.cnf.xml.sgn",
        signer_name="CN=cucm",
        signer_issuer="CN=cucm",
        signer_serial=b"\x01",
        signature=bytes(64),
        timestamp=0,
        encryption=encryption,
    )


def test_the_vpn_group_of_the_vendor_document() -> None:
    """VP-12: the example group of the document, and the hash in its correct spelling."""
    assert parse_phone_config(FIXTURE).vpn_group == VpnGroup(
        mtu=1290,
        fail_connect_time=30,
        auth_method=2,
        pswd_persistent=0,
        auto_net_detect=0,
        enable_host_id_check=0,
        urls=(VpnUrl(1, "https://10.198.16.140/VPNPhone"),),
        hash_alg="0",
        cert_hashes=(CertHashText(1, "5X6B6plUwUSXZnjQ4kGM33mpMXY="),),
    )


def test_everything_else_a_report_needs() -> None:
    config = parse_phone_config(FIXTURE)
    assert config.kind is ConfigKind.FULL
    assert (config.root, config.full_config, config.encrypted_config) == ("device", True, False)
    assert (config.device_protocol, config.load_information) == ("SIP", "SIP42.9-4-2SR3-1S")
    assert config.inactive_load is None
    assert config.version_stamp == "1700000000-9a8b7c6d-0000-4000-8000-1a2b3c4d5e6f"
    assert (config.ip_address_mode, config.user_locale) == (0, "English_United_States")
    assert config.call_managers == (
        CallManager(
            priority=0,
            name="cucm-sub1",
            process_node_name="cucm-sub1.lab.example",
            sccp_port=2000,
            sip_port=5060,
            secured_sip_port=5061,
            sip_oauth_port=5090,
            sip_mra_oauth_port=5091,
        ),
        CallManager(
            priority=1,
            name="cucm-pub",
            process_node_name="192.0.2.10",
            sccp_port=2000,
            sip_port=5060,
            secured_sip_port=5061,
        ),
    )
    assert config.capf == (CapfServer(host="192.0.2.10", port=3804),)
    assert (config.capf_auth_mode, config.capf_cert_hash) == (0, "0cc175b9c0f1b6a831c399e269772661")
    assert config.tvs == (TvsServer(priority=0, address="192.0.2.10", port=2445),)
    assert config.ntp == (NtpServer(name="192.0.2.123", mode="Unicast"),)
    assert (config.device_security_mode, config.transport_layer_protocol) == (1, 4)
    assert config.tls_resumption_timer == 3600
    assert config.problems == ()


def test_vendor_settings_by_precedence() -> None:
    """VendorConfig, then commonConfig, then enterpriseConfig; a setting of a line is none of them."""
    config = parse_phone_config(FIXTURE)
    assert (config.web_access, config.ssh_access, config.web_protocol) == (0, 1, 0)
    assert (config.pc_port, config.span_to_pc_port, config.disable_tls_ciphers) == (0, 1, "1")
    assert config.load_server == "192.0.2.30"
    assert config.sections == {
        "web_access": "vendorConfig",
        "web_protocol": "enterpriseConfig",
        "ssh_access": "commonConfig",
        "pc_port": "vendorConfig",
        "span_to_pc_port": "vendorConfig",
        "disable_tls_ciphers": "enterpriseConfig",
        "load_server": "commonConfig",
    }


def test_a_setting_directly_under_device_comes_last() -> None:
    hand_made = "<device><sshAccess>0</sshAccess><webAccess>2</webAccess>{}</device>"
    assert read(hand_made.format("")).ssh_access == 0
    config = read(hand_made.format("<EnterpriseConfig><webAccess>1</webAccess></EnterpriseConfig>"))
    assert config.web_access == 1
    assert config.sections == {"ssh_access": "device", "web_access": "EnterpriseConfig"}


def test_secrets_are_named_and_dropped() -> None:
    config = parse_phone_config(FIXTURE)
    assert config.secrets == ("sshPassword", "authPassword", "adminPassword")
    assert b"not-for-reports" in FIXTURE
    assert b"not-for-reports" not in msgspec.json.encode(config)


def test_the_undeclared_prefix_is_a_fact_not_an_error() -> None:
    encoding = parse_phone_config(FIXTURE).encoding
    assert encoding is not None
    assert (encoding.used, encoding.declared, encoding.bom) == ("utf-8", "UTF-8", None)
    assert (encoding.undeclared_prefixes, encoding.trailing, encoding.recovered) == (("xsi",), 0, ())


def test_a_signed_file_is_read_behind_its_header() -> None:
    assert parse_phone_config(header() + FIXTURE) == parse_phone_config(FIXTURE)


def test_json_and_back() -> None:
    config = parse_phone_config(FIXTURE)
    assert msgspec.json.decode(msgspec.json.encode(config), type=PhoneConfig) == config


@pytest.mark.parametrize("case", [str.lower, str.upper, str.swapcase])
def test_names_in_any_case(case: type[str]) -> None:
    text = "<device><vpnGroup><credentials><certHash1>QQ==</certHash1></credentials></vpnGroup></device>"
    changed = case(text).replace(case("QQ=="), "QQ==")
    group = read(changed).vpn_group
    assert group is not None
    assert group.cert_hashes == (CertHashText(1, "QQ=="),)


SHORT = (
    "<device><fullConfig>false</fullConfig><ipAddressMode>0</ipAddressMode>"
    "<loadInformation>sip88xx.12-5-1SR3-74</loadInformation><capfAuthMode>0</capfAuthMode>"
    "<capfList><capf><phonePort>3804</phonePort><processNodeName>192.0.2.10</processNodeName></capf></capfList>"
    "<certHash>0cc175b9c0f1b6a831c399e269772661</certHash><encrConfig>true</encrConfig></device>"
)


def test_a_short_configuration_says_nothing_about_the_vpn() -> None:
    config = read(SHORT)
    assert (config.kind, config.full_config, config.encrypted_config) == (ConfigKind.SHORT, False, True)
    assert config.vpn_group is None
    assert config.load_information == "sip88xx.12-5-1SR3-74"
    assert config.capf_cert_hash == "0cc175b9c0f1b6a831c399e269772661"


def test_a_full_configuration_stays_full_with_encryption_on() -> None:
    assert read("<device><encrConfig>true</encrConfig></device>").kind is ConfigKind.FULL


def test_an_encrypted_file() -> None:
    encryption = EncryptionValues(iv=bytes(16), padding=1, wrapped_key=bytes(64), plaintext_hash=bytes(20))
    assert parse_phone_config(header(encryption) + FIXTURE) == PhoneConfig(kind=ConfigKind.ENCRYPTED)


@pytest.mark.parametrize("data", [b"", b" \r\n", b"\0\0", b"\xef\xbb\xbf", header()], ids=repr)
def test_an_empty_file(data: bytes) -> None:
    assert parse_phone_config(data) == PhoneConfig(kind=ConfigKind.EMPTY)


NOT_A_CONFIG = {
    "html": (b"<!DOCTYPE html>\n<html><body><p>404<br></body></html>", "html"),
    "xhtml": (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN">\n<html/>', "html"),
    "html without doctype": (b"<HTML><HEAD><TITLE>Not found</HEAD>", "html"),
    "text": (b"File not found", None),
    "another root": (b"<Default><callManagerGroup/></Default>", "Default"),
    "binary": (bytes(range(16, 255)), None),
    "trust list": (header() + bytes.fromhex("01 0002 000a 04 0002 0002"), None),
}


@pytest.mark.parametrize(("data", "root"), NOT_A_CONFIG.values(), ids=NOT_A_CONFIG.keys())
def test_not_a_config(data: bytes, root: str | None) -> None:
    config = parse_phone_config(data)
    assert (config.kind, config.root, config.vpn_group) == (ConfigKind.NOT_A_CONFIG, root, None)


MALFORMED = {
    "cut": FIXTURE[: FIXTURE.index(b"<url1>")],
    "mismatched tags": b"<device><WlanProfile2>0</WlanProfile1></device>",
    "doctype": b'<!DOCTYPE device [<!ENTITY a "b">]><device>&a;</device>',
    "bare ampersand": b"<device><name>A & B</name></device>",
    "cut header": header()[:40],
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_phone_config(data)


class Huge(bytes):
    """A file that only claims its size."""

    def __len__(self) -> int:
        return 200_000_000


@pytest.mark.parametrize("data", [Huge(b"<device/>"), bytes(MAX_FILE_BYTES + 1)], ids=["200 MB", "one byte"])
def test_too_large(data: bytes) -> None:
    with pytest.raises(LimitExceeded):
        parse_phone_config(data)


def test_a_hash_outside_the_vpn_group_is_not_the_vpns() -> None:
    config = read("<device><certHash>AA==</certHash><certHash1>QQ==</certHash1><vpnGroup/></device>")
    assert config.vpn_group == VpnGroup()
    assert config.capf_cert_hash == "AA=="


def test_a_misplaced_vpn_group_is_not_read() -> None:
    config = read("<device><devicePool><vpnGroup><mtu>1290</mtu></vpnGroup></devicePool></device>")
    assert config.vpn_group is None
    assert config.problems == (ConfigProblem(kind=ProblemKind.MISPLACED, element="vpnGroup"),)


def test_a_vpn_group_in_a_comment_is_none() -> None:
    assert read("<device><!-- <vpnGroup><mtu>1290</mtu></vpnGroup> --></device>").vpn_group is None


def test_of_two_vpn_groups_the_first_is_read() -> None:
    config = read("<device><vpnGroup><mtu>1200</mtu></vpnGroup><vpnGroup><mtu>1300</mtu></vpnGroup></device>")
    assert config.vpn_group == VpnGroup(mtu=1200)
    assert config.problems == (ConfigProblem(kind=ProblemKind.REPEATED, element="vpnGroup", value="2"),)


def test_values_of_the_wrong_type_are_noted() -> None:
    config = read(
        "<device><capfAuthMode>none</capfAuthMode><capfList><capf><phonePort>0</phonePort></capf></capfList>"
        '<TVS><members><member priority="first"/></members></TVS></device>'
    )
    assert config.capf_auth_mode is None
    assert config.capf == (CapfServer(port=0),)
    assert config.tvs == (TvsServer(),)
    assert [(problem.kind, problem.element, problem.value) for problem in config.problems] == [
        (ProblemKind.OUT_OF_RANGE, "phonePort", "0"),
        (ProblemKind.NOT_A_NUMBER, "capfAuthMode", "none"),
        (ProblemKind.NOT_A_NUMBER, "member priority", "first"),
    ]


ENCODINGS = {
    "utf-8 with mark": ("utf-8-sig", "UTF-8", "utf-8", "utf-8"),
    "utf-16 little-endian": ("utf-16", "UTF-16", "utf-16-le", "utf-16-le"),
    "latin-1 declared": ("iso-8859-1", "ISO-8859-1", "iso-8859-1", None),
    "windows-1252 declared": ("windows-1252", "windows-1252", "windows-1252", None),
}


@pytest.mark.parametrize(("codec", "declared", "used", "bom"), ENCODINGS.values(), ids=ENCODINGS.keys())
def test_encodings(codec: str, declared: str, used: str, bom: str | None) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>'
    text = declaration + "<device><userLocale><name>Zürich</name></userLocale></device>"
    config = parse_phone_config(text.encode(codec))
    assert config.user_locale == "Zürich"
    assert config.encoding is not None
    assert (config.encoding.used, config.encoding.declared, config.encoding.bom) == (used, declared, bom)
    assert config.encoding.recovered == ()


TRAILING = {
    "line end": (b"\r\n", 0),
    "NULs": (b"\0\0\0", 3),
    "garbage after a line end": (b"\n\xff\xfe<", 3),
    "a second root": (b"<device/>", 9),
    "text": (b" end", 3),
    "a comment": (b"<!-- end -->", 0),
}


@pytest.mark.parametrize(("tail", "count"), TRAILING.values(), ids=TRAILING.keys())
def test_what_follows_the_root_is_counted(tail: bytes, count: int) -> None:
    encoding = parse_phone_config(b"<device/>" + tail).encoding
    assert encoding is not None
    assert encoding.trailing == count


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_config_or_a_wire_error(data: bytes) -> None:
    try:
        msgspec.json.encode(parse_phone_config(data))
    except WireError:
        return


PIECES = st.sampled_from(
    [
        "<device>",
        "</device>",
        "<vpnGroup>",
        "</vpnGroup>",
        "<credentials>",
        "</credentials>",
        "<certHash1>",
        "</certHash1>",
        "<mtu>",
        "</mtu>",
        "1290",
        "&#65;",
        "&amp;",
        "&",
        "<!DOCTYPE device>",
        "<!-- -->",
        "<![CDATA[x]]>",
        "<?xml version='1.0'?>",
        "\0",
        "é",
        "<a:b c:d=''/>",
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=20).map("".join), st.sampled_from(["utf-8", "utf-16", "iso-8859-1"]))
def test_any_pieces_give_a_config_or_a_wire_error(text: str, codec: str) -> None:
    try:
        msgspec.json.encode(parse_phone_config(text.encode(codec)))
    except WireError:
        return


@settings(deadline=None)
@given(st.integers(0, len(FIXTURE) - 1), st.binary(max_size=3))
def test_a_damaged_fixture_gives_a_config_or_a_wire_error(position: int, damage: bytes) -> None:
    try:
        msgspec.json.encode(parse_phone_config(FIXTURE[:position] + damage + FIXTURE[position + 1 :]))
    except WireError:
        return
