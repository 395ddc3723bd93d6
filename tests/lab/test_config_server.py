import asyncio
import hashlib
import io
import socket
import struct
import xml.parsers.expat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest
import tftpy
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.config_server import boot_files, http_side, tftp_side
from vpnprobe.lab.listening import DATAGRAM, STREAM, bound_sockets
from vpnprobe.lab.scenario import ConfigServer, Scenario
from vpnprobe.lab.scenarios import find_scenario

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
URL = "https://vpn.lab.example:8443/VPNPhone"
HASH = "5X6B6plUwUSXZnjQ4kGM33mpMXY="
PLAIN = "SEP8CB64F576113.cnf.xml"
CCM_AND_TFTP = 2


def files_of(name: str) -> dict[str, bytes]:
    scenario: Scenario = find_scenario(name)
    return boot_files(scenario, LabPki(NOW), group_url=URL, cert_hashes=[HASH], now=NOW)


def elements(data: bytes) -> list[tuple[str, str]]:
    """Read with expat, namespaces off, which is how CUCM's files must be read."""
    found: list[tuple[str, str]] = []
    parser = xml.parsers.expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: found.append((name, ""))

    def text(value: str) -> None:
        found[-1] = (found[-1][0], found[-1][1] + value.strip())

    parser.CharacterDataHandler = text
    parser.Parse(data, True)
    return found


@asynccontextmanager
async def tftp(files: dict[str, bytes], server: ConfigServer) -> AsyncIterator[int]:
    [sock] = bound_sockets((("127.0.0.1", DATAGRAM),), 0)
    port: int = sock.getsockname()[1]
    async with tftp_side(sock, files, server):
        yield port


async def tftpy_get(port: int, name: str, options: dict[str, int] | None = None, timeout: int = 1) -> bytes:
    """Fetch with tftpy's own client, in a thread as it blocks."""

    def fetch() -> bytes:
        received = io.BytesIO()
        client = tftpy.TftpClient("127.0.0.1", port, options or {})
        client.download(name, received, timeout=timeout, retries=0)
        return received.getvalue()

    return await asyncio.to_thread(fetch)


@asynccontextmanager
async def http(files: dict[str, bytes], server: ConfigServer) -> AsyncIterator[httpx.AsyncClient]:
    [sock] = bound_sockets((("127.0.0.1", STREAM),), 0)
    base = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with (
        http_side(sock, files, server),
        httpx.AsyncClient(base_url=base, timeout=1, trust_env=False) as client,
    ):
        yield client


