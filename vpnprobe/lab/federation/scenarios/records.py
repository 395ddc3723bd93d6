"""Faults of the DNS: the federation record, and records that should not be seen."""

from __future__ import annotations

from vpnprobe.lab.federation.scenario import (
    DOMAIN,
    TARGET,
    DnsFault,
    Edge,
    EdgeCertificate,
    FederationScenario,
    Network,
    Options,
    Record,
    Resolver,
    address,
    federation,
)

_SERVICE = f"_sipfederationtls._tcp.{DOMAIN}"
_CMS_DOMAIN = f"cms.{DOMAIN}"
_RECORD = federation(DOMAIN, TARGET)
_HERE = frozenset({DOMAIN})

SCENARIOS = (
    FederationScenario(
        name="federation-no-record",
        title="The domain has no federation record",
        story=(
            "The name does not exist, so a Microsoft edge cannot find the domain.",
            "Host and certificate may be right; nobody comes to see them.",
        ),
        covers=("F4-01", "F4-03"),
        network=Network(resolver=Resolver(records=address(TARGET))),
        expect_fail=frozenset({"SRV001"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-record-of-another-type",
        title="The record's name exists without an SRV record",
        story=(
            "Somebody published text at the name of the record.",
            "The server answers, but not what was asked for.",
        ),
        covers=("F4-01",),
        network=Network(resolver=Resolver(records=(Record(_SERVICE, "TXT", '"soon"'), *address(TARGET)))),
        expect_fail=frozenset({"SRV001"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-cms-domain-missing",
        title="The meeting server's domain was forgotten",
        story=(
            "The users' domain has its record, but calls come from the spaces' domain too.",
            "The edge looks up the domain of each caller, and this one has none.",
        ),
        covers=("F4-01", "F4-02"),
        domains=(DOMAIN, _CMS_DOMAIN),
        expect_fail=frozenset({"SRV001"}),
        expect_at=frozenset({_CMS_DOMAIN}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-not-offered",
        title="The record says that federation is not offered",
        story=(
            'The target is "." (RFC 2782): decidedly no such service.',
            "There is nothing to dial.",
        ),
        covers=("F4-01",),
        network=Network(resolver=Resolver(records=(Record(_SERVICE, "SRV", "0 0 0 ."), *address(TARGET)))),
        expect_fail=frozenset({"SRV001"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-servfail",
        title="The resolver fails for the record",
        story=(
            "The answer is SERVFAIL, also where checking is disabled: a broken delegation, or a dead server.",
            "The record itself may be right.",
        ),
        covers=("F4-01",),
        network=Network(resolver=Resolver(faults=(DnsFault(_SERVICE, "servfail"),))),
        expect_fail=frozenset({"SRV001"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-refused",
        title="The resolver refuses the question",
        story=(
            "It serves other clients, or this zone not at all.",
            "Whoever else asks may be answered, so nothing is known of the record.",
        ),
        covers=("F4-01",),
        network=Network(resolver=Resolver(faults=(DnsFault(_SERVICE, "refused"),))),
        expect_verdict="inconclusive",
    ),
    FederationScenario(
        name="federation-bogus",
        title="DNSSEC validation of the record fails",
        story=(
            "The record is there when checking is disabled, and SERVFAIL otherwise: expired signatures, changed keys.",
            "Partners behind a validating resolver get nothing.",
        ),
        covers=("F4-01",),
        network=Network(resolver=Resolver(faults=(DnsFault(_SERVICE, "bogus"),))),
        expect_fail=frozenset({"SRV001"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-dns-silent",
        title="The resolver does not answer",
        story=(
            "Questions for the record get no answer, so nothing is known of it.",
            "That is open, and no alarm about the domain.",
        ),
        covers=("F4-01",),
        network=Network(resolver=Resolver(faults=(DnsFault(_SERVICE, "silent"),))),
        expect_verdict="inconclusive",
    ),
    FederationScenario(
        name="federation-dns-junk",
        title="The resolver answers with junk",
        story=(
            "The header of the answer is right, the rest no DNS message.",
            "Something between answers in the resolver's place.",
        ),
        covers=("F4-01",),
        network=Network(resolver=Resolver(faults=(DnsFault(_SERVICE, "junk"),))),
        expect_verdict="inconclusive",
    ),
    FederationScenario(
        name="federation-record-crowd",
        title="Thousands of records at the record's name",
        story=(
            "As many federation records as one message holds, all to the same host.",
            "A few are looked at, and how many were not is said.",
        ),
        covers=("M-01", "M-03"),
        network=Network(resolver=Resolver(faults=(DnsFault(_SERVICE, "crowd"),))),
    ),
    FederationScenario(
        name="federation-record-crowd-announced",
        title="An answer that announces ten thousand records",
        story=(
            "The header promises more records than a message can hold.",
            "What is there is cut, so none of it is believed.",
        ),
        covers=("F4-01",),
        network=Network(resolver=Resolver(faults=(DnsFault(_SERVICE, "announces-10000"),))),
        expect_verdict="inconclusive",
    ),
    FederationScenario(
        name="federation-huge-answer",
        title="65,000 bytes of text beside the record",
        story=(
            "The answer fills nearly a whole message over TCP; the record is in it.",
            "The text is nobody's business.",
        ),
        covers=("F4-01",),
        network=Network(resolver=Resolver(faults=(DnsFault(_SERVICE, "huge"),))),
    ),
    FederationScenario(
        name="federation-alias-loop",
        title="The record's name is an alias that leads back to itself",
        story=(
            "Two aliases point at one another, so there is no record behind them.",
            "A resolver gives up.",
        ),
        covers=("F4-01",),
        network=Network(
            resolver=Resolver(
                records=(
                    Record(_SERVICE, "CNAME", f"a.{DOMAIN}"),
                    Record(f"a.{DOMAIN}", "CNAME", f"b.{DOMAIN}"),
                    Record(f"b.{DOMAIN}", "CNAME", f"a.{DOMAIN}"),
                )
            )
        ),
        expect_fail=frozenset({"SRV001"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-other-port",
        title="The record names another port than 5061",
        story=(
            "Something answers there, and all else is right.",
            "Microsoft's documents know port 5061 only, and so do most firewalls.",
        ),
        covers=("M-01",),
        network=Network(
            resolver=Resolver(records=(federation(DOMAIN, TARGET, port=5081), *address(TARGET))),
            edges=(Edge(port=5081),),
        ),
        expect_fail=frozenset({"SRV002"}),
        expect_at=frozenset({TARGET}),
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-port-zero",
        title="The record names port 0",
        story=(
            "The port was left out where the record was made, and 0 was put in its place.",
            "Nobody can connect to port 0, so nothing is dialled.",
        ),
        network=Network(resolver=Resolver(records=(federation(DOMAIN, TARGET, port=0), *address(TARGET)))),
        expect_fail=frozenset({"SRV008"}),
        expect_at=frozenset({TARGET}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-views-differ",
        title="Inside and outside have different records",
        story=(
            "One resolver names the edge, the other an older host that is gone.",
            "Which of the two a partner sees depends on where it asks.",
        ),
        covers=("F3-15", "F4-03"),
        network=Network(
            other_resolver=Resolver(records=(federation(DOMAIN, f"old.{DOMAIN}"), *address(f"old.{DOMAIN}"))),
            edges=(Edge(certificate=EdgeCertificate(names=(TARGET, f"old.{DOMAIN}"))),),
        ),
        expect_fail=frozenset({"SRV004"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-inside-only",
        title="The record is only in the company's own DNS",
        story=(
            "The inner resolver has everything, the public one nothing.",
            "Every test from inside succeeds, and no partner finds the domain.",
        ),
        covers=("F3-15", "F4-03"),
        network=Network(other_resolver=Resolver(records=address(TARGET))),
        expect_fail=frozenset({"SRV001"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-internal-record-public",
        title="A record of the inside is public",
        story=(
            "_cisco-uds._tcp leads Jabber to the CUCM, and belongs inside.",
            "Public, it sends clients at home to an address that they cannot reach.",
        ),
        network=Network(
            resolver=Resolver(
                records=(
                    _RECORD,
                    *address(TARGET),
                    Record(f"_cisco-uds._tcp.{DOMAIN}", "SRV", f"0 0 8443 cucm.{DOMAIN}"),
                )
            )
        ),
        options=Options(extras=True),
        expect_fail=frozenset({"SRV005"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
)
