"""The ledger of two saved runs: lines that add up, and are right where one cause exists or two interact."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from places import REPOSITORY, TINY

from forecast.compare import comparison
from forecast.compare.causes import Cause, causes_between
from forecast.compare.comparison import compare
from forecast.compare.evaluate import Evaluator
from forecast.compare.ledger import Units, odds_content, owen_lines, units_of
from forecast.compare.mixture import Mixture
from forecast.compare.outcomes import Odds, Outcomes, odds_of_table
from forecast.compare.sides import opened
from forecast.compare.words import as_markdown
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.outcomes.rounding import add_shown
from forecast.pipeline import workflow
from forecast.store.digests import file_digest
from forecast.store.saved_run import Run, open_run

REFERENCE, LATER = "2031-03-03", "2031-04-14"
WORTH = "moscow.worth.quantiles=[0.2, 0.3, 0.45]"
STRAIN = "moscow.strain_trend.quantiles=[0.3, 0.6, 0.9]"

Maker = Callable[..., Run]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Makes small runs from the priors alone, each once, in one folder."""
    kept, known = tmp_path_factory.mktemp("runs"), {}

    def make(day: str = REFERENCE, folder: Path = TINY, **given: Any) -> Run:
        key = (day, folder, repr(sorted(given.items())))
        if key not in known:
            size = given.pop("timelines", 800)
            request = RunRequest(
                folder, runs=kept, as_of=date.fromisoformat(day), timelines=size, prior_only=True, **given
            )
            known[key] = workflow.run(request)
        return known[key]

    return make


def check_sums(content: dict[str, Any], a: Run, b: Run) -> None:
    """Lines add up to the move of the saved odds, to the last digit."""
    for name, entry in content["odds"].items():
        changes = [line["change"] for line in entry["lines"]]
        assert round(sum(changes), 9) == entry["total"]
        assert sum(Decimal(repr(change)) for change in changes) == Decimal(repr(entry["total"]))
        saved = [run.summary["odds"][name]["probability"] for run in (a, b)]
        assert entry["total"] == pytest.approx(100.0 * (saved[1] - saved[0]), abs=2e-9)
        for line in entry["lines"]:
            assert line["real"] == (abs(line["change"]) > 3.0 * line["standard_error"] and line["change"] != 0.0)
        shown = [line["shown"] for line in entry["lines"]]
        assert sum(Decimal(repr(own)) for own in shown) == Decimal(repr(entry["shown"]))
        assert all(
            abs(own - change) < 0.2 and bool(change) >= bool(own) for own, change in zip(shown, changes, strict=True)
        )
        assert entry["shown"] == pytest.approx(round(100 * saved[1], 1) - round(100 * saved[0], 1), abs=0.11)


def only(content: dict[str, Any]) -> set[str]:
    """The causes with a change in any of the odds."""
    return {line["cause"] for entry in content["odds"].values() for line in entry["lines"] if line["change"]}


def causes(content: dict[str, Any]) -> list[str]:
    return [line["cause"] for line in content["odds"]["negotiated"]["lines"]]


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"seed": 2}, "draws/seed"),
        ({"draw_seed": 2}, "draws/draw_seed"),
        ({"timelines": 600}, "draws/timelines"),
        ({"edits": [WORTH]}, "priors/moscow.worth"),
        ({"fixed": {"moscow.worth": 0.2}}, "priors/fix moscow.worth"),
        ({"perspective": "hopeful"}, "perspectives/weights"),
    ],
)
def test_the_only_cause_is_the_whole_move(made: Maker, given: dict[str, Any], cause: str) -> None:
    a, b = made(), made(**given)
    content = compare(a.id, b.id, a.folder.parent)
    assert causes(content)[:2] == ["code", "time"]
    assert cause in causes(content)
    assert only(content) <= {cause}
    check_sums(content, *sorted((a, b), key=lambda run: run.manifest["finished"]))


def test_two_priors_that_interact_are_divided_as_by_hand(made: Maker) -> None:
    a, one, other, b = made(), made(edits=[WORTH]), made(edits=[STRAIN]), made(edits=[WORTH, STRAIN])
    content = compare(a.id, b.id, a.folder.parent)
    for name, entry in content["odds"].items():
        v0, v1, v2, v12 = (
            Fraction(int((run.timelines["headline"] == name).sum()), len(run.timelines)) for run in (a, one, other, b)
        )
        lines = {line["cause"]: line["change"] for line in entry["lines"]}
        assert lines["priors/moscow.worth"] == pytest.approx(float(50 * (v1 - v0 + v12 - v2)), abs=1e-7)
        assert lines["priors/moscow.strain_trend"] == pytest.approx(float(50 * (v2 - v0 + v12 - v1)), abs=1e-7)
    check_sums(content, a, b)


