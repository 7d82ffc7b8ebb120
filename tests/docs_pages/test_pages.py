"""The pages about the default scenario, their figures, and the words for what a prior implies."""

import json
import re

import pytest
from places import DOCS

from forecast.belief.assemble import update
from forecast.docs_pages.heading import made_from
from forecast.docs_pages.meaning import figures, implied
from forecast.docs_pages.odds_tables import BEGIN, END, with_odds
from forecast.docs_pages.perspectives_page import perspectives_page
from forecast.docs_pages.premises_page import effect_fine, premises_page
from forecast.docs_pages.priors_page import priors_page
from forecast.ensemble.simulated import simulate
from forecast.outcomes.shares import odds
from forecast.plain_text import markdown
from forecast.report.figures import odds_figure
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.store.saved_run import Run
from forecast.sweep.one_at_a_time import swings
from forecast.sweep.premises import effects

PAGES = ("priors", "premises", "perspectives")


@pytest.fixture(scope="module")
def ukraine() -> Scenario:
    return load_scenario("ukraine-2025")


@pytest.mark.parametrize("page", PAGES)
def test_page_was_made_from_the_scenario_and_the_simulator_as_they_are(page: str, ukraine: Scenario) -> None:
    text = (DOCS / f"{page}.md").read_text("utf-8")
    told = f"docs/{page}.md is out of date: run `python -m forecast.docs_pages.pages`"
    assert f"`{made_from(ukraine)}`" in text, told


def test_every_prior_is_on_its_page_once_with_reason_and_grounds(ukraine: Scenario) -> None:
    lines = [line for line in (DOCS / "priors.md").read_text("utf-8").splitlines() if line.startswith("|")]
    for name, prior in ukraine.priors.items():
        own = [line for line in lines if f"(`{name}`)" in line and markdown(prior.reason) in line]
        assert len(own) == 1, name
        assert ("judgement" if prior.basis == "judgement" else f"[{prior.source}](#{prior.source})") in own[0]


def test_every_cited_source_has_an_anchor(ukraine: Scenario) -> None:
    text = (DOCS / "priors.md").read_text("utf-8")
    linked = set(re.findall(r"\(#([\w-]+)\)", text))
    assert linked == set(re.findall(r'<a id="([\w-]+)">', text))
    assert linked == {prior.source for prior in ukraine.priors.values()} - {"judgement"}


def test_every_premise_and_perspective_has_its_line(ukraine: Scenario) -> None:
    premises = (DOCS / "premises.md").read_text("utf-8")
    assert all(f"\n| {premise} | " in premises for premise in ukraine.premises)
    perspectives = (DOCS / "perspectives.md").read_text("utf-8")
    for name, perspective in ukraine.perspectives.items():
        assert f"\n## {name}: {perspective.title}\n" in perspectives
        assert all(f"(`{change.entry}`)" in perspectives for change in perspective.changes)


def test_readme_has_the_odds_of_the_page_of_perspectives(ukraine: Scenario) -> None:
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    tables = readme.split(BEGIN)[1].split(END)[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in tables.splitlines() if line[:3] != "|--"]
    page = (DOCS / "perspectives.md").read_text("utf-8").split("## How it ends")[1].split("## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:1] == "|"]
    names, told = rows[0], {row[0]: row[1:] for row in rows[2:]}
    shares = {kind: [cell.partition(" (")[0] for cell in own] for kind, own in told.items()}
    assert ukraine.pool is not None
    assert [name for name in names if name in ukraine.pool.weights] == list(ukraine.pool.weights)
    for kind, own in told.items():
        share, _, between = own[0].partition(" (")
        assert [kind, share, between.rstrip(")")] in cells
        assert [kind, *(shares[kind][names.index(name) - 1] for name in (*ukraine.pool.weights, "pool"))] in cells
    # Made again from the same odds it stays as it is.
    assert with_odds(readme, tables.removeprefix("\n")) == readme


def test_pages_of_another_scenario(tiny: Scenario) -> None:
    """The same code makes the pages of the made-up scenario; what it says is what was simulated."""
    posterior = update(tiny, prior_only=True)
    moved = swings(tiny, posterior, ["kyiv.ban", "moscow.worth"], timelines=800)
    text = priors_page(tiny, posterior, moved)
    assert f"There are {len(tiny.priors)} priors." in text
    first = next(line for line in text.splitlines() if line.startswith("| 1 |"))
    assert f"(`{moved[0].name}`)" in first
    found = effects(tiny, posterior, timelines=800)
    text = premises_page(tiny, found)
    for effect in found:
        line = next(line for line in text.splitlines() if line.startswith(f"| {effect.premise} |"))
        assert effect_fine(effect.difference["negotiated"], effect.error["negotiated"]) in line
    told = {"base": odds(simulate(tiny, posterior, timelines=800).timelines)}
    text = perspectives_page(tiny, told, {})
    share = told["base"]["odds"]["unresolved"]["probability"]
    assert f"| Unresolved | {100 * share:.0f}% (" in text


def test_tables_of_pages_keep_their_columns(ukraine: Scenario) -> None:
    for page in PAGES:
        width = None
        for line in (DOCS / f"{page}.md").read_text("utf-8").splitlines():
            if not line.startswith("|"):
                width = None
                continue
            columns = len(re.findall(r"(?<!\\)\|", line))
            assert columns == (width or columns), line
            width = columns


def test_odds_figure_is_svg_of_the_odds_the_same_each_time(kept: Run, tiny: Scenario) -> None:
    drawn = odds_figure(tiny, kept.summary)
    assert drawn.startswith("<?xml")
    assert drawn.count("</svg>") == 1
    assert odds_figure(tiny, kept.summary) == drawn
    other = json.loads(json.dumps(kept.summary))
    other["odds"]["negotiated"]["probability"] += 0.1
    assert odds_figure(tiny, other) != drawn


@pytest.mark.parametrize(
    ("unit", "quantiles", "half_life", "words"),
    [
        ("chance/year", (0.1, 0.2, 0.4), False, "a week 0.20 / 0.43 / 0.97%"),
        ("1/year", (1.0, 2.0, 4.0), False, "one in 52 / 26 / 13 weeks"),
        ("weeks", (6.5, 13.0, 26.0), True, "left after a quarter 25 / 50 / 71%"),
        ("weeks", (6.5, 13.0, 26.0), False, ""),
        ("z", (0.0, 1.0, 2.0), False, "from a standstill 0 / 47 / 150 km2 a week"),
        ("km2/week", (5.0, 12.0, 26.0), False, "260 / 630 / 1,400 km2 a year"),
        ("EUR bn/month", (1.0, 2.0, 3.0), False, "12 / 24 / 36 EUR bn a year"),
        ("log ratio", (0.0, 0.5, 1.0), False, "alone, times 1.0 / 1.6 / 2.3"),
        ("value", (0.0, 0.05, 0.1), False, "moves a consent of 50% to 50 / 73 / 88%, or as far the other way"),
        ("value", (0.3, 0.5, 0.7), False, ""),
        ("share", (0.1, 0.2, 0.3), False, ""),
    ],
)
def test_what_quantiles_imply(unit: str, quantiles: tuple[float, float, float], half_life: bool, words: str) -> None:
    assert implied(unit, quantiles, half_life) == words


@pytest.mark.parametrize(
    ("x", "text"), [(0.0, "0"), (0.01234, "0.012"), (9.96, "10"), (1234.0, "1,200"), (-3.14, "-3.1")]
)
def test_two_figures(x: float, text: str) -> None:
    assert figures(x) == text
