"""Commands killed at random moments: nothing torn, nothing lost, and the next call ends as an undisturbed one does.

Run by hand: `python tests/kills.py --kills 200`. Each kill takes a fresh copy of a prepared folder, starts a command in a
process of its own, kills it with SIGKILL after a random part of the time that an undisturbed call takes, looks at what
is left, and calls the command again. Commands that this version does not have are skipped, with a line.
`tests/store/test_kills.py` is a small form of it.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from places import REPOSITORY, TINY

from forecast.errors import InputError
from forecast.store.manifest import MANIFEST, own_files
from forecast.store.saved_run import open_run

UNSTABLE = (MANIFEST, "posterior.nc")
"""Files of a run that have a time in them."""

SHARED = ("compiled", "models", "posterior", "predictive")
"""Parts of the cache that are slow to make, and are those of the user who starts this; the others begin empty."""

NOTE = "notes.txt"

SCHEDULE = "runs/.schedule/"
_TIME = re.compile(rb'"(at|started|finished)": "[^"]*"|"runs": \d+')
"""Times of the clock in the files of the schedule, and the runs that the last call made."""


@dataclass(frozen=True)
class Job:
    """A command that is killed.

    Attributes:
        name: for the report.
        words: how the command is known in the help.
        arguments: after `forecast`, for a folder.
        prepare: makes the state before the command in a folder that has a copy of the scenario.
        torn: what is wrong with a folder after a kill; empty if nothing is.
    """

    name: str
    words: tuple[str, ...]
    arguments: Callable[[Path], list[str]]
    prepare: Callable[[Path], None]
    torn: Callable[[Path, dict[str, bytes], dict[str, bytes]], list[str]]


def scenario(folder: Path) -> str:
    return str(folder / "priors" / TINY.name)


def run_arguments(folder: Path) -> list[str]:
    size = ["--timelines", "500", "--prior-only", "--threads", "1", "--json"]
    return ["run", scenario(folder), *size, "--runs", str(folder / "runs")]


def nothing(folder: Path) -> None:
    """The command begins without runs."""


def a_damaged_run(folder: Path) -> None:
    """The run is there with a note of the user's, and is damaged, so that it is replaced."""
    done = call(folder, run_arguments(folder))
    assert done.returncode == 0, done.stderr
    (run,) = (folder / "runs").iterdir()
    (run / "report.md").write_text("damaged")
    (run / NOTE).write_text("of the user")


def record(folder: Path) -> str:
    """The scenario that evidence is added to: its dates have passed, as those of new rows must."""
    return str(folder / "priors" / "ukraine-2025")


def a_record(folder: Path) -> None:
    shutil.copytree(REPOSITORY / "priors" / "ukraine-2025", record(folder))


def a_table(folder: Path) -> None:
    a_record(folder)
    rows = (
        f"area_deepstate,{day},{day},{116_200 + n},https://example.org/map"
        for n, day in enumerate(("2026-01-05", "2026-01-12"))
    )
    (folder / "rows.csv").write_text("series,observed,available,value,source\n" + "\n".join(rows) + "\n")


def a_release(folder: Path) -> None:
    """A release of the aid tracker: its figures go to two files."""
    a_record(folder)
    rows = '"Germany","DEU",2026,1,4.5,1,1,2.5,9\n"United States","USA",2026,1,0.3,0,0,0.3,9\n'
    (folder / "release.csv").write_text(
        '"country","iso","year","month","total","financial","humanitarian","military","commitments"\n' + rows
    )


def two_runs(folder: Path) -> None:
    """Two what-if runs, of which pruning keeps one, and publishing marks the other."""
    for size in ("300", "500"):
        done = call(folder, [*run_arguments(folder), "--timelines", size])
        assert done.returncode == 0, done.stderr


def a_schedule(folder: Path) -> None:
    (folder / "runs").mkdir()
    job = {"cron": "0 7 * * 1", "zone": "UTC", "scenario": scenario(folder), "perspective": "base"}
    lines = [f"{key} = {json.dumps(value)}" for key, value in job.items()]
    lines += ["since = 2031-03-03", "timelines = 500"]
    (folder / "runs" / "schedule.toml").write_text("[job.weekly]\n" + "\n".join(lines) + "\n")


