"""Faults of the edge's port and of its TLS."""

from __future__ import annotations

from vpnprobe.lab.federation.scenario import (
    DOMAIN,
    TARGET,
    Edge,
    EdgeCertificate,
    FederationScenario,
    Network,
    Options,
    Resolver,
    address,
    federation,
)

_HERE = frozenset({TARGET})
_SECOND = f"sip2.{DOMAIN}"
_TWO_TARGETS = Resolver(
    records=(
        federation(DOMAIN, TARGET, priority=10),
        federation(DOMAIN, _SECOND, priority=20),
        *address(TARGET),
        *address(_SECOND, "edge2"),
    )
)
_TWO_ADDRESSES = Resolver(records=(federation(DOMAIN, TARGET), *address(TARGET, "edge1", "edge2")))

SCENARIOS = (
    FederationScenario(
        name="federation-port-closed",
        title="Nothing listens at port 5061",
        story=(
            "The connection is refused at once.",
            "The Edge service does not start where a domain is in both the Allow and the IM Provider list.",
        ),
        covers=("F3-08",),
        network=Network(edges=(Edge(listens="refuses"),)),
        expect_fail=frozenset({"EDG001"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-port-filtered",
        title="Connections to port 5061 time out",
        story=(
            "A firewall on the way drops the first packet.",
            "Nobody says no: the probe can only wait.",
        ),
        network=Network(edges=(Edge(listens="filtered"),)),
        expect_fail=frozenset({"EDG001"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-one-address-closed",
        title="One of the target's two addresses is dead",
        story=(
            "The target still has the address of an Expressway that was switched off.",
            "The other address is right.",
        ),
        network=Network(resolver=_TWO_ADDRESSES, edges=(Edge(), Edge(listens="refuses"))),
        expect_fail=frozenset({"EDG001"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-one-of-two-targets-closed",
        title="The second of two targets is dead",
        story=(
            "The first target is right, the second refuses connections.",
            "Which of them an edge takes is not known.",
        ),
        covers=("F3-08",),
        network=Network(
            resolver=_TWO_TARGETS,
            edges=(Edge(), Edge(listens="refuses", certificate=EdgeCertificate(common_name=_SECOND))),
        ),
        expect_fail=frozenset({"EDG001"}),
        expect_at=frozenset({_SECOND}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-port-silent",
        title="Port 5061 accepts and says nothing",
        story=(
            "The connection is made, the hello is read, no answer comes.",
            "A proxy or a stuck service holds the port.",
        ),
        network=Network(edges=(Edge(listens="silent"),)),
        expect_fail=frozenset({"EDG002"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-closes-at-hello",
        title="Port 5061 closes when it sees the hello",
        story=(
            "The connection ends without an alert.",
            "Typical of a port that is forwarded to plain SIP or to nothing.",
        ),
        network=Network(edges=(Edge(listens="closes"),)),
        expect_fail=frozenset({"EDG002"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-half-open-record",
        title="The edge's answer stops inside a record",
        story=(
            "A record of 512 bytes is announced, 16 arrive, the connection stays open.",
            "Typical of a path whose MTU is smaller than it says.",
        ),
        network=Network(edges=(Edge(listens="half-record"),)),
        expect_fail=frozenset({"EDG002"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-plain-http-on-5061",
        title="A web server without TLS has port 5061",
        story=(
            "The answer to the hello is an HTTP error page in clear text.",
            "Port forwarding leads to the wrong port or host.",
        ),
        network=Network(edges=(Edge(listens="plain-http"),)),
        expect_fail=frozenset({"EDG002"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-tls10-only",
        title="The edge speaks TLS 1.0 only",
        story=(
            "Office 365 gave up TLS 1.0 and 1.1 in 2020, and current servers refuse them.",
            "The edge's software is too old, or TLS 1.2 is off.",
        ),
        covers=("M-09",),
        network=Network(edges=(Edge(minimum="TLS 1.0", maximum="TLS 1.0"),)),
        expect_fail=frozenset({"EDG003"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-tls13-only",
        title="The edge speaks TLS 1.3 only",
        story=(
            "It was hardened further than Microsoft's servers of today.",
            "A hello of TLS 1.2 is refused.",
        ),
        covers=("M-09",),
        network=Network(edges=(Edge(minimum="TLS 1.3", maximum="TLS 1.3"),)),
        expect_fail=frozenset({"EDG003"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-3des-only",
        title="The edge knows 3DES and nothing else",
        story=(
            "An IM and Presence TLS context once had to hold TLS_RSA_WITH_3DES_EDE_CBC_SHA.",
            "Microsoft has turned 3DES off since; alone it is no good.",
        ),
        covers=("F3-28", "M-10"),
        network=Network(edges=(Edge(listens="3des-only"),)),
        expect_fail=frozenset({"EDG003"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-no-shared-suite",
        title="The edge shares no suite with Microsoft's servers",
        story=(
            "Only ChaCha20 is left, which Schannel does not offer in TLS 1.2.",
            "The hello is refused with an alert.",
        ),
        covers=("M-10",),
        network=Network(edges=(Edge(suites=("ECDHE-RSA-CHACHA20-POLY1305",)),)),
        expect_fail=frozenset({"EDG003"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-ecdhe-only",
        title="The edge accepts ECDHE only",
        story=(
            "RSA key exchange was turned off; current Windows does not mind.",
            "Cisco's guide says that Lync knows no elliptic curves, so it is a risk.",
        ),
        covers=("M-11",),
        network=Network(edges=(Edge(suites=("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256")),)),
        expect_fail=frozenset({"EDG004"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-ec-certificate",
        title="The edge has an EC certificate only",
        story=(
            "An EC key goes with ECDHE suites only, so RSA key exchange is not possible.",
            "A partner without elliptic curves cannot connect.",
        ),
        covers=("M-11",),
        network=Network(
            edges=(
                Edge(
                    certificate=EdgeCertificate(key="ec"),
                    suites=("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"),
                ),
            )
        ),
        expect_fail=frozenset({"EDG004"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-tls12-only-lync-2010",
        title="TLS 1.2 only, and the partner has Lync 2010",
        story=(
            "For everybody else it is right to have TLS 1.0 off.",
            "Lync 2010 was never given TLS 1.2.",
        ),
        covers=("F3-26", "M-09"),
        options=Options(partner="lync-2010"),
        expect_fail=frozenset({"EDG005"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-own-ca-not-named",
        title="The edge's list of CAs lacks ours",
        story=(
            "The request for a client certificate names other CAs only.",
            "And it means it: a certificate of ours ends the handshake.",
        ),
        covers=("M-12",),
        network=Network(edges=(Edge(names_cas="others", refuses_client=True),)),
        options=Options(client_certificate=True),
        expect_fail=frozenset({"EDG008"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-ca-list-cut",
        title="The edge's list of CAs is cut at 16 KB",
        story=(
            "Windows trusts so many roots that their names do not fit, and Schannel cuts the list.",
            "Whether ours was among the rest cannot be told.",
        ),
        covers=("M-12",),
        network=Network(edges=(Edge(names_cas="cut"),)),
        options=Options(client_certificate=True),
        expect_fail=frozenset({"EDG009"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-handshake-breaks-off",
        title="The edge's first flight is right, its handshake fails",
        story=(
            "The certificate is right, but the edge answers the key exchange with an alert.",
            "Typical of a private key that does not belong to the certificate.",
        ),
        network=Network(edges=(Edge(listens="breaks-off", asks="no"),)),
        expect_fail=frozenset({"EDG010"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-client-certificate-expired",
        title="Our own certificate expired",
        story=(
            "This edge does not look at its dates, and takes it.",
            "The next partner will not.",
        ),
        options=Options(client_certificate=True, client_days_left=-3),
        expect_fail=frozenset({"EDG011"}),
        expect_at=frozenset({DOMAIN}),
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-client-certificate-refused",
        title="The edge refuses our certificate",
        story=(
            "Its root is named in the request, and still the handshake ends when the certificate has come.",
            "Without it the handshake completes.",
        ),
        covers=("M-12",),
        network=Network(edges=(Edge(refuses_client=True),)),
        options=Options(client_certificate=True),
        expect_fail=frozenset({"EDG010"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
)
