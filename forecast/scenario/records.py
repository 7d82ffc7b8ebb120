"""The tables of a scenario's files that are kept: each class declares the keys of a table, and is its record.

Ids that are the key of a table, as in `[region.<id>]`, are not keys of the file: the reader fills them in.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from forecast.inputs.parsing import parse_month_and_day
from forecast.inputs.validation import Day, Positive, Table, Text, Texts
from forecast.timeline.codes import POSTURES, RUNGS, SIGNED, TRUCES

Side = Literal["kyiv", "moscow"]
Kind = Literal["battlefield", "negotiated", "unresolved"]
Amount = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]

LEADERS: Final = ("incumbent", "harder", "readier", "speaker")
"""Who speaks for Kyiv, in the order of the kernel's codes: `forecast.timeline.codes.LEADERS` has them in words."""


def _one_of(words: Sequence[str]) -> AfterValidator:
    """Check that a word is one of the model's."""

    def check(word: str) -> str:
        if word not in words:
            raise ValueError(f"one of {', '.join(map(repr, words))}")
        return word

    return AfterValidator(check)


def _month_and_day(text: object) -> object:
    """Parse a day of every year, written MM-DD."""
    return parse_month_and_day(text)


class Source(Table):
    """`[<id>]` of `sources.toml`: where numbers come from.

    Attributes:
        id: the id that entries name; `judgement` is one.
        title: what it is.
        publisher: who made it public.
        url: its address, empty if there is none.
        published: its date, empty where it grew over time.
        grade: how far it is to be trusted, as the file says.
        licence: its licence, empty if not known.
        note: caveats.
    """

    id: str
    title: Text
    publisher: str
    url: str
    published: str
    grade: str
    licence: str = ""
    note: str


class Premise(Table):
    """`[<id>]` of `premises.toml`: a claim of its holder, not a fact.

    Attributes:
        id: the id that entries name.
        holder: who holds it.
        claim: the claim.
        reviewed: as in `Grounds`.
    """

    id: str
    holder: Text
    claim: Text
    reviewed: Day | None = None


class Grounds(Table):
    """The grounds of a number.

    Attributes:
        source: id of a source in `sources.toml`, or `judgement`.
        reason: why the number is what it is.
        premises: ids of the premises that it rests on.
        reviewed: the day on which a person confirmed it in a scenario that was rolled on: see `scenario.review`.
    """

    source: Text
    reason: Text
    premises: Texts
    reviewed: Day | None = None


class Grounded(Grounds):
    """The grounds of a table of the file; its rows inherit them.

    Attributes:
        basis: what the source gives: `figure`, the number itself or what it is worked out from; `reading`, a fact or a
            stance of which the number is the authors' reading; None where the source is `judgement`.
        as_of: date of the source's publication; None where the source is `judgement`.
    """

    basis: Literal["figure", "reading"] | None = None
    as_of: Day | None = None


class Issue(Table):
    """`[issue.<id>]` of `parties.toml`: what the parties bargain over, scored from 0 to 1.

    Attributes:
        id: its id.
        label: its name for readers.
        zero: what 0 means, Kyiv's ideal.
        one: what 1 means, Moscow's ideal.
        role: `guarantees` for the issue that foreign troops fall under, `territory` for the line and the borders.
        premises: premises that every position, salience and term on it rests on.
    """

    id: str
    label: Text
    zero: Text
    one: Text
    role: Literal["guarantees", "territory"] | None = None
    premises: Texts


class Party(Grounded):
    """`[party.<id>]` of `parties.toml`: one of the five roles; its grounds are those of its rows.

    Attributes:
        id: the role.
        label: its name for readers.
        country: the country that it speaks for; by default the label. See `forecast.scenario.party_names`.
        adjective: the adjective of the country; by default the country.
        leans: the side that stiffness moves its positions to.
    """

    id: str
    label: Text
    country: Text | None = None
    adjective: Text | None = None
    leans: Side


