"""What arrives at a command and at a web hook, and what is said when nothing does."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from vpnprobe.fleet.alert import Alert, alert_id
from vpnprobe.fleet.alerts import DeliveryError
from vpnprobe.fleet.channels import CommandChannel, NotificationChannel, body_of
from vpnprobe.model.errors import UsageError

AT = datetime(2026, 3, 29, 1, 30, 15, 250000, tzinfo=UTC)
HOSTILE = 'Köln "; rm -rf / $(reboot) `id` <b>\u00a0\N{SNOWMAN}'

ALERT = Alert(
    id=alert_id("berlin", "critical", AT),
    probe="berlin",
    kind="gateway",
    before="ok",
    level="critical",
    at=AT,
    since=datetime(2026, 3, 1, tzinfo=UTC),
    text=f"CRITICAL: TLS001 {HOSTILE}",
    cause="TLS001",
    target="vpn.example.com:443",
    labels={"site": HOSTILE},
)

# The whole of what is documented: every key, in this order.
AS_JSON = {
    "schema_version": 1,
    "id": "PLACE",
    "probe": "berlin",
    "kind": "gateway",
    "from": "ok",
    "to": "critical",
    "at": "2026-03-29T01:30:15.250000Z",
    "since": "2026-03-01T00:00:00Z",
    "text": f"CRITICAL: TLS001 {HOSTILE}",
    "cause": "TLS001",
    "target": "vpn.example.com:443",
    "labels": {"site": HOSTILE},
    "about": "level",
} | {"id": ALERT.id}


def test_the_id_is_that_of_the_change() -> None:
    assert ALERT.id == alert_id("berlin", "critical", AT)
    others = {alert_id("hamburg", "critical", AT), alert_id("berlin", "ok", AT), alert_id("berlin", "critical", AT.max)}
    assert len({ALERT.id, *others}) == 4


def test_an_alert_as_json_and_back() -> None:
    data = msgspec.json.encode(ALERT)
    assert msgspec.json.decode(data) == AS_JSON
    assert list(msgspec.json.decode(data)) == list(AS_JSON)
    assert msgspec.json.decode(data, type=Alert) == ALERT


def test_the_example_for_those_who_read_it() -> None:
    """The README shows every key, with values of their kind."""
    readme = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    example = readme.partition('```json\n{"schema_version": 1, "id"')[2].partition("```")[0]
    told = msgspec.json.decode('{"schema_version": 1, "id"' + example)
    assert list(told) == list(AS_JSON)
    assert msgspec.json.decode(msgspec.json.encode(msgspec.convert(told, Alert))) == told


# --- a command ---


def script(path: Path, text: str) -> tuple[str, ...]:
    path.write_text(text, encoding="utf-8")
    return sys.executable, str(path), str(path.with_suffix(".out"))


async def test_a_command_reads_one_json_object(tmp_path: Path) -> None:
    command = script(
        tmp_path / "take.py",
        "import json, pathlib, sys\n"
        "pathlib.Path(sys.argv[1]).write_text(json.dumps([sys.argv[2:], json.loads(sys.stdin.read())]))\n",
    )
    await CommandChannel((*command, "a b", "$HOME;*")).deliver(ALERT)
    arguments, told = msgspec.json.decode((tmp_path / "take.out").read_bytes())
    assert told == AS_JSON
    assert arguments == ["a b", "$HOME;*"]


async def test_a_command_may_leave_its_input_unread() -> None:
    await CommandChannel((sys.executable, "-c", "pass")).deliver(msgspec.structs.replace(ALERT, text="x" * (1 << 20)))


async def test_a_command_that_fails() -> None:
    with pytest.raises(DeliveryError, match=r"^the command ended with code 7$"):
        await CommandChannel((sys.executable, "-c", "raise SystemExit(7)")).deliver(ALERT)


async def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"^the command cannot be started: No such file or directory$"):
        await CommandChannel((str(tmp_path / "nothing"), "secret")).deliver(ALERT)


async def test_a_command_that_hangs() -> None:
    channel = CommandChannel((sys.executable, "-c", "import time; time.sleep(600)"), timeout=0.2)
    with pytest.raises(DeliveryError, match=r"^the command did not end within 0\.2 s$"):
        await channel.deliver(ALERT)


async def test_a_command_is_ended_with_all_it_started(tmp_path: Path) -> None:
    """What it started holds a pipe open, whose end is there when that process is gone."""
    fifo = tmp_path / "held"
    os.mkfifo(fifo)
    program = (
        "import subprocess, sys, time\n"
        "with open(sys.argv[1], 'wb', 0) as pipe:\n"
        "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], pass_fds=[pipe.fileno()])\n"
        "    pipe.write(b'started')\n"
        "time.sleep(600)\n"
    )
    delivery = asyncio.create_task(CommandChannel((sys.executable, "-c", program, str(fifo))).deliver(ALERT))
    with await asyncio.to_thread(fifo.open, "rb", 0) as pipe:
        assert await asyncio.to_thread(pipe.read, 7) == b"started"
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        assert await asyncio.to_thread(pipe.read) == b""


# --- a web hook ---


@dataclass
class Hook:
    """A web server on loopback that notes what it is sent, and answers with `codes`, then with 200."""

    port: int = 0
    codes: list[int] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/sesame"


@contextmanager
def web_hook() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.requests.append((self.path, dict(self.headers), msgspec.json.decode(body)))
            self.send_response(hook.codes.pop(0) if hook.codes else 200)
            self.end_headers()

        def do_GET(self) -> None:
            hook.requests.append((self.path, {}, "GET"))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def hook() -> Iterator[Hook]:
    with web_hook() as hook:
        yield hook


TITLED = {"title": "CRITICAL: berlin", "message": body_of(ALERT), "type": "failure"}


async def test_a_web_hook_is_posted_the_same_object(hook: Hook) -> None:
    await NotificationChannel(hook.url).deliver(ALERT)
    [(path, headers, body)] = hook.requests
    assert path == "/hooks/sesame"
    assert (headers["Content-Type"], headers["User-Agent"]) == ("application/json", "vpnprobe")
    assert body == AS_JSON | TITLED


async def test_what_follows_in_the_url_is_the_receivers_own(hook: Hook) -> None:
    await NotificationChannel(f"http://bob:pa%20ss@127.0.0.1:{hook.port}/a/b?token=a%2Fb%26c&x=").deliver(ALERT)
    [(path, headers, body)] = hook.requests
    assert path == "/a/b?token=a%2Fb%26c&x="
    assert headers["Authorization"] == "Basic Ym9iOnBhIHNz"
    assert body == AS_JSON | TITLED


async def test_a_url_of_apprise(hook: Hook) -> None:
    await NotificationChannel(f"json://127.0.0.1:{hook.port}/x?+X-Token=abc").deliver(ALERT)
    [(_, headers, body)] = hook.requests
    assert (headers["X-Token"], body) == ("abc", AS_JSON | TITLED)


async def test_the_text_for_people() -> None:
    assert body_of(ALERT).splitlines() == [
        f"CRITICAL: TLS001 {HOSTILE}",
        "Probe: berlin (gateway, vpn.example.com:443)",
        "At: 2026-03-29 01:30:15Z, was ok since 2026-03-01 00:00:00Z",
        f"site: {HOSTILE}",
        f"Id: {ALERT.id}",
    ]
    first = msgspec.structs.replace(ALERT, before=None, since=None, labels={})
    assert body_of(first).splitlines()[2:] == ["At: 2026-03-29 01:30:15Z", f"Id: {ALERT.id}"]


async def test_drift_is_no_change_of_level(hook: Hook) -> None:
    drift = msgspec.structs.replace(ALERT, about="drift", before="ok", level="ok", text="DRF001 another one")
    await NotificationChannel(hook.url).deliver(drift)
    [(_, _, body)] = hook.requests
    assert (body["title"], body["type"], body["about"]) == ("CHANGED: berlin", "warning", "drift")
    assert body_of(drift).splitlines()[:3] == [
        "DRF001 another one",
        "Probe: berlin (gateway, vpn.example.com:443)",
        "At: 2026-03-29 01:30:15Z",
    ]


@pytest.mark.parametrize("code", [302, 400, 403, 404, 500, 503])
async def test_a_web_hook_that_refuses(hook: Hook, code: int) -> None:
    hook.codes = [code]
    with pytest.raises(DeliveryError, match=f"^the service answered with code {code}$"):
        await NotificationChannel(hook.url).deliver(ALERT)
    assert len(hook.requests) == 1


async def test_a_web_hook_that_is_away() -> None:
    with web_hook() as gone:
        channel = NotificationChannel(gone.url)
    with pytest.raises(DeliveryError, match=r"^the service cannot be reached$"):
        await channel.deliver(ALERT)


class Listener(logging.Handler):
    """Hears what a program that logs would let out."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@pytest.fixture
