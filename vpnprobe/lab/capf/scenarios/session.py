"""Sessions that do not come about, and servers that say something else than CAPF."""

from __future__ import annotations

from vpnprobe.lab.capf.scenario import CapfScenario, CapfServer, Network, Options


def _says(server: CapfServer) -> Network:
    return Network(ipv4=server)


SCENARIOS = (
    CapfScenario(
        name="capf-tls12-only",
        title="CUCM's minimum is TLS 1.2, and the phone is a 7962G",
        story=(
            "The phone speaks TLS 1.0 at most.",
            "It gets no certificate, nor a new one when the old one ends.",
        ),
        network=_says(CapfServer(minimum="TLS 1.2")),
        expect_fail=frozenset({"CPF007"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-no-common-suite",
        title="CAPF takes suites with forward secrecy only",
        story=(
            "A 7962G knows two suites with RSA key exchange.",
            "They have none in common.",
        ),
        network=_says(CapfServer(suites=("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA"))),
        expect_fail=frozenset({"CPF007"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-handshake-breaks-off",
        title="The hello is accepted, the handshake does not complete",
        story=(
            "The private key is not that of the certificate, for instance.",
            "The server hangs up in the middle.",
        ),
        network=_says(CapfServer(listens="breaks-off")),
        expect_fail=frozenset({"CPF008"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-insists",
        title="The server insists on the phone's certificate",
        story=(
            "Whether a CAPF does so no source says; none is ever sent from here.",
            "So it is not known whether a phone would get in.",
        ),
        network=_says(CapfServer(asks="insists")),
        expect_verdict="inconclusive",
    ),
    CapfScenario(
        name="capf-silent-in-tls",
        title="A web server listens at CAPF's port",
        story=(
            "It waits for the client to speak, inside TLS.",
            "CAPF speaks first.",
        ),
        covers=("CA-01",),
        network=_says(CapfServer(says="nothing")),
        expect_fail=frozenset({"CPF009"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-closes-in-tls",
        title="The server ends the session without a word",
        story=(
            "The handshake is complete.",
            "Then it hangs up.",
        ),
        covers=("CA-01",),
        network=_says(CapfServer(says="closes")),
        expect_fail=frozenset({"CPF009"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-smtp-in-tls",
        title="A mail server listens at CAPF's port, in TLS",
        story=(
            "It speaks first, as CAPF does.",
            "It says something else.",
        ),
        covers=("CA-01",),
        network=_says(CapfServer(says="smtp")),
        expect_fail=frozenset({"CPF009"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-garbage",
        title="The greeting is damaged",
        story=(
            "An element is longer than its message, and control characters follow.",
            "It is told, and nothing of it reaches the terminal raw.",
        ),
        covers=("CA-01",),
        network=_says(CapfServer(says="garbage")),
        expect_fail=frozenset({"CPF009"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-half-greeting",
        title="The greeting breaks off",
        story=(
            "Eleven of its sixteen bytes come, then the end.",
            "A service that dies, for instance.",
        ),
        covers=("CA-01",),
        network=_says(CapfServer(says="half")),
        expect_fail=frozenset({"CPF009"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-endless-greeting",
        title="A greeting without an end",
        story=(
            "It announces more than any greeting has, and goes on for ever.",
            "The probe has enough after the header.",
        ),
        covers=("CA-01",),
        network=_says(CapfServer(says="greeting-endless")),
        expect_fail=frozenset({"CPF009"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-busy",
        title="CAPF asks to try again later",
        story=(
            "Many certificates are made at the same time.",
            "That belongs into a maintenance window.",
        ),
        covers=("CA-01",),
        network=_says(CapfServer(says="retry-later")),
        expect_fail=frozenset({"CPF009"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-version-2",
        title="CAPF speaks version 2",
        story=(
            "CUCM in FIPS mode supports no CAPFv3.",
            "Nor an online CA.",
        ),
        covers=("CA-13",),
        network=_says(CapfServer(says="greeting-version-2")),
        expect_fail=frozenset({"CPF012"}),
        expect_verdict="warn",
    ),
    CapfScenario(
        name="capf-auth-type",
        title="CAPF asks for an authentication string, and the phone would show a certificate",
        story=(
            "capfAuthMode is 3 in the phone's configuration.",
            "The two must be the same, else the operation fails.",
        ),
        covers=("CA-23",),
        network=_says(CapfServer(says="greeting-string")),
        options=Options(auth_mode=3),
        expect_fail=frozenset({"CPF013"}),
        expect_verdict="warn",
    ),
)
