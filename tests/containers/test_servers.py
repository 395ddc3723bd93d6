"""The servers themselves, each judged by a client that is not ours: only then may they judge vpnprobe."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.layers.dhcp import BOOTP, DHCP

from tests.containers import phone
from tests.containers.capture import capture
from tests.containers.podman import Container
from tests.containers.tls_servers import SERVERS, Answer, TlsServer

pytestmark = pytest.mark.container

# The hellos of tls_servers, as options of openssl s_client.
HELLOS = {
    "to_7962g": ("-tls1", "-cipher", "AES256-SHA:AES128-SHA:@SECLEVEL=0"),
    "to_rsa_only": ("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA"),
    "to_ec_only": ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    "to_both": ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA"),
}
CURL = (
    "curl", "--silent", "--show-error", "--include", "--insecure", "--max-time", "10",
    "--tls-max", "1.0", "--tlsv1.0", "--ciphers", "AES256-SHA:AES128-SHA:@SECLEVEL=0",
    "--user-agent", phone.USER_AGENT,
)  # fmt: skip
LSC = ("--cert", "/pki/lsc.crt", "--key", "/pki/lsc.key")
FOREIGN = ("--cert", "/pki/foreign.crt", "--key", "/pki/foreign.key")


@pytest.mark.parametrize(
    ("server", "hello"),
    [
        pytest.param(server, hello, id=f"{server.name}-{hello}")
        for server in SERVERS
        for hello in HELLOS
        # No OpenSSL of today can offer what this server accepts; gnutls-cli tries it below.
        if (server.name, getattr(server, hello)) != ("gnutls-rc4-3des", "rsa")
    ],
)
def test_tls_server_answers_as_its_row_says(
    server: TlsServer, hello: str, tls_server: Callable[[TlsServer], Container], client: Container, pki: Path
) -> None:
    where = f"{tls_server(server).address}:443"

    seen = client.run("openssl", "s_client", "-connect", where, *HELLOS[hello], stdin="")

    expected: Answer = getattr(server, hello)
    if isinstance(expected, int):
        assert f"SSL alert number {expected}" in seen
    else:
        assert (pki / f"gateway-{expected}.crt").read_text().partition("-----END")[0] in seen


@pytest.mark.parametrize("suite", ["ARCFOUR-128", "3DES-CBC"])
def test_old_suites_are_really_served(
    suite: str, tls_server: Callable[[TlsServer], Container], client: Container
) -> None:
    old = tls_server(next(server for server in SERVERS if server.name == "gnutls-rc4-3des"))
    priority = f"NONE:+VERS-TLS1.0:+RSA:+{suite}:+SHA1:+COMP-NULL:+SIGN-ALL:+CTYPE-X509"

    seen = old.run("gnutls-cli", "--port=443", "--insecure", f"--priority={priority}", "127.0.0.1", stdin="")

    assert f"(TLS1.0-X.509)-(RSA)-({suite})-(SHA1)" in seen


@pytest.mark.parametrize("address", ["address", "address6"])
def test_certificate_login_gives_a_session_cookie(
    address: str, certificate_gateway: Container, client: Container
) -> None:
    host = getattr(certificate_gateway, address)
    url = f"https://[{host}]/svc" if ":" in host else f"https://{host}/svc"

    wanted = client.run(*CURL, *LSC, url)
    given = client.run(*CURL, *LSC, "--data", "", url)

    assert "Set-Cookie: webvpnlogin=1; secure" in wanted
    assert "Set-Cookie: webvpn=" in given
    assert "webvpnlogin" not in given
    assert phone.USER in certificate_gateway.log()


@pytest.mark.parametrize(
    ("credential", "log"),
    [
        pytest.param((), "No certificate was found", id="no certificate"),
        pytest.param(FOREIGN, "The certificate issuer is unknown", id="certificate of a foreign CA"),
    ],
)
def test_certificate_gateway_ends_the_connection_without_the_right_certificate(
    credential: tuple[str, ...], log: str, certificate_gateway: Container, client: Container
) -> None:
    seen = client.run(*CURL, *credential, f"https://{certificate_gateway.address}/svc")

    assert seen.startswith("curl: ")
    assert log in certificate_gateway.log()


def test_certificate_gateway_names_the_authority_it_trusts(certificate_gateway: Container, client: Container) -> None:
    where = f"{certificate_gateway.address}:443"

    seen = client.run("openssl", "s_client", "-connect", where, *HELLOS["to_7962g"], stdin="")

    assert "Acceptable client certificate CA names\nO=Example, CN=CAPF-1a2b3c4d\n" in seen


@pytest.mark.parametrize(
    ("password", "status", "cookie"),
    [
        pytest.param(phone.PASSWORD, "200 OK", "Set-Cookie: webvpn=", id="right password"),
        pytest.param("wrong", "401 Authentication failed", "", id="wrong password"),
    ],
)
def test_password_login(
    password: str, status: str, cookie: str, password_gateway: Container, client: Container
) -> None:
    form = f"username={phone.USER}&password={password}"

    seen = client.run(*CURL, "--data", form, f"https://{password_gateway.address}/svc")

    assert seen.startswith(f"HTTP/1.1 {status}\n")
    assert cookie in seen


@pytest.mark.parametrize("address", ["address", "address6"])
def test_tftp_serves_the_boot_directory(address: str, tftp_server: Container, boot_directory: Path) -> None:
    (boot_directory / "proof").write_text("as served\n")
    get = "cd /tmp && tftp -m octet $1 -c get $2 && cat $2"

    there = tftp_server.run("sh", "-c", get, "sh", getattr(tftp_server, address), "proof")
    missing = tftp_server.run("sh", "-c", get, "sh", getattr(tftp_server, address), "missing")

    assert there == "as served\n"
    assert "Error code 1: File not found" in missing


def test_http_serves_the_boot_directory(http_server: Container, client: Container, boot_directory: Path) -> None:
    (boot_directory / "proof").write_text("as served\n")
    root = f"http://{http_server.address}:6970"

    assert client.run("curl", "--silent", f"{root}/proof") == "as served\n"
    assert "404 Not Found" in client.run("curl", "--silent", f"{root}/missing")


@pytest.mark.parametrize(
    ("name", "status", "answers"),
    [
        pytest.param("two.vpnprobe.test", "NOERROR", 2, id="two addresses"),
        pytest.param("text.vpnprobe.test", "NOERROR", 0, id="no address"),
        pytest.param("missing.vpnprobe.test", "NXDOMAIN", 0, id="no such name"),
        pytest.param("gateway.broken.test", "SERVFAIL", 0, id="zone not loaded"),
    ],
)
def test_dns_answers(name: str, status: str, answers: int, dns_server: Container) -> None:
    seen = dns_server.run("dig", f"@{dns_server.address}", name, "A")

    assert f"status: {status}," in seen
    assert f"ANSWER: {answers}," in seen


def test_silent_dns_server_never_answers(silent_dns_server: Container, dns_server: Container) -> None:
    seen = dns_server.run("dig", "+timeout=1", "+tries=1", f"@{silent_dns_server.address}", "two.vpnprobe.test")

    assert f"{silent_dns_server.address}#53: timed out" in seen


def test_dhcp_answers_an_inform_with_both_options(dhcp_server: Container, tftp_server: Container) -> None:
    inform = BOOTP(ciaddr=dhcp_server.gateway, xid=0x56504E31, chaddr=bytes.fromhex(phone.MAC)) / DHCP(
        options=[("message-type", "inform"), ("param_req_list", [66, 150]), "end"]
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.bind((dhcp_server.gateway, 68))
        asker.settimeout(10)
        asker.sendto(bytes(inform), (dhcp_server.address, 67))
        answer = BOOTP(asker.recv(2048))

    assert answer.xid == inform.xid
    assert ("tftp_server_name", b"tftp.vpnprobe.test") in answer[DHCP].options
    assert ("tftp_server_address", tftp_server.address) in answer[DHCP].options


def test_capture_shows_who_sent_which_handshake_message(
    certificate_gateway: Container, client: Container, pki: Path, tmp_path: Path
) -> None:
    with capture(certificate_gateway, tmp_path) as wire:
        client.run(*CURL, *LSC, f"https://{certificate_gateway.address}/svc")

        hello = wire.rows("tls.handshake.type == 1", "ip.src", "tls.handshake.ciphersuite")
        sent = wire.rows("tls.handshake.type == 11 && tcp.dstport == 443", "tls.handshake.certificate")

    assert hello == [[client.address, "0x0035,0x002f,0x00ff"]]
    assert sent == [[phone.leaf(pki / "lsc.crt").hex()]]
