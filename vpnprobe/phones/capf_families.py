"""Which IP version a phone takes to CAPF: the fifteen rows of the connection table, as data.

Source: CUCM system configuration guide, chapter CAPF, "How IPv6 or IPv4 Phone Connects to CAPF" (CA-42).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vpnprobe.model.capf import ConnectionRow, Family, PhoneStack

V4: Final[Family] = "IPv4"
V6: Final[Family] = "IPv6"

_BOTH: Final = frozenset((V4, V6))
_ONLY_V4: Final = frozenset((V4,))
_ONLY_V6: Final = frozenset((V6,))

_NO_SECOND_WAY: Final = (
    "The document lets this phone try IPv4 after a failure of IPv6, though it has no IPv4 address; it is taken to have "
    "IPv6 only."
)

# Stack, the phone's addresses, CAPF's addresses: what the phone does.
_ROWS: Final[dict[tuple[PhoneStack, frozenset[Family], frozenset[Family]], ConnectionRow]] = {
    ("dual", _BOTH, _BOTH): ConnectionRow(row=1, order=(V6, V4)),
    ("dual", _ONLY_V4, _BOTH): ConnectionRow(row=2, order=(V4,)),
    ("dual", _ONLY_V6, _BOTH): ConnectionRow(row=3, order=(V6,), note=_NO_SECOND_WAY),
    ("dual", _ONLY_V4, _ONLY_V4): ConnectionRow(row=4, order=(V4,)),
    ("dual", _BOTH, _ONLY_V6): ConnectionRow(row=5, order=(V6,)),
    ("dual", _BOTH, _ONLY_V4): ConnectionRow(row=6, order=(V4,)),
    ("dual", _ONLY_V4, _ONLY_V6): ConnectionRow(row=7),
    ("dual", _ONLY_V6, _ONLY_V4): ConnectionRow(row=8),
    ("dual", _ONLY_V6, _ONLY_V6): ConnectionRow(row=9, order=(V6,)),
    ("v4", _ONLY_V4, _BOTH): ConnectionRow(row=10, order=(V4,)),
    ("v6", _ONLY_V6, _BOTH): ConnectionRow(row=11, order=(V6,)),
    ("v4", _ONLY_V4, _ONLY_V4): ConnectionRow(row=12, order=(V4,)),
    ("v4", _ONLY_V4, _ONLY_V6): ConnectionRow(row=13),
    ("v6", _ONLY_V6, _ONLY_V6): ConnectionRow(row=14, order=(V6,)),
    ("v6", _ONLY_V6, _ONLY_V4): ConnectionRow(row=15),
}

STACK_FAMILIES: Final[dict[PhoneStack, frozenset[Family]]] = {"dual": _BOTH, "v4": _ONLY_V4, "v6": _ONLY_V6}


def connection_row(stack: PhoneStack, phone: Iterable[Family], capf: Iterable[Family]) -> ConnectionRow | None:
    """Return the row for a phone with these addresses and a CAPF with those.

    Addresses that the stack does not use do not count. None where the phone or CAPF has no address at all, which the
    table does not know.
    """
    return _ROWS.get((stack, frozenset(phone) & STACK_FAMILIES[stack], frozenset(capf)))
