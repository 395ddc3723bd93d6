"""Checks of the client certificate: whether the gateway asks for one, of whose CA, and what the given one is."""

from __future__ import annotations

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.wording import S_CLIENT, day, describe_failure, listing, listing_of_names
from vpnprobe.model.errors import WireError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Fact
from vpnprobe.model.observation import FirstFlight
from vpnprobe.pki.certificate import CertificateFacts
from vpnprobe.pki.names import common_names, describe_name, name_key, parse_name
from vpnprobe.pki.phonecert import (
    PhoneCa,
    PhoneCaRole,
    PhoneCertificateKind,
    classify_phone_certificate,
    find_phone_ca,
)
from vpnprobe.pki.structure import split_certificate


def _request(evidence: Evidence, flight: FirstFlight) -> tuple[bytes, ...] | None:
    """Return the CA names of the gateway's request; None where it asks for no client certificate."""
    if flight.certificate_request is not None:
        return flight.certificate_request.authorities
    asked = (h for h in evidence.handshakes if h.address == flight.address and h.client_certificate_requested)
    return next((item.authorities for item in asked), None)


def _judge_asked(case: Case, known: tuple[None, FirstFlight]) -> Result:
    flight = known[1]
    authorities = _request(case.evidence, flight)
    if authorities is not None:
        named = listing_of_names(map(describe_name, authorities)) or "no CA by name"
        return passed(
            f"asks for a client certificate, naming {named}", authorities=list(map(describe_name, authorities))
        )
    if flight.failure is not None:
        return unclear(f"the first flight did not get that far: {describe_failure(flight.failure)}")
    return failed("the phone logs in with a certificate, but the gateway asks for none")


HSK003 = Check(
    id="HSK003",
    slug="client-certificate-asked",
    title="The gateway asks for a client certificate",
    stage="handshake",
    severity="warning",
    probes=("phone",),
    subjects=subjects.own_hellos,
    needs=needs.certificate_login & needs.own_flight,
    judge=_judge_asked,
    covers=("VP-26",),
    rationale=(
        "Without the request in the handshake a phone has no moment to present its LSC or MIC. Some ASAs ask "
        "only later in the connection, so this is a warning."
    ),
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                show run ssl
                show run tunnel-group
                configure terminal
                ssl certificate-authentication interface outside port {port}
                tunnel-group <tunnel-group> webvpn-attributes
                 authentication certificate
                """,
            ),
        ),
        next=("ASA# show ssl", S_CLIENT),
    ),
    yields_to=("TLS001",),
)


def _phone_ca(authority: bytes) -> PhoneCa | None:
    try:
        names = common_names(parse_name(authority))
    except WireError:
        return None
    return next(filter(None, map(find_phone_ca, names)), None)


def _issuer_keys(evidence: Evidence) -> dict[object, str]:
    """Return the issuers of the client certificate and of the issuers sent with it, as comparable names and as text."""
    issuers: dict[object, str] = {}
    for name in evidence.client_chain:
        der = evidence.certificates.get(name)
        if der is not None:
            try:
                issuer = split_certificate(der).issuer
            except WireError:
                continue
            issuers[name_key(issuer)] = describe_name(issuer)
    return issuers


def _judge_ca_known(case: Case, known: tuple[None, FirstFlight]) -> Result:
    authorities = _request(case.evidence, known[1])
    if authorities is None and known[1].failure is not None:
        return unclear(f"the first flight did not get that far: {describe_failure(known[1].failure)}")
    if authorities is None:
        return not_applicable("the gateway asks for no client certificate (HSK003)")
    if not authorities:
        return not_applicable(
            "the request names no CA, so any issuer may be sent; only the login shows whether it is trusted"
        )
    named = list(map(describe_name, authorities))
    facts: dict[str, Fact] = {"authorities": named}
    if case.evidence.client_chain:
        issuers = _issuer_keys(case.evidence)
        if not issuers:
            return unclear("the issuer of the client certificate cannot be read", **facts)
        issuer = next(iter(issuers.values()))
        if any(name_key(authority) in issuers for authority in authorities):
            return passed(f"the request names {issuer}, the issuer of the client certificate", **facts)
        if needs.is_certificate_accepted(case):
            return passed(f"the request does not name {issuer}, yet the login is accepted", **facts)
        return failed(
            f"the client certificate's issuer {issuer} is not among the CAs of the request: {listing_of_names(named)}",
            issuer=issuer,
            **facts,
        )
    found = [ca for ca in map(_phone_ca, authorities) if ca is not None]
    if found:
        roles = {"LSCs" if ca.role is PhoneCaRole.LSC else "MICs" for ca in found}
        return passed(
            f"the request names {listing(ca.common_name for ca in found)}, for {' and '.join(sorted(roles))}", **facts
        )
    return unclear(
        f"the request names no CA known for phones: {listing_of_names(named)}; whether one of these signs the LSCs, "
        "as a company's own CA may, only a --client-cert shows",
        **facts,
    )


HSK004 = Check(
    id="HSK004",
    slug="client-ca-known",
    title="The gateway knows the CA of the phone's certificate",
    stage="handshake",
    severity="critical",
    probes=("phone",),
    subjects=subjects.own_hellos,
    needs=needs.certificate_login & needs.own_flight,
    judge=_judge_ca_known,
    covers=("VP-26", "VP-28"),
    rationale=(
        "The gateway names the CAs whose client certificates it takes. A phone whose issuer is missing there,"
        " CAPF for an LSC, a manufacturing CA for a MIC, does not get in."
    ),
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Cisco Unified OS Administration > Security > Certificate Management: download CAPF (for LSCs) or \
                  Cisco_Manufacturing_CA (for MICs). 8811, 8841, 8851 and 8861 have MICs of the SHA-2 \
                  manufacturing CA, in CUCM since 10.5(1).
                """,
            ),
            fix(
                "ASA",
                """
                The missing CA is {issuer}.
                configure terminal
                crypto ca trustpoint <client-ca>
                 enrollment terminal
                 validation-usage ssl-client
                 exit
                crypto ca authenticate <client-ca>
                Paste the PEM, then quit.
                write memory
                """,
            ),
        ),
        next=(
            "ASA# show crypto ca certificates",
            S_CLIENT,
        ),
    ),
)


