"""The ways to tell somebody of an alert: a command of the operator's, or a notification service or web hook."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import re
import signal
import threading
import warnings
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from vpnprobe.fleet.alert import Alert
from vpnprobe.fleet.alerts import Channel, DeliveryError
from vpnprobe.fleet.background import in_background
from vpnprobe.model.errors import UsageError

if TYPE_CHECKING:
    from vpnprobe.fleet.plan_alerts import AlertTarget

# Longest time for one command, and for one notification. Seconds.
DEFAULT_TIMEOUT_S: Final = 30.0

# The program's own standard error: where the words of a command belong.
_STDERR: Final = 2


def channels_of(targets: Iterable[AlertTarget]) -> dict[str, Channel]:
    """Return the channel of each alert target by its name; raises `UsageError` for a URL that cannot be used."""
    return {
        target.name: CommandChannel(target.command, timeout=target.timeout_s)
        if target.url is None
        else NotificationChannel(target.url, timeout=target.timeout_s)
        for target in targets
    }


class CommandChannel:
    """Starts a program with the alert as one JSON object on standard input.

    There is no shell, and nothing of the alert is in the arguments. What it prints goes to standard error. Exit code 0
    says that it took the alert.
    """

    def __init__(self, command: tuple[str, ...], *, timeout: float = DEFAULT_TIMEOUT_S) -> None:
        self._command = command
        self._timeout = timeout

    async def deliver(self, alert: Alert) -> None:
        """Run the command; raises `DeliveryError` where it cannot be started, fails or takes too long."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=_STDERR,
                stderr=_STDERR,
                start_new_session=True,
            )
        except OSError as error:
            raise DeliveryError(f"the command cannot be started: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._timeout):
                await process.communicate(msgspec.json.encode(alert) + b"\n")
        except TimeoutError as error:
            raise DeliveryError(f"the command did not end within {self._timeout:g} s") from error
        finally:
            if process.returncode is None:
                _kill(process)
                await process.wait()
        if process.returncode:
            raise DeliveryError(f"the command ended with code {process.returncode}")


def _kill(process: asyncio.subprocess.Process) -> None:
    """End the command and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


class NotificationChannel:
    """Tells a notification service that Apprise knows, or a web hook, by its URL.

    A web hook (`https://` or `http://`, or Apprise's `jsons://` and `json://`) is sent the alert's JSON object with
    three keys more: `title`, `message` (the same text as elsewhere) and `type` (info, success, warning, failure). It
    takes the alert by answering with a code from 200 to 299.

    The URL is a secret: it is in no text of this class.
    """

    def __init__(self, url: str, *, timeout: float = DEFAULT_TIMEOUT_S) -> None:
        """Raises `UsageError` where Apprise is not installed or cannot use the URL."""
        self._url = _apprise_url(url)
        self._timeout = timeout
        # Apprise and its services are not made for several threads at once.
        self._turn = asyncio.Lock()
        self._service()

    async def deliver(self, alert: Alert) -> None:
        """Send the notification; raises `DeliveryError` where it was not taken, or not in time."""
        try:
            async with self._turn, asyncio.timeout(self._timeout):
                await in_background(lambda: self._send(alert))
        except TimeoutError as error:
            raise DeliveryError(f"the service did not answer within {self._timeout:g} s") from error

    def _service(self) -> Any:
        with _heard():
            service = _instantiate(self._url)
        if service is None:
            raise UsageError("this URL is none that Apprise can use; see https://appriseit.com/services/")
        return service

    def _send(self, alert: Alert) -> None:
        apprise = _apprise()
        service = self._service()
        if self._url.startswith(_WEB_HOOKS):
            service.payload_extras = {**_WITHOUT, **msgspec.to_builtins(alert)}
        with _heard() as words:
            taken = service.notify(
                title=title_of(alert),
                body=body_of(alert),
                notify_type=apprise.NotifyType("warning" if alert.about == "drift" else _TYPES[alert.level]),
                body_format=apprise.NotifyFormat.TEXT,
            )
        if not taken:
            raise DeliveryError(_reason(words))


# What Apprise calls "post JSON to this URL", and what it would put into the object that says nothing.
_WEB_HOOKS: Final = ("json://", "jsons://")
_WITHOUT: Final = {"version": "", "attachments": ""}

_TYPES: Final[dict[str, str]] = {"ok": "success", "warning": "warning", "unknown": "warning", "critical": "failure"}


def title_of(alert: Alert) -> str:
    """Return the alert in a few words."""
    return f"{'CHANGED' if alert.about == 'drift' else alert.level.upper()}: {alert.probe}"


def body_of(alert: Alert) -> str:
    """Return the alert in a few lines of text."""
    is_first = alert.before is None or alert.about == "drift"
    before = "" if is_first else f", was {alert.before}"
    since = "" if is_first or alert.since is None else f" since {_moment(alert.since)}"
    lines = [
        alert.text,
        f"Probe: {alert.probe} ({alert.kind}, {alert.target})",
        f"At: {_moment(alert.at)}{before}{since}",
        *(f"{name}: {value}" for name, value in alert.labels.items()),
        f"Id: {alert.id}",
    ]
    return "\n".join(lines)


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")


def _apprise_url(url: str) -> str:
    """Return the URL as Apprise wants it: a plain web address becomes its JSON notification.

    Those of known services stay as they are. In the query of the other ones a leading "-" says that the parameter is
    the receiver's own, not Apprise's.
    """
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in ("http", "https"):
        return url
    with _heard():
        if _instantiate(url) is not None:
            return url
    parts = urlsplit(url)
    own = [(f"-{name}", value) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    query = urlencode([*own, ("redirect", "no")], quote_via=quote)
    return f"json{'s' if scheme.lower() == 'https' else ''}://{rest.partition('?')[0]}?{query}"


def _instantiate(url: str) -> Any:
    """Return Apprise's object for this URL, None where it has none. Every service has attributes of its own."""
    apprise = _apprise()
    return apprise.Apprise.instantiate(url, asset=apprise.AppriseAsset(app_id="vpnprobe", app_desc="vpnprobe"))


@functools.cache
def _apprise() -> Any:
    with warnings.catch_warnings():
        # What its hundred services import is nobody's business here.
        warnings.simplefilter("ignore")
        try:
            import apprise
        except ImportError as error:
            raise UsageError("notifications need Apprise; install vpnprobe with the extra: vpnprobe[alerts]") from error
        # It imports them all with the first URL.
        apprise.Apprise.instantiate("json://localhost")
    return apprise


def _reason(words: Iterable[str]) -> str:
    """Return why, as far as it can be told without the words of Apprise, which may hold the URL."""
    for text in words:
        if (code := _HTTP_CODE.search(text)) is not None:
            return f"the service answered with code {code[1]}"
        if "Connection error" in text:
            return "the service cannot be reached"
    return "the service did not take it"


_HTTP_CODE: Final = re.compile(r"\berror=(\d{3})\b")


class _Listener(logging.Handler):
    """Hears what Apprise logs in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.words.append(record.getMessage())


@contextlib.contextmanager
def _heard() -> Iterator[list[str]]:
    """Hold what Apprise logs instead of letting it out."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    listener = _Listener()
    logger.addHandler(listener)
    try:
        yield listener.words
    finally:
        logger.removeHandler(listener)
