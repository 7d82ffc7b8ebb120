"""The folders of the package and of its caches, and hashes of its source files."""

import ast
import atexit
import contextlib
import functools
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from forecast.errors import InputError

ROOT = Path(__file__).resolve().parent
"""The folder of the package `forecast`."""

SOURCES = (".py", ".j2")
"""Suffixes of the files that make the program."""


PRIVATE = 0o700
"""Permissions of the folders of compiled code."""

MARKER = ".made-by-forecast"
"""File that marks a hidden folder as ours: one without it is never touched."""

STALE_SECONDS = 86_400.0
"""Age beyond which a hidden folder of ours is taken to come from a killed process."""

CACHE_VARIABLE = "FORECAST_CACHE"
"""Environment variable that names the cache folder."""


DATA_VARIABLE = "FORECAST_DATA"
"""Environment variable that names the user's data folder."""


def data_root() -> Path | None:
    """The user's data folder for this program, used where there is no project: `$FORECAST_DATA`, else the platform's.

    Returns:
        the folder, which need not exist; None for a user without a home.
    """
    if (given := folder_in_variable(DATA_VARIABLE)) is not None:
        return given
    with contextlib.suppress(RuntimeError):  # there is no home
        usual = user_data_path("forecast")
        if usual.is_absolute():
            return usual
    return None


def in_checkout() -> bool:
    """Whether the package runs from a checkout of its repository."""
    return (ROOT.parent / "pyproject.toml").is_file()


def in_project() -> bool:
    """Whether the current folder is a project: it has a folder `priors` or `runs`, or the package is a checkout's."""
    return in_checkout() or any(Path(name).is_dir() for name in ("priors", "runs"))


def cache_root() -> Path:
    """The user's cache folder for this program: `$FORECAST_CACHE`, else the platform's.

    A user without a home gets a private temporary folder, which is removed at the end of the process.
    """
    if (given := folder_in_variable(CACHE_VARIABLE)) is not None:
        return given
    with contextlib.suppress(RuntimeError):  # there is no home
        usual = user_cache_path("forecast")
        if usual.is_absolute():
            return usual
    return _temporary()


def expanded(path: Path) -> Path:
    """A path that the user gave, with `~` replaced by the home folder.

    Raises:
        InputError: the home folder is not known.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise InputError("the home folder of ~ is not known", file=path, remedy="Write the whole path") from error


def folder_in_variable(name: str) -> Path | None:
    """The folder that an environment variable names; None if it is not set or empty. The folder need not exist."""
    given = os.environ.get(name)
    return expanded(Path(given)) if given else None


@functools.cache
def _temporary() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="forecast-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def private_folder(folder: Path) -> bool:
    """Make a folder for compiled code, closed to everybody but the user.

    Returns:
        whether it is such a folder now and can be read. If not, it must not be used.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=PRIVATE, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            return False
        if _open_to_others(folder):
            folder.chmod(PRIVATE)
        return not _open_to_others(folder) and os.access(folder, os.R_OK | os.X_OK)
    except OSError:
        return False


def _open_to_others(folder: Path) -> bool:
    return bool(stat.S_IMODE(folder.stat().st_mode) & ~PRIVATE)


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder. `Path.rglob` would skip a folder that cannot be read, without a word.

    Raises:
        OSError: a folder cannot be read.
    """
    for at, _, names in folder.walk(on_error=_refuse):
        for name in names:
            yield at / name


def _refuse(error: OSError) -> None:
    raise error


def source_files(*parts: str) -> Iterator[Path]:
    """Give the program's files in some of its packages or modules, sorted within each; by default all files.

    Args:
        parts: paths within the package, such as `timeline` or `scenario/elicit.py`.

    Raises:
        FileNotFoundError: a part does not exist.
    """
    for part in parts or (".",):
        place = ROOT / part
        if not place.exists():
            raise FileNotFoundError(place)
        for path in sorted(place.rglob("*")) if place.is_dir() else (place,):
            # A wheel contains a copy of the scenarios, which are not part of the program.
            if path.suffix in SOURCES and path.relative_to(ROOT).parts[0] != "priors":
                yield path


def source_digest(*parts: str) -> str:
    """SHA-256 of the names and bytes of the program's files in some of its packages or modules; by default all."""
    digest = hashlib.sha256()
    for path in source_files(*parts):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def behaviour_digest(*parts: str) -> str:
    """SHA-256 of the behaviour of Python files: of their syntax trees, without comments, docstrings and file names.

    Args:
        parts: as for `source_files`.
    """
    trees = sorted(ast.dump(_without_docstrings(path)) for path in source_files(*parts) if path.suffix == ".py")
    return hashlib.sha256("\0".join(trees).encode()).hexdigest()


def _without_docstrings(path: Path) -> ast.Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body: list[ast.stmt] = getattr(node, "body", [])
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                line for line in body if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
            ]
    return tree
