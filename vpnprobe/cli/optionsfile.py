"""The options file: TOML with a table for each command, keys as the long options without dashes.

[phone]
tftp = "10.1.1.5"
resolver = ["10.1.1.53"]

[lab.up]
port = 8443
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from typer.core import TyperGroup, TyperOption

from vpnprobe.model.choice import did_you_mean
from vpnprobe.model.errors import UsageError

# Secrets have no place in a file of options; they come from their own file, the environment or a prompt.
_REFUSED = frozenset({"password"})
_MAX_SIZE = 1 << 20

OptionNames: TypeAlias = Mapping[str, "str | OptionNames"]


def option_names(group: TyperGroup) -> OptionNames:
    """Return the tables that the file may hold: command -> key -> name of the parameter."""
    names: dict[str, str | OptionNames] = {}
    for command_name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            names[command_name] = option_names(command)
        else:
            options = (parameter for parameter in command.params if isinstance(parameter, TyperOption))
            names[command_name] = {max(one.opts, key=len).lstrip("-"): one.name for one in options if one.name}
    return names


def load_options_file(name: str, known: OptionNames) -> dict[str, Any]:
    """Return command -> parameter -> value; raises `UsageError` with the line where it is not TOML."""
    path = Path(name)
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_SIZE + 1)
    except OSError as error:
        raise UsageError(f"options file {name}: {error.strerror}; name an existing file") from error
    if len(data) > _MAX_SIZE:
        raise UsageError(f"options file {name} is over 1 MiB; that is no options file")
    try:
        tables = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"options file {name} is not TOML: {error}") from error
    return _parameters(f"options file {name}", tables, known)


def _parameters(where: str, table: Mapping[str, object], known: OptionNames) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for key, value in table.items():
        bare = key.replace("_", "-")
        if bare in _REFUSED:
            raise UsageError(f"{where}: a password does not belong here; use password-file")
        target = known.get(bare)
        if target is None:
            raise UsageError(f"{where}: there is no {key!r} here; {did_you_mean(bare, known)}")
        if isinstance(target, str):
            parameters[target] = _option_value(where, key, value)
        elif isinstance(value, dict):
            parameters[bare] = _parameters(f"{where} [{key}]", value, target)
        else:
            raise UsageError(f"{where}: {key!r} is a command; write its options in a table [{key}]")
    return parameters


def _option_value(where: str, key: str, value: object) -> object:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) for one in values):
        raise UsageError(f"{where}: {key} takes a text, a number, true or false, or a list of them")
    return value
