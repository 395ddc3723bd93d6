"""Small Evidence for tests: a healthy run of a 7962G, and what to change in it.

run()                                   # everything as it ought to be
run(config=None, boot_files=())         # fields of Evidence replaced
run(**shown(EC))                        # the gateway shows another certificate
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec

from tests.certificates import (
    Identity,
    asa_self_signed,
    capf,
    chain,
    ec_key,
    issue,
    manufacturing_ca,
    phone_certificate,
)
from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.config import CertHashText, ConfigKind, PhoneConfig, VpnGroup, VpnUrl
from vpnprobe.model.evidence import STAGES, Evidence, ProbeName, Stage, StageName, Tool
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.finding import Finding
from vpnprobe.model.observation import (
    BootFile,
    CertificateRequest,
    ConfigReading,
    FirstFlight,
    Handshake,
    HttpExchange,
    Login,
    LoginAnswer,
    Resolution,
    TftpServer,
)
from vpnprobe.model.target import Endpoint, Expectation, Persona, Target, parse_group_url
from vpnprobe.phones import load_profile, matrix_hellos
from vpnprobe.pki.certificate import describe

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOST = "vpn.example.com"
URL = f"https://{HOST}/VPNPhone"
ADDRESS = "192.0.2.7:443"
SECOND = "192.0.2.8:443"
SERVER = "10.1.1.5"
MAC = "8CB64F576113"
CONFIG_NAME = f"SEP{MAC}.cnf.xml"

GATEWAY = asa_self_signed(HOST)
RENEWED = issue(cn=HOST, serial=2)
EC = issue(cn=HOST, key=ec_key(), serial=3)
TEMPORARY = issue(cn="ASA Temporary Self Signed Certificate", serial=4)
TEMPORARY_EC = issue(cn="ASA Temporary Self Signed Certificate", key=ec_key(), serial=5)
THIRD_PARTY = chain(HOST)
EC_THIRD_PARTY = issue(cn=HOST, key=ec_key(slot=1), issuer=THIRD_PARTY.issuer, serial=6)
CAPF = capf()
LSC = phone_certificate(MAC)
MANUFACTURING = manufacturing_ca()
MIC = phone_certificate(MAC, issuer=MANUFACTURING)

_ALL = (GATEWAY, RENEWED, EC, TEMPORARY, TEMPORARY_EC, THIRD_PARTY, EC_THIRD_PARTY, LSC, MIC)


def certificate_name(der: bytes) -> str:
    """The name that Evidence gives a certificate."""
    return hashlib.sha256(der).hexdigest()


def names(*ders: bytes) -> tuple[str, ...]:
    return tuple(map(certificate_name, ders))


def cert_hash(identity: Identity) -> str:
    return describe(identity.der).cert_hash


def kept(*identities: Identity) -> dict[str, bytes]:
    """The certificates, with their issuers, as Evidence holds them."""
    return {certificate_name(der): der for identity in identities for der in identity.chain_der}


def fail(kind: FailureKind, **fields: Any) -> Failure:
    return Failure(kind=kind, **fields)


REFUSED = fail(FailureKind.REFUSED)
HANDSHAKE_FAILURE = fail(FailureKind.TLS_ALERT, alert=40)

REQUEST = CertificateRequest(certificate_types=(1,), authorities=(CAPF.subject, MANUFACTURING.subject))


def flight(
    hello: str = "7962G",
    shown: Identity | tuple[bytes, ...] | None = GATEWAY,
    *,
    address: str = ADDRESS,
    failure: Failure | None = None,
    **fields: Any,
) -> FirstFlight:
    """A first flight; with a failure, or with nothing shown, there is no ServerHello either."""
    template = matrix_hellos()[hello] if hello in matrix_hellos() else load_profile(hello).hello
    before_tcp = failure is not None and failure.kind in (FailureKind.REFUSED, FailureKind.UNREACHABLE)
    ders = shown.chain_der if isinstance(shown, Identity) else shown or ()
    answered = failure is None and bool(ders)
    return FirstFlight(
        address=address,
        hello=hello,
        offered_version=template.client_version,
        offered_suites=template.suites,
        failure=failure,
        **{
            "version": template.client_version if answered else None,
            "suite": template.suites[0] if answered else None,
            "chain": names(*ders),
            "certificate_request": REQUEST if answered else None,
            "connect_s": 0.0 if before_tcp else 0.01,
            "duration_s": 0.02,
        }
        | fields,
    )


def flights(
    hello: str = "7962G",
    rsa: Identity | None = GATEWAY,
    ec: Identity | None = None,
    both: Identity | None = GATEWAY,
    *,
    address: str = ADDRESS,
) -> tuple[FirstFlight, ...]:
    """The flights of one address: the phone's, and those of the matrix; None is refused with alert 40."""

    def one(name: str, shown: Identity | None) -> FirstFlight:
        return flight(name, shown, address=address, failure=None if shown else HANDSHAKE_FAILURE)

    own = both if load_profile(hello).ec_capable else rsa
    return (one(hello, own), one("rsa-only", rsa), one("ec-only", ec), one("both", both))


