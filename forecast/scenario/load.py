"""Loading a scenario: all its files are read and checked, used or not, and the first thing wrong is told.

In order: the folder and its texts; what `--set` changes in them; sources, premises, the question, evidence,
reference classes; parties, parts, settlements; correlations; and what ties them together. Every parameter of
the timeline has one prior and every prior is one of a parameter, as `timeline.parameters` declares them.
"""

import csv
import io
import itertools
import math
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from forecast.errors import InputError
from forecast.evidence import Evidence, load_evidence
from forecast.scenario import spec
from forecast.scenario.elicit import Marginal, families, fit_quantiles, named
from forecast.scenario.find import find_scenario
from forecast.scenario.prior import Correlation, Prior
from forecast.timeline import registry
from forecast.timeline.codes import PARTIES, POSTURES, RUNGS, TRUCES
from forecast.timeline.parameters import Parameters

PARTS: Mapping[str, type] = get_type_hints(Parameters)
"""The parts of the timeline, each with the class that declares its parameters."""

OWN_FILES = ("front", "moscow", "washington", "hawks", "europe", "kyiv", "talks", "endings")
"""The parts whose file has one table a parameter."""

FILES = (
    *("sources.toml", "premises.toml", "scenario.toml", "parties.toml"),
    *(f"{part}.toml" for part in OWN_FILES),
    *("settlements.toml", "correlations.toml"),
)
FOLDERS = {"evidence": (".toml", ".csv"), "reference": (".toml", ".csv"), "perspectives": (".toml",)}
"""The folders of a scenario, with what their files may be; the last may be left out."""

README = "README.md"
JUDGEMENT = "judgement"
BATTLEFIELD = ("ukraine_defeated", "russia_fails")
UNRESOLVED = ("still_fighting", "general_truce")
"""The endings that every scenario has beside its settlements."""

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ROWS_OF_SETTLEMENT = [key for key, f in registry.fields(PARTS["settlements"]).items() if f.shape == ("settlement",)]
_ROWS_OF_CLAUSE = ("included", "without", "breakdown")
_LEAST_EIGENVALUE = 1e-9


@dataclass(frozen=True)
class Place:
    """Where in a scenario something stands.

    Attributes:
        file: the file, with the scenario's folder before it.
        key: the dotted key in it.
    """

    file: str
    key: str = ""

    def at(self, *parts: object) -> "Place":
        """Give the place of a key below this one."""
        return Place(self.file, ".".join(str(part) for part in (self.key, *parts) if part != ""))

    def error(self, what: str, mend: str | None = None) -> InputError:
        """Give the error that something is wrong here."""
        return InputError(what, file=self.file, key=self.key or None, mend=mend)


def load_scenario(
    name_or_folder: str | Path | None = None, *, priors: Path | None = None, edits: Sequence[str] = ()
) -> spec.Scenario:
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
    texts = _read_folder(folder)
    tables = {name: _parse(text, f"{folder.name}/{name}") for name, text in texts.items() if name.endswith(".toml")}
    changed = [_edit(tables, text) for text in edits]
    try:
        return _build(folder, texts, tables, tuple(edits))
    except InputError as error:
        for text, (file, key) in zip(reversed(edits), reversed(changed), strict=True):
            if error.file == f"{folder.name}/{file}" and f"{error.key}.".startswith(f"{key}."):
                mend = f"{error.mend}; it was changed by --set {text!r}" if error.mend else f"Change --set {text!r}"
                raise InputError(error.what, file=error.file, key=error.key, mend=mend) from error
        raise


def parse_fix(scenario: spec.Scenario, texts: Iterable[str]) -> dict[str, float]:
    """Read what `--fix` holds at one value.

    Args:
        scenario: whose priors are named.
        texts: each `part.key=V`: the name of an entry, and a number in its unit.

    Returns:
        the values by name of the prior, in its unit.

    Raises:
        InputError: no `=`; an unknown name, or one given twice; a position or a salience, which are no values
            but rows that turn into them; no finite number, or one outside the entry's support or the
            parameter's limits.
    """
    fixed: dict[str, float] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        place = Place("--fix", name)
        if not equals:
            raise place.error(f"found {text!r}; allowed is the name of an entry, =, a number")
        if name not in scenario.priors:
            raise place.error("no entry has this name", _near(name, scenario.priors))
        if name in fixed:
            raise place.error("it is given twice")
        declared, prior = _field(name), scenario.priors[name]
        if declared.form != "plain":
            what = f"a {declared.form} cannot be held at a value: it also depends on what is drawn for its party"
            raise place.error(what, f"Use --set {name}.centre={value}")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise place.error(f"found {value!r}; allowed is a finite number, in {prior.unit}")
        low, high = max(declared.low, prior.support[0]), min(declared.high, prior.support[1])
        if not low <= number <= high or (declared.unit == "chance/year" and number == 1.0):
            raise place.error(f"found {number:g}; allowed is {_range(low, high, declared.unit)}, in {prior.unit}")
        fixed[name] = number
    return fixed


