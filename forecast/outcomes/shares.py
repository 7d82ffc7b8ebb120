"""From timelines to odds: every share that a run reports, declared once.

`SHARES` is the table from which the summary, its documentation, the terminal and the pages take names and labels.
`forecast.outcomes.clustering` explains how a share, its Monte Carlo error and its 90% range are computed.

Members that do not simulate week by week know how the war ends and nothing else. A share that needs more is that of
the other members.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.encoding.timeline_table import CATEGORY, DATE, FLAG, HEADLINES, NUMBER, column_kinds
from forecast.errors import InputError
from forecast.outcomes.clustering import Clusters, clusters_of
from forecast.outcomes.conditions import (
    Condition,
    Timelines,
    above,
    at_least,
    below,
    equals,
    flag,
    happened,
    number,
    one_of,
    total,
)
from forecast.scenario.party_names import ROLES
from forecast.timeline.codes import DEFEAT_CAUSES, PARTIES
from forecast.timeline.endings import NEAR_MOSCOW

CEASEFIRE_WEEKS = 4.0
"""Weeks that a ceasefire along the whole front must last to count beside the odds."""

ENDS = ("general_truce", "signed", "broken")
"""Recorded events that a member without weeks has too."""

NUMBERED = ("timeline", "draw", "replicate")
"""Columns that number a timeline, its draw, and its place among the draw's timelines."""

WEEKLY = ("engaged", "steps_up", "down_consent", "down_europe", "down_hawks", "down_kyiv", "breakthroughs")
"""Flags and counts that are known of all timelines that were simulated week by week, and of no others."""

EVENT_NAMES = {
    "limited_first": "limited_truce",
    "general_first": "general_truce",
    "pocket_lost": "pocket_lost",
}
"""Recorded events that are not called as their column is."""


@dataclass(frozen=True)
class Share:
    """One number of the odds: in which share of the timelines something happens.

    Attributes:
        group: the key in `summary.json` that it stands under; a dot separates two levels.
        name: its own key.
        label: what a reader would call it; `{kyiv}` stands for the label of that party.
        event: what happens, or a number of each timeline.
        given: the timelines that it is a share of, or a number by which each counts; by default all.
            The share is then null if too few timelines or draws are left.
        ends: it is known of every timeline, also of those that were not simulated week by week.
    """

    group: str
    name: str
    label: str
    event: Condition
    given: Condition | None = None
    ends: bool = False

    def entry(self, timelines: Timelines, clusters: Clusters) -> dict[str, Any]:
        """The share with its error and range, as `summary.json` holds it."""
        event = self.event.of(timelines)
        if not self.ends:
            event = np.where(followed(timelines), event, np.nan)
        given = None if self.given is None else self.given.of(timelines)
        return clusters.share(event, given, few=given is not None).plain()


BATTLEFIELD, NEGOTIATED, UNRESOLVED = (equals("headline", kind) for kind in HEADLINES)
DEFEAT = one_of("cause", DEFEAT_CAUSES)
ALIVE, ENGAGED = flag("talks_alive"), flag("engaged")
TALKING, SILENT = UNRESOLVED & ALIVE, UNRESOLVED & ~ALIVE
LONG_CEASEFIRE = at_least("truce_longest", CEASEFIRE_WEEKS)
TRUCE_ALONE = equals("ending", "general_truce")
YOUNG = NEGOTIATED & below("settlement_age", CEASEFIRE_WEEKS)
KYIV_TERMS, MOSCOW_TERMS = below("term_index", 1.0 - NEAR_MOSCOW), above("term_index", NEAR_MOSCOW)
REFUSED = happened("first_refusal")
STEPS_DOWN = total("down_consent", "down_europe", "down_hawks", "down_kyiv")

HEADLINE = tuple(Share("odds", kind, kind.capitalize(), equals("headline", kind), ends=True) for kind in HEADLINES)
"""The three outcomes."""

GIVEN_RESOLVED = (
    Share("given_resolved", "battlefield", "Battlefield, if the war ends", BATTLEFIELD, ~UNRESOLVED, ends=True),
    Share("given_resolved", "negotiated", "Negotiated, if the war ends", NEGOTIATED, ~UNRESOLVED, ends=True),
)
"""The outcomes among timelines in which the war ends."""

