"""Calls of the scheduler with parts that make no true run: missed instants, failures, alerts, kills, the end."""

import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from places import REPOSITORY
from rich.console import Console
from schedule_tools import WEEKLY, Bench, StandIn, alert, at

from forecast.cli.schedule_tables import show_call
from forecast.errors import InputError, NotConverged, SystemRefusal
from forecast.schedule.journal import Journal


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path / "runs", StandIn())
    made.write(WEEKLY)
    return made


# Instants


def test_three_missed_weeks_make_three_runs_oldest_first(bench: Bench) -> None:
    (report,) = bench.call("2031-03-18T12:00Z")
    assert bench.parts.done == [
        ("2031-03-03", "2031-03-03T06:00Z"),
        ("2031-03-10", "2031-03-10T06:00Z"),
        ("2031-03-17", "2031-03-17T06:00Z"),
    ]
    assert report.next == "2031-03-24T06:00:00Z"
    (report,) = bench.call("2031-03-18T12:15Z")
    assert report.runs == []
    assert bench.heartbeat["ok"] is True
    assert bench.heartbeat["runs"] == 0
    bench.call("2031-03-24T06:00Z")
    assert bench.parts.dates[3:] == ["2031-03-24"]


@pytest.mark.parametrize(("zone", "start"), [("Europe/Berlin", "2031-03-30"), ("Australia/Lord_Howe", "2031-04-06")])
def test_both_nights_of_a_clock_change_make_one_run_each(bench: Bench, zone: str, start: str) -> None:
    text = WEEKLY.replace("0 7 * * 1", "30 2 * * 0").replace("Europe/Berlin", zone)
    bench.parts.horizon = at("2031-12-31T00:00Z").date()
    bench.write(text)
    bench.call("2031-03-03T00:00Z")
    for day in (
        "2031-03-29",
        "2031-03-30",
        "2031-04-05",
        "2031-04-06",
        "2031-10-04",
        "2031-10-05",
        "2031-10-25",
        "2031-10-26",
    ):
        for hour in range(0, 24, 1):
            bench.call(f"{day}T{hour:02d}:07Z")
    dates = bench.parts.dates
    assert len(set(dates)) == len(dates)
    assert {"2031-03-30", "2031-04-06", "2031-10-05", "2031-10-26"} <= set(dates)


def test_a_job_without_since_starts_at_the_next_instant(bench: Bench) -> None:
    bench.write(WEEKLY.replace("since = 2031-03-03\n", ""))
    assert bench.call("2031-03-18T12:00Z")[0].runs == []
    bench.call("2031-03-24T05:59Z")
    assert bench.parts.done == []
    bench.call("2031-04-01T00:00Z")
    assert bench.parts.dates == ["2031-03-24", "2031-03-31"]


def test_a_clock_that_goes_back_repeats_and_loses_nothing(bench: Bench) -> None:
    bench.call("2031-03-18T12:00Z")
    (report,) = bench.call("2031-03-05T12:00Z")
    assert report.runs == []
    assert "the clock shows 2031-03-05T12:00:00Z, before 2031-03-17T06:00:00Z" in report.notes[0]
    bench.call("1970-01-02T00:00Z")
    bench.call("2031-03-31T12:00Z")
    assert bench.parts.dates == ["2031-03-03", "2031-03-10", "2031-03-17", "2031-03-24", "2031-03-31"]


def test_instants_of_one_date_are_one_run(bench: Bench) -> None:
    bench.write(WEEKLY.replace("0 7 * * 1", "*/10 * * * *"))
    (report,) = bench.call("2031-03-05T01:05+01:00")
    assert bench.parts.dates == ["2031-03-03", "2031-03-04", "2031-03-05"]
    assert [run["instants"] for run in report.runs] == [144, 144, 7]


def test_instants_before_the_reference_date_are_passed_over(bench: Bench) -> None:
    bench.write(WEEKLY.replace("2031-03-03", "2031-02-10"))
    (report,) = bench.call("2031-03-04T12:00Z")
    assert bench.parts.dates == ["2031-03-03"]
    assert report.notes == ["3 instants before the reference date, 2031-03-03: the scenario cannot be run as of them"]


def test_the_end_is_announced_once_and_the_missed_weeks_wait_for_the_next_scenario(bench: Bench) -> None:
    bench.write(WEEKLY + alert())
    reports = bench.call("2031-10-20T12:00Z")
    assert bench.parts.dates[-1] == "2031-09-29"
    assert reports[0].over
    assert reports[0].codes == []
    assert "over: its horizon was 2031-09-29" in reports[0].notes[-1]
    assert "forecast roll two-islands --reference DATE --horizon DATE DEST" in reports[0].notes[-1]
    assert bench.codes("2031-11-20T12:00Z") == set()
    assert [one["kind"] for one in bench.received] == ["over"]
    bench.parts.horizon = at("2032-09-29T00:00Z").date()  # the scenario was replaced by the next
    bench.call("2031-11-20T12:15Z")
    weeks = ["2031-10-06", "2031-10-13", "2031-10-20", "2031-10-27", "2031-11-03", "2031-11-10", "2031-11-17"]
    assert bench.parts.dates[-8:] == ["2031-09-29", *weeks]


