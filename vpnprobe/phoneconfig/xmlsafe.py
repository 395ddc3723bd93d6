"""XML text from strangers to a small tree.

expat runs with namespaces off, because CUCM's own files use an undeclared `xsi:` prefix. A DOCTYPE is
refused, so there are no entities to expand and nothing to fetch; depth, counts and lengths are capped, the size is by
whoever decodes the text.

A fleet has tens of thousands of files, so the tree is grown without a line of Python for each element, and what is
read of it is looked at only then.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection
from functools import lru_cache
from xml.etree import ElementTree
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


class Element:
    """One element; its names are looked up in lower case without prefix."""

    __slots__ = ("_by_name", "_node")

    def __init__(self, node: ElementTree.Element) -> None:
        self._node = node
        self._by_name: dict[str, list[ElementTree.Element]] | None = None

    @property
    def tag(self) -> str:
        """The name as written."""
        return self._node.tag

    @property
    def name(self) -> str:
        """The name in lower case, without its prefix."""
        return bare_name(self._node.tag)

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes, named as written."""
        return self._node.attrib

    @property
    def children(self) -> list[Element]:
        """The elements right below."""
        return [Element(child) for child in self._node]

    @property
    def text(self) -> str:
        """The element's own character data, in document order, without that of its children."""
        first = self._node.text or ""
        return "".join([first, *(child.tail or "" for child in self._node)]) if len(self._node) else first

    def all(self, name: str) -> list[Element]:
        """Return the children with this lower-case name."""
        if self._by_name is None:
            self._by_name = {}
            for child in self._node:
                self._by_name.setdefault(bare_name(child.tag), []).append(child)
        return [Element(child) for child in self._by_name.get(name, ())]

    def find(self, *names: str) -> Element | None:
        """Follow a path of lower-case names, taking the first child of each name."""
        found: Element | None = self
        for name in names:
            if found is None:
                return None
            found = next(iter(found.all(name)), None)
        return found

    def walk(self, wanted: Callable[[str], bool] = bool) -> list[Element]:
        """Return this element and all below it whose lower-case name is `wanted`, in document order."""
        tags = {tag for tag in {node.tag for node in self._node.iter()} if wanted(bare_name(tag))}
        return [Element(node) for node in self._node.iter() if node.tag in tags] if tags else []


@lru_cache(maxsize=4096)
def bare_name(tag: str) -> str:
    """Return the name in lower case and without its prefix."""
    return tag.rpartition(":")[2].lower()


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
    trailing = ""
    try:
        root = _grow(data)
    except expat.ExpatError as error:
        end = _end_of_root(data, error)
        root = _grow(data[:end])
        trailing = data[end:].decode().lstrip(" \t\r\n")
    return Document(Element(root), trailing, _checked(root, is_small=len(data) <= MAX_TEXT_CHARS))


class _DoctypeRefused(Exception):
    """There is a DOCTYPE."""


def _refuse_doctype(*_declaration: object) -> None:
    raise _DoctypeRefused


def _parse(parser: expat.XMLParserType, data: bytes) -> None:
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(data, True)
    except _DoctypeRefused:
        raise Malformed(parser.CurrentByteIndex, "doctype", "refused") from None
    finally:
        # A handler may know its parser: a circle, which keeps 30 kB of expat's until the next collection.
        parser.StartElementHandler = parser.EndElementHandler = None


def _grow(data: bytes) -> ElementTree.Element:
    """Return the root of a well-formed document; raises `ExpatError` for any other, `Malformed` for a DOCTYPE."""
    # The encoding named here wins over the one in the XML declaration: the text is decoded already.
    parser = expat.ParserCreate("utf-8")
    builder = ElementTree.TreeBuilder()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    _parse(parser, data)
    return builder.close()


def _end_of_root(data: bytes, error: expat.ExpatError) -> int:
    """Return where the root element ends, behind which expat found a fault; raises `Malformed` where it has no end."""
    parser = expat.ParserCreate("utf-8")
    first = last = -1
    depth = 0

    def start(_tag: str, _attributes: dict[str, str]) -> None:
        nonlocal first, depth
        depth += 1
        first = parser.CurrentByteIndex if first < 0 else first

    def end(_tag: str) -> None:
        nonlocal last, depth
        depth -= 1
        last = parser.CurrentByteIndex

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    with contextlib.suppress(expat.ExpatError):
        _parse(parser, data)
    if first < 0 or depth:
        reason = f"{expat.ErrorString(error.code)} in line {error.lineno}"
        raise Malformed(parser.ErrorByteIndex, "xml", reason) from error
    tag = _TAG.match(data, first)
    return tag.end() if tag is not None and tag[0].endswith(b"/>") else data.index(b">", last) + 1


def _checked(root: ElementTree.Element, *, is_small: bool) -> tuple[str, ...]:
    """Return the prefixes that nothing declares; raises `LimitExceeded`.

    What a small document cannot exceed is not looked for: no text is longer than the whole, no element has less than
    four characters.
    """
    if not is_small:
        _check_size(root)
    names = {root.tag}
    parents = [(root, 1)]
    _note_attributes(names, root.keys())
    while parents:
        node, depth = parents.pop()
        if depth >= MAX_DEPTH:
            raise LimitExceeded("levels of elements", MAX_DEPTH)
        for child in node:
            names.add(child.tag)
            if attributes := child.keys():
                _note_attributes(names, attributes)
            if len(child):
                parents.append((child, depth + 1))
    if max(map(len, names)) > MAX_NAME_CHARS:
        raise LimitExceeded("characters in a name", MAX_NAME_CHARS)
    split = [name.partition(":") for name in names if ":" in name]
    declared = {"xml", "xmlns", *(local for prefix, _, local in split if prefix == "xmlns")}
    return tuple(sorted({prefix for prefix, _, _ in split} - declared))


def _note_attributes(names: set[str], attributes: Collection[str]) -> None:
    if len(attributes) > MAX_ATTRIBUTES:
        raise LimitExceeded("attributes of one element", MAX_ATTRIBUTES)
    names.update(attributes)


def _check_size(root: ElementTree.Element) -> None:
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise LimitExceeded("elements", MAX_ELEMENTS)
    for node in root.iter():
        if len(node.text or "") + sum(len(child.tail or "") for child in node) > MAX_TEXT_CHARS:
            raise LimitExceeded("characters of text in one element", MAX_TEXT_CHARS)
