"""One side of a comparison: a saved run, opened with the present code as far as that can load it.

The present code may know other entries than the code that made the run. Then the run's entries that it does not know
are left out, and entries that it needs are taken from the other run. Both are named, and count in the first line.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from forecast.belief.fit import SamplerSettings
from forecast.compare.tables import entries_of, joined, split
from forecast.ensemble.request import DRAW_SEED, SEED
from forecast.ensemble.simulated import draws_used
from forecast.errors import InputError
from forecast.locations import source_digest
from forecast.narrative.rerun import evidence_seen
from forecast.scenario.load import load_members, load_scenario
from forecast.scenario.perspectives import BASE, POOL
from forecast.scenario.spec import Scenario
from forecast.store.digests import versions
from forecast.store.saved_run import Run

MOST_FILES = 6
"""Most files that are taken whole from the other run before the run counts as one that cannot be loaded."""


@dataclass(frozen=True, eq=False)
class Side:
    """A run, opened.

    Attributes:
        run: the run.
        day: its as-of date.
        scenario: under the base premises, or under the run's only perspective.
        members: the scenario of each member, by its name, in the pool's order.
        weights: of the members, adding up to 1.
        timelines: number of timelines of each member.
        seed: of the timelines.
        draw_seed: of the draws and of the replay.
        fixed: parameters fixed after the update.
        prior_only: whether the series were left out.
        sampler: settings of the sampler.
        unknown: entries and files of the run that the present code cannot load, in words.
    """

    run: Run
    day: date
    scenario: Scenario
    members: Mapping[str, Scenario]
    weights: Mapping[str, Fraction]
    timelines: int
    seed: int
    draw_seed: int
    fixed: Mapping[str, float]
    prior_only: bool
    sampler: SamplerSettings
    unknown: tuple[str, ...] = ()

    @property
    def unchanged(self) -> bool:
        """Whether the present code, packages and processor are those that made the run, and all of it is loaded."""
        return not self.unknown and not changed_since(self.run)


def changed_since(run: Run) -> list[str]:
    """The differences between the code and packages that made a run and the present ones, in words."""
    found = []
    if run.manifest.get("hashes", {}).get("code") != source_digest():
        found.append("code")
    before = run.manifest.get("versions", {})
    found += [name for name, version in versions().items() if before.get(name) != version]
    return found


def opened(run: Run, other: Run) -> Side:
    """Open a run with the present code.

    Args:
        run: the run.
        other: the run that it is compared with, from which missing entries are taken.

    Raises:
        InputError: the run cannot be loaded, even without the entries that the present code does not know.
    """
    inputs = run.folder / "inputs"
    try:
        return _side(run, inputs / "priors", ())
    except (InputError, KeyError, OSError) as error:
        if not changed_since(run):
            raise
        first = error
    with _copied(inputs / "priors") as folder:
        unknown = _without_unknown(folder, other.folder / "inputs" / "priors")
        for _ in range(MOST_FILES):
            try:
                return _side(run, folder, tuple(unknown))
            except InputError as error:
                name = _file_of(error, folder)
                if name is None or not (other.folder / "inputs" / "priors" / name).is_file():
                    raise first from error
                shutil.copyfile(other.folder / "inputs" / "priors" / name, folder / name)
                unknown = [entry for entry in unknown if not entry.endswith(f" in {name}")] + [f"the file {name}"]
            except (KeyError, OSError) as error:
                raise first from error
    raise first


def _side(run: Run, folder: Path, unknown: tuple[str, ...]) -> Side:
    """Load a run's inputs from a folder."""
    settings: Mapping[str, Any] = run.manifest["settings"]
    perspective = settings["perspective"]
    common: dict[str, Any] = {
        "edits": [edit for edit in settings["edits"] if not _names_any(edit, unknown)],
        "reading": settings.get("readings", ()),
        "seen": evidence_seen(run),
        "happened": run.folder / "inputs",
    }
    members: Mapping[str, Scenario]
    if perspective == POOL:
        scenario, members = load_members(folder, **common)
        weights = {name: Fraction(str(weight)) for name, weight in (run.weights or {}).items()}
        members = {name: members[name] for name in weights}
    else:
        scenario = load_scenario(folder, perspective=perspective or BASE, **common)
        members, weights = {scenario.perspective: scenario}, {scenario.perspective: Fraction(1)}
    total = sum(weights.values(), Fraction(0))
    sampler = {
        name: value for name, value in settings.get("sampler", {}).items() if name in SamplerSettings.__annotations__
    }
    return Side(
        run=run,
        day=date.fromisoformat(run.manifest["as_of"]),
        scenario=scenario,
        members=members,
        weights={name: weight / total for name, weight in weights.items()},
        timelines=int(settings["timelines"]),
        seed=int(settings.get("seed", SEED)),
        draw_seed=int(settings.get("draw_seed", DRAW_SEED)),
        fixed={name: value for name, value in settings.get("fixed", {}).items() if name in scenario.priors},
        prior_only=bool(settings.get("prior_only", False)),
        sampler=SamplerSettings(**sampler),
        unknown=(
            *unknown,
            *(f"--set {edit}" for edit in settings["edits"] if _names_any(edit, unknown)),
            *(f"--fix {name}" for name in settings.get("fixed", {}) if name not in scenario.priors),
            *_other_draws(settings),
        ),
    )


