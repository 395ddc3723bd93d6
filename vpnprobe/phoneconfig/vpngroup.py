"""The vpnGroup element to a `VpnGroup`.

The VPN's hashes are `certHash1` to `certHash10` inside vpnGroup/credentials. A plain `certHash` directly
under device is CAPF's and never looked at here. Limits are CUCM's (Feature Configuration Guide, VPN client).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from vpnprobe.model.config import CertHashText, ProblemKind, VpnGroup, VpnUrl
from vpnprobe.phoneconfig.fields import Fields, Problems
from vpnprobe.phoneconfig.xmlsafe import Element

MTU = (256, 1406)  # bytes
FAIL_CONNECT_TIME = (0, 600)  # seconds
AUTH_METHOD = (0, 2)
FLAG = (0, 1)
MAX_URLS = 3
MAX_URL_CHARS = 255
MAX_CERT_HASHES = 10
MAX_RECORDED = 32  # entries and names kept of each kind: enough to show the fault, bounded in the Evidence

_SETTINGS = {
    "mtu",
    "failconnecttime",
    "authmethod",
    "pswdpersistent",
    "autonetdetect",
    "enablehostidcheck",
    "addresses",
    "credentials",
}
_INDEXED = re.compile(r"(url|certhash)([1-9][0-9]{0,3})")


def read_vpn_group(element: Element) -> VpnGroup:
    """Read a vpnGroup element. Never raises: what breaks CUCM's rules is in `problems`."""
    problems = Problems()
    group = Fields(element, problems)
    addresses, credentials = element.find("addresses"), element.find("credentials")
    urls = tuple(_indexed(addresses, "url", MAX_URLS, problems))
    hashes = tuple(_indexed(credentials, "certhash", MAX_CERT_HASHES, problems))
    for tag, _, text in urls:
        if len(text) > MAX_URL_CHARS:
            problems.note(ProblemKind.TOO_LONG, tag, text)
    return VpnGroup(
        mtu=group.number("mtu", *MTU),
        fail_connect_time=group.number("failconnecttime", *FAIL_CONNECT_TIME),
        auth_method=group.number("authmethod", *AUTH_METHOD),
        pswd_persistent=group.number("pswdpersistent", *FLAG),
        auto_net_detect=group.number("autonetdetect", *FLAG),
        enable_host_id_check=group.number("enablehostidcheck", *FLAG),
        urls=tuple(VpnUrl(index, text) for _, index, text in urls),
        hash_alg=Fields(credentials, problems).text("hashalg"),
        cert_hashes=tuple(CertHashText(index, text) for _, index, text in hashes),
        unknown=tuple(_unknown(element, addresses, credentials, problems)),
        problems=problems.as_tuple(),
    )


def _indexed(parent: Element | None, stem: str, maximum: int, problems: Problems) -> list[tuple[str, int, str]]:
    """Return (tag, index, text) of the numbered children that are not blank, by number."""
    found: dict[int, tuple[str, int, str]] = {}
    for child in parent.children if parent is not None else ():
        match = _INDEXED.fullmatch(child.name)
        if match is None or match[1] != stem or not child.text.strip():
            continue
        index = int(match[2])
        if index in found:
            problems.note(ProblemKind.REPEATED, child.tag, child.text)
        else:
            found[index] = (child.tag, index, child.text)
    entries = [found[index] for index in sorted(found)]
    beyond = [entry for entry in entries if entry[1] > maximum]
    if beyond:
        problems.note(ProblemKind.TOO_MANY, beyond[0][0], str(len(beyond)))
    gap = next((entry for position, entry in enumerate(entries, 1) if entry[1] != position), None)
    if gap is not None:
        problems.note(ProblemKind.GAP, gap[0])
    first_tag: dict[str, str] = {}
    for tag, _, text in entries:
        if text.strip() in first_tag:
            problems.note(ProblemKind.DUPLICATE, tag, first_tag[text.strip()])
        first_tag.setdefault(text.strip(), tag)
    return entries[:MAX_RECORDED]


def _unknown(
    group: Element, addresses: Element | None, credentials: Element | None, problems: Problems
) -> Iterator[str]:
    """Yield the names that no source describes; numbered names in the wrong place are noted as misplaced."""
    places: tuple[tuple[Element | None, str, set[str]], ...] = (
        (group, "", _SETTINGS),
        (addresses, "url", set()),
        (credentials, "certhash", {"hashalg"}),
    )
    seen: set[str] = set()
    for parent, stem, known in places:
        for child in parent.children if parent is not None else ():
            match = _INDEXED.fullmatch(child.name)
            if child.name in known or (match is not None and match[1] == stem):
                continue
            if match is not None:
                problems.note(ProblemKind.MISPLACED, child.tag)
            elif child.name not in seen and len(seen) < MAX_RECORDED:
                seen.add(child.name)
                yield child.tag
