"""A headless Chromium that opens one page, driven over its debugging pipe: JSON messages that end in a NUL."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Chromium reads its commands from the file descriptor 3 and answers on 4. Ours are above 9, so that none is in the way.
_COMMAND = 'exec "$0" "$@" 3<&{commands} 4>&{answers}'
_FIRST_OF_OURS = 10
_SWITCHES = (
    "--headless=new",
    "--no-sandbox",  # root cannot have one; the pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-pipe",
)
_TROUBLES = frozenset(
    {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Page.javascriptDialogOpening"}
)
_LIMIT_S = 120.0


class Chromium:
    """One page. `troubles` are errors and dialogs of its scripts and what its console was told, `requests` its URLs."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._waiting = b""
        self._number = 0
        self._session: str | None = None
        self._ended: set[str] = set()
        self.troubles: list[str] = []
        self.requests: list[str] = []

    def attach(self) -> None:
        """Make the page and listen to all that it says."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give one command and return what it came to."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, page: Path, *, width: int = 1280, height: int = 900, scripts: bool = True) -> None:
        """Open a file and wait until it is loaded, its scripts run."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        self._ended.clear()
        self.send("Page.navigate", url=page.as_uri())
        while "Page.loadEventFired" not in self._ended:
            self._receive()

    def evaluate(self, expression: str) -> Any:
        """Return what a JavaScript expression comes to, as JSON has it."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def pdf(self, **options: Any) -> bytes:
        """Return the page as it is printed."""
        return base64.b64decode(self.send("Page.printToPDF", preferCSSPageSize=True, **options)["data"])

    def screenshot(self) -> bytes:
        """Return what is in the window as PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot")["data"])

    def _receive(self) -> dict[str, Any]:
        """Return the next message; events are noted on the way."""
        message: dict[str, Any] = json.loads(self._read())
        method, parameters = message.get("method", ""), message.get("params", {})
        self._ended.add(method)
        if method in _TROUBLES:
            self.troubles.append(json.dumps(parameters))
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        return message

    def _read(self) -> bytes:
        until = time.monotonic() + _LIMIT_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while b"\0" not in self._waiting:
                assert selector.select(until - time.monotonic()), "Chromium does not answer"
                read = os.read(self._answers, 1 << 20)
                assert read, "Chromium has ended"
                self._waiting += read
        message, _, self._waiting = self._waiting.partition(b"\0")
        return message


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _FIRST_OF_OURS) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """Run Chromium with a profile of its own and give its page."""
    program = shutil.which("chromium")
    assert program is not None, "there is no chromium; run containers/prepare as root first"
    commands, our_commands = _pipe()
    our_answers, answers = _pipe()
    command = _COMMAND.format(commands=commands, answers=answers)
    browser = subprocess.Popen(
        ["bash", "-c", command, program, *_SWITCHES, f"--user-data-dir={profile}"],
        pass_fds=(commands, answers),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands)
    os.close(answers)
    try:
        page = Chromium(our_commands, our_answers)
        page.attach()
        yield page
    finally:
        os.close(our_commands)
        os.close(our_answers)
        browser.terminate()
        browser.wait(timeout=30)
