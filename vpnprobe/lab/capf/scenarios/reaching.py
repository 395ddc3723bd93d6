"""Phones that do not get to CAPF: no name, no IP version in common, closed and silent ports, short idle times."""

from __future__ import annotations

from vpnprobe.lab.capf.scenario import CapfScenario, CapfServer, Network, Options

_IPV6_ONLY = Network(ipv4=None, ipv6=CapfServer())

SCENARIOS = (
    CapfScenario(
        name="capf-name-unknown",
        title="The publisher's name is not in the DNS",
        story=(
            "The phone's configuration names a host that no DNS server knows.",
            "The phone finds no CAPF.",
        ),
        network=Network(in_dns=False),
        expect_fail=frozenset({"CPF001"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-no-way-row-7",
        title="A dual-stack phone that got no IPv6 address, and a CAPF with IPv6 alone",
        story=(
            "Row 7 of the connection table.",
            "The phone cannot connect.",
        ),
        covers=("CA-42",),
        network=_IPV6_ONLY,
        options=Options(addresses="v4"),
        expect_fail=frozenset({"CPF002"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-no-way-row-8",
        title="A dual-stack phone that got no IPv4 address, and a CAPF with IPv4 alone",
        story=(
            "Row 8 of the connection table.",
            "The phone cannot connect.",
        ),
        covers=("CA-42",),
        options=Options(addresses="v6"),
        expect_fail=frozenset({"CPF002"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-no-way-row-13",
        title="An IPv4 phone, and a CAPF with IPv6 alone",
        story=(
            "Row 13 of the connection table.",
            "The phone cannot connect.",
        ),
        covers=("CA-42",),
        network=_IPV6_ONLY,
        options=Options(stack="v4"),
        expect_fail=frozenset({"CPF002"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-no-way-row-15",
        title="An IPv6 phone, and a CAPF with IPv4 alone",
        story=(
            "Row 15 of the connection table.",
            "The phone cannot connect.",
        ),
        covers=("CA-42",),
        options=Options(stack="v6"),
        expect_fail=frozenset({"CPF002"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-port-closed",
        title="CAPF's port is closed",
        story=(
            "CAPF is not activated, or not running, or this is no publisher.",
            "From outside they look the same.",
        ),
        covers=("CA-01", "CA-22"),
        network=Network(ipv4=CapfServer(listens="refuses")),
        expect_fail=frozenset({"CPF003"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-port-filtered",
        title="A firewall drops TCP 3804",
        story=(
            "Nothing comes back.",
            "The phone tries four times, 30 seconds apart, and gives up.",
        ),
        covers=("CA-01",),
        network=Network(ipv4=CapfServer(listens="filtered")),
        expect_fail=frozenset({"CPF003"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-ipv6-disabled",
        title="Enable IPv6 is False, and the phone has IPv6 alone",
        story=(
            "The port answers over IPv6 all the same.",
            "CAPF ignores phones that come by it.",
        ),
        covers=("CA-41",),
        network=_IPV6_ONLY,
        options=Options(stack="v6", enable_ipv6=False),
        expect_fail=frozenset({"CPF004"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-silent",
        title="The port takes connections and says nothing",
        story=(
            "A hello is not answered.",
            "A service that is stuck, or a firewall that answers in its place.",
        ),
        network=Network(ipv4=CapfServer(listens="silent")),
        expect_fail=frozenset({"CPF005"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-hangs-up",
        title="The port hangs up at every hello",
        story=(
            "No alert is sent.",
            "A modern hello fares no better.",
        ),
        network=Network(ipv4=CapfServer(listens="closes")),
        expect_fail=frozenset({"CPF005"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-half-record",
        title="The answer to the hello stops in its middle",
        story=(
            "A record is announced and never comes to its end.",
            "The probe waits no longer than a step.",
        ),
        network=Network(ipv4=CapfServer(listens="half-record")),
        expect_fail=frozenset({"CPF005"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-plain-greeting",
        title="CAPF's greeting, but without TLS",
        story=(
            "Something between has taken the TLS off.",
            "A phone does not understand it.",
        ),
        network=Network(ipv4=CapfServer(listens="plain-greeting")),
        expect_fail=frozenset({"CPF005"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-plain-smtp",
        title="A mail server listens in CAPF's place",
        story=(
            "It speaks first, without TLS.",
            "It is told apart by what it says.",
        ),
        network=Network(ipv4=CapfServer(listens="plain-smtp")),
        expect_fail=frozenset({"CPF005"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-idle-timeout",
        title="A firewall that forgets idle connections after 10 minutes",
        story=(
            "CAPF's keep-alive comes every 15 minutes.",
            "The phone's connection is cut before.",
        ),
        covers=("CA-25",),
        options=Options(idle_timeout=10),
        expect_fail=frozenset({"CPF006"}),
        expect_verdict="warn",
    ),
    CapfScenario(
        name="capf-idle-timeout-4",
        title="A firewall that forgets idle connections after 4 minutes",
        story=(
            "The keep-alive was set to the least that is possible, 5 minutes.",
            "That is not often enough: the firewall must change.",
        ),
        covers=("CA-25",),
        options=Options(idle_timeout=4, keep_alive=5),
        expect_fail=frozenset({"CPF006"}),
        expect_verdict="warn",
    ),
    CapfScenario(
        name="capf-first-way-dead",
        title="The publisher's IPv6 address does not answer",
        story=(
            "A dual-stack phone tries it first and then takes IPv4 (row 1).",
            "It gets its certificate, and has waited for nothing.",
        ),
        covers=("CA-42",),
        network=Network(ipv6=CapfServer(listens="refuses")),
        expect_fail=frozenset({"CPF010"}),
        expect_verdict="warn",
    ),
    CapfScenario(
        name="capf-second-way-dead",
        title="CAPF is closed over IPv4, open over IPv6",
        story=(
            "A dual-stack phone takes IPv6 (row 1).",
            "If that fails it has no way out.",
        ),
        covers=("CA-42",),
        network=Network(ipv4=CapfServer(listens="refuses"), ipv6=CapfServer()),
        expect_fail=frozenset({"CPF010"}),
        expect_verdict="warn",
    ),
)
