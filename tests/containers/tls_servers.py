"""TLS servers of odd kinds, and what each answers to a phone's hello and to hellos for one kind of key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# The leaf that the server shows, or the number of the alert that it sends.
Answer = Literal["rsa", "ec", 40, 70]

HANDSHAKE_FAILURE: Literal[40] = 40
PROTOCOL_VERSION: Literal[70] = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsServer:
    """A server of the image `image`; `to_…` is its answer to each hello.

    The RSA-only hello offers every suite that takes an RSA certificate, RC4 and 3DES among them.
    """

    name: str
    image: str
    command: tuple[str, ...]
    to_7962g: Answer
    to_rsa_only: Answer
    to_ec_only: Answer
    to_both: Answer


def _openssl(*options: str) -> tuple[str, ...]:
    return ("openssl", "s_server", "-accept", "443", "-www", "-cert_chain", "/pki/gateway-ca.crt", *options)


def _gnutls(priorities: str, *options: str) -> tuple[str, ...]:
    return (
        "gnutls-serv",
        "--port=443",
        "--http",
        "--disable-client-cert",
        f"--priority={priorities}",
        *options,
    )


_OPENSSL_RSA = ("-cert", "/pki/gateway-rsa.crt", "-key", "/pki/gateway-rsa.key")
_OPENSSL_EC = ("-cert", "/pki/gateway-ec.crt", "-key", "/pki/gateway-ec.key")
_OPENSSL_SECOND_EC = (
    "-dcert", "/pki/gateway-ec.crt", "-dkey", "/pki/gateway-ec.key", "-dcert_chain", "/pki/gateway-ca.crt",
)  # fmt: skip
_OPENSSL_OLD = ("-min_protocol", "TLSv1", "-cipher", "ALL:@SECLEVEL=0")

_GNUTLS_RSA = ("--x509certfile=/pki/gateway-rsa.crt", "--x509keyfile=/pki/gateway-rsa.key")
_GNUTLS_EC = ("--x509certfile=/pki/gateway-ec.crt", "--x509keyfile=/pki/gateway-ec.key")
_GNUTLS_OLD = "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:+RSA:+SHA1:%COMPAT"
_GNUTLS_TLS12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2"
_GNUTLS_RC4_3DES = "NONE:+VERS-TLS1.0:+RSA:+ARCFOUR-128:+3DES-CBC:+SHA1:+MD5:+COMP-NULL:+SIGN-ALL"

SERVERS = (
    TlsServer(
        name="openssl-rsa", image="openssl", command=_openssl(*_OPENSSL_RSA, *_OPENSSL_OLD),
        to_7962g="rsa", to_rsa_only="rsa", to_ec_only=HANDSHAKE_FAILURE, to_both="rsa",
    ),
    TlsServer(
        name="openssl-ec", image="openssl", command=_openssl(*_OPENSSL_EC, *_OPENSSL_OLD),
        to_7962g=HANDSHAKE_FAILURE, to_rsa_only=HANDSHAKE_FAILURE, to_ec_only="ec", to_both="ec",
    ),
    TlsServer(
        name="openssl-both", image="openssl",
        command=_openssl(*_OPENSSL_RSA, *_OPENSSL_SECOND_EC, *_OPENSSL_OLD),
        to_7962g="rsa", to_rsa_only="rsa", to_ec_only="ec", to_both="ec",
    ),
    TlsServer(
        name="openssl-tls1.2", image="openssl",
        command=_openssl(*_OPENSSL_RSA, *_OPENSSL_SECOND_EC, "-tls1_2"),
        to_7962g=PROTOCOL_VERSION, to_rsa_only="rsa", to_ec_only="ec", to_both="ec",
    ),
    TlsServer(
        name="gnutls-rsa", image="gnutls", command=_gnutls(_GNUTLS_OLD, *_GNUTLS_RSA),
        to_7962g="rsa", to_rsa_only="rsa", to_ec_only=HANDSHAKE_FAILURE, to_both="rsa",
    ),
    TlsServer(
        name="gnutls-ec", image="gnutls", command=_gnutls(_GNUTLS_OLD, *_GNUTLS_EC),
        to_7962g=HANDSHAKE_FAILURE, to_rsa_only=HANDSHAKE_FAILURE, to_ec_only="ec", to_both="ec",
    ),
    TlsServer(
        name="gnutls-both", image="gnutls", command=_gnutls(_GNUTLS_OLD, *_GNUTLS_RSA, *_GNUTLS_EC),
        to_7962g="rsa", to_rsa_only="rsa", to_ec_only="ec", to_both="ec",
    ),
    TlsServer(
        name="gnutls-tls1.2", image="gnutls", command=_gnutls(_GNUTLS_TLS12, *_GNUTLS_RSA, *_GNUTLS_EC),
        to_7962g=PROTOCOL_VERSION, to_rsa_only="rsa", to_ec_only="ec", to_both="ec",
    ),
    TlsServer(
        name="gnutls-rc4-3des", image="gnutls", command=_gnutls(_GNUTLS_RC4_3DES, *_GNUTLS_RSA),
        to_7962g=HANDSHAKE_FAILURE, to_rsa_only="rsa", to_ec_only=HANDSHAKE_FAILURE, to_both="rsa",
    ),
)  # fmt: skip
