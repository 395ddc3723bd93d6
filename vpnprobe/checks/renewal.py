"""The steps of a renewal that loses no phone (VP-40): the new hash reaches every phone before the swap."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import fix
from vpnprobe.model.finding import Fix

RENEW: Final[tuple[Fix, ...]] = (
    fix(
        "ASA",
        """
        In this order, across ASA and CUCM. Enrol the new certificate on a trustpoint of its own, and do not assign \
          it yet:
        configure terminal
        crypto ca trustpoint <new-trustpoint>
        crypto ca enroll <new-trustpoint>
        crypto ca export <new-trustpoint> identity-certificate
        """,
    ),
    fix(
        "CUCM",
        """
        Cisco Unified OS Administration > Security > Certificate Management > Upload Certificate: Phone-VPN-trust, \
          the new certificate. If its common name is the old one's, the upload overwrites that (CSCuh19734).
        Advanced Features > VPN > VPN Gateway: add the new certificate beside the old one.
        Apply Config, while every phone is connected and reaches its TFTP server.
        Look at the phones' status messages and at SEP<MAC>.cnf.xml: both certHashes must be there.
        """,
    ),
    fix(
        "ASA",
        """
        Last of all show the new certificate:
        configure terminal
        ssl trust-point <new-trustpoint> outside
        write memory
        """,
    ),
)

PHONES_OUTSIDE: Final[Fix] = fix(
    "phone",
    """
    Phones that are outside already: set Alternate TFTP to a public address that leads to the TFTP server, for \
      example a port forwarding on the ASA, let them fetch the new configuration, undo both.
    """,
)
