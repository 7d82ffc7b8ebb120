"""From the reference date to the as-of date: the record as the simulator takes it, and where timelines start from.

In: a scenario and its posterior. Out: the draws that fit what has happened, and the log predictive density of each four
weeks.
"""