# Failures


def test_a_failed_run_is_tried_again_and_alerts_once(bench: Bench) -> None:
    bench.write(WEEKLY + alert())
    bench.parts.fails["2031-03-10"] = NotConverged("the sampler did not converge")
    assert bench.codes("2031-03-18T12:00Z") == {4}
    assert bench.parts.dates == ["2031-03-03", "2031-03-17"]  # the rest goes on
    assert bench.heartbeat["ok"] is False
    assert bench.heartbeat["exit_code"] == 4
    for minute in (15, 30, 45):
        assert bench.codes(f"2031-03-18T12:{minute}Z") == {4}
    assert [one["kind"] for one in bench.received] == ["failure"]
    assert "did not converge" in bench.received[0]["text"]
    bench.parts.fails.clear()
    assert bench.codes("2031-03-18T13:00Z") == set()
    assert bench.parts.dates == ["2031-03-03", "2031-03-17", "2031-03-10"]
    assert [one["kind"] for one in bench.received] == ["failure", "recovered"]
    bench.parts.fails["2031-03-24"] = InputError("bad")
    assert bench.codes("2031-03-25T13:00Z") == {2}
    assert [one["kind"] for one in bench.received] == ["failure", "recovered", "failure"]


def test_a_run_that_fails_for_a_week_is_given_up_once_a_later_one_succeeded(bench: Bench) -> None:
    bench.parts.fails["2031-03-10"] = InputError("a row contradicts another")
    bench.call("2031-03-11T12:00Z")
    (report,) = bench.call("2031-03-24T12:00Z")
    assert "2031-03-10T06:00:00Z is given up: it has failed since 2031-03-11T12:00:00Z" in report.notes[-1]
    assert bench.codes("2031-03-24T13:00Z") == set()


def test_the_same_error_twice_stops_the_job_for_this_call(bench: Bench) -> None:
    days = ["2031-03-03", "2031-03-10", "2031-03-17", "2031-03-24", "2031-03-31"]
    bench.parts.fails |= dict.fromkeys(days, InputError("no such perspective"))
    (report,) = bench.call("2031-04-01T12:00Z")
    assert [one["as_of"] for one in report.failures] == days[:2]
    bench.parts.fails.clear()
    bench.call("2031-04-01T12:15Z")
    assert bench.parts.dates == days


def test_a_lack_of_space_keeps_the_instant_due(bench: Bench) -> None:
    bench.write(WEEKLY + alert())
    bench.parts.fails["2031-03-10"] = SystemRefusal("the disk is full")
    for minute in (0, 15):
        assert bench.codes(f"2031-03-18T12:{minute:02d}Z") == {75}
    assert bench.parts.dates == ["2031-03-03"]
    bench.parts.fails.clear()
    assert bench.codes("2031-03-18T13:00Z") == set()
    assert bench.parts.dates == ["2031-03-03", "2031-03-10", "2031-03-17"]
    assert [one["kind"] for one in bench.received] == ["failure", "recovered"]


def test_a_bug_is_kept_and_the_rest_goes_on(bench: Bench) -> None:
    bench.parts.fails["2031-03-10"] = ZeroDivisionError("x")
    (report,) = bench.call("2031-03-18T12:00Z")
    assert report.codes == [1]
    assert isinstance(report.bugs[0], ZeroDivisionError)
    assert bench.parts.dates == ["2031-03-03", "2031-03-17"]


def test_jobs_fail_apart(bench: Bench) -> None:
    bench.write(WEEKLY + WEEKLY.replace("weekly", "second"))
    bench.parts.fails["2031-03-03"] = InputError("bad")
    reports = bench.call("2031-03-04T12:00Z")
    assert [report.codes for report in reports] == [[2], [2]]
    bench.parts.fails.clear()
    bench.call("2031-03-04T12:15Z")
    assert bench.parts.dates == ["2031-03-03", "2031-03-03"]


def test_a_broken_scenario_is_no_failure_while_nothing_is_due(bench: Bench) -> None:
    bench.call("2031-03-04T12:00Z")
    bench.parts.broken = InputError("it is not TOML")
    assert bench.codes("2031-03-05T12:00Z") == set()
    assert bench.codes("2031-03-11T12:00Z") == {2}
    bench.parts.broken = None
    bench.call("2031-03-11T12:15Z")
    assert bench.parts.dates == ["2031-03-03", "2031-03-10"]


