"""Exit codes: their order, the result of a command that ends with some, and the log as JSON."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from places import REPOSITORY
from run_tools import TINY, Done

from forecast.cli.command import Outcome
from forecast.cli.exit_codes import MEANINGS, ORDER, ExitCode, first_of, ordered
from forecast.cli.streams import json_line
from forecast.errors import ForecastError, InputError, NotConverged, SystemRefusal


@pytest.mark.parametrize(
    ("codes", "first"),
    [
        ([], 0),
        ([0], 0),
        ([3, 5], 5),
        ([5, 3, 7], 7),
        ([7, 6], 6),
        ([6, 75], 75),
        ([75, 4], 4),
        ([3, 4, 2], 2),
        ([2, 1, 5], 1),
        ([0, 3], 3),
        ([ExitCode.ALERT, ExitCode.STALE, ExitCode.SYSTEM], 75),
    ],
)
def test_failures_come_before_notices(codes: list[int], first: int) -> None:
    assert first_of(codes) == first
    assert first_of(reversed(codes)) == first
    assert ordered([*codes, *codes])[:1] == [first] * bool(first)


def test_every_code_has_a_meaning_and_a_place() -> None:
    assert set(MEANINGS) == set(ORDER) == set(ExitCode)
    with pytest.raises(ValueError, match="9"):
        first_of([9])


def test_errors_have_codes_of_the_table() -> None:
    kinds = {InputError: 2, NotConverged: 4, SystemRefusal: 75, ForecastError: 2}
    assert {kind: kind.exit_code for kind in kinds} == kinds


def test_readme_has_every_code() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert [int(row) for row in rows if row.isdecimal() and len(row) < 4] == [int(code) for code in MEANINGS]


def test_json_lists_all_codes_that_apply() -> None:
    outcome = Outcome({"a": 1}, lambda _: None, [3, 5, 5, 0, 7])
    assert outcome.as_json() == {"a": 1, "exit_codes": [7, 5, 3]}
    assert Outcome({"a": 1}, lambda _: None).as_json() == {"a": 1}
    assert Outcome([1], lambda _: None, [3]).as_json() == [1]


@pytest.mark.parametrize("how", ["returned", "raised"])
def test_a_command_ends_with_the_first_code_after_it_has_printed(
    command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    from forecast.docs_pages import explanation

    def explain(*_: object, **__: object) -> Outcome:
        raise Outcome({"a": 1}, lambda console: console.print("printed"), (3, 75))

    monkeypatch.setattr(explanation, "explain", explain)
    if how == "returned":
        monkeypatch.setattr(explanation, "explain", lambda *_, **__: {"a": 1})
        assert json.loads(command("explain", TINY, "--json").out) == {"a": 1}
        return
    done = command("explain", TINY, "--json")
    assert (done.code, json.loads(done.out)) == (75, {"a": 1, "exit_codes": [75, 3]})
    done = command("explain", TINY)
    assert (done.code, done.out, done.err) == (75, "printed\n", "")


# The log as JSON


def lines(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "nowhere", "--log-json"),
        ("show", "nothing", "--log-json"),
        ("check", "--nonsense", "--log-json"),
        ("nonsense", "--log-json"),
        ("explain", "\x1b[31mx\u202e\n", "--log-json"),
        ("init", "", "--log-json"),
    ],
)
def test_an_error_is_one_object(command: Callable[..., Done], arguments: tuple[str, ...]) -> None:
    done = command(*arguments)
    assert (done.code, done.out) == (2, "")
    (line,) = lines(done.err)
    assert list(line) == ["time", "level", "message"]
    assert line["level"] == "error"
    assert line["time"].endswith("+00:00")
    assert line["message"].isprintable()
    assert done.err[:-1].isascii()
    assert command(*(word for word in arguments if word != "--log-json")).err.startswith("forecast: ")


def test_a_bug_is_one_object_with_its_traceback(command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.store.saved_run.open_run", lambda *_: 1 / 0)
    done = command("show", "--log-json")
    assert (done.code, done.out) == (1, "")
    (line,) = lines(done.err)
    assert line["message"] == "a bug: ZeroDivisionError: division by zero"
    assert "Traceback" in line["traceback"]


def test_steps_and_warnings_are_objects(tiny_folder: Path, tmp_path: Path) -> None:
    from run_tools import command_started

    path = tiny_folder / "evidence" / "area_survey.csv"
    text = path.read_text()
    path.write_text(text.replace("2031-03-03,2031-03-03,1036.3", "2031-03-03,2031-03-03,999999"))
    asked = ["run", str(tiny_folder), "--prior-only", "--timelines", "100", "--json", "--log-json"]
    started = command_started(tmp_path, asked, stderr=-1)
    out, err = started.communicate(timeout=300)
    assert started.returncode == 0
    assert json.loads(out)["timelines"] == 100
    found = lines(err.decode())
    assert next(line["message"] for line in found if line["level"] == "info") == "reading the scenario"
    (warned,) = [line["message"] for line in found if line["level"] == "warning"]
    assert warned.startswith("area_survey of 2031-03-03: 999,999 km2")


def test_hostile_text_stays_in_its_line() -> None:
    line = json_line("warning", '"}\n{"level": "error"}\x1b[31m<script>\u202e=cmd()' + "x" * 1_000_000)
    assert "\n" not in line
    assert line.isascii()
    assert json.loads(line)["level"] == "warning"
    assert len(line) < 3000


def test_levels_with_the_log_as_json(command: Callable[..., Done]) -> None:
    for options, level in ((("--log-json",), logging.INFO), (("--log-json", "-q"), logging.ERROR)):
        command("show", "nothing", *options)
        assert logging.getLogger("forecast").level == level
