"""The simulator: one possible year, week by week.

In: parameter rows, starting states and a calendar, as arrays. Out: a result for each timeline, counts for weekly bands,
and on request the trace of a timeline. It does not know the scenario: here ids are codes and dates are days. `week.py`
has the order of a week.
"""

# Compiled code contains the numbers of decisions and of kinds of event, and is cached from one process to the next. So
# all of them are declared here, in one order, whichever module is imported first.
from forecast.timeline import cells as cells
from forecast.timeline import particle_filter as particle_filter
