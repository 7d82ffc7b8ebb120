"""The effect of one prior or premise on the odds: a parameter fixed low and high, or a premise switched off.

In: a scenario and its posterior. Out: differences of odds, with their standard errors.
"""
