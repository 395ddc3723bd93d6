"""What a run sees otherwise than it was last seen, as findings."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from tests.certificates import Identity, issue
from tests.certificates import capf as certificate_of
from tests.checks import trust_evidence as trust
from tests.checks.capf import builder as capf
from tests.checks.evidence_builder import (
    ADDRESS,
    CONFIG,
    EC,
    GATEWAY,
    HOST,
    RENEWED,
    SECOND,
    THIRD_PARTY,
    cert_hash,
    certificate_name,
    flight,
    flights,
    gateway_run,
    group,
    pinned,
    reading,
    resolved,
    run,
)
from tests.checks.federation import builder as federation
from tests.checks.lsc import builder as lsc
from tests.history.test_aspects import ALERT, TIMEOUT, accepts
from vpnprobe.checks.evaluate import judge
from vpnprobe.history.aspects import AspectKey, Aspects, aspects_of
from vpnprobe.history.drift import DRIFTS, MAX_REMEMBERED, find_drift, remember
from vpnprobe.history.entry import make_entry
from vpnprobe.model.capf import OnlineCa
from vpnprobe.model.config import VpnUrl
from vpnprobe.model.evidence import STAGES, Evidence
from vpnprobe.model.finding import Finding
from vpnprobe.model.history import KnownCertificate
from vpnprobe.model.observation import TftpServer
from vpnprobe.model.target import Endpoint
from vpnprobe.model.trust import TrustRecord


def known(*runs: Evidence) -> dict[str, KnownCertificate]:
    """The certificates of these runs as they are kept."""
    return {one.sha256: one for evidence in runs for one in make_entry(judge(evidence)).content.certificates}


def drift(before: Evidence, *after: Evidence) -> tuple[Finding, ...]:
    """What the last of these runs has different from what all before it remember."""
    *earlier, last = (before, *after)
    memory: Aspects = {}
    for one in earlier:
        memory = remember(memory, aspects_of(one))
    return find_drift(memory, aspects_of(last), last.probe, known(*earlier, last).get)


def two(first: Any, second: Any) -> Evidence:
    return run(first_flights=(flight(shown=first), flight(shown=second, address=SECOND)))


def showing(certificate: Identity) -> Evidence:
    return run(
        first_flights=flights(rsa=certificate, both=certificate),
        certificates={certificate_name(certificate.der): certificate.der},
    )


def test_the_same_is_no_drift() -> None:
    for healthy in (run(), gateway_run(), federation.run()):
        assert drift(healthy, healthy) == ()


def test_the_first_run_is_no_drift() -> None:
    assert drift(run()) == ()


def test_another_leaf() -> None:
    [finding] = drift(run(), run(first_flights=flights(rsa=RENEWED, both=RENEWED)))
    assert (finding.id, finding.name, finding.stage) == ("DRF001", "certificate-changed", "first-flight")
    assert (finding.status, finding.severity, finding.is_alarm) == ("fail", "warning", True)
    assert (finding.subject, finding.address, finding.covers) == (HOST, ADDRESS, ("VP-07", "VP-40"))
    assert finding.facts["addresses"] == [ADDRESS]
    assert finding.facts["hellos"] == ["7962G", "both", "rsa-only"]
    assert {name: finding.facts[name] for name in ("old_sha256", "new_sha256", "old_cert_hash", "new_cert_hash")} == {
        "old_sha256": certificate_name(GATEWAY.der),
        "new_sha256": certificate_name(RENEWED.der),
        "old_cert_hash": cert_hash(GATEWAY),
        "new_cert_hash": cert_hash(RENEWED),
    }
    assert finding.facts["new_subject"] == f"CN={HOST}"
    assert finding.facts["new_not_after"] == "2044-01-01T00:00:00+00:00"
    assert finding.summary == (
        f"{HOST} at {ADDRESS}: unstructuredName={HOST},CN={HOST}, certHash {cert_hash(GATEWAY)}, valid to 2044-01-01"
        f" -> CN={HOST}, certHash {cert_hash(RENEWED)}, valid to 2044-01-01"
    )


def test_names_that_came_and_went_with_a_certificate() -> None:
    old = issue(cn=HOST, dns=[HOST, "vpn2.example.com"], ips=["192.0.2.7"], serial=40)
    new = issue(cn=HOST, dns=["*.example.com", HOST], serial=41)
    [finding] = drift(showing(old), showing(new))
    assert finding.facts["old_names"] == ["192.0.2.7", HOST, "vpn2.example.com"]
    assert finding.facts["new_names"] == ["*.example.com", HOST]
    assert finding.summary.endswith("; names gone: 192.0.2.7, vpn2.example.com; names new: *.example.com")


def test_names_that_were_not_kept_yet_are_not_compared() -> None:
    new = issue(cn=HOST, dns=[HOST], serial=41)
    before, after = run(), showing(new)
    certificates = known(before, after) | {
        name: msgspec.structs.replace(one, names=None) for name, one in known(before).items()
    }
    [finding] = find_drift(aspects_of(before), aspects_of(after), "phone", certificates.get)
    assert "names" not in finding.summary
    assert "old_names" not in finding.facts
    assert finding.facts["new_names"] == [HOST]


def test_a_certificate_of_which_nothing_is_known() -> None:
    memory = remember({}, aspects_of(run()))
    [finding] = find_drift(
        memory, {AspectKey("certificates", HOST, ADDRESS, "7962G"): ("ab" * 32,)}, "phone", lambda name: None
    )
    assert finding.summary.endswith(f"-> SHA-256 {'ab' * 32}")
    assert "new_cert_hash" not in finding.facts


def test_a_certificate_that_cannot_be_read() -> None:
    odd = KnownCertificate(sha256="ab" * 32, cert_hash="x=")
    memory: Aspects = {AspectKey("certificates", HOST, ADDRESS, "7962G"): ("cd" * 32,)}
    seen: Aspects = {AspectKey("certificates", HOST, ADDRESS, "7962G"): ("ab" * 32,)}
    [finding] = find_drift(memory, seen, "phone", {odd.sha256: odd}.get)
    assert "a certificate without a subject, certHash x=, valid to an end that cannot be read" in finding.summary
    assert (finding.facts["new_subject"], finding.facts["new_not_after"]) == (None, None)


def test_other_issuers_of_the_same_leaf() -> None:
    whole, leaf_only = (
        run(first_flights=(flight(shown=THIRD_PARTY),)),
        run(first_flights=(flight(shown=(THIRD_PARTY.der,)),)),
    )
    [finding] = drift(whole, leaf_only)
    assert (finding.id, finding.name) == ("DRF002", "chain-changed")
    assert finding.summary.startswith(f"{HOST} at {ADDRESS}: gone: CN=")
    assert "old_cert_hash" not in finding.facts
    [back] = drift(whole, leaf_only, whole)
    assert back.summary.startswith(f"{HOST} at {ADDRESS}: new: CN=")


def test_a_new_leaf_of_another_authority_is_one_finding() -> None:
    assert [one.id for one in drift(run(), run(first_flights=flights(rsa=THIRD_PARTY, both=THIRD_PARTY)))] == ["DRF001"]


def test_one_change_at_two_addresses_is_one_finding() -> None:
    [finding] = drift(two(GATEWAY, GATEWAY), two(RENEWED, RENEWED))
    assert (finding.address, finding.facts["addresses"]) == (None, [ADDRESS, SECOND])
    assert finding.summary.startswith(f"{HOST} at {ADDRESS}, {SECOND}: ")


def test_two_changes_are_two_findings() -> None:
    findings = drift(two(GATEWAY, EC), two(RENEWED, GATEWAY))
    assert {(one.id, one.address) for one in findings} == {("DRF001", ADDRESS), ("DRF001", SECOND)}


def test_a_new_address_is_held_against_the_others() -> None:
    alone = run(first_flights=(flight(),))
    assert [one.id for one in drift(alone, two(GATEWAY, GATEWAY))] == []
    [finding] = drift(alone, two(GATEWAY, RENEWED))
    assert (finding.id, finding.address) == ("DRF001", SECOND)
    # The gateway moved: nothing of it is at an address of before.
    [moved] = drift(alone, run(first_flights=(flight(shown=RENEWED, address=SECOND),)))
    assert (moved.id, moved.address) == ("DRF001", SECOND)


def test_an_address_that_comes_back_is_held_against_itself() -> None:
    gone = run(first_flights=(flight(shown=RENEWED), flight(shown=None, failure=TIMEOUT, address=SECOND)))
    assert drift(two(RENEWED, GATEWAY), gone) == ()
    assert drift(two(RENEWED, GATEWAY), gone, two(RENEWED, GATEWAY)) == ()
    assert [one.address for one in drift(two(RENEWED, GATEWAY), gone, two(RENEWED, RENEWED))] == [SECOND]


def test_a_hello_that_was_never_sent_before_is_no_drift() -> None:
    assert drift(run(first_flights=(flight(),)), run()) == ()


@pytest.mark.parametrize(
    ("before", "after", "summary"),
    [
        (
            flight(),
            flight(suite=0x002F),
            "TLS 1.0 AES256-SHA (0x0035) -> TLS 1.0 AES128-SHA (0x002F)",
        ),
        (
            flight(),
            flight(shown=None, failure=ALERT),
            "TLS 1.0 AES256-SHA (0x0035) -> refused with handshake_failure(40)",
        ),
    ],
    ids=["suite", "alert"],
)
def test_another_session(before: Any, after: Any, summary: str) -> None:
    [finding] = drift(run(first_flights=(before,)), run(first_flights=(after,)))
    assert (finding.id, finding.name, finding.stage) == ("DRF003", "session-changed", "first-flight")
    assert finding.summary == f"{HOST} at {ADDRESS}: {summary}"


def test_other_suites() -> None:
    [finding] = drift(
        gateway_run(enumerations=(accepts((769, 53), (769, 47)),)),
        gateway_run(enumerations=(accepts((769, 53), (771, 53)),)),
    )
    assert (finding.id, finding.severity, finding.stage) == ("DRF004", "info", "enumerate")
    assert finding.summary == (
        f"{HOST} at {ADDRESS}: new: TLS 1.2 AES256-SHA (0x0035), gone: TLS 1.0 AES128-SHA (0x002F)"
    )
    assert not finding.is_alarm


@pytest.mark.parametrize(
    ("before", "after", "summary"),
    [
        (("192.0.2.7",), ("192.0.2.7", "192.0.2.8"), "new: 192.0.2.8"),
        (("192.0.2.7",), ("192.0.2.9",), "new: 192.0.2.9, gone: 192.0.2.7"),
        (("192.0.2.7", "192.0.2.8"), (), "gone: 192.0.2.7; 192.0.2.8, so that there is none"),
        ((), ("192.0.2.7",), "new: 192.0.2.7"),
    ],
)
def test_other_addresses(before: tuple[str, ...], after: tuple[str, ...], summary: str) -> None:
    [finding] = drift(run(resolution=resolved(*before)), run(resolution=resolved(*after)))
    assert (finding.id, finding.stage, finding.address) == ("DRF005", "resolve", None)
    assert finding.summary == f"{HOST}: {summary}"
    assert (finding.facts["old"], finding.facts["new"]) == (list(before), list(after))


def test_other_pins_and_urls() -> None:
    [pins] = drift(run(), run(**pinned(GATEWAY, RENEWED)))
    assert (pins.id, pins.stage, pins.summary) == ("DRF007", "config", f"vpnGroup: new: {cert_hash(RENEWED)}")
    urls = (VpnUrl(1, "https://a"), VpnUrl(2, "https://b"))
    [turned] = drift(run(**group(urls=urls)), run(**group(urls=(VpnUrl(1, "https://b"), VpnUrl(2, "https://a")))))
    assert (turned.id, turned.stage) == ("DRF008", "config")
    assert turned.summary == "vpnGroup: new: url1 https://b; url2 https://a, gone: url1 https://a; url2 https://b"


def test_other_records_and_names_of_a_domain() -> None:
    moved = federation.run(**federation.two_targets())
    findings = drift(federation.run(), moved)
    assert [(one.id, one.stage) for one in findings] == [("DRF006", "srv")]
    assert findings[0].summary == (f"_sipfederationtls._tcp.{federation.DOMAIN}: new: 10 0 5061 {federation.SECOND}")
    assert findings[0].facts["views"] == ["system"]
    readdressed = federation.run(names=(federation.lookup("198.51.100.99"),))
    [other] = drift(federation.run(), readdressed)
    assert (other.id, other.stage, other.subject) == ("DRF005", "addresses", federation.TARGET)


def test_a_view_that_is_not_this_machines_own_is_named() -> None:
    def seen(target: str) -> Evidence:
        return federation.run(srv=(federation.srv(federation.record(target), view=federation.OUTSIDE),))

    [finding] = drift(seen("a.example"), seen("b.example"))
    assert f" (asked of {federation.OUTSIDE}): new: 0 0 5061 b.example" in finding.summary


def test_another_certificate_of_an_edge() -> None:
    other = federation.edge_certificate(federation.TARGET, serial=99)
    [finding] = drift(federation.run(), federation.run(**federation.shown(other)))
    assert (finding.id, finding.subject, finding.address) == ("DRF001", federation.TARGET, federation.ADDRESS)


# --- CAPF, a phone's files, given certificates ---


def test_another_certificate_of_a_capf() -> None:
    renewed = certificate_of("18cf046e-2")
    changed = capf.run(
        first_flights=tuple(
            msgspec.structs.replace(one, chain=(certificate_name(renewed.der),)) for one in capf.flights()
        ),
        identities=(renewed,),
    )
    [finding] = drift(capf.run(), changed)
    assert (finding.id, finding.stage, finding.subject) == ("DRF001", "certificate", capf.HOST)
    assert finding.facts["new_sha256"] == certificate_name(renewed.der)
    assert drift(changed, changed) == ()


def test_another_certificate_of_the_online_ca() -> None:
    def seen(*chain: str) -> Evidence:
        online = OnlineCa(endpoint=Endpoint("ca.example.com", 443), address="10.1.1.9:443", chain=chain)
        return capf.run(online_ca=online)

    [finding] = drift(seen("aa" * 32), seen("bb" * 32))
    assert (finding.id, finding.stage, finding.subject) == ("DRF001", "online-ca", "ca.example.com")
    assert "hellos" not in finding.facts


def listed(**changes: Any) -> Evidence:
    return trust.config_run(trust_lists=(trust.itl(**changes),))


def test_other_records_of_a_trust_list() -> None:
    named = tuple(
        msgspec.structs.replace(one, subject=f"CN={number}", serial=f"{number}")
        for number, one in enumerate(trust.RECORDS, 1)
    )
    renewed = (*named[:4], msgspec.structs.replace(named[4], serial="99", certificate="ab" * 32))
    [finding] = drift(listed(records=named), listed(records=renewed, sha256="bb" * 32))
    assert (finding.id, finding.stage, finding.severity) == ("DRF009", "trust-list", "warning")
    was = certificate_name(trust.TVS.der)[:16]
    assert finding.summary == (
        f"ITL: new: TVS CN=5, serial 99, SHA-256 {'ab' * 8}, gone: TVS CN=5, serial 5, SHA-256 {was}"
    )
    assert isinstance(finding.facts["new"], list)
    assert finding.facts["new"][0] == f"SHA-256 {'bb' * 32}"
    # A phone sees it with its other files.
    phone = trust.phone_run(trust_lists=(trust.itl(records=renewed, sha256="bb" * 32),))
    assert [one.stage for one in drift(trust.phone_run(), phone)] == ["boot-files"]


def test_another_signer_of_a_trust_list() -> None:
    [finding] = drift(listed(), listed(signer="CN=cucm2", serial="77", sha256="bb" * 32))
    assert finding.id == "DRF009"
    assert finding.summary.startswith("ITL: new: signed by CN=cucm2, serial 77, gone: signed by CN=ITLRECOVERY_")


def test_a_trust_list_that_was_signed_again() -> None:
    [finding] = drift(listed(), listed(sha256="bb" * 32, timestamp=trust.YESTERDAY + 60))
    assert (finding.id, finding.severity, finding.is_alarm) == ("DRF010", "info", False)
    assert finding.summary == f"ITL: new: SHA-256 {'bb' * 32}, gone: SHA-256 {'aa' * 32}"


def test_a_trust_list_that_goes_and_comes() -> None:
    without = trust.config_run(**trust.no_list())
    [gone] = drift(listed(), without)
    assert gone.id == "DRF009"
    assert gone.summary.endswith(", so that there is none")
    [back] = drift(without, listed())
    assert (back.id, back.facts["old"]) == ("DRF009", [])
    assert drift(listed(), trust.config_run(**trust.no_list("timeout"))) == ()


def test_other_settings() -> None:
    changed = msgspec.structs.replace(CONFIG, load_information="new", version_stamp="{other}")
    [finding] = drift(trust.config_run(config=reading(CONFIG)), trust.config_run(config=reading(changed)))
    assert (finding.id, finding.stage, finding.severity) == ("DRF011", "config", "info")
    old = CONFIG.load_information
    gone = f", gone: Device: Load {old}" if old is not None else ""
    assert finding.summary == f"configuration: new: Device: Load new{gone}"
    stamped = msgspec.structs.replace(CONFIG, version_stamp="{other}")
    assert drift(trust.config_run(config=reading(CONFIG)), trust.config_run(config=reading(stamped))) == ()


def test_a_record_without_anything() -> None:
    empty = listed(records=(TrustRecord(problem="cut"), TrustRecord(role=99, serial="1")))
    [finding] = drift(listed(), empty)
    assert "no role -, serial -, SHA-256 -" in finding.summary
    assert "role 99 -, serial 1" in finding.summary


def test_a_given_certificate_that_was_replaced() -> None:
    other = lsc.lsc(serial=99)
    [finding] = drift(lsc.run(), lsc.run(other))
    assert (finding.id, finding.stage, finding.subject) == ("DRF001", "certificate", lsc.SOURCE)
    assert finding.summary.startswith(f"{lsc.SOURCE}: CN=CP-7962G-SEP")
    [issuers] = drift(lsc.run(), lsc.run(chain=(lsc.COMPANY,)))
    assert issuers.id == "DRF002"


# --- memory ---


def test_what_was_not_seen_is_remembered() -> None:
    first, second = aspects_of(run()), aspects_of(run(first_flights=(), config=None))
    assert remember(remember({}, first), second) == first


def test_the_oldest_is_forgotten_first() -> None:
    """A name with other addresses every day."""
    memory: Aspects = {}
    values = [(str(number),) for number in range(2 * MAX_REMEMBERED)]
    for start in range(0, len(values), 100):
        seen = values[start : start + 100]
        memory = remember(memory, {AspectKey("certificates", HOST, one[0], "7962G"): one for one in seen})
    assert list(memory.values()) == values[-MAX_REMEMBERED:]


def test_what_is_seen_again_is_young() -> None:
    keys = [AspectKey("addresses", str(number)) for number in range(MAX_REMEMBERED)]
    memory = remember({}, dict.fromkeys(keys, ("x",)))
    memory = remember(memory, {keys[0]: ("y",)})
    memory = remember(memory, {AspectKey("addresses", "new"): ("z",)})
    assert keys[0] in memory
    assert keys[1] not in memory


# --- the kinds ---


def test_ids_and_names_are_unique_and_in_order() -> None:
    assert [kind.id for kind in DRIFTS] == [f"DRF{number:03}" for number in range(1, len(DRIFTS) + 1)]
    assert len({kind.name for kind in DRIFTS}) == len(DRIFTS)


def named(address: str) -> TftpServer:
    """A configuration server of a name that has this address."""
    where = Endpoint("cucm.example.com", 69)
    return TftpServer(origin="option", endpoint=where, resolution=resolved(address, name=where.host))


def test_stages_are_those_of_the_probe() -> None:
    """A report shows a finding beside its stage."""
    phone = drift(run(), run(first_flights=flights(rsa=RENEWED), resolution=resolved("192.0.2.1"), **pinned(RENEWED)))
    gateway = drift(gateway_run(enumerations=(accepts((769, 53)),)), gateway_run(enumerations=(accepts((769, 47)),)))
    elsewhere = federation.two_targets() | {"names": (federation.lookup("198.51.100.9"),)}
    edge = drift(federation.run(), federation.run(**elsewhere))
    files = drift(trust.config_run(tftp_server=named("10.1.1.5")), trust.config_run(tftp_server=named("10.1.1.6")))
    lists = drift(trust.config_run(), trust.config_run(**trust.no_list()))
    server = drift(capf.run(), capf.run(resolution=capf.resolved("192.0.2.99"), first_flights=()))
    given = drift(lsc.run(), lsc.run(lsc.MIC))
    for probe, findings in (
        *(("phone", phone), ("gateway", gateway), ("federation", edge)),
        *(("config", files), ("config", lists), ("capf", server), ("certificate", given)),
    ):
        assert findings
        assert all(one.stage in STAGES[probe] for one in findings)


@pytest.mark.parametrize("kind", DRIFTS, ids=lambda kind: kind.id)
def test_texts_are_sentences_of_one_line(kind: Any) -> None:
    assert "\n" not in kind.title + kind.rationale
    assert kind.rationale.endswith(".")
    assert not kind.title.endswith(".")


def test_drift_there_and_back_is_told_twice() -> None:
    way = [run(), run(resolution=resolved("192.0.2.9")), run(), run(resolution=resolved("192.0.2.9"))]
    assert [len(drift(*pair)) for pair in pairwise(way)] == [1, 1, 1]
