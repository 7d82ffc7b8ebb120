"""The story of a timeline: every event has its sentence, in order, on the terminal and as JSON."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from narrative_tools import of_ukraine
from run_tools import Done, changed, other_code

from forecast.cli.timeline_lines import week_in_figures
from forecast.narrative import rerun
from forecast.narrative.events import events
from forecast.narrative.story import quarter_ends, story_of
from forecast.narrative.words import CAUSES, LEANS, Words, in_weeks
from forecast.report.numbers import listed
from forecast.scenario.spec import Scenario
from forecast.store.parquet import write_parquet
from forecast.store.saved_run import Run, open_run
from forecast.timeline.codes import PARTS, READIER
from forecast.timeline.ladder import CAUSES as CAUSES_OF_THE_LADDER
from forecast.timeline.trace import KINDS

Command = Callable[..., Done]

# Sentences

JOINED = {
    "talks.begun",
    "europe.upheaval_dated",
    "washington.paused_briefly",
    "endings.horizon",
    "levels",
}
"""Kinds of a story that no kind of the trace has the name of."""


def test_every_kind_of_event_has_its_sentence() -> None:
    words = Words(of_ukraine()[0], "How it ended")
    macros = {name for name in vars(words.macros) if not name.startswith("_")} - {
        "draft",
        "omitted",
        "engaged",
        "usual",
        "rests_on",
    }
    kinds = {kind.name for kind in KINDS} - {"talks.omitted"} | JOINED
    assert macros == {kind.replace(".", "_") for kind in kinds}


def test_every_sentence_of_three_thousand_years_reads_as_one() -> None:
    scenario, courses = of_ukraine()
    words = Words(scenario, "How it ended")
    seen = set()
    for course in courses:
        for event in events(scenario, course):
            text = words.sentence(event.kind, event.values)
            seen.add(event.kind)
            assert text == " ".join(text.split())
            assert text[0].isupper()
            assert not set("{}<>") & set(text)
    rare = {"europe.wider_war", "endings.exhausted", "endings.halted"}
    assert seen >= {kind.name for kind in KINDS} - {"talks.omitted"} - rare


TABLE = {"settlement": "A settlement", "index": 0.61, "signs": ["europe", "kyiv", "moscow"]}


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        ("kyiv.election", {"code": 0}, snapshot("Kyiv holds an election, and the incumbent wins")),
        (
            "kyiv.overthrown",
            {"code": READIER},
            snapshot("The president in Kyiv is overthrown or killed, and a leader readier to settle takes over"),
        ),
        (
            "talks.begun",
            TABLE | {"omitted": []},
            snapshot("Talks begin: A settlement, for Europe, Kyiv and Moscow to sign"),
        ),
        (
            "talks.proposed",
            TABLE | {"omitted": ["ports", "sea lanes"]},
            snapshot(
                "Talks turn to: A settlement, for Europe, Kyiv and Moscow to sign. It leaves out: ports; sea lanes"
            ),
        ),
        (
            "talks.fell",
            {"rung": "none", "causes": ["washington", "sabotage"]},
            snapshot(
                "Talks break off: Washington cannot deliver the draft on the table and Washington's hawks work against them"
            ),
        ),
        (
            "talks.dead_letter",
            TABLE,
            snapshot(
                "Signed, but never carried out: A settlement, on terms that lean to Moscow. Talks are back at first contacts"
            ),
        ),
        (
            "washington.crisis",
            {"count": 3},
            snapshot("Three crises elsewhere draw Washington's attention away from the war"),
        ),
        (
            "washington.crisis",
            {"count": 1},
            snapshot("A crisis elsewhere draws Washington's attention away from the war"),
        ),
        ("washington.turned", {"code": 0, "value": 2}, snapshot("Washington stops pressing Moscow and mediates again")),
        (
            "front.broken_through",
            {"value": 3.0},
            snapshot("Moscow's forces break through the front for the third time"),
        ),
        (
            "europe.wider_war",
            {},
            snapshot(
                "The war widens after troops of Europe have entered (this is counted beside the endings, not as one)"
            ),
        ),
        (
            "endings.exhausted",
            {"code": 0},
            snapshot(
                "How it ended: Kyiv has no ground left within Moscow's reach. Washington is no longer engaged in the talks"
            ),
        ),
        ("endings.halted", {}, snapshot("The fighting stops before the collapse has run its course")),
        (
            "endings.defeated",
            {"code": 1, "cause": "collapse_of_supply", "arms": -0.42, "adequacy": -1.0, "instability": 0.2},
            snapshot(
                "How it ended: the supply of shells, power and money breaks down, and organised defence ends. Arms come at 58% of what the front needs. Washington is still engaged in the talks"
            ),
        ),
        (
            "endings.defeated",
            {"code": 0, "cause": "overthrow_under_force", "arms": 0.0, "adequacy": 0.7, "instability": 1.6},
            snapshot(
                "How it ended: the government in Kyiv is overthrown under the pressure of the enemy, and its successor gives up. Unrest in the country is far above its usual level. Washington is no longer engaged in the talks"
            ),
        ),
        (
            "endings.failed",
            {"code": 1, "cause": "economic_crash", "strain": -0.6},
            snapshot(
                "How it ended: an economic crash makes Moscow give up the war, or half of what it took, although its economic strain is below its usual level: its reasons lie outside the model. Washington is still engaged in the talks"
            ),
        ),
        (
            "endings.failed",
            {"code": 0, "cause": "leaders_death", "strain": 0.0},
            snapshot(
                "How it ended: the death of its leader makes Moscow give up the war, or half of what it took. Washington is no longer engaged in the talks"
            ),
        ),
        (
            "washington.renewed",
            {"value": 20.4},
            snapshot("Washington finds new money or authority for arms worth 20 billion euros"),
        ),
        (
            "endings.horizon",
            {"end": date(2025, 12, 31), "age": 2.2},
            snapshot("31 December 2025: the forecast period ends. How it ended, in force for 2 weeks"),
        ),
        (
            "levels",
            {"km2": -1234.0, "pace": 5.2, "approval": 41.6, "posture": 3, "rung": "none", "table": None}
            | {"in_force": False, "truce": "limited"},
            snapshot(
                "How things stand: since 20 January 2025 Moscow has lost about 1,200 km2; of late it gains 5 km2 a week. Approval of the president in Washington is 42%. Washington has walked away. There are no talks. A limited truce holds"
            ),
        ),
        (
            "levels",
            {"km2": 3456.0, "pace": None, "approval": 41.6, "posture": 0, "rung": "terms", "table": TABLE}
            | {"in_force": False, "truce": "none"},
            snapshot(
                "How things stand: since 20 January 2025 Moscow has gained about 3,500 km2. Approval of the president in Washington is 42%. Washington mediates. Written terms on: A settlement, on terms that lean to Moscow"
            ),
        ),
    ],
)
def test_sentences(kind: str, values: dict[str, Any], text: str) -> None:
    assert Words(of_ukraine()[0], "How it ended").sentence(kind, values) == text


def test_another_scenario_has_its_own_names(tiny: Scenario) -> None:
    words = Words(tiny, "")
    assert words.sentence("front.broken_through", {"value": 2.0}) == snapshot(
        "South Island's forces break through the front for the second time"
    )
    assert set(CAUSES) == set(CAUSES_OF_THE_LADDER)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (0.0, "terms near Kyiv's"),
        (0.4, "terms that lean to Kyiv"),
        (0.5, "terms about halfway"),
        (0.61, "terms that lean to Moscow"),
        (0.7, "terms near Moscow's"),
        (1.0, "terms near Moscow's"),
    ],
)
def test_a_term_index_in_words(index: float, text: str) -> None:
    assert Words(of_ukraine()[0], "").terms(index) == text
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
        told = story_of(kept, timeline)
        row = kept.timelines.iloc[timeline]
        assert told.title.startswith(f"Timeline {timeline} of run {kept.id} (draw {row['draw']}, replicate ")
        days = [line.begin for line in told.lines]
        assert days == sorted(days)
        assert all(0 <= (line.end - line.begin).days <= 34 for line in told.lines)
        assert told.lines[-1].part == "endings"
        assert told.lines[-1].end == row["last_date"].date()
        label = next(ending.label for ending in tiny.endings if ending.id == row["ending"])
        assert label in told.title
        assert label in told.lines[-1].text
        standing = [line.text for line in told.lines if line.part == "levels"]
        assert standing
        # Nothing is recorded on the reference date, and the first line of how things stand has none before it.
        assert (told.recorded, told.stands) == ((), ())
        assert all(text.startswith("How things stand: ") for text in standing)


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
