"""What a phone makes of signed files."""

from __future__ import annotations

import pytest

from vpnprobe.model.trust import SignatureReading, SignatureStatus, TrustList, TrustRecord, TvsAnswer, TvsStatus
from vpnprobe.pki.trust_decision import (
    CAPF,
    CCM,
    CCM_TFTP,
    SAST,
    TFTP,
    TVS,
    SignedThing,
    Signer,
    TrustDecision,
    asks_signed,
    decide,
    find_signer,
    lists_after,
    same_name,
)

NAME = "CN=cucm1;OU=Lab;O=Example"
SIGNER = Signer(subject=NAME, issuer=NAME, serial="6b8f01c2")


def a_list(*records: TrustRecord, kind: str = "ITL", name: str = "ITLFile.tlv") -> TrustList:
    return TrustList(kind="CTL" if kind == "CTL" else "ITL", name=name, origin="held", sha256="00", records=records)


def a_record(role: int | None, serial: str | None = "6b8f01c2", issuer: str | None = NAME) -> TrustRecord:
    return TrustRecord(role=role, serial=serial, issuer=issuer, subject=issuer, certificate="ab")


NAMES = [
    (NAME, NAME, True),
    ("CN=cucm1;OU=Lab;O=Example", "CN=cucm1,OU=Lab,O=Example", True),
    ("CN=cucm1;OU=Lab;O=Example", "O=Example, OU=Lab, CN=cucm1", True),
    ("CN=cucm1;OU=Lab", "cn=CUCM1;ou=lab", True),
    ("CN=The  Root", "CN=The Root", True),
    ("CN=cucm1;", "CN=cucm1", True),
    ("CN=cucm1", "CN=cucm2", False),
    ("CN=cucm1;OU=Lab", "CN=cucm1", False),
    ("", "CN=cucm1", False),
    ("", "", True),
]


