"""One job in one call of the scheduler: import the inbox, make every run that is due or was missed, and alert.

Each step is written to the journal before the next begins, so that a call that is killed is finished by the next one.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from forecast.errors import ForecastError, InputError, SystemRefusal, refusal_of
from forecast.inputs.parsing import parse_day
from forecast.plain_text import one_line
from forecast.schedule import alerts, inbox
from forecast.schedule.instants import Due, read_instant, written
from forecast.schedule.journal import JobState, Journal
from forecast.schedule.missed import Bounds, due_now, is_over, missed
from forecast.schedule.parts import MadeRun, Notify, Parts
from forecast.schedule.schedule_file import Job, Schedule

BUG, STALE, ALERT = 1, 3, 5
"""Exit codes of the command that a job gives, besides those of errors."""

MOST_FAILURES = 5
"""Instants that may fail in one call, among those tried before and among the new ones; the rest waits."""

GIVEN_UP = timedelta(days=7)
"""Time after which an instant that still fails is given up, if a later one has succeeded."""

_log = logging.getLogger("forecast")


@dataclass
class JobReport:
    """The outcome of a job in one call.

    Attributes:
        job: its name.
        runs: the runs made, each with `instant`, `as_of`, `run`, `unchanged` and `instants`.
        failures: each with `instant`, `as_of`, `message` and `code`; instant and date are None for the job as a whole.
        imported, rejected: files of the inbox, with sentences about each, or with the reason.
        left: files that are still being written.
        stale: the series that are stale.
        alerts: the alerts of this call, each with `id`, `kind` and `text`.
        pruned: runs that were removed.
        notes: sentences on everything else.
        over: whether the scenario is over.
        next: the next instant, UTC.
        codes: exit codes that apply.
        bugs: exceptions that are bugs.
    """

    job: str
    runs: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    imported: dict[str, list[str]] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    stale: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, str]] = field(default_factory=list)
    pruned: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    over: bool = False
    next: str | None = None
    codes: list[int] = field(default_factory=list)
    bugs: list[BaseException] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON has it."""
        return {name: value for name, value in vars(self).items() if name not in ("codes", "bugs")}


@dataclass(frozen=True)
class Call:
    """The settings of one call.

    Attributes:
        kept: the folder of runs.
        now: the present, UTC.
        parts: the forecaster.
        first_of: gives the exit code where several apply.
        notify: called with a phrase for each step.
        stopped: whether somebody asked the command to stop: then any error may come from that.
    """

    kept: Path
    now: datetime
    parts: Parts
    first_of: Callable[[Iterable[int]], int] = max
    notify: Notify = lambda _: None
    stopped: Callable[[], bool] = lambda: False


