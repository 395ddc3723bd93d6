"""Certificates from files, directories and standard input, one after the other: never more than one file in memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from vpnprobe.cli.paths import shown_path
from vpnprobe.model.errors import UsageError, WireError
from vpnprobe.pki.given import binary_certificates, block_certificates, is_certificate_label, pem_blocks
from vpnprobe.pki.loading import MAX_INPUT, load_certificates
from vpnprobe.wire.sgn import is_signed_file

STDIN = "-"

# Files of a directory that are looked at.
SUFFIXES = frozenset({".pem", ".crt", ".cer", ".cert", ".der", ".p7b", ".p7c", ".p12", ".pfx"})

# A file of up to so many certificates is a chain, whose members are held against each other; a longer one is a heap.
MAX_CHAIN = 8

# Nearly every file is smaller; room for a larger one costs more time than reading it.
_SMALL = 16 * 1024
# What is read at once of others; a longer PEM file is read block by block.
_WHOLE = 1024 * 1024
_PART = 64 * 1024
_PEM = b"-----BEGIN "


class Found(NamedTuple):
    """One certificate: where it was read, its place there from 1, and the others of a chain."""

    source: str
    place: int
    der: bytes
    chain: tuple[bytes, ...]


class Unread(NamedTuple):
    """A source, or the rest of one, that no certificate could be read from, and why."""

    source: str
    problem: str


def certificates_of(name: str, password: Callable[[], str], skipped: Callable[[str], None]) -> Iterator[Found | Unread]:
    """Yield every certificate of a file, of the files of a directory and all below it, or of standard input.

    `password` is asked where a PKCS#12 file needs one. `skipped` is given each file of a directory that is none of
    certificates.
    """
    path = Path(name)
    if name != STDIN and path.is_dir():
        for file in _files(path):
            if isinstance(file, Unread):
                yield file
                continue
            if file.suffix.lower() not in SUFFIXES:
                skipped(shown_path(file))
                continue
            try:
                yield from _of_file(file, password)
            except _OtherContent:
                skipped(shown_path(file))
        return
    try:
        if name == STDIN:
            yield from _placed("standard input", _read(sys.stdin.buffer, password))
        else:
            yield from _of_file(path, password)
    except _OtherContent as error:
        yield Unread(shown_path(name), str(error))


def _files(directory: Path) -> Iterator[Path | Unread]:
    """Yield the files of a directory by name, then those of the ones below it; no link to a directory is followed."""
    waiting = [directory]
    while waiting:
        current = waiting.pop()
        try:
            with os.scandir(current) as listed:
                entries = sorted((entry.name, entry.is_dir(follow_symlinks=False), _is_file(entry)) for entry in listed)
        except OSError as error:
            yield Unread(shown_path(current), f"{error.strerror}; is it readable for you?")
            continue
        yield from (current / name for name, _, is_file in entries if is_file and not name.startswith("."))
        waiting += [current / name for name, is_directory, _ in reversed(entries) if is_directory]


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        # A link that leads to itself.
        return False


def _of_file(file: Path, password: Callable[[], str]) -> Iterator[Found | Unread]:
    source = shown_path(file)
    try:
        with file.open("rb") as stream:
            yield from _placed(source, _read(stream, password))
    except OSError as error:
        yield Unread(source, f"{error.strerror}; is it readable for you?")


class _OtherContent(UsageError):
    """PEM blocks, none of which is a certificate."""


def _placed(source: str, read: Iterator[bytes]) -> Iterator[Found | Unread]:
    problem: str | None = None

    def each() -> Iterator[bytes]:
        nonlocal problem
        try:
            yield from read
        except UsageError as error:
            if isinstance(error, _OtherContent):
                raise
            problem = str(error)

    ders = each()
    first = list(islice(ders, MAX_CHAIN + 1))
    if len(first) <= MAX_CHAIN:
        for number, der in enumerate(first):
            yield Found(source, number + 1, der, (*first[:number], *first[number + 1 :]))
    else:
        for number, der in enumerate(chain(first, ders), 1):
            yield Found(source, number, der, ())
    if problem is not None:
        yield Unread(source, problem)


def _read(stream: BinaryIO, password: Callable[[], str]) -> Iterator[bytes]:
    """Yield the certificates of one stream as they come. Raises `UsageError` where one cannot be read."""
    data = stream.read(_SMALL)
    if len(data) == _SMALL:
        data += stream.read(_WHOLE - _SMALL)
    if _PEM not in data:
        if is_signed_file(data):
            raise UsageError("it is a signed file of CUCM, such as a trust list; vpnprobe config reads it")
        if len(data) == _WHOLE:
            data += stream.read(MAX_INPUT + 1 - _WHOLE)
        yield from binary_certificates(data, password)
        return
    parts = chain((data,), iter(lambda: stream.read(_PART), b"")) if len(data) == _WHOLE else (data,)
    count = 0
    labels: list[bytes] = []
    for label, body in pem_blocks(parts):
        if not is_certificate_label(label):
            labels = [*labels, label] if len(labels) < MAX_CHAIN else labels
            continue
        for der in block_certificates(label, body):
            count += 1
            yield der
    if count:
        return
    if labels:
        told = ", ".join(sorted({label.decode() for label in labels}))
        raise _OtherContent(f"no certificate in it, only: {told}; give the certificate itself")
    # Not even a whole mark: what it is, the other reader knows.
    yield from load_certificates(data)


def check_sources(names: Sequence[str]) -> None:
    """Raise `UsageError` where a name names nothing, or standard input comes twice: before the first report."""
    if list(names).count(STDIN) > 1:
        raise UsageError("- stands for standard input, which can be read once only")
    for name in names:
        if name != STDIN and "://" not in name and not _exists(name):
            raise UsageError(
                f"{name or repr(name)}: no such file or directory; for a server's certificate write https:// before "
                "its name"
            )


def _exists(name: str) -> bool:
    try:
        # An empty name would be the current directory: a variable of a script that was never set.
        return name != "" and Path(name).exists()
    except OSError:
        # Longer than a name can be: a pasted text.
        return False


def read_capf(names: Sequence[str]) -> tuple[bytes, ...]:
    """Return the CAPF certificates of trust lists (CTL or ITL files), each once. Raises `UsageError`."""
    from vpnprobe.wire.trust_records import ROLE_NAMES, parse_trust_records

    [role] = [number for number, text in ROLE_NAMES.items() if text == "CAPF"]
    found: dict[bytes, None] = {}
    for name in names:
        try:
            records = parse_trust_records(load_file("--trust-list", name))
        except WireError as error:
            raise UsageError(f"--trust-list {name}: not a trust list ({error}); give a CTL or ITL file") from error
        listed = [record for record in records if record.role == role]
        if not listed:
            raise UsageError(f"--trust-list {name}: it names no CAPF; a CTL or the ITL of a phone does")
        found |= dict.fromkeys(record.certificate for record in listed if record.certificate)
    if names and not found:
        # Usual in an ITL: who signs nothing that a phone reads stands there by the hash of his certificate.
        raise UsageError(
            f"--trust-list {', '.join(names)}: only the hash of the CAPF's certificate is in it, which verifies no "
            "LSC; give the CTL, or put CAPF's certificate behind the LSC in one PEM file"
        )
    return tuple(found)


def load_file(option: str, name: str) -> bytes:
    """Return the bytes of a file that an option names. Raises `UsageError`."""
    try:
        with Path(name).open("rb") as stream:
            data = stream.read(MAX_INPUT + 1)
    except OSError as error:
        raise UsageError(f"{option} {name}: {error.strerror}; name a file that is there") from error
    if len(data) > MAX_INPUT:
        raise UsageError(f"{option} {name}: it is larger than {MAX_INPUT // 1024**2} MiB; name another file")
    return data
