"""The next scenario written as data: from a scenario and its record, the scenario of a later reference date.

In come a scenario and the replayed posterior of its base premises; out goes a folder that runs as any scenario does, with
the list of what a person must confirm in it. May import `pipeline` and everything below it.
"""
