"""The lab's edges, dialled by the openssl program and by the standard library's TLS."""

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.lab.clients import modern_context, phone_context, s_client
from tests.lab.test_raw_tls import hello
from vpnprobe.lab.federation.network import FederationLab, running_federation_lab
from vpnprobe.lab.federation.scenarios import find_federation_scenario
from vpnprobe.lab.raw_tls import records

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OPTIONS = (
    b"OPTIONS sip:uc.example SIP/2.0\r\n"
    b"Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK1\r\n"
    b"Max-Forwards: 70\r\n"
    b"From: <sip:anonymous@anonymous.invalid>;tag=1\r\n"
    b"To: <sip:uc.example>\r\n"
    b"Call-ID: 1@example\r\n"
    b"CSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)


def lab_of(name: str, now: datetime | None = None) -> AbstractAsyncContextManager[FederationLab]:
    return running_federation_lab(find_federation_scenario(name), now=now)


async def printed(lab: FederationLab, *arguments: str, edge: int = 0) -> str:
    return await s_client(lab.edges[edge].host, lab.edges[edge].port, *arguments)


def subjects(text: str) -> list[str]:
    return re.findall(r"^ *\d+ s:.*CN = ([^,\n]+)$", text, re.MULTILINE)


async def ask(lab: FederationLab, context: ssl.SSLContext | None = None, limit: int = 1_000_000) -> bytes:
    """Send OPTIONS and return what comes until the answer is complete, the peer closes or `limit` is reached."""
    where = lab.edges[0]
    reader, writer = await asyncio.open_connection(where.host, where.port, ssl=context or modern_context())
    writer.write(OPTIONS)
    received = b""
    try:
        async with asyncio.timeout(5):
            while b"\r\n\r\n" not in received.replace(b"\n", b"\r\n").replace(b"\r\r", b"\r") and len(received) < limit:
                more = await reader.read(65536)
                if not more:
                    break
                received += more
    finally:
        writer.transport.abort()
    return received


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        ("federation-healthy", ["sip.uc.example", "Lab Issuing CA"]),
        ("federation-healthy-root-sent", ["sip.uc.example", "Lab Issuing CA", "Lab Public Root"]),
        ("federation-healthy-cross-signed", ["sip.uc.example", "Lab Issuing CA", "Lab Public Root"]),
        ("federation-leaf-only", ["sip.uc.example"]),
        ("federation-chain-out-of-order", ["sip.uc.example", "Lab Public Root", "Lab Issuing CA"]),
        ("federation-wrong-issuer", ["sip.uc.example", "Lab Issuing CA"]),
        ("federation-sha1-chain", ["sip.uc.example", "Lab Issuing CA 1"]),
        ("federation-self-signed", ["sip.uc.example"]),
    ],
)
async def test_what_is_sent(name: str, chain: list[str]) -> None:
    async with lab_of(name) as lab:
        assert subjects(await printed(lab, "-tls1_2", "-showcerts", "-cipher", "DEFAULT:@SECLEVEL=0")) == chain


@pytest.mark.parametrize(
    ("name", "root", "verdict"),
    [
        ("federation-healthy", "public-root.pem", "0 (ok)"),
        ("federation-healthy-cross-signed", "public-root.pem", "0 (ok)"),
        ("federation-healthy-cross-signed", "old-root.pem", "0 (ok)"),
        ("federation-healthy", "old-root.pem", "20 (unable to get local issuer certificate)"),
        ("federation-leaf-only", "public-root.pem", "21 (unable to verify the first certificate)"),
        ("federation-chain-out-of-order", "public-root.pem", "0 (ok)"),
        ("federation-private-root", "private-root.pem", "0 (ok)"),
        ("federation-private-root", "public-root.pem", "19 (self-signed certificate in certificate chain)"),
        ("federation-expired", "public-root.pem", "10 (certificate has expired)"),
        ("federation-not-yet-valid", "public-root.pem", "9 (certificate is not yet valid)"),
    ],
)
async def test_what_openssl_says_of_the_path(name: str, root: str, verdict: str) -> None:
    async with lab_of(name) as lab:
        text = await printed(lab, "-tls1_2", "-CAfile", str(lab.directory / root))
    assert re.findall(r"^ *Verify return code: (.*)$", text, re.MULTILINE)[0] in (
        verdict,
        # OpenSSL 1.1 writes it without hyphen.
        verdict.replace("self-signed", "self signed"),
    )


