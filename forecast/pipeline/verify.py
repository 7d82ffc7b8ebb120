"""Verifying a saved run: its files are those that were saved, and its numbers follow from its inputs.

With the same code, packages and kind of processor the bytes must be equal. With others the odds are compared.
"""

import io
import json
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecast.ensemble.progress import silent
from forecast.errors import ForecastError, NotConverged, SystemRefusal, refusal_of
from forecast.locations import source_digest
from forecast.store.digests import versions
from forecast.store.integrity import changes
from forecast.store.manifest import MANIFEST, SUMMARY
from forecast.store.marks import Publication, marks_of
from forecast.store.record import manifest_sha256
from forecast.store.run_folder import Run

ERRORS = 2.0
"""Combined standard errors within which two odds agree."""

NAMED = 5
"""Most differing numbers that are named for each file."""

UNSTABLE = "posterior"
"""Beginning of the names of files with bytes that differ between two samplings of the same numbers."""


@dataclass(frozen=True)
class Compared:
    """The odds of one end, as saved and as computed now; errors are Monte Carlo standard errors."""

    then: float
    now: float
    then_error: float | None
    now_error: float | None

    @property
    def agree(self) -> bool:
        """Whether they lie within two combined standard errors of each other."""
        error = math.hypot(self.then_error or 0.0, self.now_error or 0.0)
        return abs(self.now - self.then) <= ERRORS * error or self.now == self.then


@dataclass(frozen=True)
class Verified:
    """The result of a verification.

    Attributes:
        run: the run's name.
        folder: its folder.
        manifest_sha256: SHA-256 of its manifest, if that can be read.
        publication: the record of its publication, if any.
        deep: whether the fits were sampled again.
        files: number of files checked.
        changed: differences of the files from the time when the run was saved; then nothing was computed.
        other: parts of the environment that are others than then: name, then, now.
        compared: names of the files that were computed again and compared byte for byte.
        differing: differences of their content, by the name of the file; only with the same code, packages, processor.
        odds: the odds then and now, by end.
        cannot: the reason why the present code cannot compute the run, if it cannot.
    """

    run: str
    folder: Path
    manifest_sha256: str | None
    publication: Publication | None
    deep: bool
    files: int = 0
    changed: tuple[str, ...] = ()
    other: tuple[tuple[str, str, str], ...] = ()
    compared: tuple[str, ...] = ()
    differing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    odds: Mapping[str, Compared] = field(default_factory=dict)
    cannot: str | None = None

    @property
    def sound(self) -> bool:
        """Whether no file was changed and, where they must be, all bytes are equal."""
        return not self.changed and not self.differing and not (self.cannot and not self.other)


def verify(folder: Path, *, deep: bool = False, notify: Callable[[str], None] = silent) -> Verified:
    """Verify a saved run.

    Args:
        folder: of the run; has a manifest.
        deep: compute the run from its evidence on, instead of from its draws.
        notify: called with a phrase for each step.

    Raises:
        InputError: the run has a schema that this version does not know.
        SystemRefusal: the system lacks space or memory.
    """
    notify("checking the files")
    publication = marks_of(folder.parent, folder.name).publication
    try:
        run, faults = changes(folder, publication)
    except OSError as error:
        raise refusal_of(error, folder) or error from error
    facts: dict[str, Any] = {"publication": publication, "deep": deep, "manifest_sha256": None}
    if run is not None:
        facts |= {"manifest_sha256": manifest_sha256(run), "files": len(run.manifest["files"])}
    if run is None or faults:
        return Verified(folder.name, folder, **facts, changed=tuple(faults))
    other = tuple(_others(run))
    with tempfile.TemporaryDirectory(prefix="forecast-verify-") as work:
        try:
            again = _again(run, Path(work), deep, notify)
        except NotConverged as error:
            return Verified(run.id, folder, **facts, other=other, cannot=str(error))
        except (SystemRefusal, MemoryError):
            raise
        except (ForecastError, LookupError, TypeError, ValueError, AttributeError) as error:
            if not other:
                raise
            # Other code may not know what this run's files have.
            return Verified(run.id, folder, **facts, other=other, cannot=f"{type(error).__name__}: {error}")
    summary = json.loads(again[SUMMARY])
    compared = tuple(sorted(name for name in again if name in run.manifest["files"] or _is_output(name)))
    differing = {} if other else dict(_differing(run, again, compared))
    return Verified(
        run.id, folder, **facts, other=other, compared=compared, differing=differing, odds=_odds(run, summary)
    )


