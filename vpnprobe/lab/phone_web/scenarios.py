"""The catalogue of phone-web scenarios: pure data."""

from __future__ import annotations

import functools

from vpnprobe.lab.phone_web.scenario import (
    GOOD_LOGIN,
    GOOD_MESSAGES,
    OTHER_MAC,
    Configuration,
    Options,
    Phone,
    PhoneWebScenario,
)

_HASH_MISMATCH = (
    "NOT VPNC: ssl_state_cb: TLSv1: SSL_connect: before/connect initialization",
    "NOT VPNC: ssl_state_cb: TLSv1: SSL_connect: SSLv3 read server hello A",
    "NOT VPNC: cert_vfy_cb: depth:1 of 1, subject:\n</CN=10.198.16.140/unstructuredName=10.198.16.140>",
    "NOT VPNC: cert_vfy_cb: depth:1 of 1, pre_err: 18 (self signed certificate)",
    "NOT SECD: Leaf cert hash = 1289B8A7AA9FFD84865E38939F3466A61B5608FC",
    "ERR SECD: EROR:secLoadFile: file not found </tmp/issuer.crt>",
    "ERR VPNC: VPN cert chain verification failed, issuer certificate not found\nand leaf not trusted",
    "ERR VPNC: ssl_state_cb: TLSv1: write: alert: fatal:\nunknown CA",
    "ERR VPNC: alert_err: SSL write alert: code 48, unknown CA",
    "NOT VPNC: set_login_state: VPNC : 1 (LoggingIn) --> 3\n(LoginFailed)",
    "NOT VPNC: vpnc_send_notify: notify code: 37\n[SslAlertSrvrCert]",
    "ERR VPNC: protocol_handler: login failed",
)
_HOST_ID = (
    "NOT VPNC: DNS has wildcard, starting checks...",
    (
        "ERR VPNC: Generic third level wildcards are not allowed,\n"
        "stopping checks on host=(test.vpn.com) and dns=(*.vpn.com)"
    ),
    "NOT VPNC: hostID not found in subjectAltNames",
    "NOT VPNC: hostID not found in subject name",
    "ERR VPNC: hostIDCheck failed!!",
    "NOT VPNC: set_login_state: VPNC : 1 (LoggingIn) --> 3 (LoginFailed)",
)
_UNEXPLAINED = (
    "NOT VPNC: ssl_state_cb: TLSv1: SSL_connect: before/connect initialization",
    "NOT VPNC: set_login_state: VPNC : 1 (LoggingIn) --> 3 (LoginFailed)",
)
_8845 = Phone(model="CP-8845", version="sip8845_65.14-3-1-0201-246")
_NO_FILES = ("11:51:10 Trust List Updated", "11:54:10 TFTP Timeout : {device}.cnf.xml.sgn")


@functools.cache
def phone_web_scenarios() -> tuple[PhoneWebScenario, ...]:
    """Return every scenario: the healthy ones first, then faults in the order in which they are met."""
    return (*_HEALTHY, *_UNREADABLE, *_FAULTS, *_HOSTILE)


_HEALTHY = (
    PhoneWebScenario(
        name="phone-web-healthy",
        title="A 7962G whose pages and logs are as they ought to be",
        story=(
            "Web access is on; the pages agree with what CUCM has for the phone.",
            "Five log files are read from the oldest to the newest.",
        ),
        covers=("VP-33", "VP-38", "VP-39"),
    ),
    PhoneWebScenario(
        name="phone-web-healthy-8845",
        title="An 8845 over HTTPS, with logs of the newer form",
        story=(
            "Its certificate is shown and not verified.",
            "The logs are messages, messages.0 and so on; the one with the highest number is the oldest.",
        ),
        phone=Phone(model=_8845.model, version=_8845.version, https=True),
    ),
    PhoneWebScenario(
        name="phone-web-healthy-alone",
        title="Nothing to compare the pages with",
        story=(
            "Neither a MAC address nor a configuration is given.",
            "The pages are shown; what they say of themselves is judged.",
        ),
        options=Options(config="none", mac=False),
    ),
    PhoneWebScenario(
        name="phone-web-healed",
        title="Old failures that were healed since",
        story=(
            "The status page begins with time-outs, and ends with an updated trust list and a configuration.",
            "A login failed, and a later one did not. What was said last counts.",
        ),
        covers=("VP-39",),
        phone=Phone(messages=(*_NO_FILES, *GOOD_MESSAGES), log=(*_HASH_MISMATCH, *GOOD_LOGIN)),
    ),
)

