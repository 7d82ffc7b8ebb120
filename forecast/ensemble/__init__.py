"""The members of the ensemble and their pool: simulated under a perspective, or from base rates.

In: a request. Out: the forecast of each member, and the members' weights.
"""