async def test_wrong_issuer_has_the_name_and_did_not_sign() -> None:
    async with lab_of("federation-wrong-issuer") as lab:
        text = await printed(lab, "-tls1_2", "-CAfile", str(lab.directory / "public-root.pem"))
    assert "Verify return code: 0 (ok)" not in text
    assert re.search(r"^ *0 s:.*CN = sip.uc.example\n *i:.*CN = Lab Issuing CA$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        (
            "federation-healthy",
            [["-tls1_2"], ["-tls1_2", "-cipher", "AES128-SHA"]],
            [["-tls1_1"], ["-tls1"]],
        ),
        ("federation-healthy-lync-2010", [["-tls1", "-cipher", "AES256-SHA:@SECLEVEL=0"], ["-tls1_2"]], []),
        ("federation-tls10-only", [["-tls1", "-cipher", "AES256-SHA:@SECLEVEL=0"]], [["-tls1_2"]]),
        ("federation-tls13-only", [["-tls1_3"]], [["-tls1_2"]]),
        ("federation-ecdhe-only", [["-tls1_2"]], [["-tls1_2", "-cipher", "kRSA"]]),
        ("federation-ec-certificate", [["-tls1_2"]], [["-tls1_2", "-cipher", "aRSA"]]),
        (
            "federation-no-shared-suite",
            [["-tls1_2", "-cipher", "CHACHA20"]],
            [["-tls1_2", "-cipher", "AES"]],
        ),
    ],
)
async def test_versions_and_suites(name: str, accepted: list[list[str]], refused: list[list[str]]) -> None:
    async with lab_of(name) as lab:
        for arguments in accepted:
            assert re.search(r"Cipher is (?!\(NONE\))", await printed(lab, *arguments)), arguments
        for arguments in refused:
            assert "Cipher is (NONE)" in await printed(lab, *arguments), arguments


async def test_3des_only() -> None:
    async def answer(suite: int) -> bytes:
        reader, writer = await asyncio.open_connection(lab.edges[0].host, lab.edges[0].port)
        writer.write(records(22, 0x0301, hello(0x0303, suite)))
        writer.write_eof()
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
        return received

    async with lab_of("federation-3des-only") as lab:
        assert (await answer(0x000A))[5] == 2
        assert (await answer(0x002F)) == bytes.fromhex("15030300020228")


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("federation-healthy", "Lab Public Root"),
        ("federation-own-ca-not-named", "Lab Other Root"),
        ("federation-ca-list-cut", "Lab Other Root"),
    ],
)
async def test_cas_of_the_request(name: str, named: str) -> None:
    async with lab_of(name) as lab:
        text = await printed(lab, "-tls1_2")
    listed = text.partition("Acceptable client certificate CA names\n")[2].partition("Client Certificate Types")[0]
    assert named in listed.splitlines()[0]
    assert ("Lab Public Root" in listed) == (named == "Lab Public Root")


async def test_cut_list_ends_where_schannel_cuts() -> None:
    async with lab_of("federation-ca-list-cut") as lab:
        text = await printed(lab, "-tls1_2", "-msg")
    [size] = re.findall(r"TLS 1.2, Handshake \[length ([0-9a-f]+)\], CertificateRequest", text)
    assert 15 * 1024 < int(size, 16) < 17 * 1024


async def test_no_request() -> None:
    async with lab_of("federation-healthy-no-request") as lab:
        assert "No client certificate CA names sent" in await printed(lab, "-tls1_2")


def credential(directory: Path) -> tuple[str, ...]:
    return "-cert", str(directory / "client-cert.pem"), "-key", str(directory / "client-key.pem")


async def test_edge_that_insists() -> None:
    async with lab_of("federation-healthy-client-certificate") as lab:
        without = await printed(lab, "-tls1_2")
        assert "handshake failure" in without
        assert subjects(without)
        assert "alert" not in await printed(lab, "-tls1_2", *credential(lab.directory))


async def test_edge_that_refuses_our_certificate_only() -> None:
    async with lab_of("federation-client-certificate-refused") as lab:
        assert "alert" not in await printed(lab, "-tls1_2")
        assert "alert" in await printed(lab, "-tls1_2", *credential(lab.directory))


