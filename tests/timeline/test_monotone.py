"""At equal state every weekly rate moves the right way in each thing that it depends on, within its bounds."""

from collections.abc import Callable

import numpy as np
import pytest
from timeline_tools import Bench, bench, ukraine_inputs

from forecast.timeline import (
    bargain,
    endings,
    europe,
    forms,
    front,
    hawks,
    kyiv,
    ladder,
    moscow,
    prospects,
    talks,
    washington,
)
from forecast.timeline.codes import (
    CONTACT,
    EUROPE,
    HAWKS,
    KYIV,
    MOSCOW,
    NONE,
    PRESSING_KYIV,
    PRESSING_MOSCOW,
    TERMS,
    TEXT,
    WALKED_AWAY,
    WASHINGTON,
)
from forecast.timeline.fields import fields
from forecast.timeline.parameters import PARAMETERS

LEVELS = np.linspace(-3.0, 3.0, 13)
SHARES = np.linspace(0.02, 0.98, 13)


def typical() -> Bench:
    """A bench on which every effect has its usual sign: 0.3, and rates of 0.01 a week."""
    b = bench()
    for part in ("front", "moscow", "washington", "hawks", "europe", "kyiv", "talks", "endings"):
        owner = PARAMETERS.fields[part][0]
        cls = type_of(part)
        for name in owner.names:
            unit = fields(cls)[name].unit
            if unit in ("log ratio", "value", "ratio"):
                b.p[part][name] = 0.3
            elif unit in ("chance/year", "1/year"):
                b.p[part][name] = 0.01
            elif unit == "chance":
                b.p[part][name] = 0.1
    b.p.washington.deliver_hawks = 0.3
    b.p.front.adequacy_on_advance = b.p.front.desertion = b.p.front.attrition = 0.3
    b.p.front.arms = b.p.kyiv.instability_ground = b.p.hawks.hawks_capital = b.p.hawks.hawks_text = 0.3
    b.p.front.mobilisation = b.p.front.draft_shortfall = b.p.front.leaderless_loss = b.p.moscow.strain_pressed = 0.3
    b.p.front.breakthrough_thrust = b.p.front.thrust_half_life = 2.0
    b.p.talks.horizon, b.p.talks.breach_share, b.p.talks.lean, b.p.moscow.rebuild = 50.0, 0.75, 0.5, 0.5
    b.p.settlements.give[:2] = 9.0
    b.p.talks.tau = b.p.washington.deliver_tau = 1.0
    b.p.parties.salience[:, :2] = 0.5
    b.p.parties.position[KYIV, :2] = b.p.parties.position[EUROPE, :2] = b.p.parties.position[HAWKS, :2] = 0.1
    b.p.parties.position[MOSCOW, :2], b.p.parties.position[WASHINGTON, :2] = 0.9, 0.5
    b.w.facts.needs_washington[:2] = b.w.facts.needs_europe[:2] = 1.0
    b.s.settlement, b.s.terms[:2], b.s.rung = 0, 0.5, TEXT
    b.s.thrust, b.s.thrust_full = 1.0, 2.0
    b.s.truce_value[KYIV], b.s.truce_value[MOSCOW] = 0.5, 0.6
    b.s.dictated_value[KYIV], b.s.dictated_value[MOSCOW] = 0.1, 0.9
    return b


def type_of(part: str) -> type:
    from typing import get_type_hints

    from forecast.timeline.parameters import Parameters

    found: type = get_type_hints(Parameters)[part]
    return found


Rate = Callable[[Bench], float]


def expected(after: Rate) -> Rate:
    """A rate that follows what both sides expect of fighting on."""

    def found(b: Bench) -> float:
        prospects.update(b.p, b.s, b.w)
        return float(after(b))

    return found


def consent(party: int) -> Rate:
    def found(b: Bench) -> float:
        bargain.update_consents(b.p, b.s, b.r, b.w)
        return float(b.s.consent[party])

    return expected(found)


def cause(rates: Callable[[Bench], tuple[float, float, float]], number: int) -> Rate:
    return lambda b: rates(b)[number]


