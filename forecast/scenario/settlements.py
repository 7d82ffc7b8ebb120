"""`settlements.toml`: the settlements, their terms and their clauses."""

from collections.abc import Sequence

from forecast.inputs.validation import Place, as_table, id_of, near, spot_of
from forecast.scenario import toml_tables
from forecast.scenario.entries import inherit, read_entry
from forecast.scenario.question import UNRESOLVED
from forecast.scenario.reader import Reader, check_capacity
from forecast.scenario.records import Clause, Issue, Settlement
from forecast.scenario.rows import check_position, keep_row, read_rows
from forecast.timeline.codes import PARTIES
from forecast.timeline.fields import CAPACITY, fields
from forecast.timeline.parameters import RECORDS

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
        table = as_table(toml_tables.SettlementTable, raw, spot, id=name, clauses=())
        reader.check_grounds(table, spot)
        _check_signatories(table.signatories, spot.at("signatories"))
        if name in UNRESOLVED:
            raise spot.error("found the id of an ending that every scenario has; expected another id", "Rename it")
        if table.troops and table.troops_excluded:
            raise spot.at("troops_excluded").error(
                "found true, with `troops` true; expected one of the two to be false"
            )
        if table.ceasefire and any(other.ceasefire for other in settlements):
            raise spot.at("ceasefire").error("found true, as for another settlement; expected one such settlement")
        for key in ROWS_OF_SETTLEMENT:
            read_entry(reader, f"settlements.{key}.{name}", inherit(getattr(table, key), table), spot.at(key))
        rows = read_rows(reader, table.terms, issues, table, table.terms_uncertainty, spot.at("terms"))
        for issue, row, where in rows:
            check_position(row.centre, where.at("centre"))
            keep_row(reader, f"settlements.terms.{name}.{issue.id}", issue, row, row.spread, where)
        _check_settles(table.settles, issues, spot.at("settles"))
        clauses = read_clauses(reader, table, issues, spot.at("clause"))
        settlements.append(table.record(Settlement, clauses=clauses))
    if all(deal.dictated for deal in settlements):
        raise place.error("every settlement is dictated; expected at least one that is not")
    return tuple(settlements)


def read_clauses(
    reader: Reader, settlement: toml_tables.SettlementTable, issues: Sequence[Issue], place: Place
) -> tuple[Clause, ...]:
    """Read `[[settlement.<id>.clause]]`; a clause inherits from its settlement, its entries from the clause."""
    if len(settlement.clause) > CAPACITY["clause"]:
        what = f"found {len(settlement.clause)} clauses; expected {CAPACITY['clause']} at most"
        raise place.error(what)
    clauses: dict[str, Clause] = {}
    known = ("", *(issue.id for issue in issues))
    for number, raw in enumerate(settlement.clause, start=1):
        inherited = inherit(raw, settlement, varies=False)
        clause = as_table(toml_tables.ClauseTable, inherited, place.at(id_of(raw, number)))
        spot = spot_of(place, clause.id)
        if clause.id in clauses:
            raise spot.error("two clauses of the settlement have this id", "Keep one")
        reader.check_grounds(clause, spot)
        if clause.issue not in known:
            what = f"found {clause.issue!r}; expected an issue of parties.toml, or the empty text for none"
            raise spot.at("issue").error(what, near(clause.issue, known))
        for key in ROWS_OF_CLAUSE:
            entry = inherit(getattr(clause, key), clause)
            read_entry(reader, f"settlements.clause_{key}.{settlement.id}.{clause.id}", entry, spot.at(key))
        clauses[clause.id] = clause.record(Clause)
    return tuple(clauses.values())


def _check_settles(given: Sequence[str], issues: Sequence[Issue], place: Place) -> None:
    """Check that what a draft must settle are issues, each named once."""
    known = [issue.id for issue in issues]
    for number, name in enumerate(given):
        if name not in known or name in given[:number]:
            raise place.error(f"found {name!r}; expected {', '.join(known)}, each once", near(name, known))


def _check_signatories(signatories: Sequence[str], place: Place) -> None:
    """Check that the signatories are parties, each named once, with both belligerents among them."""
    allowed = [party for party in PARTIES if party != "hawks"]
    for number, party in enumerate(signatories):
        if party not in allowed or party in signatories[:number]:
            raise place.error(f"found {party!r}; expected {', '.join(allowed)}, each once")
    for party in ("kyiv", "moscow"):
        if party not in signatories:
            raise place.error(f"found {', '.join(signatories) or 'none'}; expected lists with {party}")
