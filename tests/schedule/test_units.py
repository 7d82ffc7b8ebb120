"""Units of systemd and lines for cron: what is started, however its paths are named."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from schedule_tools import WEEKLY

from forecast.errors import InputError
from forecast.schedule.schedule_file import Job, read_schedule
from forecast.schedule.units import CRON, SERVICE, TIMER, Start, cron, on_calendar, systemd

START = Start(["/usr/bin/env", "true"], Path("/srv/war"), Path("/srv/war/runs"), None, {"FORECAST_CACHE": "/srv/cache"})


def job(tmp_path: Path, expression: str, zone: str = "Europe/Berlin") -> Job:
    path = tmp_path / "schedule.toml"
    path.write_text(WEEKLY.replace("0 7 * * 1", expression).replace("Europe/Berlin", zone))
    return read_schedule(path).jobs[0]


@pytest.mark.parametrize(
    ("expression", "calendar"),
    [
        ("0 7 * * 1", "Mon *-*-* 07:00:00 Europe/Berlin"),
        ("30 2 * * 0", "Sun *-*-* 02:30:00 Europe/Berlin"),
        ("30 2 * * 7", "Sun *-*-* 02:30:00 Europe/Berlin"),
        ("0,30 6 1,15 3 *", "*-03-01,15 06:00,30:00 Europe/Berlin"),
        ("0 7 * * mon-fri", "Mon..Fri *-*-* 07:00:00 Europe/Berlin"),
        ("0 7 * * 1,3,5", "Mon,Wed,Fri *-*-* 07:00:00 Europe/Berlin"),
        ("0 * * * *", "*-*-* *:00:00 Europe/Berlin"),
        ("*/15 * * * *", None),
        ("0 7 1 * 1", None),
        ("0 7 L * *", None),
        ("0 7 * * 1#2", None),
        ("0 7 * * 0-3", None),
    ],
)
def test_calendar_of_a_cron_expression(tmp_path: Path, expression: str, calendar: str | None) -> None:
    assert on_calendar(job(tmp_path, expression)) == calendar
    if calendar and shutil.which("systemd-analyze"):
        subprocess.run(["systemd-analyze", "calendar", calendar], check=True, capture_output=True)


def test_service_and_timer(tmp_path: Path) -> None:
    files = systemd(START, [job(tmp_path, "0 7 * * 1")])
    assert "SuccessExitStatus=3 5\n" in files[SERVICE]
    assert 'ExecStart=":/usr/bin/env" "true" "schedule" "run" "--runs" "/srv/war/runs" --quiet\n' in files[SERVICE]
    assert 'Environment="FORECAST_CACHE=/srv/cache"\n' in files[SERVICE]
    assert "OnCalendar=Mon *-*-* 07:00:00 Europe/Berlin\n" in files[TIMER]
    assert "OnCalendar=hourly\n" in files[TIMER]
    assert "Persistent=true\n" in files[TIMER]
    assert "OnCalendar=*:0/15\n" in systemd(START, [job(tmp_path, "*/15 * * * *")])[TIMER]


NAMES = [
    "plain",
    "a b",
    "100%h",
    "$HOME ${X}",
    "it's",
    'say "x"',
    "back\\slash",
    ";touch x",
    "`x` $(x) & | > <",
    "#x",
    "ü",
]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_paths(tmp_path: Path, name: str) -> None:
    """The line and the unit start the program with exactly the words given."""
    folder = tmp_path / name
    folder.mkdir()
    program = folder / "show"
    program.write_text(
        '#!/bin/sh\npwd > "$(dirname "$0")/said"\nfor w in "$FORECAST_CACHE" "$@"; do echo "$w"; done >> "$(dirname "$0")/said"\n'
    )
    program.chmod(0o755)
    start = Start([str(program)], folder, folder / "runs", folder / "s.toml", {"FORECAST_CACHE": str(folder / "c")})
    words = [str(folder), str(folder / "c"), *start.words[1:], "--quiet"]
    line = cron(start)[CRON]
    assert line.count("\n") == 1
    command = line.removeprefix("*/15 * * * * ").rstrip("\n")
    assert "%" not in command.replace("\\%", "")
    subprocess.run(["/bin/sh", "-c", command.replace("\\%", "%")], check=True)
    assert (folder / "said").read_text().splitlines() == words
    if shutil.which("systemd-analyze"):
        for file, text in systemd(start, [job(tmp_path, "0 7 * * 1")]).items():
            (tmp_path / file).write_text(text)
        done = subprocess.run(
            ["systemd-analyze", "verify", str(tmp_path / TIMER), str(tmp_path / SERVICE)],
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "a\udcffb"])
def test_paths_that_no_unit_can_have_are_refused(tmp_path: Path, name: str) -> None:
    start = replace(START, runs=Path("/srv") / name)
    for make in (lambda: cron(start), lambda: systemd(start, [job(tmp_path, "0 7 * * 1")])):
        with pytest.raises(InputError, match="control characters"):
            make()