_UNREADABLE = (
    PhoneWebScenario(
        name="phone-web-off",
        title="Web access is off",
        story=(
            "The phone refuses connections to its web port.",
            "CUCM's Web Access switches it on.",
        ),
        covers=("VP-33",),
        phone=Phone(listens="refuses"),
        options=Options(config="file"),
        configuration=Configuration(web_access="1"),
        expect_fail=frozenset({"WEB001"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-forbidden",
        title="The phone shows its pages to nobody",
        story=("Every page is answered with 403.", "One answer is enough; the other paths are not tried."),
        covers=("VP-33",),
        phone=Phone(listens="forbids"),
        expect_fail=frozenset({"WEB001"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-login",
        title="The phone asks for a user",
        story=("Every page is answered with 401.", "No password is sent."),
        covers=("VP-33",),
        phone=Phone(listens="asks-for-login"),
        expect_fail=frozenset({"WEB001"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-filtered",
        title="A filter between here and the phone",
        story=("Connections to the phone time out.", "That says nothing about its web access."),
        covers=("VP-33",),
        phone=Phone(listens="filtered"),
        expect_fail=frozenset({"WEB001"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-https-only",
        title="The pages are served over HTTPS only",
        story=("Every page leads to https.", "Redirects to another place are told and not followed."),
        covers=("VP-33",),
        phone=Phone(listens="redirects"),
        expect_fail=frozenset({"WEB001"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-other-vendor",
        title="The address is that of another maker's device",
        story=("A NetWidget 3000 answers.", "No path of any phone is there, and its front page is not a phone's."),
        phone=Phone(listens="other-vendor"),
        expect_fail=frozenset({"WEB002"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-japanese",
        title="A phone with another locale",
        story=(
            "The labels are Japanese; the heading names model and device all the same.",
            "Which value is which is not guessed.",
        ),
        phone=Phone(labels="japanese", messages=("11:09:29 信頼リストを更新しました",)),
        expect_verdict="inconclusive",
    ),
)

_FAULTS = (
    PhoneWebScenario(
        name="phone-web-other-phone",
        title="The address belongs to another phone by now",
        story=("DHCP has given the address to another phone.", "Its pages are healthy, and not those that were meant."),
        phone=Phone(mac=OTHER_MAC),
        expect_fail=frozenset({"WEB004"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-other-model",
        title="The phone is of another model than it is said to be",
        story=("The operator says 7962G, the pages say 7975G.", "Each would dial with a hello of its own."),
        phone=Phone(model="CP-7975G", version="SIP75.9-4-2SR3-1S"),
        options=Options(model=True),
        expect_fail=frozenset({"WEB004"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-old-firmware",
        title="Firmware without a VPN client",
        story=("The phone runs 8.5(3).", "VPN came with 9.0(2)."),
        phone=Phone(version="SIP42.8-5-3S"),
        expect_fail=frozenset({"WEB005"}),
        expect_verdict="warn",
    ),
    PhoneWebScenario(
        name="phone-web-no-vpn-phone",
        title="A model that is no VPN phone",
        story=("The pages are those of a 7960G.", "No source names it among the VPN phones, and it has no MIC."),
        phone=Phone(model="CP-7960G", version="P0030801SR02"),
        expect_fail=frozenset({"WEB005"}),
        expect_verdict="warn",
    ),
    PhoneWebScenario(
        name="phone-web-other-tftp",
        title="The home router names itself as TFTP server",
        story=("The phone has its TFTP server from somebody else's DHCP.", "CUCM's new configurations never arrive."),
        covers=("VP-38",),
        phone=Phone(tftp=("192.168.1.1",)),
        expect_fail=frozenset({"WEB006"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-alternate-tftp",
        title="An alternate TFTP server of an earlier cluster",
        story=("Alternate TFTP is on, so DHCP's option 150 is not used.", "The server set by hand is an old one."),
        covers=("VP-38",),
        phone=Phone(tftp=("10.99.0.5", "10.99.0.6"), alternate_tftp="Yes"),
        expect_fail=frozenset({"WEB006"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-no-tftp",
        title="The phone has no TFTP server",
        story=("DHCP gives neither option 150 nor option 66.", "The network page shows 0.0.0.0."),
        covers=("VP-38",),
        phone=Phone(tftp=("0.0.0.0",)),
        expect_fail=frozenset({"WEB006"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-trust-list-failed",
        title="The phone refuses the new trust list",
        story=("It is signed by a cluster that the phone's own list does not know.", "The screen says so each time."),
        covers=("VP-39",),
        phone=Phone(messages=("11:09:29 {device}.cnf.xml.sgn", "11:51:10 Trust List Update Failed")),
        expect_fail=frozenset({"WEB007"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-tftp-timeout",
        title="The TFTP server does not answer the phone",
        story=("It answers here, and not where the phone is.", "The screen says TFTP Timeout."),
        covers=("VP-39",),
        phone=Phone(messages=_NO_FILES),
        expect_fail=frozenset({"WEB007"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-tftp-error",
        title="The TFTP server answers the phone with an error",
        story=("Its signed configuration is not there.", "The screen says TFTP Error."),
        covers=("VP-39",),
        phone=Phone(messages=(*GOOD_MESSAGES, "11:58:00 TFTP Error : {device}.cnf.xml.sgn")),
        expect_fail=frozenset({"WEB007"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-log-lost",
        title="One of the five logs is gone",
        story=("The phone has moved on to the next file while they were read.", "What stood in it is not known."),
        covers=("VP-33",),
        phone=Phone(lost_log=True),
        expect_fail=frozenset({"WEB008"}),
        expect_verdict="warn",
    ),
    PhoneWebScenario(
        name="phone-web-log-hash-mismatch",
        title="The log tells of a certificate that no certHash names",
        story=(
            "The gateway's certificate was replaced; the phone hangs up with alert 48.",
            "The log has the SHA-1 of what it saw. Long records go on over several lines.",
        ),
        covers=("VP-35",),
        phone=Phone(log=_HASH_MISMATCH),
        expect_fail=frozenset({"WEB009"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-log-host-id",
        title="The log tells of a host-ID check that failed",
        story=(
            "The gateway's certificate is for *.vpn.com, the URL for test.vpn.com.",
            "Phones take no such wildcard.",
        ),
        covers=("VP-32",),
        phone=Phone(log=_HOST_ID),
        expect_fail=frozenset({"WEB009"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-log-unexplained",
        title="The log tells of a failed login, and not why",
        story=("No record of a known form says what went wrong.", "vpnprobe phone finds out."),
        phone=Phone(log=_UNEXPLAINED),
        expect_fail=frozenset({"WEB009"}),
        expect_verdict="fail",
    ),
    PhoneWebScenario(
        name="phone-web-old-configuration",
        title="The phone runs with an older configuration",
        story=(
            "CUCM has another load and another CUCM group for it, and would have its web access off.",
            "The phone has fetched nothing of that.",
        ),
        phone=Phone(cucm="old-cucm.lab.example"),
        configuration=Configuration(load="SIP42.9-4-2SR4-1S", web_access="1"),
        expect_fail=frozenset({"WEB010"}),
        expect_verdict="warn",
    ),
)

_HOSTILE = (
    PhoneWebScenario(
        name="phone-web-scripts",
        title="A page full of scripts",
        story=("Scripts hold text that looks like rows of the table.", "Nothing in them is read or run."),
        phone=Phone(page="script"),
    ),
    PhoneWebScenario(
        name="phone-web-control-characters",
        title="A page full of control characters",
        story=("Escape sequences stand in values and beside them.", "None of them reaches the terminal."),
        phone=Phone(page="control"),
    ),
    PhoneWebScenario(
        name="phone-web-wrong-charset",
        title="A page in another charset than it says",
        story=("The header says UTF-8, the bytes are Latin-1.", "What has no meaning is replaced; the rest is read."),
        phone=Phone(page="wrong-charset"),
    ),
    PhoneWebScenario(
        name="phone-web-long-page",
        title="A network page of 10 MB",
        story=("Its first part is a healthy page.", "Reading ends at the cap; what came is read."),
        phone=Phone(page="long"),
        expect_fail=frozenset({"WEB003"}),
        expect_verdict="warn",
    ),
    PhoneWebScenario(
        name="phone-web-endless-page",
        title="A network page without end",
        story=("Rows of a table follow rows, for ever.", "Reading ends at the cap; the other pages are read."),
        phone=Phone(page="endless"),
        expect_fail=frozenset({"WEB003"}),
        expect_verdict="inconclusive",
    ),
)