BESIDE = (
    Share("beside", "ever_signed", "A settlement is signed", happened("signed"), ends=True),
    Share(
        "beside",
        "signed_and_broken",
        "A signed settlement breaks down or is never carried out",
        happened("broken"),
        ends=True,
    ),
    Share(
        "beside", "ceasefire_28_days", "A ceasefire along the whole front, 28 days or more", LONG_CEASEFIRE, ends=True
    ),
    Share("beside", "limited_truce", "A limited truce", happened("limited_first")),
    Share("beside", "still_fighting", "Still fighting at the end", equals("ending", "still_fighting"), ends=True),
    Share(
        "beside",
        "general_truce_without_settlement",
        "A general truce without a settlement at the end",
        TRUCE_ALONE,
        ends=True,
    ),
    Share("beside", "talks_alive", "Talks alive at the end", ALIVE),
    Share("beside", "washington_engaged", "{washington} engaged at the end", ENGAGED),
    Share("beside", "washington_ever_walked_away", "{washington} walks away", happened("walked_away")),
    Share("beside", "negotiated_younger_than_28_days", "A settlement under 28 days old at the end", YOUNG, ends=True),
    Share("beside", "breakthrough", "A breakthrough at the front", happened("breakthrough")),
    Share("beside", "pocket_lost", "{kyiv} loses its pocket beyond the border", happened("pocket_lost")),
    Share("beside", "wider_war", "The war widens", happened("wider_war")),
)
"""Other events, and the state at the end."""

SPLITS = (
    Share("unresolved", "talks_alive_engaged", "Talks, {washington} engaged", TALKING & ENGAGED),
    Share("unresolved", "talks_alive_walked_away", "Talks, {washington} walked away", TALKING & ~ENGAGED),
    Share("unresolved", "talks_dead_engaged", "No talks, {washington} engaged", SILENT & ENGAGED),
    Share("unresolved", "talks_dead_walked_away", "No talks, {washington} walked away", SILENT & ~ENGAGED),
    Share("negotiated", "near_kyiv", "Terms near {kyiv}'s position", NEGOTIATED & KYIV_TERMS),
    Share("negotiated", "in_the_middle", "Terms in between", NEGOTIATED & ~KYIV_TERMS & ~MOSCOW_TERMS),
    Share("negotiated", "near_moscow", "Terms near {moscow}'s position", NEGOTIATED & MOSCOW_TERMS),
)
"""Parts that add up to an outcome."""

OF_DEFEAT = (
    Share("defeat", "washington_engaged", "{washington} engaged when the defeat comes", ENGAGED, DEFEAT),
    Share("defeat", "washington_engaged_without_defeat", "{washington} engaged at the end otherwise", ENGAGED, ~DEFEAT),
    Share("defeat.owner", "president", "the president in {washington}", number("owner_president"), DEFEAT),
    Share("defeat.owner", "predecessor", "his predecessor", number("owner_predecessor"), DEFEAT),
    Share("defeat.owner", "europe", "{europe}", number("owner_europe"), DEFEAT),
    Share("defeat.owner", "kyiv", "{kyiv}", number("owner_kyiv"), DEFEAT),
)
"""The posture of Washington at a defeat, and the shares of the blame for the defeat."""

OF_TALKS = (
    *(
        Share("first_refusal", party, f"{{{party}}}", equals("first_refusal", party), REFUSED)
        for party in PARTIES
        if party != "hawks"
    ),
    Share("steps_down", "consent", "a party no longer consents", number("down_consent"), STEPS_DOWN),
    Share("steps_down", "europe", "{europe} obstructs", number("down_europe"), STEPS_DOWN),
    Share("steps_down", "hawks", "{hawks} obstruct", number("down_hawks"), STEPS_DOWN),
    Share("steps_down", "kyiv", "a provocation or coup in {kyiv}", number("down_kyiv"), STEPS_DOWN),
)
"""Who refuses first, among timelines in which somebody does, and why talks fall back a rung, among all steps down."""

