"""Facts of the configuration: where it was looked for, what arrived, what it says of the VPN."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from vpnprobe.checks.base import Case, Lack, Need
from vpnprobe.checks.needs.stages import not_reached
from vpnprobe.checks.subjects import config_file_name
from vpnprobe.checks.wording import describe_failure
from vpnprobe.model.config import ConfigKind, PhoneConfig, VpnGroup
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.observation import BootFile, TftpServer
from vpnprobe.pki.fingerprint import CertHash, parse_cert_hash, parse_expected_hash


def replaced_config(evidence: Evidence) -> str | None:
    """Return the option that stands in for a configuration, so that none was wanted; None where one was."""
    if evidence.expectation.cert_hashes and not evidence.boot_files and not has_config(evidence):
        return "--cert-hash"
    return None


def has_config(evidence: Evidence) -> bool:
    """Whether a configuration file is at hand, readable or not."""
    return evidence.config is not None and (evidence.config.origin != "none" or evidence.config.config is not None)


def _read_server(case: Case) -> TftpServer | Lack:
    option = replaced_config(case.evidence)
    server = case.evidence.tftp_server
    if option is None and server is not None and server.origin == "config-file":
        option = "--config" if case.evidence.probe == "phone" else "a file"
    if option is not None:
        return Lack(f"{option} was given, so no configuration server is asked", "not-applicable")
    return case.evidence.tftp_server or not_reached(case.evidence, "boot-files")


server = Need(("the search for a configuration server",), _read_server)


def is_named(server: TftpServer) -> bool:
    """Whether somebody named a configuration server; the name that phones try by default counts where it resolves."""
    return server.endpoint is not None and (server.origin != "dns-ciscocm1" or bool(server.addresses))


def asked_files(evidence: Evidence) -> tuple[BootFile, ...]:
    """Return what came of each request for a boot file."""
    return tuple(file for file in evidence.boot_files if file.outcome != "skipped")


SILENT = frozenset({"timeout", "unreachable"})
BROKEN = frozenset({"truncated", "too-large", "malformed"})


def _read_asked(case: Case) -> tuple[BootFile, ...] | Lack:
    found = _read_server(case)
    if isinstance(found, Lack):
        return found
    asked = asked_files(case.evidence)
    if asked:
        return asked
    if not is_named(found):
        return Lack("no configuration server is known (TFT001)")
    if found.failure is not None:
        return Lack(f"the configuration server has no address (TFT002): {describe_failure(found.failure)}")
    return not_reached(case.evidence, "boot-files")


asked = Need(("an attempt to fetch a boot file",), _read_asked)


def config_fetches(asked: Sequence[BootFile]) -> tuple[BootFile, ...]:
    """Return the requests for the phone's configuration file."""
    return tuple(file for file in asked if ".cnf.xml" in file.name)


def unanswered(asked: Sequence[BootFile]) -> tuple[BootFile, ...]:
    """Return the requests whose silence kept the configuration away; none where the server does answer.

    A server that falls silent before is not asked for the configuration any more.
    """
    wanted = config_fetches(asked)
    silent = tuple(file for file in wanted or asked if file.outcome in SILENT)
    is_lost = len(silent) == len(wanted) if wanted else asked[-1] in silent
    return silent if is_lost else ()


def _read_fetches(case: Case) -> tuple[BootFile, ...] | Lack:
    found = _read_asked(case)
    if isinstance(found, Lack):
        return found
    if unanswered(found):
        return Lack("the configuration server does not answer (TFT002)")
    return config_fetches(found) or not_reached(case.evidence, "boot-files")


fetches = Need(("an answer to the request for the configuration file",), _read_fetches)


def _read_arrived(case: Case) -> tuple[BootFile, ...] | Lack:
    given = tuple(file for file in config_fetches(case.evidence.boot_files) if file.protocol == "file")
    return given or _read_fetches(case)


# Where the operator gave the files, they count as those that were asked for.
arrived = Need(("an answer to the request for the configuration file",), _read_arrived)


