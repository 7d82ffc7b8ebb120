"""The main job: from a request to a saved run and its summary.

In: a request. Out: a saved run.
"""
