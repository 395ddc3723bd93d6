"""Checks of who the phone is: the one that was meant, with firmware that has a VPN client."""

from __future__ import annotations

import re
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.phone_web import needs
from vpnprobe.checks.wording import listing
from vpnprobe.model.errors import UsageError
from vpnprobe.model.finding import Fact
from vpnprobe.model.target import device_name, parse_mac
from vpnprobe.phones import load_profile, reason_without_vpn

_CONFIG_NAME: Final = re.compile(r"(SEP[0-9A-F]{12})\.cnf\.xml", re.IGNORECASE)


def page_device(device: dict[str, str]) -> str | None:
    """Return the device name that the pages give, by host name or by MAC address."""
    name = device.get("host_name", "").upper()
    if re.fullmatch(r"SEP[0-9A-F]{12}", name):
        return name
    try:
        return device_name(parse_mac(device.get("mac", "")))
    except UsageError:
        return None


def _judge_same(case: Case, device: dict[str, str]) -> Result:
    persona, reading = case.evidence.persona, case.evidence.config
    own = page_device(device)
    model = device.get("model")
    file = _CONFIG_NAME.search(reading.file or "") if reading is not None else None
    named = {"--mac": persona.device, "the configuration file": file[1].upper() if file else None}
    facts: dict[str, Fact] = {"page_device": own, "page_model": model}
    if own is None:
        return unclear("the pages name no device", **facts)
    others = [f"{who} is {device}" for who, device in named.items() if device not in (None, own)]
    if persona.chosen and persona.model and model and _bare(model) != _bare(persona.model):
        others.append(f"--model is {persona.model}")
    if others:
        return failed(f"these are the pages of {own} ({model or 'model not named'}), but {listing(others)}", **facts)
    if not persona.chosen and not any(named.values()):
        return not_applicable(
            f"the pages of {own} ({model or 'model not named'}); no phone was named to compare", **facts
        )
    return passed(f"the pages of {own} ({model or 'model not named'})", **facts)


def _bare(model: str) -> str:
    return re.sub(r"\D", "", model)[:4]


WEB004 = Check(
    id="WEB004",
    slug="same-phone",
    title="The pages are those of the phone that was meant",
    stage="pages",
    severity="critical",
    probes=("phone-web",),
    subjects=needs.phone,
    needs=needs.device,
    judge=_judge_same,
    rationale="Addresses are handed out anew. Pages of another phone say nothing of this one.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Device > Phone: find the phone by its name; its address is beside it. Ask that one.
                """,
            ),
        ),
        next=("vpnprobe phone-web <address> --mac {mac}",),
    ),
)

_VERSION: Final = re.compile(r"(?<!\d)(\d{1,2})[.-](\d{1,2})(?:\((\d{1,2})|-(\d{1,2}))")


def version_of(text: str) -> tuple[int, int, int] | None:
    """Return major, minor and maintenance number of `9.4(2)SR3` or of a load such as `SIP42.9-4-2SR3-1S`."""
    # What stands before the first dot of a load is its kind: SIP42, sip8845_65.
    load = re.match(r"[A-Za-z][0-9A-Za-z_]*\.(?=\d)", text)
    match = _VERSION.search(text, load.end() if load else 0)
    return None if match is None else (int(match[1]), int(match[2]), int(match[3] or match[4]))


def _judge_firmware(case: Case, device: dict[str, str]) -> Result:
    reason = reason_without_vpn(device.get("model", ""))
    if reason is not None:
        return failed(f"a {device['model']} is no VPN phone: {reason}", "model")
    text = device.get("version") or device.get("app_load")
    if text is None:
        return unclear("the pages name no firmware")
    least = _least(device.get("model"), case.evidence.persona.profile)
    version = version_of(text)
    facts: dict[str, Fact] = {"firmware": text, "least": least}
    if least is None:
        return not_applicable(
            f"firmware {text}; for a {device.get('model', 'phone')} no first one with VPN is known", **facts
        )
    if version is None or (needed := version_of(least)) is None:
        return unclear(
            f"whether firmware {text} of a {device.get('model', 'phone')} has a VPN client is not known", **facts
        )
    if version < needed:
        return failed(f"firmware {text} is older than {least}, the first with a VPN client", **facts)
    return passed(f"firmware {text}, at least {least}", **facts)


def _least(model: str | None, profile: str) -> str | None:
    try:
        return load_profile(model or profile).min_vpn_firmware
    except UsageError:
        return None


WEB005 = Check(
    id="WEB005",
    slug="firmware-has-vpn",
    title="The phone has a VPN client",
    stage="pages",
    severity="warning",
    probes=("phone-web",),
    subjects=needs.phone,
    needs=needs.device,
    judge=_judge_firmware,
    rationale="VPN came to the phones with firmware 9.0(2).",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Cisco Unified OS Administration > Software Upgrades: install a device package of {least} or later, and \
                  restart the TFTP service.
                Device > Phone > {device}: clear Phone Load Name, so that the default load is taken. Reset the phone.
                """,
            ),
        ),
        next=("show version active",),
    ),
    variants={
        "model": Guide(
            fix=(
                fix(
                    "CUCM", "Give the user a phone of another model; its configuration can be moved by Device > Phone."
                ),
            ),
            next=("vpnprobe explain WEB005",),
        )
    },
    references=("Cisco Unified Communications Manager features guide, VPN client",),
)

CHECKS: Final = (WEB004, WEB005)
