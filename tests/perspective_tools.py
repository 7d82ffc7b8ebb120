"""A perspective as text, for tests of what reads it."""

from pathlib import Path

HEAD = 'title = "Another view"\nholder = "me"\nsummary = "Mine. It is made up."\n'
WHY = 'premises = ["P2"]\nsource = "judgement"\nreason = "So I hold."\n'
WORTH = f'\n[[change]]\nentry = "moscow.worth"\nquantiles = [0.2, 0.35, 0.5]\n{WHY}'
VIEW = HEAD + WORTH

ENTRIES = (
    *("moscow.worth", "washington.capital_start", "parties.position.moscow.harbour"),
    "settlements.clause_included.armistice.return",
)
"""What the scenario's own perspective changes."""


def change(entry: str, numbers: str, why: str = WHY) -> str:
    return f'\n[[change]]\nentry = "{entry}"\n{numbers}\n{why}'


def put(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
