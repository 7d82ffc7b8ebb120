"""Writing a run's folder, whole or not at all."""

import contextlib
import shutil
from pathlib import Path
from typing import Any

from forecast.errors import InputError
from forecast.store import atomic
from forecast.store.digests import file_digest
from forecast.store.json_text import to_json
from forecast.store.manifest import MANIFEST
from forecast.store.saved_run import Run


class Writer:
    """Writes a run's folder, whole or not at all: a hidden folder, which is renamed once it has its manifest.

    Use it as a context manager. If an exception is raised inside, the folder is removed.
    """

    def __init__(self, kept: Path, name: str) -> None:
        self.target = kept / name
        self._made: list[Path] = []
        try:
            self._made = [path for path in (kept, *kept.parents) if not path.exists()]
            kept.mkdir(parents=True, exist_ok=True)
            atomic.settle(kept)
            self.folder = atomic.new_folder(kept, name)
        except OSError as error:
            self._unmake()
            raise InputError(
                f"runs cannot be saved in {kept}: {error.strerror}",
                key="--runs",
                remedy="Name a folder that can be written",
            ) from error
        self.folder.chmod(0o755)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if kind is not None:
            with contextlib.suppress(OSError):
                atomic.settle(self.folder.parent)
            self._unmake()

    def _unmake(self) -> None:
        """Remove the folders that were made for the run, innermost first, unless they contain something else."""
        with contextlib.suppress(OSError):
            for path in self._made:
                path.rmdir()

    def rename(self, name: str) -> None:
        """Set the run's final name."""
        self.target = self.target.with_name(name)

    def text(self, name: str, content: str) -> None:
        """Write a text file, as UTF-8 with plain newlines."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")

    def finish(self, manifest: dict[str, Any]) -> Run:
        """Write the manifest with the hash of every file, and move the folder to its place.

        A former run of the same name is removed only then.

        Raises:
            InputError: there is a file, not a folder, of that name.
        """
        if self.target.is_file():  # checked once: another process may be moving the same run there
            raise InputError("a file has the name of the run", file=self.target, remedy="Move it elsewhere")
        files = atomic.files_below(self.folder)
        manifest = manifest | {"files": {path.relative_to(self.folder).as_posix(): file_digest(path) for path in files}}
        self.text(MANIFEST, to_json(manifest))
        atomic.put(self.folder, self.target)
        return Run(self.target, manifest)
