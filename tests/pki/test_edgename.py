"""The edge's rule for names, as a table."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.pki.certificate import CertificateFacts, describe
from vpnprobe.pki.edgename import MAX_NAMES_SHOWN, EdgeNameDecision, EdgeNameRule, decide_edge_name
from vpnprobe.pki.extensions import MAX_NAMES

TARGET = "sip.example.com"


def facts(
    cn: str = "other", dns: list[str] | None = None, *, extensions: list[bytes] | None = None
) -> CertificateFacts:
    """A certificate without SAN where `dns` is None; an empty list gives one with a single address."""
    ips = [] if dns is None else ["192.0.2.1"]
    leaf = make.issue(cn=cn, dns=dns or [], ips=ips, extensions=extensions or [], key=make.ec_key())
    return describe(leaf.der)


@pytest.mark.parametrize(
    ("target", "cn", "dns", "rule", "accepts", "matched"),
    [
        pytest.param(TARGET, "x.example.com", [TARGET], EdgeNameRule.SAN, True, TARGET, id="SAN"),
        pytest.param(TARGET, TARGET, ["a.example.com", TARGET], EdgeNameRule.SAN, True, TARGET, id="second of SAN"),
        pytest.param("SIP.Example.com.", "x", ["sip.EXAMPLE.com"], EdgeNameRule.SAN, True, TARGET, id="letter case"),
        pytest.param(TARGET, "x", [TARGET + "."], EdgeNameRule.SAN, True, TARGET, id="final dot in the SAN"),
        pytest.param(
            "sip.xn--grn-hoa.example",
            "x",
            ["sip.XN--grn-hoa.example"],
            EdgeNameRule.SAN,
            True,
            "sip.xn--grn-hoa.example",
            id="A-label",
        ),
        pytest.param(
            TARGET, "x", ["*.example.com"], EdgeNameRule.SAN_WILDCARD, None, "*.example.com", id="wildcard in the SAN"
        ),
        pytest.param(TARGET, "x", ["*.example.com", TARGET], EdgeNameRule.SAN, True, TARGET, id="wildcard and name"),
        pytest.param(
            TARGET, TARGET, ["*.example.com"], EdgeNameRule.SAN_WILDCARD, None, "*.example.com", id="wildcard before CN"
        ),
        pytest.param("a.sip.example.com", "x", ["*.example.com"], EdgeNameRule.NO_MATCH, False, None, id="two labels"),
        pytest.param("example.com", "x", ["*.example.com"], EdgeNameRule.NO_MATCH, False, None, id="no label"),
        pytest.param(TARGET, "x", ["s*.example.com"], EdgeNameRule.NO_MATCH, False, None, id="part of a label"),
        pytest.param(TARGET, "x", ["sip.*.com"], EdgeNameRule.NO_MATCH, False, None, id="inner label alone"),
        pytest.param("s*.a.com", "x", ["s*.a.com"], EdgeNameRule.NO_MATCH, False, None, id="part of the target"),
        pytest.param(TARGET, "x", ["sip.*.com", "a.b"], EdgeNameRule.NO_MATCH, False, None, id="inner label"),
        pytest.param(
            "*.example.com", "x", ["*.example.com"], EdgeNameRule.NO_MATCH, False, None, id="wildcard as the target"
        ),
        pytest.param(TARGET, TARGET, None, EdgeNameRule.COMMON_NAME, True, TARGET, id="CN without SAN"),
        pytest.param(
            TARGET,
            "*.example.com",
            None,
            EdgeNameRule.COMMON_NAME_WILDCARD,
            None,
            "*.example.com",
            id="wildcard CN without SAN",
        ),
        pytest.param(
            TARGET, TARGET, ["a.example.com"], EdgeNameRule.COMMON_NAME_IGNORED, False, TARGET, id="CN beside a SAN"
        ),
        pytest.param(TARGET, TARGET, [], EdgeNameRule.COMMON_NAME_IGNORED, False, TARGET, id="CN, SAN of addresses"),
        pytest.param(
            TARGET, "*.example.com", ["a.example.com"], EdgeNameRule.NO_MATCH, False, None, id="wildcard CN and SAN"
        ),
        pytest.param(TARGET, "example.com", ["example.com"], EdgeNameRule.NO_MATCH, False, None, id="bare domain"),
        pytest.param(
            "vcse.acano.steven.lab",
            "vcse.steven.lab",
            ["vcse.steven.lab"],
            EdgeNameRule.NO_MATCH,
            False,
            None,
            id="document 004, 1010",
        ),
        pytest.param(TARGET, "vcse", None, EdgeNameRule.NO_DOTTED_NAME, False, None, id="no dot"),
        pytest.param(
            TARGET, "Example Corp. Ltd.", ["vcse"], EdgeNameRule.NO_DOTTED_NAME, False, None, id="no DNS name"
        ),
        pytest.param(TARGET, "192.0.2.1", [], EdgeNameRule.NO_DOTTED_NAME, False, None, id="addresses only"),
        pytest.param(
            "192.0.2.1", "x", ["192.0.2.1", "a.b"], EdgeNameRule.NO_MATCH, False, None, id="address as the target"
        ),
        pytest.param("sip", "a.example.com", ["sip"], EdgeNameRule.NO_MATCH, False, None, id="target without a dot"),
        pytest.param("", "a.example.com", [""], EdgeNameRule.NO_MATCH, False, None, id="no target"),
        pytest.param(".", "a.example.com", ["."], EdgeNameRule.NO_MATCH, False, None, id="the root as the target"),
        pytest.param("si\u212a.example.com", "sik.example.com", None, EdgeNameRule.NO_MATCH, False, None, id="Kelvin"),
        pytest.param(
            "sik.example.com", "si\u212a.example.com", None, EdgeNameRule.NO_DOTTED_NAME, False, None, id="CN"
        ),
        pytest.param(TARGET, "x", [" " + TARGET], EdgeNameRule.NO_DOTTED_NAME, False, None, id="blank in the SAN"),
        pytest.param(TARGET, TARGET + "\0.evil.example", None, EdgeNameRule.NO_DOTTED_NAME, False, None, id="NUL"),
        pytest.param(
            ".".join(["a" * 63] * 4),
            "x",
            [".".join(["a" * 63] * 4)],
            EdgeNameRule.NO_DOTTED_NAME,
            False,
            None,
            id="longer than a DNS name",
        ),
    ],
)
def test_rules(
    target: str, cn: str, dns: list[str] | None, rule: EdgeNameRule, accepts: bool | None, matched: str | None
) -> None:
    decision = decide_edge_name(target, facts(cn, dns))
    assert (decision.rule, decision.accepts, decision.matched) == (rule, accepts, matched)


def test_names_are_listed_once_and_in_order() -> None:
    decision = decide_edge_name(
        TARGET, facts("SIP.example.com", ["a.example.com", "A.example.com.", "sip.example.com"])
    )
    assert decision.names == ("a.example.com", "sip.example.com")


def test_many_names_are_compared_and_few_listed() -> None:
    names = [f"n{number}.example.com" for number in range(MAX_NAMES - 2)]
    decision = decide_edge_name(TARGET, facts("x", [*names, TARGET]))
    assert (decision.rule, len(decision.names)) == (EdgeNameRule.SAN, MAX_NAMES_SHOWN)


UNREADABLE = EdgeNameDecision(rule=EdgeNameRule.UNREADABLE, accepts=None)


def test_names_beyond_the_cap_might_have_matched() -> None:
    names = [f"n{number}.example.com" for number in range(MAX_NAMES)]
    assert decide_edge_name(TARGET, facts("x", [*names, TARGET])).rule is EdgeNameRule.UNREADABLE


def test_a_certificate_that_cannot_be_read() -> None:
    assert decide_edge_name(TARGET, describe(b"no certificate")) == UNREADABLE


def test_a_san_that_cannot_be_read_might_have_matched() -> None:
    broken = facts(TARGET, extensions=[make.extension("2.5.29.17", b"\x04\x00")])
    assert decide_edge_name(TARGET, broken).rule is EdgeNameRule.UNREADABLE


def test_another_extension_that_cannot_be_read_does_not_count() -> None:
    broken = facts(TARGET, ["a.example.com"], extensions=[make.extension("2.5.29.15", b"\x04\x00")])
    assert decide_edge_name(TARGET, broken).rule is EdgeNameRule.COMMON_NAME_IGNORED


ODD_NAME = st.text("aB*.", max_size=7) | st.text(max_size=20)


@given(target=ODD_NAME, cn=ODD_NAME, dns=st.lists(ODD_NAME, max_size=4))
def test_any_names(target: str, cn: str, dns: list[str]) -> None:
    """Whatever the names are: only the target itself is ever accepted."""
    names = make.sequence(*(make.tlv(0x82, name.encode("utf-8", "replace")) for name in dns))
    leaf = make.issue(
        subject=[("CN", cn.encode("utf-8", "replace"), make.UTF8)],
        extensions=[make.extension("2.5.29.17", names)] if dns else [],
        key=make.ec_key(),
    )
    decision = decide_edge_name(target, describe(leaf.der))
    counting = {name.lower().removesuffix(".") for name in dns or [cn]}
    assert decision.accepts is not True or target.lower().removesuffix(".") in counting
    assert msgspec.json.decode(msgspec.json.encode(decision), type=EdgeNameDecision) == decision


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes(der: bytes, target: str) -> None:
    assert decide_edge_name(target, describe(der)) == UNREADABLE
