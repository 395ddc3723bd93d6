"""The evaluator: lacks, errors, explained failures, verdict, cause, filled guides."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.checks.evidence_builder import (
    ADDRESS,
    NOW,
    findings,
    gateway_run,
    given_hash,
    run,
    unresolved,
    without_config,
)
from vpnprobe.checks import subjects
from vpnprobe.checks.base import (
    AnyCheck,
    Case,
    Check,
    Guide,
    Lack,
    Need,
    Result,
    Subject,
    failed,
    fix,
    not_applicable,
    passed,
    unclear,
)
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.config import ConfigKind, PhoneConfig, VpnGroup
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure
from vpnprobe.model.finding import Finding, Logs, Report, Severity, Verdict
from vpnprobe.model.observation import (
    BootFile,
    ConfigReading,
    FirstFlight,
    Handshake,
    Login,
    PhoneDecision,
    Resolution,
    TftpServer,
)
from vpnprobe.model.target import Expectation
from vpnprobe.version import CATALOGUE_VERSION

ALWAYS: Need[str] = Need(("anything",), lambda _case: "there")
NEVER: Need[str] = Need(("something",), lambda _case: Lack("it is not there"))
UNWANTED: Need[str] = Need(("something",), lambda _case: Lack("nobody asked", "not-applicable"))


def check(
    result: Result | Exception,
    *,
    id: str = "ABC001",  # noqa: A002 - the name of the field
    severity: Severity = "critical",
    needs: Need[str] = ALWAYS,
    **fields: Any,
) -> AnyCheck:
    def answer(_case: Case, _facts: str) -> Result:
        if isinstance(result, Exception):
            raise result
        return result

    usual: dict[str, Any] = {
        "slug": id.lower(),
        "title": "",
        "stage": "first-flight",
        "probes": ("phone",),
        "subjects": subjects.addresses,
        "rationale": "",
    }
    return Check(**usual | {"id": id, "severity": severity, "needs": needs, "judge": answer} | fields)


def report(*checks: AnyCheck, evidence: Evidence | None = None) -> Report:
    return judge(evidence or run(), checks=checks)


def test_what_the_peer_says_is_one_word_in_a_command_to_paste() -> None:
    """A group-url of a configuration that anybody may have served must not run anything in the operator's shell."""
    guide = Guide(fix=(fix("ASA", "{url}"),), next=("vpnprobe phone --group-url {url} --mac {mac}",))
    found = only(check(failed("bad", url="https://vpn.example.com/a;reboot $(id)"), guide=guide))
    assert shlex.split(found.next[0])[2:] == [
        "--group-url", "https://vpn.example.com/a;reboot $(id)", "--mac", "8CB64F576113",
        "--model", "7962G", "--tftp", "10.1.1.5:69",
    ]  # fmt: skip
    assert found.fix[0].steps == ("https://vpn.example.com/a;reboot $(id)",)


def only(*checks: AnyCheck) -> Finding:
    (found,) = report(*checks).findings
    return found


PASS = passed("good")
FAIL = failed("bad")
OPEN = unclear("unknown")
NOT_APPLICABLE = not_applicable("no question")


def test_a_lack_becomes_the_finding() -> None:
    found = only(check(PASS, needs=NEVER))
    assert (found.status, found.summary, found.facts) == ("inconclusive", "it is not there", {})


def test_what_was_never_wanted_is_not_applicable() -> None:
    assert only(check(PASS, needs=UNWANTED)).status == "not-applicable"


def test_needs_are_read_in_order_and_the_first_lack_counts() -> None:
    both = ALWAYS & NEVER & UNWANTED
    assert both.what == ("anything", "something", "something")
    lack = both.read(Case(evidence=run(), subject=Subject(label="x"), now=NOW))
    assert lack == Lack("it is not there")


def test_needs_hand_over_their_facts_in_order() -> None:
    both: Need[tuple[str, int]] = ALWAYS & Need(("a number",), lambda _case: 7)
    assert both.read(Case(evidence=run(), subject=Subject(label="x"), now=NOW)) == ("there", 7)


def test_a_check_that_raises_is_an_error_and_sinks_nothing() -> None:
    broken, good = report(check(ValueError("oops")), check(PASS, id="ABC002")).findings
    assert broken.status == "error"
    assert "ValueError" in broken.summary
    lines = broken.facts["traceback"]
    assert isinstance(lines, list)
    assert lines[-1] == "ValueError: oops"
    assert len(lines) <= 6
    assert good.status == "pass"


def test_subjects_that_raise_are_an_error_of_the_gateway() -> None:
    def broken(_evidence: Evidence) -> tuple[Subject, ...]:
        raise KeyError("x")

    found = only(check(PASS, subjects=broken))
    assert (found.status, found.subject) == ("error", "vpn.example.com:443")


