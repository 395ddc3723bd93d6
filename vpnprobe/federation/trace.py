"""Reads pasted logs of a federation: SIP messages, edge trace records, an Expressway's log, errors of an ASA and a CA.

The text may be anything: cut, wrapped in the middle of a value, put into code fences, or read from a picture. It is
scanned in windows, so that a log of any length needs no more memory than a short one. What leaves this module are named
attributes, numbers and domains, never a line of the text as it stands: a log holds credentials.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from vpnprobe.federation.domain import parse_domain
from vpnprobe.federation.symptom import Symptom, SymptomKind, safe_host
from vpnprobe.model.errors import UsageError
from vpnprobe.wire.sip.diagnostics import MsDiagnostics, parse_ms_diagnostics
from vpnprobe.wire.sip.headers import record_routes, server_product

# Characters that are scanned at once; what follows a place and belongs to it; what stands before it.
WINDOW: Final = 1 << 20
AHEAD: Final = 16 * 1024
BEFORE: Final = 512

# Headers of one message that are read; two were seen in one.
MAX_HEADERS: Final = 8
# The longest attribute value that is kept. A host name with its port has 259 characters at most.
MAX_VALUE: Final = 300


# What is recognised, for the operator whose text holds none of it.
LOOKED_FOR: Final = (
    "SIP answers and requests (SIP/2.0 504 Server time-out, SUBSCRIBE sip:user@domain SIP/2.0)",
    "ms-diagnostics headers (ms-diagnostics: 1009; reason=...)",
    "trace records of a Microsoft edge ($$begin_record ... SIPPROXY_E_ROUTING_MSG_CERT_MISMATCH)",
    "lines of an Expressway's search history that end with Server time-out",
    "403 FORBIDDEN near a SUBSCRIBE",
    "Specified ACL (name) either does not exist, of an ASA",
    "errors 9406 and 9442 of a certificate request",
    "Schannel event 36885",
)

# Attributes of headers and records that say something of the fault. Everything else stays in the log.
_SHOWN: Final = re.compile(
    r"reason|domain|fqdn\d{1,3}|source|errortype|tls-target|peerserver|hresult|expected-fqdn|certname|info|summary|"
    r"winsockfailurecode|winsockfailuredescription",
    re.IGNORECASE,
)
# Those whose value is a host, and what a host may be.
_HOSTS: Final = re.compile(r"domain|fqdn\d{1,3}|source|tls-target|peerserver|expected-fqdn|certname", re.IGNORECASE)
_HOST: Final = re.compile(r"[\w.-]+(?::\d{1,5})?")
# What follows a quote that was never closed may be the header of a login.
_CREDENTIAL: Final = re.compile(
    r"(?<!\w)(?:(?:proxy-)?auth(?:orization|entication-info)|(?:www|proxy)-authenticate|opaque|rspauth|[sc]rand|c?nonce|"
    r"gssapi-data|response|password|cookie|set-cookie)\s*[=:].*",
    re.IGNORECASE | re.DOTALL,
)
# Requests of a subscription, whose routes matter (F3-24).
_ROUTED: Final = ("NOTIFY", "SUBSCRIBE")
_METHODS: Final = (*_ROUTED, "INVITE", "OPTIONS", "MESSAGE", "SERVICE", "REGISTER", "BYE", "ACK", "CANCEL", "INFO")
# These are matched against the text in lower case: where every branch begins with a letter, they are fast.
_CANDIDATE: Final = re.compile(
    r"ms-\s{0,4}diagnostics|\$\$begin_record|sipproxy_e_|sip/2\.[0o](?!/)|specified\s|server[ \t]|403[ \t]|"
    r"9406|9442|36885"
)
# Where a message ends at the latest: the next one, a trace record, or the next line of a log.
_BOUNDARY: Final = re.compile(
    r"sip/2\.[0o](?!/)|\$\$(?:begin|end)_record|"
    r"\n\d{4}-\d\d-\d\d[t ]\d\d:|\n\d\d/\d\d/\d{4}\||\ntl[_ ](?:info|warn|error)"
)
_HEADER_BOUNDARY: Final = re.compile(rf"{_BOUNDARY.pattern}|ms-\s{{0,4}}diagnostics")
_RECORD_END: Final = re.compile(r"\$\$(?:begin|end)_record|sipproxy_e_")

_STATUS: Final = re.compile(r"SIP/2\.[0O][\s_]{1,4}([1-6]\d\d)(?!\d)", re.IGNORECASE)
_HEADER: Final = re.compile(r"ms-\s{0,4}diagnostics(?:-public)?[ \t]{0,4}:", re.IGNORECASE)
_ACCESS_LIST: Final = re.compile(r"Specified\s{1,4}ACL\s{1,4}\(([^()\s]{1,200})\)\s{1,4}either", re.IGNORECASE)
_TIME_OUT: Final = re.compile(r"Server[ \t]{1,4}time-?out", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(r"403[ \t]{1,4}Forbidden", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?<!\d)(?:9406|9442|36885)(?!\d)")
_PHRASE: Final = re.compile(r"[ \t_]{0,4}((?:[A-Za-z][A-Za-z'-]{0,30}[ \t]{0,2}){0,6})(?![A-Za-z'-]*:)")
_SENDER: Final = re.compile(
    r"(?<![\w-])(?:From|f)[ \t]*:[^<:]{0,300}<?sips?:(?:[^@\s<>]{1,200}@)?([^\s<>;:?\"]{1,260})", re.IGNORECASE
)
_CSEQ: Final = re.compile(r"(?<![\w-])CSeq[ \t]*:\s{0,4}\d{1,10}\s{1,4}([A-Z]{1,20})", re.IGNORECASE)
_SERVER: Final = re.compile(r"(?<![\w-])Server[ \t]*:\s{0,4}([^\s;]{1,80})", re.IGNORECASE)
_RECORD_ROUTE: Final = re.compile(r"(?<![\w-])Record-Route[ \t]*:([^\n]{1,2000})", re.IGNORECASE)
_NEXT_HEADER: Final = re.compile(r"\n(?=[A-Za-z][A-Za-z-]{1,40}[ \t]*:\s)|ms-\s{0,4}diagnostics", re.IGNORECASE)
_RESULT: Final = re.compile(r"(?:(0x[0-9a-f]{8})\s{1,4})?(SIPPROXY_E_[A-Z_]{1,100})", re.IGNORECASE)
_DATA: Final = re.compile(r"(?<!\w)Data[ \t]*:", re.IGNORECASE)
# Schannel cut the list of trusted issuers (M-12).
_SCHANNEL_EVENT: Final = 36885
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
_NEAR_REQUEST: Final = re.compile(r"error|エラー|错误|VeriSign|CSR", re.IGNORECASE)

# A fence around pasted text; a name or value wrapped behind its hyphen; what syslog and word processors put in.
_FENCE: Final = re.compile(r"^[ \t]*```[^\n]*(?:\n|\Z)", re.MULTILINE)
_WRAPPED: Final = re.compile(r"(?<=\w)-[ \t]{0,4}\r?\n[ \t]{0,8}(?=\w)")
_REPLACED: Final = str.maketrans({"“": '"', "”": '"', "„": '"', "\r": " "})


class TraceReader:
    """Reads a text piece by piece: `feed` and `close` return the symptoms of what was read since, in order.

    `recognised` counts the messages, headers and records that were read, with or without a symptom.
    """

    def __init__(self) -> None:
        self._text = ""
        self._low = ""
        self._at = 0
        self._line = 1
        # Up to here, headers belong to the message before.
        self._owned = 0
        self.recognised = 0

    def feed(self, text: str) -> tuple[Symptom, ...]:
        """Take the next piece."""
        self._text += text
        # A record is looked for behind its beginning, and its data behind its result.
        end = len(self._text) - 2 * AHEAD
        return self._scan(end) if end - self._at >= WINDOW else ()

    def close(self) -> tuple[Symptom, ...]:
        """Read what is left."""
        return self._scan(len(self._text))

    @property
    def lines(self) -> int:
        """How many lines were read, the last one also where it does not end."""
        return self._line - 1 + self._text.count("\n") + int(bool(self._text) and self._text[-1] != "\n")

    def _scan(self, end: int) -> tuple[Symptom, ...]:
        """Read what begins before `end`, then forget what lies behind."""
        found: list[Symptom] = []
        # One character for one: what is not ASCII is no part of any pattern.
        self._low = self._text.encode("ascii", "replace").decode("ascii").lower()
        counted, line = 0, self._line
        while match := _CANDIDATE.search(self._low, self._at):
            if match.start() >= end:
                break
            line += self._text.count("\n", counted, match.start())
            counted = match.start()
            self._at = match.end()
            found += self._read(match[0], match.start(), line)
        keep = max(0, max(self._at, end) - BEFORE)
        self._at = max(self._at, end) - keep
        self._owned -= keep
        self._line += self._text.count("\n", 0, keep)
        self._text = self._text[keep:]
        return tuple(found)

    def _read(self, word: str, start: int, line: int) -> Iterator[Symptom]:
        """Read what begins at `start` with `word`."""
        text = self._text
        if word.startswith("sip/"):
            yield from self._message(start, line)
        elif word.startswith("ms-"):
            header = _HEADER.match(text, start)
            if header and start >= self._owned:
                self.recognised += 1
                yield _diagnostics(self._until(_HEADER_BOUNDARY, header.end()), line, None)
        elif word == "$$begin_record":
            end = _RECORD_END.search(self._low, self._at, start + AHEAD)
            # A record that holds a message has no result; the message in it is read for itself.
            if end is not None and end[0] == "sipproxy_e_":
                yield from self._record(end.start(), line)
        elif word == "sipproxy_e_":
            yield from self._record(start, line)
        elif word.startswith("specified"):
            if named := _ACCESS_LIST.match(text, start):
                excerpt = f"ERROR: Specified ACL ({named[1]}) ..."
                yield Symptom(kind=SymptomKind.ACCESS_LIST, line=line, excerpt=excerpt, name=named[1])
        elif word.startswith("server"):
            row = text[max(0, start - BEFORE) : start].rpartition("\n")[2]
            if _TIME_OUT.match(text, start) and _DATE.search(row):
                yield Symptom(kind=SymptomKind.SEARCH_HISTORY, line=line, excerpt="Server time-out")
        elif word.startswith("403"):
            if _FORBIDDEN.match(text, start) and "subscribe" in self._around(start, BEFORE):
                yield Symptom(
                    kind=SymptomKind.FORBIDDEN, line=line, excerpt="403 Forbidden", number=403, method="SUBSCRIBE"
                )
        elif _NUMBER.match(text, start):
            yield from self._error(int(word), start, line)

    def _message(self, start: int, line: int) -> Iterator[Symptom]:
        """Read the message whose first line holds `SIP/2.0` at `start`."""
        status = _STATUS.match(self._text, start)
        request = None if status else _request_method(self._text[max(0, start - BEFORE) : start])
        if status is None and request is None:
            return
        self.recognised += 1
        self._at = status.end() if status else self._at
        body = self._until(_BOUNDARY, self._at)
        self._owned = self._at + len(body)
        if status is None:
            yield from _routes(request, _clean(body), line) if request in _ROUTED else ()
            return
        phrase = _PHRASE.match(body)
        # The words of the answer are not a place of their own.
        self._at += phrase.end() if phrase else 0
        yield from _answer(int(status[1]), phrase[1].strip() if phrase else "", body, line)

    def _record(self, start: int, line: int) -> Iterator[Symptom]:
        """Read the record whose result has its name at `start`."""
        end = _RECORD_END.search(self._low, start + 1, start + AHEAD)
        self._at = end.start() if end else min(start + AHEAD, len(self._text))
        self.recognised += 1
        yield _record(self._text[max(0, start - len("0x00000000 ")) : self._at], line)

    def _error(self, number: int, start: int, line: int) -> Iterator[Symptom]:
        if number == _SCHANNEL_EVENT:
            if "schannel" in self._around(start, BEFORE):
                excerpt = f"Schannel, event {number}"
                yield Symptom(kind=SymptomKind.ISSUER_LIST, line=line, excerpt=excerpt, number=number)
        elif _NEAR_REQUEST.search(self._text, max(0, start - 80), start + 80):
            yield Symptom(kind=SymptomKind.CERTIFICATE_REQUEST, line=line, excerpt=f"error {number}", number=number)

    def _until(self, boundary: re.Pattern[str], start: int) -> str:
        end = boundary.search(self._low, start, start + AHEAD)
        return self._text[start : end.start() if end else start + AHEAD]

    def _around(self, start: int, span: int) -> str:
        return self._low[max(0, start - span) : start + span]


def _request_method(head: str) -> str | None:
    """Return the method of a request whose first line `head` ends with, up to the version."""
    words = head.rsplit(None, 2)[-2:]
    if len(words) < 2 or not words[1].lower().startswith(("sip:", "sips:")):
        return None
    method = words[0].rpartition("|")[2].rpartition(":")[2].upper()
    return method if method in _METHODS else None


def _answer(status: int, phrase: str, body: str, line: int) -> Iterator[Symptom]:
    answer = f"SIP/2.0 {status} {phrase}".rstrip()
    if status < 300:
        yield Symptom(kind=SymptomKind.ANSWER, line=line, excerpt=answer, number=status)
        return
    clean = _clean(body)
    sender, cseq, server = _SENDER.search(clean), _CSEQ.search(clean), _SERVER.search(clean)
    domain = None if sender is None else _domain(sender[1])
    method = cseq[1].upper() if cseq else None
    headers = [one.end() for one in itertools.islice(_HEADER.finditer(body), MAX_HEADERS)]
    for at in headers:
        yield _diagnostics(body[at:], line + body.count("\n", 0, at), domain, answer=answer)
    if not headers:
        product = None if server is None else server_product(server[1])
        parts = [
            answer,
            f"to {method}" if method else "",
            f"Server: {product.name}/{product.version or ''}".rstrip("/") if product else "",
        ]
        yield Symptom(
            kind=SymptomKind.ANSWER,
            line=line,
            excerpt=", ".join(part for part in parts if part),
            number=status,
            domain=domain,
            method=method,
            microsoft=None if product is None else product.is_microsoft,
        )
    if method in _ROUTED:
        yield from _routes(method, clean, line)


def _routes(method: str, clean: str, line: int) -> Iterator[Symptom]:
    entries = [
        route for one in itertools.islice(_RECORD_ROUTE.finditer(clean), MAX_HEADERS) for route in record_routes(one[1])
    ]
    if any(route.transport is None for route in entries):
        sender = _SENDER.search(clean)
        yield Symptom(
            kind=SymptomKind.ROUTE_WITHOUT_TRANSPORT,
            line=line,
            excerpt=f"Record-Route without transport= ({method})",
            domain=None if sender is None else _domain(sender[1]),
            method=method,
        )


def _diagnostics(text: str, line: int, sender: str | None, *, answer: str = "") -> Symptom:
    end = _NEXT_HEADER.search(text)
    parsed = _parsed(_clean(text[: end.start()] if end else text))
    attributes = _shown(parsed)
    number = "?" if parsed.code is None else f"{parsed.code}{'' if parsed.sub is None else f'.{parsed.sub}'}"
    header = _joined(f"ms-diagnostics: {number}", attributes)
    return Symptom(
        kind=SymptomKind.DIAGNOSTICS,
        line=line,
        excerpt=f"{answer}, {header}" if answer else header,
        number=parsed.code,
        domain=_domain(parsed.get("domain") or "") or _above(parsed.get("tls-target")) or sender,
        attributes=attributes,
    )


def _record(text: str, line: int) -> Symptom:
    clean = _clean(text)
    result = _RESULT.search(clean)
    name, code = (result[2].upper(), (result[1] or "").lower()) if result else ("", "")
    data = _DATA.search(clean)
    parsed = _parsed(clean[data.end() :] if data else "")
    attributes = _shown(parsed)
    return Symptom(
        kind=SymptomKind.EDGE_RECORD,
        line=line,
        excerpt=_joined(f"{code} {name}".strip(), attributes),
        name=name,
        domain=_domain(parsed.get("domain") or "") or _above(parsed.get("expected-fqdn")),
        attributes=attributes,
    )


def _clean(text: str) -> str:
    if "```" in text:
        text = _FENCE.sub("", text)
    return _WRAPPED.sub("-", text).replace("#015", " ").translate(_REPLACED)


def _parsed(text: str) -> MsDiagnostics:
    if '="' not in text:
        # Out of a web page, or out of a log that is JSON.
        text = text.replace("&quot;", '"').replace('\\"', '"')
    parsed = parse_ms_diagnostics(text)
    fields = ((name, _rejoined(value) if _HOSTS.fullmatch(name) else value) for name, value in parsed.fields)
    return msgspec.structs.replace(parsed, fields=tuple(fields))


def _rejoined(host: str) -> str:
    """Return a host that was broken once, at the end of a terminal's line or in a quoted mail, in one piece."""
    parts = host.replace(">", " ").split()
    joined = "".join(parts)
    return joined if len(parts) == 2 and _HOST.fullmatch(joined) else host


def _shown(parsed: MsDiagnostics) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, _CREDENTIAL.sub("...", value[:MAX_VALUE])) for name, value in parsed.fields if _SHOWN.fullmatch(name)
    )


def _joined(head: str, attributes: tuple[tuple[str, str], ...]) -> str:
    return "; ".join([head, *(f'{name}="{value}"' for name, value in attributes)])


def _domain(text: str) -> str | None:
    try:
        return parse_domain(text)
    except UsageError:
        return None


def _above(host: str | None) -> str | None:
    """Return the SIP domain of a target that lies in it: its name without the first label."""
    name = safe_host(host)
    return None if name is None or "." not in name else _domain(name.partition(".")[2])
