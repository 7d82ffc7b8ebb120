"""The whole model of the real scenario: the length of the step, stability, and which way a parameter moves the odds."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from timeline_tools import Bench, Inputs, bench, inputs, run, ukraine, ukraine_inputs

from forecast.belief.assemble import update
from forecast.encoding.timeline_table import timeline_table
from forecast.outcomes.shares import odds
from forecast.scenario.families import C95
from forecast.timeline import bands, bargain, front
from forecast.timeline.cells import cells
from forecast.timeline.codes import NONE, TEXT
from forecast.timeline.random_numbers import context_record
from forecast.timeline.state import STATE
from forecast.timeline.week import move_levels

pytestmark = pytest.mark.statistical

NUMBER = 20_000


def kinds(given: Inputs, number: int = NUMBER) -> Mapping[str, np.ndarray]:
    """Whether each timeline ends on the battlefield, negotiated or unresolved."""
    rows, _ = run(given, cells(number, len(given.rows)), threads=2)
    battlefield, negotiated = rows.ending > 0, rows.settlement >= 0
    return {"battlefield": battlefield, "negotiated": negotiated, "unresolved": ~battlefield & ~negotiated}


@pytest.mark.calibration
def test_halving_the_step_moves_the_odds_by_less_than_their_error() -> None:
    scenario, posterior = ukraine()
    rows, _ = run(ukraine_inputs(), cells(NUMBER, 500), threads=2)
    whole = odds(timeline_table(rows, scenario, posterior.as_of))
    # The difference is taken over more timelines than the error is of, so that context does not hide or feign it.
    often = [kinds(ukraine_inputs(substeps=substeps), 8 * NUMBER) for substeps in (1, 2)]
    for name, entry in whole["odds"].items():
        assert abs(often[1][name].mean() - often[0][name].mean()) < entry["standard_error"], name
    # The control: rates that are a tenth too high, as a careless step would have them.
    given = ukraine_inputs()
    rows = given.rows.copy()
    rows.talks.terms *= 1.1
    rows.talks.text *= 1.1
    rows.talks.signature *= 1.1
    faster = kinds(given._replace(rows=rows))["negotiated"].mean()
    entry = whole["odds"]["negotiated"]
    assert abs(faster - entry["probability"]) > entry["standard_error"]


# Stability

LOOP = (
    "capital",
    "attention",
    "hawks",
    "obstruction",
    "instability",
    "strain",
    "adequacy",
    "advance",
    "drift",
    "fast",
    "engagement",
)
"""The levels; ledgers (ground, demands, stock, stall) are held."""


def linearised(b: Bench) -> np.ndarray:
    """The weekly map of the levels, by central differences: on the same luck, noise drops out."""
    columns = []
    for name in LOOP:
        ends = []
        for h in (1e-4, -1e-4):
            s = np.array([b.s], STATE).view(np.recarray)[0]
            s[name] += h
            move_levels(b.p, s, b.r, b.w, b.context, 1.0)
            ends.append([s[level] for level in LOOP])
        columns.append((np.array(ends[0]) - np.array(ends[1])) / 2e-4)
    return np.array(columns).T


def radii(rung: int, strengthen: float = 1.0) -> np.ndarray:
    """Spectral radius of each draw's map, with no talks or with a text of middling terms on the table."""
    given = ukraine_inputs()
    made = bench(1)
    found = []
    for draw in range(500):
        row, state = given.rows[draw : draw + 1].copy()[0], given.states[draw : draw + 1].copy()[0]
        b = Bench(row, state, made.r, given.world[0], context_record(1, 50)[0])
        b.p.kyiv.instability_ground *= strengthen
        b.p.front.desertion *= strengthen
        b.p.front.attrition *= strengthen
        b.s.rung = rung
        if rung == TEXT:
            b.s.settlement = 0
            b.s.terms[: b.w.facts.issues] = 0.5
            b.s.index = bargain.term_index(b.p, b.s, b.w)
            bargain.update_consents(b.p, b.s, b.r, b.w)
        found.append(np.abs(np.linalg.eigvals(linearised(b))).max())
    return np.array(found)


@pytest.mark.parametrize("rung", [NONE, TEXT])
def test_levels_do_not_run_away(rung: int) -> None:
    found = radii(rung)
    assert (found < 1.0).mean() >= 0.99
    assert found.min() > 0.5


def test_a_runaway_would_be_noticed() -> None:
    assert (radii(NONE, 40.0) < 1.0).mean() < 0.5


# Supply


LARGE = 10_000.0
"""Ground gained in a week, km2, that supply hardly ever allows."""


