"""Paths as a federation peer judges them; the openssl command is the outside judge of which ones lead to an anchor."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from tests import certificates as make
from vpnprobe.model.federation import PathEnd, PathReading
from vpnprobe.pki import trust
from vpnprobe.pki.trust import RootStore, read_path

NOW = datetime(2030, 1, 1, tzinfo=UTC)
PAST = datetime(2025, 1, 1, tzinfo=UTC)
KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
CA_USAGE = ("keyCertSign", "cRLSign")


@dataclass(frozen=True)
class Case:
    """What was sent and what is trusted, and what is to be said of it. `judge`: whether openssl accepts.

    Of several certificates of one name openssl takes the first and does not come back, so it is shown `path` alone.
    """

    sent: Sequence[bytes]
    end: PathEnd
    public: Sequence[bytes] = ()
    given: Sequence[bytes] = ()
    judge: bool = False
    path: Sequence[bytes] = ()
    facts: tuple[tuple[str, object], ...] = ()

    def read(self) -> PathReading:
        return read_path(self.sent, RootStore(self.public, "a test's list"), self.given, at=NOW)


def authority(cn: str, issuer: make.Identity | None = None, **options: object) -> make.Identity:
    options = {"ca": True, "key_usage": CA_USAGE, **options}
    return make.issue(cn=cn, issuer=issuer, **options)  # type: ignore[arg-type]  # passed on as they are


def gateway(issuer: make.Identity, **options: object) -> make.Identity:
    return make.issue(cn="sip.example.com", dns=["sip.example.com"], issuer=issuer, **options)  # type: ignore[arg-type]  # passed on as they are


def plain(name: str) -> Case:
    leaf = make.chain(intermediates=2)
    edge, lower, upper, root = leaf.chain_der
    stranger = authority("Stranger").der
    forged = bytearray(edge)
    forged[-1] ^= 1
    complete = (("in_order", True), ("root_sent", False), ("duplicates", 0), ("unused", 0))
    return {
        "public root": Case(
            [edge, lower, upper],
            "public-root",
            public=[stranger, root],
            judge=True,
            facts=(
                *complete,
                ("roots", "a test's list"),
                (
                    "subjects",
                    (
                        "CN=vpn.example.com",
                        "CN=Example Issuing CA 2",
                        "CN=Example Issuing CA 1",
                        "CN=Example Root CA",
                    ),
                ),
            ),
        ),
        "given root": Case([edge, lower, upper], "given-root", given=[root], judge=True, facts=complete),
        "public before given": Case([edge, lower, upper], "public-root", public=[root], given=[root], judge=True),
        "given intermediate": Case([edge], "given-root", given=[lower], judge=True),
        "root sent": Case(
            [edge, lower, upper, root], "public-root", public=[root], judge=True, facts=(("root_sent", True),)
        ),
        "root sent, not trusted": Case(
            [edge, lower, upper, root], "self-signed", public=[stranger], facts=(("root_sent", True),)
        ),
        "out of order": Case(
            [edge, root, upper, lower], "public-root", public=[root], judge=True, facts=(("in_order", False),)
        ),
        "duplicates": Case(
            [edge, lower, lower, upper, edge],
            "public-root",
            public=[root],
            judge=True,
            facts=(("duplicates", 2), ("in_order", False)),
        ),
        "stranger between": Case(
            [edge, stranger, lower, upper],
            "public-root",
            public=[root],
            judge=True,
            facts=(("unused", 1), ("in_order", False)),
        ),
        "intermediate missing, root known": Case(
            [edge, lower], "issuer-missing", public=[root], facts=(("missing_issuer", "CN=Example Issuing CA 1"),)
        ),
        "leaf alone": Case(
            [edge], "issuer-missing", public=[root], facts=(("missing_issuer", "CN=Example Issuing CA 2"),)
        ),
        "leaf forged": Case([bytes(forged), lower, upper], "signature-wrong", public=[root]),
        "root of the name with another key": Case(
            [edge, lower, upper],
            "signature-wrong",
            public=[authority("Example Root CA", key=make.rsa_key(slot=9)).der],
            facts=(("missing_issuer", "CN=Example Root CA"),),
        ),
        "self-signed leaf": Case([make.asa_self_signed().der], "self-signed-leaf"),
        "self-signed leaf, given": Case(
            [make.asa_self_signed().der], "given-root", given=[make.asa_self_signed().der], judge=True
        ),
    }[name]


PLAIN = [
    "public root",
    "given root",
    "public before given",
    "given intermediate",
    "root sent",
    "root sent, not trusted",
    "out of order",
    "duplicates",
    "stranger between",
    "intermediate missing, root known",
    "leaf alone",
    "leaf forged",
    "root of the name with another key",
    "self-signed leaf",
    "self-signed leaf, given",
]


def old_signatures(hash_name: str) -> Case:
    root = authority("Root", hash_name=hash_name)
    middle = authority("Issuing", root, hash_name=hash_name)
    leaf = gateway(middle, hash_name=hash_name)
    return Case([leaf.der, middle.der], "public-root", public=[root.der], judge=True)


def cross_signed(*order: str, public: str = "new", given: str | None = None) -> Case:
    """An authority certified by an old and a new root; the chain holds both certificates, in any order."""
    old, new = authority("Old Root"), authority("New Root", key=make.rsa_key(slot=5))
    by_old = authority("Issuing", old, key=make.rsa_key(slot=6))
    by_new = authority("Issuing", new, key=make.rsa_key(slot=6))
    leaf = gateway(by_new, key=make.rsa_key(slot=7))
    pool = {"leaf": leaf, "by old": by_old, "by new": by_new, "old": old, "new": new}
    return Case(
        [pool[name].der for name in order],
        "public-root",
        public=[pool[public].der],
        given=[pool[given].der] if given else [],
        judge=True,
        path=[leaf.der, pool[f"by {public}"].der],
        facts=(("subjects", ("CN=sip.example.com", "CN=Issuing", f"CN={public.title()} Root")),),
    )


def root_signed_by_a_root() -> Case:
    """The usual cross-signing: the new root was sent as an intermediate of the old one, which nobody has any more."""
    old, new = authority("Old Root"), authority("New Root", key=make.rsa_key(slot=5))
    bridge = authority("New Root", old, key=make.rsa_key(slot=5))
    leaf = gateway(new, key=make.rsa_key(slot=7))
    return Case([leaf.der, bridge.der], "public-root", public=[new.der], judge=True, facts=(("unused", 1),))


def ed25519() -> Case:
    keys = [Ed25519PrivateKey.generate() for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)]) for cn in ("Root", "sip.example.com")]
    root, leaf = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(names[0])
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(make.NOT_BEFORE)
        .not_valid_after(make.NOT_AFTER)
        .add_extension(x509.BasicConstraints(ca=subject is names[0], path_length=None), critical=True)
        .sign(keys[0], None)
        .public_bytes(Encoding.DER)
        for subject, key in zip(names, keys, strict=True)
    )
    return Case([leaf], "public-root", public=[root], judge=True)


def elliptic() -> Case:
    root = authority("Root", key=make.ec_key("secp384r1"), hash_name="sha384")
    middle = authority("Issuing", root, key=make.ec_key(slot=1), hash_name="sha384")
    return Case(
        [gateway(middle, key=make.ec_key(slot=2)).der, middle.der], "public-root", public=[root.der], judge=True
    )


def negative_serial() -> Case:
    root = authority("Root")
    leaf = gateway(root, serial=bytes.fromhex("dff2c450"))
    return Case([leaf.der], "public-root", public=[root.der], judge=True)


def unlike_an_authority(clause: str, **options: object) -> Case:
    """The issuer of the leaf has these options; `clause` is what is said of it."""
    root = authority("Root")
    middle = authority("Issuing", root, **options)
    return Case(
        [gateway(middle).der, middle.der],
        "issuer-not-ca",
        public=[root.der],
        facts=(("obstacle", f"CN=Issuing {clause}"), ("missing_issuer", None)),
    )


def key_identifiers(own: bytes, issuer: bytes) -> list[bytes]:
    return [
        make.extension("2.5.29.14", make.tlv(0x04, own)),
        make.extension("2.5.29.35", make.sequence(make.tlv(0x80, issuer))),
    ]


def path_too_long(allowed: int, *, rekeyed: bool = False) -> Case:
    """A root that allows `allowed` authorities below it has two, of one name where `rekeyed`."""
    root = authority("Root", path_length=allowed, extensions=key_identifiers(b"root", b"root"))
    # Without key identifiers openssl takes a self-issued certificate for a self-signed one.
    upper = authority("Issuing", root, extensions=key_identifiers(b"upper", b"root"))
    lower = authority(
        "Issuing" if rekeyed else "Policy", upper, serial=2, extensions=key_identifiers(b"lower", b"upper")
    )
    leaf = gateway(lower, extensions=key_identifiers(b"leaf", b"lower"))
    allows = allowed >= (1 if rekeyed else 2)
    clause = f"CN=Root allows {allowed} authorities below it, and 2 are there"
    return Case(
        [leaf.der, lower.der, upper.der],
        "public-root" if allows else "issuer-not-ca",
        public=[root.der],
        judge=allows,
        facts=(("obstacle", None if allows else clause),),
    )


def old_root(accepted: bool, **options: object) -> Case:
    """A root without basicConstraints."""
    root = make.issue(cn="Root", **options)  # type: ignore[arg-type]  # passed on as they are
    return Case([gateway(root).der], "public-root" if accepted else "issuer-not-ca", public=[root.der], judge=accepted)


def leaf_that_issues() -> Case:
    """Somebody with a good certificate for another name issues one for the target."""
    root = authority("Root")
    own = make.issue(cn="other.example", dns=["other.example"], issuer=root)
    return Case([gateway(own).der, own.der], "issuer-not-ca", public=[root.der])


def two_of_one_authority(**wrong: object) -> Case:
    """The authority's certificate was renewed, and both are sent, the bad one first."""
    root = authority("Root")
    bad = authority("Issuing", root, **wrong)
    good = authority("Issuing", root, serial=2)
    return Case(
        [gateway(good).der, bad.der, good.der],
        "public-root",
        public=[root.der],
        judge=True,
        path=[gateway(good).der, good.der],
        facts=(("unused", 1), ("in_order", False), ("obstacle", None), ("store_refusal", None)),
    )


