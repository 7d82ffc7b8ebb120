"""The data dictionary of a run's tables: `python -m forecast.docs_pages.data_dictionary > docs/timelines.md`."""

import sys

from forecast.docs_pages.page_template import render
from forecast.encoding.timeline_table import data_dictionary
from forecast.scenario.load import load_scenario
from forecast.timeline.bands import LEVELS
from forecast.timeline.codes import LEADERS, PARTIES, POSTURES, RUNGS, TRUCES
from forecast.timeline.fields import UNITS


def dictionary() -> str:
    """The dictionary as Markdown, with the names of the default scenario's parties."""
    return render(
        "timelines.md.j2",
        parties=PARTIES,
        columns=data_dictionary(load_scenario().names),
        codes={"posture": POSTURES, "rung": RUNGS, "truce": TRUCES, "leader": LEADERS},
        levels=LEVELS,
        units=UNITS,
    )


if __name__ == "__main__":
    sys.stdout.write(dictionary())
