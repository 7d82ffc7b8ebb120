"""Timelines to odds: shares, their Monte Carlo errors and intervals, and what they are compared with.

In: the table of timelines. Out: plain numbers by name.
"""
