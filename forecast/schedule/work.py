"""One call of the scheduler: every job in turn, and the heartbeat."""

import logging
from datetime import UTC, datetime
from pathlib import Path

from forecast.errors import ForecastError, refusal_of
from forecast.plain_text import one_line
from forecast.schedule.instants import written
from forecast.schedule.job_call import ALERT, BUG, STALE, Call, JobCall, JobReport
from forecast.schedule.journal import HEARTBEAT, JobState, Journal
from forecast.schedule.missed import next_instant
from forecast.schedule.schedule_file import Job, Schedule, read_schedule

INTERRUPTED = 130
"""Exit code of a call that somebody stopped."""

_log = logging.getLogger("forecast")


def attend(path: Path, call: Call) -> list[JobReport]:
    """Do everything that is due, and write the heartbeat.

    Args:
        path: the file of the schedule.
        call: the settings.

    Raises:
        SystemRefusal: another scheduler is at work, or the journal cannot be written.
        InputError: the schedule or the journal is wrong.
    """
    journal = Journal(call.kept)
    started = datetime.now(UTC)
    if not journal.exists:
        read_schedule(path)  # a wrong file is refused before anything is written
    with journal.turn():
        reports: list[JobReport] = []
        try:
            schedule = read_schedule(path)
            journal.load()
            for job in schedule.jobs:
                reports.append(JobReport(job.name))
                _attend(schedule, job, journal, reports[-1], call)
        except BaseException as error:
            codes = [*(code for report in reports for code in report.codes), _code_of(error)]
            _beat(journal, started, call, codes, reports, one_line(str(error) or type(error).__name__))
            raise
        _beat(journal, started, call, [code for report in reports for code in report.codes], reports, None)
    return reports


def _attend(schedule: Schedule, job: Job, journal: Journal, report: JobReport, call: Call) -> None:
    """Do everything that is due in one job. Its failures are in the report; only the journal's are raised."""
    if job.name not in journal.states:
        journal.states[job.name] = JobState(first_seen=call.now)
        journal.save()
    state = journal.states[job.name]
    own = JobCall(schedule, job, state, journal, report, call)
    try:
        own.work()
    except ForecastError as error:
        own.fail_whole(error)
    except OSError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        own.fail_whole(refusal)
    own.deliver()
    upcoming = next_instant(job, state, call.now)
    report.next = None if upcoming is None else written(upcoming)


def _code_of(error: BaseException) -> int:
    if isinstance(error, ForecastError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    refusal = refusal_of(error)
    return refusal.exit_code if refusal else BUG


def _beat(
    journal: Journal, started: datetime, call: Call, codes: list[int], reports: list[JobReport], fault: str | None
) -> None:
    """Write the heartbeat; one that cannot be written is a warning."""
    code = call.first_of(codes) if codes else 0
    following = sorted(report.next for report in reports if report.next is not None)
    content = {
        "finished": written(datetime.now(UTC)),
        "started": written(started),
        "now": written(call.now),
        "ok": all(one in (0, STALE, ALERT) for one in codes),
        "exit_code": code,
        "exit_codes": sorted(set(codes)),
        "runs": sum(len(report.runs) for report in reports),
        "next": following[0] if following else None,
        "error": fault or next((one["message"] for report in reports for one in report.failures), None),
    }
    try:
        journal.write(HEARTBEAT, content)
    except ForecastError as error:
        _log.warning("the heartbeat cannot be written: %s", error)
