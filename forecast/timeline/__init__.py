"""The simulator: one possible year, week by week; `week.py` has the order of a week."""
