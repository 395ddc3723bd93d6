"""Pages and logs made by hand: after the screenshots of Cisco document 116162, and in the form of a real 8845's page.

No builder of the product has a part in them.
"""

from __future__ import annotations

# What a 7962G shows (names and texts of the document; its rows are those of its family).
DEVICE_7962G = b"""<HTML>
<HEAD><TITLE>Cisco Systems, Inc.</TITLE></HEAD>
<BODY bgcolor="#FFFFFF"><TABLE BORDER="1" WIDTH="100%"><TR>
<TD WIDTH="200"><A HREF="http://www.cisco.com"><IMG SRC="/FS/Logo.gif"></A></TD>
<TD><p ALIGN=center><B><font size="6">Device Information</FONT></B>
<p ALIGN=center><B><font size="4">Cisco Unified IP Phone CP-7962G ( SEP8CB64F576113 )</FONT></B></TD></TR>
<TR><TD><TABLE>
<TR><TD><a href="/CGI/Java/Serviceability?adapter=device.statistics.device">Device Information</A></TD></TR>
<TR><TD><a href="/CGI/Java/Serviceability?adapter=device.statistics.configuration">Network Configuration</A></TD></TR>
<TR><TD>&nbsp;&nbsp;<a href="/CGI/Java/Serviceability?adapter=device.statistics.consolelog">Console Logs</A></TD>
</TABLE></TD>
<TD VALIGN=top><DIV ALIGN=center><TABLE BORDER="0">
<TR><TD><B>MAC Address</B></TD><td width=20></TD><TD><B>8CB64F576113</B></TD></TR>
<TR><TD><B>Host Name</B></TD><td width=20></TD><TD><B>SEP8CB64F576113</B></TD></TR>
<TR><TD><B>Phone DN</B></TD><td width=20></TD><TD><B></B></TD></TR>
<TR><TD><B>App Load ID</B></TD><td width=20></TD><TD><B>jar42sccp.9-1-1TH1-16.sbn</B></TD></TR>
<TR><TD><B>Version</B></TD><td width=20></TD><TD><B>SCCP42.9-1-1SR1S</B></TD></TR>
<TR><TD><B>Model Number</B></TD><td width=20></TD><TD><B>CP-7962G</B></TD></TR>
<TR><TD><B>Something New</B></TD><td width=20></TD><TD><B>1</B></TD></TR>
</TABLE></DIV></TD></TR></TABLE></BODY></HTML>
"""
NETWORK_7962G = b"""<html><body><table>
<tr><td><b>DHCP Server</b></td><td></td><td><b>192.168.1.1</b></td></tr>
<tr><td><b>MAC Address</b></td><td></td><td><b>8CB64F576113</b></td></tr>
<tr><td><b>Alternate TFTP</b></td><td></td><td><b>Yes</b></td></tr>
<tr><td><b>TFTP Server 1</b></td><td></td><td><b>10.1.1.5</b></td></tr>
<tr><td><b>Admin. VLAN Id</b></td><td></td><td><b>4095</b></td></tr>
<tr><td><b>Unified CM 1</b></td><td></td><td><b>cucm1.example.com  Active</b></td></tr>
<tr><td><b>CallManager 3 SRST</b></td><td></td><td><b>10.1.1.9</b></td></tr>
<tr><td><b>VPN Status</b></td><td></td><td><b>Connected</b></td></tr>
</table></body></html>
"""
STATUS_7962G = b"""<HTML><BODY><TABLE>
<TR><TD><B>Status Messages</B></TD></TR>
<TR><TD><B>11:51:10 Trust List Update Failed</B></TD></TR>
<TR><TD><B>11:51:10 TFTP Error : SEP8CB64F578B2C.cnf.xml.sgn</B></TD></TR>
<TR><TD><B>11:54:10 TFTP Timeout : SEP8CB64F578B2C.cnf.xml.sgn</B></TD></TR>
</TABLE></BODY></HTML>
"""
# The names as the document lists them, with the files that are no logs.
CONSOLE_7962G = b"""<HTML><BODY>
<a href="/FS/cache/fsck.fd0a.log">/FS/cache/fsck.fd0a.log</a><br>
<a href="/FS/cache/fsck.f11a.log">/FS/cache/fsck.f11a.log</a><br>
<a href="/FS/cache/log181">/FS/cache/log181</a><br>
<a href="/FS/cache/log182">/FS/cache/log182</a><br>
3 <a href="/FS/cache/log178">/FS/cache/log178</a><br>
<a href="/FS/cache/log179">/FS/cache/log179</a><br>
<a href="/FS/cache/log180">/FS/cache/log180</a>
</BODY></HTML>
"""
# An 8845's, in the form in which one is quoted in public: leading blanks, character numbers, rows without a label.
DEVICE_8845 = b"""<HTML>
<HEAD><META http-equiv="Content-Type" content="text/html; charset=utf-8"><TITLE>Cisco Systems, Inc.</TITLE>
</HEAD>
<BODY><TABLE><TR>
<td><p ALIGN=center><B>Device information</B><p ALIGN=center><B>Cisco IP Phone CP-8845 ( SEP0011AABBCCDD )</B></TD>
</TR>
<TR><td VALIGN=top><DIV><TABLE>\
<TR><TD><B> Service mode</B></TD><td width=20></TD><TD><B>On&#x2D;premise</B></TD></TR>\
<TR><TD><B> Service domain</B></TD><td width=20></TD><TD><B></B></TD></TR>\
<TR><TD><B> MAC address</B></TD><td width=20></TD><TD><B>0011AABBCCDD</B></TD></TR>\
<TR><TD><B> Host name</B></TD><td width=20></TD><TD><B>SEP0011AABBCCDD</B></TD></TR>\
<TR><TD><B> Version</B></TD><td width=20></TD><TD><B>sip8845_65.14&#x2D;3&#x2D;1&#x2D;0201&#x2D;246</B></TD></TR>\
<TR><TD><B> Model number</B></TD><td width=20></TD><TD><B>CP&#x2D;8845</B></TD></TR>\
<TR><TD><B> UDI</B></TD><td width=20></TD><TD><B>phone</B></TD></TR>\
<TR><TD><B> </B></TD><td width=20></TD><TD><B>Cisco IP Phone 8845, Global</B></TD></TR>\
<TR><TD><B> Time zone</B></TD><td width=20></TD><TD><B>America&#x2F;Los_Angeles</B></TD></TR>\
</TABLE></DIV></TD></TR></TABLE></BODY></HTML>"""
DEVICE_XML = b"""<?xml version="1.0" encoding="utf-8"?>
<DeviceInformation>
  <HostName>SEP001122334455</HostName>
  <phoneDN>1003</phoneDN>
  <MACAddress>00:11:22:33:44:55</MACAddress>
  <modelNumber>CP-7975G</modelNumber>
  <versionID>9.4(2)SR3</versionID>
</DeviceInformation>
"""
# The records of document 116162, wrapped as it wraps them.
LOG_7962G = b"""902: NOT 10:19:27.155936 VPNC: ssl_state_cb: TLSv1: SSL_connect: before/connect
initialization
903: NOT 10:19:27.162212 VPNC: ssl_state_cb: TLSv1: SSL_connect: unknown state
905: NOT 10:19:27.364687 VPNC: cert_vfy_cb: depth:1 of 1, subject:
</CN=10.198.16.140/unstructuredName=10.198.16.140>
908: NOT 10:19:27.375718 SECD: Leaf cert hash = 1289B8A7AA9FFD84865E38939F3466A61B5608FC
909: ERR 10:19:27.376752 SECD: EROR:secLoadFile: file not found </tmp/issuer.crt>
911: ERR 10:19:27.420205 VPNC: VPN cert chain verification failed, issuer certificate not found
and leaf not trusted
912: NOT 10:19:27.425000 JVM: nothing of interest
923: NOT 10:19:27.429716 VPNC: set_login_state: VPNC : 1 (LoggingIn) --> 3
(LoginFailed)

925: NOT 10:19:27.430812 VPNC: vpnc_send_notify: notify code: 37
[SslAlertSrvrCert]
"""
# The records of document 213407.
LOG_8861 = b"""\
3287 INF Nov 29 06:33:59.395199 SECUREAPP-Attempting connect to TVS server addr [192.168.11.32], mode [IPv4]
3288 INF Nov 29 06:33:59.395294 SECUREAPP-TOS set to [96] on sock, [192.168.11.32][11]
3333 NOT Nov 29 06:34:00.411671 SECUREAPP-Hashes match... authentication successful.
3281 NOT Dec 14 06:34:00.488697 dgetfile(851)-XXTP complete - status = 100
3344 NOT Nov 29 06:34:00.458890 dgetfile(877)-GETXXTP [GT877][src=ITLSEPB000B4BA0AEE.tlv][dest=/tmp/ITLFile.tlv]
"""