def _read_folder(folder: Path) -> dict[str, str]:
    """Read every file of a scenario; hidden ones are none of its files."""
    root = Place(folder.name)
    here = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if not here:
        raise root.error("the folder is empty", f"A scenario has the files {', '.join(FILES)}")
    allowed = (*FILES, README, *FOLDERS)
    for name in here:
        if name not in allowed:
            what = f"a scenario has no such file or folder; allowed are {', '.join(allowed)}"
            raise Place(f"{folder.name}/{name}").error(what, _near(name, allowed, "Move it elsewhere"))
    for name in (*FILES, *list(FOLDERS)[:-1]):
        if name not in here:
            raise Place(f"{folder.name}/{name}").error("it is missing; every scenario has it")
    names = [name for name in here if name not in FOLDERS]
    for sub, suffixes in FOLDERS.items():
        if sub not in here:
            continue
        if not (folder / sub).is_dir():
            raise Place(f"{folder.name}/{sub}").error("it is a file; allowed is a folder")
        inside = sorted(path.name for path in (folder / sub).iterdir() if not path.name.startswith("."))
        for name in inside:
            if name != README and not name.endswith(suffixes):
                what = f"allowed here are files *{', *'.join(suffixes)} and {README}"
                raise Place(f"{folder.name}/{sub}/{name}").error(what, "Move it elsewhere")
        names += [f"{sub}/{name}" for name in inside]
    return {name: _read_text(folder / name, f"{folder.name}/{name}") for name in names}


