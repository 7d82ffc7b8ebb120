"""The first page of a report: frequencies, the inputs it names, what moved and what to watch."""

import json
from datetime import date
from typing import Any

import pytest
from inline_snapshot import snapshot

from forecast.report.first_page import (
    amount,
    area,
    battlefield_by_member,
    dates,
    disagreement_of_members,
    first_sentence,
    first_to_refuse,
    held,
    judged,
    leading,
    main_endings,
    moves,
    open_ranges,
    precise,
    precision,
    simulated,
    watched,
    widest,
)
from forecast.report.numbers import frequency
from forecast.scenario.spec import Scenario
from forecast.store.saved_run import Run


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "none"),
        (0.001, "fewer than 1 in 200"),
        (0.0083, "about 1 in 100"),
        (0.029, "about 1 in 35"),
        (0.07, "about 1 in 14"),
        (0.104, "about 1 in 10"),
        (0.137, "about 1 in 7"),
        (0.28, "about 3 in 10"),
        (0.431, "about 2 in 5"),
        (0.5, "about 1 in 2"),
        (0.758, "about 3 in 4"),
        (0.9, "about 9 in 10"),
        (0.971, "all but about 1 in 35"),
        (0.9999, "more than 199 in 200"),
        (1.0, "all"),
    ],
)
def test_frequencies(p: float, text: str) -> None:
    assert frequency(p) == text


@pytest.mark.parametrize(
    ("x", "unit", "text"),
    [
        (0.164, "chance/year", "16% a year"),
        (2.5, "1/year", "2.5 a year"),
        (0.39, "chance", "39%"),
        (0.25, "value", "25% of all at stake"),
        (1.574188, "EUR bn/month", "1.6 EUR bn a month"),
        (12345.0, "km2", "12,000 km2"),
        (0.5, "log ratio", "0.5"),
    ],
)
def test_amounts(x: float, unit: str, text: str) -> None:
    assert amount(x, unit) == text


def turn(name: str, battlefield: float, negotiated: float, error: float = 0.01, unit: str = "chance") -> dict[str, Any]:
    effects = {"battlefield": battlefield, "negotiated": negotiated, "unresolved": -battlefield - negotiated}
    largest = max(map(abs, effects.values()))
    errors = {f"{kind}_error": error for kind in effects}
    return {"name": name, "low": 0.1, "high": 0.4, "largest": largest, "unit": unit, **effects, **errors}


def test_the_largest_effects_lead_each_input_once_with_its_clear_effects() -> None:
    turns = [
        turn("a.first", 0.05, 0.0),
        turn("a.first", 0.2, -0.011),
        turn("b.second", 0.0, 0.1, error=0.06),
        turn("c.third", -0.06, 0.04, error=0.025),
        turn("d.fourth", 0.04, 0.0),
        turn("e.fifth", 0.03, 0.0),
    ]
    rows = [{"meaning": "how often", "unit": one["unit"], "name": one["name"], "basis": "reading"} for one in turns]
    found = leading(turns, rows)
    # The effect of b.second is within two errors, so it is not named; a.first is named for its larger effect.
    assert [entry["name"] for entry in found] == ["a.first", "c.third", "d.fourth"]
    assert found[0] == snapshot(
        {
            "meaning": "How often",
            "unit": "chance",
            "name": "a.first",
            "basis": "reading",
            "low": "10%",
            "high": "40%",
            "effects": [
                {"kind": "battlefield", "points": "20", "higher": True},
                {"kind": "unresolved", "points": "19", "higher": False},
            ],
        }
    )
    assert [effect["kind"] for effect in found[1]["effects"]] == ["battlefield"]


def with_given(kept: Run, **odds: tuple[float, float]) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(json.dumps(kept.summary))
    for event, (battlefield, negotiated) in odds.items():
        shares = {"battlefield": battlefield, "negotiated": negotiated, "unresolved": 1 - battlefield - negotiated}
        summary["given"][event]["odds"] = {kind: {"probability": share} for kind, share in shares.items()}
    return summary


