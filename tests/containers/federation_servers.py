"""The servers of the federation tests: BIND for outside and inside, Kamailio and GnuTLS as edges."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.containers import federation_edges, federation_zones, podman
from tests.containers.federation_zones import target
from tests.containers.podman import Container
from vpnprobe.model.target import SIP_TLS_PORT

if TYPE_CHECKING:
    from tests.containers.conftest import Start

# A documentation net, which counts as public: it is on a bridge of this machine while the tests run.
PUBLIC_NET: Final = "203.0.113.0/24"
PUBLIC: Final = "203.0.113.61"
OTHER_PORT: Final = 5062

_OPTIONS: Final = """\
options {{
    directory "/var/cache/bind";
    allow-transfer {{ none; }};
    max-records-per-type 0;
    listen-on {{ any; }};
    listen-on-v6 {{ any; }};
    recursion {recursion};
    dnssec-validation {recursion};
}};
zone "." {{ type hint; file "/dev/null"; }};
"""
_PRIMARY: Final = 'zone "{zone}" {{ type primary; file "/zones/{zone}"; {more}}};\n'
_SIGNED: Final = "dnssec-policy default; inline-signing yes; "
_ELSEWHERE: Final = 'zone "{zone}" {{ type static-stub; server-addresses {{ {server}; }}; }};\n'
_ANCHOR: Final = 'trust-anchors {{ "{zone}" static-key {key}; }};\n'


@dataclass(frozen=True, slots=True)
class Partners:
    """All the servers. `dns` is what partners ask, `inside` another one, which validates; `pki` holds PEM files."""

    dns: Container
    inside: Container
    edge: Container
    pki: Path

    @property
    def root(self) -> tuple[str, ...]:
        """The option that gives vpnprobe the private root."""
        return ("--ca", str(self.pki / "root.crt"))


def start_partners(start: Start, network: str, directory: Path) -> Partners:
    """Start them all; each serves as soon as this returns."""
    pki, zones, inside = (directory / name for name in ("pki", "zones", "inside"))
    for one in (pki, zones, inside):
        one.mkdir(mode=0o755)
    subnet = podman.podman("network", "inspect", "--format", "{{range .Subnets}}{{.Subnet}} {{end}}", network).split()
    own_address = str(ipaddress.IPv4Network(subnet[0])[200])
    outside, otherwise = federation_zones.outside(), federation_zones.inside()
    federation_edges.write(pki, [*federation_zones.targets(outside), *federation_zones.targets(otherwise)])

    edge = _kamailio(start, pki, "profiles", "-A", f"SECOND_PORT={OTHER_PORT}")
    addresses = {
        "dns": own_address,
        "edge": edge.address,
        "edge6": edge.address6,
        "public": PUBLIC,
        "old": _kamailio(start, pki, "old-profiles").address,
        "des": _triple_des(start, pki).address,
    }
    signed = ("signed.test", "bogus.test")
    config = _OPTIONS.format(recursion="no") + "".join(
        _PRIMARY.format(zone=zone, more=_SIGNED if zone in signed else "") for zone in outside
    )
    dns = _bind(start, zones, config, outside, addresses, "--ip", own_address)
    ask_key = functools.partial(dns.run, "dig", "+short", f"@{own_address}", "signed.test", "DNSKEY")
    podman.wait_until(lambda: "257 3 " in ask_key(), dns)
    # The zone bogus.test has other keys than this one.
    words = ask_key().split()
    key = f'{" ".join(words[:3])} "{"".join(words[3:])}"'
    config = _OPTIONS.format(recursion="yes") + "".join(
        (
            *(_PRIMARY.format(zone=zone, more="") for zone in otherwise),
            *(_ELSEWHERE.format(zone=zone, server=own_address) for zone in (*signed, federation_zones.ZONE)),
            *(_ANCHOR.format(zone=zone, key=key) for zone in signed),
        )
    )
    inner = _bind(start, inside, config, otherwise, addresses)
    return Partners(dns, inner, edge, pki)


def _kamailio(start: Start, pki: Path, profiles: str, *defines: str) -> Container:
    return start(
        "kamailio",
        *("kamailio", "-DD", "-E", "-f", "/etc/vpnprobe/kamailio.cfg", "-A", f'TLS_PROFILES="/pki/{profiles}"'),
        *defines,
        listens=("tcp", SIP_TLS_PORT),
        options=("--volume", f"{pki}:/pki:ro", "--env", "OPENSSL_CONF=/pki/openssl.cnf"),
    )


def _triple_des(start: Start, pki: Path) -> Container:
    return start(
        "gnutls",
        *("gnutls-serv", f"--port={SIP_TLS_PORT}", "--echo", "--disable-client-cert"),
        "--priority=NONE:+VERS-TLS1.2:+RSA:+3DES-CBC:+SHA1:+COMP-NULL:+SIGN-ALL",
        f"--x509certfile=/pki/{target('triple-des')}.crt",
        f"--x509keyfile=/pki/{target('triple-des')}.key",
        listens=("tcp", SIP_TLS_PORT),
        options=("--volume", f"{pki}:/pki:ro"),
    )


def _bind(
    start: Start, directory: Path, config: str, zones: Mapping[str, str], addresses: Mapping[str, str], *options: str
) -> Container:
    for zone, text in zones.items():
        (directory / zone).write_text(text.format(**addresses))
    (directory / "named.conf").write_text(config)
    # BIND writes signed zones beside the plain ones.
    mount = ("--volume", f"{directory}:/zones")
    return start("bind", "named", "-g", "-c", "/zones/named.conf", listens=("udp", 53), options=(*mount, *options))
