"""A TCP socket that a server of ours listens on."""

from __future__ import annotations

import os
import socket

from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import Endpoint


def listening_socket(endpoint: Endpoint) -> socket.socket:
    """Return a socket that listens at this address and port; raises `UsageError` that says why it cannot."""
    if not endpoint.is_address:
        raise UsageError(f"{endpoint}: name an IP address of this machine, such as 127.0.0.1, or [::] for all of them")
    try:
        return socket.create_server(
            (endpoint.host, endpoint.port), family=socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
        )
    except OSError as error:
        # Its own text is longer, and has the address again.
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(f"{endpoint}: {reason}; choose another address or port") from error
