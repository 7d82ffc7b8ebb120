"""A prior from a reference class: its quantiles by hand, and what is refused."""

import math
from pathlib import Path

import pytest

from forecast.errors import InputError
from forecast.scenario.families import C95
from forecast.scenario.load import load_scenario

CLASS = 'reference_class = {{ table = "{table}", events = "{events}", exposure = "{exposure}"{more} }}'
ROWS = "year,risings,island_years,elsewhere\n1990,3,20,0\n2000,4,30,0\n2010,2,50,0\n"


@pytest.fixture
def with_class(tiny_folder: Path) -> Path:
    """The made-up scenario with a reference class of its own."""
    index = tiny_folder / "reference" / "reference.toml"
    index.write_text(
        index.read_text()
        + '\n[risings]\nfile = "risings.csv"\ntitle = "Risings"\nunit = "risings"\nsource = "gazette"\nnote = ""\n'
    )
    (tiny_folder / "reference" / "risings.csv").write_text(ROWS)
    return tiny_folder


def coup_from(folder: Path, more: str = ", times = 1.0", **changes: str) -> Path:
    """Set the coup's prior from the class."""
    given = {"table": "risings", "events": "risings", "exposure": "island_years"} | changes
    file = folder / "kyiv.toml"
    before, after = file.read_text().split("[coup]\n", 1)
    lines = after.split("\n")
    assert lines[0].startswith("quantiles")
    file.write_text(f"{before}[coup]\n{CLASS.format(more=more, **given)}\n" + "\n".join(lines[1:]))
    return folder


def test_chance_a_year_is_the_class_rate_times_the_ratio(with_class: Path) -> None:
    prior = load_scenario(coup_from(with_class, ", since = 2000, times = 0.5, spread = 0.6")).priors["kyiv.coup"]
    rate, sd = 0.5 * 6 / 80, math.hypot(0.6, 1 / math.sqrt(6))
    wanted = [1 - math.exp(-rate * math.exp(z * sd)) for z in (-C95, 0.0, C95)]
    assert prior.quantiles() == pytest.approx(wanted, rel=1e-9)
    assert "6 risings in 80 island_years, since 2000, times 0.5, spread 0.6" in prior.elicited


def test_spread_is_seven_tenths_unless_said_otherwise_and_all_years_count(with_class: Path) -> None:
    prior = load_scenario(coup_from(with_class)).priors["kyiv.coup"]
    sd = math.hypot(0.7, 1 / 3)
    low, middle, high = (-math.log1p(-q) for q in prior.quantiles())
    assert (middle, high / middle, middle / low) == pytest.approx((9 / 100, *[math.exp(C95 * sd)] * 2), rel=1e-9)


def test_until_leaves_later_years_out(with_class: Path) -> None:
    prior = load_scenario(coup_from(with_class, ", times = 1.0, until = 2000")).priors["kyiv.coup"]
    assert "7 risings in 50 island_years, until 2000" in prior.elicited


@pytest.mark.parametrize(
    ("changes", "more", "key", "words"),
    [
        ({"table": "rising"}, ", times = 1.0", "coup.reference_class.table", "Did you mean risings?"),
        ({"events": "revolts"}, ", times = 1.0", "coup.reference_class.events", "expected year, risings"),
        ({"exposure": "years"}, ", times = 1.0", "coup.reference_class.exposure", "found 'years'"),
        ({"events": "elsewhere"}, ", times = 1.0", "coup.reference_class.since", "at least one event is needed"),
        ({}, ", times = 1.0, since = 2020", "coup.reference_class.since", "found 0 risings in 0 island_years"),
        ({}, ", times = 0.0", "coup.reference_class.times", "0"),
        ({}, "", "coup.reference_class.times", "missing"),
    ],
)
def test_wrong_reference_class_is_told(
    with_class: Path, changes: dict[str, str], more: str, key: str, words: str
) -> None:
    with pytest.raises(InputError) as error:
        load_scenario(coup_from(with_class, more, **changes))
    assert error.value.file == "two-islands/kyiv.toml"
    assert error.value.key == key
    assert words in str(error.value)


def test_only_a_rate_can_have_one(with_class: Path) -> None:
    file = with_class / "kyiv.toml"
    before, after = file.read_text().split("[worth]\n", 1)
    lines = after.split("\n")
    given = CLASS.format(table="risings", events="risings", exposure="island_years", more=", times = 1.0")
    file.write_text(f"{before}[worth]\n{given}\n" + "\n".join(lines[1:]))
    with pytest.raises(InputError, match="expected a reference class for chance/year and 1/year"):
        load_scenario(with_class)


def test_quantiles_beside_it_are_refused(with_class: Path) -> None:
    file = coup_from(with_class) / "kyiv.toml"
    file.write_text(file.read_text().replace("[coup]\n", "[coup]\nquantiles = [0.1, 0.2, 0.3]\n"))
    with pytest.raises(InputError, match="quantiles and reference_class are given"):
        load_scenario(with_class)


def test_edit_of_quantiles_takes_it_away(with_class: Path) -> None:
    coup_from(with_class)
    prior = load_scenario(with_class, edits=["kyiv.coup.quantiles=[0.1, 0.2, 0.3]"]).priors["kyiv.coup"]
    assert prior.quantiles() == pytest.approx((0.1, 0.2, 0.3))
