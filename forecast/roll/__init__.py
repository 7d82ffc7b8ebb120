"""The next scenario written as data: from a scenario and its record, the scenario of a later reference date.

In: a scenario, its record and the replayed posterior of its base premises. Out: a folder that runs as any scenario
does, with the list of what a person must confirm in it. It may import `pipeline` and everything below it.
"""
