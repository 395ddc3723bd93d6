"""Code points of TLS and their names. Members are spelled as in the defining RFC or IANA registry.

Values from the wire stay plain integers everywhere; these enumerations only name them. The `..._name`
functions give what reports print and accept any number.
"""

from __future__ import annotations

import enum
from typing import Final


class Version(enum.IntEnum):
    """ProtocolVersion on the wire (RFC 6101, 2246, 4346, 5246, 8446)."""

    SSL3 = 0x0300
    TLS1_0 = 0x0301
    TLS1_1 = 0x0302
    TLS1_2 = 0x0303
    TLS1_3 = 0x0304


class ContentType(enum.IntEnum):
    """Kind of a record (RFC 5246 section 6.2.1, RFC 6520)."""

    change_cipher_spec = 20
    alert = 21
    handshake = 22
    application_data = 23
    heartbeat = 24


class HandshakeType(enum.IntEnum):
    """Kind of a handshake message (IANA "TLS HandshakeType")."""

    hello_request = 0
    client_hello = 1
    server_hello = 2
    new_session_ticket = 4
    encrypted_extensions = 8
    certificate = 11
    server_key_exchange = 12
    certificate_request = 13
    server_hello_done = 14
    certificate_verify = 15
    client_key_exchange = 16
    finished = 20
    certificate_url = 21
    certificate_status = 22
    supplemental_data = 23
    key_update = 24
    compressed_certificate = 25


class AlertLevel(enum.IntEnum):
    """RFC 5246 section 7.2."""

    warning = 1
    fatal = 2


class AlertDescription(enum.IntEnum):
    """IANA "TLS Alerts"; no_certificate is SSL 3.0's (RFC 6101 section 5.4)."""

    close_notify = 0
    end_of_early_data = 1
    unexpected_message = 10
    bad_record_mac = 20
    decryption_failed = 21
    record_overflow = 22
    decompression_failure = 30
    handshake_failure = 40
    no_certificate = 41
    bad_certificate = 42
    unsupported_certificate = 43
    certificate_revoked = 44
    certificate_expired = 45
    certificate_unknown = 46
    illegal_parameter = 47
    unknown_ca = 48
    access_denied = 49
    decode_error = 50
    decrypt_error = 51
    too_many_cids_requested = 52
    export_restriction = 60
    protocol_version = 70
    insufficient_security = 71
    internal_error = 80
    inappropriate_fallback = 86
    user_canceled = 90
    no_renegotiation = 100
    missing_extension = 109
    unsupported_extension = 110
    certificate_unobtainable = 111
    unrecognized_name = 112
    bad_certificate_status_response = 113
    bad_certificate_hash_value = 114
    unknown_psk_identity = 115
    certificate_required = 116
    general_error = 117
    no_application_protocol = 120
    ech_required = 121


class ExtensionType(enum.IntEnum):
    """IANA "TLS ExtensionType Values", those of clients and servers that a phone may meet."""

    server_name = 0
    max_fragment_length = 1
    client_certificate_url = 2
    trusted_ca_keys = 3
    truncated_hmac = 4
    status_request = 5
    user_mapping = 6
    client_authz = 7
    server_authz = 8
    cert_type = 9
    supported_groups = 10
    ec_point_formats = 11
    srp = 12
    signature_algorithms = 13
    use_srtp = 14
    heartbeat = 15
    application_layer_protocol_negotiation = 16
    status_request_v2 = 17
    signed_certificate_timestamp = 18
    client_certificate_type = 19
    server_certificate_type = 20
    padding = 21
    encrypt_then_mac = 22
    extended_master_secret = 23
    token_binding = 24
    cached_info = 25
    compress_certificate = 27
    record_size_limit = 28
    delegated_credential = 34
    session_ticket = 35
    pre_shared_key = 41
    early_data = 42
    supported_versions = 43
    cookie = 44
    psk_key_exchange_modes = 45
    certificate_authorities = 47
    oid_filters = 48
    post_handshake_auth = 49
    signature_algorithms_cert = 50
    key_share = 51
    connection_id = 54
    quic_transport_parameters = 57
    next_protocol_negotiation = 13172
    encrypted_client_hello = 65037
    renegotiation_info = 65281


class NamedGroup(enum.IntEnum):
    """IANA "TLS Supported Groups" (RFC 8422, 7027, 7919, 8446); brainpool is spelled in lower case."""

    sect163k1 = 1
    sect163r1 = 2
    sect163r2 = 3
    sect193r1 = 4
    sect193r2 = 5
    sect233k1 = 6
    sect233r1 = 7
    sect239k1 = 8
    sect283k1 = 9
    sect283r1 = 10
    sect409k1 = 11
    sect409r1 = 12
    sect571k1 = 13
    sect571r1 = 14
    secp160k1 = 15
    secp160r1 = 16
    secp160r2 = 17
    secp192k1 = 18
    secp192r1 = 19
    secp224k1 = 20
    secp224r1 = 21
    secp256k1 = 22
    secp256r1 = 23
    secp384r1 = 24
    secp521r1 = 25
    brainpoolp256r1 = 26
    brainpoolp384r1 = 27
    brainpoolp512r1 = 28
    x25519 = 29
    x448 = 30
    ffdhe2048 = 256
    ffdhe3072 = 257
    ffdhe4096 = 258
    ffdhe6144 = 259
    ffdhe8192 = 260
    SecP256r1MLKEM768 = 4587
    X25519MLKEM768 = 4588
    SecP384r1MLKEM1024 = 4589