def causes_of_defeat(b: Bench) -> tuple[float, float, float]:
    return endings.defeat_rates(b.p, b.s, b.s.adequacy, b.s.instability, b.s.advance - b.s.advance_start)


def causes_of_failure(b: Bench) -> tuple[float, float, float]:
    return endings.failure_rates(b.p, b.s, b.s.strain, b.s.advance - b.s.advance_start)


RATES: dict[str, Rate] = {
    "defeat": lambda b: endings.defeat_rate(b.p, b.s),
    "collapse": lambda b: endings.collapse_rate(b.p, b.s, b.w, 1.0),
    "failure": lambda b: endings.failure_rate(b.p, b.s),
    "capitulation": cause(causes_of_defeat, 0),
    "overthrow": cause(causes_of_defeat, 1),
    "end of supply": cause(causes_of_defeat, 2),
    "crash": cause(causes_of_failure, 0),
    "mutiny": cause(causes_of_failure, 1),
    "death": cause(causes_of_failure, 2),
    "draft failure": lambda b: front.draft_failure_rate(b.p.front, b.s),
    "breakthrough": lambda b: front.breakthrough_rate(b.p.front, b.s),
    "adequacy target": lambda b: front.adequacy_target(b.p.front, b.s),
    "advance": lambda b: front.expected_z(b.p.front, b.s, b.w),
    "shock at home": lambda b: moscow.home_shock_rate(b.p.moscow, b.s),
    "Moscow's chance": expected(lambda b: b.s.break_seen[MOSCOW]),
    "Kyiv's chance": expected(lambda b: b.s.break_seen[KYIV]),
    "Moscow's worth": expected(lambda b: b.s.worth[MOSCOW]),
    "Kyiv's worth": expected(lambda b: b.s.worth[KYIV]),
    "fear": expected(lambda b: b.s.fear),
    "lean": expected(lambda b: bargain.opening_lean(b.p, b.s, b.w, 0)),
    "Europe's worth": lambda b: europe.worth_of_fighting(b.p.europe, b.s),
    "walking away": lambda b: washington.walk_away_rate(b.p.washington, b.s),
    "coming back": lambda b: washington.come_back_rate(b.p.washington, b.s),
    "pressing Kyiv": lambda b: washington.press_kyiv_rate(b.p.washington, b.s),
    "pressing Moscow": lambda b: washington.press_moscow_rate(b.p.washington, b.s),
    "US arms": lambda b: washington.us_flow(b.p.washington, b.s),
    "new money": lambda b: washington.renewal_rate(b.p.washington, b.s),
    "European arms": lambda b: europe.europe_flow(b.p.europe, b.s, 1.0, 1.0),
    "sabotage": lambda b: hawks.sabotage_rate(b.p.hawks, b.s),
    "troops": lambda b: europe.troops_rate(b.p.europe, b.s),
    "ban": lambda b: kyiv.ban_rate(b.p.kyiv, b.s),
    "coup": lambda b: kyiv.coup_rate(b.p.kyiv, b.s),
    "up": lambda b: ladder.up_rate(b.p, b.s, b.w),
    "down": lambda b: ladder.down_rate(b.p, b.s, b.w),
    "Washington's consent": consent(WASHINGTON),
    "Kyiv's consent": consent(KYIV),
    "Moscow's consent": consent(MOSCOW),
    "Europe's consent": consent(EUROPE),
    "truce, Moscow": expected(lambda b: bargain.truce_consent_moscow(b.p, b.s, b.w)),
    "truce, Kyiv": expected(lambda b: bargain.truce_consent_kyiv(b.p, b.s, b.w)),
    "commitment": lambda b: bargain.commitment_moscow(b.p, b.s, b.w, 0, 0.0),
    "commitment to Kyiv": lambda b: -bargain.commitment_kyiv(b.p, 0),
    "breakdown": lambda b: talks.breakdown_rate(b.p, b.s, b.w),
}

