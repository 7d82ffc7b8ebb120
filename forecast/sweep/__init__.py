"""Sweeps: which assumptions the odds turn on, by simulations made for the question or from a saved run's timelines.

In: a scenario and its posterior, or a saved run. Out: tidy tables and sentences, with their standard errors, as a
`SweepResult`.
"""
