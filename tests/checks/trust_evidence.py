"""Small Evidence about trust lists and signed files: a healthy run of the config probe, and what to change in it.

config_run()                                  # a list and a configuration that it covers
config_run(**signed_by(status="invalid"))     # the configuration's signature differs in this
config_run(trust_lists=(itl(), held()))       # the phone holds a list already
"""

from __future__ import annotations

from typing import Any

import msgspec

from tests.certificates import Identity, capf, issue
from tests.checks.evidence_builder import CONFIG, CONFIG_NAME, MAC, SERVER, certificate_name, reading, run, stages
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.observation import BootFile, SignedFile, TftpServer
from vpnprobe.model.target import Endpoint, Persona, Target
from vpnprobe.model.trust import Encryption, SignatureReading, TrustList, TrustRecord, TvsAnswer

DEVICE = f"SEP{MAC}"
ITL_NAME = f"ITL{DEVICE}.tlv"
SIGNED_NAME = f"{CONFIG_NAME}.sgn"
ENCRYPTED_NAME = f"{CONFIG_NAME}.enc.sgn"
TVS_AT = f"{SERVER}:2445"

# 2026-11-20, the day before the runs of these tests.
YESTERDAY = 1795132800

CALL_MANAGER = issue(cn="cucm1.example.com", serial=0x5A01)
RECOVERY = issue(cn="ITLRECOVERY_cucm1.example.com", serial=0x5A02)
TVS = issue(cn="cucm1-tvs.example.com", serial=0x5A03)
CAPF = capf()
OLD_CALL_MANAGER = issue(cn="old1.example.com", serial=0x6A01)
OLD_TVS = issue(cn="old1-tvs.example.com", serial=0x6A02)

_SERIALS = {CALL_MANAGER.der: "5a01", RECOVERY.der: "5a02", TVS.der: "5a03", OLD_CALL_MANAGER.der: "6a01"}
CERTIFICATES = {
    certificate_name(one.der): one.der for one in (CALL_MANAGER, RECOVERY, TVS, CAPF, OLD_CALL_MANAGER, OLD_TVS)
}


def record(role: int, identity: Identity, **changes: Any) -> TrustRecord:
    """A record of this role for a certificate."""
    usual: dict[str, Any] = {"role": role, "certificate": certificate_name(identity.der)}
    return TrustRecord(**usual | changes)


RECORDS = (
    record(0, RECOVERY),
    record(0, CALL_MANAGER),
    record(2, CALL_MANAGER),
    record(4, CAPF),
    record(21, TVS, addresses=(SERVER,)),
)
OLD_RECORDS = (record(0, OLD_CALL_MANAGER), record(2, OLD_CALL_MANAGER), record(21, OLD_TVS))


def signature(status: Any = "valid", signer: Identity | None = CALL_MANAGER, **changes: Any) -> SignatureReading:
    """A signature of the CallManager certificate, which the ITL names."""
    return SignatureReading(
        **{
            "status": status,
            "hash_algorithm": "sha1",
            "key_bits": 2048,
            "signer": None if signer is None else certificate_name(signer.der),
            "source": "ITL",
            "taken_from": ITL_NAME,
            "roles": (0, 2),
        }
        | changes
    )


UNKNOWN = signature("unknown-signer", None, source=None, taken_from=None, roles=())


def itl(**changes: Any) -> TrustList:
    """The list that the server gives."""
    usual: dict[str, Any] = {
        "kind": "ITL",
        "name": ITL_NAME,
        "origin": "fetched",
        "sha256": "aa" * 32,
        "signer": "CN=ITLRECOVERY_cucm1.example.com",
        "issuer": "CN=ITLRECOVERY_cucm1.example.com",
        "serial": "5a02",
        "timestamp": YESTERDAY,
        "records": RECORDS,
        "own_signature": signature(signer=RECOVERY, source="itself", roles=(0,)),
    }
    return TrustList(**usual | changes)


