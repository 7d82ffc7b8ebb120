"""The commands `forecast evidence`, as users call them."""

import json
from pathlib import Path

import pytest
from intake_tools import contents, saved_map
from intake_tools import ukraine_folder as ukraine_folder
from run_tools import Done

from forecast.plain_text import visible


@pytest.fixture
def evidence(command, ukraine_folder: Path):
    """The command on a scenario of one's own."""

    def run(*words: object) -> Done:
        return command("evidence", *words, "--priors", ukraine_folder.parent)

    return run


ADD = ("add", "trust_kiis", "--date", "2025-12-20", "--available", "2025-12-30", "--value")


def test_add_and_add_again(evidence, ukraine_folder: Path) -> None:
    done = evidence(*ADD, "58.5", "--source", "https://kiis.com.ua/x")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "trust_kiis: 58.5 % of respondents for 2025-12-20 added, available on 2025-12-30.\n"
        "1 added, 0 revised, 0 unchanged.\n"
    )
    first = contents(ukraine_folder)
    again = evidence(*ADD, "58.5", "--json")
    assert json.loads(again.out) == {
        "added": 0,
        "flags": [],
        "lines": ["trust_kiis: 58.5 for 2025-12-20 is recorded already; unchanged."],
        "revised": 0,
        "unchanged": 1,
    }
    assert contents(ukraine_folder) == first


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((*ADD, "ninety"), "forecast: --value: found 'ninety'; expected a finite number. Write digits"),
        ((*ADD, "NaN"), "forecast: --value: found 'NaN'; expected a finite number"),
        ((*ADD, "1e400"), "forecast: --value: found '1e400'; expected a finite number"),
        ((*ADD, "58,5"), "forecast: --value: found '58,5'; expected a finite number. Write digits and at most one"),
        ((*ADD, "5_8"), "forecast: --value: found '5_8'; expected a finite number"),
        ((*ADD, "99"), "forecast: --value: found 99 % of respondents for 2025-12-20; expected 10 to 95, the declared"),
        (
            ("add", "trust_kiis", "--date", "2025-12-30", "--available", "2025-12-20", "--value", "50"),
            "forecast: --available: found 2025-12-20; expected 2025-12-30, the day observed, or later. Check both",
        ),
        ((*ADD, "50", "--note", " =cmd()"), "forecast: --note: found a text that begins with '='"),
        (
            (
                *("event", "add", "--date", "2026-01-02", "--available", "2026-01-03", "--event", "x"),
                *("--reason", "y", "--source", "https://example.org/a"),
            ),
            "forecast: --date: found 2026-01-02; expected 2025-12-31, the horizon of ukraine-2025, or before. Later "
            "days belong to the next scenario: write it with `forecast roll`",
        ),
        (("coded-until", "2026-01-03"), "forecast: DATE: found 2026-01-03; expected 2025-12-31, the horizon"),
        ((*ADD, "99", "--accept", " "), "expected the reason"),
        ((*ADD, "99", "--accept", "=cmd()"), "takes for a formula"),
        ((*ADD, "50", "--source", "=cmd()"), "takes for a formula"),
        ((*ADD, "50", "--source", "x\x1b[2J"), "control characters"),
        ((*ADD, "50", "--source", "<script>"), "expected an id in sources.toml"),
        (("add", "trust_kiis", "--date", "soon", "--available", "2025-12-30", "--value", "50"), "is not a date"),
        (
            ("add", "../x", "--date", "2025-12-20", "--available", "2025-12-30", "--value", "5"),
            "found the series '../x'",
        ),
        (("import", "deepstate", "missing_20250305.geojson"), "there is no such file"),
        (("import", "deepstate", ""), "expected the path of a file"),
        (("import", "kiel", "missing.csv", "--released", "2026-08-20"), "there is no such file"),
        (("import", "kiel", "missing.csv", "--released", "August"), "is not a date"),
        (("import", "csv", "missing.csv", "--map", "a=b"), "expected series, observed"),
        (("import", "csv", "missing.csv", "--map", "a=value,b=value"), "the field value is given twice"),
        (("list", "no_such"), "no series is called"),
        (("diff", "2025-01-20", "x"), "expected two dates"),
        (("coded-until", "2025-01-01"), "coded days stay coded"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(
    evidence, ukraine_folder: Path, words: tuple[str, ...], text: str
) -> None:
    first = contents(ukraine_folder)
    done = evidence(*words)
    assert (done.code, done.out) == (2, "")
    assert text in done.err
    assert done.err.count("\n") == 1
    assert done.err[:-1].isprintable()
    assert contents(ukraine_folder) == first


def test_maps_are_imported_and_one_that_differs_is_left_out(
    evidence, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    maps = [saved_map(tmp_path / "maps", day) for day in ("2025-03-03", "2025-03-04", "2025-03-05")]
    done = evidence("import", "deepstate", *maps)
    assert done.code == 0
    assert done.out == (
        "area_deepstate: 2 figures added, 2025-03-04 to 2025-03-05.\n2 added, 0 revised, 0 unchanged.\n"
    )
    assert "left out: deepstatemap_data_20250303.geojson" in caplog.text


def test_a_table_is_imported_by_its_columns(evidence, ukraine_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "polls.csv"
    path.write_text("day;trust;page\n2025-12-20;58.5;https://kiis.com.ua/x\n2025-12-22;57;\n")
    done = evidence(
        *("import", "csv", path, "--series", "trust_kiis", "--available", "2025-12-30"),
        *("--map", "day=observed,trust=value", "--map", "page=source"),
    )
    assert (done.code, done.err) == (0, "")
    assert contents(ukraine_folder)["trust_kiis.csv"].endswith(
        b"2025-12-20,2025-12-30,58.5,,https://kiis.com.ua/x\n2025-12-22,2025-12-30,57,,\n"
    )


def test_a_reason_with_markup_is_shown_as_it_is(
    evidence, ukraine_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reason = "a typing error <b>[red]bold</b>"
    done = evidence(*ADD, "99", "--accept", reason)
    assert done.code == 0
    assert f"accepted, because {reason}" in caplog.text
    listed = evidence("list", "trust_kiis")
    assert reason in " ".join(listed.out.replace("│", " ").split())
    assert visible(listed.out) == listed.out


def test_list_and_diff(evidence) -> None:
    shown = evidence("list", "--as-of", "2025-03-01")
    assert shown.code == 0
    assert "area_deepstate" in shown.out
    assert "coded until 2025-12-31" in shown.out
    found = json.loads(evidence("diff", "2025-11-17", "2025-11-24", "--json").out)
    assert {row["state"] for row in found["states"]} == {"posture", "rung"}
    assert "Changes of states: 2" in evidence("diff", "2025-11-17", "2025-11-24").out


def test_the_record_by_the_coding_guide(evidence, ukraine_folder: Path) -> None:
    row = ("--date", "2025-12-30", "--available", "2025-12-31", "--source", "https://example.org/a", "--reason", "So.")
    assert evidence("event", "add", *row, "--event", "A call.").code == 0
    assert evidence("event", "add", *row, "--event", "A call.").out.endswith("0 added, 0 revised, 1 unchanged.\n")
    refused = evidence("state", "add", *row, "--state", "rung", "--value", "signed")
    assert refused.code == 2
    assert "cannot go from terms to signed" in refused.err
    assert evidence("coded-until", "2025-12-31").out.startswith("Events and states are coded until 2025-12-31 already")
    assert b"A call." in contents(ukraine_folder)["events.csv"]
