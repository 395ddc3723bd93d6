"""The lab's healthy network. Prints the arguments that probe it, as JSON; runs until it is ended by SIGTERM."""

from __future__ import annotations

import asyncio
import json
import signal
import sys

from vpnprobe.lab.network import running_lab
from vpnprobe.lab.scenarios import find_scenario


async def main() -> None:
    """Serve until the signal comes, then clear up."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with running_lab(find_scenario("healthy")) as lab:
        sys.stdout.write(json.dumps(lab.arguments) + "\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
