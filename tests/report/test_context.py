"""The report of a run: a page of Markdown, its sentences, tables and cautions."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from run_tools import TINY, MadeUpSampler, Sampled, entries

from forecast.cli.summary_text import print_run
from forecast.cli.terminal import PlainConsole
from forecast.ensemble.request import RunRequest
from forecast.pipeline import workflow
from forecast.report.context import cautions, grounds, outside, recalled, report_text
from forecast.report.numbers import (
    percent,
    rounding,
)
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.store.saved_run import Run, open_run

HEADLINES = ("battlefield", "negotiated", "unresolved")


def test_report_marks_what_was_cited_from_memory_and_what_lies_outside(ukraine_run: Run) -> None:
    scenario, text = load_scenario("ukraine-2025"), " ".join(ukraine_run.report.split())
    counts = recalled(scenario)
    assert 0 < counts["from_memory"] <= counts["cited"]
    assert f"The priors cite {counts['cited']} sources, {counts['from_memory']} of them cited from memory" in text
    for turn in ukraine_run.summary["turns_on"]:
        source = scenario.sources[scenario.priors[turn["name"]].source]
        line = next(line for line in ukraine_run.report.splitlines() if f"(`{turn['name']}`)" in line)
        assert ("(from memory)" in line) == ("from memory" in source.note)
        assert len(re.findall(r"[+-]?\d+ ± [1-9]", line)) == 2
    flagged = ukraine_run.summary["diagnostics"]["outside_declared_range"]
    assert len(flagged) == len(scenario.evidence.flags(scenario.reference_date))
    for entry in flagged[:5]:
        assert outside(entry) in text


def test_few_timelines_turn_on_nothing_and_say_so(few: Run) -> None:
    assert few.summary["turns_on"] == []
    assert "Too few draws were simulated to say which inputs the odds depend on." in few.report
    assert few.summary["given_resolved"]["battlefield"]["probability"] is None
    assert "The war ends in too few simulated years to say how." in few.report


def test_one_draw_claims_no_error_and_no_range(few: Run) -> None:
    assert {(entry["standard_error"], entry["interval"]) for _, entry in entries(few.summary)} == {(None, None)}
    text = " ".join(few.report.split())
    assert "Only 3 timelines, from 1 draw: too few for odds." in text
    assert "A single draw gives neither a 90% range nor a Monte Carlo error." in text
    assert "Repeating the simulation" not in text
    assert "The Monte Carlo error shows" not in text
    assert re.search(r"\| Unresolved \| \*\*\d+%\*\* \|  \|  \|", few.report)


def report_of(run: Run, odds: dict[str, float], **more: Any) -> str:
    """The report of a run with other headline odds, its words in one line."""
    summary = json.loads(json.dumps(run.summary)) | more
    for name, share in odds.items():
        summary["odds"][name] |= {"probability": share, "interval": [share, share]}
    return " ".join(report_text(load_scenario("ukraine-2025"), summary).split())


def test_words_hold_where_the_year_is_nearly_over(ukraine_run: Run) -> None:
    certain = {"battlefield": 0.0, "negotiated": 0.0001, "unresolved": 0.9999}
    nothing = {key: {"probability": None, "interval": None} for key in HEADLINES[:2]}
    beside = ukraine_run.summary["beside"] | {"ceasefire_28_days": ukraine_run.summary["beside"]["ever_signed"]}
    beside["ceasefire_28_days"] = beside["ceasefire_28_days"] | {"probability": 0.0, "interval": [0.0, 0.0]}
    more = {"as_of": "2025-12-31", "given_resolved": nothing, "turns_on": [], "beside": beside, "draws": 400}
    text = report_of(ukraine_run, certain, **more)
    assert "Forecast as of 31 December 2025, the last day." in text
    assert "| Battlefield | **none** | none | " in text
    assert "| Negotiated | **under 1%** | under 1% | " in text
    assert "| Unresolved | **over 99%** | over 99% | " in text
    assert "**Battlefield: none of the simulated years**. " in text
    assert "**Negotiated: fewer than 1 in 200 simulated years** (under 1%). " in text
    assert "**Unresolved: more than 199 in 200 simulated years** (over 99%). " in text
    assert "The war ends in too few simulated years to say how." in text
    assert "lasts 28 days or more in none of them; " in text
    assert '"a ceasefire in 2025" in other forecasts often means this event. At the end' in text
    assert "no single input moves the odds by clearly more than the error of the estimate" in text
    assert 'An event shown as "none" happened in no simulated timeline.' in text
    for words in ("What to watch - 31", "more likely than a settlement", "0%**", "Shares are rounded"):
        assert words not in text


def test_odds_are_rounded_by_one_rule_with_a_note_if_they_do_not_add_up(ukraine_run: Run) -> None:
    text = report_of(ukraine_run, {"battlefield": 0.1043, "negotiated": 0.1449, "unresolved": 0.7508})
    assert [f"**{share}** | {share} | " in text for share in ("10%", "14%", "75%")] == [True] * 3
    assert "Shares are rounded, so they may not add up to exactly 100." in text
    assert "| **10%** |" in text
    assert "| **11%** |" not in text


def test_whose_judgement_it_is_is_said_in_the_right_words() -> None:
    found = [
        grounds([{"basis": basis} for basis in bases])
        for bases in (
            ("judgement",),
            ("reading",),
            ("figure",),
            ("judgement", "judgement"),
            ("reading", "reading"),
            ("judgement", "reading", "reading"),
            ("judgement", "reading", "figure", "figure"),
        )
    ]
    assert found == snapshot(
        [
            "This input rests on judgement alone. No source determines the values.",
            "This input rests on judgement informed by a source. No source determines the values.",
            "This input rests on a figure from a source.",
            "All inputs rest on judgement alone. No source determines the values.",
            "All inputs rest on judgement informed by a source. No source determines the values.",
            "All inputs rest on judgement: 1 on judgement alone, the rest informed by a source. No source determines the values.",
            "Basis of these inputs: judgement alone (1), judgement informed by a source (1) and a figure from a source (2).",
        ]
    )


# The page


def test_report_is_one_page_of_whole_words(run: Run) -> None:
    text = run.report
    assert text.startswith("# ")
    assert text.endswith(".\n")
    first, appendix = text.split("\n## Appendix\n")
    assert len(first.split()) < 620
    assert len(first.splitlines()) < 52
    assert len(appendix.splitlines()) < 110
    assert len(appendix.split()) < 1400
    assert not re.search(r"\b(nan|NaN|None|inf|True|False|null|undefined)\b|[{}]|\bE[+-]\d", text)
    assert "\n\n\n\n" not in text
    headings = re.findall(r"^(##+) (.*)$", text, re.MULTILINE)
    assert [title for level, title in headings if level == "##"] == [
        *("If the war ends", "Why", "What to watch", "How sure", "Appendix")
    ]
    assert run.id in appendix
    # Rows of a table have as many cells as its head.
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(cells) == 1, block


def test_headline_percents_are_the_same_everywhere(run: Run) -> None:
    odds = run.summary["odds"]
    shares = [re.search(rf"\| {h.title()} \| \*\*([^*]+)\*\*", run.report)[1] for h in HEADLINES]
    assert shares == [percent(odds[h]["probability"]) for h in HEADLINES]
    text = " ".join(run.report.split())
    told = [re.search(rf"\*\*{h.title()}: [\w ]+ simulated years\*\*(?: \(([^;)]+))?", text)[1] for h in HEADLINES]
    assert [share or "none" for share in told] == shares
    assert ("Shares are rounded" in text) == bool(rounding([odds[h]["probability"] for h in HEADLINES]))


def test_too_few_defeats_are_said_to_be(kept: Run) -> None:
    defeats = kept.summary["endings"]["north_defeated"]["count"]
    assert 0 < defeats < 100
    assert f"This ending comes in {defeats} of 4,000 timelines: too few for further odds." in kept.report
    assert "when the defeat comes" not in kept.report
    assert kept.summary["defeat"]["washington_engaged"]["probability"] is None


def test_enough_defeats_have_further_odds(ukraine_run: Run) -> None:
    summary = ukraine_run.summary
    assert summary["defeat"]["washington_engaged"]["of"] >= 100
    text = " ".join(ukraine_run.report.split())
    assert re.search(r"Average shares: the president in Washington \d+% \(\d+ to \d+%\), his", text)
    assert re.search(
        r"In \d+% \(\d+ to \d+%\) of these, Washington is engaged \(mediating or applying pressure\) when", text
    )
    assert (
        'end with "Ukraine defeated", Washington is still mediating or applying pressure when'
        in text.split("## Appendix")[0]
    )
    assert sum(entry["probability"] for entry in summary["defeat"]["owner"].values()) == pytest.approx(1.0, abs=1e-12)


def test_report_says_what_it_left_out_and_what_it_learnt_from(kept: Run, sampled: tuple[Sampled, Sampled]) -> None:
    alone = "**The evidence was left out of this run: it shows the priors alone.**"
    assert alone in kept.report
    learnt = open_run(sampled[0].folder)
    assert alone not in learnt.report
    assert "This run uses no series of observations." in kept.report
    found = learnt.summary["diagnostics"]["evidence"]["area_survey"]
    assert found["learnt_from"] > 50
    counts = " | ".join(str(found[key]) for key in ("learnt_from", "rows_used", "rows"))
    assert f"| front | `area_survey` | {counts} | 2031-03-03 | 2031-03-03 |" in learnt.report
    assert "figures/posterior_predictive.svg" in learnt.report
    assert (learnt.folder / "figures" / "posterior_predictive.svg").read_text("utf-8").startswith("<?xml")


def test_the_first_page_read_as_a_whole(kept: Run) -> None:
    assert kept.report.split("\n## Appendix\n")[0] == snapshot("""\
