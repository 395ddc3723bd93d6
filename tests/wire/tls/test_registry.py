import enum

import pytest

from tests.wire.tls.judges import tlslite
from vpnprobe.wire.tls import registry


@pytest.mark.parametrize(
    ("theirs", "ours", "least"),
    [
        pytest.param("AlertDescription", registry.AlertDescription, 34, id="alerts"),
        pytest.param("GroupName", registry.NamedGroup, 32, id="groups"),
        pytest.param("SignatureScheme", registry.SignatureScheme, 16, id="schemes"),
        pytest.param("ClientCertificateType", registry.ClientCertificateType, 7, id="certificate-types"),
        pytest.param("ExtensionType", registry.ExtensionType, 23, id="extensions"),
        pytest.param("HandshakeType", registry.HandshakeType, 15, id="handshake-types"),
        pytest.param("ContentType", registry.ContentType, 5, id="content-types"),
    ],
)
def test_code_points_are_those_of_tlslite(theirs: str, ours: type[enum.IntEnum], least: int) -> None:
    known = {name.lower(): _number(value) for name, value in vars(getattr(tlslite("constants"), theirs)).items()}
    shared = {member: known[member.name.lower()] for member in ours if member.name.lower() in known}
    assert len(shared) >= least
    assert {member: int(member) for member in shared} == shared


def _number(value: object) -> object:
    return value[0] << 8 | value[1] if isinstance(value, tuple) and len(value) == 2 else value


@pytest.mark.parametrize(
    ("value", "grease"),
    [(0x0A0A, True), (0xFAFA, True), (0x1A1A, True), (0x1A2A, False), (0x0035, False), (0x0A0B, False)],
)
def test_grease(value: int, grease: bool) -> None:
    assert registry.is_grease(value) is grease


def test_there_are_sixteen_grease_values() -> None:
    assert sum(map(registry.is_grease, range(0x10000))) == 16


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (registry.version_name(0x0300), "SSL 3.0"),
        (registry.version_name(0x0301), "TLS 1.0"),
        (registry.version_name(0x0304), "TLS 1.3"),
        (registry.version_name(0x0002), "SSL 2.0"),
        (registry.version_name(0x7F1C), "TLS 1.3 draft 28"),
        (registry.version_name(0x0399), "unknown version 0x0399"),
        (registry.alert_name(48), "unknown_ca(48)"),
        (registry.alert_name(200), "unassigned(200)"),
        (registry.content_type_name(22), "handshake (22)"),
        (registry.handshake_type_name(2), "server_hello (2)"),
        (registry.handshake_type_name(99), "unassigned (99)"),
        (registry.extension_name(0xFF01), "renegotiation_info (65281)"),
        (registry.extension_name(0x2A2A), "GREASE (10794)"),
        (registry.group_name(23), "secp256r1 (23)"),
        (registry.client_certificate_type_name(1), "rsa_sign (1)"),
        (registry.scheme_name(0x0401), "rsa_pkcs1_sha256 (0x0401)"),
        (registry.scheme_name(0x0202), "dsa_sha1 (0x0202)"),
        (registry.scheme_name(0x0101), "rsa_md5 (0x0101)"),
        (registry.scheme_name(0x0704), "unassigned (0x0704)"),
        (registry.scheme_name(0x0104), "unassigned (0x0104)"),
        (registry.scheme_name(0x1A1A), "GREASE (0x1A1A)"),
    ],
)
def test_names_in_reports(text: str, expected: str) -> None:
    assert text == expected