def test_events_to_watch_are_those_with_other_odds(kept: Run) -> None:
    summary = with_given(
        kept, breakthrough=(0.3, 0.0), general_truce=(0.0, 0.5), limited_truce=(0.025, 0.001), walked_away=(0.1, 0.0)
    )
    for entry in summary["given"]["pocket_lost"]["odds"].values():
        entry["probability"] = None
    assert watched(summary)[:2] == snapshot(
        [
            {
                "event": "general_truce",
                "shift": 0.49975,
                "battlefield": "none",
                "negotiated": "50%",
                "unresolved": "50%",
            },
            {
                "event": "breakthrough",
                "shift": 0.27449999999999997,
                "battlefield": "30%",
                "negotiated": "none",
                "unresolved": "70%",
            },
        ]
    )
    assert [entry["event"] for entry in watched(summary)] == ["general_truce", "breakthrough", "walked_away"]


def test_the_next_dated_events_are_named(tiny: Scenario) -> None:
    assert dates(tiny, tiny.reference_date) == snapshot(
        [
            {"day": "11 May 2031", "label": "Election in the League"},
            {"day": "31 July 2031", "label": "Vote of the League on the blockade"},
        ]
    )
    assert dates(tiny, date(2031, 5, 10)) == dates(tiny, tiny.reference_date)
    assert dates(tiny, date(2031, 5, 11)) == dates(tiny, tiny.reference_date)[1:]
    assert dates(tiny, tiny.horizon) == []


def state(name: str, since: str | None) -> dict[str, Any]:
    return {"state": name, "label": name.title(), "words": f"is {name}", "since": since}


def test_the_last_moves_are_named_with_their_event(tiny: Scenario) -> None:
    events = [
        {"observed": "2031-04-01", "moves": "rung", "text": "They met. They will meet again."},
        {"observed": "2031-03-05", "moves": "rung", "text": "An earlier change."},
    ]
    figure = {"series": tiny.area_series, "title": "Area", "then": 1000.0, "now": 1234.0, "now_observed": "2031-04-07"}
    since = {
        "states": [
            state("rung", "2031-04-01"),
            state("ban", None),
            *(state(f"s{k}", f"2031-03-0{k}") for k in range(5, 9)),
        ],
        "happened": events,
        "figures": [figure],
    }
    found = moves({"since": since})
    assert [entry["state"] for entry in found] == ["Rung", "S8", "S7", "S6"]
    assert found[0] == snapshot({"day": "1 April 2031", "state": "Rung", "words": "is rung", "why": "They met."})
    assert area(tiny, {"since": since}) == snapshot({"title": "Area", "change": "+230", "day": "7 April 2031"})
    assert area(tiny, {"since": since | {"figures": [figure | {"then": None}]}}) is None


def test_first_sentence() -> None:
    assert first_sentence("On the U.S. side 1.5 km were lost (all). Then more.") == (
        "On the U.S. side 1.5 km were lost (all)."
    )
    assert first_sentence("") == ""


def test_members_disagree_on_the_odds_and_on_how_it_ends(kept: Run) -> None:
    def member(battlefield: int, negotiated: int) -> dict[str, Any]:
        counts = {"battlefield": battlefield, "negotiated": negotiated, "unresolved": 1000 - battlefield - negotiated}
        return {"odds": {kind: {"probability": count / 1000, "count": count} for kind, count in counts.items()}}

    pool = {"perspectives": {"one": member(100, 300), "two": member(200, 100), "three": member(10, 20)}}
    assert battlefield_by_member(pool) == snapshot(
        [
            {"name": "one", "percent": "25%"},
            {"name": "two", "percent": "67%"},
            {"name": "three", "percent": "too few to say"},
        ]
    )
    assert disagreement_of_members(pool) == snapshot(
        [
            {"kind": "battlefield", "low": "three", "lowest": "1%", "high": "two", "highest": "20%"},
            {"kind": "negotiated", "low": "three", "lowest": "2%", "high": "one", "highest": "30%"},
        ]
    )
    assert battlefield_by_member(kept.summary) == disagreement_of_members(kept.summary) == []


def test_the_party_that_refuses_first() -> None:
    shares = {"kyiv": {"probability": 0.4}, "moscow": {"probability": 0.6}}
    assert first_to_refuse({"first_refusal": shares}) == {"party": "moscow", "percent": "60%"}
    assert first_to_refuse({"first_refusal": shares | {"europe": {"probability": None}}}) is None


