"""Where the repository and the made-up scenario are."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
TINY = REPOSITORY / "tests" / "scenarios" / "two-islands"