class ConfigFile(msgspec.Struct, frozen=True):
    """A configuration file at hand: what it says, or why it cannot be read."""

    name: str
    config: PhoneConfig | None
    problem: str | None


def _read_config_file(case: Case) -> ConfigFile | Lack:
    evidence = case.evidence
    option = replaced_config(evidence)
    if option is not None:
        return Lack(f"{option} was given in place of a configuration", "not-applicable")
    reading = evidence.config
    if reading is None or not has_config(evidence):
        found = _read_fetches(case)
        if isinstance(found, Lack):
            return found
        if all(file.outcome != "received" for file in found):
            return Lack(f"no configuration arrived: {found[-1].name} {found[-1].outcome.replace('-', ' ')}")
        return not_reached(evidence, "config")
    return ConfigFile(reading.file or config_file_name(evidence), reading.config, reading.problem)


config_file = Need(("a configuration file",), _read_config_file)


def _read_config(case: Case) -> PhoneConfig | Lack:
    found = _read_config_file(case)
    if isinstance(found, Lack):
        return found
    if found.config is None or found.config.kind in (ConfigKind.EMPTY, ConfigKind.NOT_A_CONFIG):
        return Lack(f"{found.name} cannot be read (CFG001)")
    return found.config


config = Need(("a readable configuration",), _read_config)


def _read_full_config(case: Case) -> PhoneConfig | Lack:
    found = _read_config(case)
    if isinstance(found, Lack) or found.kind is ConfigKind.FULL:
        return found
    return Lack("only the phone can read its encrypted configuration (CFG002)")


full_config = Need(("a configuration in clear",), _read_full_config)


def _read_vpn_group(case: Case) -> VpnGroup | Lack:
    found = _read_full_config(case)
    if isinstance(found, Lack):
        return found
    return found.vpn_group or Lack("the configuration holds no vpnGroup (CFG003)")


vpn_group = Need(("the vpnGroup of the configuration",), _read_vpn_group)


class Pins(msgspec.Struct, frozen=True):
    """The certHashes to compare with, the name of each, and the text of hashAlg."""

    hashes: tuple[CertHash, ...]
    names: tuple[str, ...]
    hash_alg: str | None


def _read_pins(case: Case) -> Pins | Lack:
    given = case.evidence.expectation.cert_hashes
    if given:
        names = tuple(f"--cert-hash {number}" for number in range(1, len(given) + 1))
        return Pins(tuple(map(parse_expected_hash, given)), names, None)
    group = _read_vpn_group(case)
    if isinstance(group, Lack):
        return Lack(f"no certHash is known: {group.why}")
    if not group.cert_hashes:
        return Lack("the configuration holds no certHash (CFG005)")
    return Pins(
        tuple(parse_cert_hash(written.text) for written in group.cert_hashes),
        tuple(f"certHash{written.index}" for written in group.cert_hashes),
        group.hash_alg,
    )


pins = Need(("a certHash",), _read_pins)


def find_pins(case: Case) -> Pins | None:
    """Return the certHashes where some are known, for checks that can do without."""
    found = _read_pins(case)
    return None if isinstance(found, Lack) else found


def login_method(case: Case) -> int | Lack | None:
    """Return authMethod of the configuration; None where the configuration does not say."""
    group = _read_vpn_group(case)
    return group if isinstance(group, Lack) else group.auth_method


def _read_certificate_login(case: Case) -> Lack | None:
    method = login_method(case)
    if isinstance(method, int):
        is_other = method != CERTIFICATE_LOGIN
        return Lack("the phone does not log in with a certificate", "not-applicable") if is_other else None
    if case.evidence.credential == "certificate":
        return None
    return method or Lack("authMethod is absent, so how the phone logs in is not known (CFG010)")


CERTIFICATE_LOGIN = 2  # authMethod: LSC if installed, else MIC (VP-12)

certificate_login = Need(("a login by certificate",), _read_certificate_login)
