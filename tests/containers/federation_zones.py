"""The domains of the federation tests: zones for BIND with one fault each, and the names that their records lead to.

In the zones `{edge}`, `{edge6}` and `{public}` are addresses of the edge that shows each target its own certificate,
`{old}` that of one with TLS 1.0 alone, `{des}` of one with 3DES alone, and `{dns}` the address of the DNS server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

ZONE: Final = "edge.test"

# The domains of a run over a file; every fiftieth has a fault.
MANY: Final = tuple(f"d{number:03}.many.{ZONE}" for number in range(200))
FAULTY: Final = MANY[49::50]
# The records of one domain; the probe looks at the first targets only.
RECORDS: Final = tuple(f"sip{number:03}.records.{ZONE}" for number in range(300))
LOOKED_AT: Final = 16

# Domains with nothing odd in the DNS, nor, but for their certificates, at their edges.
PLAIN: Final = (
    "healthy", "asks", "needs", "refused", "forbidden", "asks-misnamed", "misnamed", "common-name",
    "common-name-ignored", "undotted", "wildcard", "server-only", "client-only", "expired", "not-yet", "expires-soon",
    "short-key", "negative-serial", "elliptic", "sha1", "no-intermediate", "out-of-order", "root-sent", "self-signed",
)  # fmt: skip

_HEAD: Final = """\
$TTL 60
@    SOA  ns hostmaster 1 3600 600 86400 60
@    NS   ns
ns   A    {dns}
"""

# What the DNS itself says wrong, or says oddly: for each of these the edge is as it should be.
_DNS: Final = """\
no-record         TXT   "a name without an SRV record"
_sipfederationtls._tcp.no-record     TXT   "nor is this one"

_sipfederationtls._tcp.not-offered   SRV   0 0 0 .

_sipfederationtls._tcp.record-alias  CNAME srv.record-alias
srv.record-alias  SRV   0 0 5061 sip.record-alias
sip.record-alias  A     {edge}

_sipfederationtls._tcp.target-alias  SRV   0 0 5061 sip.target-alias
sip.target-alias  CNAME host.target-alias
host.target-alias A     {edge}

_sipfederationtls._tcp.other-port    SRV   0 0 5062 sip.other-port
sip.other-port    A     {edge}

_sipfederationtls._tcp.foreign       SRV   0 0 5061 sip.elsewhere
sip.elsewhere     A     {edge}

_sipfederationtls._tcp.itself        SRV   0 0 5061 itself
itself            A     {edge}

_sipfederationtls._tcp.hosted        SRV   100 1 5061 sipfed.online.lync.com.

_sipfederationtls._tcp.no-address    SRV   0 0 5061 sip.no-address
sip.no-address    TXT   "a name without an address"

_sipfederationtls._tcp.no-target     SRV   0 0 5061 sip.no-target

_sipfederationtls._tcp.target-circle SRV   0 0 5061 sip.target-circle
sip.target-circle CNAME srv.target-circle
srv.target-circle CNAME sip.target-circle

_sipfederationtls._tcp.record-circle CNAME srv.record-circle
srv.record-circle CNAME _sipfederationtls._tcp.record-circle

_sipfederationtls._tcp.six           SRV   0 0 5061 sip.six
sip.six           AAAA  {edge6}

_sipfederationtls._tcp.mixed         SRV   0 0 5061 sip.mixed
sip.mixed         A     {edge}
sip.mixed         A     {public}

_sipfederationtls._tcp.closed        SRV   0 0 5061 sip.closed
sip.closed        A     {dns}

_sipfederationtls._tcp.several       SRV   0  0 5061 sip.several
_sipfederationtls._tcp.several       SRV   10 0 5061 sip6.several
_sipfederationtls._tcp.several       SRV   20 0 5061 sip.elsewhere
_sipfederationtls._tcp.several       SRV   30 0 5061 closed.several
_sipfederationtls._tcp.several       SRV   40 0 5061 unnamed.several
sip.several       A     {edge}
sip6.several      AAAA  {edge6}
closed.several    A     {dns}
unnamed.several   A     {edge}

_sipfederationtls._tcp.old-tls       SRV   0 0 5061 sip.old-tls
sip.old-tls       A     {old}

