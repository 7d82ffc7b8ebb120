"""The JSON that the project writes and reads."""

import json
import re
from pathlib import Path
from typing import Any

from forecast.errors import InputError, refusal_of

_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that steer a terminal or reorder text, beyond those that JSON escapes anyway."""


def to_json(content: Any) -> str:
    """Write JSON with keys in the order given, two spaces, no NaN, and a newline at the end."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def read_object(path: Path, remedy: str = "Run the forecast again") -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: of the file.
        remedy: named in the error.

    Raises:
        InputError: the file is missing or damaged, or is not a JSON object.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError, RecursionError) as error:
        raise InputError("cannot be read: it is missing or damaged", file=path, remedy=remedy) from error
    except OSError as error:
        raise refusal_of(error, path) or InputError(
            f"cannot be read ({error.strerror})", file=path, remedy=remedy
        ) from error
    if not isinstance(content, dict):
        raise InputError("is not a JSON object", file=path, remedy=remedy)
    return content
