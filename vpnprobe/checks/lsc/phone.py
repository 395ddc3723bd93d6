"""Whether the certificate is this phone's own, of the right kind, and the one that it has today."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.lsc import needs
from vpnprobe.checks.lsc.guides import LOOK_AT_IT, NEW_LSC
from vpnprobe.checks.lsc.needs import Given
from vpnprobe.checks.wording import listing
from vpnprobe.pki.phonecert import PhoneCaRole

_FAMILY = re.compile(r"[0-9]+")
_CAPF_ITSELF: Final = "CAPF's own"


def _judge_mode(_case: Case, given: Given) -> Result:
    issuer, ca = given.facts.issuer, given.phone.issued_by
    is_capf = ca is not None and ca.role is PhoneCaRole.LSC
    mode = _CAPF_ITSELF if is_capf else "a company's CA, online or offline"
    if is_capf and given.item.online_ca:
        return failed(
            f"CAPF signed it itself ({issuer}), though --online-ca says that a CA does", mode=mode, issuer=issuer
        )
    return passed(f"signed by {mode}: {issuer}", mode=mode, issuer=issuer)


LSC004 = Check(
    id="LSC004",
    slug="lsc-issuer-mode",
    title="The LSC was signed in the mode that CAPF is said to run in",
    stage="certificate",
    severity="warning",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.lsc,
    judge=_judge_mode,
    covers=("CA-02", "CA-14"),
    rationale="CAPF signs LSCs itself, unless Certificate Issuer to Endpoint is Online CA or Offline CA. Its own name "
    "as issuer then means that the parameter was not saved, CAPF was not started again, or the LSC is older.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                System > Service Parameters > Cisco Certificate Authority Proxy Function: Certificate Issuer to \
                  Endpoint = Online CA, Save.
                Cisco Unified Serviceability > Tools > Control Center - Feature Services: restart Cisco Certificate \
                  Authority Proxy Function.
                """,
            ),
            NEW_LSC,
        ),
        next=(LOOK_AT_IT,),
    ),
)


def _judge_mic(case: Case, given: Given) -> Result:
    if given.use == "lsc":
        return passed("an LSC, which a phone presents before its MIC")
    ca = given.phone.issued_by
    name = ca.common_name if ca is not None else given.facts.issuer
    model = needs.chosen_model(case)
    other = model is not None and model.mic_issuer is not None and ca is not None and model.mic_issuer != name
    note = f"; MICs of a {model.model} are signed by {model.mic_issuer}" if model is not None and other else ""
    return failed(
        f"a MIC, signed by {name}: meant for the installation of an LSC, and presented only without one{note}",
        issuer=given.facts.issuer,
        manufacturing_ca=name,
        device=given.phone.device_name,
    )


LSC005 = Check(
    id="LSC005",
    slug="lsc-rather-than-mic",
    title="The phone's certificate is an LSC, not its MIC",
    stage="certificate",
    severity="warning",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.phone,
    judge=_judge_mic,
    covers=("CA-05", "VP-29"),
    rationale="A phone that has an LSC presents it, and its MIC only without one. Cisco means the MIC for the "
    "installation of the LSC; it can be neither replaced nor revoked, and a CA that is trusted for one phone's MIC is "
    "trusted for every phone ever made.",
    guide=Guide(
        fix=(NEW_LSC, fix("ASA", "With LSCs everywhere, delete the manufacturing CA's trustpoint.")),
        next=("ASA# show crypto ca certificates",),
    ),
)


def _judge_subject(case: Case, given: Given) -> Result:
    device, model = case.evidence.persona.device, needs.chosen_model(case)
    facts, phone = given.facts, given.phone
    names = listing(facts.common_names) or "no common name"
    fields = {"subject": facts.subject, "device": phone.device_name, "model": phone.model}
    if phone.device_name is None:
        return failed(f"its common name is not CP-<model>-SEP<MAC>: {names}", **fields)
    if device is not None and phone.device_name != device:
        return failed(f"it belongs to {phone.device_name}, not to {device}", **fields)
    if model is not None and model.model is not None and not _is_model(phone.model or "", model.model):
        return failed(f"it belongs to a {phone.model}, not to a {model.model}", **fields)
    asked = [f"{device}" if device is not None else "", f"a {model.model}" if model is not None else ""]
    return passed(f"{names}{', ' + ' and '.join(filter(None, asked)) if any(asked) else ''}", **fields)


def _is_model(written: str, asked: str) -> bool:
    """Whether the model of a subject, such as `7962G`, is the one that was asked for: its number counts."""
    return _FAMILY.findall(written)[:1] == _FAMILY.findall(asked)[:1]


LSC006 = Check(
    id="LSC006",
    slug="phone-certificate-subject",
    title="The subject is that of a phone, and of the one that was asked for",
    stage="certificate",
    severity="critical",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.phone,
    judge=_judge_subject,
    covers=("VP-29",),
    rationale="The gateway takes the user name from the common name, CP-<model>-SEP<MAC>, and CUCM knows the phone by "
    "it. The form is an inference from Cisco's published logs of LSCs and MICs.",
    guide=Guide(
        fix=(
            fix("vpnprobe", "Give the certificate of the phone whose MAC and model are asked for."),
            fix(
                "CA",
                """
                A CA that signs LSCs has to take the subject from the request: Microsoft CA: certificate template > \
                  Subject Name > Supply in the request.
                """,
            ),
            NEW_LSC,
        ),
        next=(LOOK_AT_IT,),
    ),
)


def _judge_stale(_case: Case, given: Given) -> Result:
    keys = given.item.request_keys
    if not keys:
        return not_applicable("no request of this phone was given (--csr)")
    outline = needs.outline(given.der)
    if outline is None:
        return unclear("the key of the certificate cannot be read")
    key = hashlib.sha256(outline.parts.public_key).hexdigest()
    if key in keys:
        return passed("it has the key of the phone's request", key=key)
    return failed(
        "stale: the phone's newer request is for another key, so this LSC was never installed or is about to be "
        "replaced",
        key=key,
        request_keys=list(keys),
    )


LSC016 = Check(
    id="LSC016",
    slug="lsc-not-stale",
    title="The LSC has the key that the phone last asked a certificate for",
    stage="certificate",
    severity="warning",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.lsc,
    judge=_judge_stale,
    covers=("CA-27",),
    rationale="An LSC is stale when the phone sent a new request before it installed the certificate that answered the "
    "former one: the phone has no key for it. Which of the two is newer the operator says by giving the request.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                On the publisher's command line:
                utils capf csr list
                utils capf stale-lsc list
                utils capf stale-lsc delete all
                """,
            ),
            NEW_LSC,
        ),
        next=("admin: utils capf csr list", "admin: utils capf stale-lsc list"),
    ),
)

CHECKS = (LSC004, LSC005, LSC006)
