"""The forecast that a sweep moves: one member or a pool, with an engine for each member that simulates."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.belief.assemble import DRAWS, update
from forecast.encoding.timeline_table import HEADLINES
from forecast.ensemble import base_rates
from forecast.ensemble.progress import silent
from forecast.ensemble.request import RunRequest
from forecast.ensemble.resolve import ResolvedRequest, resolve
from forecast.ensemble.simulated import draws_used
from forecast.errors import InputError
from forecast.locations import source_digest
from forecast.outcomes.clustering import error_between_draws
from forecast.replay import starting_points
from forecast.scenario.perspectives import BASE_RATES
from forecast.scenario.spec import Scenario
from forecast.store.digests import digest_of
from forecast.sweep.batches import Batch, runner_in_use
from forecast.sweep.engine import Cell, Engine
from forecast.sweep.journal import Journal
from forecast.sweep.outputs import FAILED, Codes, Output, usual_outputs
from forecast.timeline.cells import TIMELINES_PER_DRAW


@dataclass(frozen=True)
class Member:
    """A member that simulates.

    Attributes:
        name: of the perspective.
        weight: in the pool; 1 of one member alone.
        engine: simulates its cells.
        draw: (n,) number of the draw of each starting point, by which errors are clustered.
    """

    name: str
    weight: float
    engine: Engine
    draw: NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """A mean over timelines.

    Attributes:
        value: the mean.
        error: its standard error, clustered by draw; NaN from one draw.
        by_draw: (draws,) parts of the mean by draw number; they sum to it.
    """

    value: float
    error: float
    by_draw: Array


class Subject:
    """A forecast, made ready to be moved.

    Args:
        request: the scenario, the perspective, the date and the seeds. Its number of timelines sets the draws.
        output: an outcome, an ending, an event or the difference of two; by default the three outcomes.
        draws: number of draws to use; by default those that a run of as many timelines uses.
        notify: called with a phrase for each step.

    Attributes:
        resolved: the request and the things that it names.
        outputs: the output asked for, or the three outcomes.
        members: those that simulate, in the pool's order.
        weights: declared weight of each member, with that of base rates.

    Raises:
        InputError: something given is wrong.
        NotConverged: the sampler's diagnostics are outside their limits.
    """

    def __init__(
        self,
        request: RunRequest,
        output: str | None = None,
        *,
        draws: int | None = None,
        notify: Callable[[str], None] = silent,
    ) -> None:
        self.resolved: ResolvedRequest = resolve(request)
        own = self.resolved
        self.outputs = usual_outputs(own.scenario, output)
        self.weights: Mapping[str, float] = own.weights or {own.scenario.perspective: 1.0}
        self.members: list[Member] = []
        wanted = min(draws_used(request.timelines), request.timelines) if draws is None else draws
        for name, scenario in own.members.items():
            if name == BASE_RATES:
                continue
            notify(f"updating the priors by the evidence ({name})")
            posterior = update(
                scenario,
                own.day,
                prior_only=request.prior_only,
                allow_unconverged=request.allow_unconverged,
                fixed=request.fixed,
                draws=DRAWS,
                draw_seed=request.draw_seed,
            )
            start, posterior = starting_points.start(scenario, posterior, wanted, request.threads)
            engine = Engine(scenario, posterior, start, request.seed, request.threads, self.outputs[0].event)
            self.members.append(Member(name, self.weights[name], engine, start.draw))
        if not self.members:
            remedy = "Give --perspective with the name of another"
            raise InputError(f"found {BASE_RATES}, which has no parameters", key="--perspective", remedy=remedy)

    @property
    def scenario(self) -> Scenario:
        """The scenario of the first member that simulates."""
        return self.members[0].engine.scenario

    @property
    def day(self) -> date:
        """The as-of date."""
        return self.resolved.day

    @property
    def later(self) -> bool:
        """Whether the as-of date is after the reference date."""
        return self.day > self.scenario.reference_date

    def move_own_draws(self) -> None:
        """Let cells move the draws that a run uses: they are the next sample of each engine."""
        for member in self.members:
            member.engine.add_base(np.arange(member.engine.draws))

    def replicates(self, timelines: int) -> int:
        """Timelines of each draw for about as many timelines of a member: at least one."""
        return max(1, timelines // self.members[0].engine.draws)

    def followed(self, output: Output) -> dict[str, float]:
        """The weight of each member that follows an output, adding up to 1, base rates included."""
        kept = {name: w for name, w in self.weights.items() if output.headline or name != BASE_RATES}
        total = sum(kept.values())
        return {name: weight / total for name, weight in kept.items()}

    @functools.cache  # noqa: B019 - a subject lives as long as its sweep
    def base_rates_value(self, output: Output) -> float:
        """The output that base rates give, which no input moves; 0 without that member."""
        if BASE_RATES not in self.followed(output):
            return 0.0
        request, scenario = self.resolved.request, self.resolved.members[BASE_RATES]
        truces = base_rates.general_truces(scenario, self.day)
        rates = base_rates.believe(scenario, self.day, truces, request.draw_seed)
        count = TIMELINES_PER_DRAW * self.members[0].engine.draws
        table = base_rates.simulate(scenario, rates, self.day, truces, timelines=count, seed=request.seed)
        shares = {name: float((table["headline"] == name).mean()) for name in HEADLINES}
        return sum(sign * shares[term] for term, sign in output.terms)

    def odds(self, codes: Mapping[str, Codes], output: Output) -> Estimate:
        """The output of a cell.

        Args:
            codes: of each member, (draws, replicates).
            output: the output.
        """
        found = self.mean(codes, output)
        fixed = self.followed(output).get(BASE_RATES, 0.0)
        return found if not fixed else Estimate(found.value + fixed * self.base_rates_value(output), *_rest(found))

    def change(self, before: Mapping[str, Codes], after: Mapping[str, Codes], output: Output) -> Estimate:
        """The change of an output between two cells of the same timelines, with its paired error."""
        weights = self.followed(output)
        moved = {m.name: _values(after[m.name], m, output) - _values(before[m.name], m, output) for m in self.members}
        return self._clustered(moved, weights)

    def mean(self, codes: Mapping[str, Codes], output: Output) -> Estimate:
        """The part of an output that comes from the members that simulate."""
        return self._clustered({m.name: _values(codes[m.name], m, output) for m in self.members}, self.followed(output))

    def differing(self, before: Mapping[str, Codes], after: Mapping[str, Codes]) -> float:
        """The share of timelines with another ending, over the members that simulate."""
        total = sum(member.weight for member in self.members)
        return sum(
            member.weight / total * float((before[member.name] // 2 != after[member.name] // 2).mean())
            for member in self.members
        )

    def _clustered(self, values: Mapping[str, Array], weights: Mapping[str, float]) -> Estimate:
        """The weighted mean of values by draw, with the error of a mean of clusters."""
        number = max(int(member.draw.max()) for member in self.members) + 1
        total, residual, seen = np.zeros(number), np.zeros(number), np.zeros(number, dtype=bool)
        for member in self.members:
            own = values[member.name]
            draw, share = member.draw[: len(own)], weights[member.name] / len(own)
            total += np.bincount(draw, share * own, minlength=number)
            residual += np.bincount(draw, share * (own - own.mean()), minlength=number)
            seen[draw] = True
        error = error_between_draws(residual[seen], None)
        return Estimate(float(total.sum()), np.nan if error is None else error, total[seen])

    def about(self) -> dict[str, Any]:
        """The settings that can change the results, as plain JSON."""
        own = self.resolved
        return {
            "scenario": own.scenario.id,
            "perspective": own.perspective,
            "members": list(own.members),
            "as_of": self.day.isoformat(),
            "replayed": False,
            "draws": self.members[0].engine.draws,
            **{
                name: value
                for name, value in own.settings().items()
                if name in ("seed", "draw_seed", "edits", "fixed", "readings", "prior_only")
            },
        }

    def definition(self, method: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that the results of a sweep depend on, as plain JSON: the key of its journal."""
        about, own = self.about(), self.resolved
        inputs = {name: digest_of(scenario.texts) for name, scenario in own.members.items()}
        return {"method": method, **about, **settings, "inputs_digest": inputs, "code": source_digest()}

    def notes(self) -> tuple[str, ...]:
        """Cautions about the date and the members."""
        found = []
        if self.later:
            found.append(
                f"As of {self.day} the past is not replayed in each cell: timelines start where those of a run start, "
                "and a moved input acts from that date on."
            )
        if BASE_RATES in self.weights:
            found.append(
                f"No input moves the member {BASE_RATES}; its odds count with its weight and stay as they are."
            )
        return tuple(found)


