"""The exporter for Prometheus: `/probe?target=…&module=…` runs a probe of a plan, `/metrics` tells of the exporter.

A module is a probe of the plan. It dials the targets that probes of its kind have in the plan, others only with
`any_target`: whoever can reach the exporter could otherwise have it dial anything.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from vpnprobe.fleet.measuring import MakeProbe, Measurement, Unmeasured, success_of
from vpnprobe.fleet.plan import TARGET_OPTIONS, Kind, Plan, PlannedProbe, ProbeOptions
from vpnprobe.model.choice import did_you_mean
from vpnprobe.model.errors import UsageError
from vpnprobe.model.finding import Report
from vpnprobe.probes.options import DEFAULT_TIMEOUT_S
from vpnprobe.version import __version__

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

# Prometheus says how long it waits. What is left of that goes into judging and answering. Seconds.
SCRAPE_TIMEOUT_HEADER: Final = "x-prometheus-scrape-timeout-seconds"
MARGIN_S: Final = 0.5
_SHORTEST_S: Final = 0.1

# No group-url that a phone would take is longer.
_MAX_TARGET: Final = 2048

_PAGE_HEADERS: Final = {"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff"}

# Turns the outcome of a run into the text that is answered; the moment is that of the last success that is known.
WriteMetrics = Callable[[PlannedProbe, Report | Unmeasured, datetime | None], str]

# Turns last successes into text that can stand behind other metrics.
WriteSuccesses = Callable[[Iterable[tuple[PlannedProbe, datetime]]], str]

# Last successes that are remembered, of modules and targets. Those asked for last stay.
_REMEMBERED: Final = 4096


class Exporter:
    """Answers for one plan; `plan` may be replaced while it runs. At most `at_once` probes run at a time."""

    def __init__(
        self,
        plan: Plan,
        commands: Mapping[Kind, ProbeOptions],
        write: WriteMetrics,
        write_successes: WriteSuccesses,
        *,
        any_target: bool = False,
        at_once: int,
    ) -> None:
        """Raises `UsageError` where the libraries of the extra `metrics` are not installed."""
        self.plan = plan
        self._commands = commands
        self._write = write
        self._write_successes = write_successes
        self._any_target = any_target
        self._at_once = at_once
        self._running = 0
        self._successes: dict[tuple[str, str], datetime] = {}
        try:
            import starlette  # noqa: F401 - only whether it is there
            import uvicorn  # noqa: F401 - only whether it is there
            from prometheus_client import CollectorRegistry, Counter, Gauge
            from prometheus_client.gc_collector import GCCollector
            from prometheus_client.process_collector import ProcessCollector
        except ImportError as error:
            raise UsageError("the exporter needs more libraries; install vpnprobe[metrics]") from error
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        build = Gauge("vpnprobe_build_info", "Which vpnprobe this is.", ["version"], registry=self._registry)
        build.labels(__version__).set(1)
        running = Gauge("vpnprobe_exporter_probes_running", "Probes that run now.", registry=self._registry)
        running.set_function(lambda: self._running)
        self._answers = Counter(
            "vpnprobe_exporter_probes", "Answers to /probe.", ["module", "result"], registry=self._registry
        )

    def app(self) -> Starlette:
        """Return the application, to be served by any ASGI server."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        return Starlette(
            routes=[
                Route("/", self._index, methods=["GET"]),
                Route("/metrics", self._metrics, methods=["GET"]),
                Route("/probe", self._probe, methods=["GET"]),
            ]
        )

    async def _index(self, _request: Request) -> Response:
        from starlette.responses import HTMLResponse

        rows = "".join(_row(planned) for planned in self.plan.probes)
        return HTMLResponse(_PAGE.format(version=html.escape(__version__), rows=rows), headers=_PAGE_HEADERS)

    async def _metrics(self, _request: Request) -> Response:
        from prometheus_client import generate_latest

        return _metrics_response(
            generate_latest(self._registry) + self._write_successes(self._planned_successes()).encode()
        )

    async def _probe(self, request: Request) -> Response:
        from starlette.responses import PlainTextResponse

        try:
            planned = self._planned(_one(request, "module"), _one(request, "target"))
            deadline_s = _deadline(request.headers.get(SCRAPE_TIMEOUT_HEADER), planned.deadline_s)
            make = self._maker(planned, deadline_s)
        except UsageError as error:
            self._answers.labels("", "refused").inc()
            return PlainTextResponse(f"{error}\n", status_code=400)
        if self._running >= self._at_once:
            self._answers.labels(planned.name, "busy").inc()
            busy = f"{self._running} probes are running, which is the limit (--at-once); ask again later\n"
            return PlainTextResponse(busy, status_code=503, headers={"Retry-After": "5"})
        self._running += 1
        try:
            outcome = await Measurement().measure(make, deadline_s)
        finally:
            self._running -= 1
        result = outcome.verdict if isinstance(outcome, Report) else "unmeasured"
        self._answers.labels(planned.name, result).inc()
        return _metrics_response(self._write(planned, outcome, self._last_success(planned, outcome)).encode())

    def _last_success(self, planned: PlannedProbe, outcome: Report | Unmeasured) -> datetime | None:
        """Return when this target last succeeded, as far as this exporter knows, and remember it."""
        key = (planned.name, planned.target)
        found = success_of(outcome, self._successes.pop(key, None))
        if found is not None:
            self._successes[key] = found
            if len(self._successes) > _REMEMBERED:
                del self._successes[next(iter(self._successes))]
        return found

    def _planned_successes(self) -> Iterator[tuple[PlannedProbe, datetime]]:
        """The probes of the plan that succeeded at their own targets, and when they last did."""
        for planned in self.plan.probes:
            found = self._successes.get((planned.name, planned.target))
            if found is not None:
                yield planned, found

    def _planned(self, module: str | None, target: str | None) -> PlannedProbe:
        """Return the probe of the plan, with the target that was asked for; raises `UsageError`."""
        if module is None:
            fitting = [planned for planned in self.plan.probes if target in (None, planned.target)]
            if len(fitting) != 1:
                which = "no probe" if not fitting else "more than one probe"
                raise UsageError(f"{which} of the plan has this target; add module=NAME, see /")
            return fitting[0]
        by_name = {planned.name: planned for planned in self.plan.probes}
        if module not in by_name:
            raise UsageError(f"the plan has no probe {module!r}; {did_you_mean(module, by_name)}")
        planned = by_name[module]
        if target in (None, planned.target):
            return planned
        return self._redirected(planned, str(target))

    def _redirected(self, planned: PlannedProbe, target: str) -> PlannedProbe:
        known = {other.target for other in self.plan.probes if other.kind == planned.kind}
        if target not in known:
            self._refuse_unless_allowed(planned.kind, target)
        option = TARGET_OPTIONS[planned.kind]
        read = self._commands[planned.kind].read(option, target)
        return PlannedProbe(
            name=planned.name,
            kind=planned.kind,
            options={**planned.options, option: read},
            deadline_s=planned.deadline_s,
            labels=planned.labels,
        )

    def _refuse_unless_allowed(self, kind: Kind, target: str) -> None:
        is_file = kind == "certificate" and "://" not in target
        if is_file or not self._any_target:
            more = "" if is_file else ", or start the exporter with --any-target"
            raise UsageError(f"no {kind} of the plan has this target; write it there as it is here{more}")

    def _maker(self, planned: PlannedProbe, deadline_s: float) -> MakeProbe:
        # A step that takes the whole time would leave none to say what failed.
        step_s = min(planned.options.get("timeout", DEFAULT_TIMEOUT_S), deadline_s / 2)
        options = {**planned.options, "deadline": deadline_s, "timeout": step_s}
        return partial(self._commands[planned.kind].make, options)


