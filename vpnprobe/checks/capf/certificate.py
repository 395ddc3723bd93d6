"""Checks of CAPF's own certificate: dates, extensions, names, and whether the phone can use it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.capf import needs
from vpnprobe.checks.capf.needs import CapfCertificate
from vpnprobe.checks.capf.reaching import PROBE
from vpnprobe.checks.needs import certificate_facts
from vpnprobe.checks.wording import S_CLIENT, count, day, listing
from vpnprobe.model.finding import Fact
from vpnprobe.phones.profile import PhoneProfile
from vpnprobe.pki.certificate import CertificateProblem
from vpnprobe.pki.validity import decide_validity

# Inference: the documents name no time. Every phone needs a new LSC and a new trust list after it.
RENEWAL_DAYS: Final = 60

_CAPF_NAME: Final = re.compile(r"CAPF-[0-9a-f]{8}", re.IGNORECASE)
_EXTENSIONS: Final = "CUCM security guide 14SU2, CAPF service certificate"
_MIN_RSA, _MAX_RSA = 512, 4096

REGENERATE: Final = (
    fix(
        "CUCM",
        """
        In a maintenance window, on the publisher:
        set cert regen CAPF
        CAPF itself needs no restart. Then the trust lists, so that phones know the new one:
        utils ctl update CTLFile
        utils service restart Cisco Trust Verification Service
        utils service restart Cisco Tftp
        Reset the phones, then Device > Phone: Certificate Operation = Install/Upgrade for new LSCs.
        """,
    ),
    fix(
        "ASA",
        """
        LSCs of the new CAPF certificate log in only where the ASA has it as a CA; keep the old one until all are new:
        configure terminal
        crypto ca trustpoint <new-capf>
         enrollment terminal
         validation-usage ssl-client
         exit
        crypto ca authenticate <new-capf>
        """,
    ),
)


def _judge_dates(case: Case, shown: CapfCertificate) -> Result:
    leaf = shown.leaf
    if leaf.not_before is None or leaf.not_after is None:
        return unclear("the dates of the certificate cannot be read")
    facts: dict[str, Fact] = {
        "not_before": leaf.not_before.isoformat(),
        "not_after": leaf.not_after.isoformat(),
        "subject": leaf.subject,
    }
    validity = decide_validity(leaf, case.now).validity
    clock = f"; this machine's clock says {day(case.now)}"
    if validity == "not-yet-valid":
        return failed(f"not valid before {day(leaf.not_before)}{clock}", **facts)
    if validity == "expired":
        return failed(f"expired on {day(leaf.not_after)}{clock}", **facts)
    return passed(f"valid from {day(leaf.not_before)} to {day(leaf.not_after)}", **facts)


CPF014 = Check(
    id="CPF014",
    slug="capf-certificate-valid",
    title="CAPF's certificate is valid today",
    stage="certificate",
    severity="critical",
    probes=("capf",),
    subjects=needs.leaves,
    needs=needs.certificate,
    judge=_judge_dates,
    rationale="CAPF signs LSCs with this certificate, and the ASA checks them with it. That a phone refuses to talk to "
    "an expired CAPF is an inference; that nobody can verify its LSCs any more is what certificates are.",
    guide=Guide(fix=(fix("CUCM", "utils ntp status\nshow cert own CAPF"), *REGENERATE), next=(S_CLIENT, PROBE)),
)


def _judge_renewal(case: Case, shown: CapfCertificate) -> Result:
    leaf = shown.leaf
    if leaf.not_after is None:
        return unclear("the end of the certificate cannot be read")
    left = leaf.not_after - case.now
    facts: dict[str, Fact] = {"not_after": leaf.not_after.isoformat(), "days_left": left.days}
    if left < timedelta(0):
        return failed(f"it ended on {day(leaf.not_after)}", **facts)
    if left <= timedelta(days=RENEWAL_DAYS):
        return failed(f"ends on {day(leaf.not_after)}, in {count(left.days, 'day')}; every LSC ends with it", **facts)
    return passed(f"{left.days:,} days left", **facts)


CPF015 = Check(
    id="CPF015",
    slug="capf-certificate-renewal",
    title="CAPF's certificate does not end soon",
    stage="certificate",
    severity="warning",
    probes=("capf",),
    subjects=needs.leaves,
    needs=needs.certificate,
    judge=_judge_renewal,
    rationale="A new CAPF certificate means new LSCs for all phones, a new trust list and a new CA at the ASA: phones "
    "that are outside need time for it. The documents name no time; two months are taken here.",
    guide=Guide(fix=REGENERATE, next=(PROBE,)),
    yields_to=("CPF014",),
)


def _judge_extensions(_case: Case, shown: CapfCertificate) -> Result:
    leaf = shown.leaf
    if CertificateProblem.EXTENSION_UNREADABLE in leaf.problems or CertificateProblem.LIST_CUT in leaf.problems:
        return unclear("the extensions of the certificate cannot all be read")
    usage = leaf.key_usage or ()
    lacking = []
    if not leaf.is_ca:
        lacking.append("CA:TRUE")
    if leaf.path_length != 0:
        lacking.append("pathlen:0")
    if "digitalSignature" not in usage:
        lacking.append("digitalSignature")
    if "keyCertSign" not in usage:
        lacking.append("keyCertSign")
    facts: dict[str, Fact] = {"is_ca": leaf.is_ca, "path_length": leaf.path_length, "key_usage": list(usage)}
    if lacking:
        return failed(
            f"the certificate lacks {listing(lacking)}, which CUCM from 14SU2 on asks for", lacking=lacking, **facts
        )
    return passed("CA:TRUE, pathlen:0, digitalSignature and keyCertSign", **facts)


CPF016 = Check(
    id="CPF016",
    slug="capf-certificate-extensions",
    title="CAPF's certificate is that of an authority that issues to phones only",
    stage="certificate",
    severity="critical",
    probes=("capf",),
    subjects=needs.leaves,
    needs=needs.certificate,
    judge=_judge_extensions,
    rationale="The document for 14SU2 and later asks of any CAPF certificate CA:TRUE with pathlen:0, digitalSignature "
    "and keyCertSign; without them TLS connections to CAPF fail. A third-party CA that ignores the request's "
    "extensions is the usual reason (an inference).",
    guide=Guide(
        fix=(
            fix(
                "CA",
                """
                Sign CAPF's request with a template of a subordinate authority, path length 0, that gives Digital \
                  Signature and Certificate Sign.
                """,
            ),
            fix(
                "CUCM",
                """
                Or go back to a certificate that CAPF signs itself:
                set cert regen CAPF
                show cert own CAPF
                """,
            ),
            *REGENERATE,
        ),
        next=("openssl x509 -in <capf.pem> -noout -ext basicConstraints,keyUsage", PROBE),
    ),
    references=(_EXTENSIONS,),
)


def _judge_subject(_case: Case, shown: CapfCertificate) -> Result:
    leaf = shown.leaf
    if leaf.subject is None:
        return unclear("the subject cannot be read")
    found = next((name for name in leaf.common_names if _CAPF_NAME.fullmatch(name)), None)
    if found is not None:
        return passed(f"CN={found}", subject=leaf.subject)
    return failed(f"the subject is {leaf.subject or 'empty'}, not CN=CAPF-<8 hex digits>", subject=leaf.subject)


CPF017 = Check(
    id="CPF017",
    slug="capf-subject",
    title="CAPF's certificate has CAPF's name",
    stage="certificate",
    severity="warning",
    probes=("capf",),
    subjects=needs.leaves,
    needs=needs.certificate,
    judge=_judge_subject,
    rationale="A CAPF's subject is CN=CAPF- and eight hex digits, and so is the issuer of LSCs that it signs itself. "
    "Another subject belongs to another service of CUCM, such as Tomcat's or CallManager's, or to another server. "
    "Whether an online or offline CA signs the LSCs instead shows in an LSC only: vpnprobe cert.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                show cert own CAPF
                If that is another certificate than the one shown here, something else answers at {address}.
                """,
            ),
        ),
        next=(S_CLIENT, PROBE),
    ),
)