def listener() -> Iterator[Listener]:
    root, listener = logging.getLogger(), Listener()
    root.addHandler(listener)
    yield listener
    root.removeHandler(listener)


async def test_nothing_of_the_url_is_told(hook: Hook, capfd: pytest.CaptureFixture[str], listener: Listener) -> None:
    channel = NotificationChannel(f"http://bob:geheim@127.0.0.1:{hook.port}/sesame?token=open")
    hook.codes = [500]
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver(ALERT)
    await channel.deliver(ALERT)
    assert len(hook.requests) == 2
    told = f"{caught.value!r}{caught.value.__cause__!r}{listener.heard}{capfd.readouterr()}{channel!r}"
    assert not [word for word in ("geheim", "sesame", "token") if word in told]


@pytest.mark.parametrize("url", ["", "nonsense", "sesame://open", "slack://sesame", "http://", "https://:pw@"])
def test_a_url_that_is_none(url: str, listener: Listener) -> None:
    with pytest.raises(UsageError, match=r"^this URL is none that Apprise can use") as caught:
        NotificationChannel(url)
    assert listener.heard == []
    assert "sesame" not in repr(caught.value)


def test_without_apprise() -> None:
    program = (
        "import sys; sys.modules['apprise'] = None\n"
        "from vpnprobe.fleet.channels import NotificationChannel\n"
        "NotificationChannel('json://127.0.0.1/')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "UsageError: notifications need Apprise; install vpnprobe with the extra: vpnprobe[alerts]" in done.stderr
