"""Checks of the signed configuration: as it was signed, by whom the phone trusts, by what the phone can verify."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Lack, Need, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.trust import guides, needs
from vpnprobe.checks.trust.signers import judge_unknown_signer
from vpnprobe.checks.trust.wording import algorithm_words, moment, role_words
from vpnprobe.checks.wording import day
from vpnprobe.model.observation import BootFile
from vpnprobe.pki.trust_decision import CONFIGURATION_SIGNER_ROLES, Signer, asks_signed

# Clocks that agree within this are as good as one; CUCM and this machine need not have the same server of time.
_CLOCK_TOLERANCE: Final = timedelta(hours=1)

_SECURITY_GUIDE: Final = "CUCM security guide, signed phone files"


def _judge_signed(case: Case, file: BootFile) -> Result:
    signature = file.signed.signature if file.signed is not None else None
    if file.signed is not None and (signature is None or signature.status != "unsigned"):
        by = "" if file.signed.signer is None else f" by {file.signed.signer}"
        return passed(f"{file.name} is signed{by}")
    if not case.evidence.trust_lists:
        lack = needs.lacking_lists(case.evidence)
        if lack.status == "inconclusive":
            return unclear(lack.why)
        return not_applicable("the file is not signed, and no trust list is known that would ask for it")
    if not asks_signed([one for one in case.evidence.trust_lists if one.problem is None]):
        return not_applicable("the trust list names no TFTP server, so the phone asks for no signed file")
    what = "carries no signature" if file.signed is not None else "is not signed"
    return failed(f"{file.name} {what}, but a phone with this trust list takes signed files only")


SGN007 = Check(
    id="SGN007",
    slug="config-signed",
    title="A phone with a trust list is given a signed configuration",
    stage="boot-files",
    stages={"config": "signature"},
    severity="critical",
    probes=("phone", "config"),
    subjects=needs.config_files,
    needs=needs.config_file,
    judge=_judge_signed,
    covers=("VP-39",),
    rationale="With a list that names a TFTP server the phone asks for SEP<MAC>.cnf.xml.sgn and checks it. That it "
    "would fall back to the unsigned file is not documented anywhere.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Device > Phone > {device}: Apply Config, so that the file is built and signed anew.
                utils service restart Cisco Tftp
                """,
            ),
            fix("TFTP", "Files made by hand or copied: serve {config_file}.sgn as CUCM's own TFTP server has it."),
        ),
        logs=guides.REFUSED_FILE,
        next=guides.LOOK,
    ),
    references=(_SECURITY_GUIDE,),
)


def _judge_valid(_case: Case, facts: needs.Signed) -> Result:
    reading = facts.signature
    match reading.status:
        case "valid":
            return passed(f"{facts.file.name} is as it was signed, {algorithm_words(reading)}")
        case "invalid":
            return failed(
                f"the signature does not fit the file: {reading.problem or 'changed after it was signed'}",
                signer=facts.header.signer,
            )
        case "unsigned":
            return not_applicable("the file carries no signature (SGN007)")
        case "unknown-signer":
            return unclear("the certificate of its signer is not at hand (SGN009)")
        case _:
            return unclear(f"its signature cannot be checked: {reading.problem or reading.status}")


SGN008 = Check(
    id="SGN008",
    slug="config-signature-valid",
    title="The configuration is as it was signed",
    stage="boot-files",
    stages={"config": "signature"},
    severity="critical",
    probes=("phone", "config"),
    subjects=needs.config_files,
    needs=needs.signed,
    judge=_judge_valid,
    covers=("VP-39",),
    rationale="A phone drops a file whose signature does not fit, and keeps the settings that it has.",
    guide=guides.DAMAGED_FILE,
    references=(_SECURITY_GUIDE,),
)


def _judge_signer(case: Case, facts: needs.Signed) -> Result:
    reading, header = facts.signature, facts.header
    if reading.status == "unsigned":
        return not_applicable("the file carries no signature (SGN007)")
    if reading.status == "unknown-signer":
        return judge_unknown_signer(
            case, "the configuration's", reading, Signer(header.signer, header.issuer, header.serial)
        )
    if reading.source is None:
        return unclear(f"whose signature it is cannot be told: {reading.problem or reading.status}")
    if reading.source == "TVS":
        return passed(f"a TVS vouches for its signer: {header.signer}")
    if set(CONFIGURATION_SIGNER_ROLES) & set(reading.roles):
        return passed(f"signed by {header.signer}, {role_words(reading.roles)} in {reading.taken_from}")
    roles = role_words(reading.roles) or "no role"
    return failed(
        f"the configuration's signer stands in {reading.taken_from} as {roles}, not as a TFTP server: {header.signer}",
        "role",
        signer=header.signer,
        roles=roles,
    )


