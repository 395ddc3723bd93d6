"""One page of a phone, HTML or XML, to rows, lines and links. Nothing in it is run, fetched or believed.

The pages are tables of a label, an empty cell and a value, with links to the other pages beside them (an 8845's page,
as a public guide to Open Paging Server quotes it; the label table of jsteinberg1/CUCM-Phone-Info agrees for others).
The XML form has one element for each value. Both are read by the standard library's HTML parser, which keeps no tree
and expands no entity but those of HTML, so depth and entities cost nothing.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed

MAX_TEXT: Final = 400  # characters of a cell or a line; the longest honest ones are URLs
MAX_ROWS: Final = 500  # a network page has some 120
MAX_LINES: Final = 2000  # a status page has some 50 messages
MAX_LINKS: Final = 200  # a page has some 20
MAX_TAGS: Final = 8_000  # of start and end tags; a network page has some 2,000
MAX_UNFINISHED: Final = 100  # between two ends of tags; a script may compare a few times

_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"""<\?xml[^>]{0,100}encoding\s*=\s*["']([A-Za-z0-9_.:-]{1,40})["']""")
_META_BYTES: Final = 1024  # HTML: the declaration stands in the first 1,024 bytes
_BLANKS: Final = re.compile(r"\s+")
_BREAKS: Final = frozenset({"br", "p", "div", "tr", "table", "li", "ul", "ol", "h1", "h2", "h3", "h4", "pre", "hr"})
_CELLS: Final = frozenset({"td", "th"})
_UNSEEN: Final = frozenset({"script", "style", "title"})
# A page that begins with none of these is no HTML.
_HTML: Final = (
    _BREAKS
    | _CELLS
    | _UNSEEN
    | frozenset({"html", "head", "body", "frameset", "form", "center", "span", "font", "a", "b", "i", "u"})
    | frozenset({"img", "input", "link", "meta", "base"})
)


class Link(msgspec.Struct, frozen=True):
    """Where a link leads, as written, and its text."""

    href: str
    text: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What a person sees on a page, in document order; blanks are single, hidden text (scripts, styles) is left out.

    `rows` are the non-empty cells of each table row, or of XML an element's name and its text. `lines` is all text,
    broken where the page breaks it. `charset` is the one that it was read in, `replaced` whether some bytes have no
    meaning in it.
    """

    title: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    is_xml: bool = False
    charset: str = "utf-8"
    replaced: bool = False


def parse_page(data: bytes, content_type: str = "") -> Page:
    """Read a page; `content_type` is the header's value.

    The header's charset counts first, then the page's own, then UTF-8, and where that fails Latin-1. Raises
    `LimitExceeded` for the caps of this module and `Malformed` where the parser of the standard library gives up.
    """
    text, charset = _decoded(data, content_type)
    # Before the parser sees them: it searches the rest of the page anew for each one that has no end.
    if text.count("<") > MAX_TAGS:
        raise LimitExceeded("tags", MAX_TAGS)
    if any(part.count("<") > MAX_UNFINISHED for part in text.split(">")):
        raise LimitExceeded("tags without an end", MAX_UNFINISHED)
    reader = _Reader()
    try:
        reader.feed(text)
        reader.close()
    except (AssertionError, ValueError) as error:
        # html.parser asserts that declarations look as it expects, and reads a character's number as Python does.
        raise Malformed(0, "html", "a declaration or a character number that cannot be read") from error
    return Page(
        title=reader.title,
        rows=tuple(reader.rows),
        lines=tuple(reader.lines),
        links=tuple(reader.links),
        is_xml=reader.is_xml,
        charset=charset,
        replaced="\ufffd" in text,
    )


def _decoded(data: bytes, content_type: str) -> tuple[str, str]:
    for named in _charsets(data, content_type):
        if "escape" in named.lower():
            continue  # Python's own, which no page is written in
        try:
            text = data.decode(named, "replace")
            text.encode()
        except (LookupError, ValueError):
            continue  # no such charset, one that is no text encoding, or half a character that nobody can write
        return text, named.lower()
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _charsets(data: bytes, content_type: str) -> list[str]:
    start = data[:_META_BYTES]
    named = [match[1] for match in (_CHARSET.search(content_type), _CHARSET.search(start.decode("latin-1"))) if match]
    if declared := _XML_ENCODING.search(start):
        named.append(declared[1].decode("ascii"))
    return named


class _Reader(HTMLParser):
    """Collects text by cell and by line. Unclosed and crossed tags are as good as any."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.rows: list[tuple[str, ...]] = []
        self.lines: list[str] = []
        self.links: list[Link] = []
        self._is_html: bool | None = None
        self._unseen: str | None = None
        self._cells: list[str] = []
        self._cell: list[str] | None = None
        self._line: list[str] = []
        self._href: str | None = None
        self._link: list[str] = []
        self._element: tuple[str, list[str]] | None = None

    @property
    def is_xml(self) -> bool:
        return self._is_html is False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._is_html is None:
            self._is_html = tag in _HTML
        if tag in _UNSEEN:
            self._unseen = tag
        if tag in _CELLS:
            self._end_cell()
            self._cell = []
        elif tag == "tr":
            self._end_row()
        elif tag == "a":
            self._end_link()
            self._href = next((value for name, value in attrs if name == "href" and value), None)
        if tag in _BREAKS or self._is_html is False:
            self._end_line()
        self._element = (tag, [])

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = None
        if tag in _CELLS:
            self._end_cell()
        elif tag in ("tr", "table"):
            self._end_row()
        elif tag == "a":
            self._end_link()
        if self.is_xml and self._element is not None and self._element[0] == tag:
            if text := _joined(self._element[1]):
                self._add_row((tag, text))
            self._end_line()
        elif tag in _BREAKS:
            self._end_line()
        self._element = None

    def handle_data(self, data: str) -> None:
        if self._unseen == "title":
            self.title = _joined([self.title, data])
        if self._unseen is not None:
            return
        if self._cell is not None:
            self._cell.append(data)
        if self._href is not None:
            self._link.append(data)
        if self._element is not None:
            self._element[1].append(data)
        first, *others = data.split("\n")
        self._line.append(first)
        for part in others:
            self._end_line()
            self._line.append(part)

    def close(self) -> None:
        super().close()
        self._end_row()
        self._end_link()
        self._end_line()

    def _end_cell(self) -> None:
        if self._cell is not None and (text := _joined(self._cell)):
            self._cells.append(text)
        self._cell = None
        self._end_line()

    def _end_row(self) -> None:
        self._end_cell()
        if self._cells:
            self._add_row(tuple(self._cells))
        self._cells = []

    def _add_row(self, row: tuple[str, ...]) -> None:
        if len(self.rows) == MAX_ROWS:
            raise LimitExceeded("table rows", MAX_ROWS)
        self.rows.append(row)

    def _end_link(self) -> None:
        if self._href is not None and len(self.links) < MAX_LINKS:
            self.links.append(Link(self._href[:MAX_TEXT], _joined(self._link)))
        self._href, self._link = None, []

    def _end_line(self) -> None:
        if text := _joined(self._line):
            if len(self.lines) == MAX_LINES:
                raise LimitExceeded("lines", MAX_LINES)
            self.lines.append(text)
        self._line = []


def _joined(parts: list[str]) -> str:
    return _BLANKS.sub(" ", "".join(parts)).strip()[:MAX_TEXT]
