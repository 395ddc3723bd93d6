"""The stand-in edge: mutual TLS and an answer to OPTIONS, with faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from socket import socket

from cryptography import x509
from OpenSSL import SSL

from vpnprobe.lab import hostile, raw_tls
from vpnprobe.lab.federation.certificates import EdgePki
from vpnprobe.lab.federation.scenario import Edge
from vpnprobe.lab.federation.sip import answer, read_head
from vpnprobe.lab.listening import Handler, refuse, swallow, tcp_server
from vpnprobe.lab.raw_tls import ScriptedTls
from vpnprobe.lab.tls import TlsStream, ask_for_certificate, plain_context, send_also

Clock = Callable[[], datetime]


def edge_server(sock: socket, edge: Edge, pki: EdgePki, clock: Clock) -> AbstractAsyncContextManager[None]:
    """Serve `edge` on a bound socket until the context ends. `clock` tells the time of its SIP answers."""
    if edge.listens == "refuses":
        return refuse(sock)
    if edge.listens == "filtered":
        return swallow(sock)
    return tcp_server(sock, _handler(edge, pki, clock))


def _handler(edge: Edge, pki: EdgePki, clock: Clock) -> Handler:
    match edge.listens:
        case "silent":
            return hostile.silent
        case "closes":
            return hostile.closes
        case "half-record":
            return hostile.half_record
        case "plain-http":
            return hostile.plain_http
        case "3des-only":
            return _scripted(edge, pki, (raw_tls.RSA_3DES_EDE_CBC_SHA,)).serve
        case "breaks-off":
            return _scripted(edge, pki, (raw_tls.RSA_AES_256_CBC_SHA, raw_tls.RSA_AES_128_CBC_SHA)).serve
        case _:
            return TlsEdge(edge, pki, clock).serve


def _scripted(edge: Edge, pki: EdgePki, knows: Sequence[int]) -> ScriptedTls:
    leaf = pki.edge(edge.certificate)
    asks = edge.asks != "no"
    names = [authority.subject.public_bytes() for authority in _named(edge, pki)] if asks else None
    return ScriptedTls((leaf.der, *_after_leaf(edge, pki)), names, knows)


def _after_leaf(edge: Edge, pki: EdgePki) -> tuple[bytes, ...]:
    """Return the certificates that are sent after the leaf, DER. Only the root of a whole chain is left out."""
    issuers = pki.edge(edge.certificate).issuers
    match edge.sends:
        case "chain":
            return issuers[:-1]
        case "with-root":
            return issuers
        case "leaf-only":
            return ()
        case "shuffled":
            return issuers[::-1]
        case "cross-signed":
            return (*issuers[:-1], pki.cross_signed_root.der)
        case "wrong-issuer":
            return (pki.impostor.der,)


def _named(edge: Edge, pki: EdgePki) -> list[x509.Certificate]:
    """Return the CAs that a request for client certificates names."""
    match edge.names_cas:
        case "ours":
            return [pki.root("public").certificate, *pki.others(cut=False)]
        case "others":
            return pki.others(cut=False)
        case "cut":
            return pki.others(cut=True)
        case "none":
            return []


class TlsEdge:
    """The edge that speaks TLS and SIP."""

    def __init__(self, edge: Edge, pki: EdgePki, clock: Clock) -> None:
        self._edge = edge
        self._clock = clock
        self._context = plain_context(
            edge.suites, (pki.edge(edge.certificate),), minimum=edge.minimum, maximum=edge.maximum
        )
        send_also(self._context, _after_leaf(edge, pki))
        if not edge.empty_fragments:
            self._context.set_options(SSL.OP_DONT_INSERT_EMPTY_FRAGMENTS)
        if edge.asks != "no":
            ask_for_certificate(
                self._context, _named(edge, pki), insist=edge.asks == "insists", accept=not edge.refuses_client
            )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Complete the handshake and answer requests until the peer leaves."""
        stream = TlsStream(self._context, reader, writer)
        await stream.handshake()
        received = b""
        while (read := await read_head(stream, received)) is not None:
            head, received = read
            if not await answer(stream, head, self._edge, self._clock()):
                break
        await stream.close()
