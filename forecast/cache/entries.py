"""Storing and removing an entry of the cache, whole or not at all.

An entry is a folder. A process that loads an entry while another one removes it computes it again.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from forecast.cache.hidden import hidden_folder, remove
from forecast.cache.limit import keep_below_limit, mark_used

_log = logging.getLogger("forecast")


def store_entry(what: str, place: Path, write: Callable[[Path], None]) -> None:
    """Write an entry of the cache, complete or not at all, then keep the cache below its limit.

    A failure is logged as a warning.

    Args:
        what: the entry's name in the log.
        place: the entry's folder. If another process has made it in the meantime, that folder stays.
        write: writes the entry's files into a hidden folder, which is then renamed.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with hidden_folder(place.parent) as part:
            whole = part / place.name
            whole.mkdir()
            write(whole)
            try:
                whole.rename(place)
            except OSError:
                if not place.is_dir():
                    raise
        mark_used(place)
    except OSError as error:
        _log.warning("%s cannot be saved in %s (%s); it will be computed again next time", what, place.parent, error)
    keep_below_limit()


def remove_entry(place: Path) -> None:
    """Remove a whole entry, even if another process has just replaced it by a good one: it is only computed again."""
    try:
        remove(place)
    except OSError as error:
        _log.warning("the cached entry %s cannot be removed (%s)", place, error)
