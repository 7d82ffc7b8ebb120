"""The time from the reference date to the as-of date: weights of the draws, starting points of timelines, scores.

In: a scenario, with its record of the past, and its posterior. Out: the draws that fit the record, the states from
which timelines start, and the log predictive density of every four weeks.
"""
