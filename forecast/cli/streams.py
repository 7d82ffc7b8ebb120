"""The standard streams: closed ones are replaced, and errors of writing name their stream."""

import contextlib
import io
import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import IO, Any

from forecast.plain_text import one_line

OUTPUT, ERRORS = "standard output", "standard error"
"""Names of the streams in errors."""


class NamedStream(io.TextIOWrapper):
    """A stream whose errors of the system have its name in place of a file's.

    The stream that it stands for stays open, as others, such as a debugger, may use it.
    """

    def __init__(self, stream: io.TextIOWrapper, name: str, errors: str) -> None:
        buffered, wait = stream.line_buffering, stream.write_through
        super().__init__(stream.buffer, "utf-8", errors, line_buffering=buffered, write_through=wait)
        self._stream, self._called = stream, name

    def write(self, text: str) -> int:
        """Write text; see `io.TextIOWrapper`."""
        with self._naming():
            return super().write(text)

    def flush(self) -> None:
        """Write all text that waits; see `io.TextIOWrapper`."""
        with self._naming():
            super().flush()

    @contextlib.contextmanager
    def _naming(self) -> Any:
        try:
            yield
        except OSError as error:
            if error.filename is None:
                error.filename = self._called
            raise


class OneLine(logging.Formatter):
    """Log records in one line each, without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record; one with a traceback keeps its lines."""
        text = super().format(record)
        return text if record.exc_info else one_line(text)


class JsonLine(logging.Formatter):
    """Log records as JSON, one object a line; see `json_line`."""

    def format(self, record: logging.LogRecord) -> str:
        """The object of a record, with its traceback if it has one."""
        trace = self.formatException(record.exc_info) if record.exc_info else None
        return json_line(record.levelname.lower(), record.getMessage(), record.created, trace)


def json_line(level: str, message: str, created: float | None = None, trace: str | None = None) -> str:
    """A line of the log as JSON in ASCII, in which no character can steer a terminal.

    Args:
        level: `debug`, `info`, `warning`, `error` or `critical`.
        message: in one line.
        created: seconds since 1970; by default now.
        trace: a traceback, of a bug.

    Returns:
        an object with `time` (UTC, ISO 8601), `level`, `message`, and `traceback` if there is one.
    """
    when = datetime.now(UTC) if created is None else datetime.fromtimestamp(created, UTC)
    line = {"time": when.isoformat(timespec="milliseconds"), "level": level, "message": one_line(message)}
    return json.dumps(line | ({} if trace is None else {"traceback": trace}))


def prepare_streams() -> None:
    """Open closed streams on nothing, so that no file takes their numbers; write UTF-8 in any locale.

    Scenarios are UTF-8, and JSON must be.
    """
    logging.raiseExceptions = False  # a warning that cannot be written must not end the run
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    sys.stdout = _prepared(sys.stdout, OUTPUT, "surrogateescape")
    sys.stderr = _prepared(sys.stderr, ERRORS, "backslashreplace")


def _prepared(stream: IO[str] | None, name: str, errors: str) -> Any:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123
    if type(stream) is io.TextIOWrapper:
        stream.reconfigure(encoding="utf-8", errors=errors)
        return NamedStream(stream, name, errors)
    return stream


def of_stream(error: BaseException | None) -> bool:
    """Whether an error came from writing to a standard stream."""
    return isinstance(error, OSError) and error.filename in (OUTPUT, ERRORS)


def discard_output() -> None:
    """Drop all text that waits for a stream that cannot take it, so that the end of the process cannot fail on it."""
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
