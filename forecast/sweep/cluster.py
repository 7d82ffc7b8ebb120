"""Batches of a sweep on a Dask cluster.

Batches are taken as they finish, and the journal stays in this process, so a lost worker or scheduler costs only the
batches under way. distributed itself never gives up: results are awaited for ever once all workers are gone (its issue
1110), and a scheduler that restarts cancels all futures (4400). So futures are not awaited here. Their states are read
at short intervals, batches that were lost are sent again, and the sweep ends after a time without a sign of life: no
batch has finished, and no worker has been heard from. A worker at work may take as long as it needs, since a first
batch may have to compile.
"""

import contextlib
import logging
import pickle
import re
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import resource_tracker
from typing import Any

import numpy as np

from forecast.errors import Incomplete, InputError
from forecast.inputs.parsing import shortened
from forecast.locations import source_digest
from forecast.sweep.batches import Batch, use_runner
from forecast.sweep.engine import Cell, Engine
from forecast.sweep.outputs import Codes

LOCAL = "local"
"""Address for which a cluster is started on this machine."""

WORKERS = 2
"""Workers of that cluster, each with one thread."""

PATIENCE = 60.0
"""Seconds without a sign of life after which a sweep ends with what it has, by default."""

CONNECT = 10.0
"""Seconds that a scheduler has to answer."""

ANSWER = 5.0
"""Seconds that a scheduler has to answer a question on a connection that exists."""

MOST_SENT = 64
"""Batches that are at the cluster at once, which limits the scheduler's memory."""

POLL, LOOK = 0.02, 1.0
"""Seconds between looks at the states of futures, and at the workers."""

OPTION = "--cluster"

_QUIET = ("distributed", "distributed.client", "distributed.gc", "tornado.application")
"""Loggers of distributed: an error is one line of ours."""

_ADDRESS = re.compile(r"tcp://[^\s/:]+:\d{1,5}|tcp://\[[0-9a-fA-F:]+\]:\d{1,5}")


@contextmanager
def on_cluster(address: str, patience: float = PATIENCE) -> "Iterator[Connection]":
    """Let the sweeps inside simulate their batches on a Dask cluster. The results have the same bytes as with threads.

    Args:
        address: of a scheduler, `tcp://HOST:PORT`; or `local`, to start one with two workers here.
        patience: seconds without a sign of life after which a sweep ends.

    Raises:
        InputError: dask is not installed, the address is none, no scheduler answers, or its workers have another
            version of the program.
        Incomplete: raised by a sweep inside, after the time without a sign of life.
    """
    if address != LOCAL and not _ADDRESS.fullmatch(address):
        what = f"found {shortened(address)!r}; expected {LOCAL} or tcp://HOST:PORT"
        raise InputError(what, key=OPTION, remedy="Such as tcp://127.0.0.1:8786")
    dask, distributed = _libraries()
    with contextlib.ExitStack() as stack:
        # An engine is sent once, as a task, so that a worker that was lost can be replaced.
        stack.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}))
        target = address
        if address == LOCAL:
            with _interrupts_held():
                started = distributed.LocalCluster(
                    n_workers=WORKERS,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    memory_limit=0,
                    silence_logs=logging.CRITICAL,
                )
                stack.enter_context(started)
            target = started.scheduler_address
        cluster = Connection(distributed, target, patience)
        stack.callback(cluster.close)
        with use_runner(cluster.run):
            yield cluster


