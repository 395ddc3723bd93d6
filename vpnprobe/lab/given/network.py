"""Writes the files of a given-certificate scenario, runs its server where it has one, and says how to judge it."""

from __future__ import annotations

import asyncio
import random
import shlex
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from OpenSSL import SSL

from vpnprobe.lab.directory import write_files
from vpnprobe.lab.given.certificates import PKCS12_PASSWORD, GivenPki, damaged, exported, request
from vpnprobe.lab.given.scenario import CertificateScenario
from vpnprobe.lab.issuing import Issued, rsa_key
from vpnprobe.lab.listening import STREAM, bound_sockets, endpoint_of, tcp_server
from vpnprobe.lab.scenario import PHONE_MAC
from vpnprobe.lab.signed_files import ROLE_CAPF, ROLE_SAST, trust_list
from vpnprobe.lab.tls import TlsStream, ask_for_certificate, plain_context
from vpnprobe.lab.wording import wrapped
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import SIP_TLS_PORT, Endpoint

_HOST = "127.0.0.1"
# Those of an ASA that serves old phones.
_SUITES = ("AES256-SHA", "AES128-SHA")
_ATTEMPTS = 20

_TRUST_LIST = "CTLFile.tlv"
_SUFFIXES = {"pem": "pem", "der": "der", "pkcs12": "p12"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateLab:
    """A running scenario. `file` is the certificate; `password_file`, `trust_list` and `csr` lie beside it."""

    scenario: CertificateScenario
    directory: Path
    gateway: Endpoint | None

    @property
    def file(self) -> Path:
        """The certificate that is to be judged."""
        return self.directory / f"given.{_SUFFIXES[self.scenario.options.form]}"

    @property
    def password_file(self) -> Path:
        """The password of a PKCS#12 file."""
        return self.directory / "password"

    @property
    def trust_list(self) -> Path:
        """The cluster's trust list."""
        return self.directory / _TRUST_LIST

    @property
    def csr(self) -> Path:
        """A certificate request of the phone."""
        return self.directory / "phone.csr"

    @property
    def arguments(self) -> list[str]:
        """The arguments of `vpnprobe` that judge this scenario."""
        options = self.scenario.options
        words = ["cert", str(self.file)]
        words += ["--mac", PHONE_MAC] if options.mac else []
        words += ["--model", options.model] if options.model is not None else []
        words += ["--online-ca"] if options.online_ca else []
        words += ["--trust-list", str(self.trust_list)] if options.trust_list is not None else []
        words += ["--gateway", str(self.gateway)] if self.gateway is not None else []
        words += ["--csr", str(self.csr)] if options.csr is not None else []
        words += ["--password-file", str(self.password_file)] if options.form == "pkcs12" else []
        return words

    def describe(self, width: int = 80) -> str:
        """Say in a few lines what there is and what to type; prose is broken between words at `width` columns."""
        scenario = self.scenario
        expected = ", ".join(sorted(scenario.expect_fail)) or "no alarm"
        return "\n".join(
            (
                *wrapped(f"{scenario.name}: {scenario.title}", width),
                *(part for line in scenario.story for part in wrapped(line, width, "  ")),
                "",
                f"  file     {self.file}",
                *([f"  gateway  {self.gateway}"] if self.gateway is not None else []),
                *wrapped(f"expected {expected} (verdict {scenario.expect_verdict})", width, "  "),
                "",
                f"  {shlex.join(('vpnprobe', *self.arguments))}",
            )
        )


@asynccontextmanager
async def running_certificate_lab(
    scenario: CertificateScenario, *, port_base: int | None = None, now: datetime | None = None
) -> AsyncIterator[CertificateLab]:
    """Write the files of `scenario`, and run its server until the body ends, at a free port or at `port_base`."""
    started_at = now or datetime.now(UTC)
    pki = GivenPki(started_at)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vpnprobe-lab-")))
        gateway = None
        if scenario.options.gateway_names is not None:
            sock = _cucm_socket() if scenario.options.gateway_is_cucm else _socket(port_base or 0)
            stack.callback(sock.close)
            gateway = endpoint_of(sock)
            context = _context(scenario, pki)

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await TlsStream(context, reader, writer).handshake()

            await stack.enter_async_context(tcp_server(sock, serve))
        lab = CertificateLab(scenario=scenario, directory=directory, gateway=gateway)
        write_files(directory, _files(lab, pki, started_at))
        yield lab


def _context(scenario: CertificateScenario, pki: GivenPki) -> SSL.Context:
    shown = pki.signer("company")
    context = plain_context(_SUITES, (shown,), minimum="TLS 1.0", maximum="TLS 1.2")
    authorities = [pki.signer(name).certificate for name in scenario.options.gateway_names or ()]
    ask_for_certificate(context, authorities, insist=False, accept=True)
    return context


def _socket(port: int) -> socket.socket:
    [sock] = bound_sockets(((_HOST, STREAM),), port)
    return sock


def _cucm_socket() -> socket.socket:
    """Bind CUCM's own port at a free address somewhere in 127.0.0.0/8: several labs have it at the same time."""
    for _ in range(_ATTEMPTS):
        address = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(1, 254)}"
        try:
            [sock] = bound_sockets(((address, STREAM),), SIP_TLS_PORT)
        except UsageError:
            continue
        return sock
    raise UsageError(f"this lab needs port {SIP_TLS_PORT} at an address in 127.0.0.0/8; end what holds it")


def _files(lab: CertificateLab, pki: GivenPki, now: datetime) -> dict[str, bytes]:
    wanted, options = lab.scenario.certificate, lab.scenario.options
    issued = pki.issue(wanted)
    der = damaged(issued.der, wanted.damage)
    issuers = {"no": (), "right": issued.issuers, "earlier": (pki.signer("earlier-capf").der,)}[wanted.with_issuer]
    files = {lab.file.name: _written(options.form, issued, der, issuers)}
    if options.form == "pkcs12":
        files[lab.password_file.name] = f"{PKCS12_PASSWORD}\n".encode()
    if options.trust_list is not None:
        recovery = pki.signer("company")
        members = ((ROLE_SAST, recovery), (ROLE_CAPF, pki.signer(options.trust_list)))
        files[_TRUST_LIST] = trust_list(members, _TRUST_LIST, recovery, now, {})
    if options.csr is not None:
        key = issued.key if options.csr == "same" else rsa_key("newer")
        files[lab.csr.name] = request(issued.certificate.subject, key)
    return files


def _written(form: str, issued: Issued, der: bytes, issuers: tuple[bytes, ...]) -> bytes:
    if form == "pkcs12":
        return exported(issued)
    if form == "der":
        return der
    return b"".join(ssl.DER_cert_to_PEM_cert(one).encode() for one in (der, *issuers))