@dataclass
class JobCall:
    """One job in one call.

    Attributes:
        schedule: that has the job.
        job: the job.
        state: how far it has come; changed with each step.
        journal: that the state is written to.
        report: the outcome, filled with each step.
        call: the settings of the call.
        sends: whether alerts are still sent; false after a failure of the alert command.
    """

    schedule: Schedule
    job: Job
    state: JobState
    journal: Journal
    report: JobReport
    call: Call
    sends: bool = True

    def work(self) -> None:
        """Import, run, and say whether the scenario is over."""
        job, state, call = self.job, self.state, self.call
        due = due_now(job, state, call.now)
        if state.done_until is not None and call.now < state.done_until:
            self.report.notes.append(
                f"the clock shows {written(call.now)}, before {written(state.done_until)}, the last instant that is "
                "done: nothing is due until then"
            )
        files = [] if job.inbox is None else inbox.waiting(job.inbox)
        if job.inbox is not None and (folders := inbox.folders_in(job.inbox)):
            self.report.notes.append(f"folders in the inbox are left alone: {', '.join(folders)}")
        busy = bool(due or state.retry or files)
        try:
            bounds = call.parts.bounds(job)
        except InputError as error:
            if busy:
                raise
            self.report.notes.append(f"the scenario cannot be read, and nothing is due: {error}")
            return
        divided = missed(due, bounds)
        self._skip_early(divided.early, bounds)
        over = is_over(job.timetable, call.now, bounds)
        if job.inbox is not None and files:
            if over and not divided.runs and not state.retry:
                said = "file waits" if len(files) == 1 else "files wait"
                self.report.notes.append(f"{len(files)} {said} in the inbox for the scenario that follows")
            else:
                self._take(job.inbox)
        again = [_due_of(entry) for entry in state.retry]
        self._retry_and_run(again, list(divided.runs), bounds)
        self._after_runs()
        if over:
            self._announce_end(bounds)
        elif state.over is not None:
            state.over = None
            self.journal.save()

    def _skip_early(self, early: tuple[Due, ...], bounds: Bounds) -> None:
        if not early:
            return
        said = "instant" if len(early) == 1 else "instants"
        first = f"{len(early)} {said} before the reference date, {bounds.reference}"
        self.report.notes.append(f"{first}: the scenario cannot be run as of them")
        self._done_until(early[-1].instant)
        self.journal.save()

    def _take(self, folder: Path) -> None:
        job, call = self.job, self.call
        call.notify("importing the files of the inbox")
        today = job.timetable.local(call.now).date()
        taken = inbox.take(folder, lambda path: call.parts.import_file(job, path, today, call.kept), today)
        report = self.report
        report.imported, report.rejected, report.left = taken.imported, taken.rejected, taken.left
        for name, lines in taken.imported.items():
            self.journal.log("imported", job=job.name, file=name, lines=lines)
        for name, reason in taken.rejected.items():
            shown = reason if reason.startswith(name) else f"{name}: {reason}"
            _log.error("%s: a file of the inbox was rejected: %s", job.name, shown)
            self.journal.log("rejected", job=job.name, file=name, reason=reason)
        if taken.bug is not None:
            report.bugs.append(taken.bug)
            report.codes.append(BUG)
        if taken.rejected:
            text = f"files of the inbox could not be imported: {', '.join(taken.rejected)}"
            content = {"text": one_line(text), "files": [{"file": n, "reason": r} for n, r in taken.rejected.items()]}
            self._alert("rejected", written(datetime.now(UTC)), content)

    def _retry_and_run(self, again: list[Due], new: list[Due], bounds: Bounds) -> None:
        """Run instants, oldest first; those that failed before and the new ones may fail a few times each."""
        failures = {True: 0, False: 0}
        retried = {one.instant for one in again}
        last_message: dict[bool, str | None] = {True: None, False: None}
        for due in sorted([*again, *new], key=lambda one: one.instant):
            former = due.instant in retried
            if failures[former] >= MOST_FAILURES:
                continue
            if former and not bounds.reference <= due.as_of <= bounds.horizon:
                self._forget(due, "the scenario cannot be run as of this date any more")
                continue
            message = self._try(due)
            if message is None:
                failures[former], last_message[former] = 0, None
                continue
            # The same error twice concerns the job, not the date: the rest waits for the next call.
            failures[former] = MOST_FAILURES if message == last_message[former] else failures[former] + 1
            last_message[former] = message
        self._give_up()
        if not self.state.retry and self.state.failing and (again or new):
            self._recovered()

    def _try(self, due: Due) -> str | None:
        """Make the run of an instant; the message if it failed.

        Raises:
            SystemRefusal: the system lacks something; the instant stays due.
        """
        job, call = self.job, self.call
        call.notify(f"{job.name}: making the run as of {due.as_of}")
        try:
            made = call.parts.make(job, due.as_of, call.kept, call.notify)
            call.parts.mark(made, job, due.instant)
        except SystemRefusal:
            raise
        except Exception as error:
            if call.stopped():
                raise KeyboardInterrupt from error
            known = error if isinstance(error, ForecastError) else refusal_of(error)
            if isinstance(known, SystemRefusal):
                raise known from error
            if known is None:
                self.report.bugs.append(error)
            message = one_line(str(known)) if known else f"a bug: {one_line(repr(error))}"
            self._failed(due, message, known.exit_code if known else BUG)
            return message
        self._succeeded(due, made)
        return None

    def _succeeded(self, due: Due, made: MadeRun) -> None:
        state = self.state
        entry = {
            "instant": written(due.instant),
            "as_of": due.as_of.isoformat(),
            "run": made.run,
            "unchanged": made.unchanged,
            "instants": due.count,
        }
        self.report.runs.append(entry)
        self.report.stale = list(made.stale)  # of the newest run
        self._done_until(due.instant)
        state.retry = [other for other in state.retry if read_instant(other["instant"]) != due.instant]
        if state.last is None or read_instant(state.last["instant"]) <= due.instant:
            kept = {key: entry[key] for key in ("instant", "as_of", "run")}
            state.last = kept | {"at": written(datetime.now(UTC))}
        self._compare(due, made)
        self.journal.save()
        self.journal.log("run", job=self.job.name, **entry)
        self.deliver()

    def _compare(self, due: Due, made: MadeRun) -> None:
        """Alert if the odds moved far since the last run that alerted; the first run only sets the mark."""
        state, points = self.state, self.job.alert.points
        odds = {
            name: {"probability": entry.get("probability"), "standard_error": entry.get("standard_error")}
            for name, entry in made.odds.items()
        }
        own = {"run": made.run, "as_of": due.as_of.isoformat(), "odds": odds}
        before = state.baseline
        if before is None:
            state.baseline = own
            return
        if points is None or before["as_of"] > own["as_of"] or before["run"] == made.run:
            return
        found = alerts.moves(before["odds"], odds)
        if not any(move.exceeds(points) for move in found):
            return
        content = alerts.move_content(found, points) | {
            "scenario": str(self.job.scenario or "default"),
            "run": made.run,
            "folder": str(made.folder.absolute()),
            "as_of": own["as_of"],
            "instant": written(due.instant),
            "previous": {"run": before["run"], "as_of": before["as_of"]},
            "points": points,
        }
        state.baseline = own
        self.report.codes.append(ALERT)
        self._alert("move", made.run, content)

    def _failed(self, due: Due, message: str, code: int) -> None:
        instant = written(due.instant)
        entry = {"instant": instant, "as_of": due.as_of.isoformat(), "message": message, "code": code}
        self.report.failures.append(entry)
        self.report.codes.append(code)
        since = next((one["since"] for one in self.state.retry if one["instant"] == instant), written(self.call.now))
        others = [one for one in self.state.retry if one["instant"] != instant]
        self.state.retry = sorted([*others, entry | {"since": since}], key=lambda one: one["instant"])
        self._done_until(due.instant)
        self._alert_failure(message, code, due)

    def fail_whole(self, error: ForecastError) -> None:
        """Note a failure of the job as a whole; its instants stay due."""
        message = one_line(str(error))
        self.report.failures.append({"instant": None, "as_of": None, "message": message, "code": error.exit_code})
        self.report.codes.append(error.exit_code)
        self._alert_failure(message, error.exit_code, None)

    def _alert_failure(self, message: str, code: int, due: Due | None) -> None:
        """Alert once, until the job succeeds again."""
        instant = None if due is None else written(due.instant)
        as_of = None if due is None else due.as_of.isoformat()
        happened = {"at": written(datetime.now(UTC)), "instant": instant, "as_of": as_of}
        self.state.last_failure = happened | {"message": message, "code": code}
        self.journal.log("failed", job=self.job.name, instant=instant, message=message, code=code)
        what = "failed" if due is None else f"failed as of {due.as_of}"
        # Only the first failure is an error: `--quiet` then leaves out the later ones, and cron sends one mail.
        _log.log(logging.WARNING if self.state.failing else logging.ERROR, "%s %s: %s", self.job.name, what, message)
        if not self.state.failing:
            self.state.failing = True
            text = f"the job {self.job.name} failed and is tried again at each call: {message}"
            content = {"text": text, "message": message, "exit_code": code, "instant": instant, "as_of": as_of}
            self._alert("failure", instant or written(self.call.now), content)
        self.journal.save()

    def _recovered(self) -> None:
        self.state.failing = False
        unsent = [key for key, one in self.state.pending.items() if one["content"]["kind"] == "failure"]
        for key in unsent:
            del self.state.pending[key]
        if not unsent:
            content = {"text": f"the job {self.job.name} succeeds again"}
            self._alert("recovered", written(self.call.now), content)
        self.journal.save()

    def _forget(self, due: Due, reason: str) -> None:
        instant = written(due.instant)
        self.state.retry = [one for one in self.state.retry if one["instant"] != instant]
        self.report.notes.append(f"the instant {instant} is given up: {reason}")
        self.journal.log("given up", job=self.job.name, instant=instant, reason=reason)
        self.journal.save()

    def _give_up(self) -> None:
        """Give up an instant that has failed for a week, if a later one has succeeded."""
        last = self.state.last
        for entry in list(self.state.retry):
            old = self.call.now - read_instant(entry["since"]) > GIVEN_UP
            if old and last is not None and last["instant"] > entry["instant"]:
                self._forget(_due_of(entry), f"it has failed since {entry['since']}, last with: {entry['message']}")

    def _done_until(self, instant: datetime) -> None:
        self.state.done_until = max(instant, self.state.done_until or instant)

    def _after_runs(self) -> None:
        """Say whether evidence is stale, and prune; both only after a success."""
        if not self.report.runs:
            return
        job, call, report = self.job, self.call, self.report
        if report.stale and job.fail_if_stale:
            report.codes.append(STALE)
        if job.retention.keep_days is not None or job.retention.keep_last is not None:
            report.pruned = call.parts.prune(job, call.kept, call.now)
            if report.pruned:
                self.journal.log("pruned", job=job.name, runs=report.pruned)

    def _announce_end(self, bounds: Bounds) -> None:
        text = end_of(self.job, bounds)
        self.report.over = True
        self.report.notes.append(text)
        if self.state.over != bounds.horizon:
            self.state.over = bounds.horizon
            content = {"text": text, "scenario": bounds.scenario, "horizon": bounds.horizon.isoformat()}
            self._alert("over", bounds.horizon.isoformat(), content)
            self.journal.save()

    def _alert(self, kind: str, key: str, content: dict[str, Any]) -> None:
        name = f"{self.job.name}/{kind}/{key}"
        self.report.alerts.append({"id": name, "kind": kind, "text": content["text"]})
        self.journal.log("alert", job=self.job.name, id=name, text=content["text"])
        if self.job.alert.command is not None:
            alerts.put(self.state, kind, self.job.name, key, content)
            self.journal.save()

    def deliver(self) -> None:
        """Send the alerts that wait. After a failure of the command, the rest waits for the next call."""
        alert, state = self.job.alert, self.state
        if alert.command is None:
            return
        for name, entry in list(state.pending.items()):
            if entry["status"] == alerts.SENDING:
                _log.warning("the alert %s was being sent when the scheduler was killed; it is not sent again", name)
                del state.pending[name]
                self.journal.save()
            elif self.sends:
                self._send(name, entry)

    def _send(self, name: str, entry: dict[str, Any]) -> None:
        alert = self.job.alert
        assert alert.command is not None
        entry["status"], entry["attempts"] = alerts.SENDING, entry["attempts"] + 1
        self.journal.save()
        delivery = alerts.deliver(alert.command, entry["content"], self.schedule.folder, alert.time_limit)
        if delivery.fault is None:
            del self.state.pending[name]
        else:
            entry["status"], entry["fault"] = alerts.WAITING, one_line(delivery.fault)
            self.sends = False
            _log.warning("an alert was not sent, and is tried again at the next call: %s", delivery.fault)
        self.journal.save()
        self.journal.log("sent", job=self.job.name, id=name, fault=delivery.fault, output=delivery.output)


def end_of(job: Job, bounds: Bounds) -> str:
    """A sentence that a scenario is over, with the command that makes the next one."""
    named = job.scenario or bounds.scenario
    roll = f"forecast roll {named} --reference DATE --horizon DATE DEST"
    return f"the scenario {bounds.scenario} is over: its horizon was {bounds.horizon}. Make the next one with: {roll}"


def _due_of(entry: dict[str, Any]) -> Due:
    return Due(read_instant(entry["instant"]), parse_day(entry["as_of"]), 1)
