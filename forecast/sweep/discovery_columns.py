"""The columns that scenario discovery may use, and why others are left out.

All are known on one day, the landmark, 4, 13 or 26 weeks after the as-of date: levels on that day, and whether an event
has come by then. The timelines are those that go on beyond that day. A column that is measured over a timeline's whole
life would know how long it lasts, and so how it ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.calendar import AMOUNT_DAYS
from forecast.encoding.timeline_table import level_column
from forecast.outcomes.conditions import Timelines
from forecast.timeline.codes import LEVELS

AMOUNTS = ("km2", "approval")
"""Amounts that are recorded on the landmark day, beside the levels."""

EVENTS: Mapping[str, str] = {
    "ban_lifted": "a decision in Kyiv before any settlement",
    "transfer": "a change of leader in Kyiv",
    "election": "a change of leader in Kyiv",
    "coup_attempt": "a shock in Kyiv; one that ends the war is no longer in the timelines",
    "provocation": "a shock to the talks",
    "mobilised": "a decision in Kyiv",
    "draft_failed": "a shock to the front",
    "arms_renewed": "a decision in Washington",
    "walked_away": "a decision in Washington",
    "returned": "a decision in Washington",
    "arms_paused": "a decision in Washington",
    "sanctions_lapsed": "a decision in Europe",
    "troops_in": "a decision in Europe",
    "wider_war": "a shock from outside",
    "home_shock": "a shock in Russia; one that ends the war is no longer in the timelines",
    "breakthrough": "an event at the front",
    "pocket_lost": "an event at the front",
}
"""Events that may enter a rule if they come by the landmark, with the reason."""

LEFT_OUT: Mapping[str, str] = {
    "ending, headline, cause, owner_*": "the outcome itself, or computed from it",
    "signed, broken, settlement*, dead_letters, term_index": "steps of a negotiated outcome",
    "general_*, limited_*, truce*": "steps of a negotiated outcome",
    "rung, posture, leader, talks_alive, engaged, *_end": "read at the end of the timeline",
    "week, last_date, *_average, steps_up, down_*, gap_*, first_refusal, highest_rung, breakthroughs": "grow with the "
    "timeline's length, which the outcome decides",
    "collapse_began, top_defeat_rate, taken_*": "steps of a defeat",
}
"""Columns that no rule may use, with the reason."""


@dataclass(frozen=True)
class Features:
    """The columns for a rule, of the timelines that go on beyond the landmark.

    Attributes:
        rows: (n,) true for these timelines.
        text: the condition that they fulfil, in the grammar of `forecast.outcomes.condition_text`.
        day: the landmark.
        table: one row for each of them; numbers, and 0 or 1 for an event that has come by the landmark.
    """

    rows: NDArray[np.bool_]
    text: str
    day: date
    table: pd.DataFrame


def features(timelines: Timelines, as_of: date, landmark: str, without: str) -> Features:
    """The columns for rules as of a landmark.

    Args:
        timelines: the table of a run.
        as_of: its as-of date.
        landmark: 4w, 13w or 26w.
        without: the column of the output. Where it is an event, timelines in which it has come are left out too.
    """
    days = AMOUNT_DAYS[landmark]
    day = as_of + timedelta(days=days)
    text = f"week > {days // 7}"
    rows = timelines["week"].to_numpy(float) > days / 7.0
    if timelines[without].dtype.kind == "M":
        rows &= ~_by(timelines, without, day)
        text += f" and not {without} <= {day}"
    numbers = [level_column(level, f"at_{landmark}") for level in LEVELS] + [f"{name}_{landmark}" for name in AMOUNTS]
    found = {name: timelines[name].to_numpy(float, na_value=np.nan) for name in numbers if name in timelines}
    found |= {name: _by(timelines, name, day).astype(float) for name in EVENTS if name in timelines and name != without}
    table = pd.DataFrame(found)
    rows &= table.notna().all(axis=1).to_numpy()
    return Features(rows, text, day, table[rows].reset_index(drop=True))


def _by(timelines: Timelines, name: str, day: date) -> NDArray[np.bool_]:
    return np.asarray(timelines[name].to_numpy() <= np.datetime64(day, "s"), dtype=bool)
