"""What is kept of a run, and which runs are alike."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from tests.checks.evidence_builder import (
    GATEWAY,
    NOW,
    RENEWED,
    THIRD_PARTY,
    flights,
    gateway_run,
    group,
    names,
    pinned,
    resolved,
    run,
    unresolved,
)
from tests.checks.federation import builder as federation
from tests.history.reports import report
from vpnprobe.checks.evaluate import judge
from vpnprobe.history.entry import (
    MAX_EVIDENCE,
    from_unix,
    from_us,
    make_entry,
    pack_evidence,
    to_unix,
    to_us,
    unpack_evidence,
)
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import SCHEMA_VERSION, Evidence


def digest(**changes: Any) -> str:
    return make_entry(judge(run(**changes))).content.digest


@pytest.mark.parametrize(
    "changes",
    [
        # Another day: "50 days left" is worded otherwise.
        {"started_at": NOW + timedelta(days=1)},
        {"duration_s": 3.0},
        {"resolution": resolved("192.0.2.7", ttl=9)},
        {"first_flights": tuple(msgspec.structs.replace(one, duration_s=1.0) for one in flights())},
    ],
    ids=lambda changes: ",".join(changes),
)
def test_runs_that_are_alike(changes: dict[str, Any]) -> None:
    assert digest(**changes) == digest()


@pytest.mark.parametrize(
    "changes",
    [
        unresolved(),
        pinned(RENEWED),
        {"first_flights": flights(rsa=RENEWED, both=RENEWED)},
        {"resolution": resolved("192.0.2.8")},
        {"interrupted": "interrupt"},
        {"started_at": datetime(2043, 12, 1, tzinfo=UTC)},
        {"credential": "none", "client_chain": ()},
        group(enable_host_id_check=1),
    ],
    ids=["no name", "other pin", "other leaf", "other address", "stopped", "expires soon", "no credential", "host ID"],
)
def test_runs_that_differ(changes: dict[str, Any]) -> None:
    assert digest(**changes) != digest()


def test_what_is_kept_of_a_run() -> None:
    one = report(duration_s=1.2345)
    entry = make_entry(one, "plant 7")
    assert (from_us(entry.started_us), entry.duration_ms) == (NOW, 1234)
    assert (entry.series.name, entry.series.label) == ("plant 7", one.target.label)
    assert entry.content.findings == one.findings
    assert {known.sha256 for known in entry.content.certificates} == set(names(GATEWAY.der))


def test_certificates_of_every_chain_once() -> None:
    shown = gateway_run(first_flights=flights(rsa=THIRD_PARTY, both=GATEWAY))
    certificates = make_entry(judge(shown)).content.certificates
    assert sorted(one.sha256 for one in certificates) == sorted(names(*THIRD_PARTY.chain_der, GATEWAY.der))
    assert all(one.subject and one.issuer and one.not_before and one.not_after for one in certificates)
    edge = make_entry(judge(federation.run())).content.certificates
    assert [one.sha256 for one in edge] == sorted(names(*federation.sent(federation.EDGE)))


def test_a_certificate_that_is_named_but_not_there_is_left_out() -> None:
    assert make_entry(judge(run(certificates={}))).content.certificates == ()


def test_a_certificate_that_is_none() -> None:
    """A peer may send anything; its name and its hash are known all the same."""
    garbage = b"\x30\x03garbage\x00"
    name = names(garbage)[0]
    evidence = run(
        first_flights=(msgspec.structs.replace(flights()[0], chain=(name,)),),
        certificates={name: garbage},
    )
    [known] = make_entry(judge(evidence)).content.certificates
    assert (known.sha256, known.subject, known.not_after) == (name, None, None)


@pytest.mark.parametrize("evidence", [run(), gateway_run(), federation.run(), run(**unresolved())])
def test_evidence_is_packed_whole(evidence: Evidence) -> None:
    packed = pack_evidence(evidence)
    assert unpack_evidence(packed, SCHEMA_VERSION) == evidence
    assert len(packed) < len(msgspec.json.encode(evidence))


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"garbage",
        pack_evidence(run())[:-1],
        pack_evidence(run())[:100],
        zlib.compress(b"{}"),
        zlib.compress(b"\xff"),
        zlib.compress(b" " * (MAX_EVIDENCE + 1)),
    ],
    ids=["nothing", "garbage", "cut", "cut early", "empty object", "no text", "bomb"],
)
def test_evidence_that_is_stored_damaged(packed: bytes) -> None:
    with pytest.raises(UsageError, match="stored damaged"):
        unpack_evidence(packed, SCHEMA_VERSION)


def test_evidence_of_another_version() -> None:
    with pytest.raises(
        UsageError, match=f"schema version {SCHEMA_VERSION + 1}, and this vpnprobe reads {SCHEMA_VERSION}"
    ):
        unpack_evidence(pack_evidence(run()), SCHEMA_VERSION + 1)


@pytest.mark.parametrize(
    "moment",
    [
        NOW,
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 11, 21, 12, 0, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ],
    ids=str,
)
def test_moments_come_back_to_the_microsecond(moment: datetime) -> None:
    assert from_us(to_us(moment)) == moment
    assert from_unix(to_unix(moment)) == moment.replace(microsecond=0)


def test_no_moment() -> None:
    assert to_unix(None) is None
    assert from_unix(None) is None
