"""Nothing hangs, nothing swells, and no byte of a peer reaches the terminal raw."""

from __future__ import annotations

import functools
import time
import tracemalloc
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.certificates import issue
from tests.cli.driving import CERT_HASH, MAC, NOWHERE, CommandLine, Ended
from tests.stand_ins import (
    LOOPBACK,
    RecordingGateway,
    in_background,
    lab_in_background,
    listening,
    listening_udp,
)
from vpnprobe.cli.exitcodes import CRITICAL
from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.hostile import (
    CONTROL_TEXT,
    EndlessChain,
    EndlessTftp,
    Redirects,
    control_headers,
    endless_body,
    endless_headers,
)
from vpnprobe.lab.http import Request, response
from vpnprobe.lab.listening import DATAGRAM, Address, DatagramServer, Handler, bound_sockets
from vpnprobe.lab.scenario import Certificate, ConfigServer
from vpnprobe.lab.signed_files import signed_file
from vpnprobe.lab.tftp import tftp_server

# One step may take half a second, and the whole run a few: no peer can make it longer.
DEADLINE_S = 6.0
LIMITS = ("--timeout", "0.5", "--deadline", str(DEADLINE_S))
# For what a busy machine may need long for: a file of 8,000 packets.
PATIENT_S = 60.0
# What run and peer together may hold in memory at their height: some peers keep a message of 16 MB for each connection,
# and all would send hundreds of megabytes.
MEMORY = 128 << 20


@pytest.fixture
def bounded(cli: CommandLine) -> Callable[..., Ended]:
    """Run the command line; fails where it takes longer than its deadline, or far more memory than the answers need."""

    def run(*arguments: str | Path, deadline: float = DEADLINE_S) -> Ended:
        tracemalloc.start()
        began = time.monotonic()
        try:
            ended = cli(*arguments, *LIMITS, "--deadline", str(deadline))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert time.monotonic() - began < deadline + 2
        assert peak < MEMORY
        assert ended.err == ""
        return ended

    return run


def phone(url: str, *more: str) -> tuple[str, ...]:
    return ("phone", "--group-url", url, "--mac", MAC, *more)


# --- the first flight ---


@pytest.mark.parametrize("scenario", ["port-silent", "half-open-record", "slow-drip"])
def test_a_gateway_that_does_not_finish(bounded: Callable[..., Ended], scenario: str) -> None:
    with lab_in_background(scenario) as lab:
        ended = bounded(*lab.arguments, "--json")
    assert (ended.code, ended.json["interrupted"], ended.json["cause"]) == (CRITICAL, None, "TLS004")
    for flight in ended.json["evidence"]["first_flights"]:
        assert flight["failure"]["kind"] == "timeout"


@pytest.mark.parametrize("one_message", [False, True], ids=["messages without end", "one message of 16 MB"])
def test_a_chain_without_end(bounded: Callable[..., Ended], one_message: bool) -> None:
    gateway = EndlessChain(issue(cn="again and again").der, one_message=one_message)
    with in_background(listening(gateway.serve)) as port:
        ended = bounded(*phone(f"https://127.0.0.1:{port}/x", "--cert-hash", CERT_HASH), "--json")
    assert (ended.code, ended.json["interrupted"]) == (CRITICAL, None)
    for flight in ended.json["evidence"]["first_flights"]:
        assert flight["failure"]["kind"] in ("too-much", "malformed")


# --- the configuration server ---


@dataclass
class HostileServer:
    """A configuration server at work, and the options that name it."""

    tftp_port: int
    http_port: int

    @property
    def options(self) -> tuple[str, ...]:
        return ("--tftp", f"127.0.0.1:{self.tftp_port}", "--http-port", str(self.http_port))


@asynccontextmanager
async def config_server(tftp: DatagramServer, http: Handler) -> AsyncIterator[HostileServer]:
    async with listening_udp(tftp) as tftp_port, listening(http) as http_port:
        yield HostileServer(tftp_port, http_port)


def boot_files(report: Any) -> set[tuple[str, str]]:
    return {(file["protocol"], file["outcome"]) for file in report["evidence"]["boot_files"]}


