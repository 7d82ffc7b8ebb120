"""Whole runs: the same bytes for the same question, what moves them, and what is left behind when one fails."""

import inspect
import json
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from places import REPOSITORY
from run_tools import SAMPLED_TIMELINES, TINY, MadeUpSampler, Sampled, command_started, contents

import forecast
from forecast.ensemble.request import RunRequest
from forecast.ensemble.simulated import simulate
from forecast.errors import InputError, NotConverged
from forecast.pipeline import workflow
from forecast.plain_text import markdown
from forecast.store.saved_run import Run, open_run

TIMED = ("manifest.json", "posterior.nc")
"""The files of a run that tell when it was made."""


def quick(runs: Path, scenario: str | Path = TINY, **given) -> Run:
    given = {"timelines": 400, "prior_only": True} | given
    return workflow.run(RunRequest(scenario, runs=runs, **given))


# The same question


@pytest.mark.calibration
def test_another_sampling_gives_the_same_bytes(sampled: tuple[Sampled, Sampled], tmp_path: Path) -> None:
    # In a cache whose entry for this fit is damaged, and with nothing compiled before.
    cache = shutil.copytree(sampled[0].cache / "posterior", tmp_path / "cache" / "posterior").parent
    (entry,) = (path for path in (cache / "posterior").iterdir() if path.is_dir())
    (entry / "fit.json").write_text("{", encoding="utf-8")
    asked = ["run", str(TINY), "--timelines", str(SAMPLED_TIMELINES), "--json", "--threads", "2", "-v"]
    flags = f"base_compiledir={tmp_path / 'pytensor'}"
    started = command_started(tmp_path, asked, stderr=subprocess.PIPE, PYTENSOR_FLAGS=flags)
    out, err = started.communicate(timeout=600)
    assert started.returncode == 0, err
    warnings = [line for line in err.decode().splitlines() if line.startswith("WARNING: ")]
    assert len(warnings) == 1
    assert "cannot be used" in warnings[0]
    assert "made again" in warnings[0]
    assert len(err.decode().splitlines()) == 6
    assert "cannot be used" not in sampled[0].err
    (folder,) = (tmp_path / "runs").iterdir()
    one, other = contents(sampled[0].folder, *TIMED), contents(folder, *TIMED)
    assert one.keys() == other.keys()
    assert {name for name in one if one[name] != other[name]} == set()
    assert out.decode() == sampled[0].out


