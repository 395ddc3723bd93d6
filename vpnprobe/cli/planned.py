"""Probes of a plan: their options are those of the commands of the same name, read by the same rules."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import typer
from typer.core import TyperCommand, TyperOption
from typer.exceptions import TyperException

from vpnprobe.cli import capf, cert, config, federation, gateway, phone
from vpnprobe.cli.badusage import wanted_value
from vpnprobe.cli.options import PARALLEL, PAUSE, network_options, parse_resolvers
from vpnprobe.cli.secrets import read_password
from vpnprobe.federation.domain import parse_domain
from vpnprobe.model.choice import did_you_mean
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import CAPF_PORT, HTTPS_PORT, parse_endpoint, parse_group_url, parse_mac
from vpnprobe.render.escape import printable

if TYPE_CHECKING:
    from vpnprobe.fleet.measuring import Probe
    from vpnprobe.fleet.plan import Kind, Plan
    from vpnprobe.phones.profile import PhoneProfile

Meaning: TypeAlias = Callable[[Any], object]

# What is about the report, about several targets at once, or about trying again, which a plan's thresholds do.
_COMMAND_LINE_ONLY = (
    *("format", "json", "output", "quiet", "verbose", "from-file", "at-once"),
    *("show", "diff", "retries"),
)


class CommandOptions:
    """The options of one command that a plan may set (`ProbeOptions`).

    `argument` is the option that stands for the command's argument, `make` is given the values of all parameters by
    their names, and which options were given. `meanings` are those of this command's own options.
    """

    def __init__(
        self,
        command: TyperCommand,
        make: Callable[[dict[str, Any], Collection[str]], Probe],
        *,
        argument: str | None = None,
        required: Collection[str],
        meanings: Mapping[str, Meaning] | None = None,
    ) -> None:
        self.required = required
        self._meanings = {**_MEANINGS, **(meanings or {})}
        self._make = make
        self._argument = argument
        self._context = typer.Context(command)
        self._parameters = {
            name: parameter
            for parameter in command.params
            if isinstance(parameter, TyperOption)
            and (name := max(parameter.opts, key=len).lstrip("-")) not in _COMMAND_LINE_ONLY
        }

    def read(self, option: str, value: object) -> object:
        """Return the value as the command takes it; raises `UsageError` that says what to write."""
        read = _text(option, value) if option == self._argument else self._coerced(option, value)
        if option in self._meanings:
            try:
                self._meanings[option](read)
            except UsageError as error:
                # On the command line the option has dashes in front.
                raise UsageError(f"{option}: {str(error).removeprefix(f'--{option}').lstrip(': ')}") from error
        return read

    def make(self, options: Mapping[str, Any]) -> Probe:
        """Make the probe. What is not given is as the command has it; the environment has no say."""
        values: dict[str, Any] = {
            parameter.name: parameter.get_default(self._context) for parameter in self._parameters.values()
        }
        for option, value in options.items():
            values[option if option == self._argument else self._parameters[option].name] = value
        values["network"] = network_options(
            values.pop("resolver"),
            ipv4=values.pop("ipv4"),
            ipv6=values.pop("ipv6"),
            timeout=values.pop("timeout"),
            deadline=values.pop("deadline"),
            parallel=values.pop("parallel", PARALLEL),
            pause=values.pop("pause", PAUSE),
        )
        return self._make(values, options)

    def _coerced(self, option: str, value: object) -> object:
        parameter = self._parameters.get(option)
        if parameter is None:
            raise UsageError(self._refusal(option))
        kind = parameter.type_descriptor
        given = value if isinstance(value, list) else [value]
        fits = isinstance(value, list) == kind.is_list and all(isinstance(one, str | int | float) for one in given)
        # True is a number in Python, and a text to the command line.
        if fits and (isinstance(value, bool) <= (kind.annotation is bool)):
            with contextlib.suppress(TyperException):
                return parameter.process_value(self._context, value)
        raise UsageError(f"{option} takes {wanted_value(parameter)}")

    def _refusal(self, option: str) -> str:
        if option in _COMMAND_LINE_ONLY:
            return f"{option} is for the command line; a plan has no use for it"
        if option == "password":
            return "a password does not belong here; use password-file"
        known = [*([self._argument] if self._argument else []), *self._parameters]
        return f"there is no {option!r} here; {did_you_mean(option, known)}"


@cache
def planned_commands() -> Mapping[Kind, CommandOptions]:
    """Return the commands whose probes a plan may have."""
    app = typer.Typer()
    for module in (phone, gateway, federation, capf, config, cert):
        module.register(app)
    group: Any = typer.main.get_command(app)
    return {
        "phone": CommandOptions(group.commands["phone"], _phone, required=("group-url", "mac")),
        "gateway": CommandOptions(group.commands["gateway"], _gateway, argument="target", required=("target",)),
        "federation": CommandOptions(
            group.commands["federation"], _federation, argument="domain", required=("domain",)
        ),
        "capf": CommandOptions(
            group.commands["capf"],
            _capf,
            argument="server",
            required=("server",),
            meanings={
                "server": lambda text: parse_endpoint(text, CAPF_PORT),
                "online-ca": lambda text: parse_endpoint(text, HTTPS_PORT),
                "trust-list": lambda names: [capf.read_trust_list(name) for name in names],
                "capf-cert": lambda names: [federation.read_certificates("--capf-cert", name) for name in names],
            },
        ),
        "config": CommandOptions(
            group.commands["config"],
            _config,
            argument="mac",
            required=("mac", "tftp"),
            meanings={
                "trust-list": lambda names: [capf.read_trust_list(name) for name in names],
                "key": config.read_key,
            },
        ),
        "certificate": CommandOptions(
            group.commands["cert"],
            _certificate,
            argument="source",
            required=("source",),
            meanings={"source": _check_source, "gateway": cert.parse_gateway},
        ),
    }


def read_plan(file: str) -> Plan:
    """Read the plan in this file; `-` is standard input. Raises `UsageError`, with all that is wrong in its text."""
    from vpnprobe.fleet.plan import MAX_SIZE, load_plan

    name = "standard input" if file == "-" else file
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MAX_SIZE + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(MAX_SIZE + 1)
        text = data.decode()
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}; name a plan, such as vpnprobe plan example prints") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{name}, line {line}: this is no text in UTF-8; save the plan as such") from error
    return load_plan(text, name, planned_commands())


def read_plan_aloud(file: str) -> Plan:
    """Read the plan; where it has several faults, tell each in a line on standard error, and raise the last one."""
    from vpnprobe.fleet.plan import PlanError

    try:
        return read_plan(file)
    except PlanError as error:
        for complaint in error.complaints[:-1]:
            sys.stderr.write(f"vpnprobe: {printable(complaint, 1000)}\n")
        raise UsageError(error.complaints[-1]) from error


def _phone(values: dict[str, Any], given: Collection[str]) -> Probe:
    from vpnprobe.probes.phone import PhoneProbe

    if values["user"] and not (values["password_file"] or values["no_login"]):
        raise UsageError("user needs password-file; nobody is there to type a password")
    return PhoneProbe(phone.phone_options(**values, origin="options-file"))


def _gateway(values: dict[str, Any], given: Collection[str]) -> Probe:
    from vpnprobe.probes.gateway import GatewayProbe

    profile = _profile(values.pop("model"))
    return GatewayProbe(
        gateway.gateway_options(values.pop("target"), profile=profile, chosen="model" in given, **values)
    )


def _federation(values: dict[str, Any], given: Collection[str]) -> Probe:
    from vpnprobe.probes.federation import FederationProbe

    domain = parse_domain(values.pop("domain"))
    others = federation.parse_siblings(values.pop("sibling"), im_and_presence=values["im_and_presence"])
    return FederationProbe(
        federation.federation_options(**values)(domain=domain, siblings=federation.siblings_of(domain, others))
    )


def _capf(values: dict[str, Any], given: Collection[str]) -> Probe:
    from vpnprobe.probes.capf import CapfProbe

    return CapfProbe(capf.capf_options(values.pop("server"), **values | {"retries": False}))


def _config(values: dict[str, Any], given: Collection[str]) -> Probe:
    from vpnprobe.probes.config_files import ConfigProbe

    values["trust_list"] = values["trust_list"] or ()
    [options] = config.config_options([values.pop("mac")], origin="options-file", **values)
    return ConfigProbe(options)


def _certificate(values: dict[str, Any], given: Collection[str]) -> Probe:
    from vpnprobe.probes.certificate import CertificateProbe

    source, password_file = values.pop("source"), values.pop("password_file")
    options = cert.certificate_options(**values, chosen="model" in given)
    if "://" in source:
        return CertificateProbe(options, source, server=parse_group_url(source).endpoint)
    return CertificateProbe(options, source, certificates=_certificates_in(source, password_file))


def _check_source(text: str) -> None:
    if "://" in text:
        parse_group_url(text)
    elif not Path(text).is_file():
        raise UsageError(f"{text}: no such file; name a file with a certificate, or a server as https://HOST")


def _certificates_in(name: str, password_file: str | None) -> list[bytes]:
    """Return the certificates of one file; raises `UsageError`."""
    from vpnprobe.cli.certificate_files import MAX_CHAIN, Unread, certificates_of

    def password() -> str:
        if password_file is None:
            raise UsageError("it is encrypted; give password-file, for nobody is there to type a password")
        return read_password(password_file, "")

    _check_source(name)
    found: list[bytes] = []
    for one in certificates_of(name, password, lambda _: None):
        if isinstance(one, Unread):
            raise UsageError(f"{one.source}: {one.problem}")
        found.append(one.der)
        if len(found) > MAX_CHAIN:
            raise UsageError(f"{name} has more than {MAX_CHAIN} certificates; name a file with one and its issuers")
    if not found:
        raise UsageError(f"{name}: no certificate in it; name a file with one")
    return found


def _profile(model: str) -> PhoneProfile:
    from vpnprobe.phones.profile import load_profile

    return load_profile(model)


def _text(option: str, value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{option} takes a text")
    return value


# What a value must mean beyond its form. Each raises `UsageError`.
_MEANINGS: Mapping[str, Meaning] = {
    "group-url": parse_group_url,
    "mac": parse_mac,
    "target": gateway.parse_target,
    "domain": parse_domain,
    "model": _profile,
    "tftp": phone.parse_server,
    "config": phone.read_config,
    "cert-hash": lambda texts: [phone.readable_hash(text) for text in texts],
    "password-file": lambda name: read_password(name, ""),
    "resolver": parse_resolvers,
    "ca": lambda names: [federation.read_certificates("--ca", name) for name in names],
    "expect": lambda texts: [federation.parse_expected(text) for text in texts],
    "sibling": lambda texts: [parse_domain(text) for text in texts],
    "sip-from": federation.parse_sip_user,
}
