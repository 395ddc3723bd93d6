"""An OPTIONS request (RFC 3261 sections 8.1.1 and 11) for a connection over TLS."""

from __future__ import annotations

import re
from typing import Final

from vpnprobe.model.errors import UsageError
from vpnprobe.version import __version__

MAGIC_COOKIE: Final = "z9hG4bK"
"""What a branch of RFC 3261 begins with (section 8.1.1.7)."""
MAX_FORWARDS: Final = 70

_MAX_TEXT: Final = 512
# What may stand in a URI between angle brackets: no white space, control character, quote or bracket gets in.
_URI: Final = re.compile(r"sips?:[!#-;=?-~]+")
_SENT_BY: Final = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_CALL_ID: Final = re.compile(r"[!-~]+")


def build_options(
    *,
    uri: str,
    from_uri: str,
    to_uri: str,
    sent_by: str,
    branch: str,
    call_id: str,
    tag: str,
    cseq: int = 1,
    contact: str | None = None,
    max_forwards: int = MAX_FORWARDS,
) -> bytes:
    """Return the request. URIs are `sip:` or `sips:`, `sent_by` is this side's `host` or `host:port` for the Via.

    Raises `UsageError` for a URI that cannot be one, `ValueError` for anything else that does not fit its place.
    """
    for one in (uri, from_uri, to_uri, *(() if contact is None else (contact,))):
        if len(one) > _MAX_TEXT or _URI.fullmatch(one) is None:
            raise UsageError(f"{one!r} is no SIP address; write it as user@domain, for example anonymous@example.com")
    _require(_SENT_BY, sent_by, "sent-by")
    _require(_TOKEN, branch, "branch")
    _require(_CALL_ID, call_id, "Call-ID")
    _require(_TOKEN, tag, "tag")
    if not branch.startswith(MAGIC_COOKIE):
        raise ValueError(f"a branch begins with {MAGIC_COOKIE}")
    if not 0 <= cseq < 2**31 or not 0 <= max_forwards <= 255:
        raise ValueError("CSeq or Max-Forwards is out of its range")
    lines = [
        f"OPTIONS {uri} SIP/2.0",
        f"Via: SIP/2.0/TLS {sent_by};branch={branch};rport",
        f"Max-Forwards: {max_forwards}",
        f"From: <{from_uri}>;tag={tag}",
        f"To: <{to_uri}>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} OPTIONS",
        *(() if contact is None else (f"Contact: <{contact}>",)),
        "Accept: application/sdp",
        f"User-Agent: vpnprobe/{__version__}",
        "Content-Length: 0",
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii")


def _require(form: re.Pattern[str], text: str, what: str) -> None:
    if len(text) > _MAX_TEXT or form.fullmatch(text) is None:
        raise ValueError(f"{text!r} cannot be a {what}")