# The war of the two islands

How does the war of the two islands stand on 29 September 2031?

**Forecast as of 3 March 2031 for the period to 29 September 2031.** The odds are shares of simulated years, not a prophecy.
The years are simulated under one set of premises, `base`, which is provisional until perspectives are pooled.

**The evidence was left out of this run: it shows the priors alone.**

![A hundred simulated years by outcome, with 90% ranges](odds.svg)

- **Battlefield: about 1 in 40 simulated years** (3%; 90% range 1 to 4%). One side is defeated or gives up. Most often: North Island is defeated (2%); South Island gives up (1%).
- **Negotiated: fewer than 1 in 200 simulated years** (under 1%). A settlement is in force at the end.
- **Unresolved: all but about 1 in 40 simulated years** (97%; 90% range 96 to 99%). Neither side has won and no settlement is in force, though the fighting may have paused. Most often: Still fighting (97%); A general truce without a text (1%).

The 90% range shows how far the odds could move if the uncertain inputs were known. It assumes that the model is right.

## If the war ends

The war ends in about 1 in 40 simulated years. Among these years, all but about 1 in 100 end on the
battlefield (99%) and about 1 in 100 by negotiation (1%).

## Why

- **Battlefield:** South Island's forces break through the front in about 1 in 8 simulated years (13%). In 10% of those years, the war ends on the battlefield. Defeat can also come without one.
- **Negotiated:** a settlement is signed in fewer than 1 in 200 simulated years (under 1%). When talks first fall back for lack of consent, South Island is the least willing party in 58% of those years.
- **Overthrow under force likelier while nobody leads in Kyiv**. At 1.32 rather than 0.382 (its 90th and 10th percentiles), an unresolved war becomes 2 points more likely and a battlefield outcome 2 points less likely. Basis: judgement alone.

