"""The errors a user can cause, and the exit code that each one ends the command with.

Anything else that is raised is a bug in the forecaster: it ends with a traceback and exit code 1.
"""

from pathlib import Path


class ForecastError(Exception):
    """Base of all errors that are told in one line, without a traceback."""

    exit_code = 2


class InputError(ForecastError):
    """Something given to the forecaster is wrong: a file, a key, a value, an option.

    Args:
        what: what is wrong, with the value found and what is allowed.
        file: the file it stands in, if any.
        key: the dotted key (or row and column) inside the file or command, if any.
        mend: what to do about it, if that is not plain from `what`.
    """

    exit_code = 2

    def __init__(
        self, what: str, *, file: Path | str | None = None, key: str | None = None, mend: str | None = None
    ) -> None:
        self.what, self.file, self.key, self.mend = what, file, key, mend
        place = ": ".join(str(part) for part in (file, key) if part is not None)
        text = f"{place}: {what}" if place else what
        super().__init__(f"{text}. {mend}" if mend else text)


class NotConverged(ForecastError):
    """The sampler's diagnostics are outside their limits, so its draws are not to be trusted."""

    exit_code = 4
