"""The corpus: files made from the written format by openssl and printf, read to the values that were written."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from tests.signed_files import BY_NAME, CORPUS, SAMPLES, Sample, certificate
from vpnprobe.wire.sgn import SignedKind, parse_signed_header, split_signature, strip
from vpnprobe.wire.sgn_encryption import parse_encryption_values
from vpnprobe.wire.trust_records import RawTrustRecord, parse_trust_records

CONFIG = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<device  xsi:type="axl:XIPPhone"><fullConfig>true</fullConfig><deviceProtocol>SIP</deviceProtocol></device>\n'
)


def each(prefix: str) -> pytest.MarkDecorator:
    chosen = [sample for sample in SAMPLES if sample.file.startswith(prefix)]
    return pytest.mark.parametrize("sample", chosen, ids=[sample.file for sample in chosen])


def test_the_corpus_is_whole() -> None:
    assert len(SAMPLES) == 16
    assert {sample.file: hashlib.sha256(sample.data).hexdigest() for sample in SAMPLES} == {
        sample.file: sample.sha256 for sample in SAMPLES
    }
    files = {path.name for path in CORPUS.iterdir() if path.suffix in (".sgn", ".tlv", ".sha512")}
    assert files == set(BY_NAME)


@each("")
def test_the_header_reads_as_it_was_written(sample: Sample) -> None:
    header = parse_signed_header(sample.data)
    assert (header.header_length, header.signature_offset) == (sample.header_length, sample.signature_offset)
    assert (header.signature_length, header.key_bits) == (sample.signature_length, 8 * sample.signature_length)
    assert (header.hash_name, header.file_name) == (sample.hash, sample.file)
    assert (header.timestamp, header.unknown) == (0x5F3C2A10, ())
    assert header.signer_name == header.signer_issuer
    assert header.header_length % 4 == 0


@each("")
def test_signature_and_content_are_the_file(sample: Sample) -> None:
    content, signature = split_signature(sample.data)
    assert signature is not None
    at = sample.signature_offset
    item = b"\x0c" + sample.signature_length.to_bytes(2, "big") + signature
    assert content[:at] + item + content[at:] == sample.data


@each("signed-")
def test_signed(sample: Sample) -> None:
    header = parse_signed_header(sample.data)
    bits = sample.file.split("-")[1]
    number = {"512": "00", "1024": "11", "2048": "22", "4096": "33"}[bits]
    assert (header.kind, header.version, header.signer_version) == (SignedKind.SIGNED, "1.0", None)
    assert header.signer_name == f"CN=cucm-{bits}.lab.example;OU=Lab;O=Example"
    assert header.signer_serial == f"6b8f01c2{number}"
    assert strip(sample.data) == CONFIG


@pytest.mark.parametrize(
    ("name", "signer_version", "signer"),
    [
        ("ITLFile.tlv", "1.0", ("CN=ITLRECOVERY_cucm1;OU=Lab;O=Example", "d40f3e1a7755")),
        ("ITLFile.tlv.sha512", "1.1", ("CN=ITLRECOVERY_cucm1;OU=Lab;O=Example", "d40f3e1a7755")),
        ("CTLFile.tlv", "1.0", ("CN=SAST-ADN0054f509;OU=Lab;O=Example", "61")),
    ],
)
def test_trust_list(name: str, signer_version: str, signer: tuple[str, str]) -> None:
    header = parse_signed_header(BY_NAME[name].data)
    assert (header.kind, header.version, header.signer_version) == (SignedKind.TRUST_LIST, "1.2", signer_version)
    assert (header.signer_name, header.signer_serial) == signer
    assert header.records == len(parse_trust_records(BY_NAME[name].data)) == (5 if name.startswith("ITL") else 2)


def public_key(name: str) -> bytes:
    """The PKCS#1 form, by openssl."""
    der = ["openssl", "x509", "-inform", "DER", "-noout", "-pubkey"]
    pem = subprocess.run(der, input=certificate(name), capture_output=True, check=True).stdout
    convert = ["openssl", "rsa", "-pubin", "-RSAPublicKey_out", "-outform", "DER"]
    return subprocess.run(convert, input=pem, capture_output=True, check=True).stdout


def named(name: str, common_name: str, role: int, serial: str, **more: tuple[str, ...]) -> RawTrustRecord:
    text = f"CN={common_name};OU=Lab;O=Example"
    return RawTrustRecord(
        role=role,
        subject=text,
        issuer=text,
        serial=serial,
        public_key=public_key(name),
        certificate=certificate(name),
        names=more.get("names", ()),
        addresses=more.get("addresses", ()),
    )


RECORDS = {
    "ITLFile.tlv": (
        named("recovery", "ITLRECOVERY_cucm1", 0, "00d40f3e1a7755"),
        named(
            "tftp-2048", "cucm-2048.lab.example", 2, "6b8f01c222", names=("cucm1.lab.example",), addresses=("10.1.1.5",)
        ),
        named("capf", "CAPF-18cf046e", 4, "77a9"),
        named("tvs", "cucm1.lab.example", 21, "5001", names=("cucm1.lab.example", "cucm1"), addresses=("2001:db8::5",)),
        RawTrustRecord(
            role=21,
            serial="5002",
            certificate_hash=hashlib.sha1(certificate("tvs")).digest(),
            hash_algorithm=1,
            unknown=(99,),
        ),
    ),
    "CTLFile.tlv": (
        named("token", "SAST-ADN0054f509", 0, "61"),
        named("tftp-1024", "cucm-1024.lab.example", 2, "6b8f01c211"),
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_records(name: str) -> None:
    assert parse_trust_records(BY_NAME[name].data) == RECORDS[name]


def test_both_forms_of_the_list_have_the_same_records() -> None:
    assert parse_trust_records(BY_NAME["ITLFile.tlv.sha512"].data) == RECORDS["ITLFile.tlv"]
    assert RECORDS["ITLFile.tlv"][4].hash_name == "sha1"


@each("encrypted-")
def test_encrypted(sample: Sample, tmp_path: Path) -> None:
    header = parse_signed_header(sample.data)
    values = parse_encryption_values(sample.data)
    bits = int(sample.file.split("-")[1])
    assert (header.kind, header.version) == (SignedKind.ENCRYPTED, "2.0")
    assert (len(values.iv), len(values.wrapped_key), values.key_bits) == (16, bits // 8, bits)
    assert (values.padding, values.hash_name, values.key_algorithm) == (-len(CONFIG) % 16, sample.hash, 1)
    assert values.plaintext_hash == hashlib.new(sample.hash, CONFIG).digest()
    wrapped = tmp_path / "wrapped"
    wrapped.write_bytes(values.wrapped_key)
    unwrap = ["openssl", "pkeyutl", "-decrypt", "-inkey", str(CORPUS / f"phone-{bits}.pem"), "-in", str(wrapped)]
    key = subprocess.run(unwrap, capture_output=True, check=True).stdout
    decrypt = ["openssl", "enc", "-d", "-aes-128-cbc", "-nopad", "-K", key.hex(), "-iv", values.iv.hex()]
    plain = subprocess.run(decrypt, input=strip(sample.data), capture_output=True, check=True).stdout
    assert plain == CONFIG + b"\r" * values.padding
