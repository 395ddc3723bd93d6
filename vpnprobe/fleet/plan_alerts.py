"""Who a plan says is to be told of changes, read from its tables. URLs are secrets and come from elsewhere."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from vpnprobe.fleet import plan_table as values
from vpnprobe.fleet.plan_table import PlanTable
from vpnprobe.model.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTarget:
    """Who is told of a change: a URL (a web hook, or a service that Apprise knows) or a command. One of the two.

    The URL is a secret.
    """

    name: str
    url: str | None = field(default=None, repr=False)
    command: tuple[str, ...] = ()
    timeout_s: float = 30.0


def read_alert(name: str, table: PlanTable) -> AlertTarget:
    """Read the table `[alert.NAME]`, and what it names: the file with the URL, or the variable."""
    ways = [way for way in ("url-file", "url-env", "command") if table.has(way)]
    if len(ways) != 1 and not table.has("url"):
        table.fault(f"an alert has one of url-file, url-env and command; {name!r} has {' and '.join(ways) or 'none'}")
    from_file = table.read("url-file", lambda value: _url(_first_line(value)), None)
    target = AlertTarget(
        name=name,
        url=table.read("url-env", lambda value: _url(_variable(value)), from_file),
        command=table.read("command", _command, ()),
        timeout_s=table.read("timeout", values.duration(1, 600), 30.0),
    )
    if table.has("url"):
        table.read("url", _no_secret_here, None)
    table.close()
    return target


def _no_secret_here(_value: object) -> None:
    raise UsageError(
        "does not belong in a plan, for it is a secret; write url-file and the name of a file whose first line is the "
        "URL, or url-env and the name of an environment variable that holds it"
    )


def _variable(value: object) -> str:
    name = values.text(value)
    if not os.environ.get(name, "").strip():
        raise UsageError(f"names {name}, and there is no such environment variable, or it is empty; set it to the URL")
    return os.environ[name]


def _url(value: object) -> str:
    """Take a URL that can be used. It is a secret, so it is not in what is said of it."""
    from vpnprobe.fleet.channels import NotificationChannel

    url = values.text(value).strip()
    try:
        NotificationChannel(url)
    except UsageError as error:
        raise UsageError(f"cannot be used: {error}") from error
    return url


def _first_line(value: object) -> str:
    name = values.text(value)
    try:
        with Path(name).open(encoding="utf-8") as stream:
            line = stream.readline(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{name}: {reason}; name a file whose first line is the URL") from error
    if not line:
        raise UsageError(f"{name}: its first line is empty; write the URL there")
    return line


def _command(value: object) -> tuple[str, ...]:
    words = values.texts(value)
    if not words:
        raise UsageError('is empty; write ["/path/of/program", "argument"]')
    if shutil.which(words[0]) is None:
        raise UsageError(f"names {words[0]!r}, which is no program here; write the whole path of one")
    return words
