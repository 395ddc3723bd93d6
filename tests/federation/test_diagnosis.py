"""Symptoms become causes: what is wrong, what proves it, and what mends it."""

from __future__ import annotations

import re

import pytest

from tests.federation import logs
from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.federation import diagnosis, numbers, rules
from vpnprobe.federation.diagnosis import Diagnoser, Diagnosis, are_calls, verdict_of
from vpnprobe.federation.diagnostics import CODES
from vpnprobe.federation.rule import Rule
from vpnprobe.federation.symptom import Symptom, SymptomKind
from vpnprobe.federation.trace import TraceReader
from vpnprobe.model.finding import Verdict

each_rule = pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.slug)

PLACEHOLDERS = {
    "domain",
    "target",
    "targets",
    "label",
    "certificate_name",
    "number",
    "meaning",
    "reason",
    "status",
    "name",
}


def diagnose(*texts: str) -> tuple[Diagnosis, ...]:
    diagnoser = Diagnoser()
    for text in texts:
        reader = TraceReader()
        for symptom in (*reader.feed(text), *reader.close()):
            diagnoser.add(symptom)
    return diagnoser.diagnoses()


def only(text: str) -> Diagnosis:
    [found] = diagnose(text)
    return found


def steps(found: Diagnosis) -> list[str]:
    return [step for cause in found.causes for fix in cause.fix for step in fix.steps]


@pytest.mark.parametrize("text", [logs.CLIENT_1009_AS_PASTED, logs.CLIENT_1009], ids=["as pasted", "as written"])
def test_a_target_in_a_sub_domain(text: str) -> None:
    found = only(text)
    assert (found.name, found.verdict, found.count) == ("target-outside-domain", "fail", 1)
    assert found.checks[0] == "DOM001"
    assert found.next == ("vpnprobe federation cms.steven.lab",)
    assert "_sipfederationtls._tcp.cms.steven.lab. 3600 IN SRV 0 0 5061 vcse.cms.steven.lab." in steps(found)


@pytest.mark.parametrize("text", [logs.CLIENT_1010_AS_PASTED, logs.CLIENT_1010], ids=["as pasted", "as written"])
def test_a_certificate_without_the_target(text: str) -> None:
    found = only(text)
    assert (found.name, found.verdict, found.domain) == ("certificate-lacks-target", "fail", "cms.steven.lab")
    assert found.checks[0] == "FCR001"
    assert "vcse.steven.lab" in found.title
    assert any("vcse.cms.steven.lab" in step for step in steps(found))


def test_the_partner_s_edge_and_its_client_speak_of_one_fault() -> None:
    header = 'ms-diagnostics: 1009; domain="acano.steven.lab"; fqdn1="vcse.steven.lab:5061"; source="sip.skype.lab"\n'
    [found] = diagnose(logs.EDGE_1009_AS_PASTED, header, header)
    assert found.count == 3
    assert [place.line for place in found.places] == [2, 1, 1]


def test_equal_faults_of_two_domains_are_two() -> None:
    found = diagnose(logs.EDGE_1009_AS_PASTED, logs.CLIENT_1009)
    assert [one.domain for one in found] == ["acano.steven.lab", "cms.steven.lab"]


def test_the_search_history_belongs_to_the_answer_without_a_reason() -> None:
    [found] = diagnose(logs.SEARCH_HISTORY + logs.EXPRESSWAY_504)
    assert (found.name, found.count, found.domain) == ("time-out-without-reason", 2, "acano.steven.lab")
    assert [place.line for place in found.places] == [1, 5]
    assert found.checks[:2] == ("DOM001", "SRV001")
    assert found.outcome == "refused"
    assert any("UccApiLog" in step for step in steps(found))


def test_the_search_history_alone_asks_for_the_domain() -> None:
    assert only(logs.SEARCH_HISTORY).next == ("vpnprobe federation <domain>",)


def test_an_answer_without_a_reason_whose_reason_the_text_holds() -> None:
    named, bare = diagnose(logs.EXPRESSWAY_504 + logs.EDGE_1009_AS_PASTED)
    assert named.name == "target-outside-domain"
    assert bare.causes[0].title == f"the text names it: {named.title}"
    # Causes that nobody can see are not looked for where one is known.
    assert bare.outcome is None


