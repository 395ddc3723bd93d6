"""One OPTIONS over an established session, and its final answer. Answers that are hostile end at a cap."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed, TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import SipExchange
from vpnprobe.wire.sip.headers import parse_cseq, vias
from vpnprobe.wire.sip.message import ResponseReader, SipResponse
from vpnprobe.wire.sip.options import MAGIC_COOKIE, build_options

if TYPE_CHECKING:
    from vpnprobe.transport.tls import TlsConnection

MAX_VALUE: Final = 2048
"""Characters of one header value that are recorded."""

_CSEQ: Final = 1


async def ask_options(
    connection: TlsConnection, *, uri: str, from_uri: str, local: str, timeout: float, token: Callable[[], str]
) -> SipExchange:
    """Send an OPTIONS for `uri` and read up to its final answer, all within `timeout` seconds.

    `local` is this side's `host` or `host:port` for the Via header. `token` gives letters and digits, new ones at each
    call. Raises `UsageError` for a URI that cannot be one and nothing for the network. What the peer asks on its own
    is not answered. The connection stays open.
    """
    branch, call_id = MAGIC_COOKIE + token(), token()
    request = build_options(
        uri=uri,
        from_uri=from_uri,
        to_uri=uri,
        sent_by=local,
        branch=branch,
        call_id=call_id,
        tag=token(),
        cseq=_CSEQ,
    )
    began = time.monotonic()
    answers = _Answers(branch, call_id)
    failure: Failure | None = None
    try:
        async with asyncio.timeout(timeout):
            await connection.send(request)
            while answers.final is None:
                if not (data := await connection.receive()):
                    raise TransportError(Failure(kind=FailureKind.CLOSED))
                answers.feed(data)
    except TimeoutError:
        failure = Failure(kind=FailureKind.TIMEOUT)
    except TransportError as error:
        failure = error.failure
    except LimitExceeded as error:
        failure = Failure(kind=FailureKind.TOO_MUCH, detail=str(error))
    except Malformed as error:
        failure = Failure(kind=FailureKind.MALFORMED, detail=str(error))
    return _exchange(uri, answers, failure, connection.empty_fragments, round(time.monotonic() - began, 6))


class _Answers:
    """Sorts what comes: provisional answers, the final one, and what is not meant for this request."""

    def __init__(self, branch: str, call_id: str) -> None:
        self._branch = branch
        self._call_id = call_id
        self._reader = ResponseReader()
        self._foreign = 0
        self.provisional: list[int] = []
        self.final: SipResponse | None = None

    @property
    def ignored(self) -> int:
        return self._foreign + self._reader.requests

    @property
    def unfinished(self) -> SipResponse | None:
        """The final answer of which only the head and part of the body came."""
        begun = self._reader.unfinished
        return begun if begun is not None and begun.status >= 200 and self._is_ours(begun) else None

    def feed(self, data: bytes) -> None:
        for response in self._reader.feed(data):
            if self.final is not None or not self._is_ours(response):
                self._foreign += 1
            elif response.status < 200:
                self.provisional.append(response.status)
            else:
                self.final = response

    def _is_ours(self, response: SipResponse) -> bool:
        """Whether nothing in it says otherwise: Call-ID and CSeq, the branch where there is no Call-ID.

        A server that answers without these headers still answers us: nobody else is on this connection.
        """
        for value in response.values("cseq")[:1]:
            if (parsed := parse_cseq(value)) is not None and parsed != (_CSEQ, "OPTIONS"):
                return False
        for value in response.values("call-id")[:1]:
            return value == self._call_id
        for value in response.values("via")[:1]:
            return all(via.branch in (None, self._branch) for via in vias(value)[:1])
        return True


def _exchange(
    uri: str, answers: _Answers, failure: Failure | None, empty_fragments: bool | None, duration_s: float
) -> SipExchange:
    answer = answers.final or answers.unfinished
    seen = SipExchange(
        uri=uri,
        provisional=tuple(answers.provisional),
        ignored=answers.ignored,
        empty_fragments=empty_fragments,
        failure=failure,
        duration_s=duration_s,
    )
    if answer is None:
        return seen
    return msgspec.structs.replace(
        seen,
        status=answer.status,
        reason=answer.reason,
        headers=tuple((name, value[:MAX_VALUE]) for name, value in answer.headers),
        body_length=answer.body_length,
        body_excerpt=answer.body.decode(errors="replace"),
        breaches=tuple(one.value for one in answer.breaches),
    )
