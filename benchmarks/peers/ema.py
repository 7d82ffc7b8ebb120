"""EMA Workbench: a Python model with two real parameters, a Monte Carlo design, and its sequential evaluator."""

import logging
import random

from ema_workbench import Model, RealParameter, ScalarOutcome, SequentialEvaluator, ema_logging
from ema_workbench.em_framework.samplers import MonteCarloSampler
from model import HIGH, LOW, ending


def run(runs: int, seed: int) -> list[int]:
    """Simulate timelines and count their endings."""
    ema_logging.log_to_stderr(logging.ERROR)
    uniform = random.Random(seed).random

    def timeline(a: float, b: float) -> dict[str, int]:
        return {"ending": ending(a, b, uniform)}

    model = Model("timeline", function=timeline)
    model.uncertainties = [RealParameter("a", LOW, HIGH), RealParameter("b", LOW, HIGH)]
    model.outcomes = [ScalarOutcome("ending")]
    with SequentialEvaluator(model) as evaluator:
        _, outcomes = evaluator.perform_experiments(scenarios=runs, uncertainty_sampling=MonteCarloSampler(), rng=seed)
    return [int((outcomes["ending"] == code).sum()) for code in range(3)]