GROUP = VpnGroup(
    mtu=1290,
    fail_connect_time=30,
    auth_method=2,
    pswd_persistent=0,
    auto_net_detect=0,
    enable_host_id_check=0,
    urls=(VpnUrl(1, URL),),
    hash_alg="0",
    cert_hashes=(CertHashText(1, cert_hash(GATEWAY)),),
)
CONFIG = PhoneConfig(
    kind=ConfigKind.FULL,
    root="device",
    load_information="SIP42.9-4-2SR3-1S",
    vpn_group=GROUP,
    web_access=0,
    capf_auth_mode=0,
    device_security_mode=1,
)


def reading(config: PhoneConfig | None = CONFIG, **fields: Any) -> ConfigReading:
    return ConfigReading(**{"origin": "tftp", "file": CONFIG_NAME, "server": f"{SERVER}:69", "config": config} | fields)


def group(**changes: Any) -> dict[str, Any]:
    """Evidence fields for a vpnGroup that differs in this."""
    return {"config": reading(msgspec.structs.replace(CONFIG, vpn_group=msgspec.structs.replace(GROUP, **changes)))}


def configured(**changes: Any) -> dict[str, Any]:
    """Evidence fields for a configuration that differs in this."""
    return {"config": reading(msgspec.structs.replace(CONFIG, **changes))}


def pinned(*identities: Identity) -> dict[str, Any]:
    """Evidence fields for a configuration with the certHashes of these."""
    hashes = enumerate(map(cert_hash, identities), 1)
    return group(cert_hashes=tuple(CertHashText(number, text) for number, text in hashes))


def boot_file(outcome: str = "received", **fields: Any) -> BootFile:
    usual: dict[str, Any] = {"name": CONFIG_NAME, "protocol": "tftp", "server": f"{SERVER}:69", "size": 2000}
    return BootFile(**usual | {"outcome": outcome} | fields)


SESSION = Handshake(
    address=ADDRESS,
    engine="pyOpenSSL",
    completed=True,
    version=0x0301,
    suite_name="AES256-SHA",
    leaf=certificate_name(GATEWAY.der),
    client_certificate_requested=True,
    client_certificate=certificate_name(LSC.der),
    authorities=REQUEST.authorities,
)


def login(answer: LoginAnswer = "accepted", *, posted: bool = True, **fields: Any) -> Login:
    """A login whose last exchange was answered like this."""
    asked = HttpExchange(method="GET", path="/VPNPhone", status=200, reason="OK", answer="wants-login")
    last = HttpExchange(
        **{
            "method": "POST" if posted else "GET",
            "path": "/VPNPhone",
            "status": 200,
            "reason": "OK",
            "answer": answer,
        }
        | fields.pop("last", {})
    )
    return Login(
        **{
            "address": ADDRESS,
            "credential": "certificate" if posted else "none",
            "answer": answer,
            "exchanges": (asked, last) if posted else (last,),
        }
        | fields
    )


def resolved(*addresses: str, **fields: Any) -> Resolution:
    return Resolution(**{"name": HOST, "source": "dns", "addresses": addresses, "servers": ("10.1.1.1",)} | fields)


