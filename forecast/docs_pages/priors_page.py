"""The page of priors: quantiles, what they imply, what they stand on, and how much the odds move with each."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from forecast.belief.assemble import Posterior
from forecast.belief.model import PARAMETERS
from forecast.docs_pages.heading import heading
from forecast.docs_pages.meaning import implied
from forecast.docs_pages.page_template import render
from forecast.plain_text import markdown, markdown_url
from forecast.report.context import cited, meaning
from forecast.report.numbers import effect, number
from forecast.scenario.prior import Basis, Prior
from forecast.scenario.reader import JUDGEMENT
from forecast.scenario.spec import Scenario
from forecast.sweep.one_at_a_time import Swing
from forecast.timeline.codes import PARTS
from forecast.timeline.fields import fields
from forecast.timeline.parameters import RECORDS

LEADING = 12
"""Priors named as those that move the outcomes most."""


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
        **heading(scenario),
        count=len(rows),
        bases={basis: bases.count(basis) for basis in get_args(Basis)},
        leading=leading,
        leading_judgement=sum(scenario.priors[found.name].basis != "figure" for found in moved[:LEADING]),
        sections=sections,
        sources=[_source_row(scenario, source) for source in sorted(cited(scenario))],
    )


def _sections() -> list[tuple[str, str]]:
    """Headings of the page of priors, and how the names under each begin."""
    return [
        *((part.capitalize(), f"{part}.") for part in PARTS),
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
        "meaning": markdown(meaning(scenario, prior.name)),
        "quantiles": " / ".join(number(x) for x in given) if given[0] != given[2] else number(given[0]),
        "after": " / ".join(number(x) for x in after) if after else "",
        "unit": prior.unit,
        "varies": "drawn in each timeline" if prior.varies == "timeline" else "",
        "implied": implied(prior.unit, after or given, "half_life" in prior.name),
        "stands_on": _stands_on(prior),
        "premises": ", ".join(prior.premises),
        "negotiated": "" if swing is None else effect(swing.difference["negotiated"], swing.error["negotiated"]),
        "battlefield": "" if swing is None else effect(swing.difference["battlefield"], swing.error["battlefield"]),
        "size": 0.0 if swing is None else swing.largest,
        "reason": markdown(prior.reason),
    }


def _stands_on(prior: Prior) -> str:
    """The basis of a prior, with a link to the list of sources."""
    if prior.source == JUDGEMENT:
        return "judgement"
    return f"{prior.basis}: [{prior.source}](#{prior.source})"


def _source_row(scenario: Scenario, name: str) -> dict[str, str]:
    source = scenario.sources[name]
    return {
        "id": name,
        "title": markdown(source.title),
        "publisher": markdown(source.publisher),
        "published": source.published,
        "url": markdown_url(source.url),
        "note": markdown(source.note),
    }
