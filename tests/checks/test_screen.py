"""The status messages that a run predicts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.checks.evidence_builder import CONFIG_NAME
from tests.checks.trust_evidence import (
    DEVICE,
    ENCRYPTED_NAME,
    ITL_NAME,
    SIGNED_NAME,
    UNKNOWN,
    config_file,
    config_run,
    encrypted,
    held,
    itl,
    list_file,
    no_list,
    signature,
    signed_by,
    signed_file,
    tvs,
)
from vpnprobe.checks.screen import COMMUNITY, GUIDE, TAC, ScreenMessage, screen_messages
from vpnprobe.model.trust import TrustList

UPDATED, FAILED = "Trust List Updated", "Trust List Update Failed"
INVALID = f"invalid file {SIGNED_NAME}, authenticated fail."
TIMEOUT, ERROR = f"TFTP Timeout : {SIGNED_NAME}", f"TFTP Error : {SIGNED_NAME}"


def holding(*served: TrustList, **fields: Any) -> dict[str, Any]:
    return {"trust_lists": (*served, held()), **fields}


def asked(*outcomes: Any, protocol: str = "tftp", lists: str = "not-found", **fields: Any) -> dict[str, Any]:
    """A configuration that was asked for and did not come."""
    configs = tuple(config_file(None, name=SIGNED_NAME, outcome=outcome, protocol=protocol) for outcome in outcomes)
    return {"boot_files": (list_file(lists, protocol=protocol), *configs), "trust_lists": (), **fields}


CASES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "first boot": ({}, ("ITL installed", SIGNED_NAME)),
    "first boot, CTL": ({"trust_lists": (itl(kind="CTL"),)}, ("CTL Installed", SIGNED_NAME)),
    "first boot, both": ({"trust_lists": (itl(kind="CTL"), itl())}, ("CTL and ITL installed", SIGNED_NAME)),
    "the list it holds": (holding(itl(sha256="cc" * 32)), (UPDATED, SIGNED_NAME)),
    "a list that it takes": (holding(itl(signature=signature())), (UPDATED, SIGNED_NAME)),
    "a list that a TVS vouches for": (
        holding(itl(signature=signature(source="TVS", roles=()))),
        (UPDATED, SIGNED_NAME),
    ),
    "another cluster": (
        holding(
            itl(signature=UNKNOWN), tvs=(tvs("not-trusted", serial="5a02", issuer="CN=ITLRECOVERY_cucm1.example.com"),)
        ),
        (FAILED, SIGNED_NAME),
    ),
    "another cluster, TVS not asked": (holding(itl(signature=UNKNOWN)), (FAILED, SIGNED_NAME)),
    "a list that was changed": (holding(itl(signature=signature("invalid"))), (FAILED, SIGNED_NAME)),
    "a list by the wrong role": (holding(itl(signature=signature(roles=(4,)))), (FAILED, SIGNED_NAME)),
    "a list that nobody can check": (holding(itl(signature=signature("unsupported"))), (SIGNED_NAME,)),
    "a list that cannot be read": (holding(itl(problem="cut")), (SIGNED_NAME,)),
    "unreadable at a first boot": ({"trust_lists": (itl(problem="cut"),)}, (SIGNED_NAME,)),
    "CTL taken, ITL refused": (
        holding(itl(kind="CTL", signature=signature()), itl(signature=UNKNOWN)),
        (FAILED, SIGNED_NAME),
    ),
    "no list": (no_list(), ("No Trust List installed", CONFIG_NAME)),
    "no list, silent server": (asked("timeout", lists="timeout"), ("No Trust List installed", TIMEOUT)),
    "held, no list came": (asked("timeout", lists="timeout") | {"trust_lists": (held(),)}, (FAILED, TIMEOUT)),
    "held, no list there": (
        no_list() | {"trust_lists": (held(),)},
        (f"invalid file {CONFIG_NAME}, authenticated fail.",),
    ),
    "held, all silent": (
        {"boot_files": (list_file("timeout"),), "trust_lists": (held(),)},
        (FAILED, TIMEOUT),
    ),
    "all unreachable": ({"boot_files": (list_file("unreachable"),), "trust_lists": (held(),)}, (FAILED,)),
    "by HTTP only": ({"boot_files": (list_file("timeout", protocol="http"),), "trust_lists": (held(),)}, (FAILED,)),
    "configuration changed": (signed_by(signature("invalid")), ("ITL installed", INVALID)),
    "configuration by another cluster": (signed_by(UNKNOWN), ("ITL installed", INVALID)),
    "configuration that a TVS vouches for": (
        signed_by(signature(source="TVS", roles=())) | {"tvs": (tvs(),)},
        ("ITL installed", SIGNED_NAME),
    ),
    "signature not looked at": (
        {"boot_files": (list_file(), config_file(signed_file(None)))},
        ("ITL installed",),
    ),
    "signature of an unknown kind": (signed_by(signature("unsupported")), ("ITL installed",)),
    "encrypted": (encrypted(), ("ITL installed", ENCRYPTED_NAME)),
    "not there": (
        asked("not-found"),
        ("No Trust List installed", f"File not found {SIGNED_NAME}", ERROR),
    ),
    "error": (asked("server-error"), ("No Trust List installed", ERROR)),
    "refused": (asked("refused"), ("No Trust List installed", ERROR)),
    "stopped in the middle": (asked("truncated"), ("No Trust List installed", TIMEOUT)),
    "too large": (asked("too-large"), ("No Trust List installed", "CFG TFTP Size Error")),
    "malformed": (asked("malformed"), ("No Trust List installed",)),
    "not there by HTTP": (asked("not-found", protocol="http"), ("No Trust List installed",)),
    "nothing asked": ({"boot_files": (), "trust_lists": ()}, ()),
}


@pytest.mark.parametrize(("changes", "texts"), CASES.values(), ids=CASES.keys())
def test_screen(changes: dict[str, Any], texts: tuple[str, ...]) -> None:
    messages = screen_messages(config_run(**changes))
    assert tuple(message.text for message in messages) == texts
    assert all(message.because for message in messages)


def test_what_was_seen_on_a_7962g() -> None:
    """Cisco 116162: both screens, message for message."""
    good = screen_messages(config_run(**holding(itl(sha256="cc" * 32))))
    assert [(one.text, one.source, one.basis) for one in good] == [
        (UPDATED, TAC, "seen"),
        (f"{DEVICE}.cnf.xml.sgn", TAC, "seen"),
    ]
    bad = screen_messages(config_run(boot_files=(list_file("timeout"),), trust_lists=(held(),)))
    assert [(one.text, one.source, one.basis) for one in bad] == [(FAILED, TAC, "seen"), (TIMEOUT, TAC, "seen")]


def test_what_depends_on_a_tvs_says_so() -> None:
    (message, _) = screen_messages(config_run(**holding(itl(signature=UNKNOWN))))
    assert message == ScreenMessage(
        text=FAILED, because="the signer is in no list that the phone holds; unless a TVS vouches for it", source=GUIDE
    )


def test_a_refused_configuration_was_seen_on_another_model_only() -> None:
    (_, message) = screen_messages(config_run(**signed_by(signature("invalid"))))
    assert (message.source, message.basis) == (COMMUNITY, "inference")
    assert message.because == "the signature does not fit the file"


def test_without_a_device_name_no_file_is_named() -> None:
    evidence = config_run(boot_files=(list_file("timeout"),), trust_lists=(held(),))
    nameless = msgspec.structs.replace(evidence, persona=msgspec.structs.replace(evidence.persona, mac=None))
    assert [message.text for message in screen_messages(nameless)] == [FAILED]


def test_the_order_of_the_files_does_not_matter_but_the_last_answer_does() -> None:
    """HTTP had nothing, TFTP has it."""
    first = config_file(None, name=SIGNED_NAME, outcome="not-found", protocol="http")
    files = (
        list_file("not-found", name=f"CTL{DEVICE}.tlv"),
        list_file(name=ITL_NAME),
        first,
        config_file(signed_file(signature())),
    )
    assert [one.text for one in screen_messages(config_run(boot_files=files))] == ["ITL installed", SIGNED_NAME]
