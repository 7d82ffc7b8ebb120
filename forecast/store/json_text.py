"""The JSON that the project writes and reads."""

import json
from pathlib import Path
from typing import Any

from forecast.errors import InputError


def to_json(content: Any) -> str:
    """Write JSON with keys in the order given, two spaces, no NaN, and a newline at the end."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: the file is missing or damaged, or is not a JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(
            "cannot be read: it is missing or damaged", file=path, remedy="Run the forecast again"
        ) from error
    if not isinstance(content, dict):
        raise InputError("is not a JSON object", file=path, remedy="Run the forecast again")
    return content
