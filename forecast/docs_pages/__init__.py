"""The pages of `docs/` that are made, not written.

In: a scenario, simulations of it, and the code itself. Out: Markdown and SVG.
"""
