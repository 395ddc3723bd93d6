"""One line for each stage: what was seen there, in the engineer's words. Describes Evidence, judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus

from vpnprobe.model.evidence import Evidence, ProbeName, StageName
from vpnprobe.model.observation import BootFile, Validity
from vpnprobe.phoneconfig.meaning import meaning
from vpnprobe.render.capf_lines import describe_capf_stage
from vpnprobe.render.certificate_lines import describe_certificate_stage
from vpnprobe.render.config_lines import describe_config_stage
from vpnprobe.render.escape import printable
from vpnprobe.render.failure_words import describe_failure, describe_flight
from vpnprobe.render.federation_lines import describe_federation_stage
from vpnprobe.render.phone_web_lines import describe_phone_web_stage
from vpnprobe.wire.tls.registry import version_name

# Probes whose stages have lines of their own.
_OF_PROBE: dict[ProbeName, Callable[[Evidence, StageName], str]] = {
    "federation": describe_federation_stage,
    "capf": describe_capf_stage,
    "config": describe_config_stage,
    "certificate": describe_certificate_stage,
    "phone-web": describe_phone_web_stage,
}

_MAX_LENGTH = 1000  # of a sentence: many addresses may each have failed in their own way


def describe_stage(evidence: Evidence, stage: StageName) -> str:
    """Return one sentence about what this stage saw; empty where it saw nothing."""
    describe = _OF_PROBE.get(evidence.probe)
    return printable(describe(evidence, stage) if describe else _DESCRIBE[stage](evidence), _MAX_LENGTH)


def _resolve(evidence: Evidence) -> str:
    resolution = evidence.resolution
    if resolution is None:
        return ""
    name = printable(resolution.name, 60)
    if resolution.failure is not None:
        return f"{name}: {describe_failure(resolution.failure)}"
    if resolution.source == "literal":
        return f"{name} is an address, no DNS needed"
    where = " (this machine's hosts file)" if resolution.source == "hosts-file" else ""
    more = f" and {resolution.left_out} more, not dialled" if resolution.left_out else ""
    return f"{name} is {', '.join(resolution.addresses)}{more}{where}"


def _boot_files(evidence: Evidence) -> str:
    wanted = [file for file in evidence.boot_files if ".cnf.xml" in file.name]
    server = evidence.tftp_server
    if evidence.boot_files:
        origin = _ORIGINS.get(server.origin, "") if server else ""
        return _boot_file((wanted or evidence.boot_files)[-1]) + origin
    if server is None:
        return ""
    if server.failure is not None:
        return f"no configuration server: {describe_failure(server.failure)}"
    return "configuration given, nothing fetched" if server.origin == "config-file" else ""


# Who named the server; the operator's own option needs no word.
_ORIGINS: dict[str, str] = {
    "environment": ", server from the environment",
    "options-file": ", server from the options file",
    "dns-ciscocm1": ", server found as CiscoCM1",
    "dhcp-option-150": ", server from DHCP option 150",
    "dhcp-option-66": ", server from DHCP option 66",
}


def _boot_file(file: BootFile) -> str:
    via = "HTTP" if file.protocol == "http" else "TFTP"
    if file.outcome == "received":
        again = f", {file.retransmissions} packets sent again" if file.retransmissions else ""
        return f"{file.name}, {via}, {file.size:,} bytes{again}"
    text = f"{file.name} by {via} from {file.server}: {file.outcome.replace('-', ' ')}"
    return f'{text}, "{printable(file.message, 60)}"' if file.message and file.code != HTTPStatus.OK else text


def _config(evidence: Evidence) -> str:
    reading = evidence.config
    if reading is None or reading.config is None:
        if evidence.expectation.cert_hashes:
            return f"{len(evidence.expectation.cert_hashes)} certHash given on the command line"
        return printable(reading.problem, 100) if reading is not None and reading.problem else ""
    group = reading.config.vpn_group
    if group is None:
        return f"{reading.config.kind.value} configuration, no vpnGroup read"
    parts = [_count(len(group.urls), "url"), _count(len(group.cert_hashes), "certHash")]
    if group.auth_method is not None:
        method = meaning("auth_method", group.auth_method) or "an unknown method"
        parts.append(f"login by {method.partition(' (')[0]}")
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    plural = "es" if noun.endswith("sh") else "s"
    return f"{number} {noun}{'' if number == 1 else plural}"


def _first_flight(evidence: Evidence) -> str:
    own = evidence.flights(evidence.persona.profile)
    return "; ".join(_distinct(describe_flight(flight) for flight in own))


def _pin(evidence: Evidence) -> str:
    texts: list[str] = []
    for decision in evidence.decisions:
        if decision.rule == "validity":
            texts += [_VALIDITY[decision.validity]] if decision.validity in _VALIDITY else []
        elif decision.rule != "pin":
            continue
        elif decision.goes_on:
            texts.append(f"{decision.matched or 'a certHash'} matches")
        else:
            texts.append("no certHash matches" if decision.goes_on is False else "no certHash to compare with")
    return "; ".join(_distinct(texts))


_VALIDITY: dict[Validity | None, str] = {
    "expired": "the certificate has expired",
    "not-yet-valid": "the certificate is not valid yet",
    "unreadable": "the certificate's dates cannot be read",
}


def _host_id(evidence: Evidence) -> str:
    decided = [decision for decision in evidence.decisions if decision.rule in ("host-id", "host-id-off")]
    if not decided:
        return ""
    if any(decision.rule == "host-id-off" for decision in decided):
        return "the configuration does not ask for it"
    if all(decision.goes_on for decision in decided):
        return "the certificate names this host"
    if any(decision.goes_on is False for decision in decided):
        return "the phone does not accept the certificate's names"
    return "whether the phone accepts the certificate's names is not known"


def _handshake(evidence: Evidence) -> str:
    texts = []
    for handshake in evidence.handshakes:
        if handshake.completed and handshake.version is not None:
            sent = ", client certificate sent" if handshake.client_certificate else ""
            texts.append(f"{version_name(handshake.version)} {handshake.suite_name}{sent}")
        elif handshake.failure is not None:
            texts.append(f"{handshake.address}: {describe_failure(handshake.failure)}")
    return "; ".join(_distinct(texts))


def _login(evidence: Evidence) -> str:
    return "; ".join(
        _distinct(
            f"{' then '.join(exchange.method for exchange in login.exchanges)}: {login.answer.replace('-', ' ')}"
            for login in evidence.logins
        )
    )


def _enumerate(evidence: Evidence) -> str:
    return "; ".join(
        f"{item.address}: {len(item.accepted)} version and suite pairs accepted, {item.flights} hellos"
        for item in evidence.enumerations
    )


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


_DESCRIBE: dict[StageName, Callable[[Evidence], str]] = {
    "resolve": _resolve,
    "boot-files": _boot_files,
    "config": _config,
    "first-flight": _first_flight,
    "pin": _pin,
    "host-id": _host_id,
    "handshake": _handshake,
    "login": _login,
    "enumerate": _enumerate,
}
