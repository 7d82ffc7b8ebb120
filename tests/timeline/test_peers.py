"""The reduced timeline of benchmarks/peers: compiled, in NumPy and as scalar Python it has the same shares of endings."""

import random
import sys
from importlib import import_module

import numpy as np
import pytest
from places import REPOSITORY
from scipy.stats import chi2_contingency

LEVEL = 1e-4
RUNS = 20_000


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks" / "peers"))
    for name in ("model", "ours", "plain_numpy"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.statistical
def test_peers_agree_and_a_wrong_one_would_be_found(peers: None) -> None:
    model, ours, plain = (import_module(name) for name in ("model", "ours", "plain_numpy"))
    drawn = random.Random(3)
    scalar = [0, 0, 0]
    for _ in range(RUNS // 4):
        a, b = (drawn.uniform(model.LOW, model.HIGH) for _ in range(2))
        scalar[model.ending(a, b, drawn.random)] += 1
    counts = [ours.run(RUNS, 1), plain.run(RUNS, 2), scalar]
    assert [sum(own) for own in counts] == [RUNS, RUNS, RUNS // 4]
    assert chi2_contingency(counts).pvalue > LEVEL
    wrong = [counts[0][0] + RUNS // 50, counts[0][1], counts[0][2] - RUNS // 50]
    assert chi2_contingency([wrong, *counts[1:]]).pvalue < LEVEL


def test_threads_do_not_change_a_count(peers: None) -> None:
    ours = import_module("ours")
    assert ours.run(30_000, 5, threads=1) == ours.run(30_000, 5, threads=2)
    assert np.sum(ours.run(30_000, 6)) == 30_000
    assert ours.run(30_000, 5) != ours.run(30_000, 6)
