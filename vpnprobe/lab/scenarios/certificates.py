"""Faults of the gateway's certificate: the pin, the dates, the chain, the names in it."""

from __future__ import annotations

from vpnprobe.lab.scenario import (
    GATEWAY_NAME,
    CertHash,
    Certificate,
    Configuration,
    Gateway,
    Network,
    Options,
    Scenario,
)

_THIRD_PARTY = Certificate(issuer="third-party", names=(GATEWAY_NAME,))
_WILDCARD = Certificate(issuer="third-party", common_name="*.lab.example", names=("*.lab.example",))
_OTHER_NAME = Certificate(
    issuer="third-party", common_name="asa.corp.example", names=("asa.corp.example", "www.corp.example")
)
_CONTROL_CHARACTERS = Certificate(common_name="vpn\x1b[2J\x1b[31m\x07\r\u202e.lab.example")
_TEMPORARY = Certificate(common_name="ASA Temporary Self Signed Certificate")
_EXPIRED = Certificate(days_left=-3)
_NOT_YET_VALID = Certificate(age_days=-5)
_EXPIRES_SOON = Certificate(days_left=20)


def _network(certificate: Certificate, *, host_id_check: str = "0", gateway: Gateway | None = None) -> Network:
    """Return a network whose gateway shows this certificate, which is the pinned one."""
    return Network(
        configuration=Configuration(cert_hashes=(CertHash(of=certificate),), host_id_check=host_id_check),
        gateways=(gateway or Gateway(certificate=certificate),),
    )


