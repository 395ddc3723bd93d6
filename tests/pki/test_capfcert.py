"""The rules for the certificate of a CAPF."""

from __future__ import annotations

import pytest

from tests import certificates as make
from vpnprobe.pki.capfcert import broken_capf_rules
from vpnprobe.pki.certificate import describe

USAGE = ("digitalSignature", "keyCertSign")


@pytest.mark.parametrize(
    ("identity", "faults"),
    [
        pytest.param(make.capf(), (), id="as-CUCM-makes-it"),
        pytest.param(
            make.issue(cn="CAPF-1", ca=True, path_length=0, key_usage=[*USAGE, "cRLSign"]), (), id="more-usages"
        ),
        pytest.param(
            make.issue(cn="CAPF-1", ca=True, path_length=1, key_usage=USAGE),
            ("its basic constraints have path length 1 where 0 belongs",),
            id="path-length-1",
        ),
        pytest.param(
            make.issue(cn="CAPF-1", ca=True, key_usage=USAGE),
            ("its basic constraints have no path length where 0 belongs",),
            id="no-path-length",
        ),
        pytest.param(
            make.issue(cn="CAPF-1", ca=False, key_usage=USAGE),
            ("its basic constraints do not make it a CA",),
            id="no-CA",
        ),
        pytest.param(
            make.issue(cn="CAPF-1", key_usage=["digitalSignature"]),
            ("its basic constraints do not make it a CA", "its key usage lacks keyCertSign"),
            id="two-faults",
        ),
        pytest.param(
            make.issue(cn="CAPF-1", ca=True, path_length=0),
            ("its key usage lacks digitalSignature and keyCertSign",),
            id="no-usage",
        ),
    ],
)
def test_what_is_lacking(identity: make.Identity, faults: tuple[str, ...]) -> None:
    assert broken_capf_rules(describe(identity.der)) == faults
