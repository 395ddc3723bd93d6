"""What a handshake is to offer, with which credential, and what it showed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ClientCredential:
    """A client's certificate (`chain`: DER, leaf first) and its private key (PEM without password, secret)."""

    chain: tuple[bytes, ...]
    key_pem: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """What to offer. Versions are wire numbers (0x0301 is TLS 1.0), `suites` IANA code points in order.

    `expected_leaf` is the SHA-256 (lower-case hex) of the leaf that the phone's rule accepted; at any other leaf the
    handshake stops. Without it no client certificate can be given.
    """

    minimum: int
    maximum: int
    suites: tuple[int, ...]
    server_name: str | None = None
    client: ClientCredential | None = None
    expected_leaf: str | None = None

    def __post_init__(self) -> None:
        if self.client is not None and self.expected_leaf is None:
            raise ValueError("a client certificate is only for a gateway whose leaf was accepted")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeFacts:
    """What a handshake showed, also one that failed.

    `chain` is DER, leaf first. `authorities` are DER Names (TLS 1.2 and below; in TLS 1.3 they are not read).
    `leaf_refused` means that we stopped at another leaf than the expected one. `left_out` are the suites that
    this machine's OpenSSL cannot offer.
    """

    engine: str
    version: int | None = None
    suite_name: str | None = None
    chain: tuple[bytes, ...] = ()
    client_certificate_requested: bool = False
    client_certificate_sent: bool = False
    authorities: tuple[bytes, ...] = ()
    leaf_refused: bool = False
    left_out: tuple[int, ...] = ()
