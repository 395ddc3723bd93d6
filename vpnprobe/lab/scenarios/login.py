"""Faults of the login: what the gateway answers over HTTP once the phone trusts it.

Several causes on an ASA look alike from outside: the answer is a refusal, and only the ASA's own log tells
them apart. Each is a scenario of its own, so that the report is shown to name it among the possible causes.
"""

from __future__ import annotations

from vpnprobe.lab.scenario import Certificate, Configuration, Gateway, Network, Options, Scenario

_REFUSED = Network(gateways=(Gateway(login="refuses"),))
_LOOKS_LIKE_A_REFUSAL = "From outside it is a refusal like any other: the report must name this among the causes."


def _refused(name: str, title: str, cause: str, *covers: str) -> Scenario:
    return Scenario(
        name=name,
        title=title,
        story=(cause, _LOOKS_LIKE_A_REFUSAL),
        covers=covers,
        network=_REFUSED,
        expect_fail=frozenset({"LOG005"}),
        expect_verdict="fail",
    )


SCENARIOS = (
    Scenario(
        name="not-an-asa",
        title="An ordinary web server has the address",
        story=(
            "TLS works and the certificate is the pinned one, but the answer is a start page.",
            "The certificate was copied to a reverse proxy.",
        ),
        network=Network(gateways=(Gateway(answers="web-server"),)),
        expect_fail=frozenset({"LOG001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="gateway-unavailable",
        title="The gateway answers 503",
        story=(
            "WebVPN is up but has no room: sessions, memory or addresses ran out.",
            "The phone tries again later.",
        ),
        network=Network(gateways=(Gateway(answers="unavailable"),)),
        expect_fail=frozenset({"LOG001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="closes-at-request",
        title="The gateway closes when it gets the request",
        story=(
            "The handshake completes, and the first request ends the connection without an answer.",
            "Typical of a crashed service behind TLS offload.",
        ),
        network=Network(gateways=(Gateway(answers="closes"),)),
        expect_fail=frozenset({"LOG001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="silent-at-request",
        title="The gateway never answers the request",
        story=(
            "The handshake completes, the request is read, nothing comes back.",
            "The probe must end by itself.",
        ),
        network=Network(gateways=(Gateway(answers="silent"),)),
        expect_fail=frozenset({"LOG001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="unknown-group-url",
        title="No tunnel group has this group-url",
        story=(
            "The ASA answers 404 with its page for a wrong URL.",
            "The group-url was never entered, is disabled, or differs in one letter.",
        ),
        network=Network(gateways=(Gateway(answers="wrong-url-404"),)),
        expect_fail=frozenset({"LOG002"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="unknown-group-url-page",
        title="No tunnel group has this group-url, told with status 200",
        story=(
            "The page for a wrong URL comes as if it were right.",
            "Only its text tells.",
        ),
        network=Network(gateways=(Gateway(answers="wrong-url-page"),)),
        expect_fail=frozenset({"LOG002"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="load-balancing",
        title="VPN load balancing sends phones to another member",
        story=(
            "The answer is a redirect to the member with the least load, which has a certificate of its own.",
            "Phones do not support that: they alternate, connect slowly or not at all.",
        ),
        covers=("VP-13",),
        network=Network(
            gateways=(Gateway(answers="redirect-to-member"),),
            member=Gateway(certificate=Certificate(common_name="vpn-member-2.lab.example")),
        ),
        expect_fail=frozenset({"LOG003"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="same-host-redirect",
        title="The gateway redirects to its web portal",
        story=(
            "The path leads to the login page of the clientless portal on the same host.",
            "Whether phones follow is not documented, and the login was not tried: a warning, and an open answer.",
        ),
        network=Network(gateways=(Gateway(answers="redirect-to-portal"),)),
        expect_fail=frozenset({"LOG004"}),
        expect_verdict="inconclusive",
    ),
    Scenario(
        name="client-certificate-failed",
        title="The gateway says that the client certificate failed",
        story=(
            "CAPF is named in the request, but the trustpoint is not meant for client validation.",
            "The answer carries ClientCertAuthFailed.",
        ),
        covers=("VP-26",),
        network=Network(gateways=(Gateway(trusts=("manufacturing",)),)),
        expect_fail=frozenset({"LOG005"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="login-asked-again",
        title="The gateway asks for the login again and again",
        story=(
            "The answer to the login is the same as the one that asked for it.",
            "The connection profile wants both a certificate and a password.",
        ),
        covers=("VP-09",),
        network=Network(gateways=(Gateway(login="asks-again"),)),
        expect_fail=frozenset({"LOG005"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="password-refused",
        title="User name and password are refused",
        story=(
            "authMethod is 0 and the login form is sent; the ASA's AAA server says no.",
            "One attempt only: accounts lock.",
        ),
        covers=("VP-09",),
        network=Network(
            configuration=Configuration(auth_method="0"),
            gateways=(Gateway(asks_for=None, wants="password", login="refuses"),),
        ),
        options=Options(client=None, password=True),
        expect_fail=frozenset({"LOG005"}),
        expect_verdict="fail",
    ),
    _refused(
        "csd-enabled",
        "Cisco Secure Desktop is on",
        "CSD wants to scan the client, and a phone sends no CSD data; without-csd is not set.",
        "VP-14",
        "VP-15",
    ),
    _refused(
        "dap-terminates",
        "The default access policy ends every session",
        "No DAP record matches phones, and DfltAccessPolicy is set to terminate.",
        "VP-17",
        "VP-18",
    ),
    _refused(
        "no-simultaneous-logins",
        "The group policy inherits zero logins",
        "vpn-simultaneous-logins is 0 in DfltGrpPolicy and not set in the phones' own policy.",
        "VP-20",
        "VP-21",
    ),
    _refused(
        "group-lock",
        "The group policy is locked to another tunnel group",
        "group-lock in DfltGrpPolicy names another tunnel group and is inherited.",
        "VP-20",
        "VP-21",
    ),
    _refused(
        "no-ssl-client",
        "The group policy does not allow the SSL client",
        "vpn-tunnel-protocol is inherited without ssl-client.",
        "VP-20",
        "VP-21",
    ),
    _refused(
        "licence-missing",
        "The licence for VPN phones is disabled",
        "show version says AnyConnect for Cisco VPN Phone: Disabled.",
        "VP-01",
    ),
    _refused(
        "peer-limit",
        "All AnyConnect peers of the licence are in use",
        "The number of AnyConnect Premium peers limits how many phones and people connect at a time.",
        "VP-02",
    ),
)
