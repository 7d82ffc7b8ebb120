"""The command: JSON alone on standard output, one line for each error a user can cause, exit codes, light imports."""

import errno
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from places import REPOSITORY
from run_tools import SAMPLED_TIMELINES, TINY, Done, MadeUpSampler, Sampled, command_started, contents

from forecast.cli.exit_codes import MEANINGS
from forecast.store.manifest import MANIFEST
from forecast.store.saved_run import Run, open_run

Command = Callable[..., Done]
Edit = Callable[[Path], None]

QUICK = ("--prior-only", "--timelines", 400)


def assert_refused(done: Done, *texts: str, code: int = 2) -> None:
    """One line on standard error, nothing on standard output."""
    assert done.code == code
    assert done.out == ""
    assert done.err.startswith("forecast: ")
    assert done.err.count("\n") == 1
    assert done.err[:-1].isprintable()
    assert len(done.err) < 2100
    assert done.err.endswith("\n")
    for text in texts:
        assert text in done.err


# What is printed where


def test_json_is_alone_on_standard_output(sampled: tuple[Sampled, Sampled]) -> None:
    for made in sampled:
        assert made.code == 0, made.err
        summary = json.loads(made.out)
        assert made.out == (made.folder / "summary.json").read_text(encoding="utf-8")
        assert summary["timelines"] == SAMPLED_TIMELINES


def test_progress_is_shown_on_a_terminal_only(sampled: tuple[Sampled, Sampled]) -> None:
    on_terminal, elsewhere = sampled
    assert "updating the priors by the evidence" in on_terminal.err
    assert "\x1b[" in on_terminal.err
    assert "\x1b" not in elsewhere.err
    lines = elsewhere.err.splitlines()
    assert [line for line in lines if line.startswith("INFO: ")] == [
        "INFO: reading the scenario",
        f"INFO: the scenario is in {TINY}",
        "INFO: updating the priors by the evidence",
        "INFO: simulating 4,000 timelines",
        "INFO: computing the odds and saving the run",
    ]


def test_run_show_and_the_folder_say_the_same(command: Command, tmp_path: Path) -> None:
    made = command("run", TINY, *QUICK, "--json")
    assert (made.code, made.err) == (0, "")
    run = open_run("latest", tmp_path / "runs")
    assert json.loads(made.out) == run.summary
    for name in ((), ("latest",), (run.id,)):
        assert command("show", *name, "--json") == made
    tables = command("run", TINY, *QUICK)
    assert (tables.code, tables.err) == (0, "")
    shown = command("show")
    assert (shown.code, shown.err) == (0, "")
    *one, last = tables.out.splitlines()
    *other, saved = shown.out.splitlines()
    assert one == other
    assert saved.startswith("Saved to ")
    assert last == saved.replace("Saved to", "Unchanged: the same run was saved before, in")
    assert "How it ends" in tables.out
    assert run.id in tables.out
    assert "\x1b" not in tables.out


def test_options_reach_the_run(command: Command, tmp_path: Path) -> None:
    runs = tmp_path / "elsewhere"
    done = command(
        *("run", "two-islands", "--priors", TINY.parent, "--runs", runs, "--as-of", "2031-03-03", "--timelines", 41),
        *("--seed", 5, "--threads", 1, "--set", "moscow.worth.quantiles=[0.3,0.4,0.5]", "--fix", "kyiv.worth=0.2"),
        *("--fix", "europe.worth=0.3", "--prior-only", "--json", "-q"),
    )
    assert (done.code, done.err) == (0, "")
    summary = json.loads(done.out)
    assert (summary["timelines"], summary["seed"], summary["draws"]) == (41, 5, 2)
    assert summary["edits"] == ["moscow.worth.quantiles=[0.3,0.4,0.5]"]
    assert summary["fixed"] == {"europe.worth": 0.3, "kyiv.worth": 0.2}
    assert not (tmp_path / "runs").exists()
    assert open_run(runs=runs).summary == summary


