"""Whole runs: prefixes, threads and chunks, the calendar, what can never happen, the table of timelines."""

import functools
import itertools
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from timeline_tools import inputs, run, ukraine, ukraine_inputs

from forecast import simulate
from forecast.belief.assemble import fix_parameters, update
from forecast.encoding import kernel_inputs
from forecast.encoding.timeline_table import HEADLINES, data_dictionary, timeline_table
from forecast.scenario.spec import Scenario
from forecast.timeline import bands
from forecast.timeline import cells as simulator
from forecast.timeline.cells import Course, cells, follow
from forecast.timeline.codes import (
    CAUSES,
    EUROPE,
    KYIV,
    LEADERS,
    LEVELS,
    MOSCOW,
    PARTIES,
    POSTURES,
    RUNGS,
    TRUCES,
    WALKED_AWAY,
    WASHINGTON,
)
from forecast.timeline.fields import fields
from forecast.timeline.result import Result
from forecast.timeline.washington import NEVER

MANY = 20_000


def data(rows: np.ndarray) -> bytes:
    return np.asarray(rows).tobytes()


# The same bytes, however they are made


def test_the_first_500_of_1000_timelines_are_the_500() -> None:
    given = ukraine_inputs()
    assert data(run(given, cells(1000, 500))[0][:500]) == data(run(given, cells(500, 500))[0])


