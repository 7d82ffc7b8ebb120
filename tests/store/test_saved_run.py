"""A run's folder: whole or not at all, told from what is damaged, and read back as it was written."""

import json
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from run_tools import contents

from forecast.errors import InputError
from forecast.store.digests import run_name
from forecast.store.json_text import to_json
from forecast.store.manifest import KEPT, MANIFEST
from forecast.store.parquet import read_parquet, write_parquet
from forecast.store.saved_run import Run, list_runs, open_run, runs_folder
from forecast.store.writer import Writer

# What a run holds


def test_manifest_has_the_hash_of_every_file_and_is_written_last(kept: Run) -> None:
    files = {name: sha256(content).hexdigest() for name, content in contents(kept.folder, MANIFEST).items()}
    manifest = json.loads((kept.folder / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["files"] == files
    assert set(files) >= KEPT
    times = {path: path.stat().st_mtime_ns for path in kept.folder.rglob("*") if path.is_file()}
    assert max(times.values()) == times[kept.folder / MANIFEST]
    assert manifest["id"] == kept.id == kept.folder.name == kept.summary["run"]
    assert {"id", "schema", "scenario", "as_of", "started", "finished", "settings", "hashes", "versions"} < set(
        manifest
    )
    assert set(manifest["hashes"]) == {"evidence_seen", "inputs", "code"}
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in manifest["hashes"].values())
    assert "threads" not in manifest["settings"]


def test_a_run_from_priors_alone_has_no_posterior_file(kept: Run) -> None:
    assert not (kept.folder / "posterior.nc").exists()


def test_names_hold_scenario_date_and_digest_and_no_colon(kept: Run) -> None:
    assert re.fullmatch(r"two-islands_2031-03-03_[0-9a-f]{10}", kept.id)
    one = run_name("a", date(2025, 1, 20), [{"seed": 1}])
    assert one == run_name("a", date(2025, 1, 20), [{"seed": 1}])
    assert one.startswith("a_2025-01-20_")
    assert one != run_name("a", date(2025, 1, 20), [{"seed": 2}])


def test_tables_have_dates_words_and_numbers(kept: Run) -> None:
    timelines = open_run(kept.folder).timelines
    assert timelines["last_date"].dtype == "datetime64[s]"
    for name in ("signed", "breakthrough", "taken_highlands", "general_first"):
        assert timelines[name].dtype == "datetime64[s]", name
    for name in ("headline", "ending", "settlement", "truce", "rung", "posture", "leader", "first_refusal"):
        assert isinstance(timelines[name].dtype, pd.CategoricalDtype), name
    assert timelines["engaged"].dtype == bool
    assert timelines["km2_end"].dtype == np.float64
    assert timelines["draw"].dtype == np.int64
    assert timelines["timeline"].tolist() == list(range(4000))
    assert set(timelines["headline"].cat.categories) == {"battlefield", "negotiated", "unresolved"}
    assert not [name for name in timelines if timelines[name].dtype == object]
    assert timelines["last_date"].max() == pd.Timestamp("2031-09-29")
    assert timelines["last_date"].min() >= pd.Timestamp("2031-03-03")
    bands = kept.bands
    assert bands["date"].dtype == "datetime64[s]"
    assert list(bands.columns[:5]) == ["level", "unit", "ending", "week", "date"]
    everyone = bands[(bands["ending"] == "all") & (bands["week"] == bands["week"].min())]
    assert (everyone["timelines"] == 4000).all()
    assert kept.draws.shape[0] == 500
    assert {"front.slow", "front.fast", "log_prior"} < set(kept.draws)
    assert np.isfinite(kept.draws.to_numpy()).all()


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "day": pd.array(np.array(["2031-03-03", "NaT"], dtype="datetime64[s]")),
            "word": pd.Categorical(["é", None], categories=["b", "é"]),
            "number": [0.1, np.nan],
            "whole": [1, 2],
            "flag": [True, False],
        }
    )
    write_parquet(table, tmp_path / "t.parquet")
    back = read_parquet(tmp_path / "t.parquet")
    assert back["word"].tolist()[0] == "é"
    assert back["word"].isna().tolist() == [False, True]
    assert back["day"].dtype == "datetime64[s]"
    # Without this project, too, days are days.
    assert pd.read_parquet(tmp_path / "t.parquet")["day"].tolist() == table["day"].tolist()
    assert pd.read_parquet(tmp_path / "t.parquet")["day"].dtype == "datetime64[ms]"
    pd.testing.assert_frame_equal(back.drop(columns="word"), table.drop(columns="word"))
    assert read_parquet(tmp_path / "t.parquet").equals(back)


