"""The options file: TOML with a table for each command, keys as the long options without dashes.

[phone]
tftp = "10.1.1.5"
resolver = ["10.1.1.53"]
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from vpnprobe.model.errors import UsageError

# Secrets have no place in a file of options; they come from their own file, the environment or a prompt.
_REFUSED = frozenset({"password"})
_MAX_SIZE = 1 << 20


def load_options_file(name: str) -> dict[str, dict[str, Any]]:
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
    return {command: _parameters(name, command, table) for command, table in tables.items()}


def _parameters(name: str, command: str, table: object) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise UsageError(f"options file {name}: {command!r} stands outside a table; write [phone] above it")
    refused = _REFUSED & table.keys()
    if refused:
        raise UsageError(f"options file {name}: a password does not belong here; use password-file")
    return {key.replace("-", "_"): value for key, value in table.items()}
