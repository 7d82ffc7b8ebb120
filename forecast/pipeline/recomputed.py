"""A saved run, computed again: from its inputs and draws, or from its inputs and evidence alone.

The first needs the simulator only. It takes the parameter draws and the states after the replay as they were saved.
So these numbers of the summary are taken as saved, too: convergence of the fit, predictive checks, and the updated
weights of a pool. The second samples again.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.belief.model import PARAMETERS, SeriesUse, block_data, series_used
from forecast.encoding.timeline_table import timeline_table
from forecast.ensemble.base_rates_member import BaseRatesMaker
from forecast.ensemble.member import Keep, Member, scores_of_strata
from forecast.ensemble.request import BLOCK, request_from
from forecast.ensemble.resolve import ResolvedRequest
from forecast.ensemble.simulated import bands_table
from forecast.ensemble.simulated_member import OfScenario
from forecast.locations import CACHE_VARIABLE, cache_root, source_digest
from forecast.narrative.rerun import evidence_seen, redrawn_of, reopen, scenario_of
from forecast.outcomes.clustering import MEMBER
from forecast.outcomes.influence import influence
from forecast.outcomes.shares import headline_odds
from forecast.pipeline import workflow
from forecast.pipeline.summary import summarise
from forecast.replay.starting_points import Start
from forecast.report.context import report_text
from forecast.report.figures import odds_figure
from forecast.scenario.load import load_members
from forecast.scenario.perspectives import BASE_RATES, POOL
from forecast.scenario.spec import Scenario
from forecast.store.json_text import to_json
from forecast.store.manifest import DRAWS, REDRAWN, SUMMARY, start_file
from forecast.store.run_folder import Run
from forecast.store.timeline_file import TimelineFile
from forecast.store.writer import Writer
from forecast.timeline.cells import cells, simulate_cells

SHARED = ("compiled", "models")
"""Folders of the cache with compiled code, which a computation from the evidence on may use: no number is in them."""


@dataclass(frozen=True)
class SavedMember(OfScenario):
    """A simulated member of a saved run, its draws as saved; see `forecast.ensemble.member.Member`.

    Attributes:
        scenario: under the perspective.
        draws: the draws that timelines use.
        redrawn: the distribution of the parameters that vary by timeline.
        starting: the starting points; None on the reference date.
        bands: weekly quantiles of every level, simulated again.
        series_used: the series that the posterior learns from.
    """

    scenario: Scenario
    draws: pd.DataFrame
    redrawn: Mapping[str, Any]
    starting: Start | None
    bands: pd.DataFrame
    series_used: Mapping[str, SeriesUse]

    weekly = True
    draws_file = DRAWS
    diagnostics = None
    netcdf = b""
    fit_key = ""

    @property
    def densities(self) -> Mapping[str, Any]:
        """Empty: a run does not save them."""
        return {}

    @property
    def stratified(self) -> pd.DataFrame | None:
        """The draws of the priors that the evidence leaves as they are; None after a replay."""
        if self.starting is not None:
            return None
        names = [name for name, prior in self.scenario.priors.items() if prior.varies == "world"]
        return self.draws[[name for name in names if name not in PARAMETERS]]

    def influence(self, timelines: Any) -> pd.DataFrame:
        """The effect of each prior on the odds."""
        return influence(timelines, self.draws, self.scenario)

    @property
    def start(self) -> bytes:
        """The starting points as a file; empty on the reference date."""
        return b"" if self.starting is None else self.starting.to_bytes()

    @property
    def effective_draws(self) -> float | None:
        """Effective sample size after the particle filter; None on the reference date."""
        found = None if self.starting is None else self.starting.effective
        return None if found is None else round(found, 1)


def resolved_of(run: Run, runs: Path) -> ResolvedRequest:
    """The request of a saved run, resolved from its own inputs.

    Args:
        run: the run.
        runs: folder of runs of the request.

    Raises:
        InputError: the present code cannot read its inputs.
    """
    settings = run.manifest["settings"]
    day, pooled = date.fromisoformat(run.manifest["as_of"]), settings["perspective"] == POOL
    request = request_from(settings, scenario=run.folder / "inputs" / "priors", runs=runs, as_of=day)
    if not pooled:
        scenario = scenario_of(run)
        return ResolvedRequest(request, scenario, day, None, {scenario.perspective: scenario})
    scenario, members = load_members(
        run.folder / "inputs" / "priors",
        edits=settings["edits"],
        reading=settings.get("readings", ()),
        seen=evidence_seen(run),
        happened=run.folder / "inputs",
    )
    return ResolvedRequest(request, scenario, day, scenario.pool, members)


def from_draws(run: Run, folder: Path, notify: Callable[[str], None]) -> dict[str, bytes]:
    """Compute a run again from its inputs and its draws.

    Args:
        run: the run.
        folder: a folder to work in.
        notify: called with a phrase for each step.

    Returns:
        The content of each file that follows from them, by its name. `posterior.nc` and figures are not among them.

    Raises:
        InputError: the present code cannot read the run.
    """
    notify("reading the inputs of the run")
    resolved = resolved_of(run, folder)
    scenario, pooled = resolved.scenario, resolved.pool is not None
    with Writer(folder, run.id) as writer:
        with TimelineFile(writer.folder, list(resolved.members) if pooled else None, writer.saving) as file:
            members = []
            for name in resolved.members:
                notify(f"simulating the timelines again ({name})")
                members.append(_member(run, resolved, name, file.keep))
        notify("computing the odds again")
        workflow.write_tables(writer, members, pool=pooled)
        texts = workflow.input_texts(scenario) | workflow.seen_texts(scenario, resolved.day)
        for name, text in texts.items():
            writer.text(f"inputs/{name}", text)
        timelines, of_member = file.read()
        summary = summarise(resolved, members, timelines, of_member, run.id)
        _as_saved(summary, run.summary, timelines, scores_of_strata(members))
        writer.text(SUMMARY, to_json(summary))
        writer.text("odds.svg", odds_figure(scenario, summary))
        writer.text("report.md", report_text(scenario, summary))
        made = [path for path in writer.folder.rglob("*") if path.is_file()]
        names = {path.relative_to(writer.folder).as_posix(): path for path in made}
        given = {DRAWS, REDRAWN, *(start_file(name if pooled else None) for name in resolved.members)}
        return {name: path.read_bytes() for name, path in names.items() if name not in given}


def _member(run: Run, resolved: ResolvedRequest, name: str, keep: Keep) -> Member:
    """Simulate the timelines of a member again."""
    scenario, day, pooled = resolved.members[name], resolved.day, resolved.pool is not None
    sizes = [min(BLOCK, resolved.request.timelines - first) for first in range(0, resolved.request.timelines, BLOCK)]
    if name == BASE_RATES:
        # Its draws take no fit, so they are made again.
        maker = BaseRatesMaker(scenario, day, resolved.request, keep)
        for number in sizes:
            maker.simulate(number)
        return replace(maker.finish(), densities={})
    member = name if pooled else None
    redrawn = redrawn_of(run, member)
    reopened = reopen(run, redrawn, member)
    inputs, start = reopened.inputs, reopened.start
    counts: Any = 0
    for k, number in enumerate(sizes):
        first = k * BLOCK
        if start is None:
            chosen = cells(number, len(inputs.rows), first=first)
        else:
            chosen = start.cells(np.arange(first, first + number))
        result, more = simulate_cells(inputs, chosen, reopened.seed, None, first)
        counts = counts + more
        keep(name, timeline_table(result, reopened.scenario, day))
    draws = run.draws
    if pooled:
        draws = draws[draws[MEMBER] == name].drop(columns=MEMBER)
    bands = bands_table(counts, reopened.scenario, int(inputs.states.week[0]))
    return SavedMember(scenario, draws, redrawn, start, bands, series_used(block_data(scenario, day)))


def _as_saved(summary: dict[str, Any], saved: Mapping[str, Any], timelines: Any, stratified: Any) -> None:
    """Take from the saved summary the numbers that do not follow from the draws."""
    summary["predictive"] = saved["predictive"]
    for key in ("sampler", "converged"):
        summary["diagnostics"][key] = saved["diagnostics"][key]
    if "perspectives" in summary:
        updated = {name: entry["updated_weight"] for name, entry in saved["perspectives"].items()}
        for name, entry in summary["perspectives"].items():
            entry["updated_weight"] = updated[name]
        summary["pool"]["periods"] = saved["pool"]["periods"]
        summary["pool"]["updated_odds"] = headline_odds(timelines, updated, stratified)


def from_evidence(run: Run, folder: Path, notify: Callable[[str], None]) -> Run:
    """Compute a run again from its inputs and the evidence that it saw; every fit is sampled again.

    Args:
        run: the run.
        folder: a folder to work in.
        notify: called with a phrase for each step.

    Returns:
        The new run, in that folder.

    Raises:
        ForecastError: the present code cannot read the inputs, or the sampler does not converge.
    """
    notify("reading the inputs of the run")
    resolved = resolved_of(run, folder / "runs")
    plan = workflow.plan_of(resolved, datetime.now(UTC), time.monotonic(), source_digest(), notify)
    with _empty_cache(folder / "cache"):
        # The same name, so that equal runs have equal files.
        return workflow.saved(replace(plan, manifest=plan.manifest | {"id": run.id}), notify=notify)


@contextlib.contextmanager
def _empty_cache(folder: Path) -> Iterator[None]:
    """Use an empty cache, with links to the compiled code of the present one."""
    root, before = cache_root().resolve(), os.environ.get(CACHE_VARIABLE)
    folder.mkdir()
    for name in SHARED:
        (root / name).mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(root / name, target_is_directory=True)
    os.environ[CACHE_VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CACHE_VARIABLE]
        else:
            os.environ[CACHE_VARIABLE] = before
