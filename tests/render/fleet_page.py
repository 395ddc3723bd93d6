"""Reads a page of `fleet_html` as a browser does, without running it: elements, text, and the phones in its data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

from vpnprobe.model.fleet import FleetLine
from vpnprobe.render.fleet_html import FleetHtml

_VOID = frozenset({"meta", "input", "rect"})


class Page(HTMLParser):
    """One page. `elements` are tags with their attributes in order, `rows` the cells of all table rows."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.rows: list[list[str]] = []
        self.comments: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    @property
    def shown(self) -> str:
        """All text that a reader without scripts sees."""
        return " ".join(text for tag, text in self.texts if tag not in ("script", "style"))

    def inline(self, tag: str) -> list[str]:
        """Return the text of each element of this kind; scripts are those that run."""
        if tag == "script":
            return [text for attributes, text in self.scripts if "type" not in attributes]
        return [text for name, text in self.texts if name == tag]

    def data(self, kind: str) -> list[Any]:
        """Return the values of the data scripts of this class."""
        return [json.loads(text) for attributes, text in self.scripts if attributes.get("class") == kind]

    def phones(self) -> list[dict[str, Any]]:
        """Return each phone of the data with the values of its columns, `label` before the name of a label."""
        found = []
        for block in self.data("phones"):
            columns = block["columns"] | {f"label {name}": cells for name, cells in block["labels"].items()}
            for place, mac in enumerate(block["macs"]):
                phone = {
                    name: block["values"][cells[place]] if place < len(cells) else None
                    for name, cells in columns.items()
                }
                found.append({"mac": mac} | {name: _with_mac(value, mac) for name, value in phone.items()})
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        assert len(attributes) == len(attrs)
        self.elements.append((tag, attributes))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "script":
            self.scripts.append((attributes, ""))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        tag = self._open[-1] if self._open else ""
        self.texts.append((tag, data))
        if tag == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def written(lines: Iterable[FleetLine], title: str = "", facts: dict[str, str] | None = None) -> str:
    """Return the page of a run."""
    page = FleetHtml(title, facts)
    return "".join(map(page.add, lines))


def _with_mac(value: Any, mac: str) -> Any:
    if isinstance(value, list):
        return [_with_mac(one, mac) for one in value]
    return value.replace("\x01", mac) if isinstance(value, str) else value
