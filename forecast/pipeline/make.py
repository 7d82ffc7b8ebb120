"""The main job for a scheduler: a run is made once, and found again when the same is asked for.

A run's name says everything that its numbers depend on. So if a sound run of that name stands in the folder of runs,
it is the answer, whoever made it and whenever. Its times and its `posterior.nc` are those of the first time.
"""

import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from forecast.cache.limit import cache_limit
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.pipeline.cautions import warn
from forecast.pipeline.known_names import KnownName, recall, remember, request_key
from forecast.pipeline.staleness import StaleSeries, stale_series
from forecast.store.saved_run import Run, has_manifest, open_run, runs_folder, settled

log = logging.getLogger("forecast")


@dataclass(frozen=True)
class Made:
    """The answer to a request.

    Attributes:
        run: the run.
        unchanged: whether it was there before, so that nothing was simulated.
        stale: the series that are stale as of the run's day.
    """

    run: Run
    unchanged: bool
    stale: tuple[StaleSeries, ...] = ()


def silent(_: str) -> None:
    """Report no progress."""


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
    if getattr(request, "time_budget", None) is not None:
        key = None  # how far it gets depends on the machine
    known = None if key is None else recall(key)
    if known is not None and (run := _standing(kept, known.name, request)) is not None:
        warn(request, known.cautions, known.horizon, known.day)
        return _unchanged(run, known, notify)
    return _planned(request, kept, key, progress, notify)


def _planned(request: RunRequest, kept: Path, key: str | None, progress: bool, notify: Callable[[str], None]) -> Made:
    """Read the scenario for the name of the run, then find the run or make it."""
    from forecast.pipeline import workflow
    from forecast.store.turns import clear_locks, turn

    plan = workflow.planned(request, notify)
    resolved = plan.resolved
    stale = tuple(stale_series(resolved.scenario, resolved.day))
    found = KnownName(plan.name, plan.cautions, stale, resolved.scenario.horizon, resolved.day)
    warn(request, found.cautions, found.horizon, found.day)
    # A file may have been changed while it was read.
    if key is not None and key != request_key(request):
        key = None
    run = _standing(kept, plan.name, request)
    unchanged = run is not None
    if run is None:
        clear_locks(kept)
        with turn(kept, plan.name, lambda: notify("waiting for another process that makes the same run")):
            run = _standing(kept, plan.name, request, quiet=True)
            unchanged = run is not None
            if run is None:
                run = workflow.saved(plan, progress=progress, notify=notify)
    if key is not None:
        remember(key, dataclasses.replace(found, name=run.id))
    return _unchanged(run, found, notify) if unchanged else Made(run, False, stale)


def _unchanged(run: Run, known: KnownName, notify: Callable[[str], None]) -> Made:
    notify(f"unchanged: the run is in {run.folder}")
    return Made(run, True, known.stale)


def _standing(kept: Path, name: str, request: RunRequest, *, quiet: bool = False) -> Run | None:
    """The sound run of a name that answers a request; None if there is none. A damaged one is reported.

    The hash of every file is checked. What has the name and is not a run is left to the writer, which refuses it.
    """
    folder = kept / name
    if folder.is_symlink() or not has_manifest(folder):
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
