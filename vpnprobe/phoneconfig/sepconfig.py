"""`SEP<MAC>.cnf.xml`, plain or signed, to a `PhoneConfig`.

Element names are matched without regard to case. An encrypted or a short configuration, an empty file and an
HTML page are each said to be what they are: none of them shows that a phone has no VPN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeVar

import msgspec

from vpnprobe.model.config import (
    CallManager,
    CapfServer,
    ConfigEncoding,
    ConfigKind,
    NtpServer,
    PhoneConfig,
    ProblemKind,
    TvsServer,
    VpnGroup,
)
from vpnprobe.phoneconfig.decode import decode
from vpnprobe.phoneconfig.fields import Fields, Problems
from vpnprobe.phoneconfig.vpngroup import read_vpn_group
from vpnprobe.phoneconfig.xmlsafe import Document, Element, parse_xml
from vpnprobe.wire.sgn import SignedKind, is_signed_file, parse_signed_header, strip

T = TypeVar("T")

MAX_SERVERS = 16  # of each kind; CUCM groups have three members, templates up to five
MAX_SECRET_NAMES = 32

_HTML = re.compile(r"(?:<\?xml[^>]{0,200}\?>\s*)?<(?:!doctype\s+)?html\b", re.IGNORECASE)
_SECRET = re.compile(r"password|passwd|passphrase|passcode|secret|presharedkey|sharedkey|wepkey")
# The first section that has a value wins (CUCM: phone, then common phone profile, then enterprise).
_SETTING_SECTIONS = ("vendorconfig", "commonconfig", "enterpriseconfig")
# Every element below the root whose content is read; of others only that they are there, and where secrets stand.
READ_SECTIONS = frozenset({*_SETTING_SECTIONS, "vpngroup", "devicepool", "userlocale", "capflist", "tvs"})


def parse_phone_config(data: bytes) -> PhoneConfig:
    """Read a configuration file as received: plain XML, or with the header of a signed or encrypted file.

    Returns a `PhoneConfig` of one of the kinds of `ConfigKind`. Raises `Malformed` when it begins as XML or
    as a signed file and breaks that format, and `LimitExceeded` for the caps of `decode` and `xmlsafe`.
    """
    if is_signed_file(data):
        if parse_signed_header(data).kind is SignedKind.ENCRYPTED:
            return PhoneConfig(kind=ConfigKind.ENCRYPTED)
        data = strip(data)
    decoded = decode(data)
    if not decoded.text:
        return PhoneConfig(kind=ConfigKind.EMPTY)
    encoding = ConfigEncoding(
        used=decoded.used, declared=decoded.declared, bom=decoded.bom, recovered=decoded.recovered
    )
    html = _HTML.match(decoded.text) is not None
    if html or not decoded.text.startswith("<"):
        root = "html" if html else None
        return PhoneConfig(kind=ConfigKind.NOT_A_CONFIG, root=root, encoding=encoding)
    document = parse_xml(decoded.text)
    encoding = msgspec.structs.replace(
        encoding,
        trailing=len(document.trailing.encode(decoded.used)),
        undeclared_prefixes=document.undeclared_prefixes,
    )
    if document.root.name != "device":
        return PhoneConfig(kind=ConfigKind.NOT_A_CONFIG, root=document.root.tag, encoding=encoding)
    return _read_device(document, encoding)


def _read_device(document: Document, encoding: ConfigEncoding) -> PhoneConfig:
    root = document.root
    problems = Problems()
    device = Fields(root, problems)
    settings = _Settings(root, problems)
    full_config = device.flag("fullconfig")
    return PhoneConfig(
        kind=ConfigKind.SHORT if full_config is False else ConfigKind.FULL,
        root=root.tag,
        encoding=encoding,
        full_config=full_config,
        encrypted_config=device.flag("encrconfig"),
        device_protocol=device.text("deviceprotocol"),
        load_information=device.text("loadinformation"),
        inactive_load=device.text("inactiveloadinformation"),
        version_stamp=device.text("versionstamp"),
        ip_address_mode=device.number("ipaddressmode"),
        user_locale=Fields(root.find("userlocale"), problems).text("name"),
        vpn_group=_vpn_group(root, problems),
        call_managers=tuple(_call_managers(root, problems)),
        capf=tuple(_capf(root, problems)),
        capf_auth_mode=device.number("capfauthmode"),
        capf_cert_hash=device.text("certhash"),
        tvs=tuple(_tvs(root, problems)),
        ntp=tuple(_ntp(root, problems)),
        device_security_mode=device.number("devicesecuritymode"),
        transport_layer_protocol=device.number("transportlayerprotocol"),
        tls_resumption_timer=device.number("tlsresumptiontimer"),
        web_access=settings.number("web_access"),
        web_protocol=settings.number("web_protocol"),
        ssh_access=settings.number("ssh_access"),
        pc_port=settings.number("pc_port"),
        span_to_pc_port=settings.number("span_to_pc_port"),
        disable_tls_ciphers=settings.text("disable_tls_ciphers"),
        load_server=settings.text("load_server"),
        sections=settings.found_in,
        secrets=_secret_names(root),
        problems=problems.as_tuple(),
    )


class _Settings:
    """Product settings by precedence: vendorConfig, commonConfig, enterpriseConfig, then device itself.

    A setting has the name of its field, which is that of its element with underscores. `found_in` collects the element
    that each one's value came from.
    """

    def __init__(self, root: Element, problems: Problems) -> None:
        sections = [*(root.find(name) for name in _SETTING_SECTIONS), root]
        self._sections = [(section.tag, Fields(section, problems)) for section in sections if section is not None]
        self.found_in: dict[str, str] = {}

    def text(self, field: str) -> str | None:
        return self._first(field, Fields.text)

    def number(self, field: str) -> int | None:
        return self._first(field, Fields.number)

    def _first(self, field: str, read: Callable[[Fields, str], T | None]) -> T | None:
        for tag, section in self._sections:
            value = read(section, field.replace("_", ""))
            if value is not None:
                self.found_in[field] = tag
                return value
        return None


def _vpn_group(root: Element, problems: Problems) -> VpnGroup | None:
    groups = root.all("vpngroup")
    if not groups:
        for elsewhere in root.walk("vpngroup".__eq__)[:1]:
            problems.note(ProblemKind.MISPLACED, elsewhere.tag)
        return None
    if len(groups) > 1:
        problems.note(ProblemKind.REPEATED, groups[0].tag, str(len(groups)))
    return read_vpn_group(groups[0])


def _members(root: Element, *path: str) -> list[Element]:
    group = root.find(*path, "members")
    return group.all("member")[:MAX_SERVERS] if group is not None else []


def _priority(member: Element, problems: Problems) -> int | None:
    for name, value in member.attributes.items():
        if name.lower() == "priority":
            if re.fullmatch(r"[0-9]{1,4}", value.strip()):
                return int(value)
            problems.note(ProblemKind.NOT_A_NUMBER, f"{member.tag} {name}", value)
    return None


def _call_managers(root: Element, problems: Problems) -> Iterator[CallManager]:
    for member in _members(root, "devicepool", "callmanagergroup"):
        manager = Fields(member.find("callmanager"), problems)
        ports = Fields(member.find("callmanager", "ports"), problems)
        yield CallManager(
            priority=_priority(member, problems),
            name=manager.text("name"),
            process_node_name=manager.text("processnodename"),
            sccp_port=ports.port("ethernetphoneport"),
            sip_port=ports.port("sipport"),
            secured_sip_port=ports.port("securedsipport"),
            sip_oauth_port=ports.port("sipoauthport"),
            sip_mra_oauth_port=ports.port("sipmraoauthport"),
        )


def _capf(root: Element, problems: Problems) -> Iterator[CapfServer]:
    listed = root.find("capflist")
    for entry in listed.all("capf")[:MAX_SERVERS] if listed is not None else ():
        capf = Fields(entry, problems)
        yield CapfServer(host=capf.text("processnodename"), port=capf.port("phoneport"))


def _tvs(root: Element, problems: Problems) -> Iterator[TvsServer]:
    for member in _members(root, "tvs"):
        tvs = Fields(member, problems)
        yield TvsServer(priority=_priority(member, problems), address=tvs.text("address"), port=tvs.port("port"))


def _ntp(root: Element, problems: Problems) -> Iterator[NtpServer]:
    listed = root.find("devicepool", "datetimesetting", "ntps")
    for entry in listed.all("ntp")[:MAX_SERVERS] if listed is not None else ():
        ntp = Fields(entry, problems)
        yield NtpServer(name=ntp.text("name"), mode=ntp.text("ntpmode"))


def _secret_names(root: Element) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for element in root.walk(is_secret):
        if element.text.strip() and len(names) < MAX_SECRET_NAMES:
            names[element.tag] = None
    return tuple(names)


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether an element of this lower-case name holds a secret."""
    return _SECRET.search(name) is not None