class Connection:
    """A connection to a scheduler.

    Args:
        distributed: the library.
        address: of the scheduler.
        patience: seconds without a sign of life after which a sweep ends.

    Raises:
        InputError: no scheduler answers.
    """

    def __init__(self, distributed: Any, address: str, patience: float) -> None:
        self.distributed, self.address, self.patience = distributed, address, patience
        self.engines: dict[int, tuple[Engine, int, Any]] = {}
        self.seen: dict[str, float] = {}
        begun = time.monotonic()
        try:
            self.client = self._connect(CONNECT)
        except (OSError, TimeoutError) as error:
            what = f"no Dask scheduler answered at {address} in {time.monotonic() - begun:.0f} s"
            raise InputError(
                what, key=OPTION, remedy="Start one with dask scheduler, or leave the option out"
            ) from error

    def _connect(self, seconds: float) -> Any:
        return self.distributed.Client(self.address, timeout=seconds, set_as_default=False)

    def close(self) -> None:
        """Leave the cluster; batches under way are given up."""
        self.engines.clear()
        with contextlib.suppress(OSError, TimeoutError):
            self.client.close(timeout=ANSWER)

    def run(self, batches: Sequence[Batch], notify: Callable[[str], None]) -> Iterator[tuple[int, Codes]]:
        """Simulate batches; see `forecast.sweep.batches.Runner`.

        Raises:
            Incomplete: there was no sign of life for too long.
            InputError: the workers have another version of the program.
        """
        waiting, sent = deque(range(len(batches))), dict[int, Any]()
        done, alive = 0, time.monotonic()
        looked = alive
        while waiting or sent:
            for number, future in list(sent.items()):
                if future.status == "pending":
                    continue
                del sent[number]
                codes = self._codes_of(future)
                if codes is None:
                    waiting.appendleft(number)
                    continue
                done += 1
                notify(f"{batches[number].words}, batch {done} of {len(batches)} finished")
                yield number, codes
                alive = looked = time.monotonic()
            if waiting and len(sent) < MOST_SENT and self._connected():
                number = waiting.popleft()
                sent[number] = self._send(batches[number])
                continue
            now = time.monotonic()
            if now - looked > LOOK:
                alive = time.monotonic() if self._heard_from_workers() else alive
                looked = time.monotonic()
            if now - alive > self.patience:
                raise Incomplete(
                    f"{self._loss()}; {self.patience:g} s without a sign of life, and {done} of {len(batches)} "
                    "batches of this step had finished"
                )
            time.sleep(POLL)

    def _connected(self) -> bool:
        """Whether the scheduler is there, after another try if distributed has given up."""
        if self.client.status == "closed":
            with contextlib.suppress(OSError, TimeoutError):
                self.client = self._connect(min(ANSWER, self.patience))
        return bool(self.client.status == "running")

    def _heard_from_workers(self) -> bool:
        """Whether a worker has reported to the scheduler since the last call; the first time, whether there is one."""
        if self.client.status != "running":
            return False
        try:
            found = self.client.sync(self.client.scheduler.identity, n_workers=-1, callback_timeout=ANSWER)
        except (OSError, TimeoutError):
            return False
        seen = {name: float(worker["last_seen"]) for name, worker in found["workers"].items()}
        before, self.seen = self.seen, seen
        return any(before.get(name) != when for name, when in seen.items())

    def _loss(self) -> str:
        """The part of the cluster that is lost, in words."""
        if self.client.status != "running":
            return f"the Dask scheduler at {self.address} is lost"
        return (
            f"no worker of the Dask scheduler at {self.address} answers"
            if self.seen
            else (f"the Dask scheduler at {self.address} has no worker")
        )

    def _send(self, batch: Batch) -> Any:
        """Send a batch; give its future."""
        engine, size = batch.engine, len(batch.engine.bases)
        loaded = self.engines.get(id(engine))
        if loaded is None or loaded[1] != size or loaded[2].status not in ("pending", "finished"):
            there = self.client.submit(_load, pickle.dumps(engine), source_digest(), pure=False)
            loaded = self.engines[id(engine)] = engine, size, there
        return self.client.submit(_simulate, loaded[2], list(batch.cells), batch.replicates, pure=False)

    def _codes_of(self, future: Any) -> Codes | None:
        """The codes of a batch; None if they were lost and the batch has to be sent again.

        Raises:
            InputError: the workers have another version of the program.
        """
        try:
            if future.status == "finished":
                return np.asarray(future.result(timeout=ANSWER), np.uint8)
            error = future.exception(timeout=ANSWER) if future.status == "error" else None
        except (OSError, TimeoutError, self.distributed.CancelledError):
            return None
        if error is None or isinstance(error, self.distributed.KilledWorker):
            return None
        if isinstance(error, ImportError | AttributeError | pickle.UnpicklingError):
            what = f"the workers at {self.address} lack this version of the program ({error})"
            raise InputError(what, key=OPTION, remedy="Install the same version of forecast on them") from error
        raise error


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold SIGINT back until the end, and keep it from the processes started inside.

    A terminal sends Ctrl-C to the workers too, which would print their tracebacks.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # otherwise multiprocessing starts it inside, and then lets SIGINT through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _load(content: bytes, source: str) -> Engine:
    """Make an engine on a worker.

    Raises:
        ImportError: the worker has another version of the program.
    """
    if source_digest() != source:
        raise ImportError("its source files differ")
    engine: Engine = pickle.loads(content)
    engine.threads = 1  # a worker has a thread for each batch
    return engine


def _simulate(engine: Engine, cells: Sequence[Cell], replicates: Sequence[int]) -> Codes:
    """Simulate a batch on a worker."""
    return np.stack(engine.run(cells, replicates))


def _libraries() -> tuple[Any, Any]:
    """Dask and distributed, made quiet.

    Raises:
        InputError: they are not installed.
    """
    try:
        dask, distributed = import_module("dask"), import_module("distributed")
    except ImportError as error:
        what = f"{error.name or 'dask'} is not installed"
        raise InputError(what, key=OPTION, remedy="Install it with: pip install 'forecast[cluster]'") from error
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return dask, distributed
