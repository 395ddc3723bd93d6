"""How a download ended."""

from __future__ import annotations

import msgspec

from vpnprobe.model.failure import Failure
from vpnprobe.model.observation import BootFileOutcome
from vpnprobe.wire.tftp.options import NO_OPTIONS, TftpOptions

# A socket address as the socket module gives it: (host, port) or (host, port, flow, scope).
Address = tuple[str, int] | tuple[str, int, int, int]


class TftpResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one read request brought.

    `outcome` and `failure.kind` together name the end. "timeout" is silence, with kind TIMEOUT or, when the whole
    run's time was up, DEADLINE; "unreachable" has kind REFUSED (ICMP port unreachable), UNREACHABLE or LOCAL (this
    machine could not send). Either is "truncated" once the server has answered. `failure` is None only when the file
    was received.

    `data` is the whole file and None unless the outcome is "received", so that a part is never taken for it.
    `error_code` and `error_text` are the server's, the text raw. `options` are those in force. `peer` is where
    the server answered from. `foreign` counts dropped datagrams of other senders; a second answer to a request
    that we repeated is none. `foreign_same_host` are those of them that another port of the server's host sent.
    `retransmissions` are ours. `size` counts bytes and `blocks` DATA blocks that came
    in order.
    """

    outcome: BootFileOutcome
    data: bytes | None = None
    failure: Failure | None = None
    error_code: int | None = None
    error_text: str = ""
    options: TftpOptions = NO_OPTIONS
    peer: tuple[str, int] | None = None
    foreign: int = 0
    foreign_same_host: int = 0
    retransmissions: int = 0
    size: int = 0
    blocks: int = 0
