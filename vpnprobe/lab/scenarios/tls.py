"""Faults of the first flight: what the gateway answers to a phone's ClientHello."""

from __future__ import annotations

from vpnprobe.lab.scenario import GATEWAY_NAME, CertHash, Certificate, Configuration, Gateway, Network, Scenario

_EC = Certificate(key="ec")
_EC_OF_CA = Certificate(key="ec", issuer="third-party", names=(GATEWAY_NAME,))
_BOTH_KINDS = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "AES256-SHA",
    "AES128-SHA",
)
_MODERN = ("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256")

SCENARIOS = (
    Scenario(
        name="port-silent",
        title="The gateway's port accepts and says nothing",
        story=(
            "The connection is made, the hello is read, no answer comes.",
            "A proxy or a stuck service holds the port.",
        ),
        network=Network(gateways=(Gateway(listens="silent"),)),
        expect_fail=frozenset({"TLS004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="half-open-record",
        title="The gateway's answer stops inside a record",
        story=(
            "A record of 512 bytes is announced, 16 arrive, the connection stays open.",
            "Typical of a path whose MTU is smaller than it says.",
        ),
        network=Network(gateways=(Gateway(listens="half-record"),)),
        expect_fail=frozenset({"TLS004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="slow-drip",
        title="The gateway answers one byte a second",
        story=(
            "The flight is faultless and would take a quarter of an hour.",
            "No phone waits for that.",
        ),
        network=Network(gateways=(Gateway(listens="drip"),)),
        expect_fail=frozenset({"TLS004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="closes-at-hello",
        title="The gateway closes when it sees the hello",
        story=(
            "The connection ends without an alert.",
            "Typical of a firewall that does not want TLS 1.0 to pass.",
        ),
        network=Network(gateways=(Gateway(listens="closes"),)),
        expect_fail=frozenset({"TLS004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="plain-http-on-443",
        title="A web server without TLS has the port",
        story=(
            "The answer to the hello is an HTTP error page in clear text.",
            "Port forwarding leads to the wrong port or host.",
        ),
        network=Network(gateways=(Gateway(listens="plain-http"),)),
        expect_fail=frozenset({"TLS004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="no-shared-cipher",
        title="The gateway knows RC4 and 3DES only",
        story=(
            "A 7962G offers AES256-SHA and AES128-SHA; the ASA was left with its oldest suites.",
            "The ASA logs 725014, no shared cipher.",
        ),
        covers=("VP-23", "VP-24"),
        network=Network(gateways=(Gateway(listens="rc4-3des-only"),)),
        expect_fail=frozenset({"TLS001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="tls12-only-modern-suites",
        title="The gateway was hardened to TLS 1.2 with forward secrecy",
        story=(
            "Every browser is content; a 7962G has neither the version nor the suites.",
            "The gateway refuses its hello.",
        ),
        covers=("VP-23", "VP-24"),
        network=Network(gateways=(Gateway(minimum="TLS 1.2", suites=_MODERN),)),
        expect_fail=frozenset({"TLS001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="tls12-only-8841",
        title="The same hardened gateway, seen by an 8841",
        story=(
            "TLS 1.2 with ECDHE-RSA suites suits a newer phone.",
            "It is healthy for this phone.",
        ),
        covers=("VP-23",),
        model="8841",
        network=Network(gateways=(Gateway(minimum="TLS 1.2", suites=_MODERN),)),
    ),
    Scenario(
        name="tls10-off",
        title="The right suites, but TLS 1.2 only",
        story=(
            "AES256-SHA and AES128-SHA are enabled; TLS 1.0 was turned off.",
            "A 7962G speaks nothing newer than TLS 1.0.",
        ),
        covers=("VP-23",),
        network=Network(gateways=(Gateway(minimum="TLS 1.2"),)),
        expect_fail=frozenset({"TLS001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="unoffered-suite",
        title="The gateway chooses a suite that was never offered",
        story=(
            "Whatever the hello offers, RC4 is chosen: something on the way answers in the gateway's place.",
            "A phone breaks off, as every TLS client must: there is no shared suite.",
        ),
        covers=("VP-23",),
        network=Network(gateways=(Gateway(listens="unoffered-suite"),)),
        expect_fail=frozenset({"TLS001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="unoffered-suite-to-ec",
        title="Something answers some hellos in the gateway's place",
        story=(
            "A hello without RSA suites is answered with RC4, which it does not offer, instead of an alert.",
            "This phone is not concerned; newer ones may be, so it is a warning.",
        ),
        network=Network(gateways=(Gateway(listens="unoffered-suite-to-ec"),)),
        expect_fail=frozenset({"TLS005"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="ec-self-signed",
        title="An EC-capable phone is given the ASA's own EC certificate",
        story=(
            "Since ASA 9.4(1) clients that offer EC suites get a self-signed EC certificate (CSCuu02848).",
            "The RSA certificate in CUCM is the right one, and an 8841 never sees it.",
        ),
        covers=("VP-08",),
        model="8841",
        network=Network(gateways=(Gateway(ec_certificate=_EC, suites=_BOTH_KINDS),)),
        expect_fail=frozenset({"TLS002"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="ec-self-signed-7962",
        title="The same gateway, seen by a 7962G",
        story=(
            "A 7962G offers RSA suites only and is shown the RSA certificate, so it connects.",
            "Newer phones at the same gateway would not: a warning.",
        ),
        covers=("VP-08",),
        network=Network(gateways=(Gateway(ec_certificate=_EC, suites=_BOTH_KINDS),)),
        expect_fail=frozenset({"TLS003"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="ec-self-signed-pre12.5",
        title="The same gateway, seen by an 8841 with older firmware",
        story=(
            "Before 12.5(1) an 8841 has no elliptic curves and is shown the RSA certificate, so it connects.",
            "After its upgrade it would not: a warning.",
        ),
        covers=("VP-08",),
        model="8841-pre12.5",
        network=Network(gateways=(Gateway(ec_certificate=_EC, suites=_BOTH_KINDS),)),
        expect_fail=frozenset({"TLS003"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="ec-pinned-8841",
        title="The EC certificate is pinned beside the RSA one",
        story=(
            "The gateway shows an EC certificate to an 8841 and an RSA one to older phones.",
            "Both are in the configuration, so every phone connects.",
        ),
        covers=("VP-08", "VP-10"),
        model="8841",
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(), CertHash(of=_EC))),
            gateways=(Gateway(ec_certificate=_EC, suites=_BOTH_KINDS),),
        ),
    ),
    Scenario(
        name="ec-trustpoint-7962",
        title="The trustpoint has an EC key, seen by a 7962G",
        story=(
            "The configured certificate is an EC one of a CA, and it is pinned.",
            "A phone that offers RSA suites only is shown the ASA's own RSA certificate, which is not.",
        ),
        covers=("VP-10",),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=_EC_OF_CA),)),
            gateways=(Gateway(ec_certificate=_EC_OF_CA, suites=_BOTH_KINDS),),
        ),
        expect_fail=frozenset({"PIN001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="ec-trustpoint-8841",
        title="The trustpoint has an EC key, seen by an 8841",
        story=(
            "The configured certificate is an EC one of a CA, and it is pinned.",
            "A newer phone is shown it and connects.",
        ),
        covers=("VP-08", "VP-10"),
        model="8841",
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=_EC_OF_CA),)),
            gateways=(Gateway(ec_certificate=_EC_OF_CA, suites=_BOTH_KINDS),),
        ),
    ),
    Scenario(
        name="ec-only-7962",
        title="The gateway has an EC certificate only",
        story=(
            "It has no other one to fall back to, as an ASA would; an EC key goes with ECDSA suites only.",
            "A 7962G offers none of them.",
        ),
        covers=("VP-23",),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=_EC),)),
            gateways=(Gateway(certificate=_EC, suites=_BOTH_KINDS),),
        ),
        expect_fail=frozenset({"TLS001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="handshake-breaks-off",
        title="The first flight is right, the handshake fails",
        story=(
            "The certificate is the pinned one, but the gateway answers the key exchange with an alert.",
            "Typical of a private key that does not belong to the certificate.",
        ),
        network=Network(gateways=(Gateway(listens="breaks-off"),)),
        expect_fail=frozenset({"HSK001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="leaf-changes-between",
        title="The certificate changes from one connection to the next",
        story=(
            "A balancer below TLS spreads connections over two ASAs; the first shows the pinned certificate.",
            "The session itself meets another one, so the phone connects by luck.",
        ),
        covers=("VP-13",),
        network=Network(gateways=(Gateway(takes_turns=(Certificate(), Certificate(edition=2))),)),
        expect_fail=frozenset({"HSK002"}),
        expect_verdict="fail",
    ),
)
