"""What a scenario is: the results of loading one, plain and frozen; nothing in them needs checking again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.evidence.chronology import Chronology
from forecast.evidence.series import Evidence
from forecast.scenario.members import BaseRates, Pool
from forecast.scenario.prior import Correlation, Perspective, Prior

Side = Literal["kyiv", "moscow"]
Kind = Literal["battlefield", "negotiated", "unresolved"]


@dataclass(frozen=True)
class Source:
    """Where numbers come from.

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
    title: str
    publisher: str
    url: str
    published: str
    grade: str
    licence: str
    note: str


@dataclass(frozen=True)
class Premise:
    """A claim of its holder, not a fact.

    Attributes:
        id: the id that entries name.
        holder: who holds it.
        claim: the claim.
    """

    id: str
    holder: str
    claim: str


@dataclass(frozen=True)
class Issue:
    """What the parties bargain over, scored from 0 to 1.

    Attributes:
        id: its id; an issue's number is its place in `Scenario.issues`.
        label: its name for readers.
        zero: what 0 means, Kyiv's ideal.
        one: what 1 means, Moscow's ideal.
        role: `guarantees` for the issue that foreign troops fall under, else empty.
        premises: premises that every position, salience and term on it rests on.
    """

    id: str
    label: str
    zero: str
    one: str
    role: str
    premises: tuple[str, ...]


@dataclass(frozen=True)
class Party:
    """One of the five roles, in the order of `codes.PARTIES`.

    Attributes:
        id: the role.
        label: its name for readers.
        leans: the side that stiffness moves its positions to.
        premises: premises that its rows rest on unless they say otherwise.
        reason: why its rows are what they are, unless they say otherwise.
        source: id of a source.
    """

    id: str
    label: str
    leans: Side
    premises: tuple[str, ...]
    reason: str
    source: str


@dataclass(frozen=True)
class Clause:
    """A provision of a settlement that may or may not be in the draft.

    Attributes:
        id: its id within the settlement.
        label: its name for readers.
        text: what it says.
        issue: number of the issue that it settles, -1 none.
        premises: premises that rest on it.
    """

    id: str
    label: str
    text: str
    issue: int
    premises: tuple[str, ...]


@dataclass(frozen=True)
class Settlement:
    """A template of a settlement.

    Attributes:
        id: its id; also that of its ending, unless it is dictated.
        label: its name for readers.
        criteria: when it counts as in force.
        signatories: parties that must consent.
        temporary: losses under it look temporary.
        stops_first: the fighting stops before the rest is agreed.
        election_first: it asks for a lawful Ukrainian signatory first.
        troops: it names European troops from the start.
        dictated: it describes a defeat, and is never on the table.
        ceasefire: a bare general truce is judged by it.
        settles: numbers of the issues that a draft of it must settle.
        staging: its steps, in order.
        legal: its legal conditions.
        clauses: its provisions; a clause's number is its place here.
        premises: premises that its rows rest on unless they say otherwise.
        source: id of a source.
        reason: why its rows are what they are, unless they say otherwise.
    """

    id: str
    label: str
    criteria: str
    signatories: tuple[str, ...]
    temporary: bool
    stops_first: bool
    election_first: bool
    troops: bool
    dictated: bool
    ceasefire: bool
    settles: tuple[int, ...]
    staging: tuple[str, ...]
    legal: tuple[str, ...]
    clauses: tuple[Clause, ...]
    premises: tuple[str, ...]
    source: str
    reason: str


@dataclass(frozen=True)
class Region:
    """A region of the ledger of ground.

    Attributes:
        id: its id; a region's number is its place in `Scenario.regions`.
        label: its name for readers.
        area_km2: its area, km2.
        later: it is reached only when the first regions are exhausted.
        demand_after_km2: gain in it that adds a demand, km2; 0 none.
        premises: premises that its rows rest on unless they say otherwise.
        source: id of a source.
        reason: why its rows are what they are, unless they say otherwise.
    """

    id: str
    label: str
    area_km2: float
    later: bool
    demand_after_km2: float
    premises: tuple[str, ...]
    source: str
    reason: str


@dataclass(frozen=True)
class Ending:
    """A way in which a timeline can end.

    Attributes:
        id: its id: of a settlement, or one of the four that every scenario has.
        label: its name for readers.
        kind: `battlefield`, `negotiated` or `unresolved`.
        criteria: when it counts.
    """

    id: str
    label: str
    kind: Kind
    criteria: str


@dataclass(frozen=True)
class DatedEvent:
    """An event whose date is known beforehand.

    Attributes:
        date: its day.
        label: its name for readers.
        source: id of a source.
    """

    date: date
    label: str
    source: str


@dataclass(frozen=True)
class Start:
    """What is so on the reference date; codes are those of `forecast.timeline.codes`.

    Attributes:
        rung: code of the rung of talks.
        posture: code of Washington's posture.
        truce: code of the truce.
        banned: the ban on negotiating stands.
        martial_law: martial law is in force.
        legitimate: Moscow cannot call the president illegitimate.
        paused: US arms are paused.
        lapsed: a few governments have let sanctions lapse.
        source: id of a source.
        reason: how it is known.
    """

    rung: int
    posture: int
    truce: int
    banned: bool
    martial_law: bool
    legitimate: bool
    paused: bool
    lapsed: bool
    source: str
    reason: str


