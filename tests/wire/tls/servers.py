"""Servers that no one here wrote: their answer to the bytes of a ClientHello, without a network between."""

import contextlib
import socket
from functools import cache
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from tests.wire.tls.judges import tlslite

NAME = "vpn.example.com"


class Pki:
    """A root, an intermediate and a server's certificate of one key type."""

    def __init__(self, key_type: trustme.KeyType) -> None:
        root = trustme.CA(key_type=key_type)
        self.root = x509.load_pem_x509_certificate(root.cert_pem.bytes())
        self.leaf = root.create_child_ca(key_type=key_type).issue_cert(NAME, key_type=key_type)
        self.chain_pem = b"".join(pem.bytes() for pem in self.leaf.cert_chain_pems)
        self.chain = tuple(
            certificate.public_bytes(Encoding.DER) for certificate in x509.load_pem_x509_certificates(self.chain_pem)
        )
        self.root_name = self.root.subject.public_bytes()


@cache
def pki(kind: str) -> Pki:
    """Return the certificates of key type `RSA` or `ECDSA`, made once."""
    return Pki(trustme.KeyType[kind])


def openssl_answer(hello: bytes, *, key: str = "RSA", ask: bool = False, staple: bytes = b"") -> bytes:
    """Return what OpenSSL with every protocol and suite it can do answers to `hello`."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    pki(key).leaf.configure_cert(context)
    if ask:
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.add_client_ca(pki(key).root)
    if staple:
        context.set_ocsp_server_callback(lambda _connection, _data: staple)
    connection = SSL.Connection(context, None)
    connection.set_accept_state()
    connection.bio_write(hello)
    with contextlib.suppress(SSL.Error):
        connection.do_handshake()
    return connection.bio_read(1 << 17)


def tlslite_answer(
    hello: bytes,
    *,
    version: tuple[int, int],
    ciphers: tuple[str, ...],
    exchanges: tuple[str, ...] = ("rsa",),
    macs: tuple[str, ...] = ("sha", "md5"),
    key: str = "RSA",
    ask: bool = False,
) -> bytes:
    """Return what tlslite-ng, confined to `version`, answers to `hello`."""
    api = tlslite("api")
    settings = api.HandshakeSettings()
    settings.minVersion = settings.maxVersion = version
    settings.cipherNames = list(ciphers)
    settings.macNames = list(macs)
    settings.keyExchangeNames = list(exchanges)
    certificates = api.X509CertChain()
    certificates.parsePemList(pki(key).chain_pem.decode())
    arguments: dict[str, Any] = {"anon": True}
    if "dh_anon" not in exchanges:
        private = api.parsePEMKey(pki(key).leaf.private_key_pem.bytes().decode(), private=True)
        arguments = {"certChain": certificates, "privateKey": private}
    if ask:
        arguments |= {"reqCert": True, "reqCAs": [bytearray(pki(key).root_name)]}
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        ours.sendall(hello)
        with contextlib.suppress(api.TLSError):
            for wants in api.TLSConnection(theirs).handshakeServerAsync(settings=settings, **arguments):
                if wants == 0:  # it waits for the client's second flight
                    break
        return ours.recv(1 << 17)
