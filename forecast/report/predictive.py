"""Predictive checks: would the model, before and after it saw them, have measured the figures that were measured?

Every observed series is drawn beside what the prior and the posterior would have measured again (ArviZ), and the
share of its figures within the 50 and 90% ranges is counted: near 50 and 90% for a posterior that fits, and as much
or more for a prior that is honest about what it does not know. Drawn once for each fit and kept in the user's cache
folder, since the drawing takes longer than a forecast.

A figure that the posterior would hardly measure again is flagged. It is kept: the instruments' heavy tails give it
little weight. How far out it lies does not hang on the few furthest of some hundred replicates: their median and
quartiles, each side's by itself, make it a score, and the score has the tails of Student's t with the instruments'
four degrees of freedom. One in a thousand of the figures of a fitting model would be flagged by chance.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from forecast.belief.cache import keep, remove
from forecast.belief.student_t import TAIL_DEGREES
from forecast.evidence.series import SeriesSpec
from forecast.locations import cache_root, source_digest
from forecast.report.figures import INK, RC, svg
from forecast.scenario.spec import Scenario

if TYPE_CHECKING:
    import xarray

GROUPS = {"prior_predictive": "before the evidence", "posterior_predictive": "after it"}
"""Groups of replicated figures, and when they stand."""

WIDTHS = (0.5, 0.9)
"""Ranges whose share of figures is counted."""

RARE = 1e-3
"""Chance, both tails together, below which a figure is flagged."""

CENTRAL = 0.95
"""Range that is told with a flagged figure."""

LINEAR = 3.0
"""Multiples of the median size of a series' figures up to which its axis is linear; beyond, logarithmic."""

Array = NDArray[np.float64]
Days = NDArray[np.datetime64]

LIBRARIES = ("arviz-plots", "matplotlib")


@dataclass(frozen=True)
class Predictive:
    """The checks of one fit.

    Attributes:
        checks: a row for each series and group: `series`, `group`, `figures` (how many), `within_50`, `within_90`
            (shares of them), `median_place` (of the figures in the replicates, 0 to 1: 0.5 if neither low nor high).
        figures: SVG by file name.
        flagged: a row for each figure that the posterior would measure again less than once in a thousand: `series`,
            `observed` (ISO date), `value`, `low` and `high` (95% of the replicates lie between), `unit`.
    """

    checks: list[dict[str, Any]]
    figures: dict[str, str]
    flagged: list[dict[str, Any]]


def predictive(netcdf: bytes, titles: Mapping[str, str], units: Mapping[str, str]) -> Predictive:
    """Check a fit, or take the checks from the cache.

    Args:
        netcdf: of the fit; with no groups of replicates there are no checks.
        titles: of the series, by id.
        units: of the figures learnt from, by id of the series.
    """
    if not netcdf:
        return Predictive([], {}, [])
    place = cache_root() / "predictive" / _key(netcdf, titles, units)
    if (found := _load(place)) is not None:
        return found
    if place.is_dir():
        remove(place)
    made = _make(netcdf, titles, units)
    keep("what is drawn of the fit", place, lambda whole: _write(whole, made))
    return made


def titles(scenario: Scenario) -> dict[str, str]:
    """What each series is, and what of it is learnt from: the front learns from changes, aid from sums."""
    return {name: f"{spec.title}: {unit}" for (name, spec), unit in _specs(scenario)}


def units(scenario: Scenario) -> dict[str, str]:
    """The unit of what is learnt from of each series."""
    return {name: unit for (name, _), unit in _specs(scenario)}


def _specs(scenario: Scenario) -> list[tuple[tuple[str, SeriesSpec], str]]:
    """Each series by id, and the unit of what is learnt from of it."""
    change = {
        scenario.area_series: "change in a week, km2",
        scenario.second_area_series: "change in four weeks, km2",
        scenario.series.aid_us: "sum of a quarter, EUR bn",
        scenario.series.aid_europe: "sum of a quarter, EUR bn",
    }
    return [((name, spec), change.get(name, spec.unit)) for name, spec in scenario.evidence.specs.items()]


def coverage(observed: Array, again: Array) -> dict[str, float]:
    """How figures lie among their replicates.

    Args:
        observed: (k,) figures.
        again: (draw, k) the same measured again.
    """
    row: dict[str, float] = {}
    for width in WIDTHS:
        low, high = np.quantile(again, [0.5 - width / 2, 0.5 + width / 2], axis=0)
        row[f"within_{100 * width:.0f}"] = round(float(((observed >= low) & (observed <= high)).mean()), 4)
    place = (again < observed).mean(axis=0) + 0.5 * (again == observed).mean(axis=0)
    row["median_place"] = round(float(np.median(place)), 4)
    return row


def tail_chance(observed: Array, again: Array) -> Array:
    """The chance of a figure as far from the middle of its replicates, or further, on either side, (k,).

    The distance to the median is taken in units of the quartile's distance on that side, a skewed range's two sides
    being unlike, and those are the units of a Student's t.

    Args:
        observed: (k,) figures.
        again: (draw, k) the same measured again.
    """
    low, middle, high = np.quantile(again, [0.25, 0.5, 0.75], axis=0)
    quartile = float(special.stdtrit(TAIL_DEGREES, 0.75))
    side = np.where(observed < middle, middle - low, high - middle)
    away = np.abs(observed - middle)
    # Replicates that are all the same have no spread: what differs from them is as far out as can be.
    score = np.divide(quartile * away, side, out=np.where(away > 0, np.inf, 0.0), where=side > 0)
    return np.asarray(2.0 * special.stdtr(TAIL_DEGREES, -score))