_sipfederationtls._tcp.triple-des    SRV   0 0 5061 sip.triple-des
sip.triple-des    A     {des}

_cisco-uds._tcp.healthy              SRV   0 0 8443 cucm.healthy
"""

# The two examples of a partner's diagnostics: 1009 for the first, 1010 for the second, which has the name of a domain
# of its own here, and that of the first where it is asked for at another server.
_STEVEN: Final = """\
_sipfederationtls._tcp.cms           SRV   0 0 5061 vcse.sub.cms
vcse.sub.cms      A     {edge}
"""
_STEVEN_OTHERWISE: Final = """\
_sipfederationtls._tcp.cms           SRV   0 0 5061 vcse.cms
vcse.cms          A     {edge}
"""

# Alike from inside and outside but for the record, but for the address, and not there at all.
_VIEWS: Final = """\
_sipfederationtls._tcp.record        SRV   0 0 5061 sip.record
_sipfederationtls._tcp.address       SRV   0 0 5061 sip.address
_sipfederationtls._tcp.outside       SRV   0 0 5061 sip.outside
sip.record        A     {edge}
sip.address       A     {edge}
sip.outside       A     {edge}
"""
_VIEWS_INSIDE: Final = """\
_sipfederationtls._tcp.record        SRV   0 0 5061 inside.record
_sipfederationtls._tcp.address       SRV   0 0 5061 sip.address
inside.record     A     {edge}
sip.address       AAAA  {edge6}
"""

_SIGNED: Final = """\
_sipfederationtls._tcp               SRV   0 0 5061 sip
sip               A     {edge}
"""


def domain(label: str) -> str:
    """The SIP domain of this label."""
    return f"{label}.{ZONE}"


def target(label: str) -> str:
    """The target that the record of this label's domain names."""
    return f"sip.{label}.{ZONE}"


def _federated(label: str) -> str:
    """The records of a domain whose names are right, in the zone of the tests."""
    return f"_sipfederationtls._tcp.{label} SRV 0 0 5061 sip.{label}\nsip.{label} A {{edge}}\n"


def _many() -> str:
    lines = [f"_sipfederationtls._tcp.{name}. SRV 0 0 5061 sip.{name}.\n" for name in MANY]
    return "".join([*lines, *(f"sip.{name}. A {{edge}}\n" for name in MANY if name not in FAULTY)])


def _records() -> str:
    return "".join(f"_sipfederationtls._tcp.records SRV 0 0 5061 {name}.\n{name}. A {{edge}}\n" for name in RECORDS)


def _big_text() -> str:
    """A TXT record of 60,000 bytes at the same name as the SRV record."""
    strings = " ".join([f'"{"x" * 255}"'] * 235)
    return f"{_federated('big-text')}_sipfederationtls._tcp.big-text TXT {strings}\n"


def outside() -> dict[str, str]:
    """The zones that partners see, by name."""
    plain = "".join(map(_federated, PLAIN))
    return {
        ZONE: _HEAD + _DNS + plain + _big_text() + _many() + _records(),
        "online.lync.com": _HEAD + "sipfed A {edge}\n",
        "steven.lab": _HEAD + _STEVEN,
        "views.test": _HEAD + _VIEWS,
        "signed.test": _HEAD + _SIGNED,
        "bogus.test": _HEAD + _SIGNED,
        # Not loaded for want of an SOA record, so every question about it is answered with SERVFAIL.
        "broken.test": "@ NS ns.edge.test.\n",
    }


def inside() -> dict[str, str]:
    """The zones that another server holds differently."""
    return {"steven.lab": _HEAD + _STEVEN_OTHERWISE, "views.test": _HEAD + _VIEWS_INSIDE}


def targets(zones: dict[str, str]) -> Iterable[str]:
    """Every host that an SRV record of the zones names, in full, the 300 records' cut to those that are looked at."""
    for zone, text in zones.items():
        for name in re.findall(r" SRV +\d+ +\d+ +\d+ (\S+)\n", text):
            full = name.removesuffix(".") if name.endswith(".") else f"{name}.{zone}"
            if full and full not in RECORDS[LOOKED_AT:]:
                yield full
