"""The part that all commands share: verbosity, output as JSON or tables, and the exit code."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import typer

from forecast.cli import options
from forecast.cli.console import set_verbosity, show
from forecast.cli.exit_codes import first_of, ordered

if TYPE_CHECKING:
    from rich.console import Console

Printed = tuple[Any, "Callable[[Console], None]"]
"""A command's result: its content as JSON, and a function that prints it as tables."""

COMMON = {"as_json": options.Json, "verbose": options.Verbose, "quiet": options.Quiet, "log_json": options.LogJson}
"""The options of every command."""

CODES_KEY = "exit_codes"
"""Key of the JSON output with all exit codes that apply, where one does; the first is the command's."""


class Outcome(Exception):
    """The result of a command that ends with exit codes after it has printed: returned, or raised.

    Args:
        content: as JSON; if exit codes apply it is an object, and gets the key `exit_codes`.
        tables: prints it as tables.
        codes: the exit codes that apply; the command ends with the first in order of precedence.
    """

    def __init__(self, content: Any, tables: "Callable[[Console], None]", codes: Iterable[int] = ()) -> None:
        super().__init__("the result of a command")
        self.content, self.tables, self.codes = content, tables, ordered(codes)

    def as_json(self) -> Any:
        """The content, with the exit codes that apply."""
        return (
            {**self.content, CODES_KEY: self.codes} if self.codes and isinstance(self.content, dict) else self.content
        )


def command(work: Callable[..., Printed | Outcome]) -> Callable[..., None]:
    """Give a command the common options, and print what it returns.

    Args:
        work: the command. Its parameters are its own options, and its docstring is the help.
    """

    @functools.wraps(work)
    def printing(as_json: bool, verbose: bool, quiet: bool, log_json: bool, **own: Any) -> None:
        set_verbosity(verbose, quiet, log_json)
        try:
            try:
                result = work(**own)
            except Outcome as outcome:
                result = outcome
            if not isinstance(result, Outcome):
                result = Outcome(*result)
            show(result.as_json(), as_json, result.tables)
        except EOFError as error:  # Typer takes it for Ctrl-D
            raise RuntimeError("a file or a stream ended too early") from error
        if result.codes:
            raise typer.Exit(first_of(result.codes))

    signature = inspect.signature(work)
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=option)
        for name, option in COMMON.items()
    ]
    parameters = [*signature.parameters.values(), *common]
    printing.__signature__ = signature.replace(parameters=parameters, return_annotation=None)  # type: ignore[attr-defined]
    printing.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return printing
