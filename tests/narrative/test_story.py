"""Timelines of a saved run told again: the same timelines, nothing impossible in them, every event in its words."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from impossible import RULES, impossible
from run_tools import TINY, Done, Sampled
from timeline_tools import ukraine, ukraine_inputs

from forecast.cli.timeline_lines import week_in_figures
from forecast.encoding.timeline_table import timeline_table
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.locations import source_digest
from forecast.narrative import rerun
from forecast.narrative.events import TELLERS
from forecast.narrative.rerun import Course, Inputs, course, differing, drawn_from, inputs_of, reopened, retold
from forecast.narrative.story import quarter_ends, tell
from forecast.narrative.talks import Said
from forecast.narrative.words import LEANS, Words, in_weeks, listed
from forecast.pipeline import workflow
from forecast.scenario.spec import Scenario
from forecast.store.digests import file_digest
from forecast.store.manifest import MANIFEST, REDRAWN
from forecast.store.parquet import write_parquet
from forecast.store.saved_run import Run, open_run
from forecast.timeline.cells import cells
from forecast.timeline.codes import (
    GENERAL,
    INCUMBENT,
    LIMITED,
    READIER,
    SIGNED,
    SPEAKER,
    TERMS,
    TEXT,
    UKRAINE_DEFEATED,
    WALKED_AWAY,
)
from forecast.timeline.random_numbers import luck_record
from forecast.timeline.week import PARTS

Command = Callable[..., Done]

DATED = {
    "ban_lifted": "ban_lifted",
    "transfer": "transfer",
    "election": "election",
    "coup_attempt": "coup",
    "provocation": "provocation",
    "mobilised": "mobilised",
    "walked_away": "walks_away",
    "returned": "comes_back",
    "sanctions_lapsed": "vote",
    "troops_in": "troops_in",
    "wider_war": "wider_war",
    "home_shock": "home_shock",
    "limited_first": "limited_begins",
    "general_first": "general_begins",
    "breakthrough": "breakthrough",
    "kursk_expelled": "kursk",
}
"""Dates of the row, and the kind of event by which each is told."""


def courses(run: Run, every: int) -> Iterator[tuple[Scenario, pd.DataFrame, Course]]:
    """Timelines of a run simulated again, with the rows kept of them."""
    scenario = reopened(run)
    inputs = inputs_of(run, scenario, drawn_from(run))
    for timeline in range(0, len(run.timelines), every):
        kept = run.timelines.iloc[[timeline]]
        yield scenario, kept, course(inputs, timeline, int(kept["draw"].iloc[0]), int(kept["replicate"].iloc[0]))


@cache
def of_ukraine() -> tuple[Scenario, tuple[Course, ...]]:
    """Three thousand timelines of the real scenario, from its priors alone."""
    given = ukraine_inputs()
    inputs = Inputs(given.rows, given.start, given.anew, given.world, luck_record(1, int(given.world.weeks[0])))
    which = cells(3000, len(given.rows), 6)
    return ukraine()[0], tuple(course(inputs, k, which.draw[k], which.replicate[k]) for k in range(3000))


def kinds(scenario: Scenario, told: Course) -> list[tuple[int, Said]]:
    """What happened in each week of a timeline."""
    return [
        (step.week, said)
        for step in told.steps()
        for teller in TELLERS.values()
        for said in teller(scenario, told, step)
    ]


# The same timelines


def test_weeks_run_one_by_one_make_the_rows_of_the_simulator() -> None:
    given, (_, told) = ukraine_inputs(), of_ukraine()
    rows, _ = given.run(cells(3000, len(given.rows), 6))
    assert b"".join(each.row.tobytes() for each in told) == np.asarray(rows).tobytes()


def test_timelines_of_a_sampled_run_are_made_again(sampled: tuple[Sampled, Sampled]) -> None:
    run = open_run(sampled[0].folder)
    for scenario, kept, told in courses(run, 20):
        assert differing(kept, timeline_table(told.row, scenario, date(2031, 3, 3))) == []


@pytest.mark.parametrize(
    "given",
    [
        {"edits": ["moscow.worth.quantiles=[0.1, 0.2, 0.3]", "washington.crisis_rate.varies=world"]},
        {"fixed": {"washington.crisis_rate": 3, "talks.setback": 1}},
        {"perspective": "hopeful"},
        {"seed": 5},
    ],
    ids=["edits", "fixed", "perspective", "seed"],
)
def test_what_a_run_was_made_with_is_kept(tmp_path: Path, given: dict[str, Any]) -> None:
    run = workflow.run(RunRequest(TINY, runs=tmp_path, timelines=120, prior_only=True, **given))
    for timeline in (0, 50, 119):
        retold(open_run(run.folder), timeline)


def test_a_perspective_from_elsewhere_is_kept(tmp_path: Path) -> None:
    shutil.copy(TINY / "perspectives" / "hopeful.toml", tmp_path / "mine.toml")
    run = workflow.run(
        RunRequest(TINY, runs=tmp_path / "runs", timelines=40, prior_only=True, perspective=tmp_path / "mine.toml")
    )
    (tmp_path / "mine.toml").unlink()
    retold(open_run(run.folder), 39)


def test_the_scenario_comes_back_with_the_evidence_seen(kept: Run, tiny: Scenario) -> None:
    again = reopened(kept)
    day = tiny.reference_date
    seen = kept.manifest["hashes"]["evidence_seen"]
    assert workflow.seen_digest(again, day) == workflow.seen_digest(tiny, day) == seen
    assert again.evidence.table["available"].max() <= pd.Timestamp(day) < tiny.evidence.table["available"].max()
    assert list(again.priors) == list(tiny.priors)


def test_what_is_drawn_anew_is_kept_for_the_draws_used(kept: Run, tiny: Scenario) -> None:
    anew = drawn_from(kept)
    assert anew["names"] == sorted(name for name, prior in tiny.priors.items() if prior.varies == "timeline")
    assert np.shape(anew["mean"]) == (500, len(anew["names"]))
    assert np.shape(anew["chol"]) == (len(anew["names"]),) * 2


# Runs that cannot be told


def changed(folder: Path, change: Callable[[dict[str, Any]], None]) -> Run:
    """A run whose manifest is changed, and hashes its files as they now are."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    change(manifest)
    for name in manifest["files"]:
        manifest["files"][name] = file_digest(folder / name)
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return open_run(folder)


