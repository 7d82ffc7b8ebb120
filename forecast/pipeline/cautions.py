"""The warnings that go with a run before it begins, also when it is found and not made."""

import logging
from collections.abc import Iterable
from datetime import UTC, date, datetime

from forecast.ensemble.request import RunRequest

log = logging.getLogger("forecast")


def warn(request: RunRequest, cautions: Iterable[str], horizon: date, day: date) -> None:
    """Log the cautions about the record, and another if the scenario is over and no as-of date was asked for.

    Args:
        request: the request.
        cautions: about the record, a sentence each.
        horizon: last day of the scenario.
        day: the as-of date.
    """
    for text in cautions:
        log.warning("%s", text)
    today = datetime.now(UTC).date()
    if request.as_of is None and today > horizon:
        end = f"today, {today}, is after the horizon, {horizon}"
        log.warning("%s: the forecast is made as of the reference date, %s", end, day)
