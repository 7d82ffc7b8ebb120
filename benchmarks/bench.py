"""What a run costs, in time, memory and space: `python benchmarks/bench.py [--before FOLDER] [--quick]`.

With `--before`, each figure is also measured for another copy of the sources, such as a worktree of an earlier commit,
in turn with this one, and given as a ratio. Machines are noisy: ratios of one sitting count. Every run is a process of
its own. Each copy has a cache of its own, which the first run fills. A copy takes half an hour.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
"""The sources that are measured."""

LATER, NEW = "2025-03-31", "2025-04-07"
"""As-of dates: one that is run twice, and one that is run once."""


@dataclass(frozen=True)
class Cost:
    """What a process cost: seconds of wall time and of processor time, and the most memory in MB."""

    wall: float
    processor: float
    memory: float


class Tree:
    """A copy of the sources with its caches."""

    def __init__(self, name, folder, work):
        self.name, self.folder, self.work = name, folder, work / name
        self.work.mkdir()
        self.runs = self.work / "runs"

    def command(self, *words):
        """Run a command to its end."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("FORECAST_", "PYTHONPATH"))}
        given = kept | {"PYTHONPATH": str(self.folder), "FORECAST_CACHE": str(self.work / "cache")}
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *words], cwd=self.folder, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        errors = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{self.name}: {' '.join(words)}: {errors.decode()}")
        return Cost(time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)

    def run(self, *words):
        """Run `forecast run`."""
        return self.command("-m", "forecast", "run", "--json", "--runs", str(self.runs), *words)

    def space(self):
        """MB of the files of the run saved last."""
        last = max(self.runs.iterdir(), key=lambda folder: folder.stat().st_mtime)
        return sum(path.stat().st_size for path in last.rglob("*") if path.is_file()) / 1e6


def table(name, trees, measure, repeats=1):
    """Measure each tree in turn, and print medians with their ratio."""
    found = {tree.name: [] for tree in trees}
    for number in range(repeats):
        for tree in trees if number % 2 == 0 else trees[::-1]:
            found[tree.name].append(measure(tree))
    for what in ("wall", "processor"):
        medians = [statistics.median(getattr(cost, what) for cost in found[tree.name]) for tree in trees]
        told(f"{name}, {what} s", medians)


def told(name, figures):
    """Print a row of the table: this tree, the other one, their ratio."""
    cells = [f"{figure:.2f}" for figure in figures]
    if len(figures) == 2:
        cells.append(f"{figures[0] / figures[1]:.2f}")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="another copy of the sources")
    parser.add_argument("--quick", action="store_true", help="nothing that compiles or samples more than once")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        trees = [Tree("after", HERE, Path(work))]
        if asked.before:
            trees.append(Tree("before", asked.before.resolve(), Path(work)))
        print(f"| what | {' | '.join(tree.name for tree in trees)} |{' after / before |' if asked.before else ''}")
        print(f"|---|{'---|' * (len(trees) + bool(asked.before))}", flush=True)
        table("first run ever, pool", trees, lambda tree: tree.run())
        told("its folder, MB", [tree.space() for tree in trees])
        table("the same run again", trees, lambda tree: tree.run(), 5)
        table("`forecast --help`", trees, lambda tree: tree.command("-m", "forecast", "--help"), 5)
        size = ("--perspective", "base", "--prior-only", "--timelines")
        few, many = ([tree.run(*size, number).memory for tree in trees] for number in ("1000", "1000000"))
        told("memory for 1,000,000 timelines above 1,000, MB", [b - a for a, b in zip(few, many, strict=True)])
        table("200,000 timelines", trees, lambda tree: tree.run(*size, "200000"), 3)
        if asked.quick:
            return
        table(f"a new date, {LATER}, in a new process", trees, lambda tree: tree.run("--as-of", LATER))
        told("its folder, MB", [tree.space() for tree in trees])
        table("the same run again", trees, lambda tree: tree.run("--as-of", LATER), 3)
        table(f"another new date, {NEW}", trees, lambda tree: tree.run("--as-of", NEW))
        told("the cache, MB", [sum(f.stat().st_size for f in (tree.work / "cache").rglob("*") if f.is_file()) / 1e6
                               for tree in trees])  # fmt: skip


if __name__ == "__main__":
    main()