def other_code(manifest: dict[str, Any]) -> None:
    manifest["hashes"]["code"] = "0" * 64


@pytest.mark.parametrize("timeline", [-1, 4000, 10**9])
def test_numbers_out_of_range_are_refused(kept: Run, timeline: int) -> None:
    with pytest.raises(InputError, match=rf"no timeline {timeline}\. Ask for 0 to 3999") as error:
        tell(kept, timeline)
    assert error.value.key == "--timeline"


def test_a_run_without_what_is_drawn_anew_is_refused(kept_copy: Path) -> None:
    (kept_copy / REDRAWN).unlink()
    run = changed(kept_copy, lambda manifest: manifest["files"].pop(REDRAWN))
    with pytest.raises(InputError, match=r"keeps no anew\.json"):
        tell(run, 0)


def test_other_code_that_makes_the_same_timeline_may_tell_it(kept_copy: Path) -> None:
    run = changed(kept_copy, other_code)
    assert tell(run, 7).row["timeline"] == 7


@pytest.mark.parametrize(
    ("column", "value"), [("km2_end", 1.25), ("signed", pd.Timestamp("2031-05-05")), ("headline", "battlefield")]
)
def test_a_timeline_that_comes_out_otherwise_is_refused(kept_copy: Path, column: str, value: Any) -> None:
    table = open_run(kept_copy).timelines
    table[column] = table[column].astype(object if column == "headline" else table[column].dtype)
    table.loc[3, column] = value
    write_parquet(table, kept_copy / "timelines.parquet")
    run = changed(kept_copy, other_code)
    with pytest.raises(InputError, match=f"made by another version of the code; it cannot be told again .{column}"):
        tell(run, 3)
    tell(run, 4)


