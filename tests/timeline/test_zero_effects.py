"""Without noise and rates a timeline is a path that can be worked out by hand, and is here."""

import math

import numpy as np
import pytest
from timeline_tools import Bench, bench, choose

from forecast.timeline import front, ladder
from forecast.timeline.result import RESULT
from forecast.timeline.state import STATE
from forecast.timeline.week import begin, timeline

START_DRIFT, START_FAST, LEVEL, MUD = 0.6, -0.8, 0.9, 0.4
SLOW_HALF_LIFE, PERSISTENCE = 20.0, 0.5
ADEQUACY, ADEQUACY_HALF_LIFE, SLOWED = 1.5, 15.0, 0.3


def season(week: int) -> float:
    return 0.5 if 8 <= week < 14 else 0.0


def quiet(begins: float = 0.0, ends: float = 346.0) -> Bench:
    """A front that moves, and nothing else: no noise, no rates."""
    b = bench(math.ceil(ends / 7), begins=begins, ends=ends)
    p, s = b.p.front, b.s
    p.level, p.mud, p.slow_half_life, p.fast_persistence = LEVEL, MUD, SLOW_HALF_LIFE, PERSISTENCE
    p.adequacy_half_life, p.adequacy_on_advance = ADEQUACY_HALF_LIFE, SLOWED
    p.held[:2] = s.held[:2] = 1e7
    b.w.facts.region_area[:2] = 2e7
    s.drift, s.fast = START_DRIFT, START_FAST
    s.adequacy = s.adequacy_seen = ADEQUACY
    for week in range(b.w.weeks):
        b.w.season[week] = season(week)
    return b


def run(b: Bench) -> np.ndarray:
    """Run the timeline; returns its path of weekly levels, (weeks, levels)."""
    path = np.zeros((b.w.weeks, 13))
    states, results = np.zeros(0, STATE).view(np.recarray), np.zeros(0, RESULT).view(np.recarray)
    begin(b.p, b.s, b.w, b.context)
    assert timeline(b.p, b.s, b.r, b.w, b.context, path, states, results) == b.w.weeks
    return path


