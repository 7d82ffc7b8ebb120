"""The calibration tier: tests that fit simulated evidence, run when the sources that they test have changed.

    python tests/calibration.py          run the tier and write its stamp, tests/calibration.json
    python tests/calibration.py --check  say whether the stamp is of the present sources; exit code 1 if it is not

The stamp has digests of the sources tested and the result of each test. Digests ignore comments and docstrings, so a
mended sentence asks for no new fits. CI checks the stamp, and runs the tier where a digest differs.
"""

import ast
import hashlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from forecast.locations import behaviour_digest

REPOSITORY = Path(__file__).resolve().parents[1]
STAMP = REPOSITORY / "tests" / "calibration.json"

TESTED = ("belief", "scenario/elicit.py", "scenario/families.py", "timeline", "encoding", "replay", "sweep")
"""The packages and modules whose behaviour the tier tests."""

LIBRARIES = ("numba", "nutpie", "numpy", "pymc", "pytensor", "scipy")
"""Libraries whose version may change a fit."""


def digests() -> dict[str, str]:
    """Digests of the sources tested, of the priors, of the tests themselves, and of the versions of libraries."""
    pinned = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    versions = sorted(line.split(";")[0].strip() for line in pinned if line.split("==")[0] in LIBRARIES)
    tests = sorted(path for path in (REPOSITORY / "tests").rglob("*.py") if _is_calibration(path))
    found = {part: behaviour_digest(part) for part in TESTED}
    found |= {path.relative_to(REPOSITORY).as_posix(): _digest(path.read_text(encoding="utf-8")) for path in tests}
    found |= {
        f"priors/{path.name}": numbers(path) for path in sorted((REPOSITORY / "priors").iterdir()) if path.is_dir()
    }
    return found | {"libraries": _digest("\n".join(versions))}


def numbers(scenario: Path) -> str:
    """Digest of a scenario's priors: all that its TOML files say but for sentences. Ids count, in lists and as keys."""
    tables = {path.name: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(scenario.glob("*.toml"))}
    return _digest(json.dumps(_without_sentences(tables), default=str))


def _without_sentences(table: dict[str, Any]) -> dict[str, Any]:
    """A table without its texts, but for those in lists."""
    kept = {key: value for key, value in table.items() if not isinstance(value, str)}
    for key, value in kept.items():
        if isinstance(value, dict):
            kept[key] = _without_sentences(value)
        elif isinstance(value, list):
            kept[key] = [_without_sentences(item) if isinstance(item, dict) else item for item in value]
    return kept


def _is_calibration(path: Path) -> bool:
    """Whether a file has tests of the tier."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.Attribute) and node.attr == "calibration" for node in ast.walk(tree))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Results:
    """A pytest plugin that keeps the outcome of each test."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep the outcome of a test: that of its call, or of a phase that failed."""
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[report.nodeid] = report.outcome


def differences() -> list[str]:
    """What the stamp says of other sources than the present ones, or of tests that did not pass."""
    if not STAMP.is_file():
        return ["there is no stamp"]
    stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    now = digests()
    changed = [name for name in sorted(now | stamp["sources"]) if now.get(name) != stamp["sources"].get(name)]
    failed = [name for name, outcome in stamp["results"].items() if outcome != "passed"]
    return changed + failed + ([] if stamp["results"] else ["the stamp has no results"])


def run() -> int:
    """Run the tier and write the stamp; returns pytest's exit code."""
    before, results = digests(), Results()
    code = pytest.main(["-m", "calibration", "--dist", "load", str(REPOSITORY / "tests")], plugins=[results])
    stamp = {"sources": before, "results": dict(sorted(results.outcomes.items()))}
    STAMP.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8", newline="\n")
    return int(code)


def main() -> None:
    """Check the stamp, or run the tier."""
    if sys.argv[1:] == ["--check"]:
        found = differences()
        print("\n".join(["The stamp of the calibration tier is out of date:", *found]) if found else "up to date")
        sys.exit(bool(found))
    sys.exit(run())


if __name__ == "__main__":
    main()
