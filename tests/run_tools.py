"""Fixtures for tests of whole runs: made in this process, or by the true command."""

import contextlib
import fcntl
import functools
import json
import logging
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import TINY

from forecast.belief.fit import Diagnostics, Fit, SamplerSettings
from forecast.belief.model import Families, Shapes, prior_fit
from forecast.cli import app
from forecast.ensemble.request import RunRequest
from forecast.locations import cache_root
from forecast.pipeline import workflow
from forecast.scenario.elicit import Marginal
from forecast.store.digests import file_digest
from forecast.store.manifest import MANIFEST
from forecast.store.saved_run import Run, open_run

SAMPLED_TIMELINES = 4000

KEPT_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
"""Signals that the command handles in its own way."""


@functools.cache
def empty_netcdf() -> bytes:
    """A netCDF file with nothing in it."""
    import xarray

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.nc"
        xarray.DataTree().to_netcdf(path, engine="h5netcdf")
        return path.read_bytes()


class MadeUpSampler:
    """Stands where the compiled model does, and gives draws of the prior at once.

    Attributes:
        diagnostics: what it says of its chains.
        fits: how often it was asked.
    """

    def __init__(self) -> None:
        self.diagnostics = Diagnostics(rhat=1.001, ess_bulk=2000.0, ess_tail=2000.0, divergences=0)
        self.fits = 0

    def compiled(self, form: Shapes, kinds: Families) -> "MadeUpSampler":
        return self

    def fit(
        self,
        data: Mapping[str, Any],
        priors: Mapping[str, Marginal],
        sampler: SamplerSettings,
        *,
        progress: bool = False,
    ) -> Fit:
        self.fits += 1
        return replace(prior_fit(data, priors, sampler), diagnostics=self.diagnostics, netcdf=empty_netcdf())


@pytest.fixture
def sampler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeUpSampler:
    """A made-up sampler, and an empty cache."""
    made_up = MadeUpSampler()
    monkeypatch.setattr("forecast.belief.update._compiled", made_up.compiled)
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path / "cache"))
    return made_up


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the made-up scenario, from its priors alone. Not to be changed: see `kept_copy`."""
    return workflow.run(RunRequest(TINY, runs=tmp_path_factory.mktemp("kept"), timelines=4000, prior_only=True))


@pytest.fixture
def kept_copy(kept: Run, tmp_path: Path) -> Path:
    """A copy of that run's folder, alone in a folder of runs, to be damaged."""
    return shutil.copytree(kept.folder, tmp_path / "runs" / kept.id)


@dataclass(frozen=True)
class Sampled:
    """A run made by the command as users call it, the sampler at work.

    Attributes:
        code: its exit code.
        out: its standard output.
        err: its standard error.
        runs: the folder of runs.
        cache: the cache it filled.
    """

    code: int
    out: str
    err: str
    runs: Path
    cache: Path

    @property
    def folder(self) -> Path:
        (folder,) = self.runs.iterdir()
        return folder


@pytest.fixture(scope="session")
def sampled(kept: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sampled, Sampled]:
    """The same run twice: the first samples, the only true sampling of these tests; the second finds its fit cached.

    The first has standard error on a terminal, one thread, an empty cache, and an empty folder for what PyTensor
    compiles. The second has -v and two threads. Of several workers the first to ask makes them, and the others wait.
    (`kept` is asked for so that the simulator is compiled once, before both.)
    """
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sampled"
    place.mkdir(exist_ok=True)
    record = place / "sampled.json"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            record.write_text(json.dumps([asdict(run) for run in _sample_twice(place)], default=str))
    first, second = (
        Sampled(**run | {"runs": Path(run["runs"]), "cache": Path(run["cache"])})
        for run in json.loads(record.read_text())
    )
    return first, second


