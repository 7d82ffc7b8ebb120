"""A scenario as files and as checked, frozen objects: question, priors, parties, settlements, perspectives.

In: a folder below `priors/`. Out: `Scenario`.
"""
