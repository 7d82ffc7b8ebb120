"""A saved run's timelines, simulated again week by week: the same parameters, start, luck and calendar.

What a run keeps is enough to make each of its timelines again. The weeks are run by the compiled code that made the
run, one at a time, and the row that comes out is held against the one kept.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from forecast.encoding import kernel_inputs
from forecast.encoding.timeline_table import timeline_table
from forecast.errors import InputError
from forecast.locations import source_digest
from forecast.outcomes.clustering import MEMBER
from forecast.outcomes.shares import followed
from forecast.replay.starting_points import Start
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.store.manifest import REDRAWN, start_file
from forecast.store.saved_run import Run
from forecast.timeline.cells import Anew, blank_record, draw_anew
from forecast.timeline.codes import RUNNING
from forecast.timeline.jit import kernel
from forecast.timeline.random_numbers import cell_key, luck_record
from forecast.timeline.result import RECORD
from forecast.timeline.state import STATE
from forecast.timeline.week import begin, finish, move_levels, week

OTHER = "was made by another version of the code; it cannot be told again"


@dataclass(frozen=True)
class Inputs:
    """What the compiled code takes, for the draws of a run.

    Attributes:
        rows: parameter rows, laid out as `Parameters`, one a draw.
        start: starting states, laid out as `State`: one a draw, or those that a replay led to.
        anew: the parameters drawn anew in each timeline.
        world: dimensions, facts and calendar, laid out as `World`, shape (1,).
        luck: laid out as `Luck`, shape (1,); its cell is set timeline by timeline.
        behind: where a replay led to; None from the reference date.
    """

    rows: Any
    start: Any
    anew: Anew
    world: Any
    luck: Any
    behind: Start | None = None


@dataclass(frozen=True)
class Step:
    """One week of a timeline; states and rows with plain numbers, and lists for tables.

    Attributes:
        week: number of the calendar week.
        before: the state at its start.
        moved: the state once every level had moved, and no event of the week was drawn yet.
        after: the state at its end.
        old: the row at its start.
        new: the row at its end.
    """

    week: int
    before: Any
    moved: Any
    after: Any
    old: Any
    new: Any

    def noted(self, name: str) -> bool:
        """Whether the row got another date for this in the week."""
        new: float = getattr(self.new, name)
        return not math.isnan(new) and new != getattr(self.old, name)

    def more(self, name: str) -> int:
        """By how much a count of the row, or of the state, grew in the week."""
        old, new = (self.old, self.new) if hasattr(self.new, name) else (self.before, self.after)
        return int(getattr(new, name) - getattr(old, name))


@dataclass(frozen=True)
class Course:
    """The course of one timeline.

    Attributes:
        parameters: its parameters, a record laid out as `Parameters`.
        world: dimensions, facts and calendar, a record laid out as `World`.
        luck: its luck, a record.
        weeks: numbers of its calendar weeks, n of them.
        states: the state at its start and at the end of each week, shape (n + 1,).
        moved: the state of each week once its levels had moved, shape (n,).
        records: the row at its start and at the end of each week, shape (n + 1,).
        row: the row at its end, filled in, shape (1,).
    """

    parameters: Any
    world: Any
    luck: Any
    weeks: range
    states: Any
    moved: Any
    records: Any
    row: Any

    def steps(self) -> Iterator[Step]:
        """Give its weeks in order."""
        states, moved, rows = plain(self.states), plain(self.moved), plain(self.records)
        for k, number in enumerate(self.weeks):
            yield Step(number, states[k], moved[k], states[k + 1], rows[k], rows[k + 1])


def plain(records: Any) -> list[SimpleNamespace]:
    """Records as plain objects: their fields are read many times, which of a record takes long."""
    columns = {name: records[name].tolist() for name in records.dtype.names}
    return [
        SimpleNamespace(**dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)
    ]


@kernel
def run_weeks(
    parameters: Any, state: Any, row: Any, world: Any, chance: Any, states: Any, moved: Any, rows: Any
) -> int:
    """Run one timeline as `forecast.timeline.week.timeline` does, keeping what stood within and after each week.

    The arrays before `states` hold one record each. Returns the number of weeks run.
    """
    p, s, r, w, luck = parameters[0], state[0], row[0], world[0], chance[0]
    if s.begun == 0:
        begin(p, s, w, luck)
    states[0], rows[0] = s, r
    first, count = s.week, 0
    for number in range(first, w.weeks):
        s.week = number
        moved[count], rows[count + 1] = s, r
        move_levels(p, moved[count], rows[count + 1], w, luck, (w.closes[number] - w.opens[number]) / 7.0)
        week(p, s, r, w, luck)
        count += 1
        states[count], rows[count] = s, r
        if s.ending != RUNNING:
            break
    finish(p, s, r, w)
    return count


def course(inputs: Inputs, timeline: int, draw: int, replicate: int, place: tuple[int, int] | None = None) -> Course:
    """Run one timeline week by week.

    Args:
        inputs: of its run.
        timeline: its number.
        draw: the draw it uses.
        replicate: its number within the draw.
        place: its parameter row and its starting state; by default both are the draw's.
    """
    own, start = place or (draw, draw)
    parameters, state, chance, row = inputs.rows[[own]], inputs.start[[start]], inputs.luck.copy(), blank_record()
    if inputs.behind is not None:
        row = inputs.behind.records[[start]]
    first, last = int(state["week"][0]), int(inputs.world["weeks"][0])
    states = np.zeros(last - first + 1, STATE).view(np.recarray)
    moved, rows = states.copy(), np.zeros(len(states), RECORD).view(np.recarray)
    chance["cell"] = cell_key(draw, replicate)
    row["timeline"], row["draw"], row["replicate"] = timeline, draw, replicate
    anew = inputs.anew
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        flat = parameters.view(np.float64).reshape(-1)
        if inputs.behind is not None and inputs.behind.given is not None:
            flat[anew.place] = inputs.behind.given[start]
        elif len(anew.place):
            draw_anew(flat, chance[0], anew.place, anew.lane, anew.mean[own], anew.chol, anew.table)
        count = run_weeks(parameters, state, row, inputs.world, chance, states, moved, rows)
    world, weeks = inputs.world[0], range(first, first + count)
    return Course(parameters[0], world, chance[0], weeks, states[: count + 1], moved[:count], rows[: count + 1], row)


def week_days(scenario: Scenario, world: Any, number: int) -> tuple[date, date]:
    """First and last day of a calendar week's part in the run."""
    first, last = float(world["opens"][number]), math.ceil(world["closes"][number]) - 1.0
    return scenario.reference_date + timedelta(days=first), scenario.reference_date + timedelta(days=last)