class TestFiles:
    def test_configuration_reads_as_cucm_s(self) -> None:
        found = dict(elements(files_of("healthy")[PLAIN]))
        wanted = {"url1": URL, "certHash1": HASH, "hashAlg": "0", "authMethod": "2", "enableHostIDCheck": "0"}
        assert wanted.items() <= found.items()

    def test_namespace_aware_parser_refuses_it_as_it_does_cucm_s(self) -> None:
        parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
        with pytest.raises(xml.parsers.expat.ExpatError, match="unbound prefix"):
            parser.Parse(files_of("healthy")[PLAIN], True)

    def test_malformed_configuration_is_malformed(self) -> None:
        with pytest.raises(xml.parsers.expat.ExpatError, match="mismatched tag"):
            elements(files_of("config-malformed")[PLAIN])

    def test_configuration_without_vpn(self) -> None:
        names = {name for name, _ in elements(files_of("no-vpn-group")[PLAIN])}
        assert "callManagerGroup" in names
        assert "vpnGroup" not in names

    def test_short_form_has_capf_s_hash_only(self) -> None:
        found = elements(files_of("config-encrypted")[PLAIN])
        assert [name for name, _ in found if name.startswith("certHash")] == ["certHash"]
        assert ("encrConfig", "true") in found

    def test_special_characters_are_escaped(self) -> None:
        scenario = find_scenario("healthy")
        url = 'https://vpn.lab.example/?a=1&b="<2>"'
        files = boot_files(scenario, LabPki(NOW), group_url=url, cert_hashes=[], now=NOW)
        assert dict(elements(files[PLAIN]))["url1"] == url

    def test_url_with_a_slash_more(self) -> None:
        assert dict(elements(files_of("url-trailing-slash")[PLAIN]))["url1"] == URL + "/"

    def test_unsigned_cluster_has_no_signed_file(self) -> None:
        assert list(files_of("healthy-unsigned")) == [PLAIN]

    def test_signature_of_signed_file_is_right(self) -> None:
        data = files_of("healthy")
        signed, plain = data[f"{PLAIN}.sgn"], data[PLAIN]
        header_length = check_signature(signed, listed(data, CCM_AND_TFTP))
        assert signed[:8] == bytes.fromhex("0100020100020002")
        assert signed[header_length:] == plain
        assert f"{PLAIN}.sgn".encode() + b"\0" in signed[:header_length]

    def test_encrypted_file_is_signed_and_unreadable(self) -> None:
        data = files_of("config-encrypted")
        encrypted = data[f"{PLAIN}.enc.sgn"]
        header_length = check_signature(encrypted, listed(data, CCM_AND_TFTP))
        assert encrypted[:5] == bytes.fromhex("0100020200")
        assert len(encrypted[header_length:]) % 16 == 0
        assert b"<device" not in encrypted

    def test_foreign_name_in_signed_file(self) -> None:
        signed = files_of("sgn-wrong-name")[f"{PLAIN}.sgn"]
        assert b"SEP001AE2BC16CB.cnf.xml.sgn\0" in signed
        assert b"SEP8CB64F576113" not in signed[:600].partition(b"<?xml")[0]

    def test_trust_list_names_the_services_of_the_cluster(self) -> None:
        pki = LabPki(NOW)
        data = boot_files(find_scenario("healthy"), pki, group_url=URL, cert_hashes=[HASH], now=NOW)
        for name in ("ITLFile.tlv", "ITLSEP8CB64F576113.tlv"):
            found = records(data[name])
            assert [int.from_bytes(items[4], "big") for items in found] == [0, 0, CCM_AND_TFTP, 4, 21]
            check_signature(data[name], x509.load_der_x509_certificate(found[0][9]))
            # CAPF and TVS by the SHA-1 of their certificates, as CUCM does.
            assert found[3][11] == hashlib.sha1(pki.authority("capf").der).digest()
            assert [9 in items for items in found] == [True, True, True, False, False]


def records(data: bytes) -> list[dict[int, bytes]]:
    """Read the items of each record behind the header."""
    [at] = struct.unpack_from(">H", data, 8)
    found = []
    while at < len(data):
        [length] = struct.unpack_from(">H", data, at + 3)
        items, end = {}, at + length
        at += 5
        while at < end:
            tag, size = struct.unpack_from(">BH", data, at)
            items[tag] = data[at + 3 : at + 3 + size]
            at += 3 + size
        found.append(items)
    return found


def listed(files: dict[str, bytes], role: int) -> x509.Certificate:
    """The certificate of the only record with this role."""
    [der] = [items[9] for items in records(files["ITLFile.tlv"]) if int.from_bytes(items[4], "big") == role]
    return x509.load_der_x509_certificate(der)


def check_signature(data: bytes, signer: x509.Certificate) -> int:
    """Verify the signature item (tag 12) by cutting it out, and return the header length."""
    [header_length] = struct.unpack_from(">H", data, 8)
    at = 0
    while data[at] != 12:
        [length] = struct.unpack_from(">H", data, at + 1)
        # The containers 3, 7 and 9 are entered, not skipped.
        at += 3 if data[at] in (3, 7, 9) else 3 + length
    [length] = struct.unpack_from(">H", data, at + 1)
    key = signer.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    covered = data[:at] + data[at + 3 + length :]
    key.verify(data[at + 3 : at + 3 + length], covered, padding.PKCS1v15(), hashes.SHA1())
    assert header_length % 4 == 0
    return int(header_length)


