"""One suite that every part passes: it writes what it owns, halves make a whole, extremes stay finite."""

import inspect
import re
from collections.abc import Callable

import numpy as np
import pytest
from timeline_tools import Bench, bench, ukraine_inputs

from forecast.timeline import (
    bargain,
    endings,
    europe,
    front,
    hawks,
    kyiv,
    moscow,
    prospects,
    state,
    talks,
    washington,
)
from forecast.timeline.codes import GENERAL, NONE, PARTS, SIGNED
from forecast.timeline.fields import fields
from forecast.timeline.random_numbers import context_record
from forecast.timeline.state import State

Part = Callable[[Bench, float], object]

STEPS: dict[str, Part] = {
    "front": lambda b, dt: front.step(b.p.front, b.s, b.r, b.w, b.context, dt),
    "moscow": lambda b, dt: moscow.step(b.p.moscow, b.s, b.w, b.context, b.p.front.held, b.p.europe.lapse_relief, dt),
    "washington": lambda b, dt: washington.step(b.p.washington, b.s, b.context, dt),
    "hawks": lambda b, dt: hawks.step(b.p.hawks, b.s, b.context, dt),
    "europe": lambda b, dt: europe.step(b.p.europe, b.s, b.r, b.w, b.context, dt),
    "kyiv": lambda b, dt: kyiv.step(b.p.kyiv, b.s, b.context, dt),
}

EVENTS: dict[str, Part] = {
    "front": lambda b, dt: front.events(b.p.front, b.s, b.r, b.context, 0, dt),
    "moscow": lambda b, dt: moscow.events(b.p.moscow, b.s, b.r, b.context, 0, dt),
    "washington": lambda b, dt: washington.events(b.p.washington, b.s, b.r, b.context, 0, dt),
    "europe": lambda b, dt: europe.events(b.p.europe, b.s, b.r, b.w, b.context, 0, dt),
    "kyiv": lambda b, dt: kyiv.events(b.p.kyiv, b.s, b.r, b.context, 0, dt),
    "talks": lambda b, dt: talks.events(b.p, b.s, b.r, b.w, b.context, 0, dt),
    "endings": lambda b, dt: (
        endings.rates(b.p, b.s, b.r, b.w, b.context, 0, dt),
        endings.events(b.p, b.s, b.r, b.w, b.context, 0, dt),
    ),
}

TOLD = {
    # What the state says others tell Washington.
    "talks": {"setbacks", "progress", "troops_text"},
    # Troops in the text are a term of it.
    "europe": {"terms"},
    # What stops a collapse ends the breakthrough.
    "endings": {"thrust"},
}
"""Fields of another owner that a part may write: `troops_text` goes with the draft, `terms` with the troops."""

BY_PROSPECTS = {"worth", "break_seen", "fear"}
"""Fields of the talks that `prospects` writes, before any part draws its events."""

OWNED: dict[str, set[str]] = {}
for line in inspect.getsource(State).splitlines():
    if heading := re.fullmatch(r"    # (\w+).*", line):
        group = OWNED.setdefault(heading[1], set())
    elif name := re.match(r"    (\w+): ", line):
        group.add(name[1])


def some(seed: int) -> Bench:
    """A draw of the real scenario in a state drawn at random, levels far out."""
    given = ukraine_inputs(20)
    rng = np.random.default_rng(seed)
    made = bench(50, ends=346)
    draw = int(rng.integers(20))
    row = given.rows[draw : draw + 1].copy()
    b = Bench(row[0], given.states[draw : draw + 1].copy()[0], made.r, given.world[0], context_record(seed, 50)[0])
    s = b.s
    for level in (
        "capital",
        "attention",
        "hawks",
        "obstruction",
        "instability",
        "strain",
        "adequacy",
        "advance",
        "fast",
        "pace",
    ):
        s[level] = rng.choice([-8.0, -1.0, 0.0, 1.0, 8.0])
    s.drift, s.thrust, s.thrust_full = rng.choice([-8.0, 0.0, 8.0]), *rng.choice([(0.0, 0.0), (1.0, 2.0), (8.0, 8.0)])
    s.stretch, s.stretch_back, s.km2 = rng.choice([0.0, 9000.0]), rng.choice([0.0, 500.0]), rng.choice([-900.0, 3e4])
    s.arms, s.leaderless = rng.choice([-1.0, 0.5]), rng.choice([0.0, 1.0])
    s.collapsing, s.collapse_age = rng.integers(2) if s.thrust_full > 0.0 else 0, rng.choice([0.0, 20.0])
    s.rung = rng.integers(5)
    s.posture, s.leader, s.week = rng.integers(4), rng.integers(4), rng.integers(50)
    for flag in (
        "mobilised",
        "draft_failed",
        "home_shock",
        "paused",
        "lapsed",
        "troops_text",
        "troops_in",
        "banned",
        "martial_law",
    ):
        s[flag] = rng.integers(2)
    s.elected, s.legitimate, s.day, s.patience = rng.integers(2), rng.integers(2), 7.0 * s.week, 0.3
    s.stock, s.stall, s.pocket = rng.choice([0.0, 5.0]), rng.choice([0.0, 100.0]), rng.choice([0.0, 300.0])
    s.setbacks, s.progress, s.truce = rng.integers(4), rng.integers(3), rng.integers(3)
    s.pull[:] = rng.random(12)
    bargain.begin(b.p, s, b.w)
    if s.rung > NONE:
        bargain.draw_settlement(b.p, s, b.w, b.context)
    if s.rung == SIGNED:
        s.in_force, s.truce = 1, GENERAL
    return b


