"""The openssl command as outside judge of what `vpnprobe.pki` reads, on certificates of both makers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import certificates as make
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.loading import load_certificates
from vpnprobe.pki.path import PathEnd, build_path

pytestmark = pytest.mark.container

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def openssl(*arguments: str | Path, data: bytes = b"") -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=True)
    return done.stdout.decode()


def ask(der: bytes, *questions: str) -> list[str]:
    """Return the answers of `openssl x509`, without the words before the first `=`."""
    lines = openssl("x509", "-inform", "DER", "-noout", *questions, data=der).splitlines()
    return [line.partition("=")[2] for line in lines]


ISSUED = [
    pytest.param(lambda: make.asa_self_signed().der, id="ASA"),
    pytest.param(lambda: make.chain().der, id="third-party leaf"),
    pytest.param(lambda: make.phone_certificate().der, id="LSC"),
    pytest.param(lambda: make.issue(serial=bytes.fromhex("dff2c450")).der, id="negative serial"),
    pytest.param(lambda: make.issue(serial=0).der, id="zero serial"),
    pytest.param(lambda: make.issue(subject=[]).der, id="empty subject"),
    pytest.param(
        lambda: (
            make.issue(
                subject=[
                    ("C", "DE", make.PRINTABLE),
                    ("O", 'A+B, "C" <d>; \\e', make.UTF8),
                    ("CN", "#grün ", make.BMP),
                    ("CN", "gr\u00fcn", make.TELETEX),
                    ("serialNumber", "PID:CP-8861 SN:1", make.PRINTABLE),
                    ("emailAddress", "a@example", make.IA5),
                ]
            ).der
        ),
        id="all kinds of names",
    ),
]


@pytest.mark.parametrize("issue", ISSUED)
def test_digests_and_serials(issue: Callable[[], bytes]) -> None:
    facts = describe(issue())
    assert ask(issue(), "-fingerprint", "-sha1") == [facts.sha1]
    assert ask(issue(), "-fingerprint", "-sha256") == [facts.sha256]
    assert ask(issue(), "-fingerprint", "-md5") == [facts.md5]
    assert ask(issue(), "-serial") == [facts.serial]


@pytest.mark.parametrize("issue", ISSUED)
def test_names(issue: Callable[[], bytes]) -> None:
    facts = describe(issue())
    rfc2253 = ("-nameopt", "RFC2253,-esc_msb,utf8")
    assert ask(issue(), "-subject", "-issuer", *rfc2253) == [facts.subject, facts.issuer]
    assert facts.subject_oneline is not None
    # OpenSSL 3 escapes the plus sign; the phones' 0.9.8 did not.
    assert ask(issue(), "-subject", "-nameopt", "compat") == [facts.subject_oneline.replace("+", "\\+")]


def made_by_openssl(folder: Path, *key_arguments: str, **options: str) -> bytes:
    arguments = [item for name, value in options.items() for item in (f"-{name}", value)]
    openssl(
        "req", "-x509", "-nodes", "-keyout", folder / "key.pem", "-out", folder / "gw.pem", "-days", "30",
        "-subj", "/CN=10.198.16.140/unstructuredName=10.198.16.140", *key_arguments, *arguments,
    )  # fmt: skip
    (der,) = load_certificates((folder / "gw.pem").read_bytes())
    return der


@pytest.mark.parametrize(
    ("arguments", "key", "signature"),
    [
        pytest.param(["-newkey", "rsa:512", "-md5"], ("RSA", 512, None), "md5WithRSAEncryption", id="RSA-512, MD5"),
        pytest.param(["-newkey", "rsa:1024", "-sha1"], ("RSA", 1024, None), "sha1WithRSAEncryption", id="SHA-1"),
        pytest.param(
            ["-newkey", "rsa:2048", "-sha256", "-sigopt", "rsa_padding_mode:pss"],
            ("RSA", 2048, None),
            "rsassaPss",
            id="RSA-PSS signature",
        ),
        pytest.param(
            ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048", "-sha256"],
            ("RSA", 2048, None),
            "rsassaPss",
            id="RSA-PSS key",
        ),
        pytest.param(
            ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp224r1", "-sha256"],
            ("EC", 224, "secp224r1"),
            "ecdsa-with-SHA256",
            id="P-224",
        ),
        pytest.param(
            ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit", "-sha256"],
            ("EC", 256, "explicit"),
            "ecdsa-with-SHA256",
            id="explicit curve",
        ),
        pytest.param(["-newkey", "ed25519"], ("Ed25519", 256, None), "ED25519", id="Ed25519"),
    ],
)
def test_certificates_made_by_openssl(
    arguments: list[str], key: tuple[str, int, str | None], signature: str, tmp_path: Path
) -> None:
    facts = describe(made_by_openssl(tmp_path, *arguments))
    assert facts.problems == ()
    assert (facts.key_type, facts.key_bits, facts.curve) == key
    assert facts.signature_algorithm == signature
    assert facts.subject_oneline == "/CN=10.198.16.140/unstructuredName=10.198.16.140"
    assert facts.self_signed is True


def test_a_binary_curve_is_described_though_no_engine_checks_it(tmp_path: Path) -> None:
    facts = describe(made_by_openssl(tmp_path, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:sect233r1"))
    assert (facts.key_type, facts.key_bits, facts.curve) == ("EC", 233, "sect233r1")
    assert (facts.self_signed, facts.self_signed_engine) == (None, "cryptography")


def verifies(folder: Path, leaf: make.Identity, *, with_intermediates: bool) -> bool:
    """Ask `openssl verify`, security level 0, as phones accept MD5 and short keys."""
    root, between = folder / "root.pem", folder / "between.pem"
    root.write_bytes(make.to_pem(leaf.chain_der[-1]))
    between.write_bytes(b"".join(map(make.to_pem, leaf.chain_der[1:-1])))
    (folder / "leaf.pem").write_bytes(leaf.pem)
    untrusted: list[str | Path] = ["-untrusted", between] if with_intermediates else []
    at = str(int(NOW.timestamp()))
    done = subprocess.run(
        ["openssl", "verify", "-auth_level", "0", "-attime", at, "-CAfile", root, *untrusted, folder / "leaf.pem"],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def sha1_chain() -> make.Identity:
    root = make.issue(cn="Old Root", ca=True, key=make.rsa_key(1024), hash_name="md5")
    issuing = make.issue(cn="Old CA", ca=True, issuer=root, hash_name="sha1")
    return make.issue(cn="gw", issuer=issuing, hash_name="sha1")


@pytest.mark.parametrize("chain", [make.chain, lambda: make.chain(intermediates=3), sha1_chain])
def test_paths(chain: Callable[[], make.Identity], tmp_path: Path) -> None:
    leaf = chain()
    *sent, root = leaf.chain_der
    assert verifies(tmp_path, leaf, with_intermediates=True)
    assert build_path(sent, [root], at=NOW).end is PathEnd.TRUSTED_ROOT
    assert not verifies(tmp_path, leaf, with_intermediates=False)
    assert build_path(sent[:1], [root], at=NOW).end is PathEnd.ISSUER_MISSING


def test_pkcs7_made_by_openssl(tmp_path: Path) -> None:
    leaf = make.chain()
    (tmp_path / "chain.pem").write_bytes(leaf.chain_pem)
    openssl(
        "crl2pkcs7", "-nocrl", "-certfile", tmp_path / "chain.pem", "-outform", "DER", "-out", tmp_path / "chain.p7b"
    )
    assert sorted(load_certificates((tmp_path / "chain.p7b").read_bytes())) == sorted(leaf.chain_der)


def test_trusted_certificates_made_by_openssl(tmp_path: Path) -> None:
    leaf = make.asa_self_signed()
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    trusted = openssl("x509", "-in", tmp_path / "leaf.pem", "-addtrust", "serverAuth", "-trustout")
    assert "BEGIN TRUSTED CERTIFICATE" in trusted
    assert load_certificates(trusted.encode()) == [leaf.der]
