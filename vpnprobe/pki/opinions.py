"""What two libraries say of a certification path, in their own words: OpenSSL's store and cryptography's verifier.

They are quoted in a report beside the path that `vpnprobe.pki.path` found; a peer's own software may be as lenient as
the one or as strict as the other. Both are imported when first asked.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from vpnprobe.pki.certificate import describe
from vpnprobe.pki.names import cut

if TYPE_CHECKING:
    from cryptography.x509.verification import Subject

# The verifier wants a name of the leaf; a few are tried, since it takes no odd ones.
_NAMES_TRIED: Final = 16
# Asked for where a leaf has no name: the verifier refuses the leaf before it compares.
_NO_NAME: Final = "name.invalid"


class Opinion(msgspec.Struct, frozen=True):
    """Who was asked, None where nobody was, and why it refuses, None where it accepts."""

    engine: str | None = None
    refusal: str | None = None


def ask_store(chain: Sequence[bytes], anchors: Sequence[bytes], at: datetime) -> Opinion:
    """Ask OpenSSL's store about the leaf `chain[0]` at the aware time `at`, unless there is none. Never raises.

    Signatures, dates, authorities, path lengths and name constraints are judged; purposes, names, revocation and the
    strength of keys and hashes are not. Any of `anchors` may end the path, also one that is not self-signed.
    """
    if not chain:
        return Opinion()
    from OpenSSL import SSL, crypto

    engine = " ".join(SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode("ascii", "replace").split()[:2])
    try:
        leaf, *others = [crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in chain]
        store = crypto.X509Store()
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
        store.set_time(at.astimezone(UTC))
        for der in anchors:
            store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, der))
        crypto.X509StoreContext(store, leaf, others).verify_certificate()
    except crypto.X509StoreContextError as error:
        depth = error.errors[1]
        return Opinion(engine, cut(f"{error} at depth {depth}"))
    except crypto.Error as error:
        return Opinion(engine, cut(f"a certificate cannot be read: {_reasons(error)}"))
    finally:
        _empty_error_queue()
    return Opinion(engine)


def ask_strict(path: Sequence[bytes], anchor: bytes | None, at: datetime) -> Opinion:
    """Ask cryptography's verifier about the path at the aware time `at`. Never raises.

    It demands what RFC 5280 and the CA/Browser Forum demand of a public server certificate. Without an anchor it is not
    asked, unless it cannot even read a certificate of the path.
    """
    import cryptography
    from cryptography import x509
    from cryptography.x509 import verification

    engine = f"cryptography {cryptography.__version__}"
    try:
        with warnings.catch_warnings(action="ignore"):
            certificates = [x509.load_der_x509_certificate(der) for der in path]
            if anchor is None:
                return Opinion()
            store = verification.Store([x509.load_der_x509_certificate(anchor)])
            builder = verification.PolicyBuilder().store(store).time(at.astimezone(UTC).replace(tzinfo=None))
            for subject in _subjects(path[0]):
                try:
                    verifier = builder.build_server_verifier(subject)
                except ValueError:
                    continue
                verifier.verify(certificates[0], certificates[1:])
                break
    except Exception as error:  # which ones reading a certificate can raise is not documented
        return Opinion(engine, cut(str(error) or type(error).__name__))
    return Opinion(engine)


def _subjects(leaf: bytes) -> Iterator[Subject]:
    """Give names that the leaf bears, so that its name is no reason to refuse it."""
    from cryptography import x509

    facts = describe(leaf)
    for name in islice(facts.dns_names or (), _NAMES_TRIED):
        if name.isascii():
            yield x509.DNSName(name.replace("*", "any", 1))
    yield from (x509.IPAddress(ip_address(address)) for address in islice(facts.ip_addresses, 1))
    yield x509.DNSName(_NO_NAME)


def _reasons(error: Exception) -> str:
    """Return OpenSSL's reasons; pyOpenSSL puts (library, function, reason) of each into a list."""
    listed = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return ", ".join(str(entry[-1]) for entry in listed) or "no reason given"


def _empty_error_queue() -> None:
    """Take what OpenSSL noted down; a TLS session of this thread would take it for an error of its own."""
    from OpenSSL import crypto

    try:
        crypto.load_certificate(crypto.FILETYPE_ASN1, b"")
    except crypto.Error:
        return
