"""Checks of what CAPF says first: that it is CAPF, its version, what it asks of the phone, and how soon it says it."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Lack, Need, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.capf import needs
from vpnprobe.checks.capf.differential import SERVICE
from vpnprobe.checks.capf.reaching import PROBE, TABLE
from vpnprobe.checks.capf.session import TRACES
from vpnprobe.checks.wording import S_CLIENT, describe_failure
from vpnprobe.model.capf import Capf, CapfVisit, ConnectionRow
from vpnprobe.phoneconfig.meaning import meaning
from vpnprobe.wire.capf import CAPF_V3, PROTOCOL, AuthType, Command

_WIRE: Final = "usecallmanagernz/daemons, reverse-engineered: Cisco has published nothing of the protocol"
# In seconds; a phone's own, which nobody can set (CA-33).
_RETRY_S: Final = 30

_COMMANDS: Final = {
    Command.RETRY_LATER: "it asks to try again later",
    Command.REQUEST_IN_PROGRESS: "it says that a request is in progress",
    Command.END_SESSION: "it ends the session",
}
_BUSY: Final = frozenset({Command.RETRY_LATER, Command.REQUEST_IN_PROGRESS})


def _judge_greets(_case: Case, visit: CapfVisit) -> Result:
    greeting, failure = visit.greeting, visit.failure
    if greeting is not None and greeting.command == Command.AUTH_REQUEST:
        more = f"; {visit.problem}" if visit.problem else ""
        return passed(f"CAPF asks who is there (session {greeting.session}){more}", session=greeting.session)
    if greeting is not None:
        said = next((words for one, words in _COMMANDS.items() if one == greeting.command), "that is no greeting")
        variant = "busy" if greeting.command in _BUSY else ""
        return failed(f"begins with command {greeting.command}: {said}", variant, command=greeting.command)
    if visit.spoke == "other":
        began = f"; it begins {visit.excerpt.strip()!r}" if visit.excerpt else ""
        why = visit.problem or "no greeting of CAPF"
        if visit.excerpt and ord(visit.excerpt[0]) == PROTOCOL:
            return failed(f"begins as CAPF does, and then breaks the format: {why}", excerpt=visit.excerpt)
        return failed(f"speaks, but not as CAPF does ({why}){began}", "other", excerpt=visit.excerpt)
    if visit.spoke == "silent":
        return failed("the session is complete, and nothing is said in it; CAPF speaks first", "silent")
    if failure is None or failure.kind in needs.OURS:
        return unclear("the run does not say what came in the session")
    return failed(f"ends the session without a word: {describe_failure(failure)}", "silent", failure=failure.kind.value)


CPF009 = Check(
    id="CPF009",
    slug="capf-greets",
    title="The server greets as CAPF does",
    stage="greeting",
    severity="critical",
    probes=("capf",),
    subjects=needs.dialled,
    needs=needs.session,
    judge=_judge_greets,
    covers=("CA-01",),
    rationale="In a session with CAPF the server speaks first and asks who is there. The probe reads that and hangs "
    "up: an answer would start the operation that is pending for the device.",
    guide=Guide(fix=(TRACES,), next=(S_CLIENT, PROBE)),
    variants={
        "busy": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    Many certificates at once take CAPF's time: do it in a maintenance window, in portions.
                    utils capf csr list
                    """,
                ),
                TRACES,
            ),
            next=(PROBE,),
        ),
        "silent": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    A server of another kind waits for the client to speak, as an HTTPS server does: port {port} of \
                      {host} must be CAPF's.
                    show open ports regexp {port}
                    """,
                ),
                TRACES,
            ),
            next=("openssl s_client -quiet -connect {address} {tls_version} -cipher ALL:@SECLEVEL=0 | xxd", PROBE),
        ),
        "other": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    Something else answers at {address}. CAPF's port is 3804, unless a parameter says otherwise:
                    System > Enterprise Parameters > Security Parameters: CAPF Phone Port
                    show open ports regexp {port}
                    """,
                ),
                fix("path", "Look for a redirection of TCP {port} on the way to {host}."),
            ),
            next=("openssl s_client -quiet -connect {address} {tls_version} -cipher ALL:@SECLEVEL=0 | xxd", PROBE),
        ),
    },
    references=(_WIRE,),
)


def _judge_other_way(case: Case, known: tuple[CapfVisit, ConnectionRow]) -> Result:
    visit, row = known
    seen = case.evidence.capf
    family = needs.deciding_family(seen) if seen is not None else None
    if visit.family not in row.order:
        return not_applicable(f"the phone does not take {visit.family} to this CAPF (row {row.row})")
    if family is None or family == visit.family:
        return not_applicable("this is the way that the phone takes")
    if visit.spoke == "capf":
        return passed(f"greets over {visit.family} too")
    first = row.order.index(visit.family) < row.order.index(family)
    words = describe_failure(visit.failure) if visit.failure is not None else visit.problem or visit.spoke
    if needs.is_local(visit):
        return unclear(f"this machine has no way over {visit.family}: {words}")
    how = f"the phone tries {visit.family} first and must wait" if first else f"the phone's way out if {family} fails"
    return failed(f"no greeting over {visit.family}, {how}: {words}", family=visit.family)