def _judge_root_name(_case: Case, shown: CapfCertificate) -> Result:
    leaf = shown.leaf
    if leaf.self_signed:
        return passed("signed by itself; there is no other root")
    others = [certificate_facts(der) for der in shown.ders[1:]]
    named = [*leaf.issuer_common_names, *(name for one in others for name in one.common_names)]
    own = set(leaf.common_names)
    bad = next((name for name in named if "capf-" in name.casefold() and name not in own), None)
    if bad is not None:
        return failed(f"the issuing authority is called {bad}: its name must not contain CAPF-", issuer=bad)
    if leaf.issuer is None:
        return unclear("the issuer cannot be read")
    return passed(f"issued by {leaf.issuer}", issuer=leaf.issuer)


CPF018 = Check(
    id="CPF018",
    slug="capf-root-name",
    title="A third-party authority of CAPF's certificate is not called CAPF-",
    stage="certificate",
    severity="critical",
    probes=("capf",),
    subjects=needs.leaves,
    needs=needs.certificate,
    judge=_judge_root_name,
    rationale="CUCM tells CAPF's certificates from others by the name CAPF-; the document forbids it in the common "
    "name of a third party's root.",
    guide=Guide(
        fix=(
            fix("CA", "Issue from an authority whose common name does not contain CAPF-."),
            fix(
                "CUCM",
                """
                OS Administration > Security > Certificate Management: delete {issuer} from CAPF-trust and \
                  CallManager-trust, upload the other authority's chain to both, then the new CAPF certificate.
                """,
            ),
        ),
        next=("show cert list trust", PROBE),
    ),
    references=(_EXTENSIONS,),
)


