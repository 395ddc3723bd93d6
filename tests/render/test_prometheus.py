"""Metrics, read back by the parser of the Prometheus client and held against a text that was looked at."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tests.certificates import NOT_AFTER, issue
from tests.checks import trust_evidence as trust
from tests.checks.capf import builder as capf
from tests.checks.evidence_builder import ADDRESS, EC, GATEWAY, MAC, NOW, REFUSED, SECOND, certificate_name, flight, run
from tests.checks.federation import builder
from tests.checks.lsc import builder as lsc
from tests.render.reports import RAW, REPORTS, finding, report_of
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.capf import OnlineCa
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Report, Verdict
from vpnprobe.model.observation import PhoneDecision
from vpnprobe.model.sample import Sample
from vpnprobe.model.target import Endpoint
from vpnprobe.render.prometheus import (
    MAX_LABEL,
    exposition,
    render_prometheus,
    report_samples,
    unmeasured_samples,
)

NO_DATE = issue(cn="vpn.example.com", serial=40, not_after="999913312359")

GOLDEN = """\
# HELP vpnprobe_probe_success 1 where it would work for the phone or the peer (verdict pass or warn), else 0.
# TYPE vpnprobe_probe_success gauge
vpnprobe_probe_success{kind="phone",probe="berlin",site="B \\"1\\"",target="vpn"} 0.0
# HELP vpnprobe_verdict 1 for the verdict of the last run, 0 for the others.
# TYPE vpnprobe_verdict gauge
vpnprobe_verdict{kind="phone",probe="berlin",site="B \\"1\\"",target="vpn",verdict="pass"} 0.0
vpnprobe_verdict{kind="phone",probe="berlin",site="B \\"1\\"",target="vpn",verdict="warn"} 0.0
vpnprobe_verdict{kind="phone",probe="berlin",site="B \\"1\\"",target="vpn",verdict="fail"} 1.0
vpnprobe_verdict{kind="phone",probe="berlin",site="B \\"1\\"",target="vpn",verdict="inconclusive"} 0.0
# HELP vpnprobe_probe_duration_seconds How long the last run took.
# TYPE vpnprobe_probe_duration_seconds gauge
vpnprobe_probe_duration_seconds{kind="phone",probe="berlin",site="B \\"1\\"",target="vpn"} 1.5
# HELP vpnprobe_last_run_timestamp_seconds When the last run ended, in Unix time.
# TYPE vpnprobe_last_run_timestamp_seconds gauge
vpnprobe_last_run_timestamp_seconds{kind="phone",probe="berlin",site="B \\"1\\"",target="vpn"} 1.7952624015e+09
# HELP vpnprobe_stage_duration_seconds How long each stage of the last run took; skipped ones are left out.
# TYPE vpnprobe_stage_duration_seconds gauge
vpnprobe_stage_duration_seconds{kind="phone",probe="berlin",site="B \\"1\\"",stage="resolve",target="vpn"} 0.0
# HELP vpnprobe_tls_version_info The TLS version that the address chose for the profile's hello.
# TYPE vpnprobe_tls_version_info gauge
vpnprobe_tls_version_info{address="192.0.2.7:443",kind="phone",probe="berlin",profile="7962G",site="B \\"1\\"",\
target="vpn",version="TLS 1.0"} 1.0
# HELP vpnprobe_cert_not_after_timestamp_seconds notAfter of the leaf shown to the profile, or held, in Unix time.
# TYPE vpnprobe_cert_not_after_timestamp_seconds gauge
vpnprobe_cert_not_after_timestamp_seconds{address="192.0.2.7:443",kind="phone",probe="berlin",profile="7962G",\
site="B \\"1\\"",target="vpn"} 2.3352192e+09
# HELP vpnprobe_cert_hash_match 1 where a certHash of the phone names the certificate shown to it, 0 where none does.
# TYPE vpnprobe_cert_hash_match gauge
vpnprobe_cert_hash_match{address="192.0.2.7:443",kind="phone",probe="berlin",profile="7962G",site="B \\"1\\"",\
target="vpn"} 0.0
# HELP vpnprobe_finding In how many places a check found something to act on.
# TYPE vpnprobe_finding gauge
vpnprobe_finding{id="PIN001",kind="phone",probe="berlin",severity="critical",site="B \\"1\\"",target="vpn"} 2.0
"""


def decided(goes_on: bool | None, address: str = ADDRESS) -> PhoneDecision:
    return PhoneDecision(address=address, goes_on=goes_on, rule="pin")


def parsed(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Each metric's samples, as Prometheus would have them."""
    families = text_string_to_metric_families(text)
    return {family.name: [(one.labels, one.value) for one in family.samples] for family in families}


def measured(evidence: Evidence) -> dict[str, list[tuple[dict[str, str], float]]]:
    return parsed(render_prometheus([judge(evidence)]))


