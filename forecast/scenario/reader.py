"""The reader of a scenario: the tables read so far, and the checks of further tables against them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np

from forecast.inputs.validation import Place, near
from forecast.scenario.elicit import Marginal
from forecast.scenario.prior import Prior
from forecast.scenario.records import Grounded, Premise, Source
from forecast.timeline.fields import CAPACITY

JUDGEMENT: Final = "judgement"
"""The source that every scenario has."""

REACH: Final = 8.0
"""Normal score of the outermost draws."""

LARGEST: Final = 1e12
"""Largest number of any prior; the largest of the scenarios is below a million."""


@dataclass
class Reader:
    """The files of a scenario, and the records read so far, against which the next files are checked.

    Attributes:
        label: name of the scenario's folder.
        tables: its TOML files as read, by path.
        sources: the sources, by id, once read.
        premises: the premises, by id, once read.
        day: the reference date, once read.
        priors: the priors read so far, by name.
        classes: the rows of each reference class, by its id, once read.
    """

    label: str
    tables: Mapping[str, dict[str, Any]]
    sources: dict[str, Source] = field(default_factory=dict)
    premises: dict[str, Premise] = field(default_factory=dict)
    day: date = date.min
    priors: dict[str, Prior] = field(default_factory=dict)
    classes: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def place(self, file: str) -> Place:
        """Give the place of a file, by its path in the folder."""
        return Place(f"{self.label}/{file}")

    def keep(
        self, table: Grounded, name: str, marginal: Marginal, elicited: str, place: Place, **resolved: object
    ) -> None:
        """Keep the prior of a table under its name; `resolved` are fields of the prior that the table does not have.

        Raises:
            InputError: the distribution reaches numbers that cannot be computed with.
        """
        check_reach(marginal, elicited, place)
        self.priors[name] = table.record(
            Prior,
            name=name,
            marginal=marginal,
            elicited=elicited,
            basis=table.basis or JUDGEMENT,
            file=str(place.file).partition("/")[2],
            on_the_date=getattr(table, "on_the_date", None),
            **resolved,
        )

    def check_grounds(self, table: Grounded, place: Place) -> None:
        """Check source, date and premises of a table."""
        self.check_source(table.source, place.at("source"))
        self.check_premises(table.premises, place)
        if table.basis is not None and table.source == JUDGEMENT:
            what = f"found {table.basis!r}; leave it out where the source is judgement"
            raise place.at("basis").error(what, "Name the source that it is of, or take it out")
        if table.as_of is None:
            if table.source != JUDGEMENT:
                what = f"it is missing; the source {table.source!r} needs the day that the figure is as of"
                raise place.at("as_of").error(what)
        elif table.as_of > self.day:
            what = f"found {table.as_of}; expected the reference date, {self.day}, or before"
            raise place.at("as_of").error(what)
        if table.basis is None and table.source != JUDGEMENT:
            what = f"it is missing; the source {table.source!r} gives a figure, or is read for one: figure or reading"
            raise place.at("basis").error(what)

    def check_source(self, source: str, place: Place) -> None:
        """Check that a source is one of `sources.toml`."""
        if source not in self.sources:
            what = f"found {source!r}; expected an id in sources.toml"
            raise place.error(what, near(source, self.sources, "Add it there"))

    def check_premises(self, premises: Sequence[str], place: Place) -> None:
        """Check that premises are some of `premises.toml`, each named once."""
        for number, premise in enumerate(premises):
            if premise not in self.premises:
                what = f"found {premise!r}; expected ids in premises.toml"
                raise place.at("premises").error(what, near(premise, self.premises))
            if premise in premises[:number]:
                raise place.at("premises").error(f"found {premise!r} twice; expected once")


def check_reach(marginal: Marginal, elicited: str, place: Place) -> None:
    """Check that the outermost draws of a distribution are numbers that a simulation can compute with."""
    with np.errstate(all="ignore"):
        ends = np.abs([float(marginal.quantile(np.asarray(z))) for z in (-REACH, REACH)])
    if not (ends <= LARGEST).all():
        what = f"found {elicited}, which reaches {ends.max():g}; expected numbers up to {LARGEST:g}"
        raise place.error(what, "Give a narrower distribution, or another unit")


def check_capacity(rows: Collection[Any], what: str, place: Place) -> None:
    """Check that there is at least one table of a kind, and room for all in the timeline's own tables."""
    most = CAPACITY[what]
    if not 1 <= len(rows) <= most:
        raise place.error(f"found {len(rows)} tables of this kind; expected 1 to {most}")
