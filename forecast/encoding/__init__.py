"""Conversion between a scenario's ids and dates and the codes and days of the simulator's arrays.

In: a scenario and draws of its parameters; results of timelines. Out: the simulator's parameter rows, starting states
and calendar; the table of timelines with ids and dates.
"""