def held(**changes: Any) -> TrustList:
    """The list that the phone holds: the same one."""
    return itl(**{"name": "held.tlv", "origin": "held", "sha256": "cc" * 32} | changes)


def signed_file(reading: SignatureReading | None, **changes: Any) -> SignedFile:
    usual: dict[str, Any] = {
        "header_length": 400,
        "signer": "CN=cucm1.example.com",
        "issuer": "CN=cucm1.example.com",
        "serial": "5a01",
        "hash_algorithm": "sha1",
        "key_bits": 2048,
        "file_name": SIGNED_NAME,
        "timestamp": YESTERDAY,
        "signature": reading,
    }
    return SignedFile(**usual | changes)


def config_file(signed: SignedFile | None, **changes: Any) -> BootFile:
    usual: dict[str, Any] = {
        "name": SIGNED_NAME if signed else CONFIG_NAME,
        "protocol": "tftp",
        "server": f"{SERVER}:69",
    }
    return BootFile(**usual | {"outcome": "received", "size": 2400, "signed": signed} | changes)


def list_file(outcome: Any = "received", **changes: Any) -> BootFile:
    return BootFile(**{"name": ITL_NAME, "protocol": "tftp", "server": f"{SERVER}:69", "outcome": outcome} | changes)


def files(signed: SignedFile | None, **changes: Any) -> dict[str, Any]:
    """Evidence fields for a list and this configuration file."""
    return {"boot_files": (list_file(), config_file(signed, **changes))}


def signed_by(reading: SignatureReading | None = None, **changes: Any) -> dict[str, Any]:
    """Evidence fields for a configuration with this signature."""
    return files(signed_file(reading or signature(**changes)))


def encrypted(**changes: Any) -> dict[str, Any]:
    """Evidence fields for an encrypted configuration; `changes` are of how it is encrypted."""
    how = Encryption(**{"iv_length": 16, "key_bits": 2048, "key_algorithm": 1, "wrapped_key_length": 256} | changes)
    header = signed_file(signature(), encrypted=True, encryption=how, file_name=ENCRYPTED_NAME)
    return files(header, name=ENCRYPTED_NAME)


def no_list(outcome: Any = "not-found") -> dict[str, Any]:
    """Evidence fields for a server that gives no list, and an unsigned configuration."""
    return {"trust_lists": (), "boot_files": (list_file(outcome), config_file(None))}


def tvs(status: Any = "trusted", **changes: Any) -> TvsAnswer:
    """What the TVS says of the configuration's signer."""
    usual: dict[str, Any] = {"server": TVS_AT, "issuer": "CN=cucm1.example.com", "serial": "5a01", "code": 0}
    return TvsAnswer(**usual | {"status": status} | changes)


def config_run(**changes: Any) -> Evidence:
    """A healthy run of the config probe for a 7962G, except for `changes`."""
    healthy: dict[str, Any] = {
        "probe": "config",
        "target": Target(source=DEVICE),
        "persona": Persona(profile="7962G", model="7962G", mac=MAC),
        "credential": "none",
        "client_chain": (),
        "stages": stages("config", tvs=("skipped", "--tvs not given")),
        "resolution": None,
        "tftp_server": TftpServer(origin="option", endpoint=Endpoint(SERVER, 69), addresses=(SERVER,)),
        "trust_lists": (itl(),),
        "config": reading(CONFIG, file=SIGNED_NAME),
        "first_flights": (),
        "handshakes": (),
        "logins": (),
        "certificates": CERTIFICATES,
    }
    return run(**healthy | signed_by() | changes)


def phone_run(**changes: Any) -> Evidence:
    """A healthy run of the phone probe in which the same files were fetched."""
    fields = {"trust_lists": (itl(),), "config": reading(CONFIG, file=SIGNED_NAME)} | signed_by()
    evidence = run(**fields | changes)
    return msgspec.structs.replace(evidence, certificates=evidence.certificates | CERTIFICATES)
