"""What the phone's status messages would say of a run's boot files (Settings > Status, or the phone's web page).

Sources of the texts:
* [TAC] Cisco 116162 (VP-39), the status page of a 7962G: `Trust List Updated` and the file's name when all is well, at
  every boot; `Trust List Update Failed`, `TFTP Error : …` and `TFTP Timeout : …` when the server cannot be reached.
* [8800] Cisco IP Phone 8800 Series Administration Guide for Cisco Unified Communications Manager, Status Messages
  Fields: what is said when a list comes for the first time, when there is none, and when no file is there. It writes
  `Trust List updated` and `Trust List update failed`.
* [8945] Cisco community, thread 2064222: the only text known for a configuration whose signature is not accepted.
Which of a 7900's two TFTP messages stands for what is our inference; what nobody says is not predicted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

from vpnprobe.checks.trust import needs
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.observation import BootFile, BootFileOutcome
from vpnprobe.model.trust import TrustList
from vpnprobe.pki.trust_decision import Reason, TrustDecision, decide, lists_after

TAC: Final = "Cisco 116162, 7962G"
GUIDE: Final = "Cisco IP Phone 8800 Series Administration Guide"
COMMUNITY: Final = "Cisco community 2064222, an 8945"

_SILENT: frozenset[BootFileOutcome] = frozenset({"timeout", "truncated"})
_ERRORS: frozenset[BootFileOutcome] = frozenset({"refused", "server-error"})
_NETWORK: frozenset[BootFileOutcome] = _SILENT | _ERRORS | {"unreachable"}
_REFUSED: Mapping[Reason, str] = {
    "unknown-signer": "the signer is in no list that the phone holds",
    "bad-signature": "the signature does not fit the file",
    "wrong-role": "the signer may not sign this",
    "unsigned": "the file is not signed",
}


class ScreenMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the screen. `because` is the clause that brings it, `source` the document that shows the text.

    `basis` "seen": the source shows the text for this very case; "inference": the case is ours.
    """

    text: str
    because: str
    source: str
    basis: Literal["seen", "inference"] = "seen"


def screen_messages(evidence: Evidence) -> tuple[ScreenMessage, ...]:
    """Return what the screen would show, in order; nothing where no files were asked for, or nobody knows."""
    decided = [(one, _decide(evidence, one)) for one in needs.served(evidence)]
    return (*_of_lists(evidence, decided), *_of_configuration(evidence, decided))


def _decide(evidence: Evidence, one: TrustList) -> TrustDecision:
    holding = needs.held(evidence)
    if one.problem is not None:
        return TrustDecision(outcome="unknown", reason="cannot-check")
    reading = one.signature if holding else one.own_signature
    return decide(
        "trust-list",
        reading,
        holds_list=bool(holding),
        unchanged=any(mine.sha256 == one.sha256 for mine in holding),
        tvs=needs.answers_about(evidence, reading, one.issuer, one.serial) or None if reading is not None else None,
    )


def _of_lists(evidence: Evidence, decided: list[tuple[TrustList, TrustDecision]]) -> Iterator[ScreenMessage]:
    asked = [file for file in evidence.boot_files if file.name.endswith(".tlv")]
    holding = needs.held(evidence)
    if not decided:
        if holding and any(file.outcome in _NETWORK for file in asked):
            yield ScreenMessage(
                text="Trust List Update Failed", because="no trust list came from the server", source=TAC
            )
        elif asked and not holding:
            yield ScreenMessage(
                text="No Trust List installed", because="the phone has no list, and none came", source=GUIDE
            )
    elif failing := [decision for _, decision in decided if decision.outcome in ("refused", "depends-on-tvs")]:
        yield ScreenMessage(
            text="Trust List Update Failed",
            because=_REFUSED[failing[0].reason] + _unless(failing[0]),
            source=GUIDE,
            basis="seen" if failing[0].reason == "unknown-signer" else "inference",
        )
    elif all(decision.outcome == "accepted" for _, decision in decided):
        yield _accepted({one.kind for one, _ in decided}, is_first=not holding)


def _accepted(kinds: set[str], *, is_first: bool) -> ScreenMessage:
    if not is_first:
        return ScreenMessage(text="Trust List Updated", because="the phone takes the trust list", source=TAC)
    text = {"CTL": "CTL Installed", "ITL": "ITL installed"}
    return ScreenMessage(
        text="CTL and ITL installed" if len(kinds) == len(text) else text[min(kinds)],
        because="the phone had no list before; one that has this cluster's says Trust List Updated",
        source=GUIDE,
    )


def _of_configuration(evidence: Evidence, decided: list[tuple[TrustList, TrustDecision]]) -> Iterator[ScreenMessage]:
    # HTTP comes first and TFTP after it: what the screen says of the former no source tells, unless a file came.
    asked = [file for file in evidence.boot_files if ".cnf.xml" in file.name]
    received = next((file for file in reversed(asked) if file.outcome == "received"), None)
    if received is not None:
        yield from _of_received(evidence, received, bool(lists_after(needs.held(evidence), decided)))
        return
    last = next((file for file in reversed(asked) if file.protocol == "tftp"), None)
    if last is not None:
        yield from _of_missing(last)
    elif not asked:
        silent = next((file for file in evidence.boot_files if file.outcome in _SILENT), None)
        device = evidence.persona.device
        if silent is not None and silent.protocol == "tftp" and device is not None:
            yield ScreenMessage(
                text=f"TFTP Timeout : {device}.cnf.xml.sgn", because="the server does not answer", source=TAC
            )


def _of_received(evidence: Evidence, file: BootFile, holds_list: bool) -> Iterator[ScreenMessage]:
    taken = ScreenMessage(text=file.name, because="the phone takes the configuration", source=TAC)
    if not holds_list:
        yield taken
        return
    reading = file.signed.signature if file.signed is not None else None
    if file.signed is not None and reading is None:
        return
    answers = (
        needs.answers_about(evidence, reading, file.signed.issuer, file.signed.serial)
        if reading is not None and file.signed is not None
        else ()
    )
    decision = decide("configuration", reading, holds_list=True, tvs=answers or None)
    if decision.outcome == "accepted":
        yield taken
    elif decision.outcome in ("refused", "depends-on-tvs"):
        yield ScreenMessage(
            text=f"invalid file {file.name}, authenticated fail.",
            because=_REFUSED[decision.reason] + _unless(decision),
            source=COMMUNITY,
            basis="inference",
        )


def _unless(decision: TrustDecision) -> str:
    return "; unless a TVS vouches for it" if decision.outcome == "depends-on-tvs" else ""


def _of_missing(file: BootFile) -> Iterator[ScreenMessage]:
    if file.outcome == "not-found":
        yield ScreenMessage(text=f"File not found {file.name}", because="the server does not have it", source=GUIDE)
        yield ScreenMessage(
            text=f"TFTP Error : {file.name}", because="the server does not have it", source=TAC, basis="inference"
        )
    elif file.outcome in _ERRORS:
        yield ScreenMessage(
            text=f"TFTP Error : {file.name}", because="the server answers with an error", source=TAC, basis="inference"
        )
    elif file.outcome in _SILENT:
        yield ScreenMessage(text=f"TFTP Timeout : {file.name}", because="the server does not answer", source=TAC)
    elif file.outcome == "too-large":
        yield ScreenMessage(
            text="CFG TFTP Size Error", because="the file is too large", source=GUIDE, basis="inference"
        )