def test_every_subject_has_a_finding() -> None:
    evidence = run(resolution=Resolution(name="x", source="dns", addresses=("192.0.2.7", "192.0.2.9")))
    found = report(check(PASS), evidence=evidence).findings
    assert [item.subject for item in found] == [ADDRESS, "192.0.2.9:443"]


def test_checks_of_another_probe_are_left_out() -> None:
    assert report(check(PASS, probes=("gateway",))).findings == ()


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        pytest.param((("critical", PASS),), "pass", id="pass"),
        pytest.param((("critical", FAIL), ("critical", OPEN)), "fail", id="fail-before-open"),
        pytest.param((("critical", OPEN), ("warning", FAIL)), "inconclusive", id="open-before-warning"),
        pytest.param((("critical", ValueError()), ("critical", PASS)), "inconclusive", id="error"),
        pytest.param((("warning", FAIL), ("critical", PASS)), "warn", id="warning"),
        pytest.param((("warning", OPEN), ("critical", PASS)), "pass", id="open-warning"),
        pytest.param((("info", ValueError()), ("critical", PASS)), "warn", id="a-check-that-broke"),
        pytest.param((("info", FAIL),), "pass", id="info"),
        pytest.param((("critical", NOT_APPLICABLE),), "pass", id="not-applicable"),
        pytest.param((), "pass", id="nothing"),
    ],
)
def test_verdict(results: tuple[tuple[Severity, Result | Exception], ...], verdict: Verdict) -> None:
    checks = [check(result, id=f"ABC{n:03}", severity=severity) for n, (severity, result) in enumerate(results)]
    assert report(*checks).verdict == verdict


def test_an_interrupted_run_has_no_verdict() -> None:
    assert report(check(FAIL), evidence=run(interrupted="interrupt")).verdict == "inconclusive"
    assert report(check(FAIL), evidence=run(interrupted="deadline")).verdict == "fail"


def test_the_cause_is_the_first_critical_failure_as_a_phone_lives_it() -> None:
    late = check(FAIL, id="ABC001", stage="login")
    early = check(FAIL, id="ABC002", stage="config")
    warning = check(FAIL, id="ABC003", stage="resolve", severity="warning")
    assert report(late, early, warning).cause == "ABC002"
    assert report(warning).cause is None


def test_a_failure_that_another_explains_is_a_consequence() -> None:
    first = check(FAIL, id="ABC001")
    second = check(FAIL, id="ABC002", yields_to=("ABC001",))
    found = report(second, first).findings
    assert [(item.status, item.summary) for item in found] == [
        ("inconclusive", "bad (a consequence of ABC001)"),
        ("fail", "bad"),
    ]


def test_a_pass_is_never_explained_away() -> None:
    assert report(check(FAIL), check(PASS, id="ABC002", yields_to=("ABC001",))).findings[1].status == "pass"


def test_a_failure_at_another_address_explains_nothing() -> None:
    def first_only(evidence: Evidence) -> tuple[Subject, ...]:
        return subjects.addresses(evidence)[:1]

    evidence = run(resolution=Resolution(name="x", source="dns", addresses=("192.0.2.7", "192.0.2.9")))
    found = report(
        check(FAIL, subjects=first_only), check(FAIL, id="ABC002", yields_to=("ABC001",)), evidence=evidence
    ).findings
    assert [item.status for item in found] == ["fail", "inconclusive", "fail"]


def test_a_guide_is_filled_from_run_and_facts() -> None:
    guide = Guide(
        fix=(fix("ASA", "tunnel-group {group} at {host}:{port}\n group-url {group_url} enable"),),
        logs=Logs(phone=("hash {leaf}",)),
        next=("vpnprobe gateway {address} {names} {unknown_thing}",),
    )
    found = only(check(failed("bad", group="VPNPhone", leaf=None, names=["a", "b"]), guide=guide))
    assert found.fix[0].steps == (
        "tunnel-group VPNPhone at vpn.example.com:443",
        " group-url https://vpn.example.com/VPNPhone enable",
    )
    assert found.logs.phone == ("hash <leaf>",)
    assert found.next == (f"vpnprobe gateway {ADDRESS} 'a, b' <unknown-thing> --model 7962G",)


def test_a_step_that_is_a_list_becomes_a_step_for_each_item() -> None:
    guide = Guide(fix=(fix("DNS", "Publish:\n{lines}\nin {lines}"),))
    found = only(check(failed("bad", lines=["a {host}", "b"]), guide=guide))
    assert found.fix[0].steps == ("Publish:", "a {host}", "b", "in a {host}, b")


