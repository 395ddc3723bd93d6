"""Check of the status messages: whether the phone took its trust list and its configuration (VP-39)."""

from __future__ import annotations

import re
from typing import Final, Literal

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.phone_web import needs
from vpnprobe.checks.wording import count
from vpnprobe.model.finding import Logs
from vpnprobe.model.phoneweb import StatusMessage

Meaning = Literal["trust-list-good", "trust-list-bad", "no-list", "config-good", "config-error", "config-timeout"]

# What the screen says (seeds of Cisco document 116162; administration guide of the 8800, status messages; for the file
# that is refused, Cisco community 2064222). That no list is installed is usual where CUCM has none.
_WORDS: Final[tuple[tuple[re.Pattern[str], Meaning], ...]] = (
    (re.compile(r"trust list updated|(?:ctl and itl|ctl|itl) installed", re.IGNORECASE), "trust-list-good"),
    (re.compile(r"trust list update failed", re.IGNORECASE), "trust-list-bad"),
    (re.compile(r"no trust list installed", re.IGNORECASE), "no-list"),
    (re.compile(r"tftp timeout\b.*", re.IGNORECASE), "config-timeout"),
    (re.compile(r"tftp (?:access )?error\b.*|file auth(?:entication)? error\b.*", re.IGNORECASE), "config-error"),
    (re.compile(r"invalid file .*authenticated fail\.?", re.IGNORECASE), "config-error"),
    (re.compile(r"(?:SEP[0-9A-F]{12}|XmlDefault)\.cnf\.xml\S*", re.IGNORECASE), "config-good"),
)

# Rings, locales and dial rules come by TFTP as well, and a server has no need to have them.
_OTHER_FILE: Final = re.compile(r"(?<!\.cnf)\.(?:xml|jar|raw|png|loads|sbn)\b", re.IGNORECASE)


def meaning_of(message: StatusMessage) -> Meaning | None:
    """Return what a message says of the trust list or the configuration; None where it speaks of something else."""
    text = message.text.strip()
    if _OTHER_FILE.search(text):
        return None
    return next((meaning for pattern, meaning in _WORDS if pattern.fullmatch(text)), None)


def _judge_messages(_case: Case, messages: tuple[StatusMessage, ...]) -> Result:
    known = [(meaning, message) for message in messages if (meaning := meaning_of(message)) is not None]
    if not known:
        return unclear(f"{count(len(messages), 'message')}, none in known words; the phone may speak another language")
    trust = [pair for pair in known if pair[0].startswith("trust-list")]
    files = [pair for pair in known if pair[0].startswith("config")]
    failures = [message for meaning, message in known if meaning not in _GOOD]
    last = [pairs[-1] for pairs in (files, trust) if pairs]
    if not last:
        return unclear("the phone says that it has no trust list, and nothing of its configuration in known words")
    bad = [(meaning, message) for meaning, message in last if message in failures]
    lines = [_line(message) for _, message in known][-_MAX_LINES:]
    if bad:
        meaning, message = bad[0]
        more = (
            f", {count(len(failures), 'such failure')} in {count(len(known), 'message')}" if len(failures) > 1 else ""
        )
        return failed(f"last said: {_line(message)}{more}", meaning, messages=lines)
    healed = f"; {count(len(failures), 'failure')} before that" if failures else ""
    return passed(f"last said: {_line(last[0][1])}{healed}", messages=lines)


_MAX_LINES: Final = 10
_GOOD: Final = frozenset({"trust-list-good", "no-list", "config-good"})


def _line(message: StatusMessage) -> str:
    return f"{message.time} {message.text}" if message.time else message.text


_THROUGH_TUNNEL: Final = fix(
    "phone",
    """
    From outside the server is reached through the tunnel: see WEB006 for the server that the phone asks.
    """,
)

WEB007 = Check(
    id="WEB007",
    slug="status-messages",
    title="The phone's last status messages say that it took its files",
    stage="pages",
    severity="critical",
    probes=("phone-web",),
    subjects=needs.phone,
    needs=needs.messages,
    judge=_judge_messages,
    covers=("VP-39",),
    rationale="What the phone last said counts; failures that were healed since are counted and no alarm. The same "
    "messages are on the phone's screen under Status.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Look up what the server answers for this phone's files:
                vpnprobe config {mac} --tftp {tftp_server}
                Cisco Unified Serviceability > Control Center: restart Cisco TFTP.
                """,
            ),
            _THROUGH_TUNNEL,
        ),
        logs=Logs(phone=("TFTP Error : {device}.cnf.xml.sgn",)),
        next=("vpnprobe config {mac} --tftp {tftp_server}",),
    ),
    variants={
        "config-timeout": Guide(
            fix=(
                fix(
                    "firewall",
                    """
                    Allow UDP 69 and the ports above 1023 that the server answers from, for the phones and for the \
                      VPN's address pool.
                    """,
                ),
                _THROUGH_TUNNEL,
            ),
            logs=Logs(phone=("TFTP Timeout : {device}.cnf.xml.sgn",)),
            next=("vpnprobe config {mac} --tftp {tftp_server}",),
        ),
        "trust-list-bad": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    Is the new list signed by somebody whom the phone's own list has, or the TVS knows? Ask:
                    vpnprobe config {mac} --tftp {tftp_server} --tvs
                    Restart Cisco Trust Verification Service and Cisco TFTP, then reset the phone.
                    Only where the certificate that signed the phones' list is lost:
                    utils itl reset localkey
                    """,
                ),
                fix(
                    "phone",
                    """
                    Last resort: Settings > Security Configuration > Trust List > ITL File, **#, Erase; the same \
                      for CTL.
                    """,
                ),
            ),
            logs=Logs(phone=("Trust List Update Failed",)),
            next=("vpnprobe config {mac} --tftp {tftp_server} --tvs",),
        ),
    },
    references=("Cisco document 116162, status messages", "Cisco IP Phone 8800 administration guide, status messages"),
)

CHECKS: Final = (WEB007,)
