from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.pki import path
from vpnprobe.pki.path import PathEnd, PathResult, Source, Validity, build_path

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def leaf() -> make.Identity:
    return make.chain(intermediates=2)


def indices(result: PathResult) -> list[tuple[Source, int]]:
    return [(member.source, member.index) for member in result.members]


SENT, ROOTS = Source.SENT, Source.ROOTS


def test_the_whole_chain(leaf: make.Identity) -> None:
    result = build_path(leaf.chain_der, at=NOW)
    assert indices(result) == [(SENT, 0), (SENT, 1), (SENT, 2), (SENT, 3)]
    assert result.end is PathEnd.SELF_SIGNED
    assert result.is_complete
    assert result.root_sent
    assert result.in_order
    assert (result.unused, result.duplicates, result.missing_issuer) == ((), (), None)
    assert [member.subject for member in result.members] == [
        "CN=vpn.example.com",
        "CN=Example Issuing CA 2",
        "CN=Example Issuing CA 1",
        "CN=Example Root CA",
    ]
    assert [member.is_ca for member in result.members] == [None, True, True, True]
    for member in result.members:
        assert member.signature is not None
        assert (member.signature.valid, member.signature.engine) == (True, "cryptography")


def test_the_root_may_stay_at_home(leaf: make.Identity) -> None:
    *sent, root = leaf.chain_der
    result = build_path(sent, [root], at=NOW)
    assert indices(result) == [(SENT, 0), (SENT, 1), (SENT, 2), (ROOTS, 0)]
    assert result.end is PathEnd.TRUSTED_ROOT
    assert not result.root_sent
    assert result.members[-1].signature is None


def test_a_root_that_is_sent_and_trusted(leaf: make.Identity) -> None:
    result = build_path(leaf.chain_der, [leaf.chain_der[-1]], at=NOW)
    assert (result.end, result.root_sent, len(result.members)) == (PathEnd.TRUSTED_ROOT, True, 4)


def test_a_trusted_intermediate_is_enough(leaf: make.Identity) -> None:
    result = build_path(leaf.chain_der[:1], [leaf.chain_der[1]], at=NOW)
    assert (result.end, result.root_sent) == (PathEnd.TRUSTED_ROOT, False)


def test_another_root(leaf: make.Identity) -> None:
    stranger = make.issue(cn="Another Root CA", ca=True)
    result = build_path(leaf.chain_der, [stranger.der], at=NOW)
    assert result.end is PathEnd.SELF_SIGNED


@pytest.mark.parametrize(
    ("kept", "missing"),
    [
        pytest.param([0], "CN=Example Issuing CA 2", id="leaf alone"),
        pytest.param([0, 1], "CN=Example Issuing CA 1", id="first intermediate"),
        pytest.param([0, 2, 3], "CN=Example Issuing CA 2", id="gap"),
        pytest.param([0, 1, 2], "CN=Example Root CA", id="no root"),
    ],
)
def test_a_missing_issuer_is_named(leaf: make.Identity, kept: list[int], missing: str) -> None:
    sent = [leaf.chain_der[index] for index in kept]
    result = build_path(sent, at=NOW)
    assert (result.end, result.missing_issuer) == (PathEnd.ISSUER_MISSING, missing)
    assert not result.is_complete
    assert not result.root_sent
    assert result.members[-1].signature is None