def test_text_of_a_peer_is_never_a_placeholder() -> None:
    guide = Guide(fix=(fix("ASA", "{text}"),))
    found = only(check(failed("bad", text="{host} {0} {host!r}"), guide=guide))
    assert found.fix[0].steps == ("{host} {0} {host!r}",)


def test_a_variant_has_its_own_guide_and_an_unknown_one_the_default() -> None:
    default, special = Guide(next=("default",)), Guide(next=("special",))
    fields: dict[str, Any] = {"guide": default, "variants": {"x": special}}
    assert only(check(failed("bad", "x"), **fields)).next == ("special",)
    assert only(check(failed("bad", "y"), **fields)).next == ("default",)


def test_only_a_failure_has_a_guide() -> None:
    assert only(check(OPEN, guide=Guide(next=("x",)))).next == ()


def test_a_step_may_be_continued_and_keeps_the_indentation_of_a_submode() -> None:
    written = fix(
        "ASA",
        """
        crypto ca trustpoint x
         enrollment terminal
        a sentence that goes on \
          in the next line
        """,
    )
    assert written.steps == (
        "crypto ca trustpoint x",
        " enrollment terminal",
        "a sentence that goes on in the next line",
    )


def test_the_report_names_the_catalogue_that_judged() -> None:
    made = report(check(PASS), evidence=run())
    assert made.tool.catalogue == CATALOGUE_VERSION
    assert made.evidence.tool.catalogue == "0"
    assert made.started_at == NOW


# --- any Evidence ---

OBSERVATIONS = st.fixed_dictionaries(
    {},
    optional={
        "resolution": st.none() | st.from_type(Resolution),
        "tftp_server": st.none() | st.from_type(TftpServer),
        "boot_files": st.lists(st.from_type(BootFile), max_size=3).map(tuple),
        "config": st.none()
        | st.builds(
            ConfigReading,
            config=st.none()
            | st.builds(PhoneConfig, kind=st.sampled_from(ConfigKind), vpn_group=st.none() | st.from_type(VpnGroup)),
        ),
        "first_flights": st.lists(
            st.builds(
                FirstFlight,
                address=st.sampled_from([ADDRESS, "[2001:db8::7]:443", "nonsense", ""]),
                hello=st.sampled_from(["7962G", "8811", "modern", "rsa-only", "ec-only", "both", "?"]),
                chain=st.sampled_from([(), run().first_flights[0].chain, ("0" * 64,)]),
            ),
            max_size=5,
        ).map(tuple),
        "decisions": st.lists(st.from_type(PhoneDecision), max_size=2).map(tuple),
        "handshakes": st.lists(st.builds(Handshake, address=st.sampled_from([ADDRESS, "x"])), max_size=2).map(tuple),
        "logins": st.lists(st.builds(Login, address=st.sampled_from([ADDRESS, "x"])), max_size=2).map(tuple),
        "expectation": st.from_type(Expectation),
        "client_chain": st.sampled_from([(), ("0" * 64,), run().client_chain]),
        "certificates": st.sampled_from([{}, run().certificates, {"0" * 64: b"\x30\x00"}]),
        "credential": st.sampled_from(["none", "certificate", "password"]),
        "login_wanted": st.booleans(),
        "stages": st.sampled_from([(), run().stages, run(**unresolved()).stages]),
        "interrupted": st.sampled_from([None, "interrupt", "deadline"]),
    },
)

st.register_type_strategy(Failure, st.builds(Failure))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(changes=OBSERVATIONS, probe=st.sampled_from(["phone", "gateway"]))
def test_any_evidence_is_judged_without_an_error(changes: dict[str, Any], probe: str) -> None:
    made = judge((run if probe == "phone" else gateway_run)(**changes))
    assert [found.summary for found in made.findings if found.status == "error"] == []
    assert msgspec.json.decode(msgspec.json.encode(made.findings), type=tuple[Finding, ...]) == made.findings


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect what the interpreter reports of files and sockets inside the block."""
    events: list[str] = []
    active = True

    def hook(event: str, _args: tuple[object, ...]) -> None:
        if active and event.startswith(("open", "socket.", "subprocess.", "os.")):
            events.append(event)

    sys.addaudithook(hook)
    try:
        yield events
    finally:
        active = False


def test_judging_touches_neither_files_nor_network() -> None:
    cases = [run(), run(**without_config()), run(**given_hash()), gateway_run()]
    for evidence in cases:
        judge(evidence)  # the libraries and the phones' data are read once
    with watched() as events:
        for evidence in cases:
            judge(evidence)
    assert events == []


def test_evidence_survives_its_json_and_gives_the_same_report() -> None:
    evidence = run(**unresolved())
    again = msgspec.json.decode(msgspec.json.encode(evidence), type=Evidence)
    assert judge(again) == judge(evidence)
    assert findings(again, "NET001")[0].status == "fail"
