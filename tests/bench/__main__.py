"""Run the benchmarks that are named, or all: `python -m tests.bench [NAME]...`."""

from __future__ import annotations

import argparse
import sys

from tests.bench import certificates, enumeration, federation, fleet, flights, machine, startup, tftp
from tests.bench.measure import Outcome, table

BENCHMARKS = {
    "startup": startup.measure,
    "flights": flights.measure,
    "tftp": tftp.measure,
    "enumeration": enumeration.measure,
    "federation": federation.measure,
    "certificates": certificates.measure,
    "fleet": fleet.measure,
}


def main() -> None:
    """Print the table when the last one has ended; what is running is said on standard error."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    outcomes: list[Outcome] = []
    for name in names:
        sys.stderr.write(f"measuring {name} ...\n")
        outcomes.extend(BENCHMARKS[name]())
    sys.stdout.write(f"{table(outcomes)}\n\nMedians, least and most of runs in turn; {', '.join(machine.facts())}.\n")


if __name__ == "__main__":
    main()
