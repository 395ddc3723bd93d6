"""The values of a run that guides may name in braces, such as `{host}`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from vpnprobe.checks.base import Subject
from vpnprobe.checks.subjects import config_file_name
from vpnprobe.model.capf import Family
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.federation import AUTHORITATIVE_VIEW
from vpnprobe.model.target import DNS_PORT, TFTP_PORT, Endpoint, parse_endpoint

# Every placeholder that any run can fill. Others must be facts of the finding.
RUN_VALUES: Final = (
    "address",
    "capf",
    "config_file",
    "config_server",
    "device",
    "domain",
    "gateway",
    "group_url",
    "host",
    "http_endpoint",
    "ip",
    "mac",
    "online_ca",
    "online_ca_port",
    "path",
    "port",
    "profile",
    "target",
    "tftp_endpoint",
    "tftp_server",
    "tls_version",
)

# CUCM's port for files by HTTP.
HTTP_PORT: Final = 6970

# Who named the configuration server in words that `--tftp` repeats.
_NAMED: Final = ("option", "environment", "options-file")

# A phone with one kind of address, as `--phone-addresses` says it.
_ADDRESSES: Final[dict[tuple[Family, ...], str]] = {("IPv4",): "v4", ("IPv6",): "v6"}

# The option of `openssl s_client` for a version, by its wire number.
_OPENSSL_OPTIONS: Final = {0x0301: "-tls1", 0x0302: "-tls1_1", 0x0303: "-tls1_2"}


def run_values(evidence: Evidence, subject: Subject) -> dict[str, str]:
    """Return what is known of `RUN_VALUES`; what is not is left out."""
    target, persona = evidence.target, evidence.persona
    server = evidence.tftp_server
    files = _file_server(evidence)
    own = next(iter(evidence.flights(persona.profile)), None)
    ca = evidence.capf.online_ca if evidence.capf is not None else None
    where = None if subject.address is None else _endpoint(subject.address, target.port)
    known = {
        "address": subject.address,
        "capf": None if evidence.capf is None else str(evidence.capf.server),
        "config_file": config_file_name(evidence) if persona.mac else None,
        "config_server": server.endpoint.host if server is not None and server.endpoint is not None else None,
        "device": persona.device,
        "domain": target.domain,
        "gateway": str(target.gateway or target.label),
        "group_url": target.group_url.text if target.group_url is not None else None,
        "host": target.host,
        "http_endpoint": None if files is None else str(Endpoint(files.host, _http_port(evidence) or HTTP_PORT)),
        "ip": None if where is None else where.host,
        "mac": persona.mac,
        "online_ca": None if ca is None else ca.endpoint.host,
        "online_ca_port": None if ca is None else str(ca.endpoint.port),
        "path": target.group_url.path if target.group_url is not None else None,
        "port": str(target.port if where is None else where.port),
        "profile": persona.profile,
        "target": subject.target,
        "tftp_endpoint": None if files is None else str(files),
        "tftp_server": _tftp_server(evidence),
        "tls_version": _OPENSSL_OPTIONS.get(own.offered_version) if own is not None else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def as_in_this_run(evidence: Evidence, subject: Subject, command: str) -> str:
    """Return a shell command with what this run was given, so that it asks the same servers as the same phone.

    File names are no part of Evidence: for those of a federation's run a placeholder stands, so that the command does
    not answer differently without them; a phone's login is not repeated. Where the subject is what one DNS view says,
    that view's server is asked.
    """
    program, _, rest = command.partition(" ")
    if program == "vpnprobe":
        return " ".join([command, *_options(evidence, rest.partition(" ")[0], command)])
    asked = _asked_resolver(evidence, subject)
    if program == "nslookup" and asked is not None:
        port = f"-port={asked.port} " if asked.port != DNS_PORT else ""
        return f"{program} {port}{rest} {shlex.quote(asked.host)}"
    if program == "delv" and asked is not None:
        port = f"-p {asked.port} " if asked.port != DNS_PORT else ""
        return f"{program} @{shlex.quote(asked.host)} {port}{rest}"
    return command


def _options(evidence: Evidence, subcommand: str, command: str) -> Iterator[str]:
    if subcommand == "federation":
        switches, given = _federation_options(evidence)
    elif subcommand == "capf":
        switches, given = _capf_options(evidence)
    elif subcommand == "config":
        switches, given = _config_switches(evidence), _phone_options(evidence, subcommand)
    elif subcommand in ("phone", "gateway", "hash"):
        switches, given = [], _phone_options(evidence, subcommand)
    else:
        return
    given += [("--resolver", str(resolver)) for resolver in evidence.target.resolvers]
    yield from (switch for switch in switches if switch.partition(" ")[0] not in command.split())
    for option, value in given:
        if option not in command:
            yield f"{option} {shlex.quote(value)}"


def _phone_options(evidence: Evidence, subcommand: str) -> list[tuple[str, str]]:
    persona, server = evidence.persona, evidence.tftp_server
    # A gateway probe without the option judges every model; a repeated one must do so again.
    has_model = subcommand != "gateway" or evidence.probe == "phone" or persona.chosen
    given = [("--model", persona.model or persona.profile)] if has_model else []
    fetches = subcommand in ("phone", "config")
    if fetches and server is not None and server.endpoint is not None:
        if server.origin in _NAMED:
            given.append(("--tftp", str(server.endpoint)))
        elif server.origin.startswith("dhcp"):
            given.append(("--tftp", "dhcp"))
    port = _http_port(evidence)
    if fetches and port not in (None, HTTP_PORT):
        given.append(("--http-port", str(port)))
    return given


def _config_switches(evidence: Evidence) -> list[str]:
    encrypted = (file.signed.encryption for file in evidence.boot_files if file.signed is not None)
    switches = {
        "--trust-list <held-list>": any(one.origin == "held" for one in evidence.trust_lists),
        "--key <pem>": any(one is not None and one.decrypted is not None for one in encrypted),
        "--tvs": bool(evidence.tvs),
    }
    return [switch for switch, is_on in switches.items() if is_on]


def _federation_options(evidence: Evidence) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the switches, among them those with a placeholder, and the options with a value."""
    seen, expected = evidence.federation, evidence.expectation
    switches = {
        "--authoritative": seen is not None and any(srv.view == AUTHORITATIVE_VIEW for srv in seen.srv),
        "--imp": expected.im_and_presence,
        "--sip": seen is not None and any(visit.sip is not None for visit in seen.visits),
        "--ca <file>": seen is not None and bool(seen.given_roots),
        "--client-cert <file> --client-key <file>": bool(evidence.client_chain),
    }
    given: list[tuple[str, str]] = [("--partner", expected.partner)] if expected.partner != "any" else []
    senders = (visit.sip.sender for visit in seen.visits if visit.sip is not None) if seen is not None else ()
    given += [("--sip-from", sender) for sender in senders if sender is not None][:1]
    return [switch for switch, is_on in switches.items() if is_on], [
        *given,
        *(("--expect", fingerprint) for fingerprint in expected.certificates),
    ]


