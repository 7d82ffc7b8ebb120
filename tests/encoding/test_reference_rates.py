"""Rates at which elicited chances come out as elicited, against simulated levels.

Tolerances are four standard errors of the simulated means.
"""

from collections.abc import Mapping

import numpy as np
import pytest
from timeline_tools import ukraine

from forecast.encoding import kernel_inputs
from forecast.encoding.reference_rates import (
    BREAKTHROUGH,
    COLLAPSE,
    FORCED,
    HALF_LIVES,
    RESPONSES,
    WEEKS,
    Fluctuations,
    bounded_ratio,
)
from forecast.timeline.fields import INTENSITIES, WEEKS_PER_YEAR, to_kernel
from forecast.timeline.parameters import field_of

PATHS = 20_000
LN5, LN12 = np.log(5.0), np.log(12.0)


def fluctuations(mud: float = 0.0, **values: float) -> Fluctuations:
    """One draw: half-lives of 20 weeks, a slow level of the advance with spread 0.5, and nothing that moves rates."""
    named = {name: 0.0 for response in RESPONSES.values() for r in response for name, _ in r.coefficients.values()}
    named |= {name: 0.0 for _, _, name, _ in FORCED}
    named |= {name: 0.0 for name, _ in COLLAPSE.coefficients.values()} | {"endings.collapse_thrust": 0.0}
    named |= {r.share: 1.0 for response in RESPONSES.values() for r in response if r.share}
    named |= dict.fromkeys(HALF_LIVES.values(), 20.0)
    named |= {"front.slow_sd": 0.5, "front.fast_scale": 0.0, "front.fast_persistence": 0.0, "front.mud": mud}
    named |= {name.replace("__", "."): value for name, value in values.items()}
    season = np.zeros(53)
    season[10:18] = 1.0
    return Fluctuations({name: np.array([value]) for name, value in named.items()}, season)


def paths(half_life: float, seed: int) -> np.ndarray:
    """(paths, weeks) a level that starts at its mean and reverts to it, spread 1, in the middle of each week."""
    rng = np.random.default_rng(seed)
    found = np.empty((PATHS, 52))
    x = np.zeros(PATHS)
    for week in range(52):
        kept = 2 ** (-(0.5 if week == 0 else 1.0) / half_life)
        x = kept * x + np.sqrt(1 - kept**2) * rng.standard_normal(PATHS)
        found[:, week] = x
    return found


def ratio(x: np.ndarray, limit: float = LN5) -> np.ndarray:
    return np.exp(x / np.sqrt(1 + (x / limit) ** 2))


def agrees(found: np.ndarray, expected: float) -> bool:
    """Whether the mean of a simulated number is the expected one within four standard errors."""
    return bool(abs(found.mean() - expected) < 4 * found.std() / np.sqrt(len(found)))


def test_bounded_ratio_is_that_of_the_simulator() -> None:
    x = np.linspace(-5, 5, 11)
    assert bounded_ratio(x, LN5) == pytest.approx(ratio(x))
    assert bounded_ratio(np.array([0.0, 1e9, -1e9]), LN12) == pytest.approx([1.0, 12.0, 1 / 12])


def test_every_response_names_rates_and_effects_of_the_model() -> None:
    for name, responses in RESPONSES.items():
        assert field_of(name).unit in INTENSITIES, name
        for response in responses:
            for level, (effect, sign) in response.coefficients.items():
                assert field_of(effect).unit == "log ratio", effect
                assert (level in HALF_LIVES, abs(sign)) == (True, 1.0)
            assert response.share == "" or field_of(response.share).unit == "weight"
        assert [response.share == "" for response in responses] == ([True] if len(responses) == 1 else [False] * 3)


WEEKLY = np.array([0.002])


@pytest.mark.parametrize("name", RESPONSES)
def test_a_rate_that_no_level_moves_is_not_corrected(name: str) -> None:
    for chance in (True, False):
        assert fluctuations().correction(name, WEEKLY, chance=chance) == pytest.approx(1.0)


ONE_LEVEL = {
    "hawks.sabotage": ("hawks", "hawks.sabotage_hawks"),
    "kyiv.coup": ("instability", "kyiv.coup_instability"),
    "moscow.home_shock": ("strain", "moscow.home_shock_strain"),
    "talks.text": ("attention", "talks.tempo"),
    "europe.troops_into_text": ("obstruction", "europe.troops_obstruction"),
}