def retold(run: Run, timeline: int) -> tuple[Scenario, Course]:
    """Simulate a timeline of a saved run again.

    Args:
        run: the run.
        timeline: its number.

    Returns:
        the scenario as the run saw it, and the timeline's course.

    Raises:
        InputError: no such timeline; the run does not keep what is needed, or the present code makes another timeline
            of it.
    """
    if not 0 <= timeline < len(run.timelines):
        what = f"the run has no timeline {timeline}"
        raise InputError(what, key="--timeline", mend=f"Ask for 0 to {len(run.timelines) - 1}")
    kept = run.timelines.iloc[[timeline]]
    member = member_of(run, kept)
    anew = drawn_from(run, member)
    kept = kept.drop(columns=MEMBER, errors="ignore")
    try:
        scenario = reopened(run, member)
        inputs = inputs_of(run, scenario, anew, member)
        place = None
        if inputs.behind is not None:
            number = timeline if member is None else timeline - int((run.timelines[MEMBER] == member).argmax())
            cell = inputs.behind.cells_of(np.array([number]))
            place = int(cell.row[0]), int(cell.begin[0])
        made = course(inputs, timeline, int(kept["draw"].iloc[0]), int(kept["replicate"].iloc[0]), place)
    except (InputError, KeyError) as error:
        if run.manifest["hashes"]["code"] == source_digest():
            raise
        raise InputError(OTHER, key=run.id, mend="Run the forecast again") from error
    again = timeline_table(made.row, scenario, date.fromisoformat(run.manifest["as_of"]))
    if strays := differing(kept, again):
        raise InputError(f"{OTHER} ({strays[0]} comes out otherwise)", key=run.id, mend="Run the forecast again")
    return scenario, made


