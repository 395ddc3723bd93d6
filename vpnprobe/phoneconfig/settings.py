"""A configuration in an engineer's words: one line for each setting, by the names that CUCM's pages and phones use.

The same words serve to show a configuration and to compare two. Texts of the file are raw: whoever shows them escapes
them. Secrets are not among them, only the names of their elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from vpnprobe.model.config import CallManager, ConfigKind, PhoneConfig
from vpnprobe.phoneconfig.meaning import meaning

SECTIONS: Final = ("Device", "VPN", "CallManager", "Security", "CAPF", "TVS", "NTP", "Options", "Secrets")

# Beyond every number that a file has: what has no priority comes last.
_NO_PRIORITY: Final = 1 << 31

_OPTIONS: Final = (
    ("Web access", "web_access"),
    ("Web protocol", "web_protocol"),
    ("SSH access", "ssh_access"),
    ("PC port", "pc_port"),
    ("Span to PC port", "span_to_pc_port"),
    ("Disable TLS ciphers", "disable_tls_ciphers"),
    ("Load server", "load_server"),
)
_KINDS: Final = {
    ConfigKind.FULL: "full",
    ConfigKind.SHORT: "short: the settings are in an encrypted file of their own",
    ConfigKind.ENCRYPTED: "encrypted: only the phone can read it",
    ConfigKind.EMPTY: "empty",
    ConfigKind.NOT_A_CONFIG: "not a configuration",
}


class Setting(msgspec.Struct, frozen=True):
    """One setting: its part of the configuration (one of SECTIONS), its name there, and its value as text.

    `element` is where a value with a precedence came from (`vendorConfig`, `commonConfig` …), None for all others.
    """

    section: str
    name: str
    value: str
    element: str | None = None

    @property
    def key(self) -> str:
        """`section: name`, the same in every configuration that has the setting."""
        return f"{self.section}: {self.name}"


def describe_settings(config: PhoneConfig) -> tuple[Setting, ...]:
    """Return what the configuration says, in the order in which it is shown; what it does not say is left out."""
    return (
        *_device(config),
        *_vpn(config),
        *_call_managers(config),
        *_security(config),
        *_capf(config),
        *_servers(config),
        *_options(config),
        *(Setting("Secrets", name, "present, not shown") for name in config.secrets),
    )


def number_words(field: str, value: int) -> str:
    """Return the number, which is what the file has, and what it stands for: `3 = encrypted`."""
    return f"{value} = {meaning(field, value) or 'unknown'}"


def _some(section: str, *pairs: tuple[str, str | None]) -> Iterator[Setting]:
    return (Setting(section, name, value) for name, value in pairs if value is not None)


def _numbered(field: str, value: int | None) -> str | None:
    return None if value is None else number_words(field, value)


def _plain(value: int | None, unit: str = "") -> str | None:
    return None if value is None else f"{value}{unit}"


def _yes_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _host_port(host: str | None, port: int | None) -> str:
    shown = host or "no host"
    if port is None:
        return shown
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"


def _device(config: PhoneConfig) -> Iterator[Setting]:
    what = _KINDS[config.kind]
    if config.kind is ConfigKind.NOT_A_CONFIG:
        what += ", no root element" if config.root is None else f", root element {config.root}"
    return _some(
        "Device",
        ("Configuration", what),
        ("Protocol", config.device_protocol),
        ("Load", config.load_information),
        ("Inactive load", config.inactive_load),
        ("Version stamp", config.version_stamp),
        ("IP address mode", _plain(config.ip_address_mode)),
        ("User locale", config.user_locale),
    )


def _vpn(config: PhoneConfig) -> Iterator[Setting]:
    group = config.vpn_group
    # Only a full configuration shows that there is none.
    if group is not None or config.kind is ConfigKind.FULL:
        yield Setting("VPN", "VPN group", "none" if group is None else "present")
    if group is None:
        return
    yield from _some("VPN", *((f"url{url.index}", url.text) for url in group.urls))
    yield from _some("VPN", *((f"certHash{one.index}", one.text) for one in group.cert_hashes))
    yield from _some(
        "VPN",
        ("hashAlg", group.hash_alg),
        ("Authentication", _numbered("auth_method", group.auth_method)),
        ("Password persistence", _numbered("pswd_persistent", group.pswd_persistent)),
        ("Auto network detect", _numbered("auto_net_detect", group.auto_net_detect)),
        ("Host ID check", _numbered("enable_host_id_check", group.enable_host_id_check)),
        ("MTU", _plain(group.mtu, " bytes")),
        ("Fail to connect", _plain(group.fail_connect_time, " s")),
    )


def _call_managers(config: PhoneConfig) -> Iterator[Setting]:
    in_order = sorted(config.call_managers, key=lambda one: _NO_PRIORITY if one.priority is None else one.priority)
    for place, manager in enumerate(in_order, 1):
        yield Setting("CallManager", str(place), _call_manager(manager))


def _call_manager(manager: CallManager) -> str:
    names = dict.fromkeys(name for name in (manager.process_node_name, manager.name) if name is not None)
    ports = (
        ("SCCP", manager.sccp_port),
        ("SIP", manager.sip_port),
        ("SIP over TLS", manager.secured_sip_port),
        ("SIP OAuth", manager.sip_oauth_port),
        ("SIP OAuth over MRA", manager.sip_mra_oauth_port),
    )
    host, *others = names or ["no host"]
    also = f" ({others[0]})" if others else ""
    return ", ".join([host + also, *(f"{name} {port}" for name, port in ports if port is not None)])


def _security(config: PhoneConfig) -> Iterator[Setting]:
    return _some(
        "Security",
        ("Device security mode", _numbered("device_security_mode", config.device_security_mode)),
        ("Transport", _numbered("transport_layer_protocol", config.transport_layer_protocol)),
        ("Encrypted configuration", _yes_no(config.encrypted_config)),
        ("TLS resumption timer", _plain(config.tls_resumption_timer, " s")),
    )


def _capf(config: PhoneConfig) -> Iterator[Setting]:
    yield from _some("CAPF", ("Authentication mode", _numbered("capf_auth_mode", config.capf_auth_mode)))
    for place, server in enumerate(config.capf, 1):
        yield Setting("CAPF", f"Server {place}", _host_port(server.host, server.port))
    yield from _some("CAPF", ("certHash", config.capf_cert_hash))


def _servers(config: PhoneConfig) -> Iterator[Setting]:
    tvs = sorted(config.tvs, key=lambda one: _NO_PRIORITY if one.priority is None else one.priority)
    for place, server in enumerate(tvs, 1):
        yield Setting("TVS", f"Server {place}", _host_port(server.address, server.port))
    for place, reference in enumerate(config.ntp, 1):
        mode = f", {reference.mode}" if reference.mode is not None else ""
        yield Setting("NTP", f"Server {place}", (reference.name or "no host") + mode)


def _options(config: PhoneConfig) -> Iterator[Setting]:
    for name, field in _OPTIONS:
        value: int | str | None = getattr(config, field)
        if value is not None:
            text = number_words(field, value) if isinstance(value, int) else value
            yield Setting("Options", name, text, config.sections.get(field))
