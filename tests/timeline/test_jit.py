"""The compiled simulator is the source: the same bytes as uncompiled, and an edit anywhere is noticed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from places import TINY
from timeline_tools import Inputs, new_process, run, run_uncompiled, ukraine_inputs

import forecast
from forecast.timeline.cells import cells

PACKAGE = Path(forecast.__file__).parent


def compiled(which: Inputs, number: int) -> tuple[bytes, bytes]:
    rows, counts = run(which, cells(number, len(which.rows), 2))
    return np.asarray(rows).tobytes(), counts.tobytes()


def test_uncompiled_code_gives_the_same_bytes(tmp_path: Path) -> None:
    # The second begins on a Thursday.
    jobs = [(ukraine_inputs(10), 12), (ukraine_inputs(10, days_later=10), 6), (ukraine_inputs(10, substeps=2), 2)]
    assert len(jobs[0][0].redrawn.place) > 0
    here = [compiled(*job) for job in jobs]
    assert run_uncompiled(jobs, tmp_path) == here


def test_a_decision_more_changes_no_number(tmp_path: Path) -> None:
    job = (ukraine_inputs(10), 4)
    extra = (
        "from forecast.timeline.random_numbers import decision; decision('test.extra'); decision('front.drift.more')"
    )
    assert run_uncompiled([job], tmp_path, extra) == [compiled(*job)]


# An edit of a file that a kernel calls into


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a copy of the package, and of nothing else."""
    shutil.copytree(PACKAGE, tmp_path / "copy" / "forecast", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


ASK = """
import numpy as np
from pathlib import Path
from forecast.timeline import jit, endings
from forecast.timeline.parameters import PARAMETERS
from forecast.timeline.state import STATE
p, s = np.zeros(1, PARAMETERS)[0], np.zeros(1, STATE)[0]
p["endings"]["defeat"], p["endings"]["defeat_overthrow"] = 0.001, 1.0
p["endings"]["defeat_instability"], s["instability"] = 1.0, 100.0
rate = endings.defeat_rate(p, s)
hits = sum(endings.defeat_rate.stats.cache_hits.values())
made = sorted(str(path) for path in jit.CODE_FOLDER.parent.rglob("*.nbc"))
print(round(rate * 1000, 3), hits, len(made))
"""
"""The ratio of the rate of defeat in an extreme state: 12. `endings.py` takes that number from `forms.py`."""


def ask(folder: Path) -> list[float]:
    """Its ratio, times that it came from the cache, files of compiled code there."""
    printed = new_process(ASK, cwd=folder, FORECAST_CACHE=str(folder / "cache"))
    return [float(word) for word in printed.split()]


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / "forecast" / "timeline" / name
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_an_edit_of_another_file_is_noticed_and_nothing_else_is_compiled_again(copy: Path) -> None:
    first = ask(copy)
    assert first[:2] == [pytest.approx(12.0, rel=1e-3), 0]
    # A second process takes the code from the cache, and adds none.
    second = ask(copy)
    assert second == [first[0], 1, first[2]]
    edit(copy, "forms.py", "LN12 = 2.4849066497880004", "LN12 = 1.0986122886681098")
    third = ask(copy)
    assert third[:2] == [pytest.approx(3.0, rel=1e-3), 0]


def test_without_a_folder_named_by_content_the_edit_would_be_missed(copy: Path) -> None:
    edit(copy, "jit.py", "code_digest()[:16]", "'always'")
    assert ask(copy)[:2] == [pytest.approx(12.0, rel=1e-3), 0]
    edit(copy, "forms.py", "LN12 = 2.4849066497880004", "LN12 = 1.0986122886681098")
    assert ask(copy)[:2] == [pytest.approx(12.0, rel=1e-3), 1]


def test_a_timeline_can_be_stepped_through_in_a_debugger(tmp_path: Path) -> None:
    # The recipe of docs/design.md, on the made-up scenario and its priors alone.
    asked = ["run", str(TINY), "--prior-only", "--timelines", "1", "--threads", "1", "--runs", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pdb", "-m", "forecast", "--", *asked],
        input="from forecast.timeline import week\nb week.week\nc\np s.week\nn\nq\n",
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Breakpoint 1 at" in done.stdout, done.stdout + done.stderr
    assert "week.py" in done.stdout.split("Breakpoint 1 at")[1].split("\n", 1)[1]
