"""Hashes of entries, and the canonical JSON that they are taken of."""

import hashlib
import json
from typing import Any


def canonical_json(content: Any) -> bytes:
    """JSON without spaces and with sorted keys; floats have the shortest digits that round-trip."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def sha256(content: bytes) -> str:
    """SHA-256, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
