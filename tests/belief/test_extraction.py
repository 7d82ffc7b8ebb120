"""Plain extraction of a compiled model's inputs: the bits of nutpie's own, and nutpie's own where it does not fit."""

from typing import Any

import numpy as np
import pytest
from belief_tools import AID, PRIORS, only, simulate

from forecast.belief import compiled_model, extraction, model, object_code

SHAPES: dict[str, tuple[int, ...]] = {"shift": (), "slope": (3,), "table": (2, 3)}


def tiny() -> Any:
    """A model with inputs of every rank in use, some of them in both of its functions."""
    import pymc as pm

    with pm.Model() as built:
        shift, slope, table = (pm.Data(name, np.ones(shape), shape=shape) for name, shape in SHAPES.items())
        x = pm.Normal("x", 0.0, 1.0, shape=3)
        pm.Deterministic("y", table * x + shift)
        pm.Potential("fit", -((table * x - slope).sum() ** 2) - shift * (x**2).sum())
    return built


def nutpies_own(built: Any) -> Any:
    import nutpie

    return nutpie.compile_pymc_model(built)


@pytest.fixture(scope="module")
def plain() -> Any:
    with compiled_model._compiling():
        return extraction.compile_plain(tiny())


@pytest.fixture(scope="module")
def general() -> Any:
    with compiled_model._compiling():
        return nutpies_own(tiny())


def test_every_rank_of_input_gives_the_bits_of_the_general_way(plain: Any, general: Any) -> None:
    assert object_code._probe(plain) == object_code._probe(general)


def test_a_block_gives_the_bits_of_the_general_way(caplog: pytest.LogCaptureFixture) -> None:
    with only((AID,)), compiled_model._compiling(), caplog.at_level("INFO"):
        form = model.shapes({"aid": simulate(0)[0]["aid"]})
        built = model.build(AID, form, model.families({name: PRIORS[name] for name in AID.parameters}))
        plain, general = extraction.compile_plain(built), nutpies_own(built)
    assert caplog.text == ""
    assert object_code._probe(plain) == object_code._probe(general)


def test_new_inputs_are_read_from_their_new_places(plain: Any) -> None:
    inputs = {name: np.full(shape, 0.5) for name, shape in SHAPES.items()}
    first = extraction.with_inputs(plain, inputs)
    second = extraction.with_inputs(plain, inputs | {"shift": np.array(0.75)})
    assert object_code._probe(first) == object_code._probe(second) == object_code._probe(plain)
    assert first.user_data["shared"]["data"] != second.user_data["shared"]["data"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"slope": np.ones(4)}, r"'slope': \(4,\)"),
        ({"slope": np.ones((3, 1))}, r"'slope': \(3, 1\)"),
        ({"table": np.ones((3, 2))}, r"'table': \(3, 2\)"),
        ({"shift": np.ones(1)}, r"'shift': \(1,\)"),
        ({"other": np.ones(1)}, "'other'"),
    ],
)
def test_inputs_of_other_shapes_are_refused(plain: Any, changed: dict[str, np.ndarray], why: str) -> None:
    inputs = {name: np.ones(shape) for name, shape in SHAPES.items()}
    extraction.with_inputs(plain, inputs)
    with pytest.raises(ValueError, match=why):
        extraction.with_inputs(plain, inputs | changed)
    del inputs["slope"]
    with pytest.raises(ValueError, match="compiled for inputs of the shapes"):
        extraction.with_inputs(plain, inputs)


def other_arguments(patch: pytest.MonkeyPatch) -> None:
    from nutpie import compile_pymc

    own = compile_pymc.make_extraction_fn
    patch.setattr(compile_pymc, "make_extraction_fn", lambda *given: own(*given))


def other_record(patch: pytest.MonkeyPatch) -> None:
    own = extraction._place
    patch.setattr(extraction, "_place", lambda record, key: own(record, f"{key} under another name"))


def not_for_numba(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(extraction, "_arrays", lambda like, places: lambda address: undefined)  # noqa: F821


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (other_arguments, "arguments are not inner, shared_data"),
        (other_record, "under another name is missing in the record"),
        (not_for_numba, "TypingError"),
    ],
)
def test_where_it_does_not_fit_nutpies_own_is_used(
    change: Any, why: str, general: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from nutpie import compile_pymc

    change(monkeypatch)
    own = compile_pymc.make_extraction_fn
    with compiled_model._compiling(), caplog.at_level("INFO"):
        found = extraction.compile_plain(tiny())
    assert "nutpie's own extraction" in caplog.text
    assert why in caplog.text
    assert object_code._probe(found) == object_code._probe(general)
    assert compile_pymc.make_extraction_fn is own


def test_a_nutpie_that_does_without_the_replaced_function_is_told_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import nutpie

    monkeypatch.setattr(nutpie, "compile_pymc_model", lambda built: built)
    with caplog.at_level("INFO"):
        assert extraction.compile_plain("a model") == "a model"
    assert "in another way than expected" in caplog.text