class Silence(DatagramServer):
    """Says nothing."""

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Drop it."""


def test_a_file_without_end_by_tftp(bounded: Callable[..., Ended]) -> None:
    with in_background(config_server(EndlessTftp(b"cnf.xml"), endless_body)) as server:
        ended = bounded(*phone(NOWHERE), *server.options, "--json", deadline=PATIENT_S)
    assert ended.json["interrupted"] is None
    assert boot_files(ended.json) == {("tftp", "not-found"), ("tftp", "too-large")}
    assert max(file.get("size", 0) for file in ended.json["evidence"]["boot_files"]) <= 4 << 20


def test_a_file_of_200_megabytes_by_http(bounded: Callable[..., Ended]) -> None:
    with in_background(config_server(EndlessTftp(), endless_body)) as server:
        ended = bounded(*phone(NOWHERE, "--model", "8841"), *server.options, "--json")
    assert ended.json["interrupted"] is None
    assert boot_files(ended.json) == {("http", "too-large")}
    assert max(file.get("size", 0) for file in ended.json["evidence"]["boot_files"]) <= 4 << 20


def test_headers_without_end(bounded: Callable[..., Ended]) -> None:
    with in_background(config_server(Silence(), endless_headers)) as server:
        ended = bounded(*phone(NOWHERE, "--model", "8841"), *server.options, "--json")
    assert ended.json["interrupted"] is None
    assert ("http", "malformed") in boot_files(ended.json)


def test_redirects_of_the_configuration_server_are_not_followed(bounded: Callable[..., Ended]) -> None:
    redirects = Redirects(1000)
    with in_background(config_server(Silence(), redirects.serve)) as server:
        ended = bounded(*phone(NOWHERE, "--model", "8841"), *server.options, "--json")
    asked = ended.json["evidence"]["boot_files"]
    assert {(file["outcome"], file["code"]) for file in asked} == {("server-error", 302)}
    assert redirects.served == len(asked)


# --- the gateway's web side ---


def next_step(request: Request) -> bytes:
    number = int(request.target.rpartition("-")[2] or 0) if "-" in request.target else 0
    return response(302, "Found", [("Location", f"/step-{number + 1}")])


def page_without_end(_request: Request) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n"
    while True:
        yield bytes(65536)


def head_without_end(_request: Request) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-More: " + b"a" * 60000 + b"\r\n"


def a_byte_now_and_then(_request: Request) -> Iterator[bytes]:
    for byte in b"HTTP/1.1 200 OK\r\nX-More: " + b"a" * 100_000:
        time.sleep(0.02)
        yield bytes((byte,))


@pytest.mark.parametrize(
    ("answer", "failure"),
    [(page_without_end, "too-much"), (head_without_end, "too-much"), (a_byte_now_and_then, "timeout")],
    ids=["page of 200 MB", "head without end", "a byte now and then"],
)
def test_an_answer_without_end(
    bounded: Callable[..., Ended], answer: Callable[[Request], Iterator[bytes]], failure: str
) -> None:
    gateway = RecordingGateway(answer)
    with in_background(gateway.at(LOOPBACK)) as port:
        ended = bounded(*phone(f"https://127.0.0.1:{port}/x", "--cert-hash", gateway.cert_hash), "--json")
    [login] = ended.json["evidence"]["logins"]
    assert ended.json["interrupted"] is None
    assert login["exchanges"][0]["failure"]["kind"] == failure
    assert len(gateway.requests) == 1


def test_redirects_of_the_gateway_are_not_followed(bounded: Callable[..., Ended]) -> None:
    gateway = RecordingGateway(next_step)
    with in_background(gateway.at(LOOPBACK)) as port:
        ended = bounded(*phone(f"https://127.0.0.1:{port}/x", "--cert-hash", gateway.cert_hash), "--json")
    assert [request.target for request in gateway.requests] == ["/x"]
    assert ended.json["evidence"]["logins"][0]["answer"] == "redirect-same-host"


# --- text of a peer ---

TEXT = CONTROL_TEXT.replace("\r", "")
ShownSafely = Callable[..., dict[str, str]]
FORMATS = ("text", "junit", "nagios", "json", "jsonl")


def hidden(text: str) -> set[str]:
    """The characters that a terminal acts on instead of showing them."""
    return {one for one in text if unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp", "Cs"}} - {"\n"}


@pytest.fixture
def shown_safely(cli: CommandLine, tmp_path: Path) -> ShownSafely:
    """Run the command line once and show its Evidence in every format; fails where anything of a peer is raw."""

    def run(*arguments: str | Path) -> dict[str, str]:
        evidence = tmp_path / "evidence.json"
        assert "bug" not in cli(*arguments, *LIMITS, "--json", "--output", evidence).err
        outputs = {form: cli("recheck", evidence, "--verbose", "--format", form) for form in FORMATS}
        for form, ended in outputs.items():
            assert not hidden(ended.out + ended.err), form
        ElementTree.fromstring(outputs["junit"].out)
        return {form: ended.out for form, ended in outputs.items()}

    return run


def test_names_of_a_certificate(cli: CommandLine, shown_safely: ShownSafely) -> None:
    gateway = RecordingGateway(
        certificate=Certificate(common_name=TEXT, names=(TEXT.split("<")[0].replace("\u202e", ""),))
    )
    with in_background(gateway.at(LOOPBACK)) as port:
        url = f"https://127.0.0.1:{port}/x"
        outputs = shown_safely(*phone(url, "--cert-hash", "0" * 40))
        assert "\\x1b[31mred" in outputs["text"]
        shown_safely("gateway", url)
        ended = cli("hash", url)
        assert "\\1B[31mred" in ended.out
        assert not hidden(ended.out)


def gaudy(request: Request) -> bytes:
    """Control characters in the reason, in headers, in the cookie's name, in the page."""
    text = TEXT.encode()
    return (
        b"HTTP/1.1 302 " + text + b"\r\nLocation: https://127.0.0.2:9/" + text + b"\r\nServer: " + text
        + b"\r\nSet-Cookie: " + text + b"=1\r\nContent-Length: " + str(len(text)).encode() + b"\r\n\r\n" + text
    )  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        gaudy,
        lambda request: (
            b"HTTP/1.1 200 OK\r\nServer: " + TEXT.replace("\x07", "").encode() + b"\r\nContent-Length: 0\r\n\r\n"
        ),
        lambda request: response(302, "Found", [("Location", "https://127.0.0.2:9/\u009b31m\u0085")]),
        lambda request: response(500, "\u009b31m", [("Server", "\u009b31m")], TEXT.encode()),
        lambda request: TEXT.encode(),
    ],
    ids=["everything", "header", "location", "c1", "no http"],
)
def test_answers_of_the_gateway(shown_safely: ShownSafely, answer: Callable[[Request], bytes]) -> None:
    gateway = RecordingGateway(answer)
    with in_background(gateway.at(LOOPBACK)) as port:
        shown_safely(*phone(f"https://127.0.0.1:{port}/x", "--cert-hash", gateway.cert_hash))