@pytest.mark.parametrize(("one", "other", "same"), NAMES)
def test_names(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same
    assert same_name(other, one) is same


FOUND = {
    "same": (SIGNER, a_record(TFTP), True),
    "leading zero in the record": (SIGNER, a_record(TFTP, "006b8f01c2"), True),
    "leading zero in the header": (Signer(NAME, NAME, "006b8f01c2"), a_record(TFTP), True),
    "capitals": (Signer(NAME, NAME, "6B8F01C2"), a_record(TFTP), True),
    "no issuer in the record": (SIGNER, a_record(TFTP, issuer=None), True),
    "no issuer in the header": (Signer(NAME, None, "6b8f01c2"), a_record(TFTP), True),
    "other subject": (Signer("CN=old name", NAME, "6b8f01c2"), a_record(TFTP), True),
    "other serial": (SIGNER, a_record(TFTP, "6b8f01c3"), False),
    "other issuer": (SIGNER, a_record(TFTP, issuer="CN=cucm2"), False),
    "no serial in the record": (SIGNER, a_record(TFTP, None), False),
    "no serial in the header": (Signer(NAME, NAME, None), a_record(TFTP), False),
    "neither": (Signer(NAME, NAME, None), a_record(TFTP, None), False),
}


@pytest.mark.parametrize(("signer", "record", "found"), FOUND.values(), ids=FOUND.keys())
def test_the_record_of_the_signer(signer: Signer, record: TrustRecord, found: bool) -> None:
    assert [match.record for match in find_signer(signer, [a_list(record)], "configuration")] == [record] * found


ROLES: list[tuple[int | None, bool, bool]] = [
    # role, may sign a list, may sign a configuration
    (SAST, True, False),
    (CCM, False, False),
    (CCM_TFTP, True, True),
    (TFTP, True, True),
    (CAPF, False, False),
    (7, False, False),
    (TVS, False, False),
    (99, False, False),
    (None, False, False),
]


@pytest.mark.parametrize(("role", "signs_lists", "signs_configurations"), ROLES)
def test_which_role_may_sign_what(role: int | None, signs_lists: bool, signs_configurations: bool) -> None:
    for thing, may in (("trust-list", signs_lists), ("configuration", signs_configurations)):
        (match,) = find_signer(
            SIGNER, [a_list(a_record(role))], "trust-list" if thing == "trust-list" else "configuration"
        )
        assert match.fits is may


def test_a_record_that_may_sign_comes_first_and_then_the_order_of_the_lists() -> None:
    ctl = a_list(a_record(SAST), kind="CTL", name="CTLFile.tlv")
    itl = a_list(a_record(CCM), a_record(CCM_TFTP), a_record(TFTP))
    matches = find_signer(SIGNER, [ctl, itl], "configuration")
    assert [(match.trust_list.kind, match.record.role, match.fits) for match in matches] == [
        ("ITL", CCM_TFTP, True),
        ("ITL", TFTP, True),
        ("CTL", SAST, False),
        ("ITL", CCM, False),
    ]


SIGNED_ASKED = {
    "no list": ([], False),
    "empty list": ([a_list()], False),
    "TFTP": ([a_list(a_record(TFTP))], True),
    "CCM+TFTP in the second list": ([a_list(a_record(SAST)), a_list(a_record(CCM_TFTP))], True),
    "CCM only": ([a_list(a_record(CCM))], False),
    "without certificate": ([a_list(TrustRecord(role=TFTP))], False),
    "hash of a certificate": ([a_list(TrustRecord(role=TFTP, certificate_hash="ab"))], True),
}


@pytest.mark.parametrize(("lists", "asks"), SIGNED_ASKED.values(), ids=SIGNED_ASKED.keys())
def test_signed_files_are_asked_for_by_who_can_check_them(lists: list[TrustList], asks: bool) -> None:
    assert asks_signed(lists) is asks


def reading(status: SignatureStatus, *roles: int, source: str | None = "ITL") -> SignatureReading:
    return SignatureReading(status=status, roles=roles, source="TVS" if source == "TVS" else "ITL" if source else None)


def answers(*statuses: TvsStatus) -> tuple[TvsAnswer, ...]:
    return tuple(TvsAnswer(server="192.0.2.1:2445", certificate="ab", status=status) for status in statuses)


THINGS: tuple[SignedThing, ...] = ("trust-list", "configuration")
UNKNOWN = SignatureReading(status="unknown-signer")
Row = tuple[SignatureReading | None, tuple[TvsAnswer, ...] | None, str]

# With a list held: the signature, what TVS says, outcome and reason.
HOLDING: dict[str, Row] = {
    "unsigned": (None, None, "refused unsigned -"),
    "unsigned, said": (reading("unsigned"), None, "refused unsigned -"),
    "by the list": (reading("valid", CCM_TFTP), None, "accepted signed-by-list ITL"),
    "by one of two roles": (reading("valid", CCM, TFTP), None, "accepted signed-by-list ITL"),
    "by another role": (reading("valid", CCM, CAPF), None, "refused wrong-role ITL"),
    "by no role": (reading("valid"), None, "refused wrong-role ITL"),
    "by TVS": (reading("valid", source="TVS"), answers("trusted"), "accepted signed-by-tvs TVS"),
    "bad": (reading("invalid", TFTP), None, "refused bad-signature ITL"),
    "bad, whatever TVS says": (reading("invalid", TFTP), answers("trusted"), "refused bad-signature ITL"),
    "unknown, TVS not asked": (UNKNOWN, None, "depends-on-tvs unknown-signer -"),
    "unknown, no TVS": (UNKNOWN, (), "refused unknown-signer -"),
    "unknown, TVS silent": (UNKNOWN, answers("no-answer"), "depends-on-tvs unknown-signer -"),
    "unknown, TVS odd": (UNKNOWN, answers("other-answer"), "depends-on-tvs unknown-signer -"),
    "unknown, TVS denies": (UNKNOWN, answers("not-trusted"), "refused unknown-signer -"),
    "unknown, one denies, one is silent": (UNKNOWN, answers("no-answer", "not-trusted"), "refused unknown-signer -"),
    "unknown, one trusts": (UNKNOWN, answers("not-trusted", "trusted"), "unknown cannot-check TVS"),
    "unsupported": (reading("unsupported"), None, "unknown cannot-check -"),
    "unreadable": (reading("unreadable"), None, "unknown cannot-check -"),
}


def shown(decision: TrustDecision) -> str:
    return f"{decision.outcome} {decision.reason} {decision.source or '-'}"


@pytest.mark.parametrize(("signature", "tvs", "expected"), HOLDING.values(), ids=HOLDING.keys())
@pytest.mark.parametrize("thing", THINGS)
def test_with_a_list(
    thing: SignedThing, signature: SignatureReading | None, tvs: tuple[TvsAnswer, ...] | None, expected: str
) -> None:
    assert shown(decide(thing, signature, holds_list=True, tvs=tvs)) == expected


def test_a_security_token_signs_lists_only() -> None:
    by_token = reading("valid", SAST)
    assert shown(decide("trust-list", by_token, holds_list=True)) == "accepted signed-by-list ITL"
    assert shown(decide("configuration", by_token, holds_list=True)) == "refused wrong-role ITL"


FIRST: dict[str, tuple[SignatureReading | None, str, str]] = {
    "unsigned": (None, "accepted first-boot -", "accepted first-boot -"),
    "valid": (reading("valid", SAST), "accepted first-boot -", "accepted first-boot -"),
    "unknown": (UNKNOWN, "accepted first-boot -", "accepted first-boot -"),
    "unsupported": (reading("unsupported"), "accepted first-boot -", "accepted first-boot -"),
    "damaged": (reading("invalid"), "unknown bad-signature -", "accepted first-boot -"),
    "unreadable": (reading("unreadable"), "unknown bad-signature -", "accepted first-boot -"),
}


@pytest.mark.parametrize(("signature", "as_list", "as_configuration"), FIRST.values(), ids=FIRST.keys())
def test_first_boot(signature: SignatureReading | None, as_list: str, as_configuration: str) -> None:
    assert shown(decide("trust-list", signature, holds_list=False)) == as_list
    assert shown(decide("configuration", signature, holds_list=False)) == as_configuration


@pytest.mark.parametrize("holds", [True, False])
def test_the_file_that_is_held_already_changes_nothing(holds: bool) -> None:
    decision = decide("trust-list", reading("invalid"), holds_list=holds, unchanged=True)
    assert shown(decision) == "accepted unchanged -"


ACCEPTED = TrustDecision(outcome="accepted", reason="first-boot")
REFUSED = TrustDecision(outcome="refused", reason="unknown-signer")
MAYBE = TrustDecision(outcome="depends-on-tvs", reason="unknown-signer")
NOBODY_KNOWS = TrustDecision(outcome="unknown", reason="cannot-check")


def test_a_refused_list_leaves_the_old_one() -> None:
    old, new = a_list(name="old"), a_list(name="new")
    ctl = a_list(kind="CTL", name="CTLFile.tlv")
    assert lists_after([], [(new, ACCEPTED)]) == (new,)
    assert lists_after([old], [(new, ACCEPTED)]) == (new,)
    assert lists_after([old], [(ctl, ACCEPTED), (new, ACCEPTED)]) == (ctl, new)
    assert lists_after([old], [(new, ACCEPTED), (ctl, ACCEPTED)]) == (ctl, new)
    for decision in (REFUSED, MAYBE, NOBODY_KNOWS):
        assert lists_after([old], [(new, decision)]) == (old,)
        assert lists_after([], [(new, decision)]) == ()
    assert lists_after([old], []) == (old,)