CASES = [
    ("defeat", "s.adequacy", -1),
    ("defeat", "s.instability", 1),
    ("defeat", "s.advance", 1),
    ("defeat", "s.arms", -1),
    ("defeat", "s.leaderless", 1),
    ("defeat", "s.km2", 0),
    ("capitulation", "s.adequacy", -1),
    ("capitulation", "s.advance", 1),
    ("overthrow", "s.instability", 1),
    ("overthrow", "s.leaderless", 1),
    ("end of supply", "s.adequacy", -1),
    ("end of supply", "s.arms", -1),
    ("crash", "s.strain", 1),
    ("mutiny", "s.advance", -1),
    ("death", "s.strain", 1),
    ("death", "s.advance", -1),
    ("collapse", "s.adequacy", -1),
    ("collapse", "s.instability", 1),
    ("collapse", "s.thrust", 1),
    ("collapse", "s.km2", 0),
    ("failure", "s.strain", 1),
    ("failure", "s.advance", -1),
    ("breakthrough", "s.adequacy", -1),
    ("breakthrough", "s.instability", 1),
    ("breakthrough", "s.advance", 1),
    ("breakthrough", "s.leaderless", 1),
    ("breakthrough", "s.arms", -1),
    ("draft failure", "s.instability", 1),
    ("adequacy target", "s.arms", 1),
    ("adequacy target", "s.leaderless", -1),
    ("adequacy target", "s.advance", -1),
    ("adequacy target", "s.instability", -1),
    ("advance", "s.adequacy", -1),
    ("advance", "s.drift", 1),
    ("advance", "s.thrust", 1),
    ("shock at home", "s.strain", 1),
    ("Moscow's worth", "s.strain", -1),
    *(
        (f"{side}'s chance", f"s.{level}", 1)
        for side in ("Moscow", "Kyiv")
        for level in ("pace", "instability", "thrust")
    ),
    *((f"{side}'s chance", f"s.{level}", -1) for side in ("Moscow", "Kyiv") for level in ("adequacy", "arms")),
    *((f"{side}'s chance", "s.km2", 0) for side in ("Moscow", "Kyiv")),
    ("Moscow's worth", "s.pace", 1),
    ("Moscow's worth", "s.advance", 1),
    ("Moscow's worth", "s.instability", 1),
    ("Moscow's worth", "s.adequacy", -1),
    ("Moscow's worth", "s.arms", -1),
    ("Moscow's worth", "s.thrust", 1),
    ("Moscow's worth", "s.demands", 1),
    ("Moscow's worth", "p.moscow.sees_break", 1),
    ("Moscow's worth", "p.moscow.sees_failure", -1),
    ("Kyiv's worth", "p.kyiv.sees_break", -1),
    ("Kyiv's worth", "p.kyiv.sees_failure", 1),
    ("fear", "p.moscow.rebuild", 1),
    ("lean", "p.moscow.worth", 1),
    ("lean", "p.kyiv.worth", -1),
    ("lean", "p.talks.optimism", -1),
    ("lean", "s.strain", -1),
    ("Kyiv's worth", "s.adequacy", 1),
    ("Kyiv's worth", "s.obstruction", 1),
    ("Kyiv's worth", "s.instability", -1),
    ("Kyiv's worth", "s.pace", -1),
    ("Kyiv's worth", "s.advance", -1),
    ("Kyiv's worth", "s.arms", 1),
    ("Kyiv's worth", "s.thrust", -1),
    ("Kyiv's worth", "s.strain", 1),
    ("Kyiv's worth", "s.km2", -2),
    ("Europe's worth", "s.obstruction", 1),
    ("walking away", "s.attention", -1),
    ("walking away", "s.capital", -1),
    ("walking away", "s.stall", 1),
    ("coming back", "s.attention", 1),
    ("pressing Kyiv", f"s.consent.{KYIV}", -1),
    ("pressing Kyiv", f"s.consent.{MOSCOW}", 1),
    ("pressing Moscow", f"s.consent.{KYIV}", 1),
    ("pressing Moscow", f"s.consent.{MOSCOW}", -1),
    ("pressing Moscow", "s.hawks", 1),
    ("new money", "s.capital", 1),
    ("new money", "s.hawks", 1),
    ("European arms", "s.obstruction", 1),
    ("sabotage", "s.hawks", 1),
    ("troops", "s.obstruction", 1),
    ("ban", f"s.consent.{KYIV}", 1),
    ("coup", "s.instability", 1),
    *(("up", f"s.consent.{party}", 1) for party in (WASHINGTON, EUROPE, KYIV, MOSCOW)),
    *(("down", f"s.consent.{party}", -1) for party in (WASHINGTON, EUROPE, KYIV, MOSCOW)),
    ("up", "s.attention", 1),
    ("down", "s.obstruction", 0),
    ("down", "s.hawks", 0),
    ("Washington's consent", "s.capital", 1),
    ("Washington's consent", "s.hawks", -1),
    ("Washington's consent", "p.settlements.load.0", -1),
    ("Kyiv's consent", "p.kyiv.worth", -1),
    ("Kyiv's consent", "s.instability", 1),
    ("Kyiv's consent", "p.kyiv.truce_distrust", -1),
    ("Moscow's consent", "p.moscow.worth", -1),
    ("Moscow's consent", "s.strain", 1),
    ("Moscow's consent", "s.pace", -1),
    ("Kyiv's consent", "s.pace", 1),
    ("Moscow's consent", "s.hawks", -2),
    ("Europe's consent", "s.obstruction", -1),
    ("truce, Moscow", "p.moscow.stop_first", -1),
    ("truce, Moscow", "s.strain", 1),
    ("truce, Kyiv", "s.instability", 1),
    ("commitment", "p.moscow.distrust", 1),
    ("commitment", "p.settlements.lock_in.0", -1),
    ("commitment to Kyiv", "p.settlements.monitoring.0", 1),
]
"""Rate, what it depends on, and how: 1 rises, -1 falls, 0 level up to 0 and rising above, -2 the same, falling."""


