"""One phone-web scenario as plain values: the phone, how its web server behaves, the alarms that are due."""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.lab.scenario import OTHER_MAC, PHONE_MAC
from vpnprobe.model.finding import Verdict

__all__ = ["OTHER_MAC", "PHONE_MAC", "Configuration", "Options", "Phone", "PhoneWebScenario"]

GOOD_MESSAGES = ("11:09:29 Trust List Updated", "11:09:29 {device}.cnf.xml.sgn")
GOOD_LOGIN = (
    "NOT VPNC: vpn_set_active: de-activated -> activated",
    "NOT VPNC: set_login_state: VPNC : 1 (LoggingIn) --> 2 (LoggedIn)",
)


class Phone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A phone and its pages.

    `listens` other than "serves" replaces the web server, or its answers, by ones that fail in this way; "redirects"
    leads every page to HTTPS. `labels` are those of the pages' own language. `tftp` are the servers of the network
    page, where `{tftp}` stands for the lab's. `messages` are the lines of the status page. `log` is what the newest log
    ends with, without numbers and times; `lost_log` is one that is offered and not there. Of `page`, "script" has the
    device page full of scripts, "control" of control characters, "long" and "endless" concern the network page.
    """

    model: str = "CP-7962G"
    mac: str = PHONE_MAC
    version: str = "SIP42.9-4-2SR3-1S"
    listens: Literal[
        "serves", "refuses", "filtered", "silent", "closes", "redirects", "forbids", "asks-for-login", "other-vendor"
    ] = "serves"
    https: bool = False
    labels: Literal["english", "japanese"] = "english"
    alternate_tftp: str = "No"
    tftp: tuple[str, ...] = ("{tftp}",)
    cucm: str = "cucm.lab.example"
    messages: tuple[str, ...] = GOOD_MESSAGES
    log: tuple[str, ...] = GOOD_LOGIN
    lost_log: bool = False
    page: Literal["plain", "script", "control", "wrong-charset", "long", "endless"] = "plain"


class Configuration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What CUCM has for the phone; `load` None means the one that it runs."""

    load: str | None = None
    web_access: str = "0"


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the probe is run with: the configuration as a file, by TFTP, or none."""

    config: Literal["tftp", "file", "none"] = "tftp"
    mac: bool = True
    model: bool = False


class PhoneWebScenario(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One named phone. `expect_fail` are exactly the check ids that must alarm; `covers` VP rows."""

    name: str
    title: str
    story: tuple[str, str]
    covers: tuple[str, ...] = ()
    phone: Phone = Phone()
    configuration: Configuration = Configuration()
    options: Options = Options()
    expect_fail: frozenset[str] = frozenset()
    expect_verdict: Verdict = "pass"

    @property
    def kind(self) -> Literal["phone-web"]:
        """What is probed."""
        return "phone-web"
