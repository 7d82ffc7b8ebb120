"""The tables with priors, each read and checked against those before it."""

import itertools
from collections.abc import Sequence

from forecast.inputs.validation import Place
from forecast.scenario.correlations import read_correlations
from forecast.scenario.parties import read_parties
from forecast.scenario.parts import read_parts
from forecast.scenario.prior import Prior
from forecast.scenario.reader import Reader
from forecast.scenario.records import Issue, Region, Settlement
from forecast.scenario.settlements import read_settlements
from forecast.scenario.spec import Beliefs
from forecast.timeline.codes import PARTIES
from forecast.timeline.fields import fields
from forecast.timeline.parameters import RECORDS


def read_beliefs(reader: Reader) -> Beliefs:
    """Read every table with priors.

    Args:
        reader: with sources, premises, the reference date and the reference classes read, and no prior yet.

    Raises:
        InputError: something in the tables is wrong.
    """
    issues, parties, lean = read_parties(reader)
    regions = read_parts(reader)
    settlements = read_settlements(reader, issues)
    priors = _in_order(reader, _names(issues, regions, settlements))
    return Beliefs(
        issues=issues,
        parties=parties,
        lean=lean,
        regions=regions,
        settlements=settlements,
        priors=priors,
        correlations=read_correlations(reader, priors),
    )


def _names(issues: Sequence[Issue], regions: Sequence[Region], settlements: Sequence[Settlement]) -> list[str]:
    """Name every parameter of the scenario, in the order of their declaration."""
    rows = {
        "party": PARTIES,
        "issue": tuple(issue.id for issue in issues),
        "region": tuple(region.id for region in regions),
        "settlement": tuple(deal.id for deal in settlements),
    }
    clauses = [f"{deal.id}.{clause.id}" for deal in settlements for clause in deal.clauses]
    names: list[str] = []
    for part, cls in RECORDS.items():
        for key, declared in fields(cls).items():
            if "clause" in declared.shape:
                names += [f"{part}.{key}.{clause}" for clause in clauses]
            else:
                cells = itertools.product(*(rows[dimension] for dimension in declared.shape))
                names += [".".join((part, key, *cell)) for cell in cells]
    return names


def _in_order(reader: Reader, names: Sequence[str]) -> dict[str, Prior]:
    """Give the priors in the order of the parameters' names, of which each has one."""
    strays = sorted(set(names) ^ reader.priors.keys())
    if strays:
        what = f"a prior without a parameter, or a parameter without a prior: {', '.join(strays)}"
        raise Place(reader.label).error(what)
    return {name: reader.priors[name] for name in names}
