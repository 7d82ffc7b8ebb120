"""The model in order: each part of the week with its equations, parameters, units and premises.

Made from the code's own documentation and the scenario's files, so it cannot fall behind either.
"""

import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from forecast.scenario.load import load_scenario
from forecast.scenario.party_names import PartyName, with_labels
from forecast.scenario.perspectives import BASE
from forecast.scenario.prior import Prior
from forecast.scenario.spec import Scenario
from forecast.timeline import week
from forecast.timeline.codes import PARTIES, PARTS
from forecast.timeline.parameters import field_of

MODULES = {part: (part,) for part in PARTS} | {"talks": ("bargain", "ladder", "talks")}
"""The modules that a part is written in."""

TABLES = {"talks": ("talks", "parties", "settlements")}
"""The groups of parameters of a part, where they are more than its own."""


def explain(
    scenario: str | Path | None = None, *, priors: Path | None = None, perspective: str | Path = BASE
) -> dict[str, Any]:
    """Explain a scenario's week.

    Args:
        scenario: name or folder; by default that of `priors/default`.
        priors: folder of scenarios to look in first.
        perspective: `base`, a perspective's name, or the file of one.

    Returns:
        `perspective` (its name), `parties` (their labels, by id), `order` (what the week is), `parts`: for each its
        name, the text of its equations, its functions, its parameters (name, meaning, unit, 5, 50 and 95% quantiles,
        premises), and for talks the tables of issues, parties and settlements.

    Raises:
        InputError: the scenario cannot be read.
    """
    loaded = load_scenario(scenario, priors=priors, perspective=perspective)
    return {
        "scenario": loaded.id,
        "perspective": loaded.perspective,
        "parties": {party: str(name) for party, name in loaded.names.items()},
        "order": with_labels(inspect.getdoc(week) or "", loaded.names),
        "parts": [_part(loaded, number, part) for number, part in enumerate(PARTS, start=1)],
    }


def _part(scenario: Scenario, number: int, part: str) -> dict[str, Any]:
    modules = [import_module(f"forecast.timeline.{name}") for name in MODULES[part]]
    groups, names = TABLES.get(part, (part,)), scenario.names
    own = [prior for name, prior in scenario.priors.items() if name.split(".")[0] in groups]
    scalars = [prior for prior in own if prior.name.count(".") == 1]
    found: dict[str, Any] = {
        "number": number,
        "part": part,
        "files": [f"forecast/timeline/{name}.py" for name in MODULES[part]],
        "text": with_labels("\n\n".join(inspect.getdoc(module) or "" for module in modules), names),
        "functions": [
            {"function": name, "does": with_labels((inspect.getdoc(function) or "").splitlines()[0], names)}
            for module in modules
            for name, function in _functions(module)
        ],
        "parameters": [describe(prior, names) for prior in scalars],
        "premises": sorted({premise for prior in own for premise in prior.premises}, key=premise_order),
    }
    if part == "front":
        found["regions"] = [describe(prior, names) for prior in own if prior.name.split(".")[1] in ("held", "share")]
    if part == "talks":
        found["issues"] = [{"issue": i.id, "label": i.label, "zero": i.zero, "one": i.one} for i in scenario.issues]
        found["positions"] = {
            issue.id: {p: scenario.priors[f"parties.position.{p}.{issue.id}"].marginal.args[0] for p in PARTIES}
            for issue in scenario.issues
        }
        found["settlements"] = [
            {
                "settlement": s.id,
                "label": s.label,
                "signatories": list(s.signatories),
                "staging": list(s.staging),
                "legal": list(s.legal),
                "clauses": [clause.label for clause in s.clauses],
                "criteria": s.criteria,
                "premises": list(s.premises),
            }
            for s in scenario.settlements
        ]
    return found


def _functions(module: Any) -> list[tuple[str, Any]]:
    """The functions that a module declares, in its order."""
    found = []
    for name, value in vars(module).items():
        plain = getattr(value, "py_func", value)
        if inspect.isfunction(plain) and plain.__module__ == module.__name__:
            found.append((name, plain))
    return found


def premise_order(premise: str) -> tuple[str, int]:
    """Sorts premises as T2 before T10."""
    return premise[0], int(premise[1:]) if premise[1:].isdigit() else 0


def describe(prior: Prior, names: Mapping[str, PartyName]) -> dict[str, Any]:
    """A prior in short: its meaning with the names of the parties, its unit, its quantiles and its premises."""
    low, middle, high = prior.quantiles()
    return {
        "name": prior.name,
        "meaning": field_of(prior.name).meaning.format(**names),
        "unit": prior.unit,
        "q05": low,
        "q50": middle,
        "q95": high,
        "varies": prior.varies,
        "premises": list(prior.premises),
    }