def _sample_twice(place: Path) -> tuple[Sampled, Sampled]:
    """Make the two runs in a folder."""
    first, second = place / "first", place / "second"
    common = ["run", str(TINY), "--timelines", str(SAMPLED_TIMELINES), "--json"]
    leader, follower = pty.openpty()
    flags = f"base_compiledir={first / 'pytensor'}"
    one = command_started(first, [*common, "--threads", "1"], stderr=follower, TERM="xterm", PYTENSOR_FLAGS=flags)
    os.close(follower)
    with ThreadPoolExecutor(1) as pool:
        screen = pool.submit(_read_all, leader)
        out, _ = one.communicate(timeout=600)
        made = Sampled(one.returncode, out.decode(), screen.result(), first / "runs", first / "cache")
    os.close(leader)
    shutil.copytree(made.cache / "posterior", second / "cache" / "posterior")
    two = command_started(second, [*common, "--threads", "2", "-v"], stderr=subprocess.PIPE)
    out, err = two.communicate(timeout=600)
    return made, Sampled(two.returncode, out.decode(), err.decode(), second / "runs", second / "cache")


def command_started(place: Path, args: list[str], *, stderr: Any, **environment: str) -> "subprocess.Popen[bytes]":
    """Start `python -m forecast` in a folder, with runs and posteriors of its own; compiled code is shared."""
    cache = place / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    if not (cache / "compiled").exists():
        (cache_root() / "compiled").mkdir(parents=True, exist_ok=True)
        (cache / "compiled").symlink_to((cache_root() / "compiled").resolve(), target_is_directory=True)
    outside = {name: value for name, value in os.environ.items() if not name.startswith("FORECAST_")}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "forecast", *args],
        cwd=place,
        env=outside | {"FORECAST_CACHE": str(cache)} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
    )


def _read_all(terminal: int) -> str:
    parts = []
    with contextlib.suppress(OSError):  # a terminal that nobody writes to any more is told by an error
        while part := os.read(terminal, 65536):
            parts.append(part)
    return b"".join(parts).decode()


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Callable[..., Done]]:
    """The command in this process: called with its arguments; runs are kept in `tmp_path / "runs"`."""
    monkeypatch.setenv("FORECAST_RUNS", str(tmp_path / "runs"))
    log = logging.getLogger("forecast")
    level = log.level
    handlers = {number: signal.getsignal(number) for number in KEPT_SIGNALS}
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)

    def call(*args: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["forecast", *map(str, args)])
        capsys.readouterr()
        code = 0
        try:
            app.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return Done(code, out, err)

    yield call
    log.setLevel(level)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def contents(folder: Path, *leaving_out: str) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).as_posix() not in leaving_out
    }


def same(one: Fit, other: Fit) -> bool:
    """Whether two fits are equal, byte for byte, with their draws in the same order."""
    return (
        one.diagnostics == other.diagnostics
        and one.netcdf == other.netcdf
        and (list(one.scores), list(one.states), list(one.paths))
        == (list(other.scores), list(other.states), list(other.paths))
        and all(np.array_equal(one.scores[name], other.scores[name]) for name in one.scores)
        and all(np.array_equal(one.states[name], other.states[name]) for name in one.states)
        and all(np.array_equal(one.paths[name], other.paths[name], equal_nan=True) for name in one.paths)
    )


def changed(folder: Path, change: Callable[[dict[str, Any]], None]) -> Run:
    """A run whose manifest is changed, and hashes its files as they now are."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    change(manifest)
    for name in manifest["files"]:
        manifest["files"][name] = file_digest(folder / name)
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return open_run(folder)


def other_code(manifest: dict[str, Any]) -> None:
    manifest["hashes"]["code"] = "0" * 64


@pytest.fixture(scope="session")
def ukraine_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the real scenario under the base premises, from its priors alone."""
    return workflow.run(
        RunRequest(
            "ukraine-2025", runs=tmp_path_factory.mktemp("runs"), timelines=6000, prior_only=True, perspective="base"
        )
    )


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of three timelines of one draw."""
    return workflow.run(RunRequest(TINY, runs=tmp_path_factory.mktemp("runs"), timelines=3, prior_only=True))


@pytest.fixture(params=["kept", "ukraine_run", "few", "sampled"])
def run(request: pytest.FixtureRequest) -> Run:
    found = request.getfixturevalue(request.param)
    return open_run(found[0].folder) if request.param == "sampled" else found


def entries(content: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every entry of odds in a summary, by its dotted name."""
    if isinstance(content, dict):
        if "probability" in content:
            yield name, content
        else:
            for key, inner in content.items():
                yield from entries(inner, f"{name}.{key}" if name else key)
