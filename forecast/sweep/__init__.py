"""The change of the odds with an assumption: a parameter fixed low and high, a premise switched off.

In: a scenario and its posterior. Out: differences of odds with their errors.
"""
