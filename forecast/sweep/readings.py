"""The odds of a run under each second reading of its chronology (docs/coding.md).

Every reading is simulated with the run's own settings, draws and random numbers. On the reference date, and later where
the record selects the same draws, timeline i of both has the same draw, and the error of the difference is that of
pairs, clustered by draw. Otherwise the two runs are taken as independent, which gives a larger error than pairs would.
"""

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.ensemble.progress import silent
from forecast.ensemble.request import RunRequest, request_from
from forecast.errors import InputError
from forecast.evidence.readings import known_readings
from forecast.outcomes.clustering import MEMBER, clusters_of, error_between_draws
from forecast.pipeline.make import make
from forecast.pipeline.workflow import planned
from forecast.store.run_folder import Run
from forecast.sweep.result import SweepResult
from forecast.sweep.saved_outputs import Output, about_run, lacks, members_of, outputs_of
from forecast.sweep.words import change_and_error, percent_and_error


def readings(
    run: Run,
    ids: Sequence[str] = (),
    output: str | None = None,
    *,
    threads: int | None = None,
    notify: Callable[[str], None] = silent,
) -> SweepResult:
    """Simulate a run under each reading of the record, and compare its odds.

    Args:
        run: a saved run of the rows as coded, which the present files and code would make again.
        ids: of readings; by default all of the scenario.
        output: an outcome, an ending, a recorded event or a flag; by default the three outcomes.
        threads: number of threads.
        notify: called with a phrase for each step.

    Returns:
        The table `readings`: one row for each reading and output, with `rows_seen` (edited rows that were public on the
        as-of date; without any the odds are those of the run), the odds `as_coded` and under the reading
        (`probability`), each with its error, their `change` with its error, and whether that is `paired`.

    Raises:
        InputError: an unknown reading or output; the run is under a reading already; the scenario has none; or its
            files, the code or the packages have changed since the run.
    """
    request = request_of(run, threads)
    plan = planned(request, notify)
    chronology = plan.resolved.scenario.chronology
    if not chronology.readings:
        raise InputError("the scenario has no second readings", key="readings", remedy="See docs/coding.md")
    if plan.name != run.id:
        what = f"{run.id}: its scenario, the code or the packages have changed since, so a difference would not be due "
        raise InputError(f"{what}to the reading alone", key="run", remedy="Run the forecast again")
    used = known_readings(chronology.readings, ids) if ids else tuple(chronology.readings)
    outputs = outputs_of(run.timelines, output)
    day = date.fromisoformat(run.summary["as_of"])
    rows: list[dict[str, Any]] = []
    for name in used:
        seen = chronology.under(name).edits_seen(name, day)
        facts = {"reading": name, "title": chronology.readings[name].title, "rows_seen": seen}
        if seen == 0:
            rows += [facts | _compared(run, run, one) for one in outputs]
            continue
        notify(f"simulating under the reading {name}")
        with tempfile.TemporaryDirectory(prefix="forecast-reading-") as folder:
            other = make(request_of(run, threads, name, Path(folder)), notify=notify).run
            rows += [facts | _compared(run, other, one) for one in outputs]
    about = about_run(run) | {"output": output or "outcomes", "readings": list(used), "replayed": True}
    tables = {"readings": pd.DataFrame(rows)}
    return SweepResult("readings", about, tables, tuple(_sentences(rows)), tuple(_notes(rows)))


def request_of(run: Run, threads: int | None = None, reading: str = "", runs: Path | None = None) -> RunRequest:
    """The request that made a saved run, or the same under a reading.

    Args:
        run: the run, of the rows as coded.
        threads: number of threads.
        reading: id of the reading; empty for the rows as coded.
        runs: folder that the run is to be saved in.

    Raises:
        InputError: the run is under a reading.
    """
    settings = run.manifest["settings"]
    if own := settings.get("readings"):
        what = f"{run.id} is under {' and '.join(own)}; expected a run of the rows as coded"
        raise InputError(what, key="run", remedy="Name a run that was made without --reading")
    kept = str(run.manifest.get("scenario_folder", ""))
    scenario = Path(kept) if kept and Path(kept).is_dir() else run.manifest["scenario"]
    day = date.fromisoformat(run.manifest["as_of"])
    request = request_from(settings, scenario=scenario, runs=runs, as_of=day, threads=threads)
    return replace(request, reading=reading) if reading else request


def _compared(run: Run, other: Run, one: Output) -> dict[str, Any]:
    """The odds of an output in two runs, and their difference."""
    coded, read = (clusters_of(each.timelines, each.weights).share(_happens(each, one)) for each in (run, other))
    paired = _pair(run.timelines, other.timelines)
    change = error = None
    if coded.probability is not None and read.probability is not None:
        change = read.probability - coded.probability
        if paired:
            error = _paired_error(run, _happens(other, one) - _happens(run, one))
        elif coded.standard_error is not None and read.standard_error is not None:
            error = math.hypot(coded.standard_error, read.standard_error)
    return {
        "output": one.name,
        "label": one.label,
        "probability": read.probability,
        "standard_error": read.standard_error,
        "as_coded": coded.probability,
        "as_coded_error": coded.standard_error,
        "change": change,
        "change_error": error,
        "paired": paired,
    }


def _happens(run: Run, one: Output) -> Any:
    """(n,) 1 where the output happens, NaN for a member that has no answer."""
    happens = one.event.of(run.timelines).astype(float)
    for member in members_of(run):
        if lacks(member, run.timelines, [one.column]):
            happens[member.rows] = np.nan
    return happens


def _pair(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    """Whether timeline i of both tables has the same member, draw and replicate."""
    names = [name for name in (MEMBER, "draw", "replicate") if name in a]
    return len(a) == len(b) and all((a[name].astype(str) == b[name].astype(str)).all() for name in names)


def _paired_error(run: Run, moved: Any) -> float | None:
    """The standard error of the mean of paired differences, clustered by draw across members."""
    members = [member for member in members_of(run) if not np.isnan(moved[member.rows]).any()]
    total = sum(member.weight for member in members)
    number, cluster = np.unique(run.timelines["draw"].to_numpy(), return_inverse=True)
    sums = np.zeros(len(number))
    for member in members:
        own = moved[member.rows]
        part = member.weight / total / len(own) * (own - own.mean())
        sums += np.bincount(cluster[member.rows], part, minlength=len(number))
    return error_between_draws(sums, None)


def _sentences(rows: Sequence[dict[str, Any]]) -> list[str]:
    found = []
    for row in rows:
        if row["rows_seen"] == 0 or row["change"] is None:
            continue
        read = percent_and_error(row["probability"], row["standard_error"])
        coded = percent_and_error(row["as_coded"], row["as_coded_error"])
        change = change_and_error(row["change"], row["change_error"])
        title = str(row["title"]).rstrip(".")
        found.append(f"{row['label']} under {row['reading']} ({title}): {read}, {coded} as coded: {change}.")
    return found or ["No reading edits a row that was public on the as-of date, so the odds are those of the run."]


def _notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    notes = []
    if unseen := list(dict.fromkeys(row["reading"] for row in rows if row["rows_seen"] == 0)):
        notes.append(f"No row of {', '.join(unseen)} was public on the as-of date.")
    if any(not row["paired"] for row in rows):
        notes.append("Under some readings the record selects other draws: those errors take the runs as independent.")
    return notes
