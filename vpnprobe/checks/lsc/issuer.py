"""Whether those who are to trust the certificate know its issuer: the cluster, the gateway, the chain beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.lsc import needs
from vpnprobe.checks.lsc.guides import CA_FROM_CUCM, LOOK_AT_IT, NEW_LSC, TRUST_ON_ASA
from vpnprobe.checks.lsc.needs import Given, Outline
from vpnprobe.checks.wording import describe_failure, listing, listing_of_names
from vpnprobe.model.errors import UsageError, WireError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Fact
from vpnprobe.model.target import parse_endpoint
from vpnprobe.pki.names import common_names, parse_name
from vpnprobe.pki.phonecert import find_phone_ca
from vpnprobe.pki.signature import verify_signature

# Where CUCM itself asks phones for their certificate: SIP and SCCP over TLS. CA-32 is about its trust store.
CUCM_TLS_PORTS: Final = (5061, 2443)
# Roots that Cisco wants removed from CallManager-trust (CA-32).
OLD_ROOTS: Final = ("CAP-RTP-001", "CAP-RTP-002", "Cisco Manufacturing CA", "Cisco Root CA 2048")


def _signers(evidence: Evidence, given: Given, named: tuple[str, ...]) -> Iterator[tuple[bytes, bool | None]]:
    """Yield each of the named certificates whose subject is the issuer's name, and whether it signed this one."""
    own = needs.outline(given.der)
    if own is None:
        return
    for der in needs.held(evidence, named):
        other = needs.outline(der)
        if other is not None and other.subject == own.issuer and der != given.der:
            yield der, verify_signature(own.parts, other.parts.public_key).valid


def _judge_trust_list(case: Case, given: Given) -> Result:
    item = given.item
    if not item.capf:
        return not_applicable("no trust list was given (--trust-list)")
    if item.online_ca and given.use == "lsc":
        return not_applicable("an online CA signs the LSCs (--online-ca), not the CAPF of the trust list")
    listed = needs.held(case.evidence, item.capf)
    names = [outline.parts.subject for outline in map(needs.outline, listed) if outline is not None]
    texts = list(map(needs.name_text, names))
    fields: dict[str, Fact] = {"issuer": given.facts.issuer, "capf": texts}
    told = listing_of_names(texts)
    if given.use == "capf":
        if given.der in listed:
            return passed("it is the CAPF of the trust list", **fields)
        return failed(f"it is not the CAPF of the trust list, which is {told}", "capf", **fields)
    signers = list(_signers(case.evidence, given, item.capf))
    if any(valid for _, valid in signers):
        return passed(f"signed by the CAPF of the trust list, {given.facts.issuer}", **fields)
    if any(valid is None for _, valid in signers):
        return unclear(f"the signature of {given.facts.issuer} cannot be verified here", **fields)
    if signers:
        return failed(
            f"signed by an earlier {given.facts.issuer}: the trust list has one of that name with another key", **fields
        )
    if given.use == "lsc" and given.phone.issued_by is None:
        return unclear(
            f"a company's CA signed it, {given.facts.issuer}; whether the cluster trusts that is in no trust list",
            **fields,
        )
    return failed(f"its issuer {given.facts.issuer} is not the CAPF of the trust list, which is {told}", **fields)


LSC013 = Check(
    id="LSC013",
    slug="lsc-issuer-in-trust-list",
    title="The CAPF of the cluster's trust list signed the LSC",
    stage="certificate",
    severity="critical",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.used_as("lsc", "capf"),
    judge=_judge_trust_list,
    covers=("CA-03", "CA-31"),
    rationale="A cluster does not trust an LSC that another CAPF signed: a phone that was moved does not register. The "
    "CAPF's certificate is in the CTL (and ITL) of each cluster; name and signature are compared. Whether a cluster "
    "trusts the CA that signs LSCs in its CAPF's place shows only in its CallManager-trust.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Old cluster, before the move: Device > Phone > <device>: Certificate Operation = Delete, Save, Apply \
                  Config.
                Phone: delete its CTL file (Settings > Security Configuration > Trust List).
                """,
            ),
            NEW_LSC,
        ),
        next=("admin: show ctl", "admin: show itl", LOOK_AT_IT),
    ),
    variants={
        "capf": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    After CAPF was regenerated the trust list has to be made anew: utils ctl update CTLFile; then \
                      restart TFTP and reset the phones.
                    """,
                ),
            ),
            next=("admin: show ctl", "admin: show cert own CAPF"),
        )
    },
)


def _issuers(evidence: Evidence, given: Given) -> dict[object, str]:
    """Return the issuers on the way up that the certificates at hand show, as comparable names and as text."""
    issuers: dict[object, str] = {}
    known = [outline for outline in map(needs.outline, needs.held(evidence, given.item.chain)) if outline is not None]
    climbed: Outline | None = needs.outline(given.der)
    while climbed is not None and climbed.issuer not in issuers:
        issuers[climbed.issuer] = needs.name_text(climbed.parts.issuer)
        above = climbed.issuer
        climbed = next((outline for outline in known if outline.subject == above), None)
    return issuers


