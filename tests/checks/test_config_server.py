"""Checks of the configuration server and of the file that it serves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.evidence_builder import (
    CONFIG_NAME,
    GATEWAY,
    MAC,
    SERVER,
    alarms,
    boot_file,
    fail,
    finding,
    given_hash,
    reading,
    run,
    stages,
    without_config,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import SignedFile, TftpServer
from vpnprobe.model.target import Endpoint

NO_CONFIG = {
    "config": reading(None, origin="none", file=None, server=None),
    "stages": stages(boot_files=("failed", "no configuration file"), config=("skipped", "no configuration")),
}


def fetched(*files: Any) -> Evidence:
    """A run whose requests for files ended like this, so that there is no configuration."""
    return run(boot_files=files, **NO_CONFIG)


def by_http(outcome: str, **fields: Any) -> Any:
    return boot_file(outcome, protocol="http", server=f"{SERVER}:6970", **fields)


def signed(name: str | None, problem: str | None = None) -> Evidence:
    header = SignedFile(header_length=400, file_name=name, signer="CN=cucm", problem=problem)
    return run(boot_files=(boot_file(name=f"{CONFIG_NAME}.sgn", signed=header),))


ITL_TIMEOUT = boot_file("timeout", name=f"ITLSEP{MAC}.tlv")
CTL_TIMEOUT = boot_file("timeout", name=f"CTLSEP{MAC}.tlv")
UNNAMED = TftpServer(
    origin="option",
    endpoint=Endpoint("cucm.example.com", 69),
    failure=fail(FailureKind.NAME_NOT_FOUND),
)
NO_DHCP = TftpServer(origin="none", failure=fail(FailureKind.SERVER_ERROR, detail="neither option 150 nor option 66"))
GIVEN_FILE = run(
    tftp_server=TftpServer(origin="config-file"), boot_files=(), config=reading(origin="file", server=None)
)

CUT = run(boot_files=(), config=None, interrupted="deadline", stages=())
ICMP = fail(FailureKind.REFUSED, detail="ICMP port unreachable")
CLOSED_BY_SERVER = boot_file("truncated", failure=fail(FailureKind.REFUSED, detail="connection refused"))
CUT_HTTP = boot_file("truncated", protocol="http", server=f"{SERVER}:6970", code=200, message="OK", size=1024)
BUSY_SERVER = boot_file("server-error", code=0, message="Max serving count reached")

ROWS = (
    Row("TFT001", "named", run(), "pass", "named by the command line"),
    Row("TFT001", "unknown", run(**without_config()), "fail", "CiscoCM1"),
    Row("TFT001", "no-dhcp", run(**without_config(tftp_server=NO_DHCP)), "fail", "option 150"),
    Row("TFT001", "of-files", run(**without_config(stages=stages("config")), probe="config"), "fail", "CiscoCM1"),
    Row("TFT001", "config-given", GIVEN_FILE, "not-applicable", "--config"),
    Row("TFT001", "hash-given", run(**given_hash(GATEWAY)), "not-applicable", "--cert-hash"),
    Row("TFT001", "not-run", run(tftp_server=None, boot_files=(), config=None), "inconclusive"),
    Row("TFT002", "answers", run(), "pass", "answers by TFTP"),
    Row("TFT002", "silent", fetched(CTL_TIMEOUT), "fail", "timeout"),
    Row("TFT002", "falls-silent", fetched(boot_file("not-found", name="CTL"), ITL_TIMEOUT), "fail", "ITL"),
    Row("TFT002", "config-unanswered", fetched(boot_file("not-found", name="CTL"), boot_file("timeout")), "fail"),
    Row("TFT002", "cut-before-the-config", fetched(boot_file("not-found", name="CTL")), "pass"),
    Row("TFT002", "unreachable", fetched(boot_file("unreachable")), "fail", "unreachable"),
    Row("TFT002", "http-refused-tftp-serves", run(boot_files=(by_http("unreachable"), boot_file())), "pass"),
    Row("TFT002", "name-unknown", run(tftp_server=UNNAMED, boot_files=(), **NO_CONFIG), "fail", "has no address"),
    Row("TFT002", "none-known", run(**without_config()), "inconclusive", "TFT001"),
    Row("TFT002", "config-given", GIVEN_FILE, "not-applicable"),
    Row("TFT002", "cut-before-any-file", CUT, "inconclusive", "deadline"),
    Row("TFT005", "cut-before-any-file", CUT, "inconclusive", "deadline"),
    Row("TFT002", "unreachable-for-a-reason", fetched(boot_file("unreachable", failure=ICMP)), "fail", "ICMP"),
    Row("TFT003", "served", run(), "pass", CONFIG_NAME),
    Row("TFT003", "not-found", fetched(boot_file("not-found", code=1, message="File not found")), "fail", "code 1"),
    Row("TFT003", "refused", fetched(boot_file("refused", code=2)), "fail", "refused"),
    Row("TFT003", "busy", fetched(by_http("busy", code=503), boot_file("not-found", code=1)), "fail", "busy"),
    Row("TFT003", "error", fetched(boot_file("server-error", code=0, message="too many")), "fail", "too many"),
    Row("TFT003", "serving-count", fetched(BUSY_SERVER), "fail", "Max serving count reached"),
    Row("TFT003", "truncated", fetched(boot_file("truncated")), "inconclusive", "TFT004"),
    Row("TFT003", "silent", fetched(CTL_TIMEOUT), "inconclusive", "TFT002"),
    Row("TFT003", "falls-silent", fetched(boot_file("not-found", name="CTL"), ITL_TIMEOUT), "inconclusive", "TFT002"),
    Row("TFT003", "cut-before-the-config", fetched(boot_file("not-found", name="CTL")), "inconclusive"),
    Row("TFT003", "config-given", GIVEN_FILE, "not-applicable"),
    Row("TFT004", "whole", run(), "pass", "2000 bytes"),
    Row("TFT004", "truncated", fetched(boot_file("truncated", size=1024)), "fail", "1024 bytes arrived"),
    Row("TFT004", "server-closed", fetched(CLOSED_BY_SERVER), "fail", "truncated, connection refused, "),
    Row("TFT004", "http-truncated", fetched(CUT_HTTP, boot_file("unreachable")), "fail", "truncated, 1024 bytes"),
    Row("TFT004", "endless", fetched(boot_file("too-large")), "fail", "too large"),
    Row("TFT004", "malformed", fetched(boot_file("malformed")), "fail", "malformed"),
    Row("TFT004", "http-broken-tftp-whole", run(boot_files=(by_http("truncated"), boot_file())), "pass"),
    Row("TFT004", "not-found", fetched(boot_file("not-found")), "inconclusive", "TFT003"),
    Row("TFT004", "config-given", GIVEN_FILE, "not-applicable"),
    Row("TFT005", "alone", run(), "pass"),
    Row("TFT005", "strangers", run(boot_files=(boot_file(foreign=3),)), "fail", "3 datagrams"),
    Row("TFT005", "none-known", run(**without_config()), "inconclusive"),
    Row("TFT005", "hash-given", run(**given_hash(GATEWAY)), "not-applicable"),
    Row("TFT006", "same", signed(f"{CONFIG_NAME}.sgn"), "pass"),
    Row("TFT006", "without-sgn", signed(CONFIG_NAME.lower()), "pass"),
    Row("TFT006", "other", signed("SEP001AE2BC16CB.cnf.xml.sgn"), "fail", "another file"),
    Row("TFT006", "unreadable", signed(None, "header length"), "inconclusive", "header length"),
    Row("TFT006", "unsigned", run(), "not-applicable"),
    Row("TFT006", "silent", fetched(CTL_TIMEOUT), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "alarm"),
    [
        (fetched(CTL_TIMEOUT), "TFT002"),
        (fetched(boot_file("not-found", name="CTL"), ITL_TIMEOUT), "TFT002"),
        (fetched(boot_file("not-found")), "TFT003"),
        (fetched(boot_file("truncated")), "TFT004"),
        (fetched(by_http("truncated"), boot_file("unreachable")), "TFT004"),
    ],
)
def test_one_fault_of_the_server_is_one_alarm(evidence: Evidence, alarm: str) -> None:
    assert alarms(evidence) == {alarm}
    assert judge(evidence).cause == alarm
    assert finding(evidence, "PIN001").status == "inconclusive"
    assert finding(evidence, "CFG001").status == "inconclusive"


def test_the_phone_status_page_shows_the_error_or_the_timeout() -> None:
    error = finding(fetched(boot_file("not-found")), "TFT003")
    silence = finding(fetched(CTL_TIMEOUT), "TFT002")
    assert error.logs.phone == ("Trust List Update Failed", f"TFTP Error : {CONFIG_NAME}.sgn")
    assert silence.logs.phone == ("Trust List Update Failed", f"TFTP Timeout : {CONFIG_NAME}.sgn")
    assert silence.next[0] == f"curl -o {CONFIG_NAME} tftp://{SERVER}:69/{CONFIG_NAME}"


def test_a_server_that_closes_its_port_is_no_matter_of_the_path() -> None:
    found = finding(fetched(CLOSED_BY_SERVER), "TFT004")
    assert {fix.platform for fix in found.fix} == {"CUCM"}
    assert "The server itself closed the port" in found.fix[0].steps[0]


def test_a_transfer_by_http_says_nothing_of_tftp_ports() -> None:
    found = finding(fetched(CUT_HTTP, boot_file("unreachable")), "TFT004")
    assert not [step for fix in found.fix for step in fix.steps if "69" in step.replace("6970", "")]
    assert found.next[0] == f"curl -v -o {CONFIG_NAME} http://{SERVER}:6970/{CONFIG_NAME}"


def test_a_server_with_too_much_to_do_is_not_restarted() -> None:
    steps = [step for fix in finding(fetched(BUSY_SERVER), "TFT003").fix for step in fix.steps]
    assert not [step for step in steps if "service restart" in step]