def test_the_order_of_the_arguments_does_not_matter(made: Maker) -> None:
    a, b = made(), made(edits=[WORTH, STRAIN])
    kept = a.folder.parent
    texts = [json.dumps(compare(*names, kept)) for names in ((a.id, b.id), (b.id, a.id), (str(a.folder), b.folder))]
    assert len(set(texts)) == 1
    assert as_markdown(json.loads(texts[0])) == as_markdown(json.loads(texts[1]))


@pytest.fixture(scope="module")
def dated(made: Maker, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """Two runs, between which talks begin and the posture turns."""
    from chronology_tools import CHANGES, EVENTS, write

    folder = shutil.copytree(TINY, tmp_path_factory.mktemp("scenarios") / TINY.name)
    write(folder / "evidence", EVENTS[:1], CHANGES[:3])
    return made("2031-03-17", folder), made("2031-03-24", folder)


def test_everything_as_in_the_later_run_is_the_later_run(dated: tuple[Run, Run]) -> None:
    a, b = dated
    sides = opened(a, b), opened(b, a)
    mixture = Mixture(*sides, causes_between(*sides))
    assert {cause.id for cause in mixture.causes} == {"states/posture", "states/arms"}
    again = Evaluator(mixture, None, lambda _: None).odds(mixture.everything, few=False)
    saved = odds_of_table(b.timelines, sides[1].weights)
    assert again.shares == saved.shares
    assert (again.members["base"].kind == saved.members["base"].kind).all()
    assert (again.members["base"].draw == saved.members["base"].draw).all()


def test_time_and_states_have_lines_of_their_own(dated: tuple[Run, Run]) -> None:
    a, b = dated
    content = compare(a.id, b.id, a.folder.parent)
    check_sums(content, a, b)
    assert causes(content) == ["code", "time", "states/posture", "states/arms"]
    assert content["odds"]["negotiated"]["lines"][0]["change"] == 0.0
    assert content["method"]["exact"] is True
    assert content["endings"]["paired"] >= content["endings"]["changed"] >= 0


def test_a_mixture_leaves_a_state_unrecorded_from_the_earlier_date(dated: tuple[Run, Run]) -> None:
    sides = opened(dated[0], dated[1]), opened(dated[1], dated[0])
    mixture = Mixture(*sides, causes_between(*sides))
    seen = mixture.scenario("base", frozenset({"states/arms"})).chronology
    assert dict(seen.unrecorded) == {"posture": date(2031, 3, 17)}
    assert set(seen.states["state"]) == {"rung", "arms"}


def test_one_recorded_row_is_the_whole_move_on_one_date(made: Maker, tmp_path: Path) -> None:
    from chronology_tools import CHANGES, EVENTS, write

    runs = []
    for number, rows in enumerate((CHANGES[:1], CHANGES[:2])):
        folder = shutil.copytree(TINY, tmp_path / str(number) / TINY.name)
        write(folder / "evidence", EVENTS[:1], rows)
        runs.append(made("2031-03-24", folder))
    content = compare(runs[0].id, runs[1].id, runs[0].folder.parent)
    assert causes(content) == ["code", "time", "states/posture"]
    assert only(content) <= {"states/posture"}
    check_sums(content, *runs)


def test_one_row_of_a_series_is_the_whole_move_on_one_date(
    made: Maker, tmp_path: Path, sampler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(TINY, tmp_path / TINY.name)
    runs = []
    for _ in range(2):
        request = RunRequest(folder, runs=tmp_path / "runs", as_of=date(2031, 3, 3), timelines=200)
        runs.append(workflow.run(request))
        table = folder / "evidence" / "area_survey.csv"
        lines = table.read_text().splitlines()
        day, available, value = lines[2].split(",")[:3]
        lines[2] = f"{day},{available},{float(value) + 25.0}"
        table.write_text("\n".join(lines) + "\n")
    content = compare(runs[0].id, runs[1].id, tmp_path / "runs")
    assert causes(content) == ["code", "time", "evidence/area_survey"]
    assert only(content) <= {"evidence/area_survey"}
    check_sums(content, *runs)


def test_weights_of_perspectives_are_the_whole_move(made: Maker, tmp_path: Path) -> None:
    pool = """
[member.base]
weight = {base}
reason = "Why."
[member.hopeful]
weight = {hopeful}
reason = "Why not."
[update]
temper = 0.5
temper_reason = "Why."
floor = 0.05
floor_reason = "Why."
common = ["war_ended", "km2"]
common_reason = "Why."
"""
    runs = []
    for base, hopeful in (("0.4", "0.6"), ("0.7", "0.3")):
        folder = shutil.copytree(TINY, tmp_path / base / TINY.name)
        (folder / "pool.toml").write_text(pool.format(base=base, hopeful=hopeful))
        runs.append(made(folder=folder, timelines=400))
    content = compare(runs[0].id, runs[1].id, runs[0].folder.parent)
    assert causes(content) == ["code", "time", "perspectives/weights"]
    assert only(content) <= {"perspectives/weights"}
    check_sums(content, *runs)


def test_more_than_eight_causes_are_divided_by_drawn_orders(made: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.outcomes.owen.PAIRS", 2)
    content = json.loads((made().folder / "inputs" / "priors.json").read_text())
    entries = [
        name for name, entry in content.items() if entry["elicited"].startswith("quantiles") and name.count(".") == 1
    ]
    chosen = entries[:9]
    edits = []
    for name in chosen:
        low, middle, high = (float(x) for x in content[name]["elicited"].removeprefix("quantiles ").split("/"))
        edits.append(f"{name}.quantiles=[{low!r}, {0.5 * (low + middle)!r}, {middle + 0.4 * (high - middle)!r}]")
    assert len(chosen) == 9
    a, b = made(timelines=200), made(timelines=200, edits=edits)
    found = compare(a.id, b.id, a.folder.parent)
    assert found["method"]["exact"] is False
    assert len(causes(found)) == 11
    check_sums(found, a, b)


def changed(run: Run, place: Path, edit: Callable[[Path, dict[str, Any]], None]) -> Run:
    """A copy of a run, changed as if another version had made it."""
    folder = shutil.copytree(run.folder, place / "other" / run.id)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["hashes"]["code"] = "0" * 64
    edit(folder, manifest)
    manifest["files"] = {name: file_digest(folder / name) for name in manifest["files"] if (folder / name).is_file()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return open_run(folder)


def test_a_run_of_other_code_that_comes_out_the_same_has_a_first_line_of_nothing(made: Maker, tmp_path: Path) -> None:
    a = changed(made(), tmp_path, lambda folder, manifest: manifest.update(finished="2026-01-01"))
    b = made(edits=[WORTH])
    content = compare(a.folder, b.folder)
    assert "changed: code" in content["odds"]["negotiated"]["lines"][0]["label"]
    assert only(content) <= {"priors/moscow.worth"}
    check_sums(content, a, b)


def test_an_entry_that_the_present_code_does_not_know_is_named_and_the_rest_is_replayed(
    made: Maker, tmp_path: Path
) -> None:
    def edit(folder: Path, manifest: dict[str, Any]) -> None:
        path = folder / "inputs" / "priors" / "moscow.toml"
        text = path.read_text()
        entry = text[text.index("[strain_half_life]") : text.index("[strain_trend]")]
        path.write_text(text + "\n" + entry.replace("strain_half_life", "moon_phase"))
        manifest["finished"] = "2026-01-01"

    a, b = changed(made(), tmp_path, edit), made(edits=[WORTH])
    content = compare(a.folder, b.folder)
    assert "moon_phase in moscow.toml" in content["odds"]["negotiated"]["lines"][0]["label"]
    assert causes(content) == ["code", "time", "priors/moscow.worth"]
    check_sums(content, a, b)


def test_a_run_that_cannot_be_made_again_has_one_line(made: Maker, tmp_path: Path) -> None:
    def edit(folder: Path, manifest: dict[str, Any]) -> None:
        (folder / "inputs" / "evidence.csv").unlink()
        manifest["finished"] = "2026-01-01"

    a, b = changed(made(), tmp_path, edit), made(edits=[WORTH])
    content = compare(a.folder, b.folder)
    assert causes(content) == ["code"]
    assert "cannot make a run again" in content["odds"]["negotiated"]["lines"][0]["label"]
    check_sums(content, a, b)


def test_a_run_of_the_first_schema_is_compared(made: Maker) -> None:
    (folder,) = (REPOSITORY / "tests" / "fixtures" / "schema-1").glob("two-islands_*")
    a, b = open_run(folder), made(LATER)
    content = compare(a.folder, b.folder)
    assert causes(content)[0] == "code"
    check_sums(content, a, b)


def test_runs_of_different_scenarios_are_refused(made: Maker, tmp_path: Path) -> None:
    other = changed(made(), tmp_path, lambda folder, manifest: manifest.update(scenario="moon"))
    with pytest.raises(InputError, match="expected runs of one scenario"):
        compare(other.folder, made().folder)


@pytest.mark.parametrize("name", ["../../etc", "=cmd()", "<b>x</b>", "a\x1b[31m", "x" * 100_000, "", "previous\n", "/"])
def test_hostile_names_are_refused_in_one_line(made: Maker, name: str) -> None:
    run = made()
    for names in ((name, run.id), (run.id, name), (name, name)):
        with pytest.raises(InputError) as caught:
            compare(*names, run.folder.parent)
        assert len(str(caught.value)) < 3000


def test_a_run_is_not_compared_with_itself(made: Maker) -> None:
    run = made()
    with pytest.raises(InputError, match="expected two runs"):
        compare(run.id, str(run.folder), run.folder.parent)
    with pytest.raises(InputError, match="previous twice"):
        compare("previous", "previous", run.folder.parent)


# Lines from a stand-in for the simulation


def made_up(shares: dict[str, tuple[int, int, int]]) -> Callable[[frozenset[str]], Odds]:
    """Odds of coalitions from counts of outcomes among 100 timelines of ten draws."""
    known: dict[str, Odds] = {}

    def value(coalition: frozenset[str]) -> Odds:
        key = "".join(sorted(cause.partition("/")[2] for cause in coalition))
        if key not in known:
            kinds = [kind for kind, count in enumerate(shares[key]) for _ in range(count)]
            assert len(kinds) == 100
            import numpy as np

            own = Outcomes(np.arange(100) % 10, np.array(kinds))
            known[key] = Odds({"base": own}, {"base": Fraction(1)})
        return known[key]

    return value


def two_causes() -> Units:
    return units_of([Cause("states/a", "a <b>\x1b[31m"), Cause("priors/b", "=cmd()")])


def test_lines_of_a_stand_in_are_those_worked_by_hand() -> None:
    value = made_up({"": (0, 10, 90), "a": (0, 20, 80), "b": (0, 10, 90), "ab": (0, 50, 50)})
    lines = owen_lines(two_causes(), value, (value(frozenset()), value(frozenset({"states/a", "priors/b"}))))
    content = odds_content(lines)
    assert [line["change"] for line in content["negotiated"]["lines"]] == [25.0, 15.0]
    assert [line["change"] for line in content["unresolved"]["lines"]] == [-25.0, -15.0]
    assert content["negotiated"]["total"] == 40.0
    assert content["battlefield"] | {"lines": []} == {"total": 0.0, "standard_error": 0.0, "real": False, "lines": []}


def test_the_rest_between_few_and_all_timelines_is_shared_out_by_size() -> None:
    value = made_up({"": (0, 10, 90), "a": (0, 20, 80), "b": (0, 10, 90), "ab": (0, 50, 50)})
    ends = made_up({"": (0, 10, 90), "ab": (0, 58, 42)})
    lines = owen_lines(two_causes(), value, (ends(frozenset()), ends(frozenset({"states/a", "priors/b"}))))
    assert [line["change"] for line in odds_content(lines)["negotiated"]["lines"]] == [30.0, 18.0]


def test_what_a_ledger_says_is_harmless_in_markdown() -> None:
    value = made_up({"": (0, 10, 90), "a": (0, 20, 80), "b": (0, 10, 90), "ab": (0, 50, 50)})
    lines = owen_lines(two_causes(), value, (value(frozenset()), value(frozenset({"states/a", "priors/b"}))))
    odds = odds_content(lines)
    side = {"run": "r", "as_of": "2031-03-03", "odds": {"battlefield": 0.0, "negotiated": 0.1, "unresolved": 0.9}}
    later = side | {"odds": {"battlefield": 0.0, "negotiated": 0.5, "unresolved": 0.5}}
    for name, entry in odds.items():
        add_shown(entry, side["odds"][name], later["odds"][name])
        entry["sentence"] = comparison.sentence(name, entry, side, later)
    endings = {"paired": 0, "changed": 0, "moves": [], "examples": [], "notes": []}
    text = as_markdown({"earlier": side, "later": later, "odds": odds, "notes": [], "endings": endings})
    assert "<b>" not in text
    assert "\x1b" not in text