def _judge_gateway(case: Case, given: Given) -> Result:
    authorities = given.item.authorities
    flights = case.evidence.first_flights
    if authorities is None:
        resolution = case.evidence.resolution
        if not flights and resolution is not None and resolution.failure is not None:
            return unclear(f"the gateway {resolution.name} was not reached: {describe_failure(resolution.failure)}")
        if not flights:
            return not_applicable("no gateway was asked (--gateway)")
        failures = [flight.failure for flight in flights if flight.failure is not None]
        if len(failures) == len(flights):
            return unclear(f"the gateway gave no whole answer: {describe_failure(failures[0])}")
        return unclear("the gateway asks for no client certificate in the handshake, so it names no CA")
    where = listing(flight.address for flight in flights) or "the gateway"
    if not authorities:
        return not_applicable(f"{where} names no CA in its request, so any issuer may be sent; only a login shows more")
    named = [needs.name_text(name) for name in authorities]
    issuers = _issuers(case.evidence, given)
    if not issuers:
        return unclear("the issuer of the certificate cannot be read", authorities=named)
    issuer = next(iter(issuers.values()))
    found = [issuers[key] for key in map(needs.comparable, authorities) if key in issuers]
    if found:
        return passed(f"{where} names {found[0]}", issuer=issuer, authorities=named)
    return failed(
        f"its issuer {issuer} is not among the CAs that {where} names: {listing_of_names(named)}",
        issuer=issuer,
        authorities=named,
    )


LSC014 = Check(
    id="LSC014",
    slug="phone-issuer-known-to-gateway",
    title="The gateway names the issuer of the phone's certificate",
    stage="certificate",
    severity="critical",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.phone,
    judge=_judge_gateway,
    covers=("VP-26", "VP-28"),
    rationale="In the handshake the gateway names the CAs whose client certificates it takes. A phone whose issuer is "
    "missing there, CAPF for an LSC, a manufacturing CA for a MIC, does not get in.",
    guide=Guide(fix=(CA_FROM_CUCM, TRUST_ON_ASA), next=("ASA# show crypto ca certificates",)),
)


def _judge_old_roots(case: Case, given: Given) -> Result:
    if given.item.authorities is None:
        return not_applicable("no server's list of CAs is known (--gateway)")
    found = [name for name in map(_old_root, given.item.authorities) if name is not None]
    where = [flight.address for flight in case.evidence.first_flights]
    if not found:
        return passed("none of the manufacturing CAs that are to be removed is named")
    if not any(map(_is_cucm, where)):
        return not_applicable(
            f"{listing(where) or 'the gateway'} names {listing(found)}; a gateway may need them for MICs (VP-26)",
            named=found,
        )
    return failed(f"CUCM at {listing(where)} still trusts {listing(found)}", named=found)


def _old_root(authority: bytes) -> str | None:
    try:
        found = [find_phone_ca(name) for name in common_names(parse_name(authority))]
    except WireError:
        return None
    return next((ca.common_name for ca in found if ca is not None and ca.common_name in OLD_ROOTS), None)


def _is_cucm(address: str) -> bool:
    try:
        return parse_endpoint(address, 0).port in CUCM_TLS_PORTS
    except UsageError:
        return False


LSC015 = Check(
    id="LSC015",
    slug="old-manufacturing-cas",
    title="CUCM no longer trusts the manufacturing CAs that are to be removed",
    stage="certificate",
    severity="warning",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.phone,
    judge=_judge_old_roots,
    covers=("CA-32",),
    rationale="Cisco wants phones of the 6900, 7900, 8900 and 9900 series to register with LSCs, and CAP-RTP-001, "
    "CAP-RTP-002, Cisco_Manufacturing_CA and Cisco_Root_CA_2048 removed from CallManager-trust. That CUCM names its "
    "trusted CAs in the handshake on 5061 or 2443 is an inference; phones that have a MIC only may stop registering.",
    guide=Guide(
        fix=(
            NEW_LSC,
            fix(
                "CUCM",
                """
                Only when every phone has an LSC: Cisco Unified OS Administration > Security > Certificate Management: \
                  delete from CallManager-trust:
                {named}
                """,
            ),
        ),
        next=("admin: show cert list trust",),
    ),
)


def _judge_signature(case: Case, given: Given) -> Result:
    near = (*given.item.chain, *given.item.capf)
    if not near and given.facts.subject != given.facts.issuer:
        return not_applicable(f"its issuer {given.facts.issuer} was not given, so the signature cannot be verified")
    own = needs.outline(given.der)
    if own is None:
        return unclear("the certificate cannot be read")
    if own.issuer == own.subject and given.facts.self_signed is not None:
        if given.facts.self_signed:
            return passed("self-signed, and the signature holds")
        return failed(f"it bears its own name as issuer, but its own key did not sign it: {given.facts.issuer}")
    signers = list(_signers(case.evidence, given, near))
    if not signers:
        return not_applicable(f"its issuer {given.facts.issuer} was not given, so the signature cannot be verified")
    if any(valid for _, valid in signers):
        return passed(f"the signature of {given.facts.issuer} holds")
    if any(valid is None for _, valid in signers):
        return unclear(f"the signature of {given.facts.issuer} cannot be verified here")
    return failed(f"{given.facts.issuer} is at hand, but its key did not sign this certificate")


LSC017 = Check(
    id="LSC017",
    slug="given-certificate-signature",
    title="The issuer at hand really signed the certificate",
    stage="certificate",
    severity="critical",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.readable,
    judge=_judge_signature,
    rationale="An issuer is named by whoever makes the certificate; only the signature proves it. A CAPF or CA "
    "that was made anew may have the old name, but never the old key: what the old one signed no longer verifies.",
    guide=Guide(
        fix=(
            NEW_LSC,
            fix("CA", "For a certificate that a CA signs: issue it again, and import the issuer that signed it."),
        ),
        next=("openssl verify -CAfile <issuer> <certificate>",),
    ),
    yields_to=("LSC013",),
)

CHECKS = (LSC013, LSC014, LSC015)
