"""Random numbers by name: each is a function of (seed, decision, calendar week, draw, replicate).

No generator is passed around and none is global. So existing random numbers do not depend on the number of threads, on
the order of chunks, or on a decision added elsewhere. A decision is named once, where it is taken::

    ADVANCE = decision("front.advance")

and its random number is ``uniform(context, ADVANCE, week, lane)``; `lane` numbers repeated uses in one week.
The hash is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) of the sum of two 64-bit keys, which are
hashes too: of (seed, decision, week) and of (draw, replicate).
"""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.timeline.conditioning import HAPPENED, Observed, as_observed, is_observed, weight_chance
from forecast.timeline.fields import CAPACITY, Table, layout
from forecast.timeline.jit import kernel, routine
from forecast.timeline.trace import Trace

Keys = NDArray[np.uint64]

Seeds = int | str | Mapping[str, int | str]
"""A seed for all decisions, or one for each by its name."""

_NAMES: list[str] = []

_SHIFT_30, _SHIFT_27, _SHIFT_31, _SHIFT_12 = (np.uint64(n) for n in (30, 27, 31, 12))
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 1.0 / 4503599627370496.0


def decision(name: str) -> int:
    """Name a decision that needs random numbers and return its row in the table of keys.

    Raises:
        ValueError: the name is taken, or the table of keys is full.
    """
    if name in _NAMES:
        raise ValueError(f"decision {name!r} is declared twice")
    if len(_NAMES) == CAPACITY["decision"]:
        raise ValueError(f"decision {name!r}: the table of keys is full, with {CAPACITY['decision']} decisions")
    _NAMES.append(name)
    row: int = np.int64(len(_NAMES) - 1)  # type: ignore[assignment]  # for each int numba would compile a copy
    return row


def decisions() -> tuple[str, ...]:
    """The names declared so far."""
    return tuple(_NAMES)


class Context:
    """The random numbers of one timeline, its observations and its log, in a record (see `context_record`).

    Attributes:
        cell: hash of the draw and the replicate.
        keys: (decision, week) hashes of the seed, the decision's name and the calendar week.
        observed: observations that take the place of random numbers in weeks that have passed.
        log: the trace, written if it is wanted.
        noise: (decision,) standard normal numbers of one week, from `noise.draw_noise`.
        noise_week: that week, -1 none.
        drawn: room for their uniform numbers.
        scores: room for their quantiles.
    """

    cell: np.uint64
    keys: Keys
    observed: Observed
    log: Trace
    noise: Table
    noise_week: int
    drawn: Table
    scores: Table


def context_record(seed: Seeds, weeks: int) -> Any:
    """Make a context with keys for every declared decision and week 0 .. weeks - 1; each timeline sets `cell`.

    No week has observations. The shape is (1,), so that compiled code receives the memory and not a copy.
    """
    shape = (len(_NAMES), CAPACITY["week"])
    members = [
        ("cell", np.uint64),
        ("keys", np.uint64, shape),
        ("observed", layout(Observed)),
        ("log", layout(Trace)),
        ("noise", np.float64, (CAPACITY["decision"],)),
        ("noise_week", np.int64),
        ("drawn", np.float64, (CAPACITY["decision"],)),
        ("scores", np.float64, (CAPACITY["decision"],)),
    ]
    record = np.zeros(1, np.dtype(members)).view(np.recarray)
    record.noise_week = -1
    record.keys[0, :, :weeks] = week_keys(seed, weeks)
    return record


def week_keys(seed: Seeds, weeks: int) -> Keys:
    """Keys for every declared decision and week 0 .. weeks - 1, shape (decisions, weeks)."""
    keys = np.empty((len(_NAMES), weeks), dtype=np.uint64)
    for row, name in enumerate(_NAMES):
        # One digest a decision, then a hashed counter over weeks.
        own = seed[name] if isinstance(seed, Mapping) else seed
        digest = hashlib.sha256(f"{own}\0{name}".encode()).digest()
        base = np.uint64(int.from_bytes(digest[:8], "little"))
        step = np.uint64(int.from_bytes(digest[8:16], "little") | 1)
        with np.errstate(over="ignore"):
            keys[row] = _mix_array(base + step * np.arange(1, weeks + 1, dtype=np.uint64))
    return keys


def _mix_array(x: Keys) -> Keys:
    x = (x ^ (x >> _SHIFT_30)) * _MIX_A
    x = (x ^ (x >> _SHIFT_27)) * _MIX_B
    return x ^ (x >> _SHIFT_31)


@kernel
def mix(x: np.uint64) -> np.uint64:
    """Hash 64 bits to 64 bits (SplitMix64's finaliser)."""
    x = (x ^ (x >> _SHIFT_30)) * _MIX_A
    x = (x ^ (x >> _SHIFT_27)) * _MIX_B
    return x ^ (x >> _SHIFT_31)


@kernel
def cell_key(draw: int, replicate: int) -> np.uint64:
    """Hash of a draw and a replicate."""
    return mix(mix(np.uint64(draw) + _GOLDEN) ^ (np.uint64(replicate) * _MIX_B + _GOLDEN))


@kernel
def uniform(context: Context, what: int, week: int, lane: int) -> float:
    """A uniform number in (0, 1), of 52 bits: with 53, adding a half would round the last up to 1."""
    bits = mix(context.keys[what, week] + context.cell + np.uint64(lane) * _GOLDEN)
    return (float(bits >> _SHIFT_12) + 0.5) * _TO_UNIT