def expired_intermediate() -> Case:
    root = authority("Root")
    middle = authority("Issuing", root, not_after=PAST)
    return Case(
        [gateway(middle).der, middle.der],
        "public-root",
        public=[root.der],
        facts=(("store_refusal", "certificate has expired at depth 1"), ("obstacle", None)),
    )


def unknown_algorithm() -> Case:
    """A signature of an algorithm that no engine knows: whoever makes it up must not reach a root by name alone."""
    root = authority("Root")
    signed = gateway(root).der
    inner = make.oid("1.2.840.113549.1.1.11")
    unknown = make.oid("1.2.840.113549.1.1.99")
    return Case(
        [signed.replace(inner, unknown)],
        "signature-unchecked",
        public=[root.der],
        facts=(("obstacle", "CN=sip.example.com: signature algorithm 1.2.840.113549.1.1.99 is not known"),),
    )


def name_constraints() -> Case:
    """The root allows names below example.org only; the path is complete, and OpenSSL's store refuses."""
    permitted = make.tlv(0xA0, make.sequence(make.tlv(0x82, b"example.org")))
    root = authority("Root", extensions=[make.extension("2.5.29.30", make.sequence(permitted), critical=True)])
    return Case(
        [gateway(root).der],
        "public-root",
        public=[root.der],
        facts=(("store_refusal", "permitted subtree violation at depth 0"),),
    )


