"""The simulator: one possible year, week by week; `week.py` has the order of a week."""

# Compiled code holds the rows of decisions in the table of luck (`luck.decision`), and is kept from one process to
# the next: all of them are therefore declared here, in one order, whichever module is asked for first.
from forecast.timeline import cells as cells
from forecast.timeline import particle_filter as particle_filter
