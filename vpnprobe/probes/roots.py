"""The public roots that a federation peer's operating system is taken to trust: Mozilla's list, as certifi carries it.

Assumption: what a Windows server trusts is Microsoft's list, which is not Mozilla's but holds nearly all of it.
"""

from __future__ import annotations

import functools

from vpnprobe.pki.loading import load_certificates
from vpnprobe.pki.trust import RootStore


@functools.cache
def public_roots() -> RootStore:
    """Return the list, read when first asked for."""
    import certifi

    certificates = load_certificates(certifi.contents().encode("ascii", "replace"))
    return RootStore(
        certificates, f"Mozilla's list as of certifi {certifi.__version__}, {len(certificates)} certificates"
    )
