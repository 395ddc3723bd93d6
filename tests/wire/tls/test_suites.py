import ssl

import pytest

from tests.wire.tls.judges import tlslite
from vpnprobe.wire.tls.suites import all_suites, find_suite, suite, suite_name

# OpenSSL's own words for key exchange and authentication.
OPENSSL_EXCHANGES = {
    "TLS13": "kx-any",
    "RSA": "kx-rsa",
    "DHE": "kx-dhe",
    "ECDHE": "kx-ecdhe",
    "PSK": "kx-psk",
    "DHE_PSK": "kx-dhe-psk",
    "ECDHE_PSK": "kx-ecdhe-psk",
    "RSA_PSK": "kx-rsa-psk",
    "SRP": "kx-srp",
}
OPENSSL_AUTHENTICATIONS = {
    "TLS13": "auth-any",
    "RSA": "auth-rsa",
    "ECDSA": "auth-ecdsa",
    "DSS": "auth-dss",
    "PSK": "auth-psk",
    "SRP": "auth-srp",
    "anon": "auth-null",
}


def test_openssl_agrees_on_every_suite_that_it_has() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    theirs = {cipher["id"] & 0xFFFF: cipher for cipher in context.get_ciphers()}
    assert {0x002F, 0x0035, 0xC02F, 0xC02B, 0x1301} <= theirs.keys()
    for code, cipher in theirs.items():
        ours = suite(code)
        assert ours is not None, cipher
        assert (
            ours.openssl_name,
            OPENSSL_EXCHANGES[ours.key_exchange],
            OPENSSL_AUTHENTICATIONS[ours.authentication],
            ours.aead,
        ) == (cipher["name"], cipher["kea"], cipher["auth"], cipher["aead"])


def test_tlslite_agrees_on_the_registered_names() -> None:
    theirs: dict[int, str] = tlslite("constants").CipherSuite.ietfNames
    registered = {
        code: name.replace("_ANON_", "_anon_")
        for code, name in theirs.items()
        if code <= 0xFFFF and not name.endswith(("_SCSV", "_draft_00"))
    }
    assert len(registered) > 100
    assert {code: known.name for code in registered if (known := suite(code))} == registered


def test_scapy_agrees_on_the_registered_names() -> None:
    from scapy.layers.tls.crypto.suites import _tls_cipher_suites

    other_spelling = {0x0026, 0x0029, 0xC0AA, 0xC0AB}  # the registry says DES_CBC_40 and PSK_DHE
    registered = {
        code: name
        for code, name in _tls_cipher_suites.items()
        if code <= 0xFFFF and code not in other_spelling and not name.endswith(("_SCSV", "_OLD"))
    }
    assert len(registered) > 250
    assert {code: known.name for code in registered if (known := suite(code))} == registered


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AES256-SHA", (0x0035, "RSA", "RSA", "AES_256_CBC", "SHA", False, False, False)),
        ("EXP-RC4-MD5", (0x0003, "RSA", "RSA", "RC4_40", "MD5", False, True, False)),
        ("EXP1024-DES-CBC-SHA", (0x0062, "RSA", "RSA", "DES_CBC", "SHA", False, True, False)),
        ("EXP-EDH-RSA-DES-CBC-SHA", (0x0014, "DHE", "RSA", "DES40_CBC", "SHA", False, True, False)),
        ("NULL-SHA256", (0x003B, "RSA", "RSA", "NULL", "SHA256", False, False, True)),
        ("ADH-AES128-SHA", (0x0034, "DHE", "anon", "AES_128_CBC", "SHA", False, False, False)),
        (
            "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA",
            (0xC00E, "ECDH", "ECDH", "AES_128_CBC", "SHA", False, False, False),
        ),
        ("DHE-RSA-AES256-CCM8", (0xC0A3, "DHE", "RSA", "AES_256_CCM_8", "", True, False, False)),
        (
            "TLS_AES_128_CCM_8_SHA256",
            (0x1305, "TLS13", "TLS13", "AES_128_CCM_8", "SHA256", True, False, False),
        ),
        (
            "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA",
            (0xFEFF, "RSA", "RSA", "3DES_EDE_CBC", "SHA", False, False, False),
        ),
        ("KRB5-RC4-MD5", (0x0024, "KRB5", "KRB5", "RC4_128", "MD5", False, False, False)),
        ("TLS_NULL_WITH_NULL_NULL", (0x0000, "NULL", "NULL", "NULL", "NULL", False, False, True)),
        ("GOST2001-GOST89-GOST89", (0x0081, "GOST", "GOST", "28147_CNT", "IMIT", False, False, False)),
    ],
)
def test_parts_of_a_suite(name: str, expected: tuple[object, ...]) -> None:
    known = find_suite(name)
    assert known is not None
    assert (
        known.code,
        known.key_exchange,
        known.authentication,
        known.cipher,
        known.hash,
        known.aead,
        known.export,
        known.null,
    ) == expected


def test_both_names_are_unique() -> None:
    suites = all_suites()
    named = [known for known in suites if known.openssl_name]
    assert len({known.name for known in suites}) == len(suites)
    assert len({known.openssl_name for known in named}) == len(named)


def test_every_exchange_is_known_by_its_short_name() -> None:
    # A part that the table forgets would appear here under its long name.
    assert {known.key_exchange for known in all_suites()} == {
        *(
            "NULL",
            "RSA",
            "DH",
            "DHE",
            "ECDH",
            "ECDHE",
            "PSK",
            "DHE_PSK",
            "ECDHE_PSK",
            "RSA_PSK",
            "SRP",
            "KRB5",
        ),
        *("FORTEZZA_KEA", "GOST", "ECCPWD", "ECJPAKE", "TLS13"),
    }


@pytest.mark.parametrize(
    ("name", "sends"),
    [
        ("AES128-SHA", True),
        ("ECDHE-ECDSA-AES128-GCM-SHA256", True),
        ("RSA-PSK-AES128-CBC-SHA", True),
        ("ADH-AES128-SHA", False),
        ("PSK-AES128-CBC-SHA", False),
        ("TLS_AES_128_GCM_SHA256", False),
    ],
)
def test_certificate_in_clear_text(name: str, sends: bool) -> None:
    known = find_suite(name)
    assert known is not None
    assert known.sends_certificate is sends


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0x0035, "AES256-SHA (0x0035)"),
        (0xC050, "ARIA128-GCM-SHA256 (0xC050)"),
        (0x00BB, "TLS_DH_DSS_WITH_CAMELLIA_128_CBC_SHA256 (0x00BB)"),
        (0x00FF, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV (0x00FF)"),
        (0x5600, "TLS_FALLBACK_SCSV (0x5600)"),
        (0x3A3A, "GREASE (0x3A3A)"),
        (0xDEAD, "unknown suite (0xDEAD)"),
    ],
)
def test_names_in_reports(code: int, text: str) -> None:
    assert suite_name(code) == text


@pytest.mark.parametrize("code", [0x00FF, 0x5600, 0x0A0A, 0xDEAD], ids=hex)
def test_signals_and_unknown_values_are_no_suites(code: int) -> None:
    assert suite(code) is None


def test_find_suite_with_an_unknown_name() -> None:
    assert find_suite("AES512-SHA") is None
