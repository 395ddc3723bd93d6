"""Reads every PEM file of a directory with cryptography, and of each certificate the fields that a judgement needs.

What somebody writes who only wants to see dates and usages: it judges nothing and prints one line each.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cryptography import x509


def read(certificate: x509.Certificate) -> str:
    """Return the fields as one line."""
    key = certificate.public_key()
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    fields = (
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        certificate.serial_number,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate.signature_hash_algorithm and certificate.signature_hash_algorithm.name,
        type(key).__name__,
        getattr(key, "key_size", None),
        usage.digital_signature,
        usage.key_encipherment,
    )
    return " ".join(map(str, fields))


def main() -> None:
    """Print a line for each file."""
    for path in sorted(Path(sys.argv[1]).iterdir()):
        sys.stdout.write(f"{path.name} {read(x509.load_pem_x509_certificate(path.read_bytes()))}\n")


if __name__ == "__main__":
    main()