def test_json_is_utf_8_and_has_no_nan() -> None:
    assert to_json({"a": "é", "b": [1.5]}) == '{\n  "a": "é",\n  "b": [\n    1.5\n  ]\n}\n'
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json({"a": float("nan")})


# Opening


def test_properties_are_the_files(kept: Run) -> None:
    run = open_run(kept.id, kept.folder.parent)
    assert (run.id, run.folder) == (kept.id, kept.folder)
    assert run.summary == json.loads((run.folder / "summary.json").read_text(encoding="utf-8"))
    assert run.report == (run.folder / "report.md").read_text(encoding="utf-8")
    assert len(run.timelines) == run.summary["timelines"]
    assert run.manifest["settings"]["seed"] == 1


def test_runs_are_where_they_are_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORECAST_RUNS", raising=False)
    assert runs_folder(None) == Path("runs")
    monkeypatch.setenv("FORECAST_RUNS", str(tmp_path))
    assert runs_folder(None) == tmp_path
    assert runs_folder(tmp_path / "x") == tmp_path / "x"


def change_manifest(folder: Path, **given: object) -> None:
    path = folder / MANIFEST
    path.write_text(to_json(json.loads(path.read_text(encoding="utf-8")) | given), encoding="utf-8")


def test_latest_is_the_greatest_as_of_then_the_latest_start(kept_copy: Path) -> None:
    runs = kept_copy.parent
    for name, as_of, started in (
        ("a", "2031-03-04", "2031-05-01T10:00:00.000+00:00"),
        ("b", "2031-03-04", "2031-05-01T10:00:00.001+00:00"),
        ("c", "2031-03-03", "2032-01-01T00:00:00.000+00:00"),
        (".d", "2033-01-01", "2033-01-01T00:00:00.000+00:00"),
        ("e", "2033-01-01", "2033-01-01T00:00:00.000+00:00"),
    ):
        change_manifest(shutil.copytree(kept_copy, runs / name), as_of=as_of, started=started)
    (runs / "e" / MANIFEST).unlink()
    (runs / "README.md").write_text("no run")
    assert open_run("latest", runs).id == "b"
    assert open_run(runs=runs).id == "b"
    assert open_run("c", runs).id == "c"
    assert [run.id for run in list_runs(runs)] == ["a", "b", "c", kept_copy.name]