CASES = [
    *(pytest.param(lambda name=name: plain(name), id=name) for name in PLAIN),
    pytest.param(lambda: old_signatures("sha1"), id="SHA-1"),
    pytest.param(lambda: old_signatures("md5"), id="MD5"),
    pytest.param(lambda: cross_signed("leaf", "by old", "by new"), id="cross-signed, other way first"),
    pytest.param(lambda: cross_signed("leaf", "by new", "by old", public="old"), id="cross-signed, old root"),
    pytest.param(lambda: cross_signed("leaf", "old", "by old", "new", "by new"), id="cross-signed, both roots sent"),
    pytest.param(
        lambda: cross_signed("leaf", "by old", "by new", given="old"), id="cross-signed, the other root given"
    ),
    pytest.param(root_signed_by_a_root, id="root signed by an old root"),
    pytest.param(ed25519, id="Ed25519"),
    pytest.param(elliptic, id="EC"),
    pytest.param(negative_serial, id="negative serial"),
    pytest.param(
        lambda: unlike_an_authority("is no certificate authority: basicConstraints CA:FALSE", ca=False), id="CA:FALSE"
    ),
    pytest.param(
        lambda: unlike_an_authority("is no certificate authority: basicConstraints absent", ca=None, key_usage=()),
        id="no basicConstraints",
    ),
    pytest.param(
        lambda: unlike_an_authority(
            "may not sign certificates: its key usage lacks keyCertSign", key_usage=["digitalSignature"]
        ),
        id="no keyCertSign",
    ),
    pytest.param(leaf_that_issues, id="leaf that issues"),
    pytest.param(lambda: path_too_long(0), id="path length 0 of 2"),
    pytest.param(lambda: path_too_long(1), id="path length 1 of 2"),
    pytest.param(lambda: path_too_long(2), id="path length 2 of 2"),
    pytest.param(lambda: path_too_long(1, rekeyed=True), id="path length 1 of 2, one self-issued"),
    pytest.param(lambda: old_root(True, version=1), id="root of version 1"),
    pytest.param(lambda: old_root(True, key_usage=CA_USAGE), id="root with key usage alone"),
    pytest.param(lambda: old_root(False), id="root of version 3 without anything"),
    pytest.param(lambda: two_of_one_authority(not_after=PAST), id="expired and renewed"),
    pytest.param(lambda: two_of_one_authority(ca=False), id="CA:FALSE and renewed"),
    pytest.param(expired_intermediate, id="expired intermediate"),
    pytest.param(unknown_algorithm, id="unknown algorithm"),
    pytest.param(name_constraints, id="name constraints"),
]
CaseMaker = Callable[[], Case]


