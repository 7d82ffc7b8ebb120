"""What is believed of each prior, given the evidence: PyMC models, their fits, and draws from them.

In: a scenario and a date. Out: `Posterior`: a table of draws, weekly paths, diagnostics.
"""
