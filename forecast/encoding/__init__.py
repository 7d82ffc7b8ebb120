"""Ids to codes and dates to days, and back: between a scenario's words and the arrays of the compiled code.

In: a scenario and draws of its priors; rows of timelines. Out: parameter rows, starting states and the calendar that
the simulator takes; the table of timelines with ids and dates.
"""