def _again(run: Run, work: Path, deep: bool, notify: Callable[[str], None]) -> dict[str, bytes]:
    """The files of a run, computed again, except those with bytes that are not stable."""
    from forecast.pipeline import recomputed  # takes a second to import, and is not needed where a file was changed

    if not deep:
        return recomputed.from_draws(run, work, notify)
    made = recomputed.from_evidence(run, work, notify)
    names = [name for name in made.manifest["files"] if not name.startswith(UNSTABLE)]
    return {name: (made.folder / name).read_bytes() for name in names}


def _is_output(name: str) -> bool:
    return name != MANIFEST


def _others(run: Run) -> Iterator[tuple[str, str, str]]:
    """The parts of the environment that are others than when the run was made: name, then, now."""
    if (then := str(run.manifest["hashes"]["code"])) != (now := source_digest()):
        yield "code", then[:12], now[:12]
    present, former = versions(), run.manifest["versions"]
    for name in sorted({*present, *former}):
        if former.get(name) != present.get(name):
            yield name, str(former.get(name, "not recorded")), str(present.get(name, "none"))


def _odds(run: Run, summary: Mapping[str, Any]) -> dict[str, Compared]:
    found = {}
    for end, then in run.summary["odds"].items():
        now = summary["odds"][end]
        found[end] = Compared(then["probability"], now["probability"], then["standard_error"], now["standard_error"])
    return found


def _differing(run: Run, again: Mapping[str, bytes], names: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The files that differ, each with the first numbers that do."""
    for name in names:
        if name not in run.manifest["files"]:
            yield name, ("the saved run has no such file",)
        elif (saved := (run.folder / name).read_bytes()) != again[name]:
            yield name, tuple(_first_differences(name, saved, again[name]))


def _first_differences(name: str, saved: bytes, now: bytes) -> list[str]:
    """The first differences between two versions of a file, in words."""
    if name.endswith(".json"):
        then, present = (dict(_leaves(json.loads(content))) for content in (saved, now))
        keys = [key for key in {**then, **present} if then.get(key) != present.get(key)]
        found = [
            f"{key}: {then.get(key, 'absent')!r} saved, {present.get(key, 'absent')!r} now" for key in keys[:NAMED]
        ]
        return found + ([f"and {len(keys) - NAMED} more"] if len(keys) > NAMED else [])
    if name.endswith(".parquet"):
        return _table_differences(saved, now)
    return [f"{len(saved):,} bytes saved, {len(now):,} now" if len(saved) != len(now) else "the bytes differ"]


def _table_differences(saved: bytes, now: bytes) -> list[str]:
    import pandas as pd

    then, present = (pd.read_parquet(io.BytesIO(content)) for content in (saved, now))
    if list(then) != list(present) or len(then) != len(present):
        return [f"{len(then):,} rows of {then.shape[1]} columns saved, {len(present):,} of {present.shape[1]} now"]
    found = []
    for column in then:
        a, b = then[column].astype(object), present[column].astype(object)
        rows = int(((a != b) & ~(a.isna() & b.isna())).sum())
        if rows:
            found.append(f"column {column}: {rows:,} of {len(then):,} rows")
    more = [f"and {len(found) - NAMED} more columns"] if len(found) > NAMED else []
    return found[:NAMED] + more if found else ["the values are equal, and the bytes differ"]


def _leaves(content: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a JSON object by its dotted key."""
    parts: Any = ()
    if isinstance(content, dict):
        parts = content.items()
    elif isinstance(content, list):
        parts = enumerate(content)
    else:
        yield place, content
    for key, inner in parts:
        yield from _leaves(inner, f"{place}.{key}" if place else str(key))
