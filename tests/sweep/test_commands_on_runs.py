"""The commands `forecast sweep` on a saved run: JSON, files beside the run, and refusals in one line."""

import json
import shutil

from forecast.store.manifest import ATTACHED


def test_given_prints_json_and_attaches_files(command, kept, tmp_path):
    shutil.copytree(kept.folder, tmp_path / "runs" / kept.id)
    done = command("sweep", "given", kept.id, "--given", "walked_away != never", "--output", "unresolved", "--json")
    assert (done.code, done.err) == (0, "")
    content = json.loads(done.out)
    (row,) = content["tables"]["odds"]
    assert row["output"] == "unresolved"
    attached = sorted(path.name for path in (tmp_path / "runs" / ATTACHED / kept.id).iterdir())
    assert sorted(name for path in content["saved"] if (name := path.rpartition("/")[2])) == [
        name for name in attached if not name.endswith(".sha256")
    ]
    text = command("sweep", "given", kept.id, "--given", "walked_away != never", "--out", tmp_path / "out")
    assert "a change of" in text.out
    assert len(list((tmp_path / "out").iterdir())) == 8


def test_wrong_input_is_one_line_and_writes_nothing(command, kept, tmp_path):
    shutil.copytree(kept.folder, tmp_path / "runs" / kept.id)
    for asked in (
        ["given", kept.id, "--given", "walked_awy = never"],
        ["given", kept.id],
        ["given", kept.id, "--given", "week < -1"],
        ["given", "no-such-run", "--given", "week > 1"],
        ["reweight", kept.id],
        ["reweight", kept.id, "--set", "kyiv.worth.quantiles=[0.1, 0.11, 0.12]"],
        ["discover", kept.id, "--landmark", "1w"],
        ["readings", kept.id, "--reading", "none-such"],
    ):
        done = command("sweep", *asked)
        assert done.code == 2, asked
        assert done.err.count("\n") == 1, asked
        assert done.out == ""
    assert not (tmp_path / "runs" / ATTACHED).exists()
