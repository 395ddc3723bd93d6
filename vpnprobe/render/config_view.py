"""A phone configuration as lines for a terminal, and the differences of two. Shows, judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from vpnprobe.model.config import PhoneConfig
from vpnprobe.phoneconfig.difference import Difference
from vpnprobe.phoneconfig.settings import Setting, describe_settings
from vpnprobe.render.escape import printable

_INDENT = "  "
# Whose setting the element holds (CUCM: phone, common phone profile, enterprise phone configuration).
_WHOSE = {
    "vendorconfig": "the phone's own",
    "commonconfig": "common phone profile",
    "enterpriseconfig": "enterprise phone configuration",
}
_TITLES = {
    "CallManager": "CallManager, in the order in which they are tried",
    "Options": "Options; vendorConfig goes before commonConfig, that before enterpriseConfig",
    "Secrets": "Secrets, never shown",
}


def config_view_lines(config: PhoneConfig) -> Iterator[str]:
    """Yield the configuration section by section; values are whole, so that they can be copied."""
    for number, (section, settings) in enumerate(groupby(describe_settings(config), key=lambda one: one.section)):
        if number:
            yield ""
        yield _TITLES.get(section, section)
        yield from _section(tuple(settings))
    if config.problems:
        yield ""
        yield "Departures from what CUCM writes"
        for problem in config.problems:
            value = f": {printable(problem.value, 80)}" if problem.value else ""
            yield f"{_INDENT}{printable(problem.element, 60)} {problem.kind.value.replace('-', ' ')}{value}"


def difference_lines(differences: Iterable[Difference]) -> Iterator[str]:
    """Yield two lines for each difference, old and new, under the name of the setting."""
    for difference in differences:
        yield printable(difference.field, 80)
        yield f"{_INDENT}- {_side(difference.old)}"
        yield f"{_INDENT}+ {_side(difference.new)}"


def _section(settings: tuple[Setting, ...]) -> Iterator[str]:
    width = max(len(printable(setting.name, 40)) for setting in settings)
    for setting in settings:
        yield f"{_INDENT}{printable(setting.name, 40):{width}}  {printable(setting.value)}{_origin(setting.element)}"


def _origin(element: str | None) -> str:
    if element is None:
        return ""
    whose = _WHOSE.get(element.lower())
    return f"  [{printable(element, 40)}{', ' + whose if whose else ''}]"


def _side(value: str | None) -> str:
    return "(not there)" if value is None else printable(value)
