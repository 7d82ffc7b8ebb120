"""Rolling a scenario on: from its folder and the new dates to the folder of the next scenario."""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from forecast import calendar
from forecast.belief.assemble import DRAWS, update
from forecast.ensemble.progress import silent
from forecast.errors import InputError
from forecast.inputs.validation import Place, spot_of
from forecast.locations import expanded
from forecast.plain_text import without_middle
from forecast.replay.starting_points import THIN, Start, refuse_ended_war, start
from forecast.roll.carried_evidence import unrecorded_days
from forecast.roll.dates_in_text import Dates
from forecast.roll.next_scenario import next_files
from forecast.roll.review_list import Entry
from forecast.roll.starting_levels import StartingLevel, starting_levels
from forecast.roll.starting_record import StartingRecord, starting_record
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.store.atomic import discard, new_folder
from forecast.timeline.codes import RUNGS, SIGNED
from forecast.timeline.fields import CAPACITY

DEST: Final = "DEST"
"""The argument of the command that names the folder, as errors call it."""

MOST_DAYS_APART: Final = 35
"""Most days from the end of the replay, of the map or of the coded record to the new reference date."""


@dataclass(frozen=True)
class RollRequest:
    """A scenario to roll on, and its new dates.

    Attributes:
        scenario: name or folder of the scenario; None for the default.
        reference: the new reference date.
        horizon: the new horizon.
        folder: the folder to write; its name is the id of the next scenario.
        priors: folder of scenarios to look in first.
        prior_only: replay without the series; recorded events and states still count.
        allow_unconverged: accept draws of chains that did not converge.
        threads: number of threads; changes no number.
    """

    scenario: str | Path | None
    reference: date
    horizon: date
    folder: Path
    priors: Path | None = None
    prior_only: bool = False
    allow_unconverged: bool = False
    threads: int | None = None


@dataclass(frozen=True)
class Rolled:
    """The next scenario, written.

    Attributes:
        folder: its folder.
        scenario: the scenario, loaded from there.
        rolled_from: id of the scenario before.
        as_of: the day up to which that scenario was replayed.
        effective: effective sample size of the draws after the replay; None without one.
        levels: the priors that start from the replayed posterior.
        record: its `[start]`.
        entries: what a person must confirm.
        unrecorded: the first and the last day that no scenario records; None if there is no such day.
    """

    folder: Path
    scenario: Scenario
    rolled_from: str
    as_of: date
    effective: float | None
    levels: tuple[StartingLevel, ...]
    record: StartingRecord
    entries: tuple[Entry, ...]
    unrecorded: tuple[date, date] | None

    @property
    def thin(self) -> bool:
        """Whether few draws fit the record, so that the quantiles are imprecise."""
        return self.effective is not None and self.effective < THIN


def roll(request: RollRequest, *, progress: bool = False, notify: Callable[[str], None] = silent) -> Rolled:
    """Write the next scenario.

    Args:
        request: from the command line, or made in Python.
        progress: show a progress bar while sampling.
        notify: called with a phrase for each step.

    Raises:
        InputError: something given is wrong, or the record does not allow it; nothing is written.
        SystemRefusal: the system lacks space, memory or a lock; nothing is written.
        NotConverged: the sampler's diagnostics are outside their limits; nothing is written.
    """
    target = checked_target(request.folder)
    notify("reading the scenario")
    scenario = load_scenario(request.scenario, priors=request.priors)
    if target.is_relative_to(scenario.folder):
        what = (
            f"found {without_middle(str(target))}, inside the scenario that is rolled on; expected a folder outside it"
        )
        raise InputError(what, key=DEST, remedy="Name a folder beside it")
    check_dates(scenario, request.reference, request.horizon)
    as_of = min(request.reference, scenario.horizon)
    check_record(scenario, request.reference, as_of)
    notify(f"updating {scenario.id} as of {as_of}")
    posterior = update(
        scenario,
        as_of,
        prior_only=request.prior_only,
        allow_unconverged=request.allow_unconverged,
        progress=progress,
        draws=DRAWS,
    )
    notify("replaying the record")
    found, _ = start(scenario, posterior, DRAWS, request.threads)
    return write(scenario, found, target, Dates(request.reference, request.horizon), as_of, notify)


