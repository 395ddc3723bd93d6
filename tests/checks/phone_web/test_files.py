"""Checks of the TFTP server, the status messages, the logs, and the configuration in use."""

from __future__ import annotations

import base64

import msgspec
import pytest

from tests.checks.evidence_builder import CONFIG, GROUP, configured, reading, stages
from tests.checks.phone_web.builder import DEVICE, LOGS, NETWORK, PAGES, logged, messaged, seeing, web_run, with_page
from tests.checks.table import Row, params
from vpnprobe.checks.phone_web.logs import last_attempt
from vpnprobe.checks.phone_web.messages import Meaning, meaning_of
from vpnprobe.model.config import CallManager, CertHashText, ConfigKind, TvsServer
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import TftpServer
from vpnprobe.model.phoneweb import StatusMessage
from vpnprobe.model.target import Endpoint

LEAF = "1289B8A7AA9FFD84865E38939F3466A61B5608FC"
NOT_TRUSTED = (
    "NOT VPNC: ssl_state_cb: TLSv1: SSL_connect: before/connect initialization",
    f"NOT SECD: Leaf cert hash = {LEAF}",
    "ERR VPNC: VPN cert chain verification failed, issuer certificate not found and leaf not trusted",
    "NOT VPNC: set_login_state: VPNC : 1 (LoggingIn) --> 3 (LoginFailed)",
    "NOT VPNC: vpnc_send_notify: notify code: 37 [SslAlertSrvrCert]",
)
HOST_ID = (
    "ERR VPNC: third level wildcards are not allowed, stopping checks on host=(test.vpn.com) and dns=(*.vpn.com)",
    "ERR VPNC: hostIDCheck failed!!",
    "NOT VPNC: set_login_state: VPNC : 1 (LoggingIn) --> 3 (LoginFailed)",
)
GOOD = "NOT VPNC: set_login_state: VPNC : 1 (LoggingIn) --> 2 (LoggedIn)"
TRYING = "NOT VPNC: set_login_state: VPNC : 0 (Idle) --> 1 (LoggingIn)"
FAILED = "NOT VPNC: set_login_state: VPNC : 1 (LoggingIn) --> 3 (LoginFailed)"
LOST = msgspec.structs.replace(LOGS[0], failure=Failure(kind=FailureKind.SERVER_ERROR, code=404, detail="HTTP 404"))
NODE = TvsServer(address="10.1.1.6")
CUCM = CallManager(process_node_name="cucm.example.com")
UNNAMED = {"config": None, "stages": stages("phone-web", config=("skipped", "neither --config nor --tftp given"))}


def networked(**fields: str) -> Evidence:
    return seeing(network=NETWORK | fields)


def served_by(host: str, *addresses: str, failure: Failure | None = None) -> dict[str, TftpServer]:
    endpoint = Endpoint(host, 69)
    return {"tftp_server": TftpServer(origin="option", endpoint=endpoint, addresses=addresses, failure=failure)}


def compared(pages: Evidence, **config: object) -> Evidence:
    return msgspec.structs.replace(pages, **configured(**config))


def pinned_leaf() -> Evidence:
    pins = (CertHashText(2, base64.b64encode(bytes.fromhex(LEAF)).decode()),)
    config = reading(msgspec.structs.replace(CONFIG, vpn_group=msgspec.structs.replace(GROUP, cert_hashes=pins)))
    return msgspec.structs.replace(logged(*NOT_TRUSTED), config=config)