@dataclass(frozen=True)
class SeriesRoles:
    """Ids of the series in each part; None where the scenario has none.

    Attributes:
        first_term_approval: approval of the US president in his first term, percent, a smoothed average.
        approval: approval in the new term, percent, a series for each house.
        aid_us: all US aid allocated in the month, EUR bn.
        aid_europe: all European aid allocated in the month, EUR bn.
        concessions: Ukrainians ready for some territorial concessions, percent.
        trust: Ukrainians who trust the president, percent.
        desertion: cases of absence without leave, mean a month since the row before.
        kursk: Russian ground held by Ukraine, km2; followed where the past is replayed, learnt from nowhere.
    """

    first_term_approval: str | None = None
    approval: tuple[str, ...] = ()
    aid_us: str | None = None
    aid_europe: str | None = None
    concessions: str | None = None
    trust: str | None = None
    desertion: str | None = None
    kursk: str | None = None

    def named(self) -> Iterator[tuple[str, str]]:
        """Give each part that is played, and the series that plays it."""
        for field in fields(self):
            found = getattr(self, field.name)
            for series in (found,) if isinstance(found, str) else found or ():
                yield field.name, series


@dataclass(frozen=True, eq=False)
class Scenario:
    """A question, and all that is believed about it: the files of one folder, checked.

    Attributes:
        id: its id.
        folder: where it was read from.
        title: its name for readers.
        question: the question.
        second_question: the question's weaker reading.
        reference_date: the day it starts on.
        horizon: the day it ends on.
        inauguration: the day of the US inauguration.
        area_series: id of the evidence series that the front learns its area from, km2.
        second_area_series: id of a second mapper's, of which changes are used; None if there is none.
        monthly_series: id of a count of net gains by calendar month, km2; None if there is none.
        series: which other series play which part.
        first_week: the Monday from which the front learns.
        season_peaks: (month, day) of each depth of the mud.
        season_half_width: weeks from the depth of the mud to its end.
        upheavals: political upheavals in Europe known beforehand, by date.
        votes: votes on prolonging sanctions, by date.
        start: what is so on the reference date.
        endings: in the order of the file.
        issues: in the order of the file.
        parties: the five, in the order of `codes.PARTIES`.
        settlements: in the order of the file.
        regions: in the order of the file.
        priors: every entry by dotted name, in the order of `Parameters`, of `codes.PARTIES` and of the files.
        lean: (party, issue) move of a position a unit of stiffness: spread times load, negative towards Kyiv's.
        correlations: of the normal scores of priors.
        sources: by id.
        premises: by id.
        evidence: with all its rows.
        chronology: what happened since the reference date, with all its rows; empty if the scenario has none.
        perspective: name of the perspective that the priors are under; `base` for the files as they stand.
        perspectives: by name: the scenario's own, and one read from a file elsewhere if it was asked for.
        edits: what was set on the command line, as given.
        texts: the files as read, by path within the folder with `/`: what a run keeps as its inputs. A perspective
            from elsewhere is among them, at the path that it would have in the folder.
        pool, base_rates: what `pool.toml` and `base_rates.toml` say; None where the scenario has no such file.
    """

    id: str
    folder: Path
    title: str
    question: str
    second_question: str
    reference_date: date
    horizon: date
    inauguration: date
    area_series: str
    second_area_series: str | None
    monthly_series: str | None
    series: SeriesRoles
    first_week: date
    season_peaks: tuple[tuple[int, int], ...]
    season_half_width: float
    upheavals: tuple[DatedEvent, ...]
    votes: tuple[DatedEvent, ...]
    start: Start
    endings: tuple[Ending, ...]
    issues: tuple[Issue, ...]
    parties: tuple[Party, ...]
    settlements: tuple[Settlement, ...]
    regions: tuple[Region, ...]
    priors: dict[str, Prior]
    lean: NDArray[np.float64]
    correlations: tuple[Correlation, ...]
    sources: Mapping[str, Source]
    premises: Mapping[str, Premise]
    evidence: Evidence
    chronology: Chronology
    perspective: str
    perspectives: Mapping[str, Perspective]
    edits: tuple[str, ...]
    texts: dict[str, str]
    pool: Pool | None = None
    base_rates: BaseRates | None = None

    def premises_of(self) -> dict[str, list[str]]:
        """Give what rests on each premise, by its id, in the order of `premises.toml`.

        Priors stand by their name; the rest as `issue.<id>`, `party.<id>`, `settlement.<id>`,
        `clause.<settlement>.<id>` and `region.<id>`.
        """
        holds: dict[str, list[str]] = {premise: [] for premise in self.premises}
        named = [
            *((f"issue.{issue.id}", issue.premises) for issue in self.issues),
            *((f"party.{party.id}", party.premises) for party in self.parties),
            *((f"region.{region.id}", region.premises) for region in self.regions),
            *((f"settlement.{deal.id}", deal.premises) for deal in self.settlements),
            *((f"clause.{deal.id}.{c.id}", c.premises) for deal in self.settlements for c in deal.clauses),
            *((name, prior.premises) for name, prior in self.priors.items()),
        ]
        for name, premises in named:
            for premise in premises:
                holds[premise].append(name)
        return holds
