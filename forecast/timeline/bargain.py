"""The bargain: the value of a settlement to each party, consent, the choice of a settlement, the course of its terms.

For signatory p with positions y, saliences s (summing to 1) and terms x on the issues scored 0 to 1:

    V_p = sum_i s_pi (1 - |x_i - y_pi|) - commitment_p(settlement)           value of the settlement
    c_p = logistic((V_p - R_p + eta_p) / tau),  eta_p ~ Normal(0, sigma_p)   once per draw

R is the worth of fighting on (`prospects.py`). eta is a departure drawn once with each draw of the parameters: what we
do not know of governments. Washington consents to a settlement that it can deliver (`washington.consent`). The hawks
do not sign.

Ground gained moves the line in fact: a term x on territory counts as x + line (km2 / 1000) (1 - |2 x - 1|).

Opening terms answer power. They lean, on every issue alike and within what the settlement gives, by

    lean ((R_Moscow - optimism - V_Moscow) - (R_Kyiv - V_Kyiv)) / 2      V of the settlement's typical terms

A lean of 1 would leave both sides equally far from consent, as those who draft the terms see them. Terms lean when a
settlement is chosen, and again, by the change since, whenever talks reach written terms.
"""

from forecast.timeline import europe, prospects, washington
from forecast.timeline.codes import (
    CONTACT,
    EUROPE,
    GENERAL,
    HAWKS,
    KYIV,
    MOSCOW,
    PRESSING_KYIV,
    PRESSING_MOSCOW,
    TERMS,
    TEXT,
    WALKED_AWAY,
    WASHINGTON,
)
from forecast.timeline.exponential import exp
from forecast.timeline.forms import logistic
from forecast.timeline.jit import kernel, routine
from forecast.timeline.parameters import Parameters
from forecast.timeline.random_numbers import Context, decision, normal, uniform
from forecast.timeline.result import Result
from forecast.timeline.state import State
from forecast.timeline.trace import event, note
from forecast.timeline.world import World

SETTLEMENT = decision("talks.template")
OPENING_TERMS = decision("talks.opening_terms")
CLAUSES = decision("talks.clauses")

PROPOSED = event("talks.proposed", "a settlement is put on the table", code="settlement", value="term index")
OMITTED = event("talks.omitted", "the draft leaves out a clause", code="clause of the settlement on the table")


@kernel
def signs(w: World, settlement: int, party: int) -> bool:
    """Whether a party's consent is needed: Kyiv's and Moscow's always, the others' if the settlement says so."""
    if party in (KYIV, MOSCOW):
        return True
    if party == WASHINGTON:
        return bool(w.facts.needs_washington[settlement] > 0.0)
    return bool(party == EUROPE and w.facts.needs_europe[settlement] > 0.0)


@kernel
def value(p: Parameters, s: State, w: World, party: int) -> float:
    """Value of the terms on the table to a party, before its fears are deducted: sum_i s_pi (1 - |x_i - y_pi|)."""
    total = 0.0
    for i in range(w.facts.issues):
        x = prospects.moved_line(p, s, s.terms[i]) if i == w.facts.territory else s.terms[i]
        total += p.parties.salience[party, i] * (1.0 - abs(x - p.parties.position[party, i]))
    return total


@kernel
def values(p: Parameters, s: State, w: World) -> tuple[float, float, float]:
    """Values of the terms on the table to Moscow, Kyiv and Europe, as `value` gives them, in one pass."""
    moscow, kyiv, europeans = 0.0, 0.0, 0.0
    salience, position = p.parties.salience, p.parties.position
    line = prospects.moved_line(p, s, s.terms[w.facts.territory]) if w.facts.territory >= 0 else 0.0
    for i in range(w.facts.issues):
        x = line if i == w.facts.territory else s.terms[i]
        moscow += salience[MOSCOW, i] * (1.0 - abs(x - position[MOSCOW, i]))
        kyiv += salience[KYIV, i] * (1.0 - abs(x - position[KYIV, i]))
        europeans += salience[EUROPE, i] * (1.0 - abs(x - position[EUROPE, i]))
    return moscow, kyiv, europeans


@kernel
def opening_term(p: Parameters, settlement: int, issue: int, lean: float) -> float:
    """A settlement's typical term if it leans by `lean`."""
    return min(max(p.settlements.terms[settlement, issue] + lean, 0.0), 1.0)