SGN009 = Check(
    id="SGN009",
    slug="config-signer-trusted",
    title="The configuration is signed by a TFTP server that the phone trusts",
    stage="boot-files",
    stages={"config": "signature"},
    severity="critical",
    probes=("phone", "config"),
    subjects=needs.config_files,
    needs=needs.signed,
    judge=_judge_signer,
    covers=("VP-39",),
    rationale="The signer must stand in the phone's CTL or ITL with a TFTP role, or a TVS of the list must know it.",
    yields_to=("SGN004",),
    guide=Guide(
        fix=(
            guides.REBUILD,
            fix(
                "CUCM",
                """
                show cert own CallManager
                Compare its serial number with that of the file's signer. Where they differ, the file is of another \
                  cluster or was signed before the certificate was regenerated: Apply Config to the phone.
                """,
            ),
            guides.ERASE_LIST,
        ),
        logs=guides.REFUSED_FILE,
        next=guides.ASK_TVS,
    ),
    variants={
        "role": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    show itl
                    The record of {signer} must have the function CCM+TFTP. Make the list anew: utils service restart \
                      Cisco Tftp, on every node that serves files.
                    """,
                ),
            ),
            logs=guides.REFUSED_FILE,
            next=guides.LOOK,
        )
    },
    references=(_SECURITY_GUIDE, "Phone administration guides, table of security problems"),
)


def _read_times(case: Case) -> tuple[int, int | None] | Lack:
    """The time stamp of the subject; of a served list also that of the newest held one of its kind."""
    evidence, label = case.evidence, case.subject.label
    found = next((one for one in evidence.trust_lists if needs.label_of(one) == label), None)
    if found is not None:
        stamps = [one.timestamp for one in needs.held(evidence) if one.kind == found.kind and one.timestamp is not None]
        older = max(stamps, default=None) if found.origin == "fetched" else None
        return Lack("its header has no time stamp") if found.timestamp is None else (found.timestamp, older)
    file = needs.config_file.read(case)
    if isinstance(file, Lack):
        return Lack(file.why, "not-applicable")
    if file.signed is None:
        return Lack("the file is not signed", "not-applicable")
    return Lack("its header has no time stamp") if file.signed.timestamp is None else (file.signed.timestamp, None)


def _judge_time(case: Case, times: tuple[int, int | None]) -> Result:
    at, held = moment(times[0]), times[1]
    if at - case.now > _CLOCK_TOLERANCE:
        return failed(f"signed on {day(at)}, which is yet to come: the clock of the server is wrong")
    if held is not None and times[0] < held:
        return failed(
            f"signed on {day(at)}, but the phone holds one of {day(moment(held))}: this server gives an older one",
            "older",
        )
    return passed(f"signed on {day(at)}")


SGN010 = Check(
    id="SGN010",
    slug="signed-file-time",
    title="Signed files are of the past, and the list is no older than the one that the phone holds",
    stage="boot-files",
    stages={"config": "signature"},
    severity="warning",
    probes=("phone", "config"),
    subjects=needs.signed_files,
    needs=Need(("the time stamp of a signed file",), _read_times),
    judge=_judge_time,
    rationale="Whether a phone reads the time stamp is not documented. One of the future tells of a wrong clock, and "
    "certificates that CUCM makes by it are not valid yet; an older list, of a server that missed a change.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                utils ntp status
                show timezone config
                Mend the clock, then have the files built anew: utils service restart Cisco Tftp
                """,
            ),
        ),
        next=guides.LOOK,
    ),
    variants={"older": Guide(fix=(guides.REBUILD,), next=guides.LOOK)},
)


def _judge_algorithm(case: Case, facts: needs.Signed) -> Result:
    algorithm = facts.header.hash_algorithm
    if algorithm is None:
        return unclear("the hash of its signature is one that no source describes")
    words = algorithm_words(facts.signature)
    if case.evidence.persona.profile.startswith("79") and algorithm != "sha1":
        return failed(f"signed with {words}; 7900 series phones verify with SHA-1 only", algorithm=algorithm)
    return passed(f"signed with {words}")


SGN011 = Check(
    id="SGN011",
    slug="signature-algorithm",
    title="The phone can verify the algorithm of the signature",
    stage="boot-files",
    stages={"config": "signature"},
    severity="warning",
    probes=("phone", "config"),
    subjects=needs.config_files,
    needs=needs.signed,
    judge=_judge_algorithm,
    covers=("CA-36",),
    rationale="The security guide lets 7900, 8900 and 9900 series phones take SHA-256 LSCs and identity certificates, "
    "and SHA-1 alone for any other signature. That files are among these is our reading; which firmware does more is "
    "not documented.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                System > Enterprise Parameters: TFTP File Signature Algorithm = SHA-1
                utils service restart Cisco Tftp
                Then reset the phones.
                """,
            ),
        ),
        logs=guides.REFUSED_FILE,
        next=guides.LOOK,
    ),
    references=("CUCM security guide, CAPF interactions: certificate encryption",),
)


FILES = (SGN007, SGN008, SGN009, SGN010, SGN011)
