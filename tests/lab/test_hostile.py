import asyncio
import http.client
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest

from tests.lab.clients import Session, phone_context
from vpnprobe.lab import hostile
from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.listening import DATAGRAM, STREAM, Handler, bound_sockets, tcp_server, udp_server
from vpnprobe.lab.scenario import Certificate

DER = LabPki(datetime(2026, 11, 20, tzinfo=UTC)).gateway(Certificate()).der
HELLO = bytes.fromhex("160301002f0100002b0301") + bytes(32) + bytes.fromhex("000004003500 2f0100".replace(" ", ""))


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[int]:
    [sock] = bound_sockets((("127.0.0.1", STREAM),), 0)
    port: int = sock.getsockname()[1]
    async with tcp_server(sock, handler):
        yield port


@asynccontextmanager
async def connection(handler: Handler) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with serving(handler) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()
            await writer.wait_closed()


async def test_silent_port_reads_and_says_nothing() -> None:
    async with connection(hostile.silent) as (reader, writer):
        writer.write(bytes(1_000_000))
        await writer.drain()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(1)


async def test_half_record_stays_open() -> None:
    async with connection(hostile.half_record) as (reader, writer):
        writer.write(HELLO)
        header = await reader.readexactly(5)
        announced = int.from_bytes(header[3:], "big")
        assert header[0] == 22
        assert len(await reader.readexactly(16)) < announced
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(1)


async def test_drip_sends_single_bytes_of_a_flight() -> None:
    async with connection(hostile.Drip([DER], pause=0.01).serve) as (reader, writer):
        writer.write(HELLO)
        pieces = [await reader.read(4096) for _ in range(5)]
    assert all(len(piece) < 5 for piece in pieces)
    assert b"".join(pieces).startswith(b"\x16\x03\x01")


@pytest.mark.parametrize("one_message", [False, True], ids=["many messages", "one message"])
async def test_endless_chain_outgrows_any_cap(one_message: bool) -> None:
    async with connection(hostile.EndlessChain(DER, one_message=one_message).serve) as (reader, writer):
        writer.write(HELLO)
        received = 0
        while received < 2_000_000:
            chunk = await reader.read(65536)
            assert chunk
            received += len(chunk)


async def test_openssl_gives_up_on_the_endless_chain() -> None:
    async with serving(hostile.EndlessChain(DER, one_message=True).serve) as port:
        with pytest.raises(ssl.SSLError, match=r"(?i)excessive.message.size"):
            async with Session("127.0.0.1", port, phone_context()):
                pass


async def test_body_of_200_megabytes() -> None:
    async with (
        serving(hostile.endless_body) as port,
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", f"http://127.0.0.1:{port}/SEP8CB64F576113.cnf.xml") as answer,
    ):
        assert answer.headers["content-length"] == "200000000"
        received = 0
        async for chunk in answer.aiter_raw():
            received += len(chunk)
            if received > 1_000_000:
                break


async def test_endless_headers_are_too_much_for_the_standard_library() -> None:
    async with serving(hostile.endless_headers) as port:

        def get() -> None:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                client.request("GET", "/")
                client.getresponse()
            finally:
                client.close()

        with pytest.raises(http.client.HTTPException, match="more than 100 headers"):
            await asyncio.to_thread(get)


async def test_control_characters_in_an_answer() -> None:
    async with connection(hostile.control_headers) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await reader.read()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\x1b[2J" in head
    assert b"<script>" in body


async def test_a_thousand_redirects() -> None:
    redirects = hostile.Redirects(1000)
    async with serving(redirects.serve) as port, httpx.AsyncClient(trust_env=False, max_redirects=1000) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/start", follow_redirects=True)
    assert answer.status_code == 200
    assert len(answer.history) == 1000
    assert redirects.served == 1001


async def test_httpx_stops_following() -> None:
    async with serving(hostile.Redirects().serve) as port, httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.TooManyRedirects):
            await client.get(f"http://127.0.0.1:{port}/start", follow_redirects=True)


async def test_endless_tftp_goes_round() -> None:
    [sock] = bound_sockets((("127.0.0.1", DATAGRAM),), 0)
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    class Client(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            heard.put_nowait(data)

    async with udp_server(sock, hostile.EndlessTftp()):
        transport, _ = await loop.create_datagram_endpoint(Client, remote_addr=sock.getsockname())
        transport.sendto(b"\0\4\xff\xff")
        assert await heard.get() == b"\0\3\0\0" + bytes(512)
        transport.close()
