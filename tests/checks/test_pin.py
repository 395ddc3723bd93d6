"""The pin and its near misses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.certificates import issue
from tests.checks.evidence_builder import (
    ADDRESS,
    CONFIG_NAME,
    EC,
    EC_THIRD_PARTY,
    GATEWAY,
    HOST,
    MAC,
    NOW,
    RENEWED,
    SECOND,
    TEMPORARY,
    THIRD_PARTY,
    URL,
    alarms,
    cert_hash,
    configured,
    finding,
    flight,
    flights,
    given_hash,
    group,
    kept,
    login,
    pinned,
    resolved,
    run,
    unresolved,
    without_config,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.checks.pin import seen_certificates
from vpnprobe.model.config import CertHashText
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.target import Expectation, Persona
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.fingerprint import format_cert_hash, sha256

DAY = timedelta(days=1)
RIGHT = cert_hash(GATEWAY)
SHA256 = format_cert_hash(sha256(GATEWAY.der))


def hashes(*texts: str) -> dict[str, Any]:
    return group(cert_hashes=tuple(CertHashText(index, text) for index, text in enumerate(texts, 1)))


def with_unused_bits(text: str) -> str:
    """The same bytes, with the lowest bit of the last letter set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return f"{text[:-2]}{alphabet[alphabet.index(text[-2]) + 1]}="


def with_a_typo(text: str) -> str:
    """Another letter in the middle."""
    other = "B" if text[10] == "A" else "A"
    return text[:10] + other + text[11:]


CHAIN = {"first_flights": flights(rsa=THIRD_PARTY, both=THIRD_PARTY)}
ISSUER = describe(THIRD_PARTY.chain_der[1]).cert_hash
ROOT = describe(THIRD_PARTY.chain_der[2]).cert_hash

TWO_ASAS = run(
    resolution=resolved("192.0.2.7", "192.0.2.8"),
    first_flights=(*flights(), *flights(rsa=RENEWED, both=RENEWED, address=SECOND)),
)
SHOWN_EC = run(
    persona=Persona(profile="8811", mac=MAC),
    first_flights=flights("8811", ec=EC_THIRD_PARTY, both=EC_THIRD_PARTY),
    **configured(load_information="sip88xx.12-8-1-0001-455"),
)
LEAF_ALONE = run(first_flights=(flight(shown=THIRD_PARTY.chain_der[:1]),), **hashes(ISSUER))


def expired() -> Evidence:
    """The gateway shows a certificate that ended three days before the run, and CUCM has another one."""
    old = issue(cn=HOST, serial=9, not_before=NOW - 400 * DAY, not_after=NOW - 3 * DAY)
    return run(certificates=kept(old) | run().certificates, first_flights=flights(rsa=old, both=old))