def _capf_options(evidence: Evidence) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the switches, among them those with a placeholder, and the options with a value."""
    seen, persona = evidence.capf, evidence.persona
    if seen is None:
        return [], []
    switches = {
        "--retries": bool(seen.retries),
        "--trust-list <file>": bool(evidence.trust_lists),
        "--capf-cert <file>": bool(seen.ca_certificates) and not evidence.trust_lists,
        "--config <file>": evidence.config is not None,
    }
    ca = seen.online_ca
    known = {
        "--model": persona.model or persona.profile,
        "--phone-stack": None if seen.stack == "dual" else seen.stack,
        "--phone-addresses": _ADDRESSES.get(seen.phone_addresses) if seen.stack == "dual" else None,
        "--enable-ipv6": None if seen.ipv6_enabled is None else str(seen.ipv6_enabled).lower(),
        "--idle-timeout": None if seen.idle_timeout_min is None else f"{seen.idle_timeout_min:g}",
        "--keep-alive": None if seen.keep_alive_min is None else f"{seen.keep_alive_min:g}",
        "--online-ca": None if ca is None else str(ca.endpoint),
    }
    return [switch for switch, is_on in switches.items() if is_on], [
        (option, value) for option, value in known.items() if value is not None
    ]


def _file_server(evidence: Evidence) -> Endpoint | None:
    """Return where the configuration is fetched, by address where that is known: a shell may ask another DNS."""
    server = evidence.tftp_server
    if server is None or server.endpoint is None:
        return None
    return Endpoint(server.addresses[0] if server.addresses else server.endpoint.host, server.endpoint.port)


def _tftp_server(evidence: Evidence) -> str | None:
    """Return the configuration server as `--tftp` takes it: by its name, the port only where it is not the usual."""
    endpoint = evidence.tftp_server.endpoint if evidence.tftp_server is not None else None
    if endpoint is None:
        return None
    return endpoint.host if endpoint.port == TFTP_PORT else str(endpoint)


def _http_port(evidence: Evidence) -> int | None:
    asked = (_endpoint(file.server, HTTP_PORT) for file in evidence.boot_files if file.protocol == "http")
    return next((where.port for where in asked if where is not None), None)


def _asked_resolver(evidence: Evidence, subject: Subject) -> Endpoint | None:
    if subject.view is None and evidence.target.resolvers:
        return evidence.target.resolvers[0]
    if evidence.federation is not None:
        asked = (srv.servers for srv in evidence.federation.srv if subject.view in (None, srv.view))
        servers = next(asked, ())
    else:
        servers = evidence.resolution.servers if evidence.resolution is not None else ()
    return _endpoint(servers[0], DNS_PORT) if servers else None


def _endpoint(text: str, default_port: int) -> Endpoint | None:
    """Read what an observation wrote; Evidence of another hand may hold anything."""
    try:
        return parse_endpoint(text, default_port)
    except UsageError:
        return None
