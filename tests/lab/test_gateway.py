import asyncio
import http.client
import re
import ssl

import pytest

from tests.lab.clients import Session, modern_context, phone_context, s_client
from vpnprobe.lab.network import Lab, running_lab
from vpnprobe.lab.scenarios import find_scenario


def where(lab: Lab) -> tuple[str, int]:
    return lab.addresses[0], lab.port


async def test_phone_logs_in_with_its_certificate() -> None:
    async with (
        running_lab(find_scenario("healthy")) as lab,
        Session(*where(lab), phone_context(lab.directory)) as session,
    ):
        asked = await session.request("GET")
        accepted = await session.request("POST")
        cipher, version, _ = session.tls.cipher() or ("", "", 0)
    assert session.tls.version() is None  # closed
    assert (cipher, version) == ("AES256-SHA", "SSLv3")
    assert (asked.status, asked.body) == (200, b"")
    assert asked.cookies == [
        "webvpn=; expires=Thu, 01 Jan 1970 22:00:00 GMT; path=/; secure",
        "webvpnlogin=1; secure",
    ]
    assert accepted.status == 200
    assert [re.fullmatch(r"webvpn=[^;]+; secure", cookie) is not None for cookie in accepted.cookies] == [True]


@pytest.mark.parametrize("name", ["client-certificate-failed", "lsc-ca-missing", "lsc-expired"])
async def test_unknown_or_old_client_certificate_fails_at_the_login(name: str) -> None:
    async with (
        running_lab(find_scenario(name)) as lab,
        Session(*where(lab), phone_context(lab.directory)) as session,
    ):
        await session.request("GET")
        failed = await session.request("POST")
    assert failed.status == 200
    assert "ClientCertAuthFailed=1; path=/" in failed.cookies
    assert b'<auth id="main">' in failed.body


async def test_no_client_certificate_fails_at_the_login() -> None:
    async with (
        running_lab(find_scenario("healthy")) as lab,
        Session(*where(lab), phone_context()) as session,
    ):
        failed = await session.request("POST")
    assert "ClientCertAuthFailed=1; path=/" in failed.cookies


async def test_refused_login() -> None:
    async with (
        running_lab(find_scenario("csd-enabled")) as lab,
        Session(*where(lab), phone_context(lab.directory)) as session,
    ):
        asked = await session.request("GET")
        refused = await session.request("POST")
    assert "webvpnlogin=1; secure" in asked.cookies
    assert (refused.status, refused.reason, refused.cookies) == (401, "Authentication failed", [])


async def test_login_asked_again() -> None:
    async with (
        running_lab(find_scenario("login-asked-again")) as lab,
        Session(*where(lab), phone_context(lab.directory)) as session,
    ):
        answers = [await session.request(method) for method in ("GET", "POST", "POST")]
    assert all("webvpnlogin=1; secure" in answer.cookies for answer in answers)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("username=lab-user&password=lab-password", 200),
        ("username=lab-user&password=wrong", 401),
        ("username=&password=", 401),
        ("", 401),
    ],
    ids=["right", "wrong", "empty", "nothing"],
)
async def test_password(body: str, status: int) -> None:
    async with (
        running_lab(find_scenario("healthy-password")) as lab,
        Session(*where(lab), phone_context()) as session,
    ):
        answer = await session.request("POST", body=body)
        assert lab.password_file.read_text() == "lab-password\n"
    assert answer.status == status
    assert any(cookie.startswith("webvpn=") for cookie in answer.cookies) == (status == 200)


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("unknown-group-url", 404, b"Wrong URL"),
        ("unknown-group-url-page", 200, b"Wrong URL"),
        ("gateway-unavailable", 503, b"later"),
        ("not-an-asa", 200, b"It works"),
    ],
)
async def test_other_answers(name: str, status: int, text: bytes) -> None:
    async with (
        running_lab(find_scenario(name)) as lab,
        Session(*where(lab), phone_context(lab.directory)) as session,
    ):
        answer = await session.request("GET")
    assert answer.status == status
    assert text in answer.body
    assert "webvpnlogin=1; secure" not in answer.cookies


async def test_another_path_is_a_wrong_url() -> None:
    async with (
        running_lab(find_scenario("healthy")) as lab,
        Session(*where(lab), phone_context()) as session,
    ):
        assert (await session.request("GET", "/VPNPhone/")).status == 404


async def test_redirect_leads_to_the_member_that_is_there() -> None:
    async with running_lab(find_scenario("load-balancing")) as lab:
        async with Session(*where(lab), phone_context()) as session:
            answer = await session.request("GET")
        async with Session("127.0.0.2", lab.port, phone_context()) as member:
            assert member.leaf != session_leaf(lab)
    assert (answer.status, answer.location) == (302, f"https://vpn-member-2.lab.example:{lab.port}/VPNPhone")


def session_leaf(lab: Lab) -> bytes:
    return ssl.PEM_cert_to_DER_cert((lab.directory / "gateway.pem").read_text())


async def test_redirect_to_the_portal() -> None:
    async with (
        running_lab(find_scenario("same-host-redirect")) as lab,
        Session(*where(lab), phone_context()) as session,
    ):
        answer = await session.request("GET")
    assert answer.status == 302
    assert answer.location is not None
    assert answer.location.startswith("/+CSCOE+/logon.html")