def changed(before: np.void, after: np.void) -> set[str]:
    return {
        n for n in after.dtype.names if not np.array_equal(before[n], after[n], equal_nan=after[n].dtype.kind == "f")
    }


def test_every_field_of_the_state_has_one_owner() -> None:
    assert sorted(OWNED) == sorted({"the", *PARTS})
    assert sorted(set.union(*OWNED.values())) == sorted(fields(State))
    assert sum(map(len, OWNED.values())) == len(fields(State))
    assert state.STATE.names == tuple(fields(State))


ACTS = {f"{part} step": act for part, act in STEPS.items()} | {f"{part} events": act for part, act in EVENTS.items()}


@pytest.mark.parametrize("name", ACTS)
def test_a_part_writes_only_what_it_owns(name: str) -> None:
    part, act = name.split()[0], ACTS[name]
    touched: set[str] = set()
    for seed in range(200):
        b = some(seed)
        before = b.s.copy()
        act(b, 1.0)
        touched |= changed(before, b.s)
    assert touched
    assert touched <= OWNED[part] | TOLD.get(part, set())


def test_prospects_write_what_both_sides_expect_and_stay_finite() -> None:
    touched: set[str] = set()
    for seed in range(200):
        b = some(seed)
        before = b.s.copy()
        b.s.adequacy += 0.1
        b.s.strain += 0.1
        prospects.update(b.p, b.s, b.w)
        touched |= changed(before, b.s) - {"adequacy", "strain"}
        for name in BY_PROSPECTS:
            assert np.isfinite(b.s[name]).all(), (seed, name)
        assert np.all((b.s.break_seen >= 0) & (b.s.break_seen < 1))
        assert b.s.fear > -1e-12
    assert touched == BY_PROSPECTS
    assert touched <= OWNED["talks"]


@pytest.mark.parametrize("part", STEPS)
def test_two_halves_make_a_whole_without_noise(part: str) -> None:
    # What a part reverts to is held: no coupling, no advance that moves on.
    def made() -> Bench:
        b = bench()
        b.s.drift = b.s.fast = 0.0
        b.p.front.level, b.p.front.arms, b.p.front.fast_persistence, b.p.front.adequacy_on_advance = 0.8, 0.7, 0.5, 0.0
        b.p.front.pocket_loss, b.s.pocket, b.s.advance, b.s.adequacy, b.s.arms = 30.0, 300.0, 2.0, 1.0, -0.3
        b.s.pace, b.s.stretch, b.p.front.supply_pace, b.p.front.supply_reach = 3.0, 300.0, 60.0, 1e15
        b.p.moscow.strain_trend, b.s.strain, b.p.moscow.demand_per_gain = 0.5, -1.0, 0.1
        b.p.washington.capital_mean, b.s.capital, b.s.attention, b.s.engagement = 0.3, -1.0, 1.0, 0.2
        b.p.hawks.hawks_capital, b.s.hawks, b.s.capital = 0.5, 1.0, -1.0
        b.p.europe.fatigue, b.s.obstruction, b.s.week = 0.3, 1.0, 5
        b.p.kyiv.instability_draft, b.s.mobilised, b.s.instability, b.s.leaderless = 0.3, 1, -1.0, 0.8
        return b

    whole, halves = made(), made()
    STEPS[part](whole, 1.0)
    gained = whole.s.net
    STEPS[part](halves, 0.5)
    first = halves.s.net
    STEPS[part](halves, 0.5)
    assert halves.s.net + first == pytest.approx(gained, rel=1e-12)
    for name in OWNED[part] - {"net"}:
        assert halves.s[name] == pytest.approx(whole.s[name], rel=1e-12, abs=1e-14), name
    assert changed(made().s, whole.s)


@pytest.mark.parametrize("act", ACTS.values(), ids=list(ACTS))
def test_extreme_states_stay_finite(act: Part) -> None:
    for seed in range(200):
        b = some(seed)
        act(b, 1.0)
        for name in fields(State):
            assert np.isfinite(b.s[name]).all(), (seed, name)
        assert 0 <= b.s.rung <= SIGNED
        assert -1 <= b.s.settlement < b.w.facts.settlements
        terms = b.s.terms[: b.w.facts.issues]
        assert np.all((terms >= 0) & (terms <= 1))
        assert np.all((b.s.consent >= 0) & (b.s.consent <= 1))
        assert np.all(b.s.held >= -1e-6)
