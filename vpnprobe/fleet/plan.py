"""A plan: which probes are run again and again, how often, who is told of what changes, and what is kept.

A plan is TOML. It is taken as a whole or not at all, and everything that is wrong with it is told at once, each with
its line. What may stand in a probe's options is the business of the command of that name (`ProbeOptions`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, TypeVar, get_args

from vpnprobe.fleet import plan_table as values
from vpnprobe.fleet.plan_alerts import AlertTarget, read_alert
from vpnprobe.fleet.plan_table import Fault, PlanTable
from vpnprobe.fleet.toml_text import read_toml
from vpnprobe.model.choice import did_you_mean
from vpnprobe.model.errors import UsageError
from vpnprobe.probes.options import DEFAULT_DEADLINE_S

if TYPE_CHECKING:
    from vpnprobe.fleet.measuring import MakeProbe, Probe

T = TypeVar("T")

Kind: TypeAlias = Literal["phone", "gateway", "federation", "capf", "config", "certificate"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

# Which option names what is dialled, or read. Of a phone's files it is the server: many phones have the same one, and
# it must not be asked by many probes at once.
TARGET_OPTIONS: Final[Mapping[Kind, str]] = {
    "phone": "group-url",
    "gateway": "target",
    "federation": "domain",
    "capf": "server",
    "config": "tftp",
    "certificate": "source",
}

# Thousands of probes.
MAX_SIZE: Final = 4 << 20

_DAY_S: Final = 86400.0
DEFAULT_INTERVAL_S: Final = 300.0
# Probes of one plan do not all start in the same second; a tenth of the interval spreads them.
DEFAULT_JITTER: Final = 0.1
# One bad result in between is no alarm.
DEFAULT_FAILURES: Final = 2
DEFAULT_SUCCESSES: Final = 1

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class ProbeOptions(Protocol):
    """The options of one command, and the probe that is made of them."""

    @property
    def required(self) -> Collection[str]:
        """The options without which there is nothing to probe."""
        ...

    def read(self, option: str, value: object) -> object:
        """Return the value as the command takes it; raises `UsageError` for it, or for an option that is not there."""
        ...

    def make(self, options: Mapping[str, Any]) -> Probe:
        """Make the probe of values that were read; raises `UsageError` where they do not go together."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedProbe:
    """A probe of a plan. `options` are those of its command, by their long names, with those of the defaults.

    It runs once in each interval, at a moment that moves by up to `jitter_s` (seconds, all times). So many results in a
    row raise an alarm or give the all-clear; the alert targets named in `alerts` are told, with `alert_on_drift` also
    of a certificate, a name or a gateway that is another one than before.
    """

    name: str
    kind: Kind
    options: Mapping[str, Any]
    interval_s: float = DEFAULT_INTERVAL_S
    jitter_s: float = DEFAULT_INTERVAL_S * DEFAULT_JITTER
    deadline_s: float = DEFAULT_DEADLINE_S
    failures_to_alarm: int = DEFAULT_FAILURES
    successes_to_clear: int = DEFAULT_SUCCESSES
    labels: Mapping[str, str] = field(default_factory=dict)
    alerts: tuple[str, ...] = ()
    alert_on_drift: bool = True

    @property
    def target(self) -> str:
        """What is dialled, as the plan has it: a group-url, a gateway, a domain, a server, or a file."""
        return str(self.options.get(TARGET_OPTIONS[self.kind], ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan without faults. `makers` gives a new probe by name, files read anew; it may raise `UsageError`.

    `database` (a file or URL) and `keep_days` are the history's, `state` is where `watch` keeps what it must not
    forget, `textfile` where metrics are written. None stands for the default, or for none.
    """

    probes: tuple[PlannedProbe, ...]
    makers: Mapping[str, MakeProbe] = field(repr=False, compare=False)
    alerts: tuple[AlertTarget, ...] = ()
    database: str | None = None
    keep_days: float | None = None
    state: str | None = None
    at_once: int | None = None
    textfile: str | None = None

    @property
    def written(self) -> dict[str, str]:
        """The files that are written for this plan, by the names of their settings; a server is none."""
        named = {"database": self.database, "state": self.state, "textfile": self.textfile}
        return {key: name for key, name in named.items() if name is not None and "://" not in name}


class PlanError(UsageError):
    """A plan with faults, in the order of their lines. The text has all of them, `complaints` one in each."""

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        self.complaints = tuple(f"{name}, line {fault.line}: {fault.text}" for fault in self.faults)
        super().__init__("; ".join(self.complaints))


def load_plan(text: str, name: str, commands: Mapping[Kind, ProbeOptions]) -> Plan:
    """Read a plan; `name` is what messages call it.

    Raises `UsageError` where it is not TOML, `PlanError` for faults.
    """
    if len(text) > MAX_SIZE:
        raise UsageError(f"{name} is over {MAX_SIZE >> 20} MiB; that is no plan")
    toml = read_toml(text, name)
    faults: list[Fault] = []
    plan = _Reader(PlanTable(toml, (), toml.tables, faults), commands).read()
    if faults:
        raise PlanError(name, faults)
    return plan


def example_plan() -> str:
    """Return a plan with comments, which is itself without faults."""
    return (Path(__file__).with_name("data") / "plan.toml").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    """What probes have in common, whatever they probe."""

    interval_s: float = DEFAULT_INTERVAL_S
    jitter_s: float | None = None
    failures: int = DEFAULT_FAILURES
    successes: int = DEFAULT_SUCCESSES
    labels: Mapping[str, str] = field(default_factory=dict)
    alerts: tuple[str, ...] = ()
    alert_on_drift: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """What one table says of the options of a command, and whether all of it can be used."""

    values: Mapping[str, Any] = field(default_factory=dict)
    faultless: bool = True


class _Reader:
    """Reads one plan. What it returns is worth nothing where it noted a fault."""

    def __init__(self, root: PlanTable, commands: Mapping[Kind, ProbeOptions]) -> None:
        self._root = root
        self._commands = commands
        self._alerts: dict[str, AlertTarget] = {}
        self._probes: dict[str, PlannedProbe] = {}
        self._lines: dict[str, int] = {}
        self._makers: dict[str, MakeProbe] = {}

    def read(self) -> Plan:
        for name, table in self._alert_tables():
            self._alerts[name] = read_alert(name, table)
        defaults = self._root.table("defaults")
        settings = _Settings(alerts=tuple(self._alerts))
        if defaults is not None:
            settings = self._settings(defaults, settings)
        options = {kind: self._options(defaults, kind) for kind in KINDS}
        for table in self._root.tables("probe"):
            self._probe(table, settings, options)
        if not self._root.has("probe"):
            self._root.fault("there is no probe; write [[probe]]")
        history, watch, metrics = map(self._root.table, ("history", "watch", "metrics"))
        plan = Plan(
            probes=tuple(self._probes.values()),
            makers=self._makers,
            alerts=tuple(self._alerts.values()),
            database=_read(history, "database", _database, None),
            keep_days=_read(history, "keep", _days, None),
            state=_read(watch, "state", values.text, None),
            at_once=_read(watch, "at-once", values.whole(1, 1000), None),
            textfile=_read(metrics, "textfile", _textfile, None),
        )
        for section in (history, watch, metrics, defaults, self._root):
            if section is not None:
                section.close()
        return plan

    def _alert_tables(self) -> Iterator[tuple[str, PlanTable]]:
        above = self._root.table("alert")
        if above is None:
            return
        for name, _ in above.items():
            if _NAME.fullmatch(name) is None:
                above.fault(f"alert {name!r}: {_NAMING}", name)
            table = above.table(name)
            if table is not None:
                yield name, table

    def _settings(self, table: PlanTable, base: _Settings) -> _Settings:
        return _Settings(
            interval_s=table.read("interval", _INTERVAL, base.interval_s),
            jitter_s=table.read("jitter", _JITTER, base.jitter_s),
            failures=table.read("failures-to-alarm", _COUNT, base.failures),
            successes=table.read("successes-to-clear", _COUNT, base.successes),
            labels={**base.labels, **_labels(table)},
            alerts=table.read("alerts", self._alert_names, base.alerts),
            alert_on_drift=table.read("alert-on-drift", values.flag, base.alert_on_drift),
        )

    def _options(self, table: PlanTable | None, kind: Kind) -> _Options:
        below = None if table is None else table.table(kind)
        if table is None or below is None:
            return _Options(faultless=table is None or not table.has(kind))
        read: dict[str, Any] = {}
        faultless = True
        for written, value in below.items():
            option = written.replace("_", "-")
            try:
                read[option] = self._commands[kind].read(option, value)
            except UsageError as error:
                below.fault(str(error), written)
                faultless = False
        return _Options(values=read, faultless=faultless)

    def _probe(self, table: PlanTable, base: _Settings, defaults: Mapping[Kind, _Options]) -> None:
        name = self._probe_name(table)
        settings = self._settings(table, base)
        jitter_s = settings.jitter_s
        if jitter_s is None:
            jitter_s = settings.interval_s * DEFAULT_JITTER
        if jitter_s >= settings.interval_s:
            lengths = f"the jitter ({jitter_s:g} s) must be shorter than the interval ({settings.interval_s:g} s)"
            table.fault(lengths, "jitter" if table.has("jitter") else "interval")
        own = {kind: self._options(table, kind) for kind in KINDS}
        table.close()
        kinds = [kind for kind in KINDS if table.has(kind)]
        if len(kinds) != 1:
            choice = ", ".join(f"[probe.{kind}]" for kind in KINDS)
            table.fault(
                f"a probe has one of the tables {choice} below it; this one has {' and '.join(kinds) or 'none'}"
            )
            return
        kind = kinds[0]
        options = {**defaults[kind].values, **own[kind].values}
        self._probes[name] = PlannedProbe(
            name=name,
            kind=kind,
            options=options,
            interval_s=settings.interval_s,
            jitter_s=jitter_s,
            deadline_s=float(options.get("deadline", DEFAULT_DEADLINE_S)),
            failures_to_alarm=settings.failures,
            successes_to_clear=settings.successes,
            labels=settings.labels,
            alerts=settings.alerts,
            alert_on_drift=settings.alert_on_drift,
        )
        self._makers[name] = partial(self._commands[kind].make, options)
        if own[kind].faultless and defaults[kind].faultless:
            self._try_out(table, kind, options, self._makers[name])

    def _probe_name(self, table: PlanTable) -> str:
        name = table.read("name", _name, "")
        if not table.has("name"):
            table.fault('a probe has a name; write name = "..."')
        if name in self._lines:
            table.fault(f"there is another probe {name!r} on line {self._lines[name]}; choose another name", "name")
        if name:
            self._lines.setdefault(name, table.line("name"))
        return name

    def _try_out(self, table: PlanTable, kind: Kind, options: Mapping[str, Any], make: MakeProbe) -> None:
        missing = [option for option in self._commands[kind].required if option not in options]
        if missing:
            table.fault(f"a {kind} needs {' and '.join(missing)}", kind)
            return
        try:
            make()
        except UsageError as error:
            table.fault(str(error), kind)

    def _alert_names(self, value: object) -> tuple[str, ...]:
        names = values.texts(value)
        for name in names:
            if name not in self._alerts:
                hint = did_you_mean(name, self._alerts) if self._alerts else f"write [alert.{name}]"
                raise UsageError(f"names {name!r}, and there is no such alert; {hint}")
        return names


_NAMING = "a name has letters, digits, dots, dashes and underscores, 64 at most"
_COUNT = values.whole(1, 100)
_INTERVAL = values.duration(1, 7 * _DAY_S)
_JITTER = values.duration(0, _DAY_S)


def _read(table: PlanTable | None, key: str, how: Callable[[Any], T], default: T) -> T:
    return default if table is None else table.read(key, how, default)


def _name(value: object) -> str:
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        raise UsageError(f"{value!r}: {_NAMING}")
    return value


def _labels(table: PlanTable) -> dict[str, str]:
    below = table.table("labels")
    read: dict[str, str] = {}
    for name, value in below.items() if below is not None else ():
        try:
            read[name] = values.label(name, value)
        except UsageError as error:
            table.fault(f"label {name!r} {error}", "labels", name)
    if len(read) > values.MAX_LABELS:
        table.fault(f"there are {len(read)} labels; {values.MAX_LABELS} are the most", "labels")
    return read


def _database(value: object) -> str:
    from vpnprobe.history.location import database_url

    name = values.text(value)
    try:
        database_url(name)
    except UsageError as error:
        # There it is an option.
        raise UsageError(f"cannot be used: {str(error).removeprefix('--database').lstrip(': ')}") from error
    return name


def _textfile(value: object) -> str:
    name = values.text(value)
    if not name.endswith(".prom"):
        raise UsageError(f"names {name!r}, which the node exporter does not read; choose a name that ends in .prom")
    return name


def _days(value: object) -> float:
    return values.duration(_DAY_S, 100 * 365 * _DAY_S)(value) / _DAY_S