def _other_draws(settings: Mapping[str, Any]) -> list[str]:
    """The number of draws that timelines used, in words, if the present code uses another."""
    now = draws_used(int(settings["timelines"]))
    before = settings.get("draws", now)
    return [] if before == now else [f"{before} draws in place of {now}"]


def _names_any(edit: str, unknown: tuple[str, ...]) -> bool:
    """Whether an edit of a prior names one that is left out."""
    names = {entry.partition(" in ")[0] for entry in unknown}
    return any(edit.partition("=")[0].rpartition(".")[0].endswith(name) for name in names)


@contextmanager
def _copied(folder: Path) -> Iterator[Path]:
    """A copy of a folder of inputs, to be changed; it has the same name, and goes away afterwards."""
    with tempfile.TemporaryDirectory(prefix="forecast-") as place:
        yield Path(shutil.copytree(folder, Path(place) / "priors"))


def _without_unknown(folder: Path, other: Path) -> list[str]:
    """Take out the entries and files that the other run lacks, and add those that it has alone.

    Returns:
        The entries and files taken out or added, in words.
    """
    found = []
    own, theirs = (
        {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*.toml"))} for root in (folder, other)
    )
    for name in sorted(own.keys() | theirs.keys()):
        if name.startswith(("perspectives/", "evidence/")) or name in ("pool.toml", "base_rates.toml"):
            continue
        if name not in theirs:
            own[name].unlink()
            found.append(f"the file {name}")
        elif name not in own:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(theirs[name], folder / name)
            found.append(f"the file {name}")
        else:
            found += [f"{entry} in {name}" for entry in _same_entries(own[name], theirs[name])]
    return found


def _same_entries(own: Path, theirs: Path) -> list[str]:
    """Give a file the entries of another: those that only one of them has are taken out or added."""
    mine, other = split(own.read_text(encoding="utf-8")), split(theirs.read_text(encoding="utf-8"))
    before, wanted = entries_of(mine), entries_of(other)
    if before == wanted:
        return []
    kept = [part for part in mine if part.entry is None or part.entry in wanted]
    added = [part for part in other if part.entry is not None and part.entry not in before]
    own.write_text(joined([*kept, *added]), encoding="utf-8")
    return sorted(before ^ wanted)


def _file_of(error: InputError, folder: Path) -> str | None:
    """The file of the inputs that an error names, relative to their folder; None if it names none."""
    named = re.sub(r"^[^/]*/", "", str(error.file or ""), count=1)
    return named if named and (folder / named).is_file() else None
