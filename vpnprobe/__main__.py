"""Entry point of the command line: `vpnprobe …` and `python -m vpnprobe …`."""

from __future__ import annotations

import gc
import io
import os
import sys

# Far more than a probe makes. Looking for cycles among the objects of the libraries would take a fifth of its time.
_OBJECTS_BEFORE_COLLECTION = 1_000_000


def main() -> None:
    """Run the command line and exit with its code."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Closed by whoever started us; a socket must not take its number.
            nothing = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nothing, mode, encoding="utf-8", closefd=False))
    # The one answer that schedulers and packagers ask for most needs no command-line library.
    if sys.argv[1:] in (["--version"], ["-V"]):
        from vpnprobe.version import version_line

        sys.stdout.write(version_line() + "\n")
        sys.exit(0)
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A certificate may name what the terminal's encoding cannot write.
            stream.reconfigure(errors="backslashreplace")
    try:
        from vpnprobe.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        # `run` lets none out, so this one came while modules were still loaded.
        sys.stderr.write("vpnprobe: interrupted\n")
        code = 3
    # What is left goes with the process, unsearched.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
