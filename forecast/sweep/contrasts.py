"""Lasting contrasts: each driver low or high all year, and how the odds and the terms answer.

A contrast changes a level where it starts and where it tends to, in every draw, and leaves draws and random numbers as
they are, so that its two sides differ in nothing else. Contrasts of levels test the model; quantiles of priors would
test how wide the priors were put. `python -m forecast.sweep.contrasts` prints the table of docs/model.md.
"""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.belief.assemble import Posterior, update
from forecast.ensemble.request import SEED, TIMELINES
from forecast.ensemble.simulated import USED_DRAWS, simulate
from forecast.outcomes.paired import differences
from forecast.scenario.load import load_scenario
from forecast.scenario.perspectives import BASE
from forecast.scenario.spec import Scenario

OUTCOMES = ("battlefield", "negotiated")
"""Outcomes of which the change is shown."""

Change = Callable[[Any, Any], None]
"""Changes parameter rows and starting states in place."""


@dataclass(frozen=True)
class Contrast:
    """Two sides of a driver.

    Attributes:
        label: the two sides, for readers, with places for the names of parties and for the first month.
        low: the change that makes one side; None leaves the scenario as it is.
        high: the change that makes the other.
    """

    label: str
    low: Change | None
    high: Change


def level(part: str, names: Sequence[str], state: str, by: float) -> Change:
    """Shift a level: its parameters of start and mean, and its value in the starting state."""

    def change(rows: Any, states: Any) -> None:
        for name in names:
            rows[part][name] += by
        states[state] += by

    return change


def pace(times: float) -> Change:
    """Multiply the pace of the advance, present and in the long run, without touching the rate of breakthroughs."""
    by = math.log(times)

    def change(rows: Any, states: Any) -> None:
        rows["front"]["breakthrough_advance"] = 0.0
        rows["front"]["level"] += by
        states["advance"] += by
        states["pace"] += by

    return change


def us_arms(stock: float) -> Change:
    """Let arms from Washington flow as on the reference date while the stock lasts: no pause, rise or new money."""

    def change(rows: Any, states: Any) -> None:
        for name in ("renewal", "arms_raised", "pause_on_pressing", "pause_walked"):
            rows["washington"][name] = 0.0
        states["stock"] = stock

    return change


def held_hawks(at: float) -> Change:
    """Hold the hawks' strength at a level: nothing moves it, since it has no mean of its own that could be shifted."""

    def change(rows: Any, states: Any) -> None:
        rows["hawks"]["hawks_half_life"] = 1e6
        states["hawks"] = at

    return change


def power(by: float) -> Change:
    """Move worth of fighting on from Kyiv to Moscow."""

    def change(rows: Any, states: Any) -> None:
        del states
        rows["moscow"]["worth"] += by
        rows["kyiv"]["worth"] -= by

    return change


def _both(label: str, part: str, names: Sequence[str], state: str) -> Contrast:
    return Contrast(label, level(part, names, state, -1.0), level(part, names, state, 1.0))


CONTRASTS: Mapping[str, Contrast] = {
    "pace": Contrast("pace of the advance, half to double", pace(0.5), pace(2.0)),
    "capital": _both("political capital, -1 to +1", "washington", ("capital_start", "capital_mean"), "capital"),
    "attention": _both("attention, -1 to +1", "washington", ("attention_start", "attention_mean"), "attention"),
    "obstruction": _both(
        "{europe.adjective} obstruction, -1 to +1", "europe", ("obstruction_start", "obstruction_mean"), "obstruction"
    ),
    "hawks": Contrast("the hawks' strength, held at -1 and at +1", held_hawks(-1.0), held_hawks(1.0)),
    "instability": _both("instability in {kyiv.country}, -1 to +1", "kyiv", ("instability_mean",), "instability"),
    "arms": Contrast("{washington.adjective} arms, none to {month}'s flow all year", us_arms(0.0), us_arms(1e6)),
    "strain": _both("{moscow}'s strain, -1 to +1", "moscow", ("strain_start", "strain_trend"), "strain"),
    "power": Contrast("0.10 of worth from {kyiv} to {moscow}", None, power(0.1)),
}
"""The contrasts, by id."""


def contrasts(
    scenario: Scenario,
    posterior: Posterior,
    names: Sequence[str] | None = None,
    *,
    timelines: int = TIMELINES,
    seed: int = SEED,
    threads: int | None = None,
) -> pd.DataFrame:
    """Simulate contrasts.

    Args:
        scenario: the scenario.
        posterior: its posterior on the reference date.
        names: ids of contrasts, by default all.
        timelines: number of timelines on each side.
        seed: seed of the random numbers.
        threads: number of threads.

    Returns:
        One row for each contrast: `contrast`, `label`; for `battlefield` and `negotiated` the change of the odds in
        points from the low to the high side, and its paired standard error `<outcome>_error`; `term_index`, the change
        of the mean term index of signed settlements, and `term_index_error`, of means taken as independent. The two
        sides sign in different timelines, so the change of the index has a part of selection.
    """

    def side(change: Change | None) -> pd.DataFrame:
        made = simulate(
            scenario, posterior, timelines=timelines, seed=seed, threads=threads, draws=USED_DRAWS, change=change
        )
        return made.timelines

    usual: pd.DataFrame | None = None
    rows = []
    for name in names or tuple(CONTRASTS):
        contrast = CONTRASTS[name]
        if contrast.low is None:
            usual = side(None) if usual is None else usual
            low = usual
        else:
            low = side(contrast.low)
        high = side(contrast.high)
        row: dict[str, Any] = {
            "contrast": name,
            "label": contrast.label.format(**scenario.names, month=f"{scenario.reference_date:%B}"),
        }
        change, error = differences(low, high)
        for outcome in OUTCOMES:
            row[outcome], row[f"{outcome}_error"] = 100.0 * change[outcome], 100.0 * error[outcome]
        terms = [table.loc[table["signed"].notna(), "term_index"].to_numpy(float) for table in (low, high)]
        means = [index.mean() if len(index) else np.nan for index in terms]
        row["term_index"] = means[1] - means[0]
        row["term_index_error"] = math.sqrt(sum(index.var() / max(len(index), 1) for index in terms))
        rows.append(row)
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """The table of contrasts as Markdown."""
    lines = [
        "| lasting contrast | battlefield, points | negotiated, points | term index, signed |",
        "|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        odds = [f"{row[name]:+.1f} ± {row[f'{name}_error']:.1f}" for name in OUTCOMES]
        index = f"{row['term_index']:+.3f} ± {row['term_index_error']:.3f}"
        lines.append(f"| {' | '.join([row['label'], *odds, index])} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, or one for each perspective."""
    parser = argparse.ArgumentParser(
        "python -m forecast.sweep.contrasts", description="How the odds answer to each driver low or high all year."
    )
    parser.add_argument("--timelines", type=int, default=TIMELINES)
    parser.add_argument("--perspective", nargs="+", default=[BASE], help="one or several")
    given = parser.parse_args()
    for perspective in given.perspective:
        if len(given.perspective) > 1:
            print(f"\n#### {perspective}\n")
        scenario = load_scenario(perspective=perspective)
        print(markdown(contrasts(scenario, update(scenario), timelines=given.timelines)))


if __name__ == "__main__":
    main()
