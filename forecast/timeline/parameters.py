"""All parameters of a timeline, in one record made of the records that the parts declare."""

from collections.abc import Mapping
from typing import Any, get_type_hints

from forecast.timeline.europe import Europe
from forecast.timeline.fields import Field, Real, Table, field, fields, layout
from forecast.timeline.front import Front
from forecast.timeline.hawks import Hawks
from forecast.timeline.kyiv import Kyiv
from forecast.timeline.moscow import Moscow
from forecast.timeline.washington import Washington


class Talks:
    """Parameters of the talks."""

    contact: Real = field("1/year", "rate from none to contact, if all consent")
    terms: Real = field("1/year", "rate from contact to terms, if all consent")
    text: Real = field("1/year", "rate from terms to text, if all consent")
    signature: Real = field("1/year", "rate from text to signature, if all consent")
    setback: Real = field("1/year", "steps down if every signatory refuses, before obstruction")
    tempo: Real = field("log ratio", "how a unit of attention speeds talks up")
    walked: Real = field("ratio", "speed of talks while {washington} has walked away")
    walked_contact: Real = field("ratio", "speed of a new contact while {washington} has walked away")
    horizon: Real = field("weeks", "mean horizon over which {moscow} and {kyiv} judge fighting on", low=1)
    breach_seen: Real = field("chance/year", "a breakthrough, as both sides see it at reference conditions")
    breach_share: Real = field(
        "share", "part of the ways to break that lead through a breakthrough, as both sides see it"
    )
    lean: Real = field("share", "part of the difference in power that opening terms make up for")
    line: Real = field(
        "position", "how far 1,000 km2 gained move the line in fact towards {moscow}'s ideal on territory"
    )
    tau: Real = field("value", "how sharply consent sets in", low=0.001)
    moscow_spread: Real = field("value", "spread of {moscow}'s private worth of a settlement", low=0)
    kyiv_spread: Real = field("value", "spread of {kyiv}'s private worth of a settlement", low=0)
    europe_spread: Real = field("value", "spread of {europe}'s private worth of a settlement", low=0)
    europe_private: Real = field("sd", "departure of {europe}'s private worth of any settlement, in its spreads")
    optimism: Real = field("value", "by how much the others underrate {moscow}'s worth of fighting on")
    template_temperature: Real = field("chance", "how little the choice of template heeds consent", low=0.01)
    terms_move: Real = field("1/year", "how fast terms move towards those who refuse")
    limited_truce: Real = field("1/year", "a limited truce begins, if both consent")
    limited_end: Real = field("1/year", "a limited truce ends")
    general_truce: Real = field("1/year", "a general truce begins, if both consent")
    general_break: Real = field("1/year", "a general truce without a settlement breaks")
    broken_trust: Real = field(
        "value", "worth of any deal lost to {kyiv} and {moscow} when a settlement is broken", low=0
    )


