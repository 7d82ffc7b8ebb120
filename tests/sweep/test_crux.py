"""The crux between two perspectives of the made-up scenario: lines that add up to the difference of two runs exactly."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import fsum
from pathlib import Path

import pytest
from places import TINY

from forecast.belief.assemble import update
from forecast.ensemble.request import RunRequest
from forecast.ensemble.simulated import simulate
from forecast.errors import InputError
from forecast.scenario.load import load_scenario
from forecast.sweep.crux import crux
from forecast.sweep.result import SweepResult

REQUEST = RunRequest(TINY, prior_only=True, timelines=2000, edits=("talks.contact.quantiles=[2.0, 3.0, 4.0]",))


def share(perspective: str, headline: str) -> Fraction:
    scenario = load_scenario(TINY, perspective=perspective, edits=REQUEST.edits)
    table = simulate(scenario, update(scenario, prior_only=True), timelines=20_000, draws=500).timelines
    own = table[table["replicate"] < 4]
    return Fraction(int((own["headline"] == headline).sum()), len(own))


def adds_up(result: SweepResult) -> None:
    for _, rows in result.table.groupby("output"):
        lines, whole = list(rows["points"])[1:], rows["points"].iloc[0]
        assert fsum(lines) == whole or sum(lines) == pytest.approx(whole, abs=1e-12)
        assert sum(Fraction(f"{line:.9f}") for line in lines) == Fraction(f"{whole:.9f}")


def test_lines_add_up_to_the_difference_of_two_runs() -> None:
    result = crux(REQUEST, ["base", "hopeful"])
    adds_up(result)
    for headline in ("negotiated", "battlefield"):
        row = result.table[(result.table["output"] == headline) & (result.table["group"] == "all")].iloc[0]
        wanted = 100.0 * float(share("hopeful", headline) - share("base", headline))
        assert row["points"] == pytest.approx(wanted, abs=1e-8)
    groups = set(result.table["group"]) - {"all"}
    changed = {change.entry for change in load_scenario(TINY, perspective="hopeful").perspectives["hopeful"].changes}
    scenario = load_scenario(TINY)
    assert {g.id for g in scenario.groups if changed & set(g.entries)} <= groups | {"front"}
    assert "base" in result.sentences[0]


def test_the_other_way_round_the_lines_change_their_sign(tmp_path: Path) -> None:
    there, back = crux(REQUEST, ["base", "hopeful"], "battlefield"), crux(REQUEST, ["hopeful", "base"], "battlefield")
    one, other = (result.table.set_index("group")["points"] for result in (there, back))
    assert (one + other[one.index]).abs().max() < 1e-8


def test_a_sweep_goes_on(tmp_path: Path) -> None:
    first = crux(REQUEST, ["base", "hopeful"], out=tmp_path / "crux")
    again = crux(REQUEST, ["base", "hopeful"], out=tmp_path / "crux", resume=True)
    assert first.files() == again.files()


def test_on_a_later_date_the_past_is_one_cause() -> None:
    day = load_scenario(TINY).reference_date + timedelta(days=60)
    result = crux(replace(REQUEST, as_of=day, timelines=500), ["base", "hopeful"], "negotiated")
    adds_up(result)
    assert "the recorded past" in set(result.table["group"])
    assert "not replayed in each cell" in " ".join(result.notes)


@pytest.mark.parametrize(
    ("between", "found"),
    [
        ([], "two different"),
        (["base"], "two different"),
        (["base", "base"], "two different"),
        (["base", "hopful"], "hopful"),
    ],
)
def test_perspectives_that_are_refused(between: list[str], found: str) -> None:
    with pytest.raises(InputError, match=found):
        crux(REQUEST, between)
