from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.certificates import Identity, asa_self_signed, ec_key, public_key_der, to_pem
from vpnprobe.pki import mismatch
from vpnprobe.pki.fingerprint import HashProblem, colon_hex, format_cert_hash, parse_cert_hash, sha1
from vpnprobe.pki.mismatch import CopyEdit, NearMiss, NearMissKind, SeenCertificate, explain_mismatch, explain_text

# The document's certificate itself is not known, only its hash; the copies of its certHash are.
DIGEST = bytes.fromhex("E57E81EA9954C144976678D0E2418CDF79A93176")


@pytest.fixture
def leaf() -> Identity:
    return asa_self_signed()


def explain(text: str, *ders: bytes) -> tuple[NearMiss, ...]:
    seen = [SeenCertificate(der=der, where=f"place {number}") for number, der in enumerate(ders)]
    return explain_mismatch([parse_cert_hash(text)], seen)


def encode(algorithm: str, data: bytes) -> str:
    return format_cert_hash(hashlib.new(algorithm, data).digest())


@pytest.fixture
def document_certificate(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Bytes whose SHA-1 is the document's, as far as the comparison can tell."""
    monkeypatch.setattr(mismatch, "sha1", lambda der: DIGEST if der == b"document" else sha1(der))
    return b"document"


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        pytest.param("5X6B6plUwUSXZnjQ4kGM33mpMXy=", (CopyEdit(position=27, given="y", right="Y"),), id="y for Y (zh)"),
        pytest.param("5X6B6p1UwUSXZnjQ4kGM33mpMXY=", (CopyEdit(position=7, given="1", right="l"),), id="1 for l (ja)"),
        pytest.param(
            "SX6B6p1UwUSXZnjQ4kGM33mpMXy=",
            (
                CopyEdit(position=1, given="S", right="5"),
                CopyEdit(position=7, given="1", right="l"),
                CopyEdit(position=27, given="y", right="Y"),
            ),
            id="three at once",
        ),
        pytest.param("5X6B6pUwUSXZnjQ4kGM33mpMXY=", (CopyEdit(position=7, given="", right="l"),), id="one is missing"),
        pytest.param("5X6B6plxUwUSXZnjQ4kGM33mpMXY=", (CopyEdit(position=8, given="x", right=""),), id="one too many"),
        pytest.param(
            "E5:7E:81:EA:99:54:C1:44:97:66:78:D0:E2:41:8C:0F:79:A9:31:76",
            (CopyEdit(position=31, given="0", right="D"),),
            id="0 for D in hex",
        ),
        pytest.param(
            "E57E8lEA9954C144976678D0E2418CDF79A93176",
            (CopyEdit(position=6, given="L", right="1"),),
            id="l for 1 in hex",
        ),
    ],
)
def test_copying_errors(text: str, edits: tuple[CopyEdit, ...], document_certificate: bytes) -> None:
    (miss,) = explain(text, document_certificate)
    assert miss.kind is NearMissKind.COPY_ERROR
    assert miss.edits == edits
    assert miss.right == "5X6B6plUwUSXZnjQ4kGM33mpMXY="


def test_the_explanation_names_the_characters(document_certificate: bytes) -> None:
    (miss,) = explain("5X6B6p1UwUSXZnjQ4kGM33mpMXy=", document_certificate)
    assert miss.explanation == "It was copied wrongly: character 7 is `1` and should be `l`, and 1 more."


def test_lost_letter_case(document_certificate: bytes) -> None:
    (miss,) = explain("5x6b6pluwusxznjq4kgm33mpmxy=", document_certificate)
    assert miss.kind is NearMissKind.COPY_ERROR
    assert all(edit.given == edit.right.lower() for edit in miss.edits)
    assert len(miss.edits) == sum(map(str.isupper, miss.right))


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param("aX6BapaUaUaXZnjQ4kGM33mpMXY=", id="five other characters"),
        pytest.param("Eom4p6qf/YSGXjiTnzRmphtWCPw=", id="another certHash"),
        pytest.param("5X6B6plUwU", id="ten characters"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_too_far_is_no_near_miss(edited: str, document_certificate: bytes) -> None:
    assert explain(edited, document_certificate) == ()


def test_a_certificate_seen_elsewhere(leaf: Identity) -> None:
    other = asa_self_signed(key=ec_key())
    seen = [
        SeenCertificate(der=leaf.der, where="leaf shown to 7962G"),
        SeenCertificate(der=other.der, where="leaf shown to 8861"),
        SeenCertificate(der=other.der, where="leaf shown at 192.0.2.8"),
    ]
    (miss,) = explain_mismatch([parse_cert_hash(format_cert_hash(sha1(other.der)))], seen)
    assert miss.kind is NearMissKind.OTHER_CERTIFICATE
    assert miss.seen_index == 1
    assert miss.where == ("leaf shown to 8861", "leaf shown at 192.0.2.8")


@pytest.mark.parametrize("name", ["md5", "sha256", "sha384", "sha512"])
def test_another_digest(name: str, leaf: Identity) -> None:
    for text in (encode(name, leaf.der), hashlib.new(name, leaf.der).hexdigest()):
        (miss,) = explain(text, leaf.der)
        assert (miss.kind, miss.digest_name) == (NearMissKind.OTHER_DIGEST, name)


def test_the_public_key(leaf: Identity) -> None:
    spki = public_key_der(leaf.key)
    for name in ("sha1", "sha256"):
        (miss,) = explain(encode(name, spki), leaf.der)
        assert (miss.kind, miss.digest_name) == (NearMissKind.PUBLIC_KEY, name)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda pem: pem, id="as written"),
        pytest.param(lambda pem: pem.rstrip(), id="no last newline"),
        pytest.param(lambda pem: pem.replace(b"\n", b"\r\n"), id="windows"),
        pytest.param(lambda pem: b"\n".join(pem.splitlines()[1:-1]), id="body"),
        pytest.param(lambda pem: b"".join(pem.splitlines()[1:-1]), id="body in one line"),
    ],
)
def test_the_pem_text(change: Callable[[bytes], bytes], leaf: Identity) -> None:
    (miss,) = explain(encode("sha1", change(to_pem(leaf.der))), leaf.der)
    assert miss.kind is NearMissKind.PEM_TEXT


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        pytest.param(lambda digest: digest.hex(), HashProblem.HEX, id="hex"),
        pytest.param(colon_hex, HashProblem.HEX, id="hex with colons"),
        pytest.param(lambda digest: f"'{format_cert_hash(digest)}'", HashProblem.QUOTED, id="quoted"),
        pytest.param(lambda digest: format_cert_hash(digest)[:-1], HashProblem.PADDING, id="no padding"),
    ],
)
def test_the_right_hash_in_the_wrong_form(write: Callable[[bytes], str], problem: HashProblem, leaf: Identity) -> None:
    (miss,) = explain(write(sha1(leaf.der)), leaf.der)
    assert miss.kind is NearMissKind.FORM
    assert miss.problems == (problem,)


