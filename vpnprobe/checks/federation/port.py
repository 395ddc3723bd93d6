"""Checks of the port that a federation record names."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.srv import ASK, PROBE
from vpnprobe.checks.federation.zone import srv_line
from vpnprobe.model.federation import EdgeTarget
from vpnprobe.model.target import SIP_TLS_PORT, is_address


def _judge_port(case: Case, target: EdgeTarget) -> Result:
    if target.port == SIP_TLS_PORT:
        return passed(f"the record names port {target.port}")
    if not target.port:
        return not_applicable("the record names no port at all (SRV008)")
    if is_address(target.host):
        return not_applicable(f"{target.host} is an address and no host (DOM001)")
    return failed(
        f"the record names port {target.port}; Microsoft documents {SIP_TLS_PORT}",
        record=_right_record(case, target),
        srv_port=target.port,
    )


def _right_record(case: Case, target: EdgeTarget) -> str:
    return srv_line(case.evidence.target.label, target.host, priority=target.priority, weight=target.weight)


SRV002 = Check(
    id="SRV002",
    slug="record-port",
    title=f"The federation record names port {SIP_TLS_PORT}",
    stage="srv",
    severity="warning",
    probes=("federation",),
    subjects=subjects.targets,
    needs=needs.target,
    judge=_judge_port,
    covers=("M-01",),
    rationale="Microsoft's edges are described with port 5061 only, and partners open their firewalls for it. That an "
    "edge dials any port that the record names was found nowhere.",
    guide=Guide(
        fix=(
            fix("DNS", "Publish in place of the record that is there:\n{record}"),
            fix(
                "Expressway",
                """
                Configuration > Protocols > SIP: TLS port 5061.
                Open it in the firewall in front, in place of port {srv_port}.
                """,
            ),
        ),
        next=(ASK,),
    ),
    references=("Microsoft, environmental requirements of edge servers",),
)


def _judge_dialable(case: Case, target: EdgeTarget) -> Result:
    if target.port:
        return passed(f"port {target.port} can be dialled")
    if is_address(target.host):
        return not_applicable(f"{target.host} is an address and no host (DOM001)")
    return failed("the record names port 0, to which nobody can connect", record=_right_record(case, target))


SRV008 = Check(
    id="SRV008",
    slug="record-port-zero",
    title="The federation record names a port at all",
    stage="srv",
    severity="critical",
    probes=("federation",),
    subjects=subjects.targets,
    needs=needs.target,
    judge=_judge_dialable,
    rationale="No TCP connection goes to port 0. A record that is to say that there is no federation has the target "
    '"." as well.',
    guide=Guide(
        fix=(fix("DNS", "Publish in place of the record that is there:\n{record}"),),
        next=(ASK, PROBE),
    ),
    references=("RFC 2782", "RFC 6335 section 6"),
)

CHECKS: Final = (SRV002, SRV008)
