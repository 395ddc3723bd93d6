"""Small Evidence for tests: a healthy run over one CAPF, and what to change in it.

run()                                          # everything as it ought to be
run(visits=(visit(spoke="silent"),))           # fields of Capf replaced
run(first_flights=(...,))                      # fields of Evidence replaced
run(**shown(OTHER))                            # CAPF shows another certificate
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tests.certificates import Identity, capf
from tests.checks.evidence_builder import NOW, certificate_name, fail, flight, kept, names, stages
from vpnprobe.model.capf import Capf, CapfVisit, ConnectionRow, Family, Greeting, GreetingElement
from vpnprobe.model.config import ConfigKind, PhoneConfig
from vpnprobe.model.evidence import Evidence, Tool
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import ConfigReading, FirstFlight, Handshake, Resolution
from vpnprobe.model.target import Endpoint, Persona, Target
from vpnprobe.model.trust import TrustList, TrustRecord

HOST: Final = "cucm-pub.example.com"
PORT: Final = 3804
V4: Final = f"192.0.2.10:{PORT}"
V6: Final = f"[2001:db8::10]:{PORT}"
LABEL: Final = f"{HOST}:{PORT}"

CAPF: Final = capf()
OTHER: Final = capf("0badcafe")

CONNECTED: Final = 0.01


def greeting(version: int | None = 3, auth_type: int | None = 0, command: int = 1) -> Greeting:
    found = {7: version, 8: auth_type}
    elements = tuple(
        GreetingElement(tag=tag, length=1, number=number) for tag, number in found.items() if number is not None
    )
    return Greeting(
        command=command,
        session=42,
        length=4 * len(elements),
        version=version,
        auth_type=auth_type,
        elements=elements,
    )


def visit(address: str = V4, spoke: Any = "capf", identity: Identity = CAPF, **fields: Any) -> CapfVisit:
    """One address; a greeting only where `spoke` says so, certificates unless it failed before TLS."""
    family: Family = "IPv6" if address.startswith("[") else "IPv4"
    is_session = spoke in ("capf", "other")
    usual: dict[str, Any] = {
        "greeting": greeting() if spoke == "capf" else None,
        "chain": names(*identity.chain_der) if is_session else (),
        "connect_s": CONNECTED,
    }
    return CapfVisit(address=address, family=family, spoke=spoke, **usual | fields)


def no_connection(address: str = V4, kind: FailureKind = FailureKind.REFUSED, **fields: Any) -> CapfVisit:
    return visit(address, "no-connection", failure=fail(kind), connect_s=0.0, **fields)


def handshake(address: str = V4, **fields: Any) -> Handshake:
    usual: dict[str, Any] = {
        "engine": "pyOpenSSL",
        "completed": True,
        "version": 0x0301,
        "suite_name": "AES256-SHA",
        "leaf": certificate_name(CAPF.der),
    }
    return Handshake(address=address, **usual | fields)


def flights(
    failure: Failure | None = None, modern: Identity | Failure | None = None, address: str = V4
) -> tuple[FirstFlight, ...]:
    """The answer to the hello of a 7962G, and to a modern one where that was sent too."""
    own = flight("7962G", None if failure else CAPF, address=address, failure=failure)
    if modern is None:
        return (own,)
    if isinstance(modern, Identity):
        return (own, flight("modern", modern, address=address))
    return (own, flight("modern", None, address=address, failure=modern))


BOTH_WAYS: Final = ConnectionRow(row=1, order=("IPv6", "IPv4"))
ONLY_V4: Final = ConnectionRow(row=6, order=("IPv4",))
ONLY_V6: Final = ConnectionRow(row=9, order=("IPv6",))
NO_WAY: Final = ConnectionRow(row=8)


def resolved(*addresses: str, **fields: Any) -> Resolution:
    return Resolution(**{"name": HOST, "source": "dns", "addresses": addresses, "servers": ("10.1.1.1",)} | fields)


def run(**changes: Any) -> Evidence:
    """A healthy run for a dual-stack 7962G and a CAPF with IPv4, except for `changes` of Capf or of Evidence."""
    own = {name: changes.pop(name) for name in Capf.__struct_fields__ if name in changes}
    identities = changes.pop("identities", ())
    seen: dict[str, Any] = {
        "server": Endpoint(HOST, PORT),
        "phone_addresses": ("IPv6", "IPv4"),
        "row": ONLY_V4,
        "visits": (visit(),),
        "ca_certificates": names(CAPF.der),
    }
    healthy: dict[str, Any] = {
        "tool": Tool(name="vpnprobe", version="0", catalogue="0"),
        "probe": "capf",
        "target": Target(server=Endpoint(HOST, PORT)),
        "persona": Persona(profile="7962G", model="7962G"),
        "started_at": NOW,
        "stages": stages("capf", online_ca=("skipped", "--online-ca not given")),
        "resolution": resolved("192.0.2.10"),
        "first_flights": flights(),
        "handshakes": (handshake(),),
        "capf": Capf(**seen | own),
        "certificates": kept(CAPF, *identities),
    }
    return Evidence(**healthy | changes)


def unresolved(failure: Failure) -> Evidence:
    """A run that ended at the name."""
    return run(
        row=None,
        visits=(),
        resolution=resolved(failure=failure),
        first_flights=(),
        handshakes=(),
        stages=stages(
            "capf",
            resolve=("failed", "no address"),
            connect=("skipped", "resolve"),
            handshake=("skipped", "connect"),
            greeting=("skipped", "handshake"),
            certificate=("skipped", "connect"),
            online_ca=("skipped", "--online-ca not given"),
        ),
    )


def unreached(*visits: CapfVisit, **fields: Any) -> Evidence:
    """A run in which nothing more than a connection was had."""
    return run(visits=visits, handshakes=(), **{"first_flights": ()} | fields)


def shown(identity: Identity, **fields: Any) -> dict[str, Any]:
    """Fields of `run` where CAPF shows another certificate, which the trust list has too."""
    return {
        "visits": (visit(identity=identity),),
        "ca_certificates": names(identity.der),
        "identities": (identity,),
    } | fields


def two_ways(first: CapfVisit, second: CapfVisit, **fields: Any) -> Evidence:
    """A CAPF with both kinds of address, IPv6 first."""
    return run(row=BOTH_WAYS, visits=(first, second), **fields)


def configured(**fields: Any) -> dict[str, Any]:
    """Fields of `run` with a configuration of the phone."""
    config = PhoneConfig(kind=ConfigKind.FULL, **fields)
    return {"config": ConfigReading(origin="file", file="SEP.cnf.xml", config=config)}


def held_list(*records: TrustRecord, **fields: Any) -> TrustList:
    return TrustList(kind="ITL", name="ITLFile.tlv", origin="held", sha256="00" * 32, records=records, **fields)


def with_lists(*lists: TrustList, certificates: Iterable[Identity] = (), **fields: Any) -> Evidence:
    """A run with these trust lists, which give these certificates of a CAPF."""
    held = tuple(certificates)
    return run(trust_lists=lists, ca_certificates=names(*(one.der for one in held)), identities=held, **fields)