@routine
def opening_values(p: Parameters, s: State, w: World, settlement: int, lean: float) -> tuple[float, float, float]:
    """Values of a settlement's typical terms to Moscow, Kyiv and Europe if they lean by `lean`, fears not deducted.

    The term on territory counts as ground gained has moved it.
    """
    moscow, kyiv, europeans = 0.0, 0.0, 0.0
    salience, position = p.parties.salience, p.parties.position
    territory = w.facts.territory
    line = prospects.moved_line(p, s, opening_term(p, settlement, territory, lean)) if territory >= 0 else 0.0
    for i in range(w.facts.issues):
        x = line if i == territory else opening_term(p, settlement, i, lean)
        moscow += salience[MOSCOW, i] * (1.0 - abs(x - position[MOSCOW, i]))
        kyiv += salience[KYIV, i] * (1.0 - abs(x - position[KYIV, i]))
        europeans += salience[EUROPE, i] * (1.0 - abs(x - position[EUROPE, i]))
    return moscow, kyiv, europeans


@kernel
def opening_gaps(
    p: Parameters, s: State, settlement: int, fear: float, worths: tuple[float, float, float]
) -> tuple[float, float]:
    """Gaps of Moscow and Kyiv to consent to terms of these values, as drafters see them; see `appeal`.

    Args:
        p: parameters.
        s: state.
        settlement: the settlement.
        fear: its cost to Moscow, from `commitment_moscow`.
        worths: values of its terms, from `opening_values`.
    """
    moscow_gap = s.worth[MOSCOW] - p.talks.optimism - worths[0] + fear
    return moscow_gap, s.worth[KYIV] - worths[1] + commitment_kyiv(p, settlement)


@kernel
def lean_given(p: Parameters, s: State, w: World, settlement: int, fear: float) -> float:
    """The lean of a settlement's opening terms, given its cost to Moscow, `fear`."""
    moscow_gap, kyiv_gap = opening_gaps(p, s, settlement, fear, opening_values(p, s, w, settlement, 0.0))
    give = p.settlements.give[settlement]
    return min(max(0.5 * p.talks.lean * (moscow_gap - kyiv_gap), -give), give)


@routine
def opening_lean(p: Parameters, s: State, w: World, settlement: int) -> float:
    """How far a settlement's opening terms lean to Moscow's side as power stands, from -give to give."""
    return lean_given(p, s, w, settlement, commitment_moscow(p, s, w, settlement, w.facts.troops[settlement]))


@routine
def commitment_moscow(p: Parameters, s: State, w: World, settlement: int, troops: float) -> float:
    """Cost of a settlement to Moscow: it may be overturned, Kyiv may rearm, and some terms are hard to accept.

    Lock-in clauses (the Senate, Europe) lower the fear that the settlement is overturned. The fear of a rearmed Kyiv
    (`prospects.py`) counts in full if losses under it look temporary, half if the fighting stops before the rest is
    agreed; the hawks add to it. The cost of stopping first falls away once a general truce holds.
    """
    temporary, stops_first = w.facts.temporary[settlement], w.facts.stops_first[settlement]
    fear = p.moscow.distrust * (1.0 - p.settlements.lock_in[settlement])
    fear += max(temporary, 0.5 * stops_first) * s.fear
    fear += p.hawks.moscow_fear * max(0.0, s.hawks) * (0.5 + 0.5 * temporary)
    if stops_first > 0.0 and s.truce != GENERAL:
        fear += p.moscow.stop_first
        if s.pocket > 0.0:
            fear += p.moscow.pocket_cost
    if s.legitimate == 0:
        fear += p.moscow.illegitimate * (1.0 + w.facts.election_first[settlement])
    return fear + p.moscow.troops_cost * troops


@kernel
def commitment_kyiv(p: Parameters, settlement: int) -> float:
    """Cost of a settlement to Kyiv: it may not be enforced."""
    return p.kyiv.truce_distrust * (1.0 - p.settlements.monitoring[settlement])


