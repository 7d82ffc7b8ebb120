"""The state of one timeline: only the numbers that the next week needs.

Each field has one owner, the part that writes it. Numbers that are only read afterwards are in `result.py`.
"""

from typing import Any

from forecast.timeline.fields import Real, Table, Whole, field, layout


class State:
    """The state in one week. The owner of each group of fields is the part named above it."""

    # the clock (week.py)
    week: Whole = field("count", "calendar weeks since the reference date's Monday")
    begun: Whole = field("flag", "the quantities that a timeline keeps throughout have been drawn")
    elapsed: Real = field("weeks", "weeks since the as-of date, at the start of the step")
    day: Real = field("day", "days since the reference date, at the end of the step")
    kept_for: Real = field("weeks", "length of the week that the decays are kept for, 0 none (decays.py)")
    kept: Table = field("share", "part of a level that is left after such a week", shape=("decay",))
    renewed: Table = field("share", "weight of the noise that it then takes up", shape=("decay",))

    # front
    drift: Real = field("z", "slow level of the weekly advance less its seasonal mean")
    fast: Real = field("z", "fast part of the weekly advance")
    advance: Real = field("z", "memory of the recent advance, half-life four weeks")
    advance_start: Real = field("z", "memory of the recent advance at the reference date")
    adequacy: Real = field("sd", "adequacy of Kyiv's forces: men and arms relative to the needs of the front")
    adequacy_seen: Real = field("sd", "adequacy when the advance was last observed")
    talking_seen: Real = field("flag", "talks under way when the advance was last observed")
    arms: Real = field("ratio", "flow of arms relative to the need, less 1")
    mobilised: Whole = field("flag", "mobilisation has been widened")
    draft_failed: Whole = field("flag", "the draft fails")
    pace: Real = field("z", "memory of the advance, half-life thirteen weeks")
    stretch: Real = field("km2", "ground gained beyond what Moscow's supply has followed")
    stretch_back: Real = field("km2", "ground regained beyond what Kyiv's supply has followed")
    thrust: Real = field("z", "thrust of breakthroughs that has not faded yet")
    thrust_full: Real = field("z", "thrust just after the last breakthrough")
    net: Real = field("km2", "Moscow's net gain in the week")
    km2: Real = field("km2", "Moscow's net gain since the reference date")
    km2_start: Real = field("km2", "Moscow's net gain from the reference date to the as-of date")
    pocket: Real = field("km2", "Moscow's territory held by Kyiv")
    held: Table = field("km2", "ground that Kyiv still holds in each region", shape=("region",))
    pull: Table = field("share", "share of the advance that goes to each region", shape=("region",))

    # moscow
    strain: Real = field("sd", "economic strain")
    demands: Real = field("value", "demands added by ground gained")
    gains_counted: Real = field("km2", "net gain that the demands already include")
    substantial: Table = field("flag", "substantial gains made, by region", shape=("region",))
    home_shock: Whole = field("flag", "a shock at home has happened")

    # washington
    capital: Real = field("sd", "political capital of the president in Washington")
    attention: Real = field("sd", "attention of the president in Washington to the war")
    stock: Real = field("EUR bn", "Washington's arms that can still be given under existing authority")
    posture: Whole = field("code", "mediating, pressing Kyiv, pressing Moscow, walked away")
    paused: Whole = field("flag", "Washington's arms are paused")
    pause_memory: Real = field("weeks", "weeks since Washington's arms were last paused (large: never)")
    stall: Real = field("weeks", "weeks without progress at the table while engaged")
    engagement: Real = field("share", "memory of engagement: 1 while engaged, then fading")
    setbacks: Real = field("count", "setbacks that have not reduced capital yet (written by front and talks)")
    progress: Real = field("count", "rungs climbed and truces begun since the last week (written by talks)")

    # hawks
    hawks: Real = field("sd", "strength of the hawks in Washington")

    # europe
    obstruction: Real = field("sd", "Europe's obstruction")
    lapsed: Whole = field("flag", "a few governments have let sanctions lapse")
    troops_text: Whole = field("flag", "Europe's troops are in the text")
    troops_in: Whole = field("flag", "Europe's troops are in the country")

    # kyiv
    instability: Real = field("sd", "instability at home in Kyiv's country")
    leaderless: Real = field("share", "how far nobody leads in Kyiv: 1 at an overthrow, then fading")
    banned: Whole = field("flag", "the ban on negotiating stands")
    martial_law: Whole = field("flag", "martial law is in force")
    elected: Whole = field("flag", "an election has been held")
    legitimate: Whole = field("flag", "Moscow can no longer call the president illegitimate")
    leader: Whole = field("code", "incumbent, harder, readier, the Speaker")
    worth_shift: Real = field("value", "the leader's addition to Kyiv's worth of fighting on")

    # talks
    rung: Whole = field("code", "none, contact, terms, text, signed")
    settlement: Whole = field("code", "settlement on the table or in force, -1 none")
    drawn: Whole = field("count", "times a settlement has been drawn")
    patience: Real = field("count", "cumulated intensity left before the next move of the ladder")
    moves: Whole = field("count", "moves of the ladder in the week so far")
    terms: Table = field("position", "terms on the table", shape=("issue",))
    lean: Real = field("position", "how far the terms leaned to Moscow's side when they were drawn or first written")
    included: Table = field("flag", "clauses in the draft", shape=("clause",))
    dampening: Table = field("ratio", "factor on the settlement's weight after its failures", shape=("settlement",))
    truce_value: Table = field("value", "value of a bare ceasefire on the line of the reference date", shape=("party",))
    dictated_value: Table = field("value", "value of the terms that Moscow would dictate", shape=("party",))
    worth: Table = field("value", "worth of fighting on, of Kyiv and Moscow (written by prospects)", shape=("party",))
    break_seen: Table = field("chance", "chance that Kyiv breaks, as the party sees it", shape=("party",))
    fear: Real = field("value", "Moscow's fear of a pause in which Kyiv rearms")
    hawks_loss: Real = field("value", "loss of the hawks by the text on the table, 0 without a text")
    private: Table = field("value", "private part of any settlement's value to the party", shape=("party",))
    consent: Table = field("chance", "consent to the present terms", shape=("party",))
    index: Real = field("position", "term index of the terms on the table (0.5 without terms)")
    truce: Whole = field("code", "none, limited, general")
    truce_age: Real = field("weeks", "age of the general truce")
    in_force: Whole = field("flag", "a signed settlement is in force")
    settlement_age: Real = field("weeks", "age of the settlement in force")

    # endings
    ending: Whole = field("code", "running, Kyiv defeated, Moscow's war fails")
    collapsing: Whole = field("flag", "the defence is collapsing")
    collapse_age: Real = field("weeks", "weeks since the collapse began")
    rate_collapse: Real = field("ratio", "weekly rate at which a collapse begins in the step")
    rate_defeat: Real = field("ratio", "weekly rate of direct defeat in the step")
    rate_failure: Real = field("ratio", "weekly rate of the failure of Moscow's war in the step")


STATE: Any = layout(State)
"""Memory layout of `State`."""