@pytest.mark.parametrize("name", ONE_LEVEL)
@pytest.mark.parametrize("half_life", [8.0, 60.0])
def test_correction_makes_the_mean_rate_of_a_year_the_elicited_one(name: str, half_life: float) -> None:
    level, effect = ONE_LEVEL[name]
    made = fluctuations(**{effect.replace(".", "__"): 0.7, HALF_LIVES[level].replace(".", "__"): half_life})
    rates = ratio(0.7 * paths(half_life, 1)).mean(axis=1)
    factor = float(made.correction(name, WEEKLY, chance=False)[0])
    assert agrees(rates, 1 / factor)
    assert agrees(factor * rates, 1.0)
    # The control: the rate at reference levels is not the mean.
    assert not agrees(rates, 1.0)


def test_an_effect_of_either_sign_is_corrected_alike() -> None:
    up, down = (
        fluctuations(washington__come_back_attention=sign * 0.6).correction(
            "washington.come_back", WEEKLY, chance=False
        )
        for sign in (1, -1)
    )
    assert up == pytest.approx(down)
    assert up < 1


def test_mean_of_the_advance_follows_the_mud() -> None:
    made = fluctuations(mud=0.4, front__breakthrough_advance=0.8, front__slow_sd=1e-9)
    memory, depth = [], 0.0
    for week in range(53):
        mud = 1.0 if 10 <= week < 18 else 0.0
        depth = 2 ** (-1 / 4) * depth + (1 - 2 ** (-1 / 4)) * mud
        memory.append(depth)
    expected = ratio(-0.8 * 0.4 * np.array([memory[int(week)] for week in WEEKS])).mean()
    assert 1 / made.correction("front.breakthrough", WEEKLY, chance=False)[0] == pytest.approx(expected, rel=1e-6)
    assert expected < 1


def test_variance_of_the_memory_of_weekly_shocks() -> None:
    made = fluctuations(front__slow_sd=0.0, front__fast_scale=0.3, front__fast_persistence=0.4)
    rng = np.random.default_rng(3)
    fast, memory = np.zeros(PATHS), np.zeros(PATHS)
    kept = 2 ** (-1 / 4)
    for _ in range(60):
        fast = 0.4 * fast + 0.3 * np.sqrt(2.0) * rng.standard_normal(PATHS)
        memory = kept * memory + (1 - kept) * fast
    assert made.variance["advance"][0] == pytest.approx(memory.var(), rel=4 * np.sqrt(2 / PATHS))


@pytest.mark.parametrize("yearly", [0.05, 0.4, 1.5])
def test_correction_makes_a_chance_a_year_come_out_as_a_chance(yearly: float) -> None:
    made = fluctuations(kyiv__coup_instability=0.6, kyiv__instability_half_life=25.0)
    weekly = np.array([yearly / WEEKS_PER_YEAR])
    average = ratio(0.6 * paths(25.0, 2)).mean(axis=1)

    def happened(chance: bool) -> np.ndarray:
        return -np.expm1(-yearly * made.correction("kyiv.coup", weekly, chance=chance)[0] * average)

    expected = -np.expm1(-yearly)
    assert happened(True).mean() == pytest.approx(expected, rel=0.01)
    if yearly > 0.1:
        # The control: a right mean rate does not make a right chance.
        assert happened(False).mean() < expected * 0.99


def test_a_rate_of_several_causes_is_corrected_by_their_shares() -> None:
    values = {
        "endings__failure_crash": 2.0,
        "endings__failure_mutiny": 5.0,
        "endings__failure_death": 3.0,
        "endings__failure_strain": 0.7,
        "endings__failure_advance": 0.9,
    }
    made = fluctuations(**values)
    strain, advance = paths(20.0, 4), 0.5 * paths(20.0, 5)
    rates = 0.2 * ratio(0.7 * strain) + 0.5 * ratio(-0.9 * advance) + 0.3 * ratio(0.7 * strain - 0.9 * advance)
    factor = float(made.correction("endings.failure", WEEKLY, chance=False)[0])
    assert agrees(factor * rates.mean(axis=1), 1.0)
    none = dict.fromkeys(values, 0.0)
    assert np.isfinite(fluctuations(**none).correction("endings.failure", WEEKLY, chance=True)).all()


