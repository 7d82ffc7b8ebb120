"""The account of a year: what moved the odds from month to month, from the ledgers of a chain of runs.

    python -m forecast.compare.months --make      make the runs as of the reference date and each first of a month
    python -m forecast.compare.months             compare the runs in the folder of runs, each with the next

The runs are those of one scenario with the same settings, in order of their as-of dates. The table is Markdown. New
figures of series count as one cause, and so do the states if one of them alone is impossible.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from forecast.compare.comparison import compare
from forecast.compare.words import change_text, points
from forecast.ensemble.request import TIMELINES, RunRequest
from forecast.errors import InputError
from forecast.plain_text import markdown
from forecast.scenario.load import load_scenario
from forecast.store.saved_run import Run, list_runs, runs_folder

TOGETHER = ("evidence",)
"""Groups of causes that have one line each."""


def firsts(begin: date, end: date) -> list[date]:
    """A day, and each first of a month after it up to another day."""
    months = (date(begin.year + (begin.month + k) // 12, (begin.month + k) % 12 + 1, 1) for k in range(1200))
    found = [begin]
    for day in months:
        if day > end:
            return found
        found.append(day)
    return found


def make_runs(request: RunRequest) -> None:
    """Make the runs of a chain that are not there yet.

    Args:
        request: of each run, but for its date.
    """
    from dataclasses import replace

    from forecast.pipeline.workflow import run

    scenario = load_scenario(request.scenario, priors=request.priors)
    there = {one.manifest["as_of"] for one in list_runs(runs_folder(request.runs))}
    for day in firsts(scenario.reference_date, scenario.horizon):
        if day.isoformat() not in there:
            run(replace(request, as_of=day))


def chain(kept: Path) -> list[Run]:
    """The runs in a folder in order of their as-of dates, the last one of each.

    Raises:
        InputError: there are fewer than two, or they differ in scenario or settings.
    """
    found = {run.manifest["as_of"]: run for run in sorted(list_runs(kept), key=lambda run: run.manifest["started"])}
    runs = [found[day] for day in sorted(found)]
    if len(runs) < 2:
        what = f"found {len(runs)} as-of dates in {kept}; expected at least 2"
        raise InputError(what, key="--runs", remedy="Give --make to make the runs")
    for run in runs:
        for key in ("scenario", "settings"):
            if run.manifest[key] != runs[0].manifest[key]:
                what = f"{run.id} differs from {runs[0].id} in its {key}; expected runs of one kind"
                raise InputError(what, key="--runs", remedy="Name a folder with the runs of the chain alone")
    return runs


def account(runs: Sequence[Run], outcome: str) -> Iterator[str]:
    """The lines of a Markdown table: for each run the odds, and the causes of the move since the run before.

    Args:
        runs: in order.
        outcome: the headline outcome whose move is divided.
    """
    yield f"| As of | Battlefield | Negotiated | Move in {outcome} | Time | Evidence | Recorded changes |"
    yield "|---|---|---|---|---|---|---|"
    yield _row(runs[0], "", "", "", "")
    for a, b in pairwise(runs):
        entry = compare(a.folder, b.folder, together=TOGETHER)["odds"][outcome]
        time, evidence, changes = "", "", []
        for line in entry["lines"]:
            text = change_text(line)
            text = f"**{text}**" if line["real"] else text
            group = line["cause"].partition("/")[0]
            if line["cause"] == "time":
                time = text
            elif group == "evidence":
                evidence = text
            elif line["change"]:
                changes.append(f"{markdown(line['label'])} {text}")
        yield _row(b, points(entry["shown"]), time, evidence, "; ".join(changes))


def _row(run: Run, *cells: str) -> str:
    odds: dict[str, Any] = run.summary["odds"]
    shares = (f"{100.0 * odds[name]['probability']:.1f}" for name in ("battlefield", "negotiated"))
    return f"| {' | '.join([run.manifest['as_of'], *shares, *cells])} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the account of a chain of runs.

    Raises:
        InputError: the runs are not a chain.
    """
    parser = argparse.ArgumentParser(description="Print what moved the odds from run to run, as Markdown.")
    parser.add_argument("--runs", type=Path, help="folder of the runs, which has no others")
    parser.add_argument("--make", action="store_true", help="make the runs of the months that are not there")
    parser.add_argument("--perspective", help="with --make: perspective of the runs; by default the pool")
    parser.add_argument("--timelines", type=int, default=TIMELINES, help="with --make: timelines of each member")
    parser.add_argument("--outcome", choices=("battlefield", "negotiated", "unresolved"), default="negotiated")
    given = parser.parse_args(arguments)
    if given.make:
        make_runs(RunRequest(runs=given.runs, perspective=given.perspective, timelines=given.timelines))
    for line in account(chain(runs_folder(given.runs)), given.outcome):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
