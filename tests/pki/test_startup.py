"""Start-up time is a feature: reading and pinning must not load the cryptography library."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_room_does_not_import_cryptography() -> None:
    modules = "fingerprint, pin, mismatch, certificate, phonecert, hostid, path, loading, edgename, trust"
    code = f"import sys; from vpnprobe.pki import {modules}; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
