"""How long `forecast list` and `forecast history` take over many runs: `python benchmarks/store.py [--runs 1000]`.

The runs are made up, with a manifest and a summary of the size of true ones, in a temporary folder with a cache of its
own. Each command is a process of its own: the first makes the index, the others read it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from made_up_runs import make_run

PADDING = 120_000
"""Bytes that make a summary as large as that of a pool."""


def main() -> None:
    """Make the runs and print the times."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=1000)
    count = options.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "runs"
        for number in range(count):
            make_run(kept, number, padding=PADDING)
        time.sleep(2.5)  # a file that has just changed is not stored in the index
        environment = os.environ | {"FORECAST_CACHE": str(Path(folder) / "cache"), "FORECAST_RUNS": str(kept)}
        commands = (["list"], ["list"], ["history"], ["history", "--csv", "-"], ["history", "--json"], ["--help"])
        for words in commands:
            begin = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "forecast", *words], env=environment, capture_output=True, check=True
            )
            seconds = time.perf_counter() - begin
            print(f"forecast {' '.join(words)}: {seconds:.2f} s, {len(done.stdout.splitlines())} lines")


if __name__ == "__main__":
    main()
