"""The simulator's inputs, from a scenario and its posterior: parameter rows, starting states, the world."""

import functools
import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import calendar
from forecast.arrays import Array
from forecast.encoding.reference_rates import RESPONSES, Fluctuations
from forecast.evidence.states import STATES
from forecast.scenario.records import LEADERS
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import TABLE_REACH, Redrawn
from forecast.timeline.codes import CONTACT, HARDER, PARTIES, READIER, RUNGS
from forecast.timeline.fields import INTENSITIES, to_kernel
from forecast.timeline.parameters import PARAMETERS, field_of
from forecast.timeline.result import blank_result
from forecast.timeline.state import STATE
from forecast.timeline.washington import NEVER
from forecast.timeline.world import WORLD

COLLAPSE_CHANCE = "endings.collapse"
"""The chance that a breakthrough ends in collapse: not a rate, but corrected as rates are."""

TABLE_SIZE = 2049
"""Points of a tabulated quantile function."""


def rows_of_table(scenario: Scenario) -> dict[str, dict[str, int]]:
    """The place of each id in the tables, by dimension."""
    return {
        "party": {party: k for k, party in enumerate(PARTIES)},
        "issue": {issue.id: k for k, issue in enumerate(scenario.issues)},
        "settlement": {settlement.id: k for k, settlement in enumerate(scenario.settlements)},
        "region": {region.id: k for k, region in enumerate(scenario.regions)},
    }


def place_of(scenario: Scenario, name: str) -> tuple[int, ...]:
    """Place of a parameter in the table of its field, by the prior's dotted name; () for a scalar."""
    rows = name.split(".")[2:]
    places: list[int] = []
    where = rows_of_table(scenario)
    for dim, row in zip(field_of(name).shape, rows, strict=True):
        if dim == "clause":
            clauses = scenario.settlements[places[0]].clauses
            places.append([clause.id for clause in clauses].index(row))
        else:
            places.append(where[dim][row])
    return tuple(places)


def parameter_rows(scenario: Scenario, draws: pd.DataFrame) -> Any:
    """Parameter rows, one for each draw, laid out as `Parameters`; intensities become weekly rates.

    A rate that moves with levels is corrected, so that its chance comes out as elicited (`reference_rates`).
    A position is the parameter plus the party's lean times its stiffness, limited to the range 0 to 1. Saliences are
    the softmax of their log weights.
    """
    rows = plain_rows(scenario, draws)
    put_rates(scenario, rows, {name: draws[name].to_numpy(float) for name in scenario.priors}, scenario.priors)
    put_positions(scenario, rows)
    put_saliences(scenario, rows)
    rows["settlements"]["terms"] = np.clip(rows["settlements"]["terms"], 0.0, 1.0)
    return rows


def put_rates(scenario: Scenario, rows: Any, value: Mapping[str, Array], names: Collection[str]) -> None:
    """Put rates into parameter rows: intensities as weekly rates, and the chance that a breakthrough ends in collapse.

    Args:
        scenario: the scenario.
        rows: parameter rows, changed in place.
        value: (rows,) draws of each parameter, by dotted name.
        names: the parameters to put; those that are not rates are left as they are.
    """
    flat = rows.view(float).reshape(len(rows), -1)
    fluctuations = Fluctuations(value, year_of_mud(scenario))
    for (name, prior), place in zip(scenario.priors.items(), flat_places(scenario), strict=True):
        if name not in names:
            continue
        if prior.unit in INTENSITIES:
            weekly = to_kernel(prior.unit, value[name])
            if name in RESPONSES:
                weekly = weekly * fluctuations.correction(name, weekly, chance=prior.unit == "chance/year")
            flat[:, place] = weekly
        elif name == COLLAPSE_CHANCE:
            thrust = np.array(scenario.priors["front.breakthrough_thrust"].quantiles())
            flat[:, place] = -np.expm1(np.log1p(-value[name]) / fluctuations.collapse(thrust, thrust[1]))


def put_positions(scenario: Scenario, rows: Any) -> None:
    """Turn drawn positions in parameter rows into those that parties hold: their lean added, within 0 to 1."""
    parties = rows["parties"]
    lean = np.zeros(parties["position"].shape[1:])
    lean[:, : len(scenario.issues)] = scenario.lean
    parties["position"] = np.clip(parties["position"] + lean * parties["stiffness"][:, :, None], 0.0, 1.0)


def put_saliences(scenario: Scenario, rows: Any) -> None:
    """Turn the log weights of issues in parameter rows into shares of each party's stakes."""
    parties, issues = rows["parties"], len(scenario.issues)
    weights = np.exp(parties["salience"][:, :, :issues])
    parties["salience"] = 0.0
    parties["salience"][:, :, :issues] = weights / weights.sum(axis=2, keepdims=True)


