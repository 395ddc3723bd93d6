"""Console logs: their order, their records, and no secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.phone_web import samples
from vpnprobe.wire.phone_web.console_log import (
    MAX_EVENTS,
    MAX_LOGS,
    MAX_RECORD,
    find_logs,
    read_log,
    without_secrets,
)
from vpnprobe.wire.phone_web.page import parse_page


def test_logs_of_a_7962g_in_the_order_in_which_they_were_written() -> None:
    index = find_logs(parse_page(samples.CONSOLE_7962G))
    assert index.paths == tuple(f"/FS/cache/log{number}" for number in range(178, 183))
    assert index.others == ("/FS/cache/fsck.fd0a.log", "/FS/cache/fsck.f11a.log")


def test_numbers_are_no_texts() -> None:
    page = parse_page(b"<a href='/FS/cache/log10.log'>a</a><a href='/FS/cache/log9.log'>b</a>")
    assert find_logs(page).paths == ("/FS/cache/log9.log", "/FS/cache/log10.log")


def test_messages_grow_older_with_their_number() -> None:
    page = parse_page(b"<p>/FS/messages /FS/messages.2 /FS/messages.0 /FS/messages.1 /FS/old.tar.gz")
    index = find_logs(page)
    assert index.paths == ("/FS/messages.2", "/FS/messages.1", "/FS/messages.0", "/FS/messages")
    assert index.others == ("/FS/old.tar.gz",)


@pytest.mark.parametrize(
    "href", ["http://evil.example/FS/cache/log1", "//evil.example/FS/cache/log1", "/etc/passwd", "/FS/../log1", "log1"]
)
def test_only_paths_of_logs_are_taken(href: str) -> None:
    assert find_logs(parse_page(f"<a href='{href}'>x</a>".encode())).paths == ()


def test_the_newest_of_too_many_logs() -> None:
    page = parse_page("".join(f"<p>/FS/cache/log{number}" for number in range(100, 100 + MAX_LOGS + 3)).encode())
    paths = find_logs(page).paths
    assert len(paths) == MAX_LOGS
    assert paths[-1] == f"/FS/cache/log{100 + MAX_LOGS + 2}"


def test_records_of_a_7962g() -> None:
    log = read_log(samples.LOG_7962G)
    assert log.lines == 15
    assert log.records == 9
    assert log.events[0] == (
        "902: NOT 10:19:27.155936 VPNC: ssl_state_cb: TLSv1: SSL_connect: before/connect initialization"
    )
    assert log.events[-2].endswith("set_login_state: VPNC : 1 (LoggingIn) --> 3 (LoginFailed)")
    assert log.events[-1].endswith("notify code: 37 [SslAlertSrvrCert]")
    assert any("Leaf cert hash = 1289B8A7" in event for event in log.events)
    assert not any("JVM" in event for event in log.events)


def test_records_of_an_8861() -> None:
    log = read_log(samples.LOG_8861)
    assert log.records == 5
    assert [event.partition(" ")[0] for event in log.events] == ["3287", "3333", "3344"]


def test_a_line_without_a_record_before_it_is_nobody_s() -> None:
    assert read_log(b"the end of a record\n903: NOT 10:19:27.1 VPNC: x").events == ("903: NOT 10:19:27.1 VPNC: x",)


def test_long_and_many_records_are_cut() -> None:
    record = b"1: NOT 10:19:27.1 VPNC: " + b"a" * 5000 + b"\n" + b"b" * 5000 + b"\n"
    log = read_log(record * (MAX_EVENTS + 3))
    assert len(log.events) == MAX_EVENTS
    assert {len(event) for event in log.events} == {MAX_RECORD}
    assert log.records == MAX_EVENTS + 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("VPNC: password=hunter2 user=bob", "VPNC: password=[removed] user=bob"),
        ("Cookie: webvpn=abc@def; x=y", "Cookie: [removed]"),
        ("Set-Cookie: webvpn=abc; secure", "Set-Cookie: [removed]"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: [removed]"),
        ("webvpncontext=00@Phone", "webvpncontext=[removed]"),
        ("http://admin:pw@cucm/x?password=1", "http://[removed]@cucm/x?password=[removed]"),
        ("sshPassword : secret", "sshPassword : [removed]"),
        ("the password is wrong", "the password is wrong"),
        ("session id = 42", "session id = [removed]"),
        ("opinion: all fine", "opinion: all fine"),
    ],
)
def test_secrets(text: str, expected: str) -> None:
    assert without_secrets(text) == expected


@pytest.mark.parametrize("text", [b"a-", b"a://", b"password ", b"webvpn", b"cookie", b"CTL "])
def test_a_log_that_is_made_to_be_slow_to_search(text: bytes) -> None:
    record = b"902: NOT 10:19:27.1 VPNC: " + text * 150 + b"\n"
    assert read_log(record * 1500).records == 1500


@given(st.binary(max_size=400))
def test_anything(data: bytes) -> None:
    for start in (b"", b"902: NOT 10:19:27.1 VPNC: "):
        log = read_log(start + data)
        assert log.records <= max(log.lines, 1)
        assert all(len(event) <= MAX_RECORD + len("[removed]") * 50 for event in log.events)
