"""The certificates of a federation lab, and what its CRL and OCSP services say of them, read by the openssl program."""

import shutil
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.x509.oid import NameOID

from vpnprobe.lab.federation.certificates import EdgePki
from vpnprobe.lab.federation.network import FederationLab, running_federation_lab
from vpnprobe.lab.federation.scenario import EdgeCertificate
from vpnprobe.lab.federation.scenarios import find_federation_scenario

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki() -> EdgePki:
    return EdgePki(NOW, revocation="http://127.0.0.1:81", nowhere="http://127.0.0.1:82")


def openssl(*arguments: str, given: bytes = b"") -> str:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl program")
    ran = subprocess.run([program, *arguments], input=given, capture_output=True, check=False)
    return (ran.stdout + ran.stderr).decode()


def text_of(pki: EdgePki, wanted: EdgeCertificate) -> str:
    return openssl("x509", "-noout", "-text", given=pki.edge(wanted).pem)


def test_equal_values_are_the_same_certificate(pki: EdgePki) -> None:
    assert pki.edge(EdgeCertificate()) is pki.edge(EdgeCertificate())
    assert pki.edge(EdgeCertificate()).der != pki.edge(EdgeCertificate(edition=2)).der


@pytest.mark.parametrize(
    ("wanted", "has", "lacks"),
    [
        (
            EdgeCertificate(),
            [
                "DNS:sip.uc.example",
                "TLS Web Server Authentication, TLS Web Client Authentication",
                "C = US, ST = Massachusetts, L = Boston, O = Example, OU = Collaboration, CN = sip.uc.example",
            ],
            ["CRL Distribution", "OCSP"],
        ),
        (EdgeCertificate(names=()), ["CN = sip.uc.example"], ["Alternative Name"]),
        (EdgeCertificate(names=("a.example", "b.example")), ["DNS:a.example, DNS:b.example"], []),
        (EdgeCertificate(purposes=("server",)), ["TLS Web Server"], ["TLS Web Client"]),
        (EdgeCertificate(purposes=()), [], ["Extended Key Usage"]),
        (EdgeCertificate(subject="common-name"), ["Subject: CN = sip.uc.example\n"], []),
        (EdgeCertificate(key="ec"), ["id-ecPublicKey"], []),
        (EdgeCertificate(key="rsa-1024"), ["(1024 bit)"], []),
        (EdgeCertificate(issuer="sha1"), ["Signature Algorithm: sha1WithRSAEncryption"], ["sha256With"]),
        (EdgeCertificate(negative_serial=True), ["Serial Number: -63 (-0x3f)"], []),
        (EdgeCertificate(crl="good"), ["URI:http://127.0.0.1:81/crl/good"], ["OCSP"]),
        (EdgeCertificate(crl="unreachable"), ["URI:http://127.0.0.1:82/crl/unreachable"], []),
        (EdgeCertificate(ocsp="revoked"), ["OCSP - URI:http://127.0.0.1:81/ocsp/revoked"], ["CRL Distribution"]),
    ],
    ids=repr,
)
def test_what_openssl_reads(pki: EdgePki, wanted: EdgeCertificate, has: list[str], lacks: list[str]) -> None:
    text = text_of(pki, wanted)
    assert all(words in text for words in has)
    assert not [words for words in lacks if words in text]


def test_validity_counts_from_now(pki: EdgePki) -> None:
    certificate = pki.edge(EdgeCertificate(age_days=10, days_left=-3)).certificate
    assert certificate.not_valid_before_utc == NOW - timedelta(days=10)
    assert certificate.not_valid_after_utc == NOW - timedelta(days=3)


def verified(tmp_path: Path, root: bytes, leaf: bytes, *others: bytes) -> str:
    for name, ders in (("root", [root]), ("leaf", [leaf]), ("others", others)):
        (tmp_path / name).write_text("".join(map(ssl.DER_cert_to_PEM_cert, ders)))
    paths = [str(tmp_path / name) for name in ("root", "others", "leaf")]
    at = str(int(NOW.timestamp()))
    level = ("-auth_level", "0")
    return openssl("verify", *level, "-attime", at, "-CAfile", paths[0], "-untrusted", paths[1], paths[2])


@pytest.mark.parametrize(
    "wanted",
    [
        EdgeCertificate(),
        EdgeCertificate(negative_serial=True),
        EdgeCertificate(issuer="sha1"),
        EdgeCertificate(key="ec"),
        EdgeCertificate(issuer="private"),
    ],
    ids=repr,
)
def test_signatures_are_right(pki: EdgePki, tmp_path: Path, wanted: EdgeCertificate) -> None:
    issued = pki.edge(wanted)
    issuing, root = issued.issuers
    assert verified(tmp_path, root, issued.der, issuing).endswith(": OK\n")


def test_cross_signed_root_leads_to_the_old_one(pki: EdgePki, tmp_path: Path) -> None:
    issued, cross, old = pki.edge(EdgeCertificate()), pki.cross_signed_root, pki.root("old")
    assert verified(tmp_path, old.der, issued.der, issued.issuers[0], cross.der).endswith(": OK\n")
    assert "error" in verified(tmp_path, old.der, issued.der, issued.issuers[0])