def plain_rows(scenario: Scenario, draws: pd.DataFrame) -> Any:
    """Parameter rows in the units of the priors: starting states need no more."""
    flat = np.zeros((len(draws), PARAMETERS.itemsize // 8))
    flat[:, flat_places(scenario)] = draws[list(scenario.priors)].to_numpy()
    return flat.view(PARAMETERS)[:, 0].view(np.recarray)


def fluctuations_of(scenario: Scenario, draws: pd.DataFrame) -> Fluctuations:
    """How levels fluctuate around reference levels in each draw."""
    value = {name: draws[name].to_numpy(float) for name in scenario.priors if name.count(".") == 1}
    return Fluctuations(value, year_of_mud(scenario))


def year_of_mud(scenario: Scenario) -> Array:
    """(weeks,) depth of the mud in each week of the year that begins on the reference date."""
    first = calendar.monday(scenario.reference_date)
    return np.asarray(calendar.season(first, 53, scenario.season_peaks, scenario.season_half_width))


def redrawn_parameters(scenario: Scenario, names: Sequence[str], mean: Array, chol: Array) -> Redrawn:
    """Tables of the parameters that vary by timeline.

    Args:
        scenario: the scenario.
        names: names of their k priors.
        mean: (draws, k) mean of their normal scores, given the rest of the draw.
        chol: (k, k) Cholesky factor of the covariance of the scores.
    """
    scores = np.linspace(-TABLE_REACH, TABLE_REACH, TABLE_SIZE)
    places, lanes, table = [], [], np.zeros((len(names), TABLE_SIZE))
    for k, name in enumerate(names):
        prior = scenario.priors[name]
        places.append(flat_place(scenario, name))
        lanes.append(int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "little"))
        table[k] = to_kernel(prior.unit, prior.marginal.quantile(scores))
    return Redrawn(
        np.array(places, dtype=np.int64),
        np.array(lanes, dtype=np.int64),
        np.ascontiguousarray(mean),
        chol,
        table,
    )


@functools.lru_cache(maxsize=16)
def flat_places(scenario: Scenario) -> NDArray[np.int64]:
    """Place of each of the scenario's parameters in a row read as plain float64 numbers, in the order of the priors."""
    return np.array([flat_place(scenario, name) for name in scenario.priors])


def flat_place(scenario: Scenario, name: str) -> int:
    """Place of a parameter in a row read as plain float64 numbers."""
    part, key = name.split(".")[:2]
    members: Mapping[str, Any] = PARAMETERS.fields or {}
    inner, offset = members[part][:2]
    kind, within = inner.fields[key][:2]
    place = (offset + within) // 8
    if kind.shape:
        place += int(np.ravel_multi_index(place_of(scenario, name), kind.shape))
    return int(place)


def starting_states(scenario: Scenario, draws: pd.DataFrame | Mapping[str, Array], rows: Any, as_of: date) -> Any:
    """The state of each draw on the as-of date, if nothing has happened since the reference date.

    Args:
        scenario: the scenario.
        draws: draws of the levels, `forecast.belief.assemble.STATES`, by name.
        rows: parameter rows of these draws; the plain ones are enough.
        as_of: the as-of date.
    """
    s = np.zeros(len(rows), STATE).view(np.recarray)
    start, front = scenario.start, rows["front"]
    s.week = (as_of - calendar.monday(scenario.reference_date)).days // 7
    before = calendar.monday(as_of) - timedelta(days=7)
    mud = calendar.season(before, 1, scenario.season_peaks, scenario.season_half_width)[0]
    s.drift = np.asarray(draws["front.slow"]) - (front["level"] - front["mud"] * mud)
    s.fast = np.asarray(draws["front.fast"])
    s.advance = s.advance_start = s.pace = np.asarray(draws["front.slow"])
    s.adequacy = s.adequacy_seen = front["adequacy_start"]
    for name, state in STATES.items():
        if not state.followed:
            s[state.kernel] = state.code(scenario.chronology.start[name])
    s.talking_seen = (s.rung >= CONTACT).astype(float)
    s.pocket = front["pocket_start"]
    s.held = front["held"]
    s.mobilised = int(start.mobilised)
    s.draft_failed = int(start.draft_failed)
    s.strain = rows["moscow"]["strain_start"]
    s.demands = start.demands
    s.home_shock = int(start.home_shock)
    washington = rows["washington"]
    s.capital = np.asarray(draws["washington.capital"])
    s.attention = washington["attention_start"]
    s.stock = washington["stock_start"]
    s.pause_memory = NEVER if start.weeks_since_pause is None else min(NEVER, start.weeks_since_pause)
    s.stall = start.stalled_weeks
    s.engagement = start.engagement
    s.hawks = rows["hawks"]["hawks_start"]
    s.obstruction = rows["europe"]["obstruction_start"]
    s.lapsed = int(start.lapsed)
    s.troops_in = int(start.troops_in)
    s.instability = np.asarray(draws["kyiv.instability"])
    s.martial_law = int(start.martial_law)
    s.legitimate = int(start.legitimate)
    s.elected = int(start.elected)
    s.leaderless = start.leaderless
    s.leader = LEADERS.index(start.leader)
    if (sign := {HARDER: 1.0, READIER: -1.0}.get(LEADERS.index(start.leader))) is not None:
        s.worth_shift = sign * rows["kyiv"]["successor_shift"]
    s.settlement = -1
    s.index = 0.5
    s.consent = 0.5
    s.truce_age = start.truce_weeks
    s.dampening = 1.0
    where = rows_of_table(scenario)
    for region in start.substantial:
        s["substantial"][:, where["region"][region]] = 1.0
    for settlement, failures in start.failed.items():
        s["dampening"][:, where["settlement"][settlement]] = 0.5**failures
    return s


def starting_result(scenario: Scenario) -> Any:
    """The result on the reference date, shape (1,): the rung on which talks stand counts as reached."""
    result = blank_result()
    result["highest_rung"] = RUNGS.index(scenario.start.rung)
    return result


def make_world(scenario: Scenario, first_day: date, substeps: int = 1, until: date | None = None) -> Any:
    """Dimensions, facts and calendar from `first_day` to `until` or the horizon, laid out as `World`, shape (1,).

    Weeks are counted from the Monday of the reference date. A run begins at the start of its first day and ends at the
    end of its last day. A week that lies only partly within the run is shortened to that part.

    Args:
        scenario: the scenario.
        first_day: the first day.
        substeps: number of steps in a week, for rates, ladder and terms.
        until: the day after the last day, by default the day after the horizon.
    """
    until = until or scenario.horizon + timedelta(days=1)
    world = np.zeros(1, WORLD).view(np.recarray)
    facts = world["facts"]
    first = calendar.monday(scenario.reference_date)
    weeks = calendar.weeks_to(scenario.reference_date, until - timedelta(days=1))
    world.weeks, world.substeps = weeks, substeps
    mud = calendar.season(first, weeks, scenario.season_peaks, scenario.season_half_width)
    world.season[0, :weeks] = mud
    begin, end = (first_day - scenario.reference_date).days, (until - scenario.reference_date).days
    monday_day = 7.0 * np.arange(weeks) - (scenario.reference_date - first).days
    world.opens[0, :weeks] = np.clip(monday_day, begin, end)
    world.closes[0, :weeks] = np.clip(monday_day + 7.0, begin, end)
    in_office = (scenario.reference_date - scenario.inauguration).days / 7.0
    world.in_office[0, :weeks] = np.maximum(0.0, in_office + world.closes[0, :weeks] / 7.0)
    for event, calendar_row in [
        *((event, world.upheavals) for event in scenario.upheavals),
        *((event, world.votes) for event in scenario.votes),
    ]:
        week = (event.date - first).days // 7
        if first_day <= event.date < until:
            calendar_row[0, week] += 1.0

    facts["issues"] = len(scenario.issues)
    facts["settlements"] = len(scenario.settlements)
    facts["regions"] = len(scenario.regions)
    facts["guarantees"] = _first(issue.role == "guarantees" for issue in scenario.issues)
    facts["territory"] = _first(issue.role == "territory" for issue in scenario.issues)
    facts["ceasefire"] = _first(settlement.ceasefire for settlement in scenario.settlements)
    facts["dictated_form"] = _first(settlement.dictated for settlement in scenario.settlements)
    facts["usual_thrust"] = scenario.priors["front.breakthrough_thrust"].quantiles()[1]
    facts["clause_issue"] = -1
    where = rows_of_table(scenario)
    for k, settlement in enumerate(scenario.settlements):
        facts["needs_washington"][0, k] = "washington" in settlement.signatories
        facts["needs_europe"][0, k] = "europe" in settlement.signatories
        for flag in ("temporary", "stops_first", "election_first", "troops", "troops_excluded", "dictated"):
            facts[flag][0, k] = getattr(settlement, flag)
        facts["settles"][0, k, [where["issue"][issue] for issue in settlement.settles]] = 1.0
        facts["clauses"][0, k] = len(settlement.clauses)
        for j, clause in enumerate(settlement.clauses):
            facts["clause_issue"][0, k, j] = where["issue"].get(clause.issue, -1)
    for k, region in enumerate(scenario.regions):
        facts["region_area"][0, k] = region.area_km2
        facts["region_later"][0, k] = region.later
        facts["region_demand"][0, k] = region.demand_after_km2
    return world


def _first(flags: Any) -> int:
    """Place of the first true flag, -1 without one."""
    return next((k for k, flag in enumerate(flags) if flag), -1)
