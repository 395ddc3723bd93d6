"""One line for each stage of a run over a phone's own pages, and the answer. Describes, judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus

from vpnprobe.model.evidence import Evidence, StageName
from vpnprobe.model.finding import Finding, Report
from vpnprobe.model.phoneweb import PhoneWeb
from vpnprobe.pki.certificate import describe
from vpnprobe.render.escape import printable
from vpnprobe.render.failure_words import describe_failure

_MAX_SHOWN = 5  # of several things of one kind in one sentence


def describe_phone_web_stage(evidence: Evidence, stage: StageName) -> str:
    """Return one sentence about what this stage saw; empty where it saw nothing."""
    seen = evidence.phone_web
    return "" if seen is None else _DESCRIBE[stage](evidence, seen)


def phone_web_answer(report: Report, first: Finding | None) -> str:
    """Return the answer in one sentence; `first` is the finding to act on."""
    if report.verdict == "inconclusive":
        return "NOT KNOWN. Not everything on the phone's pages could be read or recognised."
    if report.verdict == "fail":
        told = _ANSWERS.get(first.id) if first is not None else None
        return f"NO. {told or 'The phone itself tells of a fault'}."
    compared = report.evidence.config is not None and report.evidence.config.config is not None
    good = "the phone's pages tell of no fault" + (" and agree with its configuration" if compared else "")
    if report.verdict == "warn":
        return "YES, the phone's pages tell of nothing that stops it, but something needs attention."
    return f"YES, {good}."


_ANSWERS: dict[str, str] = {
    "WEB001": "The phone's pages cannot be read",
    "WEB002": "What answers is no phone that is known",
    "WEB004": "These are the pages of another phone",
    "WEB006": "The phone does not ask CUCM's TFTP server",
    "WEB007": "The phone did not take its files",
    "WEB009": "The phone's log tells of a login to the VPN that failed",
}


def _resolve(evidence: Evidence, _seen: PhoneWeb) -> str:
    resolution = evidence.resolution
    if resolution is None:
        return ""
    name = printable(resolution.name, 60)
    if resolution.failure is not None and not resolution.addresses:
        return f"{name}: {describe_failure(resolution.failure)}"
    if resolution.source == "literal":
        return f"{name} is an address, no DNS needed"
    return f"{name} is {', '.join(resolution.addresses)}"


def _pages(evidence: Evidence, seen: PhoneWeb) -> str:
    if seen.layout is None:
        return _unread(seen)
    device, network = seen.device, seen.network
    parts = [" ".join(part for part in (device.get("model"), device.get("host_name"), device.get("version")) if part)]
    servers = [network[key] for key in ("tftp_server_1", "tftp_server_2") if network.get(key)]
    if servers:
        alternate = network.get("alternate_tftp")
        parts.append(f"TFTP {', '.join(servers)}" + (f" (alternate: {alternate})" if alternate else ""))
    parts += [f"{key.replace('_', ' ')} {value}" for key, value in network.items() if "vpn" in key]
    if seen.messages:
        last = seen.messages[-1]
        parts.append(f"last message: {last.time + ' ' if last.time else ''}{last.text}")
    if seen.leaf is not None and seen.leaf in evidence.certificates:
        subject = describe(evidence.certificates[seen.leaf]).subject or "unreadable"
        parts.append(f"certificate {subject}, not verified")
    return "; ".join(printable(part, 160) for part in parts if part)


def _unread(seen: PhoneWeb) -> str:
    if not seen.pages:
        return ""
    last = seen.pages[-1]
    if last.status is None:
        return f"{seen.server}: {describe_failure(last.failure) if last.failure else 'no answer'}"
    title = f', calls itself "{printable(seen.title, 60)}"' if seen.title else ""
    return f"{seen.server}: HTTP {last.status}, no page of a known phone{title}"


def _console_logs(_evidence: Evidence, seen: PhoneWeb) -> str:
    if not seen.logs:
        index = next((page for page in seen.pages if page.name == "console-logs"), None)
        if index is None:
            return ""
        if index.failure is not None:
            return describe_failure(index.failure)
        return "no log is offered" if index.status == HTTPStatus.OK else f"HTTP {index.status}"
    names = [log.name.rpartition("/")[2] for log in seen.logs]
    lost = sum(1 for log in seen.logs if log.failure is not None)
    events = sum(len(log.events) for log in seen.logs)
    records = sum(log.records for log in seen.logs)
    missing = f", {lost} not read whole" if lost else ""
    return f"{_listed(names)}{missing}: {records:,} records, {events:,} of VPN or trust lists"


def _config(evidence: Evidence, _seen: PhoneWeb) -> str:
    reading = evidence.config
    if reading is None:
        return ""
    if reading.config is None:
        return printable(reading.problem or "", 100)
    load = f", load {reading.config.load_information}" if reading.config.load_information else ""
    server = f" from {reading.server}" if reading.server else ""
    return printable(f"{reading.file}{server}, {reading.config.kind.value}{load}", 160)


def _listed(texts: Iterable[str]) -> str:
    items = [printable(text, 40) for text in texts]
    more = f" and {len(items) - _MAX_SHOWN} more" if len(items) > _MAX_SHOWN else ""
    return ", ".join(items[:_MAX_SHOWN]) + more


_DESCRIBE: dict[StageName, Callable[[Evidence, PhoneWeb], str]] = {
    "resolve": _resolve,
    "pages": _pages,
    "console-logs": _console_logs,
    "config": _config,
}
