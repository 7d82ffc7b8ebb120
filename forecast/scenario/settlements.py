"""`settlements.toml`: the templates of a settlement, their terms and their clauses."""

from collections.abc import Sequence

from forecast.scenario import toml_tables
from forecast.scenario.entries import inherit, read_entry
from forecast.scenario.question import BATTLEFIELD, UNRESOLVED
from forecast.scenario.reader import Reader, check_capacity
from forecast.scenario.rows import check_position, keep_row, read_rows
from forecast.scenario.spec import Clause, Issue, Settlement
from forecast.timeline.codes import PARTIES
from forecast.timeline.fields import CAPACITY, fields
from forecast.timeline.parameters import RECORDS
from forecast.validation import Place, as_table, id_of, near, spot_of

ROWS_OF_SETTLEMENT = tuple(key for key, f in fields(RECORDS["settlements"]).items() if f.shape == ("settlement",))
"""The entries of a settlement."""

ROWS_OF_CLAUSE = ("included", "without", "breakdown")
"""The entries of a clause."""


def read_settlements(reader: Reader, issues: Sequence[Issue]) -> tuple[Settlement, ...]:
    """Read `settlements.toml`."""
    place = reader.place("settlements.toml")
    file = as_table(toml_tables.SettlementsFile, reader.tables["settlements.toml"], place).settlement
    place = place.at("settlement")
    check_capacity(file, "settlement", place)
    settlements: list[Settlement] = []
    for name, raw in file.items():
        spot = spot_of(place, name)
        table = as_table(toml_tables.SettlementTable, raw, spot)
        reader.check_grounds(table, spot)
        _check_signatories(table.signatories, spot.at("signatories"))
        if name in (*BATTLEFIELD, *UNRESOLVED):
            raise spot.error("an ending that every scenario has is called so", "Call it otherwise")
        if table.ceasefire and any(other.ceasefire for other in settlements):
            raise spot.at("ceasefire").error("found true, as for another settlement; allowed is one such")
        for key in ROWS_OF_SETTLEMENT:
            read_entry(reader, f"settlements.{key}.{name}", inherit(getattr(table, key), table), spot.at(key))
        rows = read_rows(reader, table.terms, issues, table, table.terms_uncertainty, spot.at("terms"))
        for issue, row, where in rows:
            check_position(row.centre, where.at("centre"))
            keep_row(reader, f"settlements.terms.{name}.{issue.id}", issue, row, row.spread, where)
        settlements.append(
            Settlement(
                id=name,
                label=table.label,
                criteria=table.criteria,
                signatories=tuple(table.signatories),
                temporary=table.temporary,
                stops_first=table.stops_first,
                election_first=table.election_first,
                troops=table.troops,
                dictated=table.dictated,
                ceasefire=table.ceasefire,
                settles=_settles(table.settles, issues, spot.at("settles")),
                staging=tuple(table.staging),
                legal=tuple(table.legal),
                clauses=read_clauses(reader, name, table, issues, spot.at("clause")),
                premises=tuple(table.premises),
                source=table.source,
                reason=table.reason,
            )
        )
    if all(deal.dictated for deal in settlements):
        raise place.error("every settlement is dictated; allowed is at least one that is not")
    return tuple(settlements)


def read_clauses(
    reader: Reader, deal: str, table: toml_tables.SettlementTable, issues: Sequence[Issue], place: Place
) -> tuple[Clause, ...]:
    """Read `[[settlement.<id>.clause]]`; a clause inherits from its settlement, its entries from it."""
    if len(table.clause) > CAPACITY["clause"]:
        what = f"found {len(table.clause)} clauses; allowed are {CAPACITY['clause']} at most"
        raise place.error(what)
    clauses: dict[str, Clause] = {}
    numbers = {"": -1} | {issue.id: number for number, issue in enumerate(issues)}
    for number, raw in enumerate(table.clause, start=1):
        inherited = inherit(raw, table, varies=False)
        clause = as_table(toml_tables.ClauseTable, inherited, place.at(id_of(raw, number)))
        spot = spot_of(place, clause.id)
        if clause.id in clauses:
            raise spot.error("two clauses of the settlement have this id", "Keep one")
        reader.check_grounds(clause, spot)
        if clause.issue not in numbers:
            what = f"found {clause.issue!r}; allowed is an issue of parties.toml, or the empty text for none"
            raise spot.at("issue").error(what, near(clause.issue, numbers))
        for key in ROWS_OF_CLAUSE:
            entry = inherit(getattr(clause, key), clause)
            read_entry(reader, f"settlements.clause_{key}.{deal}.{clause.id}", entry, spot.at(key))
        clauses[clause.id] = Clause(clause.id, clause.label, clause.text, numbers[clause.issue], tuple(clause.premises))
    return tuple(clauses.values())


def _settles(given: Sequence[str], issues: Sequence[Issue], place: Place) -> tuple[int, ...]:
    """Numbers of the issues that a draft must settle."""
    numbers = {issue.id: number for number, issue in enumerate(issues)}
    for number, name in enumerate(given):
        if name not in numbers or name in given[:number]:
            raise place.error(f"found {name!r}; allowed are {', '.join(numbers)}, each once", near(name, numbers))
    return tuple(numbers[name] for name in given)


def _check_signatories(signatories: Sequence[str], place: Place) -> None:
    """Check that those who sign are parties, each named once, and both belligerents among them."""
    allowed = [party for party in PARTIES if party != "hawks"]
    for number, party in enumerate(signatories):
        if party not in allowed or party in signatories[:number]:
            raise place.error(f"found {party!r}; allowed are {', '.join(allowed)}, each once")
    for party in ("kyiv", "moscow"):
        if party not in signatories:
            raise place.error(f"found {', '.join(signatories) or 'none'}; allowed are lists with {party}")
