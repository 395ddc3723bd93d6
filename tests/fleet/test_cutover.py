"""Phones in each step of the renewal procedure (VP-40), and every reason why one is not ready."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest

from tests.certificates import Identity, ec_key, issue, rsa_key
from tests.fleet.cutting import (
    AUTHORITY,
    FIRST,
    HOST,
    NEW,
    NEW_OF_CA,
    NOW,
    OLD,
    OLD_OF_CA,
    SECOND,
    STRANGER,
    TONIGHT,
    URL,
    cert_hash,
    config,
    gateway,
    given,
    given_hash,
    plan,
)
from vpnprobe.checks.wording import day
from vpnprobe.fleet.cutover import CutoverDecision, decide_cutover
from vpnprobe.fleet.cutover_plan import CutoverPlan, GivenCertificate
from vpnprobe.fleet.objections import ShownGateway
from vpnprobe.model.fleet import PhoneConfigSight, RenewalStep
from vpnprobe.model.observation import BootFileOutcome
from vpnprobe.phones import load_profile
from vpnprobe.pki.fingerprint import sha1

URL2 = "https://vpn2.example.com/VPNPhone"


def decide(
    phone: PhoneConfigSight,
    *gateways: ShownGateway,
    change: CutoverPlan | None = None,
    model: str = "7962G",
) -> CutoverDecision:
    return decide_cutover(phone, load_profile(model), gateways or (gateway(OLD),), change or plan())


AFTER = plan(after=True)


@pytest.mark.parametrize(
    ("phone", "shown", "change", "readiness", "new", "old", "missing", "words"),
    [
        # Step 1 and 2: the new certificate exists, and nothing else has been done.
        (config(OLD), [OLD], plan(), "cut-off", False, True, ["import-phone-vpn-trust"], "does not name the new"),
        (config(OLD, STRANGER), [OLD], plan(), "cut-off", False, True, ["import-phone-vpn-trust"], "None of its 2"),
        # Steps 3 to 6: the file has both.
        (config(OLD, NEW), [OLD], plan(), "ready", True, True, [], None),
        (config(NEW, OLD), [OLD, OLD], plan(at=TONIGHT), "ready", True, True, [], None),
        # Step 4 done wrongly: the old one was taken out.
        (config(NEW), [OLD], plan(), "cut-off", True, False, ["keep-old-hash"], "cut off until the swap"),
        # Step 7 too early, everywhere or at one address.
        (config(OLD), [NEW], plan(), "cut-off", False, None, ["import-phone-vpn-trust"], "already: it is cut off"),
        (config(OLD), [OLD, NEW], plan(), "cut-off", False, True, ["import-phone-vpn-trust"], f"{SECOND} shows the"),
        (config(OLD, NEW), [OLD, NEW], plan(), "ready", True, True, [], None),
        (config(NEW), [NEW], plan(), "ready", True, None, [], None),
        # After step 7.
        (config(OLD, NEW), [NEW, NEW], AFTER, "ready", True, None, [], None),
        (config(NEW), [NEW], AFTER, "ready", True, None, [], None),
        (config(OLD, NEW), [NEW, OLD], AFTER, "ready", True, True, ["swap-trustpoint"], f"{SECOND} shows"),
        (config(NEW), [NEW, OLD], AFTER, "cut-off", True, False, ["swap-trustpoint"], f"{SECOND} shows"),
        (config(NEW), [OLD], AFTER, "cut-off", True, False, ["swap-trustpoint"], "no hash of it"),
        (config(OLD), [NEW], AFTER, "cut-off", False, None, ["import-phone-vpn-trust"], f"{FIRST} shows the new"),
        (config(NEW), [NEW, None], AFTER, "unknown", True, None, [], f"{SECOND} shows no certificate"),
        (config(NEW), [], AFTER, "unknown", True, None, [], "shows no certificate"),
    ],
)
def test_each_step_of_the_procedure(
    phone: PhoneConfigSight,
    shown: Sequence[Identity | None],
    change: CutoverPlan,
    readiness: str,
    new: bool,
    old: bool | None,
    missing: list[str],
    words: str | None,
) -> None:
    decision = decide(phone, gateway(*shown), change=change)
    assert (decision.readiness, decision.has_new_hash, decision.has_old_hash) == (readiness, new, old)
    assert list(decision.missing) == missing
    if words is None:
        assert decision.reasons == ()
    else:
        assert any(words in reason for reason in decision.reasons), decision.reasons


@pytest.mark.parametrize("outcome", [*get_args(BootFileOutcome), "malformed-config", "encrypted"])
def test_a_file_that_was_not_read_is_unknown(outcome: str) -> None:
    if outcome == "received":
        return
    decision = decide(config(outcome=outcome, problem="line 3"))
    assert (decision.readiness, decision.missing) == ("unknown", ("fetch-config",))
    assert (decision.has_new_hash, decision.has_old_hash) == (None, None)
    assert decision.reasons[0].endswith(" (line 3).")


def test_the_reason_is_the_same_for_every_file() -> None:
    problem = "SEP001122334455.cnf.xml cannot be read: no XML"
    decision = decide(config(outcome="malformed-config", problem=problem, file="SEP001122334455.cnf.xml"))
    assert decision.reasons == ("The phone's file cannot be read (no XML).",)


def test_a_phone_without_a_vpn_group_is_unknown() -> None:
    decision = decide(config(outcome="no-vpn-group"))
    assert (decision.readiness, decision.missing) == ("unknown", ("assign-vpn-profile",))


def test_a_hash_beyond_the_tenth_makes_no_phone_ready() -> None:
    others = [f"{number:027d}=" for number in range(9)]
    assert decide(config(*others[:8], OLD, NEW)).readiness == "ready"
    assert decide(config(*others, OLD, NEW)).readiness == "cut-off"


def test_a_phone_that_dials_nothing_is_cut_off() -> None:
    decision = decide_cutover(config(OLD, NEW, urls=()), load_profile("7962G"), (), plan())
    assert (decision.readiness, decision.missing) == ("cut-off", ("assign-vpn-profile",))


def test_a_url_that_cannot_be_dialled_is_cut_off() -> None:
    nowhere = msgspec.structs.replace(gateway().url, host="", text="ftp://vpn.example.com/")
    decision = decide(config(OLD, NEW), ShownGateway(nowhere, {}))
    assert decision.readiness == "cut-off"
    assert decision.reasons == ("ftp://vpn.example.com/ cannot be dialled.",)


def test_no_hash_at_all_trusts_nothing() -> None:
    decision = decide(config())
    assert (decision.readiness, decision.has_new_hash, decision.has_old_hash) == ("cut-off", False, False)
    assert decision.reasons[0].startswith("It has no certHash at all")


@pytest.mark.parametrize(
    ("phone", "words"),
    [
        pytest.param(config(OLD, cert_hash(NEW).rstrip("=")), "not every decoder", id="without padding"),
        pytest.param(config(OLD, NEW, hash_alg="1"), "unknown meaning", id="other hashAlg"),
    ],
)
def test_a_hash_that_may_be_read_or_not_is_unknown(phone: PhoneConfigSight, words: str) -> None:
    decision = decide(phone)
    assert (decision.readiness, decision.has_new_hash) == ("unknown", None)
    assert words in decision.reasons[0]


# --- the certificate itself ---


def renewed(**changes: Any) -> Identity:
    values: dict[str, Any] = {"cn": HOST, "dns": [HOST], "key": rsa_key(slot=2), "serial": 7}
    return issue(**(values | changes))


@pytest.mark.parametrize(
    ("new", "model", "readiness", "words"),
    [
        pytest.param(renewed(), "7962G", "ready", None, id="as the old one"),
        pytest.param(renewed(key=ec_key()), "7962G", "cut-off", "no cipher suite", id="EC for an old model"),
        pytest.param(renewed(key=ec_key()), "8841", "ready", None, id="EC for a newer one"),
        pytest.param(renewed(key=ec_key()), "8841-pre12.5", "cut-off", "no cipher suite", id="EC before 12.5"),
        pytest.param(
            renewed(key=ec_key("brainpoolP256r1")), "8841", "cut-off", "brainpoolP256r1", id="curve not offered"
        ),
        pytest.param(renewed(key=rsa_key(4096)), "7962G", "unknown", "4096 bits", id="larger key"),
        pytest.param(renewed(hash_name="md5"), "7962G", "unknown", "md5WithRSA", id="MD5"),
        pytest.param(renewed(hash_name="sha1"), "7962G", "ready", None, id="SHA-1"),
        pytest.param(renewed(hash_name="sha512"), "8841", "ready", None, id="SHA-512"),
        pytest.param(renewed(cn="other.example.com", dns=[]), "7962G", "cut-off", "names other.", id="other name"),
        pytest.param(renewed(cn="*.example.com", dns=[]), "7962G", "cut-off", "names *.", id="wildcard"),
        pytest.param(renewed(dns=["www.example.com"]), "7962G", "unknown", "no source says", id="SAN and CN differ"),
        pytest.param(renewed(not_after=NOW), "7962G", "cut-off", "not valid now: it ends on", id="expired"),
        pytest.param(
            renewed(not_before=NOW + timedelta(days=1)), "7962G", "cut-off", "it begins on", id="not yet valid"
        ),
        pytest.param(renewed(not_after="20440101"), "7962G", "unknown", "dates of the new", id="unreadable date"),
    ],
)
def test_a_certificate_that_the_phone_can_or_cannot_take(
    new: Identity, model: str, readiness: str, words: str | None
) -> None:
    decision = decide(config(OLD, new), change=plan(given(new)), model=model)
    assert decision.readiness == readiness
    assert (decision.has_new_hash, decision.has_old_hash) == (True, True)
    if words is None:
        assert decision.reasons == ()
    else:
        assert decision.missing == ("mend-certificate",)
        assert any(words in reason for reason in decision.reasons), decision.reasons


def test_bytes_that_are_no_certificate_are_unknown() -> None:
    damaged = NEW.der[:-300]
    new = GivenCertificate(leaf_sha1=sha1(damaged), chain=(damaged,))
    decision = decide(config(OLD, new.cert_hash), change=plan(new))
    assert (decision.readiness, decision.has_new_hash) == ("unknown", True)
    assert any("cannot be read" in reason for reason in decision.reasons)


@pytest.mark.parametrize(
    ("setting", "readiness"),
    [(0, "ready"), (1, "cut-off"), (None, "unknown"), (7, "unknown")],
)
def test_the_host_id_check_is_the_phones_own(setting: int | None, readiness: str) -> None:
    new = renewed(cn="other.example.com", dns=[])
    decision = decide(config(OLD, new, host_id_check=setting), change=plan(given(new)))
    assert decision.readiness == readiness


def test_dates_are_judged_for_the_swap() -> None:
    new = renewed(not_before=NOW + timedelta(hours=6), not_after=NOW + timedelta(days=300))
    assert decide(config(OLD, new), change=plan(given(new))).readiness == "cut-off"
    assert decide(config(OLD, new), change=plan(given(new), at=TONIGHT)).readiness == "ready"
    late = decide(config(OLD, new), change=plan(given(new), at=NOW + timedelta(days=301)))
    assert late.readiness == "cut-off"
    assert "at the swap (2027-09-17" in late.reasons[0]


# --- the old certificate ---


def test_an_old_certificate_that_ends_before_the_swap() -> None:
    ending = issue(cn=HOST, key=rsa_key(slot=1), serial=8, not_after=NOW + timedelta(hours=6))
    decision = decide(config(ending, NEW), gateway(ending), change=plan(at=TONIGHT))
    assert (decision.readiness, decision.missing) == ("cut-off", ("swap-trustpoint",))
    assert "before the swap (2026-11-21 02:00 UTC)" in decision.reasons[0]
    assert decide(config(ending, NEW), gateway(ending)).readiness == "ready"


def test_an_old_certificate_that_has_ended() -> None:
    ended = issue(cn=HOST, key=rsa_key(slot=1), serial=9, not_after=datetime(2026, 11, 1, tzinfo=UTC))
    prepared = decide(config(ended, NEW), gateway(ended))
    assert prepared.readiness == "ready"
    assert "ended on 2026-11-01 00:00 UTC: outside it is cut off until the swap" in prepared.reasons[0]
    late = decide(config(ended), gateway(ended))
    assert late.readiness == "cut-off"
    assert any("public address" in reason for reason in late.reasons)


def test_a_certificate_of_the_same_name_may_have_overwritten_the_old_one() -> None:
    assert any("CSCuh19734" in reason for reason in decide(config(NEW)).reasons)


def test_a_certificate_of_another_name_overwrites_nothing() -> None:
    new = renewed(cn="asa.example.com")
    for phone in (config(OLD), config(new)):
        decision = decide(phone, change=plan(given(new)))
        assert not any("CSCuh19734" in reason for reason in decision.reasons)


def test_a_phone_that_is_cut_off_already() -> None:
    decision = decide(config(STRANGER))
    assert decision.readiness == "cut-off"
    assert any("it is cut off there already" in reason for reason in decision.reasons)


def test_an_old_certificate_that_is_given_stands_for_a_gateway_out_of_reach() -> None:
    dark = gateway(None)
    unknown = decide(config(OLD, NEW), dark)
    assert (unknown.readiness, unknown.has_old_hash) == ("unknown", None)
    assert "--old-cert" in unknown.reasons[0]
    for old in (given(OLD), given_hash(OLD)):
        assert decide(config(OLD, NEW), dark, change=plan(old=[old])).readiness == "ready"
        assert decide(config(NEW), dark, change=plan(old=[old])).missing == ("keep-old-hash",)


def test_what_several_addresses_show_alike_is_one_reason() -> None:
    [reason] = decide(config(NEW), gateway(OLD, OLD)).reasons
    assert f"the certificate that {FIRST}, {SECOND} show ({cert_hash(OLD)})" in reason


def test_one_address_in_sight_is_enough_before_the_swap() -> None:
    assert decide(config(OLD, NEW), gateway(OLD, None)).readiness == "ready"


# --- issuers ---

OF_CA = plan(given(NEW_OF_CA))


def test_the_hash_of_the_issuer_needs_no_change() -> None:
    decision = decide(config(AUTHORITY), gateway(OLD_OF_CA), change=OF_CA)
    assert (decision.readiness, decision.reasons) == ("ready", ())
    assert (decision.has_new_hash, decision.has_old_hash) == (True, True)


def test_a_certificate_that_only_comes_along_is_no_issuer() -> None:
    with_stranger = GivenCertificate(leaf_sha1=sha1(NEW_OF_CA.der), chain=(NEW_OF_CA.der, STRANGER.der))
    decision = decide(config(STRANGER, OLD_OF_CA), gateway(OLD_OF_CA), change=plan(with_stranger))
    assert (decision.readiness, decision.has_new_hash) == ("cut-off", False)


def test_an_issuer_that_is_sent_today_is_a_reservation() -> None:
    alone = plan(given(NEW_OF_CA, whole=False))
    decision = decide(config(AUTHORITY), gateway(OLD_OF_CA), change=alone)
    assert (decision.readiness, decision.has_new_hash) == ("ready", True)
    assert "must be sent with the new certificate" in decision.reasons[0]


def test_the_old_certificate_is_no_issuer_of_a_new_one_with_its_key() -> None:
    again = renewed(key=rsa_key(slot=1))
    decision = decide(config(OLD), change=plan(given(again)))
    assert (decision.readiness, decision.has_new_hash) == ("cut-off", False)
    of_ca = issue(cn=HOST, dns=[HOST], key=rsa_key(slot=1), issuer=AUTHORITY, serial=11)
    decision = decide(config(OLD_OF_CA), gateway(OLD_OF_CA), change=plan(given(of_ca, whole=False)))
    assert (decision.readiness, decision.has_new_hash) == ("cut-off", False)


def test_an_issuer_of_a_hash_is_unknown() -> None:
    decision = decide(config(AUTHORITY), gateway(OLD_OF_CA), change=plan(given_hash(NEW_OF_CA)))
    assert (decision.readiness, decision.has_new_hash) == ("unknown", None)
    assert "cannot be seen from a hash" in decision.reasons[0]


def test_an_issuer_that_is_not_sent_after_the_swap() -> None:
    lone = ShownGateway(gateway().url, {FIRST: NEW_OF_CA.chain_der, SECOND: (NEW_OF_CA.der,)})
    decision = decide(config(AUTHORITY), lone, change=plan(given(NEW_OF_CA), after=True))
    assert decision.readiness == "cut-off"
    assert decision.reasons[0].startswith(f"{SECOND} shows the new certificate without the issuer")


# --- a hash only ---


def test_of_a_hash_only_the_hash_is_judged() -> None:
    decision = decide(config(OLD, NEW), change=plan(given_hash(NEW)))
    assert (decision.readiness, decision.has_new_hash) == ("unknown", True)
    assert "key, names, signature and dates cannot be judged" in decision.reasons[0]
    without_names = decide(config(OLD, NEW, host_id_check=0), change=plan(given_hash(NEW)))
    assert "key, signature and dates" in without_names.reasons[0]


def test_a_hash_is_enough_where_the_certificate_is_seen() -> None:
    assert decide(config(NEW), gateway(NEW), change=plan(given_hash(NEW), after=True)).readiness == "ready"
    assert decide(config(OLD, NEW), gateway(OLD, NEW), change=plan(given_hash(NEW))).readiness == "ready"


# --- several gateways, several certificates ---


def test_one_gateway_of_several_is_enough_for_a_phone() -> None:
    phone = config(OLD, NEW, urls=(URL2, URL))
    decision = decide(phone, gateway(OLD, url=URL2), gateway(OLD))
    assert decision.readiness == "ready"
    assert "names vpn.example.com where the URL says vpn2.example.com" in decision.reasons[0]
    off = msgspec.structs.replace(phone, host_id_check=0)
    assert decide(off, gateway(OLD, url=URL2), gateway(OLD)).reasons == ()


def test_unknown_outranks_cut_off_where_one_of_them_decides() -> None:
    phone = config(OLD, NEW, urls=(URL2, URL))
    assert decide(phone, gateway(OLD, url=URL2), gateway(None)).readiness == "unknown"


def test_each_gateway_has_its_own_new_certificate() -> None:
    second = issue(cn="vpn2.example.com", key=rsa_key(slot=5), serial=10)
    change = plan(given(NEW), given(second))
    gateways = gateway(OLD), gateway(OLD, url=URL2)
    assert decide(config(OLD, NEW, second), *gateways, change=change).reasons == ()
    decision = decide(config(OLD, NEW), *gateways, change=change)
    assert (decision.readiness, decision.has_new_hash) == ("ready", False)
    assert cert_hash(second) in decision.reasons[0]


def test_a_gateway_that_is_no_part_of_the_change_is_judged_as_it_is() -> None:
    change = plan(given(NEW, host="vpn2.example.com"))
    assert decide(config(OLD), change=change) == CutoverDecision(readiness="ready", has_old_hash=True)
    stranger = decide(config(STRANGER), change=change)
    assert (stranger.readiness, stranger.has_new_hash) == ("cut-off", None)
    assert stranger.reasons[0].endswith("it is cut off there already.")
    assert decide(config(OLD), gateway(None), change=change).readiness == "unknown"
    assert decide(config(OLD), change=plan(given(NEW, host="vpn2.example.com"), after=True)).readiness == "ready"


@pytest.mark.parametrize(
    ("shown", "at", "changes", "readiness", "words"),
    [
        ({"not_after": NOW}, NOW, {}, "cut-off", "is not valid now, and no new one is given for it."),
        ({"not_after": TONIGHT}, NOW, {}, "ready", None),
        ({"not_after": TONIGHT}, TONIGHT, {}, "cut-off", f"is not valid on {day(TONIGHT)}, and no new one"),
        ({"not_before": TONIGHT}, NOW, {}, "cut-off", "is not valid now"),
        ({"cn": "other.example", "dns": ["other.example"]}, NOW, {}, "cut-off", "does not name vpn2.example.com."),
        ({"cn": "other.example", "dns": ["other.example"]}, NOW, {"host_id_check": 0}, "ready", None),
        ({"cn": "other.example", "dns": ["other.example"]}, NOW, {"host_id_check": None}, "unknown", "is not known."),
    ],
)
def test_a_gateway_that_lets_nobody_in_saves_no_phone(
    shown: dict[str, Any], at: datetime, changes: dict[str, Any], readiness: str, words: str | None
) -> None:
    usual: dict[str, Any] = {"cn": "vpn2.example.com", "dns": ["vpn2.example.com"], "key": rsa_key(slot=5)}
    other = issue(**usual | shown, serial=11)
    phone = config(OLD, other, urls=(URL, URL2), **changes)
    change = plan(given(NEW, host=HOST), at=at)
    decision = decide(phone, gateway(OLD), gateway(other, url=URL2), change=change)
    # At the first gateway it lacks the new hash.
    assert decision.readiness == readiness
    assert words is None or any(words in reason for reason in decision.reasons)


def test_of_two_kinds_of_key_the_model_is_shown_its_own() -> None:
    curve = renewed(key=ec_key())
    change = plan(given(NEW), given(curve))
    assert decide(config(OLD, NEW), change=change).readiness == "ready"
    newer = decide(config(OLD, NEW), change=change, model="8841")
    assert (newer.readiness, newer.has_new_hash) == ("cut-off", False)
    assert decide(config(OLD, NEW, curve), change=change, model="8841").readiness == "ready"


def test_what_is_wrong_comes_before_what_is_unknown() -> None:
    new = renewed(key=rsa_key(4096))
    decision = decide(config(OLD), change=plan(given(new)))
    assert [reason.split()[0] for reason in decision.reasons] == ["Its", "No"]
    assert decision.missing == ("import-phone-vpn-trust", "mend-certificate")


def test_every_step_has_its_case() -> None:
    """The steps that phones are counted under are those of this module; "apply-config" is seen from several phones."""
    seen: set[RenewalStep] = set()
    for phone, shown, change in (
        (config(OLD), gateway(OLD), plan()),
        (config(NEW), gateway(OLD), plan()),
        (config(NEW), gateway(OLD), AFTER),
        (config(OLD, NEW), gateway(OLD), plan(given(renewed(not_after=NOW)))),
        (config(outcome="timeout"), gateway(OLD), plan()),
        (config(outcome="no-vpn-group"), gateway(OLD), plan()),
    ):
        seen |= set(decide(phone, shown, change=change).missing)
    assert seen | {"apply-config"} == set(get_args(RenewalStep))
