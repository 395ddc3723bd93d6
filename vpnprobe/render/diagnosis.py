"""What a pasted log says, for people: what is wrong, where it shows, what proves it and what mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vpnprobe.checks.federation.differential import possible_causes
from vpnprobe.federation.diagnosis import Diagnosis, are_calls, fill
from vpnprobe.federation.trace import LOOKED_FOR
from vpnprobe.model.finding import Verdict
from vpnprobe.render.escape import printable
from vpnprobe.render.status_line import STATUS_WORDS
from vpnprobe.render.wrapping import step_lines, wrapped

# A line with every attribute of a header is a few hundred characters long.
_LIMIT: Final = 1000


def render_diagnoses(
    diagnoses: Sequence[Diagnosis], verdict: Verdict, *, recognised: int, left_out: int = 0, width: int = 80
) -> str:
    """Return the report as text; `recognised` counts the messages, headers and records of the log."""
    lines = [f"{STATUS_WORDS[verdict]}: {_headline(diagnoses, recognised)}"]
    for number, diagnosis in enumerate(diagnoses, 1):
        lines += ["", *wrapped(f"{number}. ", _shown(diagnosis.title), width), *_details(diagnosis, width)]
    lines += _alike(diagnoses, width)
    if left_out:
        lines += ["", f"{left_out} more places with other causes are not shown; diagnose a part of the log."]
    if not diagnoses and not recognised:
        lines += ["", "Looked for:", *(line for what in LOOKED_FOR for line in wrapped("  - ", what, width))]
    return "\n".join(lines) + "\n"


def _headline(diagnoses: Sequence[Diagnosis], recognised: int) -> str:
    named = sum(one.verdict in ("fail", "warn") for one in diagnoses)
    if named:
        return f"{named} fault{'' if named == 1 else 's'} named in the log."
    if any(one.verdict == "inconclusive" for one in diagnoses):
        return "the log shows a failure, but no cause that is known here."
    if diagnoses:
        return "the log shows answers, and nothing wrong."
    if recognised:
        return "the log shows SIP messages, but no answer that tells anything."
    return "nothing in the log was recognised."


def _details(diagnosis: Diagnosis, width: int) -> list[str]:
    lines = []
    for place in diagnosis.places:
        where = f"{place.file}:{place.line}" if place.file else f"line {place.line}"
        lines.append(f"   {_shown(where)}  {_shown(place.excerpt)}")
    if diagnosis.count > len(diagnosis.places):
        lines.append(f"   and {diagnosis.count - len(diagnosis.places)} more, {diagnosis.count} in all")
    lines += [f"   next  {_shown(command)}" for command in diagnosis.next]
    if diagnosis.causes:
        lines.append("   causes, likeliest first")
    for cause in diagnosis.causes:
        proof = f" ({', '.join(cause.checks)})" if cause.checks else ""
        lines += wrapped("     - ", f"{_shown(cause.title)}{proof}", width)
        for fix in cause.fix:
            lines.append(f"         {fix.platform}")
            lines += (line for step in fix.steps for line in step_lines(" " * 11, _shown(step), width))
    return lines


def _alike(diagnoses: Sequence[Diagnosis], width: int) -> list[str]:
    """Return what no probe can see, once for each outcome, and where to look for it."""
    lines: list[str] = []
    for outcome in dict.fromkeys(one.outcome for one in diagnoses if one.outcome is not None):
        about = [(number, one) for number, one in enumerate(diagnoses, 1) if one.outcome == outcome]
        domains = {one.domain for _, one in about}
        domain = domains.pop() if len(domains) == 1 else None
        values = {} if domain is None else {"domain": domain}
        numbers = ", ".join(str(number) for number, _ in about)
        lines += ["", f"Also possible for {numbers}. Nothing of this shows from outside:"]
        for cause in possible_causes(outcome, calls=are_calls(diagnoses, outcome)):
            lines += wrapped("  - ", cause.title, width)
            told = [("look", f"{cause.platform}: {where}") for where in cause.confirm]
            told += [("sign", sign) for sign in cause.signs] + [("mend", step) for step in cause.mend]
            lines += (
                line for kind, text in told for line in step_lines(f"      {kind}  ", _shown(fill(text, values)), width)
            )
    return lines


def _shown(text: str) -> str:
    return printable(text, _LIMIT)
