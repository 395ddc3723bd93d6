"""What the certificate may be used for, and whether the phone and its peers can compute with it."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.lsc import needs
from vpnprobe.checks.lsc.guides import LOOK_AT_IT, NEW_LSC, TEMPLATE
from vpnprobe.checks.lsc.needs import Given
from vpnprobe.checks.wording import listing
from vpnprobe.pki.certificate import CertificateProblem

KEY_USAGE: Final = ("digitalSignature", "keyEncipherment")

# Collisions can be made for these; nobody may sign with them any more.
_BROKEN_HASHES: Final = frozenset({"md2", "md4", "md5"})
# Below this RSA keys are broken in practice (RFC 8301 section 3.2 for the like of it).
MIN_RSA_BITS: Final = 1024


def _judge_key_usage(_case: Case, given: Given) -> Result:
    usage = given.facts.key_usage
    if usage is None and CertificateProblem.EXTENSION_UNREADABLE in given.facts.problems:
        return unclear("the extensions cannot all be read (LSC002)")
    lacking = [name for name in KEY_USAGE if name not in (usage or ())]
    if not lacking:
        return passed(f"key usage {listing(usage or ())}", key_usage=list(usage or ()))
    said = f"key usage {listing(usage)}" if usage else "no key usage at all"
    return failed(f"{said}, without {' and '.join(lacking)}", key_usage=list(usage or ()), lacking=lacking)


LSC010 = Check(
    id="LSC010",
    slug="lsc-key-usage",
    title="The LSC is for digital signature and key encipherment",
    stage="certificate",
    severity="critical",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.lsc,
    judge=_judge_key_usage,
    covers=("CA-20",),
    rationale="Without both usages the phone's secure registration fails. Those of a company's CA lack them where "
    "the template was not made for LSCs. Which extended key usages an LSC of CAPF has was found in no source, so none "
    "is asked for.",
    guide=Guide(fix=(TEMPLATE, NEW_LSC), next=(LOOK_AT_IT,)),
)


def _judge_hash(case: Case, given: Given) -> Result:
    facts = given.facts
    name, model = facts.signature_hash, needs.chosen_model(case)
    fields = {"signature_algorithm": facts.signature_algorithm, "signature_hash": name}
    if name is None:
        return unclear(f"the hash of its signature is not known ({facts.signature_algorithm})", **fields)
    if name in _BROKEN_HASHES:
        return failed(f"signed with {name.upper()}, for which forgeries can be made", **fields)
    if name == "sha1":
        return failed("signed with SHA-1; CAPF signs with SHA-256 since 11.5(1)SU1", **fields)
    if name == "sha256":
        if model is not None and model.limits is not None and not model.limits.sha2_certificates:
            return failed(f"signed with SHA-256, which a {model.model} cannot verify", **fields)
        return passed("signed with SHA-256", **fields)
    return unclear(
        f"signed with {name.upper()}; the documents say of SHA-256 only that 7900, 8900 and 9900 phones take it",
        **fields,
    )


LSC011 = Check(
    id="LSC011",
    slug="lsc-signature-hash",
    title="The LSC is signed with SHA-256",
    stage="certificate",
    severity="warning",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.lsc,
    judge=_judge_hash,
    covers=("CA-35", "CA-36"),
    rationale="From CUCM 11.5(1)SU1 on CAPF signs LSCs with SHA-256, and phones of the 7900, 8900 and 9900 series take "
    "them as their own; signatures of other things they verify with SHA-1 only. For phones past their end of software "
    "maintenance Cisco advises a CUCM before 11.5(1)SU1: there SHA-1 is what is to be expected.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                show version active
                From 11.5(1)SU1 on a new LSC is signed with SHA-256. An older CUCM signs with SHA-1, which is what \
                  phones beyond their end of software maintenance need.
                """,
            ),
            NEW_LSC,
        ),
        next=("admin: show version active", LOOK_AT_IT),
    ),
)


def _judge_key(case: Case, given: Given) -> Result:
    facts, model = given.facts, needs.chosen_model(case)
    if facts.key_type is None:
        return unclear("the key of the certificate cannot be read (LSC002)")
    said = " ".join(str(part) for part in (facts.key_type, facts.curve or facts.key_bits) if part is not None)
    fields = {"key_type": facts.key_type, "key_bits": facts.key_bits, "curve": facts.curve}
    if facts.key_type == "EC":
        if given.use == "lsc" and given.item.online_ca:
            return failed(f"its key is {said}; with an online CA, CAPF makes RSA keys only", **fields)
        if model is not None and not model.ec_capable:
            return failed(f"its key is {said}, and a {model.model} knows no elliptic curves", **fields)
        return passed(f"{said} key", **fields)
    if facts.key_type != "RSA":
        return failed(f"its key is {said}; CAPF and phones know RSA and EC keys only", **fields)
    if facts.key_bits is not None and facts.key_bits < MIN_RSA_BITS:
        return failed(f"its RSA key has only {facts.key_bits} bits", **fields)
    return passed(f"{said} key", **fields)


LSC012 = Check(
    id="LSC012",
    slug="given-certificate-key",
    title="The key is one that the phone can compute with, and that nobody breaks",
    stage="certificate",
    severity="warning",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.used_as("lsc", "mic", "capf", "gateway"),
    judge=_judge_key,
    rationale="Which phones know elliptic curves is in their profile (--model). With an online CA no CAPF operation "
    "takes an EC key (Security Guide for CUCM 15). RSA keys below 1024 bits are broken.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Device > Phone > <device> > Certification Authority Proxy Function (CAPF) Information: Key Order = RSA \
                  Only, RSA Key Size = 2048; then Certificate Operation = Install/Upgrade.
                """,
            ),
            fix(
                "ASA",
                """
                For a gateway's certificate:
                configure terminal
                crypto key generate rsa label <new-key> modulus 2048
                """,
            ),
        ),
        next=("openssl x509 -in <certificate> -noout -text",),
    ),
    references=("Security Guide for CUCM 15, CAPF running modes",),
)

CHECKS = (LSC010, LSC011, LSC012)