def weeks_above(counts: np.ndarray, km2: float) -> int:
    """Weeks of all timelines with a larger gain, by bins: those in the bin of the amount are counted too."""
    k = [level.name for level in bands.LEVELS].index("km2_week")
    level = bands.LEVELS[k]
    place = int((math.asinh(km2 / front.SCALE) - level.low) / (level.high - level.low) * bands.BINS)
    assert place < bands.BINS
    return int(counts[:, :, k, place:].sum())


def test_supply_bounds_the_gain_of_a_week() -> None:
    given = ukraine_inputs()

    def found(**front: float) -> int:
        rows = given.rows.copy()
        for name, value in front.items():
            rows["front"][name] = value
        _, counts = run(given._replace(rows=rows), cells(NUMBER, 500), threads=2)
        return weeks_above(counts, LARGE)

    # Its weekly shock is fitted to maps: at 0.33, the top of the 90% range, there are hardly any such weeks.
    assert found(fast_scale=0.33) <= 0.001 * NUMBER
    # Under the prior alone the scale may be three times as large, and a shock has heavy tails.
    assert found() <= 0.005 * NUMBER
    # The control: without supply there are far more.
    assert found(fast_scale=0.33, supply_pace=1e12) > 0.005 * NUMBER


def test_no_shock_passes_what_supply_allows() -> None:
    b = bench()
    for row in ukraine_inputs().rows[:100]:
        pace, reach = row.front.supply_pace, row.front.supply_reach
        for shock in (4.0, 6.0, 8.0, 12.0, 30.0, 1e9):
            # sinh(z) is below exp(z) / 2, and z counts as 50 at most.
            most = pace + reach * (math.log1p(20.0 / reach) + min(shock, 50.0))
            assert 0 < front.slowed_gain(row.front, b.s, shock) <= most
            assert -most <= front.slowed_gain(row.front, b.s, -shock) < 0


# Fixed parameters


def fixed(**fix: float) -> Mapping[str, np.ndarray]:
    scenario, _ = ukraine()
    named = {name.replace("__", "."): value for name, value in fix.items()}
    return kinds(inputs(scenario, update(scenario, prior_only=True, fixed=named)), 8000)


def quantile(name: str, p: float) -> float:
    scenario, _ = ukraine()
    return float(scenario.priors[name].marginal.quantile(np.array(C95 if p == 0.95 else -C95)))


WAYS = [
    ("moscow.worth", "negotiated", -1),
    ("kyiv.worth", "negotiated", -1),
    ("moscow.sees_break", "negotiated", -1),
    ("kyiv.sees_break", "negotiated", 1),
    ("talks.signature", "negotiated", 1),
    ("talks.setback", "negotiated", -1),
    ("endings.defeat", "battlefield", 1),
    ("endings.collapse", "battlefield", 1),
    ("endings.failure", "battlefield", 1),
    ("front.breakthrough", "battlefield", 1),
    ("kyiv.ban", "negotiated", 1),
]


@pytest.mark.parametrize(("name", "kind", "sign"), WAYS)
def test_a_parameter_moves_the_odds_its_way(name: str, kind: str, sign: int) -> None:
    low, high = (fixed(**{name.replace(".", "__"): quantile(name, p)})[kind] for p in (0.05, 0.95))
    # On the same draws and context: the error is that of the paired difference, clustered by draw.
    difference = high.astype(float) - low.astype(float)
    draw = cells(8000, 500).draw
    sums = np.bincount(draw, weights=difference - difference.mean())
    error = math.sqrt((sums**2).sum()) / len(difference)
    assert sign * difference.mean() > 4 * error


def test_what_has_no_part_in_a_week_moves_nothing() -> None:
    # The elicited total is held against the rates by `check`, and is no rate itself.
    given = ukraine_inputs(100)

    def run(total: float) -> dict[str, np.ndarray]:
        rows = given.rows.copy()
        rows.endings.total_defeat = total
        return kinds(given._replace(rows=rows), 4000)

    low, high = run(0.0), run(1.0)
    for kind in low:
        assert np.array_equal(low[kind], high[kind])


def test_talks_off_more_hazard_means_more_battlefield_in_every_draw() -> None:
    given = ukraine_inputs(100)

    def run(factor: float) -> np.ndarray:
        rows = given.rows.copy()
        rows.talks.contact = 0.0
        rows.endings.defeat *= factor
        return kinds(given._replace(rows=rows), 4000)["battlefield"]

    first, more = run(1.0), run(3.0)
    # The same context: whatever ended on the battlefield still does.
    assert np.all(more >= first)
    assert more.sum() > first.sum()