def test_verbosity(command: Command, caplog: pytest.LogCaptureFixture) -> None:
    assert command("run", TINY, *QUICK, "-v").code == 0
    assert caplog.records[0].getMessage() == "reading the scenario"
    for option, level in (((), logging.WARNING), (("-q",), logging.ERROR), (("-v",), logging.INFO)):
        command("explain", TINY, "--json", *option)
        assert logging.getLogger("forecast").level == level


def test_help_tells_exit_codes_and_commands(command: Command) -> None:
    for arguments in ((), ("--help",)):
        done = command(*arguments)
        assert (done.code, done.err) == (0, "")
        for code in MEANINGS:
            assert f"\n  {int(code)}: " in done.out
        for name in ("init", "run", "show", "check", "explain"):
            assert f"\n  {name} " in done.out
    for name in ("run", "show", "check", "explain"):
        done = command(name, "--help")
        assert done.code == 0
        for option in ("--json", "--log-json", "--verbose", "--quiet", "--help"):
            assert option in done.out
        assert ("--runs" in done.out) == (name in ("run", "show"))
        assert ("--perspective NAME|FILE" in done.out) == (name != "show")


# What is refused


def in_file(file: str, old: str, new: str) -> Edit:
    def edit(folder: Path) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


EVIDENCE = "evidence/area_survey.csv"
ROW = "2030-01-14,2030-01-14,806.1"

WRONG_FILES: dict[str, tuple[Edit, tuple[str, ...]]] = {
    "no TOML": (in_file("moscow.toml", "[worth]", "[worth"), ("moscow.toml", "line ", "is not TOML")),
    "quantiles out of order": (
        in_file("moscow.toml", "[0.45, 0.6, 0.75]", "[0.6, 0.45, 0.75]"),
        ("two-islands/moscow.toml: worth.quantiles: found [0.6, 0.45, 0.75]", "increasing"),
    ),
    "negative scale": (
        in_file("endings.toml", "mean = -0.5, sd = 0.4", "mean = -0.5, sd = -0.4"),
        ("endings.toml: owner_president.distribution", "-0.4"),
    ),
    "NaN in TOML": (
        in_file("moscow.toml", "[0.45, 0.6, 0.75]", "[0.45, nan, 0.75]"),
        ("moscow.toml: worth.quantiles", "nan"),
    ),
    "unknown party": (
        in_file("settlements.toml", '"washington", "europe"', '"washington", "atlantis"'),
        ("settlements.toml: settlement.armistice.signatories", "'atlantis'", "washington, europe"),
    ),
    "CSV lacks a column": (
        in_file(EVIDENCE, "observed,available,value", "observed,value"),
        (EVIDENCE, "row 1, column available: the column is missing"),
    ),
    "no date": (
        in_file(EVIDENCE, ROW, "2030-02-30,2030-03-01,806.1"),
        (EVIDENCE, "row 3, column observed: found '2030-02-30'; expected a real day", "YYYY-MM-DD"),
    ),
    "available before observed": (
        in_file(EVIDENCE, ROW, "2030-01-14,2030-01-13,806.1"),
        (EVIDENCE, "row 3, column available", "2030-01-13"),
    ),
    "NaN in CSV": (in_file(EVIDENCE, ROW, "2030-01-14,2030-01-14,nan"), (EVIDENCE, "row 3, column value", "'nan'")),
    "id that climbs": (in_file("scenario.toml", '"two-islands"', '"../evil"'), ("scenario.toml: id", "'../evil'")),
    "id with a colon": (in_file("scenario.toml", '"two-islands"', '"a:b"'), ("scenario.toml: id", "'a:b'")),
    "missing file": (lambda folder: (folder / "kyiv.toml").unlink(), ("two-islands/kyiv.toml: it is missing",)),
}


@pytest.mark.parametrize("wrong", WRONG_FILES)
def test_wrong_files_are_told_in_one_line(command: Command, tiny_folder: Path, tmp_path: Path, wrong: str) -> None:
    edit, texts = WRONG_FILES[wrong]
    edit(tiny_folder)
    before = contents(tmp_path)
    for name in ("run", "check", "explain"):
        assert_refused(command(name, tiny_folder, "--json"), *texts)
    assert contents(tmp_path) == before
    assert not (tmp_path / "runs").exists()


