"""The effect of priors and premises on the odds: one fixed or switched off, or shares of the uncertainty by group.

In: a scenario and its posterior. Out: differences of odds or shares of a variance, with their standard errors.
"""