def torn_runs(folder: Path, before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """Runs that are neither as before, nor as after an undisturbed call."""
    wrong = []
    for run in (folder / "runs").glob("[!.]*"):
        if not run.is_dir() or run.name == "attached":
            continue
        found = {name: content for name, content in contents(folder).items() if name.startswith(f"runs/{run.name}/")}
        former = {name: content for name, content in before.items() if name.startswith(f"runs/{run.name}/")}
        if former and found == former:
            continue
        try:
            open_run(run)
        except InputError as error:
            wrong.append(str(error))
        wrong += [name for name in found if stable(name) and found[name] != after.get(name)]
    return wrong


def torn_rows(folder: Path, before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """Files of evidence that are neither as before, nor as after an undisturbed call."""
    found = contents(folder / "priors")
    return [
        name
        for name, content in found.items()
        if not hidden(name) and content not in (before.get(f"priors/{name}"), after.get(f"priors/{name}"))
    ]


JOBS = (
    Job("run", ("run",), run_arguments, nothing, torn_runs),
    Job("run over a damaged one", ("run",), run_arguments, a_damaged_run, torn_runs),
    Job(
        "evidence add",
        ("evidence", "add"),
        lambda folder: [
            *("evidence", "add", "area_deepstate", "--date", "2026-01-05", "--available", "2026-01-05"),
            *("--value", "116200", "--source", "https://example.org/map", "--scenario", record(folder), "--json"),
        ],
        a_record,
        torn_rows,
    ),
    Job(
        "evidence import",
        ("evidence", "import", "csv"),
        lambda folder: [
            *("evidence", "import", "csv", str(folder / "rows.csv"), "--scenario", record(folder), "--json")
        ],
        a_table,
        torn_rows,
    ),
    Job(
        "evidence import into two files",
        ("evidence", "import", "kiel"),
        lambda folder: [
            *("evidence", "import", "kiel", str(folder / "release.csv"), "--released", "2026-08-20"),
            *("--scenario", record(folder), "--json"),
        ],
        a_release,
        torn_rows,
    ),
    Job(
        "publish",
        ("publish",),
        lambda folder: ["publish", "latest", "--runs", str(folder / "runs"), "--json"],
        two_runs,
        torn_runs,
    ),
    Job(
        "prune",
        ("prune",),
        lambda folder: ["prune", "--keep-last", "1", "--runs", str(folder / "runs"), "--json"],
        two_runs,
        torn_runs,
    ),
    Job(
        "schedule run",
        ("schedule", "run"),
        lambda folder: ["schedule", "run", "--runs", str(folder / "runs"), "--now", "2031-03-04T08:00Z", "--json"],
        a_schedule,
        torn_runs,
    ),
)


def environment(folder: Path) -> dict[str, str]:
    """The environment of a command in a folder: its own cache, but for the parts that are slow to make."""
    cache, usual = folder / "cache", Path(os.environ.get("FORECAST_CACHE") or Path.home() / ".cache" / "forecast")
    if not cache.exists():
        cache.mkdir()
        for name in SHARED:
            (usual / name).mkdir(parents=True, exist_ok=True)
            (cache / name).symlink_to((usual / name).resolve(), target_is_directory=True)
    outside = {name: value for name, value in os.environ.items() if not name.startswith("FORECAST_")}
    return outside | {"FORECAST_CACHE": str(cache)}


def started(folder: Path, arguments: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "forecast", *arguments],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def call(folder: Path, arguments: list[str]) -> "subprocess.CompletedProcess[bytes]":
    process = started(folder, arguments)
    out, err = process.communicate(timeout=600)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path, without the cache."""
    return {
        name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not (name := path.relative_to(folder).as_posix()).startswith("cache/")
    }


def hidden(name: str) -> bool:
    return any(part.startswith(".") for part in Path(name).parts)


def stable(name: str) -> bool:
    """Whether a file has the same bytes each time."""
    return Path(name).name not in UNSTABLE


def as_made(found: dict[str, bytes]) -> dict[str, bytes]:
    """What a comparison sees: stable files, and the hashes of the manifests but for unstable files."""
    seen = {
        name: _TIME.sub(b"", content) if name.startswith(SCHEDULE) else content
        for name, content in found.items()
        if stable(name) and not _timed(name)
    }
    for name, content in found.items():
        if Path(name).name == MANIFEST:
            files = json.loads(content)["files"]
            seen[name] = repr(sorted(item for item in files.items() if stable(item[0]))).encode()
    return seen


def _timed(name: str) -> bool:
    """Whether a file of marks has times or a lock in it, or says how often the schedule was called."""
    if name.startswith(SCHEDULE):
        return Path(name).name in ("log.jsonl", "journal.former.json")
    return name.startswith("runs/") and (name.count("/") == 1 or name.startswith("runs/attached/"))


@dataclass
class Reference:
    """An undisturbed call.

    Attributes:
        start: the folder before it.
        after: the contents of the folder after it.
        seconds: its duration.
        out: its standard output.
        code: its exit code.
    """

    start: Path
    after: dict[str, bytes]
    seconds: float
    out: bytes
    code: int


def reference_of(job: Job, root: Path) -> Reference:
    """Prepare a job in a folder and let it end once."""
    start = root / f"start {job.name}"
    start.mkdir(parents=True)
    shutil.copytree(TINY, start / "priors" / TINY.name)
    here = root / "here"
    start.rename(here)  # every call sees the same paths, since a run names the folder of its scenario
    job.prepare(here)
    shutil.rmtree(here / "cache", ignore_errors=True)
    shutil.copytree(here, start, symlinks=True)
    call(here, job.arguments(here))  # code that is not compiled yet
    shutil.rmtree(here)
    shutil.copytree(start, here, symlinks=True)
    begun = time.monotonic()
    done = call(here, job.arguments(here))
    seconds = time.monotonic() - begun
    assert done.returncode in (0, 3, 5), done.stderr.decode()
    after = contents(here)
    shutil.rmtree(here)
    return Reference(start, after, seconds, done.stdout, done.returncode)


def faults_of(job: Job, reference: Reference, root: Path, moment: float) -> tuple[bool, list[str]]:
    """Kill a command once.

    Args:
        job: the command.
        reference: its undisturbed call.
        root: folder to work in.
        moment: of the kill, in seconds after the start.

    Returns:
        whether it was killed before its end, and everything that is wrong.
    """
    here = root / "here"
    shutil.copytree(reference.start, here, symlinks=True)
    before = contents(here)
    process = started(here, job.arguments(here))
    try:
        process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own group: nothing else is in it
        process.communicate()
    killed = process.returncode == -signal.SIGKILL
    wrong = job.torn(here, before, reference.after)
    done = call(here, job.arguments(here))
    found = contents(here)
    if done.returncode != reference.code:
        wrong.append(f"the next call ended with {done.returncode}: {done.stderr.decode()}")
    one, other = as_made(found), as_made(reference.after)
    wrong += [f"{name} differs" for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]
    wrong += [f"{path} was left behind" for path in (here / "runs").glob(".*-*")]
    wrong += [f"{path} was left behind" for path in (here / "cache").glob("[nt]*/.part-*") if path.is_dir()]
    wrong += [f"{run} is not sound" for run in (here / "runs").glob("*_*") if own_files(run) is None]
    shutil.rmtree(here)
    return killed, wrong


def has(words: tuple[str, ...]) -> bool:
    """Whether this version has a command."""
    done = subprocess.run([sys.executable, "-m", "forecast", *words, "--help"], capture_output=True, check=False)
    return done.returncode == 0


def campaign(kills: int, seed: int, names: list[str] | None = None, say: Callable[[str], object] = print) -> int:
    """Kill each job in turn, as often as asked for; the number of kills after which something was wrong."""
    chance, bad, hits = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory(prefix="forecast-kills-") as folder:
        root, ready = Path(folder), {}
        for job in JOBS:
            if names and job.name not in names:
                continue
            if not has(job.words):
                say(f"{job.name}: skipped, this version has no such command")
                continue
            ready[job.name] = job, reference_of(job, root)
            say(f"{job.name}: an undisturbed call takes {ready[job.name][1].seconds:.1f} s")
        for number in range(kills):
            job, reference = list(ready.values())[number % len(ready)]
            moment = chance.uniform(0.0, 1.1 * reference.seconds)
            killed, wrong = faults_of(job, reference, root, moment)
            hits += killed
            bad += bool(wrong)
            for text in wrong:
                say(f"kill {number}, {job.name} after {moment:.2f} s: {text}")
    say(f"{kills} calls, {hits} of them killed before their end; {bad} left something wrong")
    return bad


def main() -> int:
    """Read the options and run the campaign."""
    parser = argparse.ArgumentParser(description="Kill commands at random moments and look at what is left.")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--job", action="append", help="only this job; repeatable")
    given = parser.parse_args()
    return 1 if campaign(given.kills, given.seed, given.job) else 0


if __name__ == "__main__":
    sys.exit(main())
