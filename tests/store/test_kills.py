"""A small form of `tests/kills.py`: a run is killed a few times, at moments spread over its work."""

import sys
from pathlib import Path

import pytest
from kills import JOBS, campaign, faults_of, reference_of


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("job", JOBS[:2], ids=lambda job: job.name)
def test_a_killed_run_leaves_nothing_torn_and_the_next_one_ends_as_usual(job, tmp_path: Path) -> None:
    reference = reference_of(job, tmp_path)
    killed = []
    for part in (0.7, 0.85, 0.95):
        dead, wrong = faults_of(job, reference, tmp_path, part * reference.seconds)
        assert wrong == []
        killed.append(dead)
    assert any(killed)


def test_a_command_that_does_not_exist_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("kills.has", lambda words: False)
    assert campaign(0, 1, ["run"], said.append) == 0
    assert said[0] == "run: skipped, this version has no such command"
