"""The rooms of the package may only import what the design lets them (README, Architecture)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import vpnprobe

PACKAGE = Path(vpnprobe.__file__).parent

# Room -> rooms it may import. A room may always import itself, `model` and `version`.
ALLOWED: dict[str, set[str]] = {
    "model": set(),
    "wire": set(),
    "pki": set(),
    "phoneconfig": {"wire"},
    "phones": set(),
    "federation": {"wire", "pki"},
    "transport": {"wire"},
    "probes": {"wire", "pki", "phoneconfig", "phones", "federation", "transport"},
    "checks": {"wire", "pki", "phoneconfig", "phones", "federation"},
    "history": {"wire", "pki", "phoneconfig"},
    "fleet": {"wire", "pki", "phoneconfig", "phones", "federation", "transport", "probes", "checks", "history"},
    "render": {"wire", "pki", "phoneconfig", "federation", "checks"},
    "lab": {"wire", "transport", "phones"},
    "cli": {
        "wire",
        "pki",
        "phoneconfig",
        "phones",
        "federation",
        "transport",
        "probes",
        "checks",
        "history",
        "fleet",
        "render",
        "lab",
    },
}

# Rooms that see bytes and values only: no I/O, no clock, no randomness.
PURE = ("model", "wire", "pki", "phoneconfig", "federation", "checks", "render")
IMPURE_MODULES = {
    "asyncio",
    "dns",
    "http.client",
    "http.cookiejar",
    "http.server",
    "httpcore",
    "httpx",
    "os",
    "pathlib",
    "random",
    "secrets",
    "select",
    "shutil",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
}
# Modules that may open sockets.
SOCKET_MODULES = {"socket", "ssl", "httpx", "httpcore", "dns", "OpenSSL"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield each imported module's dotted name, and whether it is for the type checker only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in typing_only) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield module, node in typing_only
            yield from ((f"{module}.{alias.name}", node in typing_only) for alias in node.names)


def imported_rooms(path: Path) -> set[str]:
    names = [name.split(".") for name, _ in imports(path)]
    rooms = {parts[1] for parts in names if parts[0] == "vpnprobe" and len(parts) > 1}
    return {room for room in rooms if (PACKAGE / room).is_dir()}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    room = room_of(path)
    if not room:
        return
    assert imported_rooms(path) <= ALLOWED[room] | {room, "model"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_pure_rooms_touch_no_world(path: Path) -> None:
    if room_of(path) not in PURE:
        return
    used = {name for name, typing_only in imports(path) if not typing_only}
    touched = {name for name in used if name in IMPURE_MODULES or name.split(".")[0] in IMPURE_MODULES}
    assert not touched


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_transport_and_lab_open_sockets(path: Path) -> None:
    if room_of(path) in ("transport", "lab"):
        return
    opened = {name.split(".")[0] for name, typing_only in imports(path) if not typing_only} & SOCKET_MODULES
    # pki asks OpenSSL's store about signatures that `cryptography` refuses; that opens nothing.
    assert opened <= ({"OpenSSL"} if room_of(path) == "pki" else set())


def test_only_the_command_line_prints_or_exits() -> None:
    for path in modules():
        if room_of(path) == "cli" or path.name == "__main__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in {"print", "sys.exit", "exit", "quit"}, f"{path}: {called}"


def test_no_room_for_leftovers() -> None:
    names = {path.stem for path in modules()} | {path.parent.name for path in modules()}
    assert not names & {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def test_every_room_is_in_the_table() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms == set(ALLOWED)