def test_a_run_is_the_same_bytes_on_any_threads_and_from_the_cache(
    sampled: tuple[Sampled, Sampled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = sampled
    assert (first.code, second.code) == (0, 0), first.err + second.err
    monkeypatch.setenv("FORECAST_CACHE", str(first.cache))
    again = workflow.run(RunRequest(TINY, runs=tmp_path, timelines=SAMPLED_TIMELINES))
    folders = (first.folder, second.folder, again.folder)
    assert len({folder.name for folder in folders}) == 1
    one, two, three = (contents(folder, *TIMED) for folder in folders)
    assert {name for name in one if one[name] != two[name]} == set()
    assert {name for name in one if one[name] != three[name]} == set()
    assert one.keys() == two.keys() == three.keys()
    # From the same fit, that file is the same as well.
    assert (again.folder / "posterior.nc").read_bytes() == (first.folder / "posterior.nc").read_bytes()
    assert len(again.draws) == 500
    assert again.summary["diagnostics"]["converged"] is True


def test_sampling_leaves_no_compiled_code_behind(sampled: tuple[Sampled, Sampled]) -> None:
    # Taken from there by the next process, it would give other draws.
    place = sampled[0].cache.with_name("pytensor")
    assert place.is_dir()
    assert not list(place.rglob("*.nbi")), "numba's cache was written although it is off"


def test_evidence_moves_the_posterior(sampled: tuple[Sampled, Sampled], kept: Run) -> None:
    learnt, prior = open_run(sampled[0].folder), kept
    assert learnt.draws["front.mapper_error"].std() < 0.5 * prior.draws["front.mapper_error"].std()
    assert learnt.draws["moscow.worth"].median() == pytest.approx(prior.draws["moscow.worth"].median(), rel=0.02)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_no_byte(tmp_path: Path, threads: int) -> None:
    # 1,300 timelines are three chunks.
    one = quick(tmp_path / "one", timelines=1300, threads=2)
    other = quick(tmp_path / "other", timelines=1300, threads=threads)
    assert one.id == other.id
    assert contents(one.folder, "manifest.json") == contents(other.folder, "manifest.json")


def test_made_again_a_run_takes_its_own_place(tmp_path: Path) -> None:
    first = quick(tmp_path)
    before = contents(first.folder, "manifest.json")
    (first.folder / "report.md").write_text("x")
    (first.folder / "notes.txt").write_text("of the user")
    second = quick(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [first.id]
    assert contents(second.folder, "manifest.json") == before | {"notes.txt": b"of the user"}
    assert second.manifest["started"] > first.manifest["started"]
    assert open_run(first.id, tmp_path).summary == second.summary


def test_another_seed_is_another_run_of_the_same_draws(kept: Run, tmp_path: Path) -> None:
    other = quick(tmp_path, timelines=4000, seed=2)
    assert other.id != kept.id
    assert other.id.rsplit("_", 1)[0] == kept.id.rsplit("_", 1)[0]
    one, two = contents(kept.folder), contents(other.folder)
    assert one["timelines.parquet"] != two["timelines.parquet"]
    assert one["draws.parquet"] == two["draws.parquet"]
    assert {name: text for name, text in one.items() if name.startswith("inputs/")} == {
        name: text for name, text in two.items() if name.startswith("inputs/")
    }


def test_fewer_timelines_are_the_first_of_more(kept: Run, tmp_path: Path) -> None:
    fewer = quick(tmp_path, timelines=700).timelines
    categories = fewer.select_dtypes("category").columns
    more = kept.timelines.head(700)
    pd.testing.assert_frame_equal(
        fewer.astype(dict.fromkeys(categories, object)), more.astype(dict.fromkeys(categories, object))
    )


# Evidence


def change_later_rows(folder: Path, how: str, day: str = "2031-03-03") -> None:
    path = folder / "evidence" / "area_survey.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    seen = [row for row in rows if row.split(",")[1] <= day]
    later = [row for row in rows if row.split(",")[1] > day]
    assert later
    changed = {
        "changed": [f"{row.rsplit(',', 1)[0]},{number}.5" for number, row in enumerate(later)],
        "added": [*later, "2031-02-24,2031-03-04,1999.9", "2031-10-06,2031-10-07,5"],
        "removed": [],
        "moved": [*reversed(later)],
    }[how]
    rows = [*changed, *seen] if how == "moved" else [*seen, *changed]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


@pytest.mark.parametrize("how", ["changed", "added", "removed", "moved"])
def test_later_evidence_moves_no_byte(tiny_folder: Path, tmp_path: Path, sampler: MadeUpSampler, how: str) -> None:
    before = quick(tmp_path / "before", prior_only=False)
    change_later_rows(tiny_folder, how)
    after = quick(tmp_path / "after", tiny_folder, prior_only=False)
    # Not even the fit is made again.
    assert sampler.fits == 1
    assert after.id == before.id
    assert contents(after.folder, "manifest.json") == contents(before.folder, "manifest.json")
    times = ("started", "finished", "scenario_folder")
    one, two = (dict(run.manifest) for run in (before, after))
    assert {key: one[key] for key in one if key not in times} == {key: two[key] for key in two if key not in times}


def test_figures_outside_their_declared_range_are_warned_of_and_kept(
    tiny_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tiny_folder / "evidence" / "area_survey.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("2031-03-03,2031-03-03,1036.3", "2031-03-03,2031-03-03,999999"), encoding="utf-8")
    run = quick(tmp_path / "runs", tiny_folder)
    (entry,) = run.summary["diagnostics"]["outside_declared_range"]
    assert (entry["series"], entry["observed"], entry["value"]) == ("area_survey", "2031-03-03", 999999.0)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("forecast", "WARNING")
    assert record.getMessage().startswith("area_survey of 2031-03-03: 999,999 km2, outside its declared range of ")
    assert record.getMessage().removesuffix("; it was kept") in " ".join(run.report.split())


def test_evidence_seen_does_move_the_run(tiny_folder: Path, tmp_path: Path, sampler: MadeUpSampler) -> None:
    before = quick(tmp_path / "before", prior_only=False)
    path = tiny_folder / "evidence" / "area_survey.csv"
    text = path.read_text(encoding="utf-8")
    assert "2031-03-03,2031-03-03,1036.3" in text
    path.write_text(text.replace("2031-03-03,2031-03-03,1036.3", "2031-03-03,2031-03-03,1036.4"), encoding="utf-8")
    after = quick(tmp_path / "after", tiny_folder, prior_only=False)
    assert sampler.fits == 2
    assert after.id != before.id


def test_a_run_keeps_the_evidence_it_saw_and_no_more(kept: Run) -> None:
    inputs = kept.folder / "inputs"
    rows = pd.read_csv(inputs / "evidence.csv", parse_dates=["observed", "available"])
    assert (rows["available"] <= pd.Timestamp("2031-03-03")).all()
    assert (rows["observed"].max(), len(rows)) == (pd.Timestamp("2031-03-03"), 60)
    assert kept.summary["diagnostics"]["evidence"]["area_survey"]["rows"] == 60
    names = set(contents(inputs))
    assert {name for name in names if "evidence" in name} == {
        "evidence.csv",
        "priors/evidence/coding.toml",
        "priors/evidence/evidence.toml",
    }
    assert {"priors.json", "priors/moscow.toml", "priors/reference/island_wars.csv"} <= names
    assert (inputs / "priors" / "moscow.toml").read_bytes() == (TINY / "moscow.toml").read_bytes()
    later = [row for row in (TINY / "evidence" / "area_survey.csv").read_text().splitlines() if row > "2031-03-04"]
    held = b"".join(contents(kept.folder).values())
    assert not [row for row in later[1:] if row.encode() in held]


# What moves a run


def test_set_changes_a_prior_before_and_fix_holds_it_after(tmp_path: Path, kept: Run) -> None:
    edit = "moscow.worth.quantiles=[0.2, 0.3, 0.4]"
    run = quick(tmp_path, timelines=2000, edits=[edit], fixed={"kyiv.worth": 0.31, "endings.defeat": 0.002})
    assert run.draws["moscow.worth"].quantile([0.05, 0.5, 0.95]).tolist() == pytest.approx([0.2, 0.3, 0.4], abs=0.01)
    assert (run.draws["kyiv.worth"] == 0.31).all()
    assert (run.draws["endings.defeat"] == 0.002).all()
    # What is not touched keeps its draws.
    assert run.draws["europe.worth"].equals(kept.draws["europe.worth"])
    assert run.summary["edits"] == [edit]
    assert run.summary["fixed"] == {"endings.defeat": 0.002, "kyiv.worth": 0.31}
    caution = f"Changed for this run: {edit}; endings.defeat fixed at 0.002; kyiv.worth fixed at 0.31."
    assert f"\n\n**{markdown(caution)}**\n\n" in run.report
    assert "fixed at" not in kept.report
    prior = json.loads((run.folder / "inputs" / "priors.json").read_text(encoding="utf-8"))["moscow.worth"]
    assert prior["elicited"] == "quantiles 0.2/0.3/0.4"
    # The file is kept as read.
    assert (run.folder / "inputs/priors/moscow.toml").read_bytes() == (TINY / "moscow.toml").read_bytes()


def test_the_order_of_fixed_parameters_does_not_matter(tmp_path: Path) -> None:
    one, two = {"kyiv.worth": 0.3, "moscow.worth": 0.4}, {"moscow.worth": 0.4, "kyiv.worth": 0.3}
    assert quick(tmp_path, fixed=one).id == quick(tmp_path, fixed=two).id


def test_a_parameter_drawn_anew_in_each_timeline_can_be_held(tmp_path: Path) -> None:
    run = quick(tmp_path, fixed={"kyiv.successor_shift": 0.1})
    assert (run.draws["kyiv.successor_shift"] == 0.1).all()


def test_fighting_on_worth_more_to_moscow_means_fewer_agreements_on_the_same_luck(tmp_path: Path) -> None:
    dear, cheap = (
        quick(tmp_path, "ukraine-2025", timelines=4000, fixed={"moscow.worth": worth}) for worth in (0.9, 0.2)
    )
    assert dear.draws.drop(columns="moscow.worth").equals(cheap.draws.drop(columns="moscow.worth"))
    negotiated = [run.summary["odds"]["negotiated"] for run in (dear, cheap)]
    gain = negotiated[1]["probability"] - negotiated[0]["probability"]
    assert gain > 0.1
    assert gain > 5 * max(entry["standard_error"] for entry in negotiated)


# Failing


def test_unconverged_chains_are_refused_or_kept_and_marked(tmp_path: Path, sampler: MadeUpSampler) -> None:
    sampler.diagnostics = replace(sampler.diagnostics, rhat=1.3, divergences=4)
    runs = tmp_path / "runs"
    with pytest.raises(NotConverged, match=r"R-hat 1\.3"):
        quick(runs, prior_only=False)
    assert not runs.exists()
    run = quick(runs, prior_only=False, allow_unconverged=True)
    assert run.summary["diagnostics"]["converged"] is False
    assert run.summary["diagnostics"]["sampler"]["divergences"] == 4
    assert "**The sampler did not converge; these numbers are not to be relied on.**" in run.report
    sampler.diagnostics = replace(sampler.diagnostics, rhat=1.0, divergences=0)
    shutil.rmtree(tmp_path / "cache")
    fine = quick(runs, prior_only=False, allow_unconverged=True)
    assert fine.summary["diagnostics"]["converged"] is True
    assert "did not converge" not in fine.report


def test_a_damaged_fit_is_told_of_and_made_again(
    tmp_path: Path, sampler: MadeUpSampler, caplog: pytest.LogCaptureFixture
) -> None:
    first = quick(tmp_path / "runs", prior_only=False)
    before = contents(first.folder, "manifest.json")
    assert not caplog.records
    (entry,) = (tmp_path / "cache" / "posterior").iterdir()
    (entry / "draws.npz").write_bytes((entry / "draws.npz").read_bytes()[:1000])
    second = quick(tmp_path / "runs", prior_only=False)
    assert sampler.fits == 2
    assert ["cannot be used" in record.getMessage() for record in caplog.records] == [True]
    assert contents(second.folder, "manifest.json") == before
    quick(tmp_path / "runs", prior_only=False)
    assert sampler.fits == 2


@pytest.mark.parametrize(
    "where",
    ["ensemble.simulated_member.Simulator", "pipeline.workflow.summarise", "pipeline.workflow.report_text"],
)
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, MemoryError])
def test_nothing_is_left_of_a_run_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: type[BaseException]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("stop")

    monkeypatch.setattr(f"forecast.{where}", fail)
    with pytest.raises(error):
        quick(tmp_path / "some" / "runs")
    assert not list(tmp_path.iterdir())
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "note").write_text("mine")
    with pytest.raises(error):
        quick(tmp_path / "there")
    assert contents(tmp_path) == {"there/note": b"mine"}


def test_a_run_that_fails_leaves_its_former_self(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    former = quick(tmp_path)
    before = contents(tmp_path)
    monkeypatch.setattr("forecast.store.writer.Writer.finish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        quick(tmp_path)
    assert contents(tmp_path) == before
    assert open_run(former.id, tmp_path).summary == former.summary


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"timelines": 0}, "--timelines: 0 timelines"),
        ({"timelines": 10**12}, "Ask for 1 to 10,000,000"),
        ({"threads": 0}, "--threads: 0 threads"),
        ({"as_of": date(2031, 9, 30)}, "after the horizon"),
        ({"as_of": date(2029, 9, 30)}, "no evidence was available"),
        ({"as_of": date(2031, 3, 2)}, "before the reference date"),
    ],
)
def test_sizes_and_dates_are_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict, text: str
) -> None:
    monkeypatch.setattr("forecast.ensemble.simulated_member.update", lambda *_, **__: pytest.fail("it was begun"))
    with pytest.raises(InputError, match=text):
        quick(tmp_path / "runs", **given)
    assert not (tmp_path / "runs").exists()


