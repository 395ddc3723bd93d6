"""What the figures were measured on and with."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess

import cryptography
from OpenSSL import SSL

_TOOLS = {
    "openssl": ("openssl", "version"),
    "dig": ("dig", "-v"),
    "curl": ("curl", "--version"),
    "in.tftpd": ("in.tftpd", "--version"),
    "sslscan": ("sslscan", "--no-colour", "--version"),
    "nmap": ("nmap", "--version"),
}
_ADMIN_DIRECTORIES = "/usr/local/sbin:/usr/sbin:/sbin"


def found(tool: str) -> str | None:
    """Return the path of a tool, also of one that only administrators have in theirs."""
    return shutil.which(tool, path=f"{os.environ.get('PATH', os.defpath)}:{_ADMIN_DIRECTORIES}")


def facts() -> list[str]:
    """Return cores and versions, each as a clause."""
    return [
        f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores",
        f"{platform.system()} {platform.machine()}",
        f"{platform.python_implementation()} {platform.python_version()}",
        f"cryptography {cryptography.__version__} with {SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()}",
        *(_version(tool) for tool in _TOOLS),
    ]


def _version(tool: str) -> str:
    path = found(tool)
    if path is None:
        return f"no {tool}"
    command = (path, *_TOOLS[tool][1:])
    ended = subprocess.run(command, capture_output=True, check=False, text=True)
    lines = [line.strip() for line in (ended.stdout + ended.stderr).splitlines() if any(map(str.isdigit, line))]
    version = re.split(r",| \(", lines[0])[0] if lines else "of unknown version"
    return version if tool in version.lower() else f"{tool} {version}"
