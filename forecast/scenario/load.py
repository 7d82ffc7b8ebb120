"""Loading a scenario: every file is read and checked, used or not, and the first error is raised.

Rows of the chronology that contradict each other stop only the runs that see them: see `Chronology.check`.

Every parameter of the timeline has one prior and every prior is one of a parameter, as `timeline.parameters`
declares them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from forecast.errors import InputError
from forecast.evidence.chronology import Chronology, load_chronology
from forecast.evidence.coding_guide import GUIDE, read_coded_until
from forecast.evidence.readings import READINGS
from forecast.evidence.series import INDEX, Evidence, load_evidence
from forecast.evidence.states import STATES
from forecast.inputs.parsing import given_folder, kind_of, shortened
from forecast.inputs.validation import near
from forecast.scenario.base_rates import read_base_rates
from forecast.scenario.beliefs import read_beliefs
from forecast.scenario.edits import apply_edits, blame, check_fixable, parse_fixed
from forecast.scenario.files import parse_tables, read_folder
from forecast.scenario.find import find_scenario
from forecast.scenario.groups import read_groups
from forecast.scenario.perspectives import (
    BASE,
    BASE_RATES,
    Overlay,
    beliefs_under,
    find_perspective,
    overlaid,
    read_overlays,
    read_perspective,
)
from forecast.scenario.pool import read_pool
from forecast.scenario.prior import Prior
from forecast.scenario.question import check_endings, check_start, read_premises, read_question, read_sources
from forecast.scenario.reader import Reader
from forecast.scenario.records import Front, Start
from forecast.scenario.reference_tables import read_reference
from forecast.scenario.review import read_review
from forecast.scenario.series_roles import check_mondays, check_month_ends, check_series
from forecast.scenario.spec import Beliefs, Question, Scenario, fields_of
from forecast.timeline.front import POCKET_GONE

__all__ = ["check_fixable", "load_members", "load_scenario", "parse_fixed"]


def load_scenario(
    name_or_folder: str | Path | None = None,
    *,
    priors: str | Path | None = None,
    edits: Sequence[str] = (),
    perspective: str | Path = BASE,
    reading: str | Iterable[str] = (),
    seen: pd.DataFrame | None = None,
    happened: str | Path | None = None,
) -> Scenario:
    """Load a scenario and check all of it.

    Args:
        name_or_folder: name or folder of the scenario; see `find.find_scenario`.
        priors: a folder of scenarios, to look for the name in.
        edits: changes to entries, as `moscow.worth.quantiles=[0.3, 0.4, 0.5]`: the name of an entry, a field
            of it, and the value in TOML (a bare word is text). Setting quantiles takes a distribution away,
            and the reverse.
        perspective: the perspective of the priors, before the edits: `base`, the name of one of the scenario's
            perspectives, or the path of a file `.toml` that is one.
        reading: the id of a reading of the record, or the ids of several, from `evidence/readings.toml`. Events and
            recorded states are then as this reading has them.
        seen: rows of evidence used instead of its CSV files: those that a saved run saw.
        happened: folder of `events.csv` and `states.csv` used instead of its own: those that a saved run saw, under
            its readings.

    Raises:
        InputError: the scenario, the perspective or a reading is not found; two readings change the same row; a file is
            missing, unknown, or wrong; an edit names nothing. The error has the file, the key, the value found and the
            values allowed.
    """
    if isinstance(edits, str):
        raise InputError(f"found {shortened(edits)}; expected a list of texts", key="edits")
    if seen is not None and not (isinstance(seen, pd.DataFrame) and "series" in seen):
        what = f"found {kind_of(seen)}; expected the rows of evidence.csv of a run, as a DataFrame"
        raise InputError(what, key="seen")
    scenarios = None if priors is None else given_folder(priors, "priors")
    record = None if happened is None else given_folder(happened, "happened")
    return _read(name_or_folder, scenarios, perspective, reading, seen, record).under(perspective, edits)


def load_members(
    name_or_folder: str | Path | None = None,
    *,
    priors: Path | None = None,
    edits: Sequence[str] = (),
    reading: str | Iterable[str] = (),
    seen: pd.DataFrame | None = None,
    happened: Path | None = None,
) -> tuple[Scenario, dict[str, Scenario]]:
    """Load a scenario, and under the perspective of each member of its pool; its files are read once.

    A perspective's changes come before the edits. `base-rates` uses the files as they are, without edits. All members
    use the same readings of the record.

    Args:
        name_or_folder: see `load_scenario`.
        priors: see there.
        edits: see there.
        reading: see there.
        seen: see there.
        happened: see there.

    Returns:
        The scenario under its base premises, and by member in the pool's order; no member without a pool.
    """
    read = _read(name_or_folder, priors, BASE, reading, seen, happened)
    scenario = read.under(BASE, edits)
    weights = scenario.pool.weights if scenario.pool else {}
    members = {name: read.scenario if name == BASE_RATES else read.under(name, edits) for name in weights}
    return scenario, members


@dataclass(frozen=True)
class _Read:
    """A scenario that has been read.

    Attributes:
        scenario: under its base premises.
        reader: everything read.
        overlays: the perspectives by name.
        beliefs: under each perspective, by its name.
    """

    scenario: Scenario
    reader: Reader
    overlays: Mapping[str, Overlay]
    beliefs: Mapping[str, Beliefs]

    def under(self, perspective: str | Path, edits: Sequence[str]) -> Scenario:
        """Give the scenario under a perspective, and then with edits.

        Raises:
            InputError: an edit names nothing, or is wrong.
        """
        name = Path(perspective).stem if perspective not in self.beliefs else str(perspective)
        found = replace(self.scenario, edits=tuple(edits))
        if name != BASE or edits:
            found = found.under(name, self._changed(name, edits))
        _check_premises(found, self.reader)
        return found

    def _changed(self, name: str, edits: Sequence[str]) -> Beliefs:
        """Give the beliefs under a perspective, and then with what the command line sets."""
        overlay = self.overlays.get(name)
        if edits:
            tables = overlaid(self.reader.tables, overlay)
            with blame(apply_edits(tables, edits), self.reader.label):
                beliefs = read_beliefs(replace(self.reader, tables=tables, priors={}))
        else:
            beliefs = self.beliefs[name]
        if overlay is None:
            return beliefs
        stand = {
            change.entry: beliefs.priors[change.entry].model_copy(update={"file": overlay.path})
            for _, change, _ in overlay.changes
        }
        return replace(beliefs, priors=beliefs.priors | stand)


def _read(
    name_or_folder: str | Path | None,
    priors: Path | None,
    perspective: str | Path,
    reading: str | Iterable[str] = (),
    seen: pd.DataFrame | None = None,
    happened: Path | None = None,
) -> _Read:
    """Read a scenario, and a perspective that lies elsewhere; see `load_scenario`."""
    folder = find_scenario(name_or_folder, priors=priors).resolve()
    texts = read_folder(folder)
    _, elsewhere = find_perspective(perspective, texts, folder.name)
    reader = Reader(folder.name, parse_tables(texts, folder.name, elsewhere))
    read_sources(reader)
    read_premises(reader)
    question = read_question(reader)
    evidence = load_evidence(folder / "evidence", reader.sources, seen, f"{folder.name}/evidence")
    read_reference(reader, texts)
    _check_front(question.front, evidence, reader)
    beliefs = read_beliefs(reader)
    check_endings(reader, question, beliefs.settlements)
    check_start(reader, question.start, beliefs.regions, beliefs.settlements)
    check_series(reader, question, evidence)
    overlays = read_overlays(reader, elsewhere)
    under = {name: beliefs_under(reader, overlay) for name, overlay in overlays.items()}
    scenario = Scenario(
        **fields_of(question),
        **fields_of(beliefs),
        folder=folder,
        sources=reader.sources,
        premises=reader.premises,
        evidence=evidence,
        chronology=_read_chronology(folder, reader, happened, question, beliefs, reading),
        perspective=BASE,
        perspectives={
            name: read_perspective(name, overlay, under[name].priors, beliefs.priors)
            for name, overlay in overlays.items()
        },
        edits=(),
        texts=texts,
        pool=read_pool(reader, [name for name in overlays if f"perspectives/{name}.toml" not in elsewhere]),
        base_rates=read_base_rates(reader),
        groups=read_groups(reader, beliefs.priors),
        review=read_review(reader, texts),
    )
    return _Read(scenario, reader, overlays, {BASE: beliefs} | under)


def _read_chronology(
    folder: Path,
    reader: Reader,
    happened: Path | None,
    question: Question,
    beliefs: Beliefs,
    reading: str | Iterable[str],
) -> Chronology:
    """Read the chronology under readings, from the scenario's own files or those of a saved run."""
    guide = reader.tables.get(f"evidence/{GUIDE}")
    elsewhere = happened if guide is not None else None
    return load_chronology(
        elsewhere or folder / "evidence",
        reader.sources,
        start=starting_values(question.start, beliefs.priors),
        first=question.reference_date,
        last=question.horizon,
        coded_until=read_coded_until(
            reader.tables[f"evidence/{INDEX}"],
            reader.place(f"evidence/{INDEX}"),
            question.reference_date,
            question.horizon,
        ),
        guide=guide,
        readings=reader.tables.get(f"evidence/{READINGS}"),
        reading=reading,
        label=None if elsewhere else f"{folder.name}/evidence",
        kept=elsewhere is not None,
    )


