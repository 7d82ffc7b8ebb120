"""Prior and posterior predictive checks: do the observations lie within the range of their replicates?

The observations of each series are plotted over the replicates of prior and posterior (ArviZ), with the share of them
that lies within the 50 and 90% ranges. For a model that fits, the posterior shares are near 50 and 90%. For a prior
that is wide enough, they are at least as large. The checks of each fit are cached in the user's cache folder, since
plotting takes longer than a forecast.

An outlier under the fitted model is flagged. It stays in the data, where the heavy tails of the instruments' errors
give it little weight. Its tail probability does not depend on the few most extreme of about a hundred replicates:
its distance to their median is divided by the quartile's distance on the same side, and the result is compared
with Student's t with the four degrees of freedom of the instruments. If the model fits, 1 in 1,000 observations is
flagged by chance.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from forecast.arrays import Array
from forecast.belief.student_t import TAIL_DEGREES
from forecast.cache.digests import canonical_json, sha256
from forecast.cache.entries import DamagedError, load_entry, store_entry
from forecast.calendar import Dates
from forecast.evidence.series import SeriesSpec
from forecast.locations import cache_root, source_digest
from forecast.plain_text import visible
from forecast.report.figures import INK, RC, svg
from forecast.scenario.spec import Scenario

if TYPE_CHECKING:
    import xarray

GROUPS = {"prior_predictive": "before the evidence", "posterior_predictive": "after the evidence"}
"""Groups of replicates, in words."""

WIDTHS = (0.5, 0.9)
"""Ranges in which the share of observations is counted."""

RARE = 1e-3
"""Two-sided tail probability below which an observation is flagged."""

CENTRAL = 0.95
"""Range of the replicates that is reported with a flagged observation."""

LINEAR = 3.0
"""End of the linear part of an axis, in median absolute values of the series; beyond, the axis is logarithmic."""


LIBRARIES = ("arviz-plots", "matplotlib")


@dataclass(frozen=True)
class Predictive:
    """The checks of one fit.

    Attributes:
        checks: a row for each series and group: `series`, `group`, `figures` (number of observations), `within_50`
            and `within_90` (shares of them), `median_place` (median of their ranks in the replicates, 0 to 1).
        figures: SVG by file name.
        flagged: a row for each observation with a tail probability below 1 in 1,000 under the posterior: `series`,
            `observed` (ISO date), `value`, `low` and `high` (the 95% range of its replicates), `unit`.
    """

    checks: list[dict[str, Any]]
    figures: dict[str, str]
    flagged: list[dict[str, Any]]


def predictive(netcdf: bytes, titles: Mapping[str, str], units: Mapping[str, str]) -> Predictive:
    """Check a fit, or load its checks from the cache.

    Args:
        netcdf: of the fit; without groups of replicates there are no checks.
        titles: of the series, by id.
        units: of the observations in the fit, by id of the series.
    """
    if not netcdf:
        return Predictive([], {}, [])
    place = cache_root() / "predictive" / _key(netcdf, titles, units)
    if (found := load_entry("the cached check", place, _checked)) is not None:
        return found
    checked = _check(netcdf, titles, units)
    store_entry("the predictive check", place, {}, _files(checked))
    return checked


def titles(scenario: Scenario) -> dict[str, str]:
    """Title of each series with the unit of its observations in the fit, by id."""
    return {name: f"{spec.title}: {unit}" for (name, spec), unit in _specs(scenario)}


def units(scenario: Scenario) -> dict[str, str]:
    """The unit of each series in the fit, by id: the front uses changes, aid uses sums."""
    return {name: unit for (name, _), unit in _specs(scenario)}


def _specs(scenario: Scenario) -> list[tuple[tuple[str, SeriesSpec], str]]:
    """Each series by id, and the unit of its observations in the fit."""
    change = {
        scenario.area_series: "change in a week, km2",
        scenario.second_area_series: "change in four weeks, km2",
        scenario.series.aid_us: "sum of a quarter, EUR bn",
        scenario.series.aid_europe: "sum of a quarter, EUR bn",
    }
    return [((name, spec), change.get(name, spec.unit)) for name, spec in scenario.evidence.specs.items()]


def coverage(observed: Array, replicates: Array) -> dict[str, float]:
    """The shares of observations within the ranges of their replicates, and the median of their ranks.

    Args:
        observed: (k,) observations.
        replicates: (draw, k) their replicates.
    """
    row: dict[str, float] = {}
    for width in WIDTHS:
        low, high = np.quantile(replicates, [0.5 - width / 2, 0.5 + width / 2], axis=0)
        row[f"within_{100 * width:.0f}"] = round(float(((observed >= low) & (observed <= high)).mean()), 4)
    rank = (replicates < observed).mean(axis=0) + 0.5 * (replicates == observed).mean(axis=0)
    row["median_place"] = round(float(np.median(rank)), 4)
    return row


def tail_probability(observed: Array, replicates: Array) -> Array:
    """The two-sided tail probability of each observation under its replicates, (k,).

    The distance to the median is scaled by the quartile's distance on the same side, since the replicates may be
    skewed. The scaled distance is compared with Student's t.

    Args:
        observed: (k,) observations.
        replicates: (draw, k) their replicates.
    """
    low, middle, high = np.quantile(replicates, [0.25, 0.5, 0.75], axis=0)
    quartile = float(special.stdtrit(TAIL_DEGREES, 0.75))
    side = np.where(observed < middle, middle - low, high - middle)
    away = np.abs(observed - middle)
    # Replicates that are all equal have no spread: the score of any other value is infinite.
    score = np.divide(quartile * away, side, out=np.where(away > 0, np.inf, 0.0), where=side > 0)
    return np.asarray(2.0 * special.stdtr(TAIL_DEGREES, -score))


def flagged(series: str, days: Dates, observed: Array, replicates: Array, unit: str) -> list[dict[str, Any]]:
    """The outliers of a series, as rows of `Predictive.flagged`.

    Args:
        series: its id.
        days: (k,) of its observations.
        observed: (k,) observations.
        replicates: (draw, k) their replicates.
        unit: of the observations.
    """
    low, high = np.quantile(replicates, [0.5 - CENTRAL / 2, 0.5 + CENTRAL / 2], axis=0)
    return [
        {
            "series": series,
            "observed": str(days[k]),
            "value": round(float(observed[k]), 4),
            "low": round(float(low[k]), 4),
            "high": round(float(high[k]), 4),
            "unit": unit,
        }
        for k in np.flatnonzero(tail_probability(observed, replicates) < RARE)
    ]


def _check(netcdf: bytes, titles: Mapping[str, str], units: Mapping[str, str]) -> Predictive:
    """Check a fit: coverage and outliers of each series, and a plot for each group."""
    import xarray

    with xarray.open_datatree(io.BytesIO(netcdf), engine="h5netcdf") as opened:
        tree = opened.load()
    if "observed_data" not in tree or any(group not in tree for group in GROUPS):
        return Predictive([], {}, [])
    observed = tree["observed_data"].to_dataset()
    checks, outliers = [], []
    for name, values in observed.data_vars.items():
        for group in GROUPS:
            replicates = tree[group].to_dataset()[name].values.reshape(-1, values.size)
            row = coverage(values.values, replicates)
            checks.append({"series": str(name), "group": group, "figures": int(values.size), **row})
        days = observed[f"{name}_date"].values.astype("datetime64[D]")
        after = tree["posterior_predictive"].to_dataset()[name].values.reshape(-1, values.size)
        outliers += flagged(str(name), days, values.values, after.astype(np.float64), units.get(str(name), ""))
    plots = {f"{group}.svg": _plot(tree, group, titles) for group in GROUPS} if checks else {}
    return Predictive(checks, plots, outliers)


def _plot(tree: "xarray.DataTree", group: str, titles: Mapping[str, str]) -> str:
    """Plot a panel for each series: its observations, and the ranges of their replicates."""
    import matplotlib as mpl

    mpl.use("Agg")
    import arviz_plots
    import matplotlib.pyplot as plt

    observed, replicates = tree["observed_data"].to_dataset(), tree[group].to_dataset()
    names = [str(name) for name in observed.data_vars]
    with mpl.rc_context(RC):
        plot = arviz_plots.plot_ppc_interval(
            tree,
            group=group,
            backend="matplotlib",
            ci_kind="eti",
            ci_probs=WIDTHS,
            cols=["__variable__"],
            col_wrap=1,
            figure_kwargs={"figsize": (8.5, 0.6 + 1.55 * len(names)), "sharex": False},
            visuals={
                "trunk": {"color": "#7f9fb3"},
                "twig": {"color": "#a9bfcc"},
                "prediction_markers": False,
                "observed_markers": {"color": INK, "size": 6},
                "xlabel": False,
                "ylabel": False,
            },
        )
        figure = plot.viz["figure"].item()
        for name in names:
            days = observed[f"{name}_date"].values.astype("datetime64[D]")
            axes = plot.viz["plot"][name].item()
            _set_axes(axes, days, observed[name].values, replicates[name].values.reshape(-1, len(days)))
            axes.set_title(visible(titles.get(name, name)), loc="left", fontsize=8.5)
        figure.suptitle(
            f"Observations, and the model's 50 and 90% ranges {GROUPS[group]}",
            x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
        figure.set_layout_engine("tight", rect=(0.0, 0.0, 1.0, 1.0 - 0.25 / figure.get_figheight()))
        try:
            return svg(figure)
        finally:
            plt.close(figure)


def _set_axes(axes: Any, days: Dates, observed: Array, replicates: Array) -> None:
    """Put dates on the horizontal axis, and an asinh scale on the vertical one where the replicates are wide."""
    at = np.unique(np.linspace(0, len(days) - 1, min(len(days), 7)).round().astype(int))
    axes.set_xticks(at, [str(days[k]) for k in at], fontsize=7.5)
    axes.tick_params(axis="y", labelsize=7.5)
    usual = float(np.median(np.abs(observed))) or 1.0
    low, high = np.quantile(replicates, [0.05, 0.95], axis=0)
    if max(high.max(), -low.min()) > 20.0 * usual:
        axes.set_yscale("asinh", linear_width=LINEAR * usual)
        most = 10.0 ** np.floor(np.log10(max(high.max(), -low.min())))
        ticks = [0.0, most, *([-most] if low.min() < -0.3 * most else [])]
        axes.set_yticks(ticks, [f"{tick:,g}" for tick in ticks])
        axes.set_yticks([], minor=True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _key(netcdf: bytes, titles: Mapping[str, str], units: Mapping[str, str]) -> str:
    """SHA-256 of everything on which the checks and plots depend."""
    content = {
        "fit": sha256(netcdf),
        "words": [dict(titles), dict(units)],
        "source": source_digest("report/predictive.py", "report/figures.py"),
        "versions": {name: metadata.version(name) for name in LIBRARIES},
    }
    return sha256(canonical_json(content))


def _files(checked: Predictive) -> dict[str, bytes]:
    """The files of an entry."""
    texts = {"checks.json": json.dumps(checked.checks), "flagged.json": json.dumps(checked.flagged), **checked.figures}
    return {name: text.encode() for name, text in texts.items()}


def _checked(_: Mapping[str, Any], files: Mapping[str, bytes]) -> Predictive:
    """The checks of an entry.

    Raises:
        DamagedError: a file is missing.
    """
    figures = {name: content.decode() for name, content in files.items() if name.endswith(".svg")}
    try:
        return Predictive(json.loads(files["checks.json"]), figures, json.loads(files["flagged.json"]))
    except (KeyError, ValueError) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
