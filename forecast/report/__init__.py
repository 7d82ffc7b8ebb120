"""The report of a run as Markdown and figures.

In: plain data, as `summary.json` holds it. Out: text and SVG.
"""