async def test_connection_ends_at_the_request() -> None:
    async with (
        running_lab(find_scenario("closes-at-request")) as lab,
        Session(*where(lab), phone_context()) as session,
    ):
        with pytest.raises(http.client.RemoteDisconnected):
            await session.request("GET")


async def test_silence_at_the_request_ends_with_the_lab() -> None:
    async with running_lab(find_scenario("silent-at-request")) as lab:
        session = Session(*where(lab), phone_context())
        async with session:
            session.tls.settimeout(0.2)
            with pytest.raises(TimeoutError):
                await session.request("GET")


class TestHello:
    """Which certificate a hello is shown (statement VP-08)."""

    async def test_rsa_hello_is_shown_the_rsa_certificate(self) -> None:
        async with (
            running_lab(find_scenario("ec-self-signed-7962")) as lab,
            Session(*where(lab), phone_context()) as session,
        ):
            assert session.leaf == session_leaf(lab)

    async def test_ec_hello_is_shown_another_one(self) -> None:
        async with (
            running_lab(find_scenario("ec-self-signed")) as lab,
            Session(*where(lab), modern_context()) as session,
        ):
            assert session.leaf != session_leaf(lab)
            assert session.tls.cipher() == ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLSv1.2", 256)

    async def test_meddler_answers_an_ec_hello_and_leaves_others_alone(self) -> None:
        async with running_lab(find_scenario("unoffered-suite-to-ec")) as lab:
            async with Session(*where(lab), phone_context(lab.directory)) as session:
                assert (await session.request("POST")).status == 200
            with pytest.raises(ssl.SSLError, match=r"(?i)(unknown|wrong).cipher.returned"):
                async with Session(*where(lab), modern_context("ECDHE-ECDSA-AES256-SHA")):
                    pass

    async def test_certificates_take_turns(self) -> None:
        leaves = []
        async with running_lab(find_scenario("leaf-changes-between")) as lab:
            for _ in range(3):
                async with Session(*where(lab), phone_context()) as session:
                    leaves.append(session.leaf)
        assert leaves[0] != leaves[1] == leaves[2]

    @pytest.mark.parametrize("name", ["tls12-only-modern-suites", "tls10-off", "ec-only-7962"])
    async def test_old_hello_is_refused(self, name: str) -> None:
        async with running_lab(find_scenario(name)) as lab:
            with pytest.raises(ssl.SSLError, match="alert"):
                async with Session(*where(lab), phone_context()):
                    pass

    async def test_client_certificate_is_refused_in_the_handshake(self) -> None:
        async with running_lab(find_scenario("client-certificate-refused")) as lab:
            with pytest.raises(ssl.SSLError, match="alert"):
                async with Session(*where(lab), phone_context(lab.directory)) as session:
                    await session.request("GET")


class TestSClient:
    """The same in the words of `openssl s_client`."""

    async def test_names_of_client_authorities(self) -> None:
        async with running_lab(find_scenario("healthy")) as lab:
            said = await s_client(*where(lab), "-tls1_2")
        names = said.partition("Acceptable client certificate CA names\n")[2].splitlines()[:3]
        assert names == [
            f"O = vpnprobe lab (not Cisco), CN = {name}"
            for name in ("CAPF-2f7c1a9e", "Cisco Manufacturing CA", "Cisco Manufacturing CA SHA2")
        ]

    async def test_no_client_certificate_is_asked_for(self) -> None:
        async with running_lab(find_scenario("client-certificate-not-asked")) as lab:
            said = await s_client(*where(lab), "-tls1_2")
        assert "No client certificate CA names sent" in said
        assert "Acceptable" not in said

    @pytest.mark.parametrize(
        ("name", "subjects"),
        [
            ("healthy-third-party", ["vpn.lab.example", "Lab Issuing CA G2"]),
            ("chain-incomplete", ["vpn.lab.example"]),
            ("chain-shuffled", ["vpn.lab.example", "Lab Root CA", "Lab Issuing CA G2"]),
        ],
    )
    async def test_chain_as_sent(self, name: str, subjects: list[str]) -> None:
        async with running_lab(find_scenario(name)) as lab:
            said = await s_client(*where(lab), "-tls1_2")
        assert re.findall(r"^ *\d s:.*?CN = (.*)$", said, re.MULTILINE) == subjects


class TestBelowTls:
    async def test_refused(self) -> None:
        async with running_lab(find_scenario("port-closed")) as lab:
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*where(lab))

    async def test_filtered(self) -> None:
        async with running_lab(find_scenario("port-filtered")) as lab:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await asyncio.open_connection(*where(lab))

    async def test_web_server_without_tls(self) -> None:
        async with running_lab(find_scenario("plain-http-on-443")) as lab:
            with pytest.raises(ssl.SSLError, match=r"WRONG_VERSION_NUMBER|wrong version number"):
                async with Session(*where(lab), phone_context()):
                    pass

    async def test_closes_at_the_hello(self) -> None:
        async with running_lab(find_scenario("closes-at-hello")) as lab:
            with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
                async with Session(*where(lab), phone_context()):
                    pass
