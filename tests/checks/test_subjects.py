"""What checks are applied to."""

from __future__ import annotations

import pytest

from tests.checks.evidence_builder import ADDRESS, SECOND, flight, flights, gateway_run, resolved, run, unresolved
from vpnprobe.checks import subjects
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.target import Persona


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("192.0.2.7", "192.0.2.7:443"),
        ("192.0.2.7:8443", "192.0.2.7:8443"),
        ("2001:db8::7", "[2001:db8::7]:443"),
        ("[2001:db8::7]:443", "[2001:db8::7]:443"),
        ("", ""),
    ],
)
def test_an_address_is_named_with_its_port(address: str, label: str) -> None:
    assert subjects.endpoint_label(run(), address) == label


def test_addresses_that_were_never_dialled_are_there_too() -> None:
    evidence = run(resolution=resolved("192.0.2.7", "192.0.2.8"))
    assert [subject.label for subject in subjects.addresses(evidence)] == [ADDRESS, SECOND]


def test_without_an_address_the_gateway_stands_for_all() -> None:
    evidence = run(**unresolved())
    for find in (subjects.addresses, subjects.own_hellos, subjects.leaves, subjects.handshakes, subjects.logins):
        (subject,) = find(evidence)
        assert (subject.label, subject.address) == ("vpn.example.com:443", None)


def test_in_a_gateway_probe_every_phone_is_a_subject_and_a_client_that_is_none_is_not() -> None:
    labels = [subject.label for subject in subjects.own_hellos(gateway_run())]
    assert labels == [f"7962G at {ADDRESS}", f"8811 at {ADDRESS}"]


def test_the_comparison_client_is_a_subject_where_it_was_asked_for() -> None:
    evidence = gateway_run(persona=Persona(profile="modern"), first_flights=(flight("modern"), *flights()[1:]))
    assert [subject.hello for subject in subjects.own_hellos(evidence)] == ["modern"]


def test_a_leaf_that_the_phone_asked_for_is_given_too_is_its_leaf() -> None:
    """Else its faults would be taken for those of a model that nobody asked for."""
    evidence = gateway_run(
        persona=Persona(profile="8811", chosen=True), first_flights=(flight("7962G"), flight("8811"), *flights()[1:])
    )
    assert [subject.hello for subject in subjects.leaves(evidence)] == ["8811"]


def test_the_configuration_is_named_even_when_it_never_came() -> None:
    (subject,) = subjects.config_file(run(config=None))
    assert subject.label == "SEP8CB64F576113.cnf.xml"


def test_a_finding_says_which_address_it_is_about() -> None:
    """Several findings of one address must be told together without reading their labels."""
    report = judge(
        run(resolution=resolved("192.0.2.7", "192.0.2.8"), first_flights=(*flights(), *flights(address=SECOND)))
    )
    told = {finding.id: [f.address for f in report.findings if f.id == finding.id] for finding in report.findings}
    assert told["PIN001"] == told["NET002"] == [ADDRESS, SECOND]
    assert told["HSK001"] == told["LOG005"] == [ADDRESS]
    assert told["NET004"] == told["CFG005"] == [None]


def test_in_a_gateway_probe_a_finding_of_one_hello_has_its_address() -> None:
    assert {finding.address for finding in judge(gateway_run()).findings if finding.id == "TLS001"} == {ADDRESS}
