"""Logs as operators paste them: "as pasted" wrapped within values, fenced and misread; the others as written."""

from __future__ import annotations

CLIENT_1009_AS_PASTED = """\
```
SIP/2.0 504 Server time-out Authentication-Info: TLS-DSK qop="auth", opaque="FA404B9C",
srand="8168D157", snum="38", rspauth="65d8d93b66e5b217115e3b1636bf433c9f5df54a",
targetname="SfBFE.skype.lab", realm="SIP Communications Service", version=4 From: "Steven
Janssens"
```

```
INVITE Via: SIP/2.0/TLS 10.55.186.71:62937;ms-received-port=62937;ms-received-cid=6DA00
ms-diagnostics: 1009;
```

```
reason="No match for domain in DNS SRV results";
```

```
domain="
```

```
cms.steven.lab";
```

```
fqdn1="
```

```
vcse.sub.cms.steven.lab:5061";source="sip.skype.lab" Server: RTC/6.0 Content-Length: 0
```
"""

CLIENT_1009 = """\
SIP/2.0 504 Server time-out
Authentication-Info: TLS-DSK qop="auth", opaque="FA404B9C", srand="8168D157", snum="38", rspauth="65d8d93b66e5b217"
From: "Steven Janssens"<sip:stejanss@skype.lab>;tag=1
To: <sip:2000@cms.steven.lab>;tag=2
CSeq: 1 INVITE
Via: SIP/2.0/TLS 10.55.186.71:62937;ms-received-port=62937;ms-received-cid=6DA00
ms-diagnostics: 1009;reason="No match for domain in DNS SRV results";domain="cms.steven.lab";\
fqdn1="vcse.sub.cms.steven.lab:5061";source="sip.skype.lab"
Server: RTC/6.0
Content-Length: 0

"""

CLIENT_1010_AS_PASTED = """\
```
SIP/2.0_504 Server time-out Authentication-Info: TLS-DSK qop="auth", opaque="FA404B9C",
srand="1D8F66EF", snum="49", rspauth="67836c7ffc0f6132b2304006969a219d9252aab",
targetname="SfBFE.skype.lab", realm="SIP Communications Service", version=4 From: "Steven
Janssens"
```

```
INVITE Via: SIP/2.0/TLS 10.55.186.71:62937;ms-received-port=62937;ms-received-cid=6DA00
ms-diagnostics: 1010;
```

```
reason="Certificate trust with another server could not be established";ErrorType="The peer
certificate does not contain a matching FQDN";
```

```
tls-target="
```

```
vcse.cms.steven.lab";
```

```
PeerServer="
```

```
vcse.steven.lab";HRESULT="0x80090322(SEC_E_WRONG_PRINCIPAL)";source="sip.skype.lab" Server:
RTC/6.0 Content-Length: 0
```
"""

CLIENT_1010 = """\
SIP/2.0 504 Server time-out
From: "Steven Janssens"<sip:stejanss@skype.lab>;tag=1
CSeq: 1 INVITE
ms-diagnostics: 1010;reason="Certificate trust with another server could not be established";\
ErrorType="The peer certificate does not contain a matching FQDN";tls-target="vcse.cms.steven.lab";\
PeerServer="vcse.steven.lab";HRESULT="0x80090322(SEC_E_WRONG_PRINCIPAL)";source="sip.skype.lab"
Server: RTC/6.0
Content-Length: 0

"""

EDGE_1009_AS_PASTED = r"""TL WARN(TF DIAG) [sfvedge\svedge]0584.0A44::03/02/2017-07:10:46.230.0000773E
(SIPStack,SIPAdminLog::WriteDiagnosticEvent:SIPAdminLog.cpp(830)) [156659184] $$begin_record
Severity: warning Text: The domain of the message resolved by DNS SRV but none of the FQDNs is
in the same domain Result-Code: 0xc3e93d6f SIPPROXY_E_EPROUTING_MSG_ALLOWED_DOMAIN_NO_SRV_MATCH
SIP-Start-Line: INVITE sip:stejanss@skype.lab SIP/2.0 SIP-Call-ID: f1b3ad5d-183b-4632-b210-
c2f9bec71960 SIP-CSeq: 2066245576 INVITE Peer: vcse.steven.lab:25002 Data:
domain="acano.steven.lab";fqdn1="vcse.steven.lab:5061" $$end_record
"""