def _read_text(path: Path, label: str) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Place(label).error(f"it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        what = f"it is not UTF-8: byte {error.object[error.start]:#04x} at position {error.start}"
        raise Place(label).error(what, "Save it as UTF-8") from error


def _parse(text: str, label: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # The parser tells where in brackets at the end, and names a table given twice as a Python tuple.
        message = str(error)
        twice = re.match(r"Cannot declare \((.*?),?\) twice", message)
        where = re.search(r" \((at (line \d+, column \d+|end of document))\)$", message)
        spot = where[2] if where else None
        if twice:
            key = ".".join(re.findall(r"'([^']*)'", twice[1]))
            raise Place(label, key).error(f"the table is given twice, again at {spot}", "Keep one") from error
        what = message[: where.start()] if where else message
        raise InputError(f"it is not TOML: {what}", file=label, key=spot) from error


# --set


def _edit(tables: Mapping[str, dict[str, Any]], text: str) -> tuple[str, str]:
    """Apply one edit to the tables as read; give the file and the dotted key of the entry it changed."""
    left, equals, right = (part.strip() for part in text.partition("="))
    place = Place("--set", left)
    if not equals:
        raise place.error(f"found {text!r}; allowed is the name of an entry, a field of it, =, a value")
    entries = _addresses(tables)
    parts = left.split(".")
    depth = next((n for n in range(len(parts), 1, -1) if ".".join(parts[:n]) in entries), 0)
    if not depth:
        raise place.error("no entry has this name", _near(left, entries))
    name, path = ".".join(parts[:depth]), parts[depth:]
    file, way, key = entries[name]
    is_row = _field(name).form != "plain" or name.startswith("settlements.terms.")
    allowed = list((spec.RowTable if is_row else spec.EntryTable).model_fields)
    deep = ["family", *dict.fromkeys(number for numbers in families().values() for number in numbers)]
    known = [*allowed, *(f"distribution.{number}" for number in deep if not is_row)]
    if ".".join(path) not in known:
        what = f"found the field {'.'.join(path)!r}; allowed after {name} are {', '.join(allowed)}"
        raise place.error(what, _near(".".join(path), known))
    holder: Any = tables[file]
    for step in way[:-1]:
        holder = holder[step]
    entry = holder[way[-1]]
    if not isinstance(entry, dict):
        entry = holder[way[-1]] = {"centre": entry}
    if path[0] in ("quantiles", "distribution"):
        entry.pop("distribution" if path[0] == "quantiles" else "quantiles", None)
    if len(path) == 2:
        old = entry.get("distribution")
        entry["distribution"] = {**(old if isinstance(old, dict) else {}), path[1]: _value(right)}
    else:
        entry[path[0]] = _value(right)
    return file, key


def _value(text: str) -> object:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text


def _addresses(tables: Mapping[str, dict[str, Any]]) -> dict[str, tuple[str, tuple[str | int, ...], str]]:
    """Where each entry stands, by its name: file, way through the tables as read, dotted key.

    Nothing is checked yet: what has not the shape of an entry is passed over, for the checks to tell.
    """

    def items(table: object, key: str) -> list[tuple[str, Any]]:
        inner = table.get(key) if isinstance(table, dict) else None
        return list(inner.items()) if isinstance(inner, dict) else []

    ways: dict[str, tuple[str, tuple[str | int, ...]]] = {}
    for part in OWN_FILES:
        for key, declared in registry.fields(PARTS[part]).items():
            if not declared.shape and isinstance(tables[f"{part}.toml"].get(key), dict):
                ways[f"{part}.{key}"] = (f"{part}.toml", (key,))
    for region, table in items(tables["front.toml"], "region"):
        for key in ("held", "share"):
            if isinstance(table, dict) and key in table:
                ways[f"front.{key}.{region}"] = ("front.toml", ("region", region, key))
    for party, table in items(tables["parties.toml"], "party"):
        if isinstance(table, dict) and "stiffness" in table:
            ways[f"parties.stiffness.{party}"] = ("parties.toml", ("party", party, "stiffness"))
        for key in ("position", "salience"):
            for issue, _ in items(table, key):
                ways[f"parties.{key}.{party}.{issue}"] = ("parties.toml", ("party", party, key, issue))
    shown: dict[str, str] = {}
    for deal, table in items(tables["settlements.toml"], "settlement"):
        for key in _ROWS_OF_SETTLEMENT:
            if isinstance(table, dict) and key in table:
                ways[f"settlements.{key}.{deal}"] = ("settlements.toml", ("settlement", deal, key))
        for issue, _ in items(table, "terms"):
            ways[f"settlements.terms.{deal}.{issue}"] = (
                "settlements.toml",
                ("settlement", deal, "terms", issue),
            )
        clauses = table.get("clause") if isinstance(table, dict) else None
        for number, clause in enumerate(clauses if isinstance(clauses, list) else []):
            for key in _ROWS_OF_CLAUSE:
                if isinstance(clause, dict) and key in clause:
                    name = f"settlements.clause_{key}.{deal}.{clause.get('id')}"
                    ways[name] = ("settlements.toml", ("settlement", deal, "clause", number, key))
                    shown[name] = f"settlement.{deal}.clause.{clause.get('id')}.{key}"
    return {
        name: (file, way, shown.get(name) or ".".join(str(step) for step in way)) for name, (file, way) in ways.items()
    }


# Building


def _build(
    folder: Path, texts: dict[str, str], tables: Mapping[str, dict[str, Any]], edits: tuple[str, ...]
) -> spec.Scenario:
    reader = _Reader(folder.name, tables)
    reader.read_sources()
    reader.read_premises()
    question = reader.read_question()
    evidence = _evidence(folder, reader.sources)
    _check_reference(reader, texts)
    issues, parties, lean = reader.read_parties()
    regions = reader.read_parts()
    settlements = reader.read_settlements(issues)
    names = _names(issues, regions, settlements)
    strays = sorted(set(names) ^ reader.priors.keys())
    if strays:
        what = f"a prior without a parameter, or a parameter without a prior: {', '.join(strays)}"
        raise Place(folder.name).error(what)
    priors = {name: reader.priors[name] for name in names}
    correlations = reader.read_correlations(priors)
    start, season, front = question.start, question.season, question.front
    place = reader.place("scenario.toml")
    if front.area_series not in evidence.specs:
        what = f"found {front.area_series!r}; allowed is a series of evidence/evidence.toml"
        raise place.at("front.area_series").error(what, _near(front.area_series, evidence.specs))
    lean.setflags(write=False)
    scenario = spec.Scenario(
        id=question.id,
        folder=folder,
        title=question.title,
        question=question.question,
        second_question=question.second_question,
        reference_date=question.reference_date,
        horizon=question.horizon,
        inauguration=question.inauguration,
        area_series=front.area_series,
        first_week=front.first_week,
        season_peaks=_peaks(season.peaks, place.at("season.peaks")),
        season_half_width=season.half_width_weeks,
        upheavals=reader.read_events("upheaval", question.upheaval),
        votes=reader.read_events("vote", question.vote),
        start=spec.Start(
            rung=_code(start.rung, RUNGS, place.at("start.rung")),
            posture=_code(start.posture, POSTURES, place.at("start.posture")),
            truce=_code(start.truce, TRUCES, place.at("start.truce")),
            banned=start.banned,
            martial_law=start.martial_law,
            legitimate=start.legitimate,
            paused=start.paused,
            lapsed=start.lapsed,
            source=start.source,
            reason=start.reason,
        ),
        endings=reader.read_endings(question.ending, settlements),
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
    for premise, held in scenario.premises_of().items():
        if not held:
            what = "no entry, issue, party, region, settlement or clause names this premise"
            mend = "Name it in the premises of what it bears on, or take it out"
            raise reader.place("premises.toml").at(premise).error(what, mend)
    return scenario


@dataclass
class _Reader:
    """Reads the files one after the other, and keeps what the next ones are checked against.

    Attributes:
        label: name of the scenario's folder.
        tables: its TOML files as read, by path.
        sources: the sources, by id, once read.
        premises: the premises, by id, once read.
        day: the reference date, once read.
        priors: the priors read so far, by name.
    """

    label: str
    tables: Mapping[str, dict[str, Any]]
    sources: dict[str, spec.Source] = field(default_factory=dict)
    premises: dict[str, spec.Premise] = field(default_factory=dict)
    day: date = date.min
    priors: dict[str, Prior] = field(default_factory=dict)

    def place(self, file: str) -> Place:
        """Give the place of a file, by its path in the folder."""
        return Place(f"{self.label}/{file}")

    def read_sources(self) -> None:
        """Read `sources.toml`."""
        place = self.place("sources.toml")
        for name, raw in self.tables["sources.toml"].items():
            table = _table(spec.SourceTable, raw, _named(place, name))
            self.sources[name] = spec.Source(name, **table.model_dump())
        if JUDGEMENT not in self.sources:
            raise place.at(JUDGEMENT).error("it is missing; every scenario has this source")

    def read_premises(self) -> None:
        """Read `premises.toml`."""
        place = self.place("premises.toml")
        for name, raw in self.tables["premises.toml"].items():
            table = _table(spec.PremiseTable, raw, _named(place, name))
            self.premises[name] = spec.Premise(name, table.holder, table.claim)

    def read_question(self) -> spec.ScenarioFile:
        """Read `scenario.toml`, but for what its lists hold."""
        place = self.place("scenario.toml")
        table = _table(spec.ScenarioFile, self.tables["scenario.toml"], place)
        _named(place.at("id"), table.id, "")
        if table.horizon <= table.reference_date:
            what = f"found {table.horizon}; allowed is a day after the reference date, {table.reference_date}"
            raise place.at("horizon").error(what)
        first = table.front.first_week
        if first.weekday() != 0 or first >= table.reference_date:
            what = f"found {first}, a {first:%A}; allowed is a Monday before the reference date"
            raise place.at("front.first_week").error(what)
        self.check_source(table.season.source, place.at("season.source"))
        self.check_source(table.start.source, place.at("start.source"))
        self.day = table.reference_date
        return table

    def read_events(self, key: str, raws: list[Any]) -> tuple[spec.DatedEvent, ...]:
        """Read `[[upheaval]]` or `[[vote]]`, sorted by date."""
        events = []
        for number, raw in enumerate(raws, start=1):
            place = self.place("scenario.toml").at(key, number)
            table = _table(spec.DatedTable, raw, place)
            self.check_source(table.source, place.at("source"))
            events.append(spec.DatedEvent(table.date, table.label, table.source))
        return tuple(sorted(events, key=lambda event: event.date))

    def read_endings(self, raws: list[Any], settlements: Sequence[spec.Settlement]) -> tuple[spec.Ending, ...]:
        """Read `[[ending]]`: one for each settlement that can be made, and the four that are always there."""
        kinds = dict.fromkeys(BATTLEFIELD, "battlefield")
        kinds |= {deal.id: "negotiated" for deal in settlements if not deal.dictated}
        kinds |= dict.fromkeys(UNRESOLVED, "unresolved")
        place = self.place("scenario.toml").at("ending")
        endings: dict[str, spec.Ending] = {}
        for number, raw in enumerate(raws, start=1):
            table = _table(spec.EndingTable, raw, place.at(_id_of(raw, number)))
            spot = place.at(table.id)
            if table.id in endings:
                raise spot.error("two endings have this id", "Keep one")
            if table.id not in kinds:
                what = f"no settlement that can be made has this id; allowed are {', '.join(kinds)}"
                raise spot.at("id").error(what, _near(table.id, kinds))
            if table.kind != kinds[table.id]:
                raise spot.at("kind").error(f"found {table.kind!r}; allowed is {kinds[table.id]!r}")
            endings[table.id] = spec.Ending(table.id, table.label, table.kind, table.criteria)
        _same_keys(endings, kinds, place, "ending")
        return tuple(endings.values())

    def read_parties(
        self,
    ) -> tuple[tuple[spec.Issue, ...], tuple[spec.Party, ...], NDArray[np.float64]]:
        """Read `parties.toml`: issues, parties and `Scenario.lean`."""
        place = self.place("parties.toml")
        file = _table(spec.PartiesFile, self.tables["parties.toml"], place)
        _capacity(file.issue, "issue", place.at("issue"))
        issues: list[spec.Issue] = []
        for name, raw in file.issue.items():
            spot = _named(place.at("issue"), name)
            given = _table(spec.IssueTable, raw, spot)
            self.check_premises(given.premises, spot)
            role = given.role or ""
            if role and any(other.role == role for other in issues):
                raise spot.at("role").error(f"found {role!r}, as for another issue; allowed is one such issue")
            premises = tuple(given.premises)
            issues.append(spec.Issue(name, given.label, given.zero, given.one, role, premises))
        _same_keys(file.party, PARTIES, place.at("party"), "party")
        parties = []
        lean = np.zeros((len(PARTIES), len(issues)))
        for number, name in enumerate(PARTIES):
            spot = place.at("party", name)
            table = _table(spec.PartyTable, file.party[name], spot)
            self.check_grounds(table, spot)
            self.read_entry(f"parties.stiffness.{name}", _inherit(table.stiffness, table), spot.at("stiffness"))
            sign = 1.0 if table.leans == "moscow" else -1.0
            rows = self.read_rows(table.position, issues, table, table.position_spread, spot.at("position"))
            for column, (issue, row, where) in enumerate(rows):
                _unit_interval(row.centre, where.at("centre"))
                lean[number, column] = sign * file.rows.load * row.spread
                # The rest of the spread is the row's own; the whole has the spread that the file gives.
                own = row.spread * math.sqrt(1.0 - file.rows.load**2)
                prior = f"parties.position.{name}.{issue.id}"
                self.keep_row(prior, issue, row, own, where, f", load {file.rows.load:g}")
            rows = self.read_rows(table.salience, issues, table, table.salience_spread, spot.at("salience"))
            for issue, row, where in rows:
                self.keep_row(f"parties.salience.{name}.{issue.id}", issue, row, row.spread, where)
            premises = tuple(table.premises)
            parties.append(spec.Party(name, table.label, table.leans, premises, table.reason, table.source))
        return tuple(issues), tuple(parties), lean

    def read_parts(self) -> tuple[spec.Region, ...]:
        """Read the files with one table a parameter, and the regions of `front.toml`."""
        regions: tuple[spec.Region, ...] = ()
        for part in OWN_FILES:
            place = self.place(f"{part}.toml")
            raws = dict(self.tables[f"{part}.toml"])
            scalars = [key for key, f in registry.fields(PARTS[part]).items() if not f.shape]
            if part == "front":
                _same_keys(raws, [*scalars, "region"], place, "parameter")
                regions = self.read_regions(raws.pop("region"), place.at("region"))
            _same_keys(raws, scalars, place, "parameter")
            for key in scalars:
                self.read_entry(f"{part}.{key}", raws[key], place.at(key))
        return regions

    def read_regions(self, raws: object, place: Place) -> tuple[spec.Region, ...]:
        """Read `[region.<id>]` of `front.toml`."""
        if not isinstance(raws, dict):
            raise place.error(f"found {_shown(raws)}; allowed is a table for each region")
        _capacity(raws, "region", place)
        regions = []
        for name, raw in raws.items():
            spot = _named(place, name)
            table = _table(spec.RegionTable, raw, spot)
            self.check_grounds(table, spot)
            self.read_entry(f"front.held.{name}", _inherit(table.held, table), spot.at("held"))
            if self.priors[f"front.held.{name}"].support[1] > table.area_km2:
                what = f"found {_shown(table.held['support'])}; allowed is at most the region's area,"
                raise spot.at("held.support").error(f"{what} {table.area_km2:g} km2")
            self.read_entry(f"front.share.{name}", _inherit(table.share, table), spot.at("share"))
            regions.append(
                spec.Region(
                    id=name,
                    label=table.label,
                    area_km2=table.area_km2,
                    later=table.later,
                    demand_after_km2=table.demand_after_km2,
                    premises=tuple(table.premises),
                    source=table.source,
                    reason=table.reason,
                )
            )
        return tuple(regions)

    def read_settlements(self, issues: Sequence[spec.Issue]) -> tuple[spec.Settlement, ...]:
        """Read `settlements.toml`."""
        place = self.place("settlements.toml")
        file = _table(spec.SettlementsFile, self.tables["settlements.toml"], place).settlement
        place = place.at("settlement")
        _capacity(file, "settlement", place)
        settlements: list[spec.Settlement] = []
        for name, raw in file.items():
            spot = _named(place, name)
            table = _table(spec.SettlementTable, raw, spot)
            self.check_grounds(table, spot)
            _check_signatories(table.signatories, spot.at("signatories"))
            if name in (*BATTLEFIELD, *UNRESOLVED):
                raise spot.error("an ending that every scenario has is called so", "Call it otherwise")
            if table.ceasefire and any(other.ceasefire for other in settlements):
                raise spot.at("ceasefire").error("found true, as for another settlement; allowed is one such")
            for key in _ROWS_OF_SETTLEMENT:
                self.read_entry(f"settlements.{key}.{name}", _inherit(getattr(table, key), table), spot.at(key))
            rows = self.read_rows(table.terms, issues, table, table.terms_uncertainty, spot.at("terms"))
            for issue, row, where in rows:
                _unit_interval(row.centre, where.at("centre"))
                self.keep_row(f"settlements.terms.{name}.{issue.id}", issue, row, row.spread, where)
            settlements.append(
                spec.Settlement(
                    id=name,
                    label=table.label,
                    criteria=table.criteria,
                    signatories=tuple(table.signatories),
                    temporary=table.temporary,
                    stops_first=table.stops_first,
                    election_first=table.election_first,
                    troops=table.troops,
                    dictated=table.dictated,
                    ceasefire=table.ceasefire,
                    staging=tuple(table.staging),
                    legal=tuple(table.legal),
                    clauses=self.read_clauses(name, table, issues, spot.at("clause")),
                    premises=tuple(table.premises),
                    source=table.source,
                    reason=table.reason,
                )
            )
        if all(deal.dictated for deal in settlements):
            raise place.error("every settlement is dictated; allowed is at least one that is not")
        return tuple(settlements)

    def read_clauses(
        self, deal: str, table: spec.SettlementTable, issues: Sequence[spec.Issue], place: Place
    ) -> tuple[spec.Clause, ...]:
        """Read `[[settlement.<id>.clause]]`; a clause inherits from its settlement, its entries from it."""
        if len(table.clause) > registry.CAPACITY["clause"]:
            what = f"found {len(table.clause)} clauses; allowed are {registry.CAPACITY['clause']} at most"
            raise place.error(what)
        clauses: dict[str, spec.Clause] = {}
        numbers = {"": -1} | {issue.id: number for number, issue in enumerate(issues)}
        for number, raw in enumerate(table.clause, start=1):
            inherited = _inherit(raw, table, varies=False)
            clause = _table(spec.ClauseTable, inherited, place.at(_id_of(raw, number)))
            spot = _named(place, clause.id)
            if clause.id in clauses:
                raise spot.error("two clauses of the settlement have this id", "Keep one")
            self.check_grounds(clause, spot)
            if clause.issue not in numbers:
                what = f"found {clause.issue!r}; allowed is an issue of parties.toml, or the empty text for none"
                raise spot.at("issue").error(what, _near(clause.issue, numbers))
            for key in _ROWS_OF_CLAUSE:
                entry = _inherit(getattr(clause, key), clause)
                self.read_entry(f"settlements.clause_{key}.{deal}.{clause.id}", entry, spot.at(key))
            clauses[clause.id] = spec.Clause(
                clause.id, clause.label, clause.text, numbers[clause.issue], tuple(clause.premises)
            )
        return tuple(clauses.values())

    def read_correlations(self, priors: Mapping[str, Prior]) -> tuple[Correlation, ...]:
        """Read `correlations.toml`."""
        place = self.place("correlations.toml")
        file = _table(spec.CorrelationsFile, self.tables["correlations.toml"], place)
        pairs: list[Correlation] = []
        for number, raw in enumerate(file.correlation, start=1):
            spot = place.at("correlation", number)
            table = _table(spec.CorrelationTable, raw, spot)
            for key, name in (("first", table.first), ("second", table.second)):
                if name not in priors:
                    raise spot.at(key).error(f"found {name!r}; no entry has this name", _near(name, priors))
                if priors[name].marginal.is_point:
                    raise spot.at(key).error(f"found {name!r}, which is a point and varies with nothing")
            if table.first == table.second:
                raise spot.at("second").error(f"found {table.second!r}, as in first; allowed is another entry")
            if any({table.first, table.second} == {pair.first, pair.second} for pair in pairs):
                raise spot.error(f"{table.first} and {table.second} are given twice", "Keep one")
            if not -1.0 < table.rho < 1.0:
                what = f"found {table.rho:g}; allowed is a number between -1 and 1, neither of them"
                raise spot.at("rho").error(what)
            pairs.append(Correlation(table.first, table.second, table.rho, table.reason))
        _check_definite(pairs, place.at("correlation"))
        return tuple(pairs)

    def read_rows(
        self,
        given: Mapping[str, Any],
        issues: Sequence[spec.Issue],
        table: spec.Grounded,
        spread: float,
        place: Place,
    ) -> list[tuple[spec.Issue, spec.RowTable, Place]]:
        """Read a row for each issue: a number, or a table that may leave out all but `centre`."""
        _same_keys(given, [issue.id for issue in issues], place, "issue")
        rows = []
        for issue in issues:
            raw, spot = given[issue.id], place.at(issue.id)
            if isinstance(raw, bool) or not isinstance(raw, int | float | dict):
                raise spot.error(f"found {_shown(raw)}; allowed is a number, or a table with centre")
            own = raw if isinstance(raw, dict) else {"centre": raw}
            row = _table(spec.RowTable, _inherit({"spread": spread, **own}, table, varies=False), spot)
            self.check_grounds(row, spot)
            rows.append((issue, row, spot))
        return rows

    def keep_row(
        self,
        name: str,
        issue: spec.Issue,
        row: spec.RowTable,
        sd: float,
        place: Place,
        load: str = "",
    ) -> None:
        """Keep the prior of a row. Positions and terms are clipped to their support on use, saliences not."""
        declared = _field(name)
        clipped = declared.unit == "position"
        self.priors[name] = Prior(
            name=name,
            marginal=Marginal("normal", (row.centre, sd)) if sd > 0 else Marginal("point", (row.centre,)),
            unit=declared.unit,
            support=(float(declared.low), float(declared.high)),
            varies="world",
            without=0.5 if clipped else 0.0,
            premises=tuple(dict.fromkeys((*row.premises, *issue.premises))),
            source=row.source,
            as_of=row.as_of,
            reason=row.reason,
            elicited=f"centre {row.centre:g}, spread {row.spread:g}{load}",
            file=place.file.partition("/")[2],
        )

    def read_entry(self, name: str, raw: object, place: Place) -> None:
        """Read one prior and keep it under its name."""
        declared = _field(name)
        entry = _table(spec.EntryTable, raw, place)
        self.check_grounds(entry, place)
        if entry.unit != declared.unit:
            raise place.at("unit").error(f"found {entry.unit!r}; allowed is {declared.unit!r}")
        low, high = entry.support
        # Written so that nan is refused too.
        if not (low < high and declared.low <= low and high <= declared.high):
            limits = _range(declared.low, declared.high)
            what = f"found {_shown(entry.support)}; allowed is [low, high] with low < high, within {limits}"
            raise place.at("support").error(what)
        if not declared.low <= entry.without <= declared.high:
            limits = _range(declared.low, declared.high)
            raise place.at("without").error(f"found {entry.without:g}; allowed is {limits}")
        marginal, elicited = _marginal(entry, place)
        if declared.unit == "chance/year" and marginal.is_point and marginal.args[0] >= 1.0:
            raise place.at("distribution.value").error("found 1; allowed is a chance a year below 1")
        self.priors[name] = Prior(
            name=name,
            marginal=marginal,
            unit=entry.unit,
            support=(low, high),
            varies=entry.varies,
            without=entry.without,
            premises=tuple(entry.premises),
            source=entry.source,
            as_of=entry.as_of,
            reason=entry.reason,
            elicited=elicited,
            file=place.file.partition("/")[2],
        )

    def check_grounds(self, table: spec.Grounded, place: Place) -> None:
        """Check source, date and premises of a table."""
        self.check_source(table.source, place.at("source"))
        self.check_premises(table.premises, place)
        if table.as_of is None:
            if table.source != JUDGEMENT:
                what = f"it is missing; the source {table.source!r} needs the day that the figure is as of"
                raise place.at("as_of").error(what)
        elif table.as_of > self.day:
            what = f"found {table.as_of}; allowed is the reference date, {self.day}, or before"
            raise place.at("as_of").error(what)

    def check_source(self, source: str, place: Place) -> None:
        """Check that a source is one of `sources.toml`."""
        if source not in self.sources:
            what = f"found {source!r}; allowed is an id in sources.toml"
            raise place.error(what, _near(source, self.sources, "Add it there"))

    def check_premises(self, premises: Sequence[str], place: Place) -> None:
        """Check that premises are some of `premises.toml`, each named once."""
        for number, premise in enumerate(premises):
            if premise not in self.premises:
                what = f"found {premise!r}; allowed are ids in premises.toml"
                raise place.at("premises").error(what, _near(premise, self.premises))
            if premise in premises[:number]:
                raise place.at("premises").error(f"found {premise!r} twice; allowed is once")


def _marginal(entry: spec.EntryTable, place: Place) -> tuple[Marginal, str]:
    """Give the distribution of an entry, and how the file gave it."""
    low, high = entry.support
    if (entry.quantiles is None) == (entry.distribution is None):
        what = "both quantiles and distribution are given" if entry.quantiles else "quantiles are missing"
        raise place.at("quantiles").error(f"{what}; allowed is one of quantiles and distribution")
    if entry.quantiles is not None:
        spot = place.at("quantiles")
        try:
            q05, q50, q95 = entry.quantiles
            fitted = fit_quantiles(q05, q50, q95, low, high)
            if not all(math.isfinite(number) for number in fitted.args):
                raise ArithmeticError
        except (ValueError, ArithmeticError) as error:
            what = f"found {_shown(entry.quantiles)}; allowed are the 5, 50 and 95% quantiles, increasing and"
            mend = "They are too near each other to be fitted" if isinstance(error, ArithmeticError) else None
            raise spot.error(f"{what} inside the support, {_shown(entry.support)}", mend) from error
        return fitted, "quantiles " + "/".join(f"{q:g}" for q in entry.quantiles)
    given = dict(entry.distribution or {})
    spot = place.at("distribution")
    family = given.pop("family", None)
    if not isinstance(family, str) or family not in families():
        what = f"found {_shown(family)}" if family is not None else "it is missing"
        mend = _near(family, families()) if isinstance(family, str) else None
        raise spot.at("family").error(f"{what}; allowed are {', '.join(families())}", mend)
    wanted = families()[family]
    _same_keys(given, wanted, spot, f"number of {family}")
    for key, number in given.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise spot.at(key).error(f"found {_shown(number)}; allowed is a number")
    try:
        marginal = named(family, given)
    except (ValueError, OverflowError) as error:
        first = str(error).split()[0]
        raise (spot.at(first) if first in wanted else spot).error(str(error)) from error
    ends = marginal.bounds()
    if not (low <= ends[0] and ends[1] <= high):
        what = f"a {family} distribution can be {_range(*ends)}; allowed is the support,"
        mend = "Give quantiles, which are fitted to the support"
        raise spot.error(f"{what} {_shown(entry.support)}", mend)
    return marginal, f"{family} " + " ".join(f"{key}={given[key]:g}" for key in wanted)


def _evidence(folder: Path, sources: Collection[str]) -> Evidence:
    try:
        return load_evidence(folder / "evidence", sources)
    except InputError as error:
        file = error.file
        if isinstance(file, Path) and file.is_relative_to(folder):
            file = f"{folder.name}/{file.relative_to(folder).as_posix()}"
        raise InputError(error.what, file=file, key=error.key, mend=error.mend) from error


def _check_reference(reader: _Reader, texts: Mapping[str, str]) -> None:
    """Check that each reference class is a table with title and source, and that no file is left over."""
    index = "reference/reference.toml"
    if index not in texts:
        raise reader.place(index).error("it is missing; every scenario has it")
    taken: dict[str, str] = {}
    for name, raw in reader.tables[index].items():
        spot = _named(reader.place(index), name)
        table = _table(spec.ReferenceTable, raw, spot)
        reader.check_source(table.source, spot.at("source"))
        path = f"reference/{table.file}"
        if path not in texts or path in taken or not path.endswith(".csv"):
            what = f"found {table.file!r}; allowed is a CSV file beside reference.toml, named once"
            raise spot.at("file").error(what)
        taken[path] = name
    for path, text in texts.items():
        if not (path.startswith("reference/") and path.endswith(".csv")):
            continue
        place = reader.place(path)
        if path not in taken:
            raise place.error("reference.toml does not name this file", "Add a table there, or move the file")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            header = next(lines, [])
            if not header or "" in header or len(set(header)) < len(header):
                what = f"found the columns {', '.join(header) or 'none'}; allowed are names, each once"
                raise place.at("row 1").error(what)
            rows = 0
            for cells in lines:
                rows += 1
                if len(cells) != len(header):
                    what = f"found {len(cells)} cells; allowed are {len(header)}, as in the header"
                    raise place.at(f"row {lines.line_num}").error(what)
        except csv.Error as error:
            raise place.at(f"row {lines.line_num}").error(f"it is not CSV: {error}") from error
        if not rows:
            raise place.error("it has no rows; at least one is needed")


def _check_signatories(signatories: Sequence[str], place: Place) -> None:
    allowed = [party for party in PARTIES if party != "hawks"]
    for number, party in enumerate(signatories):
        if party not in allowed or party in signatories[:number]:
            raise place.error(f"found {party!r}; allowed are {', '.join(allowed)}, each once")
    for party in ("kyiv", "moscow"):
        if party not in signatories:
            raise place.error(f"found {', '.join(signatories) or 'none'}; allowed are lists with {party}")


def _check_definite(pairs: Sequence[Correlation], place: Place) -> None:
    """Refuse correlations that no distribution can have, by connected group."""
    group_of: dict[str, list[str]] = {}
    for pair in pairs:
        merged = group_of.get(pair.first, [pair.first])
        if pair.second not in merged:
            merged = merged + group_of.get(pair.second, [pair.second])
        group_of |= dict.fromkeys(merged, merged)
    for names in {id(group): group for group in group_of.values()}.values():
        matrix = np.eye(len(names))
        for pair in pairs:
            if pair.first in names:
                i, j = names.index(pair.first), names.index(pair.second)
                matrix[i, j] = matrix[j, i] = pair.rho
        least = float(np.linalg.eigvalsh(matrix)[0])
        if least <= _LEAST_EIGENVALUE:
            what = f"the correlations among {', '.join(sorted(names))} contradict each other"
            mend = "Bring them nearer to 0"
            raise place.error(f"{what}: least eigenvalue {least:.3g}; allowed is one above 0", mend)


def _names(
    issues: Sequence[spec.Issue], regions: Sequence[spec.Region], settlements: Sequence[spec.Settlement]
) -> list[str]:
    """Name every parameter of the scenario, in the order of the registry."""
    rows = {
        "party": PARTIES,
        "issue": tuple(issue.id for issue in issues),
        "region": tuple(region.id for region in regions),
        "settlement": tuple(deal.id for deal in settlements),
    }
    clauses = [f"{deal.id}.{clause.id}" for deal in settlements for clause in deal.clauses]
    names: list[str] = []
    for part, cls in PARTS.items():
        for key, declared in registry.fields(cls).items():
            if "clause" in declared.shape:
                names += [f"{part}.{key}.{clause}" for clause in clauses]
            else:
                cells = itertools.product(*(rows[dimension] for dimension in declared.shape))
                names += [".".join((part, key, *cell)) for cell in cells]
    return names


def _field(name: str) -> registry.Field:
    """Give what is declared of the parameter that a prior is of."""
    part, key, *_ = name.split(".")
    return registry.fields(PARTS[part])[key]


def _inherit(raw: object, table: spec.Grounded, varies: bool = True) -> object:
    """Give a row with what it leaves out taken from its table; what is no table is left to be refused."""
    if not isinstance(raw, dict):
        return raw
    held: dict[str, object] = {"source": table.source, "reason": table.reason, "premises": table.premises}
    if table.as_of is not None and "source" not in raw:
        # The date is the source's: a row with a source of its own has a date of its own, or none.
        held["as_of"] = table.as_of
    if varies:
        held["varies"] = "world"
    return {**held, **raw}


def _peaks(texts: Sequence[str], place: Place) -> tuple[tuple[int, int], ...]:
    peaks = []
    for text in texts:
        try:
            if not re.fullmatch(r"\d\d-\d\d", text):
                raise ValueError
            # 2001 is no leap year: a peak is a day that every year has.
            day = date.fromisoformat(f"2001-{text}")
        except ValueError:
            raise place.error(f"found {text!r}; allowed is a day of every year, written MM-DD") from None
        peaks.append((day.month, day.day))
    return tuple(peaks)


def _code(word: str, words: Sequence[str], place: Place) -> int:
    if word not in words:
        raise place.error(f"found {word!r}; allowed are {', '.join(repr(known) for known in words)}")
    return words.index(word)


def _unit_interval(value: float, place: Place) -> None:
    if not 0.0 <= value <= 1.0:
        raise place.error(f"found {value:g}; allowed is 0 to 1 (0 is Kyiv's ideal, 1 Moscow's)")


def _capacity(rows: Collection[Any], what: str, place: Place) -> None:
    most = registry.CAPACITY[what]
    if not 1 <= len(rows) <= most:
        raise place.error(f"found {len(rows)} tables of this kind; allowed are 1 to {most}")


def _named(place: Place, name: str, below: str | None = None) -> Place:
    """Give the place of a table by its id, which must be able to stand in the dotted name of an entry."""
    spot = place.at(name if below is None else below)
    if not _ID.fullmatch(name):
        what = f"found the id {name!r}; allowed are letters, digits, _ and -, a letter first"
        raise spot.error(what)
    return spot


def _id_of(raw: object, number: int) -> object:
    """Give what to call an item of a list: its id, if it has one, else its number, counted from 1."""
    name = raw.get("id") if isinstance(raw, dict) else None
    return name if isinstance(name, str) and name else number


def _same_keys(found: Collection[str], wanted: Collection[str], place: Place, what: str) -> None:
    """Refuse a key too many, then a key too few."""
    unknown = [key for key in found if key not in wanted]
    if unknown:
        text = f"there is no such {what}"
        if len(unknown) > 1:
            text += f", nor {', '.join(unknown[1:])}"
        mend = _near(unknown[0], wanted, "Take it out")
        raise place.at(unknown[0]).error(f"{text}; allowed are {', '.join(wanted)}", mend)
    missing = [key for key in wanted if key not in found]
    if missing:
        others = f", and so are {', '.join(missing[1:])}" if missing[1:] else ""
        raise place.at(missing[0]).error(f"this {what} is missing{others}", "Add them" if others else "Add it")


def _table[T: spec.Table](model: type[T], raw: object, place: Place) -> T:
    """Check the keys and types of a table."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_url=False)
        # A misspelt key is both unknown and missing: the first says more.
        first = next((item for item in found if item["type"] == "extra_forbidden"), found[0])
        raise _refusal(first, model, place) from error


_ALLOWED = {
    "string_type": "text in quotes",
    "string_pattern_mismatch": "text that is not blank",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "date_type": "a day, written YYYY-MM-DD",
    "list_type": "a list, in [ ]",
    "dict_type": "a table",
    "model_type": "a table",
    "literal_error": "{expected}",
    "greater_than": "a number greater than {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than_equal": "a number of at most {le:g}",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
}
"""What is allowed, by kind of error."""


def _refusal(item: ErrorDetails, model: type[spec.Table], place: Place) -> InputError:
    # Numbers in the location are places in a list: the reader counts from 1.
    spot = place.at(*(part + 1 if isinstance(part, int) else part for part in item["loc"]))
    if item["type"] in ("missing", "extra_forbidden"):
        for part in item["loc"][:-1]:
            inner = model.model_fields[str(part)].annotation
            model = inner if isinstance(inner, type) and issubclass(inner, spec.Table) else model
        known = list(model.model_fields)
        if item["type"] == "missing":
            needed = [key for key, info in model.model_fields.items() if info.is_required()]
            return spot.error(f"it is missing; a table here needs {', '.join(needed)}", "Add it")
        mend = _near(str(item["loc"][-1]), known, "Take it out")
        return spot.error(f"unknown key; allowed are {', '.join(known)}", mend)
    allowed = _ALLOWED[item["type"]].format(**item.get("ctx", {}))
    return spot.error(f"found {_shown(item['input'])}; allowed is {allowed}")


def _shown(value: object) -> str:
    """Show a value as TOML would have it, shortened."""
    match value:
        case bool():
            text = str(value).lower()
        case float():
            text = f"{value:g}"
        case dict():
            text = "a table"
        case list():
            text = f"[{', '.join(_shown(item) for item in value)}]"
        case str():
            text = repr(value)
        case _:
            text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _range(low: float, high: float, unit: str = "") -> str:
    if low == high:
        return f"{low:g}"
    if math.isinf(low) and math.isinf(high):
        return "any number"
    if math.isinf(high):
        return f"{low:g} or more"
    if math.isinf(low):
        return f"{high:g} or less"
    return f"{low:g} to {high:g}" if unit != "chance/year" or high < 1 else f"{low:g} to less than 1"


def _near(name: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    close = get_close_matches(name, list(known), n=3, cutoff=0.6)
    if not close:
        return otherwise
    return f"Did you mean {' or '.join(close)}?"