@kernel
def gaps(p: Parameters, s: State, w: World) -> tuple[float, float, float]:
    """Gaps of Moscow, Kyiv and Europe to consent to the terms on the table: R - V - eta."""
    moscow, kyiv, europeans = values(p, s, w)
    fear = commitment_moscow(p, s, w, s.settlement, float(s.troops_text))
    return (
        s.worth[MOSCOW] - (moscow - fear) - s.private[MOSCOW],
        s.worth[KYIV] - (kyiv - commitment_kyiv(p, s.settlement)) - s.private[KYIV],
        europe.worth_of_fighting(p.europe, s) - europeans - s.private[EUROPE],
    )


@kernel
def load_of(p: Parameters, settlement: int, troops: float) -> float:
    """Load of a settlement: the capital that Washington needs to deliver it, in sd; Europe's troops add to it."""
    return p.settlements.load[settlement] + p.washington.deliver_troops * troops


@routine
def update_consents(p: Parameters, s: State, r: Result, w: World) -> None:
    """Update each party's consent to the terms on the table, and its least gap to consent in the result."""
    load = load_of(p, s.settlement, float(s.troops_text))
    moscow, kyiv, europeans = gaps(p, s, w)
    s.consent[MOSCOW] = logistic(-moscow / p.talks.tau)
    s.consent[KYIV] = logistic(-kyiv / p.talks.tau)
    s.consent[EUROPE] = logistic(-europeans / p.talks.tau)
    s.consent[WASHINGTON] = washington.consent(p.washington, s, load)
    s.hawks_loss = 0.0
    if s.rung >= TERMS:
        note_gap(p, s, r, w, MOSCOW, moscow)
        note_gap(p, s, r, w, KYIV, kyiv)
        note_gap(p, s, r, w, EUROPE, europeans)
        gap = washington.deliverability_gap(p.washington, s, load)
        r.gap[WASHINGTON] = min(r.gap[WASHINGTON], gap)
        loss = 1.0 - value(p, s, w, HAWKS)
        note_gap(p, s, r, w, HAWKS, loss)
        if s.rung >= TEXT:
            s.hawks_loss = loss


@routine
def note_gap(p: Parameters, s: State, r: Result, w: World, party: int, gap: float) -> None:
    """Record the least gap to consent while terms are on the table, and the issue that cost most at that moment."""
    if gap >= r.gap[party]:
        return
    r.gap[party] = gap
    most = -1.0
    for i in range(w.facts.issues):
        cost = p.parties.salience[party, i] * abs(s.terms[i] - p.parties.position[party, i])
        if cost > most:
            most = cost
            r.gap_issue[party] = i


@kernel
def term_index(p: Parameters, s: State, w: World) -> float:
    """Term index, from 0 to 1 at Moscow's ideal: sum w_i x_i, with w the mean of Moscow's and Kyiv's saliences."""
    total = 0.0
    for i in range(w.facts.issues):
        weight = 0.5 * (p.parties.salience[MOSCOW, i] + p.parties.salience[KYIV, i])
        total += weight * s.terms[i]
    return total


@routine
def appeal(p: Parameters, s: State, w: World, settlement: int) -> float:
    """Weight of a settlement when one is chosen: weight x dampening x exp(mean estimated consent / T).

    The other parties underestimate Moscow's worth of fighting on, as R_Moscow - optimism: they take wishes for facts.
    """
    fear = commitment_moscow(p, s, w, settlement, w.facts.troops[settlement])
    lean = lean_given(p, s, w, settlement, fear)
    worths = opening_values(p, s, w, settlement, lean)
    moscow_gap, kyiv_gap = opening_gaps(p, s, settlement, fear, worths)
    total = logistic(-moscow_gap / p.talks.tau) + logistic(-kyiv_gap / p.talks.tau)
    count = 2.0
    if w.facts.needs_europe[settlement] > 0.0:
        gap = europe.worth_of_fighting(p.europe, s) - worths[2]
        total += logistic(-gap / p.talks.tau)
        count += 1.0
    if w.facts.needs_washington[settlement] > 0.0:
        total += washington.consent(p.washington, s, load_of(p, settlement, w.facts.troops[settlement]))
        count += 1.0
    favour = p.hawks.temporary * min(max(s.hawks, -3.0), 3.0) * w.facts.temporary[settlement]
    return (
        p.settlements.weight[settlement]
        * s.dampening[settlement]
        * exp(total / count / p.talks.template_temperature + favour)
    )


