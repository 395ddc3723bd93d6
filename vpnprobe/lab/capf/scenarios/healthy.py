"""CAPF servers that every phone, or the one that is meant, can get its certificate from."""

from __future__ import annotations

from vpnprobe.lab.capf.scenario import CapfCertificate, CapfScenario, CapfServer, Network, Options

SCENARIOS = (
    CapfScenario(
        name="capf-healthy",
        title="A CAPF that greets a 7962G over IPv4",
        story=(
            "The server speaks first, in TLS 1.0, with the certificate that the phones' ITL has.",
            "The probe hangs up without an answer.",
        ),
        covers=("CA-01", "CA-03"),
    ),
    CapfScenario(
        name="capf-healthy-dual",
        title="A CAPF with both kinds of address",
        story=(
            "A dual-stack phone takes IPv6 and goes to IPv4 when that fails (row 1).",
            "Both greet.",
        ),
        covers=("CA-42",),
        network=Network(ipv6=CapfServer()),
        options=Options(enable_ipv6=True),
    ),
    CapfScenario(
        name="capf-healthy-ipv6",
        title="A CAPF and a phone with IPv6 alone",
        story=(
            "Row 14 of the connection table.",
            "Enable IPv6 is True, so CAPF serves it.",
        ),
        covers=("CA-41", "CA-42"),
        network=Network(ipv4=None, ipv6=CapfServer()),
        options=Options(stack="v6", enable_ipv6=True),
    ),
    CapfScenario(
        name="capf-healthy-8841",
        title="A CAPF in TLS 1.2 for a newer phone",
        story=(
            "TLS 1.0 and 1.1 are switched off.",
            "An 8841 does not miss them.",
        ),
        model="8841",
        network=Network(ipv4=CapfServer(minimum="TLS 1.2")),
    ),
    CapfScenario(
        name="capf-healthy-in-pieces",
        title="The greeting comes byte by byte",
        story=(
            "Each byte is a TLS record of its own.",
            "Together they are one greeting.",
        ),
        network=Network(ipv4=CapfServer(says="greeting-in-pieces")),
    ),
    CapfScenario(
        name="capf-healthy-string",
        title="CAPF asks for an authentication string, and the phone is set to give one",
        story=(
            "capfAuthMode is 1.",
            "Somebody types the string on the phone.",
        ),
        covers=("CA-23",),
        network=Network(ipv4=CapfServer(says="greeting-string")),
        options=Options(auth_mode=1),
    ),
    CapfScenario(
        name="capf-healthy-third-party",
        title="A company's CA has signed CAPF's certificate",
        story=(
            "It kept CA:TRUE, pathlen:0 and the usages of the request.",
            "That is told, and is no fault.",
        ),
        network=Network(ipv4=CapfServer(certificate=CapfCertificate(issuer="third-party"))),
        options=Options(certificate="same", trust_list=None),
    ),
    CapfScenario(
        name="capf-healthy-idle-timeout",
        title="A firewall that keeps idle connections longer than any keep-alive",
        story=(
            "It forgets after 90 minutes.",
            "CAPF's keep-alive is 60 minutes at most.",
        ),
        covers=("CA-25",),
        options=Options(idle_timeout=90),
    ),
    CapfScenario(
        name="capf-healthy-asks",
        title="A CAPF that asks for a certificate, and goes on without one",
        story=(
            "What is asked for is told.",
            "Nothing is sent.",
        ),
        network=Network(ipv4=CapfServer(asks="asks")),
    ),
)
