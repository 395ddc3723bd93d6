"""`vpnprobe exporter`: probes of a plan for Prometheus to scrape."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import OK
from vpnprobe.cli.metrics import samples_of, successes_text
from vpnprobe.cli.plan import PlanArgument
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import Endpoint, parse_endpoint
from vpnprobe.render.escape import printable

if TYPE_CHECKING:
    import socket

    from vpnprobe.fleet.exporter import Exporter
    from vpnprobe.fleet.measuring import Unmeasured
    from vpnprobe.fleet.plan import PlannedProbe
    from vpnprobe.model.finding import Report

DEFAULT_LISTEN: Final = "127.0.0.1:9877"
_DEFAULT_PORT: Final = 9877

# A probe is a few connections, and most of them wait.
_AT_ONCE: Final = 16

# Far more than scrapes need; beyond it new connections are told that the server is busy.
_MAX_CONNECTIONS: Final = 256

# What running probes are given to end when the exporter is stopped. Seconds.
_PATIENCE_S: Final = 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("exporter", cls=PlainCommand)(exporter)


def exporter(
    file: PlanArgument,
    listen: Annotated[
        str,
        typer.Option(
            "--listen", metavar="ADDRESS[:PORT]", envvar="VPNPROBE_LISTEN", help="Where Prometheus finds the exporter."
        ),
    ] = DEFAULT_LISTEN,
    any_target: Annotated[
        bool,
        typer.Option(
            "--any-target",
            envvar="VPNPROBE_ANY_TARGET",
            help="Dial whatever a scrape asks for, not only targets of the plan. Whoever reaches the exporter can then "
            "have this machine dial any address.",
        ),
    ] = False,
    at_once: Annotated[
        int,
        typer.Option(
            "--at-once",
            min=1,
            max=1000,
            metavar="NUMBER",
            envvar="VPNPROBE_AT_ONCE",
            help="Probes that run at the same time; a scrape beyond that is told so (503).",
        ),
    ] = _AT_ONCE,
) -> int:
    """Answer Prometheus: /probe?module=NAME&target=… runs a probe of the plan and gives its metrics.

    Example: vpnprobe exporter plan.toml --listen 127.0.0.1:9877

    A module is a probe of the plan, by its name; without target= its own is taken. A probe ends in time for the scrape
    time-out that Prometheus announces. /metrics is about the exporter itself, / lists the modules.

    There is no password and no TLS: put a web server in front where others can reach it. SIGHUP reads the plan again;
    where the new one is wrong, the old one stays. SIGTERM and Ctrl-C end it. vpnprobe plan rules prints alert rules,
    vpnprobe plan dashboard a dashboard for Grafana.
    """
    from vpnprobe.cli.planned import planned_commands, read_plan, read_plan_aloud
    from vpnprobe.fleet.exporter import Exporter
    from vpnprobe.transport.listener import listening_socket

    plan = read_plan_aloud(file)
    endpoint = parse_endpoint(listen, _DEFAULT_PORT)
    serving = Exporter(plan, planned_commands(), written, successes_text, any_target=any_target, at_once=at_once)

    def reload() -> None:
        try:
            serving.plan = read_plan(file)
        except UsageError as error:
            _say(f"the new plan is refused, the old one stays: {error}")
        else:
            _say(f"{len(serving.plan.probes)} modules from {file}")

    try:
        sock = listening_socket(endpoint)
    except UsageError as error:
        raise UsageError(f"--listen {error}") from error
    with sock:
        asyncio.run(_serve(serving, endpoint, sock, None if file == "-" else reload))
    return OK


async def _serve(
    exporter: Exporter, endpoint: Endpoint, sock: socket.socket, reload: Callable[[], None] | None
) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(
            exporter.app(),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            limit_concurrency=_MAX_CONNECTIONS,
            timeout_graceful_shutdown=_PATIENCE_S,
        )
    )

    def end() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    # uvicorn has handlers of its own while it serves, and raises the signal again afterwards: these take it then.
    wanted: dict[str, Callable[[], None]] = {"SIGTERM": end, "SIGINT": end}
    if reload is not None:
        wanted["SIGHUP"] = reload
    for name, heed in wanted.items():
        number = getattr(signal, name, None)
        # `nohup` has SIGHUP ignored, and means it.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, heed)
    _say(f"{len(exporter.plan.probes)} modules at http://{endpoint}/")
    await server.serve(sockets=[sock])


def written(planned: PlannedProbe, outcome: Report | Unmeasured, last_success: datetime | None) -> str:
    """Return the metrics of a run that ended now; why there is no report is told on standard error."""
    from vpnprobe.fleet.measuring import Unmeasured
    from vpnprobe.render.prometheus import exposition

    if isinstance(outcome, Unmeasured):
        for line in (outcome.reason, *outcome.details):
            _say(f"{planned.name}: {line}")
    return exposition(samples_of(planned, outcome, datetime.now(UTC), last_success))


def _say(text: str) -> None:
    # A log that cannot be written is no reason to stop answering.
    with contextlib.suppress(OSError):
        sys.stderr.write(f"vpnprobe: {printable(text, 1000)}\n")
        sys.stderr.flush()