def member_of(run: Run, kept: pd.DataFrame) -> str | None:
    """The member of a pool that a timeline is of; None in a run of one perspective.

    Args:
        run: the run.
        kept: the timeline's row.

    Raises:
        InputError: it is of a member whose timelines have no weeks.
    """
    if MEMBER not in kept:
        return None
    member = str(kept[MEMBER].iloc[0])
    if not followed(kept).all():
        spans = run.timelines[followed(run.timelines)].groupby(MEMBER, observed=True)["timeline"].agg(["min", "max"])
        those = ", ".join(f"{low} to {high} ({name})" for name, low, high in spans.itertuples())
        what = f"timeline {kept['timeline'].iloc[0]} is of {member}, which follows only how the war ends"
        raise InputError(f"{what}; it cannot be told", key="--timeline", mend=f"Ask for {those}")
    return member


def drawn_from(run: Run, member: str | None = None) -> dict[str, Any]:
    """What the run's timelines drew their own parameters from: `names`, `mean` of their scores by draw, factor `chol`.

    Args:
        run: the run.
        member: of a pool, whose timelines.

    Raises:
        InputError: the run is older than that file.
    """
    if REDRAWN not in run.manifest["files"]:
        what = f"keeps no {REDRAWN}, without which its timelines cannot be told"
        raise InputError(what, key=run.id, mend="Run the forecast again")
    content: dict[str, Any] = json.loads((run.folder / REDRAWN).read_text(encoding="utf-8"))
    of_member: dict[str, Any] = content if member is None else content["members"][member]
    return of_member


def evidence_seen(run: Run) -> pd.DataFrame:
    """The rows of evidence that a run saw; the columns are `forecast.evidence.series.COLUMNS`."""
    return pd.read_csv(
        run.folder / "inputs" / "evidence.csv",
        dtype={"series": str, "note": str, "source": str},
        parse_dates=["observed", "available"],
        keep_default_na=False,
        na_values={"low": [""], "high": [""]},
    )


def reopened(run: Run, member: str | None = None) -> Scenario:
    """The scenario of a saved run: its files as they were read, and the rows of evidence that it saw.

    Args:
        run: the run.
        member: of a pool, under whose premises.
    """
    settings = run.manifest["settings"]
    return load_scenario(
        run.folder / "inputs" / "priors",
        edits=settings["edits"],
        perspective=member or settings["perspective"],
        seen=evidence_seen(run),
        happened=run.folder / "inputs",
    )


def inputs_of(run: Run, scenario: Scenario, anew: dict[str, Any], member: str | None = None) -> Inputs:
    """What the compiled code took when the run was made; in a pool, when this member's timelines were."""
    settings, as_of = run.manifest["settings"], date.fromisoformat(run.manifest["as_of"])
    draws = run.draws if member is None else run.draws[run.draws[MEMBER] == member].drop(columns=MEMBER)
    behind, kept = None, run.folder / start_file(member)
    used = draws.head(settings["draws"]).reset_index(drop=True)
    if kept.exists():
        behind = Start.from_bytes(kept.read_bytes())
        used = draws.iloc[behind.draw].reset_index(drop=True)
    rows = kernel_inputs.parameter_rows(scenario, used)
    world = kernel_inputs.make_world(scenario, as_of)
    names, chol = anew["names"], np.array(anew["chol"]).reshape(len(anew["names"]), -1)
    return Inputs(
        rows,
        kernel_inputs.starting_states(scenario, used, rows, as_of) if behind is None else behind.states,
        kernel_inputs.drawn_anew(scenario, names, np.array(anew["mean"]), chol),
        world,
        luck_record(settings["seed"], int(world.weeks[0])),
        behind,
    )


def differing(kept: pd.DataFrame, again: pd.DataFrame) -> list[str]:
    """Columns in which two tables of one row differ, or that only one of them has; an empty cell is like another."""

    def cell(table: pd.DataFrame, name: str) -> Any:
        value = table[name].iloc[0] if name in table else "no such column"
        return None if pd.isna(value) else value

    names = [*kept, *(name for name in again if name not in kept)]
    return [name for name in names if cell(kept, name) != cell(again, name)]
