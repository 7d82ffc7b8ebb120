"""Timelines to odds: shares, their Monte Carlo errors and 90% ranges, and comparisons with other sources.

In: the table of timelines. Out: plain numbers by name.
"""
