"""The simulator compiled by a second process, while this one compiles and samples the belief.

The first run on a machine compiles both, each on one processor. So where there is a second processor, another process
simulates one timeline meanwhile, which leaves the simulator's compiled code in the user's cache. Whatever goes wrong
there, this process compiles what it misses.

    python -m forecast.ensemble.compile_ahead FOLDER DATE    what the second process does
"""

import contextlib
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from forecast.machine import usable_processors
from forecast.scenario.spec import Scenario
from forecast.timeline import jit

MAIN_KERNEL = "cells.run_cells-*.nbi"
"""Files by which compiled code of the simulator is known."""

_log = logging.getLogger("forecast")


@contextlib.contextmanager
def compiling_ahead(scenario: Scenario, day: date) -> Iterator[Callable[[], None]]:
    """Start the second process if the simulator is not compiled yet; it is ended at the latest with the block.

    Args:
        scenario: a scenario whose timelines will be simulated.
        day: the as-of date.

    Yields:
        a function that waits for the process, to be called before the simulation.
    """
    process = _started(scenario.folder, day)

    def wait() -> None:
        if process is not None and process.wait():
            _log.info("compiling the simulator ahead failed with %s; it is compiled now", process.returncode)

    try:
        yield wait
    finally:
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()


def _started(folder: Path, day: date) -> "subprocess.Popen[bytes] | None":
    """The second process; None where it has nothing to do, or no place or processor to do it."""
    kept = jit.CODE_FOLDER
    if kept is None or not sys.executable or usable_processors() < 2 or any(kept.glob(MAIN_KERNEL)):
        return None
    words = [sys.executable, "-m", "forecast.ensemble.compile_ahead", str(folder), day.isoformat()]
    quiet = subprocess.DEVNULL
    try:
        return subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet)
    except OSError as error:
        _log.info("the simulator is not compiled ahead (%s)", error)
        return None


def compile_all(folder: Path, day: date) -> None:
    """Compile whatever the forecast of a date runs, by a forecast of one timeline from the priors alone.

    Args:
        folder: of the scenario.
        day: the as-of date.
    """
    from forecast.belief.assemble import update
    from forecast.ensemble.simulated import simulate
    from forecast.replay.prequential import common_density
    from forecast.scenario.load import load_scenario

    scenario = load_scenario(folder)
    simulate(scenario, update(scenario, day, prior_only=True), timelines=1, threads=1)
    if scenario.pool is not None and day > scenario.reference_date:
        common_density(scenario, update(scenario, prior_only=True), day, threads=1, number=100)


if __name__ == "__main__":
    compile_all(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]))
