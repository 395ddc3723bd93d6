"""Reports as JSON, as JSON lines, and their JSON Schema. The contract is design section 4, `schema_version` 1."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from vpnprobe.model.finding import Report
from vpnprobe.model.fleet import FleetLine
from vpnprobe.model.json_line import json_line, without_hidden


def render_json(reports: Sequence[Report]) -> str:
    """Return one indented object, or an array of them where several targets were asked for."""
    return indented(reports[0] if len(reports) == 1 else list(reports))


def indented(value: object) -> str:
    """Return any value that msgspec takes as indented JSON, without characters that a terminal acts on."""
    return without_hidden(msgspec.json.format(msgspec.json.encode(value), indent=2)).decode() + "\n"


def render_jsonl(report: Report) -> str:
    """Return the report on one line."""
    return json_line(report).decode()


def report_schema() -> str:
    """Return the JSON Schema of a report."""
    return _schema("vpnprobe report", Report)


def fleet_schema() -> str:
    """Return the JSON Schema of each line of a fleet run."""
    return _schema("vpnprobe line of a fleet run", FleetLine)


def _schema(title: str, type_: object) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **msgspec.json.schema(type_)}
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"