class Clause(Grounded):
    """`[[settlement.<id>.clause]]` of `settlements.toml`: a provision that may or may not be in the draft.

    Attributes:
        id: its id within the settlement; a clause's number is its place there.
        label: its name for readers.
        text: what it says.
        issue: id of the issue that it settles, empty if none.
    """

    id: Text
    label: Text
    text: Text
    issue: str


class Settlement(Grounded):
    """`[settlement.<id>]` of `settlements.toml`; its grounds are those of its rows.

    Attributes:
        id: its id; also that of its ending, unless it is dictated.
        label: its name for readers.
        criteria: when it counts as in force.
        signatories: parties that must consent.
        temporary: losses under it look temporary.
        stops_first: the fighting stops before the rest is agreed.
        election_first: it asks for a lawful signatory for Kyiv first.
        troops: it names Europe's troops from the start.
        troops_excluded: no foreign troops can be written into it.
        dictated: it describes a defeat, and is never on the table.
        ceasefire: a bare general truce is judged by it.
        settles: ids of the issues that a draft of it must settle.
        staging: its steps, in order.
        legal: its legal conditions.
        clauses: its provisions, in the order of the file.
    """

    id: str
    label: Text
    criteria: Text
    signatories: Texts
    temporary: bool
    stops_first: bool
    election_first: bool
    troops: bool
    dictated: bool
    ceasefire: bool
    settles: Texts
    staging: Texts
    legal: Texts
    clauses: tuple[Clause, ...] = ()
    troops_excluded: bool = False


class Region(Grounded):
    """`[region.<id>]` of `front.toml`: a region of the ledger of ground; its grounds are those of its rows.

    Attributes:
        id: its id; a region's number is its place in `Scenario.regions`.
        label: its name for readers.
        area_km2: its area, km2.
        later: it is reached only when the first regions are exhausted.
        demand_after_km2: gain in it that adds a demand, km2; 0 none.
    """

    id: str
    label: Text
    area_km2: Positive
    later: bool
    demand_after_km2: Annotated[float, Field(ge=0)]


class Ending(Table):
    """`[[ending]]` of `scenario.toml`: a way in which a timeline can end.

    Attributes:
        id: its id: of a settlement, one of the two unresolved that every scenario has, or any on the battlefield.
        label: its name for readers.
        kind: `battlefield` (first Kyiv's defeat, then the failure of Moscow's war), `negotiated` or `unresolved`.
        criteria: when it counts.
        reviewed: as in `Grounds`.
    """

    id: Text
    label: Text
    kind: Kind
    criteria: Text
    reviewed: Day | None = None


class DatedEvent(Table):
    """`[[upheaval]]` and `[[vote]]` of `scenario.toml`: an event with a date that is known beforehand.

    Attributes:
        date: its day.
        label: its name for readers.
        source: id of a source.
        reviewed: as in `Grounds`.
    """

    date: Day
    label: Text
    source: Text
    reviewed: Day | None = None


class Start(Table):
    """`[start]` of `scenario.toml`: the state of the war on the reference date.

    Attributes:
        rung: the rung of talks; a settlement in force would be the end of the story, not its start.
        posture: Washington's posture.
        truce: the truce.
        banned: the ban on negotiating stands.
        martial_law: martial law is in force.
        legitimate: Moscow cannot call the president illegitimate.
        paused: Washington's arms are paused.
        lapsed: a few governments have let sanctions lapse.
        source: id of a source.
        reason: how it is known.
        demands: demands that Moscow has added for ground gained, a share of its stakes.
        stalled_weeks: weeks without progress at the table while Washington is engaged.
        engagement: memory of Washington's engagement: 1 while engaged, then fading.
        weeks_since_pause: weeks since Washington's arms were last paused; None if never.
        truce_weeks: age of a general truce, weeks.
        leaderless: how far nobody leads in Kyiv: 1 at an overthrow, then fading.
        leader: who speaks for Kyiv.
        elected: an election has been held under the war.
        mobilised: mobilisation has been widened.
        draft_failed: the draft fails.
        home_shock: a shock at home has hit Moscow.
        troops_in: Europe's troops are in the country.
        failed: failures of each settlement by its id; each halves the weight with which it is proposed again.
        substantial: regions in which gains have added a demand already.
        reviewed: as in `Grounds`.
    """

    rung: Annotated[str, _one_of(RUNGS[:SIGNED])]
    posture: Annotated[str, _one_of(POSTURES)]
    truce: Annotated[str, _one_of(TRUCES)]
    banned: bool
    martial_law: bool
    legitimate: bool
    paused: bool
    lapsed: bool
    source: Text
    reason: Text
    demands: Amount = 0.0
    stalled_weeks: Amount = 0.0
    engagement: Share = 0.0
    weeks_since_pause: Amount | None = None
    truce_weeks: Amount = 0.0
    leaderless: Share = 0.0
    leader: Annotated[str, _one_of(LEADERS)] = LEADERS[0]
    elected: bool = False
    mobilised: bool = False
    draft_failed: bool = False
    home_shock: bool = False
    troops_in: bool = False
    failed: dict[str, Amount] = Field(default_factory=dict)
    substantial: Texts = ()
    reviewed: Day | None = None


