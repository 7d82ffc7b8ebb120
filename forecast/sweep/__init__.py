"""What the odds do when an assumption changes: a prior held low and high, a premise switched off.

In: a scenario and its posterior. Out: differences of odds with their errors.
"""
