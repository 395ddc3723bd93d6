"""The steps of a renewal that loses no phone (VP-40): the new hash reaches every phone before the swap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vpnprobe.checks.base import fix
from vpnprobe.model.finding import Fix
from vpnprobe.model.fleet import RenewalStep

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

# What is to be done where a fleet waits for one step.
STEPS: Final[Mapping[RenewalStep, tuple[Fix, ...]]] = {
    "assign-vpn-profile": (
        fix(
            "CUCM",
            """
            Device > Device Settings > Common Phone Profile: choose VPN Group and VPN Profile.
            Device > Phone: Common Phone Profile must be that one; Save, then Apply Config.
            A phone that has no VPN is to be taken out of the inventory.
            """,
        ),
    ),
    "mend-certificate": (
        fix(
            "ASA",
            """
            Make the certificate anew on a trustpoint of its own that is not assigned yet: an RSA key of 2048 bits, \
              the host of the group-url as common name, dates that hold at the swap.
            configure terminal
            crypto key generate rsa label <new-key> modulus 2048
            crypto ca trustpoint <new-trustpoint>
             keypair <new-key>
             fqdn <host of the group-url>
             subject-name CN=<host of the group-url>
             exit
            crypto ca enroll <new-trustpoint>
            """,
        ),
        fix(
            "CUCM", "Where only the name is wrong: Advanced Features > VPN > VPN Profile: untick Enable Host ID Check."
        ),
    ),
    "import-phone-vpn-trust": (
        fix("ASA", "crypto ca export <new-trustpoint> identity-certificate"),
        fix(
            "CUCM",
            """
            Cisco Unified OS Administration > Security > Certificate Management > Upload Certificate: Phone-VPN-trust, \
              the new certificate. If its common name is the old one's, the upload overwrites that (CSCuh19734).
            Advanced Features > VPN > VPN Gateway: add the new certificate to VPN Certificates in this Location, \
              beside the old one.
            """,
        ),
    ),
    "keep-old-hash": (
        fix("ASA", "crypto ca export <old-trustpoint> identity-certificate"),
        fix(
            "CUCM",
            """
            Cisco Unified OS Administration > Security > Certificate Management: is the old certificate there still? \
              If not, upload it as Phone-VPN-trust again.
            Advanced Features > VPN > VPN Gateway: put the old certificate back beside the new one.
            Apply Config, while every phone is connected and reaches its TFTP server.
            """,
        ),
    ),
    "apply-config": (
        fix(
            "CUCM",
            """
            Device > Phone: Apply Config, else Reset or Restart, while the phone is connected and reaches its TFTP \
              server.
            Look at the phone's status messages and at SEP<MAC>.cnf.xml: both certHashes must be there.
            """,
        ),
        PHONES_OUTSIDE,
    ),
    "fetch-config": (
        fix(
            "vpnprobe",
            """
            Look at one of them alone: vpnprobe phone --mac <MAC> --tftp <server>
            """,
        ),
        fix(
            "CUCM",
            """
            A phone that CUCM does not know is to be taken out of the inventory.
            A file that is encrypted: System > Security > Phone Security Profile: untick TFTP Encrypted Config, Save, \
              Apply Config; or look at the phone's own status messages instead.
            """,
        ),
    ),
    "swap-trustpoint": (RENEW[-1],),
}
