"""The request for a run: one record, made from the command's options or in Python, and passed on whole.

The command line reads its defaults from here, so this module must be quick to import.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from forecast.errors import InputError
from forecast.inputs.parsing import (
    given_count,
    given_day,
    given_folder,
    given_names,
    given_number,
    given_seconds,
    shortened,
)
from forecast.scenario.perspective_names import POOL

BLOCK = 20_000
"""Timelines of a block, in a pool of each member; each block uses the next 500 draws."""

TIMELINES = BLOCK
"""Default number of timelines; in a pool, for each member."""

MOST_TIMELINES = 10_000_000
"""Largest number of timelines in a run; each takes about 100 bytes in the file."""

MOST_POINTS = 100.0
"""Largest Monte Carlo error that can be asked for, in points."""

SEED = 1
"""Default seed of the timelines' random numbers."""

DRAW_SEED = 1
"""Default seed of the draws from priors and of the replay."""


@dataclass(frozen=True)
class RunRequest:
    """A request for a run.

    Attributes:
        scenario: name or folder; by default that of `priors/default`.
        priors: folder of scenarios in which the name is looked up first.
        runs: folder that the run is saved in; by default that of `forecast.store.saved_run.runs_folder`.
        as_of: date up to which evidence is used; by default the scenario's reference date.
        timelines: number of timelines to simulate; in a pool, for each member.
        seed: seed of the timelines' random numbers.
        draw_seed: seed of the draws from priors and of the replay, which `seed` leaves as they are.
        threads: number of threads, by default one for each processor; does not change the results.
        perspective: `base`, a perspective's name, or the path of its file. The default is the pool that the scenario's
            `pool.toml` declares, or `base` without that file.
        edits: changes to priors before the update, after the perspective: `part.key.field=value` (`--set`).
        fixed: parameters fixed at a value after the update, by dotted name, in the prior's unit (`--fix`).
        reading: readings of the record to use in place of the rows as coded: the id of one, or the ids of several
            (`--reading`); kept as a tuple.
        prior_only: leave the series out; recorded events and states still count.
        allow_unconverged: save the run even if the sampler did not converge.
        precision: largest Monte Carlo error, in points, that each of the three odds may have: in place of a number of
            timelines, blocks of timelines are simulated until it is reached or more do not help (`--precision`).
        time_budget: seconds after which no further block is begun, as a number or as text, such as `5m`; only with a
            precision (`--time-budget`).

    Raises:
        InputError: a date, a number, an edit or the id of a reading is not one; too few or too many timelines, no
            threads, or a negative seed.
    """

    scenario: str | Path | None = None
    priors: Path | None = None
    runs: Path | None = None
    as_of: date | None = None
    timelines: int = TIMELINES
    seed: int = SEED
    draw_seed: int = DRAW_SEED
    threads: int | None = None
    perspective: str | Path | None = None
    edits: Sequence[str] = ()
    fixed: Mapping[str, float] = field(default_factory=dict)
    reading: str | Sequence[str] = ()
    prior_only: bool = False
    allow_unconverged: bool = False
    precision: float | None = None
    time_budget: float | None = None

    def __post_init__(self) -> None:
        timelines, seed, threads = check_size(self.timelines, self.seed, self.threads)
        draw_seed = given_count(self.draw_seed, "--draw-seed")
        if draw_seed < 0:
            raise InputError(f"{draw_seed} is negative", key="--draw-seed", remedy="Give 0 or more")
        as_of = None if self.as_of is None else given_day(self.as_of, "--as-of")
        fixed = {name: given_number(value, "--fix", name) for name, value in self.fixed.items()}
        if isinstance(self.edits, str) or not all(isinstance(edit, str) for edit in self.edits):
            raise InputError(f"found {shortened(self.edits)}; expected a list of texts", key="--set")
        reading = given_names(self.reading, "--reading")
        given = {name: getattr(self, name) for name in ("priors", "runs")}
        folders = {name: None if path is None else given_folder(path, f"--{name}") for name, path in given.items()}
        parsed: dict[str, object] = {
            "timelines": timelines,
            "seed": seed,
            "draw_seed": draw_seed,
            "threads": threads,
            "as_of": as_of,
            "fixed": fixed,
        }
        parsed |= {"reading": reading, **folders}
        parsed |= check_precision(self.precision, self.time_budget, timelines)
        for name, value in parsed.items():
            object.__setattr__(self, name, value)


def check_precision(precision: object, time_budget: object, timelines: int) -> dict[str, float | None]:
    """Parse a precision and a time budget.

    Raises:
        InputError: one is not a number above 0; a precision goes with a number of timelines, or a time budget without
            a precision.
    """
    if precision is None:
        if time_budget is not None:
            raise InputError("a time budget needs a precision", key="--time-budget", remedy="Give --precision as well")
        return {"precision": None, "time_budget": None}
    points = parse_precision(precision)
    if timelines != TIMELINES:
        raise both_given(timelines)
    seconds = None if time_budget is None else given_seconds(time_budget, "--time-budget")
    return {"precision": points, "time_budget": seconds}


def both_given(timelines: int) -> InputError:
    """Make the error for a request with a precision and a number of timelines."""
    what = f"found a precision and {timelines:,} timelines: a precision finds their number itself"
    return InputError(what, key="--precision", remedy="Give either --precision or --timelines")


def parse_precision(value: object) -> float:
    """Parse a Monte Carlo error in points.

    Raises:
        InputError: it is not a number above 0, or above `MOST_POINTS`.
    """
    points = given_number(value, "--precision")
    if not 0.0 < points <= MOST_POINTS:
        what = f"found {shortened(value)}; expected a number of points above 0, at most {MOST_POINTS:g}"
        raise InputError(what, key="--precision")
    return points


def request_from(settings: Mapping[str, Any], **others: Any) -> RunRequest:
    """The request with the settings of a saved run.

    Args:
        settings: those that can change the results, as the run's manifest has them.
        others: attributes of the request that these settings leave open.
    """
    perspective = settings["perspective"]
    return RunRequest(
        timelines=settings["timelines"],
        seed=settings["seed"],
        draw_seed=settings["draw_seed"],
        perspective=None if perspective == POOL else perspective,
        edits=settings["edits"],
        fixed=settings["fixed"],
        reading=settings.get("readings", ()),
        prior_only=settings["prior_only"],
        allow_unconverged=settings["allow_unconverged"],
        **others,
    )


def check_size(timelines: object, seed: object, threads: object) -> tuple[int, int, int | None]:
    """Parse the size of a simulation and refuse numbers that cannot be run.

    Returns:
        timelines, seed and threads as whole numbers; threads may be None.

    Raises:
        InputError: one is not a whole number; too few or too many timelines, no threads, or a negative seed.
    """
    timelines, seed = given_count(timelines, "--timelines"), given_count(seed, "--seed")
    threads = None if threads is None else given_count(threads, "--threads")
    if not 1 <= timelines <= MOST_TIMELINES:
        raise InputError(f"{timelines} timelines", key="--timelines", remedy=f"Ask for 1 to {MOST_TIMELINES:,}")
    if seed < 0:
        raise InputError(f"{seed} is negative", key="--seed", remedy="Give 0 or more")
    if threads is not None and threads < 1:
        raise InputError(f"{threads} threads", key="--threads", remedy="Ask for at least 1")
    return timelines, seed, threads
