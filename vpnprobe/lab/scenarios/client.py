"""Faults of the client certificate: the CAs that the gateway knows, the certificate that the phone has."""

from __future__ import annotations

from vpnprobe.lab.scenario import OTHER_MAC, Client, Configuration, Gateway, Network, Options, Scenario

SCENARIOS = (
    Scenario(
        name="lsc-ca-missing",
        title="CAPF's certificate is not on the ASA",
        story=(
            "The ASA asks for a client certificate and names the manufacturing CA only.",
            "The phone has an LSC, so the login is bound to fail, for this one reason.",
        ),
        covers=("VP-26",),
        network=Network(gateways=(Gateway(asks_for=("manufacturing",), trusts=("manufacturing",)),)),
        expect_fail=frozenset({"HSK004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="phone-cas-missing",
        title="No CA known for phones is on the ASA",
        story=(
            "The ASA asks for client certificates of the company's own CA, for laptops or for LSCs that it signs.",
            "No credential is given that would tell, so the answer is open and no alarm is due.",
        ),
        covers=("VP-26",),
        network=Network(gateways=(Gateway(asks_for=("third-party",), trusts=("third-party",)),)),
        options=Options(client=None),
        expect_verdict="inconclusive",
    ),
    Scenario(
        name="mic-sha2-ca-missing",
        title="The SHA-2 manufacturing CA is not on the ASA",
        story=(
            "An 8841's MIC comes from the SHA-2 CA; the ASA knows the older manufacturing CA only.",
            "Two alarms: the unknown CA, and the use of a MIC at all.",
        ),
        covers=("VP-26", "VP-28", "VP-29"),
        model="8841",
        network=Network(gateways=(Gateway(asks_for=("capf", "manufacturing"), trusts=("capf", "manufacturing")),)),
        options=Options(client=Client(kind="mic")),
        expect_fail=frozenset({"HSK004", "HSK005"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="client-certificate-not-asked",
        title="The gateway asks for no client certificate",
        story=(
            "The VPN profile wants certificate login, and the ASA's connection profile is set to AAA.",
            "No credential is given, so only the missing request shows it.",
        ),
        covers=("VP-26",),
        network=Network(gateways=(Gateway(asks_for=None),)),
        options=Options(client=None),
        expect_fail=frozenset({"HSK003"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="client-certificate-not-given",
        title="The gateway insists on a client certificate, and the run has none",
        story=(
            "The pin is right; without a client certificate the gateway ends the handshake.",
            "Nothing is wrong as far as was seen, and the login was not: the answer is open.",
        ),
        network=Network(gateways=(Gateway(insists=True),)),
        options=Options(client=None),
        expect_verdict="inconclusive",
    ),
    Scenario(
        name="client-certificate-refused",
        title="The gateway refuses the client certificate in the handshake",
        story=(
            "The CA is named in the request, the LSC is sent, and the answer is an alert.",
            "Typical of a revocation check that fails.",
        ),
        network=Network(gateways=(Gateway(refuses_in_handshake=True),)),
        expect_fail=frozenset({"HSK001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="mic-instead-of-lsc",
        title="A 7962G logs in with its MIC",
        story=(
            "The ASA knows the manufacturing CA and accepts the certificate that the phone was made with.",
            "It works; Cisco advises a MIC only to install the LSC.",
        ),
        covers=("VP-29",),
        options=Options(client=Client(kind="mic")),
        expect_fail=frozenset({"HSK005"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="mic-by-existing-certificate",
        title="A 7962G with its MIC only is to be known to CAPF by its certificate",
        story=(
            "The first LSC is to be installed By Existing Certificate.",
            "On this model the operation fails: two warnings, as the MIC is one too.",
        ),
        covers=("CA-38", "VP-29"),
        network=Network(configuration=Configuration(capf_auth_mode="3")),
        options=Options(client=Client(kind="mic")),
        expect_fail=frozenset({"HSK005", "SEC004"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="mic-8841",
        title="A phone without an LSC logs in with its MIC",
        story=(
            "An 8841 presents the certificate it was made with, signed by the SHA-2 manufacturing CA.",
            "The ASA knows that CA. Cisco advises an LSC instead, so only a warning is due.",
        ),
        covers=("VP-29",),
        model="8841",
        options=Options(client=Client(kind="mic")),
        expect_fail=frozenset({"HSK005"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="foreign-mac-certificate",
        title="The certificate given belongs to another phone",
        story=(
            "The LSC names another MAC than the run imitates.",
            "The gateway accepts it; the result says nothing about the phone in question.",
        ),
        covers=("VP-29",),
        options=Options(client=Client(mac=OTHER_MAC)),
        expect_fail=frozenset({"HSK005"}),
        expect_verdict="inconclusive",
    ),
    Scenario(
        name="lsc-expired",
        title="The phone's LSC has expired",
        story=(
            "It ended ten days ago; the gateway checks dates and refuses the login.",
            "Two alarms: the certificate that was given, and the refusal that follows.",
        ),
        covers=("VP-29",),
        options=Options(client=Client(days_left=-10)),
        expect_fail=frozenset({"HSK005", "LOG005"}),
        expect_verdict="fail",
    ),
)
