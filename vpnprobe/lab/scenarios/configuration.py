"""Faults of the configuration file: what CUCM tells the phone about its VPN."""

from __future__ import annotations

from vpnprobe.lab.scenario import CertHash, Certificate, Configuration, Network, Options, Scenario

SCENARIOS = (
    Scenario(
        name="config-malformed",
        title="The configuration is no well-formed XML",
        story=(
            "A closing tag is missing, as in files that were written by hand or by a script.",
            "The phone cannot read it and keeps its old settings.",
        ),
        network=Network(configuration=Configuration(form="malformed")),
        expect_fail=frozenset({"CFG001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="config-html",
        title="A sign-in page comes instead of the configuration",
        story=(
            "Something on the way answers every request with its own web page.",
            "It arrives whole and is no phone configuration.",
        ),
        network=Network(configuration=Configuration(form="html", signed_name="unsigned")),
        expect_fail=frozenset({"CFG001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="config-encrypted",
        title="Only the short form of an encrypted configuration is to be had",
        story=(
            "TFTP Encrypted Config is on: the settings are in a file that only the phone can read.",
            "The certHash in the short form belongs to CAPF and must not be taken for the VPN's.",
        ),
        network=Network(configuration=Configuration(form="short")),
        expect_fail=frozenset({"CFG002"}),
        expect_verdict="inconclusive",
    ),
    Scenario(
        name="no-vpn-group",
        title="The configuration has no vpnGroup",
        story=(
            "The Common Phone Profile has no VPN, a change was not applied, or CUCM is unrestricted.",
            "The phone does not even show the VPN menu.",
        ),
        covers=("VP-03", "VP-04", "VP-25"),
        network=Network(configuration=Configuration(form="no-vpn")),
        expect_fail=frozenset({"CFG003"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="url-not-configured",
        title="The probed URL is not the one that the phone has",
        story=(
            "url1 names another group of the same gateway.",
            "The certificate matches; the phone still dials something else than what was tested.",
        ),
        covers=("VP-12", "VP-25"),
        network=Network(configuration=Configuration(urls=("{base}/Engineering",))),
        expect_fail=frozenset({"CFG004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="url-trailing-slash",
        title="The configured URL has one slash more",
        story=(
            "url1 ends with a slash, the group-url of the tunnel group does not.",
            "To the ASA these are two different URLs.",
        ),
        covers=("VP-12", "VP-25"),
        network=Network(configuration=Configuration(urls=("{url}/",))),
        expect_fail=frozenset({"CFG004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="no-cert-hash",
        title="The vpnGroup has no certHash",
        story=(
            "The VPN gateway in CUCM has no certificate assigned.",
            "The phone has nothing to compare the ASA's certificate with and does not connect.",
        ),
        covers=("VP-07", "VP-30"),
        network=Network(configuration=Configuration(cert_hashes=())),
        expect_fail=frozenset({"CFG005"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="hash-typo",
        title="The certHash is wrong in one letter that looks alike",
        story=(
            "A hand-made configuration: l and 1, I and l or O and 0 were mistaken for one another.",
            "It still decodes to 20 bytes, so only the comparison shows it.",
        ),
        covers=("VP-10", "VP-34", "VP-35"),
        network=Network(configuration=Configuration(cert_hashes=(CertHash(form="lookalike"),))),
        expect_fail=frozenset({"PIN001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="hash-noncanonical",
        title="The certHash decodes to the right bytes but is not written as any encoder would",
        story=(
            "An unused bit of the last letter is set, as after a typing error there.",
            "A tolerant decoder does not notice; what a phone does is not known, so it is a warning.",
        ),
        covers=("VP-10",),
        network=Network(configuration=Configuration(cert_hashes=(CertHash(form="non-canonical"),))),
        expect_fail=frozenset({"CFG006"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="hash-sha256",
        title="The certHash is the SHA-256 fingerprint",
        story=(
            "The configuration was made with the fingerprint that a browser shows first.",
            "Two alarms: the form is not one of 20 bytes, and so the pin cannot match.",
        ),
        covers=("VP-10",),
        network=Network(configuration=Configuration(cert_hashes=(CertHash(form="sha256"),))),
        expect_fail=frozenset({"CFG006", "PIN001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="hash-hex",
        title="The certHash is written in hex",
        story=(
            "The right fingerprint in the form that the ASA shows, not in base64.",
            "Two alarms: the form is wrong, and so the pin cannot match.",
        ),
        covers=("VP-10",),
        network=Network(configuration=Configuration(cert_hashes=(CertHash(form="hex"),))),
        expect_fail=frozenset({"CFG006", "PIN001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="unknown-hash-alg",
        title="The hash algorithm is not the one every known configuration has",
        story=(
            "hashAlg is 1. Only 0, SHA-1, was ever seen; what a phone makes of 1 is not known.",
            "The certHash itself is the right SHA-1.",
        ),
        covers=("VP-12",),
        network=Network(configuration=Configuration(hash_alg="1")),
        expect_fail=frozenset({"CFG007"}),
        expect_verdict="inconclusive",
    ),
    Scenario(
        name="vpn-parameters",
        title="MTU and connect time are out of range",
        story=(
            "mtu is 9000 and failConnectTime 9999: more than CUCM lets anybody enter.",
            "The file was made by hand.",
        ),
        covers=("VP-12",),
        network=Network(configuration=Configuration(mtu="9000", fail_connect_time="9999")),
        expect_fail=frozenset({"CFG008"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="url-numbering-gap",
        title="url1 is empty, url2 is the gateway",
        story=(
            "The first gateway was taken out of the VPN group by hand.",
            "CUCM numbers from 1 without gaps; what a phone does with one is not known.",
        ),
        covers=("VP-12",),
        network=Network(configuration=Configuration(urls=("", "{url}"))),
        expect_fail=frozenset({"CFG008"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="too-many-hashes",
        title="Eleven certHashes",
        story=(
            "CUCM allows ten certificates in all; the right one is the first.",
            "The eleventh is not read.",
        ),
        covers=("VP-12",),
        network=Network(
            configuration=Configuration(
                cert_hashes=tuple(CertHash(of=Certificate(edition=edition)) for edition in range(1, 12))
            )
        ),
        expect_fail=frozenset({"CFG008"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="given-hash-wrong",
        title="The certHash that is given is another certificate's",
        story=(
            "No configuration server is asked; the operator's hash is that of the certificate before.",
            "Nothing secret may be sent.",
        ),
        covers=("VP-10",),
        options=Options(cert_hashes=(CertHash(of=Certificate(edition=2)),)),
        expect_fail=frozenset({"PIN001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="wrong-model-load",
        title="The configuration belongs to another model",
        story=(
            "The firmware load is one of the 8800 series, and a 7962G is imitated.",
            "MAC or model is not that of the phone in question, so the other results may not be its own.",
        ),
        network=Network(configuration=Configuration(load="sip88xx.12-8-1-0001-455")),
        expect_fail=frozenset({"CFG009"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="auth-method-mismatch",
        title="The profile wants a password, a certificate is given",
        story=(
            "authMethod is 0 (user and password), but the run is made with an LSC, which the ASA accepts.",
            "The phone would not log in that way.",
        ),
        covers=("VP-09", "VP-12"),
        network=Network(configuration=Configuration(auth_method="0")),
        expect_fail=frozenset({"CFG010"}),
        expect_verdict="inconclusive",
    ),
    Scenario(
        name="auth-method-unknown",
        title="The authentication method is none that is known",
        story=(
            "authMethod is 7; only 0, 1 and 2 have a meaning.",
            "What the phone does then is not known.",
        ),
        covers=("VP-12",),
        network=Network(configuration=Configuration(auth_method="7")),
        expect_fail=frozenset({"CFG010"}),
        expect_verdict="inconclusive",
    ),
    Scenario(
        name="web-access-off",
        title="The phone's web page is off",
        story=(
            "webAccess is 1 (disabled), so nobody can read the console logs from afar.",
            "That is a hint for later, not a fault.",
        ),
        covers=("VP-33",),
        network=Network(configuration=Configuration(web_access="1")),
    ),
    Scenario(
        name="healthy-hash-given-in-hex",
        title="A hash is given in hex, as an ASA shows it",
        story=(
            "As an option a certHash may be written in hex: it is the operator's word, not the phone's file.",
            "It is the right one.",
        ),
        covers=("VP-10",),
        options=Options(cert_hashes=(CertHash(form="hex"),)),
    ),
)
