"""Which profile stands for a phone of the inventory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Literal

from vpnprobe.model.config import PhoneConfig
from vpnprobe.model.errors import UsageError
from vpnprobe.model.fleet import Phone
from vpnprobe.phones import PhoneProfile, guess_profile, load_profile, profiles

# What lists write around the number of a model: "Cisco Unified IP Phone 7962G", "Cisco 7962 SIP", "CP-8841-K9=".
_AROUND = re.compile(r"\b(?:Cisco|Unified|IP|Phone|SIP|SCCP)\b|-K9(?:=|$)|=$", re.IGNORECASE)

# Names of models that are told one by one; an inventory may hold anything in that column.
_NAMED = 8


# No profile is known for the inventory's model; the firmware load is that of another one; nobody says which it is.
Doubt = Literal["unknown-model", "other-load", "assumed"]


class Profiles:
    """Profiles by the inventory's model.

    Where the inventory names none, `default` fetches the phone's configuration, and then the firmware load in it says
    which model it is, unless `chosen` says that the operator named the default.
    """

    def __init__(self, default: PhoneProfile, *, chosen: bool) -> None:
        self._default = default
        self._chosen = chosen
        self._known: dict[str, PhoneProfile | None] = {}

    def of(self, phone: Phone) -> PhoneProfile:
        """Return the profile that the phone's files are fetched with."""
        return self._named(phone.model) or self._default

    def with_config(self, phone: Phone, config: PhoneConfig | None) -> PhoneProfile:
        """Return the profile that the phone is judged as, now that its configuration is known."""
        load = None if config is None else config.load_information
        fitting = None if load is None else guess_profile(load)
        named = self._named(phone.model)
        if named is not None:
            return named if fitting is None else _of_firmware(named.id, str(named.model), fitting) or named
        if phone.model is None and not self._chosen and fitting is not None:
            return load_profile(fitting)
        return self._default

    def doubt(self, phone: Phone, load: str | None) -> Doubt | None:
        """Return why the profile that the phone is judged as may not be its own; `load` is its firmware load.

        A load of another model than the inventory's proves nothing but that one of them is wrong.
        """
        fitting = None if load is None else guess_profile(load)
        if phone.model is None:
            return None if self._chosen or fitting is not None else "assumed"
        named = self._named(phone.model)
        if named is None:
            return "unknown-model"
        return None if fitting is None or named.model in load_profile(fitting).models else "other-load"

    def notes(self, phones: Iterable[Phone]) -> tuple[str, ...]:
        """Return sentences about the models of an inventory that no profile is known for."""
        models = Counter(phone.model for phone in phones if phone.model is not None)
        unknown = [(model, count) for model, count in models.most_common() if self._named(model) is None]
        told = [
            f"no profile is known for the model {model!r}; {count:,} of them judged as {self._default.model}"
            for model, count in unknown[:_NAMED]
        ]
        if len(unknown) > _NAMED:
            told.append(f"{len(unknown) - _NAMED:,} more models without a profile")
        return tuple(told)

    def _named(self, model: str | None) -> PhoneProfile | None:
        if model is None:
            return None
        if model not in self._known:
            self._known[model] = _phone_profile(model)
        return self._known[model]


@cache
def _of_firmware(named: str, model: str, fitting: str) -> PhoneProfile | None:
    """Return the profile of this model with the firmware that `fitting` is the profile of.

    An inventory says `8841` whatever firmware that has; one that says more (`named`) is taken at its word. A load of
    another model proves nothing.
    """
    of_load = next((one for one in profiles() if one.id == fitting and model in one.models), None)
    return load_profile(model + of_load.suffix) if of_load is not None and load_profile(model).id == named else None


def _phone_profile(model: str) -> PhoneProfile | None:
    try:
        profile = load_profile(" ".join(_AROUND.sub(" ", model).split()))
    except UsageError:
        return None
    return profile if profile.boot is not None else None
