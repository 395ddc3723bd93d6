"""What the operator gives as the new and the old certificate, and which gateway it is for."""

from __future__ import annotations

import pytest

from tests.certificates import chain, issue, to_pem
from tests.fleet.cutting import HOST, NEW, OLD, STRANGER, cert_hash, given, given_hash, plan
from vpnprobe.fleet.cutover_plan import GivenCertificate, given_by_file, given_by_hash
from vpnprobe.model.errors import UsageError
from vpnprobe.pki.fingerprint import colon_hex, sha1, sha256

LEAF = chain(HOST)


def test_a_file_with_the_whole_chain() -> None:
    read = given_by_file(LEAF.chain_pem, "vpn.example.com")
    assert read.chain == LEAF.chain_der
    assert (read.cert_hash, read.host) == (cert_hash(LEAF), "vpn.example.com")
    assert read.facts is not None
    assert read.facts.common_names == (HOST,)


def test_a_certificate_that_comes_twice_is_there_once() -> None:
    assert given_by_file(LEAF.pem + LEAF.chain_pem).chain == LEAF.chain_der


def test_an_issuer_in_the_first_place_is_refused() -> None:
    with pytest.raises(UsageError, match="Put the gateway's own certificate first"):
        given_by_file(b"".join(map(to_pem, reversed(LEAF.chain_der))))


def test_a_file_of_something_else_is_refused() -> None:
    with pytest.raises(UsageError, match="neither PEM nor DER"):
        given_by_file(b"hello")


@pytest.mark.parametrize(
    "text",
    [
        cert_hash(NEW),
        colon_hex(sha1(NEW.der)),
        sha1(NEW.der).hex(),
        f"SHA1 Fingerprint={colon_hex(sha1(NEW.der))}",
        f"<certHash1>{cert_hash(NEW)}</certHash1>",
    ],
)
def test_a_hash_in_any_form(text: str) -> None:
    read = given_by_hash(text, HOST)
    assert read is not None
    assert (read.leaf_sha1, read.chain, read.facts, read.host) == (sha1(NEW.der), (), None, HOST)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "new.pem",
        colon_hex(sha256(NEW.der)),
        cert_hash(NEW)[:-2] + "B=",
        f"vpn.example.com={cert_hash(NEW)}",
    ],
    ids=["empty", "a name", "SHA-256", "miscopied", "with a host"],
)
def test_what_is_no_certain_sha1_is_none(text: str) -> None:
    assert given_by_hash(text) is None


SECOND = issue(cn="vpn2.example.com", dns=["vpn2.example.com"])
IP = issue(cn="192.0.2.1")


@pytest.mark.parametrize(
    ("new", "host", "meant"),
    [
        pytest.param([given(NEW)], "anything.example.com", [given(NEW)], id="the only one is for all"),
        pytest.param([given(NEW), given(SECOND)], HOST, [given(NEW)], id="the one that names it"),
        pytest.param([given(NEW), given(OLD)], HOST, [given(NEW), given(OLD)], id="two that name it"),
        pytest.param([given(NEW), given(SECOND)], "other.example", [given(NEW), given(SECOND)], id="none names it"),
        pytest.param(
            [given(NEW), given_hash(STRANGER)], "vpn2.example.com", [given_hash(STRANGER)], id="whose name is not known"
        ),
        pytest.param([given(NEW), given_hash(STRANGER)], HOST, [given(NEW)], id="known before not known"),
        pytest.param([given(NEW, host="VPN.example.com.")], HOST, [given(NEW, host="VPN.example.com.")], id="by host"),
        pytest.param([given(NEW, host="a.example")], HOST, [], id="for another host"),
        pytest.param([given(NEW, host="a.example"), given(OLD)], HOST, [given(OLD)], id="for all others"),
        pytest.param(
            [given(NEW, host=HOST), given(OLD)], HOST, [given(NEW, host=HOST)], id="for this host before all others"
        ),
        pytest.param([given(IP), given(NEW)], "192.0.2.1", [given(IP)], id="an address may be named"),
    ],
)
def test_which_new_certificate_is_for_which_gateway(
    new: list[GivenCertificate], host: str, meant: list[GivenCertificate]
) -> None:
    assert list(plan(*new).new_for(host)) == meant
    assert list(plan(old=new).old_for(host)) == meant
