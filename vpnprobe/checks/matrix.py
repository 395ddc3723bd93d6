"""Which certificate each kind of client is given, and which configuration of the gateway that looks like (VP-08).

Since ASA 9.4(1) the certificate depends on the ClientHello. Three hellos ask for it: one that offers only suites with
an RSA certificate, one with only EC suites, one with both. What they are given is compared with the published matrix
of client ciphers and configured certificates, and with what a release without CSCuu02848 does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from vpnprobe.checks.needs import find_chain
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.observation import FirstFlight
from vpnprobe.pki.certificate import CertificateFacts
from vpnprobe.wire.tls.suites import suite

ClientKind = Literal["rsa-only", "ec-only", "both"]
Column = Literal["rsa-only", "ec-only", "both", "none", "rsa-only-unfixed"]
Given = Literal["rsa", "rsa-self-signed", "ec", "ec-self-signed", "fails"]

CLIENT_KINDS: Final[tuple[ClientKind, ...]] = ("rsa-only", "ec-only", "both")

# VP-08: what each kind of client is given, by the certificates that are configured on the interface. The last column
# is not part of the published matrix but of the text above it: RSA configured, release without CSCuu02848.
MATRIX: Final[Mapping[Column, Mapping[ClientKind, Given]]] = {
    "rsa-only": {"rsa-only": "rsa", "ec-only": "fails", "both": "rsa"},
    "rsa-only-unfixed": {"rsa-only": "rsa", "ec-only": "ec-self-signed", "both": "ec-self-signed"},
    "ec-only": {"rsa-only": "rsa-self-signed", "ec-only": "ec", "both": "ec"},
    "both": {"rsa-only": "rsa", "ec-only": "ec", "both": "ec"},
    "none": {"rsa-only": "rsa-self-signed", "ec-only": "ec-self-signed", "both": "ec-self-signed"},
}

COLUMN_WORDS: Final[Mapping[Column, str]] = {
    "rsa-only": "an RSA certificate only",
    "rsa-only-unfixed": "an RSA certificate only, on a release without CSCuu02848",
    "ec-only": "an EC certificate only",
    "both": "an RSA and an EC certificate",
    "none": "no certificate",
}

CLIENT_WORDS: Final[Mapping[ClientKind, str]] = {
    "rsa-only": "RSA ciphers only",
    "ec-only": "EC ciphers only",
    "both": "RSA and EC ciphers",
}

# The common name of the certificate that an ASA makes for itself while none is configured; it changes at every boot.
TEMPORARY_NAME: Final = "ASA Temporary Self Signed Certificate"

_EC_AUTHENTICATION = frozenset({"ECDSA", "ECDH"})


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of client is given.

    `outcome` is "certificate", "refused" (the gateway answered, but not with a certificate) or "unknown" (not asked, or
    no answer). `key_type` is such as `RSA` or `EC`; `leaf` the SHA-256 of the leaf, `cert_hash` the certHash that would
    name it. `temporary` tells the ASA's own makeshift certificate.
    """

    client: ClientKind
    outcome: Literal["certificate", "refused", "unknown"]
    leaf: str | None = None
    cert_hash: str | None = None
    key_type: str | None = None
    subject: str | None = None
    self_signed: bool = False
    temporary: bool = False

    @property
    def words(self) -> str:
        """What is given, for a person: `self-signed EC certificate`."""
        if self.outcome != "certificate":
            return {"refused": "nothing, the handshake fails", "unknown": "not known"}[self.outcome]
        kind = f"{self.key_type or 'unreadable'} certificate"
        if self.temporary:
            return f"temporary self-signed {kind}"
        return f"self-signed {kind}" if self.self_signed else kind


