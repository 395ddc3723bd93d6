from __future__ import annotations

import re

from tests.certificates import issue
from tests.checks.evidence_builder import (
    EC,
    GATEWAY,
    HANDSHAKE_FAILURE,
    RENEWED,
    cert_hash,
    certificate_name,
    fail,
    flight,
    gateway_run,
)
from tests.render.reports import ENUMERATION, RAW
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import Enumeration
from vpnprobe.render.hello_table import HelloRow, certificate_lines, hello_rows, suite_lines


def test_a_row_for_each_hello_and_a_letter_for_each_certificate() -> None:
    evidence = gateway_run(
        first_flights=(
            flight("7962G"),
            flight("8811", EC),
            flight("modern", EC),
            flight("ec-only", None, failure=HANDSHAKE_FAILURE),
            flight("rsa-only", None, address="192.0.2.8:443", failure=fail(FailureKind.REFUSED)),
        )
    )
    rows = list(hello_rows(evidence))
    assert [(row.hello, row.letter) for row in rows] == [
        ("7962G", "A"),
        ("8811", "B"),
        ("modern", "B"),
        ("ec-only", ""),
        ("rsa-only", ""),
    ]
    assert rows[0] == HelloRow("192.0.2.7:443", "7962G", "TLS 1.0", "AES256-SHA", "A")
    assert rows[3].suite.startswith("alert handshake_failure")
    assert rows[4].address == "192.0.2.8:443"


def test_a_line_for_each_certificate_with_what_tells_them_apart() -> None:
    evidence = gateway_run(first_flights=(flight("7962G", GATEWAY), flight("8811", EC)))
    first, second = certificate_lines(evidence)
    assert first.startswith(f"A  {cert_hash(GATEWAY)}  RSA 2048, self-signed, to 2044-01-01, ")
    assert second.startswith(f"B  {cert_hash(EC)}  EC 256, self-signed, to 2044-01-01, ")
    assert first.endswith("CN=vpn.example.com")


def test_certificates_that_cannot_be_read_are_listed_all_the_same() -> None:
    broken = b"\x30\x03\x02\x01\x01"
    name = certificate_name(broken)
    evidence = gateway_run(first_flights=(flight(shown=(broken,)),), certificates={name: broken})
    [line] = certificate_lines(evidence)
    assert "unknown key, to unknown, unreadable" in line


def test_more_certificates_than_letters() -> None:
    shown = [issue(cn=f"gateway {number}", serial=100 + number) for number in range(28)]
    evidence = gateway_run(
        first_flights=tuple(flight(shown=one) for one in shown),
        certificates={certificate_name(one.der): one.der for one in shown},
    )
    letters = [line.split()[0] for line in certificate_lines(evidence)]
    assert letters[25:] == ["Z", "#26", "#27"]
    assert [row.letter for row in hello_rows(evidence)] == letters


def test_names_of_a_peer_are_escaped() -> None:
    hostile = issue(cn=RAW)
    evidence = gateway_run(
        first_flights=(flight(shown=hostile, address=RAW),), certificates={certificate_name(hostile.der): hostile.der}
    )
    assert all(line.isprintable() for line in certificate_lines(evidence))
    assert all(text.isprintable() for row in hello_rows(evidence) for text in (row.address, row.hello, row.suite))


def test_versions_and_suites_of_an_enumeration() -> None:
    assert [re.sub(" +", " ", line) for line in suite_lines(ENUMERATION)] == [
        "SSL 3.0 no",
        "TLS 1.0 1 suite",
        " AES256-SHA (0x0035)",
        "TLS 1.2 2 suites, in the gateway's order",
        " ECDHE-RSA-AES256-GCM-SHA384 (0xC030), x25519 (29)",
        " DHE-RSA-AES128-GCM-SHA256 (0x009E), DH 1024 bits",
        "TLS 1.3 no",
    ]


def test_an_order_that_is_the_clients_or_not_known() -> None:
    for order, words in (({"769": False}, ", in the client's order"), ({}, "")):
        both = (ENUMERATION.accepted[0], ENUMERATION.accepted[0])
        [line, *_] = suite_lines(Enumeration(address="192.0.2.7:443", accepted=both, server_order=order))
        assert line == f"TLS 1.0  2 suites{words}"


def test_nothing_accepted_at_all() -> None:
    assert list(suite_lines(Enumeration(address="192.0.2.7:443"))) == []


def test_renewed_certificates_are_two() -> None:
    evidence = gateway_run(first_flights=(flight(shown=GATEWAY), flight("8811", RENEWED)))
    assert len(list(certificate_lines(evidence))) == 2