@pytest.mark.parametrize(
    ("order", "in_order", "unused", "duplicates"),
    [
        pytest.param([0, 1, 2, 3], True, (), (), id="in order"),
        pytest.param([0, 2, 1, 3], False, (), (), id="intermediates swapped"),
        pytest.param([0, 3, 2, 1], False, (), (), id="root second"),
        pytest.param([0, 1, 1, 2, 3], False, (), (2,), id="one twice"),
        pytest.param([0, 1, 2, 3, 0], True, (), (4,), id="leaf again at the end"),
        pytest.param([0, 1, 2, 3, 4], True, (4,), (), id="stranger at the end"),
        pytest.param([0, 4, 1, 2, 3], False, (1,), (), id="stranger between"),
    ],
)
def test_order(
    leaf: make.Identity, order: list[int], in_order: bool, unused: tuple[int, ...], duplicates: tuple[int, ...]
) -> None:
    pool = (*leaf.chain_der, make.issue(cn="Stranger", ca=True).der)
    result = build_path([pool[index] for index in order], at=NOW)
    assert result.end is PathEnd.SELF_SIGNED
    assert len(result.members) == 4
    assert (result.in_order, result.unused, result.duplicates) == (in_order, unused, duplicates)


def test_a_self_signed_leaf() -> None:
    asa = make.asa_self_signed()
    result = build_path([asa.der], at=NOW)
    assert (result.end, result.root_sent, result.is_complete) == (PathEnd.SELF_SIGNED_LEAF, True, True)
    trusted = build_path([asa.der], [asa.der], at=NOW)
    assert (trusted.end, indices(trusted)) == (PathEnd.TRUSTED_ROOT, [(SENT, 0)])


def test_an_issuer_of_the_right_name_with_another_key(leaf: make.Identity) -> None:
    impostor = make.issue(cn="Example Issuing CA 2", ca=True, key=make.rsa_key(1024))
    result = build_path([leaf.der, impostor.der], at=NOW)
    assert result.end is PathEnd.SIGNATURE_WRONG
    assert result.missing_issuer == "CN=Example Issuing CA 2"
    assert result.unused == (1,)


def test_the_right_one_of_two_issuers_of_one_name(leaf: make.Identity) -> None:
    impostor = make.issue(cn="Example Issuing CA 2", ca=True, key=make.rsa_key(1024))
    result = build_path([leaf.der, impostor.der, *leaf.chain_der[1:]], at=NOW)
    assert (result.end, result.unused) == (PathEnd.SELF_SIGNED, (1,))


def cross_signed() -> tuple[make.Identity, make.Identity, make.Identity]:
    """A leaf's issuer certified by two roots: the leaf, and both certificates of the issuer."""
    old, new = make.issue(cn="Old Root", ca=True), make.issue(cn="New Root", ca=True, key=make.rsa_key(slot=5))
    by_old = make.issue(cn="Issuing CA", issuer=old, ca=True, key=make.rsa_key(slot=6))
    by_new = make.issue(cn="Issuing CA", issuer=new, ca=True, key=make.rsa_key(slot=6))
    return make.issue(cn="gw", issuer=by_old, key=make.rsa_key(slot=7)), by_old, by_new


@pytest.mark.parametrize("trusted", ["Old Root", "New Root"])
def test_cross_signed_authorities(trusted: str) -> None:
    gateway, by_old, by_new = cross_signed()
    root = {"Old Root": by_old.issuer, "New Root": by_new.issuer}[trusted]
    assert root is not None
    result = build_path([gateway.der, by_old.der, by_new.der], [root.der], at=NOW)
    assert result.end is PathEnd.TRUSTED_ROOT
    assert result.members[-1].subject == f"CN={trusted}"


def test_authorities_that_sign_each_other_end() -> None:
    """Two authorities certify each other, and no root is there."""
    a_key, b_key = make.rsa_key(slot=5), make.rsa_key(slot=6)
    a, b = make.issue(cn="A", key=a_key, ca=True), make.issue(cn="B", key=b_key, ca=True)
    a_by_b, b_by_a = (
        make.issue(cn="A", key=a_key, issuer=b, ca=True),
        make.issue(cn="B", key=b_key, issuer=a, ca=True),
    )
    result = build_path([make.issue(cn="gw", issuer=a).der, a_by_b.der, b_by_a.der], at=NOW)
    assert (result.end, result.is_complete) == (PathEnd.ISSUER_MISSING, False)


