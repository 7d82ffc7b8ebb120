"""The fit of all blocks to the evidence: loaded from the cache, or sampled and saved there."""

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from forecast.belief import cache as saved
from forecast.belief.compiled_model import CompiledModel, compile_model
from forecast.belief.fit import MAX_RHAT, MIN_ESS, Diagnostics, Fit, SamplerSettings, failures
from forecast.belief.model import Families, Shapes, families, prior_fit, shapes
from forecast.cache.limit import cache_limit
from forecast.errors import NotConverged
from forecast.scenario.elicit import Marginal

__all__ = ["MAX_RHAT", "MIN_ESS", "check_convergence", "failures", "fit_blocks"]


def fit_blocks(
    data: Mapping[str, Any],
    priors: Mapping[str, Marginal],
    sampler: SamplerSettings,
    *,
    prior_only: bool,
    cache: bool = True,
    progress: bool = False,
) -> Fit:
    """Draws of all blocks given their evidence, or from their prior alone.

    The draws are a function of the arguments, bit for bit, whether they come from the cache or not. Convergence is
    not checked here: see `check_convergence`.

    Args:
        data: the blocks' evidence, by the block's name.
        priors: of every parameter of the blocks.
        sampler: settings of the sampler.
        prior_only: ignore the evidence.
        cache: look in the user's cache folder first, and save a new fit there.
        progress: show a progress bar while sampling.

    Raises:
        InputError: a prior is missing or cannot be updated, or the limit of the cache is not a number.
    """
    if prior_only:
        return prior_fit(data, priors, sampler)
    if cache:
        cache_limit()  # a bad one is refused before the work
    key = saved.fit_key(data, priors, sampler)
    if cache and (fit := saved.load(key)) is not None:
        return fit
    fit = _compiled(shapes(data), families(priors)).fit(data, priors, sampler, progress=progress)
    fit = replace(fit, key=key)
    if cache:
        saved.store(fit)
    return fit


def check_convergence(diagnostics: Diagnostics) -> None:
    """Refuse draws of chains that do not agree.

    Raises:
        NotConverged: with each number outside its limit, and the limit.
    """
    if wrong := failures(diagnostics):
        raise NotConverged(
            f"the chains did not converge: {', '.join(wrong)}. "
            "Undo the change of priors, or accept the run, marked as unconverged, with --allow-unconverged"
        )


@functools.lru_cache(maxsize=2)
def _compiled(form: Shapes, kinds: Families) -> CompiledModel:
    """The compiled models, reused in this process for other dates and priors of the same scenario."""
    return compile_model(form, kinds)
