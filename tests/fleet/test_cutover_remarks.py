"""What is said of a cut-over as a whole, and how much it weighs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.certificates import Identity, chain, issue, rsa_key
from tests.fleet.cutting import (
    FIRST,
    HOST,
    NEW,
    NOW,
    OLD,
    SECOND,
    STRANGER,
    TONIGHT,
    cert_hash,
    config,
    given,
    given_hash,
    plan,
)
from vpnprobe.fleet.cutover_plan import CutoverPlan, GivenCertificate
from vpnprobe.fleet.cutover_remarks import MAX_REMARKS, CutoverRemarks
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.fleet import CutoverPhone, FleetLine, GatewaySight
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.fingerprint import sha1, sha256

AFTER = plan(after=True)
REFUSED = Failure(kind=FailureKind.REFUSED)


def sight(*shown: Identity | None, host: str = HOST, profile: str = "7962G", **changes: object) -> GatewaySight:
    """A gateway whose first, second ... address shows this certificate."""
    addresses = (FIRST, SECOND)[: len(shown)]
    names = [sha256(one.der).hex() if one else None for one in shown]
    template = GatewaySight(
        key=f"{host}:443 {profile}",
        profile=profile,
        addresses=addresses,
        leaves=dict(zip(addresses, names, strict=True)),
        cert_hashes={name: cert_hash(one) for name, one in zip(names, shown, strict=True) if name and one},
    )
    return msgspec.structs.replace(template, **changes)


def told(change: CutoverPlan, *lines: FleetLine) -> list[tuple[str, str]]:
    remarks = CutoverRemarks(change)
    for line in lines:
        remarks.add(line)
    return [(remark.verdict, remark.text) for remark in remarks.end()]


def phone(*, new: bool, old: bool, at: GatewaySight) -> CutoverPhone:
    return CutoverPhone(
        mac="001122334455",
        device="SEP001122334455",
        readiness="ready" if new else "cut-off",
        has_new_hash=new,
        has_old_hash=old,
        config=config(),
        gateways=(at.key,),
        finished_at=NOW,
    )


def test_a_clean_go_is_said_nothing_of() -> None:
    assert told(plan(), sight(OLD, OLD)) == []
    assert told(AFTER, sight(NEW, NEW)) == []


def test_before_the_swap_the_new_certificate_is_too_early() -> None:
    [(verdict, text)] = told(plan(), sight(OLD, NEW))
    assert verdict == "warn"
    assert text.startswith(f"{HOST}:443 at {SECOND} shows the new certificate already")


def test_after_the_swap_each_address_with_the_old_one_is_named() -> None:
    [(verdict, text)] = told(AFTER, sight(NEW, OLD))
    assert (verdict, text) == ("fail", f"{HOST}:443 at {SECOND} still shows the old certificate ({cert_hash(OLD)}).")
    assert [verdict for verdict, _ in told(AFTER, sight(OLD, OLD))] == ["fail", "fail"]


def test_what_every_model_is_shown_is_said_once() -> None:
    assert len(told(AFTER, sight(NEW, OLD), sight(NEW, OLD, profile="8811"))) == 1


def test_a_third_certificate_is_told_from_the_old_one() -> None:
    change = plan(old=[given(OLD)], after=True)
    assert told(change, sight(STRANGER)) == [
        ("fail", f"{HOST}:443 at {FIRST} shows neither, but another one ({cert_hash(STRANGER)}).")
    ]
    assert told(plan(old=[given_hash(OLD)]), sight(STRANGER, OLD)) == [
        ("warn", f"{HOST}:443 at {FIRST} shows neither the old nor the new certificate ({cert_hash(STRANGER)}).")
    ]


@pytest.mark.parametrize(("change", "verdict"), [(plan(), "warn"), (AFTER, "inconclusive")])
def test_an_address_that_shows_nothing(change: CutoverPlan, verdict: str) -> None:
    [(found, text)] = told(change, sight(NEW if change.after else OLD, None, failure=REFUSED))
    assert found == verdict
    assert text.startswith(f"{HOST}:443 at {SECOND} shows no certificate (connection refused)")


def test_the_failure_of_one_address_is_not_told_of_two() -> None:
    assert not any("refused" in text for _, text in told(AFTER, sight(None, None, failure=REFUSED)))


@pytest.mark.parametrize(("change", "verdict"), [(plan(), "warn"), (AFTER, "inconclusive")])
def test_a_gateway_without_an_address(change: CutoverPlan, verdict: str) -> None:
    nowhere = sight(failure=Failure(kind=FailureKind.NAME_NOT_FOUND))
    [(found, text)] = told(change, nowhere)
    assert found == verdict
    assert text.startswith(f"{HOST}:443 has no address (the name does not exist)")


@pytest.mark.parametrize(("change", "verdict"), [(plan(), "warn"), (AFTER, "inconclusive")])
def test_addresses_that_nobody_looked_at(change: CutoverPlan, verdict: str) -> None:
    shown = sight(NEW if change.after else OLD, doubts=("its name has 4 more addresses, which were not dialled",))
    text = f"Phones may dial other addresses of {HOST}:443: {shown.doubts[0]}."
    assert told(change, shown) == [(verdict, text)]
    # A gateway that is no part of the change says nothing of it.
    apart = told(plan(given(NEW, host=HOST), after=True), sight(NEW), sight(OLD, host="a.example", doubts=shown.doubts))
    assert [one for one, _ in apart] == ["pass"]


def test_a_gateway_that_changed_before_the_run_was_gone_on_with() -> None:
    text = (
        f"{HOST}:443 shows another certificate than when this run was begun, and phones of both parts are counted: "
        "begin anew, with another file for --resume."
    )
    assert told(AFTER, sight(OLD, OLD), sight(NEW, NEW)) == [("inconclusive", text)]
    # What was not seen then, or is not seen now, judged nobody.
    assert told(AFTER, sight(None), sight(NEW)) == []
    assert told(AFTER, sight(NEW, NEW), sight(NEW)) == []


def test_gateways_that_are_no_part_of_the_change() -> None:
    change = plan(given(NEW, host=HOST), after=True)
    found = told(change, sight(NEW), sight(OLD, host="a.example"), sight(None, host="b.example"))
    assert found == [
        ("pass", "No new certificate is given for a.example:443, b.example:443: phones are judged there as it is now.")
    ]


def test_the_same_gateway_under_another_name_is_no_other_gateway() -> None:
    """Phones that dial it by its address would be cut off by the swap, and were judged as if nothing changed."""
    change = plan(given(NEW, host=HOST))
    by_address = sight(OLD, host="192.0.2.7")
    text = (
        "192.0.2.7:443 has an address of a gateway whose certificate is replaced, and no new one is given for it: give "
        "--new-cert 192.0.2.7=..., too."
    )
    assert told(change, sight(OLD), by_address)[0] == ("inconclusive", text)
    elsewhere = sight(OLD, host="b.example", addresses=("198.51.100.1:443",))
    text = (
        "b.example:443 shows a certificate that is replaced elsewhere: if it is to go here, too, give --new-cert "
        "b.example=..."
    )
    assert told(change, sight(OLD), elsewhere)[0] == ("warn", text)
    another = sight(STRANGER, host="b.example", addresses=("198.51.100.1:443",))
    assert [verdict for verdict, _ in told(change, sight(OLD), another)] == ["pass"]
    after = plan(given(NEW, host=HOST), after=True)
    assert [verdict for verdict, _ in told(after, sight(NEW), sight(NEW, host="192.0.2.7"))] == ["pass"]


def test_a_certificate_for_no_gateway_at_all() -> None:
    change = plan(given(NEW, host="vnp.example.com"))
    text = (
        f"No phone dials a gateway that the new certificate {cert_hash(NEW)} is for (vnp.example.com): write HOST= as "
        "the host in the phones' URLs, without a port."
    )
    assert ("inconclusive", text) in told(change, sight(OLD))
    assert told(change) == []


def test_a_gateway_at_an_ipv6_address() -> None:
    assert told(AFTER, sight(NEW, key="[2001:db8::1]:8443 7962G")) == []


# --- the common name ---


def named(*certificates: Identity, **changes: Any) -> GatewaySight:
    subjects = {sha256(one.der).hex(): describe(one.der).subject for one in certificates}
    return sight(*certificates, subjects=subjects, **changes)


def test_a_certificate_of_the_same_name_overwrites_the_old_one() -> None:
    [(verdict, text)] = told(plan(), named(OLD), phone(new=False, old=True, at=named(OLD)))
    assert verdict == "warn"
    assert "CSCuh19734" in text
    assert len(told(plan(), named(OLD), named(OLD, profile="8811"))) == 1


def test_a_phone_with_both_hashes_proves_that_nothing_was_overwritten() -> None:
    assert told(plan(), named(OLD), phone(new=True, old=True, at=named(OLD))) == []
    elsewhere = phone(new=True, old=True, at=named(OLD, host="vpn2.example.com"))
    assert len(told(plan(), named(OLD), elsewhere)) == 1


def test_nothing_is_overwritten_after_the_swap_or_by_another_name() -> None:
    assert told(AFTER, named(NEW)) == []
    assert told(plan(), named(STRANGER)) == []
    assert told(plan(given_hash(NEW)), named(OLD)) == []


def test_the_name_of_an_old_certificate_that_is_given() -> None:
    [(_, first), (_, second)] = told(plan(old=[given(OLD)]), sight(None))
    assert "CSCuh19734" in first + second


def test_a_name_with_marks_in_it() -> None:
    old = issue(subject=[("O", "Example, CN=x"), ("CN", "a, b + c")], key=rsa_key(slot=1))
    new = issue(subject=[("CN", "a, b + c"), ("OU", "Voice")], key=rsa_key(slot=2))
    other = issue(subject=[("CN", "x")], key=rsa_key(slot=2))
    assert [verdict for verdict, _ in told(plan(given(new)), named(old))] == ["warn"]
    assert told(plan(given(other)), named(old)) == []


# --- the certificate and its chain ---

LEAF = chain(HOST)
UNSIGNED = issue(cn=HOST, issuer=issue(cn="Example Issuing CA 1", key=rsa_key(slot=9)), key=rsa_key(slot=1))


def of(*ders: bytes) -> GivenCertificate:
    return GivenCertificate(leaf_sha1=sha1(ders[0]), chain=ders)


@pytest.mark.parametrize(
    ("given_chain", "verdict", "words"),
    [
        pytest.param(LEAF.chain_der, None, "", id="complete"),
        pytest.param((NEW.der,), None, "", id="self-signed"),
        pytest.param(LEAF.chain_der[:1], "pass", "no issuer is given", id="alone"),
        pytest.param(LEAF.chain_der[:2], "warn", "CN=Example Root CA is missing", id="without root"),
        pytest.param((LEAF.der, *LEAF.chain_der[:0:-1]), "warn", "out of order", id="shuffled"),
        pytest.param((*LEAF.chain_der, STRANGER.der), "warn", "1 certificate that did not issue", id="stranger"),
        pytest.param((UNSIGNED.der, *LEAF.chain_der[1:]), "warn", "is broken", id="wrong signature"),
    ],
)
def test_the_chain_as_it_is_given(given_chain: tuple[bytes, ...], verdict: str | None, words: str) -> None:
    found = told(plan(of(*given_chain)))
    assert [weight for weight, _ in found] == ([verdict] if verdict else [])
    assert all(words in text for _, text in found)


def test_of_a_hash_there_is_no_chain_to_speak_of() -> None:
    assert told(plan(given_hash(NEW)), sight(OLD)) == []


def test_a_new_certificate_that_ends_soon() -> None:
    new = issue(cn=HOST, not_after=TONIGHT + timedelta(days=59))
    assert [verdict for verdict, _ in told(plan(given(new), at=TONIGHT))] == ["warn"]
    assert told(plan(given(new), at=NOW - timedelta(days=2))) == []
    assert told(plan(given(new), after=True)) == []


def test_many_remarks_are_cut() -> None:
    found = told(AFTER, *(sight(OLD, host=f"vpn{number}.example.com") for number in range(MAX_REMARKS + 5)))
    assert len(found) == MAX_REMARKS + 1
    assert found[-1] == ("pass", "And 5 more remarks.")
