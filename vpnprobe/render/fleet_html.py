"""A fleet run as one HTML file for a change board: it needs nothing else, asks nobody, and may be printed.

The phones stand first, as data, so that the page is written while they come and nothing is kept of them; the numbers
follow with the summary, as plain HTML that needs no script. A script of the page's own shows, sorts and filters the
phones, and writes those with an alarm out for the printer. The Content-Security-Policy lets that one script run and
nothing be fetched; no text of a phone, gateway or inventory ever becomes markup.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC
from functools import cache
from importlib.resources import files
from string import Template
from typing import Final

from vpnprobe.model.fleet import CutoverPhone, FleetLine, FleetStart, FleetSummary, GatewaySight, SweptPhone
from vpnprobe.render.escape import printable
from vpnprobe.render.fleet_page_data import PhoneBlocks, script_json
from vpnprobe.render.fleet_page_tables import causes_section, group_sections, html_text, results_table
from vpnprobe.render.fleet_words import NOT_SEEN, RESULTS, answer, cause, sentence

# Gateways that are described; a fleet has dozens. Of further ones the phones are counted all the same.
MAX_GATEWAYS: Final = 2000

_TITLES: Final[Mapping[str, str]] = {"cutover": "Certificate cut-over", "sweep": "Fleet sweep"}
_QUESTIONS: Final[Mapping[str, str]] = {
    "cutover": "Would every phone take the new certificate?",
    "sweep": "Would every phone connect?",
}
_CAUSES: Final[Mapping[str, str]] = {"cutover": "Missing step", "sweep": "Cause"}


class FleetHtml:
    """Takes the lines of a run, the start first, the summary last, and returns the page part by part.

    `title` and `facts` are what the report says of itself beside what the run tells, such as a change's number.
    """

    def __init__(self, title: str = "", facts: Mapping[str, str] | None = None) -> None:
        self._title = title
        self._facts = dict(facts or {})
        self._blocks = PhoneBlocks()
        self._gateways: dict[str, GatewaySight] = {}

    def add(self, line: FleetLine) -> str:
        """Take a line and return what the page goes on with."""
        match line:
            case FleetStart():
                self._title = self._title or _TITLES[line.command]
                self._facts |= line.settings
                return _template("head").substitute(
                    policy=_policy(), title=html_text(self._title), style=_data("fleet.css")
                )
            case GatewaySight():
                if line.key in self._gateways or len(self._gateways) < MAX_GATEWAYS:
                    self._gateways[line.key] = line
                return ""
            case SweptPhone() | CutoverPhone():
                return _script("phones", self._blocks.add(line))
            case FleetSummary():
                return _script("phones", self._blocks.take()) + self._rest(line)

    def _rest(self, summary: FleetSummary) -> str:
        command = summary.command
        return _template("body").substitute(
            page=_script("page", script_json(_page(summary))),
            title=html_text(self._title),
            question=_QUESTIONS[command],
            verdict=summary.verdict,
            answer=answer(summary),
            sentence=sentence(summary),
            facts="".join(
                f"<div><dt>{html_text(name)}</dt><dd>{html_text(text, 1000)}</dd></div>"
                for name, text in self._all_facts(summary)
            ),
            results=results_table(summary),
            causes=causes_section(summary),
            groups="".join(group_sections(summary, self._gateways)),
            script=_data("fleet.js"),
        )

    def _all_facts(self, summary: FleetSummary) -> Iterator[tuple[str, str]]:
        yield from self._facts.items()
        yield "Begun", f"{summary.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, took {_duration(summary.duration_s)}"
        if summary.duplicates:
            yield "Rows merged", f"{summary.duplicates:,}, of phones that came before"
        for note in summary.notes:
            yield "Note", note
        if summary.command == "cutover" and "--after" not in self._facts:
            yield "Not seen", NOT_SEEN
        tool = summary.tool
        yield "Made by", f"{tool.name} {tool.version}, catalogue {tool.catalogue}"


def _page(summary: FleetSummary) -> dict[str, object]:
    """Return what the script knows of the run: words and columns."""
    return {
        "labels": [printable(label) for label in summary.by_label],
        "results": [
            {"key": result.key, "words": result.words, "alarms": result.alarms} for result in RESULTS[summary.command]
        ],
        "causes": {printable(key): printable(cause(key).short) for key in summary.counts.causes},
        "causeHeading": _CAUSES[summary.command],
    }


def _script(kind: str, json: str) -> str:
    return f'<script type="application/json" class="{kind}">{json}</script>\n' if json else ""


def _policy() -> str:
    return (
        f"default-src 'none'; script-src '{_hash('fleet.js')}'; style-src '{_hash('fleet.css')}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(name: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(_data(name).encode()).digest()).decode()


@cache
def _template(part: str) -> Template:
    return Template(_data(f"fleet-{part}.html"))


@cache
def _data(name: str) -> str:
    return files("vpnprobe.render").joinpath("data", name).read_text(encoding="utf-8")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
