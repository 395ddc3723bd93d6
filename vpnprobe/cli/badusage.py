"""What the operator got wrong on the command line, in one sentence of our own."""

from __future__ import annotations

from typing import Any, TypeAlias

import typer
from typer.core import TyperArgument, TyperOption
from typer.exceptions import TyperException

_Parameter: TypeAlias = TyperOption | TyperArgument


def usage_text(error: TyperException) -> str:
    """Return what is wrong and where to read on."""
    context: typer.Context | None = getattr(error, "ctx", None)
    if context is None:
        return f"{error.format_message().rstrip('.')}; try: vpnprobe --help"
    command = context.command_path
    if getattr(error, "option_name", None) == "--options" and context.parent is not None:
        return f"--options stands before the command: vpnprobe --options FILE {command.partition(' ')[2]} ..."
    parameter = getattr(error, "param", None)
    text = error.format_message().rstrip(".")
    if isinstance(parameter, _Parameter):
        missing = [one for one in context.command.params if isinstance(one, _Parameter) and _is_missing(context, one)]
        text = _missing(missing) if parameter in missing else _bad_value(context, parameter)
    return f"{text}; try: {command} --help"


def _is_missing(context: typer.Context, parameter: _Parameter) -> bool:
    """Whether nobody gave it. What the command line holds was read before anything can be missing."""
    if not parameter.required or context.params.get(parameter.name) is not None:
        return False
    value, _ = parameter.consume_value(context, {})
    return parameter.value_is_missing(value)


def _missing(parameters: list[_Parameter]) -> str:
    names = " and ".join(map(_name, parameters))
    variables = [parameter.envvar for parameter in parameters if isinstance(parameter.envvar, str)]
    return f"{names} must be given" + (f" (or set {' and '.join(variables)})" if variables else "")


def _bad_value(context: typer.Context, parameter: _Parameter) -> str:
    source = context.get_parameter_source(parameter.name)
    origin = source.name if source else ""
    name = _name(parameter)
    if origin == "ENVIRONMENT":
        name = f"{parameter.envvar} ({name})"
    elif origin == "DEFAULT_MAP":
        name = f"{name} in the options file"
    return f"{name} takes {wanted_value(parameter)}"


def _name(parameter: _Parameter) -> str:
    return max(parameter.opts, key=len) if isinstance(parameter, TyperOption) else parameter.display_name_raw


def wanted_value(parameter: _Parameter) -> str:
    """Return what the option or argument takes."""
    kind: Any = parameter.type_descriptor
    if kind.choices:
        return f"one of {', '.join(choice.value for choice in kind.choices)}"
    if kind.annotation is bool:
        return "true or false"
    if kind.annotation in (int, float):
        number = "a whole number" if kind.annotation is int else "a number"
        return f"{number} from {parameter.min:g} to {parameter.max:g}"
    return "a list of texts" if kind.is_list else "a text"