class RudeTftp(DatagramServer):
    """Refuses every file with a text for the terminal."""

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Answer a read request."""
        self.send(b"\x00\x05\x00\x02" + TEXT.encode() + b"\x00", addr)


def test_error_texts_of_the_configuration_server(shown_safely: ShownSafely) -> None:
    with in_background(config_server(RudeTftp(), control_headers)) as server:
        outputs = shown_safely(*phone(NOWHERE), *server.options)
        assert "x1b[31mred" in outputs["text"]
        shown_safely(*phone(NOWHERE, "--model", "8841"), *server.options)


CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<device><fullConfig>true</fullConfig><loadInformation>{text}</loadInformation><vpnGroup><mtu>{text}</mtu>
<authMethod>{text}</authMethod><enableHostIDCheck>{text}</enableHostIDCheck><addresses><url1>https://{text}/</url1>
<url2>{text}</url2></addresses><credentials><hashAlg>{text}</hashAlg><certHash1>{text}</certHash1></credentials>
<{name}>1</{name}></vpnGroup></device>
"""


def test_values_of_a_configuration(shown_safely: ShownSafely, tmp_path: Path) -> None:
    """XML has no escape sequences, but C1 controls, bidirectional overrides and separators of lines."""
    path = tmp_path / "config\u202e.xml"
    path.write_text(CONFIG.format(text="a\u202eb\u009b31m\u2028c\u0085", name="x\u00b7"), encoding="utf-8")
    outputs = shown_safely(*phone(NOWHERE, "--config", str(path)))
    assert "\\u202e" in outputs["text"]


@asynccontextmanager
async def serving(files: dict[str, bytes]) -> AsyncIterator[HostileServer]:
    [sock] = bound_sockets([(LOOPBACK, DATAGRAM)], 0)
    async with tftp_server(sock, files, ConfigServer()):
        yield HostileServer(sock.getsockname()[1], 9)


def test_names_in_a_signed_file(shown_safely: ShownSafely) -> None:
    signer = LabPki(datetime.now(UTC)).authority("capf")
    signed = functools.partial(signed_file, signer=signer, now=datetime.now(UTC))
    files = {
        f"ITLSEP{MAC}.tlv": signed(b"", name="ITL"),
        f"SEP{MAC}.cnf.xml.sgn": signed(CONFIG.encode(), name=CONTROL_TEXT),
    }
    with in_background(serving(files)) as server:
        outputs = shown_safely(*phone(NOWHERE), *server.options)
    assert "\\x1b[31mred" in outputs["text"]
