"""Every command explains itself, with an example that can be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
import typer.main
from typer.core import TyperGroup, TyperOption

from tests.cli.driving import CommandLine
from vpnprobe.cli.app import app
from vpnprobe.cli.exitcodes import OK


def walk(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    yield path, command
    if isinstance(command, TyperGroup):
        for name, below in command.commands.items():
            yield from walk(below, (*path, name))


COMMANDS = dict(walk(typer.main.get_command(app)))
every_command = pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "vpnprobe")


def examples(help_text: str) -> list[str]:
    """The examples of a help text, whose lines are wrapped."""
    paragraphs = [" ".join(part.split()) for part in help_text.split("\n\n")]
    return [part.removeprefix("Example: ") for part in paragraphs if part.startswith("Example: ")]


@every_command
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_exists(cli: CommandLine, path: tuple[str, ...], option: str) -> None:
    ended = cli(*path, option)
    assert (ended.code, ended.err) == (OK, "")
    assert ended.out.startswith(f"Usage: {' '.join(('vpnprobe', *path))} ")
    assert max(map(len, ended.out.splitlines())) <= 80


@every_command
def test_the_example_is_of_this_command_and_of_options_there_are(cli: CommandLine, path: tuple[str, ...]) -> None:
    found = examples(cli(*path, "--help").out)
    assert found
    every_help = "".join(cli(*other, "--help").out for other in COMMANDS)
    for example in found:
        words = shlex.split(example.replace("; vpnprobe", " ; vpnprobe"))
        assert words[0] == "vpnprobe"
        assert set(path) <= set(words)
        for option in (word for word in words if word.startswith("-")):
            assert re.search(rf"[ ,]{option}\b", every_help), option


@every_command
def test_every_option_says_what_it_does(path: tuple[str, ...]) -> None:
    for option in options(path):
        assert option.help, option.opts


@pytest.mark.parametrize("name", ["phone", "gateway", "federation", "capf", "sweep", "hash", "recheck"])
def test_every_option_of_a_run_has_a_variable_of_its_name(name: str) -> None:
    for option in options((name,)):
        long = max(option.opts, key=len).lstrip("-")
        assert option.envvar == f"VPNPROBE_{long.replace('-', '_').upper()}"


@every_command
def test_no_type_of_the_program_and_no_doubled_brackets(cli: CommandLine, path: tuple[str, ...]) -> None:
    told = cli(*path, "--help").out
    assert not re.search(r"<\w*(str|list|int|float)\b|\[\[|\.\.\.\S*\.\.\.", told)


def options(path: tuple[str, ...]) -> list[TyperOption]:
    return [one for one in getattr(COMMANDS[path], "params", ()) if isinstance(one, TyperOption)]
