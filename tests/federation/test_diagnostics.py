"""The numbers of ms-diagnostics, and the lines that are predicted."""

from __future__ import annotations

import pytest

from vpnprobe.federation import diagnostics


def test_numbers_are_unique_and_in_order() -> None:
    numbers = [code.number for code in diagnostics.CODES]
    assert numbers == sorted(set(numbers))


def test_every_number_says_what_it_means_and_where_that_is_from() -> None:
    assert all(code.meaning and code.source for code in diagnostics.CODES)


@pytest.mark.parametrize(("number", "check"), [(1008, "SRV001"), (1009, "DOM001"), (1010, "FCR001"), (1014, "ADR001")])
def test_the_check_that_decides_a_number(number: int, check: str) -> None:
    code = diagnostics.find_code(number)
    assert code is not None
    assert code.checks[0] == check


def test_a_number_that_is_not_known_has_no_meaning() -> None:
    assert diagnostics.meaning(1999) is None
    assert diagnostics.meaning(1008) == "the domain's SRV record was not found"


def test_1009_as_the_partner_s_client_shows_it() -> None:
    assert diagnostics.ms_diagnostics_1009("cms.steven.lab", ["vcse.sub.cms.steven.lab:5061"]) == (
        'ms-diagnostics: 1009; reason="No match for domain in DNS SRV results"; domain="cms.steven.lab"; '
        'fqdn1="vcse.sub.cms.steven.lab:5061"; source="<partner-edge>"'
    )


def test_1010_as_the_partner_s_client_shows_it() -> None:
    assert diagnostics.ms_diagnostics_1010("vcse.cms.steven.lab", "vcse.steven.lab") == (
        'ms-diagnostics: 1010; reason="Certificate trust with another server could not be established"; '
        'ErrorType="The peer certificate does not contain a matching FQDN"; tls-target="vcse.cms.steven.lab"; '
        'PeerServer="vcse.steven.lab"; HRESULT="0x80090322(SEC_E_WRONG_PRINCIPAL)"; source="<partner-edge>"'
    )


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        pytest.param(diagnostics.ms_diagnostics_1008("example.com"), '1008; reason="Unable to', id="1008"),
        pytest.param(diagnostics.ms_diagnostics_1014("sip.example.com"), "sip.example.com", id="1014"),
        pytest.param(
            diagnostics.edge_trace_1009("acano.steven.lab", ["vcse.steven.lab:5061", "b.steven.lab:5061"]),
            'Data: domain="acano.steven.lab";fqdn1="vcse.steven.lab:5061";fqdn2="b.steven.lab:5061" $$end_record',
            id="edge 1009",
        ),
        pytest.param(
            diagnostics.edge_trace_1010("vcse.acano.steven.lab", "vcse.steven.lab"),
            'expected-fqdn="vcse.acano.steven.lab";certName="vcse.steven.lab"',
            id="edge 1010",
        ),
    ],
)
def test_predicted_lines(line: str, holds: str) -> None:
    assert holds in line
