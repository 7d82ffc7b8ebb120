"""TOML edited line by line: lines are found, other lines stay, and the text says what the edits ask for."""

import datetime
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import REPOSITORY

from forecast.inputs.toml_lines import TomlLines, keys_and_ways, toml_value

TEXT = '''# A head.
id = "one"

# About the start.
[start]
rung = "none"  # the rung
reason = """
[not.a.header]
key = 1
"""

[start.failed]
pause = 1.0

[[vote]]
date = 2031-07-31
label = "A"

[[vote]]
date = 2031-09-30
label = "B"

[deal.x]
numbers = [
    1,
    2,
]
[[deal.x.clause]]
id = "return"
[deal.x.clause.included]
quantiles = [0.1, 0.2, 0.3]
[deal."a.b"]
row = { centre = 1.0, "odd key" = 2 }
'''


def test_lines_of_tables_and_keys() -> None:
    lines = TomlLines(TEXT)
    ways = keys_and_ways(lines.tables)
    found = {key: lines.line(way) for key, way in ways.items()}
    assert found["id"] == 2
    assert (found["start"], found["start.rung"], found["start.reason"], found["start.failed"]) == (5, 6, 7, 12)
    assert (found["vote.2031-07-31"], found["vote.2031-09-30.label"], found["vote"]) == (15, 21, 15)
    assert (found["deal"], found["deal.x.numbers"], found["deal.x.clause.return"]) == (23, 24, 28)
    assert (found["deal.x.clause.return.included"], found["deal.a.b.row.centre"]) == (30, 33)


def test_every_file_of_the_scenarios_is_given_back_as_it_is() -> None:
    files = [*REPOSITORY.glob("priors/**/*.toml"), *REPOSITORY.glob("tests/scenarios/**/*.toml")]
    assert len(files) > 30
    for file in files:
        text = file.read_text(encoding="utf-8")
        lines = TomlLines(text)
        assert lines.text() == text
        rows = text.splitlines()
        for way in keys_and_ways(lines.tables).values():
            name = next(step for step in reversed(way) if isinstance(step, str))
            assert name in rows[lines.line(way) - 1]


def test_edits_leave_all_other_lines() -> None:
    lines = TomlLines(TEXT)
    lines.set(("id",), "two")
    lines.update(("start",), {"rung": "contact", "failed": {"pause": 2.0}, "demands": 0.5}, ["reason"])
    lines.update(("deal", "a.b", "row"), {"centre": 3.0})
    lines.remove_table(("deal", "x", "clause", 0, "included"))
    lines.comment_above(("id",), "Another head.\nTwo lines.")
    lines.append("\n[new]\nkey = true\n")
    lines.remove_items(("vote",), [0])
    text = lines.text()
    made = tomllib.loads(text)
    assert made["start"] == {"rung": "contact", "failed": {"pause": 2.0}, "demands": 0.5}
    assert made["vote"] == [{"date": datetime.date(2031, 9, 30), "label": "B"}]
    assert made["deal"]["x"]["clause"] == [{"id": "return"}]
    assert text.startswith(
        '# Another head.\n# Two lines.\nid = "two"\n\n# About the start.\n[start]\nrung = "contact"\n'
    )


def test_the_last_item_takes_the_list_with_it() -> None:
    lines = TomlLines(TEXT)
    lines.remove_items(("vote",), [0, 1])
    assert "vote" not in tomllib.loads(lines.text())


VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**62), 2**62),
        st.floats(allow_nan=False),
        st.text(st.characters(exclude_categories=("Cs",))),
        st.dates(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ab. \"'é", max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_a_value_is_read_as_it_was_written(value: object) -> None:
    text = f"x = {toml_value(value)}"
    assert "\n" not in text
    assert tomllib.loads(text) == {"x": value}


def test_values_that_toml_lacks_are_refused() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        toml_value(None)