@routine
def draw_settlement(p: Parameters, s: State, w: World, context: Context) -> None:
    """Choose the settlement to negotiate on entering contact, and draw its terms and clauses, as power stands now."""
    prospects.update(p, s, w)
    lane = s.moves
    total, chosen = 0.0, -1
    for t in range(w.facts.settlements):
        if w.facts.dictated[t] == 0.0:
            # One pass: settlement t replaces the choice so far with probability appeal / total so far.
            weight = appeal(p, s, w, t)
            total += weight
            if uniform(context, SETTLEMENT, s.week, 16 * lane + t) * total < weight:
                chosen = t
    s.settlement = chosen
    s.drawn += 1
    s.troops_text = int(w.facts.troops[chosen])
    s.lean = opening_lean(p, s, w, chosen)
    common = normal(context, OPENING_TERMS, s.week, 32 * lane)
    for i in range(w.facts.issues):
        own = normal(context, OPENING_TERMS, s.week, 32 * lane + 1 + i)
        x = p.settlements.terms[chosen, i] + s.lean + p.settlements.spread[chosen] * (0.6 * common + 0.8 * own)
        s.terms[i] = min(max(x, 0.0), 1.0)
    for k in range(int(w.facts.clauses[chosen])):
        s.included[k] = 1.0
        if uniform(context, CLAUSES, s.week, 8 * lane + k) >= p.settlements.clause_included[chosen, k]:
            s.included[k] = 0.0
            issue = int(w.facts.clause_issue[chosen, k])
            if issue >= 0:
                s.terms[issue] = p.settlements.clause_without[chosen, k]
    s.index = term_index(p, s, w)
    note(context.log, PROPOSED, s.week, chosen, s.index)
    for k in range(int(w.facts.clauses[chosen])):
        if s.included[k] == 0.0:
            note(context.log, OMITTED, s.week, k, 0.0)


@routine
def left_out(s: State, w: World, issue: int) -> bool:
    """Whether the draft leaves out a clause on an issue."""
    for k in range(int(w.facts.clauses[s.settlement])):
        if s.included[k] == 0.0 and int(w.facts.clause_issue[s.settlement, k]) == issue:
            return True
    return False


@routine
def write_down(p: Parameters, s: State, w: World) -> None:
    """Write the terms down on entering the rung of terms: they lean as power stands now, not as when talks began."""
    lean = opening_lean(p, s, w, s.settlement)
    for i in range(w.facts.issues):
        if not left_out(s, w, i):
            s.terms[i] = min(max(s.terms[i] + lean - s.lean, 0.0), 1.0)
    s.lean = lean
    s.index = term_index(p, s, w)


@kernel
def least_ready(s: State, w: World) -> int:
    """The signatory that is least ready to consent to the terms on the table."""
    found, least = -1, 2.0
    for party in range(5):
        if signs(w, s.settlement, party) and s.consent[party] < least:
            least = s.consent[party]
            found = party
    return found


@routine
def move_terms(p: Parameters, s: State, w: World, dt: float) -> None:
    """Move the terms towards the parties that refuse, most on the issues of highest salience to them.

    x_i += (1 - exp(-lambda dt)) sum_p (1 - c_p) a_pi (y_pi - x_i), a_pi = s_pi / sum_q s_qi over signatories,
    within the settlement's give. When Washington mediates, every party pulls; when it presses one party, only the
    others do; when it has walked away, nobody does.
    """
    if s.rung < TERMS or s.rung > TEXT or s.posture == WALKED_AWAY:
        return
    speed = 1.0 - exp(-p.talks.terms_move * dt)
    give = p.settlements.give[s.settlement]
    us = 1.0 if signs(w, s.settlement, WASHINGTON) else 0.0
    europeans = 1.0 if signs(w, s.settlement, EUROPE) else 0.0
    us_pull = us * (1.0 - s.consent[WASHINGTON])
    europe_pull = europeans * (1.0 - s.consent[EUROPE])
    kyiv_pull = 0.0 if s.posture == PRESSING_KYIV else 1.0 - s.consent[KYIV]
    moscow_pull = 0.0 if s.posture == PRESSING_MOSCOW else 1.0 - s.consent[MOSCOW]
    position, salience = p.parties.position, p.parties.salience
    for i in range(w.facts.issues):
        x = s.terms[i]
        s_kyiv, s_moscow = salience[KYIV, i], salience[MOSCOW, i]
        weight = us * salience[WASHINGTON, i] + europeans * salience[EUROPE, i] + s_kyiv + s_moscow
        pull = (
            us_pull * salience[WASHINGTON, i] * (position[WASHINGTON, i] - x)
            + europe_pull * salience[EUROPE, i] * (position[EUROPE, i] - x)
            + kyiv_pull * s_kyiv * (position[KYIV, i] - x)
            + moscow_pull * s_moscow * (position[MOSCOW, i] - x)
        )
        # Terms that were drawn outside the give may only move towards it.
        typical = p.settlements.terms[s.settlement, i]
        low, high = min(max(0.0, typical - give), x), max(min(1.0, typical + give), x)
        x = min(max(x + speed * pull / max(weight, 1e-12), low), high)
        s.terms[i] = x