def test_stale_evidence(bench: Bench) -> None:
    bench.parts.stale_series = [{"series": "front", "title": "t", "last_available": None, "expected": "2031-03-01"}]
    assert bench.codes("2031-03-04T12:00Z") == {3}
    assert bench.codes("2031-03-04T13:00Z") == set()
    assert bench.heartbeat["ok"] is True
    bench.write(WEEKLY + "fail_if_stale = false\n")
    assert bench.codes("2031-03-11T12:00Z") == set()


# Alerts of moves


def test_a_move_alerts_beyond_points_and_error(bench: Bench) -> None:
    bench.write(WEEKLY + alert(points=5.0))
    bench.parts.negotiated = {"2031-03-10": 0.23, "2031-03-17": 0.27, "2031-03-31": 0.20}
    assert bench.codes("2031-03-04T12:00Z") == set()
    assert bench.codes("2031-03-11T12:00Z") == set()  # 3 points
    assert bench.codes("2031-03-18T12:00Z") == {5}  # 7 points since the first run, which is the mark
    (first,) = bench.received
    assert first["kind"] == "move"
    assert first["previous"]["as_of"] == "2031-03-03"
    assert first["text"] == "negotiated rose by 7.0 points, to 27.0%; unresolved fell by 7.0 points, to 68.0%"
    moves = {move["name"]: move for move in first["moves"]}
    assert moves["negotiated"]["change"] == 7.0
    assert moves["battlefield"]["alerts"] is False
    assert bench.codes("2031-03-25T12:00Z") == set()
    (report,) = bench.call("2031-04-01T12:00Z")
    assert report.codes == [5]
    said = [one["text"] for one in report.alerts]
    assert said == ["negotiated fell by 7.0 points, to 20.0%; unresolved rose by 7.0 points, to 75.0%"]
    out = io.StringIO()
    show_call([report], Console(file=out, width=200))
    assert f"weekly: alert: {said[0]}\n" in out.getvalue()
    assert bench.received[1]["previous"]["as_of"] == "2031-03-17"
    assert len({one["id"] for one in bench.received}) == 2


def test_a_move_within_its_monte_carlo_error_does_not_alert(bench: Bench) -> None:
    bench.write(WEEKLY + alert(points=5.0))
    bench.parts.standard_error = 0.03
    bench.parts.negotiated = {"2031-03-10": 0.28}
    assert bench.codes("2031-03-11T12:00Z") == set()  # two combined standard errors are 8.5 points
    bench.parts.standard_error = 0.02
    bench.parts.negotiated = {"2031-03-17": 0.31}
    assert bench.codes("2031-03-18T12:00Z") == {5}


def test_a_command_that_fails_is_tried_again(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    script = "import os,sys; sys.exit('no network' if not os.path.exists('up') else 0)"
    bench.write(WEEKLY + alert(script))
    bench.parts.negotiated = {"2031-03-10": 0.3}
    assert bench.codes("2031-03-11T12:00Z") == {5}
    assert "tried again at the next call" in caplog.text
    assert bench.codes("2031-03-11T12:15Z") == set()
    log = (bench.kept / ".schedule/log.jsonl").read_text()
    assert log.count("no network") == 2
    (bench.kept / "up").touch()
    bench.call("2031-03-11T12:30Z")
    bench.call("2031-03-11T12:45Z")
    sent = [json.loads(line) for line in (bench.kept / ".schedule/log.jsonl").read_text().splitlines()]
    assert [one["fault"] is None for one in sent if one["event"] == "sent"] == [False, False, True]


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("import time; time.sleep(60)", "was stopped after 0.5 seconds"),
        ("import subprocess; subprocess.Popen(['sleep','60']).wait()", "was stopped after 0.5 seconds"),
        ("import os; os.kill(os.getpid(), 9)", "ended with code -9"),
        ("print('x' * 10_000_000); raise SystemExit(3)", "ended with code 3"),
        ("print('\\x1b[2J' + chr(8238)); raise SystemExit(3)", "ended with code 3"),
    ],
)
def test_hostile_commands(bench: Bench, script: str, fault: str) -> None:
    limit = 0.5 if "stopped" in fault else 30.0
    bench.write(WEEKLY + alert(script, time_limit=limit))
    bench.parts.negotiated = {"2031-03-10": 0.3}
    started = time.monotonic()
    assert bench.codes("2031-03-11T12:00Z") == {5}
    assert time.monotonic() - started < 20
    (sent,) = (line for line in (bench.kept / ".schedule/log.jsonl").read_text().splitlines() if '"sent"' in line)
    assert fault in sent
    assert len(sent) < 10_000
    assert json.loads(sent)["output"].isprintable()


