"""`schedule.toml`: keys, values, and the words of its errors."""

from pathlib import Path

import pytest
from schedule_tools import WEEKLY

from forecast.errors import InputError
from forecast.schedule.schedule_file import read_schedule


def refused(tmp_path: Path, text: str) -> str:
    (tmp_path / "schedule.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_schedule(tmp_path / "schedule.toml")
    return str(error.value)


def test_everything_is_read(tmp_path: Path) -> None:
    (tmp_path / "schedule.toml").write_text(
        WEEKLY
        + 'scenario = "../priors/x"\nprecision = 0.5\ntime_budget = 60.0\nperspective = "mine.toml"\ninbox = "inbox"\n'
        + 'fail_if_stale = false\n[job.weekly.alert]\npoints = 2.0\ncommand = ["a", "b c"]\ntime_limit = 5.0\n'
        + '[job.weekly.retention]\nkeep_days = 30\nkeep_last = 5\n[job.other]\ncron = "0 0 * * *"\nzone = "UTC"\n'
    )
    job, other = read_schedule(tmp_path / "schedule.toml").jobs
    assert (job.name, job.timetable.cron, str(job.timetable.zone)) == ("weekly", "0 7 * * 1", "Europe/Berlin")
    assert (job.scenario, job.perspective) == (tmp_path / "../priors/x", tmp_path / "mine.toml")
    assert job.inbox == tmp_path / "inbox"
    assert (job.precision, job.time_budget, job.fail_if_stale) == (0.5, 60.0, False)
    assert (job.alert.points, job.alert.command, job.alert.time_limit) == (2.0, ("a", "b c"), 5.0)
    assert (job.retention.keep_days, job.retention.keep_last) == (30, 5)
    assert (other.since, other.scenario, other.alert.command) == (None, None, None)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('cron = "0 7 * * 1"', "", ("job.weekly.cron", "missing")),
        ("0 7 * * 1", "0 25 * * 1", ("job.weekly.cron", "'0 25 * * 1'", "bad hour", "'0 7 * * 1'")),
        ("Europe/Berlin", "Europe/Berlino", ("job.weekly.zone", "Europe/Berlino", "Did you mean Europe/Berlin")),
        ("Europe/Berlin", "../../etc/passwd", ("job.weekly.zone", "time zone")),
        ("Europe/Berlin", "Europe", ("job.weekly.zone", "time zone")),
        ("Europe/Berlin", "x" * 100_000, ("job.weekly.zone", "time zone")),
        ("2031-03-03", '"soon"', ("job.weekly.since", "YYYY-MM-DD")),
        ("2031-03-03", "0001-01-01", ("job.weekly.since", "1970 to 2199")),
        ("since", "sinse", ("job.weekly.sinse", "unknown key", "Did you mean since")),
        ("[job.weekly]", "[jobs.weekly]", ("jobs", "unknown key", "Did you mean job")),
        ("[job.weekly]", '[job."../x"]', ("job", "../x", "letters")),
        ("[job.weekly]", f"[job.{'w' * 100}]", ("100 letters", "at most 60")),
        ("since", "timelines = 0\nsince", ("job.weekly.timelines", "found 0", "at least 1")),
        ("since", "timelines = 5\nprecision = 0.3\nsince", ("job.weekly.precision", "both")),
        ("since", "time_budget = 5.0\nsince", ("job.weekly.time_budget", "without a precision")),
        ("since", "precision = nan\nsince", ("job.weekly.precision", "finite")),
        ("since", 'alert.command = "rm -rf x"\nsince', ("job.weekly.alert.command", "a list")),
        ("since", "alert.command = []\nsince", ("job.weekly.alert.command", "at least 1")),
        ("since", 'alert.command = ["a\\u0000"]\nsince', ("job.weekly.alert.command", "character 0")),
        ("since", "alert.points = -1.0\nsince", ("job.weekly.alert.points", "greater than 0")),
        ("since", "alert = {}\nsince", ("job.weekly.alert", "empty")),
        ("since", "retention.keep_last = 0\nsince", ("job.weekly.retention.keep_last", "at least 1")),
        ("[job.weekly]", "[job.weekly", ("not TOML",)),
        ("[job.weekly]", "job = 5\n[x]", ("job",)),
    ],
)
def test_errors_name_file_key_value_and_remedy(tmp_path: Path, old: str, new: str, words: tuple[str, ...]) -> None:
    assert old in WEEKLY
    said = refused(tmp_path, WEEKLY.replace(old, new, 1))
    for word in ("schedule.toml", *words):
        assert word in said
    assert len(said) < 1000


def test_no_file_and_no_job(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"README.md.*--schedule"):
        read_schedule(tmp_path / "schedule.toml")
    assert "there is no job" in refused(tmp_path, "")
    assert "there is no job" in refused(tmp_path, "[job]")


@pytest.mark.parametrize("inbox", [".", "..", "/", "in/.."])
def test_an_inbox_is_no_folder_that_the_schedule_lies_in(tmp_path: Path, inbox: str) -> None:
    (tmp_path / "in").mkdir()
    assert "in which the schedule lies" in refused(tmp_path, WEEKLY + f'inbox = "{inbox}"\n')


def test_an_inbox_has_one_scenario(tmp_path: Path) -> None:
    more = WEEKLY.replace("weekly", "other") + 'inbox = "in"\nscenario = "x"\n'
    assert "job.other.inbox" in refused(tmp_path, WEEKLY + 'inbox = "in"\n' + more)
