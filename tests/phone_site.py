"""A phone's pages served by the standard library's web server: HTTP by code that nobody here wrote."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.certificates import Identity
from tests.wire.phone_web import samples

_ADAPTER = "/CGI/Java/Serviceability?adapter="
DEVICE, NETWORK = f"{_ADAPTER}device.statistics.device", f"{_ADAPTER}device.statistics.configuration"
STATUS, CONSOLE = f"{_ADAPTER}device.settings.status.messages", f"{_ADAPTER}device.statistics.consolelog"

# The pages of one 7962G, saved by hand; four of its logs say nothing.
SITE: dict[str, bytes] = {
    DEVICE: samples.DEVICE_7962G,
    NETWORK: samples.NETWORK_7962G,
    STATUS: samples.STATUS_7962G,
    CONSOLE: samples.CONSOLE_7962G,
    **{f"/FS/cache/log{number}": b"1: NOT 10:00:00.000001 JVM: idle\n" for number in range(178, 182)},
    "/FS/cache/log182": samples.LOG_7962G,
}


@dataclass
class Site:
    """Where it is, and what was asked: request lines with the Host header."""

    port: int
    asked: list[str] = field(default_factory=list)


@contextmanager
def served(
    pages: Mapping[str, bytes] = SITE,
    *,
    protocol: str = "HTTP/1.1",
    identity: Identity | None = None,
    directory: Path | None = None,
) -> Iterator[Site]:
    """Serve these pages on loopback; with `identity` (whose files go into `directory`) over HTTPS."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = protocol

        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path} {self.headers['Host']}")
            body = pages.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if identity is not None:
        assert directory is not None
        file = directory / "site.pem"
        file.write_bytes(identity.pem + identity.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Site(server.server_address[1], asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
