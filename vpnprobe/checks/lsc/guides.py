"""How faults of phone certificates are mended: steps that several checks share."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import fix
from vpnprobe.model.finding import Fix

NEW_LSC: Final[Fix] = fix(
    "CUCM",
    """
    Device > Phone > <device>: Certificate Operation = Install/Upgrade, Authentication Mode as the phone has it.
    Save, Apply Config, and wait for Certificate Operation Status = Upgrade Success.
    For many phones: Bulk Administration > Phones > Update Phones > Query, with the same two fields.
    """,
)

LOOK_AT_IT: Final = "openssl x509 -in <certificate> -noout -subject -issuer -dates -ext keyUsage"

EXPORT_AGAIN: Final[Fix] = fix(
    "CUCM",
    """
    Take the certificate again from where it came: Cisco Unified OS Administration > Security > Certificate \
      Management > Download PEM File.
    For a phone's own: Device > Phone > <device>: Certificate Operation = Troubleshoot; CAPF then writes LSC and MIC \
      into its trace, /var/log/active/cm/trace/capf/sdi.
    """,
)

TRUST_ON_ASA: Final[Fix] = fix(
    "ASA",
    """
    The missing CA is {issuer}.
    configure terminal
    crypto ca trustpoint <client-ca>
     enrollment terminal
     validation-usage ssl-client
     exit
    crypto ca authenticate <client-ca>
    Paste the PEM, then quit.
    write memory
    """,
)

CA_FROM_CUCM: Final[Fix] = fix(
    "CUCM",
    """
    Cisco Unified OS Administration > Security > Certificate Management: download CAPF (for LSCs that it signs), the \
      company's CA (for those that a CA signs), or Cisco_Manufacturing_CA (for MICs; 8811, 8841, 8851 and 8861 have \
      MICs of the SHA-2 manufacturing CA, in CUCM since 10.5(1)).
    """,
)

TEMPLATE: Final[Fix] = fix(
    "CA",
    """
    Microsoft CA: certificate template of the LSCs > Extensions > Key Usage: Digital signature, and Allow key \
      exchange only with key encryption (key encipherment). Publish the template, then issue the LSCs again.
    """,
)