ROWS = (
    Row("WEB006", "the one", web_run(), "pass", "it uses 10.1.1.5 (from DHCP)"),
    Row("WEB006", "second", networked(tftp_server_1="10.9.9.9", tftp_server_2="10.1.1.5"), "pass"),
    Row("WEB006", "alternate on, right", networked(alternate_tftp="Yes"), "pass", "Alternate TFTP is on"),
    Row("WEB006", "by name", msgspec.structs.replace(networked(), **served_by("cucm", "10.1.1.5")), "pass"),
    Row(
        "WEB006",
        "short name",
        msgspec.structs.replace(networked(tftp_server_1="CUCM"), **served_by("cucm.example.com", "10.1.1.5")),
        "pass",
    ),
    Row(
        "WEB006", "other", networked(tftp_server_1="192.168.1.1"), "fail", "asks 192.168.1.1 (from DHCP), not 10.1.1.5"
    ),
    Row("WEB006", "other node", compared(networked(tftp_server_1="10.1.1.6"), tvs=(NODE,)), "pass", "same cluster"),
    Row("WEB006", "other cluster", compared(networked(tftp_server_1="10.9.9.9"), tvs=(NODE,)), "fail", "asks 10.9.9.9"),
    Row("WEB006", "alternate", networked(tftp_server_1="10.9.9.9", alternate_tftp="Yes"), "fail", "DHCP's is not used"),
    Row("WEB006", "none", networked(tftp_server_1="0.0.0.0"), "fail", "no TFTP server"),
    Row(
        "WEB006", "nothing named", msgspec.structs.replace(web_run(), tftp_server=None), "not-applicable", "name CUCM's"
    ),
    Row("WEB006", "a name", networked(tftp_server_1="tftp.example.com"), "inconclusive", "is not known"),
    Row(
        "WEB006",
        "cannot be looked up",
        msgspec.structs.replace(web_run(), **served_by("cucm", failure=Failure(kind=FailureKind.NAME_NOT_FOUND))),
        "inconclusive",
        "cannot be compared",
    ),
    Row("WEB006", "no such row", seeing(network={"dhcp": "Yes"}), "inconclusive", "in known words"),
    Row("WEB006", "page lost", seeing(network={}, pages=with_page("network", status=404)), "inconclusive", "HTTP 404"),
    Row("WEB007", "good", web_run(), "pass", "SEP8CB64F576113.cnf.xml.sgn"),
    Row(
        "WEB007",
        "healed",
        messaged("TFTP Timeout : x", "Trust List Updated", "SEP8CB64F576113.cnf.xml"),
        "pass",
        "1 failure",
    ),
    Row("WEB007", "trust list", messaged("Trust List Update Failed"), "fail", "Trust List Update Failed"),
    Row("WEB007", "time-out", messaged("Trust List Updated", "TFTP Timeout : a", "TFTP Timeout : a"), "fail", "2 such"),
    Row("WEB007", "error", messaged("SEP8CB64F576113.cnf.xml.sgn", "TFTP Error : SEP8CB64F576113.cnf.xml.sgn"), "fail"),
    Row("WEB007", "first boot", messaged("CTL and ITL installed"), "pass", "CTL and ITL installed"),
    Row("WEB007", "no list", messaged("No Trust List installed", "SEP8CB64F576113.cnf.xml"), "pass", "cnf.xml"),
    Row("WEB007", "no list alone", messaged("No Trust List installed"), "inconclusive", "it has no trust list"),
    Row("WEB007", "refused", messaged("invalid file SEP8CB64F576113.cnf.xml.sgn, authenticated fail."), "fail"),
    Row(
        "WEB007",
        "no ring tones",
        messaged("SEP8CB64F576113.cnf.xml.sgn", "TFTP Error : DistinctiveRingList.xml", "TFTP Timeout : g3-tones.xml"),
        "pass",
        "cnf.xml.sgn",
    ),
    Row("WEB007", "list not there", messaged("TFTP Timeout : ITLSEP8CB64F576113.tlv"), "fail", "ITLSEP"),
    Row("WEB007", "foreign", messaged("Liste de confiance"), "inconclusive", "none in known words"),
    Row(
        "WEB007",
        "none",
        seeing(messages=(), pages=with_page("status-messages", recognised=0)),
        "inconclusive",
        "nothing on",
    ),
    Row("WEB007", "no page", seeing(messages=(), pages=PAGES[:2]), "not-applicable", "no known status page"),
    Row("WEB008", "five", web_run(), "pass", "5 logs, oldest first, 45 records"),
    Row("WEB008", "four", seeing(logs=LOGS[1:]), "pass", "where 5 are usual"),
    Row("WEB008", "lost", seeing(logs=(LOST, *LOGS[1:])), "fail", "1 of 5 logs not read whole: /FS/cache/log178"),
    Row(
        "WEB008",
        "another form",
        seeing(logs=(msgspec.structs.replace(LOGS[0], records=0),)),
        "inconclusive",
        "no line of them",
    ),
    Row("WEB009", "logged in", web_run(), "pass", "state LoggedIn"),
    Row("WEB009", "failed before", logged(*NOT_TRUSTED, GOOD), "pass", "LoggedIn"),
    Row("WEB009", "not trusted", logged(*NOT_TRUSTED), "fail", "Eom4p6qf/YSGXjiTnzRmphtWCPw="),
    Row("WEB009", "pinned since", pinned_leaf(), "fail", "The configuration has it as certHash2"),
    Row("WEB009", "without hash", logged(*NOT_TRUSTED[2:3]), "fail", "no certHash of the phone"),
    Row("WEB009", "host ID", logged(*HOST_ID), "fail", "test.vpn.com against *.vpn.com"),
    Row("WEB009", "why is not said", logged(FAILED), "fail", "no record says why"),
    Row("WEB009", "under way", logged(FAILED, TRYING), "inconclusive", "has not ended"),
    Row("WEB009", "none", logged("NOT VPNC: idle"), "not-applicable", "no login"),
    Row(
        "WEB009",
        "unreadable",
        seeing(logs=(msgspec.structs.replace(LOGS[0], records=0),)),
        "inconclusive",
        "no record of the logs",
    ),
    Row("WEB009", "no logs", seeing(logs=(), pages=PAGES[:2]), "not-applicable", "no known list"),
    Row("WEB010", "in use", web_run(), "pass", "load SIP42.9-4-2SR3-1S, web access enabled"),
    Row("WEB010", "by name", compared(web_run(), call_managers=(CUCM,)), "pass", "first CUCM cucm.example.com"),
    Row(
        "WEB010",
        "by version",
        compared(web_run(), load_information="SIP42.9-4-2SR1S"),
        "pass",
        "running SIP42.9-4-2SR3",
    ),
    Row("WEB010", "other load", compared(web_run(), load_information="SIP42.9-3-1S"), "fail", "is to be SIP42.9-3-1S"),
    Row("WEB010", "web access", compared(web_run(), web_access=1), "fail", "is to be off"),
    Row(
        "WEB010",
        "other CUCM",
        compared(networked(cucm_1="10.1.1.9 Active"), call_managers=(CallManager(name="10.1.1.5"),)),
        "fail",
        "is to be 10.1.1.5, the phone has 10.1.1.9",
    ),
    Row(
        "WEB010",
        "name and address",
        compared(networked(cucm_1="10.1.1.9"), call_managers=(CUCM,)),
        "pass",
        "web access enabled",
    ),
    Row("WEB010", "encrypted", compared(web_run(), kind=ConfigKind.ENCRYPTED), "inconclusive", "not in clear"),
    Row(
        "WEB010",
        "nothing in common",
        compared(seeing(device={"model": DEVICE["model"]}), web_access=None),
        "inconclusive",
        "anything to compare",
    ),
    Row("WEB010", "nothing named", web_run(**UNNAMED), "not-applicable", "neither --config nor --tftp"),
    Row(
        "WEB010",
        "unreadable",
        web_run(config=reading(None, problem="no XML")),
        "fail",
        "could not be read, so nothing was compared: no XML",
    ),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_checks(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Trust List Updated", "trust-list-good"),
        ("Trust List Update Failed", "trust-list-bad"),
        ("No Trust List Installed", "no-list"),
        ("SEP8CB64F576113.cnf.xml.sgn", "config-good"),
        ("XmlDefault.cnf.xml", "config-good"),
        ("TFTP Error : SEP8CB64F578B2C.cnf.xml.sgn", "config-error"),
        ("TFTP Access Error", "config-error"),
        ("TFTP Timeout : SEP8CB64F578B2C.cnf.xml.sgn", "config-timeout"),
        ("Restart requested by Cisco Unified Communications Manager", None),
        ("TFTP Server 1", None),
    ],
)
def test_meaning(text: str, meaning: Meaning | None) -> None:
    assert meaning_of(StatusMessage(text=text)) == meaning


def test_the_sequence_of_a_failed_login_is_one_attempt() -> None:
    attempt = last_attempt(NOT_TRUSTED)
    assert attempt is not None
    assert attempt.leaf_sha1 == LEAF
    assert attempt.notify == "37 SslAlertSrvrCert"
    assert len(attempt.lines) == len(NOT_TRUSTED)


def test_the_last_attempt_counts() -> None:
    attempt = last_attempt((*HOST_ID, *NOT_TRUSTED))
    assert attempt is not None
    assert not attempt.is_host_id
    assert attempt.is_not_trusted


def test_the_guide_names_the_hash_and_the_url() -> None:
    found = Row("WEB009", "", logged(*NOT_TRUSTED), "fail").judge()
    assert f"SECD: Leaf cert hash = {LEAF}" in found.logs.phone
    assert any("https://vpn.example.com/VPNPhone" in command for command in found.next)
