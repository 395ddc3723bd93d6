"""Hostile lists and signed files: whatever the bytes, a reading comes back and nothing is raised."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.certificates import issue
from tests.signed_files import BY_NAME, SAMPLES, certificate
from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.cluster import Cluster
from vpnprobe.lab.signed_files import signed_file
from vpnprobe.model.target import Persona, Target
from vpnprobe.model.trust import TrustList
from vpnprobe.pki.fingerprint import sha256
from vpnprobe.pki.signed_file import FileSignature, verify_file_signature
from vpnprobe.probes.recorder import Recorder
from vpnprobe.probes.trust import check_signature, read_trust_list
from vpnprobe.wire.sgn import build_signed_header
from vpnprobe.wire.trust_records import RawTrustRecord, build_trust_records

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ITL = BY_NAME["ITLFile.tlv"].data


def recorder() -> Recorder:
    return Recorder("config", Target(source="test"), Persona(profile="7962G"))


def read(data: bytes, kept: Recorder | None = None, name: str = "ITLFile.tlv") -> TrustList:
    return read_trust_list(name, data, "fetched", kept or recorder())


def listed(*records: RawTrustRecord, file_name: str = "ITLFile.tlv") -> bytes:
    """A list of these records, with a signature of zeros."""
    header = build_signed_header(
        file_name=file_name,
        signer_name="CN=signer",
        signer_issuer="CN=signer",
        signer_serial=b"\x05",
        signature=bytes(256),
        timestamp=1_700_000_000,
        version=(1, 2),
        signer_version=(1, 0),
    )
    return header + build_trust_records(records)


def record(**fields: Any) -> RawTrustRecord:
    usual: dict[str, Any] = {"role": 2, "issuer": "CN=signer", "serial": "05"}
    return RawTrustRecord(**usual | fields)


def test_the_same_certificate_in_two_roles_is_both() -> None:
    cluster = Cluster("cucm.lab.example", NOW, LabPki(NOW).authority("capf"))
    kept = recorder()
    itl = read(cluster.trust_list("ITLFile.tlv"), kept)
    name = "SEP8CB64F576113.cnf.xml.sgn"
    reading = check_signature(signed_file(b"<device/>", name, cluster.call_manager, NOW), [itl], "configuration", kept)
    assert (reading.status, set(reading.roles), reading.source) == ("valid", {0, 2}, "ITL")


def test_a_renewed_certificate_of_the_same_name_is_another_signer() -> None:
    cluster = Cluster("cucm.lab.example", NOW, LabPki(NOW).authority("capf"))
    kept = recorder()
    itl = read(cluster.trust_list("ITLFile.tlv"), kept)
    data = signed_file(b"<device/>", "x.cnf.xml.sgn", cluster.renewed_call_manager, NOW)
    assert check_signature(data, [itl], "configuration", kept).status == "unknown-signer"


def test_a_record_with_the_hash_of_a_certificate_alone_cannot_verify() -> None:
    found = read(listed(record(certificate_hash=bytes(20), hash_algorithm=1)))
    assert found.own_signature is not None
    assert (found.own_signature.status, found.own_signature.source) == ("unsupported", "itself")
    assert "only the hash" in (found.own_signature.problem or "")


def test_a_list_that_has_the_certificate_whole_verifies_where_another_has_its_hash() -> None:
    cluster = Cluster("cucm.lab.example", NOW, LabPki(NOW).authority("capf"))
    kept = recorder()
    itl = read(cluster.trust_list("ITLFile.tlv"), kept)
    [signer] = [one for one in itl.records if one.role == 2]
    hashed = read(listed(record(issuer=signer.issuer, serial=signer.serial, certificate_hash=bytes(20))), kept)
    data = signed_file(b"<device/>", "x.cnf.xml.sgn", cluster.call_manager, NOW)
    assert check_signature(data, [hashed, itl], "configuration", kept).status == "valid"


@pytest.mark.parametrize(
    ("name", "file", "origin", "kind"),
    [
        ("held.tlv", "CTLFile.tlv", "held", "CTL"),
        ("old-ctl-cluster.tlv", "ITLSEP8CB64F576113.tlv", "held", "ITL"),
        ("CTLFile.tlv", "", "held", "CTL"),
        ("held.tlv", "", "held", "ITL"),
        ("ITLFile.tlv", "CTLFile.tlv", "fetched", "ITL"),
    ],
)
def test_what_is_held_is_known_by_its_header(
    name: str, file: str, origin: Literal["held", "fetched"], kind: str
) -> None:
    data = listed(record(), file_name=file)
    assert read_trust_list(name, data, origin, recorder()).kind == kind


def test_a_certificate_that_cannot_be_read_cannot_verify() -> None:
    found = read(listed(record(certificate=b"\x30\x03junk")))
    assert found.own_signature is not None
    assert found.own_signature.status == "unsupported"


def test_of_many_certificates_of_one_serial_number_few_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bytes] = []

    def verify(content: bytes, signature: bytes, hash_name: str | None, der: bytes) -> FileSignature:
        tried.append(der)
        return verify_file_signature(content, signature, hash_name, der)

    monkeypatch.setattr("vpnprobe.probes.trust.verify_file_signature", verify)
    many = [record(certificate=issue(cn=f"number {number}", serial=5).der) for number in range(20)]
    found = read(listed(*many))
    assert found.own_signature is not None
    assert found.own_signature.status == "invalid"
    assert len(tried) == 4


def test_unsigned_is_told() -> None:
    header = bytes.fromhex("01000201000200020000")
    data = header[:8] + len(header).to_bytes(2, "big")
    assert check_signature(data, [read(ITL)], "configuration", recorder()).status == "unsigned"


def test_no_signed_file_is_unreadable() -> None:
    assert check_signature(b"<device/>", [read(ITL)], "configuration", recorder()).status == "unreadable"


@pytest.mark.parametrize("end", range(0, len(ITL), 7))
def test_a_cut_list_says_so(end: int) -> None:
    found = read(ITL[:end])
    assert found.problem is not None or found.own_signature is None or found.own_signature.status != "valid"


@given(st.binary(max_size=400))
def test_junk_is_read(data: bytes) -> None:
    assert read(data).problem is not None


@given(st.integers(0, len(ITL) - 1), st.integers(1, 255))
def test_a_changed_byte_is_never_a_valid_signature(place: int, flip: int) -> None:
    changed = bytearray(ITL)
    changed[place] ^= flip
    found = read(bytes(changed))
    assert found.problem is not None or found.own_signature is None or found.own_signature.status != "valid"


def test_corpus_is_whole() -> None:
    kept = recorder()
    itl = read(ITL, kept)
    assert itl.own_signature is not None
    assert itl.own_signature.status == "valid"
    assert itl.own_signature.signer == sha256(certificate("recovery")).hex()
    assert len(SAMPLES) > 10
