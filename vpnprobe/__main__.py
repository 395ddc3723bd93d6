"""Entry point of the command line: `vpnprobe …` and `python -m vpnprobe …`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    # The one answer that schedulers and packagers ask for most needs no command-line library.
    if sys.argv[1:] in (["--version"], ["-V"]):
        from vpnprobe.version import __version__

        sys.stdout.write(f"vpnprobe {__version__}\n")
        sys.exit(0)
    from vpnprobe.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