def test_impostor_did_not_sign(pki: EdgePki, tmp_path: Path) -> None:
    issued = pki.edge(EdgeCertificate())
    assert pki.impostor.certificate.subject == pki.issuing("public").certificate.subject
    assert "error" in verified(tmp_path, pki.root("public").der, issued.der, pki.impostor.der)


def test_no_ca_claims_to_be_a_real_one(pki: EdgePki) -> None:
    for ca in (pki.root("public"), pki.root("private"), pki.root("old"), pki.issuing("public"), pki.issuing("sha1")):
        [organization] = ca.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        assert organization.value == "vpnprobe lab (not a public CA)"


def test_names_of_a_cut_list_are_nearly_16_kb(pki: EdgePki) -> None:
    size = sum(len(one.subject.public_bytes()) + 2 for one in pki.others(cut=True))
    assert 15 * 1024 < size <= 16 * 1024


def named_url(lab: FederationLab, *, kind: str) -> str:
    chain = (lab.directory / "edge1-chain.pem").read_bytes()
    text = openssl("x509", "-noout", "-text", given=chain)
    [url] = [word.partition("URI:")[2] for word in text.split() if f"/{kind}/" in word]
    return url


def chain_files(lab: FederationLab, directory: Path) -> tuple[str, str, str]:
    """Write leaf, issuing CA and root to files of their own."""
    begin = "-----BEGIN CERTIFICATE-----"
    text = (lab.directory / "edge1-chain.pem").read_text()
    leaf, issuing, root = (begin + part for part in text.split(begin)[1:])
    for name, pem in (("leaf", leaf), ("issuing", issuing), ("root", root)):
        (directory / name).write_text(pem)
    return str(directory / "leaf"), str(directory / "issuing"), str(directory / "root")


@pytest.mark.parametrize(
    ("name", "said"), [("federation-healthy-revocation", ": OK"), ("federation-revoked-in-crl", "certificate revoked")]
)
async def test_crl_as_openssl_uses_it(name: str, said: str, tmp_path: Path) -> None:
    async with running_federation_lab(find_federation_scenario(name)) as lab, httpx.AsyncClient() as client:
        leaf, issuing, root = chain_files(lab, tmp_path)
        crl = await client.get(named_url(lab, kind="crl"))
        (tmp_path / "crl.der").write_bytes(crl.content)
    pem = openssl("crl", "-inform", "DER", "-in", str(tmp_path / "crl.der"))
    (tmp_path / "crl.pem").write_text(pem)
    trusted = ("-CAfile", root, "-untrusted", issuing, "-CRLfile", str(tmp_path / "crl.pem"), "-crl_check")
    assert said in openssl("verify", *trusted, leaf)


@pytest.mark.parametrize(
    ("name", "said"), [("federation-healthy-revocation", ": good"), ("federation-revoked-by-ocsp", ": revoked")]
)
async def test_ocsp_as_openssl_asks_it(name: str, said: str, tmp_path: Path) -> None:
    async with running_federation_lab(find_federation_scenario(name)) as lab, httpx.AsyncClient() as client:
        leaf, issuing, root = chain_files(lab, tmp_path)
        asked = tmp_path / "asked.der"
        openssl("ocsp", "-issuer", issuing, "-cert", leaf, "-no_nonce", "-reqout", str(asked))
        answer = await client.post(named_url(lab, kind="ocsp"), content=asked.read_bytes())
        (tmp_path / "answer.der").write_bytes(answer.content)
    ids = ("-issuer", issuing, "-cert", leaf, "-CAfile", root, "-verify_other", issuing)
    said_by_openssl = openssl("ocsp", "-respin", str(tmp_path / "answer.der"), *ids)
    assert f"{leaf}{said}" in said_by_openssl
    assert "Response verify OK" in said_by_openssl


async def test_ocsp_question_that_is_none() -> None:
    scenario = find_federation_scenario("federation-healthy-revocation")
    async with running_federation_lab(scenario) as lab, httpx.AsyncClient() as client:
        url = named_url(lab, kind="ocsp")
        answers = [await client.post(url, content=b"who?"), await client.get(f"{url}/d2hvPw==")]
    # OCSPResponse with the status malformedRequest (RFC 6960 section 4.2.1).
    assert [answer.content for answer in answers] == [bytes.fromhex("30030a0101")] * 2


async def test_junk_and_unknown_paths() -> None:
    async with (
        running_federation_lab(find_federation_scenario("federation-crl-junk")) as lab,
        httpx.AsyncClient() as client,
    ):
        url = named_url(lab, kind="crl")
        assert b"<html>" in (await client.get(url)).content
        assert (await client.get(f"{url}s")).status_code == 404


async def test_unreachable_means_refused() -> None:
    scenario = find_federation_scenario("federation-crl-unreachable")
    async with running_federation_lab(scenario) as lab, httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(named_url(lab, kind="crl"))
