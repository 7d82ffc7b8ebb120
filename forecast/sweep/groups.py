"""The share of the uncertainty that each group of `groups.toml` holds: `python -m forecast.sweep.groups`.

There are two uncertainties, and so two variances. They have different shares, and each is named wherever it is shown.

1. **The variance of the odds between draws, random numbers removed** (`ODDS`). The odds of a draw are the probabilities
   of the outcomes given its parameters. They differ between draws, and the 90% range of a forecast shows by how much. A
   group is exchanged with its parameters only: its columns of the draws, the means of the scores of its parameters that
   vary by timeline, and its levels on the as-of date.
2. **The variance of one timeline's outcome** (`TIMELINE`). In a timeline an outcome happens or it does not, so the
   variance is p (1 - p). A timeline follows from all parameters and all random numbers. A group is exchanged with its
   parameters and its streams of random numbers. The numbers that draw a parameter within a timeline go with its group.

First- and total-order shares are estimated by exchanging groups between two samples: see `pick_freeze`.

**Correlations between groups are cut.** The shares add up only if the groups are independent, so each group's columns
come from a draw of their own, chosen at random. Within a group all correlations stay, those that the evidence brings
included. `GroupShares.variance` has the variance of the odds both with the correlations between groups and without
them. A part of a group is exchanged alone: its correlations with the rest of the group are cut as well, so that the
shares of parts need not add up.

Draws are those of the reference date, where all draws have the same weight.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.arrays import Array
from forecast.belief.assemble import Posterior, update
from forecast.encoding.timeline_table import HEADLINES
from forecast.ensemble.progress import silent
from forecast.ensemble.request import SEED, check_size
from forecast.errors import ForecastError, InputError
from forecast.plain_text import markdown, one_line
from forecast.scenario.groups import FILE
from forecast.scenario.load import load_scenario
from forecast.scenario.perspectives import BASE
from forecast.scenario.records import EntrySet, Group
from forecast.scenario.spec import Scenario
from forecast.sweep.exchange import Simulator, columns_of, exchanged, independent_samples, indicators, sample_of
from forecast.sweep.pick_freeze import (
    Product,
    Share,
    Terms,
    mean_scale,
    noise_free,
    ratio,
    resamples,
    share,
    single,
    terms,
)

TIMELINES = 12_000
"""Timelines simulated for each sample, half of them with each of two seeds."""

REPLICATES = 6
"""Timelines of a draw with each seed. With as many timelines in all, fewer replicates of more draws have about the same
errors in the shares of the negotiated odds, and larger ones in those of the battlefield odds."""

FEWEST_PAIRS = 10
"""Pairs of draws below which nothing is estimated."""

PARTS_ABOVE = 0.05
"""Total share above which the parts of a group are computed: a part has at most the total share of its group."""

ODDS, TIMELINE = "odds", "timeline"
"""The two variances."""

NAMES = {
    ODDS: "the variance of the odds between draws, random numbers removed",
    TIMELINE: "the variance of one timeline's outcome",
}


@dataclass(frozen=True, repr=False)
class GroupShares:
    """Shares of the uncertainty by group.

    Attributes:
        perspective: name of the perspective.
        table: one row for each variance, group or part, and outcome: `variance` (`ODDS` or `TIMELINE`), `group` and
            `part` (their ids; the part is empty in the row of a group), `label`, `part_label`, `outcome`, and the
            shares `first`, `first_error`, `total` and `total_error`. Parts have shares of `ODDS` only.
        variance: one row for each outcome: `probability`; `odds`, the variance of the odds between draws with random
            numbers removed; `correlated`, the same with the correlations between groups; `timeline`, the variance of
            one timeline's outcome; and a standard error of each, `<name>_error`.
        pairs: number of pairs of draws.
        timelines: number of timelines simulated.
    """

    perspective: str
    table: pd.DataFrame
    variance: pd.DataFrame
    pairs: int
    timelines: int

    def __repr__(self) -> str:
        """Show the size, not the tables."""
        return f"GroupShares({self.perspective}, {self.pairs} pairs of draws, {self.timelines} timelines)"


def group_shares(
    scenario: Scenario,
    posterior: Posterior,
    *,
    timelines: int = TIMELINES,
    seed: int = SEED,
    threads: int | None = None,
    parts_above: float = PARTS_ABOVE,
    notify: Callable[[str], None] = silent,
) -> GroupShares:
    """First- and total-order shares of the uncertainty by group, of both variances.

    Args:
        scenario: the scenario, with groups.
        posterior: on the reference date. Half of its draws is the largest number of pairs.
        timelines: timelines simulated for each sample, `2 REPLICATES` for each draw; more of a draw if there are not
            enough draws. A group needs four samples, a part two.
        seed: of the random numbers, of the choice of draws and of the bootstrap.
        threads: number of threads; does not change the results.
        parts_above: parts are computed for a group if its total share of the odds of some outcome exceeds this
            and twice its error; if it is negative, for every group.
        notify: called with a phrase that reports progress.

    Raises:
        InputError: the scenario has no groups, the posterior is not on the reference date, or there are too few
            timelines or draws.
    """
    timelines, seed, threads = check_size(timelines, seed, threads)
    if not scenario.groups:
        raise InputError(
            "it is missing; shares by group need it", file=f"{scenario.folder.name}/{FILE}", remedy="Add it"
        )
    if posterior.as_of != scenario.reference_date:
        what = f"found a posterior as of {posterior.as_of}; expected the reference date, {scenario.reference_date}"
        raise InputError(what, key="posterior")
    pairs = min(timelines // (2 * REPLICATES), len(posterior.draws) // 2)
    if pairs < FEWEST_PAIRS:
        what = f"found {timelines} timelines and {len(posterior.draws)} draws; expected at least"
        least = f"{2 * REPLICATES * FEWEST_PAIRS} timelines and {2 * FEWEST_PAIRS} draws"
        raise InputError(f"{what} {least}", key="--timelines")
    simulator = Simulator(scenario, posterior, pairs, timelines // (2 * pairs), seed, threads)
    weights = resamples(pairs, seed)
    notify("simulating the samples without an exchange")
    joint = [sample_of(posterior, slice(k * pairs, (k + 1) * pairs)) for k in range(2)]
    correlated = [indicators(simulator.both(simulator.inputs(sample))) for sample in joint]
    a, b = independent_samples(scenario, posterior, pairs, seed)
    base_inputs = [simulator.inputs(sample) for sample in (a, b)]
    base = [indicators(simulator.both(inputs)) for inputs in base_inputs]
    # In the variance of a timeline, B has the other random numbers than A.
    crossed = [base[0], base[1][..., ::-1, :]]
    odds, timeline = {}, {}
    for group in scenario.groups:
        notify(f"exchanging {group.label}")
        moved = [simulator.inputs(sample) for sample in exchanged(a, b, columns_of(posterior, group.entries))]
        odds[group.id] = _terms(base, [indicators(simulator.both(inputs)) for inputs in moved], noise_free)
        turned = [indicators(simulator.both(inputs, {group.id})) for inputs in moved]
        timeline[group.id] = _terms(crossed, [turned[0], turned[1][..., ::-1, :]], single)
    shares = _Shares(list(odds.values()), weights), _Shares(list(timeline.values()), weights)
    rows: list[dict[str, Any]] = []
    for group in scenario.groups:
        found = shares[0].of(odds[group.id])
        rows += _table_rows(ODDS, found, group)
        rows += _table_rows(TIMELINE, shares[1].of(timeline[group.id]), group)
        large = any(one.total > max(parts_above, 2.0 * one.total_error) for one in found)
        for part in group.parts if large or parts_above < 0.0 else ():
            notify(f"exchanging {group.label}: {part.label}")
            moved = [simulator.inputs(sample) for sample in exchanged(a, b, columns_of(posterior, part.entries))]
            own = _terms(base, [indicators(simulator.both(inputs)) for inputs in moved], noise_free)
            rows += _table_rows(ODDS, shares[0].of(own), group, part)
    return GroupShares(
        perspective=scenario.perspective,
        table=pd.DataFrame(rows),
        variance=_variances(*shares, base, correlated, weights),
        pairs=pairs,
        timelines=simulator.timelines,
    )


def _terms(base: Sequence[Array], moved: Sequence[Array], product: Product) -> list[Terms]:
    """The terms of a set, for each outcome."""
    return [terms(base[0][k], base[1][k], moved[0][k], moved[1][k], product) for k in range(len(HEADLINES))]


class _Shares:
    """Divides the terms of sets by one variance for each outcome: the mean over all groups.

    Args:
        groups: the terms of each group, for each outcome.
        weights: of the bootstrap.
    """

    def __init__(self, groups: Sequence[Sequence[Terms]], weights: Array) -> None:
        self.scales = [mean_scale([group[k] for group in groups]) for k in range(len(HEADLINES))]
        self.weights = weights

    def of(self, own: Sequence[Terms]) -> list[Share]:
        """The share of a set in each outcome's variance."""
        return [share(one, self.weights, scale) for one, scale in zip(own, self.scales, strict=True)]


