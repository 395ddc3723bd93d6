from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.certificates import asa_self_signed, chain, issue, rsa_key
from vpnprobe.pki.basis import Basis
from vpnprobe.pki.fingerprint import colon_hex, format_cert_hash, parse_cert_hash, sha1
from vpnprobe.pki.pin import MatchKind, PinDecision, PinMatch, PinReason, decide_leaf_pin, decide_pin

LEAF, ISSUER, ROOT = CHAIN = chain(intermediates=1).chain_der
STRANGER = b"stranger"


def cert_hash(der: bytes) -> str:
    return format_cert_hash(sha1(der))


def spoil_unused_bits(text: str) -> str:
    """Set a bit that base64 of 20 bytes leaves unused."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text[:-2] + alphabet[alphabet.index(text[-2]) + 1] + "="


def decide(texts: list[str], chain: tuple[bytes, ...] = CHAIN, hash_alg: str | None = "0") -> PinDecision:
    return decide_pin([parse_cert_hash(text) for text in texts], chain, hash_alg)


@pytest.mark.parametrize(
    ("texts", "accepts", "reason", "basis"),
    [
        pytest.param([cert_hash(LEAF)], True, PinReason.LEAF_MATCHES, Basis.DOCUMENT, id="leaf"),
        pytest.param([cert_hash(ISSUER)], True, PinReason.ISSUER_MATCHES, Basis.INFERENCE, id="issuer"),
        pytest.param([cert_hash(ROOT)], True, PinReason.ISSUER_MATCHES, Basis.INFERENCE, id="root"),
        pytest.param([cert_hash(STRANGER)], False, PinReason.NO_MATCH, Basis.DOCUMENT, id="stranger"),
        pytest.param(
            [cert_hash(STRANGER), cert_hash(LEAF)],
            True,
            PinReason.LEAF_MATCHES,
            Basis.DOCUMENT,
            id="second of two",
        ),
        pytest.param(
            [cert_hash(ISSUER), cert_hash(LEAF)], True, PinReason.LEAF_MATCHES, Basis.DOCUMENT, id="leaf wins"
        ),
        pytest.param([], None, PinReason.NO_EXPECTATION, Basis.UNKNOWN, id="none"),
        pytest.param(["", " "], None, PinReason.NO_EXPECTATION, Basis.UNKNOWN, id="empty elements"),
        pytest.param(
            [spoil_unused_bits(cert_hash(LEAF))],
            True,
            PinReason.LEAF_MATCHES,
            Basis.ASSUMPTION,
            id="unused bits",
        ),
        pytest.param([cert_hash(LEAF).rstrip("=")], None, PinReason.DOUBTFUL_FORM, Basis.UNKNOWN, id="no padding"),
        pytest.param([f" {cert_hash(LEAF)}"], None, PinReason.DOUBTFUL_FORM, Basis.UNKNOWN, id="blank"),
        pytest.param(
            [f" {cert_hash(LEAF)}", cert_hash(ISSUER)],
            True,
            PinReason.ISSUER_MATCHES,
            Basis.INFERENCE,
            id="blank leaf, good issuer",
        ),
        pytest.param([colon_hex(sha1(LEAF))], False, PinReason.NO_MATCH, Basis.DOCUMENT, id="hex with colons"),
        pytest.param([sha1(LEAF).hex()], False, PinReason.NO_MATCH, Basis.DOCUMENT, id="hex"),
        pytest.param([f'"{cert_hash(LEAF)}"'], False, PinReason.NO_MATCH, Basis.DOCUMENT, id="quoted"),
        pytest.param(["not a hash"], False, PinReason.NO_MATCH, Basis.DOCUMENT, id="nonsense"),
    ],
)
def test_decisions(texts: list[str], accepts: bool | None, reason: PinReason, basis: Basis) -> None:
    decision = decide(texts)
    assert (decision.accepts, decision.reason, decision.basis) == (accepts, reason, basis)


def test_every_match_is_listed_leaf_first() -> None:
    decision = decide([cert_hash(ROOT), cert_hash(STRANGER), cert_hash(LEAF), cert_hash(LEAF)])
    assert decision.matches == (
        PinMatch(cert_hash_index=2, certificate_index=0, kind=MatchKind.LEAF, basis=Basis.DOCUMENT),
        PinMatch(cert_hash_index=3, certificate_index=0, kind=MatchKind.LEAF, basis=Basis.DOCUMENT),
        PinMatch(cert_hash_index=0, certificate_index=2, kind=MatchKind.ISSUER, basis=Basis.INFERENCE),
    )


def test_a_leaf_that_is_sent_twice_is_still_the_leaf() -> None:
    kinds = [match.kind for match in decide([cert_hash(LEAF)], (LEAF, LEAF)).matches]
    assert kinds == [MatchKind.LEAF, MatchKind.LEAF]


FORGED = issue(cn="vpn.example.com", issuer=issue(cn="Example Issuing CA 1", key=rsa_key(slot=7)), key=rsa_key(slot=8))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param((asa_self_signed().der, *CHAIN), id="below another leaf"),
        pytest.param((b"no certificate", *CHAIN), id="below no certificate"),
        pytest.param((FORGED.der, *CHAIN), id="named as the issuer"),
    ],
)
@pytest.mark.parametrize("pinned", CHAIN, ids=["leaf", "issuer", "root"])
def test_the_right_certificate_sent_along_with_another_leaf_does_not_count(
    sent: tuple[bytes, ...], pinned: bytes
) -> None:
    decision = decide([cert_hash(pinned)], sent)
    assert (decision.accepts, decision.reason, decision.matches) == (False, PinReason.NO_MATCH, ())


def test_the_order_of_issuers_does_not_matter() -> None:
    assert decide([cert_hash(ROOT)], (LEAF, ROOT, STRANGER, ISSUER)).accepts is True


def test_an_issuer_below_a_missing_one_does_not_count() -> None:
    assert decide([cert_hash(ROOT)], (LEAF, ROOT)).accepts is False


def test_without_a_certificate_nothing_is_decided() -> None:
    decision = decide([cert_hash(LEAF)], ())
    assert (decision.accepts, decision.reason) == (None, PinReason.NO_CERTIFICATE)


@pytest.mark.parametrize("hash_alg", [None, "", "0", " 0 "])
def test_hash_alg_sha1(hash_alg: str | None) -> None:
    assert decide([cert_hash(LEAF)], hash_alg=hash_alg).accepts is True
    assert decide([cert_hash(STRANGER)], hash_alg=hash_alg).accepts is False


@pytest.mark.parametrize("hash_alg", ["1", "2", "SHA1", "-0"])
@pytest.mark.parametrize("text", [cert_hash(LEAF), cert_hash(STRANGER)])
def test_hash_alg_of_unknown_meaning(hash_alg: str, text: str) -> None:
    decision = decide([text], hash_alg=hash_alg)
    assert (decision.accepts, decision.reason) == (None, PinReason.UNKNOWN_HASH_ALG)
    assert bool(decision.matches) == (text == cert_hash(LEAF))


@given(
    st.lists(st.text(max_size=40), max_size=4),
    st.lists(st.binary(max_size=40), max_size=4),
    st.none() | st.text(),
)
def test_any_input_gives_a_decision_that_json_can_hold(
    texts: list[str], chain: list[bytes], hash_alg: str | None
) -> None:
    decision = decide(texts, tuple(chain), hash_alg)
    assert decision.accepts is not True or decision.matches
    assert msgspec.json.decode(msgspec.json.encode(decision), type=PinDecision) == decision


@pytest.mark.parametrize("hash_alg", ["0", None, "1"])
@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        [cert_hash(LEAF)],
        [cert_hash(ISSUER)],
        [cert_hash(STRANGER), cert_hash(LEAF)],
        [spoil_unused_bits(cert_hash(LEAF))],
        [cert_hash(LEAF).rstrip("=")],
    ],
)
def test_of_a_leaf_the_hash_alone_says_as_much_as_the_leaf_alone(texts: list[str], hash_alg: str | None) -> None:
    expected = [parse_cert_hash(text) for text in texts]
    assert decide_leaf_pin(expected, sha1(LEAF), hash_alg) == decide_pin(expected, (LEAF,), hash_alg)
