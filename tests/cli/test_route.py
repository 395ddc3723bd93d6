"""`vpnprobe route`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.driving import CommandLine
from vpnprobe.cli.exitcodes import OK, UNKNOWN


def test_a_route_and_where_to_enter_it(cli: CommandLine) -> None:
    ended = cli("route", "abc.com")
    assert (ended.code, ended.err) == (OK, "")
    assert ended.out.splitlines() == [
        "Cisco Unified CM IM and Presence Administration > Presence > Routing > Static Routes",
        "abc.com",
        "  destination pattern  .com.abc.*",
        "  route type           domain",
        "  next hop             <edge-public-interface> (the address that the partner's SRV record leads to)",
        "  next hop port        5061",
        "  protocol type        TLS",
    ]


def test_several_domains_as_json_each_once(cli: CommandLine) -> None:
    routes = cli("route", "sip:alice@Abc.com", "abc.com.", "cms.steven.lab", "--json").json
    assert [(one["domain"], one["pattern"]) for one in routes] == [
        ("abc.com", ".com.abc.*"),
        ("cms.steven.lab", ".lab.steven.cms.*"),
    ]
    assert {(one["route_type"], one["next_hop_port"], one["protocol"]) for one in routes} == {("domain", 5061, "TLS")}


@pytest.mark.parametrize("domain", ["192.0.2.1", "abc..com", "https://abc.com", "*.abc.com", "abc.com:5061"])
def test_what_is_no_domain_is_bad_usage(cli: CommandLine, domain: str) -> None:
    ended = cli("route", domain)
    assert ended.code == UNKNOWN
    assert "for example example.com" in ended.complaint


def test_into_a_file(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "route.txt"
    assert cli("route", "abc.com", "--output", path).out == ""
    assert path.read_text(encoding="utf-8") == cli("route", "abc.com").out
