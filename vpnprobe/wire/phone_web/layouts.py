"""Where each family of phones has its pages, and what the labels on them mean.

Sources: jsteinberg1/CUCM-Phone-Info and its forks (paths and labels of the 79xx, 78xx, 88xx and 6901),
Unhall0w3d/mind-enigma (console log indexes), Cisco's administration guides of the 8800 (labels). No document lists the
rows of a 7962G's pages one by one; the labels of its family are taken. Labels are those of the English locale: on a
phone with another one they are not known.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from vpnprobe.model.phoneweb import PageName
from vpnprobe.wire.phone_web.page import Page

_SERVICEABILITY: Final = "/CGI/Java/Serviceability?adapter="

MAX_UNRECOGNISED: Final = 40


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The pages of one family by their paths; a page that is not named is not known for it."""

    name: str
    paths: dict[PageName, str]


LAYOUTS: Final = (
    # 7941 to 7975, 78xx, 88xx and later.
    Layout(
        name="serviceability",
        paths={
            "device-information": f"{_SERVICEABILITY}device.statistics.device",
            "network": f"{_SERVICEABILITY}device.statistics.configuration",
            "status-messages": f"{_SERVICEABILITY}device.settings.status.messages",
            "console-logs": f"{_SERVICEABILITY}device.statistics.consolelog",
        },
    ),
    # 7940 and 7960.
    Layout(
        name="plain",
        paths={
            "device-information": "/DeviceInformation",
            "network": "/NetworkConfiguration",
            "status-messages": "/DeviceLog?2",
        },
    ),
    # The XML form of the same pages.
    Layout(
        name="xml",
        paths={"device-information": "/DeviceInformationX", "network": "/NetworkConfigurationX"},
    ),
    # 69xx.
    Layout(
        name="html-files",
        paths={
            "device-information": "/Device_Information.html",
            "network": "/Network_Setup.html",
            "status-messages": "/status.html",
            "console-logs": "/Console_Logs.html",
        },
    ),
    # 7937.
    Layout(
        name="localmenus",
        paths={
            "device-information": "/localmenus.cgi?func=604",
            "network": "/localmenus.cgi?func=219",
            "console-logs": "/localmenus.cgi?func=603",
        },
    ),
)
FRONT_PAGE: Final = "/"