def test_the_whole_of_one() -> None:
    template = report_of(finding(), finding(address=SECOND), finding(id="PIN009", severity="info"))
    evidence = msgspec.structs.replace(template.evidence, decisions=(decided(False),))
    report = msgspec.structs.replace(template, evidence=evidence, duration_s=1.5, stages=template.stages[:1])
    labels = {"probe": "berlin", "kind": "phone", "target": "vpn", "site": 'B "1"'}
    assert exposition(report_samples(report, labels)) == GOLDEN


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_every_report_can_be_parsed_and_names_no_phone(report: Report) -> None:
    text = render_prometheus([report])
    metrics = parsed(text)
    [(labels, success)] = metrics["vpnprobe_probe_success"]
    assert labels == {"kind": report.probe, "target": report.target.label}
    assert success == (report.verdict in ("pass", "warn"))
    [verdict] = [labels["verdict"] for labels, value in metrics["vpnprobe_verdict"] if value]
    assert verdict == report.verdict
    assert MAC.lower() not in text.lower().replace(":", "")


@pytest.mark.parametrize(
    ("verdict", "succeeds"), [("pass", True), ("warn", True), ("fail", False), ("inconclusive", False)]
)
def test_the_last_success(verdict: Verdict, succeeds: bool) -> None:
    report = msgspec.structs.replace(report_of(finding()), verdict=verdict)
    before = datetime(2026, 1, 1, tzinfo=UTC)
    for last, value in ((before, before.timestamp()), (None, None)):
        metrics = {sample.name: sample.value for sample in report_samples(report, {}, last)}
        expected = report.ended_at.timestamp() if succeeds else value
        assert metrics.get("vpnprobe_last_success_timestamp_seconds") == expected
        assert metrics["vpnprobe_last_run_timestamp_seconds"] == report.ended_at.timestamp()


def test_what_another_version_kept_is_left_out() -> None:
    assert exposition([Sample("vpnprobe_of_old", {}, 1), Sample("vpnprobe_probe_success", {}, 1)]).count("_of_old") == 0


# --- no value rather than a wrong one ---


def test_a_date_that_cannot_be_read_is_left_out() -> None:
    metrics = measured(
        run(first_flights=(flight(shown=NO_DATE),), certificates={certificate_name(NO_DATE.der): NO_DATE.der})
    )
    assert "vpnprobe_cert_not_after_timestamp_seconds" not in metrics
    assert metrics["vpnprobe_tls_version_info"]


def test_where_nothing_answered_nothing_is_said_of_tls() -> None:
    metrics = measured(run(first_flights=(flight(shown=None, failure=REFUSED),), handshakes=(), logins=()))
    assert not {name for name in metrics if "cert" in name or "tls" in name}


@pytest.mark.parametrize(("goes_on", "values"), [(True, [1.0]), (False, [0.0]), (None, [])])
def test_a_pin_that_is_not_known_is_left_out(goes_on: bool | None, values: list[float]) -> None:
    metrics = measured(run(decisions=(decided(goes_on), PhoneDecision(address=ADDRESS, goes_on=True, rule="host-id"))))
    assert [value for _, value in metrics.get("vpnprobe_cert_hash_match", [])] == values


def test_a_skipped_stage_took_no_time_that_could_be_told() -> None:
    metrics = parsed(render_prometheus([REPORTS["interrupted"]]))
    assert "login" not in [labels["stage"] for labels, _ in metrics["vpnprobe_stage_duration_seconds"]]


def test_a_run_without_a_report() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    metrics = parsed(exposition(unmeasured_samples({"probe": "berlin"}, at)))
    assert metrics["vpnprobe_probe_success"] == [({"probe": "berlin"}, 0.0)]
    assert metrics["vpnprobe_last_run_timestamp_seconds"] == [({"probe": "berlin"}, at.timestamp())]
    assert ({"probe": "berlin", "verdict": "inconclusive"}, 1.0) in metrics["vpnprobe_verdict"]
    assert not {"vpnprobe_probe_duration_seconds", "vpnprobe_last_success_timestamp_seconds"} & set(metrics)
    [known] = [one for one in unmeasured_samples({}, at, at) if "last_success" in one.name]
    assert known.value == at.timestamp()


# --- what is told of which address ---


def test_each_profile_of_a_gateway_has_the_certificate_that_it_is_shown() -> None:
    metrics = parsed(render_prometheus([REPORTS["gateway with two certificates"]]))
    profiles = {labels["profile"] for labels, _ in metrics["vpnprobe_cert_not_after_timestamp_seconds"]}
    assert {"7962G", "8811"} <= profiles
    # The hellos that only compare are no phone's.
    assert not profiles & {"rsa-only", "ec-only", "both"}


def test_a_phone_has_its_own_certificate_only() -> None:
    metrics = measured(run(first_flights=(flight(shown=GATEWAY), flight("8811", EC))))
    [(labels, value)] = metrics["vpnprobe_cert_not_after_timestamp_seconds"]
    assert (labels["profile"], labels["address"], value) == ("7962G", ADDRESS, NOT_AFTER.timestamp())