@pytest.mark.parametrize(
    ("name", "status", "has"),
    [
        ("federation-sip-ok", b"200 OK", b"Server: TANDBERG/4137"),
        ("federation-sip-microsoft", b"200 OK", b"Server: RTC/7.0"),
        ("federation-sip-provisional", b"100 Trying", b"CSeq: 1 OPTIONS"),
        ("federation-sip-in-pieces", b"200 OK", b"Server: TANDBERG/4137"),
        ("federation-sip-forbidden", b"403 Forbidden", b"Call-ID: 1@example"),
        ("federation-sip-504", b"504 Server time-out", b"Server: RTC/6.0"),
        ("federation-sip-1009", b"504 Server time-out", b'ms-diagnostics: 1009;reason="No match for domain'),
        ("federation-sip-1010", b"504 Server time-out", b'HRESULT="0x80090322(SEC_E_WRONG_PRINCIPAL)"'),
        ("federation-sip-odd-diagnostics", b"504 Server time-out", b"Ms-Diagnostics:  1009.5 ; source"),
        ("federation-sip-unknown-code", b"504 Server time-out", b"ms-diagnostics: 1999;"),
        ("federation-sip-record-route", b"200 OK", b"transport=tls;lr>"),
        ("federation-sip-record-route-bare", b"200 OK", b"Record-Route: <sip:127.0.0.1:5061;lr>"),
        ("federation-sip-bare-lf", b"200 OK", b"\nCSeq: 1 OPTIONS\nServer"),
        ("federation-sip-non-utf8", b"200 OK", b"Server: \xff\xfe\x1b[31m\xe9\r\n"),
        ("federation-sip-long-line", b"200 OK", b"a" * 300_000),
        ("federation-sip-header-bomb", b"200 OK", b"\r\nX-19999: 19999\r\n"),
    ],
)
async def test_answers(name: str, status: bytes, has: bytes) -> None:
    async with lab_of(name) as lab:
        answer = await ask(lab)
    assert answer.startswith(b"SIP/2.0 " + status)
    assert has in answer
    assert b"Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK1" in answer
    assert b"To: <sip:uc.example>;tag=" in answer


async def test_504_alone_has_no_reason() -> None:
    async with lab_of("federation-sip-504") as lab:
        assert b"diagnostics" not in await ask(lab)


@pytest.mark.parametrize(("name", "hours"), [("federation-sip-ok", 0), ("federation-sip-clock", 1)])
async def test_clock(name: str, hours: int) -> None:
    async with lab_of(name, NOW) as lab:
        answer = await ask(lab)
    [date] = re.findall(rb"^Date: (.*)\r$", answer, re.MULTILINE)
    assert (parsedate_to_datetime(date.decode()) - NOW).total_seconds() == hours * 3600


async def test_endless_answers_go_on() -> None:
    for name in ("federation-sip-endless-head", "federation-sip-endless-body"):
        async with lab_of(name) as lab:
            where = lab.edges[0]
            reader, writer = await asyncio.open_connection(where.host, where.port, ssl=modern_context())
            writer.write(OPTIONS)
            assert len(await reader.readexactly(1_000_000)) == 1_000_000
            writer.transport.abort()


async def test_closes_and_other_protocols() -> None:
    async with lab_of("federation-sip-closes") as lab:
        assert await ask(lab) == b""
    async with lab_of("federation-sip-is-http") as lab:
        assert (await ask(lab)).startswith(b"HTTP/1.1 400 ")


async def test_silence() -> None:
    async with lab_of("federation-sip-silent") as lab:
        where = lab.edges[0]
        reader, writer = await asyncio.open_connection(where.host, where.port, ssl=modern_context())
        writer.write(OPTIONS)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await reader.read(1)
        writer.transport.abort()


@pytest.mark.parametrize(
    ("name", "empty"), [("federation-empty-fragments", True), ("federation-no-empty-fragments", False)]
)
async def test_empty_fragments(name: str, empty: bool) -> None:
    """A record without data is a SHA-1 MAC and padding: 32 bytes, or 36 where the MAC is outside (RFC 7366)."""
    async with lab_of(name) as lab:
        where = lab.edges[0]
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = phone_context().wrap_bio(incoming, outgoing)
        reader, writer = await asyncio.open_connection(where.host, where.port)

        async def drive(step: Callable[[], object]) -> tuple[object, list[int]]:
            sizes: list[int] = []
            while True:
                try:
                    result = step()
                except ssl.SSLWantReadError:
                    writer.write(outgoing.read())
                    header = await reader.readexactly(5)
                    sizes.append(int.from_bytes(header[3:], "big"))
                    incoming.write(header + await reader.readexactly(sizes[-1]))
                else:
                    writer.write(outgoing.read())
                    return result, sizes

        await drive(tls.do_handshake)
        tls.write(OPTIONS)
        answer, sizes = await drive(lambda: tls.read(65536))
        writer.transport.abort()
    assert isinstance(answer, bytes)
    assert answer.startswith(b"SIP/2.0 200")
    assert bool({32, 36} & set(sizes)) is empty
