"""Where the history is, and what is no such place."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpnprobe.history.location import database_url, default_file
from vpnprobe.model.errors import UsageError


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"STATE_DIRECTORY": "/var/lib/vpnprobe", "XDG_STATE_HOME": "/x"}, "/var/lib/vpnprobe/history.db"),
        ({"STATE_DIRECTORY": "/var/lib/vpnprobe:/var/lib/other"}, "/var/lib/vpnprobe/history.db"),
        ({"XDG_STATE_HOME": "/x", "HOME": "/home/anna"}, "/x/vpnprobe/history.db"),
        ({"XDG_STATE_HOME": "relative"}, "/home/anna/.local/state/vpnprobe/history.db"),
        ({}, "/home/anna/.local/state/vpnprobe/history.db"),
    ],
)
def test_the_default(environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/anna")
    assert default_file(environment) == Path(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/var/history.db", "sqlite:////var/history.db"),
        ("sqlite:////var/history.db", "sqlite:////var/history.db"),
        ("/var/a b#?%.db", "sqlite:////var/a b%23%3F%25.db"),
        ("postgresql://anna@db.example.com:5433/site", "postgresql+psycopg://anna@db.example.com:5433/site"),
        ("postgresql+psycopg://db.example.com/site", "postgresql+psycopg://db.example.com/site"),
        ("postgres:///site", "postgresql+psycopg:///site"),
        ("postgresql:///site?host=/run/postgresql", "postgresql+psycopg:///site?host=%2Frun%2Fpostgresql"),
    ],
)
def test_what_is_understood(text: str, expected: str) -> None:
    assert database_url(text).render_as_string() == expected


@pytest.mark.parametrize("text", ["history.db", "sqlite:///history.db", ":memory:"])
def test_a_file_of_this_directory(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays the same when the program changes its directory; nothing is kept in memory alone."""
    monkeypatch.chdir(tmp_path)
    assert database_url(text).database == str(tmp_path / text.removeprefix("sqlite:///"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "--database is empty; name a file, or postgresql://user@host/database"),
        (" ", "--database is empty"),
        ("mysql://host/database", "keeps no history in mysql"),
        ("sqlite://", "keeps no history in sqlite"),
        ("https://host/database", "keeps no history in https"),
        ("postgresql://host:port/database", "is not a URL"),
        ("://", "is not a URL"),
    ],
)
def test_what_is_not(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        database_url(text)


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(UsageError, match="set XDG_STATE_HOME to a directory of its own"):
        default_file({})
    assert default_file({"XDG_STATE_HOME": "/state"}) == Path("/state/vpnprobe/history.db")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://anna:s3cret@host/x",
        "mysql://anna:s3cret@host/x",
        "postgresql://anna@host/x?password=s3cret",
        "postgresql://anna@host/x?sslmode=require&sslpassword=s3cret",
    ],
)
def test_a_password_is_not_taken_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError, match=r"put it in ~/\.pgpass or PGPASSWORD") as refused:
        database_url(text)
    assert "s3cret" not in str(refused.value)


def test_a_broken_url_with_a_password_does_not_repeat_it() -> None:
    with pytest.raises(UsageError, match="is not a URL") as refused:
        database_url("postgresql://anna:s3cret@host:port/x")
    assert "s3cret" not in str(refused.value)