# The public names


def test_public_names_are_documented() -> None:
    assert set(forecast.__all__) == {"load_scenario", "update", "simulate", "odds", "open_run"}
    for name in forecast.__all__:
        text = inspect.getdoc(getattr(forecast, name))
        assert text
        assert "Args:" in text
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        forecast.nothing  # noqa: B018


def snippets() -> list[str]:
    """The lines of Python in the package's own documentation and in README."""
    doc = inspect.getdoc(forecast) or ""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    return [
        "\n".join(line.strip() for line in doc.split("::")[1].splitlines() if line.startswith("    ")),
        readme.split("```python\n")[1].split("```")[0],
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_documented_lines_run(number: int, sampled: tuple[Sampled, Sampled], monkeypatch: pytest.MonkeyPatch) -> None:
    text = snippets()[number].replace('"ukraine-2025"', repr(str(TINY)))
    assert "negotiated" in text
    monkeypatch.setenv("FORECAST_CACHE", str(sampled[0].cache))
    monkeypatch.setenv("FORECAST_RUNS", str(sampled[0].runs))
    names = {name: getattr(forecast, name) for name in forecast.__all__}
    exec(text, names)
    entry = forecast.odds(simulate(names["scenario"], names["posterior"], timelines=20_000, seed=1).timelines)
    assert 0.0 <= entry["odds"]["negotiated"]["probability"] <= 1.0


def test_the_steps_by_hand_give_the_run_s_own_timelines(
    sampled: tuple[Sampled, Sampled], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECAST_CACHE", str(sampled[0].cache))
    run = forecast.open_run(sampled[0].folder)
    scenario = forecast.load_scenario(TINY)
    posterior = forecast.update(scenario)
    made = forecast.simulate(scenario, posterior, timelines=SAMPLED_TIMELINES, seed=1)
    pd.testing.assert_frame_equal(posterior.draws.head(500), run.draws, check_names=False)
    assert (made.timelines["headline"].astype(str) == run.timelines["headline"].astype(str)).all()
    np.testing.assert_array_equal(made.timelines["km2_end"], run.timelines["km2_end"])
    found = forecast.odds(made.timelines)
    assert {key: run.summary[key] for key in found} == json.loads(json.dumps(found))