def test_latest_is_a_whole_run(kept_copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    runs = kept_copy.parent
    for name, as_of in (("part", "2031-04-01"), ("mistaken", "9999-99-99")):
        change_manifest(shutil.copytree(kept_copy, runs / name), id=name, as_of=as_of)
    (runs / "part" / "summary.json").unlink()
    assert open_run("latest", runs).id == kept_copy.name
    assert [run.id for run in list_runs(runs)] == ["part", kept_copy.name]
    assert "summary.json is missing" in caplog.text
    assert "as_of: found '9999-99-99'; expected" in caplog.text


@pytest.mark.parametrize("name", ["../x", "..", ".", "", "a/b", "/etc", ".hidden", "a:b", "-x", "a b", "a\n"])
def test_what_is_no_name_is_refused(kept_copy: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not a run's name"):
        open_run(name, kept_copy.parent)


def test_no_run_says_which_there_are(kept_copy: Path, tmp_path: Path) -> None:
    runs = kept_copy.parent
    with pytest.raises(InputError, match=f"Saved runs: {kept_copy.name}"):
        open_run("nothing", runs)
    with pytest.raises(InputError, match="Saved runs: none"):
        open_run("nothing", tmp_path / "nowhere")
    with pytest.raises(InputError, match="Make one with: forecast run"):
        open_run("latest", tmp_path / "nowhere")
    with pytest.raises(InputError, match=f"{MANIFEST}: it is not a folder"):
        open_run("latest", runs / kept_copy.name / MANIFEST)
    (kept_copy / MANIFEST).unlink()
    with pytest.raises(InputError, match=f"is not a run: it has no {MANIFEST}"):
        open_run(kept_copy.name, runs)
    with pytest.raises(InputError, match="no run in"):
        open_run("latest", runs)


def cut(name: str) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return harm


def edit_summary(folder: Path) -> None:
    path = folder / "summary.json"
    summary = json.loads(path.read_text(encoding="utf-8"))
    summary["odds"]["negotiated"]["probability"] = 0.99
    path.write_text(to_json(summary), encoding="utf-8")


def no_longer_has(key: str) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        path = folder / MANIFEST
        manifest = json.loads(path.read_text(encoding="utf-8"))
        del manifest[key]
        path.write_text(to_json(manifest), encoding="utf-8")

    return harm


def text_of_manifest(text: str | bytes) -> Callable[[Path], None]:
    content = text if isinstance(text, bytes) else text.encode()
    return lambda folder: (folder / MANIFEST).write_bytes(content) and None


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut timelines": (cut("timelines.parquet"), "timelines.parquet: is missing or was changed"),
    "cut draws": (cut("draws.parquet"), "draws.parquet: is missing or was changed"),
    "no bands": (lambda folder: (folder / "bands.parquet").unlink(), "bands.parquet: is missing or was changed"),
    "edited summary": (edit_summary, "summary.json: is missing or was changed"),
    "edited input": (
        lambda folder: (folder / "inputs/priors/moscow.toml").write_text("") and None,
        "moscow.toml: is missing or was changed",
    ),
    "no input": (lambda folder: shutil.rmtree(folder / "inputs"), "is missing or was changed"),
    "manifest is empty": (text_of_manifest(""), "manifest.json: cannot be read"),
    "manifest is no JSON": (text_of_manifest("{'id': 1}"), "manifest.json: cannot be read"),
    "manifest is no UTF-8": (text_of_manifest(b'{"id": "\xff"}'), "manifest.json: cannot be read"),
    "manifest is a list": (text_of_manifest("[1]"), "is not a JSON object"),
    "manifest is a number": (text_of_manifest("null"), "is not a JSON object"),
    "no files": (no_longer_has("files"), "lacks files"),
    "no as_of": (no_longer_has("as_of"), "lacks as_of"),
    "no started": (no_longer_has("started"), "lacks started"),
    "no schema": (no_longer_has("schema"), "lacks schema"),
    "as_of is a number": (lambda folder: change_manifest(folder, as_of=7), "as_of: found 7; expected text"),
    "started is null": (lambda folder: change_manifest(folder, started=None), "started: found null"),
    "files is a list": (lambda folder: change_manifest(folder, files=["summary.json"]), "files: expected a table"),
    "files lacks one": (lambda folder: change_manifest(folder, files={}), "files: expected a table"),
    "files is wrong": (
        lambda folder: change_manifest(folder, files=dict.fromkeys(KEPT, 1)),
        "is missing or was changed",
    ),
    "another schema": (lambda folder: change_manifest(folder, schema=3), "has schema 3; this version reads 1 and 2"),
}


@pytest.mark.parametrize("how", ["name", "latest", "path"])
@pytest.mark.parametrize("harm", DAMAGES)
def test_a_damaged_run_is_refused(kept_copy: Path, harm: str, how: str) -> None:
    damage, text = DAMAGES[harm]
    damage(kept_copy)
    which = {"name": kept_copy.name, "latest": "latest", "path": kept_copy}[how]
    with pytest.raises(InputError, match=re.escape(text)):
        open_run(which, kept_copy.parent)


def test_a_damaged_neighbour_does_not_matter_to_a_run_asked_for_by_name(kept_copy: Path) -> None:
    shutil.copytree(kept_copy, kept_copy.parent / "other")
    (kept_copy.parent / "other" / MANIFEST).write_text("{")
    assert open_run(kept_copy.name, kept_copy.parent).id == kept_copy.name
    with pytest.raises(InputError, match=r"Saved runs: other, two-islands"):
        open_run("third", kept_copy.parent)


def test_a_table_damaged_after_opening_is_told(kept_copy: Path) -> None:
    run = open_run(kept_copy)
    cut("timelines.parquet")(kept_copy)
    (kept_copy / "draws.parquet").unlink()
    for name in ("timelines", "draws"):
        with pytest.raises(InputError, match="cannot be read: it is missing or damaged"):
            getattr(run, name)


# Writing


def write(runs: Path, text: str = "x", error: type[BaseException] | None = None, **given: object) -> None:
    with Writer(runs, "a") as writer:
        for name in KEPT:
            writer.text(name, text)
        if error:
            raise error("stop")
        writer.finish(MADE | given)


MADE = {"id": "a", "schema": 2, "as_of": "2025-01-20", "started": "now"}


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with Writer(tmp_path, "a") as writer:
        for name in KEPT:
            writer.text(name, "x")
        writer.text("inputs/deep/é.txt", "é\n")
        assert [path.name[:3] for path in tmp_path.iterdir()] == [".a-"]
        with pytest.raises(InputError, match="no run in"):
            open_run("latest", tmp_path)
        run = writer.finish(MADE)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert open_run("a", tmp_path).manifest == run.manifest
    assert (run.folder / "inputs/deep/é.txt").read_bytes() == "é\n".encode()
    assert run.folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, InputError])
