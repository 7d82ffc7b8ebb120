"""What tests share: a made-up scenario, small and complete, of a war between two islands."""

import shutil
from pathlib import Path

import pytest
from belief_tools import aid_alone as aid_alone
from belief_tools import fitted as fitted
from belief_tools import recovered as recovered
from belief_tools import small as small
from places import TINY
from run_tools import command as command
from run_tools import few as few
from run_tools import kept as kept
from run_tools import kept_copy as kept_copy
from run_tools import run as run
from run_tools import sampled as sampled
from run_tools import sampler as sampler
from run_tools import ukraine_run as ukraine_run

from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario


@pytest.fixture(scope="session")
def tiny() -> Scenario:
    """The made-up scenario, loaded."""
    return load_scenario(TINY)


@pytest.fixture
def tiny_folder(tmp_path: Path) -> Path:
    """A copy of the made-up scenario's folder, to be damaged or changed."""
    return shutil.copytree(TINY, tmp_path / "scenarios" / TINY.name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the file whose first test samples, so that one worker samples while the others do the rest.

    The other files with tests of the sampled run come last.
    """
    sampled = {item.path for item in items if "sampled" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: 0 if item.path.name == "test_workflow.py" else 2 if item.path in sampled else 1)
