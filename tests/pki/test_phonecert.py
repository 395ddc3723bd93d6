from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests import certificates as make
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.phonecert import (
    KNOWN_PHONE_CAS,
    PhoneCaRole,
    PhoneCertificate,
    PhoneCertificateKind,
    classify_phone_certificate,
    find_phone_ca,
    tell_use,
)


@pytest.mark.parametrize(
    ("common_name", "role"),
    [
        ("Cisco Manufacturing CA", PhoneCaRole.MIC),
        ("Cisco_Manufacturing_CA", PhoneCaRole.MIC),
        ("Cisco Manufacturing CA SHA2", PhoneCaRole.MIC),
        ("CAP-RTP-001", PhoneCaRole.MIC),
        ("ACT2 SUDI CA", PhoneCaRole.MIC),
        ("High Assurance SUDI CA", PhoneCaRole.MIC),
        ("Cisco_Root_CA_2099", PhoneCaRole.MIC_ROOT),
        ("Cisco_Root_CA_2048", PhoneCaRole.MIC_ROOT),
        ("Cisco Root CA M2", PhoneCaRole.MIC_ROOT),
        ("CAPF-18cf046e", PhoneCaRole.LSC),
        ("CAPF-18CF046E", PhoneCaRole.LSC),
        ("CAPF-18cf046", None),
        ("CAPF-18cf046e0", None),
        ("Example Root CA", None),
        ("", None),
    ],
)
def test_known_authorities(common_name: str, role: PhoneCaRole | None) -> None:
    found = find_phone_ca(common_name)
    assert (found.role if found else None) is role


def test_names_are_unique() -> None:
    assert len({ca.common_name for ca in KNOWN_PHONE_CAS}) == len(KNOWN_PHONE_CAS)


def classify(identity: make.Identity) -> PhoneCertificate:
    return classify_phone_certificate(describe(identity.der))


@pytest.mark.parametrize(
    ("issuer", "kind", "issued_by"),
    [
        pytest.param(lambda: make.capf(), PhoneCertificateKind.LSC, "CAPF-18cf046e", id="CAPF"),
        pytest.param(lambda: make.issue(cn="Corp CA", ca=True), PhoneCertificateKind.LSC, None, id="own CA"),
        pytest.param(lambda: make.manufacturing_ca(), PhoneCertificateKind.MIC, "Cisco Manufacturing CA", id="factory"),
        pytest.param(
            lambda: make.manufacturing_ca("Cisco Manufacturing CA SHA2"),
            PhoneCertificateKind.MIC,
            "Cisco Manufacturing CA SHA2",
            id="factory, SHA-2",
        ),
    ],
)
def test_phone_certificates(issuer: object, kind: PhoneCertificateKind, issued_by: str | None) -> None:
    assert callable(issuer)
    found = classify(make.phone_certificate("8CB64F576113", "7962G", issuer()))
    assert (found.kind, found.model, found.device_name) == (kind, "7962G", "SEP8CB64F576113")
    assert (found.issued_by.common_name if found.issued_by else None) == issued_by
    assert msgspec.json.decode(msgspec.json.encode(found), type=PhoneCertificate) == found


@pytest.mark.parametrize(
    "cn",
    [
        "vpn.example.com",
        "SEP8CB64F576113",
        "CP-7962G-SEP8CB64F57611",
        "CP-7962G-SEP8CB64F5761134",
        "CP--SEP8CB64F576113",
    ],
)
def test_other_certificates(cn: str) -> None:
    assert classify(make.issue(cn=cn)) == PhoneCertificate(kind=PhoneCertificateKind.OTHER)


def test_a_certificate_that_cannot_be_read() -> None:
    assert classify_phone_certificate(describe(b"")).kind is PhoneCertificateKind.OTHER


@pytest.mark.parametrize(
    ("identity", "use"),
    [
        pytest.param(lambda: make.phone_certificate(), "lsc", id="LSC"),
        pytest.param(lambda: make.phone_certificate(issuer=make.issue(cn="Corp CA", ca=True)), "lsc", id="own-CA"),
        pytest.param(lambda: make.phone_certificate(issuer=make.manufacturing_ca()), "mic", id="MIC"),
        pytest.param(lambda: make.capf(), "capf", id="CAPF"),
        pytest.param(lambda: make.issue(cn="CAPF-18cf046e"), "capf", id="CAPF-without-extensions"),
        pytest.param(lambda: make.issue(cn="CAP-RTP-001"), "ca", id="manufacturing-CA-by-name"),
        pytest.param(lambda: make.issue(cn="Corp CA", ca=True), "ca", id="CA"),
        pytest.param(lambda: make.issue(cn="Corp CA", key_usage=["keyCertSign"]), "ca", id="CA-by-usage"),
        pytest.param(lambda: make.asa_self_signed(), "gateway", id="self-signed-ASA"),
        pytest.param(
            lambda: make.issue(subject=[("CN", "vpn"), ("unstructuredName", "vpn", make.IA5)], ca=True),
            "gateway",
            id="self-signed-ASA-that-is-a-CA",
        ),
        pytest.param(lambda: make.chain(), "gateway", id="server"),
        pytest.param(lambda: make.issue(cn="x", extended_key_usage=["serverAuth"]), "gateway", id="server-by-purpose"),
        pytest.param(lambda: make.issue(cn="someone"), "unknown", id="anything-else"),
        pytest.param(lambda: make.issue(cn="SEP8CB64F576113"), "unknown", id="another-form-of-name"),
    ],
)
def test_what_a_certificate_is_taken_for(identity: Callable[[], make.Identity], use: str) -> None:
    assert tell_use(describe(identity().der)) == use


def test_what_cannot_be_read_is_of_no_use() -> None:
    assert tell_use(describe(b"\x30\x00")) == "unknown"
