"""Makes the files of a config scenario: lists, configurations, the list that the phone holds, its key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import rsa

from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.cluster import Cluster
from vpnprobe.lab.configuration import configuration_file
from vpnprobe.lab.issuing import Issued, rsa_key
from vpnprobe.lab.scenario import CUCM_NAME, PHONE_MAC, Client, Configuration
from vpnprobe.lab.signed_files import ROLE_CAPF, ROLE_CCM_AND_TFTP, ROLE_SAST, file_encrypted_for, signed_file
from vpnprobe.lab.trust.scenario import ConfigScenario
from vpnprobe.model.target import device_name

OLD_CUCM_NAME = "old-cucm.lab.example"

# A list is changed in this byte, which is of the last certificate's own signature: all can still be read.
_CHANGED_AT = -40


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFiles:
    """What is served, by name, and what else the scenario needs. `vouched_for` is what the TVS trusts."""

    served: dict[str, bytes]
    tvs: Issued
    held: bytes | None = None
    key_pem: bytes | None = field(default=None, repr=False)
    vouched_for: tuple[Issued, ...] = ()


def phone_files(scenario: ConfigScenario, pki: LabPki, now: datetime) -> PhoneFiles:
    """Return the files of `scenario`, signed some days before `now`."""
    device = device_name(PHONE_MAC)
    cluster = Cluster(CUCM_NAME, now, pki.authority("capf"), days_left=scenario.trust_list.certificate_days_left)
    old = Cluster(OLD_CUCM_NAME, now, pki.authority("manufacturing"))
    served: dict[str, bytes] = {}
    for name in (f"ITL{device}.tlv", "ITLFile.tlv"):
        data = _served_list(scenario, cluster, name, now)
        served |= {name: data} if data is not None else {}
    served |= _configurations(scenario, cluster, pki, now)
    held = {
        "nothing": None,
        "same": cluster.trust_list("ITLFile.tlv", at=now - timedelta(days=scenario.trust_list.days_old + 30)),
        "newer": cluster.trust_list("ITLFile.tlv", at=now - timedelta(days=1)),
        "other-cluster": old.trust_list("ITLFile.tlv", at=now - timedelta(days=300)),
    }[scenario.holds]
    vouched_for = {
        "nothing": (),
        "renewed": (cluster.renewed_call_manager, cluster.renewed_recovery),
        "other-cluster": (cluster.recovery, cluster.call_manager),
    }[scenario.tvs_trusts]
    return PhoneFiles(
        served=served,
        held=held,
        key_pem=pki.client(Client(), "CP-7962G").key_pem if scenario.gives_key else None,
        tvs=(old if scenario.holds == "other-cluster" else cluster).tvs,
        vouched_for=vouched_for,
    )


def _served_list(scenario: ConfigScenario, cluster: Cluster, name: str, now: datetime) -> bytes | None:
    wanted = scenario.trust_list
    at = now - timedelta(days=wanted.days_old)
    members = [
        (wanted.tftp_role if role == ROLE_CCM_AND_TFTP else role, issued)
        for role, issued in cluster.members
        if wanted.names_capf or role != ROLE_CAPF
    ]
    if wanted.tftp_role != ROLE_CCM_AND_TFTP:
        members.append((ROLE_CCM_AND_TFTP, cluster.renewed_call_manager))
    match wanted.kind:
        case "none":
            return None
        case "blank":
            return cluster.trust_list(name, members=[(ROLE_SAST, cluster.recovery)], at=at)
        case "cut":
            return cluster.trust_list(name, members=members, at=at)[:-100]
        case "changed":
            changed = bytearray(cluster.trust_list(name, members=members, at=at))
            changed[_CHANGED_AT] ^= 0x01
            return bytes(changed)
        case "renewed-signer":
            members = [(ROLE_SAST, cluster.renewed_recovery), *members[1:]]
            return cluster.trust_list(name, members=members, signer=cluster.renewed_recovery, at=at)
        case _:
            return cluster.trust_list(name, members=members, at=at)


def _configurations(scenario: ConfigScenario, cluster: Cluster, pki: LabPki, now: datetime) -> dict[str, bytes]:
    wanted = scenario.config
    plain_name = f"{device_name(PHONE_MAC)}.cnf.xml"
    full = _configuration(scenario, wanted.settings)
    if wanted.kind == "plain":
        return {plain_name: full}
    signer = cluster.renewed_call_manager if wanted.signer == "renewed" else cluster.call_manager
    at = now - timedelta(days=wanted.days_old)
    signed_name, encrypted_name = f"{plain_name}.sgn", f"{plain_name}.enc.sgn"
    if wanted.kind.startswith("encrypted"):
        # The short form is what everybody may read.
        short = Configuration(form="short", capf_auth_mode=wanted.settings.capf_auth_mode)
        phone = pki.client(Client(), "CP-7962G").key if wanted.kind == "encrypted" else rsa_key("other phone")
        recipient = phone.public_key()
        assert isinstance(recipient, rsa.RSAPublicKey)
        return {
            signed_name: signed_file(_configuration(scenario, short), signed_name, signer, at, wanted.digest),
            encrypted_name: file_encrypted_for(recipient, full, encrypted_name, signer, at),
        }
    data = signed_file(full, signed_name, signer, at, wanted.digest)
    if wanted.kind == "changed":
        data = data.replace(b"<sshAccess>1", b"<sshAccess>0")
    return {plain_name: full, signed_name: data}


def _configuration(scenario: ConfigScenario, settings: Configuration) -> bytes:
    return configuration_file(settings, model=scenario.model, group_url="", cert_hashes=())
