"""Chunks: every timeline once, whatever the size of a chunk and the number of threads; an error ends all."""

import threading
from collections import Counter

import pytest

from forecast.timeline.chunks import run_chunks


@pytest.mark.parametrize("count", [0, 1, 7, 50])
@pytest.mark.parametrize("size", [1, 3, 50, 80])
@pytest.mark.parametrize("threads", [1, 2, 5, None])
def test_every_timeline_is_run_once(count: int, size: int, threads: int | None) -> None:
    def run(own: list[int], a: int, b: int) -> None:
        assert 0 <= a < b <= min(a + size, count)
        own.extend(range(a, b))

    workspaces = run_chunks(count, size, list[int], run, threads)
    done = Counter(number for own in workspaces for number in own)
    assert done == Counter(range(count))
    assert len(workspaces) <= (threads or 64)


def test_each_thread_has_a_workspace_of_its_own() -> None:
    together = threading.Barrier(2, timeout=60)
    seen: list[int] = []

    def run(own: list[int], a: int, b: int) -> None:
        if a > 0:
            together.wait()
            seen.append(id(own))

    assert len(run_chunks(3, 1, list[int], run, 2)) == 2
    assert len(set(seen)) == 2


def test_the_first_chunk_runs_alone_in_the_calling_thread() -> None:
    where: dict[int, threading.Thread] = {}

    def run(own: None, a: int, b: int) -> None:
        where[a] = threading.current_thread()

    run_chunks(6, 1, lambda: None, run, 2)
    assert [a for a, thread in where.items() if thread is threading.main_thread()] == [0]
    assert next(iter(where)) == 0


def test_an_error_ends_the_work() -> None:
    done: list[int] = []

    def run(own: None, a: int, b: int) -> None:
        if a == 3:
            raise RuntimeError("in a chunk")
        done.append(a)

    with pytest.raises(RuntimeError, match="in a chunk"):
        run_chunks(1000, 1, lambda: None, run, 1)
    assert done == [0, 1, 2]