def test_inputs_that_the_present_code_cannot_read_are_of_another_version(kept_copy: Path) -> None:
    path = kept_copy / "inputs" / "priors" / "kyiv.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[coup]", "[putsch]"), encoding="utf-8")
    run = changed(kept_copy, other_code)
    with pytest.raises(InputError, match="made by another version of the code; it cannot be told again"):
        tell(run, 3)
    # By the same code, it is the files that are wrong.
    run = changed(kept_copy, lambda manifest: manifest["hashes"].update(code=source_digest()))
    with pytest.raises(InputError, match=r"kyiv\.toml"):
        tell(run, 3)


# Nothing impossible


def test_nothing_impossible_in_the_real_scenario() -> None:
    found = {each.row.timeline[0]: wrong for each in of_ukraine()[1] if (wrong := impossible(each))}
    assert found == {}


def test_nothing_impossible_in_whole_runs(kept: Run, sampled: tuple[Sampled, Sampled]) -> None:
    for run, every in ((kept, 2), (open_run(sampled[0].folder), 4)):
        found = {each.row.timeline[0]: wrong for _, _, each in courses(run, every) if (wrong := impossible(each))}
        assert found == {}


AT = 20
"""The week into which something impossible is put."""


def put(where: str, **values: Any) -> Callable[[Course], None]:
    """Something put into the state, or the row, before or after a week."""

    def tamper(told: Course) -> None:
        rows = {
            "before": told.states[AT : AT + 1],
            "after": told.states[AT + 1 : AT + 2],
            "new": told.records[AT + 1 :],
        }
        for name, value in values.items():
            if np.ndim(rows[where][name]) > 1:
                rows[where][name][:, 0] = value
            else:
                rows[where][name] = value

    return tamper


def both(*tampers: Callable[[Course], None]) -> Callable[[Course], None]:
    def tamper(told: Course) -> None:
        for one in tampers:
            one(told)

    return tamper


def today(*names: str) -> Callable[[Course], None]:
    """Dates of the week put into the row."""

    def tamper(told: Course) -> None:
        for name in names:
            told.records[name][AT + 1 :] = 7.0 * told.weeks[AT] + 3.0

    return tamper


def dictated(told: Course) -> None:
    both(put("after", template=np.flatnonzero(told.world.facts.dictated)[0], rung=TERMS))(told)


TRUCE = put("before", truce=GENERAL)
BREAKS: dict[str, Callable[[Course], None]] = {
    "something after an ending": put("before", ending=UKRAINE_DEFEATED),
    "a battlefield ending while a general truce holds": put("after", ending=UKRAINE_DEFEATED, truce=GENERAL),
    "ground gained in a general truce": TRUCE,
    "a breakthrough in a general truce": both(TRUCE, put("new", breakthroughs=9.0)),
    "Kursk retaken": put("after", kursk=1e4),
    "demands of a gain taken back": put("before", substantial=1.0),
    "mobilisation taken back": put("before", mobilised=1),
    "a second shock at home": both(put("before", home_shock=1), today("home_shock")),
    "an election under martial law": today("election"),
    "a second election": both(put("before", elected=1), today("election")),
    "a transfer from somebody else": both(put("before", leader=READIER), today("transfer")),
    "a leader from nowhere": put("after", leader=READIER),
    "a Speaker without a transfer": put("after", leader=SPEAKER),
    "the ban again": put("before", banned=0),
    "martial law again": put("before", martial_law=0),
    "a signature under the ban": today("signed"),
    "a signature without a step up": both(put("after", banned=0), today("signed")),
    "dictated terms on the table": dictated,
    "talks without a template, or the reverse": put("after", template=-1, rung=TERMS),
    "a step up that passes a rung over": put("after", rung=TEXT),
    "a fall without a cause": put("before", rung=TEXT),
    "talks about a settlement in force": both(put("before", in_force=1), put("new", steps_up=50.0)),
    "a settlement in force without a general truce": put("after", in_force=1, truce=LIMITED),
    "a settlement in force off its rung": put("after", in_force=1),
    "pressing or walking away under a settlement": both(put("before", in_force=1), put("after", posture=WALKED_AWAY)),
    "arms paused in mid-mediation": put("after", paused=1, posture=0),
    "a limited truce without talks": put("after", truce=LIMITED),
    "a general truce without talks": put("after", truce=GENERAL),
    "a limited truce out of a general one": both(TRUCE, put("after", truce=LIMITED)),
    "a longest truce that is none": put("new", truce_longest=99.0),
    "troops written into no text": today("troops_text"),
    "troops before a signature that names them": put("after", troops_in=1),
    "a wider war without troops": today("wider_war"),
    "sanctions in force again": put("before", lapsed=1),
    "sanctions lapsed without a vote": put("after", lapsed=1),
    "a date outside its week": put("new", mobilised=3.0),
}
"""A sequence that breaks each rule."""