EDGE_1010_AS_PASTED = r"""TL ERROR(TF DIAG) [sfvedge\svedge]0B60.0D6C::03/02/2017-06:30:40.025.00005602
(SIPStack,SIPAdminLog::WriteDiagnosticEvent:SIPAdminLog.cpp(833)) [3634190282] $$begin_record
Severity: error Text: Message cannot be routed because the peer's certificate does not contain a
matching FQDN Result-Code: 0xc3e93d67 SIPPROXY_E_ROUTING_MSG_CERT_MISMATCH SIP-Start-Line:
INVITE sip:stejanss@skype.lab SIP/2.0 SIP-Call-ID: e144704c-1dd0-4ea7-929f-77e7e071c24c SIP-
CSeq: 1567605805 INVITE Peer: vcse.steven.lab:25001 Data: expected-
fqdn="vcse.acano.steven.lab";certName="vcse.steven.lab";info="The peer certificate does not
contain a matching FQDN" $$end_record
"""

EXPRESSWAY_504 = """\
2017-03-02T08:10:46.240+01:00 vcse tvcs: UTCTime="2017-03-02 07:10:46,240" Module="network.sip"
Level="DEBUG": Action="Received" Local-ip="10.48.36.47" Local-port="25002" Src-ip="10.48.36.6"
SIPMSG:
|SIP/2.0 504 Server time-out
Via: SIP/2.0/TLS 10.48.36.47:5061;egress-
zone=DNSZone1;branch=z9hG4bK42ee6fd77d32cc8925196770b950b33554;rport;received=10.48.36.47
Call-ID: f1b3ad5d-183b-4632-b210-c2f9bec71960
CSeq: 2066245576 INVITE
From: "DX70 Steven" <sip:2000@acano.steven.lab>;tag=9fea3e7d70afd884
To: <sip:stejanss@skype.lab>;tag=C65A7B0A8766A5F1D386474833D07882
Server: RTC/6.0
Content-Length: 0

"""

SEARCH_HISTORY = "2017-03-02 15:42:32 sip (INTE) sip.stejanss@skype.lac Microsoft Av Server time-out View\n"

ASA_ACCESS_LIST = """\
ciscoasa(config)# class-map ent_imp_to_external
ciscoasa(config-cmap)# match access-list ent_imp_to_external
ERROR: Specified ACL (ent_imp_to_external) either does not exist or its type is not supported
by the match command.
"""

SUBSCRIBE_403 = """\
SUBSCRIBE sip:bob@contoso.com SIP/2.0
From: <sip:alice@imp.example.com>;tag=1
To: <sip:bob@contoso.com>
CSeq: 101 SUBSCRIBE

SIP/2.0 403 FORBIDDEN
From: <sip:alice@imp.example.com>;tag=1
To: <sip:bob@contoso.com>;tag=2
CSeq: 101 SUBSCRIBE
Content-Length: 0

"""

NOTIFY_408 = """\
NOTIFY sip:bob@ocs.contoso.com:5060 SIP/2.0
Record-Route: <sip:imp.example.com:5060;lr>
From: <sip:alice@imp.example.com>;tag=1
CSeq: 7 NOTIFY

SIP/2.0 408 Request Timeout
From: <sip:alice@imp.example.com>;tag=1
CSeq: 7 NOTIFY

"""

ANSWERED = """\
OPTIONS sip:sip.example.com SIP/2.0
CSeq: 1 OPTIONS

SIP/2.0 100 Trying
CSeq: 1 OPTIONS

SIP/2.0 200 OK
CSeq: 1 OPTIONS
Server: RTC/6.0

"""
