"""Checks of the console logs: all read, and what they say of the last login to the VPN."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.phone_web import needs
from vpnprobe.checks.wording import count, describe_failure, listing
from vpnprobe.model.finding import Fact, Logs
from vpnprobe.model.phoneweb import ConsoleLog

USUAL_LOGS: Final = 5


def _judge_logs(_case: Case, logs: tuple[ConsoleLog, ...]) -> Result:
    lost = [f"{log.name}: {describe_failure(log.failure)}" for log in logs if log.failure is not None]
    names = [log.name for log in logs]
    read = [log for log in logs if log.failure is None]
    if lost:
        return failed(f"{len(lost)} of {count(len(logs), 'log')} not read whole: {listing(lost)}", "", logs=names)
    if read and not any(log.records for log in read):
        return unclear(f"{count(len(read), 'log')}, no line of them in a known form", logs=names)
    usual = "" if len(logs) == USUAL_LOGS else f", where {USUAL_LOGS} are usual"
    records = count(sum(log.records for log in logs), "record")
    return passed(f"{count(len(logs), 'log')}{usual}, oldest first, {records}", logs=names)


WEB008 = Check(
    id="WEB008",
    slug="console-logs-read",
    title="Every console log of the phone was read",
    stage="console-logs",
    severity="warning",
    probes=("phone-web",),
    subjects=needs.phone,
    needs=needs.logs,
    judge=_judge_logs,
    covers=("VP-33",),
    rationale="The log rotates over five files, so that what is looked for may stand in any. They are read in the "
    "order in which they were written.",
    guide=Guide(
        fix=(
            fix(
                "vpnprobe",
                """
                Run it again: a phone moves on to the next file at any moment, and the oldest one goes.
                """,
            ),
        ),
        next=("vpnprobe phone-web {gateway}",),
    ),
    references=("Cisco document 116162, IP phone logs",),
)

_STATE: Final = re.compile(r"set_login_state: VPNC ?: \d+ \(\w+\) --> \d+ \((\w+)\)")
_HASH: Final = re.compile(r"Leaf cert hash = ([0-9A-Fa-f]{40})\b")
_NOT_TRUSTED: Final = re.compile(r"issuer certificate not found and leaf not trusted|fatal: ?unknown CA", re.IGNORECASE)
_HOST_ID: Final = re.compile(r"hostIDCheck failed", re.IGNORECASE)
_WILDCARD: Final = re.compile(r"not allowed, stopping checks on host=\((.{1,255}?)\) and dns=\((.{1,255}?)\)")
_NOTIFY: Final = re.compile(r"notify code: (\d+) \[(\w+)\]")
_BEGINS: Final = re.compile(r"SSL_connect: before/connect initialization|vpn_set_active: \S+ -> activated")
_FAILED: Final = "LoginFailed"
_TRYING: Final = "LoggingIn"


class Attempt(msgspec.Struct, kw_only=True):
    """What the records of one login say; the last one counts."""

    leaf_sha1: str | None = None
    is_not_trusted: bool = False
    is_host_id: bool = False
    host: str | None = None
    dns: str | None = None
    notify: str | None = None
    state: str | None = None
    lines: list[str] = msgspec.field(default_factory=list)

    @property
    def has_failed(self) -> bool:
        """Whether it says that it came to nothing."""
        return self.is_not_trusted or self.is_host_id or self.state == _FAILED


def last_attempt(events: Sequence[str]) -> Attempt | None:
    """Return the last login that the records speak of; None where they speak of none.

    One begins with its handshake, or with a state after the end of the one before; what a failed one leaves behind is
    part of it.
    """
    attempt = Attempt()
    for event in events:
        state = _STATE.search(event)
        is_over = attempt.state not in (None, _TRYING)
        goes_on = state is not None and (state[1] == _TRYING or (attempt.state == _FAILED and state[1] != _FAILED))
        if (is_over and goes_on) or (_BEGINS.search(event) and (is_over or attempt.has_failed)):
            attempt = Attempt()
        _note(attempt, event)
    return attempt if attempt.has_failed or attempt.state is not None else None


def _note(attempt: Attempt, event: str) -> None:
    attempt.lines.append(event)
    if found := _HASH.search(event):
        attempt.leaf_sha1 = found[1].upper()
    if found := _WILDCARD.search(event):
        attempt.host, attempt.dns = found[1], found[2]
    if found := _NOTIFY.search(event):
        attempt.notify = f"{found[1]} {found[2]}"
    if found := _STATE.search(event):
        attempt.state = found[1]
    attempt.is_not_trusted |= _NOT_TRUSTED.search(event) is not None
    attempt.is_host_id |= _HOST_ID.search(event) is not None


def _judge_login(case: Case, logs: tuple[ConsoleLog, ...]) -> Result:
    attempt = last_attempt([event for log in logs for event in log.events])
    if attempt is None:
        if not any(log.records for log in logs):
            return unclear("no record of the logs could be read")
        return not_applicable("the logs speak of no login to the VPN")
    facts: dict[str, Fact] = {
        "lines": [line for line in attempt.lines if _tells(line)][-_MAX_LINES:],
        "state": attempt.state,
        "notify": attempt.notify,
        "url": _url(case),
    }
    if not attempt.has_failed:
        if attempt.state == _TRYING:
            return unclear("the last login in the logs has not ended", **facts)
        return passed(f"the last login in the logs ended in the state {attempt.state}", **facts)
    if attempt.is_host_id:
        facts |= {"log_host": attempt.host, "log_dns": attempt.dns}
        told = f": {attempt.host} against {attempt.dns}" if attempt.host else ""
        return failed(
            f"the phone refused the names in the gateway's certificate{told} (HID001 judges it)", "host-id", **facts
        )
    if attempt.is_not_trusted:
        return _not_trusted(case, attempt, facts)
    why = f", {attempt.notify}" if attempt.notify else ""
    return failed(f"the last login failed{why}; no record says why in known words", **facts)


_MAX_LINES: Final = 12


def _url(case: Case) -> str | None:
    """Return the group-url that the phone dials first, where its configuration is at hand."""
    known = needs.find_config(case)
    group = known.vpn_group if known is not None else None
    return next((url.text for url in group.urls), None) if group is not None else None


def _tells(line: str) -> bool:
    return any(one.search(line) for one in (_STATE, _HASH, _NOT_TRUSTED, _HOST_ID, _WILDCARD, _NOTIFY)) or "ERR" in line


def _not_trusted(case: Case, attempt: Attempt, facts: dict[str, Fact]) -> Result:
    summary = "no certHash of the phone named the certificate that the gateway showed (PIN001 judges it)"
    if attempt.leaf_sha1 is None:
        return failed(summary, "hash", **facts)
    cert_hash = base64.b64encode(bytes.fromhex(attempt.leaf_sha1)).decode()
    facts |= {"leaf_sha1": attempt.leaf_sha1, "cert_hash": cert_hash}
    summary += f"; its certHash would be {cert_hash}"
    known = needs.find_config(case)
    group = known.vpn_group if known is not None else None
    if group is not None:
        match = next((one for one in group.cert_hashes if one.text.strip() == cert_hash), None)
        if match is not None:
            summary += (
                f". The configuration has it as certHash{match.index}: the phone has not taken that one yet (WEB007), "
                "or has logged in since"
            )
        else:
            summary += ". The configuration does not have it either"
    return failed(summary, "hash", **facts)


WEB009 = Check(
    id="WEB009",
    slug="vpn-login-in-log",
    title="The last login in the console logs did not fail",
    stage="console-logs",
    severity="critical",
    probes=("phone-web",),
    subjects=needs.phone,
    needs=needs.logs,
    judge=_judge_login,
    covers=("VP-32", "VP-35"),
    rationale="The records of a 79xx are those of Cisco's document. Which states follow a good login, and what an 88xx "
    "writes, was found in none: only LoginFailed is taken as a failure.",
    guide=Guide(
        fix=(
            fix(
                "vpnprobe",
                """
                Dial as this phone does, and see where it stops:
                vpnprobe phone --group-url {url} --mac {mac} --tftp {tftp_server}
                """,
            ),
            fix("ASA", "show logging | include 725|716|722|734"),
        ),
        next=("vpnprobe phone --group-url {url} --mac {mac} --tftp {tftp_server}",),
    ),
    variants={
        "hash": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    OS Administration > Security > Certificate Management: upload the gateway's certificate as \
                      Phone-VPN-trust.
                    Advanced Features > VPN > VPN Gateway: add it to the gateway, beside the old one.
                    Save, then Apply Config while the phones reach their TFTP server.
                    """,
                ),
            ),
            logs=Logs(
                phone=(
                    "SECD: Leaf cert hash = {leaf_sha1}",
                    "VPNC: VPN cert chain verification failed, issuer certificate not found and leaf not trusted",
                    "VPNC: alert_err: SSL write alert: code 48, unknown CA",
                    "VPNC: vpnc_send_notify: notify code: 37 [SslAlertSrvrCert]",
                ),
                asa=(
                    "%ASA-7-725014: SSL lib error. Function: SSL3_READ_BYTES Reason: tlsv1 alert unknown ca",
                    "%ASA-6-725006: Device failed SSL handshake with client outside:<phone>/<port>",
                ),
            ),
            next=("vpnprobe phone --group-url {url} --mac {mac} --tftp {tftp_server}", "vpnprobe explain PIN001"),
        ),
        "host-id": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    Advanced Features > VPN > VPN Profile: untick Enable Host ID Check. Save, then Apply Config.
                    """,
                ),
                fix(
                    "ASA",
                    """
                    Or show a certificate that names the host of the URL itself; no wildcard of the third level.
                    """,
                ),
            ),
            logs=Logs(
                phone=(
                    "VPNC: hostID not found in subjectAltNames",
                    "VPNC: hostID not found in subject name",
                    "VPNC: hostIDCheck failed!!",
                )
            ),
            next=("vpnprobe phone --group-url {url} --mac {mac} --tftp {tftp_server}", "vpnprobe explain HID001"),
        ),
    },
    references=("Cisco document 116162, correlation of ASA and phone logs",),
)

CHECKS: Final = (WEB008, WEB009)
