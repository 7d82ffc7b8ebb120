"""The part that all commands share: verbosity, and output as JSON or tables."""

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from forecast.cli import options
from forecast.cli.console import set_verbosity, show

if TYPE_CHECKING:
    from rich.console import Console

Printed = tuple[Any, "Callable[[Console], None]"]
"""A command's result: its content as JSON, and a function that prints it as tables."""

COMMON = {"as_json": options.Json, "verbose": options.Verbose, "quiet": options.Quiet}
"""The options of every command."""


def command(work: Callable[..., Printed]) -> Callable[..., None]:
    """Give a command the common options, and print what it returns.

    Args:
        work: the command. Its parameters are its own options, and its docstring is the help.
    """

    @functools.wraps(work)
    def printing(as_json: bool, verbose: bool, quiet: bool, **own: Any) -> None:
        set_verbosity(verbose, quiet)
        try:
            content, tables = work(**own)
            show(content, as_json, tables)
        except EOFError as error:  # Typer takes it for Ctrl-D
            raise RuntimeError("a file or a stream ended too early") from error

    signature = inspect.signature(work)
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=option)
        for name, option in COMMON.items()
    ]
    parameters = [*signature.parameters.values(), *common]
    printing.__signature__ = signature.replace(parameters=parameters, return_annotation=None)  # type: ignore[attr-defined]
    printing.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return printing