class Sweep:
    """Evaluates cells batch by batch; finished batches are in the journal.

    Args:
        subject: the forecast.
        journal: of the sweep.
        notify: called with a phrase for each batch.

    Attributes:
        failed: stage, member and number of each cell that could not be simulated.
        cells: of each stage and member.
    """

    def __init__(self, subject: Subject, journal: Journal, notify: Callable[[str], None] = silent) -> None:
        self.subject, self.journal, self.notify = subject, journal, notify
        self.failed: list[tuple[str, str, int]] = []
        self.cells: dict[tuple[str, str], Sequence[Cell]] = {}

    def evaluate(
        self, stage: str, cells: Mapping[str, Sequence[Cell]], replicates: Sequence[int]
    ) -> dict[str, list[Codes]]:
        """The codes of each cell of each member, (draws, replicates).

        Args:
            stage: a name of this part of the sweep, by which its batches are kept.
            cells: of each member by name; equally many.
            replicates: numbers of the timelines of each draw.

        Raises:
            Incomplete: a cluster was lost.
        """
        batches: dict[str, list[str]] = {}
        missing: list[Batch] = []
        kept: dict[str, Codes] = {}
        for member in self.subject.members:
            own = self.cells[stage, member.name] = cells[member.name]
            batches[member.name] = []
            for first, end in member.engine.batches(own, len(replicates)):
                name = f"{stage}-{member.name}-{first:06d}"
                batches[member.name].append(name)
                if (codes := self.journal.read(name)) is not None:
                    kept[name] = codes
                    continue
                words = f"{stage}: cell {first + 1} to {end} of {len(own)} ({member.name})"
                missing.append(Batch(name, words, member.engine, own[first:end], replicates))
        for number, codes in runner_in_use()(missing, self.notify):
            kept[missing[number].name] = codes
            self.journal.write(missing[number].name, codes)
        found: dict[str, list[Codes]] = {}
        for member in self.subject.members:
            cells_of = found[member.name] = [cell for name in batches[member.name] for cell in kept.pop(name)]
            self.failed += [(stage, member.name, k) for k, cell in enumerate(cells_of) if (cell == FAILED).all()]
        return found

    def sound(self, codes: Mapping[str, Sequence[Codes]], number: int) -> bool:
        """Whether every member could simulate a cell."""
        return not any((codes[member.name][number] == FAILED).all() for member in self.subject.members)


def at(codes: Mapping[str, Sequence[Codes]], number: int) -> dict[str, Codes]:
    """The codes of one cell, by member."""
    return {name: cells[number] for name, cells in codes.items()}


def as_dict(estimate: Estimate) -> dict[str, float]:
    """The value and the error of an estimate."""
    return {"value": estimate.value, "error": estimate.error}


def journal_of(
    subject: Subject, method: str, settings: Mapping[str, Any], folder: Path | None, *, resume: bool
) -> Journal:
    """The journal of a sweep in its folder; see `Journal`."""
    return Journal(folder, subject.definition(method, settings), resume=resume)


def _values(codes: Codes, member: Member, output: Output) -> Array:
    """The mean value of the timelines of each draw, shape (draws,)."""
    return np.asarray(output.values(member.engine.scenario)[codes].mean(axis=1))


def _rest(estimate: Estimate) -> tuple[float, Array]:
    return estimate.error, estimate.by_draw
