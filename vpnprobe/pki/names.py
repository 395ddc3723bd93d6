"""Distinguished names: from DER to the two texts in use.

RFC 4514 (`CN=gw,O=Example`, most significant part last) for reports, and OpenSSL's one-line form
(`/CN=10.198.16.140/unstructuredName=10.198.16.140`), which is what the phone's log prints (VP-35).
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

import msgspec

from vpnprobe.model.errors import LimitExceeded, WireError
from vpnprobe.pki.der import SEQUENCE, SET, Element, read_children, read_element, read_oid, read_sequence, read_text

# A name has some ten attributes; what has more is an attack on the reader.
MAX_ATTRIBUTES = 128
# Shown texts are cut here. RFC 5280 appendix A.1 bounds a common name by 64 characters.
MAX_NAME_TEXT = 1024
CUT = "…"
_HEX_EXCERPT = 32

# Relative distinguished names whose reading is kept, and how long they may be: RFC 5280 appendix A.1 allows 64
# characters in most.
_REMEMBERED = 256
_SHORT = 256

COMMON_NAME = "2.5.4.3"

# Short names as OpenSSL and RFC 4519 have them.
_SHORT_NAMES = {
    COMMON_NAME: "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.46": "dnQualifier",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}

# RFC 4514 section 2.4; control characters are escaped as well.
_ESCAPES = {code: f"\\{code:02X}" for code in (*range(0x20), 0x7F)} | {ord(mark): f"\\{mark}" for mark in '"+,;<>\\'}
_SHOWN_BYTES = tuple(chr(byte) if 0x20 <= byte <= 0x7E else f"\\x{byte:02X}" for byte in range(256))


class Attribute(msgspec.Struct, frozen=True, gc=False):
    """One attribute: dotted `oid`, `text` (None if the value is no string), and the value's bytes.

    `body` is the value without and `raw` with its DER header.
    """

    oid: str
    text: str | None
    body: bytes
    raw: bytes

    @property
    def short_name(self) -> str | None:
        """The usual short name, such as `CN`, or None."""
        return _SHORT_NAMES.get(self.oid)


# Relative distinguished names in the order of the DER; each has one attribute or, rarely, several.
Name = tuple[tuple[Attribute, ...], ...]


def parse_name(der: bytes) -> Name:
    """Read an X.501 Name that is all of `der`. Raises `WireError`."""
    name = tuple(_rdn(rdn.expect(SET, "rdn").body) for rdn in read_sequence(der, "name"))
    if sum(map(len, name)) > MAX_ATTRIBUTES:
        raise LimitExceeded("attributes in a name", MAX_ATTRIBUTES)
    return name


def _rdn(body: bytes) -> tuple[Attribute, ...]:
    # The phones of a company differ in their common names only.
    return _read_rdn(body) if len(body) > _SHORT else _remembered_rdn(body)


def _read_rdn(body: bytes) -> tuple[Attribute, ...]:
    pairs = read_children(body, "rdn")
    if len(pairs) > MAX_ATTRIBUTES:
        raise LimitExceeded("attributes in a name", MAX_ATTRIBUTES)
    return tuple(map(_read_attribute, pairs))


_remembered_rdn = lru_cache(maxsize=_REMEMBERED)(_read_rdn)


def _read_attribute(pair: Element) -> Attribute:
    body = pair.expect(SEQUENCE, "attribute").body
    oid = read_element(body, "attribute type")
    value = read_element(body, "attribute value", len(oid.raw))
    return Attribute(
        oid=read_oid(oid, "attribute type"),
        text=read_text(value),
        body=value.body,
        raw=value.raw,
    )


def common_names(name: Name) -> tuple[str, ...]:
    """Return the texts of all common names in order, each cut at MAX_NAME_TEXT."""
    return tuple(
        cut(attribute.text)
        for rdn in name
        for attribute in rdn
        if attribute.oid == COMMON_NAME and attribute.text is not None
    )


def format_rfc4514(name: Name) -> str:
    """Return the RFC 4514 text, control characters escaped, cut at MAX_NAME_TEXT."""
    return cut(",".join("+".join(map(_format_attribute, rdn)) for rdn in reversed(name)))


def format_oneline(name: Name) -> str:
    r"""Return OpenSSL's one-line text: `/` before each attribute, bytes outside printable ASCII as `\xHH`.

    As of OpenSSL 0.9.8, to which the phones' error numbers belong; newer releases escape `/` and `+`.
    """
    return cut(
        "".join(
            f"/{attribute.short_name or attribute.oid}={_format_bytes(attribute.body)}"
            for rdn in name
            for attribute in rdn
        )
    )


def describe_name(der_name: bytes) -> str:
    """Return the RFC 4514 text of a DER name, such as a CA name of a CertificateRequest; never raises.

    What cannot be read is shown as `#` and the first bytes in hex.
    """
    try:
        return format_rfc4514(parse_name(der_name))
    except WireError:
        rest = CUT if len(der_name) > _HEX_EXCERPT else ""
        return f"#{der_name[:_HEX_EXCERPT].hex()}{rest}"


def name_key(der_name: bytes) -> Hashable:
    """Return a value that is equal for names that RFC 5280 section 7.1 calls equal; never raises.

    String type, letter case and repeated blanks do not count. A name that cannot be read equals only itself.
    """
    try:
        name = parse_name(der_name)
    except WireError:
        return der_name
    return tuple(
        tuple(
            sorted(
                (attribute.oid, " ".join((attribute.text or attribute.raw.hex()).casefold().split()))
                for attribute in rdn
            )
        )
        for rdn in name
    )


def cut(text: str) -> str:
    """Return `text`, or its first MAX_NAME_TEXT characters and an ellipsis."""
    return text if len(text) <= MAX_NAME_TEXT else text[:MAX_NAME_TEXT] + CUT


def _format_attribute(attribute: Attribute) -> str:
    if attribute.short_name is None or attribute.text is None:
        # RFC 4514 section 2.4: a type without a short name is written with its value's BER in hex.
        return f"{attribute.short_name or attribute.oid}=#{attribute.raw.hex()}"
    text = attribute.text.translate(_ESCAPES)
    if text.startswith((" ", "#")):
        text = "\\" + text
    if text.endswith(" ") and text != "\\ ":
        text = text[:-1] + "\\ "
    return f"{attribute.short_name}={text}"


def _format_bytes(body: bytes) -> str:
    return "".join(map(_SHOWN_BYTES.__getitem__, body))
