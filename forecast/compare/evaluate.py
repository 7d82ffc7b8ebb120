"""The odds of mixtures, simulated: fit, replay of the past, timelines. Whatever several mixtures share is made once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.belief.assemble import Posterior
from forecast.belief.model import BLOCKS, block_data
from forecast.cache.digests import sha256
from forecast.compare.causes import FILES, WEIGHTS, prior_key
from forecast.compare.fits import Fits, block_key
from forecast.compare.mixture import SIMULATION, Mixture, Settings
from forecast.compare.outcomes import FEW_OF, OTHER_SEED, Odds, Outcomes, columns_of, few_numbers
from forecast.compare.sides import Side
from forecast.encoding import kernel_inputs
from forecast.encoding.timeline_table import outcomes
from forecast.ensemble import base_rates
from forecast.ensemble.simulated import USED_DRAWS, simulate
from forecast.outcomes.owen import Coalition
from forecast.replay import starting_points
from forecast.replay.observations import observed_of, weekly_record_of
from forecast.scenario.perspectives import BASE_RATES
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import Inputs, simulate_cells

Started = tuple[starting_points.Start, Posterior]
"""The starting points of timelines, and the posterior with the draws that they name."""


@dataclass(eq=False)
class Evaluator:
    """Simulates mixtures of two runs.

    Attributes:
        mixture: of the two runs.
        threads: number of threads; does not change the results.
        notify: called with a phrase for each step.
        fits: the fits used.
    """

    mixture: Mixture
    threads: int | None
    notify: Callable[[str], None]
    fits: Fits = field(default_factory=Fits)
    _found: dict[tuple[tuple[str, ...], bool], Outcomes] = field(default_factory=dict)
    _started: dict[tuple[str, ...], Started] = field(default_factory=dict)
    _keys: dict[tuple[str, Coalition], tuple[str, ...]] = field(default_factory=dict)

    def needed(self, coalitions: Iterable[Coalition]) -> list[tuple[str, Coalition]]:
        """The simulations that coalitions need: member, and the first coalition that needs it.

        Simulations from the same starting points follow each other.
        """
        found: dict[tuple[str, ...], tuple[str, Coalition]] = {}
        for coalition in coalitions:
            for member in self.mixture.weights(coalition):
                found.setdefault(self._key(member, coalition), (member, coalition))
        return [found[key] for key in sorted(found)]

    def _key(self, member: str, coalition: Coalition) -> tuple[str, ...]:
        """Everything that a member's timelines depend on in a mixture: member, starting points, simulation."""
        own = self.mixture.relevant(member, coalition)
        if (member, own) not in self._keys:
            settings = self.mixture.settings(coalition)
            scenario, day = self.mixture.scenario(member, coalition), self.mixture.b.day
            if member == BASE_RATES:
                begins = repr(sorted(own - SIMULATION))
            else:
                begins = start_key(scenario, day, settings, self.mixture.side(FILES, coalition).run.id)
            self._keys[member, own] = member, begins, f"{settings.timelines:09d} {settings.seed}"
        return self._keys[member, own]

    def odds(self, coalition: Coalition, *, few: bool) -> Odds:
        """The odds of a mixture.

        Args:
            coalition: the causes that are as in the later run.
            few: simulate only the first timelines of each draw.
        """
        weights = self.mixture.side(WEIGHTS, coalition).weights
        return Odds({member: self.member(member, coalition, few=few) for member in weights}, weights)

    def member(self, member: str, coalition: Coalition, *, few: bool) -> Outcomes:
        """The timelines of one member of a mixture."""
        key = self._key(member, coalition)
        if (key, few) not in self._found:
            if member == BASE_RATES:
                made = self._base_rates(coalition, few=few)
            else:
                made = self._weekly(member, coalition, key[:2], few=few)
            self._found[key, few] = made
        return self._found[key, few]

    def _weekly(self, member: str, coalition: Coalition, key: tuple[str, ...], *, few: bool) -> Outcomes:
        """Timelines of a member that simulates week by week."""
        mixture, settings = self.mixture, self.mixture.settings(coalition)
        scenario = mixture.scenario(member, coalition)
        if key not in self._started:
            self._started.clear()
            posterior = self.fits.posterior(scenario, mixture.b.day, settings)
            self._started[key] = starting_points.start(scenario, posterior, USED_DRAWS, self.threads)
        numbers = few_numbers(settings.timelines) if few else np.arange(settings.timelines)
        if settings.timelines > FEW_OF and not few:
            posterior = self.fits.posterior(scenario, mixture.b.day, settings)
            table = simulate(
                scenario, posterior, timelines=settings.timelines, seed=settings.seed, threads=self.threads
            ).timelines
            return _seeded(mixture, settings.draw_seed, *columns_of(table))
        draw, kind = simulated(scenario, self._started[key], numbers, settings.seed, self.threads)
        return _seeded(mixture, settings.draw_seed, draw, kind)

    def _base_rates(self, coalition: Coalition, *, few: bool) -> Outcomes:
        """Timelines of the member that does not simulate weeks."""
        mixture, settings = self.mixture, self.mixture.settings(coalition)
        scenario, day = mixture.scenario(BASE_RATES, coalition), mixture.b.day
        table = base_rates_table(scenario, day, settings.draw_seed, settings.timelines, settings.seed)
        found = _seeded(mixture, settings.draw_seed, *table)
        return found.few() if few else found


