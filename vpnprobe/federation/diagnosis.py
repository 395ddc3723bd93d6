"""From the symptoms of a pasted log to what is wrong: one diagnosis for each cause, however often it shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from vpnprobe.federation import numbers, rules
from vpnprobe.federation.diagnostics import find_code
from vpnprobe.federation.rule import Cause, Outcome, Rule
from vpnprobe.federation.symptom import Symptom, SymptomKind, safe_host
from vpnprobe.model.finding import Fix, Verdict

# Diagnoses of one run, and places that are shown of each. What comes beyond is counted.
MAX_DIAGNOSES: Final = 100
MAX_PLACES: Final = 5

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_ACCESS_LIST: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_TARGET: Final = re.compile(r"fqdn\d{1,3}", re.IGNORECASE)

_NO_SRV_MATCH: Final = "MSG_ALLOWED_DOMAIN_NO_SRV_MATCH"
_CERT_MISMATCH: Final = "MSG_CERT_MISMATCH"
# winerror.h: SEC_E_WRONG_PRINCIPAL.
_WRONG_PRINCIPAL: Final = "0x80090322"


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a symptom stands: line from 1, and the file where there are several."""

    line: int
    excerpt: str
    file: str | None = None


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong, placeholders filled. `count` counts all places, `places` are the first ones.

    `checks` are those of the federation probe that would prove it. `next` are commands. `calls` says that every place
    whose SIP method is known answers an INVITE, and that there is one.
    """

    name: str
    title: str
    verdict: Verdict
    count: int
    places: tuple[Place, ...]
    domain: str | None = None
    statements: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    next: tuple[str, ...] = ()
    outcome: Outcome | None = None
    calls: bool = False

    @property
    def checks(self) -> tuple[str, ...]:
        """Every check of the causes, likeliest first."""
        return tuple(dict.fromkeys(check for cause in self.causes for check in cause.checks))


class Diagnoser:
    """Collects symptoms; equal causes become one diagnosis. Memory does not grow with the log."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], _Group] = {}
        self.left_out = 0

    def add(self, symptom: Symptom, file: str | None = None) -> None:
        """Take one symptom of `file`."""
        rule = rule_for(symptom)
        if rule is None:
            return
        values = _values(symptom)
        key = (rule.slug, *(values.get(name, "") for name in _told(rule)))
        group = self._found.get(key)
        if group is None:
            if len(self._found) == MAX_DIAGNOSES:
                self.left_out += 1
                return
            group = self._found[key] = _Group(rule, values)
        group.count += 1
        group.methods |= {symptom.method} if symptom.method else set()
        if len(group.places) < MAX_PLACES:
            group.places.append(Place(line=symptom.line, excerpt=symptom.excerpt, file=file))

    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """Return what was found: what names a cause first, then in order of the text."""
        order = [rule.slug for rule in rules.RULES]
        groups = sorted(_joined(list(self._found.values())), key=lambda group: order.index(group.rule.slug))
        return _with_reasons([group.diagnosis() for group in groups])


def verdict_of(diagnoses: Sequence[Diagnosis]) -> Verdict:
    """Return the verdict of a whole text; without any diagnosis it is "inconclusive"."""
    found = {diagnosis.verdict for diagnosis in diagnoses}
    ranked: tuple[Verdict, ...] = ("fail", "warn", "inconclusive", "pass")
    return next((verdict for verdict in ranked if verdict in found), "inconclusive")


def are_calls(diagnoses: Sequence[Diagnosis], outcome: Outcome) -> bool:
    """Whether what came to this outcome are calls only."""
    return all(one.calls for one in diagnoses if one.outcome == outcome)


def rule_for(symptom: Symptom) -> Rule | None:
    """Return the rule that explains a symptom, None for a provisional answer."""
    match symptom.kind:
        case SymptomKind.DIAGNOSTICS:
            return _by_number(symptom)
        case SymptomKind.EDGE_RECORD:
            return _by_result(symptom)
        case SymptomKind.ANSWER:
            return _by_status(symptom)
        case SymptomKind.SEARCH_HISTORY:
            return rules.TIME_OUT
        case SymptomKind.FORBIDDEN:
            return rules.SUBSCRIBE_FORBIDDEN
        case SymptomKind.ROUTE_WITHOUT_TRANSPORT:
            return rules.NOTIFY_TIME_OUT
        case SymptomKind.ACCESS_LIST:
            return rules.ACCESS_LIST
        case SymptomKind.CERTIFICATE_REQUEST:
            return rules.CERTIFICATE_REQUEST
        case SymptomKind.ISSUER_LIST:
            return rules.ISSUER_LIST


def _by_number(symptom: Symptom) -> Rule:
    number = symptom.number
    if number == 1010:
        named = (symptom.attribute("hresult") or "", symptom.attribute("errortype") or "")
        wrong_name = _WRONG_PRINCIPAL in named[0].lower() or "matching fqdn" in named[1].lower()
        return numbers.CERTIFICATE_NAME if wrong_name else numbers.CERTIFICATE_TRUST
    if number in numbers.BY_NUMBER:
        return numbers.BY_NUMBER[number]
    return numbers.UNKNOWN_NUMBER if number is None or find_code(number) is None else numbers.KNOWN_NUMBER


