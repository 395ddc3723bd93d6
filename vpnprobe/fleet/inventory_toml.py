"""An inventory in TOML: a table for each phone, or for each site with a list of phones.

[[phone]]
mac = "8CB64F576113"
model = "7962G"
labels = { site = "Berlin" }

[site.Hamburg]
model = "8841"
labels = { region = "north" }
phones = ["8CB64F576114", { mac = "8CB64F576115", model = "7975G" }]
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from vpnprobe.fleet.inventory_phones import PhoneList
from vpnprobe.fleet.toml_text import TomlPath, TomlText, read_toml
from vpnprobe.model.choice import did_you_mean

# 100,000 phones, and seconds of work: TOML is for what a person writes.
MAX_TOML = 16 << 20

_SITE = "site"
_PHONE_KEYS = ("mac", "model", "labels")
_SITE_KEYS = ("phones", "model", "labels")


def read_toml_inventory(text: str, phones: PhoneList, name: str) -> tuple[str, ...]:
    """Read the tables into `phones`; return the names of the labels. Raises `UsageError` where it is not TOML."""
    reader = _Reader(read_toml(text, name), phones)
    reader.read()
    return tuple(reader.labels)


class _Reader:
    def __init__(self, toml: TomlText, phones: PhoneList) -> None:
        self._toml = toml
        self._phones = phones
        # In the order in which they come.
        self.labels: dict[str, None] = {}

    def read(self) -> None:
        for key, value in self._toml.tables.items():
            if key == "phone" and isinstance(value, list):
                for number, one in enumerate(value):
                    self._phone((key, number), one, None, {})
            elif key == _SITE and isinstance(value, dict):
                for site, table in value.items():
                    self._site((key, site), site, table)
            else:
                self._refuse((key,), f"{key!r} is not expected here; write [[phone]] or [site.NAME]")

    def _site(self, path: TomlPath, site: str, table: object) -> None:
        if not isinstance(table, dict):
            self._refuse(path, f'site {site!r} is a table; write [site.{site}] and below it phones = ["MAC", ...]')
            return
        self._refuse_unknown(path, table, _SITE_KEYS)
        labels = {_SITE: site} | self._read_labels(path, table)
        model = self._read_model(path, table)
        phones = table.get("phones")
        if not isinstance(phones, list):
            self._refuse((*path, "phones"), f'site {site!r} has no list of phones; write phones = ["MAC", ...]')
            return
        for number, one in enumerate(phones):
            self._phone((*path, "phones", number), one, model, labels)

    def _phone(self, path: TomlPath, given: object, model: str | None, labels: dict[str, str]) -> None:
        table: Mapping[str, Any] = given if isinstance(given, dict) else {"mac": given}
        self._refuse_unknown(path, table, _PHONE_KEYS)
        labels = labels | self._read_labels(path, table)
        self.labels |= dict.fromkeys(labels)
        mac = table.get("mac", "")
        if not isinstance(mac, str):
            self._refuse((*path, "mac"), f'{mac!r} is no MAC address; write it as text, "8CB64F576113"')
            return
        self._phones.add(self._toml.line(*path), mac, self._read_model(path, table) or model, labels)

    def _read_model(self, path: TomlPath, table: Mapping[str, Any]) -> str | None:
        model = table.get("model")
        if model is None or isinstance(model, str):
            return model
        self._refuse((*path, "model"), f'{model!r} is no model; write it as text, "7962G"')
        return None

    def _read_labels(self, path: TomlPath, table: Mapping[str, Any]) -> dict[str, str]:
        labels = table.get("labels", {})
        if not isinstance(labels, dict):
            self._refuse((*path, "labels"), 'labels are a table; write labels = { site = "Berlin" }')
            return {}
        read = {}
        for key, value in labels.items():
            if isinstance(value, str | int | float):
                read[key] = str(value).lower() if isinstance(value, bool) else str(value)
            else:
                self._refuse((*path, "labels", key), f"label {key!r} takes a text")
        return read

    def _refuse_unknown(self, path: TomlPath, table: Mapping[str, Any], known: Collection[str]) -> None:
        for key in table:
            if key not in known:
                self._refuse((*path, key), f"there is no {key!r} here; {did_you_mean(key, known)}")

    def _refuse(self, path: TomlPath, reason: str) -> None:
        self._phones.refuse(self._toml.line(*path), reason)
