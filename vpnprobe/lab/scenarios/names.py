"""Faults of the way to the gateway: its name in the DNS, its port."""

from __future__ import annotations

from vpnprobe.lab.scenario import Configuration, Dns, Gateway, Network, Scenario

SCENARIOS = (
    Scenario(
        name="name-nxdomain",
        title="The gateway's name does not exist",
        story=(
            "The DNS server says NXDOMAIN: the record was never made where phones ask, or is misspelt.",
            "Inside the company another DNS server may know it.",
        ),
        network=Network(dns=Dns(answers="nxdomain")),
        expect_fail=frozenset({"NET001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="name-no-address",
        title="The gateway's name exists without an address",
        story=(
            "The DNS server knows the name but has neither an A nor an AAAA record for it.",
            "This is how a zone looks after a record was moved below another name.",
        ),
        network=Network(dns=Dns(answers="no-address")),
        expect_fail=frozenset({"NET001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="dns-servfail",
        title="The DNS server fails for the gateway's name",
        story=(
            "The answer is SERVFAIL, as with a broken delegation or failed DNSSEC validation.",
            "The name itself may be right.",
        ),
        network=Network(dns=Dns(answers="servfail")),
        expect_fail=frozenset({"NET001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="dns-silent",
        title="The DNS server does not answer",
        story=(
            "Questions for the gateway's name get no answer at all.",
            "The fault lies between the phone and its DNS server, not at the gateway.",
        ),
        network=Network(dns=Dns(answers="silent")),
        expect_fail=frozenset({"NET001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="port-closed",
        title="Nothing listens at the gateway's port",
        story=(
            "The connection is refused at once.",
            "WebVPN is not enabled on the outside interface, or the port in the group-url is wrong.",
        ),
        network=Network(gateways=(Gateway(listens="refuses"),)),
        expect_fail=frozenset({"NET002"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="port-filtered",
        title="Connections to the gateway time out",
        story=(
            "A filter on the way drops the first packet, so no connection comes about.",
            "Nobody says no: the probe can only wait.",
        ),
        network=Network(gateways=(Gateway(listens="filtered"),)),
        expect_fail=frozenset({"NET002"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="one-address-closed",
        title="One of two addresses is dead",
        story=(
            "The name still has the address of an ASA that was switched off.",
            "A phone that tries it first waits or fails; the other address is healthy.",
        ),
        network=Network(gateways=(Gateway(), Gateway(listens="refuses"))),
        expect_fail=frozenset({"NET002"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="one-address-filtered",
        title="One of two addresses does not answer",
        story=(
            "Connections to the second address time out.",
            "A phone that tries it first waits for failConnectTime; the other address is healthy.",
        ),
        network=Network(gateways=(Gateway(), Gateway(listens="filtered"))),
        expect_fail=frozenset({"NET002"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="one-address-hardened",
        title="One of two addresses was hardened",
        story=(
            "The second ASA of the pair speaks TLS 1.2 only; it has the same certificate.",
            "A 7962G connects at one address and not at the other.",
        ),
        covers=("VP-23",),
        network=Network(gateways=(Gateway(), Gateway(minimum="TLS 1.2"))),
        expect_fail=frozenset({"TLS001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="closed-and-no-vpn",
        title="The port is closed, and the phone has no VPN either",
        story=(
            "Two faults that have nothing to do with one another.",
            "Mending one alone does not help, so both must be told.",
        ),
        covers=("VP-25",),
        network=Network(
            configuration=Configuration(form="no-vpn"),
            gateways=(Gateway(listens="refuses"),),
        ),
        expect_fail=frozenset({"CFG003", "NET002"}),
        expect_verdict="fail",
    ),
)
