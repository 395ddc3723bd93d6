"""Faults of the target's name and of its addresses."""

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

_OTHER_DOMAIN = "chat.example"
_OTHER_TARGET = f"sip.{_OTHER_DOMAIN}"
_RECORD = federation(DOMAIN, TARGET)
_HERE = frozenset({DOMAIN})
# Of a private network, and so never dialled beside another kind of address.
_PRIVATE = "10.1.1.5"


def _edge_named(target: str) -> tuple[Edge, ...]:
    return (Edge(certificate=EdgeCertificate(common_name=target)),)


SCENARIOS = (
    FederationScenario(
        name="federation-example-1009",
        title="The target lies in a sub-domain",
        story=(
            "_sipfederationtls._tcp.cms.steven.lab names vcse.sub.cms.steven.lab; address and certificate are right.",
            "A Microsoft edge answers 504 and says 1009 to its own user.",
        ),
        covers=("F4-04", "F4-06", "F4-13", "F4-15", "M-02"),
        domains=("cms.steven.lab",),
        network=Network(
            resolver=Resolver(
                records=(
                    federation("cms.steven.lab", "vcse.sub.cms.steven.lab"),
                    *address("vcse.sub.cms.steven.lab"),
                )
            ),
            edges=_edge_named("vcse.sub.cms.steven.lab"),
        ),
        expect_fail=frozenset({"DOM001"}),
        expect_at=frozenset({"vcse.sub.cms.steven.lab"}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-example-acano",
        title="The target lies in the parent domain",
        story=(
            "_sipfederationtls._tcp.acano.steven.lab names vcse.steven.lab, the Expressway's only name.",
            "The edge traces that none of the FQDNs is in the same domain.",
        ),
        covers=("F4-04", "F4-06", "F4-13", "F4-15", "F4-18", "M-02"),
        domains=("acano.steven.lab",),
        network=Network(
            resolver=Resolver(
                records=(federation("acano.steven.lab", "vcse.steven.lab"), *address("vcse.steven.lab")),
            ),
            edges=_edge_named("vcse.steven.lab"),
        ),
        expect_fail=frozenset({"DOM001"}),
        expect_at=frozenset({"vcse.steven.lab"}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-foreign-target",
        title="The target belongs to a service provider",
        story=(
            "The provider's host is right in every respect but its name.",
            "It is none of Microsoft's own, so the exact-domain rule counts.",
        ),
        covers=("F4-04", "F4-06", "M-05"),
        network=Network(
            resolver=Resolver(
                records=(federation(DOMAIN, "sip.provider.example"), *address("sip.provider.example")),
            ),
            edges=_edge_named("sip.provider.example"),
        ),
        expect_fail=frozenset({"DOM001"}),
        expect_at=frozenset({"sip.provider.example"}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-one-of-two-targets-foreign",
        title="One of two targets lies outside of the domain",
        story=(
            "The second record was left over from a service provider; the first one is right.",
            "Which of the two an edge takes is not known.",
        ),
        covers=("F4-04", "F4-06"),
        network=Network(
            resolver=Resolver(
                records=(
                    federation(DOMAIN, TARGET, priority=10),
                    federation(DOMAIN, "sip.provider.example", priority=20),
                    *address(TARGET),
                    *address("sip.provider.example", "edge2"),
                )
            ),
            edges=(Edge(), *_edge_named("sip.provider.example")),
        ),
        expect_fail=frozenset({"DOM001"}),
        expect_at=frozenset({"sip.provider.example"}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-foreign-and-unnamed",
        title="The target is foreign, and its certificate does not name it either",
        story=(
            "The record names a provider's host, whose certificate has yet another name.",
            "Mending one alone does not help, so both are told.",
        ),
        covers=("F4-04", "F4-06", "F4-07"),
        network=Network(
            resolver=Resolver(
                records=(federation(DOMAIN, "sip.provider.example"), *address("sip.provider.example")),
            ),
            edges=_edge_named("edge7.provider.example"),
        ),
        expect_fail=frozenset({"DOM001", "FCR001"}),
        expect_at=frozenset({"sip.provider.example"}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-target-is-domain",
        title="The target is the domain itself",
        story=(
            "The record for uc.example names uc.example.",
            "Without its first label the target is no longer the domain.",
        ),
        covers=("F4-04",),
        network=Network(
            resolver=Resolver(records=(federation(DOMAIN, DOMAIN), *address(DOMAIN))), edges=_edge_named(DOMAIN)
        ),
        expect_fail=frozenset({"DOM001"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-target-is-address",
        title="The record names an address in place of a host",
        story=(
            "Somebody wrote the edge's address where RFC 2782 wants a name, and the zone took it for one.",
            "No name has that address, and the edge says 1009.",
        ),
        covers=("F4-04",),
        network=Network(resolver=Resolver(records=(federation(DOMAIN, "127.0.0.1"),))),
        expect_fail=frozenset({"DOM001"}),
        expect_at=frozenset({"127.0.0.1"}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-target-is-alias",
        title="The target's name is an alias",
        story=(
            "RFC 2782 wants a host with an address of its own behind a record.",
            "Most resolvers follow the alias all the same.",
        ),
        network=Network(
            resolver=Resolver(
                records=(_RECORD, Record(TARGET, "CNAME", f"edge.{DOMAIN}"), *address(f"edge.{DOMAIN}")),
            )
        ),
        expect_fail=frozenset({"DOM002"}),
        expect_at=frozenset({TARGET}),
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-target-without-address",
        title="The target has no address",
        story=(
            "The record is right, but nobody published the host that it names.",
            "The edge would say 1014.",
        ),
        covers=("F4-05",),
        network=Network(resolver=Resolver(records=(_RECORD,))),
        expect_fail=frozenset({"ADR001"}),
        expect_at=frozenset({TARGET}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-target-text-only",
        title="The target's name has no address record",
        story=(
            "The name exists and has a text record, but neither A nor AAAA.",
            "To an edge it is the same as no name.",
        ),
        covers=("F4-05",),
        network=Network(resolver=Resolver(records=(_RECORD, Record(TARGET, "TXT", '"edge"')))),
        expect_fail=frozenset({"ADR001"}),
        expect_at=frozenset({TARGET}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-target-servfail",
        title="The resolver fails for the target's address",
        story=(
            "The record is there, and its host lies in a zone that is broken.",
            "Without an address there is nothing to dial.",
        ),
        covers=("F4-05",),
        network=Network(resolver=Resolver(faults=(DnsFault(TARGET, "servfail"),))),
        expect_fail=frozenset({"ADR001"}),
        expect_at=frozenset({TARGET}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-target-dns-silent",
        title="The resolver does not answer for the target's address",
        story=(
            "The record is there; questions for its host get no answer.",
            "What an edge would find is open.",
        ),
        covers=("F4-05",),
        network=Network(resolver=Resolver(faults=(DnsFault(TARGET, "silent"),))),
        expect_verdict="inconclusive",
    ),
    FederationScenario(
        name="federation-addresses-mixed",
        title="The target has a private address beside another one",
        story=(
            "The edge's inner and outer interface share one name with two A records.",
            "It works until a peer takes the address that it cannot reach: presence and messages are lost.",
        ),
        covers=("F3-20",),
        network=Network(resolver=Resolver(records=(_RECORD, *address(TARGET, "edge1", _PRIVATE)))),
        expect_fail=frozenset({"ADR002"}),
        expect_at=frozenset({TARGET}),
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-addresses-differ",
        title="Two resolvers give the target different addresses",
        story=(
            "Inside and outside agree on the record, but not on where its host is.",
            "Both edges are right, so it is a warning.",
        ),
        covers=("F3-20", "F3-21"),
        network=Network(
            other_resolver=Resolver(records=(_RECORD, *address(TARGET, "edge2"))),
            edges=(Edge(), Edge(certificate=EdgeCertificate(edition=2))),
        ),
        expect_fail=frozenset({"ADR003"}),
        expect_at=frozenset({TARGET}),
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-imp-two-addresses",
        title="Two domains of one IM and Presence lead to different addresses",
        story=(
            "Every domain of an IM and Presence deployment is to resolve to the same public address.",
            "Here one of two leads elsewhere.",
        ),
        covers=("M-04",),
        domains=(DOMAIN, _OTHER_DOMAIN),
        network=Network(
            resolver=Resolver(
                records=(
                    _RECORD,
                    *address(TARGET),
                    federation(_OTHER_DOMAIN, _OTHER_TARGET),
                    *address(_OTHER_TARGET, "edge2"),
                )
            ),
            edges=(Edge(), Edge(certificate=EdgeCertificate(common_name=_OTHER_TARGET))),
        ),
        options=Options(im_and_presence=True),
        expect_fail=frozenset({"ADR004"}),
        expect_at=frozenset({DOMAIN, _OTHER_DOMAIN}),
        expect_verdict="warn",
    ),
)