def test_each_edge_of_a_federation() -> None:
    metrics = measured(builder.run(identities=(builder.EDGE,), **builder.two_targets()))
    edges = {(labels["edge"], labels["address"]) for labels, _ in metrics["vpnprobe_tls_version_info"]}
    assert edges == {(builder.TARGET, builder.ADDRESS), (builder.SECOND, f"{builder.SECOND_IP}:5061")}


EXPIRES = "vpnprobe_cert_not_after_timestamp_seconds"


def holders(evidence: Evidence) -> dict[str, float]:
    """What the metrics say of the certificates that somebody holds."""
    return {labels["holder"]: end for labels, end in measured(evidence).get(EXPIRES, []) if "holder" in labels}


def test_a_capf_and_the_online_ca_behind_it() -> None:
    ca = issue(cn="ca.example.com", serial=60, not_after="20300101000000Z")
    online = OnlineCa(endpoint=Endpoint("ca.example.com", 443), chain=(certificate_name(ca.der), "ab" * 32))
    seen = capf.run(online_ca=online, identities=(ca,))
    assert holders(seen) == {"online CA": datetime(2030, 1, 1, tzinfo=UTC).timestamp()}
    [shown] = [labels for labels, _ in measured(seen)[EXPIRES] if "address" in labels]
    assert shown == {"kind": "capf", "target": "cucm-pub.example.com:3804", "profile": "7962G", "address": capf.V4}
    assert holders(capf.run(online_ca=msgspec.structs.replace(online, chain=()))) == {}


def test_the_trust_lists_that_a_server_has() -> None:
    soon = issue(cn="cucm2.example.com", serial=61, not_after="20300101000000Z")
    records = (
        *trust.RECORDS,
        trust.record(2, soon),
        trust.record(21, trust.TVS, certificate=None, certificate_hash="00" * 20),
        trust.record(99, soon),
        trust.record(7, NO_DATE),
    )
    seen = trust.config_run(
        trust_lists=(trust.itl(records=records), trust.held(records=(trust.record(3, soon),))),
        certificates={**trust.CERTIFICATES, **{certificate_name(one.der): one.der for one in (soon, NO_DATE)}},
    )
    assert holders(seen) == {
        "ITL SAST": NOT_AFTER.timestamp(),
        "ITL CCM+TFTP": datetime(2030, 1, 1, tzinfo=UTC).timestamp(),
        "ITL CAPF": NOT_AFTER.timestamp(),
        "ITL TVS": NOT_AFTER.timestamp(),
    }
    # A phone's own metrics are about its gateway.
    assert holders(trust.phone_run()) == {}


def test_given_certificates_and_not_the_gateway_that_they_are_held_against() -> None:
    shown = msgspec.structs.replace(lsc.flight(), chain=(certificate_name(lsc.CAPF.der),), version=0x0301)
    metrics = measured(lsc.run(first_flights=(shown,), capf=(lsc.CAPF,)))
    labels = {"kind": "certificate", "target": lsc.SOURCE, "holder": lsc.SOURCE}
    assert metrics[EXPIRES] == [(labels, (NOW + 1000 * lsc.DAY).timestamp())]
    assert "vpnprobe_tls_version_info" not in metrics


def test_the_same_target_twice_is_one_series() -> None:
    metrics = parsed(render_prometheus([REPORTS["mismatch"], REPORTS["healthy"]]))
    assert [value for _, value in metrics["vpnprobe_probe_success"]] == [1.0]


# --- hostile text ---


@given(st.text(max_size=2 * MAX_LABEL))
def test_a_label_is_one_harmless_line(text: str) -> None:
    sample = Sample("vpnprobe_finding", {"id": text + RAW}, 1)
    written = exposition([sample])
    assert written.count("\n") == 3
    assert "\x1b" not in written
    assert "\u202e" not in written
    [(labels, value)] = parsed(written)["vpnprobe_finding"]
    assert value == 1
    assert len(labels["id"]) <= 10 * MAX_LABEL


def test_a_long_label_is_cut() -> None:
    [(labels, _)] = parsed(exposition([Sample("vpnprobe_finding", {"id": "a" * 5000}, 1)]))["vpnprobe_finding"]
    assert labels["id"] == "a" * MAX_LABEL + "…"


def test_a_target_of_a_record_is_made_harmless() -> None:
    metrics = measured(
        builder.run(identities=(builder.EDGE,), visits=(builder.visit(target='edge"}\n\x1bvpnprobe_x 1'),))
    )
    assert "vpnprobe_x" not in metrics
    [(labels, _)] = metrics["vpnprobe_tls_version_info"]
    assert labels["edge"] == 'edge"}\\x0a\\x1bvpnprobe_x 1'


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(UsageError, match=r"vpnprobe\[metrics\]"):
        render_prometheus([])
