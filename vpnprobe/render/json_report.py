"""Reports as JSON, as JSON lines, and their JSON Schema. The contract is design section 4, `schema_version` 1."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from vpnprobe.model.finding import Report

# What JSON lets through and a terminal acts on, or some readers take for the end of a line: DEL, the C1 controls, and
# the characters that are not seen but turn the direction of what is.
_HIDDEN: Final = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def render_json(reports: Sequence[Report]) -> str:
    """Return one indented object, or an array of them where several targets were asked for."""
    value = reports[0] if len(reports) == 1 else list(reports)
    return _safe(msgspec.json.format(msgspec.json.encode(value), indent=2)) + "\n"


def render_jsonl(report: Report) -> str:
    """Return the report on one line."""
    return _safe(msgspec.json.encode(report)) + "\n"


def _safe(encoded: bytes) -> str:
    # Outside of strings JSON has none of these, so that an escape in their place is the same value.
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded.decode())


def report_schema() -> str:
    """Return the JSON Schema of a report."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "vpnprobe report",
        **msgspec.json.schema(Report),
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"
