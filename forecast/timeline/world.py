"""The constants of a scenario, the same in every timeline: its dimensions, legal facts and calendar."""

from typing import Any

from forecast.timeline.fields import Real, Table, Whole, field, layout


class Facts:
    """Dimensions and facts of a scenario, which its files state without uncertainty."""

    issues: Whole = field("count", "issues")
    settlements: Whole = field("count", "settlements")
    regions: Whole = field("count", "regions of the ledger")
    guarantees: Whole = field("code", "issue of foreign troops and guarantees, -1 none")

    territory: Whole = field("code", "issue of the line and the borders, -1 none")
    dictated_form: Whole = field("code", "settlement that describes a defeat, -1 none")
    usual_thrust: Real = field("z", "median thrust of a breakthrough")

    ceasefire: Whole = field("code", "settlement that gives the value of a bare ceasefire, -1 none")

    needs_washington: Table = field("flag", "Washington must consent", shape=("settlement",))
    needs_europe: Table = field("flag", "Europe must consent", shape=("settlement",))
    temporary: Table = field("flag", "losses under it look temporary", shape=("settlement",))
    stops_first: Table = field("flag", "the fighting stops before the rest is agreed", shape=("settlement",))
    election_first: Table = field("flag", "asks for a lawful signatory for Kyiv first", shape=("settlement",))
    troops: Table = field("flag", "names Europe's troops from the start", shape=("settlement",))
    troops_excluded: Table = field("flag", "no foreign troops can be written into it", shape=("settlement",))
    dictated: Table = field("flag", "describes a defeat; never on the table", shape=("settlement",))
    settles: Table = field("flag", "a draft must settle the issue", shape=("settlement", "issue"))
    clauses: Table = field("count", "clauses of the settlement", shape=("settlement",))
    clause_issue: Table = field("code", "issue that a clause settles, -1 none", shape=("settlement", "clause"))

    region_area: Table = field("km2", "area of the region", shape=("region",))
    region_later: Table = field("flag", "reached only when the first regions are exhausted", shape=("region",))
    region_demand: Table = field("km2", "gain in the region that adds a demand, 0 none", shape=("region",))


class World:
    """Facts and calendar that a week needs. Tables of the calendar have one entry for each calendar week."""

    facts: Facts
    weeks: Whole = field("count", "calendar weeks from the reference date to the horizon")
    substeps: Whole = field("count", "steps in a week, for rates, ladder and terms")
    season: Table = field("share", "how deep the mud is in the middle of the week", shape=("week",))
    opens: Table = field("day", "day on which the week begins, or the run if later", shape=("week",))
    closes: Table = field("day", "day on which the week ends, or the run if earlier", shape=("week",))
    upheavals: Table = field("count", "political upheavals in Europe with a date known in advance", shape=("week",))
    votes: Table = field("count", "Europe's votes on prolonging sanctions", shape=("week",))
    in_office: Table = field(
        "weeks", "weeks since the inauguration in Washington, at the end of the week", shape=("week",)
    )


WORLD: Any = layout(World)
"""Memory layout of `World`.

It is a record, not a tuple of arrays, because passing arrays from function to function costs compiled code more time
than the arithmetic of a part.
"""