def put(b: Bench, place: str, value: float) -> None:
    record, *path = place.split(".")
    holder = {"p": b.p, "s": b.s}[record]
    for name in path[:-1]:
        holder = holder[name]
    holder[int(path[-1]) if path[-1].isdigit() else path[-1]] = value


@pytest.mark.parametrize(("rate", "place", "sign"), CASES)
def test_rate_moves_the_right_way(rate: str, place: str, sign: int) -> None:
    b = typical()
    shares = ("consent", "thrust", "leaderless", "sees", "rebuild")
    grid = SHARES if (any(name in place for name in shares) or place.endswith(".0")) else LEVELS
    if "stall" in place:
        grid = np.linspace(0.0, 26.0, 13)
    found = []
    for x in grid:
        put(b, place, x)
        found.append(RATES[rate](b))
    moves = np.diff(found)
    if sign in (1, -1):
        assert np.all(sign * moves > 0)
    else:
        up = 1 if sign == 0 else -1
        assert np.all(moves[:6] == 0)
        assert np.all(up * moves[6:] > 0)


def test_a_wrong_sign_would_be_noticed() -> None:
    b = typical()
    b.p.endings.defeat_adequacy = -0.3
    first = endings.defeat_rate(b.p, b.s)
    b.s.adequacy = 1.0
    assert endings.defeat_rate(b.p, b.s) > first


def test_more_obstruction_and_stall_have_no_further_effect_beyond_their_caps() -> None:
    b = typical()
    b.s.stall = 26.0
    capped = washington.walk_away_rate(b.p.washington, b.s)
    b.s.stall = 260.0
    assert washington.walk_away_rate(b.p.washington, b.s) == capped


