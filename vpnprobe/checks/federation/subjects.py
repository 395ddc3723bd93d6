"""What a federation's check is applied to: the domain in one view, a target of its SRV records, an address of a target.

Where the run did not get far enough to know them, a subject that stands for all is given, so that the check is never
absent from the report.
"""

from __future__ import annotations

from vpnprobe.checks.base import Subject
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.federation import EdgeTarget, EdgeVisit
from vpnprobe.model.target import Endpoint


def target_label(target: EdgeTarget) -> str:
    """Return `host:port`."""
    return str(Endpoint(target.host, target.port))


def visit_label(visit: EdgeVisit) -> str:
    """Return `host at address:port`."""
    return f"{visit.target} at {visit.address}"


def domain(evidence: Evidence) -> tuple[Subject, ...]:
    """The domain as a whole."""
    return (Subject(label=evidence.target.label),)


def views(evidence: Evidence) -> tuple[Subject, ...]:
    """The domain's federation records as each view gives them."""
    seen = evidence.federation.srv if evidence.federation is not None else ()
    return (
        tuple(Subject(label=_via(evidence.target.label, srv.view, len(seen)), view=srv.view) for srv in seen)
    ) or domain(evidence)


def targets(evidence: Evidence) -> tuple[Subject, ...]:
    """Each host and port that the SRV records of any view name."""
    seen = evidence.federation.targets if evidence.federation is not None else ()
    return tuple(Subject(label=target_label(target), target=target.host) for target in seen) or domain(evidence)


def target_views(evidence: Evidence) -> tuple[Subject, ...]:
    """Each target with the addresses that each view gives it; a view that does not name the target does not count."""
    seen = evidence.federation
    if seen is None:
        return domain(evidence)
    found: list[Subject] = []
    for target in seen.targets:
        label = target_label(target)
        asked = [names.view for names in seen.names if names.name == target.host and names.view in target.views]
        found += [Subject(label=_via(label, view, len(asked)), target=target.host, view=view) for view in asked] or [
            Subject(label=label, target=target.host)
        ]
    return tuple(found) or domain(evidence)


def visits(evidence: Evidence) -> tuple[Subject, ...]:
    """Each address of each target; without any, the targets."""
    seen = evidence.federation.visits if evidence.federation is not None else ()
    return tuple(
        Subject(label=visit_label(visit), address=visit.address, target=visit.target) for visit in seen
    ) or targets(evidence)


def _via(label: str, view: str, views: int) -> str:
    return label if views < 2 else f"{label} via {view}"
