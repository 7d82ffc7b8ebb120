"""The names that a run's `perspective` can have in every scenario."""

from typing import Final

BASE: Final = "base"
"""The name of the base premises: the scenario's own files, without a perspective."""

BASE_RATES: Final = "base-rates"
"""The name of the pool's member that uses the record of past wars."""

POOL: Final = "pool"
"""The name of the pool of perspectives itself."""