def openssl_verifies(case: Case, folder: Path) -> bool:
    anchors, others, leaf = (folder / name for name in ("anchors.pem", "others.pem", "leaf.pem"))
    anchors.write_bytes(b"".join(map(make.to_pem, (*case.public, *case.given))))
    others.write_bytes(b"".join(map(make.to_pem, (case.path or case.sent)[1:])))
    leaf.write_bytes(make.to_pem(case.sent[0]))
    trusted = ["-CAfile", anchors] if anchors.stat().st_size else ["-no-CAfile"]
    untrusted = ["-untrusted", others] if others.stat().st_size else []
    arguments = ["-no-CApath", "-no-CAstore", "-partial_chain", "-auth_level", "0", "-attime", int(NOW.timestamp())]
    done = subprocess.run(
        ["openssl", "verify", *map(str, (*trusted, *untrusted, *arguments, leaf))], capture_output=True, check=False
    )
    return done.returncode == 0


@pytest.mark.parametrize("make_case", CASES)
def test_paths(make_case: CaseMaker, tmp_path: Path) -> None:
    case = make_case()
    reading = case.read()
    assert reading.end == case.end
    assert {name: getattr(reading, name) for name, _ in case.facts} == dict(case.facts)
    assert reading.engine == "cryptography"
    assert (reading.store_refusal is None) == openssl_verifies(case, tmp_path) == case.judge


def test_the_engines_are_named() -> None:
    reading = plain("public root").read()
    assert SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode().startswith(f"{reading.store_engine} ")
    assert reading.strict_engine is not None
    assert reading.strict_engine.startswith("cryptography ")


@pytest.mark.parametrize(
    ("make_case", "words"),
    [
        pytest.param(negative_serial, "serial number cannot be negative", id="negative serial"),
        pytest.param(lambda: plain("public root"), "2.5.29.35", id="no key identifiers"),
    ],
)
def test_what_the_strict_verifier_says(make_case: CaseMaker, words: str) -> None:
    refusal = make_case().read().strict_refusal
    assert refusal is not None
    assert words in refusal


