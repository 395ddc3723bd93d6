"""Passwords: from a file, the environment or a prompt, never from the argument list."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from vpnprobe.model.errors import UsageError

VARIABLE = "VPNPROBE_PASSWORD"
_MAX_LENGTH = 1024


def read_password(file: str | None, user: str) -> str:
    """Return the password for `user`; raises `UsageError` where there is none to be had."""
    if file is not None:
        return _from_file(file)
    if (value := os.environ.get(VARIABLE)) is not None:
        if not value:
            raise UsageError(f"{VARIABLE} is empty; set it to the password of {user}, or give --password-file FILE")
        return value
    if not sys.stdin.isatty():
        raise UsageError(f"no password for {user}: give --password-file FILE or set {VARIABLE}")
    try:
        return getpass.getpass(f"Password of {user}: ", stream=sys.stderr)
    except EOFError as error:
        sys.stderr.write("\n")
        raise UsageError(f"no password for {user} was typed; give --password-file FILE or set {VARIABLE}") from error
    except KeyboardInterrupt:
        # What is said next begins on a line of its own.
        sys.stderr.write("\n")
        raise


def _from_file(name: str) -> str:
    try:
        with Path(name).open(encoding="utf-8") as stream:
            line = stream.readline(_MAX_LENGTH + 2)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"--password-file {name}: {reason}; name a file whose first line is the password") from error
    password = line.rstrip("\r\n")
    if not password or len(password) > _MAX_LENGTH:
        raise UsageError(
            f"--password-file {name}: its first line must hold the password, of up to {_MAX_LENGTH} characters"
        )
    return password