def _judge_verifiable(case: Case, shown: CapfCertificate) -> Result:
    profile = needs.profile_of(case)
    if not isinstance(profile, PhoneProfile):
        return unclear(profile.why)
    leaf = shown.leaf
    key = f"{leaf.key_type or 'unknown'} {leaf.key_bits or ''}".strip()
    facts: dict[str, Fact] = {"key": key, "signature": leaf.signature_algorithm}
    own = profile.model or profile.id
    if leaf.key_type is None or leaf.signature_hash is None:
        return unclear("key or signature of the certificate cannot be read", **facts)
    if leaf.curve is not None and not profile.ec_capable:
        return failed(f"the key is {key}; a {own} knows RSA only", **facts)
    is_ec_signed = (leaf.signature_algorithm or "").startswith("ecdsa")
    if is_ec_signed and not leaf.self_signed and not profile.ec_capable:
        return failed(f"signed with {leaf.signature_algorithm}; a {own} knows RSA only", **facts)
    if leaf.curve is None and leaf.key_bits is not None and not _MIN_RSA <= leaf.key_bits <= _MAX_RSA:
        return unclear(f"a key of {leaf.key_bits} bits; of phones {_MIN_RSA} to {_MAX_RSA} are known", **facts)
    is_sha2 = leaf.signature_hash.lower() not in ("sha1", "md5")
    if is_sha2 and profile.limits is not None and not profile.limits.sha2_certificates:
        return failed(f"signed with {leaf.signature_hash}, which a {own} does not take", **facts)
    return passed(f"{key}, {leaf.signature_algorithm}: a {own} can verify it", **facts)


CPF019 = Check(
    id="CPF019",
    slug="capf-verifiable",
    title="The model can verify CAPF's certificate",
    stage="certificate",
    severity="critical",
    probes=("capf",),
    subjects=needs.leaves,
    needs=needs.certificate,
    judge=_judge_verifiable,
    covers=("CA-36",),
    rationale="7900, 8900 and 9900 series phones take SHA-2 identity certificates, CAPF's among them; 7900 series "
    "phones know no EC key. The sizes are those that CUCM's signed files can name.",
    guide=Guide(fix=REGENERATE, next=(S_CLIENT, PROBE)),
    references=("CUCM system configuration guide 12.5, CAPF interactions: certificate encryption",),
)


def _judge_signer(_case: Case, shown: CapfCertificate) -> Result:
    leaf = shown.leaf
    if leaf.self_signed is None:
        return unclear("whether it is signed by itself cannot be computed here")
    if leaf.self_signed:
        return passed("signed by itself, as CUCM makes it", issuer=leaf.issuer)
    return failed(f"signed by a third party: {leaf.issuer or 'a name that cannot be read'}", issuer=leaf.issuer)


CPF020 = Check(
    id="CPF020",
    slug="capf-signer",
    title="CAPF's certificate is signed by CAPF itself",
    stage="certificate",
    severity="info",
    probes=("capf",),
    subjects=needs.leaves,
    needs=needs.certificate,
    judge=_judge_signer,
    rationale="That is the default. A certificate of a third party works too; then its chain belongs into CUCM's trust "
    "stores, and at the ASA the whole path must be there.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                OS Administration > Security > Certificate Management: the chain of {issuer} belongs into CAPF-trust \
                  and CallManager-trust.
                show cert list trust
                """,
            ),
        ),
        next=(PROBE,),
    ),
)