WRONG_OPTIONS: list[tuple[tuple[object, ...], tuple[str, ...]]] = [
    (("run", TINY, "--as-of", "2031-09-30"), ("--as-of: 2031-09-30 is after the horizon", "2031-09-29")),
    (("run", TINY, "--as-of", "2030-01-06"), ("no evidence was available by 2030-01-06", "2030-01-07")),
    (("run", TINY, "--as-of", "2031-03-02"), ("2031-03-02 is before the reference date", "2031-03-03")),
    (("run", TINY, "--as-of", "2031-02-29"), ("--as-of: '2031-02-29' is not a date. Write it as YYYY-MM-DD",)),
    (("run", TINY, "--as-of", "20310303"), ("--as-of", "YYYY-MM-DD")),
    (("run", TINY, "--as-of", ""), ("--as-of", "YYYY-MM-DD")),
    (("run", TINY, "--as-of", "2031-W10-1"), ("--as-of: '2031-W10-1' is not a date. Write it as YYYY-MM-DD",)),
    (("run", TINY, "--timelines", 0), ("--timelines: 0 timelines",)),
    (("run", TINY, "--timelines", -5), ("--timelines: -5 timelines",)),
    (("run", TINY, "--timelines", 10**20), ("--timelines", "Ask for 1 to 10,000,000")),
    (("run", TINY, "--timelines", "many"), ("--timelines: found 'many'; expected a whole number",)),
    (("run", TINY, "--runs", ""), ("--runs: found an empty text; expected the path of a folder",)),
    (("check", TINY, "--priors", " "), ("--priors: found an empty text; expected the path of a folder",)),
    (("run", TINY, "--timelines", "2_000"), ("--timelines: found '2_000'; expected a whole number",)),
    (("run", TINY, "--timelines", "\u0661\u0662"), ("--timelines: found",)),
    (("run", TINY, "--timelines", " 5"), ("--timelines: found ' 5'",)),
    (("run", TINY, "--threads", "1e1"), ("--threads: found '1e1'",)),
    (("show", "--timeline", "1_0"), ("--timeline: found '1_0'; expected a whole number",)),
    (("run", TINY, "--seed", -1), ("--seed: -1 is negative",)),
    (("run", TINY, "--seed", "1.5"), ("--seed: found '1.5'; expected a whole number",)),
    (("run", TINY, "--threads", 0), ("--threads: 0 threads",)),
    (("run", TINY, "--set", "moscow.worth"), ("--set", "moscow.worth")),
    (("run", TINY, "--set", "moscow.wort.quantiles=[1,2,3]"), ("no entry has this name", "moscow.worth")),
    (("run", TINY, "--set", "moscow.worth.quantiles=[3,2,1]"), ("moscow.toml: worth.quantiles", "--set")),
    (("check", TINY, "--set", "moscow.worth.quantiles=high"), ("moscow.toml: worth.quantiles", "--set")),
    (("run", TINY, "--fix", "moscow.worth=high"), ("--fix: moscow.worth: found 'high'",)),
    (("run", TINY, "--fix", "moscow.worth=\u0660"), ("--fix: moscow.worth: found",)),
    (("run", TINY, "--fix", "moscow.worth=-2"), ("--fix: moscow.worth: found -2",)),
    (("run", TINY, "--fix", "nobody.worth=1"), ("--fix: nobody.worth: no entry has this name",)),
    (("run", TINY, "--set", "a\nb.c=1"), ("no entry has this name",)),
    (("run", TINY, "--perspective", "nobody"), ("--perspective: found 'nobody'; expected base, hopeful, or",)),
    (("check", TINY, "--perspective", "hopefull"), ("--perspective: found 'hopefull'", "Did you mean hopeful?")),
    (("explain", TINY, "--perspective", "my.toml"), ("my.toml: --perspective: there is no such file",)),
    (("run", TINY, "--perspective", TINY / "talks.toml"), ("talks.toml: contact: unknown key", "title, holder")),
    (("run", TINY, "--nonsense"), ("No such option: --nonsense",)),
    (("check", TINY, "--runs", "x"), ("No such option: --runs",)),
    (("explain", TINY, "--runs", "x"), ("No such option: --runs",)),
    (("run", "n" * 5000), ("no scenario has this name",)),
    (("run", TINY, "--runs", "n" * 5000), ("--runs: runs cannot be saved in", "File name too long")),
    (("run", TINY, "--priors", "n" * 5000), ("there is no such folder",)),
    (("run", TINY, "--perspective", "n" * 5000 + ".toml"), ("File name too long",)),
    (("show", "n" * 5000), ("is not a run's name",)),
    (("show", "--runs", "n" * 5000), ("file name too long. Give a shorter name",)),
    (("check", "\x1b[31mx\x9b\u202e"), (r"\x1b[31mx\x9b\u202e",)),
    (("run", TINY, "another"), ("another",)),
    (("nonsense",), ("No such command 'nonsense'",)),
    (("run", "nowhere"), ("'nowhere': no scenario has this name", "ukraine-2025")),
    (("run", "../nowhere"), ("'../nowhere': there is no such folder",)),
    (("explain", ".."), ("it is missing",)),
    (("run", TINY, "--priors", "/nowhere"), ("/nowhere",)),
    (("show",), ("no run in", "forecast run")),
    (("show", "nothing"), ("is not a run", "Saved runs: none")),
    (("show", "../nothing"), ("'../nothing' is not a run's name",)),
    (("show", "latest", "--runs", "/nowhere"), ("no run in /nowhere",)),
]


