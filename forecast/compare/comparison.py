"""The comparison of two runs: named, made, kept with the later run, and read again."""

import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from forecast.cache.digests import canonical_json, sha256
from forecast.compare.endings import changed_endings
from forecast.compare.ledger import lines_between, odds_content, ordered, refuse_others
from forecast.compare.words import sentence
from forecast.ensemble.progress import silent
from forecast.errors import ForecastError, InputError
from forecast.locations import source_digest
from forecast.outcomes.rounding import add_shown
from forecast.store.attached import read_attached, write_attached
from forecast.store.digests import versions
from forecast.store.json_text import to_json
from forecast.store.record import previous
from forecast.store.saved_run import Run, open_run

SCHEMA = 1
"""Version of a ledger's layout."""

_log = logging.getLogger("forecast")

PREVIOUS = "previous"
"""Name of the run of record before the other one."""


def compare(
    one: str | Path,
    other: str | Path,
    runs: Path | None = None,
    *,
    threads: int | None = None,
    notify: Callable[[str], None] = silent,
    together: Iterable[str] = (),
) -> dict[str, Any]:
    """Compare two saved runs; the order of the two makes no difference.

    Args:
        one: a run: its name, its folder, `latest`, or `previous` for the run of record before the other one.
        other: another run, likewise.
        runs: the folder of saved runs.
        threads: number of threads; does not change the results.
        notify: called with a phrase for each step.
        together: groups of causes that have one line each; see `forecast.compare.causes.GROUPS`.

    Returns:
        The ledger, as `runs/README.md` explains it.

    Raises:
        InputError: there is no such run, the runs are of different scenarios, or a run is compared with itself.
        NotConverged: the sampler's diagnostics are outside their limits.
    """
    a, b = ordered(*named(one, other, runs))
    refuse_others(a, b)
    together = tuple(sorted(together))
    key = _key(a, b, together)
    if (kept := _kept(a, b, key, together)) is not None:
        return kept
    content = {"schema": SCHEMA, "key": key} | _content(a, b, threads, notify, together)
    _keep(a, b, to_json(content), together)
    return json.loads(to_json(content))  # type: ignore[no-any-return]  # an object


def named(one: str | Path, other: str | Path, runs: Path | None) -> tuple[Run, Run]:
    """Open the two runs that are named.

    Raises:
        InputError: one of them cannot be opened, both are `previous`, or they are the same run.
    """
    names = [_name_or_folder(name) for name in (one, other)]
    if names == [PREVIOUS, PREVIOUS]:
        what = "found previous twice; expected one run by another name"
        raise InputError(what, key="run", remedy="Give latest previous")
    if names[0] == PREVIOUS:
        names.reverse()
    first = open_run(names[0], runs)
    second = _previous(first) if names[1] == PREVIOUS else open_run(names[1], runs)
    if first.folder.resolve() == second.folder.resolve():
        raise InputError(f"both names are of the run {first.id}; expected two runs", key="run")
    return first, second


def _name_or_folder(name: str | Path) -> str | Path:
    """A name as it is; text with a separator of folders as a path."""
    return Path(name) if isinstance(name, str) and ("/" in name or name in (".", "..")) else name


def _previous(run: Run) -> Run:
    """The run of record before a run.

    Raises:
        InputError: there is none.
    """
    found = previous(run)
    if found is None:
        what = f"there is no run of record before {run.id}"
        raise InputError(what, key=PREVIOUS, remedy="Name two runs; forecast list --all shows them")
    return open_run(found.folder)


def _content(
    a: Run, b: Run, threads: int | None, notify: Callable[[str], None], together: tuple[str, ...]
) -> dict[str, Any]:
    """Everything in a ledger but its version and key."""
    found = lines_between(a, b, threads=threads, notify=notify, together=together)
    notify("pairing timelines")
    sides = {"earlier": _side(a), "later": _side(b)}
    odds = odds_content(found.lines)
    for name, entry in odds.items():
        add_shown(entry, sides["earlier"]["odds"][name], sides["later"]["odds"][name])
        entry["sentence"] = sentence(name, entry, sides["earlier"], sides["later"])
    return {
        "scenario": a.manifest["scenario"],
        **sides,
        "odds": odds,
        "method": found.method,
        "notes": list(found.notes),
        "endings": changed_endings(a, b),
    }


def _side(run: Run) -> dict[str, Any]:
    """A run, as a ledger names it."""
    odds = {name: entry["probability"] for name, entry in run.summary["odds"].items()}
    return {"run": run.id, "as_of": run.manifest["as_of"], "odds": odds}


def _key(a: Run, b: Run, together: tuple[str, ...]) -> str:
    """The hash of everything that a ledger depends on."""
    content = {
        "schema": SCHEMA,
        "runs": [[run.id, *(run.manifest.get(key) for key in ("files", "hashes", "versions"))] for run in (a, b)],
        "together": together,
        "code": source_digest(),
        "versions": versions(),
    }
    return sha256(canonical_json(content))


def _file(a: Run, together: tuple[str, ...]) -> str:
    """Name of the file that keeps a ledger with the later run."""
    kind = f"_{sha256(canonical_json(together))[:8]}" if together else ""
    return f"ledger_{a.id[-120:]}{kind}.json"


def _kept(a: Run, b: Run, key: str, together: tuple[str, ...]) -> dict[str, Any] | None:
    """The ledger that is kept with the later run, if the present code would make the same."""
    try:
        content = read_attached(b, _file(a, together))
        found = None if content is None else json.loads(content)
    except (ForecastError, ValueError) as error:
        _log.warning("the ledger that was kept cannot be used (%s); it is made again", error)
        return None
    return found if isinstance(found, dict) and found.get("key") == key else None


def _keep(a: Run, b: Run, text: str, together: tuple[str, ...]) -> None:
    """Keep a ledger with the later run; where that is impossible, a warning says so."""
    try:
        write_attached(b, _file(a, together), text.encode())
    except ForecastError as error:
        _log.warning("the ledger is not kept: %s", error)
