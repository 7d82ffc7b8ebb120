"""`parties.toml`: the issues, the five parties, and what each wants on each issue."""

import math

import numpy as np
from numpy.typing import NDArray

from forecast.inputs.validation import as_table, same_keys, spot_of
from forecast.scenario import toml_tables
from forecast.scenario.entries import inherit, read_entry
from forecast.scenario.reader import Reader, check_capacity
from forecast.scenario.records import Issue, Party
from forecast.scenario.rows import check_position, keep_row, read_rows
from forecast.timeline.codes import PARTIES


def read_parties(
    reader: Reader,
) -> tuple[tuple[Issue, ...], tuple[Party, ...], NDArray[np.float64]]:
    """Read `parties.toml`: issues, parties and `Scenario.lean`."""
    place = reader.place("parties.toml")
    file = as_table(toml_tables.PartiesFile, reader.tables["parties.toml"], place)
    check_capacity(file.issue, "issue", place.at("issue"))
    issues: list[Issue] = []
    for name, raw in file.issue.items():
        spot = spot_of(place.at("issue"), name)
        table = as_table(toml_tables.IssueTable, raw, spot, id=name)
        reader.check_premises(table.premises, spot)
        if table.role and any(other.role == table.role for other in issues):
            raise spot.at("role").error(f"found {table.role!r}, as for another issue; expected one such issue")
        # Toil rests on the issue's premises unless it says otherwise.
        toil = {"premises": table.premises, "varies": "world", **table.toil}
        read_entry(reader, f"parties.toil.{name}", toil, spot.at("toil"))
        issues.append(table.record(Issue))
    same_keys(file.party, PARTIES, place.at("party"), "party")
    parties = []
    lean = np.zeros((len(PARTIES), len(issues)))
    for number, name in enumerate(PARTIES):
        spot = place.at("party", name)
        party = as_table(toml_tables.PartyTable, file.party[name], spot, id=name)
        reader.check_grounds(party, spot)
        read_entry(reader, f"parties.stiffness.{name}", inherit(party.stiffness, party), spot.at("stiffness"))
        sign = 1.0 if party.leans == "moscow" else -1.0
        rows = read_rows(reader, party.position, issues, party, party.position_spread, spot.at("position"))
        for column, (issue, row, where) in enumerate(rows):
            check_position(row.centre, where.at("centre"))
            lean[number, column] = sign * file.rows.load * row.spread
            # The rest of the spread is the row's own; the whole has the spread that the file gives.
            own = row.spread * math.sqrt(1.0 - file.rows.load**2)
            prior = f"parties.position.{name}.{issue.id}"
            keep_row(reader, prior, issue, row, own, where, f", load {file.rows.load:g}")
        rows = read_rows(reader, party.salience, issues, party, party.salience_spread, spot.at("salience"))
        for issue, row, where in rows:
            keep_row(reader, f"parties.salience.{name}.{issue.id}", issue, row, row.spread, where)
        parties.append(party.record(Party))
    lean.setflags(write=False)
    return tuple(issues), tuple(parties), lean
