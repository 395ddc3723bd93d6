"""Writes `SEP<MAC>.cnf.xml` as CUCM does, with its undeclared prefix and its double blanks."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from xml.sax.saxutils import escape

from vpnprobe.lab.scenario import CUCM_NAME, Configuration

SSH_PASSWORD = "not a secret of anybody"

# A load for each model, by the start of the profile's name; longer ones first.
_LOADS = {
    "7942": "SIP42.9-4-2SR3-1S",
    "7962": "SIP42.9-4-2SR3-1S",
    "7945": "SIP45.9-4-2SR3-1S",
    "7965": "SIP45.9-4-2SR3-1S",
    "7975": "SIP75.9-4-2SR3-1S",
    "8841-pre12.5": "sip88xx.11-0-1MSR1-1",
    "88": "sip88xx.12-8-1-0001-455",
}

_SHORT = """<?xml version="1.0" encoding="UTF-8"?>
<device  xsi:type="axl:XIPPhone" ctiid="548" uuid="{{7c61fe3a-6d25-4d6f-9a4f-2f1f7f0c8a11}}">
<fullConfig>false</fullConfig>
<ipAddressMode>0</ipAddressMode>
<loadInformation>{load}</loadInformation>
<capfAuthMode>{capf_auth_mode}</capfAuthMode>
<capfList>
<capf>
<phonePort>3804</phonePort>
<processNodeName>{cucm}</processNodeName>
</capf>
</capfList>
<certHash>AAECAwQFBgcICQoLDA0ODxAREhM=</certHash>
<encrConfig>true</encrConfig>
</device>
"""

_FULL = """<?xml version="1.0" encoding="UTF-8"?>
<device  xsi:type="axl:XIPPhone" ctiid="548" uuid="{{7c61fe3a-6d25-4d6f-9a4f-2f1f7f0c8a11}}">
<fullConfig>true</fullConfig>
<deviceProtocol>SIP</deviceProtocol>
<sshUserId>lab</sshUserId>
<sshPassword>{ssh_password}</sshPassword>
<ipAddressMode>0</ipAddressMode>
<devicePool  uuid="{{1b1b9eb6-7803-11d3-bdf0-00108302ead1}}">
<name>Default</name>
<dateTimeSetting  uuid="{{9ec4850a-7748-11d3-bdf0-00108302ead1}}">
<name>CMLocal</name>
<dateTemplate>D/M/Y</dateTemplate>
<timeZone>Greenwich Standard Time</timeZone>
<ntps>
<ntp>
<name>{cucm}</name>
<ntpMode>directedbroadcast</ntpMode>
</ntp>
</ntps>
</dateTimeSetting>
<callManagerGroup>
<name>Default</name>
<tftpDefault>true</tftpDefault>
<members>
<member  priority="0">
<callManager>
<name>{cucm}</name>
<description>{cucm}</description>
<ports>
<ethernetPhonePort>2000</ethernetPhonePort>
<sipPort>5060</sipPort>
<securedSipPort>5061</securedSipPort>
<mgcpPorts>
<listen>2427</listen>
<keepAlive>2428</keepAlive>
</mgcpPorts>
</ports>
<processNodeName>{cucm}</processNodeName>
</callManager>
</member>
</members>
</callManagerGroup>
</devicePool>
<TVS>
<members>
<member  priority="0">
<port>2445</port>
<address>{cucm}</address>
</member>
</members>
</TVS>
{vpn}<vendorConfig>
<webAccess>{web_access}</webAccess>
<sshAccess>1</sshAccess>
<spanToPCPort>1</spanToPCPort>
</vendorConfig>
<versionStamp>1700000000-3f3f4a9e-0b0f-4b0e-8a52-1e6f6f1f0f42</versionStamp>
<userLocale>
<name>English_United_States</name>
<langCode>en_US</langCode>
<winCharSet>iso-8859-1</winCharSet>
</userLocale>
<loadInformation>{load}</loadInformation>
<transportLayerProtocol>1</transportLayerProtocol>
<deviceSecurityMode>{device_security_mode}</deviceSecurityMode>
<capfAuthMode>{capf_auth_mode}</capfAuthMode>
<capfList>
<capf>
<phonePort>3804</phonePort>
<processNodeName>{cucm}</processNodeName>
</capf>
</capfList>
<certHash></certHash>
<encrConfig>false</encrConfig>
</device>
"""

_VPN = """<vpnGroup>
<mtu>{mtu}</mtu>
<failConnectTime>{fail_connect_time}</failConnectTime>
<authMethod>{auth_method}</authMethod>
<pswdPersistent>0</pswdPersistent>
<autoNetDetect>0</autoNetDetect>
<enableHostIDCheck>{host_id_check}</enableHostIDCheck>
<addresses>
{urls}</addresses>
<credentials>
<hashAlg>{hash_alg}</hashAlg>
{hashes}</credentials>
</vpnGroup>
"""

_HTML = """<!DOCTYPE html>
<html><head><title>Sign in</title></head><body><form action="/login">Please sign in.</form></body></html>
"""


def fitting_load(model: str) -> str:
    """Return a firmware load that a phone of this model (as a scenario names it) runs."""
    return next(load for start, load in _LOADS.items() if model.startswith(start))


def configuration_file(wanted: Configuration, *, model: str, group_url: str, cert_hashes: Sequence[str]) -> bytes:
    """Return the bytes of the configuration; `cert_hashes` become certHash1 and so on."""
    load = escape(wanted.load or fitting_load(model))
    match wanted.form:
        case "html":
            return _HTML.encode()
        case "short":
            return _SHORT.format(load=load, cucm=CUCM_NAME, capf_auth_mode=escape(wanted.capf_auth_mode)).encode()
        case _:
            vpn = "" if wanted.form == "no-vpn" else _vpn_group(wanted, group_url, cert_hashes)
            text = _FULL.format(
                load=load,
                cucm=CUCM_NAME,
                vpn=vpn,
                web_access=wanted.web_access,
                capf_auth_mode=escape(wanted.capf_auth_mode),
                device_security_mode=escape(wanted.device_security_mode),
                ssh_password=SSH_PASSWORD,
            )
            if wanted.form == "malformed":
                text = text.replace("</callManagerGroup>\n", "")
            if wanted.form == "lower-case":
                text = text.replace("vpnGroup>", "vpngroup>")
            if wanted.form == "bom-and-nuls":
                return codecs.BOM_UTF8 + text.encode() + bytes(16)
            return text.encode()


def _vpn_group(wanted: Configuration, group_url: str, cert_hashes: Sequence[str]) -> str:
    base = "/".join(group_url.split("/")[:3])
    urls = (text.format(url=group_url, base=base) for text in wanted.urls)
    return _VPN.format(
        mtu=escape(wanted.mtu),
        fail_connect_time=escape(wanted.fail_connect_time),
        auth_method=escape(wanted.auth_method),
        host_id_check=escape(wanted.host_id_check),
        urls="".join(f"<url{number}>{escape(url)}</url{number}>\n" for number, url in enumerate(urls, 1)),
        hash_alg=escape(wanted.hash_alg),
        hashes="".join(f"<certHash{number}>{text}</certHash{number}>\n" for number, text in enumerate(cert_hashes, 1)),
    )