SHARES = (*HEADLINE, *GIVEN_RESOLVED, *BESIDE, *SPLITS, *OF_DEFEAT, *OF_TALKS)
"""Every share that does not depend on a scenario's endings or regions, in the order of `summary.json`."""

GROUPS: Mapping[str, str] = {
    "odds": "How it ends",
    "given_resolved": "How it ends, if it does",
    "endings": "The outcomes in detail",
    "beside": "Other events",
    "unresolved": "An unresolved war at the end",
    "negotiated": "The terms in force",
    "defeat": "{washington} at a defeat",
    "defeat.owner": "Average shares of the blame for a defeat",
    "first_refusal": "The least willing party when talks first fall back for lack of consent",
    "steps_down": "Why talks fall back a rung, in shares of all steps down",
}
"""Titles of the groups; `{washington}` stands for the label of that party."""

_LABELS = {(share.group, share.name): share.label for share in SHARES}


def label(group: str, name: str, labels: Mapping[str, str] | None = None) -> str:
    """The name of a share for readers.

    Args:
        group: key of its group in `summary.json`.
        name: its own key.
        labels: the scenario's labels of parties and endings, by id; by default the ids.
    """
    known = dict(ROLES) | dict(labels or {})
    if (group, name) in _LABELS:
        return _LABELS[group, name].format(**known)
    return known.get(name, name.replace("_", " ").capitalize())


def group_title(group: str, labels: Mapping[str, str] | None = None) -> str:
    """The title of a group for readers; the arguments are those of `label`."""
    return GROUPS[group].format(**dict(ROLES) | dict(labels or {}))


def endings(timelines: Timelines) -> list[Share]:
    """The share of each ending of the scenario; its label is the scenario's."""
    names = timelines["ending"].cat.categories
    return [Share("endings", name, name, equals("ending", name), ends=True) for name in names]


def events(timelines: Timelines) -> dict[str, Condition]:
    """The condition of every recorded event: that it happened. Most are called as the column of their first date."""
    skip = {"last_date", "limited_last", "general_last"}
    return {
        EVENT_NAMES.get(name, name): happened(name)
        for name in timelines.columns
        if name not in skip and timelines[name].dtype.kind == "M"
    }


def followed(timelines: Timelines) -> NDArray[np.bool_]:
    """Which timelines were simulated week by week; of the others only the end is known."""
    return timelines["talks_alive"].notna().to_numpy()


def headline_odds(
    timelines: Timelines, weights: Mapping[str, float] | None = None, stratified: pd.DataFrame | None = None
) -> dict[str, dict[str, Any]]:
    """The three outcomes alone, as `odds_of` gives them; the arguments are the same."""
    clusters = clusters_of(timelines, weights, stratified)
    return {share.name: share.entry(timelines, clusters) for share in HEADLINE}


def odds(timelines: pd.DataFrame, weights: Mapping[str, float] | None = None) -> dict[str, Any]:
    """All odds of a run, as plain data; the layout is that of `summary.json`.

    Args:
        timelines: the table of timelines of a run; of a pool, with the column `perspective`.
        weights: weight of each member of a pool, by name, adding up to 1; those of a saved run are `Run.weights`.

    Standard errors take the draws for a random sample. Those in `summary.json` of a run as of the reference date are
    smaller, since its draws are stratified.

    Returns:
        by group and name, the entries of `SHARES` (`odds` are the three outcomes), `endings` (by the scenario's
        endings) and `given` (the outcomes given each recorded event). Every entry has `probability`,
        `standard_error`, `interval`, `count`, `of`. Those that rest on too few timelines are null and have
        `too_few`; from one draw, error and interval are null. `count` and `of` are numbers of timelines. In a pool
        the probability is the weighted mean of the members', not their quotient; entries then also have
        `between_members`, the share of the interval's variance that is between members.

    Raises:
        InputError: the table is empty, has not the columns and types of a run's timelines, or has a timeline twice;
            there are timelines of several members without weights, or weights that do not fit the members.
    """
    check_columns(timelines)
    return odds_of(timelines, weights)


