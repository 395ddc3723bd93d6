"""Reports as metrics in the text format of Prometheus.

Times are Unix times in seconds. A value that is not known is left out, never guessed. Every label is bounded: by the
plan, by the registries, or by the limits of a probe; no MAC address is among them, unless the operator named it as
what is probed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, get_args

from vpnprobe.checks.lsc.needs import label
from vpnprobe.checks.subjects import MATRIX_HELLOS, endpoint_label
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Report, Verdict
from vpnprobe.model.sample import Sample
from vpnprobe.pki.certificate import describe
from vpnprobe.render.escape import printable
from vpnprobe.wire.tls.registry import version_name
from vpnprobe.wire.trust_records import ROLE_NAMES

# Longer than any host name, and any group-url that a phone would take.
MAX_LABEL: Final = 300

LAST_SUCCESS: Final = "vpnprobe_last_success_timestamp_seconds"

# Every metric is a gauge. They come out in this order.
_HELP: Final = {
    "vpnprobe_probe_success": "1 where it would work for the phone or the peer (verdict pass or warn), else 0.",
    "vpnprobe_verdict": "1 for the verdict of the last run, 0 for the others.",
    "vpnprobe_probe_duration_seconds": "How long the last run took.",
    "vpnprobe_last_run_timestamp_seconds": "When the last run ended, in Unix time.",
    LAST_SUCCESS: "When the last run that succeeded ended, in Unix time.",
    "vpnprobe_stage_duration_seconds": "How long each stage of the last run took; skipped ones are left out.",
    "vpnprobe_tls_version_info": "The TLS version that the address chose for the profile's hello.",
    "vpnprobe_cert_not_after_timestamp_seconds": "notAfter of the leaf shown to the profile, or held, in Unix time.",
    "vpnprobe_cert_hash_match": "1 where a certHash of the phone names the certificate shown to it, 0 where none does.",
    "vpnprobe_finding": "In how many places a check found something to act on.",
}


class Shown(NamedTuple):
    """What an address chose for the hello of a profile, and the leaf that it showed; None where nothing is known."""

    labels: Mapping[str, str]
    version: int | None
    leaf: str | None


def report_samples(
    report: Report, labels: Mapping[str, str] | None = None, last_success: datetime | None = None
) -> list[Sample]:
    """Return the values of one report, with these labels on each; without any, what was dialled and by which probe.

    `last_success` is when the last run that succeeded ended, where that is known; a success counts itself.
    """
    if labels is None:
        labels = {"kind": report.probe, "target": report.target.label}
    samples = [*_verdict(report.verdict, report.ended_at, report.ended_at if report.is_success else last_success)]
    samples.append(Sample("vpnprobe_probe_duration_seconds", {}, report.duration_s))
    samples += [
        Sample("vpnprobe_stage_duration_seconds", {"stage": stage.name}, stage.duration_s)
        for stage in report.stages
        if stage.status != "skipped"
    ]
    samples += _of_certificates(report.evidence)
    samples += _of_pins(report.evidence)
    alarms = Counter((finding.id, finding.severity) for finding in report.findings if finding.is_alarm)
    samples += [
        Sample("vpnprobe_finding", {"id": identity, "severity": severity}, number)
        for (identity, severity), number in sorted(alarms.items())
    ]
    return [sample._replace(labels={**labels, **sample.labels}) for sample in samples]


def unmeasured_samples(labels: Mapping[str, str], at: datetime, last_success: datetime | None = None) -> list[Sample]:
    """Return the values of a run that gave no report, and ended at `at`."""
    return [
        sample._replace(labels={**labels, **sample.labels}) for sample in _verdict("inconclusive", at, last_success)
    ]


def render_prometheus(reports: Sequence[Report]) -> str:
    """Return the metrics of all reports; of the same target twice, those of the last one."""
    return exposition(sample for report in reports for sample in report_samples(report))


def exposition(samples: Iterable[Sample]) -> str:
    """Return the text that Prometheus reads; where two have the same labels, the last one counts.

    A name that is none of ours, as in what an earlier version has kept, is left out.

    Raises `UsageError` where prometheus_client is not installed.
    """
    require_prometheus_client()
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector

    values: dict[str, dict[tuple[tuple[str, str], ...], float]] = {name: {} for name in _HELP}
    for sample in samples:
        shown = tuple(sorted((name, printable(value, MAX_LABEL)) for name, value in sample.labels.items()))
        values.get(sample.name, {})[shown] = sample.value

    class Values(Collector):
        def collect(self) -> Iterator[Metric]:
            for name, text in _HELP.items():
                metric = Metric(name, text, "gauge")
                for labels, value in values[name].items():
                    metric.add_sample(name, dict(labels), value)
                if metric.samples:
                    yield metric

    registry = CollectorRegistry()
    registry.register(Values())
    return generate_latest(registry).decode()


def require_prometheus_client() -> None:
    """Raise `UsageError` where the library that writes metrics is not installed."""
    try:
        import prometheus_client  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise UsageError(
            "metrics need prometheus_client; install vpnprobe with the extra: vpnprobe[metrics]"
        ) from error


def _verdict(verdict: Verdict, ended: datetime, last_success: datetime | None) -> Iterator[Sample]:
    yield Sample("vpnprobe_probe_success", {}, verdict in ("pass", "warn"))
    for one in get_args(Verdict):
        yield Sample("vpnprobe_verdict", {"verdict": one}, one == verdict)
    yield Sample("vpnprobe_last_run_timestamp_seconds", {}, ended.timestamp())
    if last_success is not None:
        yield Sample(LAST_SUCCESS, {}, last_success.timestamp())


def _of_certificates(evidence: Evidence) -> Iterator[Sample]:
    for shown in (*_shown_to_phones(evidence), *_shown_to_edges(evidence)):
        if shown.version is not None:
            labels = {**shown.labels, "version": version_name(shown.version)}
            yield Sample("vpnprobe_tls_version_info", labels, 1)
        not_after = _not_after(evidence, shown.leaf)
        if not_after is not None:
            yield Sample("vpnprobe_cert_not_after_timestamp_seconds", shown.labels, not_after)
    for holder, names in _held(evidence).items():
        ends = [end for name in names if (end := _not_after(evidence, name)) is not None]
        if ends:
            yield Sample("vpnprobe_cert_not_after_timestamp_seconds", {"holder": holder}, min(ends))


def _not_after(evidence: Evidence, name: str | None) -> float | None:
    der = evidence.certificates.get(name or "")
    not_after = describe(der).not_after if der is not None else None
    return None if not_after is None else not_after.timestamp()


def _held(evidence: Evidence) -> dict[str, list[str | None]]:
    """Return the certificates that are not shown to a phone or an edge, by who has them."""
    held: dict[str, list[str | None]] = {}
    for item in evidence.given_certificates:
        held.setdefault(label(item), []).append(item.certificate)
    for one in evidence.trust_lists if evidence.probe == "config" else ():
        for record in one.records if one.origin == "fetched" else ():
            if record.role in ROLE_NAMES:
                held.setdefault(f"{one.kind} {ROLE_NAMES[record.role]}", []).append(record.certificate)
    online_ca = evidence.capf.online_ca if evidence.capf is not None else None
    if online_ca is not None:
        held["online CA"] = [*online_ca.chain[:1]]
    return held


def _shown_to_phones(evidence: Evidence) -> Iterator[Shown]:
    # A given certificate is what counts, not that of the gateway that it is held against.
    for flight in evidence.first_flights if evidence.probe != "certificate" else ():
        if flight.hello == evidence.persona.profile or (
            evidence.probe == "gateway" and flight.hello not in MATRIX_HELLOS
        ):
            labels = {"profile": flight.hello, "address": endpoint_label(evidence, flight.address)}
            yield Shown(labels, flight.version, next(iter(flight.chain), None))


def _shown_to_edges(evidence: Evidence) -> Iterator[Shown]:
    for visit in evidence.federation.visits if evidence.federation is not None else ():
        labels = {"profile": evidence.persona.profile, "address": visit.address, "edge": visit.target}
        flight = visit.flight(evidence.persona.profile)
        leaves = [*(flight.chain[:1] if flight is not None else ()), *(one.leaf for one in visit.handshakes)]
        yield Shown(labels, None if flight is None else flight.version, next(filter(None, leaves), None))


def _of_pins(evidence: Evidence) -> Iterator[Sample]:
    for decision in evidence.decisions:
        if decision.rule == "pin" and decision.goes_on is not None:
            address = endpoint_label(evidence, decision.address)
            labels = {"profile": evidence.persona.profile, "address": address}
            yield Sample("vpnprobe_cert_hash_match", labels, decision.goes_on)
