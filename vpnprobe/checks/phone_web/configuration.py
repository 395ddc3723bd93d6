"""Check whether the phone runs with the configuration that CUCM has for it."""

from __future__ import annotations

import re
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.phone_web import needs
from vpnprobe.checks.phone_web.identity import version_of
from vpnprobe.checks.wording import listing
from vpnprobe.model.config import ConfigKind, PhoneConfig
from vpnprobe.model.phoneweb import PhoneWeb
from vpnprobe.phoneconfig.meaning import meaning


def _judge_in_use(_case: Case, known: tuple[PhoneWeb, PhoneConfig | needs.NotRead]) -> Result:
    seen, config = known
    if isinstance(config, needs.NotRead):
        return failed(f"its configuration could not be read, so nothing was compared: {config.why}", "unread")
    if config.kind is not ConfigKind.FULL:
        return unclear("the configuration is not in clear, so there is nothing to compare")
    compared = [
        one for one in (_load(seen, config), _web_access(config), _call_manager(seen, config)) if one is not None
    ]
    differing = [words for is_same, words in compared if not is_same]
    if differing:
        return failed("; ".join(differing), differences=differing)
    if not compared:
        return unclear("neither the pages nor the configuration have anything to compare")
    return passed(listing(words for _, words in compared))


def _load(seen: PhoneWeb, config: PhoneConfig) -> tuple[bool, str] | None:
    running = [text for key in ("version", "app_load") if (text := seen.device.get(key))]
    wanted = config.load_information
    if not running or not wanted:
        return None
    if any(_bare(text) == _bare(wanted) for text in running):
        return True, f"load {wanted}"
    versions = {version for text in running if (version := version_of(text)) is not None}
    if version_of(wanted) in versions:
        return True, f"load {wanted}, running {running[0]}"
    return False, f"the load is to be {wanted}, running is {running[0]}"


def _web_access(config: PhoneConfig) -> tuple[bool, str] | None:
    setting = meaning("web_access", config.web_access)
    if setting is None:
        return None
    if setting == "disabled":
        return False, "web access is to be off (webAccess 1), and the pages are served"
    return True, f"web access {setting}"


def _call_manager(seen: PhoneWeb, config: PhoneConfig) -> tuple[bool, str] | None:
    shown = [_host(text) for number in range(1, 6) if (text := seen.network.get(f"cucm_{number}", "").strip())]
    wanted = [_host(name) for one in config.call_managers if (name := one.process_node_name or one.name)]
    if not shown or not wanted:
        return None
    first, name = shown[0], wanted[0]
    # A name against an address says nothing: nobody looks it up here.
    if _is_address(first) != _is_address(name):
        return None
    if first == name or (not _is_address(name) and first.partition(".")[0] == name.partition(".")[0]):
        return True, f"first CUCM {name}"
    return False, f"the first CUCM is to be {name}, the phone has {first}"


def _bare(load: str) -> str:
    return re.sub(r"\.loads$", "", load.strip().lower())


def _host(text: str) -> str:
    return text.split()[0].lower().rstrip(".") if text.split() else ""


def _is_address(text: str) -> bool:
    return ":" in text or text.replace(".", "").isdigit()


WEB010 = Check(
    id="WEB010",
    slug="configuration-in-use",
    title="The phone runs with the configuration that CUCM has for it",
    stage="config",
    severity="warning",
    probes=("phone-web",),
    subjects=needs.phone,
    needs=needs.layout & needs.config,
    judge=_judge_in_use,
    rationale="A phone that cannot reach its TFTP server keeps an older configuration: then the VPN settings that CUCM "
    "shows are not those that the phone dials with.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Device > Phone > {device}: Save, Apply Config, and watch the status messages of the phone (WEB007).
                """,
            ),
        ),
        next=("vpnprobe phone-web {gateway} --tftp {tftp_server}",),
    ),
    variants={
        "unread": Guide(
            fix=(fix("vpnprobe", "Name the TFTP server that has this phone's file, or give the file: --config FILE."),),
            next=("vpnprobe config {device} --tftp {tftp_server}",),
        )
    },
)

CHECKS: Final = (WEB010,)