class Front(Table):
    """`[front]` of `scenario.toml`: what the front learns from.

    Attributes:
        area_series: id of the evidence series that the front learns its area from, km2.
        second_area_series: id of a second mapper's, of which changes are used; None if there is none.
        monthly_series: id of a count of net gains by calendar month, km2; None if there is none.
        first_week: the Monday from which the front learns.
    """

    area_series: Text
    second_area_series: Text | None = None
    monthly_series: Text | None = None
    first_week: Day

    def named(self) -> dict[str, str]:
        """Give the series that there are, by key."""
        return {key: series for key, series in self if key.endswith("_series") and series is not None}


class Season(Table):
    """`[season]` of `scenario.toml`: when the ground is mud.

    Attributes:
        peaks: (month, day) of each depth of the mud.
        half_width_weeks: weeks from the depth of the mud to its end.
        source: id of a source.
        reason: how it is known.
        reviewed: as in `Grounds`.
    """

    peaks: Annotated[
        tuple[Annotated[tuple[int, int], BeforeValidator(_month_and_day)], ...], Field(strict=False, min_length=1)
    ]
    half_width_weeks: Positive
    source: Text
    reason: Text
    reviewed: Day | None = None


class EntrySet(Table):
    """Entries that are counted together.

    Attributes:
        id: its id.
        label: its name for readers.
        entries: dotted names of its priors, in their order.
    """

    id: str
    label: Text
    entries: Texts


class Group(EntrySet):
    """`[group.<id>]` of `groups.toml`: entries and random numbers of which the share of the uncertainty is computed.

    Attributes:
        streams: names of the decisions that take random numbers, in the order of their declaration. The random numbers
            of a parameter that varies by timeline belong to its entry.
        parts: sets of the group's entries, each with a row of its own; an entry may be in none.
    """

    streams: Texts
    parts: tuple[EntrySet, ...]


class SeriesRoles(Table):
    """`[series]` of `scenario.toml`: ids of the series in each part; None where the scenario has none.

    Attributes:
        first_term_approval: approval of the president in Washington in his first term, percent, a smoothed average.
        approval: approval in the new term, percent, a series for each house.
        aid_us: all aid of Washington allocated in the month, EUR bn.
        aid_europe: all European aid allocated in the month, EUR bn.
        concessions: people in Kyiv's country ready for some territorial concessions, percent.
        trust: people in Kyiv's country who trust the president, percent.
        desertion: cases of absence without leave, mean a month since the row before.
        pocket: Moscow's ground held by Kyiv, km2; followed where the past is replayed, never learnt from.
    """

    first_term_approval: Text | None = None
    approval: Texts = ()
    aid_us: Text | None = None
    aid_europe: Text | None = None
    concessions: Text | None = None
    trust: Text | None = None
    desertion: Text | None = None
    pocket: Text | None = None

    def named(self) -> Iterator[tuple[str, str]]:
        """Give each part that is played, and the series that plays it."""
        for part, found in self:
            for series in (found,) if isinstance(found, str) else found or ():
                yield part, series
