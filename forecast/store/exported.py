"""Files that a user asks for at a path of their own: written whole or not at all."""

from pathlib import Path

from forecast.errors import InputError, refusal_of
from forecast.locations import expanded
from forecast.store.whole_file import replace_file

CHARTS = (".svg", ".png")
"""Suffixes of charts."""


def chart_suffix(path: Path, option: str) -> str:
    """The suffix of a chart's file, in lower case.

    Raises:
        InputError: it is not that of a kind of chart.
    """
    suffix = path.suffix.lower()
    if suffix not in CHARTS:
        raise InputError(f"found {path.name[-60:]!r}; expected a name that ends in .svg or .png", key=option)
    return suffix


def export(path: Path, content: bytes, option: str) -> None:
    """Write a file, whole or not at all; a file that is there is replaced.

    Args:
        path: of the file; its folder must exist.
        content: of the file.
        option: by which the user named it, for errors.

    Raises:
        InputError: it cannot be written there.
        SystemRefusal: there is not enough space.
    """
    path = expanded(path)
    try:
        if path.is_dir():
            raise InputError("is a folder; expected the name of a file", file=path, key=option)
        replace_file(path, content)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and (refusal := refusal_of(error, path)):
            raise refusal from error
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be written ({why})", file=path, key=option, remedy="Name another file") from error
