"""The commands `forecast schedule run`, `status` and `unit`."""

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Outcome, Printed, command
from forecast.cli.console import on_terminal, stop_requested, working

if TYPE_CHECKING:
    from forecast.schedule.units import Start

schedule = typer.Typer(
    help="Make the runs that are due, without anybody present: jobs, an inbox of evidence, alerts.",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)

File = Annotated[
    Path | None,
    typer.Option(
        "--schedule",
        parser=options.folder("--schedule"),
        metavar="FILE",
        help="File of the jobs; by default schedule.toml in the folder of runs.",
    ),
]
Now = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="TIMESTAMP",
        help="Take this for the present, as 2025-03-31T07:00+02:00 or 2025-03-31T05:00Z, to try a schedule.",
    ),
]


@schedule.command("run")
@command
def run(
    file: File = None, priors: options.Priors = None, runs: options.Runs = None, now: Now = None
) -> Printed | Outcome:
    """Do everything that is due and was missed, each run under its own as-of date, then exit."""
    from forecast.cli.exit_codes import first_of
    from forecast.cli.schedule_tables import show_call
    from forecast.schedule.instants import parse_now, written
    from forecast.schedule.job_call import Call
    from forecast.schedule.real import Forecaster
    from forecast.schedule.work import attend
    from forecast.store.saved_run import runs_folder

    present, kept = parse_now(now), runs_folder(runs)
    parts = Forecaster(priors, progress=on_terminal())
    with working() as notify:
        call = Call(kept, present, parts, first_of, notify, stop_requested)
        reports = attend(_file(file, kept), call)
    for report in reports:
        for bug in report.bugs:
            logging.getLogger("forecast").error("the job %s met a bug: please report it", report.job, exc_info=bug)
    codes = [code for report in reports for code in report.codes]
    content = {"now": written(present), "jobs": [report.to_dict() for report in reports]}
    return Outcome(content, lambda console: show_call(reports, console), codes)


@schedule.command("status")
@command
def status(file: File = None, priors: options.Priors = None, runs: options.Runs = None, now: Now = None) -> Printed:
    """Show the last success of each job, its next instant, and any overdue ones with the reason."""
    from forecast.cli.schedule_tables import show_status
    from forecast.schedule.instants import parse_now
    from forecast.schedule.real import Forecaster
    from forecast.schedule.schedule_file import read_schedule
    from forecast.schedule.status import schedule_status
    from forecast.store.saved_run import runs_folder

    present, kept = parse_now(now), runs_folder(runs)
    found = schedule_status(read_schedule(_file(file, kept)), kept, present, Forecaster(priors))
    return found, lambda console: show_status(found, console)


@schedule.command("unit")
@command
def unit(
    kind: Annotated[str, typer.Argument(metavar="systemd|cron", help="The system that starts the scheduler.")],
    file: File = None,
    priors: options.Priors = None,
    runs: options.Runs = None,
    now: Now = None,
) -> Printed:
    """Print what to install so that systemd or cron starts the scheduler."""
    from forecast.cli.schedule_tables import show_unit
    from forecast.errors import InputError
    from forecast.inputs.parsing import shortened
    from forecast.schedule.instants import parse_now
    from forecast.schedule.schedule_file import read_schedule
    from forecast.schedule.units import cron, systemd
    from forecast.store.saved_run import runs_folder

    parse_now(now)
    if kind not in ("systemd", "cron"):
        raise InputError(f"found {shortened(kind)}; expected systemd or cron", key="schedule unit")
    kept = runs_folder(runs)
    found = read_schedule(_file(file, kept))
    start = _start(file, kept, priors)
    files = systemd(start, found.jobs) if kind == "systemd" else cron(start)
    return {"kind": kind, "files": files}, lambda console: show_unit(kind, files, console)


def _file(given: Path | None, kept: Path) -> Path:
    """The file of the schedule: the one given, else that in the folder of runs."""
    from forecast.schedule.schedule_file import FILE

    return kept / FILE if given is None else given


def _start(file: Path | None, kept: Path, priors: Path | None) -> "Start":
    """The words and the environment that start the scheduler as this command was started, with absolute paths."""
    from forecast.locations import CACHE_VARIABLE, expanded
    from forecast.scenario.find import VARIABLE
    from forecast.schedule.units import Start

    script = Path(sys.argv[0]).absolute()
    program = [str(script)] if script.name == "forecast" and script.is_file() else [sys.executable, "-m", "forecast"]
    given = {
        VARIABLE: str(priors) if priors else os.environ.get(VARIABLE),
        CACHE_VARIABLE: os.environ.get(CACHE_VARIABLE),
    }
    environment = {name: str(expanded(Path(path)).absolute()) for name, path in given.items() if path}
    schedule_file = None if file is None else file.absolute()
    return Start(program, Path.cwd(), kept.absolute(), schedule_file, environment)
