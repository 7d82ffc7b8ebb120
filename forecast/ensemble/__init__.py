"""The forecasts of the members, simulated under a perspective or made from base rates, and their pool.

In: a request for a run. Out: the timelines of each member, and the weights of the members.
"""