def starting_values(start: Start, priors: Mapping[str, Prior]) -> dict[str, str]:
    """Give the value of each recorded state on the reference date, by id.

    The pocket is held if its median area is more than the least that counts.
    """
    given = dict(start) | {"pocket": priors["front.pocket_start"].quantiles()[1] >= POCKET_GONE}
    values = {}
    for name, state in STATES.items():
        found = given[state.kernel]
        values[name] = list(state.values)[found] if isinstance(found, bool) else found
    return values


def _check_front(front: Front, evidence: Evidence, reader: Reader) -> None:
    """Check that the series that the front learns from are of the evidence, each another, on the days it goes by."""
    place = reader.place("scenario.toml")
    named = front.named()
    for number, (key, series) in enumerate(named.items()):
        if series not in evidence.specs:
            what = f"found {series!r}; expected a series of evidence/evidence.toml"
            raise place.at(f"front.{key}").error(what, near(series, evidence.specs))
        if series in list(named.values())[:number]:
            what = f"found {series!r}, which the front already uses; expected another series"
            raise place.at(f"front.{key}").error(what, f"Take {key} out if there is none")
        folder = reader.place("evidence")
        # Maps come daily; the front takes those of Mondays.
        if key == "monthly_series":
            check_month_ends(evidence, series, folder)
        else:
            check_mondays(evidence, series, folder)


def _check_premises(scenario: Scenario, reader: Reader) -> None:
    """Check that something rests on every premise, if only under a perspective."""
    changes = [change for perspective in scenario.perspectives.values() for change in perspective.changes]
    under = {premise for change in changes for premise in change.premises}
    for premise, held in scenario.premises_of().items():
        if not held and premise not in under:
            what = "no entry, issue, party, region, settlement or clause names this premise, nor does a perspective"
            remedy = "Name it in the premises of what it bears on, or take it out"
            raise reader.place("premises.toml").at(premise).error(what, remedy)
