"""The journal of the schedule: how far each job has come, its last failure, and the alerts that wait.

It is one JSON file, replaced as a whole and flushed to the disk. The version before stays beside it, and is read if
the file is damaged: a step that is then repeated finds its run unchanged, and an alert that was sent is not sent again.
Events are also appended to a log, one JSON object a line.
"""

import contextlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from forecast.errors import InputError, SystemRefusal, refusal_of
from forecast.inputs.parsing import parse_day
from forecast.schedule.instants import read_instant, written
from forecast.store.json_text import read_object, to_json
from forecast.store.whole_file import remove_parts, replace_file

FOLDER = ".schedule"
"""Folder of the schedule's own files, in the folder of runs."""

JOURNAL, FORMER, LOG, OLD_LOG, HEARTBEAT, LOCK, HOLDER = (
    "journal.json",
    "journal.former.json",
    "log.jsonl",
    "log.former.jsonl",
    "heartbeat.json",
    "lock",
    "holder.json",
)
"""Files in that folder."""

SCHEMA = 1
"""Version of the journal."""

LONGEST_LOG = 5_000_000
"""Bytes beyond which the log is set aside as the former one."""

_log = logging.getLogger("forecast")


@dataclass
class JobState:
    """How far a job has come.

    Attributes:
        first_seen: the first call that knew the job.
        done_until: the last instant that is done; None before the first.
        last: the last success: `instant`, `as_of`, `run` and `at`, when it was made.
        retry: instants that failed, oldest first, each with `instant`, `as_of`, `message`, `code` and `since`.
        failing: whether the job fails at present, which has alerted.
        last_failure: the last failure, present or past: `at`, `instant`, `as_of`, `message` and `code`; instant and
            date are None if the job failed as a whole.
        baseline: the run that moves are measured from: `run`, `as_of` and `odds`, by name `probability` and
            `standard_error`.
        over: the horizon of the scenario whose end was announced.
        pending: alerts to send, by kind; see `alerts`.
    """

    first_seen: datetime
    done_until: datetime | None = None
    last: dict[str, Any] | None = None
    retry: list[dict[str, Any]] = field(default_factory=list)
    failing: bool = False
    last_failure: dict[str, Any] | None = None
    baseline: dict[str, Any] | None = None
    over: date | None = None
    pending: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The state as JSON has it."""
        return {
            "first_seen": written(self.first_seen),
            "done_until": None if self.done_until is None else written(self.done_until),
            "last": self.last,
            "retry": self.retry,
            "failing": self.failing,
            "last_failure": self.last_failure,
            "baseline": self.baseline,
            "over": None if self.over is None else self.over.isoformat(),
            "pending": self.pending,
        }


def _state(raw: Mapping[str, Any]) -> JobState:
    """A state from JSON.

    Raises:
        ValueError, KeyError, TypeError: it is not one.
    """
    state = JobState(
        read_instant(raw["first_seen"]),
        None if raw["done_until"] is None else read_instant(raw["done_until"]),
        raw["last"],
        raw["retry"],
        raw["failing"],
        raw["last_failure"],
        raw["baseline"],
        None if raw["over"] is None else parse_day(raw["over"]),
        raw["pending"],
    )
    for entry in state.retry:
        read_instant(entry["instant"]), parse_day(entry["as_of"]), entry["message"], entry["code"], entry["since"]
    needed = (
        (state.last, ("instant", "as_of", "run", "at")),
        (state.baseline, ("run", "as_of", "odds")),
        (state.last_failure, ("at", "instant", "as_of", "message", "code")),
    )
    for kept, keys in needed:
        if kept is not None:
            for key in keys:
                kept[key]
    for alert in state.pending.values():
        alert["status"], alert["content"], alert["attempts"]
    return state


class Journal:
    """The journal of a folder of runs.

    Args:
        kept: the folder of runs.

    Attributes:
        folder: the folder of the schedule's own files.
        states: by job.
    """

    def __init__(self, kept: Path) -> None:
        self.folder = kept / FOLDER
        self.states: dict[str, JobState] = {}

    @property
    def exists(self) -> bool:
        """Whether a scheduler has run here."""
        return (self.folder / JOURNAL).exists() or (self.folder / FORMER).exists()

    def load(self) -> None:
        """Read the journal; a damaged one is replaced by the version before it, with a warning.

        Raises:
            InputError: both are damaged, or a later version of the forecaster wrote them.
        """
        fault: InputError | None = None
        for name in (JOURNAL, FORMER):
            path = self.folder / name
            if not path.exists():
                continue
            try:
                self.states = _read(path)
            except _LaterVersion:
                raise
            except InputError as error:
                fault = fault or error
                continue
            if fault is not None or name == FORMER:
                _log.warning("%s is used: the version after it is %s", path, "damaged" if fault else "missing")
            return
        if fault is not None:
            raise fault

    def save(self) -> None:
        """Replace the journal; the version before stays beside it.

        Raises:
            ForecastError: it cannot be written.
        """
        content = {"schema": SCHEMA, "jobs": {name: state.to_dict() for name, state in self.states.items()}}
        former = self.folder / JOURNAL
        with _writing(self.folder):
            with contextlib.suppress(InputError, FileNotFoundError):
                if former.exists():
                    _read(former)  # a damaged one must not replace the version before it
                    replace_file(self.folder / FORMER, former.read_bytes())
            replace_file(former, to_json(content).encode())

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Replace a JSON file of the schedule's folder, such as the heartbeat.

        Raises:
            ForecastError: it cannot be written.
        """
        with _writing(self.folder):
            replace_file(self.folder / name, to_json(dict(content)).encode())

    def log(self, event: str, **what: Any) -> None:
        """Append a line to the log; a log that cannot be written is a warning."""
        line = {"at": written(datetime.now(UTC)), "event": event} | what
        path = self.folder / LOG
        try:
            if path.exists() and path.stat().st_size > LONGEST_LOG:
                path.replace(self.folder / OLD_LOG)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=True) + "\n")
        except OSError as error:
            _log.warning("the log of the schedule cannot be written: %s", error)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Keep other schedulers out; the lock of a process that was killed is released by the system.

        Raises:
            SystemRefusal: another scheduler is at work.
            ForecastError: the folder cannot be written.
        """
        with _writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / LOCK)
            try:
                lock.acquire(timeout=0)
            except Timeout as error:
                what = f"{self.folder / LOCK}: {self._holder()} is at work on this schedule"
                raise SystemRefusal(f"{what}. Run the command again when that has ended") from error
        try:
            with _writing(self.folder):
                held = {"process": os.getpid(), "machine": os.uname().nodename, "since": written(datetime.now(UTC))}
                remove_parts(self.folder)
                replace_file(self.folder / HOLDER, to_json(held).encode())
            yield
        finally:
            with contextlib.suppress(OSError):
                (self.folder / HOLDER).unlink()
            lock.release()

    def _holder(self) -> str:
        try:
            held = read_object(self.folder / HOLDER)
        except InputError:
            return "another process"
        return f"process {held.get('process')} on {held.get('machine')}, since {held.get('since')},"


class _LaterVersion(InputError):
    """A later version of the forecaster wrote the journal."""


def _read(path: Path) -> dict[str, JobState]:
    remedy = "Move it away: each job then starts at its `since`, and runs that exist are found unchanged"
    content = read_object(path, remedy)
    schema = content.get("schema")
    if isinstance(schema, int) and not isinstance(schema, bool) and schema > SCHEMA:
        what = f"has schema {schema}; this version reads {SCHEMA}"
        raise _LaterVersion(what, file=path, remedy="Use the version of the forecaster that wrote it")
    try:
        if schema != SCHEMA:
            raise ValueError("schema")
        return {name: _state(raw) for name, raw in content["jobs"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("is not a journal of the schedule", file=path, remedy=remedy) from error


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Report errors of the system with the schedule's folder as their path."""
    try:
        yield
    except OSError as error:
        if refusal := refusal_of(error, folder):
            raise refusal from error
        what = f"it cannot be written ({error.strerror})"
        raise InputError(what, file=folder, remedy="Name another folder of runs with --runs") from error
