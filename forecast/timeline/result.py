"""The result of a timeline, one row of the table of timelines: its ending, first dates, amounts and causes."""

from typing import Any

import numpy as np

from forecast.timeline.fields import Real, Table, Whole, field, layout


class Result:
    """The result of one timeline. Days count from the reference date; NaN means that it never happened."""

    timeline: Whole = field("count", "number of the timeline")
    draw: Whole = field("count", "draw of the posterior that it uses")
    replicate: Whole = field("count", "number of the timeline within its draw")

    # how it ended
    ending: Whole = field("code", "running, Ukraine defeated, Russia fails")
    week: Real = field("weeks", "weeks from the as-of date to the ending or the horizon")
    settlement: Whole = field("code", "template in force at the horizon, -1 none")
    settlement_age: Real = field("weeks", "age of the settlement in force at the horizon, NaN if none")
    last_settlement: Whole = field("code", "template signed, or last on the table, -1 none")
    term_index: Real = field("position", "term index at signature, else of the last terms, NaN if there were none")
    truce: Whole = field("code", "truce at the end: none, limited, general")
    rung: Whole = field("code", "rung of the talks at the end")
    talks_alive: Whole = field("flag", "talks at contact or above at the end")
    posture: Whole = field("code", "Washington's posture at the end")
    engaged: Whole = field("flag", "Washington engaged at the end")
    leader: Whole = field("code", "who speaks for Kyiv at the end")

    # who owns it
    owner_president: Real = field("share", "share of a defeat, or a settlement near Moscow's terms, laid to Trump")
    owner_predecessor: Real = field("share", "the same, laid to his predecessor")
    owner_europe: Real = field("share", "the same, laid to Europe")
    owner_kyiv: Real = field("share", "the same, laid to Kyiv")

    # the table
    first_refusal: Whole = field("code", "party with least consent at the first step down that consent caused, -1 none")
    steps_up: Real = field("count", "steps up the ladder")
    down_consent: Real = field("count", "steps down caused by want of consent")
    down_europe: Real = field("count", "steps down caused by Europe")
    down_hawks: Real = field("count", "steps down caused by the hawks")
    down_kyiv: Real = field("count", "steps down caused by provocations and coups in Kyiv")
    highest_rung: Whole = field("code", "highest rung reached")
    gap: Table = field("value", "least gap to consent, worth of fighting on less value of the deal", shape=("party",))
    gap_issue: Table = field("code", "issue that cost most at that moment, -1 none", shape=("party",))

    # first dates
    ban_lifted: Real = field("day", "ban on negotiating lifted")
    transfer: Real = field("day", "presidency transferred to the Speaker")
    election: Real = field("day", "election held")
    coup_attempt: Real = field("day", "coup attempted")
    provocation: Real = field("day", "provocation")
    mobilised: Real = field("day", "mobilisation widened")
    walked_away: Real = field("day", "Washington walked away")
    returned: Real = field("day", "Washington returned")
    arms_paused: Real = field("day", "US arms paused")
    sanctions_lapsed: Real = field("day", "European sanctions lapsed")
    troops_text: Real = field("day", "European troops in the text")
    troops_in: Real = field("day", "European troops in Ukraine")
    wider_war: Real = field("day", "wider war after troops entered (flagged, no ending)")
    home_shock: Real = field("day", "shock at home in Russia")
    limited_first: Real = field("day", "first limited truce")
    limited_last: Real = field("day", "last limited truce began")
    general_first: Real = field("day", "first general truce")
    general_last: Real = field("day", "last general truce began")
    truce_longest: Real = field("weeks", "longest general ceasefire, signed or not")
    signed: Real = field("day", "first signature")
    broken: Real = field("day", "first signed settlement broken, or never carried out")
    dead_letters: Real = field("count", "settlements signed and never carried out")
    breakthrough: Real = field("day", "first breakthrough")
    breakthroughs: Real = field("count", "breakthroughs")
    pocket_lost: Real = field("day", "Ukraine expelled from the Kursk pocket")
    taken: Table = field("day", "region fully taken", shape=("region",))

    # amounts
    km2_4w: Real = field("km2", "net Russian gain 28 days after the as-of date")
    km2_13w: Real = field("km2", "the same after 91 days")
    km2_26w: Real = field("km2", "the same after 182 days")
    km2_end: Real = field("km2", "net Russian gain from the reference date to the end")
    approval_4w: Real = field("percent", "Trump's approval 28 days after the as-of date")
    approval_13w: Real = field("percent", "the same after 91 days")
    top_defeat_rate: Real = field("ratio", "highest rate of Ukraine's defeat, a week")


RESULT: Any = layout(Result)
"""Memory layout of `Result`."""


def blank_result() -> Any:
    """A result in which nothing has happened yet, shape (1,)."""
    blank = np.zeros(1, RESULT).view(np.recarray)
    for name in RESULT.names or ():
        if RESULT[name].base == np.float64:
            blank[name] = np.nan
    for name in (
        "steps_up", "down_consent", "down_europe", "down_hawks", "down_kyiv", "breakthroughs", "truce_longest",
        "top_defeat_rate", "dead_letters",
    ):  # fmt: skip
        blank[name] = 0.0
    for name in ("settlement", "last_settlement", "first_refusal"):
        blank[name] = -1
    blank["gap"] = np.inf
    blank["gap_issue"] = -1.0
    return blank
