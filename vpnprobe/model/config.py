"""What a phone configuration file says. Facts only, as written; secrets are named, never carried.

Numbers stay numbers here; `vpnprobe.phoneconfig.meaning` says what each one stands for. A field is None when
its element is absent or empty, or holds something else than its type (then a `ConfigProblem` says so). Text
of the file is raw: whoever shows it escapes it.
"""

from __future__ import annotations

import enum

import msgspec


class ConfigKind(enum.Enum):
    """What was read. Only FULL can show that a phone has no VPN; all others say nothing about it."""

    FULL = "full"  # <device> with the phone's settings
    SHORT = "short"  # <device> with fullConfig false: the settings are in an encrypted file of their own
    ENCRYPTED = "encrypted"  # the encrypted file itself; only the phone can read it
    EMPTY = "empty"  # nothing, or only blanks and NULs
    NOT_A_CONFIG = "not-a-config"  # something else: an HTML page, a text, another root element


class ProblemKind(enum.Enum):
    """How a value departs from what CUCM would write."""

    NOT_A_NUMBER = "not-a-number"
    OUT_OF_RANGE = "out-of-range"
    TOO_LONG = "too-long"
    TOO_MANY = "too-many"  # an index above the last one that a phone reads
    GAP = "gap"  # the numbering does not run 1, 2, 3 …
    REPEATED = "repeated"  # the same element twice; the first one is taken
    DUPLICATE = "duplicate"  # the same value under two indices
    MISPLACED = "misplaced"  # an element outside the place where a phone looks for it


class ConfigProblem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value that departs from CUCM's rules; `value` is the start of its text, or what it repeats."""

    kind: ProblemKind
    element: str
    value: str = ""


class VpnUrl(msgspec.Struct, frozen=True):
    """`url<index>` to the letter, blanks included."""

    index: int
    text: str


class CertHashText(msgspec.Struct, frozen=True):
    """`certHash<index>` of vpnGroup/credentials as written."""

    index: int
    text: str


class VpnGroup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The vpnGroup element. Times in seconds, mtu in bytes; empty `url<n>` and `certHash<n>` count as absent.

    `unknown` holds names of elements that no source describes.
    """

    mtu: int | None = None
    fail_connect_time: int | None = None
    auth_method: int | None = None
    pswd_persistent: int | None = None
    auto_net_detect: int | None = None
    enable_host_id_check: int | None = None
    urls: tuple[VpnUrl, ...] = ()
    hash_alg: str | None = None
    cert_hashes: tuple[CertHashText, ...] = ()
    unknown: tuple[str, ...] = ()
    problems: tuple[ConfigProblem, ...] = ()


class CallManager(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One member of the callManagerGroup; the lowest `priority` is tried first."""

    priority: int | None = None
    name: str | None = None
    process_node_name: str | None = None
    sccp_port: int | None = None  # ethernetPhonePort
    sip_port: int | None = None
    secured_sip_port: int | None = None
    sip_oauth_port: int | None = None
    sip_mra_oauth_port: int | None = None


class CapfServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One member of capfList."""

    host: str | None = None
    port: int | None = None


class TvsServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One member of TVS (Trust Verification Service)."""

    priority: int | None = None
    address: str | None = None
    port: int | None = None


class NtpServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One NTP reference of the device pool."""

    name: str | None = None
    mode: str | None = None


class ConfigEncoding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the file was written, and what had to be overlooked to read it.

    `used` is the encoding that was decoded with, `declared` the one in the XML declaration, `bom` the byte
    order mark's. `trailing` counts the bytes after the root element, from the first that is not a blank.
    `undeclared_prefixes` are namespace prefixes without a declaration (CUCM's own `xsi`). `recovered` are
    clauses such as "blanks before the XML declaration".
    """

    used: str
    declared: str | None = None
    bom: str | None = None
    trailing: int = 0
    undeclared_prefixes: tuple[str, ...] = ()
    recovered: tuple[str, ...] = ()


class PhoneConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A `SEP<MAC>.cnf.xml` in the words of CUCM.

    `root` is the root element as written, None where the content is not XML. `encoding` is None for an
    ENCRYPTED and an EMPTY file. `capf_cert_hash` is the plain `certHash` directly under device: it belongs to
    CAPF, never to the VPN. From `web_access` to `load_server` the value is the first one found in
    vendorConfig, commonConfig, enterpriseConfig, and last in device itself; `sections` says for each of these
    fields which element that was. `secrets` names the elements that held a secret; their values were dropped.
    """

    kind: ConfigKind
    root: str | None = None
    encoding: ConfigEncoding | None = None

    full_config: bool | None = None
    encrypted_config: bool | None = None
    device_protocol: str | None = None
    load_information: str | None = None
    inactive_load: str | None = None
    version_stamp: str | None = None
    ip_address_mode: int | None = None
    user_locale: str | None = None

    vpn_group: VpnGroup | None = None

    call_managers: tuple[CallManager, ...] = ()
    capf: tuple[CapfServer, ...] = ()
    capf_auth_mode: int | None = None
    capf_cert_hash: str | None = None
    tvs: tuple[TvsServer, ...] = ()
    ntp: tuple[NtpServer, ...] = ()

    device_security_mode: int | None = None
    transport_layer_protocol: int | None = None
    tls_resumption_timer: int | None = None

    web_access: int | None = None
    web_protocol: int | None = None
    ssh_access: int | None = None
    pc_port: int | None = None
    span_to_pc_port: int | None = None
    disable_tls_ciphers: str | None = None
    load_server: str | None = None
    sections: dict[str, str] = {}

    secrets: tuple[str, ...] = ()
    problems: tuple[ConfigProblem, ...] = ()
