"""TFTP as a phone reads files with it: RFC 1350, 1123 section 4.2.3.1, 2347, 2348, 2349 and 7440.

Sans-IO: bytes, addresses and times come in, datagrams and a result go out.
"""

from vpnprobe.wire.tftp.download import DEFAULT_LIMITS, TftpDownload, TftpLimits
from vpnprobe.wire.tftp.options import NO_OPTIONS, TftpOptions
from vpnprobe.wire.tftp.result import Address, TftpResult

__all__ = [
    "DEFAULT_LIMITS",
    "NO_OPTIONS",
    "Address",
    "TftpDownload",
    "TftpLimits",
    "TftpOptions",
    "TftpResult",
]
