"""The simulator: one possible year, week by week; `week.py` has the order of a week.

In: parameter rows, starting states and a calendar, as arrays. Out: a result for each timeline, counts for weekly bands,
and the trace of a timeline where it is asked for. It knows no scenario: ids and dates are codes and days here.
"""

# Compiled code holds the numbers of decisions and of kinds of event, and is kept from one process to the next. So all
# of them are declared here, in one order, whichever module is asked for first.
from forecast.timeline import cells as cells
from forecast.timeline import particle_filter as particle_filter