def test_a_command_that_does_not_exist_is_a_warning(bench: Bench) -> None:
    bench.write(WEEKLY + '[job.weekly.alert]\npoints = 2.0\ncommand = ["./no-such-program"]\n')
    bench.parts.negotiated = {"2031-03-10": 0.3}
    assert bench.codes("2031-03-11T12:00Z") == {5}
    assert "cannot be started" in (bench.kept / ".schedule/log.jsonl").read_text()


def test_a_command_gets_no_shell(bench: Bench) -> None:
    words = json.dumps(["touch", "$(touch hacked); `touch hacked` > hacked"])
    bench.write(WEEKLY + f"[job.weekly.alert]\npoints = 2.0\ncommand = {words}\n")
    bench.parts.negotiated = {"2031-03-10": 0.3}
    bench.call("2031-03-11T12:00Z")
    assert not (bench.kept / "hacked").exists()
    assert (bench.kept / "$(touch hacked); `touch hacked` > hacked").exists()


# Journal, kills, two schedulers


def test_a_damaged_journal_falls_back_to_the_version_before(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.call("2031-03-18T12:00Z")
    path = bench.kept / ".schedule/journal.json"
    path.write_bytes(path.read_bytes()[:50])
    bench.call("2031-03-18T12:15Z")
    assert "is used" in caplog.text
    assert bench.parts.dates[:3] == ["2031-03-03", "2031-03-10", "2031-03-17"]
    assert bench.parts.dates[3:] == ["2031-03-17"]  # found again, unchanged
    bench.call("2031-03-18T12:30Z")
    assert len(bench.parts.dates) == 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"schema": 1}',
        '{"schema": 1, "jobs": {"weekly": 5}}',
        '{"schema": 99}',
        "\x00\x1b",
        "[" * 9999,
    ],
)
def test_a_foreign_journal_is_refused_and_kept(bench: Bench, text: str) -> None:
    folder = bench.kept / ".schedule"
    folder.mkdir()
    (folder / "journal.json").write_text(text)
    with pytest.raises(InputError, match=r"journal\.json"):
        bench.call("2031-03-18T12:00Z")
    assert (folder / "journal.json").read_text() == text
    assert bench.parts.done == []
    assert bench.heartbeat["ok"] is False


def test_a_wrong_schedule_writes_nothing_at_first_and_a_heartbeat_later(bench: Bench) -> None:
    bench.write("x = 5\n")
    with pytest.raises(InputError):
        bench.call("2031-03-18T12:00Z")
    assert {path.name for path in bench.kept.iterdir()} == {"schedule.toml"}
    bench.write(WEEKLY)
    bench.call("2031-03-18T12:00Z")
    bench.write("x = 5\n")
    with pytest.raises(InputError):
        bench.call("2031-03-18T12:00Z")
    assert (bench.heartbeat["ok"], bench.heartbeat["exit_codes"]) == (False, [2])
    assert "unknown key" in bench.heartbeat["error"]


def test_the_second_scheduler_is_refused_and_names_the_first(bench: Bench) -> None:
    journal = Journal(bench.kept)
    with journal.turn(), pytest.raises(SystemRefusal, match=rf"process {os.getpid()} on .* is at work"):
        bench.call("2031-03-18T12:00Z")
    bench.call("2031-03-18T12:00Z")
    assert len(bench.parts.done) == 3


SCRIPT = """
import sys
sys.path[:0] = {paths}
from pathlib import Path
from schedule_tools import Bench, StandIn

class Slow(StandIn):
    def mark(self, made, job, instant):
        super().mark(made, job, instant)
        with open(made.folder.parent / "marked", "a") as file:
            file.write(made.run + "\\n")

parts = Slow(negotiated={{"2031-03-10": 0.3, "2031-03-24": 0.4, "2031-04-07": 0.5}})
Bench(Path({kept!r}), parts).call("2031-05-01T12:00Z")
"""


def test_kills_at_random_moments_lose_and_repeat_nothing(bench: Bench) -> None:
    bench.write(WEEKLY + alert())
    paths = [str(REPOSITORY), str(REPOSITORY / "tests"), *sys.path]
    code = textwrap.dedent(SCRIPT.format(paths=paths, kept=str(bench.kept)))
    for attempt in range(12):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(0.25 + 0.13 * attempt)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    marked = (bench.kept / "marked").read_text().split()
    assert len(set(marked)) == 9  # every Monday from 3 March to 28 April
    assert marked == sorted(marked)
    ids = [one["id"] for one in bench.received]
    assert len(set(ids)) == len(ids)  # an alert is sent once, or a kill fell into its sending
    state = json.loads((bench.kept / ".schedule/journal.json").read_text())["jobs"]["weekly"]
    assert state["done_until"] == "2031-04-28T05:00:00Z"
    assert state["pending"] == {}
