"""Which certificates a model can take, and where no source says."""

from __future__ import annotations

import msgspec
import pytest

from tests.certificates import Identity, ec_key, issue, rsa_key
from vpnprobe.fleet.acceptance import Obstacle, obstacles, takes_key_type
from vpnprobe.phones import load_profile
from vpnprobe.phones.profile import PhoneProfile
from vpnprobe.pki.certificate import describe

OLD_MODEL, NEW_MODEL = load_profile("7962G"), load_profile("8841")


def against(certificate: Identity, profile: PhoneProfile = OLD_MODEL, *shown: Identity) -> list[Obstacle]:
    return list(obstacles(profile, describe(certificate.der), [describe(one.der) for one in shown]))


def limited(**limits: object) -> PhoneProfile:
    assert OLD_MODEL.limits is not None
    return msgspec.structs.replace(OLD_MODEL, limits=msgspec.structs.replace(OLD_MODEL.limits, **limits))


@pytest.mark.parametrize(
    ("model", "key_type", "takes"),
    [
        ("7962G", "RSA", True),
        ("7962G", "EC", False),
        ("8841", "RSA", True),
        ("8841", "EC", True),
        ("8841-pre12.5", "EC", False),
        ("8841", "DSA", False),
        ("8841", "Ed25519", False),
        ("8841", None, False),
    ],
)
def test_the_suites_of_the_hello_say_which_keys(model: str, key_type: str | None, takes: bool) -> None:
    assert takes_key_type(load_profile(model), key_type) is takes


@pytest.mark.parametrize("bits", [1024, 2048])
def test_usual_sizes(bits: int) -> None:
    assert against(issue(key=rsa_key(bits))) == []


def test_a_size_that_is_shown_today_is_known() -> None:
    large = issue(key=rsa_key(4096))
    [obstacle] = against(large)
    assert not obstacle.certain
    assert "4096 bits" in obstacle.text
    assert against(large, OLD_MODEL, issue(key=rsa_key(4096), serial=2)) == []
    assert against(large, OLD_MODEL, issue(key=rsa_key(2048))) == [obstacle]


@pytest.mark.parametrize("curve", ["secp256r1", "secp384r1", "secp521r1"])
def test_curves_that_are_offered(curve: str) -> None:
    assert against(issue(key=ec_key(curve)), NEW_MODEL) == []


def test_a_curve_that_is_not_offered() -> None:
    [obstacle] = against(issue(key=ec_key("secp256k1")), NEW_MODEL)
    assert obstacle == Obstacle("the 8841 does not offer the curve secp256k1", certain=True)
    silent = msgspec.structs.replace(NEW_MODEL, hello=msgspec.structs.replace(NEW_MODEL.hello, extensions=None))
    assert [one.certain for one in against(issue(key=ec_key("secp256k1")), silent)] == [False]
    assert against(issue(key=ec_key()), silent) == []


def test_sha2_where_the_profile_says_no() -> None:
    assert against(issue(), limited(sha2_certificates=False)) == [
        Obstacle("the 7962G takes no SHA-2 certificate", certain=True)
    ]
    assert against(issue(hash_name="sha1"), limited(sha2_certificates=False)) == []


def test_sha2_where_the_profile_says_nothing() -> None:
    [obstacle] = against(issue(), msgspec.structs.replace(OLD_MODEL, limits=None))
    assert not obstacle.certain


def test_a_signature_that_no_suite_or_extension_names() -> None:
    authority = issue(cn="EC CA", ca=True, key=ec_key())
    leaf = issue(issuer=authority, key=rsa_key())
    assert [one.certain for one in against(leaf)] == [False]
    assert against(leaf, NEW_MODEL) == []
    assert against(leaf, OLD_MODEL, issue(issuer=authority, key=rsa_key(), serial=2)) == []
    assert [one.certain for one in against(leaf, load_profile("8841-pre12.5"))] == [False]


def test_bytes_that_are_no_certificate() -> None:
    [obstacle] = obstacles(OLD_MODEL, describe(b"\x30\x00"))
    assert not obstacle.certain
    assert "cannot be read" in obstacle.text
