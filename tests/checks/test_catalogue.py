"""Lints of the catalogue: what must hold for every check."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.checks import (
    test_certificate,
    test_config,
    test_config_server,
    test_device_security,
    test_handshake,
    test_host_id,
    test_login,
    test_net,
    test_online_ca,
    test_pin,
    test_tls,
)
from tests.checks.capf import test_certificate as test_capf_certificate
from tests.checks.capf import test_reaching
from tests.checks.capf import test_session as test_capf_session
from tests.checks.federation import (
    test_addresses,
    test_domain,
    test_edge,
    test_mutual,
    test_names,
    test_own_certificate,
    test_revocation,
    test_sip,
    test_srv,
    test_strength,
    test_suites,
    test_trust,
)
from tests.checks.federation import test_certificate as test_edge_certificate
from tests.checks.federation import test_handshake as test_edge_handshake
from tests.checks.lsc import test_authority as test_given_authority
from tests.checks.lsc import test_dates as test_given_dates
from tests.checks.lsc import test_form as test_given_form
from tests.checks.lsc import test_issuer as test_given_issuer
from tests.checks.lsc import test_phone as test_given_phone
from tests.checks.lsc import test_strength as test_given_strength
from tests.checks.phone_web import test_files as test_phone_files
from tests.checks.phone_web import test_pages as test_phone_pages
from tests.checks.table import Row
from tests.checks.trust import test_signed_files
from vpnprobe.checks.base import AnyCheck, Guide
from vpnprobe.checks.capf import differential as capf
from vpnprobe.checks.catalogue import CHECKS, RETIRED, find
from vpnprobe.checks.differential import CAUSES
from vpnprobe.checks.evaluate import PLACEHOLDER, STAGE_ORDER
from vpnprobe.checks.federation import differential as federation
from vpnprobe.checks.unobservable import UNOBSERVABLE
from vpnprobe.checks.values import RUN_VALUES
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import STAGES, ProbeName
from vpnprobe.model.finding import Finding, Logs
from vpnprobe.version import CATALOGUE_VERSION

STATEMENTS = {
    f"{source}-{number:02}"
    for source, last in (("VP", 42), ("F3", 31), ("F4", 19), ("M", 16), ("CA", 42))
    for number in range(1, last + 1)
}
# Four rows of one table share a number.
STATEMENTS = STATEMENTS - {"CA-09"} | {"CA-09a", "CA-09b", "CA-09c", "CA-09d"}
# Commands that an ASA takes in configuration mode only.
CONFIGURATION_MODE = re.compile(
    r"(crypto (ca (trustpoint|authenticate|enroll|export|import)|key generate)|ssl |tunnel-group |"
    r"group-policy |webvpn$|dynamic-access-policy-record |ntp server|vpn load-balancing$)"
)
SEVERITIES = ("info", "warning", "critical")

TABLES: tuple[Row, ...] = (
    *test_net.ROWS,
    *test_config_server.ROWS,
    *test_config.ROWS,
    *test_signed_files.ROWS,
    *test_device_security.ROWS,
    *test_tls.ROWS,
    *test_pin.ROWS,
    *test_certificate.ROWS,
    *test_host_id.ROWS,
    *test_handshake.ROWS,
    *test_login.ROWS,
    *test_srv.ROWS,
    *test_domain.ROWS,
    *test_addresses.ROWS,
    *test_edge.ROWS,
    *test_suites.ROWS,
    *test_mutual.ROWS,
    *test_own_certificate.ROWS,
    *test_edge_handshake.ROWS,
    *test_names.ROWS,
    *test_edge_certificate.ROWS,
    *test_trust.ROWS,
    *test_strength.ROWS,
    *test_revocation.ROWS,
    *test_sip.ROWS,
    *test_given_form.ROWS,
    *test_given_phone.ROWS,
    *test_given_dates.ROWS,
    *test_given_strength.ROWS,
    *test_given_issuer.ROWS,
    *test_given_authority.ROWS,
    *test_reaching.ROWS,
    *test_capf_session.ROWS,
    *test_capf_certificate.ROWS,
    *test_online_ca.ROWS,
    *test_phone_pages.ROWS,
    *test_phone_files.ROWS,
)

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def guides(check: AnyCheck) -> dict[str, Guide]:
    own = {} if check.guide == Guide() else {"": check.guide}
    return own | dict(check.variants)


def texts(guide: Guide) -> list[str]:
    steps = [step for fix in guide.fix for step in (*fix.steps, *fix.confirm, *fix.signs)]
    return [*steps, *lines(guide.logs), *guide.next]


def lines(logs: Logs) -> tuple[str, ...]:
    return (*logs.phone, *logs.asa, *logs.edge, *logs.expressway)


def outline(shown: Guide | Finding) -> list[tuple[str, int]]:
    """What is left of a guide when its placeholders are filled: platforms, and the number of steps of each."""
    return [(fix.platform, len(fix.steps)) for fix in shown.fix] + [("next", len(shown.next))]


def test_ids_and_slugs_are_unique_and_never_used_again() -> None:
    ids = [check.id for check in CHECKS]
    slugs = [check.slug for check in CHECKS]
    assert len(set(ids)) == len(ids)
    assert len(set(slugs)) == len(slugs)
    assert not RETIRED & set(ids)


@pytest.mark.parametrize("probe", STAGES)
def test_the_catalogue_is_in_the_order_of_the_stages(probe: ProbeName) -> None:
    order = [STAGE_ORDER[probe].index(check.stage_in(probe)) for check in CHECKS if probe in check.probes]
    assert order == sorted(order)


def test_the_agreed_checks_are_all_there() -> None:
    areas: dict[str, int] = {}
    for check in CHECKS:
        areas[check.id[:3]] = areas.get(check.id[:3], 0) + 1
    phone = {"NET": 4, "TFT": 6, "CFG": 11, "TLS": 6, "PIN": 2, "CRT": 4, "HID": 2, "HSK": 5, "LOG": 5}
    files = {"SGN": 15, "SEC": 4}
    federation = {"SRV": 8, "DOM": 2, "ADR": 5, "EDG": 11, "FCR": 19, "SIP": 6}
    assert areas == phone | files | federation | {"CPF": 21, "OCA": 8, "WEB": 10, "LSC": 19}


@each_check
def test_metadata(check: AnyCheck) -> None:
    assert re.fullmatch(r"[A-Z]{3}\d{3}", check.id)
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", check.slug)
    assert not check.title.endswith(".")
    assert check.rationale.endswith(".")
    assert check.probes
    assert set(check.probes) <= set(STAGES)
    assert check.requires
    assert check.since <= CATALOGUE_VERSION
    assert set(check.covers) <= STATEMENTS


@each_check
def test_every_failure_has_a_fix_and_a_command_to_run_next(check: AnyCheck) -> None:
    assert guides(check)
    for guide in guides(check).values():
        assert guide.fix
        assert all(fix.platform and fix.steps and all(fix.steps) for fix in guide.fix)
        assert guide.next


@each_check
def test_commands_for_an_asa_enter_the_mode_that_they_need(check: AnyCheck) -> None:
    for fix in check.fix:
        if fix.platform.startswith("ASA"):
            before = itertools.takewhile(lambda step: step != "configure terminal", fix.steps)
            assert not list(filter(CONFIGURATION_MODE.match, before))


def test_every_placeholder_can_be_filled() -> None:
    """A failing row of the tables fills every placeholder that no run value fills."""
    filled: dict[tuple[str, str], set[str]] = {}
    for row in TABLES:
        if row.status != "fail":
            continue
        found = row.judge()
        used = {name for text in _guide_texts(row.check) for name in PLACEHOLDER.findall(text)}
        facts = {name for name, value in found.facts.items() if value is not None}
        filled.setdefault((row.check, ""), set()).update(used & facts)
    for check in CHECKS:
        used = {name for guide in guides(check).values() for text in texts(guide) for name in PLACEHOLDER.findall(text)}
        assert used <= set(RUN_VALUES) | filled.get((check.id, ""), set()), check.id


def _guide_texts(check_id: str) -> list[str]:
    return [text for guide in guides(find(check_id)).values() for text in texts(guide)]


@each_check
def test_variants_are_all_reached(check: AnyCheck) -> None:
    """Each guide is that of some failing row."""
    shown = [row.judge() for row in TABLES if row.check == check.id and row.status == "fail"]
    for name, guide in guides(check).items():
        assert any(outline(found) == outline(guide) for found in shown), name or "default"


@each_check
def test_the_tables_hold_a_pass_a_fail_and_an_open_case(check: AnyCheck) -> None:
    statuses = {row.status for row in TABLES if row.check == check.id}
    assert {"pass", "fail", "inconclusive"} <= statuses


@each_check
def test_a_check_yields_only_to_its_betters(check: AnyCheck) -> None:
    """What explains a failure weighs at least as much, so that no verdict gets better by it."""
    for name in check.yields_to:
        explaining = find(name)
        assert SEVERITIES.index(explaining.severity) >= SEVERITIES.index(check.severity)
        assert check.id not in explaining.yields_to
        assert set(check.probes) & set(explaining.probes)


def test_every_statement_is_decided_named_or_called_unobservable() -> None:
    covered = {statement for check in CHECKS for statement in check.covers}
    named = {statement for cause in (*CAUSES, *federation.CAUSES, *capf.CAUSES) for statement in cause.statements}
    unobservable = {item.statement for item in UNOBSERVABLE}
    assert covered | named | unobservable == STATEMENTS
    assert not covered & unobservable


def test_what_cannot_be_seen_says_why() -> None:
    assert all(item.about and item.why.endswith(".") for item in UNOBSERVABLE)
    assert [item.statement for item in UNOBSERVABLE] == sorted(item.statement for item in UNOBSERVABLE)


@pytest.mark.parametrize("name", ["PIN001", "pin001", " cert-hash-match "])
def test_a_check_is_found_by_id_and_by_slug(name: str) -> None:
    assert find(name).id == "PIN001"


@pytest.mark.parametrize(("name", "hint"), [("PIN01", "PIN001"), ("cert-hash", "CFG006"), ("nonsense", "explain")])
def test_an_unknown_name_lists_the_closest(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        find(name)


@each_check
def test_explain_has_all_variants_once(check: AnyCheck) -> None:
    assert set(check.fix) == {fix for guide in guides(check).values() for fix in guide.fix}
    assert len(set(check.fix)) == len(check.fix)
    assert set(check.next) == {command for guide in guides(check).values() for command in guide.next}
    assert set(lines(check.logs)) == {line for guide in guides(check).values() for line in lines(guide.logs)}
