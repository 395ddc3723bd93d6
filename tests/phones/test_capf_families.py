"""The connection table as pure data: complete, and no more than the document has."""

from __future__ import annotations

import itertools

import pytest

from vpnprobe.model.capf import Family, PhoneStack
from vpnprobe.phones.capf_families import STACK_FAMILIES, connection_row

SETS: tuple[tuple[Family, ...], ...] = (("IPv4",), ("IPv6",), ("IPv4", "IPv6"))
STACKS: tuple[PhoneStack, ...] = ("dual", "v4", "v6")
CASES = [
    (stack, phone, capf)
    for stack, phone, capf in itertools.product(STACKS, SETS, SETS)
    if set(phone) <= STACK_FAMILIES[stack]
]


def test_every_case_has_a_row_of_its_own() -> None:
    rows = [connection_row(*case) for case in CASES]
    assert sorted(row.row for row in rows if row is not None) == list(range(1, 16))


@pytest.mark.parametrize(("stack", "phone", "capf"), CASES)
def test_a_phone_connects_where_both_have_a_version(
    stack: PhoneStack, phone: tuple[Family, ...], capf: tuple[Family, ...]
) -> None:
    row = connection_row(stack, phone, capf)
    assert row is not None
    assert set(row.order) == set(phone) & set(capf)


def test_ipv6_goes_first() -> None:
    row = connection_row("dual", ("IPv4", "IPv6"), ("IPv4", "IPv6"))
    assert row is not None
    assert row.order == ("IPv6", "IPv4")


def test_the_row_that_the_document_contradicts_itself_in_says_so() -> None:
    rows = [connection_row(*case) for case in CASES]
    assert [row.row for row in rows if row is not None and row.note] == [3]


def test_addresses_that_the_stack_does_not_use_do_not_count() -> None:
    assert connection_row("v4", ("IPv4", "IPv6"), ("IPv4",)) == connection_row("v4", ("IPv4",), ("IPv4",))


@pytest.mark.parametrize(
    ("stack", "phone", "capf"), [("dual", ("IPv4",), ()), ("dual", (), ("IPv4",)), ("v6", ("IPv4",), ("IPv4",))]
)
def test_without_an_address_there_is_no_row(
    stack: PhoneStack, phone: tuple[Family, ...], capf: tuple[Family, ...]
) -> None:
    assert connection_row(stack, phone, capf) is None
