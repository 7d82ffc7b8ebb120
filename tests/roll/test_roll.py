"""Rolling the made-up scenario on: what is written, what is refused, and that it runs and can be rolled on again."""

import errno
import io
import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from places import TINY
from rich.console import Console
from run_tools import Done, contents

from forecast.belief.assemble import update
from forecast.cli.check_tables import review_lines
from forecast.cli.roll import show_rolled
from forecast.encoding import kernel_inputs
from forecast.errors import InputError
from forecast.evidence.readings import READINGS
from forecast.pipeline.workflow import cautions_of_record
from forecast.roll import roll as rolling
from forecast.roll.carried_evidence import kept_rows
from forecast.roll.dates_in_text import Dates
from forecast.roll.review_list import Entry, Quote, Source, joined, review_file, review_page
from forecast.roll.roll import Rolled, RollRequest, check_dates, check_record, checked_target, roll
from forecast.scenario.load import load_scenario
from forecast.scenario.review import FILE, PAGE
from forecast.scenario.spec import Scenario

REFERENCE, HORIZON = date(2031, 10, 6), date(2032, 4, 30)
WITHIN = date(2031, 6, 2)
"""A day within the dates of the made-up scenario, before the rows of its record."""


@pytest.fixture(scope="module", autouse=True)
def few_draws() -> Iterator[None]:
    """Few draws, which are replayed in a tenth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rolling, "DRAWS", 400)
        yield


@pytest.fixture(scope="module")
def rolled(tmp_path_factory: pytest.TempPathFactory) -> Rolled:
    """The made-up scenario rolled on from its end, replayed without its series. Not to be changed."""
    folder = tmp_path_factory.mktemp("rolled") / "islands-2032"
    return roll(RollRequest(TINY, REFERENCE, HORIZON, folder, prior_only=True))


@pytest.fixture(scope="module")
def within(tmp_path_factory: pytest.TempPathFactory) -> Rolled:
    """The made-up scenario rolled on from a day within its dates. Not to be changed."""
    folder = tmp_path_factory.mktemp("within") / "islands-june"
    return roll(RollRequest(TINY, WITHIN, date(2031, 12, 29), folder, prior_only=True))


@pytest.fixture
def folder(rolled: Rolled, tmp_path: Path) -> Path:
    """A copy of the rolled folder, to be changed."""
    return shutil.copytree(rolled.folder, tmp_path / rolled.folder.name)


def append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(text)


def put(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")


# What is written


def test_the_dates_the_id_and_the_wording_are_new(rolled: Rolled) -> None:
    scenario = rolled.scenario
    assert (scenario.id, scenario.reference_date, scenario.horizon) == ("islands-2032", REFERENCE, HORIZON)
    assert scenario.question == "How does the war of the two islands stand on 30 April 2032?"
    assert scenario.upheavals == scenario.votes == ()
    assert rolled.rolled_from == "two-islands"
    assert rolled.as_of == date(2031, 9, 29)  # the horizon of the scenario before


def test_levels_without_a_series_have_the_quantiles_of_the_replay(rolled: Rolled) -> None:
    names = [level.prior for level in rolled.levels]
    # No series of the made-up scenario measures instability.
    assert {"kyiv.instability_start", "washington.capital_start", "front.held.highlands"} < set(names)
    for level in rolled.levels:
        prior = rolled.scenario.priors[level.prior]
        assert (prior.source, prior.basis) == ("replay_two_islands", "figure")
        assert "as of 2031-09-29" in prior.reason
        if prior.marginal.is_point:
            continue
        width = level.quantiles[2] - level.quantiles[0]
        # A normal prior stays normal, so its outer quantiles are those of the replay only in their distance.
        assert prior.quantiles()[1] == pytest.approx(level.quantiles[1], abs=0.021 * width)
        assert prior.quantiles()[2] - prior.quantiles()[0] == pytest.approx(width, rel=0.05)


def test_everything_else_is_as_it_was(rolled: Rolled) -> None:
    before, after = load_scenario(TINY), rolled.scenario
    new = {level.prior for level in rolled.levels}
    assert list(after.priors) == list(before.priors)
    assert all(after.priors[name] == before.priors[name] for name in before.priors if name not in new)
    assert after.premises == before.premises
    assert after.correlations == before.correlations


def test_series_are_carried_on_whole_and_the_record_begins_empty(rolled: Rolled) -> None:
    old, new = contents(TINY), contents(rolled.folder)
    series = [name for name in old if name.startswith("evidence/") and name.endswith("survey.csv")]
    assert series
    assert all(new[name] == old[name] for name in series)
    assert new["evidence/events.csv"] == old["evidence/events.csv"].splitlines(keepends=True)[0]
    assert new["evidence/states.csv"] == old["evidence/states.csv"].splitlines(keepends=True)[0]
    assert f"evidence/{READINGS}" not in new  # its rows are of the time before
    assert rolled.scenario.chronology.coded_until == REFERENCE - timedelta(days=1)


def test_rows_outside_the_declared_range_are_carried_on_only_with_a_reason() -> None:
    head = "observed,available,value,note\n"
    sound, odd = "2031-01-06,2031-01-06,900,\n", '2031-01-13,2031-01-13,0,"empty, that day"\n'
    taken = '2031-01-20,2031-01-20,0,"outside the declared range, accepted: a flood"\n'
    assert kept_rows(head + sound + taken, 800.0, 1000.0) == (head + sound + taken, [])
    assert kept_rows(head + sound + odd + taken, 800.0, 1000.0) == (head + sound + taken, ["0 of 2031-01-13"])
    assert kept_rows(head + odd, 800.0, 1000.0) == (head + odd, [])


def test_rows_of_the_new_period_are_kept(within: Rolled) -> None:
    old, new = contents(TINY), contents(within.folder)
    assert new["evidence/events.csv"] == old["evidence/events.csv"]
    assert new[f"evidence/{READINGS}"] == old[f"evidence/{READINGS}"]
    assert within.scenario.chronology.coded_until == date(2031, 9, 29)
    assert [event.label for event in within.scenario.votes] == ["Vote of the League on the blockade"]
    assert within.scenario.upheavals == ()
    assert within.as_of == WITHIN


def test_states_without_a_start_before_get_one(within: Rolled) -> None:
    start = within.scenario.start
    assert start.stalled_weeks == pytest.approx(13.0)  # 91 days without progress, from the old reference date
    assert 0.5 < start.engagement <= 1.0
    assert start.weeks_since_pause is None
    draws = update(within.scenario, prior_only=True, draws=4).draws
    rows = kernel_inputs.plain_rows(within.scenario, draws)
    states = kernel_inputs.starting_states(within.scenario, draws, rows, WITHIN)
    assert (states["stall"] == start.stalled_weeks).all()
    assert (states["engagement"] == start.engagement).all()
    assert (states["demands"] == start.demands).all()


def test_the_same_again_gives_the_same_bytes(within: Rolled, tmp_path: Path) -> None:
    again = roll(RollRequest(TINY, WITHIN, date(2031, 12, 29), tmp_path / within.folder.name, prior_only=True))
    assert contents(again.folder) == contents(within.folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == [within.folder.name]


def test_it_runs_with_later_rows_and_can_be_rolled_on_again(command, folder: Path, tmp_path: Path) -> None:
    done: Done = command("run", folder, "--prior-only", "--timelines", 400)
    assert done.code == 0
    assert "islands-2032 as of 2031-10-06, to 2032-04-30" in done.out
    assert "2031" not in (next((tmp_path / "runs").iterdir()) / "report.md").read_text("utf-8").split("## Appendix")[
        0
    ].replace("6 October 2031", "")
    # The map goes on for half a year, and a week of talks is coded.
    area = folder / "evidence" / "area_survey.csv"
    mondays = [REFERENCE + timedelta(days=7 * k) for k in range(29)]
    area.write_text(area.read_text() + "".join(f"{day},{day},{912 + k}\n" for k, day in enumerate(mondays)))
    put(folder / "evidence" / "evidence.toml", "coded_until = 2031-10-05", "coded_until = 2032-04-30")
    row = "2032-03-02,2032-03-03,rung,contact,Envoys meet.,gazette\n"
    append(folder / "evidence" / "states.csv", row)
    done = command("run", folder, "--prior-only", "--timelines", 400, "--as-of", "2032-03-29")
    assert done.code == 0, done.err
    again = roll(RollRequest(folder, date(2032, 5, 3), date(2032, 12, 31), tmp_path / "islands-2033", prior_only=True))
    assert again.scenario.start.rung == "contact"
    assert again.scenario.review is not None
    assert again.scenario.review.rolled_from == "islands-2032"
    assert "replay_islands_2032" in again.scenario.sources
    assert again.scenario.question == "How does the war of the two islands stand on 31 December 2032?"


# What a person must confirm


def test_the_list_is_by_file(rolled: Rolled) -> None:
    page = (rolled.folder / PAGE).read_text(encoding="utf-8")
    headers = [line for line in page.splitlines() if line.startswith("## ") and line != "## History"]
    assert [line.split()[1] for line in headers] == list(dict.fromkeys(entry.file for entry in rolled.entries))
    numbers = [int(number) for number in re.findall(r"^- `scenario\.toml:(\d+)`", page, re.MULTILINE)]
    assert numbers == sorted(numbers)


def test_phrases_are_quoted_with_their_lines() -> None:
    texts = {"kyiv.toml": '[x]\ncentre = 1\nreason = "As in 2030, so in May."\n'}
    quotes = Quote(("x", "reason"), "As in 2030,..."), Quote(("x", "reason"), "...so in May.")
    entry = Entry("priors", "kyiv.toml", "x", "It speaks of 2030, in May.", quotes)
    (both,) = joined([entry, entry])
    assert both == entry
    source = Source("two-islands", date(2031, 3, 3), date(2031, 9, 29))
    page = review_page(source, REFERENCE, HORIZON, [entry], [], texts)
    assert "## kyiv.toml (1)\n" in page
    assert (
        "- `kyiv.toml:1` x: It speaks of 2030, in May.\n"
        '  - `kyiv.toml:3` "As in 2030,..."\n'
        '  - `kyiv.toml:3` "...so in May."\n'
    ) in page
    assert entry.text in tomllib.loads(review_file(source, [entry]))["item"][0]["why"]
    assert entry.text == 'It speaks of 2030, in May. It says: "As in 2030,..."; "...so in May."'


def test_days_that_nobody_records_are_named(rolled: Rolled, within: Rolled) -> None:
    assert rolled.unrecorded == (date(2031, 9, 30), date(2031, 10, 5))
    start = next(entry for entry in rolled.entries if (entry.file, entry.key) == ("scenario.toml", "start"))
    assert "The days from 30 September 2031 to 5 October 2031 lie between" in start.why
    assert "30 September 2031 to 5 October 2031" in (rolled.folder / PAGE).read_text(encoding="utf-8")
    out = io.StringIO()
    show_rolled(rolled, Console(file=out, width=200))
    assert "The days from 30 September 2031 to 5 October 2031" in out.getvalue()
    assert "e+0" not in out.getvalue()
    assert "as it is" not in out.getvalue()
    assert within.unrecorded is None


def test_the_list_names_file_and_line(rolled: Rolled) -> None:
    page = (rolled.folder / PAGE).read_text(encoding="utf-8")
    review = rolled.scenario.review
    assert review is not None
    assert review.open == review.items
    for item in review.items:
        assert f"`{item.file}:{item.line}`" in page
        line = (rolled.folder / item.file).read_text(encoding="utf-8").splitlines()[item.line - 1]
        assert item.key.rpartition(".")[2] in line or item.file.startswith("perspectives/"), item
    keys = {(item.file, item.key) for item in review.items}
    assert ("perspectives/hopeful.toml", "change.washington.capital_start") in keys
    assert {("scenario.toml", "question"), ("scenario.toml", "start"), ("scenario.toml", "horizon")} < keys


def test_confirmed_in_the_table_or_in_the_list(folder: Path) -> None:
    before = load_scenario(folder).review
    assert before is not None
    put(folder / "moscow.toml", "[strain_start]\n", "[strain_start]\nreviewed = 2031-10-02\n")
    put(folder / "scenario.toml", "[start]\n", "[start]\nreviewed = 2031-10-02\n")
    put(folder / FILE, 'key = "question"\n', 'key = "question"\nreviewed = 2031-10-02\n')
    # Nobody knew by then what the scenario starts from.
    put(folder / "hawks.toml", "[hawks_start]\n", "[hawks_start]\nreviewed = 2031-03-02\n")
    scenario = load_scenario(folder)
    assert scenario.review is not None
    assert {item.key for item in before.open} - {item.key for item in scenario.review.open} == {
        *("strain_start", "start", "question"),
    }
    assert any("are not confirmed" in text for text in cautions_of_record(scenario, REFERENCE))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('key = "question"\n', 'key = "question"\nreviewed = 2031-09-01\n', "2031-09-29"),
        ('key = "question"\n', 'key = "qestion"\n', "Did you mean question"),
        ('file = "moscow.toml"', 'file = "../moscow.toml"', "expected a file of the scenario"),
        ('rolled_from = "two-islands"\n', "", "rolled_from"),
        ("as_of = 2031-09-29", "as_of = 2030-01-01", "as_of"),
    ],
)
def test_a_wrong_list_is_refused(folder: Path, before: str, after: str, words: str) -> None:
    put(folder / FILE, before, after)
    with pytest.raises(InputError, match=words) as refused:
        load_scenario(folder)
    assert FILE in str(refused.value)


def test_check_warns_line_by_line_until_all_is_confirmed() -> None:
    item = {"file": "moscow.toml", "line": 3, "key": "strain_start", "why": "Starts from the replay."}
    lines = review_lines({"rolled_from": "two-islands", "as_of": "2031-09-29", "items": 16, "open": [item]})
    assert "1 of 16 entries" in lines[0]
    assert lines[1] == "! moscow.toml:3 strain_start: Starts from the replay."
    assert review_lines({"rolled_from": "two-islands", "as_of": "2031-09-29", "items": 16, "open": []}) == []
    assert review_lines(None) == []


# What is refused


@pytest.mark.parametrize(
    ("reference", "horizon", "words"),
    [
        (date(2031, 3, 3), date(2031, 12, 1), "--reference: found 2031-03-03; expected a day after"),
        (date(2031, 11, 30), date(2032, 12, 1), "--reference: found 2031-11-30; expected 2031-11-03 at the latest"),
        (date(2031, 10, 6), date(2031, 10, 6), "--horizon: found 2031-10-06; expected a day after"),
        (
            date(2031, 10, 6),
            date(2035, 10, 6),
            "--horizon: found 2035-10-06; expected 2034-10-29 at the latest, 160 weeks",
        ),
    ],
)
def test_dates_that_do_not_fit_are_refused(tiny: Scenario, reference: date, horizon: date, words: str) -> None:
    with pytest.raises(InputError, match="^" + words):
        check_dates(tiny, reference, horizon)


def test_a_record_that_ends_too_early_is_refused(tiny: Scenario) -> None:
    early = replace(tiny, chronology=replace(tiny.chronology, coded_until=date(2031, 6, 1)))
    with pytest.raises(InputError, match="coded_until: events and states are coded until 2031-06-01"):
        check_record(early, REFERENCE, tiny.horizon)


def test_a_war_that_has_ended_is_refused(tiny_folder: Path) -> None:
    row = "2031-09-20,2031-09-21,endings.any,The war is over.,It is.,gazette\n"
    append(tiny_folder / "evidence" / "events.csv", row)
    if "endings.any" not in (tiny_folder / "evidence" / "coding.toml").read_text():
        guide = '\n[decision."endings.any"]\nsystematic = true\nguide = "The war is over."\n'
        append(tiny_folder / "evidence" / "coding.toml", guide)
    with pytest.raises(InputError, match="the war is recorded as ended on 2031-09-20"):
        check_record(load_scenario(tiny_folder), REFERENCE, date(2031, 9, 29))


@pytest.mark.parametrize("name", ["", "..", "=cmd()", "<b>x</b>", "a b", "a\x1b[31m", "9", "x" * 1_000_000, "\n"])
def test_a_name_that_can_be_no_id_is_refused_in_one_line(command, tmp_path: Path, name: str) -> None:
    dates = ("--reference", REFERENCE, "--horizon", HORIZON)
    done: Done = command("roll", TINY, f"{tmp_path / 'sub'}/{name}" if name else "/", *dates)
    assert done.code == 2
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert done.err[:-1].isprintable()
    assert len(done.err) < 2100
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_refused(tmp_path: Path) -> None:
    for kind in ("folder", "file", "link"):
        place = tmp_path / kind
        {"folder": place.mkdir, "file": place.touch, "link": lambda: (tmp_path / "link").symlink_to("nowhere")}[kind]()
        with pytest.raises(
            InputError, match=r"^DEST: found .*, which exists already; expected a new folder\. Name a folder"
        ):
            checked_target(place)
    with pytest.raises(InputError, match=r"^DEST: found .*/gone/islands; expected .* Make it first: mkdir -p .*/gone$"):
        checked_target(tmp_path / "gone" / "islands")


def test_options_that_are_no_dates_or_scenarios_are_refused(command, tmp_path: Path) -> None:
    good = ("--reference", REFERENCE, "--horizon", HORIZON)
    for given, words in (
        (
            (TINY, tmp_path / "x", "--reference", "2031-13-01", "--horizon", HORIZON),
            "--reference: '2031-13-01' is not a date",
        ),
        ((TINY, tmp_path / "x", "--reference", REFERENCE, "--horizon", "soon"), "--horizon: 'soon' is not a date"),
        (("../nowhere", tmp_path / "x", *good), "there is no such folder"),
        ((TINY, TINY / "inside", *good), "inside the scenario that is rolled on; expected a folder outside it"),
    ):
        done: Done = command("roll", *given)
        assert done.code == 2
        assert words in done.err
        assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    assert not (TINY / "inside").exists()


@pytest.mark.parametrize("when", ["writing", "placing"])
def test_a_full_disk_leaves_nothing(rolled: Rolled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(rolling, "starting_levels", lambda *_: list(rolled.levels))
    monkeypatch.setattr(rolling, "starting_record", lambda *_: rolled.record)
    if when == "placing":
        monkeypatch.setattr(rolling, "_place", full)
    else:
        monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        rolling.write(load_scenario(TINY), None, tmp_path / "islands", Dates(REFERENCE, HORIZON), rolled.as_of)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_hostile_texts_stay_texts(
    tiny_folder: Path, rolled: Rolled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = '=cmd()|\\"<script>alert(1)</script> in 2031 ](http://x) \\u001b[31m \\u2028 end'
    put(tiny_folder / "moscow.toml", 'reason = "', f'reason = "{hostile}')
    put(tiny_folder / "hawks.toml", 'reason = "', f'reason = "{"x" * 200_000} in 2031 ')
    monkeypatch.setattr(rolling, "starting_levels", lambda *_: [])
    monkeypatch.setattr(rolling, "starting_record", lambda *_: rolled.record)
    made = rolling.write(
        load_scenario(tiny_folder), replace_start(), tmp_path / "islands", Dates(REFERENCE, HORIZON), rolled.as_of
    )
    page = (made.folder / PAGE).read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "\x1b" not in page
    assert len(page) < 50_000
    assert any("alert(1)" in entry.text for entry in made.entries)


def replace_start() -> object:
    """Stand-in starting points, of which only the effective sample size is read."""
    return type("Stand", (), {"effective": 500.0})()


def test_json_has_the_whole_result(command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rolled: Rolled) -> None:
    monkeypatch.setattr("forecast.roll.roll.roll", lambda *_, **__: rolled)
    done: Done = command("roll", TINY, tmp_path / "x", "--reference", REFERENCE, "--horizon", HORIZON, "--json")
    made = json.loads(done.out)
    assert made["rolled_from"] == "two-islands"
    assert made["start"]["rung"] == "none"
    assert len(made["review"]) == len(rolled.entries)
    done = command("roll", TINY, tmp_path / "x", "--reference", REFERENCE, "--horizon", HORIZON)
    assert f"Saved to {rolled.folder}"[:40] in done.out.replace("\n", "")


# The start


def test_every_key_of_start_reaches_the_simulator(tiny_folder: Path) -> None:
    keys = (
        "demands = 0.02\nstalled_weeks = 5.0\nengagement = 0.5\nweeks_since_pause = 7.0\nleaderless = 0.25\n"
        'leader = "harder"\nelected = true\nmobilised = true\ndraft_failed = true\nhome_shock = true\ntroops_in = true\n'
        'failed = { pause = 2.0 }\nsubstantial = ["highlands"]\n'
    )
    plain = load_scenario(TINY)
    put(tiny_folder / "scenario.toml", "lapsed = false\n", f"lapsed = false\n{keys}")
    scenario = load_scenario(tiny_folder)
    draws = update(scenario, prior_only=True, draws=3).draws
    rows = kernel_inputs.plain_rows(scenario, draws)
    before, after = (
        kernel_inputs.starting_states(one, draws, rows, scenario.reference_date) for one in (plain, scenario)
    )
    changed = {name for name in before.dtype.names if not np.array_equal(before[name], after[name])}
    assert changed == {
        *("demands", "stall", "engagement", "pause_memory", "leaderless", "leader", "worth_shift", "elected"),
        *("mobilised", "draft_failed", "home_shock", "troops_in", "dampening", "substantial"),
    }
    place = [deal.id for deal in scenario.settlements].index("pause")
    assert (after["dampening"][:, place] == 0.25).all()
    assert kernel_inputs.starting_result(scenario)["highest_rung"] == 0


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("failed = { armistise = 1.0 }\n", "start.failed: found 'armistise'.*Did you mean armistice"),
        ("failed = { armistice = -1.0 }\n", "a number of at least 0"),
        ('substantial = ["nowhere"]\n', "start.substantial: found 'nowhere'"),
        ('leader = "nobody"\n', "one of 'incumbent'"),
        ("engagement = 1.5\n", "at most 1"),
        ("demands = nan\n", "a finite number"),
        ("reviewed = 2031\n", "a day, written YYYY-MM-DD"),
    ],
)
def test_a_start_that_cannot_be_is_refused(tiny_folder: Path, keys: str, words: str) -> None:
    put(tiny_folder / "scenario.toml", "lapsed = false\n", f"lapsed = false\n{keys}")
    with pytest.raises(InputError, match=words):
        load_scenario(tiny_folder)