def strict(*names: x509.GeneralName) -> PathReading:
    """A leaf and its root as public authorities issue them today; the leaf has these alternative names."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    titles = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)]) for cn in ("Root", "sip.example.com")]
    built = []
    for title, key in zip(titles, keys, strict=True):
        is_root = key is keys[0]
        usage = dict.fromkeys(KEY_USAGES, False) | {"key_cert_sign": is_root, "digital_signature": not is_root}
        builder = (
            x509.CertificateBuilder(issuer_name=titles[0], subject_name=title, public_key=key.public_key())
            .serial_number(7)
            .not_valid_before(make.NOT_BEFORE)
            .not_valid_after(make.NOT_AFTER)
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), critical=False)
        )
        if not is_root:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            if names:
                builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        built.append(builder.sign(keys[0], hashes.SHA256()).public_bytes(Encoding.DER))
    return read_path(built[1:], RootStore(built[:1], "a test's list"), [], at=NOW)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(x509.DNSName("sip.example.com"), id="name"),
        pytest.param(x509.DNSName("*.example.com"), id="wildcard"),
        pytest.param(x509.IPAddress(ip_address("192.0.2.1")), id="address"),
    ],
)
def test_the_strict_verifier_accepts(name: x509.GeneralName) -> None:
    reading = strict(name)
    assert (reading.end, reading.store_refusal, reading.strict_refusal) == ("public-root", None, None)
    assert reading.strict_engine is not None


def test_a_common_name_alone_is_not_strict() -> None:
    refusal = strict().strict_refusal
    assert refusal is not None
    assert "leaf server certificate has no subjectAltName" in refusal


def test_the_strict_verifier_is_not_asked_without_an_anchor() -> None:
    reading = plain("root sent, not trusted").read()
    assert (reading.strict_engine, reading.strict_refusal) == (None, None)


def test_without_public_roots() -> None:
    case = plain("given root")
    reading = read_path(case.sent, None, case.given, at=NOW)
    assert (reading.end, reading.roots) == ("given-root", "")


def test_nothing_was_sent() -> None:
    assert read_path([], None, [], at=NOW) == PathReading(engine="cryptography", end="unreadable")


def test_a_leaf_that_cannot_be_read_is_refused_in_every_engine() -> None:
    reading = read_path([b"no certificate"], None, [], at=NOW)
    assert (reading.end, reading.subjects) == ("unreadable", ("(unreadable name)",))
    assert reading.store_refusal is not None
    assert reading.strict_refusal is not None


def test_a_refusal_leaves_no_error_behind_for_a_tls_session() -> None:
    """An entry in OpenSSL's queue of errors makes the next session that waits for bytes fail."""
    plain("leaf forged").read()
    client = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD))
    client.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        client.do_handshake()


def test_a_detour_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "MAX_DETOURS", 0)
    assert two_of_one_authority(ca=False).read().end == "issuer-not-ca"


def test_candidates_are_few() -> None:
    leaf = make.chain(intermediates=2)
    others = [make.issue(cn=f"Root {number}", key=make.ec_key()).der for number in range(20)]
    store = RootStore([*others, leaf.chain_der[-1], b"no certificate", leaf.chain_der[-1]], "x")
    assert len(store) == 21
    assert store.candidates(leaf.chain_der[:3]) == (leaf.chain_der[3],)
    assert store.candidates([b"no certificate", leaf.chain_der[0]]) == ()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6) | st.binary(max_size=40), max_size=6), st.sampled_from([None, 0, 1]))
def test_any_chain(chain: list[int | bytes], damage: int | None) -> None:
    case = cross_signed("leaf", "old", "by old", "new", "by new")
    pool = [*case.sent, b"\x30\x00", unknown_algorithm().sent[0]]
    sent = [pool[item] if isinstance(item, int) else item for item in chain]
    if damage is not None and len(sent) > damage:
        sent[damage] = sent[damage][:-1]
    reading = read_path(sent, RootStore(case.public, "x"), [b"\0", case.sent[1]], at=NOW)
    assert msgspec.json.decode(msgspec.json.encode(reading), type=PathReading) == reading
    assert reading.end not in ("public-root", "given-root") or reading.store_refusal is None


def test_damage_never_raises() -> None:
    """Each byte of an intermediate in turn gets two other values."""
    root = authority("Root", key=make.ec_key())
    middle = authority("Issuing", root, key=make.ec_key(slot=1), path_length=0)
    leaf = gateway(middle, key=make.ec_key(slot=2))
    store = RootStore([root.der], "x")
    for position in range(len(middle.der)):
        for value in (0x00, 0xFF):
            damaged = middle.der[:position] + bytes([value]) + middle.der[position + 1 :]
            reading = read_path([leaf.der, damaged], store, [], at=NOW)
            assert damaged == middle.der or reading.end != "public-root" or reading.store_refusal is None
