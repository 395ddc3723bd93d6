"""The meaning of numbers."""

from __future__ import annotations

import msgspec
import pytest

from vpnprobe.model.config import PhoneConfig, VpnGroup
from vpnprobe.phoneconfig.meaning import MEANINGS, meaning


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("auth_method", 0, "user name and password"),
        ("auth_method", 1, "password only"),
        ("auth_method", 2, "certificate (LSC if installed, else MIC)"),
        ("web_access", 0, "enabled"),
        ("web_access", 2, "read-only"),
        ("device_security_mode", 3, "encrypted"),
        ("transport_layer_protocol", 4, None),
        ("mtu", 1290, None),
        ("web_access", None, None),
    ],
)
def test_meaning(field: str, value: int | None, expected: str | None) -> None:
    assert meaning(field, value) == expected


def test_every_meaning_belongs_to_a_field() -> None:
    fields = {field.name for struct in (VpnGroup, PhoneConfig) for field in msgspec.structs.fields(struct)}
    assert set(MEANINGS) <= fields