class Endings:
    """Parameters of the endings and of who owns a defeat."""

    defeat: Real = field(
        "chance/year", "direct defeat of {kyiv.country}, without a breakthrough first, all causes together"
    )
    defeat_capitulation: Real = field("weight", "part of direct defeat that is a capitulation")
    defeat_overthrow: Real = field("weight", "part of direct defeat that is an overthrow under force")
    defeat_supply: Real = field("weight", "part of direct defeat that is a collapse of supply")
    defeat_adequacy: Real = field("log ratio", "capitulation and collapse of supply rarer per unit of adequacy")
    defeat_instability: Real = field("log ratio", "overthrow under force likelier per unit of instability")
    defeat_advance: Real = field("log ratio", "capitulation likelier per unit of z that the advance quickens by")
    defeat_ground: Real = field("log ratio", "every defeat likelier per 1,000 km2 lost")
    defeat_arms: Real = field("log ratio", "collapse of supply likelier if no arms arrive, against the flow needed")
    defeat_alone: Real = field("log ratio", "capitulation likelier once {washington} has walked away")
    defeat_leaderless: Real = field("log ratio", "overthrow under force likelier while nobody leads in {kyiv}")
    collapse: Real = field("chance", "a breakthrough ends in collapse")
    collapse_adequacy: Real = field("log ratio", "rarer per unit of adequacy")
    collapse_instability: Real = field("log ratio", "likelier per unit of instability")
    collapse_thrust: Real = field("log ratio", "likelier per unit of thrust beyond the usual")
    collapse_weeks: Real = field("weeks", "from the first day of a collapse to the end of organised defence")
    failure: Real = field(
        "chance/year", "{moscow.country} fails: ends the war unilaterally or withdraws from half; all causes"
    )
    failure_crash: Real = field("weight", "part of {moscow.country}'s failure that is an economic crash")
    failure_mutiny: Real = field("weight", "part of {moscow.country}'s failure that is a mutiny or coup")
    failure_death: Real = field("weight", "part of {moscow.country}'s failure that follows the leader's death")
    failure_strain: Real = field("log ratio", "crash, and a successor who ends the war, likelier per unit of strain")
    failure_advance: Real = field(
        "log ratio", "mutiny, and such a successor, rarer per unit of z that the advance quickens by"
    )
    failure_shock: Real = field("log ratio", "mutiny or coup likelier after a shock at home")
    total_defeat: Real = field(
        "chance/year", "{kyiv.country} defeated, all ways together, as elicited: a check, not a rate"
    )

    owner_president: Real = field("log ratio", "the {washington.adjective} president, before anything else")
    owner_engaged: Real = field("log ratio", "the {washington.adjective} president, by the memory of engagement")
    owner_blame: Real = field(
        "log ratio", "the {washington.adjective} president, by how loud {europe} and the hawks are"
    )
    owner_paused: Real = field("log ratio", "the {washington.adjective} president, if arms were paused within 26 weeks")
    owner_time: Real = field("log ratio", "the {washington.adjective} president, by time in office up to 26 weeks")
    owner_predecessor: Real = field("log ratio", "the previous {washington.adjective} president, at the inauguration")
    owner_fading: Real = field(
        "log ratio", "what the previous {washington.adjective} president's share loses in 26 weeks"
    )
    owner_europe: Real = field("log ratio", "{europe}")
    owner_obstruction: Real = field("log ratio", "{europe}, per unit of obstruction")
    owner_kyiv: Real = field("log ratio", "{kyiv}")
    owner_refused: Real = field("log ratio", "{kyiv}, if it refused first")


class Parties:
    """Positions and priorities of the five parties."""

    stiffness: Table = field("sd", "how far all of a party's positions lean to its own side", shape=("party",))
    position: Table = field(
        "position",
        "what the party wants on the issue",
        low=0,
        high=1,
        shape=("party", "issue"),
        form="position",
    )
    toil: Table = field("ratio", "how much longer a draft takes that settles the issue", shape=("issue",))
    salience: Table = field(
        "log weight", "how much the issue matters to the party", shape=("party", "issue"), form="salience"
    )


class Settlements:
    """Parameters of the settlements."""

    terms: Table = field("position", "typical term", low=0, high=1, shape=("settlement", "issue"))
    spread: Table = field("position", "spread of drawn terms", low=0, shape=("settlement",))
    give: Table = field("position", "how far terms can move from the typical ones", low=0, shape=("settlement",))
    weight: Table = field("weight", "how often it is tried, consent apart", shape=("settlement",))
    load: Table = field("sd", "what {washington} must deliver for it, in units of capital", shape=("settlement",))
    lock_in: Table = field("share", "how far it binds the next {washington.adjective} president", shape=("settlement",))
    monitoring: Table = field("share", "how well it is monitored and enforced", shape=("settlement",))
    never_implemented: Table = field("chance", "signed and never carried out", shape=("settlement",))
    breakdown: Table = field("1/year", "it breaks down once in force", shape=("settlement",))
    clause_included: Table = field("chance", "the clause is in the draft", shape=("settlement", "clause"))
    clause_without: Table = field(
        "position",
        "term on the clause's issue if it is left out",
        low=0,
        high=1,
        shape=("settlement", "clause"),
    )
    clause_breakdown: Table = field(
        "log ratio", "how much likelier breakdown is without the clause", shape=("settlement", "clause")
    )


class Parameters:
    """All parameters of a timeline, part by part."""

    front: Front
    moscow: Moscow
    washington: Washington
    hawks: Hawks
    europe: Europe
    kyiv: Kyiv
    talks: Talks
    endings: Endings
    parties: Parties
    settlements: Settlements


PARAMETERS: Any = layout(Parameters)
"""Memory layout of `Parameters`."""

RECORDS: Mapping[str, type] = get_type_hints(Parameters)
"""The records in `Parameters`, by the first part of the names of their priors."""


def field_of(name: str) -> Field:
    """Give the declaration of a parameter by its prior's dotted name."""
    part, key = name.split(".")[:2]
    return fields(RECORDS[part])[key]
