"""The errors that a user or the system can cause, each with the exit code of the command.

Any other exception is a bug in the forecaster. It ends the command with a traceback and exit code 1.
"""

import errno
import os
from pathlib import Path

from forecast.plain_text import without_middle


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
        place = ": ".join(str(part) for part in (file, key) if part not in (None, ""))
        text = f"{place}: {what}" if place else what
        super().__init__(f"{text}. {remedy}" if remedy else text)


class NotConverged(ForecastError):
    """The sampler's diagnostics are outside their limits, so its draws are unreliable."""

    exit_code = 4


class ChangedSince(ForecastError):
    """A saved run, or something made from it, differs from its record."""

    exit_code = 6


class Incomplete(ForecastError):
    """The work ended before its time with what it had; it can go on later."""

    exit_code = 7


class SystemRefusal(ForecastError):
    """The system lacks something for a time: space, memory, a lock. The same command may succeed later."""

    exit_code = 75


SHORT_OF = {
    errno.ENOSPC: "Free some space, then run the command again",
    errno.EDQUOT: "Free some space within the quota, then run the command again",
    errno.EFBIG: "Raise the limit of file sizes (ulimit -f), then run the command again",
    errno.ENOMEM: "Free memory or ask for fewer timelines, then run the command again",
    errno.EMFILE: "Raise the limit of open files (ulimit -n), then run the command again",
    errno.ENFILE: "Close other programs, then run the command again",
    errno.EAGAIN: "Run the command again later",
    errno.EBUSY: "Run the command again later",
    errno.ENOLCK: "Run the command again later",
    errno.EDEADLK: "Run the command again later",
    errno.EIO: "Check the device, then run the command again",
}
"""Errors of the system that may pass, with their remedies; no bug of the forecaster causes them."""

NOT_ALLOWED = {
    errno.EACCES: "Change its permissions or name another path",
    errno.EPERM: "Change its permissions or name another path",
    errno.EROFS: "Name a path on a file system that can be written",
    errno.ENAMETOOLONG: "Give a shorter name",
    errno.ELOOP: "Remove the circle of links",
    errno.EILSEQ: "Use a name that the file system allows",
}
"""Errors of the system about a path that the user gave, with their remedies."""


NO_THREAD = "can't start new thread"
"""Python's words when the system starts no thread."""

NO_MEMORY = ("failed to map segment from shared object", "Cannot allocate memory")
"""The loader's words when there is no memory for a library."""


def refusal_of(error: BaseException, path: Path | str | None = None) -> ForecastError | None:
    """An error of the system as an error with path, cause and remedy; None for anything else, such as a bug.

    Args:
        error: the exception.
        path: the path concerned, if the exception does not name one.
    """
    if isinstance(error, MemoryError) or _short_of_memory(error):
        return SystemRefusal("there is not enough memory. Free memory or ask for fewer timelines")
    if isinstance(error, RuntimeError) and str(error) == NO_THREAD:
        return SystemRefusal("the system starts no more threads. Raise its limit of processes or give --threads 1")
    if not isinstance(error, OSError) or error.errno is None:
        return None
    kinds = ((SHORT_OF, SystemRefusal), (NOT_ALLOWED, InputError))
    for remedies, kind in kinds:
        if error.errno in remedies:
            named = error.filename if error.filename is not None else path
            place = "" if named is None or isinstance(named, int) else f"{without_middle(os.fsdecode(named))}: "
            cause = os.strerror(error.errno)
            return kind(f"{place}{cause[:1].lower()}{cause[1:]}. {remedies[error.errno]}")
    return None


def _short_of_memory(error: BaseException) -> bool:
    """Whether a library could not be loaded for lack of memory."""
    return isinstance(error, ImportError) and any(words in str(error) for words in NO_MEMORY)
