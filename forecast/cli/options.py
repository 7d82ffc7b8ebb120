"""The options and arguments of the commands, each declared once."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

Scenario = Annotated[
    str | None, typer.Argument(help="Name or folder of a scenario; by default that of `priors/default`.")
]


def folder(option: str) -> Callable[[str], Path]:
    """A parser of the folder that an option takes, the same as in Python."""

    def parse(given: str) -> Path:
        from forecast.inputs.parsing import given_folder

        return given_folder(given, option)

    return parse


Priors = Annotated[
    Path | None,
    typer.Option("--priors", parser=folder("--priors"), metavar="PATH", help="Folder of scenarios to look in first."),
]
Runs = Annotated[
    Path | None,
    typer.Option(
        "--runs",
        parser=folder("--runs"),
        metavar="PATH",
        help="Folder of saved runs; by default $FORECAST_RUNS, else ./runs in a project.",
    ),
]
OneScenario = Annotated[
    str | None, typer.Option("--scenario", metavar="NAME", help="Only the runs of this scenario; by default of all.")
]
All = Annotated[bool, typer.Option("--all", help="Also the what-if runs: those with other settings.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Report progress on standard error.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print only errors on standard error.")]
LogJson = Annotated[
    bool,
    typer.Option("--log-json", help="Write steps, warnings and errors on standard error as JSON, one object a line."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a prior before the update: part.key.field=value. Repeatable."),
]
Fix = Annotated[
    list[str] | None,
    typer.Option("--fix", help="Fix a parameter at a value after the update: part.key=value. Repeatable."),
]
Perspective = Annotated[
    str,
    typer.Option("--perspective", metavar="NAME|FILE", help="Perspective to use: its name, or a .toml file."),
]
Whose = Annotated[
    str | None,
    typer.Option(
        "--perspective",
        metavar="NAME|FILE",
        help="Perspective to use: base, a name, or a .toml file; by default the pool.",
    ),
]
Reading = Annotated[
    list[str] | None,
    typer.Option(
        "--reading",
        metavar="ID",
        help="Use a reading of disputed events: its id in evidence/readings.toml; `forecast check` lists them. "
        "Repeatable for readings of different rows.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="Use evidence up to this date, YYYY-MM-DD: the reference date (the default) to the horizon."
    ),
]


def count(option: str) -> Callable[[object], int]:
    """A parser of the whole number that an option takes, the same as in files and in Python."""

    def parse(given: object) -> int:
        from forecast.inputs.parsing import given_count

        return given_count(given, option)

    return parse


def points(option: str) -> Callable[[object], float]:
    """A parser of the number of percentage points that an option takes: 0 or more."""

    def parse(given: object) -> float:
        from forecast.errors import InputError
        from forecast.inputs.parsing import given_number

        found = given_number(given, option, "POINTS")
        if not 0.0 <= found <= 100.0:
            raise InputError(f"found {found:g}; expected a number of points from 0 to 100", key=option)
        return found

    return parse


def precision(given: object) -> float:
    """Parse the Monte Carlo error that `--precision` asks for, as in Python."""
    from forecast.ensemble.request import parse_precision

    return parse_precision(given)


def seconds(option: str) -> Callable[[object], float]:
    """A parser of the length of time that an option takes, the same as in Python."""

    def parse(given: object) -> float:
        from forecast.inputs.parsing import given_seconds

        return given_seconds(given, option)

    return parse


Timelines = Annotated[
    int | None,
    typer.Option(
        "--timelines",
        parser=count("--timelines"),
        metavar="INTEGER",
        help="Timelines to simulate; in a pool, of each member. Without --precision, 20000 by default.",
    ),
]
Precision = Annotated[
    float | None,
    typer.Option(
        "--precision",
        parser=precision,
        metavar="POINTS",
        help="In place of --timelines: simulate blocks of 20,000 timelines until no Monte Carlo error of the three "
        "odds is above this, or more do not help.",
    ),
]
TimeBudget = Annotated[
    float | None,
    typer.Option(
        "--time-budget",
        parser=seconds("--time-budget"),
        metavar="TIME",
        help="With --precision: begin no further block after this time, such as 60s, 5m or 1h. The fit to the evidence "
        "and the first block are not limited: they are finished however long they take.",
    ),
]
Seed = Annotated[
    int,
    typer.Option("--seed", parser=count("--seed"), metavar="INTEGER", help="Seed of the timelines' random numbers."),
]
DrawSeed = Annotated[
    int,
    typer.Option(
        "--draw-seed",
        parser=count("--draw-seed"),
        metavar="INTEGER",
        help="Seed of the draws from priors and of the replay of the past.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        parser=count("--threads"),
        metavar="INTEGER",
        help="Threads to use; changes no number. By default one per processor.",
    ),
]
Timeline = Annotated[
    int | None,
    typer.Option(
        "--timeline",
        parser=count("--timeline"),
        metavar="INTEGER",
        help="Narrate this timeline, week by week.",
    ),
]


def day(text: str | None) -> date | None:
    """A date given on the command line.

    Raises:
        InputError: it is not written as YYYY-MM-DD.
    """
    from forecast.inputs.parsing import given_day

    return None if text is None else given_day(text, "--as-of")


def fixed(given: list[str] | None) -> dict[str, float]:
    """Parameters fixed on the command line, by name; the parser is imported only if there are any.

    Raises:
        InputError: one is not written as part.key=value.
    """
    if not given:
        return {}
    from forecast.scenario.edits import parse_fixed

    return parse_fixed(given)
