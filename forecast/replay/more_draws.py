"""More draws where few fit the record: adaptive importance sampling around the replay.

A replay gives each draw of the posterior the probability of the record as its weight. Late in the year few draws have
most of the weight. Then the priors that the evidence does not update are drawn again, nearer to where the weight is,
and the replay is repeated on the new draws. All rounds count, by deterministic mixture weights (A. Owen and Y. Zhou,
2000; J.-M. Cornuet and others, "Adaptive multiple importance sampling", 2012):

    e_k      the independent normal part of the score of prior k (`forecast.belief.draws`)
    q_1      Normal(0, 1) in every k: the prior
    q_t      Normal(m_k, s_k^2) in those k in which the weighted mean so far is clearly not 0, else Normal(0, 1)
    weight   record probability / (mean over rounds of q_t(e) / q_1(e))

A weighted mean counts as clear if it is more than `CLEAR` standard errors from 0. Means and variances are shrunk to
those of the prior by effective / (effective + `SHRINK`), and no variance falls below `LEAST`. The weight of a draw is
at most the number of rounds times the probability of its record, since the prior is one of the rounds.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecast.arrays import Array
from forecast.belief.assemble import Posterior, redrawn
from forecast.belief.draws import stratified
from forecast.belief.model import PARAMETERS
from forecast.replay.weights import effective_size, log_mean
from forecast.scenario.spec import Scenario
from forecast.timeline.particle_filter import Replayed

WANTED = 250.0
"""Effective sample size at which no more draws are made."""

ROUNDS = 5
"""Rounds of draws, at most; the first is the posterior's own."""

CLEAR, SHRINK, LEAST = 2.5, 20.0, 0.35


@dataclass(frozen=True)
class Proposal:
    """The distribution of one round: Normal(mean, sd^2) in each of some priors, Normal(0, 1) in the others."""

    names: tuple[str, ...]
    mean: Array
    sd: Array

    def log_ratio(self, e: pd.DataFrame) -> Array:
        """(n,) log of its density divided by the prior's."""
        x = e[list(self.names)].to_numpy()
        return np.asarray((0.5 * x**2 - 0.5 * ((x - self.mean) / self.sd) ** 2 - np.log(self.sd)).sum(axis=1))


def free_names(scenario: Scenario, posterior: Posterior) -> list[str]:
    """The priors that rounds may draw from elsewhere: drawn once a draw, not updated by evidence, not fixed."""
    return [
        name
        for name, prior in scenario.priors.items()
        if prior.varies == "world"
        and not prior.marginal.is_point
        and name not in PARAMETERS
        and name not in posterior.fixed
    ]


def proposal(e: pd.DataFrame, log_weight: Array) -> Proposal:
    """The proposal that weighted draws suggest.

    Args:
        e: (n, priors) independent parts of the scores.
        log_weight: (n,) log weights, up to a constant.
    """
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    effective = 1.0 / np.sum(weight**2)
    mean = weight @ e.to_numpy()
    spread = np.sqrt(weight @ (e.to_numpy() - mean) ** 2)
    clear = np.abs(mean) > CLEAR / np.sqrt(effective)
    kept = effective / (effective + SHRINK)
    variance = np.maximum(1.0 + kept * (np.minimum(spread[clear], 1.0) ** 2 - 1.0), LEAST)
    return Proposal(tuple(e.columns[clear]), kept * mean[clear], np.sqrt(variance))


@dataclass(frozen=True)
class Rounds:
    """All rounds together.

    Attributes:
        posterior: with the draws of all rounds, one after the other.
        made: the replay of these draws; its weights are those of the mixture.
        rounds: number of rounds.
    """

    posterior: Posterior
    made: Replayed
    rounds: int


def joined(posteriors: list[Posterior]) -> Posterior:
    """One posterior with the draws of several of the same date, one after the other."""
    first = posteriors[0]
    return replace(
        first,
        draws=pd.concat([one.draws for one in posteriors], ignore_index=True),
        paths={name: np.concatenate([one.paths[name] for one in posteriors]) for name in first.paths},
        redrawn_mean=np.concatenate([one.redrawn_mean for one in posteriors]),
        block_scores={
            name: np.concatenate([one.block_scores[name] for one in posteriors]) for name in first.block_scores
        },
    )


def joined_replays(made: list[Replayed], correction: Array) -> Replayed:
    """One replay of the draws of several rounds, the log weights less a correction of each draw."""
    return Replayed(
        np.concatenate([one.log_weight for one in made]) - correction[:, None],
        np.concatenate([one.share for one in made]),
        np.concatenate([one.states for one in made]).view(np.recarray),
        np.concatenate([one.results for one in made]).view(np.recarray),
        np.concatenate([one.values for one in made]),
        np.sum([one.ruled_out for one in made], axis=0),
    )


def in_rounds(scenario: Scenario, posterior: Posterior, replay: Callable[[Posterior, int], Replayed]) -> Rounds:
    """Replay a posterior, and draw more where few draws fit the record.

    Args:
        scenario: the scenario.
        posterior: its posterior.
        replay: replays a posterior; the second argument is the number of the round, from 0.
    """
    names = free_names(scenario, posterior)
    count, seed = len(posterior.draws), posterior.draw_seed
    posteriors, made = [posterior], [replay(posterior, 0)]
    parts = [pd.DataFrame({name: stratified(name, count, seed) for name in names})]
    proposals: list[Proposal] = []
    correction = np.zeros(count)
    while len(made) < ROUNDS:
        log_weight = np.concatenate([one.log_weight[:, -1] for one in made]) - correction
        if not 0.0 < effective_size(log_weight) < WANTED:
            break
        e = pd.concat(parts, ignore_index=True)
        proposals.append(proposal(e, log_weight))
        own_seed = seed + 1_000_003 * len(made)
        fresh = pd.DataFrame({name: stratified(name, count, own_seed) for name in names})
        where = list(proposals[-1].names)
        fresh[where] = proposals[-1].mean + proposals[-1].sd * fresh[where]
        parts.append(fresh)
        own = {name: fresh[name].to_numpy() for name in where}
        posteriors.append(redrawn(scenario, posterior, own, own_seed))
        made.append(replay(posteriors[-1], len(made)))
        e = pd.concat(parts, ignore_index=True)
        densities = np.column_stack([np.zeros(len(e)), *(one.log_ratio(e) for one in proposals)])
        correction = log_mean(densities.T)
    if len(made) == 1:
        return Rounds(posterior, made[0], 1)
    return Rounds(joined(posteriors), joined_replays(made, correction), len(made))
