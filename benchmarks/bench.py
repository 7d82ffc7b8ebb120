"""How fast it is, told as ratios within one run where that is possible: `python benchmarks/bench.py`.

Needs a posterior in the cache: run `forecast run` once before.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from forecast import load_scenario, simulate, update
from forecast.pipeline.workflow import run
from forecast.replay import starting_points

LATER = (date(2025, 6, 16), date(2025, 11, 3))
"""As-of dates that are timed."""


def timed(function, repeats):
    """Median, least and greatest seconds of a call."""
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), min(seconds), max(seconds)


def command(*words):
    """Run a command to its end."""
    subprocess.run([sys.executable, *words], check=True, capture_output=True)


def told(name, figures, note=""):
    """Print a line."""
    print(f"{name:48s} median {figures[0]:7.3f} s   least {figures[1]:7.3f}   greatest {figures[2]:7.3f}   {note}")


def main():
    """Measure and print."""
    scenario = load_scenario("ukraine-2025")
    posterior = update(scenario)
    simulate(scenario, posterior, timelines=1000)
    one = timed(lambda: simulate(scenario, posterior, timelines=20_000, threads=1), 5)
    two = timed(lambda: simulate(scenario, posterior, timelines=20_000, threads=2), 5)
    told("20,000 timelines, one thread", one)
    told("20,000 timelines, two threads", two, f"one thread / two: {one[0] / two[0]:.2f}")
    million = timed(lambda: simulate(scenario, posterior, timelines=1_000_000), 1)
    told("1,000,000 timelines, all threads", million, f"{1_000_000 / million[0]:,.0f} a second")

    # Two later dates: the first compiles and samples, the second samples alone; both anew where none is cached.
    with tempfile.TemporaryDirectory() as runs:
        for day in LATER:
            whole = timed(lambda day=day: run(as_of=day, runs=Path(runs)), 1)
            told(f"a run of all members as of {day}", whole, "from the cache, if it was made before")
    posterior = update(scenario, LATER[-1])
    past = timed(lambda: starting_points.start(scenario, posterior, 500), 5)
    told(f"the replay of the past up to {LATER[-1]}, one member", past)

    typer = timed(lambda: command("-c", "import typer"), 7)
    helped = timed(lambda: command("-m", "forecast", "--help"), 7)
    told("import typer", typer)
    told("forecast --help", helped, f"{helped[0] - typer[0]:+.3f} s over import typer")
    with tempfile.TemporaryDirectory() as runs:
        warm = timed(lambda: command("-m", "forecast", "run", "--json", "--runs", runs), 5)
    told("forecast run, posterior and kernels cached", warm)
    with tempfile.TemporaryDirectory() as runs, tempfile.TemporaryDirectory() as cache:
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "forecast", "run", "--json", "--runs", runs],
            check=True,
            capture_output=True,
            env={"FORECAST_CACHE": cache, "HOME": cache, "PATH": str(Path(sys.executable).parent)},
        )
        cold = time.perf_counter() - begin
    told("forecast run, nothing cached", (cold, cold, cold), f"cold / warm: {cold / warm[0]:.1f}")


if __name__ == "__main__":
    main()