@pytest.mark.parametrize("write", [bytes.hex, colon_hex, format_cert_hash])
def test_encoded_twice(write: Callable[[bytes], str], leaf: Identity) -> None:
    (miss,) = explain(base64.b64encode(write(sha1(leaf.der)).encode()).decode(), leaf.der)
    assert miss.kind is NearMissKind.ENCODED_TWICE


def test_reversed(leaf: Identity) -> None:
    digest = sha1(leaf.der)
    for text in (format_cert_hash(digest[::-1]), format_cert_hash(digest)[::-1]):
        (miss,) = explain(text, leaf.der)
        assert miss.kind is NearMissKind.REVERSED


@pytest.mark.parametrize("part", [slice(0, 20), slice(8, None), slice(2, 26)])
def test_a_part(part: slice, document_certificate: bytes) -> None:
    (miss,) = explain("5X6B6plUwUSXZnjQ4kGM33mpMXY="[part], document_certificate)
    assert miss.kind is NearMissKind.PART


def test_more_than_the_hash(document_certificate: bytes) -> None:
    (miss,) = explain("5X6B6plUwUSXZnjQ4kGM33mpMXY=5X6B6plUwUSXZnjQ4kGM33mpMXY=", document_certificate)
    assert miss.kind is NearMissKind.PART


def test_order_is_by_cert_hash_and_only_the_first_are_looked_at(leaf: Identity) -> None:
    other = asa_self_signed(key=ec_key())
    texts = [format_cert_hash(sha1(other.der)), encode("sha256", leaf.der)]
    seen = [SeenCertificate(der=leaf.der, where="a"), SeenCertificate(der=other.der, where="b")]
    misses = explain_mismatch([parse_cert_hash(text) for text in texts], seen)
    assert [(miss.cert_hash_index, miss.seen_index) for miss in misses] == [(0, 1), (1, 0)]
    crowd = [SeenCertificate(der=bytes([number]), where="") for number in range(mismatch.MAX_SEEN)]
    assert explain_mismatch([parse_cert_hash(texts[0])], [*crowd, seen[1]]) == ()


@given(st.text(alphabet="ABCyYl1I0O+/=:. ", max_size=45), st.binary(max_size=60))
def test_any_input_gives_near_misses_that_json_can_hold(text: str, der: bytes) -> None:
    misses = explain(text, der)
    assert msgspec.json.decode(msgspec.json.encode(misses), type=tuple[NearMiss, ...]) == misses


@given(st.binary(), st.data())
def test_edits_mend_the_text(der: bytes, data: st.DataObject) -> None:
    right = text = format_cert_hash(sha1(der))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(text)))
        text = text[:position] + data.draw(st.sampled_from(["", "x", "I"])) + text[position + 1 :]
    (miss,) = explain(text, der)
    mended = list(text)
    for edit in reversed(miss.edits):
        mended[edit.position - 1 : edit.position - 1 + len(edit.given)] = list(edit.right)
    assert miss.kind is not NearMissKind.COPY_ERROR or "".join(mended) == right


@pytest.mark.parametrize(
    ("text", "explanation"),
    [
        (format_cert_hash(DIGEST).replace("pl", "p1"), "It was copied wrongly: character 7 is `1` and should be `l`."),
        (format_cert_hash(DIGEST)[::-1], "It is the certHash with its characters in reverse order."),
        (format_cert_hash(DIGEST), None),
        (colon_hex(DIGEST), None),
        (format_cert_hash(bytes(20)), None),
    ],
    ids=["typo", "reversed", "right", "right in hex", "another"],
)
def test_a_text_against_a_hash_alone(text: str, explanation: str | None) -> None:
    assert explain_text(parse_cert_hash(text), DIGEST) == explanation
