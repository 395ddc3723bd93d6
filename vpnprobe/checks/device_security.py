"""Checks of the phone's security settings: what they make of its registration and of its certificate operations."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import Case, Check, Guide, Lack, Need, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.model.config import PhoneConfig
from vpnprobe.phoneconfig.meaning import meaning
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.phonecert import PhoneCertificateKind, classify_phone_certificate

# capfAuthMode (usecallmanager.nz): 0 while no operation is due. That it goes back to 0 after one is an inference.
_NO_OPERATION: Final = 0
_BY_STRING: Final = 1
_BY_CERTIFICATE: Final = frozenset({3, 4})
# deviceSecurityMode (usecallmanager.nz).
_NON_SECURE: Final = 1
_SECURE: Final = frozenset({2, 3})

_EXAMPLE: Final = "CUCM security guide, CAPF examples for 7942 and 7962 phones"
_INTERACTIONS: Final = "CUCM security guide, CAPF interactions: authentication string"


def _read_mode(case: Case) -> tuple[PhoneConfig, int] | Lack:
    config = needs.config.read(case)
    if isinstance(config, Lack):
        return config
    mode = config.capf_auth_mode
    return Lack("the configuration has no capfAuthMode") if mode is None else (config, mode)


mode = Need(("capfAuthMode of the configuration",), _read_mode)

_TYPE_STRING: Final = fix(
    "phone",
    """
    Settings > Security Configuration > LSC (8800 series: Admin Settings > Security Setup > LSC): press **# to unlock, \
      Update, type the authentication string, Submit.
    """,
)
_OTHER_MODE: Final = fix(
    "CUCM",
    """
    Device > Phone > {device} > Certification Authority Proxy Function: Authentication Mode = By Null String, or By \
      Existing Certificate where the phone has one. Save, then Apply Config.
    """,
)
_NEXT: Final = ("vpnprobe config {device} --show",)


def _judge_string(_case: Case, facts: tuple[PhoneConfig, int]) -> Result:
    number = facts[1]
    words = meaning("capf_auth_mode", number)
    if words is None:
        return unclear(f"capfAuthMode {number} has no documented meaning")
    if number == _BY_STRING:
        return failed("the certificate operation waits until somebody types the authentication string on the phone")
    return passed("no certificate operation is due" if number == _NO_OPERATION else f"CAPF authenticates by {words}")


SEC001 = Check(
    id="SEC001",
    slug="capf-authentication-string",
    title="No authentication string has to be typed on the phone",
    stage="config",
    severity="warning",
    probes=("phone", "config"),
    subjects=subjects.config_file,
    needs=mode,
    judge=_judge_string,
    covers=("CA-23",),
    rationale="By Authentication String nothing happens until the string is typed on the phone, the same as in CUCM. "
    "Whether that was done cannot be seen from outside.",
    yields_to=("SEC002", "SEC003"),
    guide=Guide(fix=(_TYPE_STRING, _OTHER_MODE), next=_NEXT),
    references=(_INTERACTIONS,),
)


def _judge_encrypted(_case: Case, facts: tuple[PhoneConfig, int]) -> Result:
    config, number = facts
    if number != _BY_STRING:
        return passed("no authentication string is asked for")
    if config.encrypted_config is None:
        return unclear("the configuration does not say whether files are encrypted")
    if config.encrypted_config:
        return failed(
            "an authentication string is asked for and files are encrypted: until it is typed, the phone is stuck"
        )
    return passed("files are not encrypted, so the phone works while it waits for the authentication string")


SEC002 = Check(
    id="SEC002",
    slug="encrypted-config-needs-string",
    title="Encrypted files do not wait for an authentication string",
    stage="config",
    severity="warning",
    probes=("phone", "config"),
    subjects=subjects.config_file,
    needs=mode,
    judge=_judge_encrypted,
    covers=("CA-29",),
    rationale="With TFTP Encrypted Config the phone fails, and does not recover, until the string is typed on it.",
    guide=Guide(
        fix=(
            _TYPE_STRING,
            _OTHER_MODE,
            fix(
                "CUCM",
                """
                Or until the phone has its LSC: System > Security > Phone Security Profile: untick TFTP Encrypted \
                  Config. Save, then Apply Config.
                """,
            ),
        ),
        next=_NEXT,
    ),
    references=(_INTERACTIONS,),
)


def _judge_secure(_case: Case, facts: tuple[PhoneConfig, int]) -> Result:
    config, number = facts
    security = config.device_security_mode
    words = meaning("device_security_mode", security)
    if words is None:
        return unclear(
            f"deviceSecurityMode {'is absent' if security is None else f'{security} has no documented meaning'}"
        )
    if security == _NON_SECURE:
        then = "" if number == _NO_OPERATION else ", then has its session with CAPF"
        return passed(f"non-secure: the phone registers first{then}")
    if security in _SECURE and number == _BY_STRING:
        return failed(
            f"{words} with an authentication string: the phone does not turn to CAPF by itself, and without a valid "
            "LSC it does not register",
            mode=words,
        )
    return passed(f"{words}: the phone registers once it has its LSC")


SEC003 = Check(
    id="SEC003",
    slug="secure-mode-without-string",
    title="A secure phone can get its LSC by itself",
    stage="config",
    severity="warning",
    probes=("phone", "config"),
    subjects=subjects.config_file,
    needs=mode,
    judge=_judge_secure,
    covers=("CA-39", "CA-40"),
    rationale="Authenticated or encrypted, a phone registers only after its session with CAPF, and By Authentication "
    "String it does not begin one. A phone that has a valid LSC already is not concerned.",
    guide=Guide(
        fix=(
            _OTHER_MODE,
            fix(
                "CUCM",
                """
                Or let it get the LSC first: Device Security Profile: a non-secure one. Once the LSC is installed, \
                  the secure one again.
                """,
            ),
        ),
        next=_NEXT,
    ),
    references=(_EXAMPLE,),
)


def _judge_existing(case: Case, facts: tuple[PhoneConfig, int]) -> Result:
    number = facts[1]
    if number not in _BY_CERTIFICATE:
        return passed("CAPF does not ask for an existing certificate")
    persona = case.evidence.persona
    model = persona.model or persona.profile
    if not model.startswith(("7942", "7962")):
        return not_applicable(f"documented for 7942 and 7962 phones, not for the {model}")
    kinds = {
        classify_phone_certificate(describe(case.evidence.certificates[name])).kind
        for name in case.evidence.client_chain[:1]
        if name in case.evidence.certificates
    }
    if PhoneCertificateKind.LSC in kinds:
        return passed("the phone has an LSC, by which CAPF knows it")
    if PhoneCertificateKind.MIC in kinds:
        return failed("CAPF asks for an existing certificate, and the phone has its MIC only: on this model that fails")
    given = "the given certificate is no phone's" if kinds else "none was given"
    return unclear(f"on this model the operation fails without an LSC; whether the phone has one is not known: {given}")


SEC004 = Check(
    id="SEC004",
    slug="existing-certificate-there",
    title="A 7942 or 7962 that CAPF knows by an existing certificate has an LSC",
    stage="config",
    severity="warning",
    probes=("phone", "config"),
    subjects=subjects.config_file,
    needs=mode,
    judge=_judge_existing,
    covers=("CA-38",),
    rationale="The guide says that on these two models the operation fails without an LSC. Whether the phone has one "
    "shows only where its certificate is given.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Device > Phone > {device} > Certification Authority Proxy Function: Authentication Mode = By Null \
                  String for the first LSC. Save, then Apply Config.
                """,
            ),
        ),
        next=_NEXT,
    ),
    references=(_EXAMPLE,),
)

CHECKS = (SEC001, SEC002, SEC003, SEC004)
