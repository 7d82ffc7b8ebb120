"""Where evidence may be written, two writers at once, and a process that is killed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from filelock import FileLock
from intake_tools import REQUEST, contents

from forecast.errors import InputError, SystemRefusal
from forecast.intake import folder as folders
from forecast.intake.figures import Figure, record_figures
from forecast.intake.folder import LOCK, only_writer, replace_files, writable_scenario
from forecast.scenario.load import load_scenario
from forecast.store.whole_file import PART, replace_file

WORK = """
import sys
from datetime import date, timedelta
from pathlib import Path
from forecast.intake.figures import Figure, Request, record_figures
folder, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
for k in range(first, first + count):
    day = date(2031, 10, 1) + timedelta(days=k)
    record_figures(folder, [Figure("area_survey", day, day, 1500.0 + k)], Request(date(2032, 1, 1)))
    print(k, flush=True)
"""


def writer(folder: Path, first: int, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WORK, str(folder), str(first), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def days_of(folder: Path) -> list[date]:
    rows = load_scenario(folder).evidence.series("area_survey")
    return [day.date() for day in rows["observed"] if day.date() > date(2031, 9, 30)]


def test_two_writers_at_once_lose_nothing(tiny_folder: Path) -> None:
    both = [writer(tiny_folder, first, 6) for first in (0, 6)]
    for process in both:
        process.communicate(timeout=300)
        assert process.returncode == 0
    assert len(days_of(tiny_folder)) == 12


def test_a_killed_writer_leaves_whole_files_and_the_next_one_goes_on(tiny_folder: Path) -> None:
    rng = random.Random(15)
    process = writer(tiny_folder, 0, 40)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(1.0 + rng.random())
    process.send_signal(signal.SIGKILL)
    said = process.communicate()[0].split()
    kept = days_of(tiny_folder)  # loads, so no file is torn
    assert len(said) <= len(kept) <= len(said) + 1
    day = date(2031, 12, 1)
    record_figures(tiny_folder, [Figure("area_survey", day, day, 1700.0)], REQUEST.__class__(day))
    assert days_of(tiny_folder) == [*kept, day]


@pytest.mark.parametrize("moment", ["mkstemp", "fsync", "rename"])
def test_a_process_killed_at_each_moment_leaves_the_old_file_or_the_new_one(
    tiny_folder: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = contents(tiny_folder)
    child = os.fork()
    if child == 0:  # pragma: no cover

        def die(*_: object, **__: object) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        if moment == "mkstemp":
            monkeypatch.setattr(os, "fdopen", die)
        elif moment == "fsync":
            monkeypatch.setattr(os, "fsync", die)
        else:
            monkeypatch.setattr(shutil, "copymode", die)
        replace_file(tiny_folder / "evidence" / "area_survey.csv", b"new")
        os._exit(0)
    os.waitpid(child, 0)
    found = {name: text for name, text in contents(tiny_folder).items() if not name.startswith(PART)}
    assert found == old
    load_scenario(tiny_folder)
    with only_writer(tiny_folder):
        assert not list((tiny_folder / "evidence").glob(f"{PART}*"))


def test_a_writer_waits_for_another_only_so_long(tiny_folder: Path) -> None:
    refused = pytest.raises(SystemRefusal, match="another process is adding evidence")
    with FileLock(tiny_folder / "evidence" / LOCK), refused, only_writer(tiny_folder, 0.1):
        pass


def test_a_link_is_not_followed_and_permissions_stay(tiny_folder: Path, tmp_path: Path) -> None:
    file = tiny_folder / "evidence" / "area_survey.csv"
    text = file.read_text()
    file.chmod(0o640)
    with only_writer(tiny_folder):
        replace_files(tiny_folder, {file.name: text})
    assert file.stat().st_mode & 0o777 == 0o640
    shutil.move(file, tmp_path / "elsewhere.csv")
    file.symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(InputError, match="it is a link"), only_writer(tiny_folder):
        replace_files(tiny_folder, {file.name: "x"})
    assert (tmp_path / "elsewhere.csv").read_text() == text


# Where evidence may be written


def test_a_folder_of_ones_own_is_found_as_usual(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert writable_scenario("two-islands", tiny_folder.parent) == tiny_folder
    assert writable_scenario(tiny_folder) == tiny_folder
    monkeypatch.setenv("FORECAST_PRIORS", str(tiny_folder.parent))
    assert writable_scenario("two-islands") == tiny_folder
    monkeypatch.delenv("FORECAST_PRIORS")
    shutil.copytree(tiny_folder, tmp_path / "priors" / "two-islands")
    monkeypatch.chdir(tmp_path)
    assert writable_scenario("two-islands") == tmp_path / "priors" / "two-islands"


def test_an_installed_package_and_a_checkout_elsewhere_are_never_written(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORECAST_PRIORS", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"own checkout.*forecast init DIR"):
        writable_scenario()
    site = tmp_path / "site-packages"
    shutil.copytree(tiny_folder, site / "forecast" / "priors" / "two-islands")
    monkeypatch.setattr(folders, "ROOT", site / "forecast")
    inside = site / "forecast" / "priors"
    for given in ((None, inside / "two-islands"), (inside / "two-islands", None), ("two-islands", inside)):
        with pytest.raises(InputError, match=r"belongs to the installed package.*forecast init DIR"):
            writable_scenario(*given)
    link = tmp_path / "link"
    link.symlink_to(inside)
    with pytest.raises(InputError, match="installed package"):
        writable_scenario("two-islands", link)


def test_a_folder_that_is_no_scenario_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it has no scenario\.toml"):
        writable_scenario(tmp_path)
