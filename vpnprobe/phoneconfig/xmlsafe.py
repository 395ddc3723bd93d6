"""XML text from strangers to a small tree.

expat runs with namespaces off, because CUCM's own files use an undeclared `xsi:` prefix. A DOCTYPE is
refused, so there are no entities to expand and nothing to fetch; size, depth, counts and lengths are capped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.parsers import expat

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed

MAX_DEPTH = 32  # the deepest known configuration has 8 levels
MAX_ELEMENTS = 20_000  # a full 8865 configuration has about 600
MAX_ATTRIBUTES = 32  # device has 3
MAX_NAME_CHARS = 128
MAX_TEXT_CHARS = 16_384  # of one element; the longest legitimate one is a URL


# A start tag; attribute values may hold ">".
_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")


class Element(msgspec.Struct):
    """One element. `tag` is the name as written, `name` the same in lower case without prefix, for look-up.

    `text` is the element's own character data, in document order, without that of its children.
    """

    tag: str
    name: str
    attributes: dict[str, str]
    children: list[Element] = []
    text: str = ""

    def all(self, name: str) -> list[Element]:
        """Return the children with this lower-case name."""
        return [child for child in self.children if child.name == name]

    def find(self, *names: str) -> Element | None:
        """Follow a path of lower-case names, taking the first child of each name."""
        found: Element | None = self
        for name in names:
            if found is None:
                return None
            found = next((child for child in found.children if child.name == name), None)
        return found

    def walk(self) -> Iterator[Element]:
        """Yield this element and all below it."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))


class Document(msgspec.Struct, frozen=True):
    """The root, the text after it that is not blank, and the namespace prefixes that nothing declares."""

    root: Element
    trailing: str
    undeclared_prefixes: tuple[str, ...]


def parse_xml(text: str) -> Document:
    """Parse one document; what follows the root element is kept aside, not refused.

    Raises `Malformed` (offset in bytes of UTF-8) when the text is not well-formed or has a DOCTYPE, and
    `LimitExceeded` for the caps of this module.
    """
    data = text.encode()
    # The encoding named here wins over the one in the XML declaration: the text is decoded already.
    parser = expat.ParserCreate("utf-8")
    tree = _Tree(parser)
    parser.buffer_text = True
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.characters

    def refuse_doctype(*_declaration: object) -> None:
        raise Malformed(parser.CurrentByteIndex, "doctype", "refused")

    parser.StartDoctypeDeclHandler = refuse_doctype
    trailing = ""
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        if not tree.complete:
            reason = f"{expat.ErrorString(error.code)} in line {error.lineno}"
            raise Malformed(parser.ErrorByteIndex, "xml", reason) from error
        trailing = data[_root_end(data, tree) :].decode().lstrip(" \t\r\n")
    return Document(tree.document.children[0], trailing, tree.undeclared_prefixes())


def _root_end(data: bytes, tree: _Tree) -> int:
    start = _TAG.match(data, tree.first_tag)
    if start is not None and start[0].endswith(b"/>"):
        return start.end()
    return data.index(b">", tree.last_tag) + 1


class _Tree:
    """Grows the tree from expat's events; `document` holds the root as its only child.

    `first_tag` and `last_tag` are the byte offsets of the root's own tags.
    """

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.document = Element("", "", {})
        self.first_tag = self.last_tag = 0
        self._parser = parser
        self._open = [self.document]
        self._parts: list[list[str]] = []
        self._elements = 0
        self._used: set[str] = set()
        self._declared = {"xml", "xmlns"}

    @property
    def complete(self) -> bool:
        """Whether the root element has ended."""
        return bool(self.document.children) and not self._parts

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise LimitExceeded("elements", MAX_ELEMENTS)
        if len(self._parts) >= MAX_DEPTH:
            raise LimitExceeded("levels of elements", MAX_DEPTH)
        if len(attributes) > MAX_ATTRIBUTES:
            raise LimitExceeded("attributes of one element", MAX_ATTRIBUTES)
        for name in (tag, *attributes):
            if len(name) > MAX_NAME_CHARS:
                raise LimitExceeded("characters in a name", MAX_NAME_CHARS)
            self._note_prefix(name)
        if not self._parts:
            self.first_tag = self._parser.CurrentByteIndex
        element = Element(tag, tag.rpartition(":")[2].lower(), attributes)
        self._open[-1].children.append(element)
        self._open.append(element)
        self._parts.append([])

    def end(self, _tag: str) -> None:
        text = "".join(self._parts.pop())
        if len(text) > MAX_TEXT_CHARS:
            raise LimitExceeded("characters of text in one element", MAX_TEXT_CHARS)
        self._open.pop().text = text
        self.last_tag = self._parser.CurrentByteIndex

    def characters(self, text: str) -> None:
        self._parts[-1].append(text)

    def _note_prefix(self, name: str) -> None:
        prefix, colon, local = name.partition(":")
        if not colon:
            return
        if prefix == "xmlns":
            self._declared.add(local)
        else:
            self._used.add(prefix)

    def undeclared_prefixes(self) -> tuple[str, ...]:
        return tuple(sorted(self._used - self._declared))
