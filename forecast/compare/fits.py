"""The fit of each block to a part of the evidence. Blocks are independent, so a fit serves many mixtures.

A mixture needs a new fit of the blocks only in which some new rows are left out; the others are those of the two runs.
The draws of a block are kept in the user's cache under the hash of all that they depend on.
"""

import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zipfile import BadZipFile

import numpy as np

from forecast.arrays import Array
from forecast.belief import cache as whole_fits
from forecast.belief.assemble import DRAW_SEED, DRAWS, PATHS, STATES, Posterior, fix_parameters
from forecast.belief.compiled_model import CompiledModel, compile_model
from forecast.belief.draws import draw_table, generator, interleave
from forecast.belief.fit import Fit, SamplerSettings
from forecast.belief.model import BLOCKS, PARAMETERS, block_data, families, prior_fit, series_used, shapes, values
from forecast.cache.entries import DamagedError, load_entry, store_entry
from forecast.compare.mixture import Settings
from forecast.ensemble.simulated import draws_used
from forecast.locations import cache_root
from forecast.scenario.elicit import Marginal
from forecast.scenario.spec import Scenario

LEVELS = {"front": ("front.",), "capital": ("washington.",), "aid": (), "instability": ("kyiv.",)}
"""Beginnings of the names of the levels that each block estimates."""

KINDS = ("score", "state", "path")

Drawn = dict[str, dict[str, Array]]
"""Draws of a block by kind and name, (DRAWS, ...)."""

_log = logging.getLogger("forecast")


@dataclass(eq=False)
class Fits:
    """The fits that a comparison has used.

    Attributes:
        sampled: number of blocks that were sampled, in this process.
    """

    sampled: int = 0
    _blocks: dict[str, Drawn] = field(default_factory=dict)
    _models: dict[Any, CompiledModel] = field(default_factory=dict)

    def posterior(self, scenario: Scenario, day: date, settings: Settings) -> Posterior:
        """The posterior of a mixture, as `forecast.belief.assemble.update` gives it.

        Args:
            scenario: of the mixture.
            day: its as-of date.
            settings: of the mixture.
        """
        # As in a run: on the reference date the first draws are used, later the replay selects among all.
        count = DRAWS if day > scenario.reference_date else min(draws_used(settings.timelines), DRAWS)
        data = block_data(scenario, day)
        priors = {name: scenario.priors[name].marginal for name in PARAMETERS}
        drawn = self._drawn(data, priors, day, settings)
        seed = settings.draw_seed
        order = np.arange(DRAWS) if seed == DRAW_SEED else generator(seed, "order of the draws").permutation(DRAWS)
        kept = {kind: {name: found[order[:count]] for name, found in own.items()} for kind, own in drawn.items()}
        scores = {name: kept["score"][name] for name in PARAMETERS}
        table = draw_table(scenario.priors, scenario.correlations, count, seed, scores)
        rows = table.values.copy()
        for name in STATES:
            rows[name] = kept["state"][name]
        rows["log_prior"] = table.log_prior
        posterior = Posterior(
            as_of=day,
            draws=rows,
            paths={name: kept["path"][name] for name in PATHS},
            redrawn=table.timeline,
            redrawn_mean=table.timeline_mean,
            redrawn_chol=table.timeline_chol,
            diagnostics=None,
            netcdf=b"",
            fit_key="",
            fixed={},
            series_used=series_used(data),
            block_scores=scores,
            draw_seed=seed,
        )
        return fix_parameters(posterior, dict(settings.fixed))

    def _drawn(self, data: Mapping[str, Any], priors: Mapping[str, Marginal], day: date, settings: Settings) -> Drawn:
        """Draws of all blocks, in the order of `interleave`."""
        sampler = settings.sampler
        if settings.prior_only:
            return _of_fit(prior_fit(data, priors, sampler))
        parts: list[Drawn] = []
        whole: Fit | None = None
        looked = False
        for block in BLOCKS:
            key = block_key(block, data[block.name], day, priors, sampler)
            if key not in self._blocks:
                if not looked:
                    whole, looked = whole_fits.load(whole_fits.fit_key(data, priors, sampler)), True
                found = _part(_of_fit(whole), block.name, block.parameters) if whole is not None else _loaded(key)
                if found is None:
                    found = self._sample(block, data, priors, sampler)
                    _store(key, found)
                self._blocks[key] = found
            parts.append(self._blocks[key])
        return {kind: {name: drawn for part in parts for name, drawn in part[kind].items()} for kind in KINDS}

    def _sample(
        self, block: Any, data: Mapping[str, Any], priors: Mapping[str, Marginal], sampler: SamplerSettings
    ) -> Drawn:
        """Sample one block."""
        form = shapes(data), families(priors)
        if form not in self._models:
            self._models[form] = compile_model(*form)
        part = next(part for part in self._models[form].parts if part.block.name == block.name)
        _log.info("fitting the block %s to a part of the evidence", block.name)
        own = {name: priors[name] for name in block.parameters}
        chains = part.sample(data[block.name], own, sampler, False)
        self.sampled += 1
        value = values(priors, chains.scores)
        rng = generator(sampler.seed, f"{block.name}, states")
        fit = Fit(
            chains.scores,
            block.states(chains.latents, value, data[block.name]),
            block.weekly(value, chains.latents, data[block.name], rng),
            diagnostics=None,  # type: ignore[arg-type]  # not used: the chains were checked when they were sampled
            netcdf=b"",
        )
        return _of_fit(fit)


def block_key(block: Any, data: Any, day: date, priors: Mapping[str, Marginal], sampler: SamplerSettings) -> str:
    """The hash of everything that the draws of a block depend on: the model's inputs, not the rows that they come from.

    A second map has rows every week, and the model uses every fourth.
    """
    own = {name: priors[name] for name in block.parameters}
    return whole_fits.fit_key({block.name: {"inputs": block.inputs(data), "day": day}}, own, sampler)


def _of_fit(fit: Fit) -> Drawn:
    """The draws of a fit, in the order of `interleave`."""
    by_kind = {"score": fit.scores, "state": fit.states, "path": fit.paths}
    return {kind: {name: interleave(own, DRAWS) for name, own in found.items()} for kind, found in by_kind.items()}


def _part(drawn: Drawn, block: str, parameters: tuple[str, ...]) -> Drawn:
    """The draws of one block."""
    levels = LEVELS[block]
    found = {kind: {n: d for n, d in drawn[kind].items() if n.startswith(levels)} for kind in ("state", "path")}
    return found | {"score": {name: drawn["score"][name] for name in parameters}}


def _loaded(key: str) -> Drawn | None:
    """The draws of a block from the user's cache."""

    def made_of(_: Mapping[str, Any], files: Mapping[str, bytes]) -> Drawn:
        found: Drawn = {kind: {} for kind in KINDS}
        try:
            with np.load(io.BytesIO(files["draws.npz"]), allow_pickle=False) as arrays:
                for entry in arrays.files:
                    kind, _, name = entry.partition(".")
                    found[kind][name] = arrays[entry]
        except (ValueError, KeyError, BadZipFile) as error:
            raise DamagedError(f"{type(error).__name__}: {error}") from error
        return found

    return load_entry("the cached fit of a block", cache_root() / "blocks" / key, made_of)


def _store(key: str, drawn: Drawn) -> None:
    """Keep the draws of a block in the user's cache."""
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **{f"{kind}.{name}": d for kind, own in drawn.items() for name, d in own.items()})
    store_entry("the fit of a block", cache_root() / "blocks" / key, {}, {"draws.npz": out.getvalue()})
