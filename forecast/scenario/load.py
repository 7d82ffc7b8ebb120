"""Loading a scenario: all its files are read and checked, used or not, and the first thing wrong is told.

Every parameter of the timeline has one prior and every prior is one of a parameter, as `timeline.parameters`
declares them.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forecast.errors import InputError
from forecast.evidence import Evidence, load_evidence
from forecast.scenario import question
from forecast.scenario.correlations import read_correlations
from forecast.scenario.edits import apply_edits, blame, parse_fix
from forecast.scenario.files import parse_tables, read_folder
from forecast.scenario.find import find_scenario
from forecast.scenario.parties import read_parties
from forecast.scenario.parts import read_parts
from forecast.scenario.prior import Prior
from forecast.scenario.reader import Reader
from forecast.scenario.reference import check_reference
from forecast.scenario.settlements import read_settlements
from forecast.scenario.spec import Issue, Region, Scenario, Settlement
from forecast.tables import Place, near
from forecast.timeline.codes import PARTIES
from forecast.timeline.parameters import RECORDS
from forecast.timeline.registry import fields

__all__ = ["load_scenario", "parse_fix"]


def load_scenario(
    name_or_folder: str | Path | None = None, *, priors: Path | None = None, edits: Sequence[str] = ()
) -> Scenario:
    """Load a scenario and check all of it.

    Args:
        name_or_folder: name or folder of the scenario; see `find.find_scenario`.
        priors: a folder of scenarios, to look for the name in.
        edits: changes to entries, as `moscow.worth.quantiles=[0.3, 0.4, 0.5]`: the name of an entry, a field
            of it, and the value in TOML (a bare word is text). Setting quantiles takes a distribution away,
            and the reverse.

    Raises:
        InputError: the scenario is not found; a file is missing, unknown, or wrong; an edit names nothing.
            The error says file, key, the value found and what is allowed.
    """
    folder = find_scenario(name_or_folder, priors=priors).resolve()
    texts = read_folder(folder)
    tables = parse_tables(texts, folder.name)
    edited = apply_edits(tables, edits)
    with blame(edited, folder.name):
        return _build(folder, texts, tables, tuple(edits))


def _build(
    folder: Path, texts: dict[str, str], tables: Mapping[str, dict[str, Any]], edits: tuple[str, ...]
) -> Scenario:
    """Read the tables, each checked against those before it."""
    reader = Reader(folder.name, tables)
    question.read_sources(reader)
    question.read_premises(reader)
    asked = question.read_question(reader)
    evidence = _read_evidence(folder, reader)
    check_reference(reader, texts)
    issues, parties, lean = read_parties(reader)
    regions = read_parts(reader)
    settlements = read_settlements(reader, issues)
    priors = _in_order(reader, _names(issues, regions, settlements))
    correlations = read_correlations(reader, priors)
    _check_series(asked.front.area_series, evidence, reader)
    scenario = Scenario(
        id=asked.id,
        folder=folder,
        title=asked.title,
        question=asked.question,
        second_question=asked.second_question,
        reference_date=asked.reference_date,
        horizon=asked.horizon,
        inauguration=asked.inauguration,
        area_series=asked.front.area_series,
        first_week=asked.front.first_week,
        season_peaks=question.read_peaks(reader, asked.season),
        season_half_width=asked.season.half_width_weeks,
        upheavals=question.read_events(reader, "upheaval", asked.upheaval),
        votes=question.read_events(reader, "vote", asked.vote),
        start=question.read_start(reader, asked.start),
        endings=question.read_endings(reader, asked.ending, settlements),
        issues=issues,
        parties=parties,
        settlements=settlements,
        regions=regions,
        priors=priors,
        lean=lean,
        correlations=correlations,
        sources=reader.sources,
        premises=reader.premises,
        evidence=evidence,
        edits=edits,
        texts=texts,
    )
    _check_premises(scenario, reader)
    return scenario


def _read_evidence(folder: Path, reader: Reader) -> Evidence:
    """Read the evidence; its errors name files as the other files' do, from the scenario's folder on."""
    try:
        return load_evidence(folder / "evidence", reader.sources)
    except InputError as error:
        file = error.file
        if isinstance(file, Path) and file.is_relative_to(folder):
            file = f"{folder.name}/{file.relative_to(folder).as_posix()}"
        raise InputError(error.what, file=file, key=error.key, mend=error.mend) from error


def _names(issues: Sequence[Issue], regions: Sequence[Region], settlements: Sequence[Settlement]) -> list[str]:
    """Name every parameter of the scenario, in the order of their declaration."""
    rows = {
        "party": PARTIES,
        "issue": tuple(issue.id for issue in issues),
        "region": tuple(region.id for region in regions),
        "settlement": tuple(deal.id for deal in settlements),
    }
    clauses = [f"{deal.id}.{clause.id}" for deal in settlements for clause in deal.clauses]
    names: list[str] = []
    for part, cls in RECORDS.items():
        for key, declared in fields(cls).items():
            if "clause" in declared.shape:
                names += [f"{part}.{key}.{clause}" for clause in clauses]
            else:
                cells = itertools.product(*(rows[dimension] for dimension in declared.shape))
                names += [".".join((part, key, *cell)) for cell in cells]
    return names


def _in_order(reader: Reader, names: Sequence[str]) -> dict[str, Prior]:
    """Give the priors in the order of the parameters' names, of which each has one."""
    strays = sorted(set(names) ^ reader.priors.keys())
    if strays:
        what = f"a prior without a parameter, or a parameter without a prior: {', '.join(strays)}"
        raise Place(reader.label).error(what)
    return {name: reader.priors[name] for name in names}


def _check_series(series: str, evidence: Evidence, reader: Reader) -> None:
    """Check that the series that the front learns from is one of the evidence."""
    if series not in evidence.specs:
        what = f"found {series!r}; allowed is a series of evidence/evidence.toml"
        raise reader.place("scenario.toml").at("front.area_series").error(what, near(series, evidence.specs))
    for day in evidence.series(series)["observed"]:
        if day.weekday() != 0:
            what = f"found a figure of {day.date()}, a {day:%A}; allowed are Mondays, as the front goes by weeks"
            raise reader.place(f"evidence/{evidence.specs[series].file}").at("observed").error(what)


def _check_premises(scenario: Scenario, reader: Reader) -> None:
    """Check that something rests on every premise."""
    for premise, held in scenario.premises_of().items():
        if not held:
            what = "no entry, issue, party, region, settlement or clause names this premise"
            mend = "Name it in the premises of what it bears on, or take it out"
            raise reader.place("premises.toml").at(premise).error(what, mend)
