"""Checks of the Trust Verification Service: whether the phone needs it, and whether it answers."""

from __future__ import annotations

from vpnprobe.checks.base import Case, Check, Guide, Lack, Need, Result, failed, fix, passed, unclear
from vpnprobe.checks.trust import guides, needs
from vpnprobe.checks.wording import count, listing
from vpnprobe.model.trust import TvsAnswer


def _judge_vouched(case: Case, facts: needs.Signed) -> Result:
    reading = facts.signature
    if reading.status not in ("valid", "invalid") or reading.source is None:
        return unclear("who signed it is not known (SGN009)")
    if reading.source != "TVS":
        return passed(f"its signer stands in {reading.taken_from}; no TVS is needed")
    servers = listing(answer.server for answer in case.evidence.tvs if answer.status == "trusted")
    return failed(f"only a TVS ({servers}) knows its signer: without one the phone takes no file", servers=servers)


SGN012 = Check(
    id="SGN012",
    slug="config-without-tvs",
    title="The phone can check its configuration without asking a TVS",
    stage="tvs",
    severity="warning",
    probes=("config",),
    subjects=needs.config_files,
    needs=needs.signed,
    judge=_judge_vouched,
    rationale="A phone whose list lacks the signer asks a TVS each time. Where that is not reached, from outside or in "
    "the middle of a change of certificates, it is locked out.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Where the phones hold an old list: reset them while TVS runs, so that they fetch the new one.
                Then look at a phone: Settings > Security Configuration > Trust List, or vpnprobe config again.
                Where the served list itself lacks the signer, it is old: have it made anew, as below.
                """,
            ),
            guides.REBUILD,
        ),
        next=guides.LOOK,
    ),
)


def _read_answers(case: Case) -> tuple[TvsAnswer, ...] | Lack:
    found = tuple(answer for answer in case.evidence.tvs if answer.server == case.subject.label)
    return found or Lack("no TVS was asked (--tvs asks them)", "not-applicable")


def _judge_answers(case: Case, answers: tuple[TvsAnswer, ...]) -> Result:
    dumb = [one for one in answers if one.status == "no-answer"]
    if not dumb:
        return passed(f"answered {count(len(answers), 'question')}")
    why = listing(one.problem or "no answer" for one in dumb)
    others = [one for one in case.evidence.tvs if one.status != "no-answer"]
    if any(one.failure is not None and one.failure.who == "local" for one in dumb):
        return unclear(f"this machine could not ask: {why}")
    return failed(f"gave no answer: {why}; {'another one did' if others else 'nor did any other'}")


SGN013 = Check(
    id="SGN013",
    slug="tvs-answers",
    title="The TVS servers of the list answer",
    stage="tvs",
    severity="warning",
    probes=("config",),
    subjects=needs.tvs_servers,
    needs=Need(("a question to a TVS",), _read_answers),
    judge=_judge_answers,
    rationale="A phone asks the TVS servers of its list in turn, over TLS at port 2445, about signers and HTTPS "
    "servers that its list does not name.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                utils service list
                utils service restart Cisco Trust Verification Service
                """,
            ),
            fix("path", "Let phones reach TCP port 2445 of every CUCM node, from outside through the tunnel too."),
        ),
        next=("openssl s_client -connect {address} -cipher ALL:@SECLEVEL=0",),
    ),
)

TVS = (SGN012, SGN013)
