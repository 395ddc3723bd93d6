"""Small Evidence for tests: a healthy federation run for one domain, and what to change in it.

run()                                        # everything as it ought to be
run(srv=(srv(record("sip.example.net")),))   # fields of Federation replaced
run(visits=(visit(flights=flights(EC)),))    # the edge answers otherwise
run(expectation=Expectation(...))            # fields of Evidence replaced
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tests.certificates import Identity, issue, rsa_key
from tests.checks.evidence_builder import HANDSHAKE_FAILURE, NOW, certificate_name, fail, kept, names, stages
from vpnprobe.model.evidence import Evidence, Tool
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import (
    FEDERATION_SERVICE,
    AddressLookup,
    EdgeTarget,
    EdgeVisit,
    Federation,
    PathReading,
    SipExchange,
    SrvLookup,
    SrvRecord,
)
from vpnprobe.model.observation import CertificateRequest, FirstFlight, Handshake
from vpnprobe.model.target import MICROSOFT_EDGE, Persona, Target

DOMAIN: Final = "cms.steven.lab"
TARGET: Final = "vcse.cms.steven.lab"
PORT: Final = 5061
IP: Final = "198.51.100.7"
ADDRESS: Final = f"{IP}:{PORT}"
SECOND: Final = "vcse2.cms.steven.lab"
SECOND_IP: Final = "198.51.100.8"
SECOND_ADDRESS: Final = f"{SECOND_IP}:{PORT}"
SYSTEM: Final = "system"
OUTSIDE: Final = "192.0.2.53:53"
SERVER: Final = "192.0.2.1:53"

TLS10, TLS12 = 0x0301, 0x0303
# Hello -> its version and its suites, enough of them to tell the hellos apart.
HELLOS: Final[dict[str, tuple[int, tuple[int, ...]]]] = {
    MICROSOFT_EDGE: (TLS12, (0xC030, 0xC02F, 0xC014, 0xC013, 0x009D, 0x009C, 0x0035, 0x002F)),
    "tls12-rsa": (TLS12, (0x009D, 0x009C, 0x0035, 0x002F)),
    "tls12-ecdhe": (TLS12, (0xC030, 0xC02F, 0xC014, 0xC013)),
    "tls10": (TLS10, (0xC014, 0xC013, 0x0035, 0x002F)),
    "ec-only": (TLS12, (0xC02C, 0xC02B, 0xC00A, 0xC009)),
    "3des-only": (TLS12, (0x000A,)),
}
# What a healthy edge that is up to date refuses.
REFUSED_HELLOS: Final = ("tls10", "ec-only", "3des-only")

ROOT = issue(cn="Example Public Root", ca=True, key=rsa_key(slot=30), key_usage=["keyCertSign", "cRLSign"])
ISSUING = issue(
    cn="Example Public Issuing CA",
    issuer=ROOT,
    ca=True,
    key=rsa_key(slot=31),
    key_usage=["keyCertSign", "cRLSign"],
    serial=2,
)


def edge_certificate(*dns: str, cn: str | None = None, issuer: Identity | None = ISSUING, **fields: Any) -> Identity:
    """A certificate as a public authority issues it for an edge with these names; the first is the common name."""
    usual: dict[str, Any] = {
        "key": rsa_key(slot=32),
        "key_usage": ["digitalSignature", "keyEncipherment"],
        "extended_key_usage": ["serverAuth", "clientAuth"],
        "serial": 3,
    }
    return issue(cn=cn or (dns[0] if dns else None), dns=dns, issuer=issuer, **usual | fields)


EDGE = edge_certificate(TARGET)
REQUEST = CertificateRequest(certificate_types=(1, 64), authorities=(ROOT.subject,))


def sent(identity: Identity) -> tuple[bytes, ...]:
    """The chain as a server sends it: without the root, unless that is all there is."""
    return identity.chain_der[:-1] or identity.chain_der


def flight(
    hello: str = MICROSOFT_EDGE,
    shown: Identity | tuple[bytes, ...] | None = EDGE,
    *,
    address: str = ADDRESS,
    failure: Failure | None = None,
    **fields: Any,
) -> FirstFlight:
    """A first flight; with a failure, or with nothing shown, there is no ServerHello either."""
    version, suites = HELLOS[hello]
    before_tcp = failure is not None and failure.kind in (FailureKind.REFUSED, FailureKind.UNREACHABLE)
    ders = sent(shown) if isinstance(shown, Identity) else shown or ()
    answered = failure is None and bool(ders)
    return FirstFlight(
        address=address,
        hello=hello,
        offered_version=version,
        offered_suites=suites,
        failure=failure,
        **{
            "server_name": TARGET,
            "version": version if answered else None,
            "suite": suites[0] if answered else None,
            "chain": names(*ders),
            "certificate_request": REQUEST if answered else None,
            "connect_s": 0.0 if before_tcp else 0.01,
            "duration_s": 0.02,
        }
        | fields,
    )


def flights(
    shown: Identity | None = EDGE,
    *,
    refused: tuple[str, ...] = REFUSED_HELLOS,
    address: str = ADDRESS,
    **fields: Any,
) -> tuple[FirstFlight, ...]:
    """The flights of one address, in the order they are sent; those in `refused` got alert 40."""
    return tuple(
        flight(hello, None, address=address, failure=HANDSHAKE_FAILURE, **fields)
        if hello in refused
        else flight(hello, shown, address=address, **fields)
        for hello in HELLOS
    )


def silent_flights(failure: Failure, *, address: str = ADDRESS, **fields: Any) -> tuple[FirstFlight, ...]:
    """Flights that all ended in this failure."""
    return tuple(flight(hello, None, address=address, failure=failure, **fields) for hello in HELLOS)


def handshake(**fields: Any) -> Handshake:
    """A handshake without a client certificate that was let through all the same."""
    usual: dict[str, Any] = {
        "address": ADDRESS,
        "engine": "pyOpenSSL",
        "completed": True,
        "version": TLS12,
        "suite_name": "ECDHE-RSA-AES256-GCM-SHA384",
        "leaf": certificate_name(EDGE.der),
        "client_certificate_requested": True,
        "authorities": REQUEST.authorities,
    }
    return Handshake(**usual | fields)


# The usual end of a handshake without a client certificate.
WANTS_OURS: Final = handshake(completed=False, failure=HANDSHAKE_FAILURE, version=None, suite_name=None)


def path(**fields: Any) -> PathReading:
    """The path of `EDGE`, as if its root were a public one."""
    return PathReading(
        **{
            "engine": "cryptography 46.0.0",
            "end": "public-root",
            "subjects": (f"CN={TARGET}", "CN=Example Public Issuing CA", "CN=Example Public Root"),
            "roots": "certifi 2026.01.01",
            "store_engine": "OpenSSL 3.0.19",
            "strict_engine": "cryptography 46.0.0",
        }
        | fields
    )


def sip(status: int | None = 200, reason: str | None = "OK", *headers: tuple[str, str], **fields: Any) -> SipExchange:
    """An OPTIONS and its answer; `headers` are added to the usual ones."""
    usual = (("date", NOW.strftime("%a, %d %b %Y %H:%M:%S GMT")), ("server", "RTC/6.0"))
    given = {name for name, _ in headers}
    return SipExchange(
        **{
            "uri": f"sip:{DOMAIN}",
            "status": status,
            "reason": reason,
            "headers": (*(item for item in usual if item[0] not in given), *headers) if status is not None else (),
        }
        | fields
    )


def visit(target: str = TARGET, address: str = ADDRESS, **fields: Any) -> EdgeVisit:
    """One address where everything is as it ought to be."""
    usual: dict[str, Any] = {
        "views": (SYSTEM,),
        "flights": flights(address=address),
        "handshakes": (handshake(address=address),),
        "path": path(),
    }
    return EdgeVisit(target=target, address=address, **usual | fields)


def not_dialled(address: str, target: str = TARGET) -> EdgeVisit:
    """A private address beside a public one."""
    return EdgeVisit(target=target, address=address, views=(SYSTEM,), not_dialled="private address beside a public one")


def record(target: str = TARGET, port: int = PORT, priority: int = 0, weight: int = 0) -> SrvRecord:
    return SrvRecord(priority, weight, port, target)


def srv(*records: SrvRecord, view: str = SYSTEM, **fields: Any) -> SrvLookup:
    """The federation records as one view gives them."""
    return SrvLookup(
        records=records,
        view=view,
        **{
            "service": FEDERATION_SERVICE,
            "domain": DOMAIN,
            "ttl": 3600 if records else None,
            "dnssec": "unsigned",
            "servers": (SERVER,) if view == SYSTEM else (view,),
        }
        | fields,
    )


def no_srv(kind: FailureKind, view: str = SYSTEM, **fields: Any) -> SrvLookup:
    """A view that gives no federation record, and why."""
    return srv(view=view, failure=fail(kind), **fields)


def lookup(*addresses: str, name: str = TARGET, view: str = SYSTEM, **fields: Any) -> AddressLookup:
    """A and AAAA of a target as one view gives them."""
    usual: dict[str, Any] = {"ttl": 3600, "servers": (SERVER,) if view == SYSTEM else (view,)}
    return AddressLookup(name=name, view=view, addresses=addresses, **usual | fields)


def target(host: str = TARGET, port: int = PORT, *, views: tuple[str, ...] = (SYSTEM,), **fields: Any) -> EdgeTarget:
    return EdgeTarget(host=host, port=port, views=views, **{"priority": 0, "weight": 0} | fields)


def federation(**changes: Any) -> Federation:
    """All that a healthy run saw of the domain, except for `changes`."""
    healthy: dict[str, Any] = {
        "domain": DOMAIN,
        "srv": (srv(record()),),
        "targets": (target(),),
        "names": (lookup(IP),),
        "visits": (visit(),),
    }
    return Federation(**healthy | changes)


def run(**changes: Any) -> Evidence:
    """A healthy federation run, except for `changes` of Federation or of Evidence."""
    own = {name: changes.pop(name) for name in Federation.__struct_fields__ if name in changes}
    identities = changes.pop("identities", ())
    healthy: dict[str, Any] = {
        "tool": Tool(name="vpnprobe", version="0", catalogue="0"),
        "probe": "federation",
        "target": Target(domain=own.get("domain", DOMAIN)),
        "persona": Persona(profile=MICROSOFT_EDGE),
        "started_at": NOW,
        "stages": stages("federation", sip=("skipped", "--sip not given")),
        "federation": federation(**own),
        "certificates": kept(EDGE, *identities),
    }
    return Evidence(**healthy | changes)


def two_targets(second: str = SECOND, address: str = SECOND_IP, **changes: Any) -> dict[str, Any]:
    """Fields of Federation for a domain with two records; `changes` are those of the second target's visit."""
    return {
        "srv": (srv(record(), record(second, priority=10)),),
        "targets": (target(), target(second, priority=10)),
        "names": (lookup(IP), lookup(address, name=second)),
        "visits": (visit(), visit(second, f"{address}:{PORT}", **changes)),
    }


def shown(identity: Identity, **fields: Any) -> dict[str, Any]:
    """Fields for `run` when the edge shows another certificate; `fields` are those of the path."""
    return {
        "visits": (
            visit(
                flights=flights(identity),
                handshakes=(handshake(leaf=certificate_name(identity.der)),),
                path=msgspec.structs.replace(path(), **fields),
            ),
        ),
        "identities": (identity,),
    }


def with_sip(exchange: SipExchange) -> dict[str, Any]:
    """Fields for `run` with --sip."""
    return {"visits": (visit(sip=exchange),), "stages": stages("federation")}


def unpublished(kind: FailureKind = FailureKind.NAME_NOT_FOUND) -> dict[str, Any]:
    """Fields for `run` when the domain has no federation record."""
    return {
        "srv": (no_srv(kind),),
        "targets": (),
        "names": (),
        "visits": (),
        "stages": stages(
            "federation",
            srv=("failed", "no record"),
            target_names=("skipped", "srv"),
            addresses=("skipped", "srv"),
            first_flight=("skipped", "addresses"),
            mutual_tls=("skipped", "first-flight"),
            certificate=("skipped", "first-flight"),
            sip=("skipped", "--sip not given"),
        ),
    }
