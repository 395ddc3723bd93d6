"""The certificate to ask for: its names, ready to paste into the request of each platform."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from typing import Final

from vpnprobe.checks.base import Case, fix
from vpnprobe.checks.federation import needs
from vpnprobe.checks.federation.domain import name_in_domain
from vpnprobe.model.finding import Fact, Fix
from vpnprobe.pki.certificate import CertificateFacts

# A request with more names is not this product's to write.
MAX_NAMES: Final = 32
# What may stand in a subjectAltName and on a command line. A wildcard is no name for a federation (M-06).
_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)+"
)

# F3-04: what a public authority may want of the subject. F3-11: both purposes.
_SUBJECT: Final = "/C=<country>/ST=<state>/L=<locality>/O=<organisation>/OU=<unit>/CN="


def request_facts(case: Case, leaf: CertificateFacts) -> dict[str, Fact]:
    """Return `fqdn` and `san`, the first and all names of a new certificate, and `request`, the command for it.

    First the target, before it the name that it must be given first (DOM001), then the other targets that show the
    same certificate, then the names that it has. All are None where the target is no host name.
    """
    target = _host_name(case.subject.target or "")
    if target is None:
        return {"fqdn": None, "san": None, "request": None}
    shown = [target, *_neighbours(case, leaf)]
    wanted = [*_new_names(case, shown[:1]), *shown, *_new_names(case, shown), *(leaf.dns_names or ())]
    names = list(dict.fromkeys(name for one in wanted if (name := _host_name(one)) is not None))[:MAX_NAMES]
    command = [
        *("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes"),
        *("-keyout", f"{names[0]}.key", "-out", f"{names[0]}.csr"),
        *("-subj", f"{_SUBJECT}{names[0]}"),
        *("-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)),
        *("-addext", "extendedKeyUsage=serverAuth,clientAuth"),
    ]
    return {"fqdn": names[0], "san": ",".join(names), "request": shlex.join(command)}


def _new_names(case: Case, hosts: Collection[str]) -> list[str]:
    """Return the names in the domain of these targets: their own, or those that DOM001 wants."""
    seen = case.evidence.federation
    return [name_in_domain(seen, one) for one in seen.targets if one.host in hosts] if seen is not None else []


def _neighbours(case: Case, leaf: CertificateFacts) -> list[str]:
    """Return the targets of this run that show this certificate."""
    visits = case.evidence.federation.visits if case.evidence.federation is not None else ()
    shown = ((visit.target, needs.find_edge_chain(case, visit)) for visit in visits)
    return [target for target, chain in shown if chain is not None and chain.leaf.sha256 == leaf.sha256]


def _host_name(text: str) -> str | None:
    name = text.strip().lower().removesuffix(".")
    return name if _HOST_NAME.fullmatch(name) else None


NEW_CERTIFICATE: Final[tuple[Fix, ...]] = (
    fix(
        "Expressway",
        """
        Maintenance > Security > Server certificate > Generate CSR
        Additional alternative names: {san}
        Have the request signed, upload the certificate on the same page, restart.
        """,
    ),
    fix(
        "IM and Presence",
        """
        Cisco Unified IM and Presence OS Administration > Security > Certificate Management > Generate CSR, for the \
          certificate of the SIP proxy:
        Common name: {fqdn}
        Alternative names: {san}
        Upload the signed certificate there, restart Cisco SIP Proxy.
        """,
    ),
    fix(
        "ASA",
        """
        configure terminal
        crypto ca trustpoint <trustpoint>
         fqdn {fqdn}
         subject-name cn={fqdn},OU=<unit>,C=<country>,St=<state>,L=<locality>,O=<organisation>
         exit
        crypto ca enroll <trustpoint>
        """,
    ),
    fix(
        "Microsoft edge",
        """
        Request-CsCertificate -New -Type AccessEdgeExternal -DomainName "{san}" -ClientEKU $true -Output C:\\edge.req
        """,
    ),
    fix(
        "CA",
        """
        Or make key and request by hand, and have the request signed with every name and both purposes:
        {request}
        """,
    ),
)