def test_main_endings_lose_the_outcome_from_their_label(tiny: Scenario, kept: Run) -> None:
    assert main_endings(tiny, kept.summary) == snapshot(
        {
            "battlefield": [
                {"label": "North Island is defeated", "percent": "2%"},
                {"label": "South Island gives up", "percent": "1%"},
            ],
            "negotiated": [],
            "unresolved": [
                {"label": "Still fighting", "percent": "97%"},
                {"label": "A general truce without a text", "percent": "1%"},
            ],
        }
    )


def test_the_widest_range() -> None:
    odds = {"battlefield": {"interval": [0.1, 0.2]}, "negotiated": {"interval": [0.02, 0.5]}}
    assert widest({"odds": odds}) == {"kind": "negotiated", "interval": "2 to 50%"}
    assert widest({"odds": {"battlefield": {"interval": None}}}) is None


def test_the_low_value_of_an_input_leaves_out_the_unit() -> None:
    (found,) = leading([turn("a", 0.2, 0.0)], [{"meaning": "rate", "unit": "chance/year", "name": "a"}])
    assert (found["low"], found["high"]) == ("10%", "40% a year")


def test_ranges_that_cover_nearly_everything() -> None:
    def resolved(*ends: list[float] | None) -> bool:
        return open_ranges(dict(zip(("battlefield", "negotiated"), ({"interval": x} for x in ends), strict=True)))

    assert resolved([0.0, 0.95], [0.05, 1.0])
    assert not resolved([0.0, 0.9], [0.1, 1.0])
    assert not resolved(None, None)


def test_an_error_is_small_only_beside_every_range() -> None:
    def small(*entries: tuple[float | None, list[float] | None]) -> bool:
        return precise({"odds": {str(k): {"standard_error": e, "interval": i} for k, (e, i) in enumerate(entries)}})

    assert small((0.01, [0.1, 0.3]), (0.02, [0.1, 0.4]))
    assert not small((0.01, [0.1, 0.3]), (0.02, [0.1, 0.2]))
    assert not small((None, None))


def test_the_leading_judgement_is_named() -> None:
    leads = [{"meaning": "A", "basis": "figure"}, {"meaning": "B", "basis": "reading"}, {"meaning": "C"}]
    assert judged(leads) == "B"
    assert judged(leads[:1]) == judged([]) == ""


def test_parts_of_the_uncertainty_come_in_the_order_of_the_ranges() -> None:
    one = {"name": "a", "share": 0.31, "share_error": 0.03}
    summary: dict[str, Any] = {
        "odds": {"battlefield": {"interval": [0.0, 0.2]}, "negotiated": {"interval": [0.0, 0.5]}},
        "uncertainty": {
            "battlefield": {"members": 0.6, "priors": []},
            "negotiated": {"members": None, "priors": [one] * 3},
            "unresolved": None,
        },
    }
    negotiated = {"kind": "negotiated", "members": "", "priors": [{"meaning": "A", "percent": "31%"}] * 2}
    battlefield = {"kind": "battlefield", "members": "60%", "priors": []}
    assert held(summary, {"a": "A"}) == [negotiated, battlefield]
    summary["uncertainty"]["negotiated"] = None
    assert held(summary, {}) == [battlefield]
    summary["uncertainty"]["battlefield"] = {"members": None, "priors": []}
    assert held(summary, {}) == []


def test_odds_of_simulated_years_are_those_of_the_members_that_have_weeks() -> None:
    def member(weight: float, battlefield: float, *, weekly: bool = True) -> dict[str, Any]:
        odds = {"battlefield": battlefield, "negotiated": 0.5 - battlefield, "unresolved": 0.5}
        return {"weight": weight, "simulated": weekly, "odds": {kind: {"probability": p} for kind, p in odds.items()}}

    alone = member(1.0, 0.2)
    assert simulated({"odds": alone["odds"]}) == {"battlefield": "20%", "negotiated": "30%", "unresolved": "50%"}
    pool = {"a": member(0.3, 0.1), "b": member(0.1, 0.3), "c": member(0.6, 0.5, weekly=False)}
    assert simulated({"odds": {}, "perspectives": pool})["battlefield"] == "15%"


def test_precision() -> None:
    def worst(*errors: float | None) -> str:
        return precision({"odds": {str(k): {"standard_error": error} for k, error in enumerate(errors)}})

    assert (worst(0.001, 0.002), worst(0.004, 0.013), worst(0.0, 0.0), worst(None, None)) == ("0", "1", "", "")
