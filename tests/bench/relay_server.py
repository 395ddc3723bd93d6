"""A lossy way to a TFTP server on loopback. Prints its port; ended by SIGTERM, which prints datagrams and lost ones.

Arguments: the server's port, delay in seconds, loss of 1.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import sys

from tests.fleet.lossy_relay import Way, lossy_relay


async def main() -> None:
    """Relay until the signal comes."""
    # Two sockets for each transfer, also for a while after its end.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    port, delay_s, loss = sys.argv[1:]
    async with lossy_relay(("127.0.0.1", int(port)), Way(delay_s=float(delay_s), loss=float(loss))) as relay:
        sys.stdout.write(f"{relay.port}\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
