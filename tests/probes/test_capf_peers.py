"""The CAPF probe against servers that nobody here wrote: OpenSSL's, GnuTLS's, the standard library's.

They are fed with the greeting as the written format has it, byte by byte, and not by our builder.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.certificates import Identity, issue, rsa_key
from tests.checks.evidence_builder import finding
from vpnprobe.model.capf import CapfVisit
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.target import Endpoint
from vpnprobe.phones.profile import load_profile
from vpnprobe.probes.capf import CapfProbe
from vpnprobe.probes.options import CapfOptions, NetworkOptions

LOOPBACK = "127.0.0.1"
# 0x55, AUTH_REQUEST, session 42, eight bytes; element 7 (version) 3; element 8 (authentication) 0.
GREETING = b"\x55\x01\x00\x00\x00\x2a\x00\x08\x07\x00\x01\x03\x08\x00\x01\x00"
CAPF = issue(cn="CAPF-1a2b3c4d", ca=True, key=rsa_key(slot=4), key_usage=["digitalSignature", "keyCertSign"])

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl program")
needs_gnutls = pytest.mark.skipif(shutil.which("gnutls-serv") is None, reason="there is no gnutls-serv program")


def free_port() -> int:
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        port: int = holder.getsockname()[1]
        return port


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


@contextmanager
def program(arguments: list[str], port: int, *, says: bytes = b"") -> Iterator[Callable[[], bytes]]:
    """Run a server; `says` goes to its standard input again and again. What it hears is read at the end."""
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        ended = threading.Event()
        heard: list[bytes] = []

        def feed() -> None:
            assert process.stdin is not None
            while not ended.wait(0.1) and process.poll() is None:
                if says:
                    try:
                        process.stdin.write(says)
                        process.stdin.flush()
                    except OSError:
                        return

        def stop() -> bytes:
            if not ended.is_set():
                ended.set()
                feeding.join()
                process.terminate()
                heard.append(process.communicate()[0])
            return heard[0]

        feeding = threading.Thread(target=feed)
        feeding.start()
        try:
            while not is_open(port):
                assert process.poll() is None
                time.sleep(0.02)
            yield stop
        finally:
            stop()


def files(directory: Path, identity: Identity = CAPF) -> tuple[str, str]:
    certificate, key = directory / "capf.pem", directory / "key.pem"
    certificate.write_bytes(identity.pem)
    key.write_bytes(identity.key_pem)
    return str(certificate), str(key)


def probe(port: int, model: str) -> Evidence:
    options = CapfOptions(
        server=Endpoint(LOOPBACK, port), profile=load_profile(model), network=NetworkOptions(timeout=3.0)
    )
    return asyncio.run(CapfProbe(options).run())


def visit(evidence: Evidence) -> CapfVisit:
    assert evidence.capf is not None
    [only] = evidence.capf.visits
    return only


@needs_openssl
@pytest.mark.parametrize(("model", "version"), [("7962G", "-tls1"), ("8841", "-tls1_2")])
def test_openssl_s_server(model: str, version: str, tmp_path: Path) -> None:
    certificate, key = files(tmp_path)
    port = free_port()
    arguments = ["openssl", "s_server", "-accept", f"{LOOPBACK}:{port}", "-cert", certificate, "-key", key]
    with program([*arguments, version, "-cipher", "ALL:@SECLEVEL=0", "-quiet"], port, says=GREETING) as stop:
        only = visit(evidence := probe(port, model))
        assert stop() == b""  # what clients said to it
    assert only.spoke == "capf"
    assert only.greeting is not None
    assert (only.greeting.session, only.greeting.version, only.greeting.auth_type) == (42, 3, 0)
    assert evidence.certificates[only.chain[0]] == CAPF.der
    assert {
        check: finding(evidence, check).status for check in ("CPF007", "CPF008", "CPF009", "CPF012")
    } == dict.fromkeys(("CPF007", "CPF008", "CPF009", "CPF012"), "pass")


@needs_openssl
def test_openssl_s_server_without_tls_1_0(tmp_path: Path) -> None:
    certificate, key = files(tmp_path)
    port = free_port()
    arguments = ["openssl", "s_server", "-accept", f"{LOOPBACK}:{port}", "-cert", certificate, "-key", key, "-tls1_2"]
    with program([*arguments, "-quiet"], port, says=GREETING):
        evidence = probe(port, "7962G")
    assert visit(evidence).spoke == "tls-failed"
    refused = finding(evidence, "CPF007")
    assert refused.status == "fail"
    assert "another client is given TLS 1.2" in refused.summary


@needs_gnutls
def test_gnutls_as_a_web_server_stays_silent_in_tls(tmp_path: Path) -> None:
    certificate, key = files(tmp_path)
    port = free_port()
    arguments = ["gnutls-serv", "--http", "--port", str(port), "--x509certfile", certificate, "--x509keyfile", key]
    with program([*arguments, "--quiet"], port):
        evidence = probe(port, "8841")
    only = visit(evidence)
    assert (only.spoke, len(only.chain)) == ("silent", 1)
    assert "CAPF speaks first" in finding(evidence, "CPF009").summary


class StandardServer:
    """The standard library's TLS or plain server, in a thread; each connection is told the same."""

    def __init__(self, says: bytes, certificate: tuple[str, str] | None) -> None:
        self._says = says
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
            self._context.set_ciphers("ALL:@SECLEVEL=0")
        self.heard = b""
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> StandardServer:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            accepted.settimeout(5)
            with accepted:
                try:
                    self._talk(accepted)
                except OSError:
                    continue

    def _talk(self, accepted: socket.socket) -> None:
        if self._context is None:
            accepted.sendall(self._says)
            while accepted.recv(65536):
                pass
            return
        with self._context.wrap_socket(accepted, server_side=True) as session:
            session.sendall(self._says)
            while data := session.recv(65536):
                self.heard += data


def test_the_standard_library_s_tls(tmp_path: Path) -> None:
    with StandardServer(GREETING, files(tmp_path)) as server:
        evidence = probe(server.port, "8841")
    assert visit(evidence).spoke == "capf"
    assert server.heard == b""


@pytest.mark.parametrize(
    ("says", "start"),
    [(b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-"), (b"* OK IMAP4 ready\r\n", "* OK"), (b"\x1b[2J\x00\xff", "\x1b[2J")],
    ids=["ssh", "imap", "control characters"],
)
@pytest.mark.parametrize("in_tls", [True, False], ids=["in TLS", "plain"])
def test_other_protocols(says: bytes, start: str, in_tls: bool, tmp_path: Path) -> None:
    with StandardServer(says, files(tmp_path) if in_tls else None) as server:
        evidence = probe(server.port, "8841")
    only = visit(evidence)
    assert only.spoke == ("other" if in_tls else "plain")
    assert (only.excerpt or "").startswith(start)
    assert finding(evidence, "CPF009" if in_tls else "CPF005").status == "fail"
