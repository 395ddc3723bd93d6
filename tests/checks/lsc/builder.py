"""Evidence of one given certificate for tests: a healthy LSC, and what to change in it.

run()                                  # an LSC as it ought to be, by itself
run(lsc(key_usage=["keyCertSign"]))    # another certificate
run(capf=(CAPF,), authorities=...)     # held against something
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.certificates import Identity, capf, issue, manufacturing_ca, phone_certificate, rsa_key
from tests.checks.evidence_builder import MAC, NOW, certificate_name, names, stages
from vpnprobe.model.certificates import GivenCertificate
from vpnprobe.model.evidence import Evidence, Tool
from vpnprobe.model.observation import CertificateRequest, FirstFlight
from vpnprobe.model.target import Persona, Target

DAY = timedelta(days=1)
SOURCE = "lsc.pem"
GATEWAY = "192.0.2.7:443"

CAPF = capf()
OTHER_CAPF = capf("0badcafe")
RENEWED_CAPF = issue(
    subject=[("C", "US", 19), ("O", "Example"), ("OU", "Voice"), ("CN", "CAPF-18cf046e")],
    key=rsa_key(slot=23),
    ca=True,
    path_length=0,
    key_usage=["digitalSignature", "keyCertSign"],
    serial=2,
)
COMPANY = issue(cn="Example Phone CA", ca=True, key=rsa_key(slot=24), key_usage=["keyCertSign"])
SHA1_FACTORY = manufacturing_ca()
SHA2_FACTORY = manufacturing_ca("Cisco Manufacturing CA SHA2")


def lsc(*, mac: str = MAC, model: str = "7962G", cn: str | None = None, **fields: Any) -> Identity:
    """An LSC of CAPF that lives 1000 days of its 1825."""
    usual: dict[str, Any] = {
        "subject": [("O", "Example"), ("OU", "Voice"), ("CN", cn or f"CP-{model}-SEP{mac}")],
        "issuer": CAPF,
        "key": rsa_key(slot=22),
        "key_usage": ["digitalSignature", "keyEncipherment"],
        "extended_key_usage": ["serverAuth", "clientAuth", "ipsecEndSystem"],
        "not_before": NOW - 825 * DAY,
        "not_after": NOW + 1000 * DAY,
    }
    return issue(**usual | fields)


LSC = lsc()
MIC = phone_certificate(MAC, issuer=SHA1_FACTORY)


def flight(*authorities: Identity, address: str = GATEWAY, **fields: Any) -> FirstFlight:
    """An answer that asks for a client certificate of these."""
    usual: dict[str, Any] = {
        "address": address,
        "hello": "7962G",
        "certificate_request": CertificateRequest(authorities=tuple(one.subject for one in authorities)),
        "connect_s": 0.1,
    }
    return FirstFlight(**usual | fields)


def asked(*authorities: Identity, address: str = GATEWAY) -> dict[str, Any]:
    """What `run` takes for a gateway that names these CAs."""
    return {
        "first_flights": (flight(*authorities, address=address),),
        "authorities": tuple(one.subject for one in authorities),
    }


def item(identity: Identity | bytes = LSC, **fields: Any) -> GivenCertificate:
    der = identity if isinstance(identity, bytes) else identity.der
    return GivenCertificate(**{"source": SOURCE, "certificate": certificate_name(der)} | fields)


def run(identity: Identity | bytes = LSC, **changes: Any) -> Evidence:
    """The Evidence of one certificate, `changes` being fields of `GivenCertificate` or of Evidence.

    `chain` and `capf` are identities.
    """
    der = identity if isinstance(identity, bytes) else identity.der
    near = {field: tuple(one.der for one in changes.pop(field, ())) for field in ("chain", "capf")}
    given = {name: changes.pop(name) for name in GivenCertificate.__struct_fields__ if name in changes}
    given |= {field: names(*ders) for field, ders in near.items()}
    kept = {certificate_name(one): one for one in (der, *near["chain"], *near["capf"])}
    found = item(der, **given)
    usual: dict[str, Any] = {
        "tool": Tool(name="vpnprobe", version="0", catalogue="0"),
        "probe": "certificate",
        "target": Target(source=found.source),
        "persona": Persona(profile="7962G", model="7962G"),
        "started_at": NOW,
        "stages": stages("certificate"),
        "given_certificates": (found,),
        "certificates": kept,
    }
    return Evidence(**usual | changes)


def of(model: str, profile: str | None = None, mac: str | None = None) -> dict[str, Any]:
    """What `run` takes where the operator names the phone."""
    return {"persona": Persona(profile=profile or model, model=model, mac=mac, chosen=True)}


def unread(because: str = "no certificate in it, only: RSA PRIVATE KEY") -> Evidence:
    """A source that no certificate was read from."""
    return run(
        given_certificates=(),
        certificates={},
        stages=stages("certificate", read=("failed", because), certificate=("skipped", "read")),
    )


CUT = LSC.der[:-1]
CUT_RUN = run(CUT)
