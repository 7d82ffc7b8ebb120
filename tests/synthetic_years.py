"""Years made by the simulator with known parameters, replayed: does the posterior cover what was put in?

A world is drawn from the priors and lives one year; of it the record keeps what a chronicle would. The draws of the
priors are replayed with that record, and the place of each true parameter in its posterior is noted: were the weights
those that they claim to be, these places would be uniform. At full size:

    python tests/synthetic_years.py --repetitions 50
"""

import argparse
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from forecast import replay
from forecast.belief.assemble import Posterior, update
from forecast.rerun import Inputs, course, plain
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.timeline import prepare
from forecast.timeline.codes import RUNNING, SIGNED
from forecast.timeline.luck import luck_record
from forecast.timeline.past import STREAMS, Past, known_record, moves_code
from forecast.timeline.replay import LEVELS, replay_draws
from forecast.timeline.simulate import Anew

INFORMED = (
    "talks.contact",
    "talks.terms",
    "talks.setback",
    "washington.press_kyiv",
    "washington.press_moscow",
    "washington.ease",
    "washington.walk_away",
    "washington.pause_on_pressing",
    "kyiv.ban",
    "kyiv.coup",
    "front.mobilisation_chance",
    "front.breakthrough",
    "hawks.sabotage",
    "moscow.worth",
    "kyiv.worth",
)
"""Parameters whose places are noted: those that a record bears on most."""

EVENTS = {
    "front.breakthrough": lambda a, b: int(b.breakthroughs - a.breakthroughs),
    "front.mobilisation": lambda a, b: _first("mobilised", a, b),
    "moscow.home_shock": lambda a, b: _first("home_shock", a, b),
    "europe.sanctions_vote": lambda a, b: _first("sanctions_lapsed", a, b),
    "europe.wider_war": lambda a, b: _first("wider_war", a, b),
    "kyiv.transfer": lambda a, b: _first("transfer", a, b),
    "kyiv.election": lambda a, b: _first("election", a, b),
    "kyiv.coup": lambda a, b: _first("coup_attempt", a, b),
}
"""Streams that the row of a timeline shows week by week."""


def _first(name: str, before: object, after: object) -> int:
    return int(np.isnan(getattr(before, name)) and not np.isnan(getattr(after, name)))


def recorded(states: list, rows: list, weeks: int) -> Past:
    """What a chronicle keeps of a timeline's weeks.

    Args:
        states: at its start and the end of each week.
        rows: likewise.
        weeks: weeks to keep.
    """

    def of(name: str) -> np.ndarray:
        return np.array([getattr(state, name) for state in states[: weeks + 1]], np.int64)

    events = {stream: np.array([found(rows[k], rows[k + 1]) for k in range(weeks)]) for stream, found in EVENTS.items()}
    events["kyiv.martial_law"] = of("martial_law")[:-1] - of("martial_law")[1:]
    events["endings.any"] = np.zeros(weeks, np.int64)
    assert set(events) <= set(STREAMS)
    moves = [moves_code(steps(states[k], states[k + 1], rows[k], rows[k + 1])) for k in range(weeks)]
    return Past(of("rung"), of("posture"), of("truce"), of("paused"), of("banned"), events, np.array(moves, np.int64))


def steps(before: object, after: object, old: object, new: object) -> list[int]:
    """The moves of the ladder in a week: as many up and down as the row counted; of both, those up first."""
    if before.rung == SIGNED and after.rung != SIGNED:
        return []
    up = int(new.steps_up - old.steps_up)
    causes = ("down_consent", "down_europe", "down_hawks", "down_kyiv")
    down = sum(int(getattr(new, cause) - getattr(old, cause)) for cause in causes)
    return [1] * up + [-1] * down if before.rung + up <= SIGNED else [-1] * down + [1] * up


def places(
    scenario: Scenario, posterior: Posterior, draws: int, number: int, weeks: int, replicates: int
) -> tuple[dict[str, float], float]:
    """The place of each true parameter in its posterior, between 0 and 1, and the effective draws.

    Args:
        scenario: the scenario.
        posterior: draws of the priors.
        draws: how many of them are replayed, from the first on.
        number: the draw that is the world, none of these.
        weeks: weeks that are recorded, fewer if the war ends earlier.
        replicates: of each draw in the replay.
    """
    start, truth = scenario.reference_date, posterior.draws.iloc[[number]]
    world, replayed = prepare.make_world(scenario, start), slice(0, draws)

    def of(used: pd.DataFrame, mean: np.ndarray) -> tuple[Any, Any, Anew]:
        rows = prepare.parameter_rows(scenario, used)
        anew = prepare.drawn_anew(scenario, posterior.anew, mean, posterior.anew_chol)
        return rows, prepare.starting_states(scenario, used, rows, start), anew

    luck = luck_record(f"world {number}", int(world.weeks[0]))
    made = course(Inputs(*of(truth, posterior.anew_mean[[number]]), world, luck), 0, 0, 0)
    states = plain(made.states)
    kept = min(weeks, sum(state.ending == RUNNING for state in states[1:]))
    again = replay_draws(
        *of(posterior.draws.iloc[replayed], posterior.anew_mean[replayed]),
        prepare.make_world(scenario, start, until=start + timedelta(days=7 * kept)),
        known_record(recorded(states, plain(made.records), kept)),
        np.full((len(LEVELS), draws, kept), np.nan),
        replicates=replicates,
        seed=f"synthetic {number}",
    )
    weight = np.exp(again.log_weight[:, -1] - again.log_weight[:, -1].max())
    weight /= weight.sum()
    below = {name: posterior.draws[name].iloc[replayed].to_numpy() < truth[name].iloc[0] for name in INFORMED}
    return {name: float(weight @ below[name]) for name in INFORMED}, float(1.0 / np.sum(weight**2))


def study(repetitions: int, weeks: int, replicates: int, draws: int) -> tuple[pd.DataFrame, list[float]]:
    """Places of the true parameters, a row a repetition, and the effective draws of each."""
    scenario = load_scenario("ukraine-2025")
    posterior = update(scenario, prior_only=True)
    found, effective = zip(
        *(places(scenario, posterior, draws, -1 - k, weeks, replicates) for k in range(repetitions)), strict=True
    )
    return pd.DataFrame(found), list(effective)


def main() -> None:
    """Print the share of true parameters inside the middle 80% of their posterior, by parameter and in all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=50)
    parser.add_argument("--weeks", type=int, default=45)
    parser.add_argument("--replicates", type=int, default=replay.REPLICATES)
    parser.add_argument("--draws", type=int, default=3900)
    asked = parser.parse_args()
    table, effective = study(asked.repetitions, asked.weeks, asked.replicates, asked.draws)
    inside = ((table > 0.1) & (table < 0.9)).mean()
    for name, share in inside.items():
        print(f"{name:32} {share:.2f} within the middle 80%; mean place {table[name].mean():.2f}")
    print(f"all: {inside.mean():.3f}; effective draws, median {np.median(effective):.0f}, least {min(effective):.0f}")


if __name__ == "__main__":
    main()
