"""How fast the weekly kernel is, beside that of another revision: `python benchmarks/kernel.py REVISION [--rounds 5]`.

Both simulate the same timelines: of each perspective, on the reference date and as of a later one. They run in turn,
each time in a process of its own that loads compiled code from the cache, on one thread. The least processor time of
all rounds counts, because other work on the machine can only add to it. Every field of the timelines' records, the
states that they start from, and the counts of the bands are compared. The first process of a revision compiles, which
takes minutes.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
"""The sources that are measured."""


def digest(array):
    """SHA-256 of the memory of an array."""
    import numpy as np

    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def cases(asked):
    """The perspectives and as-of dates; None stands for the reference date."""
    return [(name, day) for name in asked.perspectives for day in (None, asked.later)]


def measured(perspective, later, timelines):
    """Simulate once: microseconds a timeline, digests of the fields of the records, digest of the counts."""
    import numpy as np

    from forecast import load_scenario, update
    from forecast.encoding import kernel_inputs
    from forecast.replay import starting_points
    from forecast.timeline.cells import Cells, Inputs, simulate_cells

    scenario = load_scenario("ukraine-2025", **({} if perspective == "base" else {"perspective": perspective}))
    posterior = update(scenario, scenario.reference_date if later is None else later)
    start, posterior = starting_points.start(scenario, posterior, starting_points.BLOCK_DRAWS)
    inputs = Inputs(
        kernel_inputs.parameter_rows(scenario, posterior.draws.iloc[start.draw]),
        start.states,
        start.results,
        start.values,
        kernel_inputs.redrawn_parameters(
            scenario, posterior.redrawn, posterior.redrawn_mean[start.draw], posterior.redrawn_chol
        ),
        kernel_inputs.make_world(scenario, posterior.as_of),
    )
    cells = start.cells(np.arange(timelines))
    simulate_cells(inputs, Cells(*(column[:500] for column in cells)), 1, 1)
    begin = time.process_time()
    records, counts = simulate_cells(inputs, cells, 1, 1)
    spent = time.process_time() - begin
    fields = {f"record.{name}": digest(records[name]) for name in records.dtype.names}
    states = {f"state.{name}": digest(start.states[name]) for name in start.states.dtype.names}
    return {"us": 1e6 * spent / timelines, "digests": {**states, **fields, "band counts": digest(counts)}}


def process(folder, asked):
    """Measure a copy of the sources in a process of its own, all cases."""
    words = [__file__, "-", "--worker", "--timelines", str(asked.timelines), "--later", str(asked.later)]
    words += ["--perspectives", *asked.perspectives]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "FORECAST_PRIORS": str(HERE / "priors")},
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        sys.exit(done.returncode)
    return json.loads(done.stdout)


def main():
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", help="revision of the sources to compare with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--timelines", type=int, default=20_000)
    parser.add_argument("--perspectives", nargs="+", default=["base", "washington"])
    parser.add_argument("--later", type=date.fromisoformat, default=date(2025, 3, 31), help="the later as-of date")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        print(json.dumps([measured(*case, asked.timelines) for case in cases(asked)]))
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", asked.revision], cwd=HERE, stdout=subprocess.PIPE, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        trees = [Path(folder), HERE]
        for tree in trees:  # compile
            process(tree, asked)
        found = {tree: [] for tree in trees}
        for number in range(asked.rounds):
            for tree in trees if number % 2 == 0 else trees[::-1]:
                found[tree].append(process(tree, asked))
        print(f"| timelines | {asked.revision}, us | now, us | times as fast | not equal |\n|---|---|---|---|---|")
        for place, (perspective, later) in enumerate(cases(asked)):
            before, now = ([one[place] for one in found[tree]] for tree in trees)
            least = [min(one["us"] for one in runs) for runs in (before, now)]
            old, new = before[0]["digests"], now[0]["digests"]
            other = ", ".join(name for name in old if old[name] != new.get(name)) or "nothing"
            name = f"{perspective}, {later or 'reference date'}"
            print(f"| {name} | {least[0]:.1f} | {least[1]:.1f} | {least[0] / least[1]:.2f} | {other} |")


if __name__ == "__main__":
    main()
