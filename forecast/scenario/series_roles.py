"""The part that each series of the evidence plays: `[series]` of `scenario.toml`, for all blocks except the front."""

import math

from forecast.evidence.series import Evidence
from forecast.scenario.reader import Reader
from forecast.scenario.spec import Question
from forecast.validation import near, shown

LIMITS = {
    "first_term_approval": (0.0, 100.0),
    "approval": (0.0, 100.0),
    "aid_us": (0.0, math.inf),
    "aid_europe": (0.0, math.inf),
    "concessions": (0.0, 100.0),
    "trust": (0.0, 100.0),
    "desertion": (0.0, math.inf),
    "pocket": (0.0, math.inf),
}
"""The limits of the figures in each part; the ends are allowed for aid and ground, where no logarithm is taken."""


def check_series(reader: Reader, question: Question, evidence: Evidence) -> None:
    """Check `[series]`: each is of the evidence, plays one part, and has figures that its part can have.

    Args:
        reader: the scenario's files.
        question: which names the series.
        evidence: with all its rows.

    Raises:
        InputError: a series is unknown, plays another part already, or has a figure outside the limits of its part.
    """
    seen = list(question.front.named().values())
    for part, series in question.series.named():
        spot = reader.place("scenario.toml").at(f"series.{part}")
        if series not in evidence.specs:
            what = f"found {series!r}; expected a series of evidence/evidence.toml"
            raise spot.error(what, near(series, evidence.specs, "Take it out if there is none"))
        if series in seen:
            raise spot.error(f"found {series!r}, which is named already; expected another series", "Name it once")
        seen.append(series)
        low, high = LIMITS[part]
        closed = part in ("aid_us", "aid_europe", "pocket")
        for value in evidence.series(series)["value"]:
            if not (low < value < high or (closed and value == low)):
                limits = "0 or more" if closed else "above 0" if math.isinf(high) else "above 0 and below 100"
                place = reader.place(f"evidence/{evidence.specs[series].file}").at("value")
                raise place.error(f"found {shown(float(value))}; allowed for {part} are numbers {limits}")