@pytest.mark.parametrize(
    ("at", "validity"),
    [
        (datetime(2023, 12, 31, tzinfo=UTC), Validity.NOT_YET_VALID),
        (make.NOT_BEFORE, Validity.VALID),
        (make.NOT_AFTER, Validity.VALID),
        (datetime(2044, 1, 2, tzinfo=UTC), Validity.EXPIRED),
    ],
)
def test_dates(leaf: make.Identity, at: datetime, validity: Validity) -> None:
    result = build_path(leaf.chain_der, at=at)
    assert {member.validity for member in result.members} == {validity}
    assert result.is_complete


def test_one_expired_member() -> None:
    root = make.issue(cn="Root", ca=True, not_after=datetime(2025, 1, 1, tzinfo=UTC))
    result = build_path([make.issue(cn="gw", issuer=root).der, root.der], at=NOW)
    assert [member.validity for member in result.members] == [Validity.VALID, Validity.EXPIRED]


def test_dates_that_cannot_be_read() -> None:
    result = build_path([make.issue(cn="gw", not_before="00000101000000Z").der], at=NOW)
    assert result.members[0].validity is Validity.UNKNOWN


@pytest.mark.parametrize("hash_name", ["md5", "sha1"])
def test_old_signatures_are_checked_too(hash_name: str) -> None:
    root = make.issue(cn="Root", ca=True, hash_name=hash_name)
    result = build_path([make.issue(cn="gw", issuer=root, hash_name=hash_name).der, root.der], at=NOW)
    assert [member.signature and member.signature.valid for member in result.members] == [True, True]


def test_nothing_was_sent() -> None:
    assert build_path([], at=NOW) == PathResult(members=(), end=PathEnd.NO_CERTIFICATE)


def test_a_leaf_that_cannot_be_read(leaf: make.Identity) -> None:
    result = build_path([b"no certificate", *leaf.chain_der], at=NOW)
    assert (result.end, len(result.members), result.unused) == (PathEnd.UNREADABLE, 1, (1, 2, 3, 4))
    assert result.members[0].sha1


def test_unreadable_certificates_above_the_leaf_are_left_out(leaf: make.Identity) -> None:
    result = build_path([leaf.der, b"no certificate", *leaf.chain_der[1:]], [b"no root"], at=NOW)
    assert (result.end, result.unused, result.in_order) == (PathEnd.SELF_SIGNED, (1,), False)


def test_an_absurd_chain_is_cut(leaf: make.Identity) -> None:
    padding = [make.issue(cn="x", serial=number, key=make.ec_key()).der for number in range(path.MAX_SENT)]
    result = build_path([leaf.der, *padding, *leaf.chain_der[1:]], at=NOW)
    assert (result.end, len(result.unused)) == (PathEnd.ISSUER_MISSING, path.MAX_SENT - 1)


def test_signature_checks_are_counted(leaf: make.Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "MAX_SIGNATURE_CHECKS", 2)
    signatures = [member.signature for member in build_path(leaf.chain_der, at=NOW).members]
    assert [signature and signature.valid for signature in signatures] == [True, True, None, None]
    assert signatures[-1] is not None
    assert signatures[-1].detail == "too many certificates to check"


@settings(max_examples=50)
@given(st.lists(st.integers(0, 5) | st.binary(max_size=40), max_size=6))
def test_any_chain_gives_a_path_that_json_can_hold(chain: list[int | bytes]) -> None:
    gateway, by_old, by_new = cross_signed()
    pool = (gateway.der, by_old.der, by_new.der, by_old.chain_der[-1], by_new.chain_der[-1], b"\x30\x00")
    sent = [pool[item] if isinstance(item, int) else item for item in chain]
    result = build_path(sent, [by_new.chain_der[-1]], at=NOW)
    assert msgspec.json.decode(msgspec.json.encode(result), type=PathResult) == result
    assert len(result.members) + len(result.unused) + len(result.duplicates) <= len(sent) + 1
