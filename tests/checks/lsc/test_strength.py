"""Key usage, hash and key."""

from __future__ import annotations

import msgspec
import pytest

from tests import certificates as make
from tests.checks.evidence_builder import alarms
from tests.checks.lsc.builder import COMPANY, CUT_RUN, LSC, MIC, lsc, of, run
from tests.checks.table import Row, params
from vpnprobe.checks.lsc import needs
from vpnprobe.model.finding import Status
from vpnprobe.phones import load_profile
from vpnprobe.pki.der import read_children, read_element
from vpnprobe.pki.structure import split_certificate

BROKEN_USAGE = lsc(key_usage=(), extensions=[make.extension("2.5.29.15", b"\xff")])
EC = lsc(key=make.ec_key())
EC_CA = make.issue(cn="EC CA", ca=True, key=make.ec_key(slot=1))

ROWS = (
    Row("LSC010", "both", run(), "pass"),
    Row("LSC010", "more", run(lsc(key_usage=["digitalSignature", "keyEncipherment", "keyAgreement"])), "pass"),
    Row("LSC010", "no-encipherment", run(lsc(key_usage=["digitalSignature"])), "fail", "without keyEncipherment"),
    Row("LSC010", "no-signature", run(lsc(key_usage=["keyEncipherment"])), "fail", "without digitalSignature"),
    Row("LSC010", "none", run(lsc(key_usage=())), "fail", "no key usage at all, without digitalSignature and keyEnc"),
    Row("LSC010", "broken", run(BROKEN_USAGE), "inconclusive", "LSC002"),
    Row("LSC010", "mic", run(MIC), "not-applicable"),
    Row("LSC011", "sha256", run(), "pass", "SHA-256"),
    Row("LSC011", "sha1", run(lsc(hash_name="sha1")), "fail", "since 11.5(1)SU1"),
    Row("LSC011", "md5", run(lsc(hash_name="md5")), "fail", "forgeries"),
    Row("LSC011", "sha512", run(lsc(hash_name="sha512")), "inconclusive", "SHA-256 only"),
    Row("LSC011", "sha256-of-model", run(**of("7962G")), "pass"),
    Row("LSC011", "cut", CUT_RUN, "inconclusive"),
    Row("LSC012", "rsa", run(), "pass", "RSA 2048"),
    Row("LSC012", "rsa-1024", run(lsc(key=make.rsa_key(1024))), "pass"),
    Row("LSC012", "ec", run(EC), "pass", "EC secp256r1"),
    Row("LSC012", "ec-of-a-model-that-can", run(lsc(key=make.ec_key(), model="8841"), **of("8841", "8811")), "pass"),
    Row("LSC012", "ec-of-a-model-that-cannot", run(EC, **of("7962G")), "fail", "a 7962G knows no elliptic curves"),
    Row(
        "LSC012", "ec-of-an-online-ca", run(lsc(key=make.ec_key(), issuer=COMPANY), online_ca=True), "fail", "RSA keys"
    ),
    Row("LSC012", "ca", run(COMPANY), "not-applicable"),
    Row("LSC012", "cut", CUT_RUN, "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


def test_one_fault_is_one_alarm() -> None:
    assert alarms(run(lsc(key_usage=["digitalSignature"]))) == {"LSC010"}
    assert alarms(run(lsc(hash_name="sha1"))) == {"LSC011"}
    assert alarms(run(EC, **of("7962G"))) == {"LSC012"}


@pytest.fixture
def _old_phone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone that takes no SHA-2 certificates; no profile has one today."""
    profile = load_profile("7962G")
    assert profile.limits is not None
    old = msgspec.structs.replace(profile, limits=msgspec.structs.replace(profile.limits, sha2_certificates=False))
    monkeypatch.setattr(needs, "_profile", lambda name: old)


@pytest.mark.usefixtures("_old_phone")
def test_a_model_that_cannot_verify_sha256() -> None:
    Row("LSC011", "", run(**of("7962G")), "fail", "which a 7962G cannot verify").judge()


def with_key(spki: bytes) -> bytes:
    """An LSC with this key, which no library makes."""
    parts = split_certificate(LSC.der)
    fields = read_children(read_element(parts.tbs, "tbs").body, "tbs")
    swapped = (spki if field.raw == parts.public_key else field.raw for field in fields)
    return make.sequence(make.sequence(*swapped), parts.algorithm, make.tlv(3, b"\0", parts.signature))


def public_key(oid: str, *key: bytes) -> bytes:
    return make.sequence(make.sequence(make.oid(oid)), make.tlv(3, b"\0", *key))


RSA_512 = public_key("1.2.840.113549.1.1.1", make.sequence(make.integer((1 << 511) + 1), make.integer(65537)))
ED25519 = public_key("1.3.101.112", bytes(32))


@pytest.mark.parametrize(
    ("spki", "status", "words"),
    [
        pytest.param(RSA_512, "fail", "only 512 bits", id="rsa-512"),
        pytest.param(ED25519, "fail", "Ed25519", id="ed25519"),
        pytest.param(public_key("1.2.840.113549.1.1.1", b"\x30\x05"), "inconclusive", "LSC002", id="damaged"),
    ],
)
def test_a_key_that_is_broken_or_of_no_use(spki: bytes, status: Status, words: str) -> None:
    Row("LSC012", "", run(with_key(spki)), status, words).judge()
