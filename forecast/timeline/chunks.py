"""Work on many timelines in chunks, shared among threads."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from forecast.machine import usable_processors


def run_chunks[W](
    count: int,
    size: int,
    workspace: Callable[[], W],
    run: Callable[[W, int, int], None],
    threads: int | None = None,
) -> list[W]:
    """Run all chunks. Neither the size of a chunk nor the number of threads changes the results.

    Args:
        count: number of timelines.
        size: number of timelines in a chunk.
        workspace: makes the arrays of one thread.
        run: works with these arrays on the timelines from one number up to, but not including, another.
        threads: number of threads, by default the number of processors that this process may use.

    Returns:
        The work spaces, one for each thread.
    """
    chunks = [(a, min(a + size, count)) for a in range(0, count, size)]
    workers = min(threads or usable_processors(), len(chunks))
    stop = threading.Event()

    def work(own: W, mine: list[tuple[int, int]]) -> None:
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            for a, b in mine:
                if stop.is_set():
                    break
                run(own, a, b)

    spaces = [workspace() for _ in range(workers)]
    # The first chunk may compile, which takes minutes: in the calling thread an interrupt ends that.
    for own in spaces[:1]:
        work(own, chunks[:1])
    if workers <= 1:
        for own in spaces:
            work(own, chunks[1:])
        return spaces
    with ThreadPoolExecutor(workers) as pool:
        try:
            list(pool.map(work, spaces, (chunks[1 + k :: workers] for k in range(workers))))
        except BaseException:
            stop.set()  # an interrupt waits only for the chunks that are running
            raise
    return spaces
