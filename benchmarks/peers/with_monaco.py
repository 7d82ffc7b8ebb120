"""monaco: a simulation with two random inputs, its preprocessing, run and postprocessing functions."""

import random

import monaco
from model import HIGH, LOW, ending
from scipy.stats import uniform as flat


def run(runs: int, seed: int) -> list[int]:
    """Simulate timelines and count their endings."""
    uniform = random.Random(seed).random

    def before(case: monaco.Case) -> tuple[float, float]:
        return case.invals["a"].val, case.invals["b"].val

    def simulate(a: float, b: float) -> int:
        return ending(a, b, uniform)

    def after(case: monaco.Case, code: int) -> None:
        case.addOutVal("ending", code)

    simulation = monaco.Sim(
        name="timeline",
        ndraws=runs,
        fcns={"preprocess": before, "run": simulate, "postprocess": after},
        firstcaseismedian=False,
        samplemethod="random",
        seed=seed,
        singlethreaded=True,
        verbose=False,
        debug=False,
    )
    for name in ("a", "b"):
        simulation.addInVar(name=name, dist=flat, distkwargs={"loc": LOW, "scale": HIGH - LOW})
    simulation.runSim()
    codes = simulation.outvars["ending"].nums
    return [sum(int(code) == which for code in codes) for which in range(3)]