class TestTftp:
    async def test_tftpy_fetches_the_file(self) -> None:
        files = files_of("healthy")
        async with tftp(files, ConfigServer()) as port:
            assert await tftpy_get(port, PLAIN) == files[PLAIN]

    @pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1024, 70000], ids=str)
    async def test_every_block_boundary(self, size: int) -> None:
        async with tftp({"f": bytes(size)}, ConfigServer()) as port:
            assert await tftpy_get(port, "f") == bytes(size)

    async def test_options_are_agreed(self) -> None:
        files = files_of("healthy")
        async with tftp(files, ConfigServer()) as port:
            assert await tftpy_get(port, PLAIN, {"blksize": 1428, "tsize": 0}) == files[PLAIN]

    async def test_many_at_once(self) -> None:
        files = files_of("healthy")
        async with tftp(files, ConfigServer()) as port, asyncio.TaskGroup() as group:
            tasks = [group.create_task(tftpy_get(port, name)) for name in files for _ in range(3)]
        assert [task.result() for task in tasks] == [data for data in files.values() for _ in range(3)]

    async def test_missing_file(self) -> None:
        async with tftp({}, ConfigServer()) as port:
            with pytest.raises(tftpy.TftpShared.TftpFileNotFoundError):
                await tftpy_get(port, "CTLSEP8CB64F576113.tlv")

    async def test_every_file_can_be_missing(self) -> None:
        async with tftp(files_of("healthy"), ConfigServer(tftp="not-found")) as port:
            with pytest.raises(tftpy.TftpShared.TftpFileNotFoundError):
                await tftpy_get(port, PLAIN)

    @pytest.mark.parametrize(
        ("server", "datagram"),
        [
            (ConfigServer(tftp="access-denied"), b"\0\x05\0\x02Access violation\0"),
            (ConfigServer(tftp="server-error"), b"\0\x05\0\0Max serving count reached\0"),
        ],
        ids=["access denied", "server error"],
    )
    async def test_error_texts(self, server: ConfigServer, datagram: bytes) -> None:
        async with tftp(files_of("healthy"), server) as port:
            assert await raw_answer(port) == datagram

    @pytest.mark.parametrize("mode", ["silent", "truncates"])
    async def test_time_out(self, mode: str) -> None:
        server = ConfigServer(tftp="silent" if mode == "silent" else "truncates")
        async with tftp(files_of("healthy"), server) as port:
            with pytest.raises(tftpy.TftpShared.TftpTimeout):
                await tftpy_get(port, PLAIN)

    async def test_refused(self) -> None:
        async with tftp({}, ConfigServer(tftp="refuses")) as port:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(5)
                # Only a connected socket is told.
                client.connect(("127.0.0.1", port))
                client.send(b"\0\x01f\0octet\0")
                with pytest.raises(ConnectionRefusedError):
                    client.recv(1)

    async def test_port_of_the_transfer_closes(self) -> None:
        loop = asyncio.get_running_loop()
        async with tftp(files_of("healthy"), ConfigServer(tftp="dies")) as port:
            heard = Heard()
            transport, _ = await loop.create_datagram_endpoint(lambda: heard, local_addr=("127.0.0.1", 0))
            transport.sendto(b"\0\x01" + PLAIN.encode() + b"\0octet\0", ("127.0.0.1", port))
            for number in (1, 2):
                _, server = await heard.next()
                transport.sendto(b"\0\x04" + number.to_bytes(2, "big"), server)
            transport.close()
            await asyncio.sleep(0.05)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(5)
                client.connect(server)
                client.send(b"\0\x04\0\x02")
                with pytest.raises(ConnectionRefusedError):
                    client.recv(1)

    async def test_stranger_sends_from_another_port(self) -> None:
        files = files_of("healthy")
        loop = asyncio.get_running_loop()
        async with tftp(files, ConfigServer(tftp="foreign-datagrams")) as port:
            heard = Heard()
            transport, _ = await loop.create_datagram_endpoint(lambda: heard, local_addr=("127.0.0.1", 0))
            transport.sendto(b"\0\x01" + PLAIN.encode() + b"\0octet\0", ("127.0.0.1", port))
            data, server = await heard.next()
            assert data[4:] == files[PLAIN][:512]
            transport.sendto(b"\0\x04\0\x01", server)
            senders = {}
            for _ in range(2):
                data, sender = await heard.next()
                senders[sender == server] = data
            transport.sendto(b"\0\x05\0\0done\0", server)
            transport.close()
        assert senders[True][4:] == files[PLAIN][512:1024]
        assert b"stranger" in senders[False]

    async def test_endless_file(self) -> None:
        loop = asyncio.get_running_loop()
        async with tftp({}, ConfigServer(tftp="endless")) as port:
            heard = Heard()
            transport, _ = await loop.create_datagram_endpoint(lambda: heard, local_addr=("127.0.0.1", 0))
            transport.sendto(b"\0\x01" + PLAIN.encode() + b"\0octet\0", ("127.0.0.1", port))
            for number in (1, 2, 3):
                data, sender = await heard.next()
                assert data == b"\0\x03" + number.to_bytes(2, "big") + bytes(512)
                transport.sendto(b"\0\x04" + number.to_bytes(2, "big"), sender)
            transport.close()

    @pytest.mark.parametrize(
        "junk", [b"", b"\0", b"\0\x09x", b"\0\x01noend", b"\0\x02f\0octet\0", bytes(600)], ids=repr
    )
    async def test_junk_is_ignored(self, junk: bytes) -> None:
        files = files_of("healthy")
        async with tftp(files, ConfigServer()) as port:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(Heard, remote_addr=("127.0.0.1", port))
            transport.sendto(junk)
            transport.close()
            assert await tftpy_get(port, PLAIN) == files[PLAIN]