def start_key(scenario: Scenario, day: date, settings: Settings, files: str) -> str:
    """The hash of everything that the starting points of timelines depend on.

    Args:
        scenario: of a mixture.
        day: its as-of date.
        settings: of the mixture.
        files: the run that gives the scenario's files, but for priors, evidence and record.
    """
    data, sampler = block_data(scenario, day), settings.sampler
    marginals = {name: prior.marginal for name, prior in scenario.priors.items()}
    used = [
        "" if settings.prior_only else block_key(block, data[block.name], day, marginals, sampler) for block in BLOCKS
    ]
    parts = [files, *used, repr([(name, *prior_key(prior)) for name, prior in scenario.priors.items()])]
    parts += [repr(sorted(settings.fixed.items())), str(settings.draw_seed), repr(settings.sampler)]
    if day > scenario.reference_date:
        parts.append(observed_of(scenario, weekly_record_of(scenario, day), day).tobytes().hex())
    return sha256("\n".join(parts).encode())


def today(side: Side, fits: Fits, threads: int | None, *, other_seed: bool) -> Odds:
    """The odds of a run made again with the present code.

    Args:
        side: the run, opened.
        fits: the fits used.
        threads: number of threads.
        other_seed: its draws have another seed than those that they are compared with.
    """
    members = {}
    own = Mixture(side, side, ())
    for name in side.weights:
        settings = own.settings(frozenset())
        scenario = side.members[name]
        if name == BASE_RATES:
            draw, kind = base_rates_table(scenario, side.day, side.draw_seed, side.timelines, side.seed)
        else:
            posterior = fits.posterior(scenario, side.day, settings)
            table = simulate(scenario, posterior, timelines=side.timelines, seed=side.seed, threads=threads).timelines
            draw, kind = columns_of(table)
        members[name] = Outcomes(draw + (OTHER_SEED if other_seed else 0), kind)
    return Odds(members, side.weights)


def base_rates_table(
    scenario: Scenario, day: date, draw_seed: int, timelines: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draws and outcomes of the timelines of the member that does not simulate weeks."""
    truces = base_rates.general_truces(scenario, day)
    draws = base_rates.believe(scenario, day, truces, draw_seed)
    table = base_rates.simulate(scenario, draws, day, truces, timelines=timelines, seed=seed)
    return columns_of(table)


def simulated(
    scenario: Scenario, started: Started, numbers: NDArray[np.int64], seed: int, threads: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draws and outcomes of some timelines, as `forecast.ensemble.simulated.simulate_blocks` simulates them.

    Args:
        scenario: the scenario.
        started: starting points and posterior.
        numbers: of the timelines within a run.
        seed: of their random numbers.
        threads: number of threads.
    """
    start, posterior = started
    rows = kernel_inputs.parameter_rows(scenario, posterior.draws.iloc[start.draw])
    mean: Array = posterior.redrawn_mean[start.draw]
    redrawn = kernel_inputs.redrawn_parameters(scenario, posterior.redrawn, mean, posterior.redrawn_chol)
    world = kernel_inputs.make_world(scenario, posterior.as_of)
    inputs = Inputs(rows, start.states, start.results, start.values, redrawn, world)
    record, _ = simulate_cells(inputs, start.cells(numbers), seed, threads)
    return np.asarray(record["draw"], np.int64), np.asarray(outcomes(record, scenario), np.int64)


def _seeded(mixture: Mixture, draw_seed: int, draw: NDArray[np.int64], kind: NDArray[np.int64]) -> Outcomes:
    """Outcomes, with the numbers of draws of the later run's seed told apart if the seeds differ."""
    other = mixture.a.draw_seed != mixture.b.draw_seed and draw_seed == mixture.b.draw_seed
    return Outcomes(draw + (OTHER_SEED if other else 0), kind)
