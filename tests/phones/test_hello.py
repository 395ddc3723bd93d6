"""Extension bodies out of their readable form."""

from __future__ import annotations

import pytest

from vpnprobe.phones.hello import HelloData, read_hello

BASE = {"record_version": 0x0301, "client_version": 0x0303, "suites": [0x0035]}
EXTENSIONS = {
    "supported_groups": ({"supported_groups": ["secp256r1", "x25519"]}, (10, "0004 0017 001d")),
    "ec_point_formats": ({"ec_point_formats": ["uncompressed"]}, (11, "01 00")),
    "signature_algorithms": (
        {"signature_algorithms": ["rsa_pkcs1_sha256", "ecdsa_sha1"]},
        (13, "0004 0401 0203"),
    ),
    "supported_versions": ({"supported_versions": ["TLS 1.3", "TLS 1.2"]}, (43, "04 0304 0303")),
    "plain": ({"type": 0xFF01, "body": "00"}, (0xFF01, "00")),
}


@pytest.mark.parametrize(("table", "expected"), EXTENSIONS.values(), ids=EXTENSIONS.keys())
def test_extensions(table: dict[str, object], expected: tuple[int, str]) -> None:
    kind, body = expected
    assert read_hello(BASE | {"extensions": [table]}).extensions == ((kind, bytes.fromhex(body)),)


def test_without_extensions_there_is_no_block() -> None:
    assert read_hello(BASE) == HelloData(record_version=0x0301, client_version=0x0303, suites=(0x0035,))


def test_an_empty_block_is_another_thing() -> None:
    assert read_hello(BASE | {"extensions": []}).extensions == ()


@pytest.mark.parametrize(
    "table", [{"supported_groups": ["secp256k1"]}, {"no_such_extension": []}], ids=["value", "extension"]
)
def test_an_unknown_name_in_a_data_file_is_an_error(table: dict[str, object]) -> None:
    with pytest.raises(KeyError):
        read_hello(BASE | {"extensions": [table]})
