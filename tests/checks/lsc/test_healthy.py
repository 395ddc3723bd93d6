"""A good certificate, what no run leaves out, and Evidence of another hand."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.checks.evidence_builder import alarms
from tests.checks.lsc.builder import CAPF, CUT_RUN, LSC, MIC, OTHER_CAPF, asked, of, run, unread
from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.certificates import GivenCertificate
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Finding
from vpnprobe.model.observation import FirstFlight
from vpnprobe.model.target import Persona

CHECK_IDS = {check.id for check in CHECKS if "certificate" in check.probes}


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(run(), id="by-itself"),
        pytest.param(run(chain=(CAPF,), capf=(CAPF,), **asked(CAPF)), id="held-against-everything"),
        pytest.param(run(**of("7962G", mac="8CB64F576113")), id="of-this-phone"),
        pytest.param(run(CAPF), id="capf"),
    ],
)
def test_a_good_certificate_passes_and_names_every_check(evidence: Evidence) -> None:
    report = judge(evidence)
    assert (report.verdict, report.cause, alarms(evidence)) == ("pass", None, set())
    assert {one.id for one in report.findings} == CHECK_IDS
    assert [one.summary for one in report.findings if one.status in ("error", "inconclusive")] == []


@pytest.mark.parametrize("evidence", [pytest.param(unread(), id="unread"), pytest.param(CUT_RUN, id="cut")])
def test_no_check_is_ever_absent(evidence: Evidence) -> None:
    assert {one.id for one in judge(evidence).findings} == CHECK_IDS


def test_what_could_not_be_read_is_not_known() -> None:
    assert (judge(unread()).verdict, judge(CUT_RUN).verdict) == ("inconclusive", "fail")


def test_two_certificates_in_one_evidence_are_told_apart() -> None:
    both = run(chain=(MIC,))
    other = msgspec.structs.replace(
        both.given_certificates[0], place=2, certificate=both.given_certificates[0].chain[0]
    )
    found = judge(msgspec.structs.replace(both, given_certificates=(*both.given_certificates, other)))
    kinds = {one.subject: one.summary for one in found.findings if one.id == "LSC003"}
    assert kinds == {
        "lsc.pem": "by its names it is an LSC",
        "lsc.pem, certificate 2": "by its names it is a MIC",
    }


def test_evidence_survives_its_json_and_gives_the_same_report() -> None:
    evidence = run(chain=(CAPF,), capf=(OTHER_CAPF,), **asked(OTHER_CAPF))
    again = msgspec.json.decode(msgspec.json.encode(evidence), type=Evidence)
    assert judge(again) == judge(evidence)


NAMES = st.sampled_from([*run(chain=(CAPF, MIC)).certificates, "0" * 64, ""])
ITEMS = st.builds(
    GivenCertificate,
    source=st.sampled_from(["a.pem", "https://x", ""]),
    place=st.integers(-1, 3),
    certificate=NAMES,
    use_given=st.sampled_from([None, "lsc", "mic", "capf", "ca", "gateway", "unknown"]),
    online_ca=st.booleans(),
    chain=st.lists(NAMES, max_size=3).map(tuple),
    request_keys=st.lists(NAMES, max_size=2).map(tuple),
    capf=st.lists(NAMES, max_size=2).map(tuple),
    authorities=st.none()
    | st.lists(st.sampled_from([CAPF.subject, MIC.subject, b"", b"\x30\x05"]), max_size=3).map(tuple),
)
FLIGHTS = st.builds(FirstFlight, address=st.sampled_from(["192.0.2.7:5061", "x", ""]), hello=st.just("7962G"))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(
    items=st.lists(ITEMS, max_size=3).map(tuple),
    flights=st.lists(FLIGHTS, max_size=2).map(tuple),
    persona=st.builds(Persona, profile=st.sampled_from(["7962G", "nonsense"]), chosen=st.booleans()),
)
def test_any_evidence_is_judged_without_an_error(
    items: tuple[GivenCertificate, ...], flights: tuple[FirstFlight, ...], persona: Persona
) -> None:
    whole = run(chain=(CAPF, MIC))
    evidence = msgspec.structs.replace(whole, given_certificates=items, first_flights=flights, persona=persona)
    made = judge(evidence)
    assert [(one.id, one.facts) for one in made.findings if one.status == "error"] == []
    assert {one.id for one in made.findings} == CHECK_IDS
    assert msgspec.json.decode(msgspec.json.encode(made.findings), type=tuple[Finding, ...]) == made.findings


def test_a_certificate_is_never_taken_for_another_of_the_run() -> None:
    assert judge(run(MIC)).verdict == "warn"
    assert judge(run(LSC)).verdict == "pass"
