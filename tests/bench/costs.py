"""Runs the command that is given and prints what it cost, as JSON: the fields of `processes.Cost`.

A process of its own, and a small one: the system adds up what all children used, and counts as a child's peak also what
its parent held when it was forked.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

# ru_maxrss is in KiB, but on Apple's systems in bytes.
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    """Run the command without input and output, and end with its exit code."""
    started = time.perf_counter()
    ended = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    took = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = {"wall_s": took, "cpu_s": used.ru_utime + used.ru_stime, "peak_bytes": used.ru_maxrss * _PEAK_UNIT}
    sys.stdout.write(json.dumps(cost))
    sys.exit(ended.returncode)


if __name__ == "__main__":
    main()