def _judge_client_certificate(case: Case, facts_of: CertificateFacts) -> Result:
    reading = classify_phone_certificate(facts_of)
    device = case.evidence.persona.device
    subject = facts_of.subject or "unreadable"
    faults: list[tuple[str, str]] = []
    if facts_of.not_before is not None and case.now < facts_of.not_before:
        faults.append(("dates", f"not valid before {day(facts_of.not_before)}"))
    if facts_of.not_after is not None and case.now >= facts_of.not_after:
        faults.append(("dates", f"expired on {day(facts_of.not_after)}"))
    if reading.kind is PhoneCertificateKind.OTHER:
        faults.append(("foreign", "its subject is not that of a phone (CP-<model>-SEP<MAC>)"))
    elif device is not None and reading.device_name != device:
        faults.append(("foreign", f"it belongs to {reading.device_name}, not to {device}"))
    if reading.kind is PhoneCertificateKind.MIC:
        faults.append(("mic", "it is a MIC; Cisco advises it for the installation of the LSC only"))
    facts: dict[str, Fact] = {
        "subject": subject,
        "issuer": facts_of.issuer,
        "kind": reading.kind.value,
        "device": reading.device_name,
        "model": reading.model,
        "not_after": None if facts_of.not_after is None else facts_of.not_after.isoformat(),
    }
    if faults:
        return failed(f"{subject}: {'; '.join(text for _, text in faults)}", faults[0][0], **facts)
    return passed(f"{subject} is the LSC of this phone and valid", **facts)


_NEW_LSC = fix(
    "CUCM",
    """
    Device > Phone > <device>: Certificate Operation = Install/Upgrade, Authentication Mode as the site has it.
    Save, Apply Config, and wait for Certificate Operation Status = Upgrade Success.
    """,
)

HSK005 = Check(
    id="HSK005",
    slug="client-certificate-kind",
    title="The given client certificate is a valid LSC of this phone",
    stage="handshake",
    severity="warning",
    probes=("phone",),
    subjects=subjects.gateway,
    needs=needs.client_certificate,
    judge=_judge_client_certificate,
    covers=("VP-29",),
    rationale="A phone that has an LSC presents it, and its MIC only without one. The result of this run holds for the "
    "phone only if the certificate is the phone's own. Which kind a certificate is, is inferred from its names.",
    variants={
        "dates": Guide(fix=(_NEW_LSC, fix("ASA", "show clock detail")), next=("ASA# show clock detail",)),
        "foreign": Guide(
            fix=(
                fix(
                    "vpnprobe",
                    """
                    Give the certificate of the phone whose MAC is probed: --client-cert and --client-key.
                    """,
                ),
                _NEW_LSC,
            ),
            next=("openssl x509 -in <client-cert> -noout -subject -issuer -dates",),
        ),
        "mic": Guide(
            fix=(_NEW_LSC, fix("ASA", "With LSCs everywhere, delete the manufacturing CA's trustpoint.")),
            next=("ASA# show crypto ca certificates",),
        ),
    },
)

CHECKS = (HSK003, HSK004, HSK005)
