"""One read-only request to a Trust Verification Service, and its answer. Answers that are hostile end at a cap."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed, TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.target import Endpoint
from vpnprobe.model.trust import TvsAnswer, TvsStatus
from vpnprobe.wire.tvs import (
    Command,
    Message,
    MessageReader,
    Reading,
    SignerName,
    build_query,
    build_verify,
    read_answer,
)

if TYPE_CHECKING:
    from vpnprobe.transport.tls import TlsConnection
    from vpnprobe.transport.tls_settings import TlsSettings

# The session number in the dump of Cisco document 213407; there is one request in a connection.
_SESSION: Final = 1001
_STATUSES: Final[dict[int, TvsStatus]] = {0: "trusted", 1: "not-trusted"}


@dataclass(frozen=True, slots=True)
class TvsReply:
    """An answer for the record, and the certificates (DER) that it names: the server's own and the one it gave."""

    answer: TvsAnswer
    certificates: tuple[bytes, ...] = ()

    @property
    def signer(self) -> bytes | None:
        """The certificate of the signer that was asked for, DER."""
        return next((der for der in self.certificates if _sha256(der) == self.answer.certificate), None)


async def query_tvs(
    endpoint: Endpoint, about: bytes | SignerName, *, device: str, settings: TlsSettings, timeout: float
) -> TvsReply:
    """Ask the TVS at an IP literal about a certificate (DER) or a signer, all within `timeout` seconds.

    `device` is the common name of a phone's certificate, `CP-8861-SEP<MAC>`. Failures are in the answer; raises
    nothing for the network. A server whose certificate is another than `settings.expected_leaf` is not asked.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    answer, certificates = TvsAnswer(server=str(endpoint), status="no-answer"), list[bytes]()
    if isinstance(about, bytes):
        answer = msgspec.structs.replace(answer, certificate=_sha256(about))
    else:
        answer = msgspec.structs.replace(answer, subject=about.subject, issuer=about.issuer, serial=about.serial.hex())
    try:
        request = _request(about, device)
        async with asyncio.timeout(timeout):
            message = await _exchange(endpoint, request, settings, timeout, certificates)
        answer = _read(answer, message, certificates)
    except TimeoutError:
        answer = _failed(answer, Failure(kind=FailureKind.TIMEOUT))
    except TransportError as error:
        answer = _failed(answer, error.failure)
    except LimitExceeded as error:
        answer = _failed(answer, Failure(kind=FailureKind.TOO_MUCH, detail=str(error)))
    except Malformed as error:
        answer = _failed(answer, Failure(kind=FailureKind.MALFORMED, detail=str(error)))
    leaf = _sha256(certificates[0]) if certificates else None
    answer = msgspec.structs.replace(answer, leaf=leaf, duration_s=round(loop.time() - started, 6))
    return TvsReply(answer, tuple(dict.fromkeys(certificates)))


def _request(about: bytes | SignerName, device: str) -> bytes:
    try:
        if isinstance(about, bytes):
            return build_verify(about, device=device, session=_SESSION)
        return build_query(about, device=device, session=_SESSION)
    except LimitExceeded as error:
        detail = f"not asked: the question has {error}"
        raise TransportError(Failure(kind=FailureKind.LOCAL, detail=detail)) from error


async def _exchange(
    endpoint: Endpoint, request: bytes, settings: TlsSettings, timeout: float, certificates: list[bytes]
) -> Message:
    """Ask, and put the server's own certificate into `certificates` as soon as it is seen."""
    from vpnprobe.transport.tls import HandshakeFailed, handshake

    try:
        connection = await handshake(endpoint.host, endpoint.port, settings, timeout=timeout)
    except HandshakeFailed as error:
        certificates += error.facts.chain[:1]
        raise
    certificates += connection.facts.chain[:1]
    try:
        await connection.send(request)
        return await _receive(connection)
    finally:
        await connection.close()


async def _receive(connection: TlsConnection) -> Message:
    reader = MessageReader()
    while data := await connection.receive():
        if (message := reader.feed(data)) is not None:
            return message
    detail = "before the answer" if not reader.received else f"after {reader.received} bytes of the answer"
    raise TransportError(Failure(kind=FailureKind.CLOSED, detail=detail))


def _read(answer: TvsAnswer, message: Message, certificates: list[bytes]) -> TvsAnswer:
    asked_for_signer = answer.certificate is None
    wanted = Command.QUERY_ANSWER if asked_for_signer else Command.VERIFY_ANSWER
    if message.command != wanted:
        raise Malformed(2, "command", f"{message.command} instead of {wanted.value}")
    if message.session != _SESSION:
        raise Malformed(4, "session", f"{message.session} instead of {_SESSION}")
    reading = read_answer(message)
    if reading.certificate is not None and asked_for_signer:
        certificates.append(reading.certificate)
        answer = msgspec.structs.replace(answer, certificate=_sha256(reading.certificate))
    return msgspec.structs.replace(
        answer,
        status="other-answer" if reading.status is None else _STATUSES.get(reading.status, "other-answer"),
        code=reading.status,
        roles=reading.roles,
        ttl_s=reading.ttl_s,
        problem=_problem(reading, asked_for_signer=asked_for_signer),
    )


def _problem(reading: Reading, *, asked_for_signer: bool) -> str | None:
    if reading.status is None:
        return "the answer has no status"
    if reading.status == 0 and asked_for_signer and reading.certificate is None:
        return "the answer has no certificate"
    return f"the answer has unknown elements: {', '.join(map(str, reading.unknown))}" if reading.unknown else None


def _failed(answer: TvsAnswer, failure: Failure) -> TvsAnswer:
    return msgspec.structs.replace(answer, failure=failure)


def _sha256(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()
