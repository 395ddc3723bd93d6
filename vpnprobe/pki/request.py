"""Certificate requests (PKCS#10, RFC 2986): the key and the name that a phone asks a certificate for."""

from __future__ import annotations

import base64
import binascii

import msgspec

from vpnprobe.model.errors import Malformed, UsageError, WireError
from vpnprobe.pki.der import INTEGER, SEQUENCE, read_children, read_element
from vpnprobe.pki.fingerprint import sha256
from vpnprobe.pki.given import pem_blocks
from vpnprobe.pki.names import common_names, parse_name

_LABELS = frozenset({b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"})
_NEXT_STEP = "give a PEM or DER request, such as `utils capf csr list` names"


class KeyRequest(msgspec.Struct, frozen=True):
    """One request: common names of its subject, SHA-256 (hex) of its SubjectPublicKeyInfo."""

    common_names: tuple[str, ...]
    key: str


def load_requests(data: bytes) -> list[KeyRequest]:
    """Return the requests of a PEM or DER file, in order. Raises `UsageError` where there is none."""
    if data[:1] == bytes((SEQUENCE,)):
        ders = [data]
    else:
        try:
            blocks = [body for label, body in pem_blocks([data]) if label in _LABELS]
            ders = [base64.b64decode(body, validate=True) for body in blocks]
        except binascii.Error as error:
            raise UsageError(f"the base64 of the request is damaged ({error}); copy it again") from error
    if not ders:
        raise UsageError(f"no certificate request in it; {_NEXT_STEP}")
    try:
        return [_read(der) for der in ders]
    except WireError as error:
        raise UsageError(f"not a certificate request ({error}); {_NEXT_STEP}") from error


def _read(der: bytes) -> KeyRequest:
    parts = read_children(read_element(der, "request").expect(SEQUENCE, "request").body, "request")
    if len(parts) != 3:
        raise Malformed(0, "request", f"{len(parts)} parts where 3 belong")
    info = read_children(parts[0].expect(SEQUENCE, "request info").body, "request info")
    if len(info) < 3:
        raise Malformed(0, "request info", f"{len(info)} fields where at least 3 belong")
    # A certificate begins with a tagged version, a request with a bare one.
    info[0].expect(INTEGER, "request version")
    key = info[2].expect(SEQUENCE, "subjectPublicKeyInfo").raw
    return KeyRequest(common_names(parse_name(info[1].raw)), sha256(key).hex())
