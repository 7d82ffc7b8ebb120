"""What is recorded, as of a day, and what became known between two days or differs between two folders."""

from datetime import date
from pathlib import Path

import pytest
from intake_tools import REQUEST
from intake_tools import ukraine_folder as ukraine_folder
from places import REPOSITORY

from forecast.errors import InputError
from forecast.intake.figures import Figure, record_figures
from forecast.intake.listing import became_known, differences, overview, rows_of
from forecast.scenario.load import load_scenario

REVISED = Figure("trust_kiis", date(2025, 12, 13), date(2026, 1, 20), 62.0)
NEW = Figure("trust_kiis", date(2025, 12, 20), date(2025, 12, 30), 58.5)


def test_rows_are_all_revisions_or_those_known_on_a_day(ukraine_folder: Path) -> None:
    record_figures(ukraine_folder, [REVISED, NEW], REQUEST)
    scenario = load_scenario(ukraine_folder)
    everything = rows_of(scenario, "trust_kiis")["rows"]
    assert [row["value"] for row in everything[-3:]] == [61.0, 62.0, 58.5]
    assert [row["value"] for row in rows_of(scenario, "trust_kiis", date(2026, 1, 19))["rows"][-2:]] == [61.0, 58.5]
    assert [row["value"] for row in rows_of(scenario, "trust_kiis", date(2026, 1, 20))["rows"][-2:]] == [62.0, 58.5]
    entry = next(row for row in overview(scenario, date(2025, 12, 29))["series"] if row["series"] == "trust_kiis")
    assert (entry["last_value"], entry["last_available"]) == (61.0, "2025-12-27")
    with pytest.raises(InputError, match="Did you mean trust_kiis"):
        rows_of(scenario, "trust_kis")


def test_events_and_states_are_listed(ukraine_folder: Path) -> None:
    scenario = load_scenario(ukraine_folder)
    assert len(rows_of(scenario, "events")["rows"]) == overview(scenario)["events"] == 75
    first = rows_of(scenario, "states", date(2025, 2, 13))["rows"]
    assert [(row["observed"], row["state"], row["value"]) for row in first] == [("2025-02-12", "rung", "contact")]


def test_what_became_known_between_two_days(ukraine_folder: Path) -> None:
    record_figures(ukraine_folder, [REVISED, NEW], REQUEST)
    scenario = load_scenario(ukraine_folder)
    found = became_known(scenario, date(2026, 1, 21), date(2026, 1, 19))  # in either order
    assert found["figures"] == []
    assert [(row["value"], row["was"]) for row in found["revised"]] == [(62.0, 61.0)]
    week = became_known(scenario, date(2025, 11, 17), date(2025, 11, 24))
    assert {row["state"] for row in week["states"]} == {"posture", "rung"}
    assert any(row["series"] == "area_deepstate" and row["observed"] == "2025-11-24" for row in week["figures"])
    assert all("2025-11-17" < row["available"] <= "2025-11-24" for row in [*week["figures"], *week["events"]])
    same = became_known(scenario, date(2025, 11, 17), date(2025, 11, 17))
    assert not any(same[name] for name in ("figures", "revised", "events", "states", "removed"))


def test_two_folders_differ_by_their_rows(ukraine_folder: Path) -> None:
    record_figures(ukraine_folder, [REVISED, NEW], REQUEST)
    former, later = load_scenario(REPOSITORY / "priors" / "ukraine-2025"), load_scenario(ukraine_folder)
    found = differences(former, later)
    assert {(row["observed"], row["available"]) for row in found["figures"]} == {
        ("2025-12-13", "2026-01-20"),
        ("2025-12-20", "2025-12-30"),
    }
    assert not any(found[name] for name in ("revised", "events", "states", "removed"))
    assert len(differences(later, former)["removed"]) == 2
