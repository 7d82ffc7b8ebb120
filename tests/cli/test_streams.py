"""Closed, full and broken standard streams, and signals late in a run: no traceback, and the result is kept."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from places import TINY
from run_tools import Run

from forecast.store.manifest import MANIFEST


def shell(line: str, **more: str) -> "subprocess.CompletedProcess[bytes]":
    tool = f"'{sys.executable}' -m forecast"
    return subprocess.run(
        ["/bin/bash", "-c", line.replace("TOOL", tool)], env=os.environ | more, capture_output=True, timeout=120
    )


def test_closed_streams_are_no_error(kept: Run) -> None:
    runs = kept.folder.parent
    for line in (f"TOOL show --runs {runs} >&-", f"TOOL show --json --runs {runs} >&- <&-", "TOOL --help >&- 2>&-"):
        done = shell(line)
        assert (done.returncode, done.stderr) == (0, b""), line
    assert shell(f"TOOL show nope --runs {runs} 2>&-").returncode == 2
    assert shell(f"TOOL show nope --runs {runs} 2>&- >&- <&-").returncode == 2


@pytest.mark.parametrize("command", ["--help", "", "run --help", "show --runs RUNS", "show --json --runs RUNS"])
def test_a_reader_that_is_gone_is_no_error(kept: Run, command: str) -> None:
    line = f"set -o pipefail; TOOL {command} | true".replace("RUNS", str(kept.folder.parent))
    done = shell(line)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("command", ["--help", "", "show --runs RUNS", "show --json --runs RUNS"])
def test_a_full_output_ends_with_75(kept: Run, command: str) -> None:
    done = shell(f"TOOL {command} > /dev/full".replace("RUNS", str(kept.folder.parent)))
    assert done.returncode == 75
    assert done.stderr.startswith(b"forecast: standard output: no space left on device. ")
    assert done.stderr.count(b"\n") == 1


def test_a_run_is_kept_where_its_odds_cannot_be_printed(tmp_path: Path) -> None:
    run = f"TOOL run {TINY} --prior-only --timelines 400 --runs {tmp_path / 'runs'}"
    done = shell(f"{run} > /dev/full")
    assert done.returncode == 75
    (folder,) = (tmp_path / "runs").iterdir()
    assert (folder / MANIFEST).is_file()
    assert f"; the run was saved in {folder}\n".encode() in done.stderr
    # Nothing can be said on a full standard error; the exit code stays.
    assert shell(f"TOOL show nope --runs {tmp_path} 2> /dev/full").returncode == 2
    assert shell(f"{run} -v > /dev/null 2> /dev/full").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_after_the_run_was_saved_says_so(number: signal.Signals, tmp_path: Path) -> None:
    # The process stops in the middle of printing, as its reader takes nothing.
    code = (
        "import sys, time\nfrom forecast.cli import app, console\n"
        "def slow(*_):\n    print('saved', file=sys.stderr, flush=True)\n    time.sleep(60)\n"
        f"console.show = slow\nimport forecast.cli.command as c\nc.show = slow\n"
        f"sys.argv = ['forecast', 'run', {str(TINY)!r}, '--prior-only', '--timelines', '400', '--runs', 'runs']\n"
        "app.main()"
    )
    running = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE)
    assert running.stderr
    assert running.stderr.readline() == b"saved\n"
    running.send_signal(number)
    err = running.stderr.read()
    (folder,) = (tmp_path / "runs").iterdir()
    assert (running.wait(60), err) == (
        130,
        f"forecast: interrupted; the run was saved in runs/{folder.name}\n".encode(),
    )
    running.stderr.close()


def test_nohup_is_respected_and_hangup_cleans_up(tmp_path: Path) -> None:
    for ignored, code in ((False, 130), (True, 0)):
        place = tmp_path / str(ignored)
        asked = f"{sys.executable} -m forecast run {TINY} --prior-only --runs {place} --timelines 400000"
        running = subprocess.Popen(
            ["/bin/bash", "-c", f"{'trap "" HUP;' if ignored else ''} exec {asked}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        while not list(place.glob(".*")) and running.poll() is None:
            time.sleep(0.02)
        running.send_signal(signal.SIGHUP)
        _, err = running.communicate()
        assert running.returncode == code, err
        assert place.exists() == ignored
