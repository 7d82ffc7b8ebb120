"""From a chronology to where the futures start: weeks by hand, selection of draws, what is refused."""

import io
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chronology_tools import chronicle
from damage import swap
from run_tools import Done
from timeline_tools import ukraine

from forecast.belief.assemble import update
from forecast.errors import InputError
from forecast.replay import starting_points
from forecast.replay.observations import weekly_record_of
from forecast.replay.prequential import common_density
from forecast.replay.starting_points import (
    BLOCK_DRAWS,
    COPY,
    REPLICATES,
    Start,
    in_blocks,
    in_proportion,
    selected,
)
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import TIMELINES_PER_DRAW
from forecast.timeline.codes import CONTACT, LIMITED, MEDIATING, NO_TRUCE, NONE, PRESSING_KYIV, PRESSING_MOSCOW, TERMS
from forecast.timeline.conditioning import EXCLUDED, FREE, HAPPENED, NOT, NOT_OBSERVED
from forecast.timeline.endings import COLLAPSE, ENDING
from forecast.timeline.kyiv import COUP
from forecast.timeline.particle_filter import MOST_KINDS, Replayed
from forecast.timeline.result import RESULT
from forecast.timeline.state import STATE
from forecast.timeline.talks import LIMITED_TRUCE
from forecast.timeline.weekly_record import STREAMS, WeeklyRecord, observed_record

UP, DOWN = 1, 2


def past(*day: int) -> WeeklyRecord:
    return weekly_record_of(ukraine()[0], date(2025, *day))


# The record of 2025, by hand


def test_the_first_weeks_have_no_talks_and_then_a_call() -> None:
    # The call of Wednesday 12 February is in the fourth week; the day itself belongs to the future.
    assert past(2, 12).rung.tolist() == [NONE] * 5
    assert past(2, 13).rung.tolist() == [NONE, NONE, NONE, NONE, CONTACT]
    assert past(2, 13).moves.tolist() == [0, 0, 0, UP]
    assert past(2, 17).moves.tolist() == [0, 0, 0, UP]


def test_pressing_kyiv_and_the_pause_begin_in_one_week_and_end_in_the_next() -> None:
    seen = past(3, 17)
    assert seen.posture.tolist() == [MEDIATING] * 7 + [PRESSING_KYIV, MEDIATING]
    assert seen.paused.tolist() == [0] * 7 + [1, 0]
    # Observed by Tuesday 4 March, when the pause of the day before had become public; on Monday nobody knew.
    assert past(3, 4).posture.tolist() == [MEDIATING] * 7 + [PRESSING_KYIV]
    assert past(3, 3).posture.tolist() == [MEDIATING] * 7
    # On the day on which the pause ended it still stood; the day after the split week ends without it.
    assert past(3, 11).paused.tolist() == [0] * 7 + [1, 1]
    assert past(3, 12).paused.tolist() == [0] * 7 + [1, 0]


