"""Saved runs that are made up: as quick to make as to write, with odds that depend on their number."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from forecast.store.manifest import KEPT, MANIFEST, SCHEMA, SUMMARY


def make_run(kept: Path, number: int, *, scenario: str = "ukraine-2025", padding: int = 0, **settings: Any) -> Path:
    """Make up a run with default settings.

    Args:
        kept: folder of saved runs.
        number: of the run: its as-of date and its odds depend on it.
        scenario: name of its scenario.
        padding: bytes by which its summary is made larger.
        settings: others than the default ones.
    """
    day = date(2025, 1, 20) + timedelta(days=number % 345)
    chance = random.Random(number)
    one, two = 0.05 + 0.02 * chance.random(), 0.16 + 0.04 * chance.random()
    shares = {"battlefield": one, "negotiated": two, "unresolved": 1.0 - one - two}
    folder = kept / f"{scenario}_{day}_{number:010x}"
    (folder / "inputs" / "priors").mkdir(parents=True)
    odds = {
        end: {"probability": p, "standard_error": 0.002, "interval": [0.5 * p, min(1.0, 1.5 * p)]}
        for end, p in shares.items()
    }
    facts = {"schema": SCHEMA, "run": folder.name, "scenario": scenario, "as_of": day.isoformat()}
    summary = facts | {"horizon": "2025-12-31", "odds": odds, "padding": ["a text of a summary"] * (padding // 25)}
    contents = dict.fromkeys(KEPT, b"") | {SUMMARY: json.dumps(summary).encode()}
    contents |= {f"inputs/priors/file_{k}.toml": b"" for k in range(25)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    started = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    own = {"timelines": 20000, "seed": 1, "draw_seed": 1, "draws": 500, "edits": [], "fixed": {}, "readings": []}
    own |= {"prior_only": False, "allow_unconverged": False, "perspective": "pool", **settings}
    files = {name: sha256(content).hexdigest() for name, content in contents.items()}
    manifest = {"id": folder.name, "schema": SCHEMA, "scenario": scenario, "as_of": day.isoformat()}
    manifest |= {"started": started.isoformat(timespec="milliseconds"), "settings": own}
    manifest |= {"hashes": {"code": "0" * 64}, "versions": {}, "files": files, "finished": started.isoformat()}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder
