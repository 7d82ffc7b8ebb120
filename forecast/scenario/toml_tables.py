"""Tables of a scenario's files that are only read; the records made from them are in `records`, `prior` and `members`.

A table `XTable` adds to the record `X` the keys that become priors. Ties between tables are checked where the file
is read.
"""

from typing import Annotated, Any

from pydantic import Field

from forecast.inputs.validation import Positive, Raws, Table, Text, Texts, Triple
from forecast.scenario.prior import PerspectiveHead, Quantity
from forecast.scenario.records import Clause, Grounded, Issue, Party, Region, Settlement

Entry = dict[str, Any]
"""The table of an entry, or of entries by name; checked where it is read."""


class ReferenceClassTable(Table):
    """`reference_class` of an entry: past cases that its rate is set from; see `scenario.reference_class`."""

    table: Text
    events: Text
    exposure: Text
    since: int | None = None
    until: int | None = None
    times: Positive
    spread: Positive = 0.7


class EntryTable(Grounded, Quantity):
    """One prior: its quantiles, its distribution or its reference class, and what it is."""

    quantiles: Triple | None = None
    distribution: Entry | None = None
    reference_class: Entry | None = None


class RowTable(Grounded):
    """A position, a salience or a term: a normal distribution around its centre."""

    centre: float
    spread: Positive


class ChangeTable(Grounded):
    """`[[change]]` of a perspective: what stands in an entry's place, in one of the ways that its kind has."""

    entry: Text
    quantiles: Triple | None = None
    distribution: Entry | None = None
    centre: float | None = None
    spread: Positive | None = None
    premises: Annotated[Texts, Field(min_length=1)]


class PerspectiveFile(PerspectiveHead):
    """`perspectives/<name>.toml`."""

    change: Annotated[Raws, Field(min_length=1)]


class RegionTable(Region):
    """`[region.<id>]` of `front.toml`."""

    held: Entry
    share: Entry


class RowsTable(Table):
    """`[rows]` of `parties.toml`."""

    load: Annotated[float, Field(ge=0, le=1)]


class IssueTable(Issue):
    """`[issue.<id>]` of `parties.toml`."""

    toil: Entry


class PartyTable(Party):
    """`[party.<id>]` of `parties.toml`."""

    position_spread: Positive
    salience_spread: Positive
    stiffness: Entry
    position: Entry
    salience: Entry


class PartiesFile(Table):
    """`parties.toml`."""

    rows: RowsTable
    issue: Entry
    party: Entry


class ClauseTable(Clause):
    """`[[settlement.<id>.clause]]` of `settlements.toml`."""

    included: Entry
    without: Entry
    breakdown: Entry


class SettlementTable(Settlement):
    """`[settlement.<id>]` of `settlements.toml`."""

    terms_uncertainty: Positive
    terms: Entry
    spread: Entry
    give: Entry
    weight: Entry
    load: Entry
    lock_in: Entry
    monitoring: Entry
    never_implemented: Entry
    breakdown: Entry
    clause: Raws = ()


class SettlementsFile(Table):
    """`settlements.toml`."""

    settlement: Entry


class CorrelationsFile(Table):
    """`correlations.toml`."""

    correlation: Raws = ()


class EntrySetTable(Table):
    """`[group.<id>.part.<id>]` of `groups.toml`."""

    label: Text
    entries: Annotated[Texts, Field(min_length=1)]


class GroupTable(EntrySetTable):
    """`[group.<id>]` of `groups.toml`."""

    streams: Texts = ()
    part: Entry = Field(default_factory=dict)


class GroupsFile(Table):
    """`groups.toml`."""

    group: Annotated[Entry, Field(min_length=1)]


class ReferenceTable(Table):
    """`[<id>]` of `reference/reference.toml`."""

    file: Text
    title: Text
    unit: Text
    source: Text
    note: str