def flagged(series: str, days: Days, observed: Array, again: Array, unit: str) -> list[dict[str, Any]]:
    """The figures of a series that the model would hardly measure again, as `Predictive.flagged` has them.

    Args:
        series: its id.
        days: (k,) of its figures.
        observed: (k,) figures.
        again: (draw, k) the same measured again.
        unit: of the figures.
    """
    low, high = np.quantile(again, [0.5 - CENTRAL / 2, 0.5 + CENTRAL / 2], axis=0)
    return [
        {
            "series": series,
            "observed": str(days[k]),
            "value": round(float(observed[k]), 4),
            "low": round(float(low[k]), 4),
            "high": round(float(high[k]), 4),
            "unit": unit,
        }
        for k in np.flatnonzero(tail_chance(observed, again) < RARE)
    ]


def _make(netcdf: bytes, titles: Mapping[str, str], units: Mapping[str, str]) -> Predictive:
    import xarray

    with xarray.open_datatree(io.BytesIO(netcdf), engine="h5netcdf") as opened:
        tree = opened.load()
    if "observed_data" not in tree or any(group not in tree for group in GROUPS):
        return Predictive([], {}, [])
    observed = tree["observed_data"].to_dataset()
    checks, far = [], []
    for name, figures in observed.data_vars.items():
        for group in GROUPS:
            again = tree[group].to_dataset()[name].values.reshape(-1, figures.size)
            row = coverage(figures.values, again)
            checks.append({"series": str(name), "group": group, "figures": int(figures.size), **row})
        days = observed[f"{name}_date"].values.astype("datetime64[D]")
        after = tree["posterior_predictive"].to_dataset()[name].values.reshape(-1, figures.size)
        far += flagged(str(name), days, figures.values, after.astype(np.float64), units.get(str(name), ""))
    drawn = {f"{group}.svg": _draw(tree, group, titles) for group in GROUPS} if checks else {}
    return Predictive(checks, drawn, far)


def _draw(tree: "xarray.DataTree", group: str, titles: Mapping[str, str]) -> str:
    """A panel for each series: its figures, and the ranges of those measured again."""
    import matplotlib as mpl

    mpl.use("Agg")
    import arviz_plots

    observed, again = tree["observed_data"].to_dataset(), tree[group].to_dataset()
    names = [str(name) for name in observed.data_vars]
    with mpl.rc_context(RC):
        drawn = arviz_plots.plot_ppc_interval(
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
        figure = drawn.viz["figure"].item()
        for name in names:
            days = observed[f"{name}_date"].values.astype("datetime64[D]")
            replicated = again[name].values.reshape(-1, len(days))
            _dress(drawn.viz["plot"][name].item(), days, observed[name].values, replicated)
            drawn.viz["plot"][name].item().set_title(titles.get(name, name), loc="left", fontsize=8.5)
        figure.suptitle(
            f"Figures as measured, and 50 and 90% ranges of the model's, {GROUPS[group]}",
            x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
        figure.set_layout_engine("tight", rect=(0.0, 0.0, 1.0, 1.0 - 0.25 / figure.get_figheight()))
        return svg(figure)


def _dress(axes: Any, days: Days, figures: Array, again: Array) -> None:
    """Dates below, and an axis that a wide prior does not make unreadable."""
    at = np.unique(np.linspace(0, len(days) - 1, min(len(days), 7)).round().astype(int))
    axes.set_xticks(at, [str(days[k]) for k in at], fontsize=7.5)
    axes.tick_params(axis="y", labelsize=7.5)
    usual = float(np.median(np.abs(figures))) or 1.0
    low, high = np.quantile(again, [0.05, 0.95], axis=0)
    if max(high.max(), -low.min()) > 20.0 * usual:
        axes.set_yscale("asinh", linear_width=LINEAR * usual)
        most = 10.0 ** np.floor(np.log10(max(high.max(), -low.min())))
        ticks = [0.0, most, *([-most] if low.min() < -0.3 * most else [])]
        axes.set_yticks(ticks, [f"{tick:,g}" for tick in ticks])
        axes.set_yticks([], minor=True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _key(netcdf: bytes, titles: Mapping[str, str], units: Mapping[str, str]) -> str:
    """SHA-256 of all that the checks and figures depend on."""
    digest = hashlib.sha256(netcdf)
    digest.update(json.dumps([dict(titles), dict(units)], sort_keys=True).encode())
    digest.update(source_digest("report/predictive.py", "report/figures.py").encode())
    digest.update(" ".join(metadata.version(name) for name in LIBRARIES).encode())
    return digest.hexdigest()


def _load(place: Path) -> Predictive | None:
    """What is kept there, None if nothing is, or nothing whole."""
    try:
        checks, far = (json.loads((place / f"{name}.json").read_text("utf-8")) for name in ("checks", "flagged"))
        names = [f"{group}.svg" for group in GROUPS] if checks else []
        return Predictive(checks, {name: (place / name).read_text("utf-8") for name in names}, far)
    except (OSError, ValueError):
        return None


def _write(place: Path, made: Predictive) -> None:
    """The files of an entry."""
    (place / "checks.json").write_text(json.dumps(made.checks), "utf-8")
    (place / "flagged.json").write_text(json.dumps(made.flagged), "utf-8")
    for name, figure in made.figures.items():
        (place / name).write_text(figure, "utf-8")
