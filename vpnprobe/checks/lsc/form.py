"""Whether the bytes that were given are a certificate, and one of a kind that phones have to do with."""

from __future__ import annotations

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed
from vpnprobe.checks.lsc import needs
from vpnprobe.checks.lsc.guides import EXPORT_AGAIN, LOOK_AT_IT
from vpnprobe.checks.lsc.needs import USE_WORDS, Given
from vpnprobe.checks.wording import listing
from vpnprobe.pki.certificate import CertificateProblem
from vpnprobe.pki.phonecert import PhoneCaRole, find_phone_ca

# What only concerns what is shown here.
_OURS = frozenset({CertificateProblem.NAME_CUT, CertificateProblem.LIST_CUT, CertificateProblem.URLS_CUT})


def _judge_readable(_case: Case, given: Given) -> Result:
    facts = given.facts
    if facts.parse_error is not None:
        return failed(
            f"not a whole certificate: {facts.parse_error}",
            parse_error=facts.parse_error,
            size=facts.size,
            sha256=facts.sha256,
        )
    return passed(
        f"{facts.subject or 'no subject'} by {facts.issuer or 'no issuer'}",
        subject=facts.subject,
        issuer=facts.issuer,
        serial=facts.serial,
        sha256=facts.sha256,
        cert_hash=facts.cert_hash,
    )


LSC001 = Check(
    id="LSC001",
    slug="given-certificate-readable",
    title="What was given is a whole certificate",
    stage="read",
    severity="critical",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.certificate,
    judge=_judge_readable,
    rationale="A certificate that was cut or damaged on its way cannot be judged, and nothing can verify it. Its "
    "digests are given all the same, to compare it with another copy.",
    guide=Guide(fix=(EXPORT_AGAIN,), next=("openssl asn1parse -inform DER -in <certificate>",)),
)


def _judge_well_formed(_case: Case, given: Given) -> Result:
    names = [problem.value for problem in given.facts.problems if problem not in _OURS]
    if names:
        return failed(
            f"software that reads strictly refuses it: {listing(names)}", problems=names, serial=given.facts.serial
        )
    return passed("nothing in it is odd")


LSC002 = Check(
    id="LSC002",
    slug="given-certificate-well-formed",
    title="The certificate breaks no rule of X.509",
    stage="read",
    severity="warning",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.readable,
    judge=_judge_well_formed,
    rationale="Serial numbers that are zero, negative or too long, dates that are none, extensions that come twice: "
    "some software takes such a certificate and some does not (RFC 5280 section 4.1). What an ASA does with each was "
    "found in no source.",
    guide=Guide(
        fix=(fix("CA", "Issue the certificate again, by software that keeps to RFC 5280."), EXPORT_AGAIN),
        next=("openssl x509 -in <certificate> -noout -text",),
    ),
)


def _judge_use(_case: Case, given: Given) -> Result:
    facts = given.facts
    known = next(filter(None, map(find_phone_ca, facts.common_names)), None)
    named = f", {known.common_name}" if known is not None and known.role is not PhoneCaRole.LSC else ""
    said = given.item.use_given
    told = USE_WORDS[given.told]
    fields = {
        "use": given.use,
        "told": given.told,
        "device": given.phone.device_name,
        "model": given.phone.model,
        "subject": facts.subject,
        "issuer": facts.issuer,
    }
    if given.told == "unknown" and said in (None, "unknown"):
        return failed(
            f"neither the names nor the extensions are those of a phone, a CAPF, a CA or a gateway: {facts.subject}",
            "unknown",
            **fields,
        )
    if given.told != "unknown" and said not in (None, "unknown", given.told):
        return failed(f"given as {USE_WORDS[given.use]}, but by its names it is {told}{named}", **fields)
    if said is not None and given.told == "unknown":
        return passed(f"taken for {USE_WORDS[said]}, as --use says", **fields)
    return passed(f"by its names it is {told}{named}", **fields)


_OTHER_FILE = fix(
    "vpnprobe", "Give the other certificate, or leave --use away: the kind is then told by subject and issuer."
)

LSC003 = Check(
    id="LSC003",
    slug="given-certificate-use",
    title="The certificate is of a kind that phones have to do with, and the one that it is given as",
    stage="certificate",
    severity="critical",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.readable,
    judge=_judge_use,
    rationale="LSC, MIC, CAPF, CA and gateway are told apart by subject, issuer and extensions. That is an inference "
    "from Cisco's published logs: a name proves nothing until a signature is checked (LSC013, LSC017). A name is "
    "also all that anybody looks at who picks the wrong one of two files.",
    guide=Guide(fix=(_OTHER_FILE, EXPORT_AGAIN), next=(LOOK_AT_IT,)),
    variants={
        "unknown": Guide(
            fix=(
                fix(
                    "vpnprobe",
                    """
                    If it is a phone's all the same, say what it is: --use lsc, --use gateway, --use ca.
                    """,
                ),
            ),
            next=(LOOK_AT_IT,),
        )
    },
)

CHECKS = (LSC001, LSC002, LSC003)
