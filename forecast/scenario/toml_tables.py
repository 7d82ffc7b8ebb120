"""The shapes of the tables in a scenario's files: which keys each has, of which type.

What ties one table to another is checked where the file is read.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from forecast.scenario.spec import Kind, Side
from forecast.validation import Table


def _day(value: object) -> object:
    """A date written as text, as `"2025-01-20"`, is as good as one written bare."""
    if isinstance(value, str) and len(value) == len("2025-01-20"):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


Text = Annotated[str, Field(pattern=r"\S")]
Day = Annotated[date, BeforeValidator(_day)]
Positive = Annotated[float, Field(gt=0)]
Bound = Annotated[float, Field(allow_inf_nan=True)]


class Grounded(Table):
    """What every number stands on; rows of a table inherit it from the table."""

    source: Text
    basis: Literal["figure", "reading"] | None = None
    as_of: Day | None = None
    reason: Text
    premises: list[Text]


class ReferenceClassTable(Table):
    """`reference_class` of an entry: past cases that its rate is set from; see `scenario.classes`."""

    table: Text
    events: Text
    exposure: Text
    since: int | None = None
    until: int | None = None
    times: Positive
    spread: Positive = 0.7


class EntryTable(Grounded):
    """One prior: its quantiles, its distribution or its reference class, and what it is."""

    quantiles: Annotated[list[float], Field(min_length=3, max_length=3)] | None = None
    distribution: dict[str, Any] | None = None
    reference_class: dict[str, Any] | None = None
    unit: Text
    support: Annotated[list[Bound], Field(min_length=2, max_length=2)]
    varies: Literal["world", "timeline"]
    without: float


class RowTable(Grounded):
    """A position, a salience or a term: a normal distribution around its centre."""

    centre: float
    spread: Positive


class ChangeTable(Grounded):
    """`[[change]]` of a perspective: what stands in an entry's place, in one of the ways that its kind has."""

    entry: Text
    quantiles: Annotated[list[float], Field(min_length=3, max_length=3)] | None = None
    distribution: dict[str, Any] | None = None
    centre: float | None = None
    spread: Positive | None = None
    premises: Annotated[list[Text], Field(min_length=1)]


class PerspectiveFile(Table):
    """`perspectives/<name>.toml`."""

    title: Text
    holder: Text
    summary: Text
    change: Annotated[list[Any], Field(min_length=1)]


class RegionTable(Grounded):
    """`[region.<id>]` of `front.toml`."""

    label: Text
    area_km2: Positive
    later: bool
    demand_after_km2: Annotated[float, Field(ge=0)]
    held: dict[str, Any]
    share: dict[str, Any]


class RowsTable(Table):
    """`[rows]` of `parties.toml`."""

    load: Annotated[float, Field(ge=0, le=1)]


class IssueTable(Table):
    """`[issue.<id>]` of `parties.toml`."""

    label: Text
    zero: Text
    one: Text
    role: Literal["guarantees"] | None = None
    premises: list[Text]
    toil: dict[str, Any]


class PartyTable(Grounded):
    """`[party.<id>]` of `parties.toml`."""

    label: Text
    leans: Side
    position_spread: Positive
    salience_spread: Positive
    stiffness: dict[str, Any]
    position: dict[str, Any]
    salience: dict[str, Any]


class PartiesFile(Table):
    """`parties.toml`."""

    rows: RowsTable
    issue: dict[str, Any]
    party: dict[str, Any]


class ClauseTable(Grounded):
    """`[[settlement.<id>.clause]]` of `settlements.toml`."""

    id: Text
    label: Text
    text: Text
    issue: str
    included: dict[str, Any]
    without: dict[str, Any]
    breakdown: dict[str, Any]


class SettlementTable(Grounded):
    """`[settlement.<id>]` of `settlements.toml`."""

    label: Text
    criteria: Text
    signatories: list[Text]
    temporary: bool
    stops_first: bool
    election_first: bool
    troops: bool
    dictated: bool
    ceasefire: bool
    settles: list[Text]
    staging: list[Text]
    legal: list[Text]
    terms_uncertainty: Positive
    terms: dict[str, Any]
    spread: dict[str, Any]
    give: dict[str, Any]
    weight: dict[str, Any]
    load: dict[str, Any]
    lock_in: dict[str, Any]
    monitoring: dict[str, Any]
    never_implemented: dict[str, Any]
    breakdown: dict[str, Any]
    clause: list[Any] = Field(default_factory=list)


class SettlementsFile(Table):
    """`settlements.toml`."""

    settlement: dict[str, Any]


class CorrelationTable(Table):
    """`[[correlation]]` of `correlations.toml`."""

    first: Text
    second: Text
    rho: float
    reason: Text


class CorrelationsFile(Table):
    """`correlations.toml`."""

    correlation: list[Any] = Field(default_factory=list)


class SourceTable(Table):
    """`[<id>]` of `sources.toml`."""

    title: Text
    publisher: str
    url: str
    published: str
    grade: str
    licence: str = ""
    note: str


class PremiseTable(Table):
    """`[<id>]` of `premises.toml`."""

    holder: Text
    claim: Text


class ReferenceTable(Table):
    """`[<id>]` of `reference/reference.toml`."""

    file: Text
    title: Text
    unit: Text
    source: Text
    note: str


class FrontTable(Table):
    """`[front]` of `scenario.toml`."""

    area_series: Text
    second_area_series: Text | None = None
    monthly_series: Text | None = None
    first_week: Day


class SeriesTable(Table):
    """`[series]` of `scenario.toml`: which series play which part; see `scenario.series`."""

    first_term_approval: Text | None = None
    approval: list[Text] = Field(default_factory=list)
    aid_us: Text | None = None
    aid_europe: Text | None = None
    concessions: Text | None = None
    trust: Text | None = None
    desertion: Text | None = None
    kursk: Text | None = None


class SeasonTable(Table):
    """`[season]` of `scenario.toml`."""

    peaks: Annotated[list[Text], Field(min_length=1)]
    half_width_weeks: Positive
    source: Text
    reason: Text


class DatedTable(Table):
    """`[[upheaval]]` and `[[vote]]` of `scenario.toml`."""

    date: Day
    label: Text
    source: Text


class StartTable(Table):
    """`[start]` of `scenario.toml`."""

    rung: str
    posture: str
    truce: str
    banned: bool
    martial_law: bool
    legitimate: bool
    paused: bool
    lapsed: bool
    source: Text
    reason: Text


class EndingTable(Table):
    """`[[ending]]` of `scenario.toml`."""

    id: Text
    label: Text
    kind: Kind
    criteria: Text


class ScenarioFile(Table):
    """`scenario.toml`."""

    id: Text
    title: Text
    question: Text
    second_question: Text
    reference_date: Day
    horizon: Day
    step: Literal["week"]
    inauguration: Day
    front: FrontTable
    series: SeriesTable = Field(default_factory=SeriesTable)
    season: SeasonTable
    start: StartTable
    upheaval: list[Any] = Field(default_factory=list)
    vote: list[Any] = Field(default_factory=list)
    ending: list[Any]