@routine
def dictated_values(p: Parameters, s: State, w: World) -> tuple[float, float, float]:
    """Values of the terms that Moscow would dictate to Moscow, Kyiv and Europe.

    The terms are those of a settlement so marked, else Moscow's ideal.
    """
    if w.facts.dictated_form >= 0:
        return opening_values(p, s, w, w.facts.dictated_form, 0.0)
    worths = (0.0, 0.0, 0.0)
    position, salience = p.parties.position, p.parties.salience
    for i in range(w.facts.issues):
        ideal = position[MOSCOW, i]
        worths = (
            worths[0] + salience[MOSCOW, i] * (1.0 - abs(ideal - position[MOSCOW, i])),
            worths[1] + salience[KYIV, i] * (1.0 - abs(ideal - position[KYIV, i])),
            worths[2] + salience[EUROPE, i] * (1.0 - abs(ideal - position[EUROPE, i])),
        )
    return worths


@routine
def begin(p: Parameters, s: State, w: World) -> None:
    """Set what a timeline keeps: private worths of a settlement, and the values of a bare ceasefire and of defeat."""
    s.private[MOSCOW] = p.talks.moscow_spread * p.moscow.private
    s.private[KYIV] = p.talks.kyiv_spread * p.kyiv.private
    s.private[EUROPE] = p.talks.europe_spread * p.talks.europe_private
    dictated = dictated_values(p, s, w)
    truce = opening_values(p, s, w, w.facts.ceasefire, 0.0) if w.facts.ceasefire >= 0 else dictated
    s.dictated_value[MOSCOW], s.dictated_value[KYIV] = dictated[0], dictated[1]
    s.truce_value[MOSCOW], s.truce_value[KYIV] = truce[0], truce[1]
    prospects.update(p, s, w)


@kernel
def truce_consent_moscow(p: Parameters, s: State, w: World) -> float:
    """Moscow's consent to a bare ceasefire; stopping first, Moscow's ground left to Kyiv and fears lower it."""
    cost = p.moscow.stop_first + (p.moscow.pocket_cost if s.pocket > 0.0 else 0.0) + p.moscow.distrust + s.fear
    held = s.truce_value[MOSCOW] + prospects.line_value(p, s, w, MOSCOW)
    return logistic(-(s.worth[MOSCOW] - held + cost - s.private[MOSCOW]) / p.talks.tau)


@kernel
def truce_consent_kyiv(p: Parameters, s: State, w: World) -> float:
    """Kyiv's consent to a bare ceasefire, which nobody monitors or enforces."""
    held = s.truce_value[KYIV] + prospects.line_value(p, s, w, KYIV)
    return logistic(-(s.worth[KYIV] + p.kyiv.truce_distrust - held - s.private[KYIV]) / p.talks.tau)


@routine
def restart(s: State) -> None:
    """Leave the table: without a settlement and without terms."""
    s.settlement = -1
    s.index = 0.5
    s.hawks_loss = 0.0
    s.troops_text = 0
    for party in range(5):
        s.consent[party] = 0.5


@kernel
def fail_settlement(s: State) -> None:
    """Halve the weight of a settlement that has failed."""
    if s.settlement >= 0:
        s.dampening[s.settlement] *= 0.5


@kernel
def on_table(s: State) -> bool:
    """Whether a settlement is on the table."""
    return s.rung >= CONTACT and s.settlement >= 0
