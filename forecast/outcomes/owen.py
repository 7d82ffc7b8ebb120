"""The Owen value: a fair division of a difference among causes that lie in groups (G. Owen, 1977).

    v(S)     odds with the causes S as in the later run, and all others as in the earlier run
    line i   sum over S of c_i(S) v(S), the mean over orders of v(before and i) - v(before)

The mean is over all orders in which the causes of a group follow each other. For one group, or groups of one cause, it
is the Shapley value. The lines add up to v(all) - v(none). The coefficients are fractions, so nothing is rounded here.

Up to `MOST_EXACT` causes all orders count. Beyond, a sample of orders is drawn, each together with its reverse
(antithetic permutations: R. Mitchell and others, Journal of Machine Learning Research 23, 2022). The lines still add up
exactly, and each has the error of the sample.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import factorial

import numpy as np

Coalition = frozenset[str]
"""The causes that are as in the later run."""

Coefficients = dict[Coalition, Fraction]
"""A linear combination of the odds of coalitions."""

MOST_EXACT = 8
"""Most causes for which all orders count."""

PAIRS = 8
"""Pairs of an order and its reverse, where orders are drawn."""


def exact_owen(groups: Mapping[str, Sequence[str]]) -> dict[str, Coefficients]:
    """The coefficients of each cause's line, over all orders.

    Args:
        groups: the causes of each group, by the group's name.
    """
    found: dict[str, Coefficients] = {}
    for name, own in groups.items():
        others = [frozenset(causes) for other, causes in groups.items() if other != name]
        for cause in own:
            rest = [other for other in own if other != cause]
            line: Coefficients = {}
            for whole, share in _subsets(others):
                for part, weight in _subsets([frozenset({other}) for other in rest]):
                    before = whole | part
                    add(line, before | {cause}, share * weight)
                    add(line, before, -share * weight)
            found[cause] = line
    return found


def sampled_owen(groups: Mapping[str, Sequence[str]], pairs: int | None = None) -> dict[str, list[Coefficients]]:
    """The coefficients of each cause's line in each pair of a drawn order and its reverse; the line is their mean.

    The orders depend on the names of causes and groups only.

    Args:
        groups: the causes of each group, by the group's name.
        pairs: number of pairs; by default `PAIRS`.
    """
    text = repr(sorted((name, sorted(own)) for name, own in groups.items()))
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little"))
    names = sorted(groups)
    found: dict[str, list[Coefficients]] = {cause: [] for own in groups.values() for cause in own}
    for _ in range(PAIRS if pairs is None else pairs):
        order = [
            cause
            for name in rng.permutation(names).tolist()
            for cause in rng.permutation(sorted(groups[name])).tolist()
        ]
        lines: dict[str, Coefficients] = {cause: {} for cause in found}
        for one in (order, order[::-1]):
            before: Coalition = frozenset()
            for cause in one:
                add(lines[cause], before | {cause}, Fraction(1, 2))
                add(lines[cause], before, Fraction(-1, 2))
                before |= {cause}
        for cause, line in lines.items():
            found[cause].append(line)
    return found


def mean_of(lines: Sequence[Coefficients]) -> Coefficients:
    """The mean of linear combinations."""
    found: Coefficients = {}
    for line in lines:
        for coalition, share in line.items():
            add(found, coalition, share / len(lines))
    return found


def add(line: Coefficients, coalition: Coalition, share: Fraction) -> None:
    """Add a term to a linear combination; a term that becomes 0 is left out."""
    total = line.get(coalition, Fraction(0)) + share
    if total:
        line[coalition] = total
    else:
        line.pop(coalition, None)


def _subsets(parts: Sequence[Coalition]) -> Iterator[tuple[Coalition, Fraction]]:
    """Every union of some of the parts, with the share of the orders in which exactly those come before one more."""
    count = len(parts)
    for size in range(count + 1):
        share = Fraction(factorial(size) * factorial(count - size), factorial(count + 1))
        for chosen in combinations(parts, size):
            yield frozenset().union(*chosen), share
