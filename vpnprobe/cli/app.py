"""The command line as a whole: which commands there are, and how every end of one becomes an exit code."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, Exit, TyperException

from vpnprobe.cli import (
    capf,
    cert,
    check,
    config,
    cutover,
    diagnose,
    explain,
    exporter,
    federation,
    gateway,
    hashing,
    history,
    lab,
    phone,
    phone_web,
    plan,
    recheck,
    route,
    sweep,
    watch,
)
from vpnprobe.cli.badusage import usage_text
from vpnprobe.cli.exitcodes import OK, UNKNOWN
from vpnprobe.cli.optionsfile import load_options_file, option_names
from vpnprobe.cli.output import help_when_alone
from vpnprobe.model.errors import UsageError
from vpnprobe.render.escape import printable
from vpnprobe.version import version_line

# What Typer makes of Ctrl-C. Our own codes end at 3.
_INTERRUPTED = 130

ISSUE_HINT = "This is a bug in vpnprobe. Please report it with the lines above."

app = typer.Typer(
    name="vpnprobe",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(version_line() + "\n")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    options_file: Annotated[
        str | None,
        typer.Option(
            "--options",
            metavar="FILE",
            envvar="VPNPROBE_OPTIONS",
            help="TOML file with a table of option values for each command.",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Would this Cisco VPN phone connect, and if not, exactly why, and what fixes it?

    vpnprobe takes the phone's place: it dials the gateway with the phone's own TLS hello, fetches the phone's
    configuration, compares the live certificate with certHash, and logs in as the phone does. For SIP federation
    it takes the place of a partner's Microsoft edge.

    Exit codes: 0 OK, 1 WARNING, 2 CRITICAL (the phone would not connect, the edge would not accept), 3 UNKNOWN
    (could not be decided, bad usage, interrupted, or a bug of ours).

    Every option can come from the environment (VPNPROBE_TFTP, VPNPROBE_RESOLVER ...) or from --options FILE.

    Example: vpnprobe --options site.toml phone --mac 8CB64F576113
    """
    help_when_alone(context)
    if options_file is not None and isinstance(context.command, TyperGroup):
        context.default_map = load_options_file(options_file, option_names(context.command))


_COMMANDS = (
    phone,
    gateway,
    federation,
    config,
    capf,
    phone_web,
    sweep,
    cutover,
    diagnose,
    route,
    hashing,
    cert,
    explain,
    recheck,
    plan,
    check,
    watch,
    exporter,
    history,
    lab,
)
for module in _COMMANDS:
    module.register(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Nothing but a code ever leaves this function."""
    try:
        _refuse_broken_text(arguments)
        result = _command()(args=list(arguments), prog_name="vpnprobe", standalone_mode=False)
    except UsageError as error:
        return _complain(str(error))
    except TyperException as error:
        return _complain(usage_text(error))
    except Exit as end:
        return end.exit_code
    except (Abort, KeyboardInterrupt):
        return _complain("interrupted")
    except SystemExit:
        # So Typer ends when the reader of our output is gone (`| head`). Nothing more can be said to it.
        _abandon_stdout()
        return UNKNOWN
    except OSError as error:
        if error.filename is None:
            _abandon_stdout()
        return _complain(f"{error.filename or 'output'}: {error.strerror or error}")
    except Exception:
        for line in traceback.format_exc().splitlines():
            sys.stderr.write(f"{printable(line, 2000)}\n")
        return _complain(ISSUE_HINT)
    if result == _INTERRUPTED:
        return _complain("interrupted")
    return result if isinstance(result, int) else OK


@functools.cache
def _command() -> Any:
    return typer.main.get_command(app)


def _refuse_broken_text(arguments: Sequence[str]) -> None:
    """Raise `UsageError` for bytes that are no text: no report could carry them."""
    variables = (value for name, value in os.environ.items() if name.startswith("VPNPROBE_"))
    for text in (*arguments, *variables):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"{text!r} is not UTF-8 text; write it again") from error


def _abandon_stdout() -> None:
    """Keep Python from trying at exit to write what is left."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(text: str) -> int:
    # A closed terminal takes no more words.
    with contextlib.suppress(OSError):
        sys.stderr.write(f"vpnprobe: {printable(text, 2000)}\n")
        sys.stderr.flush()
    return UNKNOWN