def test_cells_do_not_depend_on_the_number_of_timelines() -> None:
    for number in (1, 39, 500, 20_001, 45_000):
        which = cells(number, 500)
        i = np.arange(number)
        assert np.array_equal(which.draw, (i // 40) % 500)
        assert np.array_equal(which.row, which.draw)
        assert np.array_equal(which.replicate, i % 40 + 40 * (i // 20_000))
        assert len({*zip(which.draw, which.replicate, strict=True)}) == number


def test_threads_and_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ukraine_inputs(50)
    rows, counts = run(given, 1500)
    for threads, chunk in ((2, 500), (3, 500), (1, 37), (3, 64), (None, 10_000)):
        monkeypatch.setattr(simulator, "CHUNK", chunk)
        other_rows, other_counts = run(given, 1500, threads=threads)
        assert data(other_rows) == data(rows)
        assert np.array_equal(other_counts, counts)


def test_another_seed_gives_other_timelines() -> None:
    given = ukraine_inputs(50)
    first, second = run(given, 200)[0], run(given, 200, seed=2)[0]
    assert not np.any(first.km2_end == second.km2_end)


def test_a_run_does_not_change_what_it_is_given() -> None:
    given = ukraine_inputs(20)
    before = [data(given.rows), data(given.states), data(given.world)]
    run(given, 800)
    assert [data(given.rows), data(given.states), data(given.world)] == before


# The calendar


@pytest.mark.parametrize("later", [0, 1, 6, 7, 10, 100, 344, 345])
def test_weeks_are_fractions_that_add_up_to_the_days_of_the_run(later: int) -> None:
    scenario, _ = ukraine()
    as_of = scenario.reference_date + timedelta(days=later)
    world = kernel_inputs.make_world(scenario, as_of)[0]
    weeks = world.weeks
    days = world.closes[:weeks] - world.opens[:weeks]
    assert days.sum() == (scenario.horizon - as_of).days + 1 == 346 - later
    assert np.all((days >= 0) & (days <= 7))
    # One stretch without a gap, from the as-of date to the end of the horizon.
    assert np.array_equal(world.opens[1:weeks], world.closes[: weeks - 1])
    assert (world.opens[0], world.closes[weeks - 1]) == (later, 346)
    assert np.all(days[: later // 7] == 0)
    assert np.all(days[later // 7 :] > 0)


def test_last_week_of_the_real_scenario_is_three_days_long() -> None:
    world = ukraine_inputs(1).world[0]
    assert (world.weeks, world.closes[49] - world.opens[49], world.closes[48] - world.opens[48]) == (50, 3, 7)


def test_weeks_are_counted_from_the_monday_of_the_reference_date(tiny: Scenario) -> None:
    scenario, posterior = ukraine()
    given = inputs(scenario, posterior, 1, scenario.reference_date + timedelta(days=10))
    assert given.states.week[0] == 1
    # Dated events fall in the week of their date; those before the as-of date are past.
    world = given.world[0]
    votes = {(event.date - scenario.reference_date).days // 7 for event in scenario.votes}
    assert set(np.flatnonzero(world.votes)) == votes
    later = kernel_inputs.make_world(scenario, scenario.votes[0].date + timedelta(days=1))[0]
    assert later.votes.sum() == len(scenario.votes) - 1
    assert kernel_inputs.make_world(scenario, scenario.votes[0].date)[0].votes.sum() == len(scenario.votes)
    monday = tiny.reference_date - timedelta(days=tiny.reference_date.weekday())
    ours = kernel_inputs.make_world(tiny, tiny.reference_date)[0]
    assert [(event.date - monday).days // 7 for event in tiny.upheavals] == list(np.flatnonzero(ours.upheavals))


@pytest.mark.parametrize("later", [0, 10])
def test_timelines_last_to_the_horizon_unless_they_end(later: int) -> None:
    scenario, _ = ukraine()
    rows, counts = run(ukraine_inputs(50, later), 2000)
    running = rows.ending == 0
    assert np.allclose(rows.week[running], (346 - later) / 7, rtol=1e-12)
    assert np.all(rows.week[~running] <= (346 - later) / 7 + 1e-9)
    table = timeline_table(rows, scenario, scenario.reference_date + timedelta(days=later))
    assert set(table["last_date"][running].dt.date) == {scenario.horizon}
    assert (
        table["last_date"][~running]
        .between(pd.Timestamp(scenario.reference_date) + pd.Timedelta(days=later), pd.Timestamp(scenario.horizon))
        .all()
    )
    # Real numbers have the digits of single precision.
    for name in ("term_index", "km2_end", "approval_4w", "gap_moscow", "top_defeat_rate"):
        kept = table[name].to_numpy()
        assert kept.dtype == np.float64
        assert np.array_equal(kept, kept.astype(np.float32), equal_nan=True), name
    assert np.allclose(table["km2_end"], rows.km2_end, rtol=1e-7, atol=0.0)
    # Bands count every timeline in its first week, and the running ones in each after.
    begin = later // 7
    assert counts[:, :begin].sum() == 0
    per_week = counts.sum(axis=(0, 3))
    assert np.all(per_week[begin] == 2000)
    assert np.all(np.diff(per_week[begin:], axis=0) <= 0)
    ended_before_last = (rows.week < (346 - later) / 7 - 3 / 7 + 1e-9).sum()
    assert np.all(per_week[-1] == 2000 - ended_before_last)


# What can never happen


@functools.cache
def many() -> tuple[np.ndarray, pd.DataFrame]:
    scenario, posterior = ukraine()
    rows, _ = run(ukraine_inputs(), MANY, threads=2)
    return rows, timeline_table(rows, scenario, posterior.as_of)


def happened(days: np.ndarray) -> np.ndarray:
    return ~np.isnan(days)


def needs(later: np.ndarray, earlier: np.ndarray) -> bool:
    """Wherever the later is dated, so is the earlier, and not after it."""
    dated = happened(later)
    return bool(dated.any() and np.all(earlier[dated] <= later[dated]))


def test_every_kind_of_event_happens_somewhere() -> None:
    rows, _ = many()
    for name, field in fields(Result).items():
        if field.unit == "day" and not field.shape and name != "wider_war":
            assert happened(rows[name]).any(), name


def test_events_stand_in_their_order() -> None:
    r, _ = many()
    assert needs(r.signed, r.ban_lifted)
    # Some are never carried out: signed, and the guns go on.
    assert not needs(r.signed, r.general_first)
    assert needs(r.returned, r.walked_away)
    assert needs(r.broken, r.signed)
    assert needs(r.troops_in, r.signed)
    assert needs(r.troops_in, r.troops_text)
    assert needs(r.limited_last, r.limited_first)
    assert needs(r.general_last, r.general_first)
    assert needs(r.collapse_began, r.breakthrough)


def test_wider_war_follows_troops_and_is_no_ending() -> None:
    """Too rare to be seen in as many timelines: made likelier here."""
    scenario, posterior = ukraine()
    likely = fix_parameters(posterior, {"europe.wider_war": 0.9, "europe.troops_weeks": 4.0})
    table = simulate(scenario, likely, timelines=8000).timelines
    war = table["wider_war"].notna()
    assert war.any()
    assert (table["wider_war"] >= table["troops_in"])[war].all()
    assert set(table["headline"][war]) != {"battlefield"}


def test_dates_lie_within_the_run() -> None:
    r, table = many()
    last = np.round(r.week * 7) - 1
    for name, field in fields(Result).items():
        if field.unit != "day":
            continue
        days = r[name].reshape(len(r), -1)
        dated = ~np.isnan(days)
        assert np.all(days[dated] >= 0), name
        assert np.all((days <= last[:, None])[dated]), name
        assert np.all(days[dated] == np.floor(days[dated])), name
    assert table["last_date"].max() == pd.Timestamp(2025, 12, 31)


def test_no_battlefield_ending_while_a_general_truce_holds() -> None:
    r, _ = many()
    assert np.all(r.settlement[r.ending > 0] == -1)
    stopped = (r.ending > 0) & (r.truce == TRUCES.index("general"))
    # The exception: terms near Moscow's, signed while the defence collapses, are a capitulation.
    assert np.all(r.cause[stopped] == CAUSES.index("capitulation"))
    assert np.all(r.rung[stopped] == RUNGS.index("signed"))
    assert np.all(happened(r.collapse_began[stopped]))
    assert stopped.sum() < 0.1 * (r.ending > 0).sum()


def test_every_end_on_the_battlefield_has_a_cause() -> None:
    r, table = many()
    assert np.array_equal(r.cause >= 0, r.ending > 0)
    assert np.array_equal(r.ending == 1, (r.cause >= 0) & (r.cause < CAUSES.index("economic_crash")))
    assert {*CAUSES} - {*table["cause"].dropna()} <= {"all_ground_lost"}
    for ending in ("ukraine_defeated", "russia_fails"):
        assert table["cause"][table["ending"] == ending].notna().all()
    collapsed = r.cause == CAUSES.index("collapse_after_breakthrough")
    assert np.all(r.week[collapsed] * 7 - 1 - r.collapse_began[collapsed] > 0)
    assert np.all(happened(r.breakthrough[collapsed]))
    # Most collapses end the war; some are overtaken by the horizon, by a truce or by another end.
    began = happened(r.collapse_began)
    assert 0.5 < collapsed.sum() / began.sum() < 1


def test_a_settlement_in_force_keeps_a_general_truce() -> None:
    r, _ = many()
    settled = r.settlement >= 0
    assert settled.any()
    assert np.all(r.truce[settled] == TRUCES.index("general"))
    assert np.all(r.rung[settled] == RUNGS.index("signed"))
    assert np.all(happened(r.signed[settled]))
    assert np.all(happened(r.general_first[settled]))
    assert np.all(r.settlement[settled] == r.last_settlement[settled])
    assert np.array_equal(np.isnan(r.settlement_age), ~settled)
    assert np.all(r.settlement_age[settled] <= r.truce_longest[settled] + 1e-9)
    # And a rung above text is a settlement, unless the war ended.
    assert np.array_equal(settled, (r.rung == RUNGS.index("signed")) & (r.ending == 0))


def test_dictated_terms_are_never_on_the_table() -> None:
    r, _ = many()
    scenario, _ = ukraine()
    dictated = [k for k, settlement in enumerate(scenario.settlements) if settlement.dictated]
    assert dictated
    assert not np.isin(r.last_settlement, dictated).any()
    assert not np.isin(r.settlement, dictated).any()


def test_no_election_during_war_under_martial_law() -> None:
    # The record does not date the lapse of martial law: with that switched off an election asks for a truce.
    given = ukraine_inputs(50)
    rows = given.rows.copy()
    rows.kyiv.martial_law = 0.0
    rows.talks.general_truce *= 10.0
    rows.kyiv.election *= 20.0
    r, _ = simulator.simulate_cells(given._replace(rows=rows), cells(2000, 50), 1, 1)
    assert needs(r.election, r.general_first)
    assert np.all(r.leader[np.isnan(r.election) & np.isnan(r.transfer) & np.isnan(r.coup_attempt)] == 0)


def test_owners_share_a_defeat_and_settlements_near_moscow() -> None:
    r, _ = many()
    shares = np.column_stack([r.owner_president, r.owner_predecessor, r.owner_europe, r.owner_kyiv])
    owned = (r.ending == 1) | ((r.settlement >= 0) & (r.term_index > 2 / 3))
    assert np.array_equal(~np.isnan(shares).any(axis=1), owned)
    assert np.array_equal(~np.isnan(shares).all(axis=1), owned)
    assert np.abs(shares[owned].sum(axis=1) - 1).max() < 1e-12
    assert np.all((shares[owned] > 0) & (shares[owned] < 1))


def test_gaps_are_noted_where_terms_were_on_the_table() -> None:
    r, table = many()
    terms = r.highest_rung >= RUNGS.index("terms")
    for party, name in enumerate(PARTIES):
        assert np.array_equal(np.isfinite(r.gap[:, party]), terms)
        assert np.array_equal(table[f"gap_{name}"].notna().to_numpy(), terms)
        noted = terms & (party != WASHINGTON)
        assert np.array_equal(r.gap_issue[:, party] >= 0, noted)
        assert np.array_equal(table[f"gap_issue_{name}"].notna().to_numpy(), noted)
    assert np.array_equal(~np.isnan(r.term_index), r.last_settlement >= 0)
    assert np.array_equal(r.last_settlement >= 0, terms)
    index = r.term_index[terms]
    assert np.all((index >= 0) & (index <= 1))


def test_counts_fit_together() -> None:
    r, _ = many()
    down = r.down_consent + r.down_europe + r.down_hawks + r.down_kyiv
    # Each rung is one step up less one step down; a broken settlement or truce falls to contact at once.
    undisturbed = np.isnan(r.broken) & np.isnan(r.general_first)
    assert np.array_equal(r.rung[undisturbed], (r.steps_up - down)[undisturbed])
    assert np.all(r.highest_rung >= r.rung)
    assert np.all(r.steps_up >= r.highest_rung)
    assert np.array_equal(happened(r.breakthrough), r.breakthroughs > 0)
    # Whoever refused first did so at a step down for want of consent, and was asked.
    assert np.array_equal(r.first_refusal >= 0, r.down_consent > 0)
    assert np.all(r.first_refusal != PARTIES.index("hawks"))
    assert KYIV in r.first_refusal
    assert np.array_equal(r.engaged == 0, r.posture == WALKED_AWAY)
    assert np.all(happened(r.walked_away[r.posture == WALKED_AWAY]))
    assert np.array_equal(r.talks_alive == 1, r.rung > 0)
    assert np.all(r.truce_longest <= r.week + 1e-9)
    assert NEVER > 26


def test_amounts_are_there_as_long_as_the_timeline_lasts() -> None:
    r, _ = many()
    for name, days in (("km2_4w", 28), ("approval_4w", 28), ("km2_13w", 91), ("approval_13w", 91), ("km2_26w", 182)):
        assert np.array_equal(~np.isnan(r[name]), r.week * 7 >= days - 1e-9), name
    assert np.isfinite(r.km2_end).all()
    assert np.isfinite(r.top_defeat_rate).all()


def test_endings_are_exhaustive_and_of_their_headline() -> None:
    scenario, _ = ukraine()
    r, table = many()
    assert not table[["ending", "headline"]].isna().any().any()
    kind = {ending.id: ending.kind for ending in scenario.endings}
    assert (table["ending"].map(kind).astype(str) == table["headline"].astype(str)).all()
    assert np.array_equal(table["headline"] == "battlefield", r.ending > 0)
    assert np.array_equal(table["headline"] == "negotiated", r.settlement >= 0)
    truce = (r.truce == TRUCES.index("general")) & (r.settlement < 0) & (r.ending == 0)
    assert np.array_equal(table["ending"] == "general_truce", truce)


# The levels of a timeline


def level_by_hand(course: Course, level: str, days: float) -> float:
    """The level at the end of the week in which the day falls, so many days after the start; NaN if it ended before."""
    inside = slice(course.weeks.start, course.weeks.stop)
    opens, closes = course.world.opens[inside], course.world.closes[inside]
    day = opens[0] + days
    at = np.flatnonzero((opens < day) & (day <= closes))
    return float(course.states[level][at[0] + 1]) if len(at) else float("nan")


@pytest.mark.parametrize("later", [0, 10, 200])
def test_levels_in_a_row_are_those_of_its_weeks(later: int) -> None:
    scenario, _ = ukraine()
    given, as_of = ukraine_inputs(20, later), scenario.reference_date + timedelta(days=later)
    rows, _ = run(given, 800)
    table = timeline_table(rows, scenario, as_of)
    ended = np.flatnonzero((rows.ending > 0) & (rows.week < 20))[:6]
    assert later or len(ended) > 2
    for k in (0, 41, 300, *ended):
        course = follow(given, (rows.draw[k], rows.draw[k], rows.draw[k], rows.replicate[k]), k, 1)
        inside = slice(course.weeks.start, course.weeks.stop)
        days = course.world.closes[inside] - course.world.opens[inside]
        assert days.sum() == pytest.approx(rows.week[k] * 7)
        for n, level in enumerate(LEVELS):
            path = course.states[level][1:]
            by_hand = {
                "average": np.average(path, weights=days),
                "4w": level_by_hand(course, level, 28),
                "13w": level_by_hand(course, level, 91),
                "26w": level_by_hand(course, level, 182),
                "end": path[-1],
            }
            for when, expected in by_hand.items():
                exact = rows["average" if when == "average" else f"at_{when}"][k, n]
                assert exact == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True), (level, when)
                # Rounded to 12 binary digits.
                kept = table[f"{level}_{when}"][k]
                assert kept == pytest.approx(expected, rel=2.0**-12, nan_ok=True), (level, when)


def test_columns_of_levels_are_single_and_there_as_long_as_the_timeline_lasts() -> None:
    r, table = many()
    for level in LEVELS:
        assert table[f"{level}_end"].dtype == np.float32
        assert np.isfinite(table[f"{level}_average"]).all()
        assert np.isfinite(table[f"{level}_end"]).all()
        for when, days in (("4w", 28), ("13w", 91), ("26w", 182)):
            assert np.array_equal(table[f"{level}_{when}"].notna(), r.week * 7 >= days - 1e-9), (level, when)
    # The averages differ between timelines of one draw, as levels fluctuate.
    assert table.groupby("draw")["capital_average"].std().min() > 0.1


def test_private_worths_are_those_of_the_draw() -> None:
    given = ukraine_inputs(20)
    kept = [[follow(given, (d, d, d, k), 0, 1).states.private[0] for k in (0, 7)] for d in (0, 5, 11)]
    for d, pair in zip((0, 5, 11), kept, strict=True):
        assert np.array_equal(pair[0], pair[1])
        row = given.rows[d]
        expected = {
            MOSCOW: row.talks.moscow_spread * row.moscow.private,
            KYIV: row.talks.kyiv_spread * row.kyiv.private,
            EUROPE: row.talks.europe_spread * row.talks.europe_private,
        }
        for party, value in expected.items():
            assert pair[0][party] == value
    assert len({tuple(pair[0]) for pair in kept}) == 3


# The table


def test_columns_are_those_of_the_data_dictionary(tiny: Scenario) -> None:
    posterior = update(tiny, prior_only=True)
    table = simulate(tiny, posterior, timelines=300, draws=20).timelines
    wanted = []
    for name, _, meaning in data_dictionary(tiny.names):
        assert meaning
        assert "{" not in meaning
        for suffix, rows in (("<party>", PARTIES), ("<region>", [region.id for region in tiny.regions])):
            if name.endswith(suffix):
                wanted += [name.removesuffix(suffix) + row for row in rows]
                break
        else:
            wanted.append(name)
    assert sorted(table.columns) == sorted(wanted)
    assert len(table) == 300
    assert np.array_equal(table["timeline"], np.arange(300))


def test_words_and_dates_of_the_table(tiny: Scenario) -> None:
    scenario, posterior = tiny, update(tiny, prior_only=True)
    given = inputs(scenario, posterior, 20)
    rows, _ = run(given, 300)
    table = timeline_table(rows, scenario, posterior.as_of)
    words = {
        "truce": TRUCES,
        "rung": RUNGS,
        "highest_rung": RUNGS,
        "posture": POSTURES,
        "leader": LEADERS,
        "first_refusal": PARTIES,
        "headline": HEADLINES,
        "ending": [ending.id for ending in scenario.endings],
        "settlement": [settlement.id for settlement in scenario.settlements],
        "last_settlement": [settlement.id for settlement in scenario.settlements],
        "cause": CAUSES,
        "gap_issue_kyiv": [issue.id for issue in scenario.issues],
    }
    for name, categories in words.items():
        assert list(table[name].cat.categories) == list(categories), name
    for name, column in (("posture", rows.posture), ("rung", rows.rung), ("first_refusal", rows.first_refusal)):
        assert np.array_equal(table[name].cat.codes, column)
    assert table["talks_alive"].dtype == bool
    assert table["steps_up"].dtype == np.int64
    reference = scenario.reference_date
    for name in ("signed", "walked_away", "ban_lifted", "breakthrough", "pocket_lost"):
        for day, shown in zip(rows[name], table[name], strict=True):
            assert pd.isna(shown) if np.isnan(day) else shown.date() == reference + timedelta(days=int(day))


def test_dates_of_a_run_that_begins_later_count_from_the_reference_date(tiny: Scenario) -> None:
    posterior = update(tiny, prior_only=True)
    as_of = tiny.reference_date + timedelta(days=10)
    rows, _ = run(inputs(tiny, posterior, 20, as_of), 400)
    table = timeline_table(rows, tiny, as_of)
    dates = [table[name].dropna() for name in table if table[name].dtype.kind == "M"]
    everything = list(itertools.chain.from_iterable(dates))
    assert min(everything).date() >= as_of
    assert max(everything).date() == tiny.horizon == date(2031, 9, 29)


# Bands


def test_quantiles_of_bands_are_those_of_the_values() -> None:
    level = bands.LEVELS[0]
    rng = np.random.default_rng(1)
    values = rng.normal(size=5000)
    edges = np.linspace(level.low, level.high, bands.BINS + 1)
    counts = np.histogram(values, edges)[0]
    found = bands.quantiles(counts[None, :], level, (0.05, 0.5, 0.95))[0]
    # Within a bin's width.
    assert np.abs(found - np.quantile(values, [0.05, 0.5, 0.95])).max() < edges[1] - edges[0]


def test_bands_of_a_run_lie_around_its_levels(tiny: Scenario) -> None:
    simulation = simulate(tiny, update(tiny, prior_only=True), timelines=400, draws=20)
    shown = simulation.bands
    quantiles = ["q05", "q25", "q50", "q75", "q95"]
    every = shown[shown["ending"] == "all"]
    assert np.all(np.diff(every[quantiles].to_numpy(), axis=1) >= 0)
    assert (every["timelines"] <= 400).all()
    parts = shown[shown["ending"] != "all"].groupby(["level", "week"])["timelines"].sum()
    whole = every.set_index(["level", "week"])["timelines"]
    assert (parts == whole.reindex(parts.index)).all()
    last = every[(every["level"] == "km2") & (every["week"] == every["week"].max())].iloc[0]
    km2 = simulation.timelines.loc[simulation.timelines["headline"] != "battlefield", "km2_end"]
    low, high = np.quantile(km2, [0.45, 0.55])
    assert low - 5 <= last["q50"] <= high + 5