@cache
def quiet() -> Course:
    """A timeline in which nothing has happened in the week that is tampered with."""
    for each in (told for told in of_ukraine()[1] if len(told.weeks) == 50):
        before, after, row = each.states[AT : AT + 1], each.states[AT + 1 : AT + 2], each.records[AT + 1]
        untouched = all(
            before[name][0] == after[name][0] == 0 for name in ("rung", "truce", "posture", "mobilised", "lapsed")
        )
        calm = row["breakthroughs"] == 0 and before["leader"][0] == INCUMBENT and after["banned"][0] == 1
        if untouched and calm:
            return each
    raise AssertionError


@pytest.mark.parametrize("rule", RULES)
def test_the_check_finds_what_is_impossible(rule: str) -> None:
    told = quiet()
    copy = replace(told, states=told.states.copy(), moved=told.moved.copy(), records=told.records.copy())
    assert impossible(copy) == []
    BREAKS[rule](copy)
    assert f"week {told.weeks[AT]}: {rule}" in impossible(copy)


# What is told


def test_parts_are_told_in_the_order_of_the_week() -> None:
    assert tuple(TELLERS) == PARTS


def test_every_date_and_every_count_of_the_row_is_told() -> None:
    scenario, told = of_ukraine()
    for each in told[:1500]:
        row, found = each.row[0], kinds(scenario, each)
        weeks = {}
        for week, (kind, values) in found:
            # A vote is told whether sanctions lapse at it or not.
            if kind != "vote" or values["lapsed"]:
                weeks.setdefault(kind, []).append(week)
        for column, kind in DATED.items():
            day = row[column]
            if np.isnan(day):
                assert kind not in weeks, (row.timeline, column)
            else:
                assert weeks[kind][0] == day // 7, (row.timeline, column)
        count = Counter(kind for _, (kind, _) in found)
        climbs = sum(count[kind] for kind in ("contact", "terms", "text", "signed", "dead_letter", "came_and_went"))
        unordered = [values for _, (kind, values) in found if kind == "both_ways"]
        if not unordered:
            assert climbs == row.steps_up
            assert (count["falls"] > 0) == (row.down_consent + row.down_europe + row.down_hawks + row.down_kyiv > 0)
        assert count["breakthrough"] == row.breakthroughs
        assert ("signed" in count or "dead_letter" in count) == (not np.isnan(row.signed))
        assert ("settlement_breaks" in count or "dead_letter" in count) == (not np.isnan(row.broken))
        assert sum(count[kind] for kind in ("collapse", "direct", "exhausted", "failure")) == (row.ending > 0)
        for k, region in enumerate(scenario.regions):
            took = [week for week, said in found if said == ("taken", {"region": region.label})]
            assert (took[0] == row.taken[k] // 7) if took else np.isnan(row.taken[k])


def test_rungs_told_lead_from_one_to_the_next() -> None:
    scenario, told = of_ukraine()
    rungs = {"none": 0, "contact": 1, "terms": 2, "text": 3}
    reached = {"contact": 1, "terms": 2, "text": 3, "signed": SIGNED, "dead_letter": SIGNED, "settlement_breaks": 1}
    for each in told[:1500]:
        at = 0
        for step in each.steps():
            said = list(TELLERS["talks"](scenario, each, step))
            unordered = any(kind == "both_ways" for kind, _ in said)
            for kind, values in said:
                before = at
                if kind in ("falls", "both_ways", "came_and_went"):
                    at = rungs[values["rung"]]
                elif kind in reached and not unordered:
                    at = reached[kind]
                if kind == "falls":
                    assert at < before
                elif kind in (*reached, "came_and_went") and kind != "settlement_breaks" and not unordered:
                    assert at == before + 1, (each.row.timeline, step.week)
                if kind == "dead_letter" or (kind == "general_breaks" and values["fell"]):
                    at = rungs["contact"] if not unordered else at
            assert at == step.after.rung, (each.row.timeline, step.week)


def test_every_event_has_its_words(tiny: Scenario) -> None:
    scenario, told = of_ukraine()
    words = Words(scenario, "How it ended")
    seen = {}
    for each in told:
        for _, (kind, values) in kinds(scenario, each):
            seen.setdefault(kind, words.say(kind, values))
    rare = {
        "wider_war": {},
        "exhausted": {"engaged": False},
        "arms_paused_briefly": {},
        "both_ways": {"up": 2, "down": 1, "rung": "none", "causes": [("consent", None), ("europe", None)]},
        "on_table": {"template": "A deal", "index": 0.4, "signs": ["kyiv", "moscow"]},
        "horizon": {"age": 2.2},
        "levels": {
            **{
                "km2": -1234.0,
                "pace": 5.2,
                "again": True,
                "approval": 41.6,
                "posture": WALKED_AWAY,
                "rung": "none",
                "template": None,
            },
            **{"index": None, "settled": False, "truce": "limited"},
        },
    }
    said = seen | {kind: words.say(kind, values) for kind, values in rare.items()}
    assert set(said) == {name for name in vars(words.macros) if not name.startswith("_")}
    for text in said.values():
        assert text == " ".join(text.split())
        assert text[0].isupper()
        assert not set("{}<>%") - {"%"} & set(text)
    assert said["both_ways"] == (
        "Within the week talks climb 2 rungs and fall a rung (consent is wanting and Europe obstructs); they are off"
    )
    assert said["levels"] == (
        "Ground gained by Moscow since 20 January 2025: -1,200 km2, 5 a week since the last such line. Approval of the "
        "US president: 42%. Washington has walked away; no talks; a limited truce holds"
    )
    first = words.say("levels", rare["levels"] | {"again": False})
    assert first.startswith("Ground gained by Moscow since 20 January 2025: -1,200 km2, 5 a week. Approval")
    start = words.say("levels", rare["levels"] | {"again": False, "pace": None})
    assert start.startswith("Ground gained by Moscow since 20 January 2025: -1,200 km2. Approval")
    assert said["horizon"] == "The horizon. How it ended, in force for 2 weeks"
    assert words.say("election", {"winner": INCUMBENT}) == "An election is held: the incumbent wins"
    assert words.say("election", {"winner": None}) == "An election is held"
    assert words.say("coup", {"leader": READIER}).endswith(": a leader readier to settle takes over")
    table = {"template": "A deal", "index": 0.61, "signs": ["europe", "kyiv", "moscow"]}
    assert words.say("contact", {"first": True} | table) == (
        "First contact; in view, for Europe, Kyiv and Moscow to sign: A deal (terms lean to Moscow, 0.61)"
    )
    falls = {"rung": "none", "causes": [("consent", "washington"), ("hawks", None)]}
    assert words.say("falls", falls) == (
        "Talks break off: Washington cannot deliver what is on the table and Washington's hawks work against them"
    )
    # Other names in another scenario.
    assert Words(tiny, "").say("breakthrough", {"count": 3}) == (
        "South Island's forces break through the front again (3 times so far)"
    )


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (0.0, "terms near Kyiv's, 0.00"),
        (0.4, "terms lean to Kyiv, 0.40"),
        (0.5, "terms about even, 0.50"),
        (0.61, "terms lean to Moscow, 0.61"),
        (0.7, "terms near Moscow's, 0.70"),
        (1.0, "terms near Moscow's, 1.00"),
    ],
)
def test_a_term_index_in_words(index: float, text: str) -> None:
    assert Words(ukraine()[0], "").terms(index) == text
    assert [most for most, _ in LEANS] == sorted(most for most, _ in LEANS)


