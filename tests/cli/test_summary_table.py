"""The odds of a run on a terminal, as a reader sees them."""

from typing import Any

import pytest
from inline_snapshot import snapshot

from forecast.cli.summary_table import show_summary
from forecast.cli.terminal import PlainConsole


def entry(
    share: float | None, low: float = 0.0, high: float = 1.0, error: float = 0.004, **more: Any
) -> dict[str, Any]:
    told = share is not None
    return {
        "probability": share,
        "standard_error": error if told else None,
        "interval": [low, high] if told else None,
        "count": 0,
        "of": 0,
        **more,
    }


def outcomes(battlefield: float, negotiated: float, **more: Any) -> dict[str, Any]:
    return {
        "battlefield": entry(battlefield, battlefield / 2, 2 * battlefield, **more),
        "negotiated": entry(negotiated, negotiated / 2, 2 * negotiated, **more),
        "unresolved": entry(1 - battlefield - negotiated, 0.5, 0.9, **more),
    }


def event(day: str, text: str, *, counts: bool) -> dict[str, Any]:
    return {"observed": day, "text": text, "counts": counts, "moves": None}


@pytest.fixture
def summary() -> dict[str, Any]:
    """A pool of two members, of which one has few effective draws."""
    return {
        "scenario": "two-islands",
        "as_of": "2031-04-14",
        "horizon": "2031-09-29",
        "timelines": 8000,
        "draws": 90,
        "seed": 1,
        "perspective": "pool",
        "perspective_detail": None,
        "provisional": False,
        "edits": ["moscow.worth.centre=0.4"],
        "fixed": {"kyiv.worth": 0.5},
        "prior_only": False,
        "odds": outcomes(0.1049, 0.2049, between_members=0.25),
        "given_resolved": {"battlefield": entry(0.34, 0.2, 0.5), "negotiated": entry(0.66, 0.5, 0.8)},
        "endings": {"ukraine_defeated": entry(0.1, 0.05, 0.2), "pause": entry(0.0, 0.0, 0.0, 0.0)},
        "beside": {"washington_engaged": entry(0.998, 0.99, 1.0, 0.0001), "pocket_lost": entry(None)},
        "perspectives": {
            "hopeful": {
                "weight": 0.75,
                "updated_weight": 0.8,
                "draws": 90,
                "effective_draws": 12.3,
                "simulated": True,
                "odds": outcomes(0.1, 0.3),
            },
            "base-rates": {
                "weight": 0.25,
                "updated_weight": 0.2,
                "draws": 100,
                "effective_draws": None,
                "simulated": False,
                "odds": outcomes(0.2, 0.1),
            },
        },
        "since": {
            "reference": "2031-03-03",
            "happened": [
                event("2031-03-10", "Envoys meet on neutral ground", counts=True),
                event("2031-03-20", "The gazette prints a map", counts=False),
            ],
            "states": [
                {"label": "Talks on ending the war", "words": "none agreed or under way", "since": None},
                {"label": "Washington", "words": "walked away", "since": "2031-04-01"},
            ],
        },
        "diagnostics": {"converged": False, "thin": True, "effective_draws": 12.3},
    }


def shown(summary: dict[str, Any]) -> str:
    console = PlainConsole(width=110, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    with console.file:
        show_summary(summary, console)
        return "\n".join(line.rstrip() for line in console.export_text().splitlines())


def test_a_pool_of_a_later_date(summary: dict[str, Any]) -> None:
    assert shown(summary) == snapshot("""\
two-islands as of 2031-04-14, to 2031-09-29: 8,000 timelines of 2 members, 90 to 100 different draws each,
seed 1, perspective pool
Changed for this run: moscow.worth.centre=0.4; kyiv.worth fixed at 0.5. The member base-rates uses the files
without these changes.
The sampler did not converge; these numbers are not to be relied on.
Few parameter draws fit what has happened so far (effective sample size 12 for hopeful): the odds are less
precise than their ranges suggest.
┏━━━━━━━━━━━━━┳━━━━━━┳━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ How it ends ┃ Odds ┃ 90% range ┃ Monte Carlo error, points ┃
┡━━━━━━━━━━━━━╇━━━━━━╇━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ Battlefield │ 10%  │ 5 to 21%  │ 0.4                       │
│ Negotiated  │ 20%  │ 10 to 41% │ 0.4                       │
│ Unresolved  │ 69%  │ 50 to 90% │ 0.4                       │
└─────────────┴──────┴───────────┴───────────────────────────┘
Shares are rounded, so they add up to 99.
If the war ends: battlefield 34% (20 to 50%), negotiated 66% (50 to 80%).
┏━━━━━━━━━━━━━━┳━━━━━━━━┳━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┓
┃ Member       ┃ Weight ┃ Updated weight ┃ Battlefield     ┃ Negotiated      ┃ Unresolved      ┃
┡━━━━━━━━━━━━━━╇━━━━━━━━╇━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩
│ hopeful      │ 75%    │ 80%            │ 10% (5 to 20%)  │ 30% (15 to 60%) │ 60% (50 to 90%) │
│ base-rates   │ 25%    │ 20%            │ 20% (10 to 40%) │ 10% (5 to 20%)  │ 70% (50 to 90%) │
│ disagreement │        │                │ 25%             │ 25%             │ 25%             │
└──────────────┴────────┴────────────────┴─────────────────┴─────────────────┴─────────────────┘
                disagreement: the share of the variance that is between members
Since 2031-03-03: 2 recorded events and changes of state, 1 of them in the odds (*). The latest:
  2031-03-10 * Envoys meet on neutral ground
  2031-03-20   The gazette prints a map
Recorded states:
  Talks on ending the war: none agreed or under way (unchanged since 2031-03-03)
  Washington: walked away (since 2031-04-01)
┏━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━┳━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ The outcomes in detail ┃ Odds ┃ 90% range ┃ Monte Carlo error, points ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━╇━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ Ukraine defeated       │ 10%  │ 5 to 20%  │ 0.4                       │
│ Pause                  │ none │ none      │                           │
└────────────────────────┴──────┴───────────┴───────────────────────────┘
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ Other events                            ┃ Odds           ┃ 90% range  ┃ Monte Carlo error, points ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ Washington engaged at the end           │ over 99%       │ 99 to 100% │ under 0.1                 │
│ Kyiv loses its pocket beyond the border │ too few to say │            │                           │
└─────────────────────────────────────────┴────────────────┴────────────┴───────────────────────────┘\
""")


def test_too_few_timelines_and_nothing_recorded(summary: dict[str, Any]) -> None:
    summary["given_resolved"] = {"battlefield": entry(None), "negotiated": entry(None)}
    summary["since"] |= {"happened": [], "states": []}
    lines = shown(summary).splitlines()
    assert "Too few timelines end to say how the war ends if it does." in lines
    assert "Nothing has been recorded since 2031-03-03." in lines