def test_a_folder_is_not_there_if_it_is_left(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        write(tmp_path / "b" / "c" / "d", error=error)
    assert not list(tmp_path.iterdir())
    (tmp_path / "b").mkdir()
    with pytest.raises(error):
        write(tmp_path / "b" / "c" / "d", error=error)
    assert [path.name for path in tmp_path.rglob("*")] == ["b"]


def test_a_run_that_fails_at_the_last_leaves_the_former_one(tmp_path: Path) -> None:
    write(tmp_path, "first")
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="JSON compliant"):
        write(tmp_path, "second", x=float("inf"))
    assert contents(tmp_path) == before
    write(tmp_path, "third")
    assert (tmp_path / "a" / "report.md").read_text() == "third"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_many_at_once_leave_one_whole_run(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write(tmp_path, str(number)), range(60)))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    run = open_run("a", tmp_path)
    assert len({(run.folder / name).read_text() for name in KEPT}) == 1


def test_a_file_in_the_way_is_told_and_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "deeper", tmp_path / ("n" * 300)):
        with pytest.raises(InputError, match="--runs: runs cannot be saved in"):
            Writer(place, "a")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a").write_text("mine too")
    with pytest.raises(InputError, match="a file has the name of the run"):
        write(tmp_path / "runs")
    assert contents(tmp_path) == {"file": b"mine", "runs/a": b"mine too"}


def test_a_run_shows_itself_in_a_line(kept: Run) -> None:
    assert repr(kept) == f"Run('{kept.folder}')"


def test_the_folder_of_runs_may_be_given_as_text(kept: Run) -> None:
    assert open_run(kept.id, str(kept.folder.parent)).id == kept.id
    with pytest.raises(InputError, match="no run in"):
        open_run("latest", "/nowhere")
