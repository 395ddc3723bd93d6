"""Checks of the request for a client certificate: whether there is one, and whose authorities it names."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Lack, Need, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.edge import PROBE, S_CLIENT
from vpnprobe.checks.wording import count, listing_of_names
from vpnprobe.model.errors import WireError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.federation import EdgeVisit
from vpnprobe.model.finding import Fact
from vpnprobe.pki.names import describe_name, name_key
from vpnprobe.pki.structure import split_certificate

# M-12: Schannel cuts its list of trusted authorities at 16 KB, between two names. How near to the limit a cut list
# ends depends on the name that did not fit; that names are below 1 KB is an assumption.
LIST_LIMIT: Final = 16 * 1024
LIST_MARGIN: Final = 1024
# Each name goes with two bytes of length (RFC 5246 section 7.4.4).
_NAME_OVERHEAD: Final = 2


def request_of(visit: EdgeVisit) -> tuple[bytes, ...] | None:
    """Return the authorities that the target names in its request; None where it asks for no certificate."""
    asked = (flight.certificate_request for flight in visit.flights if flight.certificate_request is not None)
    request = next(asked, None)
    if request is not None:
        return request.authorities
    return next((one.authorities for one in visit.handshakes if one.client_certificate_requested), None)


def _is_seen(visit: EdgeVisit) -> bool:
    """Whether some answer went far enough to hold a request."""
    whole = any(flight.failure is None and flight.version is not None for flight in visit.flights)
    return whole or any(one.completed for one in visit.handshakes)


def _read_request(case: Case) -> tuple[bytes, ...] | Lack | None:
    found = needs.connection.read(case)
    if isinstance(found, Lack):
        return found
    visit = needs.visit.read(case)
    if isinstance(visit, Lack):
        return visit
    authorities = request_of(visit)
    if authorities is None and not _is_seen(visit):
        return Lack("no answer went as far as a request for a certificate (EDG003)")
    return authorities


request = Need(("the request for a client certificate, or its absence",), _read_request)


def list_size(authorities: tuple[bytes, ...]) -> int:
    """Return the bytes that the list takes in the request."""
    return sum(len(name) + _NAME_OVERHEAD for name in authorities)


def is_cut(authorities: tuple[bytes, ...]) -> bool:
    """Whether the list ends where Schannel cuts it."""
    return abs(list_size(authorities) - LIST_LIMIT) <= LIST_MARGIN


def _judge_asked(_case: Case, authorities: tuple[bytes, ...] | None) -> Result:
    if authorities is None:
        return failed("asks for no client certificate, so the partner's edge cannot prove who it is")
    named = list(map(describe_name, authorities))
    return passed(
        f"asks for a client certificate, naming {listing_of_names(named) or 'no authority'}", authorities=named
    )


EDG007 = Check(
    id="EDG007",
    slug="mutual-tls-asked",
    title="The target asks for the partner's certificate",
    stage="first-flight",
    severity="info",
    probes=("federation",),
    subjects=subjects.visits,
    needs=request,
    judge=_judge_asked,
    covers=("M-12",),
    rationale="Port 5061 is mutual TLS between Microsoft servers. A Cisco server that does not ask still gets its "
    "calls, but takes them from anybody.",
    guide=Guide(
        fix=(
            fix(
                "Expressway",
                """
                Configuration > Zones > Zones > Default Zone: enable mutual TLS; or give the partner a zone of its own \
                  with TLS verify mode On.
                """,
            ),
            fix(
                "IM and Presence",
                """
                System > Security > TLS Peer Subjects: add the partner's edge, then select it in System > Security > \
                  TLS Context Configuration > Default_Cisco_UPS_SIP_Proxy_Peer_Auth_TLS_Context.
                """,
            ),
        ),
        next=(S_CLIENT, PROBE),
    ),
)


def _client_certificate(case: Case) -> tuple[str, ...] | Lack:
    return case.evidence.client_chain or Lack("no client certificate was given (--client-cert)", "not-applicable")


client_certificate = Need(("the client certificate that was given",), _client_certificate)


def client_issuers(evidence: Evidence) -> dict[object, str]:
    """Return the issuers of the client certificate and of those sent with it, as comparable names and as text."""
    issuers: dict[object, str] = {}
    for name in evidence.client_chain:
        try:
            issuer = split_certificate(evidence.certificates.get(name, b"")).issuer
        except WireError:
            continue
        issuers[name_key(issuer)] = describe_name(issuer)
    return issuers


def _judge_own_issuer(case: Case, known: tuple[tuple[tuple[str, ...], tuple[bytes, ...] | None], EdgeVisit]) -> Result:
    (_, authorities), visit = known
    if authorities is None:
        return not_applicable("asks for no client certificate (EDG007)")
    if not authorities:
        return not_applicable("the request names no authority; what an empty list means was found nowhere")
    named = list(map(describe_name, authorities))
    facts: dict[str, Fact] = {"authorities": named}
    issuers = client_issuers(case.evidence)
    if not issuers:
        return unclear("the issuer of the client certificate cannot be read", **facts)
    root = list(issuers.values())[-1]
    if any(name_key(authority) in issuers for authority in authorities):
        return passed(
            f"the request names an issuer of the client certificate: {listing_of_names(issuers.values())}", **facts
        )
    if any(one.completed and one.client_certificate is not None for one in visit.handshakes):
        return passed(f"the request does not name {root}, yet the client certificate is taken", **facts)
    if is_cut(authorities):
        return not_applicable(f"the list does not hold {root}, but it looks cut (EDG009)", **facts)
    return failed(
        f"the client certificate's issuer {root} is not among the {count(len(named), 'authority', 'authorities')} of "
        f"the request: {listing_of_names(named)}",
        issuer=root,
        **facts,
    )


TRUST_ISSUER: Final = (
    fix(
        "Expressway",
        """
        Maintenance > Security > Trusted CA certificate: append the PEM of {issuer}, and of its issuer if it has one.
        """,
    ),
    fix(
        "IM and Presence",
        """
        Cisco Unified IM and Presence OS Administration > Security > Certificate Management: upload {issuer} \
          into the trust store of the SIP proxy (sipproxy-trust), restart Cisco SIP Proxy.
        """,
    ),
    fix(
        "ASA",
        """
        configure terminal
        crypto ca trustpoint <partner-ca>
         enrollment terminal
         exit
        crypto ca authenticate <partner-ca>
        Paste the PEM of {issuer}, then quit.
        write memory
        """,
    ),
    fix("Microsoft edge", "certlm.msc > Trusted Root Certification Authorities: import {issuer}, or its root."),
)

EDG008 = Check(
    id="EDG008",
    slug="own-issuer-named",
    title="The target names the authority of the given client certificate",
    stage="first-flight",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=client_certificate & request & needs.visit,
    judge=_judge_own_issuer,
    covers=("M-12",),
    rationale="A Microsoft server that is asked for a certificate picks one of the authorities in the list. Where its "
    "own is not there, it sends none and the connection fails.",
    guide=Guide(fix=TRUST_ISSUER, next=(S_CLIENT, PROBE)),
)


def _judge_list(_case: Case, authorities: tuple[bytes, ...] | None) -> Result:
    if authorities is None:
        return not_applicable("asks for no client certificate (EDG007)")
    size = list_size(authorities)
    facts: dict[str, Fact] = {"authorities": len(authorities), "size": size}
    words = f"{count(len(authorities), 'authority', 'authorities')} in {size} bytes"
    if is_cut(authorities):
        return failed(f"the list ends about where Schannel cuts it, at {LIST_LIMIT} bytes: {words}", **facts)
    return passed(f"the list is not cut: {words}", **facts)


EDG009 = Check(
    id="EDG009",
    slug="issuer-list-cut",
    title="The list of authorities in the request is not cut",
    stage="first-flight",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=request,
    judge=_judge_list,
    covers=("M-12",),
    rationale="Schannel cuts the list of trusted authorities at 16 KB. Authorities beyond that are not named, and "
    "partners of theirs cannot connect. A list of that length may also be whole by chance.",
    guide=Guide(
        fix=(
            fix(
                "Microsoft edge",
                """
                certlm.msc > Trusted Root Certification Authorities: delete the roots that no partner and no service \
                  of this server needs; keep those that Windows itself needs.
                Event Viewer > Windows Logs > System: Schannel event 36885 must not come back.
                """,
            ),
        ),
        next=(S_CLIENT, PROBE),
    ),
    references=("Microsoft KB 2464556", "Microsoft KB 2880390"),
)


CHECKS: Final = (EDG007, EDG008, EDG009)
