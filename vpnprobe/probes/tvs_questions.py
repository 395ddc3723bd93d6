"""Asks the TVS servers of the phone's trust list about the signers that the list does not know. Only reads."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import msgspec

from vpnprobe.model.config import PhoneConfig
from vpnprobe.model.failure import Failure
from vpnprobe.model.target import TVS_PORT, Endpoint, device_name
from vpnprobe.model.trust import TrustList, TrustRecord, TvsAnswer
from vpnprobe.pki.trust_decision import TVS, Signer
from vpnprobe.probes.options import ConfigOptions
from vpnprobe.probes.recorder import Recorder
from vpnprobe.probes.trust import TrustFiles
from vpnprobe.transport.names import Resolver
from vpnprobe.wire.tvs import SignerName

# A cluster has three TVS servers in a phone's configuration at most; a hostile list must not make us dial more.
MAX_SERVERS: Final = 6
MAX_SIGNERS: Final = 4

# The device that a phone's question names where the run is about no phone in particular.
_NO_DEVICE: Final = "SEP000000000000"

# A common name that is a host's, in the text of a record: `CN=cucm1.example.com;OU=IT` or with commas.
_COMMON_NAME = re.compile(r"(?:^|[;,])\s*CN=([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?=\s*(?:[;,]|$))")


async def ask_tvs(
    trust: TrustFiles,
    recorder: Recorder,
    resolver: Resolver,
    config: PhoneConfig | None,
    options: ConfigOptions,
) -> None:
    """Ask about each unknown signer until a server trusts it; then check again what it signed.

    The list comes first: where a TVS makes the phone take it, it may know who signed the configuration.
    """
    asked: set[Signer] = set()
    while len(asked) < MAX_SIGNERS:
        signer = next((one for one in trust.unknown_signers() if one not in asked), None)
        if signer is None:
            return
        asked.add(signer)
        for endpoint in _servers(trust, config, options.tvs_port):
            if await _ask(trust, recorder, resolver, endpoint, signer, options):
                trust.check_lists()
                trust.check_files()
                break


async def _ask(
    trust: TrustFiles,
    recorder: Recorder,
    resolver: Resolver,
    endpoint: Endpoint,
    signer: Signer,
    options: ConfigOptions,
) -> bool:
    """Ask one server; True where it vouches for the signer and gave his certificate."""
    from vpnprobe.transport.tls_settings import TlsSettings
    from vpnprobe.transport.tvs import query_tvs

    name = SignerName(
        subject=signer.subject or "", issuer=signer.issuer or "", serial=bytes.fromhex(signer.serial or "")
    )
    resolution = await resolver.resolve(endpoint.host, options.network.families)
    if not resolution.addresses:
        recorder.tvs.append(_unasked(endpoint, signer, resolution.failure))
        return False
    profile = options.profile
    settings = TlsSettings(
        minimum=profile.minimum_version, maximum=profile.hello.client_version, suites=profile.hello.suites
    )
    device = device_name(options.mac) if options.mac is not None else _NO_DEVICE
    reply = await query_tvs(
        Endpoint(resolution.addresses[0], endpoint.port),
        name,
        device=profile.client_username(device) or device,
        settings=settings,
        timeout=options.network.timeout,
    )
    recorder.keep(reply.certificates)
    answer = reply.answer
    if answer.leaf is not None and not _is_listed(answer.leaf, trust.in_force, recorder):
        # A phone knows its TVS by the certificate in its list, and hangs up on any other.
        problem = f"{answer.server} shows a certificate that no list of the phone has"
        answer = msgspec.structs.replace(answer, status="no-answer", problem=problem)
    recorder.tvs.append(answer)
    if answer.status != "trusted" or reply.signer is None:
        return False
    trust.vouch(signer, reply.signer, answer)
    return True


def _servers(trust: TrustFiles, config: PhoneConfig | None, port: int | None) -> list[Endpoint]:
    """Return the servers that the lists in force name; where these name no host, those of the configuration."""
    configured = {one.address: one.port or TVS_PORT for one in config.tvs if one.address} if config else {}
    listed = (record for one in trust.in_force for record in one.having(TVS))
    hosts = dict.fromkeys(host for record in listed for host in _hosts(record))
    wanted = hosts or dict.fromkeys(configured)
    found = [Endpoint(host, port or configured.get(host, TVS_PORT)) for host in wanted]
    return found[:MAX_SERVERS]


def _hosts(record: TrustRecord) -> tuple[str, ...]:
    """Return where the server of a record is: its addresses, its name, or the host name that its subject has."""
    if record.addresses:
        return record.addresses
    if record.name:
        return (record.name,)
    subject = _COMMON_NAME.search(record.subject or "")
    return (subject[1],) if subject is not None else ()


def _is_listed(leaf: str, lists: tuple[TrustList, ...], recorder: Recorder) -> bool:
    """Whether a certificate is that of a TVS record, which has it whole or as a hash."""
    [der] = recorder.certificates((leaf,))
    return any(
        record.certificate == leaf
        or (
            record.certificate_hash is not None
            and record.hash_algorithm is not None
            and record.certificate_hash == hashlib.new(record.hash_algorithm, der, usedforsecurity=False).hexdigest()
        )
        for one in lists
        for record in one.having(TVS)
    )


def _unasked(endpoint: Endpoint, signer: Signer, failure: Failure | None) -> TvsAnswer:
    return TvsAnswer(
        server=str(endpoint),
        status="no-answer",
        subject=signer.subject,
        issuer=signer.issuer,
        serial=signer.serial,
        failure=failure,
        problem=f"{endpoint.host} has no address",
    )
