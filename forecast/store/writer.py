"""Writing a run's folder, whole or not at all."""

import contextlib
import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forecast.errors import InputError, SystemRefusal, refusal_of
from forecast.locations import files_below
from forecast.store import atomic
from forecast.store.digests import file_digest
from forecast.store.json_text import to_json
from forecast.store.manifest import ATTACHED, MANIFEST, own_files
from forecast.store.marks import marks_of
from forecast.store.saved_run import Run

WAITS = (0.05, 0.05, 0.05, 0.05, 0.0)
"""Seconds between looks at a name that is taken."""

_finished: list[tuple[Path, str]] = []
"""Folder and manifest of each run that this process was about to move to its place."""


def saved_here() -> Path | None:
    """The folder of the last run that this process saved, if it is still there."""
    for folder, manifest in reversed(_finished):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if (folder / MANIFEST).read_text(encoding="utf-8") == manifest:
                return folder
    return None


def forget_saved() -> None:
    """Begin a command: runs that were saved before in this process are no longer meant by `saved_here`."""
    _finished.clear()


class Writer:
    """Writes a run's folder, whole or not at all: in a hidden folder, which is moved once it has its manifest.

    Use it as a context manager. If an exception is raised inside, the folder is removed. A former run of the same name
    is replaced. Its files that are not the run's are copied into the new folder. Anything else with that name stays.

    Args:
        kept: folder of saved runs.
        name: name of the run.
        at_least: bytes that the run needs at least.

    Raises:
        InputError: the folder cannot be written, or something that is not a run has the name.
        SystemRefusal: there is not enough space.
    """

    def __init__(self, kept: Path, name: str, at_least: int = 0) -> None:
        self.target = kept / name
        self._made: list[Path] = []
        try:
            self._check_name()
            self._made = [path for path in (kept, *kept.parents) if not path.exists()]
            kept.mkdir(parents=True, exist_ok=True)
            atomic.settle(kept)
            self._check_space(at_least)
            self.folder = atomic.new_folder(kept, name)
        except OSError as error:
            self._unmake()
            refusal = refusal_of(error, kept)
            if isinstance(refusal, SystemRefusal):
                raise refusal from error
            raise InputError(
                f"runs cannot be saved in {kept}: {error.strerror}",
                key="--runs",
                remedy="Name a folder that can be written",
            ) from error
        except BaseException:  # an interrupt, too
            self._unmake()
            raise

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        atomic.discard(self.folder)
        if kind is not None:
            with contextlib.suppress(OSError):
                atomic.settle(self.target.parent)
            self._unmake()

    def rename(self, name: str) -> None:
        """Save the run under another name in the same folder.

        Raises:
            InputError: something that is not a run has the name.
        """
        self.target = self.target.parent / name
        self._check_name()

    def _unmake(self) -> None:
        """Remove the folders that were made for the run, innermost first, unless they contain something else."""
        with contextlib.suppress(OSError):
            for path in self._made:
                path.rmdir()

    def _check_name(self) -> None:
        """Refuse a name that is taken by something that is not a run, or by a published run.

        Raises:
            InputError: it is taken.
        """
        if self.target.name == ATTACHED:
            what = f"{ATTACHED} cannot be the name of a run: it has the files that are made from runs"
            raise InputError(what, file=self.target)
        if marks_of(self.target.parent, self.target.name).publication is not None and os.path.lexists(self.target):
            what = "the run was published, and a published run is never replaced"
            remedy = "`forecast show` opens it, `forecast verify` checks it"
            raise InputError(what, file=self.target, remedy=remedy)
        for wait in WAITS:  # another process may be replacing the run
            if not os.path.lexists(self.target) or atomic.ours(self.target):
                return
            time.sleep(wait)
        raise self._taken()

    def _taken(self) -> InputError:
        what = f"this folder has the name of the run, but is not a saved run: it has no sound {MANIFEST}"
        if not self.target.is_dir():
            what = "a file has the name of the run"
        elif self.target.is_symlink():
            what = "a link has the name of the run"
        return InputError(what, file=self.target, remedy="Move it elsewhere")

    def _check_space(self, at_least: int) -> None:
        kept = self.target.parent
        try:
            free = shutil.disk_usage(kept).free
        except OSError:
            return
        if free < at_least:
            what = f"{kept}: {free / 1e6:.1f} MB are free, and the run needs at least {at_least / 1e6:.1f} MB"
            raise SystemRefusal(f"{what}. Free some space or name another folder with --runs")

    @contextlib.contextmanager
    def saving(self) -> Iterator[None]:
        """Report errors of the system while files are written with the folder of runs as their path.

        Raises:
            ForecastError: for example, the disk is full.
        """
        try:
            yield
        except OSError as error:
            inside = error.filename is None or str(self.folder.parent) in os.fsdecode(error.filename)
            named = OSError(error.errno, error.strerror, os.fspath(self.target.parent)) if inside else error
            if refusal := refusal_of(named):
                raise refusal from error
            raise

    def text(self, name: str, content: str) -> None:
        """Write a text file, as UTF-8 with plain newlines."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")

    def finish(self, manifest: dict[str, Any]) -> Run:
        """Write the manifest with the hash of every file, and move the folder to its place.

        A former run of the same name is removed only then.

        Raises:
            InputError: something that is not a run has the name.
        """
        files = sorted(files_below(self.folder))
        manifest = manifest | {"files": {path.relative_to(self.folder).as_posix(): file_digest(path) for path in files}}
        text = to_json(manifest)
        self.text(MANIFEST, text)
        _finished.append((self.target, text))
        try:
            atomic.put(self.folder, self.target, self._carry)
        except atomic.NotOurs as error:
            raise self._taken() from error
        return Run(self.target, manifest)

    def _carry(self, former: Path) -> bool:
        """Copy the files in the former run's folder that are not the run's, such as notes of the user's."""
        own, copied = own_files(former) or set(), False
        for path in sorted(files_below(former)):
            name = path.relative_to(former)
            copy = self.folder / name
            if name.as_posix() in own or os.path.lexists(copy):
                continue
            if not stat.S_ISLNK(mode := path.lstat().st_mode) and not stat.S_ISREG(mode):
                what = "is neither a file nor a folder, and the run would be saved over it"
                raise InputError(what, file=self.target / name, remedy="Move it elsewhere")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy, follow_symlinks=False)
            copied = True
        return copied
