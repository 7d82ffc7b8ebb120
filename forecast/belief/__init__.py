"""The posterior: the priors updated by the evidence, in PyMC models that are fitted block by block.

In: a scenario and a date. Out: `Posterior`: a table of draws, weekly paths, diagnostics.
"""
