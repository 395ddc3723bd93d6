"""What one model family does, as plain data, each fact with its source.

A profile is a TOML file in `data/`; nothing about a model is code. Only the index and the file asked for are
read.
"""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from vpnprobe.model.errors import UsageError
from vpnprobe.phones.hello import HelloData, read_hello

_DATA = Path(__file__).with_name("data")
_LOAD = re.compile(r"([A-Z0-9_]+)\.([0-9]{1,3})-([0-9]{1,3})(?![0-9])")


class Source(enum.Enum):
    """Where a fact is from."""

    CAPTURE = "capture"  # seen on the wire
    VENDOR_DOCUMENT = "vendor document"
    ASSUMPTION = "assumption"  # nobody saw or wrote it; the reference says why it is taken so


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The source of what the profile says in the fields `about` (dotted names)."""

    about: tuple[str, ...]
    source: Source
    reference: str


class Boot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which files a phone asks for, in order, by which protocols.

    `protocols` are tried in order for each file. `{device}` in a template stands for the device name
    (`SEP<MAC>`). `signed_config` is asked for by a phone with a trust list, `encrypted_config` where the
    configuration announces encryption.
    """

    protocols: tuple[Literal["http", "tftp"], ...]
    http_port: int | None = None
    tftp_options: tuple[str, ...]
    trust_lists: tuple[str, ...]
    config: tuple[str, ...]
    signed_config: tuple[str, ...]
    encrypted_config: tuple[str, ...]

    def trust_list_files(self, device: str) -> tuple[str, ...]:
        """Names of the CTL and ITL files of this device."""
        return _names(self.trust_lists, device)

    def config_files(self, device: str, *, trust_list: bool, encrypted: bool = False) -> tuple[str, ...]:
        """Names of the configuration file of this device; the phone takes the first one that is there."""
        if encrypted:
            return _names(self.encrypted_config, device)
        return _names(self.signed_config if trust_list else self.config, device)


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the phone cannot do otherwise: the UDP port of its DTLS tunnel, whether it takes SHA-2 certificates."""

    dtls_port: int
    sha2_certificates: bool


class ProfileSummary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the index. A model is asked for by its name with `suffix`; `models` is empty for no phone."""

    id: str
    title: str
    models: tuple[str, ...]
    suffix: str = ""


class PhoneProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model family.

    `model` is the one asked for (the first of `models` when the profile was asked for by its id; None for no
    phone). `minimum_version` is the lowest TLS version that it accepts (wire number). `username` is a form
    with `{model}` and `{device}`. What is None is not known or, in a profile that is no phone, does not
    exist.
    """

    id: str
    title: str
    model: str | None
    models: tuple[str, ...]
    hello: HelloData
    ec_capable: bool
    minimum_version: int
    user_agent: str
    facts: tuple[Fact, ...]
    boot: Boot | None = None
    username: str | None = None
    mic_issuer: str | None = None
    min_vpn_firmware: str | None = None
    limits: Limits | None = None

    def client_username(self, device: str) -> str | None:
        """The name that certificate and login give, such as `CP-7962G-SEP8CB64F576113`; None for no phone."""
        return self.username.format(model=self.model, device=device) if self.username else None


class _WithoutVpn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: tuple[str, ...]
    reason: str
    reference: str


class _LoadRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: tuple[str, ...]
    profile: str
    source: Source
    reference: str
    from_version: tuple[int, int] = (0, 0)


class _Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    profile: tuple[ProfileSummary, ...]
    without_vpn: tuple[_WithoutVpn, ...]
    load: tuple[_LoadRule, ...]


def profiles() -> tuple[ProfileSummary, ...]:
    """Return what profiles there are; none of their files is read."""
    return _index().profile


def all_profiles() -> tuple[PhoneProfile, ...]:
    """Return every profile, read."""
    return tuple(load_profile(summary.id) for summary in profiles())


def load_profile(name: str) -> PhoneProfile:
    """Return the profile with this id, or that of this model: `7962G`, `7962`, `CP-7962G`, `8841-pre12.5`.

    Raises `UsageError`, which lists what there is, for a model without VPN and for an unknown name.
    """
    key = _key(name)
    for summary in profiles():
        if key == _key(summary.id):
            return _read_profile(summary, summary.models[0] if summary.models else None)
    for summary in profiles():
        for model in summary.models:
            if key == _key(model + summary.suffix):
                return _read_profile(summary, model)
    for entry in _index().without_vpn:
        if key in map(_key, entry.models):
            raise UsageError(f"{name!r} cannot be a VPN phone: {entry.reason} ({entry.reference}); {_choice()}")
    raise UsageError(f"no phone profile for {name!r}{_closest(key)}; {_choice()}")


def reason_without_vpn(model: str) -> str | None:
    """Return why this model has no VPN client; None where it has one, or nothing is known of it."""
    key = _key(model)
    return next((entry.reason for entry in _index().without_vpn if key in map(_key, entry.models)), None)


def matrix_hellos() -> Mapping[str, HelloData]:
    """Return the hellos of the certificate matrix by name: `rsa-only`, `ec-only`, `both`. None is a phone's."""
    return _hellos("hellos")


def edge_hellos() -> Mapping[str, HelloData]:
    """Return the hellos of the federation probe by name, that of a Microsoft edge (`microsoft-edge`) first."""
    return _hellos("edge-hellos")


def guess_profile(load_information: str) -> str | None:
    """Return the id of the profile that runs this firmware load (`loadInformation`), None where it cannot be told.

    The rules and their sources are in `data/index.toml`; most are assumptions.
    """
    match = _LOAD.match(load_information.strip().upper())
    if match is None:
        return None
    version = (int(match[2]), int(match[3]))
    rules = (rule for rule in _index().load if match[1] in rule.names and version >= rule.from_version)
    return next((rule.profile for rule in rules), None)


def _names(templates: tuple[str, ...], device: str) -> tuple[str, ...]:
    return tuple(template.format(device=device) for template in templates)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_DATA / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def _index() -> _Index:
    return msgspec.convert(_read("index"), _Index)


@cache
def _hellos(file: str) -> dict[str, HelloData]:
    return {name: read_hello(table) for name, table in _read(file).items()}


@cache
def _read_profile(summary: ProfileSummary, model: str | None) -> PhoneProfile:
    data = _read(summary.id)
    data |= {"id": summary.id, "title": summary.title, "models": summary.models, "model": model}
    hello = read_hello(data.pop("hello"))
    return msgspec.convert(data | {"hello": hello}, PhoneProfile, from_attributes=True)


def _key(name: str) -> str:
    """Reduce the usual ways to write a model to one: case, `Cisco`, `CP-` and the trailing G do not matter."""
    bare = name.strip().upper().removeprefix("CISCO").strip(" -").removeprefix("CP-")
    return re.sub(r"(?<=[0-9])G(?=-|$)", "", bare)


def _choice() -> str:
    names = (model + summary.suffix for summary in profiles() for model in summary.models or (summary.id,))
    return f"choose one of {', '.join(names)}"


def _closest(key: str) -> str:
    from difflib import get_close_matches

    names = {_key(name): name for summary in profiles() for name in (*summary.models, summary.id)}
    found = get_close_matches(key, names, n=1)
    return f" (did you mean {names[found[0]]}?)" if found else ""