def test_a_forced_level_passes_fluctuations_on() -> None:
    made = fluctuations(
        front__breakthrough_adequacy=0.5,
        front__breakthrough_instability=0.4,
        front__breakthrough_advance=0.3,
        kyiv__instability_ground=0.2,
        front__attrition=0.6,
        front__desertion=0.7,
        front__adequacy_half_life=10.0,
        kyiv__instability_half_life=30.0,
        front__slow_half_life=15.0,
    )
    life = {"adequacy": 10.0, "instability": 30.0, "advance": 15.0}

    def share(forced: str, by: str) -> float:
        """Part of a fluctuation that reaches a level that lags behind it."""
        return life[by] / (life[by] + life[forced])

    instability = 0.4 + 0.5 * 0.7 * share("adequacy", "instability")
    advance = 0.3 + 0.5 * 0.6 * share("adequacy", "advance") + instability * 0.2 * share("instability", "advance")
    found = made.coefficients(BREAKTHROUGH)
    assert {level: float(b[0]) for level, b in found.items()} == pytest.approx(
        {"adequacy": -0.5, "instability": instability, "advance": advance}
    )


def together(adequacy: float, instability: float, advance: float) -> Mapping[str, np.ndarray]:
    return {"adequacy": paths(adequacy, 6), "instability": paths(instability, 7), "advance": 0.5 * paths(advance, 8)}


def test_mean_ratio_of_collapse_over_breakthroughs_as_they_come() -> None:
    made = fluctuations(
        front__breakthrough_adequacy=0.6,
        front__breakthrough_instability=0.4,
        front__breakthrough_advance=0.5,
        endings__collapse_adequacy=0.5,
        endings__collapse_instability=0.3,
        endings__collapse_thrust=0.4,
        front__adequacy_half_life=12.0,
        kyiv__instability_half_life=30.0,
    )
    x = together(12.0, 30.0, 20.0)
    breach = ratio(-0.6 * x["adequacy"] + 0.4 * x["instability"] + 0.5 * x["advance"])
    thrust = np.array([0.8, 1.6, 2.8])
    rng = np.random.default_rng(9)
    drawn = rng.choice(thrust, size=breach.shape, p=[0.185, 0.63, 0.185])
    collapse = ratio(-0.5 * x["adequacy"] + 0.3 * x["instability"] + 0.4 * (drawn - 1.6), LN12)
    weighted, weight = (breach * collapse).mean(axis=1), breach.mean(axis=1)
    expected = float(made.collapse(thrust, 1.6)[0])
    # The ratio of two means: its error is that of the difference at the expected ratio.
    difference = weighted - expected * weight
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(PATHS) + 0.005 * expected
    # The control: without the weight of breakthroughs it would be less.
    assert collapse.mean() < 0.95 * expected


def test_collapse_without_effects_keeps_its_chance() -> None:
    assert fluctuations().collapse(np.array([0.8, 1.6, 2.8]), 1.6) == pytest.approx(1.0)


def test_rates_of_the_real_scenario_are_corrected() -> None:
    scenario, posterior = ukraine()
    draws = posterior.draws.iloc[:50]
    rows = kernel_inputs.parameter_rows(scenario, draws)
    made = kernel_inputs.fluctuations_of(scenario, draws)
    for name in RESPONSES:
        part, key = name.split(".")
        unit = scenario.priors[name].unit
        weekly = to_kernel(unit, draws[name].to_numpy())
        factor = made.correction(name, weekly, chance=unit == "chance/year")
        assert rows[part][key] == pytest.approx(weekly * factor), name
        # An uncertain sign aside, each rate moves with something.
        assert np.all(np.abs(np.log(factor)) < np.log(5.0)), name
    others = [name for name, prior in scenario.priors.items() if prior.unit in INTENSITIES and name not in RESPONSES]
    assert others
    for name in (name for name in others if name.count(".") == 1):
        part, key = name.split(".")
        assert rows[part][key] == pytest.approx(to_kernel(scenario.priors[name].unit, draws[name].to_numpy())), name
    chance = draws["endings.collapse"].to_numpy()
    thrust = np.array(scenario.priors["front.breakthrough_thrust"].quantiles())
    kept = np.log1p(-rows.endings.collapse) * made.collapse(thrust, thrust[1])
    assert -np.expm1(kept) == pytest.approx(chance)
    assert np.all(rows.endings.collapse < 1)
