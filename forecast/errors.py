"""The errors that a user can cause, each with the exit code of the command.

Any other exception is a bug in the forecaster. It ends the command with a traceback and exit code 1.
"""

from pathlib import Path


class ForecastError(Exception):
    """Base of all errors that the command reports in one line, without a traceback."""

    exit_code = 2


class InputError(ForecastError):
    """An input of the forecaster is wrong: a file, a key, a value, an option.

    Args:
        what: the fault, with the value found and the values allowed.
        file: the file with the fault, if any.
        key: the dotted key (or row and column) in the file or command, if any.
        remedy: the remedy, if it is not plain from `what`.
    """

    exit_code = 2

    def __init__(
        self, what: str, *, file: Path | str | None = None, key: str | None = None, remedy: str | None = None
    ) -> None:
        self.what, self.file, self.key, self.remedy = what, file, key, remedy
        place = ": ".join(str(part) for part in (file, key) if part is not None)
        text = f"{place}: {what}" if place else what
        super().__init__(f"{text}. {remedy}" if remedy else text)


class NotConverged(ForecastError):
    """The sampler's diagnostics are outside their limits, so its draws are unreliable."""

    exit_code = 4