def test_times_and_lists_in_words() -> None:
    assert [in_weeks(x) for x in (0.0, 0.9, 1.0, 1.49, 12.0)] == [
        "less than a week",
        "less than a week",
        "1 week",
        "1 week",
        "12 weeks",
    ]
    assert [listed(x) for x in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert week_in_figures(date(2025, 1, 27), date(2025, 2, 2)) == "2025-01-27 to 02-02"
    assert week_in_figures(date(2025, 12, 29), date(2026, 1, 4)) == "2025-12-29 to 2026-01-04"
    assert week_in_figures(date(2025, 12, 31), date(2025, 12, 31)) == "2025-12-31"
    assert [quarter_ends(date(2025, 3, day), date(2025, 3, 31)) for day in (25, 31)] == [True, True]
    assert not quarter_ends(date(2025, 3, 24), date(2025, 3, 30))


def test_a_story_has_its_dates_in_order_and_ends_with_the_ending(kept: Run, tiny: Scenario) -> None:
    for timeline in range(0, 4000, 200):
        told = tell(kept, timeline)
        row = kept.timelines.iloc[timeline]
        assert told.title.startswith(f"Timeline {timeline} of run {kept.id} (draw {row['draw']}, replicate ")
        days = [line.begin for line in told.lines]
        assert days == sorted(days)
        assert all(0 <= (line.end - line.begin).days <= 6 for line in told.lines)
        assert told.lines[-1].part == "endings"
        assert told.lines[-1].end == row["last_date"].date()
        label = next(ending.label for ending in tiny.endings if ending.id == row["ending"])
        assert label in told.title
        assert label in told.lines[-1].text
        standing = [line.text for line in told.lines if line.part == "levels"]
        assert standing
        # Nothing is recorded on the reference date, and the first line of how things stand has none before it.
        assert (told.recorded, told.stands) == ((), ())
        assert ["since the last such line" in text for text in standing] == [k > 0 for k in range(len(standing))]


# The command


def test_show_tells_a_timeline(kept: Run, command: Command) -> None:
    done = command("show", kept.id, "--runs", kept.folder.parent, "--timeline", 12, "--json")
    assert (done.code, done.err) == (0, "")
    story = json.loads(done.out)
    assert list(story) == ["timeline", "recorded", "stands", "lines"]
    assert (story["recorded"], story["stands"]) == ([], [])
    assert set(story["timeline"]) == set(kept.timelines)
    assert story["timeline"]["timeline"] == 12
    assert story["timeline"]["last_date"] == kept.timelines["last_date"].iloc[12].date().isoformat()
    assert story["timeline"]["km2_end"] == pytest.approx(kept.timelines["km2_end"].iloc[12], rel=1e-12)
    assert all(list(line) == ["from", "to", "part", "text"] for line in story["lines"])
    assert {line["part"] for line in story["lines"]} <= {*PARTS, "levels"}

    plain = command("show", kept.id, "--runs", kept.folder.parent, "--timeline", 12)
    assert plain.code == 0
    assert plain.out.startswith(f"Timeline 12 of run {kept.id} (draw 0, replicate 12). ")
    for line in story["lines"]:
        assert " ".join(line["text"].split()[:4]) in plain.out
        assert week_in_figures(date.fromisoformat(line["from"]), date.fromisoformat(line["to"])) in plain.out


def test_show_refuses_what_cannot_be_told(kept: Run, kept_copy: Path, command: Command) -> None:
    done = command("show", kept.id, "--runs", kept.folder.parent, "--timeline", -3)
    assert (done.code, done.out) == (2, "")
    assert done.err == "forecast: --timeline: the run has no timeline -3. Ask for 0 to 3999\n"
    table = open_run(kept_copy).timelines
    table["km2_end"] += 1.0
    write_parquet(table, kept_copy / "timelines.parquet")
    changed(kept_copy, other_code)
    done = command("show", kept.id, "--runs", kept_copy.parent, "--timeline", 3)
    assert (done.code, done.out) == (2, "")
    assert rerun.OTHER in done.err
    assert done.err.count("\n") == 1
