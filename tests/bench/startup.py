"""How long the command line takes to start, and a whole phone run, beside nothing but the imports of its libraries."""

from __future__ import annotations

import compileall
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import vpnprobe
from tests.bench.measure import Aim, Comparison, Outcome, in_turn
from tests.bench.processes import VPNPROBE, seconds, server

ROUNDS = 15
_IMPORTS = "import OpenSSL, httpx, dns.asyncresolver, typer, rich"
_BESIDE = f'`python -c "{_IMPORTS}"`'


def measure() -> Iterator[Outcome]:
    """Compare both, each a process of its own from beginning to end."""
    # As installers leave it; the libraries are compiled already.
    compileall.compile_dir(Path(vpnprobe.__file__).parent, quiet=1)
    with server("lab_server") as arguments:
        phone = [*VPNPROBE, *json.loads(arguments)]
        version, whole, imports = in_turn(
            ROUNDS,
            lambda: seconds([*VPNPROBE, "--version"]),
            lambda: seconds(phone),
            lambda: seconds([sys.executable, "-c", _IMPORTS]),
        )
    yield Comparison(what="`vpnprobe --version`", ours=version, beside=_BESIDE, theirs=imports, unit="s")
    yield Comparison(
        what="`vpnprobe phone`, all stages to the login, against the lab",
        ours=whole,
        beside=_BESIDE,
        theirs=imports,
        unit="s",
        aim=Aim(3.0, "at most"),
    )