def stages(probe: ProbeName = "phone", **ends: tuple[str, str]) -> tuple[Stage, ...]:
    """All stages done, except those named: `first_flight=("skipped", "resolve")`."""
    return tuple(_stage(name, *ends.get(name.replace("-", "_"), ("done", None))) for name in STAGES[probe])


def _stage(name: StageName, status: Any, because: str | None) -> Stage:
    return Stage(name=name, status=status, because=because)


def run(**changes: Any) -> Evidence:
    """A healthy run of a 7962G with an LSC, except for `changes`."""
    healthy: dict[str, Any] = {
        "tool": Tool(name="vpnprobe", version="0", catalogue="0"),
        "probe": "phone",
        "target": Target(gateway=Endpoint(HOST, 443), group_url=parse_group_url(URL)),
        "persona": Persona(profile="7962G", mac=MAC),
        "credential": "certificate",
        "client_chain": names(LSC.der),
        "started_at": NOW,
        "stages": stages(),
        "resolution": resolved("192.0.2.7"),
        "tftp_server": TftpServer(origin="option", endpoint=Endpoint(SERVER, 69), addresses=(SERVER,)),
        "boot_files": (boot_file(),),
        "config": reading(),
        "first_flights": flights(),
        "handshakes": (SESSION,),
        "logins": (login(),),
        "certificates": kept(*_ALL),
    }
    return Evidence(**healthy | changes)


def gateway_run(**changes: Any) -> Evidence:
    """A healthy gateway probe: three profiles' hellos and those of the matrix."""
    gateway: dict[str, Any] = {
        "probe": "gateway",
        "persona": Persona(profile="7962G"),
        "credential": "none",
        "client_chain": (),
        "stages": stages("gateway"),
        "tftp_server": None,
        "boot_files": (),
        "config": None,
        "first_flights": (flight("7962G"), flight("8811"), flight("modern"), *flights()[1:]),
        "handshakes": (),
        "logins": (),
    }
    return run(**gateway | changes)


def unresolved(**fields: Any) -> dict[str, Any]:
    """Evidence fields for a run that ended at the name."""
    return {
        "resolution": resolved(failure=fail(FailureKind.NAME_NOT_FOUND), **fields),
        "stages": stages(
            resolve=("failed", "no address"),
            first_flight=("skipped", "resolve"),
            pin=("skipped", "first-flight"),
            host_id=("skipped", "first-flight"),
            handshake=("skipped", "first-flight"),
            login=("skipped", "handshake"),
        ),
        "first_flights": (),
        "handshakes": (),
        "logins": (),
    }


def without_config(**changes: Any) -> dict[str, Any]:
    """Evidence fields for a run that knows no configuration server."""
    return {
        "tftp_server": TftpServer(
            origin="dns-ciscocm1", endpoint=Endpoint("CiscoCM1", 69), failure=fail(FailureKind.NAME_NOT_FOUND)
        ),
        "boot_files": (),
        "config": reading(None, origin="none", file=None, server=None),
        "stages": stages(
            boot_files=("failed", "no configuration server"),
            config=("skipped", "no configuration"),
            pin=("skipped", "x"),
        ),
    } | changes


def given_hash(*identities: Identity) -> dict[str, Any]:
    """Evidence fields for a run with --cert-hash and nothing else."""
    return {
        "expectation": Expectation(cert_hashes=tuple(map(cert_hash, identities))),
        "tftp_server": TftpServer(origin="config-file"),
        "boot_files": (),
        "config": reading(None, origin="none", file=None, server=None),
    }


def findings(evidence: Evidence, check_id: str) -> list[Finding]:
    """The findings of one check, judged with all others."""
    return [finding for finding in judge(evidence).findings if finding.id == check_id]


def finding(evidence: Evidence, check_id: str, subject: str | None = None) -> Finding:
    """The only finding of a check, or that of one subject."""
    (found,) = (item for item in findings(evidence, check_id) if subject in (None, item.subject))
    return found


def alarms(evidence: Evidence) -> set[str]:
    return {item.id for item in judge(evidence).findings if item.is_alarm}


CHECK_IDS = tuple(check.id for check in CHECKS if "phone" in check.probes)
