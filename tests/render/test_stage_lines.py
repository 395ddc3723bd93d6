from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.checks.evidence_builder import (
    ADDRESS,
    GATEWAY,
    GROUP,
    HANDSHAKE_FAILURE,
    REFUSED,
    SESSION,
    boot_file,
    certificate_name,
    configured,
    fail,
    flight,
    flights,
    gateway_run,
    given_hash,
    group,
    login,
    reading,
    resolved,
    run,
    without_config,
)
from tests.render.reports import ENUMERATION, RAW
from vpnprobe.model.config import ConfigKind
from vpnprobe.model.evidence import STAGES, Evidence, StageName
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import PhoneDecision
from vpnprobe.render.failure_words import describe_failure
from vpnprobe.render.stage_lines import describe_stage


def decided(rule: Any, goes_on: bool | None, **fields: Any) -> dict[str, Any]:
    decision = PhoneDecision(address=ADDRESS, goes_on=goes_on, rule=rule, leaf=certificate_name(GATEWAY.der), **fields)
    return {"decisions": (decision,)}


def handshake(**fields: Any) -> dict[str, Any]:
    return {"handshakes": (msgspec.structs.replace(SESSION, **fields),)}


TABLE: dict[str, tuple[StageName, dict[str, Any], str]] = {
    "resolved": ("resolve", {}, "vpn.example.com is 192.0.2.7"),
    "literal": ("resolve", {"resolution": resolved("192.0.2.7", source="literal")}, "no DNS needed"),
    "hosts file": ("resolve", {"resolution": resolved("192.0.2.7", source="hosts-file")}, "hosts file"),
    "no such name": (
        "resolve",
        {"resolution": resolved(failure=fail(FailureKind.NAME_NOT_FOUND, detail="NXDOMAIN"))},
        "vpn.example.com: no such name (NXDOMAIN)",
    ),
    "never resolved": ("resolve", {"resolution": None}, ""),
    "file": ("boot-files", {}, "SEP8CB64F576113.cnf.xml, TFTP, 2,000 bytes"),
    "file by HTTP": ("boot-files", {"boot_files": (boot_file(protocol="http"),)}, "HTTP, 2,000 bytes"),
    "no file": (
        "boot-files",
        {"boot_files": (boot_file("not-found", message="File not found"),)},
        'not found, "File not found"',
    ),
    "no configuration server": ("boot-files", without_config(), "no configuration server"),
    "nothing asked": ("boot-files", {"boot_files": (), "tftp_server": None}, ""),
    "configuration": ("config", {}, "1 url, 1 certHash, login by certificate"),
    "two of each": (
        "config",
        group(urls=GROUP.urls * 2, cert_hashes=GROUP.cert_hashes * 2),
        "2 urls, 2 certHashes",
    ),
    "no VPN": ("config", configured(vpn_group=None), "no vpnGroup"),
    "encrypted": ("config", configured(kind=ConfigKind.ENCRYPTED, vpn_group=None), "encrypted configuration"),
    "unreadable": ("config", {"config": reading(None, problem="it is HTML")}, "it is HTML"),
    "given hash": ("config", given_hash(GATEWAY), "1 certHash given on the command line"),
    "own hello": ("first-flight", {}, "TLS 1.0 AES256-SHA"),
    "refused hello": (
        "first-flight",
        {"first_flights": (flight(failure=HANDSHAKE_FAILURE),)},
        "192.0.2.7:443: alert handshake_failure",
    ),
    "nothing but an answer": ("first-flight", {"first_flights": (flight(shown=None),)}, "no ServerHello"),
    "matched": ("pin", decided("pin", True, matched="certHash2"), "certHash2 matches"),
    "not matched": ("pin", decided("pin", False), "no certHash matches"),
    "nothing to match": ("pin", decided("pin", None), "no certHash to compare with"),
    "valid": ("pin", decided("validity", True, validity="valid"), ""),
    "expired": ("pin", decided("validity", False, validity="expired"), "the certificate has expired"),
    "not yet valid": ("pin", decided("validity", False, validity="not-yet-valid"), "not valid yet"),
    "dates unreadable": ("pin", decided("validity", None, validity="unreadable"), "dates cannot be read"),
    "validity is no host ID": ("host-id", decided("validity", False, validity="expired"), ""),
    "host ID not known": ("host-id", decided("host-id", None), "is not known"),
    "host ID off": ("host-id", decided("host-id-off", True), "does not ask for it"),
    "host ID right": ("host-id", decided("host-id", True), "names this host"),
    "host ID wrong": ("host-id", decided("host-id", False), "does not accept"),
    "host ID undecided": ("host-id", {}, ""),
    "handshake": ("handshake", {}, "TLS 1.0 AES256-SHA, client certificate sent"),
    "handshake without certificate": ("handshake", handshake(client_certificate=None), "TLS 1.0 AES256-SHA"),
    "broken handshake": (
        "handshake",
        handshake(completed=False, failure=fail(FailureKind.RESET)),
        "192.0.2.7:443: reset by the peer",
    ),
    "login": ("login", {}, "GET then POST: accepted"),
    "login page": ("login", {"logins": (login("wants-login", posted=False),)}, "GET: wants login"),
}


@pytest.mark.parametrize(("stage", "changes", "text"), TABLE.values(), ids=TABLE)
def test_what_a_stage_saw(stage: StageName, changes: dict[str, Any], text: str) -> None:
    shown = describe_stage(run(**changes), stage)
    assert text in shown
    assert bool(text) == bool(shown)


def test_what_an_enumeration_saw() -> None:
    shown = describe_stage(gateway_run(enumerations=(ENUMERATION,)), "enumerate")
    assert shown == "192.0.2.7:443: 3 version and suite pairs accepted, 9 hellos"


def test_addresses_that_say_the_same_are_one_clause() -> None:
    both = flights() + flights(address="192.0.2.8:443")
    assert describe_stage(run(first_flights=both), "first-flight").count("AES256-SHA") == 1


def test_every_stage_can_be_described_of_no_evidence() -> None:
    bare = run(
        resolution=None, tftp_server=None, boot_files=(), config=None, first_flights=(), handshakes=(), logins=(),
        certificates={}, client_chain=(),
    )  # fmt: skip
    for probe, stages in STAGES.items():
        for stage in stages:
            assert describe_stage(msgspec.structs.replace(bare, probe=probe), stage) == ""


@pytest.mark.parametrize("kind", FailureKind, ids=lambda kind: kind.value)
def test_every_failure_has_words(kind: FailureKind) -> None:
    assert describe_failure(Failure(kind=kind, alert=40)).isprintable()
    detailed = describe_failure(Failure(kind=kind, detail=RAW + "x" * 200))
    assert detailed.isprintable()
    assert len(detailed) < 250


def test_an_alert_is_named_or_numbered() -> None:
    assert describe_failure(HANDSHAKE_FAILURE) == "alert handshake_failure(40)"
    assert describe_failure(Failure(kind=FailureKind.TLS_ALERT, alert=213)) == "alert unassigned(213)"
    assert describe_failure(REFUSED) == "connection refused"


def test_text_of_another_hand_is_escaped() -> None:
    evidence: Evidence = run(
        resolution=resolved(RAW, name=RAW, failure=None),
        boot_files=(boot_file(name=RAW, server=RAW),),
        config=reading(None, problem=RAW),
        first_flights=(flight(address=RAW, failure=fail(FailureKind.CLOSED, detail=RAW)),),
        logins=(),
        **handshake(suite_name=RAW),
    )
    for stage in STAGES["phone"]:
        assert describe_stage(evidence, stage).isprintable()
