"""Sweeps on a Dask cluster have the bytes of threads, also after workers or the scheduler were killed."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from places import TINY

from forecast.ensemble.request import RunRequest
from forecast.errors import Incomplete
from forecast.sweep import cluster
from forecast.sweep.cluster import on_cluster
from forecast.sweep.grid import grid
from forecast.sweep.result import save_result

REQUEST = RunRequest(TINY, perspective="base", prior_only=True, timelines=100)

BATCHES = 8

COMMON = ("sweep", "grid", str(TINY), "--perspective", "base", "--prior-only", "--timelines", "100")


class Processes:
    """A scheduler and workers of one thread as processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.started = folder, list[subprocess.Popen[bytes]]()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.begin()

    def begin(self) -> None:
        """Start a scheduler."""
        file = self.folder / f"scheduler-{len(self.started)}"
        words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        self.scheduler = self._start("distributed.cli.dask_scheduler", *words)
        while not (file.is_file() and (text := file.read_text()).rstrip().endswith("}")):
            assert self.scheduler.poll() is None
            time.sleep(0.1)
        self.address = next(part for part in text.split('"') if part.startswith("tcp://"))

    def work(self) -> None:
        """Start a worker."""
        words = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "300")
        self.workers.append(self._start("distributed.cli.dask_worker", self.address, *words))

    def _start(self, module: str, *words: str) -> "subprocess.Popen[bytes]":
        asked = [sys.executable, "-m", module, *words]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.started.append(subprocess.Popen(asked, cwd=self.folder, **quiet))
        return self.started[-1]

    def end(self) -> None:
        """Kill all that were started."""
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path)
    yield made
    made.end()


def swept(out: Path, notify: Callable[[str], None] = lambda _: None, *, resume: bool = False) -> dict[str, bytes]:
    """A small sweep in many batches: the bytes of its files, without the journal."""
    result = grid(REQUEST, [f"endings.failure=0.01:0.5:{BATCHES - 1}"], out=out, resume=resume, notify=notify)
    save_result(result, out)
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


def batches_in(out: Path) -> int:
    return len(list((out / "journal").glob("*.batch")))


def killing(process: "subprocess.Popen[bytes]", after: int) -> Callable[[str], None]:
    """A function that kills a process once a batch has finished."""

    def notify(text: str) -> None:
        if f"batch {after} of" in text:
            process.kill()
            process.wait()

    return notify


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch for each cell, and few of them at the cluster."""
    monkeypatch.setattr("forecast.sweep.engine.MEMORY", 1)
    monkeypatch.setattr(cluster, "MOST_SENT", 2)


def test_threads_and_workers_killed_or_not_give_the_same_bytes(processes: Processes, tmp_path: Path) -> None:
    expected = swept(tmp_path / "threads")
    processes.work()
    processes.work()
    with on_cluster(processes.address, 600.0):
        assert swept(tmp_path / "two-workers") == expected
        first, second = processes.workers
        assert swept(tmp_path / "worker-killed", killing(first, 2)) == expected
    out = tmp_path / "no-worker"
    with on_cluster(processes.address, 2.0), pytest.raises(Incomplete, match="2 s without a sign of life"):
        swept(out, killing(second, 2))
    assert 2 <= batches_in(out) < BATCHES
    processes.work()
    with on_cluster(processes.address, 600.0):
        assert swept(out, resume=True) == expected


def test_a_killed_scheduler_ends_the_sweep_which_can_go_on(processes: Processes, tmp_path: Path) -> None:
    expected = swept(tmp_path / "threads")
    processes.work()
    out = tmp_path / "out"
    with on_cluster(processes.address, 600.0) as connection:

        def kill(text: str) -> None:
            killing(processes.scheduler, 2)(text)
            connection.patience = 2.0 if "batch 2 of" in text else connection.patience

        with pytest.raises(Incomplete, match="is lost; 2 s without a sign of life"):
            swept(out, kill)
    assert 2 <= batches_in(out) < BATCHES
    assert swept(out, resume=True) == expected


def test_a_local_cluster_gives_the_same_bytes(tmp_path: Path) -> None:
    expected = swept(tmp_path / "threads")
    with on_cluster("local", 600.0):
        assert swept(tmp_path / "local") == expected


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("tcp://127.0.0.1:9", "no Dask scheduler answered at tcp://127.0.0.1:9 in"),
        ("127.0.0.1:8786", "expected local or tcp://HOST:PORT"),
    ],
)
def test_a_cluster_that_is_not_there_is_one_line(
    command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, found: str
) -> None:
    monkeypatch.setattr(cluster, "CONNECT", 0.5)
    words = ("--inputs", "endings.failure=0.01:0.5:2", "--out", str(tmp_path / "out"))
    done = command(*COMMON, *words, "--cluster", address)
    assert (done.code, done.out) == (2, "")
    assert found in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_lost_cluster_is_exit_code_7(
    command: Callable[..., Any], processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--inputs", "endings.failure=0.01:0.5:2", "--out", str(tmp_path / "out"))
    done = command(*COMMON, *words, "--cluster", processes.address, "--cluster-patience", "1")
    assert (done.code, done.out) == (7, "")
    assert "has no worker; 1 s without a sign of life, and 0 of 3 batches" in done.err
    assert f"finished batches are kept in {tmp_path / 'out'}: the same command with --resume goes on" in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert command(*COMMON, *words, "--resume").code == 0
