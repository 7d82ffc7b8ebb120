"""Compiled models kept between processes: equal draws, and compiled anew wherever anything disagrees."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from belief_tools import AID, PRIORS, QUICK, one_attempt, only, simulate

from forecast.belief import compiled_model, model, object_code
from forecast.belief.compiled_model import CompiledBlock
from forecast.cache.digests import canonical_json, sha256

OWN = {name: PRIORS[name] for name in AID.parameters}
with only((AID,)):
    FORM = model.shapes({"aid": simulate(0)[0]["aid"]})
    KINDS = model.families(OWN)


def compiled() -> CompiledBlock:
    """The model of aid, loaded or compiled, as a new process gets it."""
    with only((AID,)):
        return compiled_model._compiled_block.__wrapped__(AID, FORM, KINDS)


def draws(block: CompiledBlock) -> dict[str, np.ndarray]:
    with only((AID,)), one_attempt():
        return block.sample(simulate(0)[0]["aid"], OWN, QUICK, False).scores


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    """A cache with the entry of one model, and draws of the compiled model."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORECAST_CACHE", str(cache))
        found = draws(compiled())
    assert len(list((cache / "models").iterdir())) == 1
    return cache, found


@pytest.fixture
def entry(kept: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that entry, the only one of a cache, to be damaged."""
    import shutil

    shutil.copytree(kept[0], tmp_path / "cache")
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path / "cache"))
    (place,) = (tmp_path / "cache" / "models").iterdir()
    return place


def rewrite(place: Path, **changes: Any) -> None:
    """Change the record of an entry, and its hash with it."""
    record = json.loads((place / "model.json").read_text()) | changes
    record.pop("record")
    record["record"] = sha256(canonical_json(record))
    (place / "model.json").write_bytes(canonical_json(record))


def test_a_loaded_model_gives_the_draws_of_the_compiled_one(entry: Path, kept: tuple[Path, Any]) -> None:
    loaded = object_code.load(entry.name)
    assert loaded is not None
    found = draws(CompiledBlock(AID, loaded))
    assert found.keys() == kept[1].keys()
    assert all(np.array_equal(found[name], kept[1][name]) for name in found)
    for seed in (0, 7, 2**40):
        start = loaded.initial_point_func(seed)
        assert start.shape == (loaded.n_dim,)
        assert np.abs(start).max() <= 1.0


def test_the_next_process_imports_no_compiler(entry: Path) -> None:
    code = (
        "import sys; from forecast.belief import object_code; "
        f"assert object_code.load({entry.name!r}) is not None; "
        "assert not {'pymc', 'pytensor'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def cut(place: Path) -> None:
    file = place / "logp.o"
    file.write_bytes(file.read_bytes()[:-100])


def flip(place: Path) -> None:
    file = place / "expand.o"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def other_probe(place: Path) -> None:
    probe = json.loads((place / "model.json").read_text())["probe"]
    rewrite(place, probe=probe | {"density": "00" * 8})


def missing_symbol(place: Path) -> None:
    functions = json.loads((place / "model.json").read_text())["functions"]
    functions["logp"]["needed"].append("no_such_function_of_any_library")
    rewrite(place, functions=functions)


def missing_entry(place: Path) -> None:
    functions = json.loads((place / "model.json").read_text())["functions"]
    functions["logp"]["entry"] = "no_such_entry"
    rewrite(place, functions=functions)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "code cut": (cut, "logp.o has changed"),
    "a bit flipped": (flip, "expand.o has changed"),
    "code emptied": (lambda place: (place / "logp.o").write_bytes(b""), "logp.o has changed"),
    "code gone": (lambda place: (place / "logp.o").unlink(), "No such file"),
    "record emptied": (lambda place: (place / "model.json").write_bytes(b""), "JSONDecodeError"),
    "record is a list": (lambda place: (place / "model.json").write_text("[]"), "TypeError"),
    "record edited": (
        lambda place: (place / "model.json").write_text((place / "model.json").read_text().replace("score", "scare")),
        "model.json has changed",
    ),
    "of another key": (lambda place: rewrite(place, key="0" * 64), "model.json has changed"),
    "other numbers": (other_probe, "other numbers"),
    "a symbol is missing": (missing_symbol, "no_such_function_of_any_library"),
    "no such entry": (missing_entry, "no_such_entry"),
    "a key of the record is missing": (lambda place: rewrite(place, start=[]), ""),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_an_entry_at_fault_is_told_of_and_removed(entry: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    damage, why = DAMAGE[name]
    damage(entry)
    with caplog.at_level("INFO"):
        assert object_code.load(entry.name) is None
    assert "it is removed and made again" in caplog.text
    assert why in caplog.text
    assert not entry.exists()


def test_no_entry_is_no_fault(entry: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert object_code.load("0" * 64) is None
    assert caplog.text == ""


@pytest.mark.parametrize(("name", "value"), [("NUMBA_OPT", "1"), ("NUMBA_CPU_NAME", "generic")])
def test_other_settings_are_another_key(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = object_code.model_key("aid", FORM, KINDS)
    monkeypatch.setenv(name, value)
    assert object_code.model_key("aid", FORM, KINDS) != before


def test_the_place_of_caches_is_no_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = object_code.model_key("aid", FORM, KINDS)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    assert object_code.model_key("aid", FORM, KINDS) == before
    assert object_code.model_key("front", FORM, KINDS) != before
    assert object_code.model_key("aid", FORM[1:], KINDS) != before


def test_what_cannot_be_kept_is_compiled_all_the_same(
    kept: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path))
    with caplog.at_level("INFO"):
        object_code.store("0" * 64, object())
    assert "cannot be kept" in caplog.text
    assert not (tmp_path / "models").exists()