ROWS = (
    Row("PIN001", "leaf", run(), "pass", "certHash1 names the leaf"),
    Row("PIN001", "second-hash", run(**hashes(cert_hash(RENEWED), RIGHT)), "pass", "certHash2"),
    Row("PIN001", "issuer", run(**CHAIN | hashes(ISSUER)), "pass", "issuer 1 of the chain"),
    Row("PIN001", "root", run(**CHAIN | hashes(ROOT)), "pass", "issuer 2"),
    Row("PIN001", "unused-bits", run(**hashes(with_unused_bits(RIGHT))), "pass", "assumed"),
    Row("PIN001", "given", run(**given_hash(GATEWAY)), "pass", "--cert-hash 1"),
    Row(
        "PIN001",
        "given-hex",
        run(**given_hash() | {"expectation": Expectation(cert_hashes=(describe(GATEWAY.der).sha1,))}),
        "pass",
    ),
    Row("PIN001", "renewed", run(**pinned(RENEWED)), "fail", "no certHash names"),
    Row("PIN001", "trustpoint-lost", run(first_flights=flights(rsa=TEMPORARY, both=TEMPORARY)), "fail", "Temporary"),
    Row("PIN001", "other-hello", SHOWN_EC, "fail", f"leaf shown to rsa-only at {ADDRESS}"),
    Row("PIN001", "neighbour", TWO_ASAS, "fail", f"leaf shown to 7962G at {ADDRESS}", SECOND),
    Row("PIN001", "typo", run(**hashes(with_a_typo(RIGHT))), "fail", "copied wrongly"),
    Row("PIN001", "sha256", run(**hashes(SHA256)), "fail", "SHA256"),
    Row("PIN001", "expired", expired(), "fail", "Do not pin the one shown: it expired on 2026-11-18"),
    Row("PIN001", "issuer-not-sent", LEAF_ALONE, "fail", "which is not sent"),
    Row("PIN001", "hash-alg", run(**group(hash_alg="1")), "inconclusive", "CFG007"),
    Row("PIN001", "padding", run(**hashes(RIGHT.rstrip("="))), "inconclusive", "CFG006"),
    Row("PIN001", "no-config", run(**without_config()), "inconclusive", "no certHash is known"),
    Row("PIN001", "no-hash", run(**hashes()), "inconclusive", "CFG005"),
    Row("PIN001", "unresolved", run(**unresolved()), "inconclusive", "the name does not exist"),
    Row("PIN001", "certificate-lost", run(certificates={}), "inconclusive", "no certificate"),
    Row("PIN002", "leaf", run(), "pass"),
    Row("PIN002", "issuer", run(**CHAIN | hashes(ISSUER)), "fail", "renewal by the same CA"),
    Row("PIN002", "no-match", run(**pinned(RENEWED)), "inconclusive"),
    Row("PIN002", "no-config", run(**without_config()), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


def test_the_fix_holds_the_value_to_paste() -> None:
    found = finding(run(**pinned(RENEWED)), "PIN001")
    steps = [step for fix in found.fix for step in fix.steps]
    assert f"Save, then Apply Config to SEP{MAC}; it must reach its TFTP server." in steps
    assert (
        f"Afterwards {CONFIG_NAME} must hold <certHash1>{RIGHT}</certHash1> (any number from 1 to 10 will do)." in steps
    )
    assert found.next[0] == f"vpnprobe hash {cert_hash(RENEWED)} {URL} --model 7962G"


def test_the_summary_begins_with_the_finding_and_has_both_values() -> None:
    found = finding(run(**pinned(RENEWED)), "PIN001")
    assert found.summary.startswith(
        f"no certHash names the certificate shown: configured certHash1 {cert_hash(RENEWED)}, live {RIGHT} "
    )
    assert (found.facts["configured"], found.facts["live"]) == ([f"certHash1 {cert_hash(RENEWED)}"], RIGHT)


def test_an_expired_certificate_is_not_to_be_pinned() -> None:
    found = finding(expired(), "PIN001")
    steps = [step for fix in found.fix for step in fix.steps]
    assert steps[0].startswith("Do not upload the certificate that is shown now: it has expired (2026-11-18")
    assert not [step for step in steps if "certHash1" in step]
    assert "crypto ca enroll <new-trustpoint>" in steps


def test_the_log_lines_are_those_of_the_phone_and_of_the_asa() -> None:
    found = finding(run(**pinned(RENEWED)), "PIN001")
    facts = describe(GATEWAY.der)
    assert f"VPNC: cert_vfy_cb: depth:1 of 1, subject: </CN={HOST}/unstructuredName={HOST}>" in found.logs.phone
    assert f"SECD: Leaf cert hash = {facts.sha1.replace(':', '')}" in found.logs.phone
    assert found.logs.asa[0].endswith("Function: SSL3_READ_BYTES Reason: tlsv1 alert unknown ca")


def test_a_typo_names_the_character_and_offers_the_right_value() -> None:
    found = finding(run(**hashes(with_a_typo(RIGHT))), "PIN001")
    assert "character 11" in found.summary
    assert found.fix[0].platform == "TFTP"
    assert RIGHT in found.fix[0].steps[0]
    assert found.next == (f"vpnprobe hash {with_a_typo(RIGHT)} {URL} --model 7962G",)


def test_a_phone_that_is_given_the_ec_certificate_is_offered_rsa() -> None:
    assert finding(SHOWN_EC, "PIN001").fix[0].steps[-1].startswith("ssl cipher tlsv1.2 custom")


def test_an_ec_certificate_in_place_of_another_ec_one_is_no_matter_of_ciphers() -> None:
    """The certHash is the neighbour's EC certificate: to offer RSA only would not help."""
    here = flights("8811", rsa=GATEWAY, ec=EC_THIRD_PARTY, both=EC_THIRD_PARTY)
    neighbour = flights("8811", rsa=GATEWAY, ec=EC, both=EC, address=SECOND)
    evidence = run(persona=Persona(profile="8811", mac=MAC), first_flights=(*here, *neighbour), **pinned(EC))
    found = finding(evidence, "PIN001", ADDRESS)
    assert found.status == "fail"
    assert not [step for fix in found.fix for step in fix.steps if step.startswith("ssl cipher")]


def test_the_console_log_of_later_models_is_not_made_up() -> None:
    """Its form is documented for the 79xx only."""
    shown = flights("8811", rsa=RENEWED, both=RENEWED)
    found = finding(run(persona=Persona(profile="8811", mac=MAC), first_flights=shown), "PIN001")
    assert found.status == "fail"
    assert found.logs.phone == ()
    assert found.logs.asa


def test_the_pin_is_judged_for_each_address() -> None:
    assert finding(TWO_ASAS, "PIN001", ADDRESS).status == "pass"
    assert alarms(TWO_ASAS) == {"PIN001", "NET004"}
    assert judge(TWO_ASAS).cause == "PIN001"


def test_the_host_of_a_redirect_is_searched_too() -> None:
    other = flight(shown=RENEWED, address="192.0.2.9:443")
    redirected = login(
        "redirect-other-host", posted=False, redirect_host="member.example.com:443", redirect_flight=other
    )
    seen = seen_certificates(run(logins=(redirected,)))
    assert seen[-1].der == RENEWED.der
    assert seen[-1].where == "leaf shown by member.example.com:443, the host of the redirect"


def test_a_lost_trustpoint_has_its_own_fix() -> None:
    evidence = run(first_flights=flights(rsa=TEMPORARY, both=TEMPORARY))
    found = finding(evidence, "PIN001")
    assert "ssl trust-point <trustpoint> outside" in found.fix[0].steps
    assert alarms(evidence) == {"PIN001"}
    assert finding(evidence, "TLS006").status == "inconclusive"
