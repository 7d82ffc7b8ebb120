"""The main job for a scheduler: a run is made once, and found again when the same is asked for.

A run's name says everything that its numbers depend on. So if a sound run of that name stands in the folder of runs,
it is the answer, whoever made it and whenever. Its times and its `posterior.nc` are those of the first time.
"""

import dataclasses
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.cache.limit import cache_limit, remove_leftovers
from forecast.ensemble.progress import silent
from forecast.ensemble.request import BLOCK, MOST_TIMELINES, RunRequest
from forecast.ensemble.stop import Reason, Stop
from forecast.errors import InputError
from forecast.pipeline.cautions import warn
from forecast.pipeline.known_names import KnownName, recall, remember, request_key
from forecast.pipeline.staleness import StaleSeries, stale_series
from forecast.store.saved_run import Run, has_manifest, open_run, runs_folder, settled

if TYPE_CHECKING:
    from forecast.pipeline.workflow import Plan

log = logging.getLogger("forecast")


@dataclass(frozen=True)
class Made:
    """The answer to a request.

    Attributes:
        run: the run.
        unchanged: whether it was there before, so that nothing was simulated.
        stale: the series that are stale as of the run's day.
        stop: why the run has no more timelines; None unless a precision was asked for.
    """

    run: Run
    unchanged: bool
    stale: tuple[StaleSeries, ...] = ()
    stop: Stop | None = None


def make(request: RunRequest, *, progress: bool = False, notify: Callable[[str], None] = silent) -> Made:
    """Give the run that a request asks for: the one that stands in the folder of runs, or a new one.

    If another process is making the same run, this one waits for it. A run whose files are missing or changed is
    reported and made again.

    Args:
        request: from the command line, or made in Python.
        progress: show a progress bar while sampling.
        notify: called with a phrase for each step.

    Raises:
        InputError: something given is wrong; nothing is written.
        SystemRefusal: the system lacks space, memory or a lock; nothing is written.
        NotConverged: the sampler's diagnostics are outside their limits; nothing is written.
    """
    cache_limit()  # a bad one is refused before the work
    kept = runs_folder(request.runs)
    settled(kept)
    key = request_key(request)
    if request.time_budget is not None:
        key = None  # how far it gets depends on the machine
    known = None if key is None else recall(key)
    if known is not None and (run := _standing(kept, known.name, request)) is not None:
        warn(request, known.cautions, known.horizon, known.day)
        stop = None if request.precision is None else stop_of(run, request.precision)
        return _unchanged(run, known, notify, stop)
    tried = "" if known is None else known.name
    return _planned(request, kept, (key, tried), progress, notify)


def _planned(
    request: RunRequest, kept: Path, known: tuple[str | None, str], progress: bool, notify: Callable[[str], None]
) -> Made:
    """Read the scenario for the name of the run, then find the run or make it.

    Args:
        request: the request.
        kept: folder of saved runs.
        known: the request's key, and the name that was known under it and has no sound run.
        progress: show a progress bar while sampling.
        notify: called with a phrase for each step.
    """
    from forecast.pipeline import workflow
    from forecast.store.turns import clear_locks, turn

    key, tried = known
    plan = workflow.planned(request, notify)
    resolved = plan.resolved
    stale = tuple(stale_series(resolved.scenario, resolved.day))
    found = KnownName(plan.name, plan.cautions, stale, resolved.scenario.horizon, resolved.day)
    warn(request, found.cautions, found.horizon, found.day)
    # A file may have been changed while it was read.
    if key is not None and key != request_key(request):
        key = None
    if request.precision is not None:
        made = _precise(plan, kept, found, progress, notify)
        if key is not None:
            remember(key, dataclasses.replace(found, name=made.run.id))
        return made
    run = _standing(kept, plan.name, request, quiet=plan.name == tried)
    unchanged = run is not None
    if run is None:
        remove_leftovers()
        clear_locks(kept)
        with turn(kept, plan.name, lambda: notify("waiting for another process that makes the same run")):
            run = _standing(kept, plan.name, request, quiet=True)
            unchanged = run is not None
            if run is None:
                run = workflow.saved(plan, progress=progress, notify=notify)
    if key is not None:
        remember(key, dataclasses.replace(found, name=run.id))
    return _unchanged(run, found, notify) if unchanged else Made(run, False, stale)


def _precise(plan: "Plan", kept: Path, known: KnownName, progress: bool, notify: Callable[[str], None]) -> Made:
    """Find or make the run for a precision.

    A saved run of whole blocks that is precise enough is the answer, even if fewer blocks would do.
    """
    from forecast.pipeline import workflow
    from forecast.store.turns import clear_locks, turn

    request = plan.resolved.request
    found: list[Run] = []

    def standing(name: str) -> Run | None:
        run = _standing(kept, name, request, quiet=True)
        found.extend([] if run is None else [run])
        return run

    remove_leftovers()
    clear_locks(kept)
    with turn(kept, plan.name, lambda: notify("waiting for another process that makes the same run")):
        for run in saved_blocks(plan, kept, request):
            stop = stop_of(run, request.precision or 0.0)
            if stop.reason == "reached":
                return _unchanged(run, known, notify, stop)
        run, stop = workflow.saved_when_precise(plan, standing=standing, progress=progress, notify=notify)
    return _unchanged(run, known, notify, stop) if found else Made(run, False, known.stale, stop)


def saved_blocks(plan: "Plan", kept: Path, request: RunRequest) -> Iterator[Run]:
    """The sound saved runs that differ from a plan only in the number of timelines, of whole blocks; fewest first."""
    try:
        names = {path.name for path in kept.iterdir()}
    except OSError:
        return
    for timelines in range(BLOCK, MOST_TIMELINES + 1, BLOCK) if names else ():
        name = plan.with_timelines(timelines).name
        if name in names and (run := _standing(kept, name, request)) is not None:
            yield run


def stop_of(run: Run, precision: float) -> Stop:
    """Why a saved run, made for a precision without a time budget, has no more timelines.

    Args:
        run: the run.
        precision: the Monte Carlo error asked for, in points.
    """
    odds, timelines = run.summary["odds"], run.manifest["settings"]["timelines"]
    errors = [entry["standard_error"] for entry in odds.values() if entry["standard_error"] is not None]
    error = 100.0 * max(errors) if errors else None
    reason: Reason = "reached" if error is not None and error <= precision else "draws"
    if reason == "draws" and timelines + BLOCK > MOST_TIMELINES:
        reason = "most timelines"
    return Stop(reason, timelines, error, precision)


def _unchanged(run: Run, known: KnownName, notify: Callable[[str], None], stop: Stop | None = None) -> Made:
    notify(f"unchanged: the run is in {run.folder}")
    return Made(run, True, known.stale, stop)


def _standing(kept: Path, name: str, request: RunRequest, *, quiet: bool = False) -> Run | None:
    """The sound run of a name that answers a request; None if there is none. A damaged one is reported.

    The hash of every file is checked. Something else of that name is left to the writer, which refuses it.
    """
    folder = kept / name
    if not has_manifest(folder) or folder.is_symlink():
        return None
    try:
        run = open_run(folder)
        if run.manifest["id"] == name and (request.allow_unconverged or _converged(run)):
            return run
        what = f"the saved run {folder} does not answer the request"
    except (InputError, OSError) as error:
        what = f"the saved run is damaged ({str(error).removesuffix('. Run the forecast again')})"
    if not quiet:
        log.warning("%s; it is made again", what)
    return None


def _converged(run: Run) -> bool:
    return run.summary["diagnostics"]["converged"] is not False
