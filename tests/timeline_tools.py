"""Tools for tests of the simulator: records made by hand, chosen random numbers, inputs, other processes."""

import functools
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from forecast.belief.assemble import Posterior, update
from forecast.encoding import kernel_inputs
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import Cells, Inputs, cells, inputs_at_start, simulate_cells
from forecast.timeline.parameters import PARAMETERS, Parameters
from forecast.timeline.random_numbers import Context, context_record
from forecast.timeline.result import Result, blank_result
from forecast.timeline.state import STATE, State
from forecast.timeline.washington import NEVER
from forecast.timeline.world import WORLD, World

_WORD = 2**64
_GOLDEN, _MIX_A, _MIX_B = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@dataclass
class Bench:
    """One timeline's results, to be set by hand and handed to any kernel.

    Attributes:
        p: parameters, all 0 but for half-lives (10 weeks), scales that divide (1), flows of arms that are what is
            needed, equal weights, and supply that follows at any pace.
        s: state, all 0 with no settlement.
        r: row in which nothing has happened.
        w: two issues, two templates, two regions; whole weeks from day 0 on, no season.
        context: of which every number of lane 0 is the median.
    """

    p: Parameters
    s: State
    r: Result
    w: World
    context: Context


def bench(weeks: int = 60, *, begins: float = 0.0, ends: float | None = None) -> Bench:
    """Records for a run from day `begins` to the end of day `ends` - 1, by default whole weeks."""
    p = np.zeros(1, PARAMETERS).view(np.recarray)[0]
    for part in ("front", "moscow", "washington", "hawks", "europe", "kyiv"):
        for name in p[part].dtype.names:
            if name.endswith("half_life"):
                p[part][name] = 10.0
    p.washington.deliver_tau = p.talks.tau = p.talks.template_temperature = 1.0
    p.washington.stock_start = 1000.0
    p.washington.us_aid = p.europe.europe_aid = p.front.us_weight = 1.0
    p.front.arms_need = 2.0
    p.front.supply_pace, p.front.supply_reach, p.talks.horizon = 1e12, 1.0, 1.0
    e = p.endings
    e.defeat_capitulation = e.defeat_overthrow = e.defeat_supply = 1.0
    e.failure_crash = e.failure_mutiny = e.failure_death = 1.0
    p.front.share_concentration = 10.0
    p.front.held[:2] = 100.0
    p.front.share[:2] = 1.0
    p.settlements.weight[:2] = 1.0
    p.parties.salience[:, :2] = 0.5

    s = np.zeros(1, STATE).view(np.recarray)[0]
    s.settlement = -1
    s.index = 0.5
    s.consent[:] = 0.5
    s.dampening[:] = 1.0
    s.stock = 1000.0
    s.pause_memory = NEVER
    s.held[:2] = 100.0
    s.pull[:2] = 1.0
    s.patience = 1e9

    w = np.zeros(1, WORLD).view(np.recarray)[0]
    w.weeks, w.substeps = weeks, 1
    end = 7.0 * weeks if ends is None else ends
    monday = 7.0 * np.arange(weeks)
    w.opens[:weeks] = np.clip(monday, begins, end)
    w.closes[:weeks] = np.clip(monday + 7.0, begins, end)
    w.in_office[:weeks] = w.closes[:weeks] / 7.0
    facts = w.facts
    facts.issues = facts.settlements = facts.regions = 2
    facts.guarantees = facts.territory = facts.ceasefire = facts.dictated_form = -1
    facts.clause_issue[:] = -1
    facts.region_area[:2] = 200.0
    s.week = int(begins // 7)

    context = context_record(1, weeks)[0]
    context.keys[:] = unmix(1 << 63)
    return Bench(p, s, blank_result()[0], w, context)


def unmix(x: int) -> int:
    """The 64 bits that `random_numbers.mix` makes into x."""
    for shift, factor in ((31, _MIX_B), (27, _MIX_A), (30, 1)):
        undone = x
        for _ in range(64 // shift + 1):
            undone = x ^ (undone >> shift)
        x = undone * pow(factor, -1, _WORD) % _WORD
    return x


def choose(b: Bench, what: int, week: int, u: float, lane: int = 0) -> None:
    """Make one uniform number `u` (to 52 bits); the other lanes of that decision and week follow from it."""
    bits = int(u * 2**52) << 12
    b.context.keys[what, week] = (unmix(bits) - int(b.context.cell) - lane * _GOLDEN) % _WORD


def run(
    given: Inputs, which: Cells | int = 400, seed: int = 1, threads: int | None = 1
) -> tuple[Any, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """Results of timelines, and the counts of bands."""
    which = cells(which, len(given.rows)) if isinstance(which, int) else which
    return simulate_cells(given, which, seed, threads)


def inputs(
    scenario: Scenario, posterior: Posterior, draws: int = 500, as_of: date | None = None, substeps: int = 1
) -> Inputs:
    """Rows, starting states and world of a scenario, also on an as-of date that `update` does not yet take."""
    day = as_of or posterior.as_of
    used = posterior.draws.iloc[:draws]
    rows = kernel_inputs.parameter_rows(scenario, used)
    return inputs_at_start(
        rows,
        kernel_inputs.starting_states(scenario, used, rows, day),
        kernel_inputs.redrawn_parameters(
            scenario, posterior.redrawn, posterior.redrawn_mean[:draws], posterior.redrawn_chol
        ),
        kernel_inputs.make_world(scenario, day, substeps),
    )


@functools.cache
def ukraine() -> tuple[Scenario, Posterior]:
    """The real scenario and what is believed of it without its evidence, which asks for no sampler."""
    scenario = load_scenario("ukraine-2025")
    return scenario, update(scenario, prior_only=True)


@functools.cache
def ukraine_inputs(draws: int = 500, days_later: int = 0, substeps: int = 1) -> Inputs:
    """Of the real scenario, from some days after its reference date on."""
    scenario, posterior = ukraine()
    return inputs(scenario, posterior, draws, scenario.reference_date + timedelta(days=days_later), substeps)


_WORKER = """
import pickle, sys
import numpy as np
first, inside, out = sys.argv[1:4]
RECORDS = ("rows", "states", "results", "world")
exec(first)
from forecast.timeline.cells import cells, simulate_cells
with open(inside, "rb") as file:
    jobs = pickle.load(file)
results = []
for given, n in jobs:
    given = given._replace(**{name: getattr(given, name).view(np.recarray) for name in RECORDS})
    made = simulate_cells(given, cells(n, len(given.rows), 2), 1, 1)
    results.append((np.asarray(made[0]).tobytes(), made[1].tobytes()))
with open(out, "wb") as file:
    pickle.dump(results, file)
"""


def plain(given: Inputs) -> Inputs:
    """Inputs whose records are plain arrays, for another process."""
    return given._replace(**{name: np.asarray(getattr(given, name)) for name in ("rows", "states", "results", "world")})


def run_uncompiled(jobs: list[tuple[Inputs, int]], folder: Path, first: str = "") -> list[tuple[bytes, bytes]]:
    """Bytes of rows and counts of each job, run as ordinary Python in a process of its own, two timelines a draw.

    Args:
        jobs: inputs and number of timelines of each; the seed is 1.
        folder: where files for the other process may be written.
        first: a statement to be executed before the simulator is imported.
    """
    packed = [(plain(job), number) for job, number in jobs]
    inside, out = folder / "jobs.pickle", folder / "results.pickle"
    inside.write_bytes(pickle.dumps(packed))
    new_process(_WORKER, first, str(inside), str(out), NUMBA_DISABLE_JIT="1")
    results: list[tuple[bytes, bytes]] = pickle.loads(out.read_bytes())
    return results


def new_process(code: str, *arguments: str, cwd: Path | None = None, **environment: str) -> str:
    """Run code in a new interpreter with these environment variables added; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
