"""How long `forecast list` and `forecast history` take over many runs: `python benchmarks/store.py [--runs 1000]`.

The runs are made up, with a manifest and a summary of the size of true ones, in a temporary folder with a cache of its
own. Each command is a process of its own: the first makes the index, the others read it.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from forecast.store.manifest import KEPT, MANIFEST, SCHEMA, SUMMARY

PADDING = 120_000
"""Bytes that make a summary as large as that of a pool."""


def make_run(kept: Path, number: int, *, scenario: str = "ukraine-2025", padding: int = PADDING) -> Path:
    """Make up a run with default settings.

    Args:
        kept: folder of saved runs.
        number: of the run: its as-of date and its odds depend on it.
        scenario: name of its scenario.
        padding: bytes by which its summary is made larger.
    """
    day = date(2025, 1, 20) + timedelta(days=number % 345)
    chance = random.Random(number)
    one, two = 0.05 + 0.02 * chance.random(), 0.16 + 0.04 * chance.random()
    shares = {"battlefield": one, "negotiated": two, "unresolved": 1.0 - one - two}
    folder = kept / f"{scenario}_{day}_{number:010x}"
    (folder / "inputs" / "priors").mkdir(parents=True)
    odds = {
        end: {"probability": p, "standard_error": 0.002, "interval": [0.5 * p, min(1.0, 1.5 * p)]}
        for end, p in shares.items()
    }
    facts = {"schema": SCHEMA, "run": folder.name, "scenario": scenario, "as_of": day.isoformat()}
    summary = facts | {"horizon": "2025-12-31", "odds": odds, "padding": ["a text of a summary"] * (padding // 25)}
    contents = dict.fromkeys(KEPT, b"") | {SUMMARY: json.dumps(summary).encode()}
    contents |= {f"inputs/priors/file_{k}.toml": b"" for k in range(25)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    started = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    settings = {"timelines": 20000, "seed": 1, "draw_seed": 1, "draws": 500, "edits": [], "fixed": {}, "readings": []}
    settings |= {"prior_only": False, "allow_unconverged": False, "perspective": "pool"}
    files = {name: sha256(content).hexdigest() for name, content in contents.items()}
    manifest = {"id": folder.name, "schema": SCHEMA, "scenario": scenario, "as_of": day.isoformat()}
    manifest |= {"started": started.isoformat(timespec="milliseconds"), "settings": settings}
    manifest |= {"hashes": {"code": "0" * 64}, "versions": {}, "files": files, "finished": started.isoformat()}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def main() -> None:
    """Make the runs and print the times."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=1000)
    count = options.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "runs"
        for number in range(count):
            make_run(kept, number)
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
