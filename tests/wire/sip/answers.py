"""Answers to OPTIONS as servers of several makers write them, by hand from what is known of each."""

from __future__ import annotations

from vpnprobe.wire.sip.message import Breach, SipResponse

MS_1009 = (
    '1009; reason="No match for domain in DNS SRV results"; domain="cms.steven.lab"; '
    'fqdn1="vcse.sub.cms.steven.lab:5061"; source="sip.skype.lab"'
)
MS_1010 = (
    '1010; reason="Certificate trust with another server could not be established"; '
    'ErrorType="The peer certificate does not contain a matching FQDN"; tls-target="vcse.cms.steven.lab"; '
    'PeerServer="vcse.steven.lab"; HRESULT="0x80090322(SEC_E_WRONG_PRINCIPAL)"; source="sip.skype.lab"'
)

VIA = "SIP/2.0/TLS probe.invalid;branch=z9hG4bKa;rport=40000;received=192.0.2.9"


def crlf(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def lync(diagnostics: str) -> bytes:
    """F4-11: the answer names its maker and nothing but a number says why."""
    return crlf(
        "SIP/2.0 504 Server time-out",
        'Authentication-Info: TLS-DSK qop="auth", opaque="FA404B9C", srand="8168D157", snum="38", version=4',
        f"Via: {VIA}",
        "From: <sip:anonymous@anonymous.invalid>;tag=t",
        "To: <sip:cms.steven.lab>;tag=28B8A9A4FD0F38D0",
        "Call-ID: c",
        "CSeq: 1 OPTIONS",
        f"ms-diagnostics: {diagnostics}",
        "Server: RTC/6.0",
        "Content-Length: 0",
    )


def kamailio() -> bytes:
    return crlf(
        "SIP/2.0 200 Keepalive",
        f"Via: {VIA}",
        "From: <sip:anonymous@anonymous.invalid>;tag=t",
        "To: <sip:example.com>;tag=b27e1a1d33761e85846fc98f5f3a7e58.9a03",
        "Call-ID: c",
        "CSeq: 1 OPTIONS",
        "Server: kamailio (5.8.4 (x86_64/linux))",
        "Content-Length: 0",
    )


def opensips() -> bytes:
    return crlf(
        "SIP/2.0 483 Too Many Hops",
        f"Via: {VIA}",
        "To: <sip:example.com>;tag=b2a1.5ac2",
        "From: <sip:anonymous@anonymous.invalid>;tag=t",
        "CSeq: 1 OPTIONS",
        "Call-ID: c",
        "Server: OpenSIPS (3.4.5 (x86_64/linux))",
        "Content-Length: 0",
    )


def expressway() -> bytes:
    return crlf(
        "SIP/2.0 403 Forbidden",
        f"Via: {VIA}",
        "Call-ID: c",
        "CSeq: 1 OPTIONS",
        "From: <sip:anonymous@anonymous.invalid>;tag=t",
        "To: <sip:example.com>;tag=a5b9f8c7d6e5",
        "Server: TANDBERG/4137 (X14.0.6)",
        'Warning: 399 192.0.2.7:5061 "Policy Response"',
        "Content-Length: 0",
    )


def with_everything() -> bytes:
    """Compact names, folding, repeated headers, white space, a body: all within the rules."""
    body = b"v=0\r\n\r\no=- 0 0 IN IP4 192.0.2.7\r\n"
    return (
        b"SIP/2.0 200 OK\r\n"
        b"v: SIP/2.0/TLS probe.invalid;branch=z9hG4bKa\r\n"
        b"V : SIP/2.0/TLS other.invalid\r\n"
        b"f: <sip:a@b>;tag=t\r\nt:<sip:c>\r\ni: c\r\nCSEQ\t:\t1 OPTIONS\r\n"
        b"k: a,\r\n b,\r\n\t c\r\n"
        b"Subject:\r\n"
        b"Server: caf\xc3\xa9\r\n"
        b"l: %d\r\n\r\n%b" % (len(body), body)
    )


REAL: dict[str, tuple[bytes, SipResponse]] = {
    "lync-1009": (
        lync(MS_1009),
        SipResponse(
            status=504,
            reason="Server time-out",
            headers=(
                (
                    "authentication-info",
                    'TLS-DSK qop="auth", opaque="FA404B9C", srand="8168D157", snum="38", version=4',
                ),
                ("via", VIA),
                ("from", "<sip:anonymous@anonymous.invalid>;tag=t"),
                ("to", "<sip:cms.steven.lab>;tag=28B8A9A4FD0F38D0"),
                ("call-id", "c"),
                ("cseq", "1 OPTIONS"),
                ("ms-diagnostics", MS_1009),
                ("server", "RTC/6.0"),
                ("content-length", "0"),
            ),
        ),
    ),
    "lync-1010": (
        lync(MS_1010),
        SipResponse(
            status=504,
            reason="Server time-out",
            headers=(
                (
                    "authentication-info",
                    'TLS-DSK qop="auth", opaque="FA404B9C", srand="8168D157", snum="38", version=4',
                ),
                ("via", VIA),
                ("from", "<sip:anonymous@anonymous.invalid>;tag=t"),
                ("to", "<sip:cms.steven.lab>;tag=28B8A9A4FD0F38D0"),
                ("call-id", "c"),
                ("cseq", "1 OPTIONS"),
                ("ms-diagnostics", MS_1010),
                ("server", "RTC/6.0"),
                ("content-length", "0"),
            ),
        ),
    ),
    "kamailio": (
        kamailio(),
        SipResponse(
            status=200,
            reason="Keepalive",
            headers=(
                ("via", VIA),
                ("from", "<sip:anonymous@anonymous.invalid>;tag=t"),
                ("to", "<sip:example.com>;tag=b27e1a1d33761e85846fc98f5f3a7e58.9a03"),
                ("call-id", "c"),
                ("cseq", "1 OPTIONS"),
                ("server", "kamailio (5.8.4 (x86_64/linux))"),
                ("content-length", "0"),
            ),
        ),
    ),
    "opensips": (
        opensips(),
        SipResponse(
            status=483,
            reason="Too Many Hops",
            headers=(
                ("via", VIA),
                ("to", "<sip:example.com>;tag=b2a1.5ac2"),
                ("from", "<sip:anonymous@anonymous.invalid>;tag=t"),
                ("cseq", "1 OPTIONS"),
                ("call-id", "c"),
                ("server", "OpenSIPS (3.4.5 (x86_64/linux))"),
                ("content-length", "0"),
            ),
        ),
    ),
    "expressway": (
        expressway(),
        SipResponse(
            status=403,
            reason="Forbidden",
            headers=(
                ("via", VIA),
                ("call-id", "c"),
                ("cseq", "1 OPTIONS"),
                ("from", "<sip:anonymous@anonymous.invalid>;tag=t"),
                ("to", "<sip:example.com>;tag=a5b9f8c7d6e5"),
                ("server", "TANDBERG/4137 (X14.0.6)"),
                ("warning", '399 192.0.2.7:5061 "Policy Response"'),
                ("content-length", "0"),
            ),
        ),
    ),
    "everything": (
        with_everything(),
        SipResponse(
            status=200,
            reason="OK",
            headers=(
                ("via", "SIP/2.0/TLS probe.invalid;branch=z9hG4bKa"),
                ("via", "SIP/2.0/TLS other.invalid"),
                ("from", "<sip:a@b>;tag=t"),
                ("to", "<sip:c>"),
                ("call-id", "c"),
                ("cseq", "1 OPTIONS"),
                ("supported", "a, b, c"),
                ("subject", ""),
                ("server", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"),
                ("content-length", "33"),
            ),
            body_length=33,
            body=b"v=0\r\n\r\no=- 0 0 IN IP4 192.0.2.7\r\n",
        ),
    ),
    "every-breach": (
        (
            b"sip/2.0  200\n"
            b"Content-Length: 3\r\n"
            b"Content-Length: 3\r\n"
            b"no colon here\r\n"
            b"two words: x\r\n"
            b": nameless\r\n"
            b"Server: a\x00b\x1b[2J\r\n"
            b"Warning: \xff\r\n"
            b"\r\nabc"
        ),
        SipResponse(
            status=200,
            reason="",
            headers=(
                ("content-length", "3"),
                ("content-length", "3"),
                ("server", "a\x00b\x1b[2J"),
                ("warning", "\xff"),
            ),
            body_length=3,
            body=b"abc",
            breaches=(
                Breach.BARE_LF,
                Breach.STATUS_LINE,
                Breach.HEADER_NAME,
                Breach.CONTROL_CHARACTER,
                Breach.NOT_UTF8,
                Breach.CONTENT_LENGTH,
            ),
        ),
    ),
}