class Heard(asyncio.DatagramProtocol):
    """Datagrams with their senders."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[bytes, tuple[str, int]] | Exception] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._queue.put_nowait((data, addr))

    def error_received(self, exc: Exception) -> None:
        self._queue.put_nowait(exc)

    async def next(self) -> tuple[bytes, tuple[str, int]]:
        async with asyncio.timeout(5):
            received = await self._queue.get()
        if isinstance(received, Exception):
            raise received
        return received


async def raw_answer(port: int) -> bytes:
    heard = Heard()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: heard, local_addr=("127.0.0.1", 0))
    try:
        transport.sendto(b"\0\x01" + PLAIN.encode() + b"\0octet\0", ("127.0.0.1", port))
        data, _ = await heard.next()
    finally:
        transport.close()
    return data


class TestHttp:
    async def test_httpx_fetches_the_file(self) -> None:
        files = files_of("healthy")
        async with http(files, ConfigServer()) as client:
            answer = await client.get(f"/{PLAIN}")
            again = await client.get("/ITLFile.tlv")
        assert (answer.status_code, answer.content) == (200, files[PLAIN])
        assert again.content == files["ITLFile.tlv"]
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(
        ("server", "status"),
        [(ConfigServer(http="not-found"), 404), (ConfigServer(http="busy"), 503)],
        ids=["not found", "busy"],
    )
    async def test_error_status(self, server: ConfigServer, status: int) -> None:
        async with http(files_of("healthy"), server) as client:
            assert (await client.get(f"/{PLAIN}")).status_code == status

    async def test_missing_file(self) -> None:
        async with http(files_of("healthy"), ConfigServer()) as client:
            assert (await client.get("/CTLSEP8CB64F576113.tlv")).status_code == 404

    async def test_truncated(self) -> None:
        async with http(files_of("healthy"), ConfigServer(http="truncates")) as client:
            with pytest.raises(httpx.RemoteProtocolError, match="peer closed"):
                await client.get(f"/{PLAIN}")

    async def test_silent(self) -> None:
        async with http(files_of("healthy"), ConfigServer(http="silent")) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get(f"/{PLAIN}", timeout=0.2)

    async def test_refused(self) -> None:
        async with http(files_of("healthy"), ConfigServer(http="refuses")) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(f"/{PLAIN}")

    async def test_the_request_of_an_8861(self) -> None:
        files = files_of("healthy")
        [sock] = bound_sockets((("127.0.0.1", STREAM),), 0)
        async with http_side(sock, files, ConfigServer()):
            reader, writer = await asyncio.open_connection(*sock.getsockname())
            writer.write(f"GET /{PLAIN} HTTP/1.1\r\nHost:198.51.100.0:6970\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(len(files[PLAIN]))
            writer.close()
            await writer.wait_closed()
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert body == files[PLAIN]