def test_flags_move_rates_the_right_way() -> None:
    def compare(rate: str, field: str, low: float, high: float, sign: int) -> None:
        b = typical()
        b.s[field] = low
        first = RATES[rate](b)
        b.s[field] = high
        assert sign * (RATES[rate](b) - first) > 0, (rate, field)

    compare("failure", "home_shock", 0, 1, 1)
    compare("mutiny", "home_shock", 0, 1, 1)
    compare("capitulation", "posture", 0, WALKED_AWAY, 1)
    compare("adequacy target", "draft_failed", 0, 1, -1)
    compare("adequacy target", "mobilised", 0, 1, 1)
    compare("Moscow's chance", "collapsing", 0, 1, 1)
    compare("Kyiv's worth", "collapsing", 0, 1, -1)
    compare("up", "posture", 0, WALKED_AWAY, -1)
    compare("up", "banned", 0, 1, -1)
    compare("US arms", "paused", 0, 1, -1)
    compare("US arms", "stock", 1.0, 2.0, 1)
    compare("US arms", "posture", 0, PRESSING_MOSCOW, 1)
    compare("new money", "posture", 0, PRESSING_MOSCOW, 1)
    compare("new money", "posture", 0, PRESSING_KYIV, -1)
    compare("coup", "rung", TERMS, TEXT, 1)
    compare("ban", "rung", CONTACT, TERMS, -1)
    compare("Moscow's worth", "posture", 0, PRESSING_MOSCOW, -1)
    compare("Kyiv's worth", "posture", 0, PRESSING_KYIV, -1)


@pytest.mark.parametrize(("form", "most"), [(forms.ratio, 5.0), (forms.wide_ratio, 12.0)])
def test_ratios_are_bounded_odd_and_have_slope_one(form: Callable[[float], float], most: float) -> None:
    x = np.concatenate([-np.geomspace(1e6, 1e-3, 200), np.geomspace(1e-3, 1e6, 200)])
    y = np.array([form(a) for a in x])
    assert np.all((y >= 1 / most * (1 - 1e-12)) & (y <= most * (1 + 1e-12)))
    assert np.all(np.diff(y)[np.abs(x[1:]) < 1e4] > 0)
    assert y[::-1] * y == pytest.approx(np.ones(400), rel=1e-12)
    assert (form(1e-6) - form(-1e-6)) / 2e-6 == pytest.approx(1.0, abs=1e-6)


BOUNDED = {
    "defeat": ("endings.defeat", 12.0),
    "collapse": (None, 12.0),
    "failure": ("endings.failure", 5.0),
    "breakthrough": ("front.breakthrough", 5.0),
    "draft failure": ("front.draft_failure", 5.0),
    "new money": ("washington.renewal", 5.0),
    "shock at home": ("moscow.home_shock", 5.0),
    "walking away": ("washington.walk_away", 5.0),
    "coming back": ("washington.come_back", 5.0),
    "pressing Kyiv": ("washington.press_kyiv", 5.0),
    "pressing Moscow": ("washington.press_moscow", 5.0),
    "sabotage": ("hawks.sabotage", 5.0),
    "troops": ("europe.troops_into_text", 5.0),
    "coup": ("kyiv.coup", 5.0),
}


@pytest.mark.parametrize("rate", BOUNDED)
def test_rates_of_the_real_scenario_keep_within_their_bounds(rate: str) -> None:
    place, most = BOUNDED[rate]
    given = ukraine_inputs(20)
    rng = np.random.default_rng(1)
    b = bench()
    found = []
    for draw in range(20):
        b.p = given.rows[draw]
        for _ in range(20):
            for level in (
                "adequacy",
                "instability",
                "advance",
                "strain",
                "attention",
                "capital",
                "hawks",
                "obstruction",
            ):
                b.s[level] = rng.choice([-50.0, -2.0, 2.0, 50.0])
            b.s.thrust = b.s.thrust_full = b.p.front.breakthrough_thrust
            if place is None:
                kept = 2 ** (-1 / b.p.front.thrust_half_life)
                reference = -np.log1p(-b.p.endings.collapse) * (1 - kept)
            else:
                part, name = place.split(".")
                reference = b.p[part][name]
            found.append(RATES[rate](b) / reference)
    assert max(found) <= most * (1 + 1e-9)
    assert min(found) >= 1 / most * (1 - 1e-9)
    if rate not in ("pressing Kyiv",):
        # The bounds are approached, not just never passed.
        assert max(found) > 0.5 * most


def test_contact_needs_no_consent() -> None:
    b = typical()
    b.s.rung = NONE
    first = ladder.up_rate(b.p, b.s, b.w)
    b.s.consent[:] = 0.01
    assert ladder.up_rate(b.p, b.s, b.w) == first > 0
