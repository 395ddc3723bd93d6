"""Why a stage left no facts, in words."""

from __future__ import annotations

from vpnprobe.checks.base import Lack
from vpnprobe.checks.wording import describe_failure, listing
from vpnprobe.model.evidence import Evidence, StageName

_STAGE_WORDS: dict[StageName, str] = {
    "resolve": "the name was not resolved",
    "boot-files": "the boot files were not fetched",
    "config": "no configuration was read",
    "first-flight": "the first flight was not reached",
    "pin": "the pin was not reached",
    "host-id": "the host-ID check was not reached",
    "handshake": "the handshake was not reached",
    "login": "the login was not reached",
    "enumerate": "versions and suites were not enumerated",
    "srv": "the federation records are not known",
    "target-names": "no target of the federation records is known",
    "addresses": "no address of the target was looked up",
    "mutual-tls": "the handshake was not reached",
    "certificate": "no certification path was built",
    "sip": "SIP was not reached",
    "connect": "no connection was tried",
    "greeting": "no greeting was waited for",
    "trust-list": "no trust list was read",
    "pages": "no page was asked for",
    "console-logs": "no log was asked for",
}


def not_reached(evidence: Evidence, stage: StageName) -> Lack:
    """Say that a stage left no facts, and which stage, option or event is to blame."""
    return Lack(f"{_STAGE_WORDS[stage]}: {_why(evidence, stage, frozenset())}")


def _why(evidence: Evidence, stage: StageName, passed: frozenset[str]) -> str:
    if stage == "resolve" and evidence.resolution is not None and evidence.resolution.failure is not None:
        return describe_failure(evidence.resolution.failure)
    if stage == "srv" and evidence.federation is not None:
        refusals = [describe_failure(srv.failure) for srv in evidence.federation.srv if srv.failure is not None]
        if refusals:
            return listing(refusals)
    because = next((item.because for item in evidence.stages if item.name == stage), None)
    if because in _STAGE_WORDS and because not in passed | {stage}:
        blamed: StageName = next(name for name in _STAGE_WORDS if name == because)
        return _why(evidence, blamed, passed | {stage})
    if because in (None, "interrupt", "deadline"):
        return {
            "interrupt": "the operator stopped the run",
            "deadline": "the deadline of the run came first",
            None: "the run says nothing about it",
        }[evidence.interrupted]
    return str(because)
