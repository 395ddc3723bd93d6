"""What was found at one place of a pasted log."""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")


class SymptomKind(enum.Enum):
    """What a place of the text is."""

    DIAGNOSTICS = "ms-diagnostics"
    EDGE_RECORD = "edge trace record"
    ANSWER = "SIP answer"
    SEARCH_HISTORY = "search history"
    FORBIDDEN = "403 to a SUBSCRIBE"
    ROUTE_WITHOUT_TRANSPORT = "Record-Route without transport"
    ACCESS_LIST = "access list that is not there"
    CERTIFICATE_REQUEST = "certificate request refused"
    ISSUER_LIST = "list of issuers cut"


class Symptom(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the text. `line` counts from 1; `excerpt` is put together from what may be shown.

    `number` is that of ms-diagnostics, of a SIP status or of an error; `name` the name of a trace record's result or
    of an access list. `domain` is that of the header or record, else of the sender. `attributes` are those that may be
    shown. `method` is the SIP method, `microsoft` whether the Server header is Microsoft's (None without one).
    """

    kind: SymptomKind
    line: int
    excerpt: str
    number: int | None = None
    name: str = ""
    domain: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    method: str | None = None
    microsoft: bool | None = None

    def attribute(self, name: str) -> str | None:
        """Return the first attribute of this name (in lower case), None without it."""
        return next((value for one, value in self.attributes if one.lower() == name), None)


def safe_host(text: str | None) -> str | None:
    """Return a host name, without its port, that may stand in a command or a zone file; None for anything else."""
    host = (text or "").rpartition(":")[0] or (text or "")
    return host.lower().removesuffix(".") if _HOST.fullmatch(host.removesuffix(".")) else None
