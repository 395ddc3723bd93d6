"""The stand-in for the HTTPS side of a Microsoft CA: a chain, and the page that it shows without a login."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final, Literal

import msgspec
from cryptography import x509

from vpnprobe.lab.http import read_request, response
from vpnprobe.lab.issuing import Issued, certificate_builder, key_usage, lab_name, rsa_key, signed
from vpnprobe.lab.listening import refuse, tcp_server
from vpnprobe.lab.tls import PeerGoneError, TlsStream, ask_for_certificate, plain_context, send_also

ONLINE_CA_NAME: Final = "ca.lab.example"

_LAB = "vpnprobe lab (not Microsoft)"
_CA_DAYS = 4000
_SUITES = ("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", "AES256-SHA")
_HEADERS = (("Server", "Microsoft-IIS/8.5"), ("WWW-Authenticate", "NTLM"), ("Content-Type", "text/html; charset=utf-8"))

_PAGE: Final = (
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{title}</title></head><body>{text}</body></html>'
)
_PAGES: Final = {
    "english": ("401 - Unauthorized: Access is denied due to invalid credentials.", "Server Error"),
    "german": (
        "401 - Nicht autorisiert: Der Zugriff wird aufgrund ung\u00fcltiger Anmeldeinformationen verweigert.",
        "Serverfehler",
    ),
}


class OnlineCaServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What answers as the online CA. The defaults are healthy.

    `issuer` of the HTTPS certificate: the root itself, an intermediate of it, the certificate itself, or a CA that the
    operator knows nothing of. `sends` is what follows the leaf. `asks` for a client certificate. `page` is what a GET
    brings: an IIS refusal in a language, nothing at all, or 404.
    `in_dns` False leaves its name out of the DNS.
    """

    listens: Literal["tls", "refuses", "plain"] = "tls"
    common_name: str = ONLINE_CA_NAME
    issuer: Literal["root", "intermediate", "itself", "foreign"] = "intermediate"
    sends: Literal["chain", "leaf-only"] = "chain"
    days_left: int = 300
    asks: Literal["no", "asks", "insists"] = "no"
    page: Literal["english", "german", "empty", "missing"] = "english"
    in_dns: bool = True


class OnlineCaPki:
    """The certificates of one stand-in; `now` is what all validities count from."""

    def __init__(self, wanted: OnlineCaServer, now: datetime) -> None:
        self._now = now
        self.root = self._authority("Lab Enterprise Root CA", "online-ca-root")
        self.leaf = self._leaf(wanted)

    def _leaf(self, wanted: OnlineCaServer) -> Issued:
        issuer = self._issuer(wanted.issuer)
        key = rsa_key("online-ca")
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, wanted.common_name)])
        builder = certificate_builder(
            subject,
            subject if issuer is None else issuer.certificate.subject,
            key,
            now=self._now,
            age_days=100,
            days_left=wanted.days_left,
        )
        usage = key_usage(digital_signature=True, key_encipherment=True, sign=issuer is None)
        builder = builder.add_extension(usage, critical=True)
        if issuer is None:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return signed(builder, key, issuer)

    def _issuer(self, which: Literal["root", "intermediate", "itself", "foreign"]) -> Issued | None:
        match which:
            case "root":
                return self.root
            case "intermediate":
                return self._authority("Lab Enterprise Issuing CA", "online-ca-issuing", self.root)
            case "foreign":
                return self._authority("Some Other CA", "online-ca-other")
            case "itself":
                return None

    def _authority(self, common_name: str, key_name: str, issuer: Issued | None = None) -> Issued:
        key = rsa_key(key_name)
        subject = lab_name(_LAB, common_name)
        builder = (
            certificate_builder(
                subject,
                subject if issuer is None else issuer.certificate.subject,
                key,
                now=self._now,
                age_days=_CA_DAYS,
                days_left=_CA_DAYS,
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(key_usage(digital_signature=True, sign=True), critical=True)
        )
        return signed(builder, key, issuer)


def online_ca_server(
    sock: socket.socket, wanted: OnlineCaServer, pki: OnlineCaPki
) -> AbstractAsyncContextManager[None]:
    """Serve as the online CA on a bound TCP socket."""
    if wanted.listens == "refuses":
        return refuse(sock)
    context = plain_context(_SUITES, [pki.leaf], minimum="TLS 1.2", maximum="TLS 1.2")
    if wanted.sends == "chain":
        send_also(context, pki.leaf.issuers[:-1])
    if wanted.asks != "no":
        ask_for_certificate(context, [pki.root.certificate], insist=wanted.asks == "insists", accept=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if wanted.listens == "plain":
            writer.write(response(400, "Bad Request", (("Server", "Microsoft-HTTPAPI/2.0"),)))
            await writer.drain()
            return
        stream = TlsStream(context, reader, writer)
        try:
            await stream.handshake()
            if await read_request(stream) is not None:
                await stream.write(_answer(wanted))
            await stream.close()
        except PeerGoneError:
            return

    return tcp_server(sock, serve)


def _answer(wanted: OnlineCaServer) -> bytes:
    if wanted.page == "missing":
        return response(
            404, "Not Found", _HEADERS, _PAGE.format(title="404 - File or directory not found.", text="").encode()
        )
    if wanted.page == "empty":
        return response(401, "Unauthorized", _HEADERS, b"")
    title, text = _PAGES[wanted.page]
    return response(401, "Unauthorized", _HEADERS, _PAGE.format(title=title, text=text).encode())
