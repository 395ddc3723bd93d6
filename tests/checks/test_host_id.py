"""The host-ID check, on and off."""

from __future__ import annotations

from typing import Any

import pytest

from tests.certificates import Identity, chain, issue
from tests.checks.evidence_builder import (
    GATEWAY,
    HOST,
    alarms,
    cert_hash,
    finding,
    flights,
    given_hash,
    group,
    kept,
    run,
    unresolved,
)
from tests.checks.table import Row, params
from vpnprobe.model.config import CertHashText, VpnUrl
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.target import Target, parse_group_url

WILDCARD = chain("*.example.com")
OTHER = chain("asa.corp.example")
BOTH_WAYS = issue(cn=HOST, dns=["www.example.com"])


def showing(identity: Identity, check: int | None, url: str = f"https://{HOST}/VPNPhone") -> Evidence:
    target = parse_group_url(url)
    shown: dict[str, Any] = group(
        enable_host_id_check=check,
        urls=(VpnUrl(1, url),),
        cert_hashes=(CertHashText(1, cert_hash(identity)),),
    )
    return run(
        target=Target(gateway=target.endpoint, group_url=target),
        certificates=kept(identity) | run().certificates,
        first_flights=flights(rsa=identity, both=identity),
        handshakes=(),
        logins=(),
        **shown,
    )


GIVEN_HASH_OF_OTHER = run(
    certificates=kept(OTHER) | run().certificates,
    first_flights=flights(rsa=OTHER, both=OTHER),
    handshakes=(),
    logins=(),
    **given_hash(OTHER),
)
BY_ADDRESS = "https://192.0.2.7/VPNPhone"

ROWS = (
    Row("HID001", "named", showing(GATEWAY, 1), "pass", "common name is the host"),
    Row("HID001", "wildcard", showing(WILDCARD, 1), "fail", "third level"),
    Row("HID001", "other-name", showing(OTHER, 1), "fail", "no name of it is the host"),
    Row("HID001", "address", showing(GATEWAY, 1, BY_ADDRESS), "fail", "192.0.2.7 against"),
    Row("HID001", "san-differs", showing(BOTH_WAYS, 1), "inconclusive", "point both ways"),
    Row("HID001", "off", showing(WILDCARD, 0), "not-applicable", "enableHostIDCheck is 0"),
    Row("HID001", "absent", showing(WILDCARD, None), "inconclusive", "absent"),
    Row("HID001", "absent-and-named", showing(GATEWAY, None), "pass", "common name is the host"),
    Row("HID001", "no-known-value", showing(WILDCARD, 2), "inconclusive", "enableHostIDCheck is 2"),
    Row("HID001", "unresolved", run(**unresolved()), "inconclusive"),
    Row("HID001", "hash-given", run(**given_hash(GATEWAY)), "not-applicable"),
    Row("HID002", "named", showing(GATEWAY, 0), "pass", "would pass"),
    Row("HID002", "wildcard", showing(WILDCARD, 0), "fail", "would fail"),
    Row("HID002", "san-differs", showing(BOTH_WAYS, 0), "inconclusive", "not known"),
    Row("HID002", "on", showing(WILDCARD, 1), "not-applicable", "HID001"),
    Row("HID002", "hash-given", run(**given_hash(GATEWAY)), "pass", "in CUCM (not known)"),
    Row("HID002", "hash-given-other-name", GIVEN_HASH_OF_OTHER, "fail", "would fail if Host ID Check is on in CUCM"),
    Row("HID002", "unresolved", run(**unresolved()), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


def test_it_is_an_alarm_only_where_the_configuration_turns_it_on() -> None:
    assert alarms(showing(WILDCARD, 1)) == {"HID001"}
    assert alarms(showing(WILDCARD, 0)) == set()


def test_the_phone_log_of_a_wildcard() -> None:
    assert finding(showing(WILDCARD, 1), "HID001").logs.phone == (
        "VPNC: DNS has wildcard, starting checks...",
        (
            "VPNC: Generic third level wildcards are not allowed, stopping checks on host=(vpn.example.com) and "
            "dns=(*.example.com)"
        ),
        "VPNC: hostID not found in subjectAltNames",
        "VPNC: hostID not found in subject name",
        "VPNC: hostIDCheck failed!!",
    )


def test_the_phone_log_of_another_name_has_no_wildcard() -> None:
    assert finding(showing(OTHER, 1), "HID001").logs.phone == (
        "VPNC: hostID not found in subjectAltNames",
        "VPNC: hostID not found in subject name",
        "VPNC: hostIDCheck failed!!",
    )