class SignatureScheme(enum.IntEnum):
    """IANA "TLS SignatureScheme". `scheme_name` also knows the pairs of hash and signature of RFC 5246."""

    rsa_pkcs1_sha1 = 0x0201
    ecdsa_sha1 = 0x0203
    rsa_pkcs1_sha256 = 0x0401
    ecdsa_secp256r1_sha256 = 0x0403
    rsa_pkcs1_sha384 = 0x0501
    ecdsa_secp384r1_sha384 = 0x0503
    rsa_pkcs1_sha512 = 0x0601
    ecdsa_secp521r1_sha512 = 0x0603
    rsa_pss_rsae_sha256 = 0x0804
    rsa_pss_rsae_sha384 = 0x0805
    rsa_pss_rsae_sha512 = 0x0806
    ed25519 = 0x0807
    ed448 = 0x0808
    rsa_pss_pss_sha256 = 0x0809
    rsa_pss_pss_sha384 = 0x080A
    rsa_pss_pss_sha512 = 0x080B


class ClientCertificateType(enum.IntEnum):
    """IANA "TLS ClientCertificateType Identifiers"."""

    rsa_sign = 1
    dss_sign = 2
    rsa_fixed_dh = 3
    dss_fixed_dh = 4
    rsa_ephemeral_dh = 5
    dss_ephemeral_dh = 6
    fortezza_dms = 20
    ecdsa_sign = 64
    rsa_fixed_ecdh = 65
    ecdsa_fixed_ecdh = 66
    gost_sign256 = 67
    gost_sign512 = 68


_VERSION_NAMES: Final = {
    0x0002: "SSL 2.0",
    Version.SSL3: "SSL 3.0",
    Version.TLS1_0: "TLS 1.0",
    Version.TLS1_1: "TLS 1.1",
    Version.TLS1_2: "TLS 1.2",
    Version.TLS1_3: "TLS 1.3",
}
# RFC 5246 section 7.4.1.4.1; RFC 8446 renamed only the pairs that it keeps.
_HASHES: Final = ("none", "md5", "sha1", "sha224", "sha256", "sha384", "sha512")
_SIGNATURES: Final = ("anonymous", "rsa", "dsa", "ecdsa")


def is_grease(value: int) -> bool:
    """Whether a 16-bit value is reserved to be ignored (RFC 8701): 0x0A0A, 0x1A1A ... 0xFAFA."""
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


def _member_name(registry: type[enum.IntEnum], value: int) -> str:
    try:
        return registry(value).name
    except ValueError:
        return "GREASE" if is_grease(value) else "unassigned"


def version_name(version: int) -> str:
    """Return for instance `TLS 1.0`, or `unknown version 0x0399`."""
    if version >> 8 == 0x7F:
        return f"TLS 1.3 draft {version & 0xFF}"
    return _VERSION_NAMES.get(version) or f"unknown version 0x{version:04X}"


def content_type_name(content_type: int) -> str:
    """Return for instance `handshake (22)`."""
    return f"{_member_name(ContentType, content_type)} ({content_type})"


def handshake_type_name(handshake_type: int) -> str:
    """Return for instance `server_hello (2)`."""
    return f"{_member_name(HandshakeType, handshake_type)} ({handshake_type})"


def alert_name(description: int) -> str:
    """Return for instance `unknown_ca(48)`."""
    return f"{_member_name(AlertDescription, description)}({description})"


def extension_name(extension_type: int) -> str:
    """Return for instance `supported_groups (10)`."""
    return f"{_member_name(ExtensionType, extension_type)} ({extension_type})"


def group_name(group: int) -> str:
    """Return for instance `secp256r1 (23)`."""
    return f"{_member_name(NamedGroup, group)} ({group})"


def client_certificate_type_name(certificate_type: int) -> str:
    """Return for instance `rsa_sign (1)`."""
    return f"{_member_name(ClientCertificateType, certificate_type)} ({certificate_type})"


def scheme_name(scheme: int) -> str:
    """Return for instance `rsa_pkcs1_sha256 (0x0401)`; `dsa_sha1 (0x0202)` for a pair of TLS 1.2 alone."""
    name = _member_name(SignatureScheme, scheme)
    hash_id, signature_id = divmod(scheme, 256)
    if name == "unassigned" and hash_id < len(_HASHES) and signature_id < len(_SIGNATURES):
        name = f"{_SIGNATURES[signature_id]}_{_HASHES[hash_id]}"
    return f"{name} (0x{scheme:04X})"