## What to watch

- 11 May 2031: Election in the League.
- 31 July 2031: Vote of the League on the blockade.

Odds in years with these events (associations, not effects: a war that ends early has less time for them). All simulated years:
battlefield 3%, negotiated under 1%, unresolved 97%.

- **A breakthrough at the front**: battlefield 10%, negotiated none, unresolved 90%.

## How sure

The unresolved odds are the most uncertain: 90% range 96 to 99%.
Repeating the simulation would change the odds by less than 1 point (Monte Carlo error).
The odds rest mainly on judgements that no source can confirm, most of all **Overthrow under force likelier while nobody leads in Kyiv**.
""")


def test_report_is_a_function_of_the_saved_summary(run: Run) -> None:
    scenario = load_scenario(TINY if run.summary["scenario"] == "two-islands" else "ukraine-2025")
    assert report_text(scenario, json.loads(json.dumps(run.summary))) == run.report


def test_words_of_a_scenario_cannot_break_the_page(tiny_folder: Path, tmp_path: Path) -> None:
    for file, old, new in (
        ("scenario.toml", 'label = "Ten-year pause"', 'label = "Pause | von zehn Jahren, überall"'),
        ("scenario.toml", "The war of the two islands", "Der Krieg um Åland: 战争"),
    ):
        path = tiny_folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    run = workflow.run(RunRequest(tiny_folder, runs=tmp_path / "runs", timelines=40, prior_only=True))
    assert run.report.startswith("# Der Krieg um Åland: 战争\n")
    assert r"| Pause \| von zehn Jahren, überall |" in run.report
    test_report_is_one_page_of_whole_words(run)


def test_year_is_that_of_the_horizon(kept: Run, ukraine_run: Run) -> None:
    assert '"a ceasefire in 2031"' in kept.report
    assert '"a ceasefire in 2025"' in ukraine_run.report
    assert "2025" not in kept.report


def shown(run: Run) -> str:
    text = io.StringIO()
    print_run(run, PlainConsole(width=110, file=text))
    return text.getvalue()


def test_terminal_shows_the_same_headline_and_cautions(run: Run) -> None:
    text = shown(run)
    for headline in HEADLINES:
        share = re.search(rf"\| {headline.title()} \| \*\*([^*]+)\*\*", run.report)[1]
        assert re.search(rf"{headline.title()}\s*│\s*{share}", text)
    assert ("it shows the priors alone" in text) == run.summary["prior_only"]
    assert str(run.folder) in text
    assert "None" not in text
    assert "nan" not in text


def test_cautions(tiny: Scenario, kept: Run, tmp_path: Path, sampler: MadeUpSampler) -> None:
    assert cautions(kept.summary) == ["The evidence was left out of this run: it shows the priors alone."]
    edit = 'moscow.worth.reason="[bold]x[/nope]"'
    run = workflow.run(
        RunRequest(
            TINY, runs=tmp_path / "runs", timelines=40, edits=[edit], fixed={"kyiv.worth": 0.5}, allow_unconverged=True
        )
    )
    few = "Only 40 timelines, from 1 draw: too few for odds."
    assert cautions(run.summary) == [f"Changed for this run: {edit}; kyiv.worth fixed at 0.5.", few]
    assert edit in shown(run)


def with_sizes(kept: Run, smallest: float, members: dict[str, float | None]) -> dict[str, Any]:
    """The summary of a run whose particle filter leaves so much of the draws."""
    summary = json.loads(json.dumps(kept.summary)) | {"prior_only": False, "since": None}
    summary["diagnostics"] |= {"effective_draws": smallest, "thin": True}
    if members:
        summary["perspectives"] = {
            name: {"effective_draws": size, "simulated": size is not None, "draws": 100}
            for name, size in members.items()
        }
    return summary


@pytest.mark.parametrize(
    ("smallest", "members", "sizes"),
    [
        (65.2, {}, "65"),
        (0.0, {}, "0"),
        (0.0, {"base": 0.0, "base-rates": None}, "0 for base"),
        (
            3.6,
            {"base": 0.0, "hopeful": 3.6, "third": 99.0, "base-rates": None},
            "0 for base, 4 for hopeful and 99 for third",
        ),
        (3.6, {"base": 3.6, "hopeful": 400.0}, "4 for base"),
    ],
)
def test_small_effective_sample_sizes_are_named(
    kept: Run, smallest: float, members: dict[str, float | None], sizes: str
) -> None:
    (caution,) = cautions(with_sizes(kept, smallest, members))
    assert caution == (
        f"Few parameter draws fit what has happened so far (effective sample size {sizes}): "
        "the odds are less precise than their ranges suggest."
    )


# Words for numbers


def test_what_lies_outside_its_declared_range_is_named() -> None:
    figure = {"series": "a", "observed": "2025-01-06", "value": 1234.5, "lowest": 0.0, "highest": None, "unit": "km2"}
    assert outside(figure) == "a of 2025-01-06: 1,234.5 km2, outside its declared range of 0 to no limit"