def by_hand(begins: float, ends: float) -> list[tuple[float, float, float, float]]:
    """First and last day of each week's part in the run, its z and its net gain, written out."""
    weeks = []
    day, elapsed = begins, 0.0
    while day < ends:
        week = int(day // 7)
        close = min(7.0 * (week + 1), ends)
        dt = (close - day) / 7
        elapsed += dt
        drift = START_DRIFT * 2 ** (-elapsed / SLOW_HALF_LIFE)
        fast = START_FAST * PERSISTENCE**elapsed
        adequacy = ADEQUACY * 2 ** (-elapsed / ADEQUACY_HALF_LIFE)
        z = LEVEL - MUD * season(week) + drift + fast - SLOWED * (adequacy - ADEQUACY)
        weeks.append((day, close, z, dt * 40 * math.sinh(z)))
        day = close
    return weeks


def gained(weeks: list[tuple[float, float, float, float]], upto: float) -> float:
    """Ground gained by the end of day `upto`, even within a week."""
    return sum(net * min(1.0, max(0.0, (upto - opens) / (closes - opens))) for opens, closes, _, net in weeks)


@pytest.mark.parametrize(("begins", "ends"), [(0, 346), (10, 346), (13, 346), (3, 215)])
def test_path_of_the_front(begins: float, ends: float) -> None:
    b, weeks = quiet(begins, ends), by_hand(begins, ends)
    path = run(b)
    first = int(begins // 7)
    assert 40 * np.sinh(path[first:, 7]) == pytest.approx([net for *_, net in weeks], rel=1e-9)
    assert 40 * np.sinh(path[first:, 8]) == pytest.approx(np.cumsum([net for *_, net in weeks]), rel=1e-9)
    for name, days in (("km2_4w", 28), ("km2_13w", 91), ("km2_26w", 182), ("km2_end", ends - begins)):
        assert b.r[name] == pytest.approx(gained(weeks, begins + days), rel=1e-9), name
    assert b.r.week == pytest.approx((ends - begins) / 7, rel=1e-12)


def test_a_mark_in_the_middle_of_a_week_is_interpolated() -> None:
    b, weeks = quiet(10, 346), by_hand(10, 346)
    run(b)
    # Day 38 is three days into its week: neither end of the week is near.
    assert abs(gained(weeks, 35) / b.r.km2_4w - 1) > 0.05
    assert abs(gained(weeks, 42) / b.r.km2_4w - 1) > 0.05


def test_a_run_too_short_for_a_mark_has_none() -> None:
    b = quiet(300, 346)
    run(b)
    assert math.isfinite(b.r.km2_4w)
    assert math.isnan(b.r.km2_13w)
    assert math.isnan(b.r.approval_13w)


def test_approval_is_read_off_capital() -> None:
    b = quiet()
    b.p.washington.approval_at_zero, b.p.washington.approval_per_sd = 45.0, 3.0
    b.s.capital = 2.0
    run(b)
    assert b.r.approval_4w == pytest.approx(45 + 3 * 2 * 2 ** (-4 / 10))
    assert b.r.approval_13w == pytest.approx(45 + 3 * 2 * 2 ** (-13 / 10))


def test_a_slow_level_without_spread_still_reverts_at_its_half_life() -> None:
    b = bench()
    b.s.drift, b.p.front.slow_half_life = 1.0, 20.0
    front.drift_step(b.p.front, b.s, b.context, 1.0)
    assert b.s.drift == pytest.approx(2 ** (-1 / 20))


def test_levels_revert_to_their_means() -> None:
    b = quiet()
    means = {"capital": 0.4, "attention": -0.7, "hawks": -0.3, "obstruction": 0.0, "instability": 0.0, "strain": 0.9}
    p = b.p
    p.washington.capital_mean, p.washington.attention_mean = 0.4, -0.7
    p.hawks.hawks_text = 0.0
    p.moscow.strain_trend = 0.9
    starts = {"capital": 1.0, "attention": 2.0, "hawks": -1.0, "obstruction": 1.5, "instability": -2.0, "strain": 0.1}
    for name, value in starts.items():
        b.s[name] = value
    means["hawks"] = 0.0
    lives = dict(zip(starts, (40.0, 8.0, 12.0, 30.0, 25.0, 60.0), strict=True))
    parts = dict(zip(starts, (p.washington, p.washington, p.hawks, p.europe, p.kyiv, p.moscow), strict=True))
    for name, part in parts.items():
        part[f"{name}_half_life"] = lives[name]
    path = run(b)
    for k, name in enumerate(("capital", "attention", "hawks", "obstruction", "instability", "strain")):
        weeks = np.minimum(np.arange(1, b.w.weeks + 1), 346 / 7)
        expected = means[name] + (starts[name] - means[name]) * 2 ** (-weeks / lives[name])
        assert path[:, k] == pytest.approx(expected, rel=1e-9, abs=1e-12), name


def test_the_ledger_takes_what_is_left_elsewhere_when_a_region_is_exhausted() -> None:
    b = bench(10)
    b.p.front.level = math.asinh(1.0)  # 40 km2 a week
    b.p.front.held[:2] = b.s.held[:2] = [30.0, 1000.0]
    b.p.front.share[:2] = [0.5, 0.5]
    b.p.front.share_concentration = 1e9  # Shares of one half each, as good as.
    b.w.facts.region_area[:2] = 1000.0
    run(b)
    # 20 km2 each in the first week; 10 and 30 in the second; 40 in the other from then on.
    assert b.s.held[0] == pytest.approx(0.0, abs=1e-6)
    assert b.s.held[1] == pytest.approx(1000 - 20 - 30 - 8 * 40, rel=1e-6)
    assert b.r.taken[0] == 13
    assert math.isnan(b.r.taken[1])
    assert b.r.km2_end == pytest.approx(400.0)


def test_the_pocket_is_lost_on_its_own_clock() -> None:
    b = bench(20)
    b.s.pocket, b.p.front.pocket_loss, b.p.front.pocket_noise = 400.0, 60.0, 0.5
    path = run(b)
    held = [max(400 - 60 * week, 0) for week in range(1, 7)]
    assert 40 * np.sinh(path[:6, 9]) == pytest.approx(held, rel=1e-9)
    # 40 km2 after six weeks; less than 25 after seven, on the last day of the seventh.
    assert b.r.pocket_lost == 7 * 7 - 1
    assert b.s.pocket == 0.0


def test_the_ladder_is_climbed_when_the_weeks_clock_runs_out() -> None:
    b = bench(20)
    rate = 0.25
    b.p.talks.contact = rate
    for week in range(20):
        # The week's clock: an exponential number, above the rate in every week but the twelfth.
        wait = rate * (0.9 if week == 11 else 1.1)
        choose(b, ladder.LADDER, week, math.exp(-wait))
    path = run(b)
    assert np.array_equal(path[:, 12], [0.0] * 11 + [1.0] * 9)
    assert (b.r.steps_up, b.r.highest_rung, b.r.rung, b.r.talks_alive) == (1, 1, 1, 1)


def test_a_talking_side_counts_as_a_departure_from_when_last_seen() -> None:
    b = bench(2)
    b.p.front.level, b.p.front.talks_on_advance = 0.2, 0.5
    b.s.rung, b.s.settlement = 1, 0
    run(b)
    assert b.r.km2_end == pytest.approx(2 * 40 * math.sinh(0.7))
    b = bench(2)
    b.p.front.level, b.p.front.talks_on_advance = 0.2, 0.5
    b.s.rung, b.s.settlement, b.s.talking_seen = 1, 0, 1.0
    run(b)
    assert b.r.km2_end == pytest.approx(2 * 40 * math.sinh(0.2))


def test_nothing_happens_without_rates() -> None:
    b = quiet()
    run(b)
    for name in b.r.dtype.names:
        if name in (
            "ban_lifted",
            "signed",
            "walked_away",
            "breakthrough",
            "draft_failed",
            "arms_renewed",
            "collapse_began",
            "coup_attempt",
            "general_first",
            "wider_war",
        ):
            assert math.isnan(b.r[name]), name
    assert (b.r.ending, b.r.cause, b.r.rung, b.r.settlement) == (0, -1, 0, -1)
    assert (b.r.steps_up, b.r.top_defeat_rate) == (0, 0)