CPF010 = Check(
    id="CPF010",
    slug="other-way",
    title="CAPF greets by the phone's other IP version too",
    stage="greeting",
    severity="warning",
    probes=("capf",),
    subjects=needs.dialled,
    needs=needs.visited & needs.row,
    judge=_judge_other_way,
    covers=("CA-42",),
    rationale="A dual-stack phone tries IPv6 first and goes to IPv4 when it cannot connect. One of the two that is "
    "dead costs every phone the wait, or leaves it without a way out.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                show network ipv6 settings
                System > Server: the publisher's IPv6 address must be its present one, or absent.
                """,
            ),
            fix("DNS", "Where {family} is not used, delete the record of {host} that leads to {ip}."),
            fix("path", "Allow TCP {port} to {ip} as for the other version."),
        ),
        next=("vpnprobe capf {address}",),
    ),
    references=(TABLE,),
)


def _judge_retries(_case: Case, known: tuple[Capf, ConnectionRow]) -> Result:
    seen, row = known
    if not seen.retries:
        return not_applicable("--retries was not given")
    if not row.order:
        return not_applicable("the phone would not even try (CPF002)")
    tried = [visit for visit in seen.visits if visit.family in row.order]
    greeted = [visit.attempt for visit in tried if visit.spoke == "capf"]
    made = max((visit.attempt for visit in tried), default=0)
    if greeted and min(greeted) == 1:
        return passed("answered at the first try")
    if greeted:
        waited = (min(greeted) - 1) * _RETRY_S
        return passed(f"answered at try {min(greeted)}; a phone gets there too, {waited} s later", tries=min(greeted))
    if made <= seen.retries:
        return unclear(f"the run ended after {made} of {seen.retries + 1} tries")
    return failed(f"no greeting at any of {made} tries; a phone gives up after its fourth", tries=made)


CPF011 = Check(
    id="CPF011",
    slug="phone-retries",
    title="CAPF answers within a phone's own tries",
    stage="greeting",
    severity="info",
    probes=("capf",),
    subjects=needs.server,
    needs=needs.capf & needs.row,
    judge=_judge_retries,
    covers=("CA-33",),
    rationale="After a failure a phone tries three more times, 30 seconds apart; neither can be set. The English text "
    "says three more times, so four in all.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                When CAPF answers again: Device > Phone > <phone>: Certificate Operation = Install/Upgrade, Save, \
                  Apply Config, Reset: the phone then begins anew.
                """,
            ),
        ),
        next=("vpnprobe capf {capf} --retries",),
    ),
)


def _judge_version(_case: Case, visit: CapfVisit) -> Result:
    version = visit.greeting.version if visit.greeting is not None else None
    if version is None:
        return unclear("the greeting names no version")
    if version == CAPF_V3:
        return passed("CAPFv3", version=version)
    return failed(f"CAPF version {version} instead of {CAPF_V3}", version=version)


CPF012 = Check(
    id="CPF012",
    slug="capf-version",
    title="CAPF speaks version 3 of its protocol",
    stage="greeting",
    severity="warning",
    probes=("capf",),
    subjects=needs.dialled,
    needs=needs.greeting,
    judge=_judge_version,
    covers=("CA-13",),
    rationale="CUCM in FIPS mode supports neither CAPFv3 nor an online CA. Another version in the greeting is a sign "
    "of it (an inference); an old release is another reason.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                utils fips status
                In FIPS mode an online CA cannot be used: System > Service Parameters > Cisco Certificate Authority \
                  Proxy Function: Certificate Issuer to Endpoint = Cisco Certificate Authority Proxy Function.
                """,
            ),
        ),
        next=(PROBE,),
    ),
    references=("CUCM system configuration guide 12.5, CAPF: online CA", _WIRE),
)


def _read_mode(case: Case) -> int | Lack:
    reading = case.evidence.config
    if reading is None:
        return Lack("--config was not given", "not-applicable")
    if reading.config is None:
        return Lack(reading.problem or "the configuration cannot be read")
    mode = reading.config.capf_auth_mode
    return Lack("the configuration has no capfAuthMode") if mode is None else mode


_mode: Final = Need(("capfAuthMode of the phone's configuration",), _read_mode)
# capfAuthMode (usecallmanager.nz).
_NO_OPERATION: Final = 0
_BY_STRING: Final = 1


def _judge_auth_type(_case: Case, known: tuple[int, CapfVisit]) -> Result:
    mode, visit = known
    asked = visit.greeting.auth_type if visit.greeting is not None else None
    own = meaning("capf_auth_mode", mode)
    if asked is None:
        return unclear("the greeting does not say what it asks for")
    if own is None:
        return unclear(f"capfAuthMode {mode} has no documented meaning")
    if asked == AuthType.NONE:
        return passed(f"asks for no authentication string in its greeting; the phone is set to: {own}")
    if asked != AuthType.PASSWORD:
        return unclear(f"asks for authentication {asked}, which no source explains; the phone is set to: {own}")
    if mode in (_BY_STRING, _NO_OPERATION):
        return passed(f"asks for an authentication string; the phone is set to: {own}")
    return failed(f"asks for an authentication string, and the phone is set to: {own}", mode=own)


CPF013 = Check(
    id="CPF013",
    slug="capf-auth-type",
    title="CAPF asks for what the phone is set to give",
    stage="greeting",
    severity="warning",
    probes=("capf",),
    subjects=needs.dialled,
    needs=_mode & needs.greeting,
    judge=_judge_auth_type,
    covers=("CA-23",),
    rationale="CUCM and phone must use the same authentication, else the operation fails. The greeting asks before it "
    "knows the device: what CAPF wants of this one in particular shows only to the phone, so this is a warning.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Device > Phone > <phone> > Certification Authority Proxy Function: Certificate Operation = \
                  Install/Upgrade, Authentication Mode = By Authentication String with a string, or the mode that is \
                  wanted. Save, Apply Config, Reset.
                """,
            ),
            fix("phone", "With a string: Settings > Security Configuration > LSC > Update, type the string, Submit."),
            fix("CUCM", f"utils service restart {SERVICE}"),
        ),
        next=("vpnprobe capf {capf} --config <file>",),
    ),
    references=(_WIRE,),
)