@kernel
def in_tail(u: float) -> bool:
    """Whether a quantile lies in the outer 5% of the normal distribution."""
    return u < 0.02425 or u > 0.97575


@kernel
def tail_quantile(u: float) -> float:
    """The inverse of the standard normal distribution function in the outer 5%."""
    q = math.sqrt(-2.0 * math.log(u if u < 0.5 else 1.0 - u))
    x = (
        ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e00) * q
          - 2.549732539343734e00) * q + 4.374664141464968e00) * q + 2.938163982698783e00
    ) / ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e00) * q
          + 3.754408661907416e00) * q + 1.0)  # fmt: skip
    return x if u < 0.5 else -x


@kernel
def central_quantile(u: float) -> float:
    """The inverse of the standard normal distribution function in the inner 95%."""
    q = u - 0.5
    r = q * q
    return (
        (((((-3.969683028665376e01 * r + 2.209460984245205e02) * r - 2.759285104469687e02) * r
           + 1.383577518672690e02) * r - 3.066479806614716e01) * r + 2.506628277459239e00) * q
    ) / (((((-5.447609879822406e01 * r + 1.615858368580409e02) * r - 1.556989798598866e02) * r
           + 6.680131188771972e01) * r - 1.328068155288572e01) * r + 1.0)  # fmt: skip


@kernel
def normal_quantile(u: float) -> float:
    """Inverse of the standard normal distribution function (P. J. Acklam's rational form, error below 1.2e-9)."""
    return tail_quantile(u) if in_tail(u) else central_quantile(u)


@routine
def normal(context: Context, what: int, week: int, lane: int) -> float:
    """A standard normal number."""
    return normal_quantile(uniform(context, what, week, lane))


def _student4_quantile(u: float) -> float:
    """Inverse of Student's t distribution function with 4 degrees of freedom (W. T. Shaw, 2006)."""
    root = math.sqrt(4.0 * u * (1.0 - u))
    if root >= 1.0:
        return 0.0
    x = 2.0 * math.sqrt(max(0.0, math.cos(math.acos(root) / 3.0) / root - 1.0))
    return x if u > 0.5 else -x


student4_quantile = kernel(_student4_quantile)

_CENTRE = 0.02
_STEPS = 4096
_CENTRE_TABLE = np.array([_student4_quantile(_CENTRE + (1.0 - 2.0 * _CENTRE) * k / _STEPS) for k in range(_STEPS + 1)])


@routine
def student4(context: Context, what: int, week: int, lane: int) -> float:
    """A Student t number with 4 degrees of freedom: tabulated (error below 3e-5), exact in the outer 4%."""
    u = uniform(context, what, week, lane)
    if u < _CENTRE or u > 1.0 - _CENTRE:
        return student4_quantile(u)
    at = (u - _CENTRE) / (1.0 - 2.0 * _CENTRE) * _STEPS
    left = min(int(at), _STEPS - 1)
    low: float = _CENTRE_TABLE[left]
    high: float = _CENTRE_TABLE[left + 1]
    return low + (high - low) * (at - left)


@routine
def gamma(shape: float, context: Context, what: int, week: int, lane: int) -> float:
    """A gamma number of scale 1 (G. Marsaglia and W. W. Tsang, ACM TOMS 26, 2000), from 20 lanes from `lane`."""
    boost = 1.0
    a = shape
    if a < 1.0:
        boost = math.exp(math.log(uniform(context, what, week, lane)) / a)
        a += 1.0
    d = a - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    for attempt in range(9):
        x = normal(context, what, week, lane + 1 + 2 * attempt)
        v = 1.0 + c * x
        v = v * v * v
        if v > 0.0:
            u = uniform(context, what, week, lane + 2 + 2 * attempt)
            if math.log(u) < 0.5 * x * x + d - d * v + d * math.log(v):
                return boost * d * v
    return boost * d


@routine
def exponential(context: Context, what: int, week: int, lane: int) -> float:
    """A standard exponential number."""
    return -math.log(uniform(context, what, week, lane))


@kernel
def happens(rate: float, context: Context, what: int, week: int, lane: int) -> bool:
    """Whether an event of cumulated intensity `rate` happens: with probability 1 - exp(-rate), or as recorded.

    Since 1 - exp(-r) <= r, most events are rejected before the exponential is computed.
    """
    if is_observed(context.observed, what, week):
        return as_observed(context.observed, what, week, rate)
    if rate <= 0.0:
        return False
    u = uniform(context, what, week, lane)
    if u >= rate:
        return False
    return u < 1.0 - math.exp(-rate)


@kernel
def may_happen(most: float, context: Context, what: int, week: int, lane: int) -> bool:
    """Whether an event of cumulated intensity `most` or less can happen; if not, its rate is not needed.

    Since 1 - exp(-r) <= r, it cannot if its random number is `most` or more.
    """
    return is_observed(context.observed, what, week) or uniform(context, what, week, lane) < most


@kernel
def chance(probability: float, context: Context, what: int, week: int, lane: int) -> bool:
    """Whether an event happens: with this probability, or as recorded."""
    if is_observed(context.observed, what, week):
        happened = context.observed.decision[what, week] == HAPPENED
        if happened:
            context.observed.met[what] = week + 1.0
        weight_chance(context.observed, what, probability if happened else 1.0 - probability)
        return bool(happened)
    return uniform(context, what, week, lane) < probability