class MatrixReading(msgspec.Struct, frozen=True, kw_only=True):
    """The matrix of one address: its cells, and the columns that fit, the likeliest first."""

    address: str
    cells: tuple[Cell, ...]
    columns: tuple[Column, ...]

    @property
    def column(self) -> Column | None:
        """The likeliest column; None where none fits or too little is known."""
        return self.columns[0] if self.columns else None

    def cell(self, client: ClientKind) -> Cell:
        """Return the cell of one kind of client."""
        return next(cell for cell in self.cells if cell.client == client)

    @property
    def has_self_signed_ec_beside_rsa(self) -> bool:
        """Whether EC-capable clients get a self-signed EC certificate where others get a configured RSA one."""
        rsa, both = self.cell("rsa-only"), self.cell("both")
        return is_rsa(rsa) and not rsa.temporary and both.key_type == "EC" and both.self_signed

    @property
    def summary(self) -> str:
        """One sentence that names the cells and the column."""
        cells = "; ".join(f"{CLIENT_WORDS[cell.client]}: {cell.words}" for cell in self.cells)
        looks = f"; the interface looks configured with {COLUMN_WORDS[self.column]}" if self.column else ""
        return f"{cells}{looks}"


def read_matrix(evidence: Evidence, address: str) -> MatrixReading:
    """Read the matrix of one address from the hellos `rsa-only`, `ec-only` and `both`."""
    flights = {flight.hello: flight for flight in evidence.first_flights if flight.address == address}
    cells = tuple(_read_cell(evidence, client, flights.get(client)) for client in CLIENT_KINDS)
    columns: tuple[Column, ...] = ()
    # Two cells at least: one alone fits nearly every column.
    if sum(cell.outcome != "unknown" for cell in cells) >= 2:
        columns = tuple(column for column, row in MATRIX.items() if all(_fits(cell, row) for cell in cells))
    return MatrixReading(address=address, cells=cells, columns=_by_likelihood(columns))


def client_kind(suites: Sequence[int]) -> ClientKind | None:
    """Return the row of the matrix that a client with these suites belongs to."""
    authentications = {known.authentication for code in suites if (known := suite(code)) is not None}
    has_ec, has_rsa = bool(authentications & _EC_AUTHENTICATION), "RSA" in authentications
    if has_ec:
        return "both" if has_rsa else "ec-only"
    return "rsa-only" if has_rsa else None


def is_temporary(leaf: CertificateFacts) -> bool:
    """Whether this is the certificate that an ASA makes for itself."""
    return TEMPORARY_NAME in leaf.common_names


def is_rsa(cell: Cell) -> bool:
    """Whether an RSA certificate was given."""
    return cell.key_type == "RSA"


def _read_cell(evidence: Evidence, client: ClientKind, flight: FirstFlight | None) -> Cell:
    if flight is None:
        return Cell(client=client, outcome="unknown")
    chain = find_chain(evidence, flight)
    if chain is None:
        refused = flight.failure is not None and flight.connect_s > 0
        return Cell(client=client, outcome="refused" if refused else "unknown")
    leaf = chain.leaf
    return Cell(
        client=client,
        outcome="certificate",
        leaf=flight.chain[0],
        cert_hash=leaf.cert_hash,
        key_type=leaf.key_type,
        subject=leaf.subject,
        self_signed=leaf.self_signed is True,
        temporary=is_temporary(leaf),
    )


def _fits(cell: Cell, row: Mapping[ClientKind, Given]) -> bool:
    """Whether the observed cell is what this column says. A configured certificate may be self-signed as well."""
    expected = row[cell.client]
    if cell.outcome == "unknown":
        return True
    if cell.outcome == "refused" or expected == "fails":
        return cell.outcome == "refused" and expected == "fails"
    if cell.key_type != ("RSA" if expected.startswith("rsa") else "EC"):
        return False
    return cell.self_signed if expected.endswith("self-signed") else not cell.temporary


def _by_likelihood(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The gateway's own RSA certificate bears the temporary name, so another self-signed one was configured."""
    order: tuple[Column, ...] = ("rsa-only", "rsa-only-unfixed", "both", "none", "ec-only")
    return tuple(sorted(columns, key=order.index))
