"""A saved run's timelines, simulated again: the same parameters, start, random numbers and calendar, now with a trace.

A run saves enough to simulate each of its timelines again. The result is compared with the saved row.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from forecast.belief.assemble import Posterior, update
from forecast.encoding import kernel_inputs
from forecast.encoding.timeline_table import timeline_table
from forecast.errors import InputError
from forecast.locations import source_digest
from forecast.outcomes.clustering import MEMBER
from forecast.outcomes.shares import followed
from forecast.replay.starting_points import Start
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.store.csv_text import without_apostrophes
from forecast.store.manifest import REDRAWN, start_file
from forecast.store.saved_run import Run
from forecast.timeline.cells import Course, Inputs, follow, inputs_at_start

OTHER = "was made by another version of the code, so its timelines cannot be simulated again"


@dataclass(frozen=True)
class Reopened:
    """The inputs of the timelines of a saved run, or of one member of its pool.

    Attributes:
        scenario: as the run saw it.
        inputs: of the simulator.
        start: the starting points of the timelines; None on the reference date.
        seed: seed of their random numbers.
        first: number of the member's first timeline within the run.
    """

    scenario: Scenario
    inputs: Inputs
    start: Start | None
    seed: int
    first: int

    def course(self, kept: pd.DataFrame) -> Course:
        """Simulate a timeline again.

        Args:
            kept: its row in the run's table.
        """
        number, draw, replicate = (int(kept[name].iloc[0]) for name in ("timeline", "draw", "replicate"))
        row, begin = draw, draw
        if self.start is not None:
            cell = self.start.cells(np.array([number - self.first]))
            row, begin = int(cell.row[0]), int(cell.start[0])
        return follow(self.inputs, (row, begin, draw, replicate), number, self.seed)


def week_days(scenario: Scenario, course: Course, week: int) -> tuple[date, date]:
    """First and last day of the part of a calendar week that lies within a timeline."""
    first, last = float(course.world["opens"][week]), ceil(course.world["closes"][week]) - 1.0
    return scenario.reference_date + timedelta(days=first), scenario.reference_date + timedelta(days=last)


def simulated_again(run: Run, timeline: int) -> tuple[Scenario, Course]:
    """Simulate a timeline of a saved run again.

    Args:
        run: the run.
        timeline: its number.

    Returns:
        the scenario as the run saw it, and the timeline's course.

    Raises:
        InputError: there is no such timeline, the run lacks a file that is needed, or the present code simulates a
            different timeline.
    """
    if not 0 <= timeline < len(run.timelines):
        what = f"the run has no timeline {timeline}"
        raise InputError(what, key="--timeline", remedy=f"Ask for 0 to {len(run.timelines) - 1}")
    kept = run.timelines.iloc[[timeline]]
    member = member_of(run, kept)
    redrawn = redrawn_of(run, member)
    kept = kept.drop(columns=MEMBER, errors="ignore")
    try:
        reopened = reopen(run, redrawn, member)
        course = reopened.course(kept)
    except (InputError, KeyError) as error:
        if run.manifest["hashes"]["code"] == source_digest():
            raise
        raise InputError(OTHER, key=run.id, remedy="Run the forecast again") from error
    again = timeline_table(course.result, reopened.scenario, date.fromisoformat(run.manifest["as_of"]))
    if names := differing(kept, again):
        raise InputError(f"{OTHER} ({names[0]} differs)", key=run.id, remedy="Run the forecast again")
    return reopened.scenario, course


def member_of(run: Run, kept: pd.DataFrame) -> str | None:
    """The member of a pool that a timeline belongs to; None in a run of one perspective.

    Args:
        run: the run.
        kept: the timeline's row.

    Raises:
        InputError: the member does not simulate week by week.
    """
    if MEMBER not in kept:
        return None
    member = str(kept[MEMBER].iloc[0])
    if not followed(kept).all():
        spans = run.timelines[followed(run.timelines)].groupby(MEMBER, observed=True)["timeline"].agg(["min", "max"])
        those = ", ".join(f"{low} to {high} ({name})" for name, low, high in spans.itertuples())
        what = f"timeline {kept['timeline'].iloc[0]} belongs to {member}, which does not simulate week by week"
        raise InputError(what, key="--timeline", remedy=f"Ask for {those}")
    return member


def redrawn_of(run: Run, member: str | None = None) -> dict[str, Any]:
    """The distribution of the parameters that each timeline draws: `names`, `mean` of their scores, factor `chol`.

    Args:
        run: the run.
        member: the member of a pool.

    Raises:
        InputError: the run has no such file.
    """
    if REDRAWN not in run.manifest["files"]:
        what = f"lacks {REDRAWN}, without which its timelines cannot be simulated again"
        raise InputError(what, key=run.id, remedy="Run the forecast again")
    content: dict[str, Any] = json.loads((run.folder / REDRAWN).read_text(encoding="utf-8"))
    of_member: dict[str, Any] = content if member is None else content["members"][member]
    return of_member


def evidence_seen(run: Run) -> pd.DataFrame:
    """The observations that a run saw; the columns are `forecast.evidence.series.COLUMNS`."""
    return without_apostrophes(
        pd.read_csv(
            run.folder / "inputs" / "evidence.csv",
            dtype={"series": str, "note": str, "source": str},
            parse_dates=["observed", "available"],
            keep_default_na=False,
            na_values={"low": [""], "high": [""]},
        )
    )


def scenario_of(run: Run, member: str | None = None, edits: Sequence[str] = ()) -> Scenario:
    """The scenario of a saved run: its files as they were read, and the observations, events and states that it saw.

    The rows that it saved are those under its readings; the readings are not applied a second time.

    Args:
        run: the run.
        member: the member of a pool that gives the perspective.
        edits: further changes to priors, after those of the run.
    """
    settings = run.manifest["settings"]
    return load_scenario(
        run.folder / "inputs" / "priors",
        edits=[*settings["edits"], *edits],
        perspective=member or settings["perspective"],
        reading=settings.get("readings", ()),
        seen=evidence_seen(run),
        happened=run.folder / "inputs",
    )


def posterior_of(run: Run, member: str | None = None) -> Posterior:
    """All draws of the posterior of a saved run. The run itself keeps only those that its timelines use.

    The draws are made again from the run's inputs. The fit, which takes longest, is read from the user's cache if it is
    still there, under the key that the manifest names.

    Args:
        run: the run.
        member: a member of its pool that simulates week by week.

    Raises:
        InputError: the present code or processor gives other draws than those of the run.
    """
    settings = run.manifest["settings"]
    made = update(
        scenario_of(run, member),
        date.fromisoformat(run.manifest["as_of"]),
        prior_only=settings["prior_only"],
        allow_unconverged=True,
        fixed=settings["fixed"],
        draw_seed=settings["draw_seed"],
    )
    kept = run.draws
    if member is not None:
        kept = kept[kept[MEMBER] == member].drop(columns=MEMBER)
    own = kept.loc[kept.index < len(made.draws)]  # the others were made where few draws fit the record
    if list(own) != list(made.draws) or not np.array_equal(made.draws.loc[own.index].to_numpy(), own.to_numpy()):
        what = "was made by other code or on another processor, so its draws cannot be made again here"
        raise InputError(what, key=run.id, remedy="Run the forecast again")
    return made


def reopen(run: Run, redrawn: dict[str, Any], member: str | None = None) -> Reopened:
    """Give the inputs of the timelines of a saved run, or of one member of its pool.

    Args:
        run: the run.
        redrawn: from `redrawn_of`.
        member: the member of a pool.
    """
    scenario, settings = scenario_of(run, member), run.manifest["settings"]
    as_of = date.fromisoformat(run.manifest["as_of"])
    draws, first = run.draws, 0
    if member is not None:
        draws = draws[draws[MEMBER] == member].drop(columns=MEMBER)
        first = int((run.timelines[MEMBER] == member).argmax())
    file = run.folder / start_file(member)
    start = Start.from_bytes(file.read_bytes()) if file.exists() else None
    used = (draws.head(settings["draws"]) if start is None else draws.loc[start.draw]).reset_index(drop=True)
    rows = kernel_inputs.parameter_rows(scenario, used)
    chol = np.array(redrawn["chol"]).reshape(len(redrawn["names"]), -1)
    tables = kernel_inputs.redrawn_parameters(scenario, redrawn["names"], np.array(redrawn["mean"]), chol)
    world = kernel_inputs.make_world(scenario, as_of)
    if start is None:
        states = kernel_inputs.starting_states(scenario, used, rows, as_of)
        inputs = inputs_at_start(rows, states, tables, world)
        inputs = inputs._replace(results=kernel_inputs.starting_result(scenario))
    else:
        inputs = Inputs(rows, start.states, start.results, start.values, tables, world)
    return Reopened(scenario, inputs, start, settings["seed"], first)


def differing(kept: pd.DataFrame, again: pd.DataFrame) -> list[str]:
    """Columns in which two tables of one row differ, or that only one of them has; empty cells are equal."""

    def cell(table: pd.DataFrame, name: str) -> Any:
        value = table[name].iloc[0] if name in table else "no such column"
        return None if pd.isna(value) else value

    names = [*kept, *(name for name in again if name not in kept)]
    return [name for name in names if cell(kept, name) != cell(again, name)]