def _table_rows(
    variance: str, shares: Sequence[Share], group: Group, part: EntrySet | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of the table for a group or a part."""
    for outcome, found in zip(HEADLINES, shares, strict=True):
        names = {"variance": variance, "group": group.id, "part": part.id if part else ""}
        labels = {"label": group.label, "part_label": part.label if part else ""}
        yield names | labels | {"outcome": outcome} | vars(found)


def _variances(
    odds: _Shares, timeline: _Shares, base: Sequence[Array], correlated: Sequence[Array], weights: Array
) -> pd.DataFrame:
    """The variances of which there are shares, with their errors; see `GroupShares`."""
    pairs = np.ones(weights.shape[1])
    rows = []
    for k, outcome in enumerate(HEADLINES):
        across = correlated[0][k] - correlated[1][k]
        values = {
            "probability": (base[0][k] + base[1][k]).mean(axis=(1, 2)) / 2.0,
            "odds": odds.scales[k] / 4.0,
            "correlated": noise_free(across, across) / 2.0,
            "timeline": timeline.scales[k] / 4.0,
        }
        row: dict[str, Any] = {"outcome": outcome}
        for name, value in values.items():
            row[name], row[f"{name}_error"] = ratio(value, pairs, weights)
        rows.append(row)
    return pd.DataFrame(rows)


def leading_judgements(shares: GroupShares, outcome: str = "negotiated", most: int = 3) -> str:
    """One sentence: which judgements hold how much of the uncertainty of an outcome's odds.

    A judgement is a part of a group, or a group whose parts were not computed. Shares are of the first order, of the
    variance of the odds between draws. Only shares above `PARTS_ABOVE` and twice their error are named.

    Args:
        shares: from `group_shares`.
        outcome: one of `HEADLINES`.
        most: largest number of judgements named.
    """
    rows = shares.table[(shares.table["variance"] == ODDS) & (shares.table["outcome"] == outcome)]
    divided = set(rows.loc[rows["part"] != "", "group"])
    rows = rows[(rows["part"] != "") | ~rows["group"].isin(divided)]
    clear = rows[(rows["first"] > PARTS_ABOVE) & (rows["first"] > 2.0 * rows["first_error"])]
    largest = clear.sort_values("first", ascending=False, kind="stable").head(most)
    if largest.empty:
        return f"No judgement alone holds {PARTS_ABOVE:.0%} of the variance of the {outcome} odds between draws."
    named = [f"{_name(row)} ({_percent(row['first'], row['first_error'])}%)" for _, row in largest.iterrows()]
    begins = "The largest share" if len(named) == 1 else "The largest shares"
    verb = "comes" if len(named) == 1 else "come"
    return f"{begins} of the variance of the {outcome} odds between draws {verb} from {'; '.join(named)}."


def _name(row: pd.Series) -> str:
    """The name of a group or a part for readers, as Markdown."""
    return markdown(f"{row['label']}: {row['part_label']}" if row["part"] else row["label"])


def _percent(value: float, error: float) -> str:
    """A share with its standard error, in whole percent; an error is at least 1 unless the share is exactly 0."""
    if not np.isfinite(value):
        return "none"
    whole = round(100.0 * value)
    return f"{whole}" if value == error == 0.0 else f"{whole} ± {max(1, round(100.0 * error))}"


def _deviation(row: pd.Series, name: str) -> str:
    """The square root of a variance with its standard error, in points."""
    deviation = float(np.sqrt(max(row[name], 0.0)))
    error = f" ± {100.0 * row[f'{name}_error'] / (2.0 * deviation):.1f}" if deviation > 0.0 else ""
    return f"{100.0 * deviation:.1f}{error}"


def shares_page(shares: GroupShares, title: str) -> str:
    """The shares as Markdown: a table for each variance, with the errors, and the sentence of `leading_judgements`.

    Args:
        shares: from `group_shares`.
        title: the scenario's title.
    """
    variance = shares.variance.set_index("outcome")
    spread = "; ".join(
        f"{outcome} {_deviation(row, 'odds')}, with the correlations {_deviation(row, 'correlated')}"
        for outcome, row in variance.iterrows()
    )
    lines = [
        f"# Uncertainty by group: {markdown(title)}, perspective `{shares.perspective}`",
        "",
        "First order: the share of the variance that would vanish, on average, if the group alone were known. "
        "Total order: the share that would be left, on average, if all other groups were known. "
        "Interactions count in the total of each group that takes part, so totals may add up to more than 100%. "
        "Shares and their standard errors (from a bootstrap over draws) are in percent.",
        "",
        "Groups are drawn independently: correlations between the priors of different groups are cut. "
        f"Standard deviation of the odds between draws, in points: {spread}.",
        "",
        f"## Shares of {NAMES[ODDS]}",
        "",
        "The 90% range of a forecast shows this uncertainty: the odds of an outcome differ between draws of the "
        "uncertain parameters. Parts are sub-rows of their group, given for groups with a total share above "
        f"{PARTS_ABOVE:.0%}. A part is exchanged alone: its correlations with the rest of its group are cut as well.",
        "",
        *_markdown_table(shares.table, ODDS),
        "",
        leading_judgements(shares),
        "",
        f"## Shares of {NAMES[TIMELINE]}",
        "",
        "In a single timeline an outcome happens or it does not. A group is exchanged together with its streams of "
        "random numbers, so these shares include chance.",
        "",
        *_markdown_table(shares.table, TIMELINE),
        "",
        f"From {shares.pairs:,} pairs of draws and {shares.timelines:,} timelines.",
    ]
    return "\n".join(lines) + "\n"


def _markdown_table(table: pd.DataFrame, variance: str) -> Iterator[str]:
    """The rows of one variance as a Markdown table; groups with the largest negotiated total first, parts below."""
    yield (
        "| group | " + " | ".join(f"{outcome}, {order}" for outcome in HEADLINES for order in ("first", "total")) + " |"
    )
    yield "|---" * (1 + 2 * len(HEADLINES)) + "|"
    rows = table[table["variance"] == variance]
    whole = rows[(rows["part"] == "") & (rows["outcome"] == "negotiated")]
    for group in whole.sort_values("total", ascending=False, kind="stable")["group"]:
        own = rows[rows["group"] == group]
        for part in own["part"].unique():
            cells = own[own["part"] == part].set_index("outcome")
            first = cells.iloc[0]
            name = f"- {markdown(first['part_label'])}" if part else f"**{markdown(first['label'])}**"
            numbers = [
                _percent(cells.at[outcome, order], cells.at[outcome, f"{order}_error"])
                for outcome in HEADLINES
                for order in ("first", "total")
            ]
            yield f"| {name} | {' | '.join(numbers)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the shares of a scenario as Markdown, on standard output; give the exit code.

    Args:
        arguments: options as words, by default those of the command line.
    """
    parser = argparse.ArgumentParser(prog="python -m forecast.sweep.groups", description="Uncertainty by group.")
    parser.add_argument("scenario", nargs="?", help="name or folder of the scenario; by default that of priors/default")
    parser.add_argument("--perspective", default=BASE, help="base, or the name or file of a perspective")
    parser.add_argument("--timelines", type=int, default=TIMELINES, help="timelines for each sample (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the random numbers (%(default)s)")
    parser.add_argument("--threads", type=int, help="number of threads; by default one for each processor")
    given = parser.parse_args(arguments)
    try:
        scenario = load_scenario(given.scenario, perspective=given.perspective)
        found = group_shares(
            scenario,
            update(scenario),
            timelines=given.timelines,
            seed=given.seed,
            threads=given.threads,
            notify=lambda text: print(one_line(text), file=sys.stderr),
        )
    except ForecastError as error:
        print(one_line(str(error)), file=sys.stderr)
        return error.exit_code
    print(shares_page(found, scenario.title), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
