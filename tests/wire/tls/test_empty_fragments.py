"""Told by lengths alone: which records were empty before they were encrypted."""

from __future__ import annotations

import pytest

from vpnprobe.wire.tls.empty_fragments import MAX_RECORDS, DataRecords
from vpnprobe.wire.tls.record import build_records
from vpnprobe.wire.tls.registry import ContentType, Version
from vpnprobe.wire.tls.suites import find_suite

AES = "AES128-SHA"
TRIPLE_DES = "DES-CBC3-SHA"


def record(length: int, content_type: int = ContentType.application_data) -> bytes:
    return build_records(content_type, Version.TLS1_0, bytes(length), fragment=max(length, 1))


def told(
    lengths: list[int], texts: list[int], *, suite: str | None = AES, version: int | None = Version.TLS1_0
) -> bool | None:
    records = DataRecords()
    # The handshake before it, cut in the middle.
    stream = record(600, ContentType.handshake) + b"".join(record(length) for length in lengths)
    records.feed(stream[:300])
    records.feed(stream[300:])
    for text in texts:
        records.note_text(text)
    return records.has_empty(version, None if suite is None else find_suite(suite))


@pytest.mark.parametrize(
    ("lengths", "texts", "answer"),
    [
        # As OpenSSL sends texts of 1, 500, 12 and 20,000 bytes.
        pytest.param(
            [32, 32, 32, 528, 32, 48, 32, 16416, 32, 3648], [1, 500, 12, 16384, 3616], True, id="empty-before-each"
        ),
        pytest.param([32, 528, 48, 16416, 3648], [1, 500, 12, 16384, 3616], False, id="none"),
        pytest.param([32, 528], [500], True, id="one-text"),
        pytest.param([528], [500], False, id="one-text-alone"),
        pytest.param([32, 528, 32, 528], [1, 499, 1, 499], False, id="first-byte-by-itself"),
        pytest.param([528, 32, 528], [500, 500], True, id="only-later"),
        pytest.param([528, 32], [500], False, id="empty-behind"),
        pytest.param([528, 32, 528], [500], False, id="behind-not-read-yet"),
        pytest.param([32, 32], [1], None, id="too-short-to-tell"),
        pytest.param([32, 32], [11], None, id="longest-too-short"),
        pytest.param([32, 48], [12], True, id="shortest-that-tells"),
        pytest.param([528 + 16], [500], None, id="random-padding"),
        pytest.param([32, 528], [], None, id="nothing-read"),
        pytest.param([], [], None, id="nothing-came"),
    ],
)
def test_aes(lengths: list[int], texts: list[int], answer: bool | None) -> None:
    assert told(lengths, texts) is answer


def test_3des_has_shorter_blocks() -> None:
    assert told([24, 528], [500], suite=TRIPLE_DES) is True
    assert told([528], [500], suite=TRIPLE_DES) is False
    assert told([32, 528], [500], suite=TRIPLE_DES) is None


@pytest.mark.parametrize(
    ("suite", "version"),
    [
        pytest.param(AES, Version.TLS1_1, id="TLS 1.1"),
        pytest.param("AES128-SHA256", Version.TLS1_2, id="TLS 1.2"),
        pytest.param("RC4-SHA", Version.TLS1_0, id="RC4"),
        pytest.param("DES-CBC3-MD5", Version.TLS1_0, id="unknown suite"),
        pytest.param("AES128-GCM-SHA256", Version.TLS1_0, id="AEAD"),
        pytest.param(None, None, id="no handshake"),
        pytest.param(None, Version.TLS1_0, id="no suite"),
    ],
)
def test_where_it_cannot_be_told(suite: str | None, version: int | None) -> None:
    assert told([32, 528], [500], suite=suite, version=version) is None


def test_only_the_first_records_are_noted() -> None:
    records = DataRecords()
    records.feed(record(528) * MAX_RECORDS + record(32) + record(528))
    for _ in range(MAX_RECORDS + 1):
        records.note_text(500)
    assert records.has_empty(Version.TLS1_0, find_suite(AES)) is False


def test_a_stream_that_is_no_longer_tls() -> None:
    records = DataRecords()
    records.feed(record(32) + record(528) + b"HTTP/1.1")
    records.feed(b"more")
    records.note_text(500)
    assert records.has_empty(Version.TLS1_0, find_suite(AES)) is True
