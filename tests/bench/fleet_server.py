"""The files of a known fleet in a directory, and its gateway. Prints where it is, as JSON; ended by SIGTERM.

Arguments: directory, phones (a multiple of 100).
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TypedDict

from tests.fleet.known_fleet import known_fleet, mix_of


class Where(TypedDict):
    """The DNS server that knows the gateway; the kind of each phone by its MAC."""

    resolver: str
    kinds: dict[str, str]


async def main() -> None:
    """Serve until the signal comes, then clear up."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with known_fleet(Path(sys.argv[1]), mix_of(int(sys.argv[2]))) as fleet:
        where = Where(resolver=str(fleet.lab.dns_endpoint), kinds=dict(fleet.kinds))
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
