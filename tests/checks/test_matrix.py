"""The certificate matrix: every cell of VP-08, observed and read back."""

from __future__ import annotations

import pytest

from tests.certificates import Identity
from tests.checks.evidence_builder import (
    ADDRESS,
    EC,
    EC_THIRD_PARTY,
    GATEWAY,
    REFUSED,
    TEMPORARY,
    TEMPORARY_EC,
    THIRD_PARTY,
    certificate_name,
    flight,
    flights,
    run,
)
from vpnprobe.checks.matrix import CLIENT_KINDS, MATRIX, Column, client_kind, read_matrix
from vpnprobe.phones import all_profiles, matrix_hellos


@pytest.mark.parametrize(
    ("rsa", "ec", "both", "column"),
    [
        pytest.param(THIRD_PARTY, None, THIRD_PARTY, "rsa-only", id="rsa-only"),
        pytest.param(GATEWAY, None, GATEWAY, "rsa-only", id="rsa-self-signed-trustpoint"),
        pytest.param(TEMPORARY, EC_THIRD_PARTY, EC_THIRD_PARTY, "ec-only", id="ec-only"),
        pytest.param(THIRD_PARTY, EC_THIRD_PARTY, EC_THIRD_PARTY, "both", id="both"),
        pytest.param(TEMPORARY, TEMPORARY_EC, TEMPORARY_EC, "none", id="none"),
        pytest.param(THIRD_PARTY, EC, EC, "rsa-only-unfixed", id="bug"),
        pytest.param(GATEWAY, EC, EC, "rsa-only-unfixed", id="bug-beside-self-signed-rsa"),
        pytest.param(None, None, None, None, id="nothing"),
        pytest.param(None, EC, THIRD_PARTY, None, id="no-asa-does-this"),
        pytest.param(EC, EC, EC, None, id="no-server-can-do-this"),
    ],
)
def test_the_column_is_read_from_what_is_given(
    rsa: Identity | None, ec: Identity | None, both: Identity | None, column: Column | None
) -> None:
    reading = read_matrix(run(first_flights=flights(rsa=rsa, ec=ec, both=both)), ADDRESS)
    assert reading.column == column
    assert [cell.client for cell in reading.cells] == list(CLIENT_KINDS)


def test_every_published_row_and_column_is_there() -> None:
    assert set(MATRIX) == {"rsa-only", "ec-only", "both", "none", "rsa-only-unfixed"}
    assert all(set(row) == set(CLIENT_KINDS) for row in MATRIX.values())


def test_the_fault_is_told_from_a_gateway_without_certificates() -> None:
    bug = read_matrix(run(first_flights=flights(ec=EC, both=EC)), ADDRESS)
    none = read_matrix(run(first_flights=flights(rsa=TEMPORARY, ec=TEMPORARY_EC, both=TEMPORARY_EC)), ADDRESS)
    assert bug.has_self_signed_ec_beside_rsa
    assert not none.has_self_signed_ec_beside_rsa


def test_the_summary_names_cells_and_column() -> None:
    reading = read_matrix(run(first_flights=flights(ec=EC, both=EC)), ADDRESS)
    assert reading.summary == (
        "RSA ciphers only: self-signed RSA certificate; EC ciphers only: self-signed EC certificate; "
        "RSA and EC ciphers: self-signed EC certificate; the interface looks configured with an RSA certificate only, "
        "on a release without CSCuu02848"
    )


def test_a_single_answer_names_no_column() -> None:
    only = read_matrix(run(first_flights=(flight("rsa-only"),)), ADDRESS)
    assert only.column is None
    assert only.cell("both").outcome == "unknown"


def test_two_answers_can_name_the_column() -> None:
    two = read_matrix(run(first_flights=(flight("rsa-only"), flight("both"))), ADDRESS)
    assert two.columns == ("rsa-only",)


def test_an_address_that_does_not_answer_is_unknown_not_refused() -> None:
    dead = tuple(flight(kind, None, failure=REFUSED) for kind in CLIENT_KINDS)
    assert {cell.outcome for cell in read_matrix(run(first_flights=dead), ADDRESS).cells} == {"unknown"}


def test_a_certificate_that_the_evidence_lacks_is_unknown() -> None:
    reading = read_matrix(run(certificates={}), ADDRESS)
    assert reading.cell("rsa-only").outcome == "unknown"


def test_cells_carry_what_names_the_certificate() -> None:
    cell = read_matrix(run(), ADDRESS).cell("rsa-only")
    assert cell.leaf == certificate_name(GATEWAY.der)
    assert cell.words == "self-signed RSA certificate"


def test_phones_belong_to_a_row() -> None:
    kinds = {profile.id: client_kind(profile.hello.suites) for profile in all_profiles() if profile.models}
    assert kinds["7962G"] == "rsa-only"
    assert kinds["8811"] == "both"
    assert all(
        (kind == "both") == profile.ec_capable for profile in all_profiles() for kind in [kinds.get(profile.id)] if kind
    )
    assert {name: client_kind(hello.suites) for name, hello in matrix_hellos().items()} == {
        kind: kind for kind in CLIENT_KINDS
    }
    assert client_kind((0x00FF,)) is None
