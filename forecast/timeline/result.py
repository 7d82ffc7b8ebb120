"""The result of a timeline, one row of the table of timelines: its ending, first dates, amounts and causes."""

import math
from typing import Any

import numpy as np

from forecast.timeline.fields import Real, Table, Whole, field, fields, layout


class Result:
    """The result of one timeline. Days count from the reference date; NaN means that it never happened."""

    timeline: Whole = field("count", "number of the timeline")
    draw: Whole = field("count", "draw of the posterior")
    replicate: Whole = field("count", "number of the timeline within its draw")

    # how it ended
    ending: Whole = field("code", "running, {kyiv.country} defeated, {moscow.country} fails")
    cause: Whole = field("code", "cause of an end on the battlefield, -1 none", start=-1)
    week: Real = field("weeks", "weeks from the as-of date to the ending or the horizon")
    settlement: Whole = field("code", "settlement in force at the horizon, -1 none", start=-1)
    settlement_age: Real = field("weeks", "age of the settlement in force at the horizon, NaN if none")
    last_settlement: Whole = field("code", "settlement signed, or last on the table, -1 none", start=-1)
    term_index: Real = field("position", "term index at signature, else of the last terms on the table, NaN if none")
    truce: Whole = field("code", "truce at the end: none, limited, general")
    rung: Whole = field("code", "rung of the talks at the end")
    talks_alive: Whole = field("flag", "talks are at contact or above at the end")
    posture: Whole = field("code", "{washington}'s posture at the end")
    engaged: Whole = field("flag", "{washington} is engaged at the end")
    leader: Whole = field("code", "leader in {kyiv} at the end")

    # the owners of a defeat, or of a settlement near Moscow's terms
    owner_president: Real = field(
        "share", "the {washington.adjective} president's share of the blame for a defeat, or for terms near {moscow}'s"
    )
    owner_predecessor: Real = field("share", "the previous {washington.adjective} president's share of the blame")
    owner_europe: Real = field("share", "{europe}'s share of the blame")
    owner_kyiv: Real = field("share", "{kyiv}'s share of the blame")

    # the table
    first_refusal: Whole = field(
        "code", "party least ready to consent at the first step down for lack of consent, -1 none", start=-1
    )
    steps_up: Real = field("count", "steps up the ladder", start=0.0)
    down_consent: Real = field("count", "steps down for lack of consent", start=0.0)
    down_europe: Real = field("count", "steps down caused by {europe.adjective} obstruction", start=0.0)
    down_hawks: Real = field("count", "steps down caused by the hawks", start=0.0)
    down_kyiv: Real = field("count", "steps down caused by provocations and coups in {kyiv}", start=0.0)
    highest_rung: Whole = field("code", "highest rung reached")
    gap: Table = field(
        "value",
        "least gap to consent: worth of fighting on less value of the terms ({washington}: capital that it lacks, "
        "in sd; hawks: their loss)",
        shape=("party",),
        start=math.inf,
    )
    gap_issue: Table = field(
        "code", "issue that cost the party most at that moment, -1 none", shape=("party",), start=-1
    )

    # first dates
    ban_lifted: Real = field("day", "ban on negotiating lifted")
    transfer: Real = field("day", "presidency transferred to the Speaker")
    election: Real = field("day", "election held")
    coup_attempt: Real = field("day", "coup attempted, or the overthrow that ended the war")
    provocation: Real = field("day", "provocation")
    mobilised: Real = field("day", "mobilisation widened")
    draft_failed: Real = field("day", "the draft failed")
    arms_renewed: Real = field("day", "new money or authority for {washington.adjective} arms")
    collapse_began: Real = field("day", "{kyiv.country}'s defence last began to collapse")
    walked_away: Real = field("day", "{washington} walked away")
    returned: Real = field("day", "{washington} returned")
    arms_paused: Real = field("day", "{washington.adjective} arms paused")
    sanctions_lapsed: Real = field("day", "{europe.adjective} sanctions lapsed")
    troops_text: Real = field("day", "{europe.adjective} troops in the text")
    troops_in: Real = field("day", "{europe.adjective} troops in {kyiv.country}")
    wider_war: Real = field("day", "wider war after {europe.adjective} troops entered; the timeline goes on")
    home_shock: Real = field("day", "shock at home in {moscow.country}, or the one that ended the war")
    limited_first: Real = field("day", "first limited truce began")
    limited_last: Real = field("day", "last limited truce began")
    general_first: Real = field("day", "first ceasefire along the whole front began, by truce or settlement")
    general_last: Real = field("day", "last ceasefire along the whole front began, by truce or settlement")
    truce_longest: Real = field(
        "weeks", "length of the longest ceasefire along the whole front, by truce or settlement", start=0.0
    )
    signed: Real = field("day", "first signature")
    broken: Real = field("day", "a signed settlement first broken, or not carried out")
    dead_letters: Real = field("count", "settlements signed and never carried out", start=0.0)
    breakthrough: Real = field("day", "first breakthrough")
    breakthroughs: Real = field("count", "breakthroughs", start=0.0)
    pocket_lost: Real = field("day", "{kyiv.country} driven off the {moscow.adjective} territory that it held")
    taken: Table = field("day", "region first wholly in {moscow.adjective} hands", shape=("region",))

    # amounts
    km2_4w: Real = field("km2", "net {moscow.adjective} gain in the 28 days from the as-of date")
    km2_13w: Real = field("km2", "net {moscow.adjective} gain in the 91 days from the as-of date")
    km2_26w: Real = field("km2", "net {moscow.adjective} gain in the 182 days from the as-of date")
    km2_end: Real = field("km2", "net {moscow.adjective} gain from the reference date to the end")
    approval_4w: Real = field("percent", "the {washington.adjective} president's approval 28 days after the as-of date")
    approval_13w: Real = field(
        "percent", "the {washington.adjective} president's approval 91 days after the as-of date"
    )
    top_defeat_rate: Real = field("ratio", "highest weekly rate of {kyiv.country}'s defeat", start=0.0)

    # the levels
    average: Table = field("sd", "average of the level from the as-of date to the end", shape=("level",), start=0.0)
    at_4w: Table = field("sd", "the level 28 days after the as-of date", shape=("level",))
    at_13w: Table = field("sd", "the level 91 days after the as-of date", shape=("level",))
    at_26w: Table = field("sd", "the level 182 days after the as-of date", shape=("level",))
    at_end: Table = field("sd", "the level at the end", shape=("level",))


RESULT: Any = layout(Result)
"""Memory layout of `Result`."""


def blank_result() -> Any:
    """A result in which nothing has happened yet, shape (1,)."""
    blank = np.zeros(1, RESULT).view(np.recarray)
    for name, declared in fields(Result).items():
        absent = np.nan if RESULT[name].base == np.float64 else 0
        blank[name] = absent if declared.start is None else declared.start
    return blank
