"""What the results of a fleet run are called where a person reads them: of a phone, of a cause, of the whole run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.model.finding import Verdict
from vpnprobe.model.fleet import FleetSummary


@dataclass(frozen=True, slots=True)
class Result:
    """One end that a phone comes to. `alarms` says that somebody has to know which phones these are."""

    key: str
    words: str
    alarms: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a phone is not as it ought to be: `short` for a cell of a table, `words` for who is to act."""

    short: str
    words: str


# The worst first: so tables are sorted.
RESULTS: Final[Mapping[str, tuple[Result, ...]]] = {
    "cutover": (
        Result("cut-off", "Would be cut off", alarms=True),
        Result("unknown", "Not known", alarms=True),
        Result("ready", "Ready"),
    ),
    "sweep": (
        Result("fail", "Would not connect", alarms=True),
        Result("inconclusive", "Not known", alarms=True),
        Result("warn", "With a warning"),
        Result("pass", "Would connect"),
    ),
}

# The steps as the vendor's renewal procedure counts them (VP-40), in its order.
_STEPS: Final[Mapping[str, Cause]] = {
    "assign-vpn-profile": Cause(
        "Assign the VPN profile",
        "Before the steps: give these phones a common phone profile with the VPN in CUCM; their files name none.",
    ),
    "mend-certificate": Cause(
        "Mend the certificate (1)",
        "Step 1: get a certificate that these phones can take; each phone's line says what is wrong with this one.",
    ),
    "import-phone-vpn-trust": Cause(
        "Import into CUCM (3, 4)",
        "Steps 3 and 4: upload the new certificate to CUCM as Phone-VPN-trust and add it to the VPN gateway there, "
        "beside the old one.",
    ),
    "keep-old-hash": Cause(
        "Keep the old hash (4)",
        "Step 4: put the old certificate back into the VPN gateway in CUCM until the swap; the old one is still live.",
    ),
    "apply-config": Cause(
        "Apply and reset (5)",
        "Step 5: apply the configuration and reset these phones while they reach their TFTP server; their files lack "
        "the new hash.",
    ),
    "fetch-config": Cause(
        "Get the file read (5)",
        "Step 5: see to it that the configuration file can be read, and look again; what these phones trust is not "
        "known.",
    ),
    "swap-trustpoint": Cause(
        "Swap the trustpoint (7)",
        "Step 7: bind the new trustpoint to the outside interface; the new certificate is not live yet.",
    ),
}

# Step 6. Said of each cut-over to come: a phone dials with the file that it has, and that is seen on the phone only.
NOT_SEEN: Final = (
    "Judged were the files on the configuration server. Whether each phone has fetched its own since the new hash came "
    "into it cannot be seen from outside: look at the phones' status messages (step 6), and reset those that were off "
    "while it was applied. Nor was the signature of a signed file verified: vpnprobe config does that for one phone."
)

_CHECKS: Final[Mapping[str, Cause]] = {
    check.id: Cause(f"{check.id} {check.slug}", f"{check.id} {check.title}") for check in CHECKS
}

_OUTCOMES: Final[Mapping[str, str]] = {
    "received": "read",
    "not-found": "there is no such file",
    "refused": "the server refuses it",
    "busy": "the server is busy with the file",
    "server-error": "the server answers with an error",
    "timeout": "no answer in time",
    "truncated": "it stopped in the middle",
    "too-large": "it is too large",
    "unreachable": "the server cannot be reached",
    "malformed": "the answer breaks the protocol",
    "skipped": "not asked for",
    "malformed-config": "it cannot be read",
    "encrypted": "it is encrypted for the phone",
    "no-vpn-group": "it has no vpnGroup",
}

# A phone without a cause or an alarm is counted under the end of its file; one that was read leaves it open.
_READ: Final = Cause("Not decided", "The configuration was read; something else that decides it is not known.")

_CAUSES: Final[Mapping[str, Cause]] = {**_STEPS, **_CHECKS, "received": _READ}

# Causes in the order of their tables, as far as they have one.
CAUSE_ORDER: Final = {key: place for place, key in enumerate((*_STEPS, *_CHECKS, *_OUTCOMES))}

_ANSWERS: Final[Mapping[str, Mapping[Verdict, str]]] = {
    "cutover": {"pass": "GO", "warn": "GO, with a reservation", "fail": "NO-GO", "inconclusive": "NOT KNOWN"},
    "sweep": {"pass": "YES", "warn": "YES, with a reservation", "fail": "NO", "inconclusive": "NOT KNOWN"},
}
_ENDS: Final[Mapping[str, str]] = {
    "interrupt": "interrupted",
    "deadline": "the deadline came first",
    "server-silent": "the configuration server answered nobody any more",
}


def cause(key: str) -> Cause:
    """Return the words for what phones are counted under: a step, a check, the end of a file; else the key itself."""
    words = f"Configuration: {outcome(key)}" if key in _OUTCOMES else key
    return _CAUSES.get(key, Cause(words, words))


def outcome(key: str) -> str:
    """Return what the request for a configuration file came to, in words."""
    return _OUTCOMES.get(key, key)


def answer(summary: FleetSummary) -> str:
    """Return the answer to the question that was asked of the whole fleet, in a word or two."""
    return "STOPPED" if summary.interrupted == "interrupt" else _ANSWERS[summary.command][summary.verdict]


def sentence(summary: FleetSummary) -> str:
    """Return the numbers behind the answer, and what makes them incomplete."""
    counts = summary.counts
    told = [
        f"{counts.by_result[result.key]:,} {result.words.lower()}"
        for result in RESULTS[summary.command]
        if counts.by_result.get(result.key)
    ]
    parts = [f"{phones(counts.total)}: {', '.join(told)}." if told else "No phone was looked at."]
    if summary.interrupted is not None:
        parts.append(f"{phones(summary.not_reached)} not reached: {_ENDS[summary.interrupted]}.")
    if summary.row_problems:
        parts.append(f"Rows of the inventory that cannot be used: {summary.row_problems:,}.")
    return " ".join(parts)


def phones(number: int) -> str:
    """Return a number of phones with its noun."""
    return f"{number:,} phone{'' if number == 1 else 's'}"