@pytest.mark.parametrize(("arguments", "texts"), WRONG_OPTIONS)
def test_wrong_options_are_told_in_one_line(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple, texts: tuple
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("forecast.ensemble.simulated_member.update", lambda *_, **__: pytest.fail("work was begun"))
    if arguments == ("explain", ".."):
        (tmp_path / "x").mkdir()
        monkeypatch.chdir(tmp_path / "x")
        texts = ("a scenario has no such file or folder",)
    before = set(tmp_path.rglob("*"))
    assert_refused(command(*arguments), *texts)
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("file", ["file: it is not a folder", "Name another with --runs"]),
        ("file/deeper", ["--runs: runs cannot be saved in", "Name a folder that can be written"]),
    ],
)
def test_runs_that_cannot_be_kept(
    command: Command, tmp_path: Path, sampler: MadeUpSampler, place: str, words: list[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    done = command("run", TINY, "--runs", tmp_path / place)
    assert_refused(done, *words)
    assert contents(tmp_path) == {"file": b"mine"}
    assert sampler.fits == 0


@pytest.mark.parametrize("name", ["summary.json", "timelines.parquet", MANIFEST])
def test_a_damaged_run_is_not_shown(command: Command, kept_copy: Path, name: str) -> None:
    path = kept_copy / name
    path.write_bytes(path.read_bytes()[:-30])
    before = contents(kept_copy)
    for arguments in (("show",), ("show", kept_copy.name), ("show", "--json")):
        assert_refused(command(*arguments), name)
    path.unlink()
    assert_refused(command("show", kept_copy.name), name)
    assert contents(kept_copy) == {key: value for key, value in before.items() if key != name}


def test_unconverged_chains_end_with_4(command: Command, tmp_path: Path, sampler: MadeUpSampler) -> None:
    sampler.diagnostics = replace(sampler.diagnostics, rhat=1.2)
    assert_refused(command("run", TINY, "--timelines", 400), "did not converge: R-hat 1.2000 (at most 1.01)", code=4)
    assert not (tmp_path / "runs").exists()
    done = command("run", TINY, "--timelines", 400, "--allow-unconverged")
    assert done.code == 0
    assert "The sampler did not converge; these numbers are not to be relied on." in done.out
    assert "The sampler did not converge" in open_run(runs=tmp_path / "runs").report


def test_an_interrupt_ends_with_130(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("forecast.ensemble.simulated_member.simulate_blocks", interrupt)
    assert_refused(command("run", TINY, *QUICK), "interrupted; nothing was written", code=130)
    assert not list(tmp_path.iterdir())


def test_an_error_that_an_interrupt_has_caused_is_an_interrupt(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swallow(*_: object, **__: object) -> None:
        with suppress(KeyboardInterrupt):  # as compiled modules do while they are imported
            signal.raise_signal(signal.SIGTERM)
        raise ImportError("initialization failed")

    monkeypatch.setattr("forecast.ensemble.simulated_member.simulate_blocks", swallow)
    assert_refused(command("run", TINY, *QUICK), "interrupted; nothing was written", code=130)
    assert not list(tmp_path.iterdir())


def test_a_compiler_that_swallows_an_interrupt_is_interrupted_again(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A function of numba, as its frames tell; elsewhere nothing is interrupted twice.
    names: dict[str, object] = {"__name__": "numba.core.compiler", "time": time}
    exec("def compile():\n    while True:\n        time.sleep(0.01)", names)
    passed = []

    def swallow(*_: object, **__: object) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        time.sleep(0.2)
        passed.append("outside the compiler")
        names["compile"]()  # type: ignore[operator]

    monkeypatch.setattr("forecast.cli.console.AGAIN", 0.05)
    monkeypatch.setattr("forecast.ensemble.simulated_member.simulate_blocks", swallow)
    assert_refused(command("run", TINY, *QUICK), "interrupted; nothing was written", code=130)
    assert passed == ["outside the compiler"]
    assert not list(tmp_path.iterdir())


def test_a_bug_is_not_dressed_up(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.ensemble.simulated_member.simulate_blocks", lambda *_, **__: int("bug"))
    with pytest.raises(ValueError, match="bug"):
        command("run", TINY, *QUICK)
    assert not list(tmp_path.iterdir())


# Other processes


def python(place: Path, code: str, *options: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    outside = {name: value for name, value in os.environ.items() if name != "FORECAST_RUNS"}
    return subprocess.run(
        [sys.executable, "-W", "error", *options, "-c", code],
        cwd=place,
        env=outside | environment,
        capture_output=True,
        timeout=120,
    )


def test_a_bug_ends_with_1_and_a_traceback(tmp_path: Path) -> None:
    code = "import sys\nfrom forecast.cli import app\nfrom forecast.store import saved_run\n"
    code += "saved_run.open_run = lambda *_: 1 / 0\n"
    done = python(tmp_path, f"{code}sys.argv = ['forecast', 'show']\napp.main()")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"Traceback" in done.stderr
    assert b"ZeroDivisionError" in done.stderr


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    heavy = ["numpy", "pandas", "numba", "pydantic", "scipy", "pymc", "arviz", "pyarrow", "jinja2", "rich.table"]
    code = f"""
import sys
import time
from forecast.cli import app
from forecast.cli.exit_codes import MEANINGS
sys.argv = ["forecast", "--help"]
app.main()
print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""
    done = python(tmp_path, code)
    assert (done.returncode, done.stderr.strip()) == (0, b"[]")
    assert b"Usage" in done.stdout


def test_the_warm_path_imports_no_sampler(sampled: tuple[Sampled, Sampled], tmp_path: Path) -> None:
    heavy = ["pymc", "pytensor", "nutpie", "arviz", "xarray", "scipy.stats"]
    code = f"""
import sys
import time
from forecast.cli import app
from forecast.cli.exit_codes import MEANINGS
sys.argv = ["forecast", "run", {str(TINY)!r}, "--timelines", "{SAMPLED_TIMELINES}", "--json"]
app.main()
print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""
    done = python(tmp_path, code, FORECAST_CACHE=str(sampled[0].cache))
    assert (done.returncode, done.stderr.strip()) == (0, b"[]")
    assert done.stdout.decode() == sampled[0].out


def test_the_locale_and_the_backend_of_a_notebook_do_not_matter(tiny_folder: Path, tmp_path: Path) -> None:
    title = "Der Krieg um Åland: 战争"
    in_file("scenario.toml", "The war of the two islands", title)(tiny_folder)
    in_file("parties.toml", 'label = "The line on the strait"', 'label = "Die Linie, überall"')(tiny_folder)
    settings = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "PYTHONIOENCODING": ""}
    settings["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    run = ["run", str(tiny_folder), "--prior-only", "--timelines", "400"]
    explain = ["explain", str(tiny_folder), "--json"]
    for arguments, text in ((run, "┃ How it ends ┃"), (explain, '"Die Linie, überall"')):
        started = command_started(tmp_path, arguments, stderr=subprocess.PIPE, **settings)
        out, err = started.communicate(timeout=120)
        assert (started.returncode, err) == (0, b"")
        assert text in re.sub(r"\s+", " ", out.decode("utf-8"))
    assert open_run(runs=tmp_path / "runs").report.startswith(f"# {title}\n")
    wrong = ["show", "é", "--runs", str(tmp_path / "runs")]
    started = command_started(tmp_path, wrong, stderr=subprocess.PIPE, **settings)
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out) == (2, b"")
    assert err.startswith(b"forecast: run: ")


@pytest.mark.parametrize("option", ["--json", "-v"])
def test_a_reader_that_goes_away_is_no_error(kept: Run, tmp_path: Path, option: str) -> None:
    started = command_started(tmp_path, ["show", option, "--runs", str(kept.folder.parent)], stderr=subprocess.PIPE)
    assert started.stdout
    assert started.stderr
    started.stdout.close()
    err = started.stderr.read()
    assert (started.wait(60), err) == (0, b"")
    started.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_itself_with_130(number: signal.Signals, tmp_path: Path) -> None:
    asked = [sys.executable, "-m", "forecast", "run", str(TINY), "--timelines", "5000000", "--prior-only"]
    running = subprocess.Popen(
        [*asked, "--runs", str(tmp_path / "runs")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    # The hidden folder says that the work has begun, and with it the handling of signals.
    while not list(tmp_path.glob("runs/.*")) and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(number)
    out, err = running.communicate()
    assert (running.returncode, out, err) == (130, b"", b"forecast: interrupted; nothing was written\n")
    assert not (tmp_path / "runs").exists()


# The system, and text that would act


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (OSError(errno.ENOSPC, "x", "/full/file"), 75, "/full/file: no space left on device"),
        (MemoryError(), 75, "there is not enough memory"),
        (OSError(errno.ENOLCK, "x", "/nfs"), 75, "/nfs: no locks available"),
        (PermissionError(errno.EACCES, "x", "/secret"), 2, "/secret: permission denied"),
    ],
)
def test_errors_of_the_system_are_one_line(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, text: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("forecast.ensemble.simulated_member.simulate_blocks", fail)
    assert_refused(command("run", TINY, *QUICK), text, code=code)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "bug", [FileNotFoundError(errno.ENOENT, "x", "y"), EOFError("x"), UnicodeError("x"), KeyError(1)]
)
def test_no_bug_is_taken_for_the_system_or_an_interrupt(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bug: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise bug

    monkeypatch.setattr("forecast.ensemble.simulated_member.simulate_blocks", fail)
    with pytest.raises((type(bug), RuntimeError)) as caught:
        command("run", TINY, *QUICK)
    assert bug in (caught.value, caught.value.__cause__)
    assert not list(tmp_path.iterdir())


def test_a_run_beside_bad_neighbours_and_with_a_damaged_cache_succeeds(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs" / "app").mkdir(parents=True)
    (tmp_path / "runs" / "app" / MANIFEST).write_text('{"name": "\x1b[31mapp"}')
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path / "file"))  # cannot be written
    done = command("run", TINY, *QUICK, "--json")
    assert done.code == 0
    shown = command("show", "--json")
    assert (shown.code, shown.out) == (0, done.out)
    assert contents(tmp_path)["runs/app/manifest.json"] == b'{"name": "\x1b[31mapp"}'


def test_a_variable_that_names_no_folder_is_an_error(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECAST_PRIORS", str(tmp_path / "unmounted"))
    for name in ("run", "check", "explain"):
        assert_refused(command(name), "unmounted: FORECAST_PRIORS: there is no such folder")
    monkeypatch.setenv("FORECAST_PRIORS", "~nobody-of-this-name/x")
    assert_refused(command("check"), "the home folder of ~ is not known")


def test_a_bad_limit_of_the_cache_is_refused_before_the_work(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampler: MadeUpSampler
) -> None:
    monkeypatch.setenv("FORECAST_CACHE_MB", "2 GB")
    refusal = "FORECAST_CACHE_MB: found '2 GB'; expected a whole number of megabytes, 1 or more"
    for options in ((), QUICK):
        assert_refused(command("run", TINY, *options), refusal)
    assert_refused(command("run", tmp_path / "no scenario"), refusal)  # before anything is read
    assert sampler.fits == 0
    assert not list(tmp_path.iterdir())


def test_a_tilde_is_the_home_folder(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FORECAST_RUNS", "~/kept")
    shutil.copytree(TINY, tmp_path / "home" / "mine" / TINY.name)
    done = command("run", TINY.name, "--priors", "~/mine", *QUICK)
    assert done.code == 0
    assert f"The scenario was read from {tmp_path / 'home' / 'mine' / TINY.name}." in done.out
    (run,) = (tmp_path / "home" / "kept").iterdir()
    assert open_run(run).manifest["scenario_folder"] == str(tmp_path / "home" / "mine" / TINY.name)
    assert command("show", "--runs", "~/kept").out == done.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def test_a_run_past_the_horizon_says_so(command: Command, caplog: pytest.LogCaptureFixture) -> None:
    base = ("run", *QUICK, "--perspective", "base", "--priors", REPOSITORY / "priors")
    assert command(*base).code == 0
    (line,) = [record.getMessage() for record in caplog.records if "horizon" in record.getMessage()]
    said = r"today, 20\d\d-\d\d-\d\d, is after the horizon, 2025-12-31: .* reference date, 2025-01-20"
    assert re.fullmatch(said, line)
    caplog.clear()
    assert command("run", TINY, *QUICK).code == 0
    assert command(*base, "--as-of", "2025-01-20").code == 0
    assert "horizon" not in caplog.text


HOSTILE = r"\u001b[31m<script>x</script> [/x] ![i](http://y) `c`\u202e"


def test_text_of_a_scenario_acts_nowhere(command: Command, tiny_folder: Path, tmp_path: Path) -> None:
    free = re.compile(
        r'^(title|label|question|reason|summary|criteria|meaning|holder|note|claim|publisher) = "(?=[A-Z])', re.M
    )
    for path in tiny_folder.rglob("*.toml"):
        path.write_text(free.sub(lambda found: found[0] + HOSTILE, path.read_text("utf-8")), "utf-8")
    printed = []
    for arguments in (("run", *QUICK), ("run", *QUICK, "--perspective", "hopeful"), ("check",), ("explain",)):
        for more in ((), ("--json",)):
            done = command(arguments[0], tiny_folder, *arguments[1:], *more)
            assert done.code == 0, done.err
            printed += [done.out, done.err]
    assert "[/x]" in "".join(printed)
    runs = [open_run(path) for path in (tmp_path / "runs").iterdir()]
    assert len(runs) == 2
    printed += [command("show", runs[0].id, "--timeline", 3).out]
    for text in printed:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
    for run in runs:
        report = run.report
        assert "script" in report
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", report)
        assert not re.search(r"<(?=[a-z!/?])", report), report[:300]
        assert not re.search(r"(?<!\\)\[/x|(?<!\\)!\[i|!\[i\]\(|(?<!\\)`c", report)
        assert "<script" not in (run.folder / "odds.svg").read_text("utf-8")
