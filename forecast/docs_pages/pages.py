"""Pages about a scenario, made from it and from simulations of it: `python -m forecast.docs_pages.pages`.

    docs/priors.md        every prior: quantiles, what they imply, what they stand on, how much the odds move with it
    docs/premises.md      every premise: what rests on it, what switching it off does to the odds
    docs/perspectives.md  the odds under each perspective, and what each changes
    docs/odds.svg         the odds as a picture, for README.md
    README.md             its tables of odds, between two marks

They take several minutes. Each names the inputs and the simulator that it was made from; a test fails if these have
changed since.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.belief.assemble import Posterior, update
from forecast.docs_pages.odds_tables import README, odds_tables, with_odds
from forecast.docs_pages.perspectives_page import changes_of, perspectives_page
from forecast.docs_pages.premises_page import premises_page
from forecast.docs_pages.priors_page import priors_page
from forecast.ensemble.forecasts import forecasts
from forecast.ensemble.pooling import pooled
from forecast.ensemble.request import RunRequest
from forecast.ensemble.resolve import resolve
from forecast.ensemble.simulated import simulate
from forecast.outcomes.shares import odds
from forecast.report.figures import odds_figure
from forecast.scenario.load import load_scenario
from forecast.scenario.perspectives import BASE, POOL
from forecast.scenario.spec import Scenario
from forecast.sweep.one_at_a_time import swings
from forecast.sweep.premises import effects


def make(folder: Path, notify: Callable[[str], None], only: Sequence[str] = ()) -> None:
    """Make the pages in `folder`; `only` names some of priors, premises and perspectives."""
    scenario = load_scenario()
    posterior = update(scenario)
    if not only or "premises" in only:
        notify("premises")
        _write(folder / "premises.md", premises_page(scenario, effects(scenario, posterior)))
    if not only or "perspectives" in only:
        found_odds = perspective_odds(scenario, posterior, notify)
        _write(folder / "odds.svg", odds_figure(scenario, found_odds[POOL]))
        _write(README, with_odds(README.read_text("utf-8"), odds_tables(scenario, found_odds)))
        changes = {name: changes_of(scenario, perspective) for name, perspective in scenario.perspectives.items()}
        _write(folder / "perspectives.md", perspectives_page(scenario, found_odds, changes))
    if not only or "priors" in only:
        moved = swings(scenario, posterior, notify=notify)
        _write(folder / "priors.md", priors_page(scenario, posterior, moved))


def perspective_odds(
    scenario: Scenario, posterior: Posterior, notify: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """The odds of the pool, of each of its members and of the base premises, by name.

    Args:
        scenario: with a pool.
        posterior: under the base premises.
        notify: called with a phrase for each step.
    """
    resolved = resolve(RunRequest(scenario.folder))
    blocks: dict[str, list[pd.DataFrame]] = {}
    forecasts(resolved, lambda member, block: blocks.setdefault(member, []).append(block), notify=notify)
    timelines = {member: pd.concat(own, ignore_index=True) for member, own in blocks.items()}
    found_odds = {POOL: odds(pooled(timelines), resolved.weights)}
    found_odds |= {member: odds(own) for member, own in timelines.items()}
    return found_odds | {BASE: odds(simulate(scenario, posterior).timelines)}


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make(Path("docs"), lambda text: print(text, file=sys.stderr), sys.argv[1:])
