"""The stage lines and the answer of a phone-web run."""

from __future__ import annotations

import msgspec
import pytest

from tests.certificates import issue
from tests.checks.evidence_builder import kept, reading
from tests.checks.phone_web.builder import (
    LABEL,
    LOGS,
    NETWORK,
    PAGES,
    SEEN,
    answered,
    logged,
    seeing,
    unanswered,
    web_run,
)
from tests.checks.phone_web.test_files import FAILED, LOST
from tests.render.reports import RAW
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import STAGES, Evidence, StageName
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import Resolution
from vpnprobe.model.phoneweb import PhoneWeb
from vpnprobe.pki.fingerprint import sha256
from vpnprobe.render.stage_lines import describe_stage
from vpnprobe.render.status_line import headline, status_line

PHONE = issue(cn="CP-7962G-SEP8CB64F576113")
HTTPS = seeing(scheme="https", leaf=sha256(PHONE.der).hex())
NO_NAME = Resolution(name="phone.example", source="dns", failure=Failure(kind=FailureKind.NAME_NOT_FOUND))


@pytest.mark.parametrize(
    ("evidence", "stage", "words"),
    [
        (web_run(), "resolve", "192.0.2.40 is an address, no DNS needed"),
        (web_run(resolution=NO_NAME), "resolve", "phone.example: no such name"),
        (
            web_run(resolution=Resolution(name="phone.example", source="dns", addresses=("192.0.2.40",))),
            "resolve",
            "phone.example is 192.0.2.40",
        ),
        (
            web_run(),
            "pages",
            "CP-7962G SEP8CB64F576113 SIP42.9-4-2SR3-1S; TFTP 10.1.1.5 (alternate: No); last message: 11:09:29 SEP8CB6",
        ),
        (seeing(network=NETWORK | {"vpn_status": "Connected"}), "pages", "vpn status Connected"),
        (msgspec.structs.replace(HTTPS, certificates=kept(PHONE)), "pages", "certificate CN=CP-7962G-SEP8CB64F576113"),
        (web_run(phone_web=unanswered(FailureKind.REFUSED)), "pages", f"{LABEL}: connection refused"),
        (web_run(phone_web=answered(403)), "pages", f"{LABEL}: HTTP 403, no page of a known phone"),
        (web_run(phone_web=PhoneWeb(title="NetWidget", pages=PAGES)), "pages", 'calls itself "NetWidget"'),
        (web_run(), "console-logs", "log178, log179, log180, log181, log182: 45 records, 1 of VPN or trust lists"),
        (seeing(logs=(LOST, *LOGS[1:])), "console-logs", "1 not read whole"),
        (seeing(logs=()), "console-logs", "no log is offered"),
        (web_run(), "config", "SEP8CB64F576113.cnf.xml from 10.1.1.5:69, full, load SIP42.9-4-2SR3-1S"),
        (web_run(config=reading(None, problem="no XML")), "config", "no XML"),
    ],
)
def test_lines(evidence: Evidence, stage: StageName, words: str) -> None:
    assert words in describe_stage(evidence, stage)


@pytest.mark.parametrize("stage", STAGES["phone-web"])
def test_a_run_that_saw_nothing_says_nothing(stage: StageName) -> None:
    assert describe_stage(web_run(phone_web=None), stage) == ""
    assert describe_stage(web_run(phone_web=PhoneWeb(), config=None, resolution=None), stage) == ""


@pytest.mark.parametrize("stage", STAGES["phone-web"])
def test_text_of_the_phone_is_escaped(stage: StageName) -> None:
    raw = msgspec.structs.replace(
        SEEN,
        title=RAW,
        device={"model": RAW, "host_name": RAW},
        network={"tftp_server_1": RAW, "vpn_x": RAW},
        logs=(msgspec.structs.replace(LOGS[0], name=RAW),),
    )
    assert describe_stage(web_run(phone_web=raw), stage).isprintable()


@pytest.mark.parametrize(
    ("evidence", "answer"),
    [
        (web_run(), "YES, the phone's pages tell of no fault and agree with its configuration."),
        (web_run(config=None), "YES, the phone's pages tell of no fault."),
        (seeing(logs=(LOST, *LOGS[1:])), "YES, the phone's pages tell of nothing that stops it, but"),
        (web_run(phone_web=unanswered(FailureKind.REFUSED)), "NO. The phone's pages cannot be read."),
        (logged(FAILED), "NO. The phone's log tells of a login to the VPN that failed."),
        (seeing(messages=()), "NOT KNOWN."),
    ],
    ids=["good", "alone", "warn", "refused", "login", "unknown"],
)
def test_answer(evidence: Evidence, answer: str) -> None:
    assert headline(judge(evidence)).startswith(answer)


def test_status_line_names_the_check() -> None:
    assert status_line(judge(logged(FAILED))).startswith("CRITICAL: WEB009 the last login failed")
