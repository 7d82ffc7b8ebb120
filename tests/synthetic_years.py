"""Years made by the simulator with observed parameters, replayed: does the posterior cover what was put in?

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

from forecast.belief.assemble import Posterior, update
from forecast.encoding import kernel_inputs
from forecast.replay import starting_points
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import Course, Inputs, follow, inputs_at_start
from forecast.timeline.codes import RUNNING
from forecast.timeline.particle_filter import LEVELS, replay_draws
from forecast.timeline.weekly_record import STREAMS, WeeklyRecord, moves_code, observed_record

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
    "front.mobilisation": "mobilised",
    "moscow.home_shock": "home_shock",
    "europe.sanctions_vote": "sanctions_lapsed",
    "europe.wider_war": "wider_war",
    "kyiv.transfer": "transfer",
    "kyiv.election": "election",
    "kyiv.coup": "coup_attempt",
}
"""Streams whose first event the row of a timeline dates, and where."""


def recorded(made: Course, weeks: int) -> WeeklyRecord:
    """What a chronicle keeps of a timeline's first weeks."""
    before, after = made.states[:weeks], made.states[1 : weeks + 1]
    old, new = made.results[:weeks], made.results[1 : weeks + 1]

    def of(name: str) -> np.ndarray:
        return np.array([before[name][0], *after[name]], np.int64)

    events = {stream: (~np.isnan(new[name]) & np.isnan(old[name])).astype(np.int64) for stream, name in EVENTS.items()}
    events["front.breakthrough"] = (new["breakthroughs"] - old["breakthroughs"]).astype(np.int64)
    events["kyiv.martial_law"] = -np.diff(of("martial_law"))
    events["endings.any"] = np.zeros(weeks, np.int64)
    assert set(events) <= set(STREAMS)
    moves = np.array([moves_code(steps(made, week)) for week in made.weeks[:weeks]], np.int64)
    return WeeklyRecord(of("rung"), of("posture"), of("truce"), of("paused"), of("banned"), events, moves)


def steps(made: Course, week: int) -> list[int]:
    """The moves of the ladder in a week, in order."""
    kinds = {"talks.climbed": 1, "talks.fell": -1}
    return [kinds[entry.kind.name] for entry in made.entries if entry.week == week and entry.kind.name in kinds]


def weights(
    scenario: Scenario, posterior: Posterior, draws: int, number: int, weeks: int, replicates: int
) -> np.ndarray:
    """The weights, adding up to 1, of draws that are replayed with the record of a world.

    Args:
        scenario: the scenario.
        posterior: draws of the priors.
        draws: how many of them are replayed, from the first on.
        number: the draw that is the world, none of these.
        weeks: weeks that are recorded, fewer if the war ends earlier.
        replicates: of each draw in the replay.
    """
    start = scenario.reference_date
    world, replayed = kernel_inputs.make_world(scenario, start), slice(0, draws)

    def of(used: pd.DataFrame, mean: np.ndarray, world: Any) -> Inputs:
        rows = kernel_inputs.parameter_rows(scenario, used)
        states = kernel_inputs.starting_states(scenario, used, rows, start)
        redrawn = kernel_inputs.redrawn_parameters(scenario, posterior.redrawn, mean, posterior.redrawn_chol)
        return inputs_at_start(rows, states, redrawn, world)

    truth = of(posterior.draws.iloc[[number]], posterior.redrawn_mean[[number]], world)
    made = follow(truth, (0, 0, 0, 0), 0, f"world {number}")
    kept = min(weeks, int((made.states["ending"][1:] == RUNNING).sum()))
    past = kernel_inputs.make_world(scenario, start, until=start + timedelta(days=7 * kept))
    again = replay_draws(
        of(posterior.draws.iloc[replayed], posterior.redrawn_mean[replayed], past),
        observed_record(recorded(made, kept)),
        np.full((len(LEVELS), draws, kept), np.nan),
        replicates=replicates,
        seed=f"synthetic {number}",
    )
    final = again.log_weight[:, -1]
    weight = np.exp(final - final.max())
    return np.asarray(weight / weight.sum())


def study(repetitions: int, weeks: int, replicates: int, draws: int) -> tuple[pd.DataFrame, pd.DataFrame, list[float]]:
    """Worlds, and where their true parameters lie in posteriors, between 0 and 1.

    Returns:
        a row a world: places in the posterior by its own record, and in that by the next world's; and the effective
        draws of each.
    """
    scenario = load_scenario("ukraine-2025")
    posterior = update(scenario, prior_only=True)
    numbers = [-1 - k for k in range(repetitions)]
    found = [weights(scenario, posterior, draws, number, weeks, replicates) for number in numbers]
    noted = posterior.draws[list(INFORMED)]
    replayed, truths = noted.iloc[:draws], noted.iloc[numbers]

    def places(shift: int) -> pd.DataFrame:
        rows = (found[(k + shift) % repetitions] @ (replayed < truth) for k, (_, truth) in enumerate(truths.iterrows()))
        return pd.DataFrame(rows)

    return places(0), places(1), [float(1.0 / np.sum(weight**2)) for weight in found]


def inside(places: pd.DataFrame) -> pd.DataFrame:
    """Which places lie within the middle 80%."""
    return (places > 0.1) & (places < 0.9)


def main() -> None:
    """Print the share of true parameters inside the middle 80% of their posterior, by parameter and in all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=50)
    parser.add_argument("--weeks", type=int, default=45)
    parser.add_argument("--replicates", type=int, default=starting_points.REPLICATES)
    parser.add_argument("--draws", type=int, default=3900)
    asked = parser.parse_args()
    table, _, effective = study(asked.repetitions, asked.weeks, asked.replicates, asked.draws)
    shares = inside(table).mean()
    for name, share in shares.items():
        print(f"{name:32} {share:.2f} within the middle 80%; mean place {table[name].mean():.2f}")
    print(f"all: {shares.mean():.3f}; effective draws, median {np.median(effective):.0f}, least {min(effective):.0f}")


if __name__ == "__main__":
    main()
