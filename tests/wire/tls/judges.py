"""The other TLS implementations that judge ours, imported past warnings of their own that we cannot fix."""

import warnings
from types import ModuleType
from typing import Any


def tlslite(module: str) -> ModuleType:
    """Return a module of tlslite-ng. Its package imports asyncore, which warns before Python 3.12."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return __import__(f"tlslite.{module}", fromlist=["*"])


def scapy_record(data: bytes) -> Any:
    """Return one TLS record as scapy reads it."""
    from scapy.layers.tls.record import TLS

    return TLS(data)
