"""Two configurations compared, setting by setting: of two phones, or of one phone then and now."""

from __future__ import annotations

import msgspec

from vpnprobe.model.config import PhoneConfig
from vpnprobe.phoneconfig.settings import SECTIONS, Setting, describe_settings


class Difference(msgspec.Struct, frozen=True):
    """One setting that is not the same. `field` is as in `Setting.key`; None where a configuration does not have it."""

    field: str
    old: str | None
    new: str | None


def differences(old: PhoneConfig, new: PhoneConfig) -> tuple[Difference, ...]:
    """Return every setting that differs, in the order in which they are shown.

    The version stamp is among them: CUCM changes it with every change, also of what is not read here. A setting that
    only stands in another section is the same to the phone, and no difference.
    """
    before, after = ({setting.key: setting for setting in describe_settings(config)} for config in (old, new))
    together = sorted((before | after).values(), key=lambda setting: SECTIONS.index(setting.section))
    pairs = ((setting.key, _value(before, setting), _value(after, setting)) for setting in together)
    return tuple(Difference(key, was, is_now) for key, was, is_now in pairs if was != is_now)


def _value(settings: dict[str, Setting], setting: Setting) -> str | None:
    found = settings.get(setting.key)
    return None if found is None else found.value
