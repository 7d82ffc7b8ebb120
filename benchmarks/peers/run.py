"""Run all peers in one process, one after the other in rounds, check that they agree, and write results.md.

    python benchmarks/peers/run.py [--rounds 3] [--scale 1.0]

Use a virtual environment of its own with requirements.txt: see README.md.
"""

import argparse
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]
warnings.filterwarnings("ignore")
os.environ.setdefault("TQDM_DISABLE", "1")

import ema  # noqa: E402
import numpy as np  # noqa: E402
import ours  # noqa: E402
import plain_numpy  # noqa: E402
import with_mesa  # noqa: E402
import with_monaco  # noqa: E402
import with_squigglepy  # noqa: E402
from model import ENDINGS  # noqa: E402
from scipy.stats import chi2_contingency  # noqa: E402

LEVEL = 0.001
"""Level of the test that all peers have the same shares of endings: a false alarm in a thousand."""

BASE = "plain NumPy"
Peer = Callable[[int, int], list[int]]

PEERS: dict[str, tuple[Peer, int, str]] = {
    "ours": (ours.run, 2_000_000, "numba"),
    "ours, one thread": (partial(ours.run, threads=1), 1_000_000, "numba"),
    BASE: (plain_numpy.run, 200_000, "numpy"),
    "monaco": (with_monaco.run, 5_000, "monaco"),
    "mesa": (with_mesa.run, 5_000, "mesa"),
    "EMA Workbench": (ema.run, 5_000, "ema-workbench"),
    "squigglepy": (with_squigglepy.run, 5_000, "squigglepy"),
}
"""By name: the function, the number of timelines in a round, and the package whose version is shown."""


def main() -> int:
    """Run, print and write; 1 if the peers disagree."""
    parser = argparse.ArgumentParser(description="Runs a second of the reduced timeline, by peer.")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; each runs every peer once")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the numbers of timelines")
    given = parser.parse_args()
    rates, counts = measured(given.rounds, given.scale)
    text = page(rates, counts)
    print(text)
    alike = chance(counts) >= LEVEL
    if alike:
        (HERE / "results.md").write_text(text, encoding="utf-8")
    else:
        print("The peers disagree: results.md was not written.", file=sys.stderr)
    return 0 if alike else 1


def measured(rounds: int, scale: float) -> tuple[dict[str, list[float]], dict[str, list[int]]]:
    """Give the runs a second in each round, and the counts of endings in all rounds, by peer."""
    for run, _, _ in PEERS.values():
        run(100, 0)  # compiles and imports
    rates: dict[str, list[float]] = {name: [] for name in PEERS}
    counts = {name: [0, 0, 0] for name in PEERS}
    for number in range(rounds):
        for k, (name, (run, size, _)) in enumerate(PEERS.items()):
            size = max(100, round(size * scale))
            begin = time.perf_counter()
            found = run(size, 1 + number * len(PEERS) + k)  # each peer has other random numbers
            rates[name].append(size / (time.perf_counter() - begin))
            counts[name] = [a + b for a, b in zip(counts[name], found, strict=True)]
    return rates, counts


def chance(counts: dict[str, list[int]]) -> float:
    """Give the p-value of the chi-squared test that all peers have the same shares of endings."""
    return float(chi2_contingency(list(counts.values())).pvalue)


def page(rates: dict[str, list[float]], counts: dict[str, list[int]]) -> str:
    """Give the results as Markdown."""
    lines = [
        "# Results of the peers",
        "",
        f"Made by `python benchmarks/peers/run.py` in one process, on {os.cpu_count()} processors that other work may "
        f"have shared, Python {sys.version.split()[0]}. A ratio is the median over {len(rates[BASE])} rounds, each of "
        "which ran every peer once; the range is that of the rounds. Runs a second are as seen on that machine and "
        "mean nothing elsewhere.",
        "",
        "| peer | version | times plain NumPy | range of the rounds | runs a second, as seen |",
        "|---|---|---|---|---|",
    ]
    ratios = {name: [a / b for a, b in zip(own, rates[BASE], strict=True)] for name, own in rates.items()}
    for name in sorted(rates, key=lambda name: -statistics.median(ratios[name])):
        own = ratios[name]
        spread = f"{min(own):.3g} to {max(own):.3g}"
        seen = f"{statistics.median(rates[name]):,.0f}"
        library = f"{PEERS[name][2]} {version(PEERS[name][2])}"
        lines.append(f"| {name} | {library} | {statistics.median(own):.3g} | {spread} | {seen} |")
    lines += [
        "",
        f"| peer | timelines | {' | '.join(f'{ending}, %' for ending in ENDINGS)} |",
        "|---|---|---|---|---|",
    ]
    for name, found in counts.items():
        n = sum(found)
        cells = (f"{100 * c / n:.2f} ± {100 * np.sqrt(c / n * (1 - c / n) / n):.2f}" for c in found)
        lines.append(f"| {name} | {n:,} | {' | '.join(cells)} |")
    test = f"chi-squared test of equal shares: p = {chance(counts):.3f}; they disagree below {LEVEL}"
    return "\n".join([*lines, "", f"Shares of endings with their standard errors; {test}.", ""])


if __name__ == "__main__":
    sys.exit(main())
