"""Domains that a Microsoft edge would accept, each in another way."""

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
_CMS_TARGET = f"sip.{_CMS_DOMAIN}"
_HOSTED = "sipfed.online.lync.com"
_SECOND = f"sip2.{DOMAIN}"
_MANY = tuple(f"sip{number}.{DOMAIN}" for number in range(10, 30))

SCENARIOS = (
    FederationScenario(
        name="federation-healthy",
        title="A domain as it ought to be",
        story=(
            "The federation record names a host one label below the domain, at port 5061.",
            "Its certificate names that host, and the public root is trusted.",
        ),
        covers=("F4-01", "F4-02", "F4-03", "F4-04", "F4-05", "F4-07", "F4-09", "F4-10", "M-01", "M-02"),
    ),
    FederationScenario(
        name="federation-healthy-two-targets",
        title="Two targets of different priority",
        story=(
            "Two Expressways share the domain; no rule is known by which an edge chooses between federation records.",
            "So each of them is looked at, and each is right.",
        ),
        covers=("M-01", "M-03"),
        network=Network(
            resolver=Resolver(
                records=(
                    federation(DOMAIN, TARGET, priority=10),
                    federation(DOMAIN, _SECOND, priority=20),
                    *address(TARGET),
                    *address(_SECOND, "edge2"),
                )
            ),
            edges=(Edge(), Edge(certificate=EdgeCertificate(common_name=_SECOND))),
        ),
    ),
    FederationScenario(
        name="federation-healthy-many-targets",
        title="Twenty targets, more than are looked at",
        story=(
            "Twenty records lead to twenty names of one edge.",
            "Sixteen are looked at, and how many were not is said.",
        ),
        covers=("M-01", "M-03"),
        network=Network(
            resolver=Resolver(
                records=(
                    *(federation(DOMAIN, name, priority=place) for place, name in enumerate(_MANY)),
                    *(record for name in _MANY for record in address(name)),
                )
            ),
            edges=(Edge(certificate=EdgeCertificate(common_name=_MANY[0], names=_MANY)),),
        ),
    ),
    FederationScenario(
        name="federation-healthy-two-addresses",
        title="One target with two addresses",
        story=(
            "The host of the record has two A records, both of the same kind.",
            "Both edges show a certificate with its name.",
        ),
        covers=("F4-05",),
        network=Network(
            resolver=Resolver(records=(federation(DOMAIN, TARGET), *address(TARGET, "edge1", "edge2"))),
            edges=(Edge(), Edge(certificate=EdgeCertificate(edition=2))),
        ),
    ),
    FederationScenario(
        name="federation-healthy-mutual-tls",
        title="The edge insists on our certificate, and none is given",
        story=(
            "Port 5061 is mutual TLS: without a certificate of ours the handshake ends after everything was shown.",
            "That is how it should be; the edge is not down.",
        ),
        covers=("M-12",),
        network=Network(edges=(Edge(asks="insists"),)),
    ),
    FederationScenario(
        name="federation-healthy-client-certificate",
        title="The edge insists on our certificate and takes it",
        story=(
            "The request for a certificate names the root of ours.",
            "With the certificate given the handshake completes, and OPTIONS is answered.",
        ),
        covers=("M-12",),
        network=Network(edges=(Edge(asks="insists"),)),
        options=Options(client_certificate=True, sip=True),
    ),
    FederationScenario(
        name="federation-healthy-no-request",
        title="The edge asks for no certificate",
        story=(
            "Its TLS verify mode is off, so nothing is known of how it judges a partner's certificate.",
            "For the partner's own judgement it makes no difference.",
        ),
        covers=("M-12",),
        network=Network(edges=(Edge(asks="no"),)),
        options=Options(client_certificate=True),
    ),
    FederationScenario(
        name="federation-healthy-empty-ca-list",
        title="The request for a certificate names no CA",
        story=(
            "A server may leave the list empty; what it then accepts is not said.",
            "Our certificate is sent and taken.",
        ),
        covers=("M-12",),
        network=Network(edges=(Edge(asks="insists", names_cas="none"),)),
        options=Options(client_certificate=True),
    ),
    FederationScenario(
        name="federation-healthy-ca-not-named",
        title="The request does not name our CA, and our certificate is taken",
        story=(
            "The list of CAs holds others only, as when a server trusts more than it says.",
            "The handshake with our certificate completes, and that is what counts.",
        ),
        covers=("M-12",),
        network=Network(edges=(Edge(asks="insists", names_cas="others"),)),
        options=Options(client_certificate=True),
    ),
    FederationScenario(
        name="federation-healthy-cms-domain",
        title="The meeting server has a domain of its own",
        story=(
            "Users call from uc.example and from cms.uc.example, so both have a record, each with a name of its own.",
            "One Expressway serves both: its certificate holds both names.",
        ),
        covers=("F4-02", "F4-18"),
        domains=(DOMAIN, _CMS_DOMAIN),
        network=Network(
            resolver=Resolver(
                records=(
                    federation(DOMAIN, TARGET),
                    federation(_CMS_DOMAIN, _CMS_TARGET),
                    *address(TARGET),
                    *address(_CMS_TARGET),
                )
            ),
            edges=(Edge(certificate=EdgeCertificate(names=(TARGET, _CMS_TARGET))),),
        ),
    ),
    FederationScenario(
        name="federation-healthy-hosted",
        title="The domain lives in Office 365",
        story=(
            "The record names Microsoft's own federation host, which lies outside of every customer's domain.",
            "Partners know it as a hosting provider, so the exact-domain rule does not count.",
        ),
        covers=("M-05",),
        network=Network(
            resolver=Resolver(records=(federation(DOMAIN, _HOSTED, priority=100, weight=1), *address(_HOSTED))),
            edges=(Edge(certificate=EdgeCertificate(common_name="lab.sipfed.example", names=(_HOSTED,))),),
        ),
    ),
    FederationScenario(
        name="federation-healthy-common-name",
        title="A certificate without alternative names",
        story=(
            "There is no subjectAltName at all, so the common name counts.",
            "It is the target's name.",
        ),
        covers=("F4-08",),
        network=Network(edges=(Edge(certificate=EdgeCertificate(names=())),)),
    ),
    FederationScenario(
        name="federation-healthy-upper-case",
        title="The certificate writes the name in capitals",
        story=(
            "Names in DNS and in certificates are compared without regard to case.",
            "SIP.UC.EXAMPLE is the target.",
        ),
        covers=("F4-07",),
        network=Network(edges=(Edge(certificate=EdgeCertificate(common_name=TARGET.upper())),)),
    ),
    FederationScenario(
        name="federation-healthy-no-purposes",
        title="The certificate does not say what it is for",
        story=(
            "It has no extended key usage at all.",
            "Then every use is allowed.",
        ),
        covers=("F3-11",),
        network=Network(edges=(Edge(certificate=EdgeCertificate(purposes=())),)),
    ),
    FederationScenario(
        name="federation-healthy-imp",
        title="Cisco IM and Presence behind the record",
        story=(
            "The subject's common name is the host of the record, as an Access Edge demands of IM and Presence.",
            "Server and client authentication are both among its purposes.",
        ),
        covers=("F3-11", "F3-25", "M-13"),
        options=Options(im_and_presence=True),
    ),
    FederationScenario(
        name="federation-healthy-private-root",
        title="A company CA that the partner has imported",
        story=(
            "The chain ends at a private root, and the operator says that the partner trusts it.",
            "With a partner in Office 365 that would not be enough.",
        ),
        covers=("F4-10",),
        network=Network(edges=(Edge(certificate=EdgeCertificate(issuer="private")),)),
        options=Options(given_root="private", partner="on-premises"),
    ),
    FederationScenario(
        name="federation-healthy-root-sent",
        title="The root is sent with the chain",
        story=(
            "That costs a few hundred bytes and harms nobody.",
            "A partner believes its own copy of the root or none.",
        ),
        covers=("F4-10",),
        network=Network(edges=(Edge(sends="with-root"),)),
    ),
    FederationScenario(
        name="federation-healthy-cross-signed",
        title="The chain carries a cross-signed root",
        story=(
            "The public root is sent as an older root signed it.",
            "Who trusts either of the two roots finds a path.",
        ),
        covers=("F4-10",),
        network=Network(edges=(Edge(sends="cross-signed"),)),
    ),
    FederationScenario(
        name="federation-healthy-old-root",
        title="The partner trusts only the older of two roots",
        story=(
            "The path goes over the cross-signed root to the old one.",
            "Without the cross-signed certificate there would be none.",
        ),
        covers=("F4-10",),
        network=Network(edges=(Edge(sends="cross-signed"),)),
        options=Options(given_root="old"),
    ),
    FederationScenario(
        name="federation-healthy-short-subject",
        title="The subject is a common name and nothing else",
        story=(
            "Partners look at the names only, so it is good.",
            "Some public CAs refuse a request without country, state, locality and organization.",
        ),
        covers=("F3-04",),
        network=Network(edges=(Edge(certificate=EdgeCertificate(subject="common-name")),)),
    ),
    FederationScenario(
        name="federation-healthy-expected",
        title="The certificate is the one in the file",
        story=(
            "The copy that was given to the partner's ASA is the live one.",
            "Nothing was regenerated since.",
        ),
        covers=("F3-06",),
        options=Options(expects="live"),
    ),
    FederationScenario(
        name="federation-healthy-revocation",
        title="CRL and OCSP answer: not revoked",
        story=(
            "A Microsoft edge keeps the CRLs of its peers up to date.",
            "Both addresses in the certificate answer.",
        ),
        covers=("M-08",),
        network=Network(edges=(Edge(certificate=EdgeCertificate(crl="good", ocsp="good")),)),
        options=Options(revocation=True),
    ),
    FederationScenario(
        name="federation-healthy-lync-2010",
        title="An edge old enough for Lync 2010",
        story=(
            "Lync 2010 speaks TLS 1.0 only, and the edge still has it beside TLS 1.2.",
            "It sends no empty records, and 3DES is off.",
        ),
        covers=("F3-26", "M-09"),
        network=Network(edges=(Edge(minimum="TLS 1.0"),)),
        options=Options(partner="lync-2010"),
    ),
    FederationScenario(
        name="federation-healthy-two-views",
        title="Two resolvers say the same",
        story=(
            "The company's own DNS and the public one agree on record and address.",
            "So insiders and partners reach the same edge.",
        ),
        covers=("F3-15", "F3-21", "F4-03"),
        network=Network(other_resolver=Resolver()),
    ),
    FederationScenario(
        name="federation-healthy-dnssec",
        title="The resolver vouches for the answers",
        story=(
            "The zone is signed, and the resolver has validated it.",
            "A Microsoft edge does not ask for that.",
        ),
        covers=("F4-01",),
        network=Network(resolver=Resolver(vouches=True)),
    ),
    FederationScenario(
        name="federation-healthy-record-alias",
        title="The record's own name is an alias",
        story=(
            "The name below _sipfederationtls is a CNAME to another name that has the record.",
            "Resolvers follow it; the target itself is none.",
        ),
        covers=("F4-01",),
        network=Network(
            resolver=Resolver(
                records=(
                    Record(_SERVICE, "CNAME", f"fed.{DOMAIN}"),
                    Record(f"fed.{DOMAIN}", "SRV", f"0 0 5061 {TARGET}"),
                    *address(TARGET),
                )
            )
        ),
    ),
    FederationScenario(
        name="federation-healthy-truncated",
        title="The answer only fits in TCP",
        story=(
            "Over UDP the resolver says that the answer is cut.",
            "Over TCP it is whole.",
        ),
        covers=("F4-01",),
        network=Network(resolver=Resolver(faults=(DnsFault(_SERVICE, "truncated"),))),
    ),
    FederationScenario(
        name="federation-healthy-extras",
        title="Other services of the domain, all for the outside",
        story=(
            "Calls and remote access have records of their own, which concern nobody in a federation.",
            "What belongs inside is not to be seen.",
        ),
        covers=("F4-01",),
        network=Network(
            resolver=Resolver(
                records=(
                    federation(DOMAIN, TARGET),
                    Record(f"_sips._tcp.{DOMAIN}", "SRV", f"0 0 5061 {TARGET}"),
                    Record(f"_sip._tcp.{DOMAIN}", "SRV", f"0 0 5060 {TARGET}"),
                    Record(f"_collab-edge._tls.{DOMAIN}", "SRV", f"0 0 8443 {TARGET}"),
                    *address(TARGET),
                )
            )
        ),
        options=Options(extras=True),
    ),
)
