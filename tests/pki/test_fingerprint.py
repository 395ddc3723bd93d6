from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vpnprobe.pki import fingerprint
from vpnprobe.pki.fingerprint import (
    CertHash,
    HashForm,
    HashProblem,
    format_cert_hash,
    parse_cert_hash,
    parse_expected_hash,
)

# The pair of the document: one certificate's fingerprint in a browser and its certHash in the configuration.
DIGEST = bytes.fromhex("E57E81EA9954C144976678D0E2418CDF79A93176")
COLON_HEX = "E5:7E:81:EA:99:54:C1:44:97:66:78:D0:E2:41:8C:DF:79:A9:31:76"
CERT_HASH = "5X6B6plUwUSXZnjQ4kGM33mpMXY="


def test_the_documents_pair() -> None:
    assert parse_cert_hash(CERT_HASH) == CertHash(text=CERT_HASH, digest=DIGEST, form=HashForm.BASE64, problems=())
    assert parse_cert_hash(CERT_HASH).is_canonical
    assert format_cert_hash(DIGEST) == CERT_HASH
    assert fingerprint.colon_hex(DIGEST) == COLON_HEX


def test_the_phone_log_prints_hex_without_colons() -> None:
    digest = parse_cert_hash("Eom4p6qf/YSGXjiTnzRmphtWCPw=").digest
    assert digest is not None
    assert fingerprint.phone_log_hex(digest) == "1289B8A7AA9FFD84865E38939F3466A61B5608FC"


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256"])
def test_digests(name: str) -> None:
    assert getattr(fingerprint, name)(b"abc") == hashlib.new(name, b"abc").digest()


SHA1_TEXTS = [
    pytest.param("E57E81EA9954C144976678D0E2418CDF79A93176", HashForm.HEX, {HashProblem.HEX}, id="hex"),
    pytest.param("e57e81ea9954c144976678d0e2418cdf79a93176", HashForm.HEX, {HashProblem.HEX}, id="hex lower"),
    pytest.param(COLON_HEX, HashForm.HEX, {HashProblem.HEX}, id="hex with colons"),
    pytest.param(
        "e57e81ea 9954c144 976678d0 e2418cdf 79a93176",
        HashForm.HEX,
        {HashProblem.HEX},
        id="as the ASA prints it",
    ),
    pytest.param(COLON_HEX.replace(":", " "), HashForm.HEX, {HashProblem.HEX}, id="hex with blanks"),
    pytest.param(COLON_HEX.replace(":", "-"), HashForm.HEX, {HashProblem.HEX}, id="hex with hyphens"),
    pytest.param(
        "\u200e" + COLON_HEX.replace(":", " ").lower(),
        HashForm.HEX,
        {HashProblem.HEX, HashProblem.INVISIBLE_CHARACTER},
        id="as Windows copies it",
    ),
    pytest.param(
        f"SHA1 Fingerprint={COLON_HEX}",
        HashForm.HEX,
        {HashProblem.HEX, HashProblem.LABELLED},
        id="as openssl 1 prints it",
    ),
    pytest.param(
        f"sha1 Fingerprint={COLON_HEX}\n",
        HashForm.HEX,
        {HashProblem.HEX, HashProblem.LABELLED, HashProblem.WHITESPACE},
        id="as openssl 3 prints it",
    ),
    pytest.param(
        f"SHA1 Fingerprint {COLON_HEX}",
        HashForm.HEX,
        {HashProblem.HEX, HashProblem.LABELLED},
        id="as Firefox shows it",
    ),
    pytest.param(f"  {CERT_HASH}\n", HashForm.BASE64, {HashProblem.WHITESPACE}, id="blanks around"),
    pytest.param("5X6B6plUwUSX ZnjQ4kGM33mpMXY=", HashForm.BASE64, {HashProblem.WHITESPACE}, id="blank inside"),
    pytest.param(CERT_HASH.rstrip("="), HashForm.BASE64, {HashProblem.PADDING}, id="no padding"),
    pytest.param(CERT_HASH + "=", HashForm.BASE64, {HashProblem.PADDING}, id="too much padding"),
    pytest.param("5X6B6plUwUSXZnjQ4kGM33mpMXZ=", HashForm.BASE64, {HashProblem.UNUSED_BITS}, id="unused bits"),
    pytest.param(f'"{CERT_HASH}"', HashForm.BASE64, {HashProblem.QUOTED}, id="quoted"),
    pytest.param("5X6B6plUwUSXZnjQ4kGM33mpMXY&#61;", HashForm.BASE64, {HashProblem.ESCAPED}, id="character reference"),
    pytest.param(f"<certHash1>{CERT_HASH}</certHash1>", HashForm.BASE64, {HashProblem.LABELLED}, id="whole element"),
]


@pytest.mark.parametrize(("text", "form", "problems"), SHA1_TEXTS)
def test_a_sha1_in_other_forms(text: str, form: HashForm, problems: set[HashProblem]) -> None:
    parsed = parse_cert_hash(text)
    assert parsed.digest == DIGEST
    assert parsed.form is form
    assert set(parsed.problems) == problems
    assert not parsed.is_canonical
    assert parsed.text == text


