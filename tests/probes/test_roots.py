"""The public roots as certifi carries them; the standard library reads the same file."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime

import certifi
import pytest

from vpnprobe.pki.trust import read_path
from vpnprobe.probes.roots import public_roots

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def listed() -> list[bytes]:
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", certifi.contents(), re.DOTALL)
    return [ssl.PEM_cert_to_DER_cert(block) for block in blocks]


def test_every_root_of_the_list_is_there() -> None:
    roots = public_roots()
    assert len(roots) == len(listed()) > 50
    assert roots.description == f"Mozilla's list as of certifi {certifi.__version__}, {len(roots)} certificates"


def test_the_list_is_read_once() -> None:
    assert public_roots() is public_roots()


@pytest.mark.parametrize("position", [0, 1, -1])
def test_a_root_of_the_list_ends_a_path(position: int) -> None:
    der = listed()[position]
    assert der in public_roots().candidates([der])
    reading = read_path([der], public_roots(), [], at=NOW)
    assert (reading.end, reading.store_refusal) == ("public-root", None)
