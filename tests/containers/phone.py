"""The phone of this suite, and what its administrator knows."""

from __future__ import annotations

import base64
import hashlib
import ssl
from pathlib import Path

MAC = "8CB64F576113"
CONFIG_FILE = f"SEP{MAC}.cnf.xml"
USER = f"CP-7962G-SEP{MAC}"
PASSWORD = "phone-secret"
USER_AGENT = "Cisco SVC IPPhone Client v1.0 (1.0)"


def leaf(pem: Path) -> bytes:
    """DER of the first certificate of a PEM file."""
    end = "-----END CERTIFICATE-----\n"
    return ssl.PEM_cert_to_DER_cert(pem.read_text().partition(end)[0] + end)


def cert_hash(pem: Path) -> str:
    """The certHash that CUCM writes for a certificate: base64 of the SHA-1 of its DER."""
    return base64.b64encode(hashlib.sha1(leaf(pem)).digest()).decode()


def config(url: str, cert_hash: str, auth_method: int = 2) -> str:
    """A phone configuration with this VPN group, in the form that CUCM writes."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<device  xsi:type="axl:XIPPhone" ctiid="548">
<fullConfig>true</fullConfig>
<deviceProtocol>SCCP</deviceProtocol>
<vpnGroup>
<mtu>1290</mtu>
<failConnectTime>30</failConnectTime>
<authMethod>{auth_method}</authMethod>
<pswdPersistent>0</pswdPersistent>
<autoNetDetect>0</autoNetDetect>
<enableHostIDCheck>0</enableHostIDCheck>
<addresses>
<url1>{url}</url1>
</addresses>
<credentials>
<hashAlg>0</hashAlg>
<certHash1>{cert_hash}</certHash1>
</credentials>
</vpnGroup>
</device>
"""
