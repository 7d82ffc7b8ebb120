"""The effect of each parameter alone on the odds: fixed low and fixed high, with the same draws and random numbers.

Each parameter in turn is fixed at its 10th and at its 90th percentile in all draws, while the others stay as they are.
The odds are compared timeline by timeline. Each parameter costs two simulations. Nothing is fitted, unlike in the joint
regression on a run's draws (`influence`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy import special

from forecast.belief.assemble import Posterior, fix_parameters
from forecast.ensemble.progress import silent
from forecast.ensemble.request import SEED
from forecast.ensemble.simulated import USED_DRAWS, simulate
from forecast.outcomes.influence import HIGH, LOW
from forecast.outcomes.paired import differences
from forecast.scenario.spec import Scenario


@dataclass(frozen=True)
class Swing:
    """The change of the odds as one parameter goes from low to high.

    Attributes:
        name: of the prior.
        low: its 10% quantile on the as-of date, in its unit.
        high: its 90% quantile.
        difference: change of the odds, by outcome: high less low.
        error: paired standard error of each change.
    """

    name: str
    low: float
    high: float
    difference: dict[str, float]
    error: dict[str, float]

    @property
    def largest(self) -> float:
        """The largest difference in absolute value."""
        return max(abs(x) for x in self.difference.values())


def swings(
    scenario: Scenario,
    posterior: Posterior,
    names: Sequence[str] | None = None,
    *,
    timelines: int = 10_000,
    seed: int = SEED,
    threads: int | None = None,
    notify: Callable[[str], None] = silent,
) -> list[Swing]:
    """The change of the odds as each parameter goes from its 10th to its 90th percentile, largest first.

    A parameter with one value in all draws has no effect and is left out.

    Args:
        scenario: the scenario.
        posterior: from `update`.
        names: of the priors; by default all.
        timelines: number of timelines in each simulation.
        seed: seed of the random numbers.
        threads: number of threads; does not change the results.
        notify: called with a phrase that reports progress.
    """
    found = []
    chosen = list(scenario.priors if names is None else names)
    for number, name in enumerate(chosen):
        if number % 20 == 0:
            notify(f"{number} of {len(chosen)} priors")
        low, high = ends(scenario, posterior, name)
        if low == high:
            continue
        at_low, at_high = (
            simulate(
                scenario,
                fix_parameters(posterior, {name: value}),
                timelines=timelines,
                seed=seed,
                threads=threads,
                draws=USED_DRAWS,
            ).timelines
            for value in (low, high)
        )
        found.append(Swing(name, low, high, *differences(at_low, at_high)))
    return sorted(found, key=lambda swing: (-swing.largest, swing.name))


def ends(scenario: Scenario, posterior: Posterior, name: str) -> tuple[float, float]:
    """The 10% and 90% quantiles of a parameter, in its unit: over draws, or over timelines if it varies by timeline."""
    if name in posterior.redrawn:
        low, high = (float(scenario.priors[name].marginal.quantile(special.ndtri(q))) for q in (LOW, HIGH))
        return low, high
    used = posterior.draws[name].iloc[:USED_DRAWS]
    return float(used.quantile(LOW)), float(used.quantile(HIGH))
