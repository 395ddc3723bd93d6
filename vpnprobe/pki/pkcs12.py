"""The certificates of a PKCS#12 file (RFC 7292). The private key in it is never looked at."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from vpnprobe.model.errors import UsageError, WireError
from vpnprobe.pki.der import INTEGER, OCTET_STRING, SEQUENCE, SET, read_children

# Exports have 1 to some hundred thousand; each million costs about a second, and whoever made the file chose it.
MAX_ITERATIONS = 2_000_000
# The outermost layers hold the parameters of every key derivation; what is deeper is data.
_MAX_DEPTH = 16
_CONSTRUCTED = 0x20
# An honest count has three; the start of a longer one is large enough.
_INTEGER_OCTETS = 8


def load_pkcs12(data: bytes, password: Callable[[], str]) -> list[bytes]:
    """Return the DER of the certificates, that of the key first; `password` is asked unless there is none.

    Raises `UsageError` where the password is wrong, the file is damaged, or reading it would take too long.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

    _refuse_endless(data)

    def load(secret: bytes | None) -> list[bytes]:
        found = pkcs12.load_pkcs12(data, secret)
        listed = [found.cert] if found.cert is not None else []
        return [one.certificate.public_bytes(Encoding.DER) for one in (*listed, *found.additional_certs)]

    try:
        try:
            certificates = load(None)
        except ValueError:
            certificates = load(password().encode())
    except ValueError as error:
        raise UsageError(f"the PKCS#12 file cannot be opened ({error}); is this its password?") from error
    except UnsupportedAlgorithm as error:
        raise UsageError(f"the PKCS#12 file is encrypted in a way that cannot be read here ({error})") from error
    if not certificates:
        raise UsageError("the PKCS#12 file holds no certificate")
    return certificates


def _refuse_endless(data: bytes) -> None:
    """Raise `UsageError` where a key derivation has more rounds than any export."""
    try:
        rounds = max(_iterations(data, _MAX_DEPTH), default=0)
    except WireError as error:
        raise UsageError(f"the PKCS#12 file is damaged ({error}); export it again") from error
    if rounds > MAX_ITERATIONS:
        raise UsageError(f"the PKCS#12 file wants {rounds:,} rounds of key derivation; export it with fewer")


def _iterations(body: bytes, depth: int) -> Iterator[int]:
    """Yield each INTEGER that follows an OCTET STRING: salt and rounds stand so in all key derivations of PKCS#12."""
    if not depth:
        return
    before = None
    for element in read_children(body, "PKCS#12"):
        if element.tag == INTEGER and before == OCTET_STRING:
            yield int.from_bytes(element.body[:_INTEGER_OCTETS], "big")
        elif element.tag & _CONSTRUCTED:
            yield from _iterations(element.body, depth - 1)
        elif element.tag == OCTET_STRING and element.body[:1] in (bytes((SEQUENCE,)), bytes((SET,))):
            # Data may only begin like a structure.
            with contextlib.suppress(WireError):
                yield from list(_iterations(element.body, depth - 1))
        before = element.tag
