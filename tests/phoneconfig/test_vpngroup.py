"""The vpnGroup element: what breaks CUCM's rules is a fact, never an error."""

from __future__ import annotations

import pytest

from vpnprobe.model.config import CertHashText, ConfigProblem, ProblemKind, VpnGroup, VpnUrl
from vpnprobe.phoneconfig.fields import MAX_PROBLEMS
from vpnprobe.phoneconfig.vpngroup import MAX_RECORDED, read_vpn_group
from vpnprobe.phoneconfig.xmlsafe import parse_xml


def read(inner: str) -> VpnGroup:
    return read_vpn_group(parse_xml(f"<vpnGroup>{inner}</vpnGroup>").root)


def hashes(inner: str) -> VpnGroup:
    return read(f"<credentials>{inner}</credentials>")


def problem(kind: ProblemKind, element: str, value: str = "") -> ConfigProblem:
    return ConfigProblem(kind=kind, element=element, value=value)


@pytest.mark.parametrize("inner", ["", "<addresses/><credentials></credentials>", "<mtu> </mtu>"], ids=repr)
def test_an_empty_group(inner: str) -> None:
    assert read(inner) == VpnGroup()


RANGES = [
    ("mtu", 256, 1406),
    ("failConnectTime", 0, 600),
    ("authMethod", 0, 2),
    ("pswdPersistent", 0, 1),
    ("autoNetDetect", 0, 1),
    ("enableHostIDCheck", 0, 1),
]
FIELDS = {
    "mtu": "mtu",
    "failConnectTime": "fail_connect_time",
    "authMethod": "auth_method",
    "pswdPersistent": "pswd_persistent",
    "autoNetDetect": "auto_net_detect",
    "enableHostIDCheck": "enable_host_id_check",
}


@pytest.mark.parametrize(("element", "low", "high"), RANGES, ids=[element for element, _, _ in RANGES])
def test_numbers_and_their_ranges(element: str, low: int, high: int) -> None:
    for value in (low - 1, low, high, high + 1):
        group = read(f"<{element}>{value}</{element}>")
        assert getattr(group, FIELDS[element]) == value
        outside = (problem(ProblemKind.OUT_OF_RANGE, element, str(value)),)
        assert group.problems == (() if low <= value <= high else outside)


@pytest.mark.parametrize("text", ["true", "1.5", "0x10", "1290 bytes", "٣", "9999999999"])
def test_what_is_not_a_number(text: str) -> None:
    assert read(f"<mtu>{text}</mtu>") == VpnGroup(problems=(problem(ProblemKind.NOT_A_NUMBER, "mtu", text),))


def test_urls_are_kept_to_the_letter() -> None:
    group = read("<addresses><url2>https://b/x</url2><url1> https://A/%58 </url1><url3/></addresses>")
    assert group.urls == (VpnUrl(1, " https://A/%58 "), VpnUrl(2, "https://b/x"))
    assert group.problems == ()


def test_a_url_over_255_characters() -> None:
    longest = "https://h/" + "p" * 245
    assert read(f"<addresses><url1>{longest}</url1></addresses>").problems == ()
    group = read(f"<addresses><url1>{longest}p</url1></addresses>")
    assert group.urls == (VpnUrl(1, longest + "p"),)
    assert group.problems == (problem(ProblemKind.TOO_LONG, "url1", longest[:80]),)


def test_ten_hashes_are_the_most_that_cucm_writes() -> None:
    ten = "".join(f"<certHash{n}>h{n}</certHash{n}>" for n in range(1, 11))
    assert hashes(ten).cert_hashes == tuple(CertHashText(n, f"h{n}") for n in range(1, 11))
    assert hashes(ten).problems == ()
    group = hashes(ten + "<certHash11>h11</certHash11><certHash12>h12</certHash12>")
    assert len(group.cert_hashes) == 12
    assert group.problems == (problem(ProblemKind.TOO_MANY, "certHash11", "2"),)


ODD_HASHES = {
    "gap": (
        "<certHash1>a</certHash1><certHash3>c</certHash3>",
        ((1, "a"), (3, "c")),
        (problem(ProblemKind.GAP, "certHash3"),),
    ),
    "gap by a blank one": (
        "<certHash1> </certHash1><certHash2>b</certHash2>",
        ((2, "b"),),
        (problem(ProblemKind.GAP, "certHash2"),),
    ),
    "the same value twice": (
        "<certHash1>a</certHash1><certHash2> a </certHash2>",
        ((1, "a"), (2, " a ")),
        (problem(ProblemKind.DUPLICATE, "certHash2", "certHash1"),),
    ),
    "the same element twice": (
        "<certHash1>a</certHash1><CERTHASH1>b</CERTHASH1>",
        ((1, "a"),),
        (problem(ProblemKind.REPEATED, "CERTHASH1", "b"),),
    ),
}


@pytest.mark.parametrize(("inner", "found", "problems"), ODD_HASHES.values(), ids=ODD_HASHES.keys())
def test_odd_hashes(inner: str, found: tuple[tuple[int, str], ...], problems: tuple[ConfigProblem, ...]) -> None:
    group = hashes(inner)
    assert tuple((entry.index, entry.text) for entry in group.cert_hashes) == found
    assert group.problems == problems


def test_a_hash_outside_credentials_is_misplaced() -> None:
    group = read("<certHash1>a</certHash1><addresses><certHash2>b</certHash2></addresses>")
    assert group.cert_hashes == ()
    assert group.problems == (
        problem(ProblemKind.MISPLACED, "certHash1"),
        problem(ProblemKind.MISPLACED, "certHash2"),
    )


def test_elements_that_no_source_describes_are_named() -> None:
    group = read(
        "<keepAlive>60</keepAlive><KEEPALIVE/><addresses><url/><url01/></addresses>"
        "<credentials><certHash>x</certHash><hashAlg>1</hashAlg></credentials>"
    )
    assert group.unknown == ("keepAlive", "url", "url01", "certHash")
    assert (group.hash_alg, group.cert_hashes, group.problems) == ("1", (), ())


def test_a_repeated_setting_is_noted() -> None:
    group = read("<mtu>1200</mtu><mtu>1300</mtu>")
    assert group.mtu == 1200
    assert group.problems == (problem(ProblemKind.REPEATED, "mtu", "2"),)


def test_what_is_recorded_is_bounded() -> None:
    many = "".join(f"<certHash{n}>same</certHash{n}><x{n}/>" for n in range(1, 500))
    group = hashes(many)
    assert len(group.cert_hashes) == MAX_RECORDED
    assert len(group.unknown) == MAX_RECORDED
    assert len(group.problems) == MAX_PROBLEMS