def write(
    scenario: Scenario,
    found: Start,
    target: Path,
    new: Dates,
    as_of: date,
    notify: Callable[[str], None] = silent,
) -> Rolled:
    """Write the next scenario from the starting points of a replay, whole or not at all.

    Args:
        scenario: the scenario before.
        found: its starting points on the day up to which it was replayed.
        target: the folder to write, from `checked_target`.
        new: the new dates.
        as_of: the day of the replay.
        notify: called with a phrase for each step.

    Raises:
        InputError: the folder is there already, or the next scenario cannot be loaded.
    """
    lost = scenario.chronology.as_of(new.reference).standing(new.reference)["pocket"] == "lost"
    levels = starting_levels(scenario, found, lost)
    record = starting_record(scenario, found, new.reference)
    missing = unrecorded_days(scenario.chronology.coded_until, new.reference)
    notify("writing the next scenario")
    texts, entries = next_files(scenario, target.name, new, as_of, levels, record)
    folder = new_folder(target.parent, target.name)
    try:
        for path, text in texts.items():
            file = folder / path
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(text.encode())
        try:
            load_scenario(folder).chronology.check()
        except InputError as error:
            remedy = "Correct the scenario that is rolled on"
            raise InputError(
                f"the next scenario cannot be loaded: {error}", file=scenario.folder.name, remedy=remedy
            ) from error
        _place(folder, target)
    finally:
        discard(folder)
    made = load_scenario(target)
    return Rolled(target, made, scenario.id, as_of, found.effective, tuple(levels), record, tuple(entries), missing)


def checked_target(folder: Path) -> Path:
    """Check the folder to write: its name, that it is not there, and that its parent is.

    Raises:
        InputError: one of these is not so.
    """
    target = Path(os.path.abspath(expanded(folder)))  # noqa: PTH100 - a link is not followed: it would be there
    try:
        spot_of(Place(DEST), target.name, "")
    except InputError as error:
        what = f"found the name {target.name[:60]!r}; expected letters, digits, _ and -, a letter first"
        raise InputError(what, key=DEST, remedy="The name of the folder becomes the id of the scenario") from error
    _refuse_there(target)
    if not target.parent.is_dir():
        what = (
            f"found {without_middle(str(target))}; expected a folder in one that exists, and {target.parent} does not"
        )
        raise InputError(what, key=DEST, remedy=f"Make it first: mkdir -p {shlex.quote(str(target.parent))}")
    return target


def check_dates(scenario: Scenario, reference: date, horizon: date) -> None:
    """Check the new dates against each other and against the scenario's own.

    Raises:
        InputError: they do not follow each other, or are too far apart.
    """
    if reference <= scenario.reference_date:
        what = f"found {reference}; expected a day after the scenario's own reference date, {scenario.reference_date}"
        raise InputError(what, key="--reference", remedy="Give a later day")
    last = scenario.horizon + timedelta(days=MOST_DAYS_APART)
    if reference > last:
        what = f"found {reference}; expected {last} at the latest, {MOST_DAYS_APART} days after the scenario's horizon"
        raise InputError(what, key="--reference", remedy="Roll on to an earlier date first, then roll on again")
    if horizon <= reference:
        raise InputError(
            f"found {horizon}; expected a day after the new reference date, {reference}",
            key="--horizon",
            remedy="Give a later day",
        )
    weeks = CAPACITY["week"]
    end = calendar.monday(reference) + timedelta(days=7 * weeks - 1)
    if horizon > end:
        what = f"found {horizon}; expected {end} at the latest, {weeks} weeks from the new reference date"
        raise InputError(what, key="--horizon", remedy="Give an earlier day, and roll on again from there")


def check_record(scenario: Scenario, reference: date, as_of: date) -> None:
    """Check that the record and the map reach the new reference date, and that the war goes on.

    Raises:
        InputError: they end too early, a settlement is in force, or the war is recorded as ended.
    """
    refuse_ended_war(scenario, reference)
    limit = timedelta(days=MOST_DAYS_APART)
    coded = scenario.chronology.coded_until
    if coded < as_of - limit:
        what = f"events and states are coded until {coded}; expected {as_of - limit} or later to roll on to {reference}"
        remedy = "Code the days up to then, then: forecast evidence coded-until DATE"
        file = f"{scenario.folder.name}/evidence/evidence.toml"
        raise InputError(what, file=file, key="coded_until", remedy=remedy)
    seen = scenario.evidence.as_of(reference).series(scenario.area_series)["observed"]
    last = max((day.date() for day in seen), default=date.min)
    if last < reference - limit:
        what = f"the last row public by {reference} is of {last}; expected {reference - limit} or later"
        raise InputError(
            what, file=f"{scenario.folder.name}/evidence", key=scenario.area_series, remedy="Carry it on first"
        )
    rung = scenario.chronology.as_of(reference).standing(reference)["rung"]
    if rung == RUNGS[SIGNED]:
        what = f"on {reference} a settlement is signed and in force; a scenario cannot start there"
        raise InputError(what, file=f"{scenario.folder.name}/evidence/states.csv", key="rung")


def _refuse_there(target: Path) -> None:
    if os.path.lexists(target):
        raise _there(target)


def _there(target: Path) -> InputError:
    what = f"found {without_middle(str(target))}, which exists already; expected a new folder"
    return InputError(what, key=DEST, remedy="Name a folder that does not exist")


def _place(folder: Path, target: Path) -> None:
    """Move the finished folder to its place."""
    _refuse_there(target)
    try:
        folder.rename(target)
    except FileExistsError as error:
        raise _there(target) from error