def odds_of(
    timelines: Timelines, weights: Mapping[str, float] | None = None, stratified: pd.DataFrame | None = None
) -> dict[str, Any]:
    """All odds of a table whose columns and types need no check; see `odds`.

    Args:
        timelines: the table.
        weights: of the members of a pool.
        stratified: scores of the priors that were drawn in strata, by draw; see `forecast.outcomes.clustering`.
    """
    clusters = clusters_of(timelines, weights, stratified)
    found: dict[str, Any] = {}
    order = list(GROUPS)
    for share in sorted((*SHARES, *endings(timelines)), key=lambda share: order.index(share.group)):
        group = found
        for key in share.group.split("."):
            group = group.setdefault(key, {})
        group[share.name] = share.entry(timelines, clusters)
    found["given"] = {
        name: _given(timelines, clusters, event.of(timelines), ends=name in ENDS)
        for name, event in events(timelines).items()
    }
    return found


def check_columns(timelines: pd.DataFrame) -> None:
    """Check that a table has the columns of a run's timelines, with their types.

    A table that was written to CSV and read again has lost its types, and endings that never happened with them. Odds
    of such a table would be silently different, so it is refused.

    Raises:
        InputError: it is not such a table.
    """
    if not isinstance(timelines, pd.DataFrame):
        what = f"found a {type(timelines).__name__}; expected a pandas DataFrame of timelines"
        raise InputError(what, key="timelines", remedy="Give the timelines of simulate(...) or open_run(...)")
    for name, kind in column_kinds().items():
        if name not in timelines:
            raise InputError(f"the column {name} is missing", key="timelines", remedy=_AS_A_RUN)
        found = _content(timelines[name])
        if found != kind:
            what = f"the column {name} holds {found}; expected {kind}: the table has lost its types, perhaps as CSV"
            raise InputError(what, key="timelines", remedy=_AS_A_RUN)
        if kind == NUMBER:
            _check_numbers(timelines[name])
    unknown = ~followed(timelines)
    for name in WEEKLY:
        wrong = timelines[name].isna().to_numpy() != unknown
        if wrong.any():
            what = f"{int(wrong.sum())} timelines have only one of {name} and talks_alive; expected both or neither"
            raise InputError(what, key="timelines", remedy=_AS_A_RUN)


def _check_numbers(column: pd.Series) -> None:
    """Check that no number is infinite, and that timelines and draws have whole numbers, not negative.

    Raises:
        InputError: with the column.
    """
    numbers = column.to_numpy(float, na_value=np.nan)
    if np.isinf(numbers).any():
        raise InputError(f"the column {column.name} has infinite numbers", key="timelines", remedy=_AS_A_RUN)
    if column.name in NUMBERED and not ((numbers >= 0.0) & (numbers % 1.0 == 0.0)).all():
        what = f"the column {column.name} has numbers that are missing, negative or not whole"
        raise InputError(what, key="timelines", remedy=_AS_A_RUN)


def _content(column: pd.Series) -> str:
    """The content of a column; that of a saved pool's flags is an object, since `base-rates` has no answer."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return CATEGORY
    if column.dtype == object and all(isinstance(value, bool) for value in column.dropna()):
        return FLAG
    return _KINDS.get(column.dtype.kind, f"values of type {column.dtype}")


_KINDS = {"M": DATE, "b": FLAG, "i": NUMBER, "u": NUMBER, "f": NUMBER}
"""The content of a column, by the kind of its type."""

_AS_A_RUN = "Give the table as simulate(...) or open_run(...) gives it; Parquet keeps its types"


def _given(timelines: Timelines, clusters: Clusters, event: NDArray[np.bool_], *, ends: bool) -> dict[str, Any]:
    """The outcomes among timelines in which an event happened."""
    if not ends:
        event = event & followed(timelines)
    return {
        "count": int(event.sum()),
        "draws": int(timelines["draw"][event].nunique()),
        "odds": {
            share.name: replace(share, given=Condition(lambda _: event), ends=ends).entry(timelines, clusters)
            for share in HEADLINE
        },
    }