def test_the_url_alphabet() -> None:
    digest = bytes.fromhex("1289B8A7AA9FFD84865E38939F3466A61B5608FC")
    parsed = parse_cert_hash("Eom4p6qf_YSGXjiTnzRmphtWCPw=")
    assert (parsed.digest, parsed.form) == (digest, HashForm.BASE64URL)
    assert parsed.problems == (HashProblem.URL_ALPHABET,)


@pytest.mark.parametrize(
    ("size", "problem"),
    [
        (16, HashProblem.MD5_LENGTH),
        (19, HashProblem.WRONG_LENGTH),
        (21, HashProblem.WRONG_LENGTH),
        (32, HashProblem.SHA256_LENGTH),
        (48, HashProblem.WRONG_LENGTH),
        (64, HashProblem.SHA512_LENGTH),
    ],
)
@pytest.mark.parametrize("form", [HashForm.BASE64, HashForm.HEX])
def test_other_lengths(size: int, problem: HashProblem, form: HashForm) -> None:
    digest = bytes(range(0xA0, 0xA0 + size))
    text = format_cert_hash(digest) if form is HashForm.BASE64 else fingerprint.colon_hex(digest)
    parsed = parse_cert_hash(text)
    assert (parsed.digest, parsed.form) == (digest, form)
    assert parsed.problems[-1] is problem


@pytest.mark.parametrize(
    ("text", "form", "problem"),
    [
        pytest.param("", None, HashProblem.EMPTY, id="empty"),
        pytest.param(" \n", None, HashProblem.EMPTY, id="blank"),
        pytest.param('""', None, HashProblem.EMPTY, id="empty quotes"),
        pytest.param("A" * 1025, None, HashProblem.TOO_LONG, id="too long"),
        pytest.param("-----BEGIN CERTIFICATE-----\nMIIB", HashForm.PEM, HashProblem.IS_CERTIFICATE, id="certificate"),
        pytest.param("5X6B6plUwUSX*njQ4kGM33mpMXY=", HashForm.BASE64, HashProblem.INVALID_CHARACTER, id="star"),
        pytest.param("5X6B6plUwUSX=njQ4kGM33mpMXY=", HashForm.BASE64, HashProblem.INVALID_CHARACTER, id="equals"),
        pytest.param("5X6B6plUwUSXZnjQ4kGM33mpM", HashForm.BASE64, HashProblem.WRONG_LENGTH, id="no base64 length"),
    ],
)
def test_texts_without_a_digest(text: str, form: HashForm | None, problem: HashProblem) -> None:
    parsed = parse_cert_hash(text)
    assert parsed.digest is None
    assert parsed.form is form
    assert problem in parsed.problems
    assert len(parsed.text) <= fingerprint.MAX_TEXT


def test_the_copies_in_the_documents() -> None:
    """`MXy=` and `p1` are copying errors of the documents; the first shows itself by its unused bits."""
    chinese = parse_cert_hash("5X6B6plUwUSXZnjQ4kGM33mpMXy=")
    assert chinese.problems == (HashProblem.UNUSED_BITS,)
    assert chinese.digest == DIGEST[:-1] + b"\x7c"
    japanese = parse_cert_hash("5X6B6p1UwUSXZnjQ4kGM33mpMXY=")
    assert japanese.problems == ()
    assert japanese.digest == DIGEST[:4] + b"\x9d" + DIGEST[5:]


@pytest.mark.parametrize(("text", "form", "problems"), SHA1_TEXTS)
def test_an_operator_may_write_any_form(text: str, form: HashForm, problems: set[HashProblem]) -> None:
    expected = parse_expected_hash(text)
    assert expected.digest == DIGEST
    assert expected.form is HashForm.BASE64
    assert set(expected.problems) == problems & {HashProblem.UNUSED_BITS}


def test_what_an_operator_wrote_wrongly_stays() -> None:
    assert parse_expected_hash("nonsense!").problems == (HashProblem.INVALID_CHARACTER,)
    assert parse_expected_hash("'5X6B6plUwUSXZnjQ4kGM33mpMXy='").text == "5X6B6plUwUSXZnjQ4kGM33mpMXy="


@given(st.binary(max_size=80))
def test_round_trip(digest: bytes) -> None:
    parsed = parse_cert_hash(format_cert_hash(digest))
    if digest:
        assert parsed.digest == digest
    assert parsed.is_canonical == (len(digest) == fingerprint.SHA1_SIZE)


@given(st.text())
@example("\ud800")
@example("&#xFFFFFFFFFF;")
@example("sha1=")
@example("<certHash1></certHash1>")
def test_any_text_gives_a_value_that_json_can_hold(text: str) -> None:
    parsed = parse_cert_hash(text)
    assert msgspec.json.decode(msgspec.json.encode(parsed), type=CertHash) == parsed
    parse_expected_hash(text)
