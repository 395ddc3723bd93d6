"""Checks of the phone's security settings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.certificates import phone_certificate
from tests.checks.evidence_builder import GATEWAY, MAC, MIC, alarms, configured, kept, names, run
from tests.checks.table import Row, params
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.target import Persona

LSC_7942 = phone_certificate(MAC, "7942G")


def security(
    capf: int | None = 0, mode: int | None = 1, *, encrypted: bool | None = False, model: str = "7962G", **changes: Any
) -> Evidence:
    """A run with these settings: capfAuthMode, deviceSecurityMode and encrConfig."""
    settings = configured(capf_auth_mode=capf, device_security_mode=mode, encrypted_config=encrypted)
    return run(**settings, persona=Persona(profile="7962G", model=model, mac=MAC), **changes)


def with_client(*chain: Any) -> dict[str, Any]:
    certificates = kept(GATEWAY, MIC, LSC_7942)
    return {"client_chain": names(*(one.der for one in chain)), "certificates": certificates}


ROWS = [
    Row("SEC001", "nothing due", security(0), "pass", "no certificate operation"),
    Row("SEC001", "null string", security(2), "pass", "null string"),
    Row("SEC001", "string", security(1), "fail", "authentication string"),
    Row("SEC001", "new number", security(9), "inconclusive", "9"),
    Row("SEC001", "absent", security(None), "inconclusive", "no capfAuthMode"),
    Row("SEC001", "explained", security(1, encrypted=True), "inconclusive", "SEC002"),
    Row("SEC002", "clear", security(1), "pass"),
    Row("SEC002", "nothing due", security(0, encrypted=True), "pass"),
    Row("SEC002", "stuck", security(1, encrypted=True), "fail", "stuck"),
    Row("SEC002", "absent", security(1, encrypted=None), "inconclusive"),
    Row("SEC003", "non-secure", security(0), "pass", "registers first"),
    Row("SEC003", "non-secure, operation due", security(2), "pass", "session with CAPF"),
    Row("SEC003", "secure, null string", security(2, 3), "pass", "once it has its LSC"),
    Row("SEC003", "authenticated", security(1, 2), "fail", "authenticated with"),
    Row("SEC003", "encrypted", security(1, 3), "fail", "encrypted with"),
    Row("SEC003", "absent", security(1, None), "inconclusive", "absent"),
    Row("SEC003", "new number", security(1, 7), "inconclusive", "7 has no"),
    Row("SEC004", "null string", security(2), "pass"),
    Row("SEC004", "LSC", security(3), "pass", "has an LSC"),
    Row("SEC004", "MIC", security(3, **with_client(MIC)), "fail", "its MIC only"),
    Row("SEC004", "none known", security(4, model="7942G", **with_client()), "inconclusive", "none was given"),
    Row("SEC004", "other", security(3, **with_client(GATEWAY)), "inconclusive", "no phone's"),
    Row("SEC004", "other model", security(3, model="7945G", **with_client()), "not-applicable", "7945G"),
]


@pytest.mark.parametrize("row", params(ROWS))
def test_judgement(row: Row) -> None:
    row.judge()


def test_one_setting_is_one_alarm() -> None:
    """The string that nobody typed is told where it does most harm."""
    assert alarms(security(1)) == {"SEC001"}
    assert alarms(security(1, encrypted=True)) == {"SEC002"}
    assert alarms(security(1, 3)) == {"SEC003"}