@pytest.mark.parametrize(
    ("text", "name", "verdict"),
    [
        ('ms-diagnostics: 1008; domain="example.com"', "no-record", "fail"),
        ('ms-diagnostics: 1010; HRESULT="0x80090325(SEC_E_UNTRUSTED_ROOT)"', "certificate-not-trusted", "fail"),
        ("ms-diagnostics: 1013; reason=x", "clocks-differ", "fail"),
        ("ms-diagnostics: 1014; reason=x", "target-without-address", "fail"),
        ("ms-diagnostics: 1047; reason=x", "tls-not-completed", "fail"),
        ("ms-diagnostics: 1002; reason=x", "sender-not-allowed", "fail"),
        ("ms-diagnostics: 1027; reason=x", "no-route", "fail"),
        ("ms-diagnostics: 1034; reason=x", "no-reason-given", "fail"),
        ("ms-diagnostics: 1003; reason=x", "other-number", "inconclusive"),
        ("ms-diagnostics: 1999; reason=x", "unknown-number", "inconclusive"),
        ("ms-diagnostics: none", "unknown-number", "inconclusive"),
        ("Result-Code: 0xc3e93d00 SIPPROXY_E_OTHER", "unknown-record", "inconclusive"),
        (logs.ASA_ACCESS_LIST, "access-list-missing", "fail"),
        ("CSR error 9442", "certificate-request-incomplete", "fail"),
        ("Schannel event 36885", "issuer-list-cut", "warn"),
        (logs.SUBSCRIBE_403, "subscribe-forbidden", "fail"),
        ("SIP/2.0 403 Forbidden\nCSeq: 1 INVITE\n", "forbidden", "fail"),
        (logs.NOTIFY_408, "notify-time-out", "warn"),
        ("SIP/2.0 504 Server Time-out\nServer: TANDBERG/4137\n", "time-out-of-another-server", "fail"),
        ("SIP/2.0 504 Server Time-out\nCSeq: 1 INVITE\n", "time-out-without-reason", "fail"),
        ("SIP/2.0 401 Unauthorized\n", "challenged", "pass"),
        ("SIP/2.0 486 Busy Here\n", "other-answer", "inconclusive"),
        (logs.ANSWERED, "answered", "pass"),
    ],
)
def test_what_a_symptom_means(text: str, name: str, verdict: Verdict) -> None:
    found = only(text)
    assert (found.name, found.verdict) == (name, verdict)


@pytest.mark.parametrize(
    ("methods", "calls"),
    [(("INVITE", "INVITE"), True), (("INVITE", "SUBSCRIBE"), False), (("SUBSCRIBE",), False), ((), False)],
)
def test_an_answer_to_calls_alone_is_told_apart(methods: tuple[str, ...], calls: bool) -> None:
    text = "".join(f"SIP/2.0 504 Server Time-out\nCSeq: 1 {method}\n\n" for method in methods)
    found = diagnose(text or "SIP/2.0 504 Server Time-out\n\n")
    assert [one.calls for one in found] == [calls]
    assert are_calls(found, "refused") is calls


def test_a_provisional_answer_says_nothing() -> None:
    assert diagnose("SIP/2.0 100 Trying\n") == ()


def test_a_number_that_is_not_known_is_shown_as_it_is() -> None:
    assert only('ms-diagnostics: 1999; reason="Something new"').title == (
        "ms-diagnostics 1999 is not in the catalogue; its own words: Something new"
    )


def test_a_hostile_name_gets_into_no_command_and_no_zone_file() -> None:
    found = diagnose(
        'ms-diagnostics: 1009; domain="a.example; reboot"; fqdn1="$(reboot).example:5061"',
        "ERROR: Specified ACL (x|reboot) either does not exist",
        "From: <sip:a@$(reboot)>\nSIP/2.0 504 Server time-out\nFrom: <sip:a@$(reboot)>\n",
    )
    assert len(found) == 3
    assert not any("reboot" in text for one in found for text in (*one.next, *steps(one), one.title))
    assert "vpnprobe federation <domain>" in found[0].next


def test_places_and_causes_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "MAX_DIAGNOSES", 3)
    diagnoser = Diagnoser()
    for number in range(10):
        for _ in range(7):
            domain = f"d{number}.example"
            diagnoser.add(Symptom(kind=SymptomKind.DIAGNOSTICS, line=1, excerpt="", number=1008, domain=domain))
    found = diagnoser.diagnoses()
    assert [(one.count, len(one.places)) for one in found] == [(7, diagnosis.MAX_PLACES)] * 3
    assert diagnoser.left_out == 7 * 7


def test_the_verdict_of_a_text_is_that_of_its_worst_place() -> None:
    everything = diagnose(logs.ANSWERED, logs.NOTIFY_408, "SIP/2.0 486 Busy Here\n", logs.CLIENT_1009)
    assert verdict_of(everything) == "fail"
    assert verdict_of([one for one in everything if one.verdict != "fail"]) == "warn"
    assert verdict_of([one for one in everything if one.verdict in ("pass", "inconclusive")]) == "inconclusive"
    assert verdict_of([one for one in everything if one.verdict == "pass"]) == "pass"
    assert verdict_of([]) == "inconclusive"


@each_rule
def test_a_rule_names_checks_that_there_are(rule: Rule) -> None:
    known = {check.id for check in CHECKS}
    assert {check for cause in rule.causes for check in cause.checks} <= known


@each_rule
def test_a_fault_has_causes_and_a_command(rule: Rule) -> None:
    if rule.verdict in ("fail", "warn"):
        assert rule.causes
        assert rule.next
        assert rule.statements
        assert any(cause.checks or cause.fix or rule.outcome for cause in rule.causes)


@each_rule
def test_placeholders_of_rules_can_be_filled(rule: Rule) -> None:
    texts = [rule.title, *rule.next]
    texts += [text for cause in rule.causes for text in (cause.title, *(s for fix in cause.fix for s in fix.steps))]
    assert {name for text in texts for name in re.findall(r"\{(\w+)\}", text)} <= PLACEHOLDERS


def test_slugs_are_unique() -> None:
    assert len({rule.slug for rule in rules.RULES}) == len(rules.RULES)


def test_numbers_with_a_rule_are_in_the_catalogue_of_numbers() -> None:
    assert set(numbers.BY_NUMBER) <= {code.number for code in CODES}
    assert {rule.slug for rule in numbers.BY_NUMBER.values()} <= {rule.slug for rule in rules.RULES}


def test_the_checks_of_the_catalogue_of_numbers_exist() -> None:
    assert {check for code in CODES for check in code.checks} <= {check.id for check in CHECKS}
