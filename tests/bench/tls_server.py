"""A TLS server that answers several connections at once. Prints its port; runs until it is killed.

`openssl s_server` serves one connection after the other, so a scanner that opens two waits for itself. Here each
of `WORKERS` processes, forked before the first connection, takes one, ends it, takes the next. TLS 1.0 to 1.3, an
RSA and an ECDSA certificate.

Arguments: the suites in OpenSSL's notation, and how far away the server seems, as a round-trip time in seconds. It
is waited for once before the connection is looked at, as the client of a near server does not wait for its SYN, and
then before each answer.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Callable
from functools import partial

from cryptography import x509
from OpenSSL import SSL

from tests.certificates import ec_key, issue

WORKERS = 24
"""More than any client opens at once, with some left for those that wait for the last word of a client."""
_PATIENCE_S = 10
_READ = 16384
_PAGE = b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"


def main() -> None:
    """Serve for ever."""
    suites, distance = sys.argv[1], float(sys.argv[2])
    context = _context(suites)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        for _ in range(WORKERS - 1):
            if os.fork() == 0:
                break
        while True:
            stream, _ = listening.accept()
            time.sleep(distance)
            with stream, contextlib.suppress(SSL.Error, OSError):
                stream.settimeout(_PATIENCE_S)
                _converse(SSL.Connection(context), stream, distance)


def _context(suites: str) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(f"{suites}:@SECLEVEL=0".encode())
    for key in (None, ec_key()):
        identity = issue(cn="vpn.example.com", dns=["vpn.example.com"], key=key)
        context.use_certificate(x509.load_der_x509_certificate(identity.der))
        context.use_privatekey(identity.key)
    return context


def _converse(tls: SSL.Connection, stream: socket.socket, distance: float) -> None:
    """Shake hands, answer any question with an empty page, close."""
    tls.set_accept_state()
    for step in (tls.do_handshake, partial(tls.recv, _READ), partial(tls.sendall, _PAGE), tls.shutdown):
        while not _taken(step, tls, stream):
            data = stream.recv(_READ)
            if not data:
                return
            time.sleep(distance)
            tls.bio_write(data)


def _taken(step: Callable[[], object], tls: SSL.Connection, stream: socket.socket) -> bool:
    """Try one step and send what came of it, also of a failure; False when it needs more bytes."""
    try:
        step()
    except SSL.WantReadError:
        return False
    finally:
        with contextlib.suppress(SSL.WantReadError):
            stream.sendall(tls.bio_read(_READ))
    return True


if __name__ == "__main__":
    main()
