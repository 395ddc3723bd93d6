"""A federation run without a fault, what is left of a report when a run ends early, and Evidence of another hand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.checks.evidence_builder import alarms, stages
from tests.checks.federation.builder import (
    ADDRESS,
    DOMAIN,
    EDGE,
    IP,
    OUTSIDE,
    SYSTEM,
    TARGET,
    federation,
    flights,
    lookup,
    no_srv,
    not_dialled,
    record,
    run,
    silent_flights,
    sip,
    srv,
    target,
    two_targets,
    unpublished,
    visit,
    with_sip,
)
from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.checks.evaluate import STAGE_ORDER, judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import (
    AddressLookup,
    EdgeTarget,
    EdgeVisit,
    Federation,
    PathReading,
    RevocationSource,
    Sibling,
    SipExchange,
    SrvLookup,
    SrvRecord,
)
from vpnprobe.model.finding import Finding
from vpnprobe.model.observation import CertificateRequest, FirstFlight, Handshake, KeyExchange
from vpnprobe.model.target import Expectation, Target

CHECK_IDS = {check.id for check in CHECKS if "federation" in check.probes}
UNREACHABLE = Failure(kind=FailureKind.UNREACHABLE)
V6 = "[2001:db8::7]:5061"
NOT_REACHED = stages(
    "federation",
    first_flight=("failed", "interrupt"),
    mutual_tls=("skipped", "interrupt"),
    certificate=("skipped", "interrupt"),
    sip=("skipped", "--sip not given"),
)


def ids(evidence: Evidence) -> set[str]:
    return {finding.id for finding in judge(evidence).findings}


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(run(), id="one-target"),
        pytest.param(run(**with_sip(sip())), id="with-sip"),
        pytest.param(
            run(
                srv=(srv(record()), srv(record(), view=OUTSIDE)),
                targets=(target(views=(SYSTEM, OUTSIDE)),),
                names=(lookup(IP), lookup(IP, view=OUTSIDE)),
            ),
            id="two-views",
        ),
        pytest.param(
            run(
                names=(lookup(IP, "2001:db8::7"),),
                visits=(visit(), visit(address=V6, flights=silent_flights(UNREACHABLE, address=V6), handshakes=())),
            ),
            id="no-ipv6-here",
        ),
    ],
)
def test_a_healthy_domain_passes_and_names_every_check(evidence: Evidence) -> None:
    report = judge(evidence)
    assert (report.verdict, report.cause, alarms(evidence)) == ("pass", None, set())
    assert ids(evidence) == CHECK_IDS
    assert [one.summary for one in report.findings if one.status in ("error", "inconclusive")] == []


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(run(federation=None), id="nothing"),
        pytest.param(run(federation=Federation(domain=DOMAIN)), id="empty"),
        pytest.param(run(**unpublished()), id="unpublished"),
        pytest.param(run(names=(), visits=()), id="no-address"),
        pytest.param(run(visits=(not_dialled(ADDRESS),)), id="not-dialled"),
        pytest.param(run(visits=(visit(flights=(), handshakes=(), path=None),)), id="not-reached"),
        pytest.param(run(interrupted="interrupt", visits=(), stages=NOT_REACHED), id="interrupted"),
    ],
)
def test_no_check_is_ever_absent(evidence: Evidence) -> None:
    assert ids(evidence) == CHECK_IDS


def test_without_a_record_only_the_record_alarms() -> None:
    evidence = run(**unpublished())
    assert alarms(evidence) == {"SRV001"}
    found = {one.id: one for one in judge(evidence).findings}
    assert judge(evidence).cause == "SRV001"
    assert "the name does not exist" in found["DOM001"].summary
    assert "the name does not exist" in found["ADR001"].summary


def test_what_an_interrupted_run_did_not_see_is_said() -> None:
    report = judge(run(interrupted="interrupt", visits=(), stages=NOT_REACHED))
    assert report.verdict == "inconclusive"
    first = next(one for one in report.findings if one.stage == "first-flight")
    assert first.summary == "the first flight was not reached: the operator stopped the run"


def test_a_domain_of_which_no_address_was_dialled_is_not_said_to_be_accepted() -> None:
    report = judge(run(visits=(not_dialled(ADDRESS),)))
    assert report.verdict == "inconclusive"


def test_an_address_that_is_not_dialled_beside_another_does_not_count() -> None:
    private = "10.1.1.7:5061"
    report = judge(run(visits=(visit(), not_dialled(private))))
    beside = {one.status for one in report.findings if one.address == private}
    assert (report.verdict, beside) == ("pass", {"not-applicable"})


def test_a_finding_names_its_target_and_its_address() -> None:
    report = judge(run(**two_targets()))
    by_stage = {
        stage: {(one.target, one.address) for one in report.findings if one.stage == stage}
        for stage in STAGE_ORDER["federation"]
    }
    assert (TARGET, None) in by_stage["target-names"]
    assert (TARGET, ADDRESS) in by_stage["sip"]


# --- any Evidence ---

st.register_type_strategy(Failure, st.builds(Failure))

NAMES = st.sampled_from([TARGET, DOMAIN, "", ".", "sipfed.online.lync.com", "x" * 300, "\x1b[2J", "vcse.sub." + DOMAIN])
VIEWS = st.sampled_from([SYSTEM, OUTSIDE, "authoritative", "", "{view}"])
ADDRESSES = st.sampled_from([IP, "10.0.0.1", "127.0.0.1", "2001:db8::7", "nonsense", ""])
PLACES = st.sampled_from([ADDRESS, V6, "nonsense", "", "[", ":5061"])
CERTIFICATES = st.sampled_from([*run().certificates, "0" * 64, ""])
TEXTS = st.sampled_from(["", "x", "{domain}", "1009; a=b", "\x00", "Sat, 21 Nov 2026 12:00:00 GMT", "<sip:a>,<"])
NUMBERS = st.integers(min_value=-1, max_value=0x10000)
HELLOS = st.sampled_from(["microsoft-edge", "tls12-rsa", "tls12-ecdhe", "tls10", "ec-only", "3des-only", "?"])


def many(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


FAILURES = st.none() | st.from_type(Failure)
RECORDS = st.builds(SrvRecord, priority=NUMBERS, weight=NUMBERS, port=NUMBERS, target=NAMES)
SERVICES = st.sampled_from(["_sipfederationtls._tcp", "_cisco-uds._tcp", "_collab-edge._tls", ""])
SRV = st.builds(
    SrvLookup,
    service=SERVICES,
    domain=NAMES,
    view=VIEWS,
    records=many(RECORDS),
    aliases=many(NAMES),
    servers=many(PLACES),
    failure=FAILURES,
)
REQUESTS = st.none() | st.builds(CertificateRequest, authorities=many(st.binary(max_size=4)))
FLIGHTS = st.builds(
    FirstFlight,
    address=PLACES,
    hello=HELLOS,
    failure=FAILURES,
    version=st.none() | NUMBERS,
    suite=st.none() | NUMBERS,
    chain=many(CERTIFICATES),
    key_exchange=st.none() | st.from_type(KeyExchange),
    certificate_request=REQUESTS,
)
HANDSHAKES = st.builds(
    Handshake,
    address=PLACES,
    failure=FAILURES,
    leaf=st.none() | CERTIFICATES,
    client_certificate=st.none() | CERTIFICATES,
    authorities=many(st.binary(max_size=4)),
)
SIP = st.builds(
    SipExchange,
    uri=TEXTS,
    status=st.none() | st.sampled_from([200, 403, 504, -1]),
    reason=st.none() | TEXTS,
    headers=many(st.tuples(st.sampled_from(["date", "server", "ms-diagnostics", "record-route"]), TEXTS)),
    provisional=many(NUMBERS),
    failure=FAILURES,
)
VISITS = st.builds(
    EdgeVisit,
    target=NAMES,
    address=PLACES,
    views=many(VIEWS),
    not_dialled=st.none() | TEXTS,
    flights=many(FLIGHTS),
    handshakes=many(HANDSHAKES),
    path=st.none() | st.from_type(PathReading),
    sip=st.none() | SIP,
)
SEEN = st.fixed_dictionaries(
    {},
    optional={
        "domain": NAMES,
        "srv": many(SRV),
        "extras": many(SRV),
        "targets": many(
            st.builds(EdgeTarget, host=NAMES, port=NUMBERS, priority=NUMBERS, weight=NUMBERS, views=many(VIEWS))
        ),
        "names": many(
            st.builds(
                AddressLookup,
                name=NAMES,
                view=VIEWS,
                addresses=many(ADDRESSES),
                aliases=many(NAMES),
                servers=many(PLACES),
                failure=FAILURES,
                partial=FAILURES,
            )
        ),
        "visits": many(VISITS),
        "revocations": many(
            st.builds(RevocationSource, certificate=CERTIFICATES, url=TEXTS, next_update=st.none() | TEXTS)
        ),
        "siblings": many(st.builds(Sibling, domain=NAMES, addresses=many(ADDRESSES), failure=FAILURES)),
        "given_roots": many(CERTIFICATES),
    },
)
AROUND = st.fixed_dictionaries(
    {},
    optional={
        "target": st.builds(Target, domain=st.none() | NAMES),
        "expectation": st.builds(
            Expectation,
            certificates=many(TEXTS),
            partner=st.sampled_from(["any", "office-365", "on-premises", "lync-2010"]),
            im_and_presence=st.booleans(),
        ),
        "client_chain": st.sampled_from([(), ("0" * 64,), tuple(run().certificates)]),
        "certificates": st.sampled_from([{}, run().certificates, {"0" * 64: b"\x30\x00"}]),
        "stages": st.sampled_from([(), run().stages, NOT_REACHED]),
        "duration_s": st.floats(),
        "interrupted": st.sampled_from([None, "interrupt", "deadline"]),
    },
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=80)
@given(seen=SEEN, around=AROUND)
def test_any_evidence_is_judged_without_an_error(seen: dict[str, Any], around: dict[str, Any]) -> None:
    evidence = msgspec.structs.replace(run(), federation=federation(**seen), **around)
    made = judge(evidence)
    assert [(one.id, one.facts) for one in made.findings if one.status == "error"] == []
    assert {one.id for one in made.findings} == CHECK_IDS
    assert msgspec.json.decode(msgspec.json.encode(made.findings), type=tuple[Finding, ...]) == made.findings


@pytest.mark.parametrize("field", Federation.__struct_fields__)
def test_each_part_of_what_was_seen_may_be_missing(field: str) -> None:
    if field == "domain":
        return
    whole = run(
        **with_sip(sip()),
        siblings=(Sibling(domain="x", addresses=(IP,)),),
        extras=(no_srv(FailureKind.NO_RECORD, service="_cisco-uds._tcp"),),
        expectation=Expectation(im_and_presence=True),
    )
    assert whole.federation is not None
    empty = type(getattr(whole.federation, field))()
    cut = msgspec.structs.replace(whole, federation=msgspec.structs.replace(whole.federation, **{field: empty}))
    assert [one.summary for one in judge(cut).findings if one.status == "error"] == []


def test_evidence_survives_its_json_and_gives_the_same_report() -> None:
    evidence = run(**two_targets(flights=flights(EDGE)))
    again = msgspec.json.decode(msgspec.json.encode(evidence), type=Evidence)
    assert judge(again) == judge(evidence)