def _by_result(symptom: Symptom) -> Rule:
    if symptom.name.endswith(_NO_SRV_MATCH):
        return numbers.TARGET_OUTSIDE
    return numbers.CERTIFICATE_NAME if symptom.name.endswith(_CERT_MISMATCH) else rules.UNKNOWN_RECORD


def _by_status(symptom: Symptom) -> Rule | None:
    status = symptom.number or 0
    if status < 300:
        return rules.ANSWERED if status >= 200 else None
    if status in (401, 407):
        return rules.CHALLENGED
    if status == 504:
        return rules.OTHER_TIME_OUT if symptom.microsoft is False else rules.TIME_OUT
    if status == 403:
        return rules.SUBSCRIBE_FORBIDDEN if symptom.method == "SUBSCRIBE" else rules.FORBIDDEN
    return rules.NOTIFY_TIME_OUT if status == 408 and symptom.method == "NOTIFY" else rules.OTHER_ANSWER


class _Group:
    """The symptoms of one diagnosis."""

    def __init__(self, rule: Rule, values: dict[str, str]) -> None:
        self.rule = rule
        self.values = values
        self.count = 0
        self.places: list[Place] = []
        self.methods: set[str] = set()

    def take(self, other: _Group) -> None:
        """Take over the places of another group."""
        self.count += other.count
        self.methods |= other.methods
        self.places = sorted((*self.places, *other.places), key=lambda place: (place.file or "", place.line))
        del self.places[MAX_PLACES:]

    def diagnosis(self) -> Diagnosis:
        """Fill in the rule."""
        causes = tuple(
            Cause(title=self._fill(cause.title), checks=cause.checks, fix=tuple(map(self._fix, cause.fix)))
            for cause in self.rule.causes
        )
        return Diagnosis(
            name=self.rule.slug,
            title=self._fill(self.rule.title),
            verdict=self.rule.verdict,
            count=self.count,
            places=tuple(self.places),
            domain=self.values.get("domain"),
            statements=self.rule.statements,
            causes=causes,
            next=tuple(map(self._fill, self.rule.next)),
            outcome=self.rule.outcome,
            calls=self.methods == {"INVITE"},
        )

    def _fix(self, fix: Fix) -> Fix:
        return Fix(fix.platform, tuple(map(self._fill, fix.steps)))

    def _fill(self, text: str) -> str:
        return fill(text, self.values)


def fill(text: str, values: dict[str, str]) -> str:
    """Put values into `{name}` placeholders; what is not known stands in angle brackets."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1]) or f"<{match[1].replace('_', '-')}>", text)


def _joined(groups: list[_Group]) -> list[_Group]:
    """Let a group that knows no domain join the one of the same rule that does, where there is only one."""
    joined: list[_Group] = []
    for group in groups:
        peers = [one for one in groups if one.rule is group.rule and "domain" in one.values]
        if "domain" not in group.values and "domain" in _told(group.rule) and len(peers) == 1:
            peers[0].take(group)
        else:
            joined.append(group)
    return joined


def _with_reasons(diagnoses: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """Tell an answer without a reason which reasons the same text gives for its domain."""
    reasons = [one for one in diagnoses if one.verdict == "fail" and one.outcome is None and one.domain]
    told = []
    for one in diagnoses:
        named = [reason for reason in reasons if one.name == rules.TIME_OUT.slug and reason.domain == one.domain]
        causes = tuple(Cause(title=f"the text names it: {reason.title}", checks=reason.checks[:1]) for reason in named)
        outcome = None if named else one.outcome
        told.append(msgspec.structs.replace(one, causes=causes + one.causes, outcome=outcome))
    return tuple(told)


def _told(rule: Rule) -> tuple[str, ...]:
    """The values that tell two diagnoses of one rule apart: those that it speaks of."""
    texts = (rule.title, *rule.next)
    return tuple(dict.fromkeys(name for text in texts for name in _PLACEHOLDER.findall(text)))


def _values(symptom: Symptom) -> dict[str, str]:
    """What the rule's texts may hold. Only names that are safe in a command or a zone file are taken over."""
    targets = [value for name, value in symptom.attributes if _TARGET.fullmatch(name)]
    hosts = [host for host in map(safe_host, targets) if host is not None]
    target = safe_host(symptom.attribute("tls-target") or symptom.attribute("expected-fqdn")) or next(iter(hosts), None)
    code = None if symptom.number is None else find_code(symptom.number)
    label = (target or "").partition(".")[0]
    known = {
        "domain": symptom.domain,
        "target": target,
        "targets": ", ".join(hosts),
        # A record that names the domain itself needs another name below it.
        "label": "" if target == symptom.domain else label,
        "certificate_name": safe_host(symptom.attribute("peerserver") or symptom.attribute("certname")),
        "number": None if symptom.number is None else str(symptom.number),
        "status": None if symptom.number is None else str(symptom.number),
        "meaning": None if code is None else code.meaning,
        "reason": symptom.attribute("reason"),
        "name": symptom.name if _ACCESS_LIST.fullmatch(symptom.name) else None,
    }
    return {name: value for name, value in known.items() if value}
