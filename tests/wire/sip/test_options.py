"""The one request that can be built, and what is kept out of it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import vpnprobe.wire.sip.options as module
from vpnprobe.model.errors import UsageError
from vpnprobe.version import __version__
from vpnprobe.wire.sip.options import build_options

GOOD: dict[str, Any] = {
    "uri": "sip:example.com",
    "from_uri": "sip:anonymous@anonymous.invalid",
    "to_uri": "sip:example.com;transport=tls",
    "sent_by": "probe.invalid",
    "branch": "z9hG4bKa1",
    "call_id": "c1@here",
    "tag": "t1",
}


def test_a_request_byte_for_byte() -> None:
    assert build_options(**GOOD) == (
        "OPTIONS sip:example.com SIP/2.0\r\n"
        "Via: SIP/2.0/TLS probe.invalid;branch=z9hG4bKa1;rport\r\n"
        "Max-Forwards: 70\r\n"
        "From: <sip:anonymous@anonymous.invalid>;tag=t1\r\n"
        "To: <sip:example.com;transport=tls>\r\n"
        "Call-ID: c1@here\r\n"
        "CSeq: 1 OPTIONS\r\n"
        "Accept: application/sdp\r\n"
        f"User-Agent: vpnprobe/{__version__}\r\n"
        "Content-Length: 0\r\n"
        "\r\n"
    ).encode("ascii")


def test_what_is_optional() -> None:
    request = build_options(**GOOD, cseq=7, contact="sip:[2001:db8::1]:5061;transport=tls", max_forwards=0)
    assert b"\r\nMax-Forwards: 0\r\n" in request
    assert b"\r\nCSeq: 7 OPTIONS\r\nContact: <sip:[2001:db8::1]:5061;transport=tls>\r\n" in request


@pytest.mark.parametrize("sent_by", ["192.0.2.1", "192.0.2.1:5061", "[2001:db8::1]", "[2001:db8::1]:40000", "a-b.c"])
def test_this_sides_name(sent_by: str) -> None:
    assert f"TLS {sent_by};".encode() in build_options(**GOOD | {"sent_by": sent_by})


# What would end a line, a URI or a quoted string, or is no ASCII.
UNSAFE = [
    "\r\nX: y",
    "\n",
    "\r",
    "\0",
    "\x1b",
    "\x7f",
    " ",
    "\t",
    "<",
    ">",
    '"',
    "\N{LATIN SMALL LETTER U WITH DIAERESIS}",
]


@pytest.mark.parametrize("field", ["uri", "from_uri", "to_uri", "contact"])
@pytest.mark.parametrize("unsafe", UNSAFE, ids=ascii)
def test_nothing_gets_in_by_a_uri(field: str, unsafe: str) -> None:
    for uri in (f"sip:a{unsafe}b", f"{unsafe}sip:a", f"sip:a{unsafe}"):
        with pytest.raises(UsageError, match="is no SIP address; write it as"):
            build_options(**GOOD | {field: uri})


@pytest.mark.parametrize("uri", ["", "sip:", "example.com", "tel:+1", "http://example.com", "sip:" + "a" * 600])
def test_what_is_no_sip_uri(uri: str) -> None:
    with pytest.raises(UsageError):
        build_options(**GOOD | {"uri": uri})


@pytest.mark.parametrize("field", ["sent_by", "branch", "call_id", "tag"])
@pytest.mark.parametrize("unsafe", ["\r\nX: y", "\n", "\0", " ", "\N{LATIN SMALL LETTER U WITH DIAERESIS}"], ids=ascii)
def test_nothing_gets_in_by_another_field(field: str, unsafe: str) -> None:
    for value in (GOOD[field] + unsafe, unsafe + GOOD[field], unsafe, "", GOOD[field] * 600):
        with pytest.raises(ValueError, match=r"cannot be a|a branch begins"):
            build_options(**GOOD | {field: value})


@pytest.mark.parametrize(
    "change", [{"cseq": -1}, {"cseq": 2**31}, {"max_forwards": 256}, {"max_forwards": -1}], ids=str
)
def test_numbers_out_of_range(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="out of its range"):
        build_options(**GOOD | change)


def test_a_branch_of_another_standard() -> None:
    with pytest.raises(ValueError, match="a branch begins with z9hG4bK"):
        build_options(**GOOD | {"branch": "1"})


def test_no_other_request_can_be_built() -> None:
    builders = [name for name, _ in inspect.getmembers(module, inspect.isfunction) if name.startswith("build")]
    assert builders == ["build_options"]
    assert "method" not in inspect.signature(build_options).parameters
