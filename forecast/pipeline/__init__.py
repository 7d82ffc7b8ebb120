"""The main job, from scenario to a saved run, and what stands in its summary.

In: what a user asked for. Out: a saved run.
"""
