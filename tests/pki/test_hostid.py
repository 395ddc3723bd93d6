from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.pki.basis import Basis
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.hostid import HostIdDecision, HostIdRule, decide_host_id, passes_host_id


def decide(host: str, cn: str, dns: list[str], ips: list[str]) -> HostIdDecision:
    return decide_host_id(host, describe(make.issue(cn=cn, dns=dns, ips=ips).der))


def test_the_documents_example() -> None:
    """Seed log records 1231 to 1235."""
    decision = decide("test.vpn.com", "asa", ["*.vpn.com"], [])
    assert decision == HostIdDecision(
        accepts=False,
        rule=HostIdRule.WILDCARD_THIRD_LEVEL,
        basis=Basis.DOCUMENT,
        host="test.vpn.com",
        names=("*.vpn.com", "asa"),
        wildcard="*.vpn.com",
    )


@pytest.mark.parametrize(
    ("host", "cn", "dns", "ips", "accepts", "rule", "basis"),
    [
        pytest.param(
            "vpn.example.com", "vpn.example.com", [], [], True, HostIdRule.SUBJECT_MATCHES, Basis.DOCUMENT, id="CN"
        ),
        pytest.param(
            "VPN.Example.com.", "vpn.example.COM", [], [], True, HostIdRule.SUBJECT_MATCHES, Basis.DOCUMENT, id="case"
        ),
        pytest.param(
            "vpn.example.com", "asa", ["vpn.example.com"], [], True, HostIdRule.SAN_MATCHES, Basis.DOCUMENT, id="SAN"
        ),
        pytest.param(
            "test.vpn.com",
            "asa",
            ["*.vpn.com", "test.vpn.com"],
            [],
            True,
            HostIdRule.SAN_MATCHES,
            Basis.INFERENCE,
            id="SAN beside a wildcard",
        ),
        pytest.param(
            "vpn.example.com",
            "vpn.example.com",
            ["other.example.com"],
            [],
            None,
            HostIdRule.SUBJECT_MATCHES_SAN_DIFFERS,
            Basis.UNKNOWN,
            id="CN, but another SAN",
        ),
        pytest.param(
            "vpn.example.com", "asa", ["other.example.com"], [], False, HostIdRule.NO_MATCH, Basis.DOCUMENT, id="none"
        ),
        pytest.param(
            "test.vpn.com",
            "*.vpn.com",
            [],
            [],
            False,
            HostIdRule.WILDCARD_THIRD_LEVEL,
            Basis.DOCUMENT,
            id="CN wildcard",
        ),
        pytest.param(
            "a.eu.vpn.com", "*.eu.vpn.com", [], [], None, HostIdRule.WILDCARD_OTHER, Basis.UNKNOWN, id="fourth level"
        ),
        pytest.param("vpn.com", "*.com", [], [], None, HostIdRule.WILDCARD_OTHER, Basis.UNKNOWN, id="second level"),
        pytest.param(
            "test1.vpn.com", "te*1.vpn.com", [], [], None, HostIdRule.WILDCARD_OTHER, Basis.UNKNOWN, id="part wildcard"
        ),
        pytest.param(
            "a.b.vpn.com", "*.vpn.com", [], [], False, HostIdRule.NO_MATCH, Basis.DOCUMENT, id="wildcard too short"
        ),
        pytest.param("t1.vpn.com", "t1*1.vpn.com", [], [], False, HostIdRule.NO_MATCH, Basis.DOCUMENT, id="overlap"),
        pytest.param("vpn", "*", [], [], False, HostIdRule.NO_MATCH, Basis.DOCUMENT, id="star alone"),
        pytest.param(
            "10.198.16.140", "vpn.example.com", [], [], False, HostIdRule.NO_MATCH, Basis.DOCUMENT, id="IP url"
        ),
        pytest.param(
            "10.198.16.140", "10.198.16.140", [], [], None, HostIdRule.ADDRESS_MATCHES, Basis.UNKNOWN, id="IP in CN"
        ),
        pytest.param(
            "[2001:DB8::1]", "asa", [], ["2001:db8::1"], None, HostIdRule.ADDRESS_MATCHES, Basis.UNKNOWN, id="IPv6 SAN"
        ),
        pytest.param(
            "10.0.2.1", "*.0.2.1", [], [], False, HostIdRule.NO_MATCH, Basis.DOCUMENT, id="no wildcard for addresses"
        ),
    ],
)
def test_decisions(
    host: str, cn: str, dns: list[str], ips: list[str], accepts: bool | None, rule: HostIdRule, basis: Basis
) -> None:
    decision = decide(host, cn, dns, ips)
    assert (decision.accepts, decision.rule, decision.basis) == (accepts, rule, basis)
    assert msgspec.json.decode(msgspec.json.encode(decision), type=HostIdDecision) == decision


@pytest.mark.parametrize(
    ("host", "dns", "wildcard"),
    [
        pytest.param("vpn.example.com", ["other.example.com"], None, id="none"),
        pytest.param("vpn.example.com", ["*.a.b.example.com", "*.example.com"], "*.example.com", id="third level only"),
        pytest.param("vpn.example.com", ["*.example.org"], "*.example.org", id="of another domain"),
        pytest.param("vpn.example.com", ["*.example.com", "vpn.example.com"], None, id="another name matches"),
    ],
)
def test_the_wildcard_that_the_phone_stops_at(host: str, dns: list[str], wildcard: str | None) -> None:
    assert decide(host, "asa", dns, []).wildcard == wildcard


def test_an_alternative_name_of_another_kind_does_not_replace_the_subject() -> None:
    facts = describe(make.issue(cn="vpn.example.com", uris=["sip:example.com"]).der)
    assert decide_host_id("vpn.example.com", facts).rule is HostIdRule.SUBJECT_MATCHES


@pytest.mark.parametrize(
    "der",
    [
        pytest.param(lambda: b"", id="no certificate"),
        pytest.param(lambda: make.issue(extensions=[make.extension("2.5.29.17", b"\x30")]).der, id="broken SAN"),
        pytest.param(lambda: make.issue(dns=[f"h{n}.example" for n in range(600)]).der, id="too many names"),
    ],
)
def test_names_that_are_not_known_decide_nothing(der: object) -> None:
    assert callable(der)
    decision = decide_host_id("vpn.example.com", describe(der()))
    assert (decision.accepts, decision.rule) == (None, HostIdRule.UNREADABLE)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_names(host: str, cn: str) -> None:
    facts = describe(make.issue(subject=[("CN", cn.encode("utf-8", "replace"), make.UTF8)], key=make.ec_key()).der)
    decision = decide_host_id(host, facts)
    assert decision.accepts is not True or decision.host in decision.names


@pytest.mark.parametrize(
    ("setting", "names", "goes_on"),
    [
        (0, False, True),
        (0, None, True),
        (1, True, True),
        (1, False, False),
        (1, None, None),
        (None, True, True),
        (None, False, None),
        (2, True, True),
        (2, False, None),
    ],
)
def test_the_setting_decides_whether_the_names_count(
    setting: int | None, names: bool | None, goes_on: bool | None
) -> None:
    """Absent or of no known value, the check may be on: CUCM ticks it by default."""
    assert passes_host_id(setting, names) is goes_on