def _one(request: Request, name: str) -> str | None:
    """Return the parameter, None where it is not there; raises `UsageError` for a second one and for a huge one."""
    values = request.query_params.getlist(name)
    if len(values) > 1 or any(not 0 < len(value) <= _MAX_TARGET for value in values):
        raise UsageError(f"give {name}= once, with 1 to {_MAX_TARGET} characters")
    return values[0] if values else None


def _deadline(header: str | None, planned_s: float) -> float:
    """Return how long the probe may take, given how long Prometheus waits; raises `UsageError` for what is no time."""
    if header is None:
        return planned_s
    try:
        waits_s = float(header)
    except ValueError:
        waits_s = math.nan
    if not 0 < waits_s < math.inf:
        raise UsageError(f"{SCRAPE_TIMEOUT_HEADER} is a number of seconds")
    return min(planned_s, max(waits_s - MARGIN_S, _SHORTEST_S))


def _metrics_response(body: bytes) -> Response:
    from prometheus_client import CONTENT_TYPE_LATEST
    from starlette.responses import Response

    return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _row(planned: PlannedProbe) -> str:
    query = urlencode({"module": planned.name, "target": planned.target})
    cells = (planned.kind, planned.target)
    link = f'<a href="{html.escape(f"/probe?{query}")}">{html.escape(planned.name)}</a>'
    return f"<tr><td>{link}" + "".join(f"<td>{html.escape(cell)}" for cell in cells) + "\n"


_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>vpnprobe exporter</title>
<h1>vpnprobe exporter {version}</h1>
<p><a href="/metrics">Metrics of the exporter itself</a></p>
<p>Each module below can be probed; a probe dials its target at once.</p>
<table><tr><th>module<th>kind<th>target
{rows}</table>
"""
