"""Lines of a zone file (RFC 1035 section 5.1), ready to paste."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vpnprobe.federation.domain import AddressKind, address_kind
from vpnprobe.model.federation import FEDERATION_SERVICE
from vpnprobe.model.target import SIP_TLS_PORT

# Seconds. The documents name none; an hour leaves room for a change.
TTL: Final = 3600


def srv_line(
    domain: str,
    target: str,
    *,
    service: str = FEDERATION_SERVICE,
    port: int = SIP_TLS_PORT,
    priority: int = 0,
    weight: int = 0,
) -> str:
    """Return for instance `_sipfederationtls._tcp.example.com. 3600 IN SRV 0 0 5061 sip.example.com.`."""
    return f"{service}.{domain}. {TTL} IN SRV {priority} {weight} {port} {target.removesuffix('.')}."


def address_line(name: str, address: str) -> str:
    """Return for instance `sip.example.com. 3600 IN A 198.51.100.7`."""
    return f"{name}. {TTL} IN {'AAAA' if ':' in address else 'A'} {address}"


def public_lines(name: str, addresses: Iterable[str]) -> list[str]:
    """Return a line for each address that partners on the Internet can mean, with none a line to be completed."""
    usable = [address for address in dict.fromkeys(addresses) if kind_of(address) not in (None, "private")]
    return [address_line(name, address) for address in usable or ("<public-address-of-the-edge>",)]


def kind_of(address: str) -> AddressKind | None:
    """Read an address; Evidence of another hand may hold anything."""
    try:
        return address_kind(address)
    except ValueError:
        return None