# Labels without blanks, punctuation and case, as they and the XML elements are written; several spellings of one.
_DEVICE: Final[dict[str, str]] = {
    "macaddress": "mac",
    "hostname": "host_name",
    "phonedn": "phone_dn",
    "apploadid": "app_load",
    "bootloadid": "boot_load",
    "version": "version",
    "versionid": "version",
    "softwareversion": "version",
    "hardwarerevision": "hardware_revision",
    "serialnumber": "serial_number",
    "modelnumber": "model",
    "messagewaiting": "message_waiting",
    "udi": "udi",
    "time": "time",
    "timezone": "time_zone",
    "date": "date",
    "servicemode": "service_mode",
    "servicedomain": "service_domain",
    "servicestate": "service_state",
    "fipsmodeenabled": "fips_mode",
    "systemfreememory": "free_memory",
    "javaheapfreememory": "java_heap_free",
    "javapoolfreememory": "java_pool_free",
    "keyexpansionmodule1": "expansion_module_1",
    "keyexpansionmodule2": "expansion_module_2",
}
_NETWORK: Final[dict[str, str]] = {
    "macaddress": "mac",
    "hostname": "host_name",
    "domainname": "domain",
    "dhcpserver": "dhcp_server",
    "bootpserver": "bootp_server",
    "dhcp": "dhcp",
    "dhcpenabled": "dhcp",
    "ipaddress": "ip_address",
    "ipv4address": "ip_address",
    "ipv6address": "ipv6_address",
    "subnetmask": "subnet_mask",
    "defaultrouter": "default_router",
    "defaultrouter1": "default_router",
    "dnsserver1": "dns_server_1",
    "dnsserver2": "dns_server_2",
    "dnsserver3": "dns_server_3",
    "alternatetftp": "alternate_tftp",
    "alttftp": "alternate_tftp",
    "tftpserver1": "tftp_server_1",
    "tftpserver2": "tftp_server_2",
    "ipv6alternatetftp": "ipv6_alternate_tftp",
    "ipv6tftpserver1": "ipv6_tftp_server_1",
    "ipv6tftpserver2": "ipv6_tftp_server_2",
    "dhcpaddressreleased": "dhcp_address_released",
    "operationalvlanid": "operational_vlan",
    "vlanid": "operational_vlan",
    "adminvlanid": "admin_vlan",
    "loadserver": "load_server",
    "capfserver": "capf",
    "tvs": "tvs",
    "ctlfile": "ctl",
    "itlfile": "itl",
    "ctlsignature": "ctl_signature",
    "itlsignature": "itl_signature",
    "tftpserver": "tftp_server",
    "securitymode": "security_mode",
    "webaccessenabled": "web_access",
    "webaccess": "web_access",
    "sshaccessenabled": "ssh_access",
    "userlocale": "user_locale",
    "networklocale": "network_locale",
    "userlocaleversion": "user_locale_version",
    "networklocaleversion": "network_locale_version",
    "ipaddressingmode": "ip_addressing_mode",
    "informationurl": "information_url",
    "directoriesurl": "directories_url",
    "messagesurl": "messages_url",
    "servicesurl": "services_url",
    "idleurl": "idle_url",
    "idleurltime": "idle_url_time",
    "proxyserverurl": "proxy_server_url",
    "authenticationurl": "authentication_url",
}
# A server's number may be followed by what it is for: "Unified CM 3 SRST", "CallManager 1 TFTP".
_CALL_MANAGER: Final = re.compile(r"(?:cucmserver|unifiedcm|callmanager)([1-5])(?:srst|tftp)?")
_LABEL_NOISE: Final = re.compile(r"[\W_]+")
# "Cisco Unified IP Phone CP-7962G ( SEP8CB64F576113 )" stands above every page, in whatever language the labels are.
_HEADING: Final = re.compile(r"\bCP-([0-9]{4}[0-9A-Z+]{0,8})\b[^A-Za-z0-9]{0,4}\b(SEP[0-9A-F]{12})\b")

FIELDS: Final[dict[PageName, dict[str, str]]] = {"device-information": _DEVICE, "network": _NETWORK}


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a page by our own names, and the labels that are not known."""

    found: dict[str, str]
    unrecognised: tuple[str, ...] = ()


def read_values(page: Page, name: PageName) -> Values:
    """Return what a device or a network page says; of a repeated label the first value counts.

    Model and host name are also read from the heading. A row whose label has the word VPN is kept under a name made of
    it: no document says what a phone calls it.
    """
    found: dict[str, str] = {}
    unknown: dict[str, None] = {}
    for row in page.rows:
        label, value = _pair(row)
        if value is None:
            continue
        key = _key(label, name)
        if key is None:
            unknown[label] = None
        else:
            found.setdefault(key, value)
    if name == "device-information":
        for line in page.lines:
            if heading := _HEADING.search(line):
                found.setdefault("model", f"CP-{heading[1]}")
                found.setdefault("host_name", heading[2])
                break
    return Values(found=found, unrecognised=tuple(unknown)[:MAX_UNRECOGNISED])


def _pair(row: tuple[str, ...]) -> tuple[str, str | None]:
    """Return label and value; of a 7937 they are one text: `Host Name : SEP…`."""
    if len(row) == 1:
        label, colon, value = row[0].partition(" : ")
        return label, value if colon else None
    return row[0], row[1] if len(row) == 2 else None


def _key(label: str, name: PageName) -> str | None:
    bare = _LABEL_NOISE.sub("", label).lower()
    if known := FIELDS.get(name, {}).get(bare):
        return known
    if name == "network" and (manager := _CALL_MANAGER.fullmatch(bare)):
        return f"cucm_{manager[1]}"
    is_vpn = re.search(r"\bvpn\b", label, re.IGNORECASE) is not None
    return _LABEL_NOISE.sub("_", label.strip()).strip("_").lower()[:64] if is_vpn else None
