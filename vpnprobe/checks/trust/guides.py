"""How to mend what keeps a phone from taking its files, and what the phone shows meanwhile.

Sources: the Cisco documents 116232 (Security By Default and ITL: operation and troubleshooting), "Migrating IP Phones
Between Clusters with CUCM 8 and ITL Files" and 117598 (ITL reset); the CUCM security guide. Lines of the phone's status
page are those of VP-39.
"""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Guide, fix
from vpnprobe.model.finding import Logs

# VP-39.
REFUSED_LIST: Final = Logs(phone=("Trust List Update Failed",))
REFUSED_FILE: Final = Logs(phone=("Trust List Update Failed", "TFTP Error : {config_file}.sgn"))

LOOK: Final = (
    "vpnprobe config {device} --show",
    "curl -o ITLFile.tlv tftp://{tftp_endpoint}/ITLFile.tlv",
)
ASK_TVS: Final = ("vpnprobe config {device} --trust-list <held-list> --tvs", *LOOK)

# Rebuilds what TFTP serves and signs; phones then fetch it when they are reset.
REBUILD: Final = fix(
    "CUCM",
    """
    show itl
    utils service restart Cisco Trust Verification Service
    utils service restart Cisco Tftp
    Do so on every node that serves files, one after the other, and reset the phones only when all are done.
    """,
)

ERASE_LIST: Final = fix(
    "phone",
    """
    7900 series: Settings > Security Configuration > Trust List > ITL File: press **# to unlock, then Erase.
    8800 series: Applications > Admin Settings > Reset Settings > Security Settings.
    Then the phone takes the next list as it comes, whoever signed it: do this in a network that you trust.
    """,
)

RESET_ITL: Final = fix(
    "CUCM",
    """
    Same cluster, CUCM 10.0 or later, and the phone knows the ITLRecovery key: have the list signed by that key.
    utils itl reset localkey
    Reset the phones, then make the usual list again by restarting Cisco Tftp.
    """,
)

MOVE_PHONES: Final = (
    fix(
        "CUCM",
        """
        While the phones still reach the old cluster, there: System > Enterprise Parameters: Prepare Cluster for \
          Rollback to pre 8.0 = True.
        utils service restart Cisco Trust Verification Service
        utils service restart Cisco Tftp
        Reset the phones: they take an empty ITL, and after it the list of any cluster. Then let them move.
        """,
    ),
    fix(
        "CUCM",
        """
        Where both clusters stay: OS Administration > Security > Bulk Certificate Management: export the TFTP \
          certificates of both to one SFTP server, consolidate, import into both.
        The old cluster's TVS then vouches for the new one's files, as long as the phones reach it.
        Delete the LSCs before the move, so that the new CAPF issues its own: Certificate Operation = Delete.
        """,
    ),
    ERASE_LIST,
)

DAMAGED_FILE: Final = Guide(
    fix=(
        fix(
            "CUCM",
            """
            The file is not what was signed. Have it built anew: Device > Phone > {device}: Apply Config.
            utils service restart Cisco Tftp
            """,
        ),
        fix(
            "TFTP",
            """
            A copy on another server, or a proxy in between? Compare its bytes with those that CUCM itself serves.
            """,
        ),
    ),
    logs=REFUSED_FILE,
    next=LOOK,
)
