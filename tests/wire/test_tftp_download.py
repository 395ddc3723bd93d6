"""The client's side of a transfer, datagram by datagram. Times are invented."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnprobe.model.errors import UsageError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.wire.tftp import Address, TftpDownload, TftpLimits, TftpOptions, TftpResult
from vpnprobe.wire.tftp.download import MAX_FOREIGN_REPLIES, MAX_REPEATED_ACKS

SERVER = ("192.0.2.1", 69)
TID = ("192.0.2.1", 40000)
OTHER_TID = ("192.0.2.1", 40001)
STRANGER = ("192.0.2.66", 40000)

BLOCK = b"x" * 512
REQUEST = b"\0\1file\0octet\0"
UNKNOWN_TRANSFER_ID = b"\0\5\0\5Unknown transfer ID\0"
ILLEGAL_OPERATION = b"\0\5\0\4Illegal TFTP operation\0"
NEGOTIATION_FAILED = b"\0\5\0\x08Failed to negotiate options\0"
TOO_LARGE = b"\0\5\0\3Disk full or allocation exceeded\0"


def data(block: int, payload: bytes = BLOCK) -> bytes:
    return b"\0\3" + block.to_bytes(2, "big") + payload


def ack(block: int) -> bytes:
    return b"\0\4" + block.to_bytes(2, "big")


def oack(**options: object) -> bytes:
    return b"\0\6" + b"".join(f"{name}\0{value}\0".encode() for name, value in options.items())


def error(code: int, text: str = "") -> bytes:
    return b"\0\5" + code.to_bytes(2, "big") + text.encode() + b"\0"


class Transfer:
    """A started download whose clock stands still until it is told otherwise. Waits are 1, 2 and 4 seconds."""

    def __init__(
        self,
        options: TftpOptions | None = None,
        limits: TftpLimits | None = None,
        *,
        server: Address = SERVER,
        deadline: float = 1000.0,
    ) -> None:
        self.now = 0.0
        self.download = TftpDownload(
            server,
            "file",
            timeout=7.0,
            deadline=deadline,
            options=options or TftpOptions(),
            limits=limits or TftpLimits(tries=3),
        )
        self.request = self.download.start(self.now)

    def receive(self, datagram: bytes, addr: Address = TID) -> list[tuple[bytes, Address]]:
        self.download.receive(datagram, addr, self.now)
        return self.download.to_send()

    def wait(self) -> list[tuple[bytes, Address]]:
        """Let time pass until the download wants to be woken."""
        deadline = self.download.deadline()
        assert deadline is not None
        assert deadline > self.now
        self.now = deadline
        self.download.timer(self.now)
        return self.download.to_send()

    @property
    def result(self) -> TftpResult:
        assert self.download.done
        assert self.download.deadline() is None
        assert self.download.result is not None
        return self.download.result

    @property
    def end(self) -> tuple[str, FailureKind | None]:
        return self.result.outcome, self.result.failure.kind if self.result.failure else None


# The plain transfer.


@pytest.mark.parametrize(
    ("sizes", "total"),
    [
        pytest.param([0], 0, id="empty-file"),
        pytest.param([511], 511, id="one-short-block"),
        pytest.param([512, 0], 512, id="one-full-block"),
        pytest.param([512, 512, 1], 1025, id="three-blocks"),
    ],
)
def test_a_file_without_options(sizes: list[int], total: int) -> None:
    transfer = Transfer()
    assert transfer.request == REQUEST
    assert transfer.download.peer == SERVER
    for number, size in enumerate(sizes, 1):
        assert not transfer.download.done
        assert transfer.receive(data(number, b"x" * size)) == [(ack(number), TID)]
    assert transfer.result == TftpResult(outcome="received", data=b"x" * total, peer=TID, size=total, blocks=len(sizes))


def test_each_datagram_is_given_out_once() -> None:
    transfer = Transfer()
    assert transfer.receive(data(1)) == [(ack(1), TID)]
    assert transfer.download.to_send() == []


def test_what_comes_after_the_end_changes_nothing() -> None:
    transfer = Transfer()
    transfer.receive(data(1, b"a"))
    before = transfer.result
    assert transfer.receive(data(1, b"b")) == []
    assert transfer.receive(data(2, b"b")) == []
    assert transfer.receive(data(1, b"b"), STRANGER) == []
    transfer.download.timer(99.0)
    transfer.download.unreachable(Failure(kind=FailureKind.REFUSED))
    assert transfer.download.to_send() == []
    assert transfer.result is before


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (0, "server-error"),
        (1, "not-found"),
        (2, "refused"),
        (3, "server-error"),
        (8, "server-error"),
        (999, "server-error"),
    ],
)
def test_errors_of_the_server(code: int, outcome: str) -> None:
    transfer = Transfer()
    assert transfer.receive(error(code, "No such \x1b[31mfile")) == []
    assert transfer.result == TftpResult(
        outcome=outcome,  # type: ignore[arg-type]  # a table of literals is a table of str
        failure=Failure(kind=FailureKind.SERVER_ERROR, code=code, detail="No such \x1b[31mfile"),
        error_code=code,
        error_text="No such \x1b[31mfile",
        peer=TID,
    )


def test_an_error_in_the_middle_keeps_the_count_but_not_the_part() -> None:
    transfer = Transfer()
    transfer.receive(data(1))
    transfer.receive(error(0, "disk died"))
    assert (transfer.result.outcome, transfer.result.data) == ("server-error", None)
    assert (transfer.result.size, transfer.result.blocks) == (512, 1)


# Options.


def test_every_option_in_force() -> None:
    transfer = Transfer(TftpOptions(blksize=1024, tsize=0, timeout=3, windowsize=2))
    assert transfer.request == b"\0\1file\0octet\0blksize\x001024\0tsize\x000\0timeout\x003\0windowsize\x002\0"
    assert transfer.receive(oack(BLKSIZE=1000, TSize=2500, timeout=3, windowsize=2)) == [(ack(0), TID)]
    assert transfer.receive(data(1, b"a" * 1000)) == []
    assert transfer.receive(data(2, b"b" * 1000)) == [(ack(2), TID)]
    assert transfer.receive(data(3, b"c" * 500)) == [(ack(3), TID)]
    assert transfer.result.data == b"a" * 1000 + b"b" * 1000 + b"c" * 500
    assert transfer.result.options == TftpOptions(blksize=1000, tsize=2500, timeout=3, windowsize=2)


def test_a_server_may_ignore_the_offer() -> None:
    transfer = Transfer(TftpOptions(blksize=1024, windowsize=4))
    assert transfer.receive(data(1)) == [(ack(1), TID)]
    assert transfer.receive(data(2, b"")) == [(ack(2), TID)]
    assert transfer.result.options == TftpOptions()


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        pytest.param(TftpOptions(), oack(blksize=512), id="nothing-was-offered"),
        pytest.param(TftpOptions(), b"\0\6", id="nothing-was-offered-and-nothing-answered"),
        pytest.param(TftpOptions(tsize=0), oack(blksize=512), id="something-else"),
        pytest.param(TftpOptions(blksize=1024), oack(blksize=1025), id="larger-block"),
        pytest.param(TftpOptions(windowsize=2), oack(windowsize=3), id="larger-window"),
    ],
)
def test_an_answer_that_the_offer_does_not_allow(offer: TftpOptions, answer: bytes) -> None:
    transfer = Transfer(offer)
    assert transfer.receive(answer) == [(NEGOTIATION_FAILED, TID)]
    assert transfer.end == ("malformed", FailureKind.MALFORMED)
    assert transfer.result.failure
    assert "OACK" in transfer.result.failure.detail


def test_a_repeated_oack_is_acknowledged_until_data_flows() -> None:
    transfer = Transfer(TftpOptions(blksize=512))
    transfer.receive(oack(blksize=512))
    assert transfer.receive(oack(blksize=512)) == [(ack(0), TID)]
    transfer.receive(data(1))
    assert transfer.receive(oack(blksize=512)) == []
    assert not transfer.download.done


def test_a_block_larger_than_agreed() -> None:
    transfer = Transfer(TftpOptions(blksize=1024))
    assert transfer.receive(data(1, b"x" * 1024)) == [(ILLEGAL_OPERATION, TID)]
    assert transfer.end == ("malformed", FailureKind.MALFORMED)
    assert transfer.result.size == 0


# The transfer ID.


def test_another_host_cannot_begin_the_transfer() -> None:
    transfer = Transfer()
    assert transfer.receive(data(1, b"forged"), STRANGER) == [(UNKNOWN_TRANSFER_ID, STRANGER)]
    transfer.receive(data(1, b"true"))
    assert (transfer.result.data, transfer.result.peer, transfer.result.foreign) == (b"true", TID, 1)


@pytest.mark.parametrize("addr", [STRANGER, OTHER_TID, SERVER], ids=["another-host", "another-port", "port-asked"])
@pytest.mark.parametrize(
    "forged",
    [data(2, b"forged"), data(1, b"forged"), oack(blksize=8), b"", b"\xff\xff"],
    ids=["data", "old-data", "oack", "empty", "garbage"],
)
def test_nobody_else_can_join_it(addr: Address, forged: bytes) -> None:
    transfer = Transfer()
    transfer.receive(data(1))
    assert transfer.receive(forged, addr) == [(UNKNOWN_TRANSFER_ID, addr)]
    transfer.receive(data(2, b"true"))
    assert (transfer.result.data, transfer.result.foreign) == (BLOCK + b"true", 1)
    assert transfer.result.foreign_same_host == (addr != STRANGER)


def test_a_strangers_error_is_neither_believed_nor_answered() -> None:
    transfer = Transfer()
    transfer.receive(data(1))
    assert transfer.receive(error(1, "File not found"), STRANGER) == []
    transfer.receive(data(2, b""))
    assert (transfer.result.outcome, transfer.result.foreign) == ("received", 1)


def test_a_flood_of_strangers_is_answered_a_few_times() -> None:
    transfer = Transfer()
    answers = [transfer.receive(data(1, b"forged"), ("192.0.2.66", port)) for port in range(1000, 1100)]
    assert sum(map(len, answers)) == MAX_FOREIGN_REPLIES
    transfer.receive(data(1, b"true"))
    assert (transfer.result.data, transfer.result.foreign) == (b"true", 100)


def test_strangers_do_not_put_the_end_off() -> None:
    transfer = Transfer()
    ends = []
    while not transfer.download.done:
        transfer.receive(data(1, b"forged"), STRANGER)
        transfer.wait()
        ends.append(transfer.now)
    assert ends == [1.0, 3.0, 7.0]


def test_the_same_link_local_address_on_another_link_is_another_host() -> None:
    transfer = Transfer(server=("fe80::1", 69, 0, 2))
    assert transfer.receive(data(1, b"forged"), ("fe80::1", 4000, 0, 3)) == [
        (UNKNOWN_TRANSFER_ID, ("fe80::1", 4000, 0, 3))
    ]
    transfer.receive(data(1, b"true"), ("fe80::1", 4000, 0, 2))
    assert (transfer.result.data, transfer.result.peer) == (b"true", ("fe80::1", 4000))


def test_the_second_answer_to_a_repeated_request_is_not_foreign() -> None:
    transfer = Transfer()
    assert transfer.wait() == [(REQUEST, SERVER)]
    transfer.receive(data(1))
    assert transfer.receive(data(1), OTHER_TID) == [(UNKNOWN_TRANSFER_ID, OTHER_TID)]
    assert transfer.receive(oack(), OTHER_TID) == [(UNKNOWN_TRANSFER_ID, OTHER_TID)]
    for forged, addr in ((data(1), STRANGER), (data(2), OTHER_TID)):
        transfer.receive(forged, addr)
    transfer.receive(data(2, b""))
    assert (transfer.result.foreign, transfer.result.retransmissions) == (2, 1)


# Loss and duplicates.


def test_silence_from_the_start() -> None:
    transfer = Transfer()
    assert [transfer.wait() for _ in range(3)] == [[(REQUEST, SERVER)], [(REQUEST, SERVER)], []]
    assert transfer.now == 7.0
    assert transfer.end == ("timeout", FailureKind.TIMEOUT)
    assert (transfer.result.retransmissions, transfer.result.peer) == (2, None)


def test_silence_in_the_middle() -> None:
    transfer = Transfer()
    transfer.now = 100.0
    transfer.receive(data(1))
    assert [transfer.wait() for _ in range(3)] == [[(ack(1), TID)], [(ack(1), TID)], []]
    assert transfer.now == 107.0
    assert transfer.end == ("truncated", FailureKind.TIMEOUT)
    assert (transfer.result.data, transfer.result.size, transfer.result.blocks) == (None, 512, 1)


def test_silence_after_the_oack() -> None:
    transfer = Transfer(TftpOptions(tsize=0))
    transfer.receive(oack(tsize=5))
    assert [transfer.wait() for _ in range(3)] == [[(ack(0), TID)], [(ack(0), TID)], []]
    assert transfer.end == ("truncated", FailureKind.TIMEOUT)


def test_the_timer_does_nothing_before_its_time() -> None:
    transfer = Transfer()
    transfer.download.timer(0.999)
    assert transfer.download.to_send() == []


def test_progress_gives_every_packet_its_own_tries() -> None:
    transfer = Transfer()
    for number in range(1, 20):
        transfer.receive(data(number))
        transfer.wait()
        transfer.wait()
    transfer.receive(data(20, b""))
    assert (transfer.result.outcome, transfer.result.retransmissions) == ("received", 38)


def test_a_duplicate_of_the_last_block_is_acknowledged_again() -> None:
    transfer = Transfer()
    transfer.receive(data(1))
    assert transfer.receive(data(1)) == [(ack(1), TID)]
    transfer.receive(data(2, b""))
    assert transfer.result.size == 512


def test_a_duplicate_of_an_older_block_is_not() -> None:
    transfer = Transfer()
    for number in (1, 2, 3):
        transfer.receive(data(number))
    assert transfer.receive(data(1)) == []
    assert transfer.receive(data(2)) == []
    assert transfer.receive(data(3)) == [(ack(3), TID)]


def test_every_block_may_come_twice() -> None:
    transfer = Transfer()
    for number in range(1, 3 * MAX_REPEATED_ACKS):
        assert transfer.receive(data(number)) == [(ack(number), TID)]
        assert transfer.receive(data(number)) == [(ack(number), TID)]


def test_a_server_that_repeats_at_every_ack() -> None:
    transfer = Transfer()
    transfer.receive(data(1))
    answers = [transfer.receive(data(1)) for _ in range(100)]
    assert sum(map(len, answers)) == MAX_REPEATED_ACKS
    while not transfer.download.done:
        transfer.wait()
        transfer.receive(data(1))
    assert transfer.now == 7.0
    assert transfer.end == ("malformed", FailureKind.MALFORMED)


@pytest.mark.parametrize("number", [0, 2, 7, 32767], ids=str)
def test_a_wrong_number_is_remembered_if_nothing_better_comes(number: int) -> None:
    transfer = Transfer(TftpOptions(tsize=0))
    transfer.receive(oack(tsize=9))
    assert transfer.receive(data(number)) == []
    while not transfer.download.done:
        transfer.wait()
    assert transfer.end == ("malformed", FailureKind.MALFORMED)
    assert transfer.result.failure
    assert transfer.result.failure.detail == f"block {number} where 1 was due"
    assert transfer.result.size == 0


def test_a_straggler_is_no_wrong_number() -> None:
    transfer = Transfer()
    for number in (1, 2, 3, 1):
        transfer.receive(data(number))
    while not transfer.download.done:
        transfer.wait()
    assert transfer.end == ("truncated", FailureKind.TIMEOUT)


def test_a_wrong_number_is_forgotten_when_the_right_one_comes() -> None:
    transfer = Transfer()
    transfer.receive(data(1))
    transfer.receive(data(9))
    transfer.receive(data(2))
    while not transfer.download.done:
        transfer.wait()
    assert transfer.end == ("truncated", FailureKind.TIMEOUT)


@pytest.mark.parametrize("after", [0, 1], ids=["to-0", "to-1"])
def test_block_numbers_roll_over(after: int) -> None:
    transfer = Transfer(TftpOptions(blksize=8))
    transfer.receive(oack(blksize=8))
    for number in range(1, 65536):
        assert transfer.receive(data(number, b"12345678")) == [(ack(number), TID)]
    assert transfer.receive(data(after, b"abcdefgh")) == [(ack(after), TID)]
    assert transfer.receive(data(after + 1, b"end")) == [(ack(after + 1), TID)]
    assert transfer.result.data == b"12345678" * 65535 + b"abcdefghend"
    assert transfer.result.blocks == 65537


# Windows (RFC 7440).


def window(size: int) -> Transfer:
    transfer = Transfer(TftpOptions(windowsize=size))
    assert transfer.receive(oack(windowsize=size)) == [(ack(0), TID)]
    return transfer


def test_a_gap_is_reported_at_once_and_once() -> None:
    transfer = window(4)
    assert transfer.receive(data(1)) == []
    assert transfer.receive(data(3)) == [(ack(1), TID)]
    assert transfer.receive(data(4)) == []
    for number, answer in ((2, []), (3, []), (4, []), (5, [(ack(5), TID)])):
        assert transfer.receive(data(number)) == answer


def test_a_lost_end_of_the_window() -> None:
    transfer = window(4)
    transfer.receive(data(1))
    transfer.receive(data(2))
    assert transfer.wait() == [(ack(2), TID)]
    assert [transfer.receive(data(number)) for number in (3, 4, 5, 6)] == [[], [], [], [(ack(6), TID)]]


def test_a_window_that_comes_again_is_acknowledged_once() -> None:
    transfer = window(2)
    transfer.receive(data(1))
    transfer.receive(data(2))
    assert transfer.receive(data(1)) == []
    assert transfer.receive(data(2)) == [(ack(2), TID)]


def test_after_65535_a_1_in_a_window_is_a_gap() -> None:
    transfer = Transfer(TftpOptions(blksize=8, windowsize=65535))
    transfer.receive(oack(blksize=8, windowsize=65535))
    for number in range(1, 65536):
        transfer.receive(data(number, b"12345678"))
    assert transfer.receive(data(1, b"12345678")) == [(ack(65535), TID)]
    assert transfer.receive(data(0, b"")) == [(ack(0), TID)]
    assert transfer.result.blocks == 65536


# Limits.


def test_a_file_as_large_as_the_cap() -> None:
    transfer = Transfer(limits=TftpLimits(max_bytes=1024))
    for number in (1, 2):
        transfer.receive(data(number))
    transfer.receive(data(3, b""))
    assert (transfer.result.outcome, transfer.result.size) == ("received", 1024)


def test_a_file_larger_than_the_cap() -> None:
    transfer = Transfer(limits=TftpLimits(max_bytes=1024))
    for number in (1, 2):
        transfer.receive(data(number))
    assert transfer.receive(data(3, b"x")) == [(TOO_LARGE, TID)]
    assert transfer.end == ("too-large", FailureKind.TOO_MUCH)
    assert (transfer.result.size, transfer.result.data) == (1024, None)


@pytest.mark.parametrize(("size", "accepted"), [(1024, True), (1025, False)])
def test_an_announced_size_is_refused_before_the_first_block(size: int, accepted: bool) -> None:
    transfer = Transfer(TftpOptions(tsize=0), TftpLimits(max_bytes=1024))
    assert transfer.receive(oack(tsize=size)) == [(ack(0) if accepted else TOO_LARGE, TID)]
    assert transfer.download.done is not accepted
    if not accepted:
        assert transfer.end == ("too-large", FailureKind.TOO_MUCH)
        assert transfer.result.options == TftpOptions(tsize=1025)


def test_a_dripping_server_meets_the_deadline() -> None:
    transfer = Transfer(deadline=60.0)
    number = 0
    while not transfer.download.done:
        number += 1
        transfer.now += 0.9
        transfer.receive(data(number))
        assert number < 100
    assert transfer.end == ("truncated", FailureKind.DEADLINE)
    assert transfer.now < 61.0


def test_the_deadline_comes_before_the_timeout() -> None:
    transfer = Transfer(deadline=2.5)
    while not transfer.download.done:
        transfer.wait()
    assert transfer.now == 2.5
    assert transfer.end == ("timeout", FailureKind.DEADLINE)


@pytest.mark.parametrize("timeout", [0.0, -1.0])
def test_a_timeout_of_nothing(timeout: float) -> None:
    with pytest.raises(UsageError):
        TftpDownload(SERVER, "file", timeout=timeout, deadline=1.0)


def test_no_tries() -> None:
    with pytest.raises(UsageError):
        TftpDownload(SERVER, "file", timeout=1.0, deadline=1.0, limits=TftpLimits(tries=0))


# Answers that are none, and no answers.


@pytest.mark.parametrize(
    "datagram",
    [b"", b"\0", b"\0\3\0", ack(1), b"\0\1a\0octet\0", b"\0\6x"],
    ids=["empty", "1", "3", "ack", "rrq", "oack"],
)
def test_garbage_from_the_peer_ends_the_transfer(datagram: bytes) -> None:
    transfer = Transfer()
    transfer.receive(data(1))
    assert transfer.receive(datagram) == [(ILLEGAL_OPERATION, TID)]
    assert transfer.end == ("malformed", FailureKind.MALFORMED)


@pytest.mark.parametrize("datagram", [b"HTTP/1.1 400\r\n", b"", data(2)], ids=["http", "empty", "block-2"])
def test_garbage_before_the_first_block_may_be_somebody_elses(datagram: bytes) -> None:
    transfer = Transfer()
    assert transfer.receive(datagram) == []
    transfer.receive(data(1, b"true"))
    assert transfer.result.data == b"true"


@pytest.mark.parametrize("datagram", [b"HTTP/1.1 400\r\n", b"", data(2)], ids=["http", "empty", "block-2"])
def test_nothing_but_garbage_is_malformed(datagram: bytes) -> None:
    transfer = Transfer()
    transfer.receive(datagram)
    while not transfer.download.done:
        transfer.wait()
    assert transfer.now == 7.0
    assert transfer.end == ("malformed", FailureKind.MALFORMED)
    assert transfer.result.peer is None


@pytest.mark.parametrize("kind", [FailureKind.REFUSED, FailureKind.UNREACHABLE, FailureKind.LOCAL])
def test_unreachable(kind: FailureKind) -> None:
    transfer = Transfer()
    transfer.download.unreachable(Failure(kind=kind))
    assert transfer.end == ("unreachable", kind)
    assert (transfer.result.peer, transfer.result.size) == (None, 0)


@pytest.mark.parametrize("kind", [FailureKind.REFUSED, FailureKind.UNREACHABLE, FailureKind.LOCAL])
def test_unreachable_in_the_middle(kind: FailureKind) -> None:
    transfer = Transfer()
    transfer.receive(data(1))
    transfer.download.unreachable(Failure(kind=kind))
    assert transfer.end == ("truncated", kind)
    assert (transfer.result.peer, transfer.result.size) == (TID, 512)


# Anything at all.

_NUMBERS = st.integers(0, 4) | st.integers(65533, 65535)
_DATAGRAMS = st.one_of(
    st.binary(max_size=12),
    st.builds(data, _NUMBERS, st.sampled_from([b"", b"x" * 8, b"x" * 16, BLOCK])),
    st.builds(error, st.integers(0, 9), st.text(max_size=4)),
    st.builds(lambda size, width: oack(blksize=size, windowsize=width), st.integers(7, 17), st.integers(0, 4)),
    st.just(oack(tsize=1)),
)
_STEPS = st.one_of(
    st.tuples(st.just("receive"), _DATAGRAMS, st.sampled_from([TID, TID, TID, OTHER_TID, STRANGER])),
    st.tuples(st.just("wait"), st.just(b""), st.just(TID)),
)


@settings(deadline=None)
@given(
    st.lists(_STEPS, max_size=60),
    st.sampled_from([TftpOptions(), TftpOptions(blksize=16, tsize=0, windowsize=3)]),
)
def test_any_sequence_ends_in_time_and_under_the_cap(
    steps: list[tuple[str, bytes, Address]], options: TftpOptions
) -> None:
    cap = 1200
    transfer = Transfer(options, TftpLimits(max_bytes=cap, tries=3), deadline=50.0)
    for action, datagram, addr in steps:
        if transfer.download.done:
            break
        if action == "wait":
            transfer.wait()
        else:
            transfer.receive(datagram, addr)
    while not transfer.download.done:
        transfer.wait()
    result = transfer.result
    assert transfer.now <= 50.0
    assert result.size <= cap
    assert (result.data is not None) == (result.outcome == "received") == (result.failure is None)
    assert len(result.data or b"") in (0, result.size)
