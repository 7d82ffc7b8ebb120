"""A scenario: a question, the beliefs about it and the evidence for them, checked and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass as table_dataclass

from forecast.evidence.chronology import Chronology
from forecast.evidence.series import Evidence
from forecast.inputs.validation import STRICT, Day, Text
from forecast.scenario.members import BaseRates, Pool
from forecast.scenario.party_names import PartyName, party_names
from forecast.scenario.prior import Correlation, Perspective, Prior
from forecast.scenario.records import (
    DatedEvent,
    Ending,
    Front,
    Group,
    Issue,
    Party,
    Premise,
    Region,
    Season,
    SeriesRoles,
    Settlement,
    Source,
    Start,
)
from forecast.scenario.review import Review


def _by_date(events: tuple[DatedEvent, ...]) -> tuple[DatedEvent, ...]:
    return tuple(sorted(events, key=lambda event: event.date))


DatedEvents = Annotated[tuple[DatedEvent, ...], Field(strict=False), AfterValidator(_by_date)]


@table_dataclass(frozen=True, eq=False, kw_only=True, config=STRICT)
class Question:
    """The question: the whole of `scenario.toml`.

    Attributes:
        id: the scenario's id.
        title: its name for readers.
        question: the question.
        second_question: the question's weaker reading.
        reference_date: the day it starts on.
        horizon: the day it ends on.
        step: the step of the simulation.
        inauguration: the day on which the president in Washington takes office.
        front: what the front learns from.
        series: which other series play which part.
        season: when the ground is mud.
        start: the state of the war on the reference date.
        upheavals: political upheavals in Europe known beforehand, by date.
        votes: votes on prolonging sanctions, by date.
        endings: in the order of the file.
    """

    id: Text
    title: Text
    question: Text
    second_question: Text
    reference_date: Day
    horizon: Day
    step: Literal["week"]
    inauguration: Day
    front: Front
    series: SeriesRoles = Field(default_factory=SeriesRoles)
    season: Season
    start: Start
    upheavals: Annotated[DatedEvents, Field(alias="upheaval")] = ()
    votes: Annotated[DatedEvents, Field(alias="vote")] = ()
    endings: Annotated[tuple[Ending, ...], Field(strict=False, alias="ending")]

    @property
    def defeat(self) -> str:
        """Id of the ending that is Kyiv's defeat: the first of kind `battlefield`."""
        return self._battlefield[0]

    @property
    def failure(self) -> str:
        """Id of the ending in which Moscow's war fails: the second of kind `battlefield`."""
        return self._battlefield[1]

    @property
    def _battlefield(self) -> list[str]:
        return [ending.id for ending in self.endings if ending.kind == "battlefield"]

    @property
    def area_series(self) -> str:
        """Id of the series that the front learns its area from, km2."""
        return self.front.area_series

    @property
    def second_area_series(self) -> str | None:
        """Id of a second mapper's series, of which changes are used; None if there is none."""
        return self.front.second_area_series

    @property
    def monthly_series(self) -> str | None:
        """Id of a count of net gains by calendar month, km2; None if there is none."""
        return self.front.monthly_series

    @property
    def first_week(self) -> date:
        """The Monday from which the front learns."""
        return self.front.first_week

    @property
    def season_peaks(self) -> tuple[tuple[int, int], ...]:
        """(month, day) of each depth of the mud."""
        return self.season.peaks

    @property
    def season_half_width(self) -> float:
        """Weeks from the depth of the mud to its end."""
        return self.season.half_width_weeks


@dataclass(frozen=True, eq=False, kw_only=True)
class Beliefs:
    """The contents of the tables with priors.

    Attributes:
        issues: in the order of the file.
        parties: the five, in the order of `codes.PARTIES`.
        lean: (party, issue) move of a position a unit of stiffness: spread times load, negative towards Kyiv's.
        regions: in the order of the file.
        settlements: in the order of the file.
        priors: every entry by dotted name, in the order of `Parameters`, of `codes.PARTIES` and of the files.
        correlations: of the normal scores of priors.
    """

    issues: tuple[Issue, ...]
    parties: tuple[Party, ...]
    lean: NDArray[np.float64]
    regions: tuple[Region, ...]
    settlements: tuple[Settlement, ...]
    priors: dict[str, Prior]
    correlations: tuple[Correlation, ...]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Scenario(Question, Beliefs):
    """A question, and all that is believed about it: the files of one folder, checked.

    Attributes:
        folder: where it was read from.
        sources: by id.
        premises: by id.
        evidence: with all its rows.
        chronology: the events and changes of states since the reference date, with all its rows; empty if the scenario
            has none.
        perspective: name of the perspective that the priors are under; `base` for the base premises.
        perspectives: by name: the scenario's own, and one read from a file elsewhere if it was asked for.
        edits: the `--set` options, as given.
        texts: the files as read, by path within the folder with `/`: what a run keeps as its inputs. A perspective
            from elsewhere is among them, at the path that it would have in the folder.
        pool: what `pool.toml` says; None where the scenario has no such file.
        base_rates: what `base_rates.toml` says; None where the scenario has no such file.
        groups: the groups of `groups.toml`, in the order of the file; empty where the scenario has no such file.
        review: what a person must confirm in a scenario that was rolled on; None in any other.
    """

    folder: Path
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
    groups: tuple[Group, ...] = ()
    review: Review | None = None

    @property
    def names(self) -> dict[str, PartyName]:
        """The names of the parties for readers, by id."""
        return party_names(self.parties)

    def __repr__(self) -> str:
        """Show the name and the numbers of things, not the things."""
        return (
            f"Scenario({self.id}, perspective {self.perspective}, {self.reference_date} to {self.horizon}: "
            f"{len(self.priors)} priors, {len(self.evidence.specs)} series)"
        )

    def under(self, perspective: str, beliefs: Beliefs) -> "Scenario":
        """Give the scenario with the beliefs of a perspective."""
        return replace(self, perspective=perspective, **fields_of(beliefs))

    def premises_of(self) -> dict[str, list[str]]:
        """Give what rests on each premise, by its id, in the order of `premises.toml`.

        Priors stand by their name; the rest as `issue.<id>`, `party.<id>`, `settlement.<id>`,
        `clause.<settlement>.<id>` and `region.<id>`.
        """
        held: dict[str, list[str]] = {premise: [] for premise in self.premises}
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
                held[premise].append(name)
        return held


def fields_of(part: Question | Beliefs) -> dict[str, Any]:
    """Give the fields of a part of a scenario, by name, as they stand."""
    return {field.name: getattr(part, field.name) for field in fields(part)}
