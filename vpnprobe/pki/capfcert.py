"""What CUCM asks of the certificate of its CAPF: the rules, told in clauses.

Source: Security Guide for CUCM 14SU2 and 15, CAPF: basic constraints `CA:TRUE, pathlen:0` and key usage digital
signature and certificate sign, without which the TLS connection fails; and that the common name of another authority's
root must not look like a CAPF's.
"""

from __future__ import annotations

from vpnprobe.pki.certificate import CertificateFacts

CAPF_PATH_LENGTH = 0
CAPF_KEY_USAGE = ("digitalSignature", "keyCertSign")


def broken_capf_rules(facts: CertificateFacts) -> tuple[str, ...]:
    """Return what the certificate of a CAPF lacks, each as a clause; empty where it is as CUCM makes it."""
    usage = facts.key_usage or ()
    lacking = [name for name in CAPF_KEY_USAGE if name not in usage]
    faults = []
    if not facts.is_ca:
        faults.append("its basic constraints do not make it a CA")
    elif facts.path_length != CAPF_PATH_LENGTH:
        length = "no path length" if facts.path_length is None else f"path length {facts.path_length}"
        faults.append(f"its basic constraints have {length} where {CAPF_PATH_LENGTH} belongs")
    if lacking:
        faults.append(f"its key usage lacks {' and '.join(lacking)}")
    return tuple(faults)
