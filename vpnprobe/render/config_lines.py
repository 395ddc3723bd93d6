"""One line for each stage of a run over the files that a phone takes, the answer, and the files. Judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vpnprobe.checks.screen import screen_messages
from vpnprobe.model.config import ConfigKind
from vpnprobe.model.evidence import Evidence, StageName
from vpnprobe.model.finding import Finding, Report
from vpnprobe.model.observation import BootFile
from vpnprobe.render.config_view import config_view_lines
from vpnprobe.render.escape import printable
from vpnprobe.render.failure_words import describe_failure
from vpnprobe.render.screen_view import TITLE, screen_lines
from vpnprobe.render.trust_list_view import record_lines, signature_words, trust_list_lines
from vpnprobe.render.wrapping import Line

_MAX_NAMED = 3  # files in one sentence


def describe_config_stage(evidence: Evidence, stage: StageName) -> str:
    """Return one sentence about what this stage saw; empty where it saw nothing."""
    describe = _DESCRIBE.get(stage)
    return "" if describe is None else describe(evidence)


def config_answer(report: Report, first: Finding | None) -> str:
    """Return the answer in one sentence; `first` is the finding to act on."""
    if report.verdict == "inconclusive":
        what = _NOT_SEEN.get(first.stage) if first is not None else None
        return f"NOT KNOWN. {what or 'Something that decides it'} could not be seen."
    if report.verdict == "fail":
        return f"NO. {_STOPS.get(first.id, _STOPPED) if first is not None else _STOPPED}."
    held = any(one.origin == "held" for one in report.evidence.trust_lists)
    whose = "the phone that holds the given list" if held else "a phone that holds this server's list, or none,"
    reading = report.evidence.config
    what = "these files" if reading is not None and reading.origin != "none" else "this list; no configuration is given"
    good = f"YES, {whose} would take {what}"
    return f"{good}, but something needs attention." if report.verdict == "warn" else f"{good}."


_STOPPED = "The phone would not take these files"
# The answer where the id of the cause says more.
_STOPS = {
    "TFT002": "The phone would get no files from this server",
    "TFT003": "The phone would find no configuration at this server",
    "TFT004": "The phone would not get its configuration whole",
    "TFT006": "The phone would refuse the configuration: it is another's",
    "SGN002": "The phone could not read the trust list",
    "SGN003": "The phone would refuse the trust list, which was changed",
    "SGN004": "The phone belongs to another cluster and is locked out of this one",
    "SGN005": "The phone would refuse the new trust list and keep the one that it holds",
    "SGN007": "The phone takes signed files only, and this configuration is not signed",
    "SGN008": "The phone would refuse the configuration, which was changed",
    "SGN009": "The phone would refuse the configuration: it does not trust the signer",
    "CFG001": "The phone could not read the configuration",
}
_NOT_SEEN: dict[StageName, str] = {
    "boot-files": "Which files the server gives",
    "trust-list": "Whether the phone takes the trust list",
    "signature": "Whether the phone trusts the signature of the configuration",
    "tvs": "What TVS says",
    "config": "What the configuration says",
}


def config_sections(evidence: Evidence, *, whole: bool) -> Iterator[tuple[str, list[Line]]]:
    """Yield heading and lines: the phone's screen and the lists, with `whole` every record and the configuration."""
    screen = screen_messages(evidence)
    if screen:
        yield TITLE, list(screen_lines(screen))
    if evidence.trust_lists:
        lines: list[Line] = []
        for one in evidence.trust_lists:
            lines += trust_list_lines(one)
            if whole:
                lines += (line for record in one.records for line in record_lines(record, evidence.certificates))
        yield "Trust lists", lines
    config = evidence.config.config if evidence.config is not None else None
    if whole and config is not None:
        name = printable((evidence.config.file if evidence.config is not None else None) or "configuration", 80)
        yield f"Configuration, {name}", [f"  {line}" if line else "" for line in config_view_lines(config)]


def _boot_files(evidence: Evidence) -> str:
    files = evidence.boot_files
    if not files:
        server = evidence.tftp_server
        if server is not None and server.failure is not None:
            return f"no configuration server: {describe_failure(server.failure)}"
        return ""
    received = [file for file in files if file.outcome == "received"]
    if not received:
        return _missed(files[-1])
    shown = ", ".join(file.name for file in received[-_MAX_NAMED:])
    more = f"{len(received) - _MAX_NAMED} more and " if len(received) > _MAX_NAMED else ""
    given = all(file.protocol == "file" for file in received)
    return f"{more}{shown}{' given' if given else f', {received[-1].protocol.upper()} from {received[-1].server}'}"


def _missed(file: BootFile) -> str:
    return f"{file.name} by {file.protocol.upper()} from {file.server}: {file.outcome.replace('-', ' ')}"


def _trust_list(evidence: Evidence) -> str:
    texts = []
    for one in evidence.trust_lists:
        if one.problem is not None:
            texts.append(f"{one.name} cannot be read")
            continue
        count = len(one.records)
        held = ", held" if one.origin == "held" else ""
        texts.append(f"{one.name} ({count} record{'' if count == 1 else 's'}{held})")
    return ", ".join(texts)


def _signature(evidence: Evidence) -> str:
    checked = [file.signed.signature for file in evidence.boot_files if file.signed and file.signed.signature]
    return "; ".join(dict.fromkeys(signature_words(reading) for reading in checked))


def _tvs(evidence: Evidence) -> str:
    return "; ".join(dict.fromkeys(f"{one.server}: {one.status.replace('-', ' ')}" for one in evidence.tvs))


_KINDS = {
    ConfigKind.FULL: "",
    ConfigKind.SHORT: ", the short form of an encrypted one",
    ConfigKind.ENCRYPTED: ", encrypted",
    ConfigKind.EMPTY: ", empty",
    ConfigKind.NOT_A_CONFIG: ", no phone configuration",
}


def _config(evidence: Evidence) -> str:
    reading = evidence.config
    if reading is None:
        return ""
    if reading.config is None:
        return printable(reading.problem, 100) if reading.problem else ""
    opened = any(
        file.name == reading.file and file.signed is not None and file.signed.encryption is not None
        for file in evidence.boot_files
    )
    managers = [one.process_node_name or one.name for one in reading.config.call_managers]
    where = f", CallManager {', '.join(name for name in managers[:_MAX_NAMED] if name)}" if any(managers) else ""
    decrypted = ", opened with the key" if opened and reading.config.kind is ConfigKind.FULL else ""
    return f"{reading.file or 'configuration'}{_KINDS[reading.config.kind]}{decrypted}{where}"


_DESCRIBE: dict[StageName, Callable[[Evidence], str]] = {
    "boot-files": _boot_files,
    "trust-list": _trust_list,
    "signature": _signature,
    "tvs": _tvs,
    "config": _config,
}
