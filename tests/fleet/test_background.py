"""Calls beside the loop: what they return and raise, and that nobody waits for one that does not come back."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading

import pytest

from vpnprobe.fleet.background import in_background


async def test_what_is_returned_and_raised() -> None:
    assert await in_background(threading.current_thread) is not threading.current_thread()
    assert await in_background(lambda: os.environ.get("VPNPROBE_NONE")) is None
    with pytest.raises(ZeroDivisionError):
        await in_background(lambda: 1 / 0)


async def test_who_is_cancelled_does_not_wait() -> None:
    released, ended = threading.Event(), threading.Event()

    def work() -> None:
        released.wait()
        ended.set()

    task = asyncio.create_task(in_background(work))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not ended.is_set()
    released.set()
    assert ended.wait(10)


def test_the_program_ends_without_it() -> None:
    program = (
        "import asyncio, time\n"
        "from vpnprobe.fleet.background import in_background\n"
        "async def main():\n"
        "    try:\n"
        "        async with asyncio.timeout(0.1):\n"
        "            await in_background(lambda: time.sleep(600))\n"
        "    except TimeoutError:\n"
        "        print('went on')\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr, done.returncode) == ("went on\n", "", 0)