def test_the_rest_of_the_year() -> None:
    seen = past(12, 31)
    weeks = {name: (np.flatnonzero(np.diff(getattr(seen, name))) + 1).tolist() for name in ("rung", "posture", "truce")}
    monday = date(2025, 1, 20)

    def ends(*days: tuple[int, int]) -> list[int]:
        return [((date(2025, *day) - monday).days) // 7 + 1 for day in days]

    assert weeks["rung"] == ends((2, 12), (6, 2), (9, 12), (11, 21))
    assert weeks["posture"] == ends((3, 3), (3, 11), (7, 14), (8, 15), (10, 22), (11, 20))
    assert weeks["truce"] == ends((3, 19), (4, 18))
    assert seen.rung[[-1, 20, 30]].tolist() == [TERMS, TERMS, TERMS]
    assert seen.posture[[26, 30, 41]].tolist() == [PRESSING_MOSCOW, MEDIATING, PRESSING_MOSCOW]
    assert seen.truce[[9, 12, 13]].tolist() == [LIMITED, LIMITED, NO_TRUCE]
    assert [(week, move) for week, move in enumerate(seen.moves) if move] == [
        (ends(day)[0] - 1, move) for day, move in (((2, 12), UP), ((6, 2), UP), ((9, 12), DOWN), ((11, 21), UP))
    ]
    assert set(seen.banned) == {1}
    assert all((counts == 0).all() for counts in seen.events.values())
    assert set(seen.events) == {name for name in STREAMS if name in ukraine()[0].chronology.guide.decision}


def test_the_pocket_follows_the_map_until_it_is_lost() -> None:
    seen = past(6, 16).pocket
    assert seen[[0, 6, 13]].tolist() == [440.12, 300.56, 29.06]
    # A Monday without a map keeps the last one; the week that ends on 2 June still counts as held.
    assert (seen[5], seen[18], seen[19], seen[20]) == (428.68, 25.0, 0.0, 0.0)
    assert past(5, 8).pocket[-1] == 29.06


def test_a_period_that_ends_before_the_as_of_date_leaves_out_what_came_after() -> None:
    # The step to terms of 2 June is known on the 8th, and no part of the weeks up to 12 May.
    seen = weekly_record_of(ukraine()[0], date(2025, 6, 8), date(2025, 5, 12))
    assert (seen.weeks, seen.moves.tolist()) == (16, [0, 0, 0, UP] + [0] * 12)
    assert seen.rung[-1] == CONTACT


def test_talks_that_a_broken_truce_brings_back_to_contact_are_no_moves(tiny_folder: Path) -> None:
    changes = (
        "2031-03-05,2031-03-06,rung,contact,talks,gazette",
        "2031-03-12,2031-03-13,rung,terms,a paper,gazette",
        "2031-03-19,2031-03-20,truce,general,silence,gazette",
        "2031-04-02,2031-04-03,truce,none,guns,gazette",
        "2031-04-02,2031-04-03,rung,contact,guns,gazette",
        "2031-04-16,2031-04-17,rung,none,broken off,gazette",
    )
    past = weekly_record_of(load_scenario(chronicle(tiny_folder, changes=changes)), date(2031, 4, 28))
    moved = {week: code for week, code in enumerate(past.moves.tolist()) if code}
    weeks = [(day - date(2031, 3, 3)).days // 7 for day in (date(2031, 3, 5), date(2031, 3, 12), date(2031, 4, 16))]
    assert moved == dict(zip(weeks, (UP, UP, DOWN), strict=True))


# Selection


def made_up(weights: list[float], replicates: int = 4) -> Replayed:
    """A replay of a week whose draws have these weights; states tell draw and replicate by km2."""
    count = len(weights)
    states = np.zeros((count, replicates), STATE).view(np.recarray)
    states["km2"] = 100.0 * np.arange(count)[:, None] + np.arange(replicates)
    results = np.zeros((count, replicates), RESULT).view(np.recarray)
    share = np.tile([0.5, 0.25, 0.25, 0.0][:replicates], (count, 1))
    with np.errstate(divide="ignore"):
        log_weight = np.log(np.array(weights))[:, None] - 700.0
    return Replayed(log_weight, share, states, results, states["km2"][:, :, None].copy(), np.zeros((1, MOST_KINDS)))


def choose(weights: list[float], draws: int) -> Start:
    return selected(made_up(weights), draws, ukraine()[0], date(2025, 1, 27))


def test_equal_weights_are_used_evenly() -> None:
    start = choose([1.0] * 8, 8)
    assert sorted(start.draw) == list(range(8))
    assert set(Counter(choose([1.0] * 8, 20).draw.tolist()).values()) == {2, 3}
    assert start.effective == pytest.approx(8.0)
    assert start.log_weight == pytest.approx([-700.0])


def test_draws_are_used_in_proportion_to_their_weights() -> None:
    rng = np.random.default_rng(1)
    weights = rng.dirichlet(np.full(50, 0.3))
    start = choose((1e-5 * weights).tolist(), 30)
    used = np.bincount(start.draw, minlength=50)
    assert used.sum() == 30
    assert (np.abs(used - 30 * weights) < 1.0).all()
    assert start.effective == pytest.approx(1.0 / np.sum(weights**2))
    assert start.log_weight == pytest.approx([np.log(1e-5 / 50) - 700.0])
    # Any first part of the timelines is a fair sample too.
    heavy = weights > 0.05
    assert abs(heavy[start.draw[:15]].mean() - weights[heavy].sum()) < 0.15


def test_at_next_to_equal_weights_the_first_draws_are_used() -> None:
    rng = np.random.default_rng(1)
    for draws in (500, 400, 7):
        assert sorted(choose([1.0] * 4000, draws).draw) == list(range(draws))
        start = choose((1.0 + 0.01 * rng.standard_normal(4000)).tolist(), draws)
        assert len(set(start.draw) - set(range(draws))) <= 1 + 0.01 * draws


def test_whatever_their_order_draws_are_used_as_their_weights_say() -> None:
    rng = np.random.default_rng(2)
    weights = rng.dirichlet(np.full(40, 0.5))
    used = np.zeros(40)
    for _ in range(2000):
        order = rng.permutation(40)
        used += np.bincount(order[in_proportion(np.log(weights[order]), 20)], minlength=40)
    assert np.abs(used / 2000 - 20 * weights).max() < 0.08


@pytest.mark.parametrize("spread", [0.0, 0.5, 3.0], ids=["equal", "nearly equal", "unequal"])
def test_a_longer_selection_begins_with_a_shorter_one_and_is_in_proportion(spread: float) -> None:
    log_weight = spread * np.random.default_rng(6).standard_normal(4000)
    weights = np.exp(log_weight)
    weights /= weights.sum()
    whole, copies = in_blocks(log_weight, 4000)
    assert len(set(zip(whole.tolist(), copies.tolist(), strict=True))) == 4000
    assert sorted(whole[:BLOCK_DRAWS]) == in_proportion(log_weight, BLOCK_DRAWS).tolist()
    for count in range(BLOCK_DRAWS, 4001, BLOCK_DRAWS):
        draw, copy = in_blocks(log_weight, count)
        assert (draw.tolist(), copy.tolist()) == (whole[:count].tolist(), copies[:count].tolist())
        times = np.bincount(draw, minlength=4000)
        assert (np.abs(times - count * weights) < 1.5 + 0.02 * count * weights).all()
        for place in np.flatnonzero(times):
            assert sorted(copy[draw == place]) == list(range(times[place]))
    if spread == 0.0:
        assert [sorted(whole[k : k + BLOCK_DRAWS])[0] for k in range(0, 4000, BLOCK_DRAWS)] == list(range(0, 4000, 500))


def test_draws_without_weight_are_never_selected() -> None:
    log_weight = np.full(4000, -np.inf)
    log_weight[[3, 77]] = np.log([0.25, 0.75])
    draw, copy = in_blocks(log_weight, 2000)
    assert Counter(draw.tolist()) == {3: 500, 77: 1500}
    assert sorted(copy[draw == 77]) == list(range(1500))


def test_one_draw_with_all_the_weight_is_copied_with_other_luck() -> None:
    start = choose([0.0, 1.0, 0.0], 5)
    assert start.draw.tolist() == [1] * 5
    assert sorted(start.copy) == list(range(5))
    assert (start.effective, len(start.states)) == (1.0, 4)
    cells = start.cells(np.arange(5 * TIMELINES_PER_DRAW))
    assert len(set(zip(cells.draw.tolist(), cells.replicate.tolist(), strict=True))) == 5 * TIMELINES_PER_DRAW
    assert set(cells.replicate // COPY) == set(range(5))


def test_more_timelines_begin_with_the_same_ones() -> None:
    start = choose([0.1, 0.2, 0.0, 0.7], 6)
    few, many = start.cells(np.arange(7)), start.cells(np.arange(1000))
    for name in ("row", "start", "draw", "replicate"):
        assert getattr(few, name).tolist() == getattr(many, name)[:7].tolist()
    some = np.array([700, 3, 999])
    assert start.cells(some).start.tolist() == many.start[some].tolist()


def test_every_timeline_starts_from_a_replicate_of_its_draw_by_its_share() -> None:
    start = choose([0.1, 0.2, 0.0, 0.7], 6)
    cells = start.cells(np.arange(6 * TIMELINES_PER_DRAW))
    assert (start.states["km2"][cells.start] // 100 == cells.draw).all()
    assert (start.draw[cells.row] == cells.draw).all()
    assert (start.values[cells.start, 0] == start.states["km2"][cells.start]).all()
    for slot in range(6):
        used = np.bincount(start.states["km2"][cells.start[cells.row == slot]].astype(int) % 100, minlength=4)
        assert (np.abs(used - TIMELINES_PER_DRAW * np.array([0.5, 0.25, 0.25, 0.0])) <= 2).all()
        assert used[3] == 0


def test_the_future_counts_from_the_as_of_date() -> None:
    made = made_up([1.0, 1.0])
    made.states["elapsed"], made.results["km2_4w"], made.results["breakthroughs"] = 5.0, 7.0, 3.0
    start = selected(made, 2, ukraine()[0], date(2025, 2, 26))
    assert (start.states["km2_start"] == start.states["km2"]).all()
    assert set(start.states["elapsed"]) == {0.0}
    assert set(start.states["week"]) == {5}
    assert np.isnan(start.results["km2_4w"]).all()
    assert set(start.results["breakthroughs"]) == {3.0}
    # The replay itself is left as it was.
    assert set(made.states["elapsed"].ravel()) == {5.0}


def test_a_start_is_kept_and_read_again() -> None:
    start = choose([0.1, 0.2, 0.0, 0.7], 6)
    again = Start.from_bytes(start.to_bytes())
    for name in Start.__dataclass_fields__:
        one, other = np.asarray(getattr(start, name)), np.asarray(getattr(again, name))
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes()), name
    assert again.to_bytes() == start.to_bytes()
    assert again.states.km2.tolist() == start.states["km2"].tolist()


def test_a_start_that_an_earlier_version_kept_is_read() -> None:
    start, out = choose([0.1, 0.2, 0.0, 0.7], 6), io.BytesIO()
    np.savez(out, **{name: np.asarray(getattr(start, name)) for name in Start.__dataclass_fields__})
    assert Start.from_bytes(out.getvalue()).to_bytes() == start.to_bytes()


# The whole of it, on the real scenario


def test_a_replay_leads_to_what_is_recorded() -> None:
    scenario, _ = ukraine()
    day = date(2025, 3, 12)
    posterior = update(scenario, day, prior_only=True)
    start, _ = starting_points.start(scenario, posterior, 100, 2)
    states = start.states
    # What a replicate without a share stands at is nothing that is started from.
    used = np.unique(start.cells(np.arange(100 * TIMELINES_PER_DRAW)).start)
    for name, value in (("rung", CONTACT), ("posture", MEDIATING), ("paused", 0), ("truce", NO_TRUCE), ("ending", 0)):
        assert set(states[name][used]) == {value}, name
    assert set(states["pause_memory"][used] < 3) == {True}
    assert len(states) == REPLICATES * len(set(start.draw))
    assert start.effective is not None
    assert 1.0 < start.effective < 4000.0
    assert start.log_weight.shape == (8,)
    assert (np.diff(start.log_weight) < 0.0).all()


# What cannot have happened


def test_a_record_that_no_draw_allows_names_week_row_and_decision(tiny_folder: Path) -> None:
    chronicle(tiny_folder)
    scenario = load_scenario(tiny_folder)
    day = date(2031, 4, 21)
    assert np.isfinite(
        starting_points.start(scenario, update(scenario, day, prior_only=True), 50, 2)[0].log_weight
    ).all()
    # A meeting of that week, which is no decision, is none of the rows at fault.
    chronicle(tiny_folder, ("2031-03-19,2031-03-20,,A meeting.,notable,gazette",))
    scenario = load_scenario(tiny_folder, edits=["moscow.worth.quantiles=[0.3,0.4,0.5]"])
    fixed = update(scenario, day, prior_only=True, fixed={"washington.press_kyiv": 0.0})
    with pytest.raises(InputError) as caught:
        starting_points.start(scenario, fixed, 50, 2)
    told = str(caught.value)
    assert caught.value.exit_code == 2
    for part in ("week of 2031-03-17", "washington.posture", "states.csv row 3: 2031-03-18, posture", "priors"):
        assert part in told, told
    assert f"{tiny_folder.name}/evidence" in told
    assert "events.csv" not in told
    assert "(changed in this run: --set moscow.worth.quantiles=[0.3,0.4,0.5], --fix washington.press_kyiv=0)" in told


def test_a_war_that_is_recorded_as_ended_is_not_foreseen(tiny_folder: Path) -> None:
    ended = "2031-04-01,2031-04-02,endings.any,The war is over.,by the criteria,gazette"
    guide = {"endings.any": {"systematic": True, "guide": "the end"}}
    scenario = load_scenario(chronicle(tiny_folder, (ended,), decisions=guide))
    starting_points.refuse_ended_war(scenario, date(2031, 4, 1))
    with pytest.raises(InputError) as caught:
        starting_points.start(scenario, update(scenario, date(2031, 4, 2), prior_only=True), 50, 2)
    told = str(caught.value)
    for part in ("events.csv: row 2", "ended on 2031-04-01", "--as-of 2031-04-01 or an earlier day"):
        assert part in told, told


def test_fixing_an_observed_start_is_refused() -> None:
    scenario, _ = ukraine()
    assert update(scenario, prior_only=True, fixed={"washington.capital_start": 0.5}).fixed
    for name in ("washington.capital_start", "kyiv.instability_start", "front.pocket_start"):
        with pytest.raises(InputError, match=f"--fix: {name}: this is the level on 2025-01-20"):
            update(scenario, date(2025, 3, 3), prior_only=True, fixed={name: 0.5})


@pytest.mark.parametrize("day", ["2025-W10-1", "2025-3-3", datetime(2025, 3, 3, tzinfo=UTC), 20250303])
def test_a_date_in_python_is_parsed_as_everywhere(day: object) -> None:
    scenario, _ = ukraine()
    assert update(scenario, "2025-03-03", prior_only=True).as_of == date(2025, 3, 3)
    with pytest.raises(InputError, match=r"as_of: .* is not a date\. Write it as YYYY-MM-DD"):
        update(scenario, day, prior_only=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fixed", "words"),
    [
        ({"moscow.wort": 0.4}, "no entry has this name. Did you mean moscow.worth"),
        ({"moscow.worth": -2.0}, "expected -1 to 1"),
        ({"moscow.worth": True}, "found true; expected a finite number"),
        ({"moscow.worth": "0.4x"}, "found '0.4x'; expected a finite number"),
    ],
)
def test_what_python_fixes_is_checked_as_on_the_command_line(fixed: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        update(ukraine()[0], prior_only=True, fixed=fixed)
    assert words in str(caught.value)


def test_the_command_refuses_it_and_writes_nothing(
    command: Callable[..., Done], tiny_folder: Path, tmp_path: Path
) -> None:
    chronicle(tiny_folder)
    asked = ("run", tiny_folder, "--as-of", "2031-04-21", "--prior-only", "--timelines", "200")
    done = command(*asked, "--fix", "washington.press_kyiv=0")
    assert (done.code, done.out) == (2, "")
    assert "2031-03-17" in done.err
    assert "Traceback" not in done.err
    assert not list((tmp_path / "runs").glob("*"))


def test_a_day_later_what_did_not_happen_weighs_more() -> None:
    scenario, _ = ukraine()
    logs = []
    for days in (7, 8, 14):
        day = scenario.reference_date + timedelta(days=days)
        posterior = update(scenario, day, prior_only=True)
        logs.append(
            starting_points.replayed(scenario, posterior, weekly_record_of(scenario, day), day, 2).log_weight[:, -1]
        )
    assert (logs[1] < logs[0]).all()
    # Only the part of the week before the as-of date is replayed: a seventh of what the second week weighs.
    assert np.median((logs[1] - logs[0]) / (logs[2] - logs[0])) == pytest.approx(1.0 / 7.0, rel=0.1)


# Weeks that are not coded


def coded_until(folder: Path, day: str) -> Scenario:
    """The made-up scenario with the talks and truce of its first weeks, coded until a day."""
    changes = (
        "2031-03-05,2031-03-06,rung,contact,talks,gazette",
        "2031-03-19,2031-03-20,truce,limited,no raids,gazette",
    )
    decisions = {name: {"systematic": True, "guide": "x"} for name in ("kyiv.coup", "endings.any")}
    chronicle(folder, changes=changes, decisions=decisions)
    swap(folder, "evidence/evidence.toml", "coded_until = 2031-09-29", f"coded_until = {day}")
    return load_scenario(folder)


def test_weeks_after_the_last_coded_day_are_not_in_the_record(tiny_folder: Path) -> None:
    scenario = coded_until(tiny_folder, "2031-03-30")  # a Sunday, the end of the fourth week
    for day, coded in ((date(2031, 3, 31), 4), (date(2031, 3, 26), 4), (date(2031, 5, 5), 4)):
        seen = weekly_record_of(scenario, day)
        assert (seen.coded, seen.in_code.sum()) == (coded, 4)
    whole = observed_record(weekly_record_of(scenario, date(2031, 3, 31)))
    longer = observed_record(weekly_record_of(scenario, date(2031, 5, 5)))
    for name in ("rung", "posture", "truce", "paused", "banned", "moves", "rung_before", "pocket"):
        np.testing.assert_array_equal(longer[name][0, :4], whole[name][0, :4])
    for name in ("rung", "posture", "truce", "paused", "banned", "rung_before"):
        assert set(longer[name][0, 4:9]) == {NOT_OBSERVED}
    assert np.isnan(longer["pocket"][0, 4:9]).all()
    # The war is taken to go on, and no collapse to have begun.
    free = np.delete(longer["decision"][0, :, 4:9], [ENDING, COLLAPSE], axis=0)
    assert set(free.ravel()) == {FREE}
    assert set(longer["decision"][0, [ENDING, COLLAPSE], 4:9].ravel()) == {EXCLUDED}


def test_a_week_that_is_coded_in_part_has_what_is_on_record(tiny_folder: Path) -> None:
    scenario = coded_until(tiny_folder, "2031-03-20")  # a Thursday, the day after the truce began
    seen = observed_record(weekly_record_of(scenario, date(2031, 4, 7)))
    decision = seen["decision"][0]
    assert (seen["truce"][0, 2], decision[LIMITED_TRUCE, 2]) == (LIMITED, HAPPENED)
    assert (seen["rung"][0, 2], seen["posture"][0, 2]) == (NOT_OBSERVED, NOT_OBSERVED)
    assert (decision[COUP, 1], decision[COUP, 2]) == (NOT, FREE)
    # As of the day after, the same week ends with what is coded.
    short = observed_record(weekly_record_of(scenario, date(2031, 3, 21)))
    assert (short["rung"][0, 2], short["decision"][0, COUP, 2]) == (CONTACT, NOT)


def test_weeks_that_are_not_coded_have_no_weight_and_do_not_clamp(tiny_folder: Path) -> None:
    scenario = coded_until(tiny_folder, "2031-03-30")
    day = date(2031, 6, 2)
    start, _ = starting_points.start(scenario, update(scenario, day, prior_only=True), 200, 2)
    assert np.isfinite(start.log_weight).all()
    assert (np.diff(start.log_weight[:4]) < 0.0).all()
    assert start.log_weight[4:] == pytest.approx(start.log_weight[3], abs=1e-9)
    # In nine weeks on their own, the talks, the truce and Washington have gone different ways.
    for name in ("rung", "truce", "posture"):
        assert len(set(start.states[name])) > 1
    assert set(start.states["ending"]) == {0}
    whole = coded_fully(tiny_folder)
    clamped, _ = starting_points.start(whole, update(whole, day, prior_only=True), 200, 2)
    assert set(clamped.states["rung"]) == {CONTACT}
    assert clamped.log_weight[-1] < start.log_weight[-1]


def coded_fully(folder: Path) -> Scenario:
    """The same scenario, its lack of rows after March read as evidence."""
    swap(folder, "evidence/evidence.toml", "coded_until = 2031-03-30", "coded_until = 2031-09-29")
    return load_scenario(folder)


def test_dates_up_to_the_last_coded_day_give_the_numbers_of_a_longer_record(tiny_folder: Path) -> None:
    short, day = coded_until(tiny_folder, "2031-03-30"), date(2031, 3, 31)
    one, _ = starting_points.start(short, update(short, day, prior_only=True), 50, 2)
    whole = coded_fully(tiny_folder)
    other, _ = starting_points.start(whole, update(whole, day, prior_only=True), 50, 2)
    assert one.to_bytes() == other.to_bytes()


def test_periods_that_are_not_coded_are_not_scored(tiny_folder: Path) -> None:
    scenario, day = coded_until(tiny_folder, "2031-04-27"), date(2031, 7, 7)
    found = common_density(scenario, update(scenario, prior_only=True), day, 2, number=2000)
    assert [last for last, _ in found["general_truce"]] == [date(2031, 3, 30), date(2031, 4, 27)]
