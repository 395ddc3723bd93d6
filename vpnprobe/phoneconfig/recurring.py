"""The configurations of a fleet, most of which differ only in texts that are never read.

To read a configuration costs twice what it costs to fetch it. So a file is first taken apart into its markup and the
texts between, at the speed of a regular expression. The markup of one that was read whole vouches for every other with
the same markup: it is as well-formed, its elements stand in the same places, and what a `PhoneConfig` is made of are
the texts in the places that are read. Where those are the same, too, so is the result. Everything else is read whole.

What is remembered are digests; no text of a phone, and no secret, is kept.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, TypeVar
from xml.parsers import expat

import msgspec

from vpnprobe.model.config import ConfigKind, PhoneConfig
from vpnprobe.phoneconfig.sepconfig import READ_SECTIONS, is_secret, parse_phone_config
from vpnprobe.phoneconfig.xmlsafe import MAX_TEXT_CHARS, bare_name
from vpnprobe.wire.sgn import SignedKind, is_signed_file, parse_signed_header, strip

T = TypeVar("T")

# A larger file could break limits that a smaller one with the same markup does not. Real ones have up to 13 kB.
MAX_BYTES: Final = MAX_TEXT_CHARS
# A fleet has some dozens of each.
MAX_REMEMBERED: Final = 1024

# XML declaration and root tag; the attributes of the root (ids of the phone in CUCM's database) are never read.
_HEAD: Final = re.compile(
    rb"(?:<\?xml[^<>]*\?>\s*)?<[A-Za-z_][\w.:-]*((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:\"[^\"<&]*\"|'[^'<&]*'))*)\s*>"
)
_VALUE: Final = re.compile(rb"\"[^\"]*\"|'[^']*'")
# A text without markup that ends at an end tag. Any other stays part of the markup, and so does one with a reference.
_TEXT: Final = re.compile(rb">([^<>&]*)</")
# What no text of an XML document may hold.
_FORBIDDEN: Final = bytes({*range(32)} - {9, 10, 13})

_STAMP: Final = "versionstamp"
_READABLE: Final = (ConfigKind.FULL, ConfigKind.SHORT)


class _Template(msgspec.Struct, frozen=True):
    """Which texts of this markup are read, which only for being there, and which is the version stamp."""

    is_utf8: bool
    read: tuple[int, ...]
    secret: tuple[int, ...]
    stamp: int | None


class RecurringConfigs:
    """Reads configurations as `parse_phone_config` does, with the same results, faster where they recur."""

    def __init__(self) -> None:
        self._templates: OrderedDict[bytes, _Template] = OrderedDict()
        self._configs: OrderedDict[bytes, PhoneConfig] = OrderedDict()

    def parse(self, data: bytes) -> PhoneConfig:
        """Return what `parse_phone_config` returns for this file, and raise what it raises."""
        payload = _payload(data)
        apart = _take_apart(payload)
        if apart is None:
            return parse_phone_config(data)
        markup, texts = apart
        template = self._templates.get(markup)
        if template is None:
            config = parse_phone_config(data)
            if config.kind in _READABLE and config.encoding is not None and not config.encoding.trailing:
                template = _template(payload, config)
                _remember(self._templates, markup, template)
                _remember(self._configs, _key(markup, template, texts), config)
            return config
        if not (template.is_utf8 or payload.isascii()):
            return parse_phone_config(data)
        key = _key(markup, template, texts)
        known = self._configs.get(key)
        if known is None:
            known = parse_phone_config(data)
            _remember(self._configs, key, known)
        if template.stamp is None:
            return known
        return msgspec.structs.replace(known, version_stamp=texts[template.stamp].decode().strip() or None)


def _payload(data: bytes) -> bytes:
    """Return the file without the header of a signed one; an encrypted one is left as it is."""
    if not is_signed_file(data) or parse_signed_header(data).kind is SignedKind.ENCRYPTED:
        return data
    return strip(data)


def _take_apart(payload: bytes) -> tuple[bytes, list[bytes]] | None:
    """Return a digest of the markup and the texts; None for a file that has to be read whole."""
    if len(payload) > MAX_BYTES or b"<!" in payload or len(payload.translate(None, _FORBIDDEN)) != len(payload):
        return None
    head = _HEAD.match(payload)
    if head is None or not _is_legal(payload):
        return None
    parts = _TEXT.split(payload[head.end() - 1 :])
    start, end = head.span(1)
    without_values = payload[:start] + _VALUE.sub(b"=", payload[start:end]) + payload[end : head.end()]
    return _digest((without_values, *parts[::2])), parts[1::2]


def _is_legal(payload: bytes) -> bool:
    if payload.isascii():
        return True
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return False
    return "\ufffe" not in text and "\uffff" not in text and "\ufeff" not in text[:1]


def _template(payload: bytes, config: PhoneConfig) -> _Template:
    """Say of each text of a well-formed document whether it is read, by the element that it stands in."""
    offsets, paths = _elements(payload)
    head = _HEAD.match(payload)
    assert head is not None
    read, secret, stamps = [], [], []
    for index, text in enumerate(_TEXT.finditer(payload, head.end() - 1)):
        path = paths[bisect_right(offsets, text.start()) - 1]
        if is_secret(path[-1]):
            secret.append(index)
        elif path[1:] == (_STAMP,):
            stamps.append(index)
        elif len(path) <= 2 or path[1] in READ_SECTIONS:
            read.append(index)
    if len(stamps) > 1:
        # Then it matters which is the first.
        read, stamps = sorted(read + stamps), []
    encoding = config.encoding
    return _Template(
        is_utf8=encoding is not None and encoding.used == "utf-8" and not encoding.recovered,
        read=tuple(read),
        secret=tuple(secret),
        stamp=stamps[0] if stamps else None,
    )


def _elements(payload: bytes) -> tuple[list[int], list[tuple[str, ...]]]:
    """Return the offset of each tag, and the names of the elements that are open behind it, from the root on."""
    offsets: list[int] = []
    paths: list[tuple[str, ...]] = []
    path: list[str] = []
    parser = expat.ParserCreate("utf-8")

    def start(tag: str, _attributes: dict[str, str]) -> None:
        path.append(bare_name(tag))
        offsets.append(parser.CurrentByteIndex)
        paths.append(tuple(path))

    def end(_tag: str) -> None:
        path.pop()
        offsets.append(parser.CurrentByteIndex)
        paths.append(tuple(path))

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(payload, True)
    # As in `xmlsafe`: they know the parser.
    parser.StartElementHandler = parser.EndElementHandler = None
    return offsets, paths


def _key(markup: bytes, template: _Template, texts: list[bytes]) -> bytes:
    """Return a digest of everything that the result depends on."""
    there = bytes(bool(texts[index].strip()) for index in template.secret)
    return _digest((markup, there, *(texts[index] for index in template.read)))


def _digest(parts: Iterable[bytes]) -> bytes:
    # No part holds a NUL but the first two, whose length is known.
    return blake2b(b"\0".join(parts), digest_size=16).digest()


def _remember(memory: OrderedDict[bytes, T], key: bytes, value: T) -> None:
    memory[key] = value
    if len(memory) > MAX_REMEMBERED:
        memory.popitem(last=False)