SCENARIOS = (
    Scenario(
        name="gateway-certificate-replaced",
        title="The ASA has a new certificate, CUCM still the old one",
        story=(
            "It was renewed under the same name; certHash1 is the fingerprint of the one before.",
            "The phone ends the handshake with alert 48, unknown CA.",
        ),
        covers=("VP-10", "VP-34", "VP-35"),
        network=Network(gateways=(Gateway(certificate=Certificate(edition=2)),)),
        expect_fail=frozenset({"PIN001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="each-asa-its-own-certificate",
        title="The second ASA's certificate is not in CUCM",
        story=(
            "Two addresses, two ASAs, two certificates; only the first one is pinned.",
            "Two alarms: the second does not match, and the addresses do not show the same certificate.",
        ),
        covers=("VP-07",),
        network=Network(gateways=(Gateway(), Gateway(certificate=Certificate(edition=2)))),
        expect_fail=frozenset({"NET004", "PIN001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="two-certificates-both-pinned",
        title="Two addresses, each with its own pinned certificate",
        story=(
            "The name has two addresses with an ASA each, and each shows its own certificate.",
            "Both are in the configuration, as they ought to be, so the phone connects at either.",
        ),
        covers=("VP-07",),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(), CertHash(of=Certificate(edition=2)))),
            gateways=(Gateway(), Gateway(certificate=Certificate(edition=2))),
        ),
    ),
    Scenario(
        name="certificate-expired",
        title="The gateway's certificate has expired",
        story=(
            "It ended three days ago and is still the pinned one.",
            "Phones that are away from the office can no longer fetch a new configuration.",
        ),
        covers=("VP-42",),
        network=_network(_EXPIRED),
        expect_fail=frozenset({"CRT001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="certificate-not-yet-valid",
        title="The gateway's certificate is not valid yet",
        story=(
            "It begins in five days: the clock of the ASA or of the CA was wrong.",
            "It is the pinned one.",
        ),
        covers=("VP-42",),
        network=_network(_NOT_YET_VALID),
        expect_fail=frozenset({"CRT001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="expired-and-not-pinned",
        title="The certificate has expired, and CUCM has another one",
        story=(
            "It ended three days ago; the new one was imported in CUCM and never put on the ASA.",
            "Two alarms, because renewing alone or importing alone does not help.",
        ),
        covers=("VP-10", "VP-42"),
        network=Network(gateways=(Gateway(certificate=_EXPIRED),)),
        expect_fail=frozenset({"CRT001", "PIN001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="expires-soon",
        title="The gateway's certificate ends in twenty days",
        story=(
            "Time to begin the renewal in seven steps, while every phone can still fetch its configuration.",
            "Today phones connect.",
        ),
        covers=("VP-40",),
        network=_network(_EXPIRES_SOON),
        expect_fail=frozenset({"CRT002"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="temporary-self-signed",
        title="The ASA shows its temporary certificate",
        story=(
            "No trustpoint is assigned to the interface, so the ASA made a certificate at boot.",
            "It is pinned and works until the next reboot.",
        ),
        covers=("VP-05", "VP-07"),
        network=_network(_TEMPORARY),
        expect_fail=frozenset({"TLS006"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="chain-incomplete",
        title="The intermediate certificate is not sent",
        story=(
            "The leaf comes from a third-party CA, and only the leaf was installed.",
            "The pin of the leaf matches; what needs the issuer does not.",
        ),
        covers=("VP-06",),
        network=_network(_THIRD_PARTY, gateway=Gateway(certificate=_THIRD_PARTY, sends="leaf-only")),
        expect_fail=frozenset({"CRT003"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="chain-incomplete-pinned-by-issuer",
        title="The issuer is pinned and not sent",
        story=(
            "certHash1 is the intermediate's, but the gateway sends the leaf alone, so nothing matches.",
            "Two alarms: the chain is incomplete, and therefore the pin fails.",
        ),
        covers=("VP-06", "VP-35"),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=_THIRD_PARTY, at="issuer"),)),
            gateways=(Gateway(certificate=_THIRD_PARTY, sends="leaf-only"),),
        ),
        expect_fail=frozenset({"CRT003", "PIN001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="pinned-root-not-sent",
        title="The root is pinned, and it is not sent",
        story=(
            "Leaf and intermediate are sent, as is usual; certHash1 is the root's.",
            "A phone compares only with what it is shown.",
        ),
        covers=("VP-10", "VP-35"),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=_THIRD_PARTY, at="root"),)),
            gateways=(Gateway(certificate=_THIRD_PARTY),),
        ),
        expect_fail=frozenset({"PIN001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="chain-shuffled",
        title="The chain is sent in the wrong order",
        story=(
            "Leaf, root, intermediate: the files were imported in the wrong order.",
            "Strict clients stop at the second certificate.",
        ),
        covers=("VP-06",),
        network=_network(_THIRD_PARTY, gateway=Gateway(certificate=_THIRD_PARTY, sends="shuffled")),
        expect_fail=frozenset({"CRT003"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="host-id-wildcard",
        title="Host name checking is on, the certificate is a wildcard",
        story=(
            "*.lab.example for vpn.lab.example: phones refuse a wildcard in the third level.",
            "The phone logs hostIDCheck failed.",
        ),
        covers=("VP-31", "VP-32"),
        network=_network(_WILDCARD, host_id_check="1"),
        expect_fail=frozenset({"HID001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="host-id-off-wildcard",
        title="The same wildcard, host name checking is off",
        story=(
            "enableHostIDCheck is 0, so the phone does not look at names.",
            "The report says what would happen if it were turned on; that is no alarm.",
        ),
        covers=("VP-05", "VP-31"),
        network=_network(_WILDCARD),
    ),
    Scenario(
        name="host-id-san",
        title="Host name checking is on, the certificate names other hosts",
        story=(
            "Neither a subjectAltName nor the subject names the host of the URL.",
            "The phone looks in both and gives up.",
        ),
        covers=("VP-31", "VP-32"),
        network=_network(_OTHER_NAME, host_id_check="1"),
        expect_fail=frozenset({"HID001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="host-id-and-pin",
        title="Neither the certificate nor its name is the right one",
        story=(
            "A wildcard certificate of the company's web servers was put on the ASA.",
            "Two alarms: it is not pinned, and host name checking would refuse it as well.",
        ),
        covers=("VP-10", "VP-31"),
        network=Network(configuration=Configuration(host_id_check="1"), gateways=(Gateway(certificate=_WILDCARD),)),
        expect_fail=frozenset({"HID001", "PIN001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="control-characters",
        title="The certificate's names hold control characters",
        story=(
            "Escape sequences in the common name would clear the screen of whoever prints them as they are.",
            "The certificate is the pinned one; to the phone it is a name like any other.",
        ),
        network=_network(_CONTROL_CHARACTERS),
    ),
    Scenario(
        name="host-id-ip-url",
        title="Host name checking is on, the URL has an address",
        story=(
            "The group-url names the gateway by its IP address, the certificate by its name.",
            "The phone compares the two and refuses.",
        ),
        covers=("VP-31",),
        network=Network(configuration=Configuration(host_id_check="1")),
        options=Options(by_address=True),
        expect_fail=frozenset({"HID001"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="host-id-off-ip-url",
        title="The same URL, host name checking is off",
        story=(
            "Most installations dial an address and turn the check off.",
            "Nothing is wrong.",
        ),
        covers=("VP-31",),
        options=Options(by_address=True),
    ),
)
