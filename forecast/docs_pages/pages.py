"""Pages about a scenario, made from it and from simulations of it: `python -m forecast.docs_pages.pages`.

    docs/priors.md        every prior: quantiles, what they imply, what they stand on, how much the odds move with it
    docs/premises.md      every premise: what rests on it, what switching it off does to the odds
    docs/perspectives.md  the odds under each perspective, and what each changes
    docs/odds.svg         the odds as a picture, for README.md
    README.md             its tables of odds, between two marks

They take several minutes. Each names the inputs and the simulator that it was made from; a test fails if these have
changed since.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from forecast.belief.assemble import Posterior, update
from forecast.belief.model import PARAMETERS
from forecast.docs_pages.meaning import implied
from forecast.docs_pages.page_template import render
from forecast.encoding.timeline_table import HEADLINES
from forecast.ensemble.forecasts import forecasts
from forecast.ensemble.pooling import pooled
from forecast.ensemble.request import TIMELINES, RunRequest
from forecast.ensemble.resolve import resolve
from forecast.ensemble.simulated import simulate
from forecast.locations import behaviour_digest
from forecast.outcomes.shares import GROUPS, label, odds
from forecast.report.context import cited, meaning
from forecast.report.figures import odds_figure
from forecast.report.numbers import cell, counted, day_in_words, effect, listed, number, percent, row, with_interval
from forecast.report.sections import disagreement
from forecast.scenario.files import OWN_FILES
from forecast.scenario.load import load_scenario
from forecast.scenario.perspectives import BASE, BASE_RATES, POOL
from forecast.scenario.prior import Basis, Perspective, Prior
from forecast.scenario.reader import JUDGEMENT
from forecast.scenario.spec import Scenario
from forecast.store.digests import digest_of
from forecast.sweep.one_at_a_time import Swing, swings
from forecast.sweep.premises import Effect, effects
from forecast.timeline.fields import fields
from forecast.timeline.parameters import RECORDS

LEADING = 12
"""Priors named as those that set the headline."""

MANY = 3
"""Rows of one table beyond which they are named together."""

README = Path("README.md")
BEGIN, END = "<!-- odds -->", "<!-- /odds -->"
"""Where its tables of odds begin and end."""

Notify = Callable[[str], None]


def made_from(scenario: Scenario) -> str:
    """Digest of what the pages' numbers depend on most: the scenario's files but its evidence, and the simulator."""
    texts = {name: text for name, text in scenario.texts.items() if not name.startswith("evidence/")}
    return digest_of(texts | {"simulator": behaviour_digest("timeline", "encoding")})[:12]


def priors_page(scenario: Scenario, posterior: Posterior, moved: Sequence[Swing]) -> str:
    """`docs/priors.md`.

    Args:
        scenario: the scenario.
        posterior: as of the reference date.
        moved: the effect of each prior on the odds, from `swings`.
    """
    swing = {found.name: found for found in moved}
    learnt = _learnt(posterior)
    rows = {name: _prior_row(scenario, prior, swing.get(name), learnt) for name, prior in scenario.priors.items()}
    leading = [{**rows[found.name], "rank": k + 1} for k, found in enumerate(moved[:LEADING])]
    sections: list[dict[str, Any]] = []
    for title, prefix in _sections():
        own = [rows[name] for name in scenario.priors if name.startswith(prefix)]
        if own:
            sections.append({"title": title, "rows": sorted(own, key=lambda r: -r["size"])})
    bases = [str(prior.basis) for prior in scenario.priors.values()]
    return render(
        "priors.md.j2",
        **_heading(scenario),
        count=len(rows),
        bases={basis: bases.count(basis) for basis in get_args(Basis)},
        leading=leading,
        leading_judgement=sum(scenario.priors[found.name].basis != "figure" for found in moved[:LEADING]),
        sections=sections,
        sources=[_source_row(scenario, source) for source in sorted(cited(scenario))],
    )


def premises_page(scenario: Scenario, found: Sequence[Effect]) -> str:
    """`docs/premises.md`.

    Args:
        scenario: the scenario.
        found: the effect of switching off each premise, from `effects`.
    """
    resting = scenario.premises_of()
    rows = [_premise_row(scenario, entry, resting[entry.premise]) for entry in found]
    return render(
        "premises.md.j2",
        **_heading(scenario),
        rows=rows,
        unclear=[entry["id"] for entry in rows if not entry["clear"]],
        count=len(rows),
    )


def perspectives_page(
    scenario: Scenario, found_odds: Mapping[str, Mapping[str, Any]], changes: Mapping[str, Any]
) -> str:
    """`docs/perspectives.md`.

    Args:
        scenario: the scenario.
        found_odds: the odds of each perspective, by name, from `odds`.
        changes: for each but `base`: its title, summary and rows of what it changes.
    """
    names = list(found_odds)
    labels = {party.id: party.label for party in scenario.parties}
    labels |= {ending.id: ending.label for ending in scenario.endings}
    tables = []
    for group in ("odds", "endings", "beside"):
        lines = []
        for key in found_odds[names[0]][group]:
            entries = [found_odds[name][group][key] for name in names]
            lines.append(
                {"label": cell(label(group, key, labels)), "cells": [_with_interval(entry) for entry in entries]}
            )
        tables.append({"title": GROUPS[group], "lines": lines})
    return render(
        "perspectives.md.j2",
        **_heading(scenario),
        names=names,
        tables=tables,
        changes=changes,
        timelines=f"{TIMELINES:,}",
    )


def _heading(scenario: Scenario) -> dict[str, str]:
    return {
        "title": scenario.title,
        "as_of": day_in_words(scenario.reference_date),
        "made_from": made_from(scenario),
    }


def _sections() -> list[tuple[str, str]]:
    """Headings of the page of priors, and how the names under each begin."""
    return [
        *((part.capitalize(), f"{part}.") for part in OWN_FILES),
        ("Parties: stiffness", "parties.stiffness."),
        ("Parties: toil of each issue", "parties.toil."),
        ("Parties: positions", "parties.position."),
        ("Parties: saliences", "parties.salience."),
        *((f"Settlements: {key.replace('_', ' ')}", f"settlements.{key}.") for key in fields(RECORDS["settlements"])),
    ]


def _learnt(posterior: Posterior) -> dict[str, tuple[float, float, float]]:
    """Quantiles after the evidence of the parameters that it updates."""
    return {
        name: tuple(float(posterior.draws[name].quantile(q)) for q in (0.05, 0.5, 0.95))  # type: ignore[misc]
        for name in (PARAMETERS if posterior.diagnostics else ())
    }


def _prior_row(
    scenario: Scenario, prior: Prior, swing: Swing | None, learnt: Mapping[str, tuple[float, float, float]]
) -> dict[str, Any]:
    given = prior.quantiles()
    after = learnt.get(prior.name)
    return {
        "name": prior.name,
        "meaning": cell(meaning(scenario, prior.name)),
        "quantiles": " / ".join(number(x) for x in given) if given[0] != given[2] else number(given[0]),
        "after": " / ".join(number(x) for x in after) if after else "",
        "unit": prior.unit,
        "varies": "drawn in each timeline" if prior.varies == "timeline" else "",
        "implied": implied(prior.unit, after or given, "half_life" in prior.name),
        "stands_on": _stands_on(scenario, prior),
        "premises": ", ".join(prior.premises),
        "negotiated": "" if swing is None else effect(swing.difference["negotiated"], swing.error["negotiated"]),
        "battlefield": "" if swing is None else effect(swing.difference["battlefield"], swing.error["battlefield"]),
        "size": 0.0 if swing is None else swing.largest,
        "reason": cell(prior.reason),
    }


def _stands_on(scenario: Scenario, prior: Prior) -> str:
    """The basis of a prior, with a link to the list of sources."""
    if prior.source == JUDGEMENT:
        return "judgement"
    return f"{prior.basis}: [{prior.source}](#{prior.source})"


def _source_row(scenario: Scenario, name: str) -> dict[str, str]:
    source = scenario.sources[name]
    return {
        "id": name,
        "title": cell(source.title),
        "publisher": cell(source.publisher),
        "published": source.published,
        "url": cell(source.url),
        "note": cell(source.note),
    }


def _premise_row(scenario: Scenario, entry: Effect, resting: Sequence[str]) -> dict[str, Any]:
    premise = scenario.premises[entry.premise]
    return {
        "id": premise.id,
        "holder": premise.holder,
        "claim": cell(premise.claim),
        "entries": ", ".join(f"`{name}`" for name in _grouped(resting)),
        "changed": percent(entry.changed),
        "endings": percent(entry.endings),
        **{h: effect_fine(entry.difference[h], entry.error[h]) for h in HEADLINES},
        "clear": entry.clear,
    }


def effect_fine(difference: float, error: float) -> str:
    """A paired difference and its Monte Carlo error, in tenths of a point."""
    tenths = round(1000.0 * difference) / 10.0 + 0.0  # no minus before a zero
    return f"{tenths:+.1f} ± {max(0.1, 100.0 * error):.1f}"


def _grouped(names: Sequence[str]) -> list[str]:
    """Names of priors, with many rows of one table as one name: `parties.position.moscow.*`."""
    out: list[str] = []
    heads: dict[str, int] = {}
    for name in names:
        head = name.rsplit(".", 1)[0]
        heads[head] = heads.get(head, 0) + (name.count(".") >= 2)
    for name in names:
        head = name.rsplit(".", 1)[0]
        shown = f"{head}.* ({heads[head]})" if heads[head] > MANY else name
        if shown not in out:
            out.append(shown)
    return out


def _with_interval(entry: Mapping[str, Any]) -> str:
    if not entry["of"]:  # of a member that has no answer to it
        return ""
    return with_interval(entry)


def make(folder: Path, notify: Notify, only: Sequence[str] = ()) -> None:
    """Make the pages in `folder`; `only` names some of priors, premises and perspectives."""
    scenario = load_scenario()
    posterior = update(scenario)
    if not only or "premises" in only:
        notify("premises")
        _write(folder / "premises.md", premises_page(scenario, effects(scenario, posterior)))
    if not only or "perspectives" in only:
        found_odds = perspective_odds(scenario, posterior, notify)
        _write(folder / "odds.svg", odds_figure(scenario, found_odds[POOL]))
        _write(README, with_odds(README.read_text("utf-8"), odds_tables(scenario, found_odds)))
        changes = {name: _changes(scenario, perspective) for name, perspective in scenario.perspectives.items()}
        _write(folder / "perspectives.md", perspectives_page(scenario, found_odds, changes))
    if not only or "priors" in only:
        moved = swings(scenario, posterior, notify=notify)
        _write(folder / "priors.md", priors_page(scenario, posterior, moved))


def perspective_odds(scenario: Scenario, posterior: Posterior, notify: Notify) -> dict[str, dict[str, Any]]:
    """The odds of the pool, of each of its members and of the base premises, by name.

    Args:
        scenario: with a pool.
        posterior: under the base premises.
        notify: called with a phrase for each step.
    """
    resolved = resolve(RunRequest(scenario.folder))
    members = forecasts(resolved, notify=notify)
    timelines = pooled({member.name: member.timelines for member in members})
    found_odds = {POOL: odds(timelines, resolved.weights)}
    found_odds |= {member.name: odds(member.timelines) for member in members}
    return found_odds | {BASE: odds(simulate(scenario, posterior).timelines)}


def odds_tables(scenario: Scenario, found_odds: Mapping[str, Mapping[str, Any]]) -> str:
    """The tables of odds in README.md: of the pool with their ranges, and of its members.

    Args:
        scenario: with a pool.
        found_odds: the odds of the pool and of each of its members, by name, from `odds`.
    """
    pool = found_odds[POOL]["odds"]
    weights = scenario.pool.weights if scenario.pool else {}
    return render(
        "odds.md.j2",
        pool=[row(label("odds", kind), pool[kind]) for kind in HEADLINES],
        apart=listed(disagreement({"odds": pool})),
        size=counted(len(weights)),
        simulated=counted(len(weights) - (BASE_RATES in weights)),
        members=[*weights],
        weights=[percent(weight) for weight in weights.values()],
        lines=[
            {
                "label": label("odds", kind),
                "cells": [percent(found_odds[name]["odds"][kind]["probability"]) for name in (*weights, POOL)],
            }
            for kind in HEADLINES
        ],
    )


def with_odds(text: str, tables: str) -> str:
    """README.md with other tables of odds between its marks."""
    before, rest = text.split(f"{BEGIN}\n")
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{tables}{END}{after}"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _changes(scenario: Scenario, perspective: Perspective) -> dict[str, Any]:
    return {
        "title": perspective.title,
        "summary": perspective.summary,
        "rows": [
            {
                "name": change.entry,
                "meaning": cell(meaning(scenario, change.entry)),
                "base": " / ".join(number(x) for x in change.base),
                "own": " / ".join(number(x) for x in change.quantiles),
                "unit": change.unit,
                "premises": ", ".join(change.premises),
                "reason": cell(change.reason),
            }
            for change in perspective.changes
        ],
    }


if __name__ == "__main__":
    make(Path("docs"), lambda text: print(text, file=sys.stderr), sys.argv[1:])
