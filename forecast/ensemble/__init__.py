"""The members of the ensemble and their pool: simulated under a perspective, or from base rates.

In: a scenario, a posterior, settings. Out: each member's timelines, and the members' weights.
"""
