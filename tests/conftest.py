"""What tests share: a made-up scenario, small and complete, of a war between two islands."""

import shutil
from pathlib import Path

import pytest
from belief_tools import fitted as fitted
from belief_tools import recovered as recovered
from belief_tools import small as small
from places import TINY
from run_tools import command as command
from run_tools import kept as kept
from run_tools import kept_copy as kept_copy
from run_tools import sampled as sampled
from run_tools import sampler as sampler

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


@pytest.hookimpl(tryfirst=True)  # before the names of groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares an expensive fixture on one worker, and begin with what takes longest.

    Tests of the sampled run form one group, and those of each file another.
    """
    for item in items:
        sampled = "sampled" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("sampled" if sampled else item.nodeid.split("::")[0]))
    items.sort(key=lambda item: "sampled" not in getattr(item, "fixturenames", ()))
