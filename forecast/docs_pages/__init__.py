"""The generated pages of `docs/`.

In: a scenario, simulations of it, and the code itself. Out: Markdown and SVG.
"""
