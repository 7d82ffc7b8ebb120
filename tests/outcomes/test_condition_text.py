"""The grammar of conditions: parsed, printed, refused, and held against a table."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.encoding.timeline_table import CATEGORY, DATE, FLAG, NUMBER
from forecast.errors import InputError
from forecast.outcomes.condition_rows import columns_of, holds, quantiles_used
from forecast.outcomes.condition_text import (
    All,
    Column,
    Comparison,
    Never,
    Not,
    Other,
    Parsed,
    Quantile,
    Some,
    columns_used,
    parse_condition,
)
from forecast.outcomes.condition_words import canonical, clause

DAYS = ["2025-02-01", "2025-06-30", None, "2025-07-01", None]
TABLE = pd.DataFrame(
    {
        "signed": pd.to_datetime(DAYS).astype("datetime64[s]"),
        "broken": pd.to_datetime([None, "2025-07-30", None, "2025-06-01", "2025-06-01"]).astype("datetime64[s]"),
        "attention": [-1.0, 0.0, 0.5, np.nan, 2.0],
        "capital": [0.0, 0.0, 1.0, 1.0, 1.0],
        "ending": pd.Categorical(["peace", "war", "war", "in-place", None], categories=["peace", "war", "in-place"]),
        "engaged": [True, False, True, False, None],
    }
)
COLUMNS = columns_of(TABLE)


def where(text):
    return holds(parse_condition(text, COLUMNS), TABLE).tolist()


def test_the_columns_have_their_kinds():
    kinds = {name: column.kind for name, column in COLUMNS.items()}
    assert kinds == {
        "signed": DATE, "broken": DATE, "attention": NUMBER, "capital": NUMBER, "ending": CATEGORY, "engaged": FLAG,
    }  # fmt: skip
    assert COLUMNS["ending"].values == ("peace", "war", "in-place")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("signed <= 2025-06-30", [1, 1, 0, 0, 0]),
        ("signed > 2025-06-30", [0, 0, 0, 1, 0]),
        ("not signed <= 2025-06-30", [0, 0, 1, 1, 1]),
        ("signed = never", [0, 0, 1, 0, 1]),
        ("signed != never", [1, 1, 0, 1, 0]),
        ("signed != 2025-02-01", [0, 1, 1, 1, 1]),
        ("signed < broken", [0, 1, 0, 0, 0]),
        ("attention < 0", [1, 0, 0, 0, 0]),
        ("attention <= 0.5", [1, 1, 1, 0, 0]),
        ("attention >= -1e0", [1, 1, 1, 0, 1]),
        ("attention = never", [0, 0, 0, 1, 0]),
        ("attention < capital", [1, 0, 1, 0, 0]),
        ("attention <= q50", [1, 1, 0, 0, 0]),
        ("attention > q50", [0, 0, 1, 0, 1]),
        ("signed <= q1", [1, 0, 0, 0, 0]),
        ("ending = war", [0, 1, 1, 0, 0]),
        ("ending != war", [1, 0, 0, 1, 1]),
        ('ending in (peace, "in-place")', [1, 0, 0, 1, 0]),
        ("ending = in-place", [0, 0, 0, 1, 0]),
        ("ending = never", [0, 0, 0, 0, 1]),
        ("engaged", [1, 0, 1, 0, 0]),
        ("engaged = false", [0, 1, 0, 1, 0]),
        ("not engaged", [0, 1, 0, 1, 1]),
        ("engaged = never", [0, 0, 0, 0, 1]),
        ("engaged and capital = 1 or ending = war", [0, 1, 1, 0, 0]),
        ("engaged and (capital = 1 or ending = peace)", [1, 0, 1, 0, 0]),
        ("not (engaged or ending = war)", [0, 0, 0, 1, 1]),
        ("not not engaged", [1, 0, 1, 0, 0]),
    ],
)
def test_a_condition_holds_where_it_should(text, expected):
    assert where(text) == [bool(x) for x in expected]


def test_a_condition_leaves_the_table_as_it_was():
    before = TABLE.copy(deep=True)
    where("attention <= q50 and not ending in (war) or signed < broken")
    pd.testing.assert_frame_equal(TABLE, before)


def test_a_quantile_counts_weights():
    parsed = parse_condition("attention <= q50", COLUMNS)
    weights = np.array([0.0, 0.1, 0.1, 0.7, 0.1])  # of the known cells: 0, 0.5 and 2 with a third each
    assert quantiles_used(parsed, TABLE, weights) == {"attention q50": 0.5}
    assert holds(parsed, TABLE, weights).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "expected a condition"),
        ("atention < 0", "position 1: found 'atention'; expected a column of the timelines (similar: attention)"),
        ("attention", "position 10: found the end; expected an operator"),
        ("attention <", "position 12: found the end; expected a number, a quantile such as q10"),
        ("attention < 2025-01-01", "position 13: found '2025-01-01'; expected a number"),
        ("attention < q101", "position 13: found 'q101'; expected a quantile from q0 to q100"),
        ("attention = q10", "position 13: found 'q10'; expected a value; a quantile is compared by"),
        ("attention < never", "position 13: found 'never'; expected a value: only = and !="),
        ("attention < 1e999", "position 13: found '1e999'; expected a finite number"),
        ("attention < 0 engaged", "position 15: found 'engaged'; expected `and`, `or` or the end"),
        ("attention in (1)", "position 11: found 'in'; expected an operator, since attention has numbers"),
        ("signed < 2025-02-30", "position 10: found '2025-02-30'; expected a real day"),
        ("signed < brokn", "(similar: broken)"),
        ("signed < attention", "another column of dates"),
        ("ending = pease", "position 10: found 'pease'; expected a value of ending: peace, war, in-place"),
        ("ending < war", "position 8: found '<'; expected = or !=, since ending has no order"),
        ("ending in war", "position 11: found 'war'; expected `(`"),
        ("ending in (war", "position 15: found the end; expected `,` or `)`"),
        ("engaged = 1", "position 11: found '1'; expected true or false"),
        ("(engaged", "position 9: found the end; expected `)`"),
        ("engaged and", "position 12: found the end; expected a column"),
        ("engaged ; signed", "position 9: found ';'; expected a column, an operator or a value"),
        ("__import__('os')", "position 1: found '__import__'"),
        ("(" * 60 + "engaged" + ")" * 60, "at most 50 conditions within each other"),
        ("not " * 2000 + "engaged", "found 8007 characters; expected at most 4000"),
    ],
)
def test_an_error_names_position_token_and_what_is_allowed(text, what):
    with pytest.raises(InputError) as error:
        parse_condition(text, COLUMNS)
    assert what in str(error.value)
    assert str(error.value).startswith("--given: ")


def comparisons():
    number = st.floats(-1e6, 1e6).map(float)
    order = st.sampled_from(["<", "<=", ">", ">=", "=", "!="])
    strict = st.sampled_from(["<", "<=", ">", ">="])
    equal = st.sampled_from(["=", "!="])
    name = st.sampled_from(["peace", "war", "in-place", "never", 'a "b"', "c d", "and"])
    columns = st.sampled_from(["attention", "capital"])
    return st.one_of(
        st.builds(lambda o, v: Comparison("attention", o, (v,)), order, number),
        st.builds(lambda o, v: Comparison("signed", o, (v,)), order, st.dates(date(1000, 1, 1))),
        st.builds(lambda c, o, v: Comparison(c, o, (Quantile(v),)), columns, strict, st.floats(0, 100)),
        st.builds(lambda o: Comparison("attention", o, (Other("capital"),)), order),
        st.builds(lambda o, v: Comparison("ending", o, (v,)), equal, name),
        st.builds(lambda v: Comparison("ending", "in", tuple(v)), st.lists(name, min_size=1, unique=True)),
        st.builds(lambda o, v: Comparison("engaged", o, (v,)), equal, st.booleans()),
        st.builds(lambda o: Comparison("signed", o, (Never(),)), equal),
    )


def joined(kind, parts) -> Parsed:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, kind) else (part,))]
    return kind(tuple(flat))


CONDITIONS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda parts: joined(All, parts), st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda parts: joined(Some, parts), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=8,
)
WIDER = COLUMNS | {"ending": Column(CATEGORY, ("peace", "war", "in-place", "never", 'a "b"', "c d", "and"))}


@settings(max_examples=200, deadline=None)
@given(CONDITIONS)
def test_the_canonical_text_parses_to_the_same_condition(condition):
    text = canonical(condition)
    assert parse_condition(text, WIDER) == condition
    assert canonical(parse_condition(text, WIDER)) == text


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="signedattention endgrow()<>=!,'\"q105-._\u00e9\n", max_size=40))
def test_any_text_is_parsed_or_refused(text):
    try:
        parsed = parse_condition(text, COLUMNS)
    except InputError:
        return
    assert holds(parsed, TABLE).shape == (len(TABLE),)


def test_a_condition_in_words():
    parsed = parse_condition(
        "signed <= 2025-06-30 and (attention < q10 or ending in (war, peace)) and not broken = never", COLUMNS
    )
    assert clause(parsed, COLUMNS, {"signed": "first signature"}) == (
        '"first signature" comes by 2025-06-30 and (attention is below its 10% quantile or ending is war or peace) '
        "and it is not so that broken never comes"
    )
    assert columns_used(parsed) == ("signed", "attention", "ending", "broken")
